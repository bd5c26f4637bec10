// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of an altmap's storage: what is allocated and freed there, on
 * made-up pfns that nothing maps.
 *
 * No altmap is registered; registry_kunit.c tests that. See
 * Documentation/mm/vmem_altmap.rst.
 */
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/string.h>

#include "helpers.h"

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "seed of the randomised test; 0 takes a new one");

KUNIT_DEFINE_ACTION_WRAPPER(destroy_action, vmem_altmap_storage_destroy,
			    struct vmem_altmap *);

/* A storage behind a reserve, destroyed when the test ends */
static struct vmem_altmap *new_storage(struct kunit *test,
				       unsigned long reserve,
				       unsigned long free)
{
	struct vmem_altmap *altmap = new_altmap(test, TEST_PFN, reserve, free);

	KUNIT_ASSERT_EQ(test, 0, vmem_altmap_storage_init(altmap));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, destroy_action,
							   altmap));
	return altmap;
}

/* The first of @nr_pages pages, or the test ends. */
static unsigned long must_alloc(struct kunit *test, struct vmem_altmap *altmap,
				unsigned long nr_pages)
{
	unsigned long pfn = 0;

	KUNIT_ASSERT_EQ(test, 0,
			vmem_altmap_storage_alloc(altmap, nr_pages, &pfn));
	return pfn;
}

static void expect_none(struct kunit *test, struct vmem_altmap *altmap,
			unsigned long nr_pages)
{
	unsigned long pfn = 0;

	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmem_altmap_storage_alloc(altmap, nr_pages, &pfn));
	KUNIT_EXPECT_EQ(test, 0, pfn);
}

static void expect_freed(struct kunit *test, struct vmem_altmap *altmap,
			 unsigned long pfn, unsigned long nr_pages)
{
	KUNIT_EXPECT_EQ(test, 0,
			vmem_altmap_storage_free(altmap, pfn, nr_pages));
}

static void expect_refused(struct kunit *test, struct vmem_altmap *altmap,
			   unsigned long pfn, unsigned long nr_pages)
{
	KUNIT_EXPECT_EQ(test, -EINVAL,
			vmem_altmap_storage_free(altmap, pfn, nr_pages));
}

/* Allocate @nr_pages at a time until none are left; return how often. */
static unsigned long drain(struct kunit *test, struct vmem_altmap *altmap,
			   unsigned long nr_pages)
{
	unsigned long pfn, nr = 0;

	while (!vmem_altmap_storage_alloc(altmap, nr_pages, &pfn)) {
		KUNIT_EXPECT_GE(test, pfn, storage_start(altmap));
		KUNIT_EXPECT_LE(test, pfn + nr_pages, storage_end(altmap));
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, nr_pages));
		nr++;
	}
	return nr;
}

/* Free a full storage whose first @nr_blocks whole PMD blocks are not split. */
static void free_all(struct kunit *test, struct vmem_altmap *altmap,
		     unsigned long nr_blocks)
{
	unsigned long pfn = storage_start(altmap), nr;

	for (; pfn < storage_end(altmap); pfn += nr) {
		nr = 1;
		if (nr_blocks && IS_ALIGNED(pfn, PAGES_PER_BLOCK) &&
		    pfn + PAGES_PER_BLOCK <= storage_end(altmap)) {
			nr = PAGES_PER_BLOCK;
			nr_blocks--;
		}
		expect_freed(test, altmap, pfn, nr);
	}
}

/*
 * Storages by where their ends lie, in pages, and what they hold:
 *
 *	      block       block       block
 *	|-----------|-----------|-----------|
 *	     head..............tail
 *
 * a whole block in the middle, and pages at both ends that only page blocks
 * can use.
 */
struct storage_case {
	const char *name;
	unsigned long reserve;
	unsigned long free;
	unsigned long blocks;	/* whole PMD blocks in it */
};

static const struct storage_case storage_cases[] = {
	{ "aligned", 0, 4 * PAGES_PER_BLOCK, 4 },
	{ "head hole", 2, 3 * PAGES_PER_BLOCK - 2, 2 },
	{ "tail hole", 0, 2 * PAGES_PER_BLOCK + 7, 2 },
	{ "both holes", 5, 3 * PAGES_PER_BLOCK, 2 },
	{ "inside one block", 3, 100, 0 },
	{ "across two blocks, none whole", 9, PAGES_PER_BLOCK, 0 },
	{ "one page", 1, 1, 0 },
};

KUNIT_ARRAY_PARAM_DESC(storage, storage_cases, name);

static struct vmem_altmap *new_case(struct kunit *test)
{
	const struct storage_case *param = test->param_value;

	return new_storage(test, param->reserve, param->free);
}

static void pages_fill_what_pmd_blocks_leave(struct kunit *test)
{
	const struct storage_case *param = test->param_value;
	const unsigned long whole = param->blocks * PAGES_PER_BLOCK;
	struct vmem_altmap *altmap = new_case(test);

	expect_used(test, altmap, 0, param->free - whole);
	KUNIT_EXPECT_EQ(test, param->blocks,
			drain(test, altmap, PAGES_PER_BLOCK));
	expect_used(test, altmap, whole, param->free - whole);
	KUNIT_EXPECT_EQ(test, param->free - whole, drain(test, altmap, 1));
	expect_used(test, altmap, param->free, 0);

	free_all(test, altmap, param->blocks);
	expect_used(test, altmap, 0, param->free - whole);
}

static void all_storage_can_be_had_in_pages(struct kunit *test)
{
	const struct storage_case *param = test->param_value;
	struct vmem_altmap *altmap = new_case(test);

	KUNIT_EXPECT_EQ(test, param->free, drain(test, altmap, 1));
	expect_used(test, altmap, param->free, 0);
	free_all(test, altmap, 0);
	KUNIT_EXPECT_EQ(test, param->blocks,
			drain(test, altmap, PAGES_PER_BLOCK));
}

static void first_pages_come_from_the_hole(struct kunit *test)
{
	struct vmem_altmap *altmap;

	altmap = new_storage(test, 2, 2 * PAGES_PER_BLOCK - 2);
	KUNIT_EXPECT_EQ(test, TEST_PFN + 2, must_alloc(test, altmap, 1));
	KUNIT_EXPECT_EQ(test, TEST_PFN + PAGES_PER_BLOCK,
			must_alloc(test, altmap, PAGES_PER_BLOCK));
	expect_used(test, altmap, 1 + PAGES_PER_BLOCK, PAGES_PER_BLOCK - 3);
}

static void full_storage_has_none_and_does_not_change(struct kunit *test)
{
	struct vmem_altmap *altmap = new_storage(test, 0, PAGES_PER_BLOCK + 3);

	KUNIT_EXPECT_EQ(test, 1, drain(test, altmap, PAGES_PER_BLOCK));
	expect_none(test, altmap, PAGES_PER_BLOCK);
	expect_used(test, altmap, PAGES_PER_BLOCK, 3);
	KUNIT_EXPECT_EQ(test, 3, drain(test, altmap, 1));
	expect_none(test, altmap, PAGES_PER_BLOCK);
	expect_none(test, altmap, 1);
	expect_used(test, altmap, PAGES_PER_BLOCK + 3, 0);
}

static void storage_of_nothing_has_none(struct kunit *test)
{
	struct vmem_altmap *altmap = new_storage(test, 3, 0);

	expect_none(test, altmap, PAGES_PER_BLOCK);
	expect_none(test, altmap, 1);
	expect_used(test, altmap, 0, 0);
}

static void other_numbers_of_pages_are_refused(struct kunit *test)
{
	static const unsigned long numbers[] = {
		0, 2, 3, PAGES_PER_BLOCK - 1, PAGES_PER_BLOCK + 1,
		2 * PAGES_PER_BLOCK, ULONG_MAX,
	};
	struct vmem_altmap *altmap = new_storage(test, 0, 8 * PAGES_PER_BLOCK);
	const unsigned long block = must_alloc(test, altmap, PAGES_PER_BLOCK);
	unsigned long pfn = 0;

	for (int i = 0; i < ARRAY_SIZE(numbers); i++) {
		KUNIT_EXPECT_EQ(test, -EINVAL,
				vmem_altmap_storage_alloc(altmap, numbers[i],
							  &pfn));
		KUNIT_EXPECT_EQ(test, 0, pfn);
		expect_refused(test, altmap, block, numbers[i]);
		expect_used(test, altmap, PAGES_PER_BLOCK, 0);
	}
}

static void double_free_is_refused(struct kunit *test)
{
	struct vmem_altmap *altmap = new_storage(test, 0, 2 * PAGES_PER_BLOCK);
	const unsigned long block = must_alloc(test, altmap, PAGES_PER_BLOCK);
	const unsigned long page = must_alloc(test, altmap, 1);
	const unsigned long neighbour = must_alloc(test, altmap, 1);

	expect_freed(test, altmap, block, PAGES_PER_BLOCK);
	expect_freed(test, altmap, page, 1);
	expect_refused(test, altmap, block, PAGES_PER_BLOCK);
	expect_refused(test, altmap, page, 1);
	expect_used(test, altmap, 1, PAGES_PER_BLOCK - 1);

	/* both pages are free, so that their block is no longer split */
	expect_freed(test, altmap, neighbour, 1);
	expect_refused(test, altmap, neighbour, 1);
	expect_used(test, altmap, 0, 0);
}

static void free_in_another_size_is_refused(struct kunit *test)
{
	struct vmem_altmap *altmap;
	unsigned long block, page;

	altmap = new_storage(test, 0, 2 * PAGES_PER_BLOCK + 1);
	block = must_alloc(test, altmap, PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, 1, drain(test, altmap, PAGES_PER_BLOCK));
	page = must_alloc(test, altmap, 1);

	expect_refused(test, altmap, block, 1);
	expect_refused(test, altmap, block + PAGES_PER_BLOCK - 1, 1);
	expect_refused(test, altmap, block + 1, PAGES_PER_BLOCK);
	/* sticks out of the storage */
	expect_refused(test, altmap, page, PAGES_PER_BLOCK);
	expect_used(test, altmap, 2 * PAGES_PER_BLOCK + 1, 0);
	free_all(test, altmap, 2);
}

/*
 * The plain model: what each page of the storage belongs to. Slot n of @page is
 * the n-th page from TEST_PFN on.
 */
#define MODEL_RESERVE		37
#define MODEL_FREE		(6 * PAGES_PER_BLOCK + 11)
#define MODEL_SLOTS		(8 * PAGES_PER_BLOCK)
#define MODEL_STEPS		40000

enum model_page { MODEL_OUTSIDE, MODEL_FREE_PAGE, MODEL_PAGE, MODEL_BLOCK };

struct model {
	u8 page[MODEL_SLOTS];
};

static bool model_block_is(const struct model *model, unsigned long block,
			   enum model_page what)
{
	return !memchr_inv(model->page + block * PAGES_PER_BLOCK, what,
			   PAGES_PER_BLOCK);
}

static void model_compare(struct kunit *test, const struct model *model,
			  const struct vmem_altmap *altmap)
{
	unsigned long i, used = 0, unused = 0, whole = 0;

	for (i = 0; i < MODEL_SLOTS; i++) {
		used += model->page[i] > MODEL_FREE_PAGE;
		unused += model->page[i] == MODEL_FREE_PAGE;
	}
	for (i = 0; i < MODEL_SLOTS / PAGES_PER_BLOCK; i++)
		whole += model_block_is(model, i, MODEL_FREE_PAGE);

	KUNIT_ASSERT_EQ(test, used, altmap->alloc);
	KUNIT_ASSERT_EQ(test, unused - whole * PAGES_PER_BLOCK, altmap->align);
}

static void model_alloc(struct kunit *test, struct model *model,
			struct vmem_altmap *altmap, bool whole)
{
	const unsigned long nr = whole ? PAGES_PER_BLOCK : 1;
	unsigned long i, pfn, slot;
	bool expected = false;

	for (i = 0; i < MODEL_SLOTS; i += nr)
		expected |= whole ?
			model_block_is(model, i / nr, MODEL_FREE_PAGE) :
			model->page[i] == MODEL_FREE_PAGE;

	KUNIT_ASSERT_EQ(test, expected ? 0 : -ENOSPC,
			vmem_altmap_storage_alloc(altmap, nr, &pfn));
	if (!expected)
		return;

	slot = pfn - TEST_PFN;
	KUNIT_ASSERT_TRUE(test, IS_ALIGNED(pfn, nr));
	KUNIT_ASSERT_LE(test, slot + nr, MODEL_SLOTS);
	KUNIT_ASSERT_NULL(test, memchr_inv(model->page + slot, MODEL_FREE_PAGE,
					   nr));
	memset(model->page + slot, whole ? MODEL_BLOCK : MODEL_PAGE, nr);
}

/* Free the page or the PMD block at @slot, if there is one. */
static void model_free(struct kunit *test, struct model *model,
		       struct vmem_altmap *altmap, unsigned long slot)
{
	const bool whole = model->page[slot] == MODEL_BLOCK;
	const unsigned long nr = whole ? PAGES_PER_BLOCK : 1;

	if (model->page[slot] <= MODEL_FREE_PAGE)
		return;

	slot = ALIGN_DOWN(slot, nr);
	KUNIT_ASSERT_EQ(test, 0,
			vmem_altmap_storage_free(altmap, TEST_PFN + slot, nr));
	memset(model->page + slot, MODEL_FREE_PAGE, nr);
}

static void any_order_matches_a_plain_model(struct kunit *test)
{
	u32 start = seed ?: get_random_u32();
	struct vmem_altmap *altmap;
	struct rnd_state rnd;
	struct model *model;
	unsigned long i;

	kunit_info(test, "seed %u (vmem_altmap_kunit.seed=)\n", start);
	prandom_seed_state(&rnd, start);
	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	memset(model->page + MODEL_RESERVE, MODEL_FREE_PAGE, MODEL_FREE);
	altmap = new_storage(test, MODEL_RESERVE, MODEL_FREE);

	for (i = 0; i < MODEL_STEPS; i++) {
		u32 dice = prandom_u32_state(&rnd);
		/* phases that fill the storage, and phases that empty it */
		bool filling = i / 4000 % 2;

		if (dice % 8 < (filling ? 3 : 5))
			model_free(test, model, altmap,
				   (dice >> 8) % MODEL_SLOTS);
		else
			model_alloc(test, model, altmap, !((dice >> 4) % 64));
		model_compare(test, model, altmap);
	}

	for (i = 0; i < MODEL_SLOTS; i++)
		model_free(test, model, altmap, i);
	model_compare(test, model, altmap);
	KUNIT_EXPECT_EQ(test, 0, altmap->alloc);
}

static void run_of_blocks_is_in_one_piece(struct kunit *test)
{
	struct vmem_altmap *altmap = new_storage(test, 2, 5 * PAGES_PER_BLOCK);
	unsigned long first, pfn = 0;

	first = must_alloc(test, altmap, PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmem_altmap_storage_alloc_run(altmap, 4, &pfn));
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmem_altmap_storage_alloc_run(altmap, ULONG_MAX, &pfn));
	KUNIT_EXPECT_EQ(test, 0, pfn);
	KUNIT_EXPECT_EQ(test, PAGES_PER_BLOCK, altmap->alloc);

	KUNIT_ASSERT_EQ(test, 0,
			vmem_altmap_storage_alloc_run(altmap, 3, &pfn));
	KUNIT_EXPECT_EQ(test, first + PAGES_PER_BLOCK, pfn);
	KUNIT_EXPECT_EQ(test, 4 * PAGES_PER_BLOCK, altmap->alloc);
	expect_none(test, altmap, PAGES_PER_BLOCK);

	vmem_altmap_storage_free_run(altmap, pfn, 3);
	KUNIT_EXPECT_EQ(test, PAGES_PER_BLOCK, altmap->alloc);
	KUNIT_EXPECT_EQ(test, 3, drain(test, altmap, PAGES_PER_BLOCK));

	/* two blocks are free, but not side by side */
	expect_freed(test, altmap, first, PAGES_PER_BLOCK);
	expect_freed(test, altmap, first + 2 * PAGES_PER_BLOCK, PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			vmem_altmap_storage_alloc_run(altmap, 2, &pfn));
	KUNIT_EXPECT_EQ(test, 2, drain(test, altmap, PAGES_PER_BLOCK));
}

static struct kunit_case storage_test_cases[] = {
	KUNIT_CASE_PARAM(pages_fill_what_pmd_blocks_leave, storage_gen_params),
	KUNIT_CASE_PARAM(all_storage_can_be_had_in_pages, storage_gen_params),
	KUNIT_CASE(first_pages_come_from_the_hole),
	KUNIT_CASE(full_storage_has_none_and_does_not_change),
	KUNIT_CASE(storage_of_nothing_has_none),
	KUNIT_CASE(other_numbers_of_pages_are_refused),
	KUNIT_CASE(double_free_is_refused),
	KUNIT_CASE(free_in_another_size_is_refused),
	KUNIT_CASE(run_of_blocks_is_in_one_piece),
	KUNIT_CASE(any_order_matches_a_plain_model),
	{}
};

static struct kunit_suite storage_suite = {
	.name = "vmem_altmap_storage",
	.test_cases = storage_test_cases,
};

kunit_test_suite(storage_suite);
