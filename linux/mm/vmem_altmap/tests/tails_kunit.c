// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the struct pages of compound pages, on real device memory: tails
 * share a page of struct pages.
 *
 * Where an architecture cannot share, or this machine's vmemmap has no large pages,
 * the tests expect that nothing is shared.
 */
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "../../internal.h"
#include "device.h"

#define STRUCT_PAGES	(PAGE_SIZE / sizeof(struct page))

static int tails_test_init(struct kunit *test)
{
	altmap_test_init(test);
	claim_device(test);
	return 0;
}

static struct dev_pagemap *compound_pagemap(struct kunit *test,
					    struct dev_pagemap *pgmap,
					    unsigned int order)
{
	pgmap->vmemmap_shift = order;
	return pgmap;
}

/* The right range, of compound pages as large as a PMD maps */
static struct dev_pagemap *pmd_pagemap(struct kunit *test)
{
	return compound_pagemap(test, right_pagemap(test),
				PMD_SHIFT - PAGE_SHIFT);
}

static bool machine_dedups(void)
{
	return vmem_altmap_dedup && arch_vmemmap_can_share() &&
	       is_power_of_2(sizeof(struct page));
}

static void restore_dedup(void *was_on)
{
	vmem_altmap_dedup = was_on;
}

/* For the altmaps registered from now on; restored when the test ends */
static void set_dedup(struct kunit *test, bool on)
{
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, restore_dedup,
					 (void *)(long)vmem_altmap_dedup));
	vmem_altmap_dedup = on;
}

static unsigned long data_start(const struct dev_pagemap *pgmap)
{
	return PHYS_PFN(pgmap->range.start) +
	       vmem_altmap_offset(&pgmap->altmap);
}

static unsigned long data_end(const struct dev_pagemap *pgmap)
{
	return PHYS_PFN(pgmap->range.end + 1);
}

/* Number @nr of the pages of struct pages of the compound page at @pfn */
static phys_addr_t page_of(unsigned long pfn, unsigned long nr)
{
	return vmemmap_phys((unsigned long)pfn_to_page(pfn) + nr * PAGE_SIZE);
}

/* Add the range. False if this machine shares nothing, as is expected then. */
static bool map_shared(struct kunit *test, struct dev_pagemap *pgmap)
{
	const unsigned long start = data_start(pgmap);
	struct memmap_census census;

	map_device(test, pgmap);
	census = count_memmap(pgmap);
	KUNIT_EXPECT_EQ(test, census.pages, census.device);
	KUNIT_EXPECT_EQ(test, census.pages - pgmap->altmap.tails.pages,
			pgmap->altmap.alloc);
	KUNIT_EXPECT_EQ(test, machine_dedups(),
			vmem_altmap_is_shared(&pgmap->altmap,
					      pfn_to_page(start) + STRUCT_PAGES));
	if (machine_dedups())
		return true;

	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.tails.pages);
	unmap_device(test, pgmap);
	return false;
}

/* Each compound page has one page of struct pages, and one for tails, its own or all's */
static void expect_two_pages(struct kunit *test, struct dev_pagemap *pgmap)
{
	const unsigned long nr_pages = 1UL << pgmap->vmemmap_shift;
	const unsigned long nr = nr_pages / STRUCT_PAGES;
	const phys_addr_t first_tails = page_of(data_start(pgmap), 1);
	phys_addr_t head, tails, last_tails = 0;
	unsigned long pfn, i, wrong = 0;

	for (pfn = data_start(pgmap); pfn < data_end(pgmap); pfn += nr_pages) {
		head = page_of(pfn, 0);
		tails = page_of(pfn, 1);
		wrong += head == tails || head == last_tails ||
			 (compound_tails_alike() ? tails != first_tails :
						   tails == last_tails) ||
			 vmem_altmap_is_shared(&pgmap->altmap,
					       pfn_to_page(pfn));
		for (i = 1; i < nr; i++)
			wrong += page_of(pfn, i) != tails ||
				 !vmem_altmap_is_shared(&pgmap->altmap,
							pfn_to_page(pfn) +
							i * STRUCT_PAGES);
		last_tails = tails;
	}
	KUNIT_EXPECT_EQ(test, 0, wrong);
}

static void tails_share_a_page(struct kunit *test)
{
	struct dev_pagemap *pgmap = pmd_pagemap(test);
	int i;

	for (i = 0; i < 3; i++) {
		if (!map_shared(test, pgmap))
			return;
		expect_two_pages(test, pgmap);
		unmap_device(test, pgmap);
	}
}

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, const void *);

/* Copy the range's struct pages. The copy is freed when the test ends. */
static void *copy_memmap(struct kunit *test, const struct dev_pagemap *pgmap)
{
	const unsigned long pfn = PHYS_PFN(pgmap->range.start);
	const size_t size = (data_end(pgmap) - pfn) * sizeof(struct page);
	void *copy = vmalloc(size);

	KUNIT_ASSERT_NOT_NULL(test, copy);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, vfree_action,
							   copy));
	memcpy(copy, pfn_to_page(pfn), size);
	return copy;
}

static void readers_see_what_they_see_without(struct kunit *test)
{
	struct dev_pagemap *pgmap = pmd_pagemap(test);
	const size_t size = PHYS_PFN(RIGHT_BYTES) * sizeof(struct page);
	void *with, *without;

	if (!map_shared(test, pgmap))
		return;
	with = copy_memmap(test, pgmap);
	unmap_device(test, pgmap);

	set_dedup(test, false);
	KUNIT_EXPECT_FALSE(test, map_shared(test, pgmap));
	map_device(test, pgmap);
	without = copy_memmap(test, pgmap);
	unmap_device(test, pgmap);
	KUNIT_EXPECT_EQ(test, 0, memcmp(with, without, size));
}

static void heads_can_be_written(struct kunit *test)
{
	struct dev_pagemap *pgmap = pmd_pagemap(test);
	struct page *first, *second;
	int count;

	if (!map_shared(test, pgmap))
		return;

	first = pfn_to_page(data_start(pgmap));
	second = first + PAGES_PER_BLOCK;
	count = page_ref_count(first);
	get_page(second - 1);
	KUNIT_EXPECT_EQ(test, count + 1, page_ref_count(first));
	KUNIT_EXPECT_EQ(test, 0, page_ref_count(second - 1));
	KUNIT_EXPECT_EQ(test, count, page_ref_count(second));
	put_page(second - 1);
	KUNIT_EXPECT_EQ(test, count, page_ref_count(first));
	unmap_device(test, pgmap);
}

/* Their border lies inside a section. */
static void neighbours_share_no_tails(struct kunit *test)
{
	struct altmap_test *priv = test->priv;
	struct dev_pagemap *left = new_pagemap(test, priv->device, LEFT_BYTES);
	struct dev_pagemap *right = pmd_pagemap(test);

	compound_pagemap(test, left, PMD_SHIFT - PAGE_SHIFT);
	if (!map_shared(test, left))
		return;
	map_shared(test, right);
	expect_two_pages(test, left);
	expect_two_pages(test, right);

	unmap_device(test, left);
	expect_two_pages(test, right);
	left->vmemmap_shift = 0;
	map_device(test, left);
	KUNIT_EXPECT_EQ(test, 0, left->altmap.tails.pages);
	expect_two_pages(test, right);
	unmap_device(test, right);
	unmap_device(test, left);
}

/* Two pages of struct pages: there is no third. */
static void small_pages_share_nothing(struct kunit *test)
{
	struct dev_pagemap *pgmap = compound_pagemap(test, right_pagemap(test),
						     ilog2(2 * STRUCT_PAGES));

	map_device(test, pgmap);
	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.tails.pages);
	KUNIT_EXPECT_EQ(test, count_memmap(pgmap).pages, pgmap->altmap.alloc);
	unmap_device(test, pgmap);
}

static struct kunit_case tails_cases[] = {
	KUNIT_CASE(tails_share_a_page),
	KUNIT_CASE(readers_see_what_they_see_without),
	KUNIT_CASE(heads_can_be_written),
	KUNIT_CASE(neighbours_share_no_tails),
	KUNIT_CASE(small_pages_share_nothing),
	{}
};

static struct kunit_suite tails_suite = {
	.name = "vmem_altmap_tails",
	.init = tails_test_init,
	.test_cases = tails_cases,
};

kunit_test_suite(tails_suite);
