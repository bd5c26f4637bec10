// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of memmap_fill: how CPUs share a job, and that struct pages which
 * are copied equal those initialised field by field.
 *
 * Where the struct pages lie is tested in mm/vmem_altmap/tests/. See
 * Documentation/mm/vmem_altmap.rst.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/nodemask.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "../internal.h"
#include "../memmap_fill.h"
#include "../vmem_altmap/tests/device.h"

KUNIT_DEFINE_ACTION_WRAPPER(vfree_action, vfree, void *);

struct filled {
	unsigned long *map;
	unsigned long align;
	atomic_t twice;
	atomic_t unaligned;
};

static void mark_filled(unsigned long start, unsigned long end, void *arg)
{
	struct filled *filled = arg;

	if (!IS_ALIGNED(start, filled->align))
		atomic_inc(&filled->unaligned);
	for (; start < end; start++)
		if (test_and_set_bit(start, filled->map))
			atomic_inc(&filled->twice);
}

static const struct split_param {
	const char *name;
	unsigned long nr;
	unsigned long align;
	unsigned int threads;
} split_params[] = {
	{ "nothing", 0, 1, 0 },
	{ "a page", 1, 1, 0 },
	{ "small", 1000, 1, 0 },
	{ "all CPUs", 9 * SZ_1M + 3, 1, 0 },
	{ "one thread, in rounds", 33 * SZ_1M + 3, 1, 1 },
	{ "two threads", 9 * SZ_1M + 3, 1, 2 },
	{ "compound pages of 512", 9 * SZ_1M, 512, 0 },
	{ "compound pages of 256 Ki", 9 * SZ_1M, SZ_256K, 0 },
};

KUNIT_ARRAY_PARAM_DESC(split, split_params, name);

static void restore_threads(void *threads)
{
	memmap_fill_threads = (unsigned long)threads;
}

/* The CPUs that work for a node, unless some of them are isolated */
static unsigned int fill_cpus(int nid)
{
	if (!node_state(nid, N_CPU))
		nid = numa_nearest_node(nid, N_CPU);
	return cpumask_weight(cpumask_of_node(nid));
}

static void split_range_is_filled_once(struct kunit *test)
{
	const struct split_param *param = test->param_value;
	const unsigned int cpus = fill_cpus(first_online_node);
	struct filled filled = { .align = param->align };
	unsigned long threads = memmap_fill_threads;
	struct memmap_fill fill;

	filled.map = vcalloc(BITS_TO_LONGS(param->nr + 1), sizeof(long));
	KUNIT_ASSERT_NOT_NULL(test, filled.map);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, vfree_action,
							   filled.map));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, restore_threads,
						  (void *)threads));
	memmap_fill_threads = param->threads;
	memmap_fill_begin(&fill, first_online_node);
	memmap_fill_run(&fill, mark_filled, &filled, param->nr, param->align);
	KUNIT_EXPECT_LE(test, fill.threads, param->threads ?: cpus);
	/* 0 if there is nothing to fill, and small ranges are not split */
	if (param->nr < SZ_256K)
		KUNIT_EXPECT_EQ(test, fill.threads, param->nr ? 1 : 0);
	else
		KUNIT_EXPECT_EQ(test, fill.threads > 1,
				cpus > 1 && param->threads != 1);
	KUNIT_EXPECT_EQ(test, param->nr,
			bitmap_weight(filled.map, param->nr + 1));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&filled.twice));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&filled.unaligned));
}

struct shared {
	atomic_t calls;
	bool innermost;
};

static void fill_with_another(unsigned long start, unsigned long end,
			      void *arg);

static void fill_shared(struct shared *shared)
{
	struct memmap_fill fill;

	memmap_fill_begin(&fill, first_online_node);
	memmap_fill_run(&fill, fill_with_another, shared, SZ_8M, 1);
}

/* The first call of each range adds a range that is filled at the same time. */
static void fill_with_another(unsigned long start, unsigned long end,
			      void *arg)
{
	struct shared *shared = arg;

	if (atomic_inc_return(&shared->calls) == 1 && !shared->innermost)
		fill_shared(shared + 1);
}

static void ranges_at_once_share_the_cpus(struct kunit *test)
{
	const unsigned int cpus = fill_cpus(first_online_node);
	struct shared *ranges;

	if (cpus < 2 || cpus > 8)
		kunit_skip(test, "%u CPUs, wants 2 to 8\n", cpus);
	ranges = kunit_kcalloc(test, cpus, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	ranges[cpus - 1].innermost = true;
	fill_shared(ranges);

	/* the first began alone; the last has one CPU and is not split */
	KUNIT_EXPECT_GT(test, atomic_read(&ranges[0].calls), 1);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ranges[cpus - 1].calls));
}

static const struct fill_param {
	const char *name;
	bool altmap;
	unsigned int order;
	unsigned long more;	/* pages of storage */
} fill_params[] = {
	{ "pages, memmap on the device", true, 0, 0 },
	{ "pages, memmap on the device, an odd number", true, 0, 1 },
	{ "pages, memmap in DRAM", false, 0, 0 },
	{ "compound pages, memmap on the device", true,
	  PMD_SHIFT - PAGE_SHIFT, 0 },
	{ "compound pages, memmap in DRAM", false, PMD_SHIFT - PAGE_SHIFT, 0 },
	{ "compound pages of four, memmap on the device", true, 2, 0 },
};

KUNIT_ARRAY_PARAM_DESC(fill, fill_params, name);

static void restore_fill(void *enable)
{
	memmap_fill_enable = enable;
}

static struct page *new_struct_pages(struct kunit *test, unsigned long nr)
{
	struct page *pages = vmalloc(array_size(nr, sizeof(*pages)));

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, vfree_action,
							   pages));
	return pages;
}

/* The memory is added twice: with fields written, and with copies made. */
static void copied_page_structs_are_what_fields_give(struct kunit *test)
{
	const struct fill_param *param = test->param_value;
	const unsigned long nr = PHYS_PFN(RIGHT_BYTES);
	unsigned long pfn, i, wrong = 0, last = 0;
	struct dev_pagemap *pgmap;
	struct page *wanted;

	if (!IS_ENABLED(CONFIG_DEBUG_VM))
		kunit_skip(test, "needs DEBUG_VM, which poisons what is not written yet\n");
	claim_device(test);
	wanted = new_struct_pages(test, nr);
	pgmap = right_pagemap(test);
	pfn = PHYS_PFN(pgmap->range.start);
	if (!param->altmap)
		pgmap->flags = 0;
	pgmap->altmap.free += param->more;
	pgmap->vmemmap_shift = param->order;
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, restore_fill,
					 (void *)(long)memmap_fill_enable));
	memmap_fill_enable = false;
	map_device(test, pgmap);
	memcpy(wanted, pfn_to_page(pfn), nr * sizeof(*wanted));
	unmap_device(test, pgmap);

	memmap_fill_enable = true;
	map_device(test, pgmap);
	for (i = 0; i < nr; i++) {
		if (!memcmp(wanted + i, pfn_to_page(pfn + i), sizeof(*wanted)))
			continue;
		wrong++;
		last = i;
	}
	KUNIT_EXPECT_EQ_MSG(test, 0, wrong, "the last at page %lu", last);
	unmap_device(test, pgmap);
}

static void init_listed(struct page *page, unsigned long pfn)
{
	__init_single_page(page, pfn, ZONE_MOVABLE, first_online_node);
	__SetPageOffline(page);
}

#define NR_LISTED	65

/* Each holds its own address, so both are made at the same place. */
static void listed_page_structs_are_what_fields_give(struct kunit *test)
{
	const unsigned long bytes = NR_LISTED * sizeof(struct page);
	struct page *pages, *copies;
	unsigned long i;

	pages = kunit_kzalloc(test, bytes + sizeof(*pages), GFP_KERNEL);
	copies = kunit_kzalloc(test, bytes, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_NOT_NULL(test, copies);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, restore_fill,
					 (void *)(long)memmap_fill_enable));
	memmap_fill_enable = false;
	init_listed(pages, TEST_PFN);
	KUNIT_EXPECT_EQ(test, 1, memmap_fill_listed(pages, NR_LISTED));
	KUNIT_EXPECT_FALSE(test, memchr_inv(pages + 1, 0, bytes));

	memmap_fill_enable = true;
	KUNIT_EXPECT_EQ(test, NR_LISTED,
			memmap_fill_listed(pages, NR_LISTED));
	memcpy(copies, pages, bytes);
	for (i = 0; i < NR_LISTED; i++)
		init_listed(pages + i, TEST_PFN + i);
	KUNIT_EXPECT_MEMEQ(test, copies, pages, bytes);
	KUNIT_EXPECT_FALSE(test, memchr_inv(pages + NR_LISTED, 0,
					    sizeof(*pages)));
}

static struct kunit_case memmap_fill_test_cases[] = {
	KUNIT_CASE_PARAM(split_range_is_filled_once, split_gen_params),
	KUNIT_CASE(ranges_at_once_share_the_cpus),
	KUNIT_CASE_PARAM(copied_page_structs_are_what_fields_give,
			 fill_gen_params),
	KUNIT_CASE(listed_page_structs_are_what_fields_give),
	{}
};

static struct kunit_suite memmap_fill_suite = {
	.name = "memmap_fill",
	.init = altmap_test_init,
	.test_cases = memmap_fill_test_cases,
};

kunit_test_suite(memmap_fill_suite);
