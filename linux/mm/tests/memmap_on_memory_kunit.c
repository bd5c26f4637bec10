// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of memmap_on_memory: which altmaps memory blocks get, and that
 * memory which is inaccessible while offline is not written.
 *
 * Onlining and offlining such memory are not tested here. See
 * Documentation/mm/vmem_altmap.rst.
 */
#include <linux/device.h>
#include <linux/memmap_on_memory.h>
#include <linux/memory.h>

#include "../vmem_altmap/tests/device.h"

static unsigned long block_pfn(unsigned int i)
{
	return TEST_PFN + i * PHYS_PFN(memory_block_size_bytes());
}

/* Memory blocks @first to @last, with 512 pages of memmap each */
static int __register_blocks(unsigned int first, unsigned int last,
			     bool inaccessible)
{
	int err;

	lock_device_hotplug();
	mem_hotplug_begin();
	err = mhp_register_altmaps(PFN_PHYS(block_pfn(first)),
				   (last - first + 1) *
				   memory_block_size_bytes(), 0, 512,
				   inaccessible);
	mem_hotplug_done();
	unlock_device_hotplug();
	return err;
}

static int register_blocks(unsigned int first, unsigned int last)
{
	return __register_blocks(first, last, false);
}

static void unregister_blocks(unsigned int first, unsigned int last)
{
	lock_device_hotplug();
	mem_hotplug_begin();
	mhp_unregister_altmaps(PFN_PHYS(block_pfn(first)),
			       (last - first + 1) * memory_block_size_bytes());
	mem_hotplug_done();
	unlock_device_hotplug();
}

static void expect_block(struct kunit *test, unsigned int i)
{
	struct vmem_altmap *altmap = lookup(block_pfn(i));

	KUNIT_ASSERT_NOT_NULL(test, altmap);
	KUNIT_EXPECT_EQ(test, block_pfn(i), altmap->base_pfn);
	KUNIT_EXPECT_EQ(test, 0UL, altmap->reserve);
	KUNIT_EXPECT_EQ(test, 512UL, altmap->free);
	KUNIT_EXPECT_TRUE(test, altmap->no_scrub);
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(block_pfn(i + 1) - 1));
}

static void each_memory_block_has_its_own_altmap(struct kunit *test)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, register_blocks(1, 3));
	KUNIT_EXPECT_NULL(test, lookup(block_pfn(1) - 1));
	for (i = 1; i <= 3; i++)
		expect_block(test, i);
	KUNIT_EXPECT_NULL(test, lookup(block_pfn(4)));

	unregister_blocks(2, 2);
	expect_block(test, 1);
	KUNIT_EXPECT_NULL(test, lookup(block_pfn(2)));
	expect_block(test, 3);
	KUNIT_EXPECT_EQ(test, 0, register_blocks(2, 2));
	expect_block(test, 2);

	unregister_blocks(0, 4);
	for (i = 1; i <= 3; i++)
		KUNIT_EXPECT_NULL(test, lookup(block_pfn(i)));
}

static void memory_blocks_get_all_altmaps_or_none(struct kunit *test)
{
	struct vmem_altmap *other;

	other = add_altmap(test, block_pfn(3), 1024, 0, 8);
	KUNIT_EXPECT_EQ(test, -EBUSY, register_blocks(1, 4));
	KUNIT_EXPECT_NULL(test, lookup(block_pfn(1)));
	KUNIT_EXPECT_NULL(test, lookup(block_pfn(2)));
	KUNIT_EXPECT_PTR_EQ(test, other, lookup(block_pfn(3)));
	KUNIT_EXPECT_NULL(test, lookup(block_pfn(4)));
	KUNIT_EXPECT_EQ(test, 0, register_blocks(1, 2));
	KUNIT_EXPECT_EQ(test, -EBUSY, register_blocks(0, 1));
	KUNIT_EXPECT_NULL(test, lookup(block_pfn(0)));
	expect_block(test, 1);
	unregister_blocks(1, 2);
}

static void memory_block_may_be_inaccessible(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, 0, register_blocks(1, 1));
	KUNIT_ASSERT_EQ(test, 0, __register_blocks(2, 2, true));
	expect_block(test, 1);
	KUNIT_EXPECT_FALSE(test, lookup(block_pfn(1))->inaccessible);
	expect_block(test, 2);
	KUNIT_EXPECT_TRUE(test, lookup(block_pfn(2))->inaccessible);
	unregister_blocks(1, 2);
}

static void altmap_of_another_owner_is_no_memory_blocks(struct kunit *test)
{
	struct vmem_altmap *other = add_altmap(test, block_pfn(1), 1024, 0, 8);

	unregister_blocks(0, 2);
	KUNIT_EXPECT_PTR_EQ(test, other, lookup(block_pfn(1)));
}

/*
 * Add memory as add_memory() does, and remove it before it is onlined. It is a
 * section of 128 MiB: its memmap fills a PMD block, so that no part of one is
 * marked as unused.
 */
static bool added_memory_is_written(struct kunit *test, bool inaccessible)
{
	struct altmap_test *priv = test->priv;
	struct dev_pagemap *pgmap = new_pagemap(test, priv->device, SZ_128M);
	const unsigned long pfn = PHYS_PFN(priv->device);
	struct mhp_params params = { .pgprot = PAGE_KERNEL };
	int err;

	fill_storage(test, pgmap, 0);
	pgmap->altmap.no_scrub = true;
	pgmap->altmap.inaccessible = inaccessible;

	mem_hotplug_begin();
	err = vmem_altmap_register(&pgmap->altmap, pfn, PHYS_PFN(SZ_128M));
	if (err)
		goto out;
	err = arch_add_memory(0, priv->device, SZ_128M, &params);
	if (!err)
		arch_remove_memory(priv->device, SZ_128M, NULL);
	vmem_altmap_unregister(&pgmap->altmap);
out:
	mem_hotplug_done();
	KUNIT_ASSERT_EQ(test, 0, err);
	return !storage_is_clear(test, pgmap);
}

static void inaccessible_memory_is_not_written(struct kunit *test)
{
	claim_device(test);
	KUNIT_EXPECT_FALSE(test, added_memory_is_written(test, true));
	if (IS_ENABLED(CONFIG_DEBUG_VM))
		KUNIT_EXPECT_TRUE(test, added_memory_is_written(test, false));
}

static struct kunit_case memmap_on_memory_test_cases[] = {
	KUNIT_CASE(each_memory_block_has_its_own_altmap),
	KUNIT_CASE(memory_blocks_get_all_altmaps_or_none),
	KUNIT_CASE(memory_block_may_be_inaccessible),
	KUNIT_CASE(altmap_of_another_owner_is_no_memory_blocks),
	KUNIT_CASE(inaccessible_memory_is_not_written),
	{}
};

static struct kunit_suite memmap_on_memory_suite = {
	.name = "memmap_on_memory",
	.init = altmap_test_init,
	.test_cases = memmap_on_memory_test_cases,
};

kunit_test_suite(memmap_on_memory_suite);
