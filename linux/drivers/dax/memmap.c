// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page maps of a device-dax device, and its memmap on the device itself
 *
 * CXL and soft-reserved memory have no namespace that says where the memmap is to be.
 * If user space writes 1 to memmap_on_memory of the device, each of its ranges begins
 * with an altmap that describes this range. User space maps what is behind, as one
 * file.
 *
 *	range     | memmap of it | data, whole pages of the device's alignment | unused |
 *	file                     | page offset 0, or behind the range before   |
 *
 * Nothing of that is written to the device. Each probe computes it anew.
 */
#include <linux/device.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmem_altmap.h>
#include "dax-private.h"
#include "bus.h"

/* Bytes that hold the struct pages of @nr_pages pages */
static resource_size_t storage_size(unsigned long nr_pages, unsigned int order)
{
	return min_not_zero(vmem_altmap_compact_size(nr_pages, order),
			    PAGE_ALIGN(nr_pages * sizeof(struct page)));
}

static int set_aside(struct dev_dax *dev_dax, int range_id)
{
	const struct range *range = &dev_dax->ranges[range_id].range;
	const resource_size_t align = max_t(resource_size_t, dev_dax->align,
					    memremap_compat_align());
	const resource_size_t size =
		storage_size(PHYS_PFN(range_len(range)),
			     order_base_2(dev_dax->align >> PAGE_SHIFT));
	resource_size_t start, end;

	start = ALIGN(range->start + size, align);
	end = ALIGN_DOWN(range->end + 1, align);
	if (start >= end) {
		dev_warn(&dev_dax->dev,
			 "mapping%d: %#llx-%#llx is too small for its memmap, %llu KiB, and a page of %u KiB\n",
			 range_id, range->start, range->end, size >> 10,
			 dev_dax->align >> 10);
		return -ENOSPC;
	}
	dev_dax_set_aside(dev_dax, range_id, start - range->start,
			  range->end + 1 - end);
	return 0;
}

static void give_back(void *data)
{
	struct dev_dax *dev_dax = data;
	int i;

	for (i = 0; i < dev_dax->nr_range; i++)
		dev_dax_set_aside(dev_dax, i, 0, 0);
}

static int set_all_aside(struct dev_dax *dev_dax)
{
	int i, rc;

	rc = devm_add_action(&dev_dax->dev, give_back, dev_dax);
	for (i = 0; !rc && i < dev_dax->nr_range; i++)
		rc = set_aside(dev_dax, i);
	return rc;
}

/**
 * dev_dax_pgmaps() - make page maps for the ranges of a device
 * @dev_dax: device of a dynamic region; its driver is being probed
 *
 * What is set aside for memmaps is given back when the driver is unbound.
 *
 * Context: Process context, under the lock of the device.
 * Return: an array, devres of the device, of a page map for each range, for
 * memremap_pages(); or an ERR_PTR().
 */
struct dev_pagemap *dev_dax_pgmaps(struct dev_dax *dev_dax)
{
	const bool memmap = dev_dax_has_memmap(dev_dax);
	struct dev_pagemap *pgmaps;
	int i, rc;

	pgmaps = devm_kcalloc(&dev_dax->dev, dev_dax->nr_range,
			      sizeof(*pgmaps), GFP_KERNEL);
	if (!pgmaps)
		return ERR_PTR(-ENOMEM);
	if (memmap) {
		rc = set_all_aside(dev_dax);
		if (rc)
			return ERR_PTR(rc);
	}

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct dev_dax_range *dax_range = &dev_dax->ranges[i];

		pgmaps[i].nr_range = 1;
		pgmaps[i].range.start = dax_range->range.start;
		pgmaps[i].range.end = dax_data_range(dax_range).end;
		if (!memmap)
			continue;
		pgmaps[i].flags = PGMAP_ALTMAP_VALID;
		pgmaps[i].altmap.base_pfn = PHYS_PFN(dax_range->range.start);
		pgmaps[i].altmap.free = PHYS_PFN(dax_range->memmap);
	}
	return pgmaps;
}
