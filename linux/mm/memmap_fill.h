/* SPDX-License-Identifier: GPL-2.0-only */
/* memmap_fill: initialise the struct pages of device and added memory fast. */
#ifndef _MM_MEMMAP_FILL_H
#define _MM_MEMMAP_FILL_H

#include <linux/types.h>

struct dev_pagemap;
struct page;

/**
 * struct memmap_fill - a job that the CPUs of a node share
 * @nid: node whose CPUs work
 * @threads: most threads that have worked at one time so far
 * @start_ns: when the job began, by ktime_get_ns()
 */
struct memmap_fill {
	int nid;
	unsigned int threads;
	u64 start_ns;
};

#ifdef CONFIG_ZONE_DEVICE
unsigned long memmap_fill_listed(struct page *page, unsigned long nr);
#else
static inline unsigned long memmap_fill_listed(struct page *page,
					       unsigned long nr)
{
	return 1;
}
#endif

unsigned long memmap_fill_like(struct page *page, unsigned long nr);
void memmap_fill_begin(struct memmap_fill *fill, int nid);
void memmap_fill_run(struct memmap_fill *fill,
		     void (*fn)(unsigned long start, unsigned long end,
				void *arg),
		     void *arg, unsigned long nr, unsigned long align);
u64 memmap_fill_ns(const struct memmap_fill *fill);
void memmap_fill_end(const struct memmap_fill *fill, struct dev_pagemap *pgmap,
		     unsigned long start_pfn, unsigned long nr_pages);

#if IS_ENABLED(CONFIG_KUNIT)
extern bool memmap_fill_enable;
extern unsigned int memmap_fill_threads;
#endif

#endif /* _MM_MEMMAP_FILL_H */
