/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit suites share that add real device memory, and write to it.
 *
 * With vmem_altmap_kunit.memory=1 they take legacy persistent memory that no
 * driver has claimed, 288 MiB of it that start on a section: memmap=384M!512M
 * on the command line of a guest with 1 GiB makes it. Without that they skip
 * what needs it.
 *
 * It is used in two ranges that meet inside a section. With sections of 128 MiB
 * the right range has a part of the first one, all of the second one, and a
 * part of the third one:
 *
 *	section	|<----------- 0 ----------->|<---- 1 ---->|<---- 2 ----
 *	range	|--- left ---|------------------ right ----------|
 */
#ifndef _MM_VMEM_ALTMAP_TESTS_DEVICE_H
#define _MM_VMEM_ALTMAP_TESTS_DEVICE_H

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/mmzone.h>
#include <linux/pgtable.h>
#include <linux/string.h>

#include "helpers.h"

#define LEFT_BYTES	SZ_64M
#define RIGHT_BYTES	(SZ_128M + SZ_64M + SZ_32M)
#define DEVICE_BYTES	(LEFT_BYTES + RIGHT_BYTES)

extern bool vmem_altmap_kunit_memory;	/* memory_kunit.c */

static inline int find_device(struct resource *res, void *device)
{
	phys_addr_t start = ALIGN(res->start, PFN_PHYS(PAGES_PER_SECTION));

	*(phys_addr_t *)device = start;
	return start + DEVICE_BYTES <= res->end + 1;
}

static inline void release_device(void *test)
{
	struct altmap_test *priv = ((struct kunit *)test)->priv;

	release_mem_region(priv->device, DEVICE_BYTES);
}

/* Claim the device memory until the test ends, or skip the test. */
static __maybe_unused void claim_device(struct kunit *test)
{
	struct altmap_test *priv = test->priv;

	if (!vmem_altmap_kunit_memory)
		kunit_skip(test, "writes to memory: needs vmem_altmap_kunit.memory=1\n");
	if (walk_iomem_res_desc(IORES_DESC_PERSISTENT_MEMORY_LEGACY,
				IORESOURCE_MEM, 0, -1, &priv->device,
				find_device) <= 0)
		kunit_skip(test, "no legacy persistent memory: boot with memmap=384M!512M\n");
	if (!request_mem_region(priv->device, DEVICE_BYTES,
				"vmem_altmap_kunit"))
		kunit_skip(test, "a driver has claimed the memory\n");
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, release_device,
							   test));
}

/* As the nvdimm driver lays it out: 8 KiB of its own, then a PMD aligned end */
static __maybe_unused struct dev_pagemap *
new_pagemap(struct kunit *test, phys_addr_t start, u64 size)
{
	const u64 memmap = PHYS_PFN(size) * sizeof(struct page);
	const u64 reserve = SZ_8K;
	struct dev_pagemap *pgmap;

	pgmap = kunit_kzalloc(test, sizeof(*pgmap), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pgmap);
	pgmap->type = MEMORY_DEVICE_GENERIC;
	pgmap->range.start = start;
	pgmap->range.end = start + size - 1;
	pgmap->nr_range = 1;
	pgmap->flags = PGMAP_ALTMAP_VALID;
	pgmap->altmap.base_pfn = PHYS_PFN(start);
	pgmap->altmap.reserve = PHYS_PFN(reserve);
	pgmap->altmap.free = PHYS_PFN(ALIGN(memmap + reserve, PMD_SIZE) -
				      reserve);
	return pgmap;
}

static inline struct dev_pagemap *right_pagemap(struct kunit *test)
{
	struct altmap_test *priv = test->priv;

	return new_pagemap(test, priv->device + LEFT_BYTES, RIGHT_BYTES);
}

/* Physical address behind a vmemmap address, 0 if nothing is mapped there */
static __maybe_unused phys_addr_t vmemmap_phys(unsigned long addr)
{
	pgd_t *pgd = pgd_offset_k(addr);
	p4d_t *p4d;
	pud_t *pud;
	pmd_t *pmd;
	pte_t *pte;

	if (pgd_none(*pgd))
		return 0;
	p4d = p4d_offset(pgd, addr);
	if (p4d_none(*p4d))
		return 0;
	pud = pud_offset(p4d, addr);
	if (pud_none(*pud))
		return 0;
	pmd = pmd_offset(pud, addr);
	if (pmd_none(*pmd))
		return 0;
	if (pmd_leaf(*pmd))
		return PFN_PHYS(pmd_pfn(*pmd)) + (addr & ~PMD_MASK);
	pte = pte_offset_kernel(pmd, addr);
	return pte_none(*pte) ? 0 : PFN_PHYS(pte_pfn(*pte));
}

static inline bool on_device(const struct dev_pagemap *pgmap, phys_addr_t phys)
{
	const unsigned long pfn = PHYS_PFN(phys);

	return pfn >= storage_start(&pgmap->altmap) &&
	       pfn < storage_end(&pgmap->altmap);
}

struct memmap_census {
	unsigned long pages;	/* of vmemmap */
	unsigned long device;	/* of these, mapped to the storage */
	unsigned long absent;	/* of these, not mapped */
};

static __maybe_unused struct memmap_census
count_memmap(const struct dev_pagemap *pgmap)
{
	const unsigned long pfn = PHYS_PFN(pgmap->range.start);
	const unsigned long end_pfn = PHYS_PFN(pgmap->range.end + 1);
	unsigned long addr = (unsigned long)pfn_to_page(pfn);
	const unsigned long end = (unsigned long)pfn_to_page(end_pfn);
	struct memmap_census census = {};

	for (; addr < end; addr += PAGE_SIZE) {
		phys_addr_t phys = vmemmap_phys(addr);

		census.pages++;
		census.absent += !phys;
		census.device += phys && on_device(pgmap, phys);
	}
	return census;
}

static __maybe_unused void expect_gone(struct kunit *test,
				       const struct dev_pagemap *pgmap)
{
	const struct altmap_test *priv = test->priv;
	struct memmap_census census = count_memmap(pgmap);

	KUNIT_EXPECT_EQ(test, census.pages, census.absent);
	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.alloc);
	KUNIT_EXPECT_NULL(test, lookup(PHYS_PFN(pgmap->range.start)));
	KUNIT_EXPECT_EQ(test, 0, priv->bad_frees);
	KUNIT_EXPECT_EQ(test, 0, priv->busy_unregisters);
}

KUNIT_DEFINE_ACTION_WRAPPER(memunmap_action, memunmap_pages,
			    struct dev_pagemap *);

/* Add the memory, until unmap_device() or the end of the test. */
static __maybe_unused void map_device(struct kunit *test,
				      struct dev_pagemap *pgmap)
{
	KUNIT_ASSERT_FALSE(test, IS_ERR(memremap_pages(pgmap, 0)));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   memunmap_action,
							   pgmap));
}

static __maybe_unused void unmap_device(struct kunit *test,
					struct dev_pagemap *pgmap)
{
	kunit_release_action(test, memunmap_action, pgmap);
	expect_gone(test, pgmap);
}

/* The storage, mapped whether or not the memory is added */
static __maybe_unused void *memremap_storage(struct kunit *test,
					     const struct dev_pagemap *pgmap)
{
	const struct vmem_altmap *altmap = &pgmap->altmap;
	void *storage = memremap(PFN_PHYS(storage_start(altmap)),
				 PFN_PHYS(altmap->free), MEMREMAP_WB);

	KUNIT_ASSERT_NOT_NULL(test, storage);
	return storage;
}

static __maybe_unused void fill_storage(struct kunit *test,
					const struct dev_pagemap *pgmap,
					int byte)
{
	void *storage = memremap_storage(test, pgmap);

	memset(storage, byte, PFN_PHYS(pgmap->altmap.free));
	memunmap(storage);
}

static __maybe_unused bool storage_is_clear(struct kunit *test,
					    const struct dev_pagemap *pgmap)
{
	void *storage = memremap_storage(test, pgmap);
	bool clear = !memchr_inv(storage, 0, PFN_PHYS(pgmap->altmap.free));

	memunmap(storage);
	return clear;
}

#endif /* _MM_VMEM_ALTMAP_TESTS_DEVICE_H */
