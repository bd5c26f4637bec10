// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scrub: overwrite what page structs an altmap's storage has held.
 *
 * Page structs hold kernel addresses, and the medium keeps them. They are
 * overwritten when the range was removed, outside the memory hotplug lock, by
 * the CPUs of its node, while the range still has its owner.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#define pr_fmt(fmt) "vmem_altmap: " fmt

#include <linux/bitops.h>
#include <linux/io.h>
#include <linux/memmap_fill.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/timekeeping.h>
#include <linux/vmem_altmap.h>

#include <trace/events/vmem_altmap.h>

#include "internal.h"

/* memmap_fill_split() counts page structs: as many bytes as one has, mostly */
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
 * Maps the storage, since its direct map goes with the range. If there is no
 * DRAM for that, vmem_altmap_free() overwrites each block on the spot instead, by
 * one CPU under the memory hotplug lock.
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

/* What lies in the storage of the PMD block with this number */
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

/* Nobody changes the books of a range that was removed: no lock is needed. */
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
 * @altmap: the altmap that vmem_altmap_scrub_begin() had, still registered
 *
 * Overwrites each PMD block of the storage that has held page structs with zeroes,
 * unless the altmap has no_scrub, or the boot parameter vmem_altmap.scrub=0 says
 * so. They have left the CPUs' caches when this returns; what else it takes until a
 * medium has them is the driver's to do.
 *
 * Context: Process context, may sleep. Not under the memory hotplug lock; the
 * range is still claimed by its owner.
 */
void vmem_altmap_scrub_end(struct vmem_altmap *altmap)
{
	const u64 start_ns = ktime_get_ns();
	unsigned int threads;

	if (!altmap->scrub_map)
		return;

	trace_vmem_altmap_scrub_begin(altmap);
	threads = memmap_fill_split(scrub_units, altmap,
				    nr_dirty(altmap) * UNITS_PER_BLOCK,
				    UNITS_PER_BLOCK, altmap->nid);
	memunmap(altmap->scrub_map);
	altmap->scrub_map = NULL;
	trace_vmem_altmap_scrub_end(altmap, ktime_get_ns() - start_ns, threads);
}
