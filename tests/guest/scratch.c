// SPDX-License-Identifier: GPL-2.0-only
/*
 * scratch - make Xen's grant device add memory while an allocation fails
 *
 *	scratch N	the N-th
 *	scratch all	the first, the second, and so on until none is left
 *
 * When a domain maps another domain's pages, and has no struct pages for them,
 * it adds 128 MiB of "Xen scratch". It does not matter here whether there is a
 * page to map: nothing is mapped.
 *
 * For each N the program prints a line,
 *
 *	point N failed|added
 *
 * or "end N" if fewer than N allocations were made. After each it writes to
 * memory, which fails if a page was freed that must not be written.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* the header uses these types of Xen */
typedef uint32_t grant_ref_t;
typedef uint16_t domid_t;
#include <xen/gntdev.h>

/* bytes to write to: more than tables and memmap of the added memory take */
#define WRITTEN (4 << 20)

/* pages that a grant device maps at once, at most */
#define LIMIT (1 << 16)

static int device, fail_nth;
static long page;

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

/* Pages that were added so far. */
static long added(void)
{
	FILE *iomem = fopen("/proc/iomem", "r");
	unsigned long start, end;
	char name[64];
	long sum = 0;

	if (!iomem)
		err(2, "/proc/iomem");
	while (fscanf(iomem, " %lx-%lx : %63[^\n]", &start, &end, name) == 3)
		if (!strcmp(name, "Xen scratch"))
			sum += end + 1 - start;
	fclose(iomem);
	return sum / page;
}

static void put(int n)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", n);
	if (write(fail_nth, number, strlen(number)) < 0)
		err(2, "fail-nth");
}

/* The number of allocations until one fails. */
static int left(void)
{
	char number[16] = "";

	if (pread(fail_nth, number, sizeof(number) - 1, 0) < 0)
		err(2, "fail-nth");
	return atoi(number);
}

/* Ask for so many pages. Sets *unused to the rest of the n allocations. */
static void take(long pages, int n, int *unused)
{
	static struct {
		struct ioctl_gntdev_map_grant_ref map;
		struct ioctl_gntdev_grant_ref more[LIMIT];
	} ask;
	struct ioctl_gntdev_unmap_grant_ref back = { .count = pages };
	int failed;

	if (pages > LIMIT)
		errx(2, "%ld pages are more than the device maps", pages);
	ask.map.count = pages;
	put(n);
	failed = ioctl(device, IOCTL_GNTDEV_MAP_GRANT_REF, &ask);
	*unused = left();
	put(0);
	if (failed)
		return;
	back.index = ask.map.index;
	if (ioctl(device, IOCTL_GNTDEV_UNMAP_GRANT_REF, &back))
		err(2, "the pages cannot be given back");
}

static void write_memory(void)
{
	char *memory = mmap(NULL, WRITTEN, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		err(2, "mmap");
	memset(memory, 0xa5, WRITTEN);
	munmap(memory, WRITTEN);
}

/* Was there an n-th allocation? */
static int try_point(int n)
{
	const long before = added();
	int unused;

	take(before + 1, n, &unused);
	if (unused)
		printf("end %d\n", n);
	else
		printf("point %d %s\n", n,
		       added() > before ? "added" : "failed");
	write_memory();
	return !unused;
}

int main(int argc, char **argv)
{
	int n = 1;

	if (argc != 2)
		errx(2, "usage: scratch N|all");
	page = sysconf(_SC_PAGESIZE);
	device = open_file("/dev/xen/gntdev", O_RDWR);
	fail_nth = open_file("/proc/thread-self/fail-nth", O_RDWR);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(argv[1], "all"))
		return !try_point(atoi(argv[1]));
	while (try_point(n))
		n++;
	return 0;
}
