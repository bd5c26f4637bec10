/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How page structs that differ in nothing are written: as copies of one of them.
 * Needs no other header, so that a benchmark in user space can compile it
 * unchanged.
 */
#ifndef _LINUX_MEMMAP_FILL_COPIES_H
#define _LINUX_MEMMAP_FILL_COPIES_H

/*
 * Streaming stores: what is written goes past the cache, and is not read before.
 * 8 bytes a store, out of registers, is what the kernel can have without saving
 * the FPU's state; a processor merges them to whole cache lines. Four quarters
 * are written at the same time, which keeps more of the memory's banks busy:
 * nearly as fast as stores of 64 bytes (AMD EPYC of family 26: 33 ms a GiB to
 * 32; Intel Xeon: 45 to 43). They are quarters of 256 KiB, lest they lie a large
 * power of two apart and want the same entry of a TLB that is not associative.
 */
#define MEMMAP_FILL_BLOCK	4096UL	/* page structs */

#ifdef __x86_64__
/* Whether memmap_fill_copies() writes page structs of @size bytes like that. */
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
	unsigned long *to = copies, *rest, some, part, i;

	for (; nr; nr -= some, to = rest) {
		some = nr < MEMMAP_FILL_BLOCK ? nr : MEMMAP_FILL_BLOCK;
		part = some / 4 * 8;
		rest = to + 4 * part;
		for (i = some % 4; i; i--, rest += 8)
			memmap_fill_line(rest, a, b, c, d, e, f, g, h);
		for (end = to + part; to < end; to += 8) {
			memmap_fill_line(to, a, b, c, d, e, f, g, h);
			memmap_fill_line(to + part, a, b, c, d, e, f, g, h);
			memmap_fill_line(to + 2 * part, a, b, c, d, e, f, g, h);
			memmap_fill_line(to + 3 * part, a, b, c, d, e, f, g, h);
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
 * memmap_fill_copies() - write copies of a page struct
 * @to: the first copy
 * @page: the page struct
 * @size: bytes of a page struct, a constant
 * @nr: copies, page structs in a row
 *
 * When it returns the copies are ordered as plain stores would be. If
 * memmap_fill_streams(@size), no cache holds any of them: where memory is
 * persistent, so are they after a pmem_wmb(). The scrub of altmaps relies on it.
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
