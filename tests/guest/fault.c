// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault - let a page fault take pages of a DAX file, and compare what they hold
 *
 *	fault HOW PATH OFFSET
 *
 * HOW, at OFFSET bytes of PATH, a file that begins a page of zeroes there:
 *
 *	read		a mapping is read
 *	write		a shared mapping is written
 *	sync		the same with MAP_SYNC
 *	private		a private mapping is read, then written: the file stays
 *	fork		a child writes to a shared mapping, its parent reads it
 *	large		2 MiB are populated at once
 *	threads		16 threads write to a page each, 1 MiB apart, all at once
 *	uffd		a mapping is read, userfaultfd write-protects the page, and
 *			notes that it is written
 *
 * What was written through the mapping is read back from the file.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/userfaultfd.h>

#include "number.h"

/* since Linux 6.7 */
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC	(1 << 15)
#endif

#define MIB		(1UL << 20)
#define THREADS		16

static const char *path;
static int fd;
static off_t offset;
static pthread_barrier_t start;

static char *map(size_t size, int flags)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (p == MAP_FAILED)
		err(1, "%s: map", path);
	return p;
}

static void in_file(off_t at, char wanted)
{
	char c;

	if (pread(fd, &c, 1, offset + at) != 1)
		err(1, "%s: read", path);
	if (c != wanted)
		errx(1, "%s: %d at 0x%llx, not %d", path, c,
		     (long long)(offset + at), wanted);
}

static void in_memory(const volatile char *p, char wanted)
{
	if (*p != wanted)
		errx(1, "%s: %d is mapped, not %d", path, *p, wanted);
}

static void by_read(void)
{
	in_memory(map(4096, MAP_SHARED), 0);
}

static void by_write(void)
{
	*(volatile char *)map(4096, MAP_SHARED) = 1;
	in_file(0, 1);
}

static void by_sync(void)
{
	*(volatile char *)map(4096, MAP_SHARED_VALIDATE | MAP_SYNC) = 2;
	in_file(0, 2);
}

static void by_private(void)
{
	volatile char *p = map(4096, MAP_PRIVATE);

	in_memory(p, 0);
	*p = 3;
	in_memory(p, 3);
	in_file(0, 0);
}

static void by_fork(void)
{
	volatile char *p = map(4096, MAP_SHARED);
	int status;
	pid_t child;

	in_memory(p, 0);
	child = fork();
	if (!child) {
		*p = 4;
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		errx(1, "the child failed");
	in_memory(p, 4);
	in_file(0, 4);
}

static void by_large(void)
{
	volatile char *p = map(2 * MIB, MAP_SHARED | MAP_POPULATE);

	in_memory(p, 0);
	p[2 * MIB - 1] = 5;
	in_file(2 * MIB - 1, 5);
}

static void *write_page(void *page)
{
	pthread_barrier_wait(&start);
	*(volatile char *)page = 6;
	return NULL;
}

static void by_threads(void)
{
	char *p = map(THREADS * MIB, MAP_SHARED);
	pthread_t threads[THREADS];
	int i;

	pthread_barrier_init(&start, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(threads + i, NULL, write_page, p + i * MIB))
			errx(1, "no thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < THREADS; i++)
		in_file(i * MIB, 6);
}

/* Does userfaultfd protect the page? See Documentation/admin-guide/mm/pagemap.rst. */
static int is_protected(const void *page)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)page / 4096 * sizeof(entry)) != sizeof(entry))
		err(1, "pagemap");
	close(pagemap);
	return entry >> 57 & 1;
}

static void by_uffd(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_WP_ASYNC,
	};
	volatile char *p = map(4096, MAP_SHARED);
	struct uffdio_register wanted = {
		.range = { .start = (uintptr_t)p, .len = 4096 },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};
	struct uffdio_writeprotect protect = {
		.range = wanted.range,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	in_memory(p, 0);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &wanted) ||
	    ioctl(uffd, UFFDIO_WRITEPROTECT, &protect))
		err(1, "userfaultfd");
	if (!is_protected((void *)p))
		errx(1, "the page is not protected");
	*p = 7;
	if (is_protected((void *)p))
		errx(1, "the write was not noted");
	in_file(0, 7);
}

static const struct {
	const char *name;
	void (*fault)(void);
} ways[] = {
	{ "read", by_read },
	{ "write", by_write },
	{ "sync", by_sync },
	{ "private", by_private },
	{ "fork", by_fork },
	{ "large", by_large },
	{ "threads", by_threads },
	{ "uffd", by_uffd },
};

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc != 4)
		errx(2, "usage: fault HOW PATH OFFSET");
	path = argv[2];
	offset = number(argv[3]);
	fd = open(path, O_RDWR);
	if (fd < 0)
		err(1, "%s", path);
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(argv[1], ways[i].name)) {
			ways[i].fault();
			return 0;
		}
	errx(2, "%s: no way to fault", argv[1]);
}
