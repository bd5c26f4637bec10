/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Write struct pages that are alike, as copies of one. This header includes no
 * other, so that a benchmark in user space can compile it unchanged.
 */
#ifndef _LINUX_MEMMAP_FILL_COPIES_H
#define _LINUX_MEMMAP_FILL_COPIES_H

/*
 * Streaming stores bypass the cache and read nothing first. 8 bytes a store, from
 * general registers, is the most without saving the FPU's state; the processor
 * merges them to whole cache lines. Writing four quarters of a block side by side
 * keeps more of the memory's banks busy: nearly as fast as stores of 64 bytes (AMD
 * EPYC of family 26: 33 ms a GiB to 32; Intel Xeon: 45 to 43). A block is 256 KiB,
 * so that the quarters are not a large power of two apart, where they would share
 * the entries of a TLB with few ways.
 */
#define MEMMAP_FILL_BLOCK	4096UL	/* struct pages */

#ifdef __x86_64__
/* Does memmap_fill_copies() stream struct pages of @size bytes? */
static inline int memmap_fill_streams(unsigned long size)
{
	return size == 64;
}

static __always_inline void memmap_fill_word(unsigned long *to,
					     unsigned long word)
{
	asm volatile("movnti %1, %0" : "=m" (*to) : "r" (word));
}

static __always_inline void
memmap_fill_line(unsigned long *to, unsigned long a, unsigned long b,
		 unsigned long c, unsigned long d, unsigned long e,
		 unsigned long f, unsigned long g, unsigned long h)
{
	memmap_fill_word(to + 0, a);
	memmap_fill_word(to + 1, b);
	memmap_fill_word(to + 2, c);
	memmap_fill_word(to + 3, d);
	memmap_fill_word(to + 4, e);
	memmap_fill_word(to + 5, f);
	memmap_fill_word(to + 6, g);
	memmap_fill_word(to + 7, h);
}

static inline void memmap_fill_stream(void *copies, const void *page,
				      unsigned long nr)
{
	const unsigned long *from = page, *end;
	const unsigned long a = from[0], b = from[1], c = from[2], d = from[3];
	const unsigned long e = from[4], f = from[5], g = from[6], h = from[7];
	unsigned long *to = copies, *tail, nr_now, quarter, i;

	for (; nr; nr -= nr_now, to = tail) {
		nr_now = nr < MEMMAP_FILL_BLOCK ? nr : MEMMAP_FILL_BLOCK;
		quarter = nr_now / 4 * 8;
		tail = to + 4 * quarter;
		for (i = nr_now % 4; i; i--, tail += 8)
			memmap_fill_line(tail, a, b, c, d, e, f, g, h);
		for (end = to + quarter; to < end; to += 8) {
			memmap_fill_line(to, a, b, c, d, e, f, g, h);
			memmap_fill_line(to + quarter, a, b, c, d, e, f, g, h);
			memmap_fill_line(to + 2 * quarter, a, b, c, d, e, f, g, h);
			memmap_fill_line(to + 3 * quarter, a, b, c, d, e, f, g, h);
		}
	}
	asm volatile("sfence" : : : "memory");
}
#else
static inline int memmap_fill_streams(unsigned long size)
{
	return 0;
}

static inline void memmap_fill_stream(void *copies, const void *page,
				      unsigned long nr)
{
}
#endif

/**
 * memmap_fill_copies() - write copies of a struct page
 * @to: the first copy
 * @page: the struct page
 * @size: bytes of a struct page, a constant
 * @nr: number of copies, one after another
 *
 * When it returns the copies are ordered as plain stores would be. If
 * memmap_fill_streams(@size), no cache holds any of them, and in persistent memory
 * they are durable after a pmem_wmb(). The scrub of altmaps relies on it.
 *
 * Context: Any.
 */
static __always_inline void memmap_fill_copies(void *to, const void *page,
					       unsigned long size,
					       unsigned long nr)
{
	if (memmap_fill_streams(size)) {
		memmap_fill_stream(to, page, nr);
		return;
	}
	for (; nr; nr--, to += size)
		__builtin_memcpy(to, page, size);
}

#endif /* _LINUX_MEMMAP_FILL_COPIES_H */
