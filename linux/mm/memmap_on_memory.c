// SPDX-License-Identifier: GPL-2.0-only
/*
 * memmap_on_memory: hot-added memory that holds its own memmap
 *
 * Each memory block has an altmap of its own, whose storage is the block's
 * first pages. It is registered before the block is added and unregistered
 * after it was removed; populating and freeing the memmap find it by lookup.
 * Onlining the block adds the storage to the zone of the rest, but not to the
 * page allocator.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#define pr_fmt(fmt) "memmap_on_memory: " fmt

#include <linux/memmap_on_memory.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmem_altmap.h>

#include "internal.h"

/* The registry also holds altmaps of other owners. */
static const char memory_owner[] = "memory";

/* The altmap of a memory block that @pfn is in, if it has one */
static struct vmem_altmap *block_altmap(unsigned long pfn)
{
	struct vmem_altmap *altmap = pfn_to_vmem_altmap(pfn);

	return altmap && altmap->owner == memory_owner ? altmap : NULL;
}

static int register_altmap(u64 start, int nid, unsigned long memmap_pages,
			   bool inaccessible)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN;
	const unsigned long pfn = PHYS_PFN(start);
	struct vmem_altmap *altmap;
	int err;

	altmap = kzalloc(sizeof(*altmap), gfp);
	if (!altmap)
		return -ENOMEM;
	altmap->base_pfn = pfn;
	altmap->free = memmap_pages;
	/* the rest of the block was RAM, and is not overwritten either */
	altmap->no_scrub = true;
	altmap->inaccessible = inaccessible;
	altmap->nid = nid;
	altmap->owner = memory_owner;

	err = vmem_altmap_register(altmap, pfn,
				   PHYS_PFN(memory_block_size_bytes()));
	if (err)
		kfree(altmap);
	return err;
}

/**
 * mhp_register_altmaps() - register an altmap for each memory block
 * @start: physical address of the first block
 * @size: bytes of all blocks
 * @nid: node of the memory
 * @memmap_pages: pages at the start of each block for its memmap
 * @inaccessible: the memory cannot be read or written while it is offline
 *
 * The caller registers before it adds the memory.
 *
 * Context: Under mem_hotplug_begin(). Allocates memory.
 * Return: 0; -ENOMEM, or -EBUSY if another altmap describes some of a block.
 * Then none is registered, and the log says so. -EEXIST would tell callers of
 * add_memory() that the memory was added before.
 */
int mhp_register_altmaps(u64 start, u64 size, int nid,
			 unsigned long memmap_pages, bool inaccessible)
{
	u64 at;
	int err;

	for (at = start; at < start + size; at += memory_block_size_bytes()) {
		err = register_altmap(at, nid, memmap_pages, inaccessible);
		if (err)
			goto out;
	}
	return 0;

out:
	pr_err("[mem %#010llx-%#010llx]: no altmap for the memory block at %#010llx (%pe)\n",
	       start, start + size - 1, at, ERR_PTR(err));
	mhp_unregister_altmaps(start, at - start);
	return err == -EEXIST ? -EBUSY : err;
}

/**
 * mhp_unregister_altmaps() - unregister the altmaps of those blocks that have one
 * @start: physical address of the first block
 * @size: bytes of all blocks; may be 0
 *
 * The caller unregisters after the memory was removed, or could not be added, and
 * before it releases the memory's resource.
 *
 * Context: Under mem_hotplug_begin().
 */
void mhp_unregister_altmaps(u64 start, u64 size)
{
	struct vmem_altmap *altmap;
	u64 at;

	for (at = start; at < start + size; at += memory_block_size_bytes()) {
		altmap = block_altmap(PHYS_PFN(at));
		if (!altmap)
			continue;
		vmem_altmap_unregister(altmap);
		kfree(altmap);
	}
}

/**
 * mhp_online_block() - online a memory block, but for the memmap that it holds
 * @pfn: the block's first
 * @nr_pages: pages of the block
 * @zone: where the block goes, with the memmap that it holds
 * @group: the memory group, or NULL
 *
 * The zone counts the memmap as present, and never as managed.
 *
 * Context: Under mem_hotplug_begin().
 * Return: 0, or what failed returned; then the block is as it was.
 */
int mhp_online_block(unsigned long pfn, unsigned long nr_pages,
		     struct zone *zone, struct memory_group *group)
{
	const struct vmem_altmap *altmap = block_altmap(pfn);
	const unsigned long memmap_pages = vmem_altmap_offset(altmap);
	int err;

	if (!altmap)
		return online_pages(pfn, nr_pages, zone, group);

	/* other memory's was poisoned when it was added */
	if (altmap->inaccessible)
		page_init_poison(pfn_to_page(pfn),
				 nr_pages * sizeof(struct page));
	err = mhp_init_memmap_on_memory(pfn, memmap_pages, zone);
	if (err)
		return err;
	err = online_pages(pfn + memmap_pages, nr_pages - memmap_pages, zone,
			   group);
	if (err) {
		mhp_deinit_memmap_on_memory(pfn, memmap_pages);
		return err;
	}
	adjust_present_page_count(pfn_to_page(pfn), group, memmap_pages);
	return 0;
}

/**
 * mhp_offline_block() - offline what mhp_online_block() has onlined
 * @pfn: the block's first
 * @nr_pages: pages of the block
 * @zone: where the block is
 * @group: the memory group, or NULL
 *
 * Context: Under mem_hotplug_begin().
 * Return: 0, or as offline_pages(); then the block is as it was.
 */
int mhp_offline_block(unsigned long pfn, unsigned long nr_pages,
		      struct zone *zone, struct memory_group *group)
{
	const long memmap_pages = vmem_altmap_offset(block_altmap(pfn));
	int err;

	if (!memmap_pages)
		return offline_pages(pfn, nr_pages, zone, group);

	/* before, since a zone without pages loses its threads and per-CPU lists */
	adjust_present_page_count(pfn_to_page(pfn), group, -memmap_pages);
	err = offline_pages(pfn + memmap_pages, nr_pages - memmap_pages, zone,
			    group);
	if (err) {
		adjust_present_page_count(pfn_to_page(pfn), group,
					  memmap_pages);
		return err;
	}
	mhp_deinit_memmap_on_memory(pfn, memmap_pages);
	return 0;
}
