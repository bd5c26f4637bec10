// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the memmap of real device memory: that an altmap's storage
 * holds it, that it goes with the memory, and how the storage is scrubbed.
 *
 * registry_kunit.c tests what made-up pfns are enough for, and
 * mm/tests/memmap_fill_kunit.c how the struct pages are initialised. See
 * Documentation/mm/vmem_altmap.rst.
 */
#include <linux/moduleparam.h>

#include "device.h"

bool vmem_altmap_kunit_memory;
module_param_named(memory, vmem_altmap_kunit_memory, bool, 0444);
MODULE_PARM_DESC(memory, "overwrite legacy persistent memory, to test on it");

static int memory_test_init(struct kunit *test)
{
	altmap_test_init(test);
	claim_device(test);
	return 0;
}

static struct dev_pagemap *left_pagemap(struct kunit *test)
{
	struct altmap_test *priv = test->priv;

	return new_pagemap(test, priv->device, LEFT_BYTES);
}

static void restore_scrub(void *was_on)
{
	vmem_altmap_scrub = was_on;
}

/* For the altmaps registered from now on; restored when the test ends */
static void set_scrub(struct kunit *test, bool on)
{
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, restore_scrub,
					 (void *)(long)vmem_altmap_scrub));
	vmem_altmap_scrub = on;
}

static void expect_on_device(struct kunit *test,
			     const struct dev_pagemap *pgmap)
{
	struct memmap_census census = count_memmap(pgmap);

	KUNIT_EXPECT_EQ(test, census.pages, census.device);
	KUNIT_EXPECT_EQ(test, census.pages, pgmap->altmap.alloc);
}

static void expect_refused(struct kunit *test, struct dev_pagemap *pgmap,
			   int err)
{
	void *addr = memremap_pages(pgmap, 0);

	if (!IS_ERR(addr))
		memunmap_pages(pgmap);
	KUNIT_ASSERT_EQ(test, err, PTR_ERR_OR_ZERO(addr));
	expect_gone(test, pgmap);
}

static void memmap_lies_on_the_device_and_goes_with_it(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	int i;

	for (i = 0; i < 3; i++) {
		map_device(test, pgmap);
		expect_on_device(test, pgmap);
		unmap_device(test, pgmap);
	}
}

static void memmap_without_altmap_is_in_dram(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	struct memmap_census census;

	pgmap->flags = 0;
	map_device(test, pgmap);
	census = count_memmap(pgmap);
	KUNIT_EXPECT_EQ(test, 0, census.device);
	KUNIT_EXPECT_EQ(test, 0, census.absent);
	unmap_device(test, pgmap);
}

static void neighbours_in_one_section_keep_to_themselves(struct kunit *test)
{
	struct dev_pagemap *left = left_pagemap(test);
	struct dev_pagemap *right = right_pagemap(test);

	map_device(test, left);
	map_device(test, right);
	expect_on_device(test, left);
	expect_on_device(test, right);

	unmap_device(test, left);
	expect_on_device(test, right);
	map_device(test, left);
	expect_on_device(test, left);

	unmap_device(test, right);
	expect_on_device(test, left);
	unmap_device(test, left);
}

static void reserve_and_storage_have_page_structs(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	unsigned long pfn = pgmap->altmap.base_pfn;
	const unsigned long end = pfn + vmem_altmap_offset(&pgmap->altmap);

	map_device(test, pgmap);
	for (; pfn < end; pfn++) {
		const struct page *page = pfn_to_page(pfn);

		KUNIT_EXPECT_EQ(test, ZONE_DEVICE, page_zonenum(page));
		KUNIT_EXPECT_TRUE(test, PageReserved(page));
		KUNIT_EXPECT_EQ(test, 1, page_ref_count(page));
		KUNIT_EXPECT_FALSE(test, pgmap_pfn_valid(pgmap, pfn));
	}
	unmap_device(test, pgmap);
}

static void data_pages_are_the_drivers(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	unsigned long pfn = pgmap->altmap.base_pfn +
			    vmem_altmap_offset(&pgmap->altmap);
	const unsigned long end = PHYS_PFN(pgmap->range.end + 1);

	map_device(test, pgmap);
	for (; pfn < end; pfn++) {
		KUNIT_EXPECT_PTR_EQ(test, pgmap, page_pgmap(pfn_to_page(pfn)));
		KUNIT_EXPECT_TRUE(test, pgmap_pfn_valid(pgmap, pfn));
	}
	unmap_device(test, pgmap);
}

/* The range is two whole sections and a part of a third one. */
static void pageblocks_are_movable(struct kunit *test)
{
	struct altmap_test *priv = test->priv;
	struct dev_pagemap *pgmap = new_pagemap(test, priv->device, DEVICE_BYTES);
	const unsigned long end = PHYS_PFN(pgmap->range.end + 1);
	unsigned long pfn = PHYS_PFN(pgmap->range.start);

	map_device(test, pgmap);
	for (; pfn < end; pfn += pageblock_nr_pages)
		KUNIT_EXPECT_EQ(test, MIGRATE_MOVABLE,
				get_pageblock_migratetype(pfn_to_page(pfn)));
	unmap_device(test, pgmap);
}

static void altmap_may_take_all_of_the_range(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	pgmap->altmap.free = PHYS_PFN(RIGHT_BYTES) - pgmap->altmap.reserve;
	map_device(test, pgmap);
	expect_on_device(test, pgmap);
	unmap_device(test, pgmap);
}

/*
 * With 4 KiB pages and sections of 128 MiB, the memmap of the right range takes
 * 256 pages for the rest of the first section, a PMD block for the second one
 * and 128 pages for the start of the third one.
 */
struct dry_case {
	const char *name;
	unsigned long reserve;
	unsigned long free;
};

static const struct dry_case dry_cases[] = {
	{ "nothing", 2, 0 },
	{ "some pages", 2, 10 },
	{ "first section", 2, 256 },
	{ "no PMD block", 2, 895 },
	{ "all but the last page",
	  PAGES_PER_BLOCK - 383, 383 + PAGES_PER_BLOCK },
};

KUNIT_ARRAY_PARAM_DESC(dry, dry_cases, name);

static void dry_altmap_is_undone_and_can_be_tried_again(struct kunit *test)
{
	const struct dry_case *param = test->param_value;
	struct dev_pagemap *pgmap = right_pagemap(test);
	const struct vmem_altmap enough = pgmap->altmap;

	pgmap->altmap.reserve = param->reserve;
	pgmap->altmap.free = param->free;
	expect_refused(test, pgmap, -ENOMEM);

	pgmap->altmap = enough;
	map_device(test, pgmap);
	expect_on_device(test, pgmap);
	unmap_device(test, pgmap);
}

static void bad_altmap_adds_no_memory(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	pgmap->altmap.base_pfn++;
	expect_refused(test, pgmap, -EINVAL);
	pgmap->altmap.base_pfn--;
	pgmap->altmap.reserve = PHYS_PFN(RIGHT_BYTES);
	expect_refused(test, pgmap, -EINVAL);
}

/* An altmap is for a single range, and one that the CPU can write. */
static void altmap_for_other_memory_is_refused(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	pgmap->type = MEMORY_DEVICE_PRIVATE;
	expect_refused(test, pgmap, -EINVAL);
	pgmap->type = MEMORY_DEVICE_GENERIC;
	pgmap->nr_range = 2;
	expect_refused(test, pgmap, -EINVAL);
}

static void memory_around_a_registered_altmap_is_refused(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	struct vmem_altmap *altmap;

	altmap = add_altmap(test, pgmap->altmap.base_pfn + 1024, 1024, 0, 8);
	pgmap->flags = 0;
	expect_refused(test, pgmap, -EINVAL);
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(altmap->base_pfn));
}

/* All of the range is storage; its memmap leaves most of that to the test. */
static struct dev_pagemap *map_all_as_storage(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	pgmap->altmap.free = PHYS_PFN(RIGHT_BYTES) - pgmap->altmap.reserve;
	map_device(test, pgmap);
	return pgmap;
}

static void *alloc_filled(struct kunit *test, struct vmem_altmap *altmap,
			  unsigned long size)
{
	void *block = alloc_block(altmap, size);

	KUNIT_ASSERT_NOT_NULL(test, block);
	return memset(block, 0x5a, size);
}

static void expect_filled(struct kunit *test, const void *block, int byte,
			  unsigned long size)
{
	KUNIT_EXPECT_NULL(test, memchr_inv(block, byte, size));
}

static const unsigned long size_cases[] = { PAGE_SIZE, PMD_SIZE };

static void size_desc(const unsigned long *size, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%lu bytes", *size);
}

KUNIT_ARRAY_PARAM(size, size_cases, size_desc);

/* What vmem_altmap_free() does when the storage could not be mapped */
static void block_freed_in_place_reads_as_zeroes_alone(struct kunit *test)
{
	const unsigned long size = *(const unsigned long *)test->param_value;
	struct altmap_test *priv = test->priv;
	struct dev_pagemap *pgmap = map_all_as_storage(test);
	void *left = alloc_filled(test, &pgmap->altmap, size);
	void *block = alloc_filled(test, &pgmap->altmap, size);
	void *right = alloc_filled(test, &pgmap->altmap, size);

	KUNIT_ASSERT_PTR_EQ(test, left + size, block);
	KUNIT_ASSERT_PTR_EQ(test, block + size, right);
	pgmap->altmap.scrub_in_place = true;
	free_pfn(PHYS_PFN(__pa(block)),
		 size == PMD_SIZE ? PAGE_SIZE : PMD_SIZE);
	expect_filled(test, block, 0x5a, size);
	KUNIT_EXPECT_EQ(test, 1, priv->bad_frees);
	priv->bad_frees = 0;
	free_pfn(PHYS_PFN(__pa(block)), size);
	expect_filled(test, left, 0x5a, size);
	expect_filled(test, block, 0, size);
	expect_filled(test, right, 0x5a, size);

	pgmap->altmap.scrub_in_place = false;
	free_pfn(PHYS_PFN(__pa(left)), size);
	free_pfn(PHYS_PFN(__pa(right)), size);
	expect_filled(test, left, 0x5a, size);
	expect_filled(test, right, 0x5a, size);
	unmap_device(test, pgmap);
}

static void removed_memmap_leaves_nothing_behind(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	fill_storage(test, pgmap, 0);
	set_scrub(test, true);
	map_device(test, pgmap);
	unmap_device(test, pgmap);
	KUNIT_EXPECT_TRUE(test, storage_is_clear(test, pgmap));

	set_scrub(test, false);
	map_device(test, pgmap);
	unmap_device(test, pgmap);
	KUNIT_EXPECT_FALSE(test, storage_is_clear(test, pgmap));
}

/* The altmap has four PMD blocks more than its memmap takes. */
static void unused_storage_is_not_scrubbed(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	const unsigned long used = PFN_PHYS(pgmap->altmap.free);
	void *storage;

	pgmap->altmap.free += 4 * PAGES_PER_BLOCK;
	fill_storage(test, pgmap, 0x5a);
	set_scrub(test, true);
	map_device(test, pgmap);
	unmap_device(test, pgmap);

	storage = memremap_storage(test, pgmap);
	KUNIT_EXPECT_NULL(test, memchr_inv(storage + used + 2 * PMD_SIZE, 0x5a,
					   PMD_SIZE));
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(storage, 0x5a, used));
	memunmap(storage);
}

static void altmap_can_do_without_scrub(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	fill_storage(test, pgmap, 0);
	set_scrub(test, true);
	pgmap->altmap.no_scrub = true;
	map_device(test, pgmap);
	unmap_device(test, pgmap);
	KUNIT_EXPECT_FALSE(test, storage_is_clear(test, pgmap));
}

/*
 * A part of the memmap is populated before the storage is exhausted. Only
 * poison is written there, 0xff for struct pages that are not initialised and
 * 0xfd for the unused part of a PMD block: there is nothing to scrub.
 */
static void failed_add_writes_no_page_struct(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	unsigned long i, written = 0;
	u8 *storage;

	fill_storage(test, pgmap, 0);
	pgmap->altmap.free = 300;
	expect_refused(test, pgmap, -ENOMEM);

	storage = memremap_storage(test, pgmap);
	for (i = 0; i < PFN_PHYS(pgmap->altmap.free); i++)
		written += storage[i] && storage[i] != 0xff &&
			   storage[i] != 0xfd;
	KUNIT_EXPECT_EQ(test, 0, written);
	memunmap(storage);
}

static struct kunit_case memory_test_cases[] = {
	KUNIT_CASE(memmap_lies_on_the_device_and_goes_with_it),
	KUNIT_CASE(memmap_without_altmap_is_in_dram),
	KUNIT_CASE(neighbours_in_one_section_keep_to_themselves),
	KUNIT_CASE(reserve_and_storage_have_page_structs),
	KUNIT_CASE(data_pages_are_the_drivers),
	KUNIT_CASE(pageblocks_are_movable),
	KUNIT_CASE(altmap_may_take_all_of_the_range),
	KUNIT_CASE_PARAM(dry_altmap_is_undone_and_can_be_tried_again,
			 dry_gen_params),
	KUNIT_CASE(bad_altmap_adds_no_memory),
	KUNIT_CASE(altmap_for_other_memory_is_refused),
	KUNIT_CASE(memory_around_a_registered_altmap_is_refused),
	KUNIT_CASE_PARAM(block_freed_in_place_reads_as_zeroes_alone,
			 size_gen_params),
	KUNIT_CASE(removed_memmap_leaves_nothing_behind),
	KUNIT_CASE(unused_storage_is_not_scrubbed),
	KUNIT_CASE(altmap_can_do_without_scrub),
	KUNIT_CASE(failed_add_writes_no_page_struct),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "vmem_altmap_memory",
	.init = memory_test_init,
	.test_cases = memory_test_cases,
};

kunit_test_suite(memory_suite);
