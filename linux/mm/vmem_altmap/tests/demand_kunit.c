// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of struct pages that are written on demand, on real device memory:
 * sections share a template until one of their pages is handed out.
 *
 * The range is the device of device.h in one piece: two whole sections and a part
 * of a third one. Where an architecture cannot share, or this machine's vmemmap has
 * no large pages, the tests expect that no section shares anything.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/string.h>

#include "device.h"

#define SECTIONS	2

static int demand_test_init(struct kunit *test)
{
	altmap_test_init(test);
	claim_device(test);
	return 0;
}

static struct dev_pagemap *demand_pagemap(struct kunit *test)
{
	struct altmap_test *priv = test->priv;
	struct dev_pagemap *pgmap = new_pagemap(test, priv->device, DEVICE_BYTES);

	pgmap->flags |= PGMAP_USER_PAGES;
	pgmap->altmap.on_demand = true;
	return pgmap;
}

static bool machine_shares(void)
{
	return vmem_altmap_on_demand && arch_vmemmap_can_share() &&
	       PAGES_PER_SECTION * sizeof(struct page) == PMD_SIZE;
}

/* First pfn of section number @nr of the range */
static unsigned long section(const struct dev_pagemap *pgmap, unsigned int nr)
{
	return PHYS_PFN(pgmap->range.start) + nr * PAGES_PER_SECTION;
}

/* The block that holds the struct pages of section number @nr */
static phys_addr_t block_of(const struct dev_pagemap *pgmap, unsigned int nr)
{
	return vmemmap_phys((unsigned long)pfn_to_page(section(pgmap, nr)));
}

static bool shared(const struct dev_pagemap *pgmap, unsigned int nr)
{
	return vmem_altmap_is_shared(&pgmap->altmap,
				     pfn_to_page(section(pgmap, nr)));
}

static void expect_shared(struct kunit *test, const struct dev_pagemap *pgmap,
			  bool first, bool second)
{
	const struct vmem_altmap_demand *demand = &pgmap->altmap.demand;

	KUNIT_EXPECT_EQ(test, first, shared(pgmap, 0));
	KUNIT_EXPECT_EQ(test, second, shared(pgmap, 1));
	KUNIT_EXPECT_FALSE(test, shared(pgmap, SECTIONS));
	KUNIT_EXPECT_EQ(test, SECTIONS - first - second, demand->owned);
	KUNIT_EXPECT_EQ(test, first && second,
			block_of(pgmap, 0) == block_of(pgmap, 1));
}

/* Add the range. False if this machine shares nothing, as is expected then. */
static bool map_shared(struct kunit *test, struct dev_pagemap *pgmap)
{
	struct memmap_census census;

	map_device(test, pgmap);
	census = count_memmap(pgmap);
	KUNIT_EXPECT_EQ(test, census.pages, census.device);
	KUNIT_EXPECT_EQ(test, census.pages, pgmap->altmap.alloc);
	if (machine_shares()) {
		expect_shared(test, pgmap, true, true);
		return true;
	}

	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.demand.nr);
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_unwritten(&pgmap->altmap));
	KUNIT_EXPECT_NE(test, block_of(pgmap, 0), block_of(pgmap, 1));
	unmap_device(test, pgmap);
	return false;
}

/* Are the struct pages of a section, all of them, what an enable writes? */
static bool pristine(struct dev_pagemap *pgmap, unsigned int nr)
{
	const struct page *page = pfn_to_page(section(pgmap, nr));
	unsigned long i;

	for (i = 0; i < PAGES_PER_SECTION; i++)
		if (memcmp(page + i, page, sizeof(*page)))
			return false;
	return page_zonenum(page) == ZONE_DEVICE && PageReserved(page) &&
	       page_ref_count(page) == 1 && page_pgmap(page) == pgmap;
}

static void sections_share_a_template(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);
	int i;

	for (i = 0; i < 3; i++) {
		if (!map_shared(test, pgmap))
			return;
		KUNIT_EXPECT_TRUE(test, pristine(pgmap, 0));
		KUNIT_EXPECT_TRUE(test, pristine(pgmap, 1));
		KUNIT_EXPECT_EQ(test, PAGES_PER_BLOCK,
				vmem_altmap_unwritten(&pgmap->altmap));
		unmap_device(test, pgmap);
	}
}

static void storage_shares_a_template(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);

	pgmap->altmap.on_demand = false;
	pgmap->altmap.free = SECTIONS * PAGES_PER_SECTION -
			     pgmap->altmap.reserve;
	if (!map_shared(test, pgmap))
		return;
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 0));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 1));
	unmap_device(test, pgmap);
}

static void marked_section_owns_its_struct_pages(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);
	const unsigned long pfn = section(pgmap, 2) - 1;

	if (!map_shared(test, pgmap))
		return;

	pgmap_mark_mapped(pgmap, pfn, 1);
	expect_shared(test, pgmap, true, false);
	KUNIT_EXPECT_TRUE(test, on_device(pgmap, block_of(pgmap, 1)));
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_unwritten(&pgmap->altmap));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 1));

	page_ref_inc(pfn_to_page(pfn));
	KUNIT_EXPECT_EQ(test, 2, page_ref_count(pfn_to_page(pfn)));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 0));
	page_ref_dec(pfn_to_page(pfn));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 1));

	pgmap_mark_mapped(pgmap, pfn, 1);
	expect_shared(test, pgmap, true, false);
	unmap_device(test, pgmap);
}

/* Pages of both sections, and of the part of a third one, are marked at once. */
static void last_section_keeps_the_template(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);
	phys_addr_t template;

	if (!map_shared(test, pgmap))
		return;

	template = block_of(pgmap, 0);
	pgmap_mark_mapped(pgmap, section(pgmap, 1) - 1, PAGES_PER_SECTION + 2);
	expect_shared(test, pgmap, false, false);
	KUNIT_EXPECT_EQ(test, template, block_of(pgmap, 1));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 0));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 1));

	page_ref_inc(pfn_to_page(section(pgmap, 0)));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 1));
	page_ref_dec(pfn_to_page(section(pgmap, 0)));
	page_ref_inc(pfn_to_page(section(pgmap, 1)));
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 0));
	page_ref_dec(pfn_to_page(section(pgmap, 1)));
	unmap_device(test, pgmap);
}

static void part_of_a_section_shares_nothing(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);

	if (!map_shared(test, pgmap))
		return;

	pgmap_mark_mapped(pgmap, section(pgmap, SECTIONS), 1);
	expect_shared(test, pgmap, true, true);
	unmap_device(test, pgmap);

	/* one whole section between parts of two others */
	pgmap = right_pagemap(test);
	pgmap->flags |= PGMAP_USER_PAGES;
	pgmap->altmap.on_demand = true;
	map_device(test, pgmap);
	KUNIT_EXPECT_EQ(test, 1, pgmap->altmap.demand.nr);
	pgmap_mark_mapped(pgmap, PHYS_PFN(pgmap->range.start),
			  PHYS_PFN(LEFT_BYTES));
	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.demand.owned);
	pgmap_mark_mapped(pgmap, PHYS_PFN(pgmap->range.start),
			  PHYS_PFN(LEFT_BYTES) + 1);
	KUNIT_EXPECT_EQ(test, 1, pgmap->altmap.demand.owned);
	unmap_device(test, pgmap);
}

struct watcher {
	struct dev_pagemap *pgmap;
	struct page expected;
	unsigned long reads;
	unsigned long wrong;
	bool stop;
	struct completion done;
	struct completion started;
};

/* Read the struct pages of both sections until told to stop. */
static int watch(void *arg)
{
	struct watcher *watcher = arg;
	const struct page *page = pfn_to_page(section(watcher->pgmap, 0));
	unsigned long i;

	while (!READ_ONCE(watcher->stop)) {
		for (i = 0; i < SECTIONS * PAGES_PER_SECTION; i += 61) {
			watcher->wrong += !!memcmp(page + i, &watcher->expected,
						   sizeof(*page));
			watcher->reads++;
		}
		complete(&watcher->started);
		cond_resched();
	}
	complete(&watcher->done);
	return 0;
}

static void watch_marks(struct kunit *test, struct watcher *watcher)
{
	struct task_struct *task;

	*watcher = (struct watcher){
		.pgmap = watcher->pgmap,
		.expected = *pfn_to_page(section(watcher->pgmap, 0)),
	};
	init_completion(&watcher->started);
	init_completion(&watcher->done);
	task = kthread_run(watch, watcher, "vmem_altmap_watch");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));

	wait_for_completion(&watcher->started);
	pgmap_mark_mapped(watcher->pgmap, section(watcher->pgmap, 1), 1);
	wait_for_completion(&watcher->started);
	pgmap_mark_mapped(watcher->pgmap, section(watcher->pgmap, 0), 1);
	reinit_completion(&watcher->started);
	wait_for_completion(&watcher->started);
	WRITE_ONCE(watcher->stop, true);
	wait_for_completion(&watcher->done);
	KUNIT_EXPECT_GT(test, watcher->reads, 0);
	KUNIT_EXPECT_EQ(test, 0, watcher->wrong);
}

static void reader_sees_the_same_before_and_after(struct kunit *test)
{
	struct watcher *watcher = kunit_kzalloc(test, sizeof(*watcher),
						GFP_KERNEL);
	struct dev_pagemap *pgmap = demand_pagemap(test);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, watcher);
	watcher->pgmap = pgmap;
	for (i = 0; i < 20; i++) {
		if (!map_shared(test, pgmap))
			return;
		watch_marks(test, watcher);
		expect_shared(test, pgmap, false, false);
		unmap_device(test, pgmap);
	}
}

struct racer {
	struct dev_pagemap *pgmap;
	struct completion done;
};

/* Mark a page, and write to its struct page at once. */
static int race(void *arg)
{
	struct racer *racer = arg;
	const unsigned long pfn = section(racer->pgmap, 0);

	pgmap_mark_mapped(racer->pgmap, pfn, 1);
	page_ref_inc(pfn_to_page(pfn));
	complete(&racer->done);
	return 0;
}

static void several_may_mark_one_section(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);
	struct task_struct *task;
	struct racer *racers;
	const int nr = 8;
	int i;

	racers = kunit_kcalloc(test, nr, sizeof(*racers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, racers);
	if (!map_shared(test, pgmap))
		return;

	for (i = 0; i < nr; i++) {
		racers[i].pgmap = pgmap;
		init_completion(&racers[i].done);
	}
	for (i = 0; i < nr; i++) {
		task = kthread_run(race, racers + i, "vmem_altmap_race");
		if (IS_ERR(task))
			break;
	}
	KUNIT_EXPECT_EQ(test, nr, i);
	while (i--)
		wait_for_completion(&racers[i].done);

	expect_shared(test, pgmap, false, true);
	KUNIT_EXPECT_EQ(test, nr + 1,
			page_ref_count(pfn_to_page(section(pgmap, 0))));
	page_ref_sub(pfn_to_page(section(pgmap, 0)), nr);
	unmap_device(test, pgmap);
}

static void failed_add_is_undone(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);
	const unsigned long enough = pgmap->altmap.free;
	void *addr;

	/* both blocks, but nothing for the part of a section */
	pgmap->altmap.reserve = PAGES_PER_BLOCK;
	pgmap->altmap.free = SECTIONS * PAGES_PER_BLOCK;
	addr = memremap_pages(pgmap, 0);
	if (!IS_ERR(addr))
		memunmap_pages(pgmap);
	KUNIT_ASSERT_EQ(test, -ENOMEM, PTR_ERR_OR_ZERO(addr));
	expect_gone(test, pgmap);
	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.demand.mapped);

	pgmap->altmap.free = enough;
	if (map_shared(test, pgmap))
		unmap_device(test, pgmap);
}

/* The struct pages of compound pages differ; without marks none could be written. */
static void other_pages_are_refused(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);

	pgmap->vmemmap_shift = PMD_SHIFT - PAGE_SHIFT;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(memremap_pages(pgmap, 0)));
	pgmap->vmemmap_shift = 0;
	pgmap->flags &= ~PGMAP_USER_PAGES;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR(memremap_pages(pgmap, 0)));
	expect_gone(test, pgmap);
}

static void restore_on_demand(void *was_on)
{
	vmem_altmap_on_demand = was_on;
}

static void parameter_turns_it_off(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);

	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, restore_on_demand,
					 (void *)(long)vmem_altmap_on_demand));
	vmem_altmap_on_demand = false;
	map_device(test, pgmap);
	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.demand.nr);
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_unwritten(&pgmap->altmap));
	KUNIT_EXPECT_NE(test, block_of(pgmap, 0), block_of(pgmap, 1));
	KUNIT_EXPECT_FALSE(test, shared(pgmap, 0));
	unmap_device(test, pgmap);
}

static bool filled(const void *storage, const struct dev_pagemap *pgmap,
		   phys_addr_t block, int byte)
{
	const phys_addr_t start = PFN_PHYS(storage_start(&pgmap->altmap));

	return !memchr_inv(storage + (block - start), byte, PMD_SIZE);
}

/* The template and the blocks that sections own; the run's others keep their bytes. */
static void only_what_was_written_is_scrubbed(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);
	phys_addr_t first, template;
	void *storage;

	fill_storage(test, pgmap, 0x5a);
	if (!map_shared(test, pgmap))
		return;
	first = PFN_PHYS(pgmap->altmap.demand.first);
	template = block_of(pgmap, 0);
	KUNIT_ASSERT_NE(test, first, template);
	unmap_device(test, pgmap);

	storage = memremap_storage(test, pgmap);
	KUNIT_EXPECT_TRUE(test, filled(storage, pgmap, first, 0x5a));
	KUNIT_EXPECT_TRUE(test, filled(storage, pgmap, template, 0));

	KUNIT_EXPECT_TRUE(test, map_shared(test, pgmap));
	pgmap_mark_mapped(pgmap, section(pgmap, 1), 1);
	KUNIT_EXPECT_EQ(test, first, block_of(pgmap, 1));
	KUNIT_EXPECT_FALSE(test, filled(storage, pgmap, first, 0x5a));
	unmap_device(test, pgmap);
	KUNIT_EXPECT_TRUE(test, filled(storage, pgmap, first, 0));
	KUNIT_EXPECT_TRUE(test, filled(storage, pgmap, template, 0));
	memunmap(storage);
}

/* What vmem_altmap_free() does when the storage could not be mapped */
static void template_is_cleared_with_its_last_section(struct kunit *test)
{
	struct dev_pagemap *pgmap = demand_pagemap(test);
	struct vmem_altmap_demand *demand = &pgmap->altmap.demand;
	phys_addr_t template;
	void *block, *copy;

	if (!map_shared(test, pgmap))
		return;

	template = block_of(pgmap, 0);
	block = __va(template);
	copy = kvmalloc(PMD_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, copy);
	memcpy(copy, block, PMD_SIZE);

	pgmap->altmap.scrub_in_place = true;
	free_pfn(PHYS_PFN(template), PMD_SIZE);
	KUNIT_EXPECT_EQ(test, 1, demand->mapped);
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 1));
	/* the last section that goes had a block of its own */
	free_pfn(demand->first, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, 0, demand->mapped);
	KUNIT_EXPECT_NULL(test, memchr_inv(block, 0, PMD_SIZE));
	KUNIT_EXPECT_NULL(test, memchr_inv(__va(PFN_PHYS(demand->first)), 0,
					   PMD_SIZE));

	pgmap->altmap.scrub_in_place = false;
	memcpy(block, copy, PMD_SIZE);
	kvfree(copy);
	demand->mapped = SECTIONS;
	unmap_device(test, pgmap);
}

/* A block of the run is freed in one piece, and not once more than it is mapped. */
static void wrong_frees_change_nothing(struct kunit *test)
{
	struct altmap_test *priv = test->priv;
	struct dev_pagemap *pgmap = demand_pagemap(test);
	struct vmem_altmap_demand *demand = &pgmap->altmap.demand;
	unsigned long used;

	if (!map_shared(test, pgmap))
		return;

	used = pgmap->altmap.alloc;
	free_pfn(demand->first, PAGE_SIZE);
	free_pfn(demand->first + 1, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, 2, priv->bad_frees);
	KUNIT_EXPECT_EQ(test, SECTIONS, demand->mapped);

	demand->mapped = 0;
	free_pfn(demand->first, PMD_SIZE);
	KUNIT_EXPECT_EQ(test, 3, priv->bad_frees);
	KUNIT_EXPECT_EQ(test, 0, demand->mapped);
	demand->mapped = SECTIONS;

	KUNIT_EXPECT_EQ(test, used, pgmap->altmap.alloc);
	KUNIT_EXPECT_TRUE(test, pristine(pgmap, 0));
	priv->bad_frees = 0;
	unmap_device(test, pgmap);
}

static struct kunit_case demand_test_cases[] = {
	KUNIT_CASE(sections_share_a_template),
	KUNIT_CASE(storage_shares_a_template),
	KUNIT_CASE(marked_section_owns_its_struct_pages),
	KUNIT_CASE(last_section_keeps_the_template),
	KUNIT_CASE(part_of_a_section_shares_nothing),
	KUNIT_CASE(reader_sees_the_same_before_and_after),
	KUNIT_CASE(several_may_mark_one_section),
	KUNIT_CASE(failed_add_is_undone),
	KUNIT_CASE(other_pages_are_refused),
	KUNIT_CASE(parameter_turns_it_off),
	KUNIT_CASE(only_what_was_written_is_scrubbed),
	KUNIT_CASE(template_is_cleared_with_its_last_section),
	KUNIT_CASE(wrong_frees_change_nothing),
	{}
};

static struct kunit_suite demand_suite = {
	.name = "vmem_altmap_demand",
	.init = demand_test_init,
	.test_cases = demand_test_cases,
};

kunit_test_suite(demand_suite);
