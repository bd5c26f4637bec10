// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scrub: overwrite the struct pages that an altmap's storage has held.
 *
 * Struct pages hold kernel addresses, and the medium keeps them. The CPUs of the
 * node overwrite them after the range was removed, outside the memory hotplug lock,
 * while the range still has its owner.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#define pr_fmt(fmt) "vmem_altmap: " fmt

#include <linux/bitops.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/vmem_altmap.h>

#include <trace/events/vmem_altmap.h>

#include "../memmap_fill.h"
#include "internal.h"

/* memmap_fill_run() counts struct pages, which have 64 bytes mostly */
#define UNIT			64UL
#define UNITS_PER_BLOCK		(PMD_SIZE / UNIT)

/* Large pages map the storage if what is mapped begins with a PMD block. */
static unsigned long map_start(const struct vmem_altmap *altmap)
{
	return max(round_down(storage_start(altmap), PAGES_PER_BLOCK),
		   altmap->base_pfn);
}

/**
 * vmem_altmap_scrub_begin() - get ready to scrub an altmap's storage
 * @altmap: a registered altmap, whose range is about to be removed
 *
 * Maps the storage, since its direct map is removed with the range. If that fails
 * for lack of DRAM, vmem_altmap_free() overwrites each block instead, on one CPU
 * under the memory hotplug lock.
 *
 * Context: Process context, may sleep and allocate. Before the memory hotplug
 * lock is taken for the removal.
 */
void vmem_altmap_scrub_begin(struct vmem_altmap *altmap)
{
	if (!altmap->dirty)
		return;

	altmap->scrub_map = memremap(PFN_PHYS(map_start(altmap)),
				     PFN_PHYS(storage_end(altmap) -
					      map_start(altmap)),
				     MEMREMAP_WB);
	altmap->scrub_in_place = !altmap->scrub_map;
}

/* The part of this PMD block that lies in the storage */
static void scrub_block(struct vmem_altmap *altmap, unsigned long block)
{
	const unsigned long pfn = block * PAGES_PER_BLOCK;
	const unsigned long start = max(pfn, storage_start(altmap));
	const unsigned long end = min(pfn + PAGES_PER_BLOCK,
				      storage_end(altmap));

	vmem_altmap_zero(altmap->scrub_map +
			 PFN_PHYS(start - map_start(altmap)),
			 PFN_PHYS(end - start));
}

/* Nothing allocates from or frees to a range that was removed: no lock is needed. */
static void scrub_units(unsigned long start, unsigned long end, void *arg)
{
	struct vmem_altmap *altmap = arg;
	const unsigned long first = storage_start(altmap) / PAGES_PER_BLOCK;
	unsigned long i;

	for (i = start / UNITS_PER_BLOCK; i < end / UNITS_PER_BLOCK; i++)
		if (test_bit(i, altmap->dirty))
			scrub_block(altmap, first + i);
}

/**
 * vmem_altmap_scrub_end() - overwrite the storage of a range that was removed
 * @altmap: the altmap passed to vmem_altmap_scrub_begin(), still registered
 *
 * Overwrites with zeroes each PMD block of the storage that has held struct pages,
 * unless the altmap has no_scrub, or the kernel was booted with
 * vmem_altmap.scrub=0. The zeroes have left the CPUs' caches when this returns; the
 * driver flushes them to the medium.
 *
 * Context: Process context, may sleep. Not under the memory hotplug lock; the
 * range is still claimed by its owner.
 */
void vmem_altmap_scrub_end(struct vmem_altmap *altmap)
{
	struct memmap_fill fill;

	if (!altmap->scrub_map)
		return;

	trace_vmem_altmap_scrub_begin(altmap);
	memmap_fill_begin(&fill, altmap->nid);
	memmap_fill_run(&fill, scrub_units, altmap,
			nr_dirty(altmap) * UNITS_PER_BLOCK, UNITS_PER_BLOCK);
	memunmap(altmap->scrub_map);
	altmap->scrub_map = NULL;
	trace_vmem_altmap_scrub_end(altmap, memmap_fill_ns(&fill), fill.threads);
}
