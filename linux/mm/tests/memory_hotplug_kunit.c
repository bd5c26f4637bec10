// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of memory that is onlined and offlined: whether its zone is
 * contiguous.
 *
 * They use the legacy persistent memory that vmem_altmap/tests/device.h
 * describes, all of it, as three memory blocks. These store their own memmap if
 * memory_hotplug.memmap_on_memory allows it.
 */
#include <linux/device.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mmzone.h>

#include "../vmem_altmap/tests/device.h"

#define BLOCKS	3

static int find_blocks(struct resource *res, void *blocks)
{
	phys_addr_t start = ALIGN(res->start, memory_block_size_bytes());

	*(phys_addr_t *)blocks = start;
	return start + BLOCKS * memory_block_size_bytes() <= res->end + 1;
}

static int online_movable(struct memory_block *block, void *unused)
{
	block->online_type = MMOP_ONLINE_MOVABLE;
	return device_online(&block->dev);
}

static int offline(struct memory_block *block, void *unused)
{
	return device_offline(&block->dev);
}

/* Online or offline memory block @i. */
static int turn(phys_addr_t start, unsigned int i, bool online)
{
	const unsigned long size = memory_block_size_bytes();
	int err;

	lock_device_hotplug();
	err = walk_memory_blocks(start + i * size, size, NULL,
				 online ? online_movable : offline);
	unlock_device_hotplug();
	return err;
}

static void remove_blocks(void *test)
{
	const phys_addr_t start = *(phys_addr_t *)((struct kunit *)test)->priv;
	unsigned int i;

	for (i = 0; i < BLOCKS; i++)
		turn(start, i, false);
	WARN_ON(remove_memory(start, BLOCKS * memory_block_size_bytes()));
}

/* Add the memory until the test ends, or skip the test. */
static phys_addr_t add_blocks(struct kunit *test)
{
	phys_addr_t *start = kunit_kzalloc(test, sizeof(*start), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, start);
	test->priv = start;
	if (!vmem_altmap_kunit_memory)
		kunit_skip(test, "writes to memory: needs vmem_altmap_kunit.memory=1\n");
	if (walk_iomem_res_desc(IORES_DESC_PERSISTENT_MEMORY_LEGACY,
				IORESOURCE_MEM, 0, -1, start, find_blocks) <= 0)
		kunit_skip(test, "no legacy persistent memory: boot with memmap=384M!512M\n");
	KUNIT_ASSERT_EQ(test, 0, add_memory(first_online_node, *start,
					    BLOCKS * memory_block_size_bytes(),
					    MHP_MEMMAP_ON_MEMORY));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, remove_blocks,
							   test));
	return *start;
}

/* Does the zone have each page of its span? */
static bool has_all(struct zone *zone)
{
	unsigned long pfn;

	for (pfn = zone->zone_start_pfn; pfn < zone_end_pfn(zone); pfn++) {
		struct page *page = pfn_to_online_page(pfn);

		if (!page || page_zone(page) != zone)
			return false;
	}
	return true;
}

static void zone_is_contiguous_unless_it_has_a_hole(struct kunit *test)
{
	static const struct {
		unsigned int block;
		bool online;
		bool contiguous;
	} steps[] = {
		{ 0, true, true },
		{ 2, true, false },	/* a hole */
		{ 1, true, true },	/* filled */
		{ 1, false, false },
		{ 2, false, true },	/* goes with the last block */
		{ 1, true, true },
		{ 0, false, true },	/* the first */
		{ 2, true, true },
		{ 0, true, true },	/* before the others */
		{ 1, false, false },
		{ 0, false, true },	/* goes with the first block */
		{ 2, false, true },	/* none left */
	};
	struct zone *zone = &NODE_DATA(first_online_node)->node_zones[ZONE_MOVABLE];
	phys_addr_t start;
	unsigned int i;

	if (!zone_is_empty(zone))
		kunit_skip(test, "ZONE_MOVABLE has other memory\n");
	start = add_blocks(test);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		KUNIT_ASSERT_EQ(test, 0, turn(start, steps[i].block,
					      steps[i].online));
		KUNIT_EXPECT_EQ_MSG(test, steps[i].contiguous, zone->contiguous,
				    "step %u", i);
		KUNIT_EXPECT_EQ_MSG(test, steps[i].contiguous,
				    has_all(zone), "step %u", i);
	}
}

static struct kunit_case memory_hotplug_test_cases[] = {
	KUNIT_CASE(zone_is_contiguous_unless_it_has_a_hole),
	{}
};

static struct kunit_suite memory_hotplug_suite = {
	.name = "memory_hotplug",
	.test_cases = memory_hotplug_test_cases,
};

kunit_test_suite(memory_hotplug_suite);
