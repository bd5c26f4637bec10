// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapdax - write and read a DAX file or device through a mapping
 *
 *	mapdax fill PATH OFFSET LENGTH SEED	write a pattern
 *	mapdax check PATH OFFSET LENGTH SEED	compare with it
 *	mapdax read PATH OFFSET LENGTH		print the bytes
 *	mapdax keep PATH OFFSET LENGTH		print "mapped" when all is; then
 *						read it again and again; on
 *						SIGUSR1, print it, and end
 *	mapdax get PATH OFFSET LENGTH		have the kernel take a reference
 *						to each page, and drop it; so
 *						does a child at the same time
 *	mapdax phys PATH OFFSET			print the physical address
 *	mapdax poison PATH OFFSET		report to the kernel that the
 *						page's memory failed
 *
 * Numbers are bytes, in C's notations. A file is mapped with MAP_SYNC, which
 * only a file on DAX supports: without DAX each command fails. The pattern at
 * an offset depends on that offset and on the seed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "number.h"

struct range {
	uint64_t offset;	/* bytes, in the file */
	uint64_t length;	/* bytes */
	char *map;		/* of the byte at offset */
};

static uint64_t pattern(uint64_t seed, uint64_t offset)
{
	return (seed << 56 ^ offset) * 0x9e3779b97f4a7c15ULL;
}

/*
 * Start and length of a device's mappings must be multiples of this. A device
 * that is not a DAX device is /dev/mem: offsets are physical addresses there.
 */
static uint64_t alignment(const char *path)
{
	uint64_t align = sysconf(_SC_PAGESIZE);
	char name[256];
	FILE *file;

	snprintf(name, sizeof(name), "/sys/bus/dax/devices/%s/align",
		 strrchr(path, '/') + 1);
	file = fopen(name, "r");
	if (!file)
		return align;
	if (fscanf(file, "%" SCNu64, &align) != 1)
		err(1, "%s", name);
	fclose(file);
	return align;
}

/* A file on a read-only filesystem is mapped without PROT_WRITE. */
static int prot = PROT_READ | PROT_WRITE;

static int open_path(const char *path, int create)
{
	int fd = open(path, O_RDWR | (create ? O_CREAT : 0), 0644);

	if (fd >= 0 || create || errno != EROFS)
		return fd;
	prot = PROT_READ;
	return open(path, O_RDONLY);
}

static char *map_device(const char *path, int fd, struct range *r)
{
	uint64_t align = alignment(path);
	uint64_t start = r->offset / align * align;
	uint64_t length = (r->offset + r->length - start + align - 1) /
			  align * align;
	char *hole, *map;

	hole = mmap(NULL, length + align, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (hole == MAP_FAILED)
		err(1, "no address space");
	hole += align - (uintptr_t)hole % align;
	map = mmap(hole, length, prot,
		   MAP_SHARED | MAP_FIXED, fd, start);
	return map == MAP_FAILED ? map : map + (r->offset - start);
}

static char *map_file(int fd, struct range *r)
{
	return mmap(NULL, r->length, prot,
		    MAP_SHARED_VALIDATE | MAP_SYNC, fd, r->offset);
}

static void map_range(const char *path, int create, struct range *r)
{
	int fd = open_path(path, create);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	if (S_ISREG(st.st_mode) && create &&
	    st.st_size < r->offset + r->length &&
	    ftruncate(fd, r->offset + r->length))
		err(1, "%s: extend", path);
	r->map = S_ISREG(st.st_mode) ? map_file(fd, r) :
				       map_device(path, fd, r);
	if (r->map == MAP_FAILED)
		err(1, "%s: map 0x%" PRIx64 " bytes at 0x%" PRIx64, path,
		    r->length, r->offset);
	close(fd);
}

static void fill(struct range *r, uint64_t seed)
{
	uint64_t *word = (uint64_t *)r->map;
	uint64_t at;

	for (at = 0; at < r->length; at += sizeof(*word))
		*word++ = pattern(seed, r->offset + at);
}

static void check(const char *path, struct range *r, uint64_t seed)
{
	uint64_t *word = (uint64_t *)r->map;
	uint64_t at;

	for (at = 0; at < r->length; at += sizeof(*word), word++)
		if (*word != pattern(seed, r->offset + at))
			errx(1, "%s: at 0x%" PRIx64 " stands 0x%" PRIx64
			     ", not 0x%" PRIx64, path, r->offset + at, *word,
			     pattern(seed, r->offset + at));
}

static void phys(const char *path, struct range *r)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t page = sysconf(_SC_PAGESIZE), entry, address;

	(void)*(volatile char *)r->map;
	if (pread(fd, &entry, sizeof(entry), (uintptr_t)r->map / page *
		  sizeof(entry)) != sizeof(entry))
		err(1, "pagemap");
	if (!(entry >> 63))
		errx(1, "%s: page at 0x%" PRIx64 " is not mapped", path,
		     r->offset);
	address = (entry & ((1UL << 55) - 1)) * page + r->offset % page;
	printf("0x%" PRIx64 "\n", address);
	close(fd);
}

static volatile sig_atomic_t asked;

static void on_usr1(int signal)
{
	(void)signal;
	asked = 1;
}

static void touch(const struct range *r)
{
	uint64_t at;

	for (at = 0; at < r->length; at += 4096)
		(void)*(volatile char *)(r->map + at);
}

static void keep(struct range *r)
{
	signal(SIGUSR1, on_usr1);
	touch(r);
	fprintf(stderr, "mapped\n");
	while (!asked)
		touch(r);
	touch(r);
	fwrite(r->map, r->length, 1, stdout);
}

/* A pipe holds the pages themselves until they are read. */
static void hold(struct range *r)
{
	const size_t page = sysconf(_SC_PAGESIZE), most = 16 * page;
	struct iovec part = { .iov_base = r->map };
	static char buffer[16 * 65536];
	const char *end = r->map + r->length;
	ssize_t done;
	int pipes[2];

	if (pipe(pipes))
		err(1, "pipe");
	while (part.iov_base < (void *)end) {
		part.iov_len = end - (char *)part.iov_base;
		if (part.iov_len > most)
			part.iov_len = most;
		done = vmsplice(pipes[1], &part, 1, 0);
		if (done <= 0 || read(pipes[0], buffer, done) != done)
			err(1, "vmsplice at %#tx", (char *)part.iov_base - r->map);
		part.iov_base += done;
	}
}

static void get(struct range *r)
{
	int status;
	pid_t child;

	touch(r);
	child = fork();
	if (child < 0)
		err(1, "fork");
	hold(r);
	if (!child)
		exit(0);
	if (waitpid(child, &status, 0) != child || status)
		errx(1, "the child failed");
}

static void poison(const char *path, struct range *r)
{
	touch(r);
	if (madvise(r->map, sysconf(_SC_PAGESIZE), MADV_HWPOISON))
		err(1, "%s: MADV_HWPOISON", path);
}

static void usage(void)
{
	errx(2, "usage: mapdax fill|check PATH OFFSET LENGTH SEED, mapdax read|keep|get PATH OFFSET LENGTH, mapdax phys|poison PATH OFFSET");
}

int main(int argc, char **argv)
{
	const char *command = argv[1];
	struct range r = { .length = 4096 };
	uint64_t seed = 0;

	if (argc < 4)
		usage();
	r.offset = number(argv[3]);
	if (argc > 4)
		r.length = number(argv[4]);
	if (argc > 5)
		seed = number(argv[5]);
	map_range(argv[2], !strcmp(command, "fill"), &r);
	if (!strcmp(command, "fill") && argc == 6)
		fill(&r, seed);
	else if (!strcmp(command, "check") && argc == 6)
		check(argv[2], &r, seed);
	else if (!strcmp(command, "read") && argc == 5)
		fwrite(r.map, r.length, 1, stdout);
	else if (!strcmp(command, "keep") && argc == 5)
		keep(&r);
	else if (!strcmp(command, "get") && argc == 5)
		get(&r);
	else if (!strcmp(command, "phys") && argc == 4)
		phys(argv[2], &r);
	else if (!strcmp(command, "poison") && argc == 4)
		poison(argv[2], &r);
	else
		usage();
	return fflush(stdout) ? 1 : 0;
}
