// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the registry of altmaps, on made-up ranges of pfns: nothing is
 * mapped, and no block is written or scrubbed.
 *
 * storage_kunit.c tests how the storage is allocated, memory_kunit.c what needs
 * real memory. See Documentation/mm/vmem_altmap.rst.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/rbtree.h>
#include <linux/sched.h>

#include "helpers.h"

#define TEST_PAGES	(16 * max(PAGES_PER_BLOCK, PHYS_PFN(SZ_64M)))

static struct vmem_altmap *lookup_addr(unsigned long memmap_addr)
{
	struct vmem_altmap *altmap;

	mem_hotplug_begin();
	altmap = to_vmem_altmap(memmap_addr);
	mem_hotplug_done();
	return altmap;
}

static int check_span(unsigned long start_pfn, unsigned long nr_pages)
{
	int err;

	mem_hotplug_begin();
	err = vmem_altmap_check_span(start_pfn, nr_pages);
	mem_hotplug_done();
	return err;
}

static unsigned long alloc_pfn(struct vmem_altmap *altmap, unsigned long size)
{
	void *block = alloc_block(altmap, size);

	/* not __pa(): there need not be such an address on this machine */
	return block ? PHYS_PFN((unsigned long)block - PAGE_OFFSET) : 0;
}

static void expect_usage(struct kunit *test, const struct vmem_altmap *altmap,
			 unsigned long used, unsigned long scattered,
			 unsigned long watermark)
{
	expect_used(test, altmap, used, scattered);
	KUNIT_EXPECT_EQ(test, watermark, altmap->watermark);
}

static void expect_bad_frees(struct kunit *test, unsigned int nr)
{
	const struct altmap_test *priv = test->priv;

	KUNIT_EXPECT_EQ(test, nr, priv->bad_frees);
}

static void offset_is_reserve_plus_storage(struct kunit *test)
{
	const struct vmem_altmap altmap = { .reserve = 2, .free = 1022 };

	KUNIT_EXPECT_EQ(test, 1024, vmem_altmap_offset(&altmap));
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_offset(NULL));
}

static void expect_in_storage(struct kunit *test,
			      const struct vmem_altmap *altmap,
			      unsigned long pfn, unsigned long size)
{
	KUNIT_EXPECT_GE(test, pfn, storage_start(altmap));
	KUNIT_EXPECT_LE(test, pfn + size / PAGE_SIZE, storage_end(altmap));
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, size / PAGE_SIZE));
}

/* Allocate blocks of @size until none are left; return how many. */
static unsigned long drain(struct kunit *test, struct vmem_altmap *altmap,
			   unsigned long size)
{
	unsigned long pfn, nr = 0;

	while ((pfn = alloc_pfn(altmap, size))) {
		expect_in_storage(test, altmap, pfn, size);
		nr++;
	}
	return nr;
}

/* Free a full storage whose first @nr_blocks whole PMD blocks are not split. */
static void free_all(struct kunit *test, struct vmem_altmap *altmap,
		     unsigned long nr_blocks)
{
	unsigned long pfn = storage_start(altmap);
	const unsigned long end = storage_end(altmap);

	while (pfn < end) {
		bool whole = IS_ALIGNED(pfn, PAGES_PER_BLOCK) &&
			     pfn + PAGES_PER_BLOCK <= end && nr_blocks;

		KUNIT_EXPECT_TRUE(test, free_pfn(pfn, whole ? PMD_SIZE :
								 PAGE_SIZE));
		pfn += whole ? PAGES_PER_BLOCK : 1;
		nr_blocks -= whole;
	}
	expect_bad_frees(test, 0);
}

static void dry_storage_gives_null_and_changes_nothing(struct kunit *test)
{
	struct vmem_altmap *altmap;

	altmap = add_altmap(test, TEST_PFN, TEST_PAGES, 0, PAGES_PER_BLOCK + 3);
	KUNIT_EXPECT_EQ(test, 1, drain(test, altmap, PMD_SIZE));
	expect_usage(test, altmap, PAGES_PER_BLOCK, 3, PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, 1, altmap->failed);
	KUNIT_EXPECT_NULL(test, alloc_block(altmap, PMD_SIZE));
	KUNIT_EXPECT_EQ(test, 2, altmap->failed);
	expect_usage(test, altmap, PAGES_PER_BLOCK, 3, PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, 3, drain(test, altmap, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 3, altmap->failed);
	KUNIT_EXPECT_NULL(test, alloc_block(altmap, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, alloc_block(altmap, PMD_SIZE));
	expect_usage(test, altmap, PAGES_PER_BLOCK + 3, 0, PAGES_PER_BLOCK + 3);
	free_all(test, altmap, 1);
	expect_usage(test, altmap, 0, 3, PAGES_PER_BLOCK + 3);
}

static void fail_nth_block(struct kunit *test, unsigned int nth)
{
#ifdef CONFIG_FAIL_VMEM_ALTMAP
	current->fail_nth = nth;
#else
	kunit_skip(test, "needs FAIL_VMEM_ALTMAP\n");
#endif
}

static void provoked_failure_changes_nothing(struct kunit *test)
{
	const unsigned long pfn = TEST_PFN + PAGES_PER_BLOCK;
	struct vmem_altmap *altmap;

	altmap = add_altmap(test, TEST_PFN, TEST_PAGES, 1,
			    4 * PAGES_PER_BLOCK - 1);
	fail_nth_block(test, 3);
	KUNIT_EXPECT_EQ(test, pfn, alloc_pfn(altmap, PMD_SIZE));
	KUNIT_EXPECT_EQ(test, TEST_PFN + 1, alloc_pfn(altmap, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, altmap->failed);
	KUNIT_EXPECT_EQ(test, 0, alloc_pfn(altmap, PMD_SIZE));
	KUNIT_EXPECT_EQ(test, 1, altmap->failed);
	expect_usage(test, altmap, PAGES_PER_BLOCK + 1, PAGES_PER_BLOCK - 2,
		     PAGES_PER_BLOCK + 1);
	KUNIT_EXPECT_EQ(test, pfn + PAGES_PER_BLOCK,
			alloc_pfn(altmap, PMD_SIZE));

	fail_nth_block(test, 1);
	KUNIT_EXPECT_EQ(test, 0, alloc_pfn(altmap, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 2, altmap->failed);
	KUNIT_EXPECT_EQ(test, TEST_PFN + 2, alloc_pfn(altmap, PAGE_SIZE));
	drain(test, altmap, PMD_SIZE);
	drain(test, altmap, PAGE_SIZE);
	free_all(test, altmap, 3);
}

static void other_sizes_are_refused(struct kunit *test)
{
	static const unsigned long sizes[] = {
		0, 1, PAGE_SIZE - 1, PAGE_SIZE + 1, 2 * PAGE_SIZE,
		3 * PAGE_SIZE, PMD_SIZE - PAGE_SIZE, PMD_SIZE + 1,
		PMD_SIZE + PAGE_SIZE, 2 * PMD_SIZE, ULONG_MAX,
	};
	struct vmem_altmap *altmap;
	unsigned long pfn;
	int i;

	altmap = add_altmap(test, TEST_PFN, TEST_PAGES, 0, 8 * PAGES_PER_BLOCK);
	pfn = alloc_pfn(altmap, PMD_SIZE);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_EXPECT_NULL(test, alloc_block(altmap, sizes[i]));
		KUNIT_EXPECT_TRUE(test, free_pfn(pfn, sizes[i]));
		expect_bad_frees(test, i + 1);
		expect_usage(test, altmap, PAGES_PER_BLOCK, 0, PAGES_PER_BLOCK);
	}
	KUNIT_EXPECT_TRUE(test, free_pfn(pfn, PMD_SIZE));
}

static void foreign_block_is_left_to_its_owner(struct kunit *test)
{
	struct vmem_altmap *altmap;

	altmap = add_altmap(test, TEST_PFN, TEST_PAGES, PAGES_PER_BLOCK,
			    PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, 1, drain(test, altmap, PMD_SIZE));

	/* before the range, reserve, data, behind the range */
	KUNIT_EXPECT_FALSE(test, free_pfn(TEST_PFN - 1, PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, free_pfn(TEST_PFN, PMD_SIZE));
	KUNIT_EXPECT_FALSE(test, free_pfn(TEST_PFN + PAGES_PER_BLOCK - 1,
					  PAGE_SIZE));
	KUNIT_EXPECT_FALSE(test, free_pfn(TEST_PFN + 2 * PAGES_PER_BLOCK,
					  PMD_SIZE));
	KUNIT_EXPECT_FALSE(test, free_pfn(TEST_PFN + TEST_PAGES, PAGE_SIZE));
	expect_bad_frees(test, 0);
	expect_usage(test, altmap, PAGES_PER_BLOCK, 0, PAGES_PER_BLOCK);
	free_all(test, altmap, 1);
}

/*
 * 1 TiB that begins and ends inside a section: PMD blocks for its sections,
 * pages from both ends of the storage and from a PMD block that is split.
 */
static void books_of_a_tebibyte_are_small(struct kunit *test)
{
	/* 4 KiB with pages of 4 KiB; three blocks have a bit for each page */
	const size_t limit = SZ_4K - 3 * 64 + 3 * PAGES_PER_BLOCK / 8;
	const unsigned long blocks = PHYS_PFN(SZ_1T) * sizeof(struct page) /
				     PMD_SIZE;
	const bool on_demand = vmem_altmap_on_demand;
	struct vmem_altmap *altmap;
	struct rb_node *node;
	unsigned long i;
	size_t bytes;

	/* set nothing aside for sections of the storage */
	vmem_altmap_on_demand = false;
	altmap = add_altmap(test, TEST_PFN, PHYS_PFN(SZ_1T), 2,
			    (blocks + 2) * PAGES_PER_BLOCK - 4);
	vmem_altmap_on_demand = on_demand;
	for (i = 0; i < blocks - 1; i++)
		KUNIT_ASSERT_NE(test, 0, alloc_pfn(altmap, PMD_SIZE));
	KUNIT_ASSERT_EQ(test, 3 * PAGES_PER_BLOCK - 4,
			drain(test, altmap, PAGE_SIZE));

	bytes = ksize(altmap->blocks) + ksize(altmap->dirty);
	for (node = rb_first(&altmap->splits); node; node = rb_next(node))
		bytes += ksize(node);
	kunit_info(test, "%zu bytes\n", bytes);
	KUNIT_EXPECT_LE(test, bytes, limit);
	free_all(test, altmap, blocks - 1);
}

static void lookup_finds_the_range_and_nothing_beside(struct kunit *test)
{
	struct vmem_altmap *altmap;

	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
	altmap = add_altmap(test, TEST_PFN, TEST_PAGES, 0, PAGES_PER_BLOCK);
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN));
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + TEST_PAGES / 2));
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + TEST_PAGES - 1));
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN - 1));
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN + TEST_PAGES));
}

static const unsigned int crowds[] = { 1, 64, 8192 };

static void describe_crowd(const unsigned int *nr, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u ranges", *nr);
}

KUNIT_ARRAY_PARAM(crowd, crowds, describe_crowd);

/*
 * Ranges side by side; 8192 are as many as 1 TiB has memory blocks of 128 MiB.
 * The log has the time of a lookup, without that of the lock.
 */
static void lookup_finds_its_own_in_a_crowd(struct kunit *test)
{
	const unsigned int nr = *(const unsigned int *)test->param_value;
	const unsigned int lookups = 1 << 16, step = 4099;
	unsigned int i, at, wrong = 0;
	struct vmem_altmap **altmaps;
	unsigned long pfn;
	u64 start, end;

	altmaps = kunit_kcalloc(test, nr, sizeof(*altmaps), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, altmaps);
	for (i = 0; i < nr; i++)
		altmaps[i] = add_altmap(test, TEST_PFN + i * PAGES_PER_SECTION,
					PAGES_PER_SECTION, 0, PAGES_PER_BLOCK);

	mem_hotplug_begin();
	start = ktime_get_ns();
	for (i = 0, at = 0; i < lookups; i++, at = (at + step) % nr) {
		pfn = TEST_PFN + at * PAGES_PER_SECTION + i % PAGES_PER_SECTION;
		wrong += pfn_to_vmem_altmap(pfn) != altmaps[at];
	}
	end = ktime_get_ns();
	mem_hotplug_done();

	KUNIT_EXPECT_EQ(test, 0, wrong);
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN + nr * PAGES_PER_SECTION));
	kunit_info(test, "%u ranges: %llu ns for a lookup\n", nr,
		   div_u64(end - start, lookups));
}

/* An address in the vmemmap may lie inside a struct page. */
static void lookup_takes_any_byte_of_a_page_struct(struct kunit *test)
{
	const unsigned long addr = (unsigned long)pfn_to_page(TEST_PFN);
	struct vmem_altmap *altmap;

	altmap = add_altmap(test, TEST_PFN, 1, 0, 1);
	KUNIT_EXPECT_NULL(test, lookup_addr(addr - 1));
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup_addr(addr));
	KUNIT_EXPECT_PTR_EQ(test, altmap,
			    lookup_addr(addr + sizeof(struct page) - 1));
	KUNIT_EXPECT_NULL(test, lookup_addr(addr + sizeof(struct page)));
}

static void lookup_tells_neighbours_in_one_section_apart(struct kunit *test)
{
	const unsigned long nr = PAGES_PER_SUBSECTION;
	struct vmem_altmap *left, *right;

	left = add_altmap(test, TEST_PFN, nr, 0, 8);
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN + nr));
	right = add_altmap(test, TEST_PFN + nr, nr, 0, 8);
	KUNIT_EXPECT_PTR_EQ(test, left, lookup(TEST_PFN + nr - 1));
	KUNIT_EXPECT_PTR_EQ(test, right, lookup(TEST_PFN + nr));
	KUNIT_EXPECT_PTR_EQ(test, right, lookup(TEST_PFN + 2 * nr - 1));
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN + 2 * nr));
}

struct span_case {
	const char *name;
	unsigned long start;	/* pages from TEST_PFN */
	unsigned long nr_pages;
};

/* The range that is there has pages 1024 to 2047. */
static const struct span_case overlap_cases[] = {
	{ "same", 1024, 1024 },
	{ "inside", 1100, 10 },
	{ "around", 0, 4096 },
	{ "first page", 0, 1025 },
	{ "last page", 2047, 1024 },
};

KUNIT_ARRAY_PARAM_DESC(overlap, overlap_cases, name);

static void overlap_is_refused(struct kunit *test)
{
	const struct span_case *param = test->param_value;
	const unsigned long pfn = TEST_PFN + param->start;
	struct vmem_altmap *altmap, *other;
	unsigned long page;

	altmap = add_altmap(test, TEST_PFN + 1024, 1024, 0, 8);
	page = alloc_pfn(altmap, PAGE_SIZE);
	other = new_altmap(test, pfn, 0, 1);
	KUNIT_EXPECT_EQ(test, -EEXIST,
			register_altmap(other, pfn, param->nr_pages));
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + 1024));
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + 2047));
	expect_usage(test, altmap, 1, 7, 1);
	free_pfn(page, PAGE_SIZE);
}

static void second_register_is_refused_and_harmless(struct kunit *test)
{
	struct vmem_altmap *altmap = add_altmap(test, TEST_PFN, 1024, 0, 8);
	unsigned long page = alloc_pfn(altmap, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, -EEXIST,
			register_altmap(altmap, TEST_PFN, 1024));
	expect_usage(test, altmap, 1, 7, 1);
	free_pfn(page, PAGE_SIZE);
	expect_bad_frees(test, 0);
}

static void unregistered_range_is_free_for_another(struct kunit *test)
{
	const struct altmap_test *priv = test->priv;
	struct vmem_altmap *altmap = new_altmap(test, TEST_PFN, 0, 8);
	unsigned long page;

	KUNIT_ASSERT_EQ(test, 0, register_altmap(altmap, TEST_PFN, 1024));
	page = alloc_pfn(altmap, PAGE_SIZE);
	free_pfn(page, PAGE_SIZE);
	unregister_altmap(altmap);
	KUNIT_EXPECT_EQ(test, 0, priv->busy_unregisters);
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
	KUNIT_EXPECT_FALSE(test, vmem_altmap_storage_in(TEST_PFN, 1024));
	KUNIT_EXPECT_FALSE(test, free_pfn(page, PAGE_SIZE));

	/* the same one again, with everything counted anew */
	altmap->failed = 1;
	KUNIT_ASSERT_EQ(test, 0, register_altmap(altmap, TEST_PFN, 1024));
	expect_usage(test, altmap, 0, 8, 0);
	KUNIT_EXPECT_EQ(test, 0, altmap->failed);
	unregister_altmap(altmap);
}

static void unregister_with_a_block_out_is_complained_of(struct kunit *test)
{
	const struct altmap_test *priv = test->priv;
	struct vmem_altmap *altmap = new_altmap(test, TEST_PFN, 0, 8);

	KUNIT_ASSERT_EQ(test, 0, register_altmap(altmap, TEST_PFN, 1024));
	KUNIT_EXPECT_NE(test, 0, alloc_pfn(altmap, PAGE_SIZE));
	unregister_altmap(altmap);
	KUNIT_EXPECT_EQ(test, 1, priv->busy_unregisters);
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
}

#define RACE_ROUNDS	2000

struct race {
	unsigned int rounds;
	unsigned int wrong;
};

/* The altmap that stays has pages 1024 to 2047, the first 8 are its storage. */
static int race_thread(void *data)
{
	struct race *race = data;

	while (!kthread_should_stop()) {
		race->wrong += !vmem_altmap_storage_in(TEST_PFN + 1024, 8);
		race->wrong += !vmem_altmap_storage_in(TEST_PFN + 1031, 1017);
		race->wrong += vmem_altmap_storage_in(TEST_PFN + 1032, 1016);
		race->wrong += vmem_altmap_storage_in(TEST_PFN + 4096, 1024);
		WRITE_ONCE(race->rounds, race->rounds + 1);
		cond_resched();
	}
	return 0;
}

static bool register_and_unregister(struct vmem_altmap *altmap)
{
	if (register_altmap(altmap, altmap->base_pfn, 1024))
		return false;

	unregister_altmap(altmap);
	return true;
}

static void storage_is_told_while_others_register(struct kunit *test)
{
	struct vmem_altmap *left = new_altmap(test, TEST_PFN, 0, 600);
	struct vmem_altmap *right = new_altmap(test, TEST_PFN + 2048, 0, 0);
	unsigned int i, failed = 0;
	struct task_struct *task;
	struct race *race;

	add_altmap(test, TEST_PFN + 1024, 1024, 0, 8);
	race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, race);
	task = kthread_run(race_thread, race, "vmem_altmap_race");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));

	for (i = 0; i < RACE_ROUNDS || READ_ONCE(race->rounds) < RACE_ROUNDS;
	     i++) {
		failed += !register_and_unregister(left);
		failed += !register_and_unregister(right);
		cond_resched();
	}

	kthread_stop(task);
	kunit_info(test, "asked in %u rounds, registered in %u\n",
		   race->rounds, i);
	KUNIT_EXPECT_EQ(test, 0, failed);
	KUNIT_EXPECT_EQ(test, 0, race->wrong);
}

/* The bitmap of the PMD blocks takes 4 GiB; kvcalloc() gives 2 GiB at most. */
static void altmap_without_books_is_not_registered(struct kunit *test)
{
	const unsigned long nr_pages = PAGES_PER_BLOCK << 35;
	struct vmem_altmap *altmap = new_altmap(test, TEST_PFN, 0, nr_pages);

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			register_altmap(altmap, TEST_PFN, nr_pages));
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
	altmap->free = 8;
	KUNIT_EXPECT_EQ(test, 0,
			register_altmap(altmap, TEST_PFN, nr_pages));
	unregister_altmap(altmap);
}

struct bad_case {
	const char *name;
	struct vmem_altmap altmap;
	unsigned long start_pfn;
	unsigned long nr_pages;
};

static const struct bad_case bad_cases[] = {
	{ "base behind start", { .base_pfn = TEST_PFN + 1, .free = 8 },
	  TEST_PFN, 1024 },
	{ "base before start", { .base_pfn = TEST_PFN - 1, .free = 8 },
	  TEST_PFN, 1024 },
	{ "no base", { .free = 8 }, TEST_PFN, 1024 },
	{ "reserve beyond range", { .base_pfn = TEST_PFN, .reserve = 1025 },
	  TEST_PFN, 1024 },
	{ "storage beyond range", { .base_pfn = TEST_PFN, .free = 1025 },
	  TEST_PFN, 1024 },
	{ "sum beyond range",
	  { .base_pfn = TEST_PFN, .reserve = 512, .free = 513 },
	  TEST_PFN, 1024 },
	{ "sum overflows",
	  { .base_pfn = TEST_PFN, .reserve = 2, .free = ULONG_MAX },
	  TEST_PFN, 1024 },
	{ "end overflows", { .base_pfn = ULONG_MAX - 4, .free = 2 },
	  ULONG_MAX - 4, 1024 },
	{ "empty range", { .base_pfn = TEST_PFN }, TEST_PFN, 0 },
};

KUNIT_ARRAY_PARAM_DESC(bad, bad_cases, name);

static void bad_altmap_is_not_registered(struct kunit *test)
{
	const struct bad_case *param = test->param_value;
	struct vmem_altmap altmap = param->altmap;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			register_altmap(&altmap, param->start_pfn,
					param->nr_pages));
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
}

static void altmap_may_fill_its_range(struct kunit *test)
{
	add_altmap(test, TEST_PFN, 1024, 24, 1000);
	KUNIT_EXPECT_EQ(test, 0, check_span(TEST_PFN, 1024));
}

/* The altmap has pages 1024 to 2047, of which 512 are reserve and storage. */
static const struct span_case bad_span_cases[] = {
	{ "starts before", 1023, 1025 },
	{ "starts behind", 1025, 1023 },
	{ "ends inside storage", 1024, 511 },
	{ "ends behind", 1024, 1025 },
	{ "around", 0, 4096 },
};

KUNIT_ARRAY_PARAM_DESC(bad_span, bad_span_cases, name);

static void span_that_does_not_fit_an_altmap_is_refused(struct kunit *test)
{
	const struct span_case *param = test->param_value;

	add_altmap(test, TEST_PFN + 1024, 1024, 2, 510);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			check_span(TEST_PFN + param->start, param->nr_pages));
	KUNIT_EXPECT_EQ(test, 0, check_span(TEST_PFN + 1024, 1024));
	KUNIT_EXPECT_EQ(test, 0, check_span(TEST_PFN, 1024));
	KUNIT_EXPECT_EQ(test, 0, check_span(TEST_PFN + 2048, 1024));
}

static void span_may_have_several_altmaps(struct kunit *test)
{
	add_altmap(test, TEST_PFN + 1024, 1024, 0, 8);
	add_altmap(test, TEST_PFN + 2048, 1024, 2, 510);
	add_altmap(test, TEST_PFN + 4096, 1024, 0, 8);
	KUNIT_EXPECT_EQ(test, 0, check_span(TEST_PFN + 1024, 2048));
	KUNIT_EXPECT_EQ(test, 0, check_span(TEST_PFN + 2048, 1024));
}

/* The altmaps have pages 1024 to 2047, 2048 to 3071, and 4096 to 5119. */
static const struct span_case bad_row_cases[] = {
	{ "starts before", 1023, 2049 },
	{ "starts inside the first", 1536, 1536 },
	{ "ends inside the second", 1024, 1536 },
	{ "ends behind", 1024, 2049 },
	{ "gap inside", 2048, 3072 },
	{ "gap before", 3072, 2048 },
};

KUNIT_ARRAY_PARAM_DESC(bad_row, bad_row_cases, name);

static void span_with_a_part_of_an_altmap_or_a_gap_is_refused(struct kunit *test)
{
	const struct span_case *param = test->param_value;

	add_altmap(test, TEST_PFN + 1024, 1024, 0, 8);
	add_altmap(test, TEST_PFN + 2048, 1024, 2, 510);
	add_altmap(test, TEST_PFN + 4096, 1024, 0, 8);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			check_span(TEST_PFN + param->start, param->nr_pages));
}

/*
 * Three altmaps in a row: pages 1024 to 2047 with the storage in 1026 to 1035,
 * pages 2048 to 3071 with the storage in 2048 to 2051, and pages 3072 to 4095
 * with a reserve alone.
 */
struct holds_case {
	struct span_case span;
	bool storage;
};

static const struct holds_case holds_cases[] = {
	{ { "page before", 1025, 1 }, false },
	{ { "first page", 1026, 1 }, true },
	{ { "inside", 1030, 2 }, true },
	{ { "last page", 1035, 1 }, true },
	{ { "page behind", 1036, 1 }, false },
	{ { "reserve", 1024, 2 }, false },
	{ { "up to first page", 1000, 27 }, true },
	{ { "last page and data", 1035, 1000 }, true },
	{ { "data", 1036, 1012 }, false },
	{ { "data up to first page of the next", 1036, 1013 }, true },
	{ { "data and no storage", 2052, 2044 }, false },
	{ { "before all", 0, 1024 }, false },
	{ { "around all", 0, 8192 }, true },
	{ { "behind all", 4096, 4096 }, false },
};

KUNIT_ARRAY_PARAM_DESC(holds, holds_cases, span.name);

static void storage_is_told_from_what_is_beside(struct kunit *test)
{
	const struct holds_case *param = test->param_value;
	const unsigned long pfn = TEST_PFN + param->span.start;
	const unsigned long nr_pages = param->span.nr_pages;

	KUNIT_EXPECT_FALSE(test, vmem_altmap_storage_in(pfn, nr_pages));
	add_altmap(test, TEST_PFN + 1024, 1024, 2, 10);
	add_altmap(test, TEST_PFN + 2048, 1024, 0, 4);
	add_altmap(test, TEST_PFN + 3072, 1024, 5, 0);
	KUNIT_EXPECT_EQ(test, param->storage,
			vmem_altmap_storage_in(pfn, nr_pages));
}

static void altmaps_are_visited_in_the_order_of_their_memory(struct kunit *test)
{
	const struct vmem_altmap *visited[3] = {};
	struct vmem_altmap *first, *second, *third;
	int i;

	second = add_altmap(test, TEST_PFN + 2048, 1024, 0, 8);
	third = add_altmap(test, TEST_PFN + 4096, 1024, 0, 8);
	first = add_altmap(test, TEST_PFN, 1024, 0, 8);

	/* others may be registered, above these as well */
	visited[0] = vmem_altmap_iter_start(TEST_PFN + 1);
	for (i = 1; i < 3 && visited[i - 1]; i++)
		visited[i] = vmem_altmap_iter_next(visited[i - 1]);
	vmem_altmap_iter_stop();
	KUNIT_EXPECT_PTR_EQ(test, first, visited[0]);
	KUNIT_EXPECT_PTR_EQ(test, second, visited[1]);
	KUNIT_EXPECT_PTR_EQ(test, third, visited[2]);
}

static void altmaps_are_visited_from_where_one_went(struct kunit *test)
{
	const struct vmem_altmap *visited;
	struct vmem_altmap *first, *second;

	second = add_altmap(test, TEST_PFN + 2048, 1024, 0, 8);
	first = add_altmap(test, TEST_PFN, 1024, 0, 8);
	kunit_release_action(test, unregister_action, first);
	visited = vmem_altmap_iter_start(TEST_PFN);
	vmem_altmap_iter_stop();
	KUNIT_EXPECT_PTR_EQ(test, second, visited);
}

static struct kunit_case registry_test_cases[] = {
	KUNIT_CASE(offset_is_reserve_plus_storage),
	KUNIT_CASE(dry_storage_gives_null_and_changes_nothing),
	KUNIT_CASE(provoked_failure_changes_nothing),
	KUNIT_CASE(other_sizes_are_refused),
	KUNIT_CASE(foreign_block_is_left_to_its_owner),
	KUNIT_CASE(books_of_a_tebibyte_are_small),
	KUNIT_CASE(lookup_finds_the_range_and_nothing_beside),
	KUNIT_CASE_PARAM(lookup_finds_its_own_in_a_crowd, crowd_gen_params),
	KUNIT_CASE(lookup_takes_any_byte_of_a_page_struct),
	KUNIT_CASE(lookup_tells_neighbours_in_one_section_apart),
	KUNIT_CASE_PARAM(overlap_is_refused, overlap_gen_params),
	KUNIT_CASE(second_register_is_refused_and_harmless),
	KUNIT_CASE(unregistered_range_is_free_for_another),
	KUNIT_CASE(unregister_with_a_block_out_is_complained_of),
	KUNIT_CASE(storage_is_told_while_others_register),
	KUNIT_CASE(altmap_without_books_is_not_registered),
	KUNIT_CASE_PARAM(bad_altmap_is_not_registered, bad_gen_params),
	KUNIT_CASE(altmap_may_fill_its_range),
	KUNIT_CASE_PARAM(span_that_does_not_fit_an_altmap_is_refused,
			 bad_span_gen_params),
	KUNIT_CASE(span_may_have_several_altmaps),
	KUNIT_CASE_PARAM(span_with_a_part_of_an_altmap_or_a_gap_is_refused,
			 bad_row_gen_params),
	KUNIT_CASE_PARAM(storage_is_told_from_what_is_beside, holds_gen_params),
	KUNIT_CASE(altmaps_are_visited_in_the_order_of_their_memory),
	KUNIT_CASE(altmaps_are_visited_from_where_one_went),
	{}
};

static struct kunit_suite registry_suite = {
	.name = "vmem_altmap_registry",
	.init = altmap_test_init,
	.test_cases = registry_test_cases,
};

kunit_test_suite(registry_suite);
