/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memmap_on_memory: hot-added memory that holds its own memmap. What memory
 * hotplug and the memory blocks' devices call, see mm/memmap_on_memory.c.
 */
#ifndef _LINUX_MEMMAP_ON_MEMORY_H
#define _LINUX_MEMMAP_ON_MEMORY_H

#include <linux/errno.h>
#include <linux/memory_hotplug.h>
#include <linux/types.h>

#ifdef CONFIG_MHP_MEMMAP_ON_MEMORY
int mhp_register_altmaps(u64 start, u64 size, int nid,
			 unsigned long memmap_pages, bool inaccessible);
void mhp_unregister_altmaps(u64 start, u64 size);
int mhp_online_block(unsigned long pfn, unsigned long nr_pages,
		     struct zone *zone, struct memory_group *group);
int mhp_offline_block(unsigned long pfn, unsigned long nr_pages,
		      struct zone *zone, struct memory_group *group);
#else
static inline int mhp_register_altmaps(u64 start, u64 size, int nid,
				       unsigned long memmap_pages,
				       bool inaccessible)
{
	return -EOPNOTSUPP;
}

static inline void mhp_unregister_altmaps(u64 start, u64 size)
{
}

static inline int mhp_online_block(unsigned long pfn, unsigned long nr_pages,
				   struct zone *zone,
				   struct memory_group *group)
{
	return online_pages(pfn, nr_pages, zone, group);
}

static inline int mhp_offline_block(unsigned long pfn, unsigned long nr_pages,
				    struct zone *zone,
				    struct memory_group *group)
{
	return offline_pages(pfn, nr_pages, zone, group);
}
#endif /* CONFIG_MHP_MEMMAP_ON_MEMORY */

#endif /* _LINUX_MEMMAP_ON_MEMORY_H */
