/* SPDX-License-Identifier: GPL-2.0-only */
/* memmap_fill: how the page structs of device memory are written fast. */
#ifndef _LINUX_MEMMAP_FILL_H
#define _LINUX_MEMMAP_FILL_H

#include <linux/types.h>
#include <asm/page.h>

struct dev_pagemap;
struct page;

/* A page struct that holds its page's address is like no other. */
#ifdef WANT_PAGE_VIRTUAL
#define MEMMAP_FILL_ALIKE	false
#else
#define MEMMAP_FILL_ALIKE	true
#endif

unsigned long memmap_fill_like(struct page *page, unsigned long nr);
unsigned int memmap_fill_split(void (*fill)(unsigned long start,
					    unsigned long end, void *arg),
			       void *arg, unsigned long nr,
			       unsigned long align, int nid);
void memmap_fill_report(struct dev_pagemap *pgmap, unsigned long start_pfn,
			unsigned long nr_pages, int nid, u64 start_ns,
			unsigned int threads);

#if IS_ENABLED(CONFIG_KUNIT)
extern bool memmap_fill_enable;
extern unsigned int memmap_fill_threads;
#endif

#endif /* _LINUX_MEMMAP_FILL_H */
