// SPDX-License-Identifier: GPL-2.0-only
/*
 * levels - print how many levels the page tables have: as many as are needed
 * for the highest address that a process can map
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

static int can_map(unsigned long address, long page)
{
	return mmap((void *)address, page, PROT_NONE, MAP_PRIVATE |
		    MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED ||
	       errno == EEXIST;
}

int main(void)
{
	const long page = sysconf(_SC_PAGESIZE);
	const int offset = ffsl(page) - 1;	/* bits that a page has */
	const int index = offset - 3;		/* and a table of 8 bytes each */
	int bits = 63;				/* of an address */

	while (!can_map(1UL << (bits - 1), page))
		bits--;
	printf("%d\n", (bits - offset + index - 1) / index);
	return 0;
}
