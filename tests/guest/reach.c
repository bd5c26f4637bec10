// SPDX-License-Identifier: GPL-2.0-only
/*
 * reach - try to access memory from user space that user space must not reach
 *
 *	reach pointers PATH OFFSET LENGTH	addresses of the kernel there
 *	reach devmem PHYS LENGTH		pages that /dev/mem can access
 *	reach stale PHYS LENGTH COMMAND		pages that an uncached mapping of
 *						/dev/mem still has after COMMAND
 *	reach file PATH SIZE PHYS LENGTH	pages there, or past SIZE, that
 *						mappings of the DAX file have
 *	reach disk PATH SIZE PHYS LENGTH	ways past the SIZE of the block
 *						device
 *
 * Each command prints how many there are, and the first one on stderr. The
 * status is 2 if the command could not look. Numbers are bytes, in C's
 * notations; PHYS and LENGTH are physical memory, after which the device's page
 * 0 starts.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/fs.h>

#include "number.h"

#define PAGE	4096UL
#define MIB	(1UL << 20)
#define GIB	(1UL << 30)

static uint64_t found;
static sigjmp_buf no_page;

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

static void hit(const char *how, uint64_t where)
{
	if (!found++)
		fprintf(stderr, "%s at 0x%" PRIx64 "\n", how, where);
}

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(no_page, 1);
}

/* Is there a page at this address? */
static int touch(const volatile char *address)
{
	if (sigsetjmp(no_page, 1))
		return 0;
	(void)*address;
	return 1;
}

/*
 * An address of the kernel has its topmost bits set, 8 of them with page tables
 * of five levels. Values in the last page are errors, not addresses.
 */
static int is_pointer(uint64_t word)
{
	return word >> 56 == 0xff && word < -PAGE;
}

static void pointers(const char *path, uint64_t at, uint64_t length)
{
	static uint64_t words[MIB / sizeof(uint64_t)];
	int fd = open_or_die(path, O_RDONLY);
	uint64_t end = at + length, i;
	ssize_t got;

	for (; at < end; at += got) {
		got = pread(fd, words, end - at < MIB ? end - at : MIB, at);
		if (got <= 0)
			err(2, "%s: read at 0x%" PRIx64, path, at);
		for (i = 0; i < got / sizeof(*words); i++)
			if (is_pointer(words[i]))
				hit("a kernel address", at + i * sizeof(*words));
	}
}

/* Above the end of DRAM, /dev/mem can be mapped but not read or written. */
static int refused(ssize_t got)
{
	return got < 0 && (errno == EPERM || errno == EFAULT);
}

/* Try each way to access the page; write only if the page cannot be read. */
static void devmem_page(int fd, uint64_t phys)
{
	char byte = 0, *map;

	if (!refused(pread(fd, &byte, 1, phys))) {
		hit("read", phys);
		return;
	}
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, phys);
	if (map != MAP_FAILED) {
		hit("mapped", phys);
		munmap(map, PAGE);
	} else if (errno != EPERM) {
		err(2, "map of 0x%" PRIx64, phys);
	} else if (!refused(pwrite(fd, &byte, 1, phys))) {
		hit("written", phys);
	}
}

/* A mapping must not begin or end in PHYS either, nor grow into it. */
static void devmem_edges(int fd, uint64_t phys, uint64_t length)
{
	char *map;

	map = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, phys - PAGE);
	if (map != MAP_FAILED)
		hit("mapped from before", phys - PAGE);
	map = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd,
		   phys + length - PAGE);
	if (map != MAP_FAILED)
		hit("mapped to behind", phys + length - PAGE);
	map = mmap(NULL, length + 2 * PAGE, PROT_READ, MAP_SHARED, fd,
		   phys - PAGE);
	if (map != MAP_FAILED)
		hit("mapped around", phys - PAGE);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, phys - PAGE);
	if (map == MAP_FAILED)
		err(2, "map of 0x%" PRIx64, phys - PAGE);
	if (mremap(map, PAGE, 2 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED)
		hit("grown", phys);
}

static void devmem(uint64_t phys, uint64_t length)
{
	int fd = open_or_die("/dev/mem", O_RDWR);
	uint64_t page;

	for (page = phys; page < phys + length; page += PAGE)
		devmem_page(fd, page);
	devmem_edges(fd, phys, length);
}

/* Map and touch all of it; count the pages still mapped after the command. */
static void stale(uint64_t phys, uint64_t length, const char *command)
{
	int fd = open_or_die("/dev/mem", O_RDWR | O_SYNC);
	char *map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, phys);
	uint64_t at;

	if (map == MAP_FAILED)
		err(2, "map of 0x%" PRIx64, phys);
	for (at = 0; at < length; at += PAGE)
		if (!touch(map + at))
			errx(2, "no page at 0x%" PRIx64, phys + at);
	if (system(command))
		errx(2, "%s failed", command);
	for (at = 0; at < length; at += PAGE)
		if (touch(map + at))
			hit("still mapped", phys + at);
}

/* The physical address of the page that is mapped at this address */
static uint64_t phys_of(const char *address)
{
	static int fd = -1;
	uint64_t entry;

	if (fd < 0)
		fd = open_or_die("/proc/self/pagemap", O_RDONLY);
	if (pread(fd, &entry, sizeof(entry),
		  (uintptr_t)address / PAGE * sizeof(entry)) != sizeof(entry))
		err(2, "pagemap");
	return (entry & ((1UL << 55) - 1)) * PAGE;
}

/*
 * Call try() with each offset that could lead past SIZE: at both ends, a bit
 * away from them, and where an offset that wraps around would reach PHYS.
 */
static void offsets(uint64_t size, uint64_t length, void (*try)(uint64_t))
{
	uint64_t at, bit;

	for (at = 0; at < 2 * MIB; at += PAGE) {
		try(size - at);
		try(size + at);
	}
	for (bit = PAGE; bit; bit <<= 1) {
		try(bit);
		try(-bit);
		try(size + bit);
		try(size - bit);
	}
	for (at = 0; at < length; at += PAGE)
		try(-length + at);
}

static struct {
	const char *path;
	int fd;
	uint64_t size;		/* bytes that there are */
	uint64_t phys;		/* what must not be seen, */
	uint64_t length;	/* in bytes */
	uint64_t pages;		/* that were seen, of whatever else */
	char *hole;		/* address space of 2 GiB, aligned to 1 GiB */
	char *buffer;		/* a page */
} t;

/* Look at each page of a mapping that begins at offset. */
static void look(const char *map, uint64_t length, uint64_t offset)
{
	uint64_t at, phys;

	for (at = 0; at < length; at += PAGE) {
		if (!touch(map + at))
			continue;
		t.pages++;
		phys = phys_of(map + at);
		if (phys >= t.phys && phys - t.phys < t.length)
			hit("mapped", offset + at);
		else if (offset + at >= t.size)
			hit("mapped past the end", offset + at);
	}
}

static char *map_file(uint64_t offset, uint64_t length, int prot)
{
	return mmap(t.hole, length, prot, MAP_SHARED | MAP_FIXED, t.fd, offset);
}

/* Map some bytes and look at both ends, which reveal a large page. */
static void try_length(uint64_t offset, uint64_t length, int prot)
{
	if (map_file(offset, length, prot) == MAP_FAILED)
		return;
	look(t.hole, PAGE, offset);
	look(t.hole + length - PAGE, PAGE, offset + length - PAGE);
}

static void try_file(uint64_t offset)
{
	try_length(offset, PAGE, PROT_READ);
	try_length(offset, PAGE, PROT_READ | PROT_WRITE);
	try_length(offset, 2 * MIB, PROT_READ);
	try_length(offset, 2 * MIB, PROT_READ | PROT_WRITE);
}

/* Grow a mapping of the last bytes past the end, in place. */
static void grow(uint64_t length)
{
	uint64_t offset = t.size - length;

	if (map_file(offset, length, PROT_READ) == MAP_FAILED)
		err(2, "%s: map of 0x%" PRIx64, t.path, offset);
	munmap(t.hole + length, 2 * GIB - length);
	if (mremap(t.hole, length, 2 * length, 0) != MAP_FAILED)
		look(t.hole, 2 * length, offset);
}

static void target(char **argv, int flags)
{
	t.path = argv[0];
	t.fd = open_or_die(argv[0], flags);
	t.size = number(argv[1]);
	t.phys = number(argv[2]);
	t.length = number(argv[3]);
	t.hole = mmap(NULL, 3 * GIB, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t.hole == MAP_FAILED)
		err(2, "no address space");
	t.hole += GIB - (uintptr_t)t.hole % GIB;
	t.buffer = aligned_alloc(PAGE, PAGE);
	if (!t.buffer)
		err(2, "no memory");
}

static void file(char **argv)
{
	uint64_t at;

	target(argv, O_RDWR);
	for (at = 0; at < t.size; at += GIB)
		if (map_file(at, GIB, PROT_READ) != MAP_FAILED)
			look(t.hole, GIB, at);
	if (t.pages != t.size / PAGE)
		errx(2, "%s: only %" PRIu64 " pages can be seen", t.path,
		     t.pages);
	offsets(t.size, t.length, try_file);
	grow(2 * MIB);
}

static void try_disk(uint64_t offset)
{
	uint64_t range[] = { offset, PAGE };
	char *map;

	if (offset < t.size)
		return;
	if (pread(t.fd, t.buffer, PAGE, offset) > 0)
		hit("read", offset);
	else if (pwrite(t.fd, t.buffer, PAGE, offset) > 0)
		hit("written", offset);
	else if (!ioctl(t.fd, BLKZEROOUT, range))
		hit("zeroed", offset);
	map = map_file(offset, PAGE, PROT_READ);
	if (map != MAP_FAILED && touch(map))
		hit("mapped", offset);
}

static void disk(char **argv)
{
	uint64_t size;

	target(argv, O_RDWR);
	if (ioctl(t.fd, BLKGETSIZE64, &size))
		err(2, "%s: size", t.path);
	if (size != t.size)
		hit("end", size);
	offsets(t.size, t.length, try_disk);
	target(argv, O_RDWR | O_DIRECT);
	offsets(t.size, t.length, try_disk);
}

static void usage(void)
{
	errx(2, "usage: reach pointers PATH OFFSET LENGTH, reach devmem PHYS LENGTH, reach stale PHYS LENGTH COMMAND, reach file|disk PATH SIZE PHYS LENGTH");
}

int main(int argc, char **argv)
{
	const char *command = argc > 3 ? argv[1] : "";

	signal(SIGBUS, on_sigbus);
	if (!strcmp(command, "pointers") && argc == 5)
		pointers(argv[2], number(argv[3]), number(argv[4]));
	else if (!strcmp(command, "devmem") && argc == 4)
		devmem(number(argv[2]), number(argv[3]));
	else if (!strcmp(command, "stale") && argc == 5)
		stale(number(argv[2]), number(argv[3]), argv[4]);
	else if (!strcmp(command, "file") && argc == 6)
		file(argv + 2);
	else if (!strcmp(command, "disk") && argc == 6)
		disk(argv + 2);
	else
		usage();
	printf("%" PRIu64 "\n", found);
	return fflush(stdout) ? 2 : 0;
}
