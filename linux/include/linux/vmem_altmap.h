/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct vmem_altmap: the memmap of a physical range, stored on that range.
 *
 * Drivers fill one in inside their struct dev_pagemap, and memory hotplug has one
 * for each memory block; the registry finds it again from a vmemmap address.
 * Documentation/mm/vmem_altmap.rst explains how the parts fit.
 */
#ifndef _LINUX_VMEM_ALTMAP_H
#define _LINUX_VMEM_ALTMAP_H

#include <linux/errno.h>
#include <linux/interval_tree.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

struct vmem_altmap_split;

/**
 * struct vmem_altmap_fill - how the struct pages of a range were initialised
 * @ns: nanoseconds that it took, 0 if that was not measured
 * @method: how; a string literal, which the log has too
 * @threads: most threads that have worked at one time
 */
struct vmem_altmap_fill {
	u64 ns;
	const char *method;
	unsigned int threads;
};

/**
 * struct vmem_altmap_demand - struct pages that are written on demand
 * @lock: serialises sections that get a block of their own
 * @start: first pfn of the range's first whole section
 * @first: first pfn of a run of PMD blocks of the storage, one for each section, of
 *	which the last is the template
 * @nr: number of sections and of blocks; 0 if no struct pages are written on demand
 * @owned: blocks that belong to one section, under @lock
 * @mapped: sections that map a block of the run, under the memory hotplug lock
 */
struct vmem_altmap_demand {
	struct mutex lock;	/* @owned, and the PMDs of sections */
	unsigned long start;
	unsigned long first;
	unsigned long nr;
	unsigned long owned;
	unsigned long mapped;
};

/**
 * struct vmem_altmap_tails - struct pages that tail pages share
 * @pages: pages of the vmemmap in whose place another is mapped
 * @tables: page tables in whose place another is linked
 *
 * Both are written under the memory hotplug lock.
 */
struct vmem_altmap_tails {
	unsigned long pages;
	unsigned long tables;
};

/**
 * struct vmem_altmap - storage for the memmap of a range, on the range itself
 * @base_pfn: first pfn described; set by the driver
 * @reserve: pages from @base_pfn on that the driver keeps; set by the driver
 * @free: pages behind the reserve set aside as storage for the memmap, in use
 *	or not; set by the driver
 * @no_scrub: do not overwrite the storage when the range is removed; set by the
 *	driver of memory whose other contents stay as well
 * @inaccessible: the range cannot be read or written before it is onlined; set
 *	by the driver, together with @no_scrub
 * @on_demand: write the struct pages of a section when pgmap_mark_mapped() is first
 *	called for a page of it, where the machine can do that; set by the driver
 * @order: order of the compound pages that the range's data consists of, 0 for none;
 *	set by the caller of vmem_altmap_register()
 * @nid: node of the memory; set by the caller of vmem_altmap_register()
 * @owner: name of the device or other owner, for people to read; set by the
 *	caller of vmem_altmap_register(), or NULL; not freed before the altmap
 *	is unregistered
 * @alloc: pages of the storage in use
 * @align: unused pages of the storage that cannot be part of a free PMD block:
 *	the storage is unaligned there, or a page of the same block is in use;
 *	single pages are allocated from these first
 * @watermark: most pages in use at one time since the altmap was registered
 * @failed: allocations that failed since the altmap was registered; the log
 *	says why
 * @fill: how the struct pages of the range were initialised
 *
 * @free minus @alloc and @align is whole PMD blocks. The driver may write its
 * fields until vmem_altmap_register(). The registry writes @alloc to @failed under
 * the memory hotplug lock and its mutex, and @fill under its mutex.
 */
struct vmem_altmap {
	unsigned long base_pfn;
	unsigned long reserve;
	unsigned long free;
	bool no_scrub;
	bool inaccessible;
	bool on_demand;
	unsigned int order;
	int nid;
	const char *owner;
	unsigned long alloc;
	unsigned long align;
	unsigned long watermark;
	unsigned long failed;
	struct vmem_altmap_fill fill;

	/* private: as @alloc, but the last two are the scrub's */
	struct interval_tree_node range;	/* pfns described */
	struct vmem_altmap_demand demand;
	struct vmem_altmap_tails tails;
	unsigned long *blocks;		/* bit set: PMD block not to be had whole */
	unsigned long next_block;	/* no bit below this is clear */
	struct rb_root splits;		/* PMD blocks handed out page by page */
	struct vmem_altmap_split *room;	/* one that may have a free page */
	unsigned long *dirty;		/* bit set: PMD block that was handed out */
	void *scrub_map;		/* maps the storage while it is removed */
	bool scrub_in_place;		/* it could not be mapped */
};

/**
 * vmem_altmap_offset() - pages of a range before the first usable one
 * @altmap: the range's altmap, or NULL if its memmap is in DRAM
 *
 * Return: reserve plus storage, in pages.
 */
static inline unsigned long vmem_altmap_offset(const struct vmem_altmap *altmap)
{
	return altmap ? altmap->reserve + altmap->free : 0;
}

#ifdef CONFIG_VMEM_ALTMAP
bool vmem_altmap_supported(void);
int vmem_altmap_register(struct vmem_altmap *altmap, unsigned long start_pfn,
			 unsigned long nr_pages);
void vmem_altmap_unregister(struct vmem_altmap *altmap);
int vmem_altmap_check_span(unsigned long start_pfn, unsigned long nr_pages);
struct vmem_altmap *pfn_to_vmem_altmap(unsigned long pfn);
struct vmem_altmap *to_vmem_altmap(unsigned long memmap_addr);
void *vmem_altmap_alloc(struct vmem_altmap *altmap, unsigned long size);
bool vmem_altmap_free(phys_addr_t phys, unsigned long size);
bool vmem_altmap_map_template(unsigned long addr);
struct page *vmem_altmap_template(const struct vmem_altmap *altmap);
void vmem_altmap_own(struct vmem_altmap *altmap, unsigned long pfn);
unsigned long vmem_altmap_unwritten(const struct vmem_altmap *altmap);
unsigned long vmem_altmap_compact_size(unsigned long nr_pages,
				       unsigned int order);
int vmem_altmap_populate(unsigned long start, unsigned long end, int nid);
bool vmem_altmap_is_shared(const struct vmem_altmap *altmap,
			   const struct page *page);
unsigned long vmem_altmap_head_pages(const struct vmem_altmap *altmap,
				     const struct page *head);
void vmem_altmap_write_tails(const struct vmem_altmap *altmap,
			     const struct page *head);
void vmem_altmap_scrub_begin(struct vmem_altmap *altmap);
void vmem_altmap_scrub_end(struct vmem_altmap *altmap);
bool vmem_altmap_storage_in(unsigned long start_pfn, unsigned long nr_pages);
void vmem_altmap_filled(struct vmem_altmap *altmap,
			const struct vmem_altmap_fill *fill);
const struct vmem_altmap *vmem_altmap_iter_start(unsigned long pfn);
const struct vmem_altmap *vmem_altmap_iter_next(const struct vmem_altmap *altmap);
void vmem_altmap_iter_stop(void);
#else
static inline bool vmem_altmap_supported(void)
{
	return false;
}

static inline int vmem_altmap_register(struct vmem_altmap *altmap,
				       unsigned long start_pfn,
				       unsigned long nr_pages)
{
	return -EOPNOTSUPP;
}

static inline void vmem_altmap_unregister(struct vmem_altmap *altmap)
{
}

static inline int vmem_altmap_check_span(unsigned long start_pfn,
					 unsigned long nr_pages)
{
	return 0;
}

static inline struct vmem_altmap *pfn_to_vmem_altmap(unsigned long pfn)
{
	return NULL;
}

static inline struct vmem_altmap *to_vmem_altmap(unsigned long memmap_addr)
{
	return NULL;
}

static inline void *vmem_altmap_alloc(struct vmem_altmap *altmap,
				      unsigned long size)
{
	return NULL;
}

static inline bool vmem_altmap_free(phys_addr_t phys, unsigned long size)
{
	return false;
}

static inline bool vmem_altmap_map_template(unsigned long addr)
{
	return false;
}

static inline struct page *
vmem_altmap_template(const struct vmem_altmap *altmap)
{
	return NULL;
}

static inline void vmem_altmap_own(struct vmem_altmap *altmap,
				   unsigned long pfn)
{
}

static inline unsigned long
vmem_altmap_compact_size(unsigned long nr_pages, unsigned int order)
{
	return 0;
}

#define vmem_altmap_populate	vmemmap_populate

static inline bool vmem_altmap_is_shared(const struct vmem_altmap *altmap,
					 const struct page *page)
{
	return false;
}

static inline unsigned long
vmem_altmap_head_pages(const struct vmem_altmap *altmap,
		       const struct page *head)
{
	return 0;
}

static inline void vmem_altmap_write_tails(const struct vmem_altmap *altmap,
					   const struct page *head)
{
}

static inline void vmem_altmap_scrub_begin(struct vmem_altmap *altmap)
{
}

static inline void vmem_altmap_scrub_end(struct vmem_altmap *altmap)
{
}

static inline bool vmem_altmap_storage_in(unsigned long start_pfn,
					  unsigned long nr_pages)
{
	return false;
}

static inline void vmem_altmap_filled(struct vmem_altmap *altmap,
				      const struct vmem_altmap_fill *fill)
{
}
#endif /* CONFIG_VMEM_ALTMAP */

#ifdef CONFIG_VMEM_ALTMAP_HIBERNATE
bool vmem_altmap_hibernating(void);
#else
static inline bool vmem_altmap_hibernating(void)
{
	return false;
}
#endif

#ifdef CONFIG_FAIL_VMEM_ALTMAP
bool should_fail_vmem_altmap(unsigned long size);
#else
static inline bool should_fail_vmem_altmap(unsigned long size)
{
	return false;
}
#endif /* CONFIG_FAIL_VMEM_ALTMAP */

#if IS_ENABLED(CONFIG_KUNIT)
/* for tests, which count warnings, and register ranges without memory */
extern bool vmem_altmap_scrub;
void vmem_altmap_warn_free(struct vmem_altmap *altmap, phys_addr_t phys,
			   unsigned long size);
void vmem_altmap_warn_busy(struct vmem_altmap *altmap);
#endif

#endif /* _LINUX_VMEM_ALTMAP_H */
