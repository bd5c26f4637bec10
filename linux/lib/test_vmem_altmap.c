// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of altmaps, see Documentation/mm/vmem_altmap.rst.
 *
 * Suite vmem_altmap tests the registry and how a range is shared out among CPUs
 * on made-up ranges of pfns: nothing is mapped, no block is written or scrubbed.
 * The storage has tests of its own in mm/vmem_altmap/tests/.
 *
 * Suite vmem_altmap_memory adds real memory with an altmap, and writes to it.
 * With test_vmem_altmap.memory=1 it takes legacy persistent memory that no
 * driver has claimed, 288 MiB of it that start on a section: memmap=384M!512M
 * on the command line of a guest with 1 GiB makes it. Without that the suite
 * is skipped.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kthread.h>
#include <linux/memmap_fill.h>
#include <linux/memmap_on_memory.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/vmem_altmap.h>

#define PAGES_PER_BLOCK		(PMD_SIZE / PAGE_SIZE)

/* A range far from all memory the test machine can have. */
#define TEST_PFN		PHYS_PFN(16ULL * SZ_1T)
#define TEST_PAGES		(16 * max(PAGES_PER_BLOCK, PHYS_PFN(SZ_64M)))

static bool memory;
module_param(memory, bool, 0444);
MODULE_PARM_DESC(memory, "overwrite legacy persistent memory, to test on it");

/* Complaints about blocks given back, and about blocks that never were. */
static unsigned int bad_frees, busy_unregisters;

static void count_bad_free(struct vmem_altmap *altmap, phys_addr_t phys,
			   unsigned long size)
{
	bad_frees++;
}

static void count_busy_unregister(struct vmem_altmap *altmap)
{
	busy_unregisters++;
}

static void count_complaints(struct kunit *test)
{
	bad_frees = 0;
	busy_unregisters = 0;
	kunit_activate_static_stub(test, vmem_altmap_warn_free, count_bad_free);
	kunit_activate_static_stub(test, vmem_altmap_warn_busy,
				   count_busy_unregister);
}

static int altmap_test_init(struct kunit *test)
{
	count_complaints(test);
	return 0;
}

static void restore_scrub(void *was_on)
{
	vmem_altmap_scrub = was_on;
}

/* For what is registered in the rest of the test. */
static void set_scrub(struct kunit *test, bool on)
{
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action(test, restore_scrub,
					 (void *)(long)vmem_altmap_scrub));
	vmem_altmap_scrub = on;
}

KUNIT_DEFINE_ACTION_WRAPPER(unregister_action, vmem_altmap_unregister,
			    struct vmem_altmap *);

static struct vmem_altmap *new_altmap(struct kunit *test, unsigned long pfn,
				      unsigned long reserve, unsigned long free)
{
	struct vmem_altmap *altmap;

	altmap = kunit_kzalloc(test, sizeof(*altmap), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, altmap);
	altmap->base_pfn = pfn;
	altmap->reserve = reserve;
	altmap->free = free;
	return altmap;
}

/* A registered altmap, unregistered when the test ends. */
static struct vmem_altmap *add_altmap(struct kunit *test, unsigned long pfn,
				      unsigned long nr_pages,
				      unsigned long reserve, unsigned long free)
{
	struct vmem_altmap *altmap = new_altmap(test, pfn, reserve, free);

	KUNIT_ASSERT_EQ(test, 0, vmem_altmap_register(altmap, pfn, nr_pages));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   unregister_action,
							   altmap));
	return altmap;
}

static struct vmem_altmap *lookup(unsigned long pfn)
{
	return to_vmem_altmap((unsigned long)pfn_to_page(pfn));
}

static unsigned long alloc_pfn(struct vmem_altmap *altmap, unsigned long size)
{
	void *block = vmem_altmap_alloc(altmap, size);

	/* not __pa(): there need not be such an address on this machine */
	return block ? PHYS_PFN((unsigned long)block - PAGE_OFFSET) : 0;
}

static bool free_pfn(unsigned long pfn, unsigned long size)
{
	return vmem_altmap_free(PFN_PHYS(pfn), size);
}

static void expect_books(struct kunit *test, const struct vmem_altmap *altmap,
			 unsigned long alloc, unsigned long align,
			 unsigned long watermark)
{
	KUNIT_EXPECT_EQ(test, alloc, altmap->alloc);
	KUNIT_EXPECT_EQ(test, align, altmap->align);
	KUNIT_EXPECT_EQ(test, watermark, altmap->watermark);
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
	const unsigned long start = altmap->base_pfn + altmap->reserve;

	KUNIT_EXPECT_GE(test, pfn, start);
	KUNIT_EXPECT_LE(test, pfn + size / PAGE_SIZE, start + altmap->free);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED(pfn, size / PAGE_SIZE));
}

/* Takes all that is left in blocks of @size, then gives a count of them. */
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

static void put_all_back(struct kunit *test, struct vmem_altmap *altmap,
			 unsigned long nr_blocks)
{
	unsigned long pfn = altmap->base_pfn + altmap->reserve;
	const unsigned long end = pfn + altmap->free;

	while (pfn < end) {
		bool whole = IS_ALIGNED(pfn, PAGES_PER_BLOCK) &&
			     pfn + PAGES_PER_BLOCK <= end && nr_blocks;

		KUNIT_EXPECT_TRUE(test, free_pfn(pfn, whole ? PMD_SIZE :
								 PAGE_SIZE));
		pfn += whole ? PAGES_PER_BLOCK : 1;
		nr_blocks -= whole;
	}
	KUNIT_EXPECT_EQ(test, 0, bad_frees);
}

static void dry_storage_gives_null_and_changes_nothing(struct kunit *test)
{
	struct vmem_altmap *altmap;

	altmap = add_altmap(test, TEST_PFN, TEST_PAGES, 0, PAGES_PER_BLOCK + 3);
	KUNIT_EXPECT_EQ(test, 1, drain(test, altmap, PMD_SIZE));
	expect_books(test, altmap, PAGES_PER_BLOCK, 3, PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, 1, altmap->failed);
	KUNIT_EXPECT_NULL(test, vmem_altmap_alloc(altmap, PMD_SIZE));
	KUNIT_EXPECT_EQ(test, 2, altmap->failed);
	expect_books(test, altmap, PAGES_PER_BLOCK, 3, PAGES_PER_BLOCK);
	KUNIT_EXPECT_EQ(test, 3, drain(test, altmap, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 3, altmap->failed);
	KUNIT_EXPECT_NULL(test, vmem_altmap_alloc(altmap, PAGE_SIZE));
	KUNIT_EXPECT_NULL(test, vmem_altmap_alloc(altmap, PMD_SIZE));
	expect_books(test, altmap, PAGES_PER_BLOCK + 3, 0, PAGES_PER_BLOCK + 3);
	put_all_back(test, altmap, 1);
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
	expect_books(test, altmap, PAGES_PER_BLOCK + 1, PAGES_PER_BLOCK - 2,
		     PAGES_PER_BLOCK + 1);
	KUNIT_EXPECT_EQ(test, pfn + PAGES_PER_BLOCK,
			alloc_pfn(altmap, PMD_SIZE));

	fail_nth_block(test, 1);
	KUNIT_EXPECT_EQ(test, 0, alloc_pfn(altmap, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 2, altmap->failed);
	KUNIT_EXPECT_EQ(test, TEST_PFN + 2, alloc_pfn(altmap, PAGE_SIZE));
	drain(test, altmap, PMD_SIZE);
	drain(test, altmap, PAGE_SIZE);
	put_all_back(test, altmap, 3);
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
		KUNIT_EXPECT_NULL(test, vmem_altmap_alloc(altmap, sizes[i]));
		KUNIT_EXPECT_TRUE(test, free_pfn(pfn, sizes[i]));
		KUNIT_EXPECT_EQ(test, i + 1, bad_frees);
		expect_books(test, altmap, PAGES_PER_BLOCK, 0, PAGES_PER_BLOCK);
	}
	KUNIT_EXPECT_TRUE(test, free_pfn(pfn, PMD_SIZE));
}

static void double_free_is_refused(struct kunit *test)
{
	struct vmem_altmap *altmap;
	unsigned long block, page, neighbour;

	altmap = add_altmap(test, TEST_PFN, TEST_PAGES, 0, 2 * PAGES_PER_BLOCK);
	block = alloc_pfn(altmap, PMD_SIZE);
	page = alloc_pfn(altmap, PAGE_SIZE);
	neighbour = alloc_pfn(altmap, PAGE_SIZE);

	KUNIT_EXPECT_TRUE(test, free_pfn(block, PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, free_pfn(page, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, bad_frees);
	KUNIT_EXPECT_TRUE(test, free_pfn(block, PMD_SIZE));
	KUNIT_EXPECT_TRUE(test, free_pfn(page, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 2, bad_frees);
	expect_books(test, altmap, 1, PAGES_PER_BLOCK - 1, PAGES_PER_BLOCK + 2);

	/* the block of pages is whole again by now: a third free finds none */
	KUNIT_EXPECT_TRUE(test, free_pfn(neighbour, PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, free_pfn(neighbour, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 3, bad_frees);
	expect_books(test, altmap, 0, 0, PAGES_PER_BLOCK + 2);
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
	KUNIT_EXPECT_EQ(test, 0, bad_frees);
	expect_books(test, altmap, PAGES_PER_BLOCK, 0, PAGES_PER_BLOCK);
	put_all_back(test, altmap, 1);
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
	struct vmem_altmap *altmap;
	struct rb_node *node;
	unsigned long i;
	size_t bytes;

	altmap = add_altmap(test, TEST_PFN, PHYS_PFN(SZ_1T), 2,
			    (blocks + 2) * PAGES_PER_BLOCK - 4);
	for (i = 0; i < blocks - 1; i++)
		KUNIT_ASSERT_NE(test, 0, alloc_pfn(altmap, PMD_SIZE));
	KUNIT_ASSERT_EQ(test, 3 * PAGES_PER_BLOCK - 4,
			drain(test, altmap, PAGE_SIZE));

	bytes = ksize(altmap->blocks) + ksize(altmap->dirty);
	for (node = rb_first(&altmap->splits); node; node = rb_next(node))
		bytes += ksize(node);
	kunit_info(test, "%zu bytes\n", bytes);
	KUNIT_EXPECT_LE(test, bytes, limit);
	put_all_back(test, altmap, blocks - 1);
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
 * As many as memory blocks of 128 MiB are in 1 TiB, side by side. The time is
 * for a kernel without debugging, on a CPU that counts instructions as time.
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

	start = ktime_get_ns();
	for (i = 0, at = 0; i < lookups; i++, at = (at + step) % nr) {
		pfn = TEST_PFN + at * PAGES_PER_SECTION + i % PAGES_PER_SECTION;
		wrong += lookup(pfn) != altmaps[at];
	}
	end = ktime_get_ns();

	KUNIT_EXPECT_EQ(test, 0, wrong);
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN + nr * PAGES_PER_SECTION));
	kunit_info(test, "%u ranges: %llu ns for a look-up\n", nr,
		   div_u64(end - start, lookups));
}

/* A vmemmap address need not be that of a struct page: any byte of one does. */
static void lookup_takes_any_byte_of_a_page_struct(struct kunit *test)
{
	const unsigned long addr = (unsigned long)pfn_to_page(TEST_PFN);
	struct vmem_altmap *altmap;

	altmap = add_altmap(test, TEST_PFN, 1, 0, 1);
	KUNIT_EXPECT_NULL(test, to_vmem_altmap(addr - 1));
	KUNIT_EXPECT_PTR_EQ(test, altmap, to_vmem_altmap(addr));
	KUNIT_EXPECT_PTR_EQ(test, altmap,
			    to_vmem_altmap(addr + sizeof(struct page) - 1));
	KUNIT_EXPECT_NULL(test, to_vmem_altmap(addr + sizeof(struct page)));
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
			vmem_altmap_register(other, pfn, param->nr_pages));
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + 1024));
	KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + 2047));
	expect_books(test, altmap, 1, 7, 1);
	free_pfn(page, PAGE_SIZE);
}

static void second_register_is_refused_and_harmless(struct kunit *test)
{
	struct vmem_altmap *altmap = add_altmap(test, TEST_PFN, 1024, 0, 8);
	unsigned long page = alloc_pfn(altmap, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, -EEXIST,
			vmem_altmap_register(altmap, TEST_PFN, 1024));
	expect_books(test, altmap, 1, 7, 1);
	free_pfn(page, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 0, bad_frees);
}

static void unregistered_range_is_free_for_another(struct kunit *test)
{
	struct vmem_altmap *altmap = new_altmap(test, TEST_PFN, 0, 8);
	unsigned long page;

	KUNIT_ASSERT_EQ(test, 0, vmem_altmap_register(altmap, TEST_PFN, 1024));
	page = alloc_pfn(altmap, PAGE_SIZE);
	free_pfn(page, PAGE_SIZE);
	vmem_altmap_unregister(altmap);
	KUNIT_EXPECT_EQ(test, 0, busy_unregisters);
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
	KUNIT_EXPECT_FALSE(test, vmem_altmap_storage_in(TEST_PFN, 1024));
	KUNIT_EXPECT_FALSE(test, free_pfn(page, PAGE_SIZE));

	/* the same one again, with fresh books */
	altmap->failed = 1;
	KUNIT_ASSERT_EQ(test, 0, vmem_altmap_register(altmap, TEST_PFN, 1024));
	expect_books(test, altmap, 0, 8, 0);
	KUNIT_EXPECT_EQ(test, 0, altmap->failed);
	vmem_altmap_unregister(altmap);
}

static void unregister_with_a_block_out_is_complained_of(struct kunit *test)
{
	struct vmem_altmap *altmap = new_altmap(test, TEST_PFN, 0, 8);

	KUNIT_ASSERT_EQ(test, 0, vmem_altmap_register(altmap, TEST_PFN, 1024));
	KUNIT_EXPECT_NE(test, 0, alloc_pfn(altmap, PAGE_SIZE));
	vmem_altmap_unregister(altmap);
	KUNIT_EXPECT_EQ(test, 1, busy_unregisters);
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
}

#define RACE_ROUNDS	2000

struct race {
	struct vmem_altmap left, right;
	unsigned int rounds, failed;
};

static int race_thread(void *data)
{
	struct race *race = data;

	while (!kthread_should_stop()) {
		if (vmem_altmap_register(&race->left, TEST_PFN, 1024))
			race->failed++;
		else
			vmem_altmap_unregister(&race->left);
		if (vmem_altmap_register(&race->right, TEST_PFN + 2048, 1024))
			race->failed++;
		else
			vmem_altmap_unregister(&race->right);
		WRITE_ONCE(race->rounds, race->rounds + 1);
		cond_resched();
	}
	return 0;
}

static void lookups_race_with_registers_beside(struct kunit *test)
{
	struct vmem_altmap *altmap = add_altmap(test, TEST_PFN + 1024, 1024, 0, 8);
	struct task_struct *task;
	struct race *race;
	unsigned int i;

	race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, race);
	race->left = (struct vmem_altmap){ .base_pfn = TEST_PFN, .free = 600 };
	race->right = (struct vmem_altmap){ .base_pfn = TEST_PFN + 2048 };
	task = kthread_run(race_thread, race, "vmem_altmap_race");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));

	for (i = 0; i < RACE_ROUNDS || READ_ONCE(race->rounds) < RACE_ROUNDS; i++) {
		struct vmem_altmap *left = lookup(TEST_PFN + 1023);
		unsigned long pfn = alloc_pfn(altmap, PAGE_SIZE);

		KUNIT_EXPECT_TRUE(test, !left || left == &race->left);
		KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + 1024));
		KUNIT_EXPECT_PTR_EQ(test, altmap, lookup(TEST_PFN + 2047));
		KUNIT_EXPECT_NULL(test, lookup(TEST_PFN + 4096));
		KUNIT_EXPECT_TRUE(test, free_pfn(pfn, PAGE_SIZE));
		cond_resched();
	}

	kthread_stop(task);
	kunit_info(test, "%u rounds of look-ups beside %u of registers\n",
		   i, race->rounds);
	KUNIT_EXPECT_EQ(test, 0, race->failed);
	KUNIT_EXPECT_EQ(test, 0, bad_frees);
}

/* Nobody has the DRAM for books that fill the kernel's address space. */
static void altmap_without_books_is_not_registered(struct kunit *test)
{
	const unsigned long nr_pages = PHYS_PFN(SZ_1T) << 16;
	struct vmem_altmap *altmap = new_altmap(test, TEST_PFN, 0, nr_pages);

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			vmem_altmap_register(altmap, TEST_PFN, nr_pages));
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
	altmap->free = 8;
	KUNIT_EXPECT_EQ(test, 0,
			vmem_altmap_register(altmap, TEST_PFN, nr_pages));
	vmem_altmap_unregister(altmap);
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
			vmem_altmap_register(&altmap, param->start_pfn,
					     param->nr_pages));
	KUNIT_EXPECT_NULL(test, lookup(TEST_PFN));
}

static void altmap_may_fill_its_range(struct kunit *test)
{
	add_altmap(test, TEST_PFN, 1024, 24, 1000);
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_check_span(TEST_PFN, 1024));
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
			vmem_altmap_check_span(TEST_PFN + param->start,
					       param->nr_pages));
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_check_span(TEST_PFN + 1024, 1024));
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_check_span(TEST_PFN, 1024));
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_check_span(TEST_PFN + 2048, 1024));
}

static void span_may_have_several_altmaps(struct kunit *test)
{
	add_altmap(test, TEST_PFN + 1024, 1024, 0, 8);
	add_altmap(test, TEST_PFN + 2048, 1024, 2, 510);
	add_altmap(test, TEST_PFN + 4096, 1024, 0, 8);
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_check_span(TEST_PFN + 1024, 2048));
	KUNIT_EXPECT_EQ(test, 0, vmem_altmap_check_span(TEST_PFN + 2048, 1024));
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
			vmem_altmap_check_span(TEST_PFN + param->start,
					       param->nr_pages));
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

static unsigned long block_pfn(unsigned int i)
{
	return TEST_PFN + i * PHYS_PFN(memory_block_size_bytes());
}

/* Memory blocks FIRST to LAST, with 512 pages of memmap each. */
static int __register_blocks(unsigned int first, unsigned int last,
			     bool inaccessible)
{
	int err;

	lock_device_hotplug();
	err = mhp_register_altmaps(PFN_PHYS(block_pfn(first)),
				   (last - first + 1) *
				   memory_block_size_bytes(), 0, 512,
				   inaccessible);
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
	mhp_unregister_altmaps(PFN_PHYS(block_pfn(first)),
			       (last - first + 1) * memory_block_size_bytes());
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

static void altmaps_are_visited_in_the_order_of_their_memory(struct kunit *test)
{
	struct vmem_altmap *second = add_altmap(test, block_pfn(2), 1024, 0, 8);
	struct vmem_altmap *third = add_altmap(test, block_pfn(3), 1024, 0, 8);
	struct vmem_altmap *first = add_altmap(test, block_pfn(1), 1024, 0, 8);
	const struct vmem_altmap *visited[3] = {};
	int i;

	/* the machine can have others, elsewhere */
	visited[0] = vmem_altmap_iter_start(block_pfn(1) + 1);
	for (i = 1; i < 3 && visited[i - 1]; i++)
		visited[i] = vmem_altmap_iter_next(visited[i - 1]);
	vmem_altmap_iter_stop();
	KUNIT_EXPECT_PTR_EQ(test, first, visited[0]);
	KUNIT_EXPECT_PTR_EQ(test, second, visited[1]);
	KUNIT_EXPECT_PTR_EQ(test, third, visited[2]);
}

static void altmaps_are_visited_from_where_one_went(struct kunit *test)
{
	struct vmem_altmap *second = add_altmap(test, block_pfn(2), 1024, 0, 8);
	struct vmem_altmap *first = add_altmap(test, block_pfn(1), 1024, 0, 8);
	const struct vmem_altmap *visited;

	kunit_release_action(test, unregister_action, first);
	visited = vmem_altmap_iter_start(block_pfn(1));
	vmem_altmap_iter_stop();
	KUNIT_EXPECT_PTR_EQ(test, second, visited);
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

/* The CPUs that write the page structs of a node's memory. */
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
	unsigned int used;

	filled.map = vcalloc(BITS_TO_LONGS(param->nr + 1), sizeof(long));
	KUNIT_ASSERT_NOT_NULL(test, filled.map);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, vfree_action,
							   filled.map));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, restore_threads,
						  (void *)threads));
	memmap_fill_threads = param->threads;
	used = memmap_fill_split(mark_filled, &filled, param->nr, param->align,
				 first_online_node);
	KUNIT_EXPECT_LE(test, used, param->threads ?: cpus);
	/* 0 if there is nothing to fill, and small ranges are not split */
	if (param->nr < SZ_256K)
		KUNIT_EXPECT_EQ(test, used, param->nr ? 1 : 0);
	else
		KUNIT_EXPECT_EQ(test, used > 1, cpus > 1 && param->threads != 1);
	KUNIT_EXPECT_EQ(test, param->nr, bitmap_weight(filled.map, param->nr + 1));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&filled.twice));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&filled.unaligned));
}

struct shared {
	atomic_t calls;
	bool innermost;
};

/* The first call of each range adds a range that is filled at the same time. */
static void fill_with_another(unsigned long start, unsigned long end, void *arg)
{
	struct shared *shared = arg;

	if (atomic_inc_return(&shared->calls) == 1 && !shared->innermost)
		memmap_fill_split(fill_with_another, shared + 1, SZ_8M, 1,
				  first_online_node);
}

static void ranges_at_once_share_the_cpus(struct kunit *test)
{
	const unsigned int cpus = fill_cpus(first_online_node);
	struct shared *ranges;

	if (cpus < 2 || cpus > 8)
		kunit_skip(test, "%u CPUs, wants 2 to 8", cpus);
	ranges = kunit_kcalloc(test, cpus, sizeof(*ranges), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	ranges[cpus - 1].innermost = true;
	memmap_fill_split(fill_with_another, ranges, SZ_8M, 1, first_online_node);

	/* the first began alone, the last has one CPU, which takes it in one go */
	KUNIT_EXPECT_GT(test, atomic_read(&ranges[0].calls), 1);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&ranges[cpus - 1].calls));
}

static struct kunit_case altmap_cases[] = {
	KUNIT_CASE(offset_is_reserve_plus_storage),
	KUNIT_CASE(dry_storage_gives_null_and_changes_nothing),
	KUNIT_CASE(provoked_failure_changes_nothing),
	KUNIT_CASE(other_sizes_are_refused),
	KUNIT_CASE(double_free_is_refused),
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
	KUNIT_CASE(lookups_race_with_registers_beside),
	KUNIT_CASE(altmap_without_books_is_not_registered),
	KUNIT_CASE_PARAM(bad_altmap_is_not_registered, bad_gen_params),
	KUNIT_CASE(altmap_may_fill_its_range),
	KUNIT_CASE_PARAM(span_that_does_not_fit_an_altmap_is_refused,
			 bad_span_gen_params),
	KUNIT_CASE(span_may_have_several_altmaps),
	KUNIT_CASE_PARAM(span_with_a_part_of_an_altmap_or_a_gap_is_refused,
			 bad_row_gen_params),
	KUNIT_CASE_PARAM(storage_is_told_from_what_is_beside, holds_gen_params),
	KUNIT_CASE(each_memory_block_has_its_own_altmap),
	KUNIT_CASE(memory_blocks_get_all_altmaps_or_none),
	KUNIT_CASE(memory_block_may_be_inaccessible),
	KUNIT_CASE(altmap_of_another_owner_is_no_memory_blocks),
	KUNIT_CASE(altmaps_are_visited_in_the_order_of_their_memory),
	KUNIT_CASE(altmaps_are_visited_from_where_one_went),
	KUNIT_CASE_PARAM(split_range_is_filled_once, split_gen_params),
	KUNIT_CASE(ranges_at_once_share_the_cpus),
	{}
};

static struct kunit_suite altmap_suite = {
	.name = "vmem_altmap",
	.init = altmap_test_init,
	.test_cases = altmap_cases,
};

/*
 * Real memory. The device is 288 MiB that start on a section, in two ranges
 * that meet inside the first one, so that both sections of 128 MiB that are
 * not whole, and the whole one, are populated:
 *
 *	section	|<----------- 0 ----------->|<---- 1 ---->|<---- 2 ----
 *	range	|--- left ---|------------------ right ----------|
 */
#define LEFT_BYTES	SZ_64M
#define RIGHT_BYTES	(SZ_128M + SZ_64M + SZ_32M)

struct device_memory {
	struct resource *res;
	phys_addr_t start;
	u64 size;
};

static int find_device_memory(struct resource *res, void *data)
{
	struct device_memory *device = data;

	device->start = ALIGN(res->start, PFN_PHYS(PAGES_PER_SECTION));
	device->size = LEFT_BYTES + RIGHT_BYTES;
	return device->start + device->size <= res->end + 1;
}

static int memory_test_init(struct kunit *test)
{
	struct device_memory *device;

	device = kunit_kzalloc(test, sizeof(*device), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, device);
	if (!memory)
		kunit_skip(test, "writes to memory: needs test_vmem_altmap.memory=1\n");
	if (walk_iomem_res_desc(IORES_DESC_PERSISTENT_MEMORY_LEGACY,
				IORESOURCE_MEM, 0, -1, device,
				find_device_memory) <= 0)
		kunit_skip(test, "no legacy persistent memory: boot with memmap=384M!512M\n");

	device->res = request_mem_region(device->start, device->size,
					 "test_vmem_altmap");
	if (!device->res)
		kunit_skip(test, "a driver has claimed the memory\n");
	test->priv = device;
	count_complaints(test);
	return 0;
}

static void memory_test_exit(struct kunit *test)
{
	struct device_memory *device = test->priv;

	if (device && device->res)
		release_mem_region(device->start, device->size);
}

/* As the nvdimm driver lays it out: 8 KiB of its own, then a PMD aligned end. */
static struct dev_pagemap *new_pagemap(struct kunit *test, phys_addr_t start,
				       u64 size)
{
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
	pgmap->altmap.free = PHYS_PFN(ALIGN(PHYS_PFN(size) * sizeof(struct page) +
					    reserve, PMD_SIZE) - reserve);
	return pgmap;
}

static struct dev_pagemap *left_pagemap(struct kunit *test)
{
	struct device_memory *device = test->priv;

	return new_pagemap(test, device->start, LEFT_BYTES);
}

static struct dev_pagemap *right_pagemap(struct kunit *test)
{
	struct device_memory *device = test->priv;

	return new_pagemap(test, device->start + LEFT_BYTES, RIGHT_BYTES);
}

/* Physical address behind a vmemmap address, 0 if nothing is mapped there. */
static phys_addr_t vmemmap_phys(unsigned long addr)
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

static bool on_device(const struct dev_pagemap *pgmap, phys_addr_t phys)
{
	const struct vmem_altmap *altmap = &pgmap->altmap;
	const unsigned long pfn = PHYS_PFN(phys);

	return pfn >= altmap->base_pfn + altmap->reserve &&
	       pfn < altmap->base_pfn + vmem_altmap_offset(altmap);
}

struct memmap_census {
	unsigned long pages;	/* of vmemmap */
	unsigned long device;	/* of these, mapped to the storage */
	unsigned long absent;	/* of these, not mapped */
};

static struct memmap_census count_memmap(const struct dev_pagemap *pgmap)
{
	const struct range *range = &pgmap->range;
	unsigned long addr = (unsigned long)pfn_to_page(PHYS_PFN(range->start));
	unsigned long end = (unsigned long)pfn_to_page(PHYS_PFN(range->end + 1));
	struct memmap_census census = {};

	for (; addr < end; addr += PAGE_SIZE) {
		phys_addr_t phys = vmemmap_phys(addr);

		census.pages++;
		census.absent += !phys;
		census.device += phys && on_device(pgmap, phys);
	}
	return census;
}

static void expect_on_device(struct kunit *test, const struct dev_pagemap *pgmap)
{
	struct memmap_census census = count_memmap(pgmap);

	KUNIT_EXPECT_EQ(test, census.pages, census.device);
	KUNIT_EXPECT_EQ(test, census.pages, pgmap->altmap.alloc);
}

static void expect_gone(struct kunit *test, const struct dev_pagemap *pgmap)
{
	struct memmap_census census = count_memmap(pgmap);

	KUNIT_EXPECT_EQ(test, census.pages, census.absent);
	KUNIT_EXPECT_EQ(test, 0, pgmap->altmap.alloc);
	KUNIT_EXPECT_NULL(test, lookup(PHYS_PFN(pgmap->range.start)));
	KUNIT_EXPECT_EQ(test, 0, bad_frees);
	KUNIT_EXPECT_EQ(test, 0, busy_unregisters);
}

KUNIT_DEFINE_ACTION_WRAPPER(memunmap_action, memunmap_pages,
			    struct dev_pagemap *);

/* Adds the memory, until unmap_device() or the end of the test. */
static void map_device(struct kunit *test, struct dev_pagemap *pgmap)
{
	KUNIT_ASSERT_FALSE(test, IS_ERR(memremap_pages(pgmap, 0)));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   memunmap_action,
							   pgmap));
}

static void unmap_device(struct kunit *test, struct dev_pagemap *pgmap)
{
	kunit_release_action(test, memunmap_action, pgmap);
	expect_gone(test, pgmap);
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

/* Tail pages of compound pages are not shared when they lie on the device. */
static void compound_memmap_lies_on_the_device(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	const unsigned long pfn = pgmap->altmap.base_pfn +
				  vmem_altmap_offset(&pgmap->altmap);
	const unsigned long end = PHYS_PFN(pgmap->range.end + 1);

	pgmap->vmemmap_shift = PMD_SHIFT - PAGE_SHIFT;
	map_device(test, pgmap);
	expect_on_device(test, pgmap);
	KUNIT_EXPECT_PTR_EQ(test, pfn_to_page(pfn),
			    compound_head(pfn_to_page(pfn + PAGES_PER_BLOCK - 1)));
	KUNIT_EXPECT_PTR_EQ(test, pfn_to_page(end - PAGES_PER_BLOCK),
			    compound_head(pfn_to_page(end - 1)));
	unmap_device(test, pgmap);
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
		KUNIT_EXPECT_PTR_EQ(test, pgmap, pfn_to_page(pfn)->pgmap);
		KUNIT_EXPECT_TRUE(test, pgmap_pfn_valid(pgmap, pfn));
	}
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
 * The right range takes 256 pages for the rest of its first section, a PMD
 * block for the next one and 128 pages for the start of the last one.
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
	{ "all but the last page", PAGES_PER_BLOCK - 383, 383 + PAGES_PER_BLOCK },
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

/* An altmap is for the one range that it describes, and that the CPU can write */
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

/* All of the range is storage, and most of it is left for the test to take. */
static struct dev_pagemap *map_storage(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	pgmap->altmap.free = PHYS_PFN(RIGHT_BYTES) - pgmap->altmap.reserve;
	map_device(test, pgmap);
	return pgmap;
}

static void *alloc_filled(struct kunit *test, struct vmem_altmap *altmap,
			  unsigned long size)
{
	void *block = vmem_altmap_alloc(altmap, size);

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
	struct dev_pagemap *pgmap = map_storage(test);
	void *left = alloc_filled(test, &pgmap->altmap, size);
	void *block = alloc_filled(test, &pgmap->altmap, size);
	void *right = alloc_filled(test, &pgmap->altmap, size);

	KUNIT_ASSERT_PTR_EQ(test, left + size, block);
	KUNIT_ASSERT_PTR_EQ(test, block + size, right);
	pgmap->altmap.scrub_in_place = true;
	vmem_altmap_free(__pa(block), size == PMD_SIZE ? PAGE_SIZE : PMD_SIZE);
	expect_filled(test, block, 0x5a, size);
	KUNIT_EXPECT_EQ(test, 1, bad_frees);
	bad_frees = 0;
	vmem_altmap_free(__pa(block), size);
	expect_filled(test, left, 0x5a, size);
	expect_filled(test, block, 0, size);
	expect_filled(test, right, 0x5a, size);

	pgmap->altmap.scrub_in_place = false;
	vmem_altmap_free(__pa(left), size);
	vmem_altmap_free(__pa(right), size);
	expect_filled(test, left, 0x5a, size);
	expect_filled(test, right, 0x5a, size);
	unmap_device(test, pgmap);
}

static void *reach_storage(struct kunit *test, const struct dev_pagemap *pgmap)
{
	const struct vmem_altmap *altmap = &pgmap->altmap;
	void *storage;

	storage = memremap(PFN_PHYS(altmap->base_pfn + altmap->reserve),
			   PFN_PHYS(altmap->free), MEMREMAP_WB);
	KUNIT_ASSERT_NOT_NULL(test, storage);
	return storage;
}

static void fill_storage(struct kunit *test, const struct dev_pagemap *pgmap,
			 int byte)
{
	void *storage = reach_storage(test, pgmap);

	memset(storage, byte, PFN_PHYS(pgmap->altmap.free));
	memunmap(storage);
}

static void clear_storage(struct kunit *test, const struct dev_pagemap *pgmap)
{
	fill_storage(test, pgmap, 0);
}

static bool storage_is_clear(struct kunit *test, const struct dev_pagemap *pgmap)
{
	void *storage = reach_storage(test, pgmap);
	bool clear = !memchr_inv(storage, 0, PFN_PHYS(pgmap->altmap.free));

	memunmap(storage);
	return clear;
}

static void removed_memmap_leaves_nothing_behind(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	clear_storage(test, pgmap);
	set_scrub(test, true);
	map_device(test, pgmap);
	unmap_device(test, pgmap);
	KUNIT_EXPECT_TRUE(test, storage_is_clear(test, pgmap));

	set_scrub(test, false);
	map_device(test, pgmap);
	unmap_device(test, pgmap);
	KUNIT_EXPECT_FALSE(test, storage_is_clear(test, pgmap));
}

/* The last of more storage than the memmap needs */
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

	storage = reach_storage(test, pgmap);
	KUNIT_EXPECT_NULL(test, memchr_inv(storage + used + 2 * PMD_SIZE, 0x5a,
					   PMD_SIZE));
	KUNIT_EXPECT_NOT_NULL(test, memchr_inv(storage, 0x5a, used));
	memunmap(storage);
}

static void altmap_can_do_without_scrub(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);

	clear_storage(test, pgmap);
	set_scrub(test, true);
	pgmap->altmap.no_scrub = true;
	map_device(test, pgmap);
	unmap_device(test, pgmap);
	KUNIT_EXPECT_FALSE(test, storage_is_clear(test, pgmap));
}

/*
 * Some sections get their memmap before the storage runs dry. What is written
 * by then is the poison of page structs to come, and of a PMD block's other
 * part: there is nothing to scrub.
 */
static void failed_add_writes_no_page_struct(struct kunit *test)
{
	struct dev_pagemap *pgmap = right_pagemap(test);
	unsigned long i, written = 0;
	u8 *storage;

	clear_storage(test, pgmap);
	pgmap->altmap.free = 300;
	expect_refused(test, pgmap, -ENOMEM);

	storage = reach_storage(test, pgmap);
	for (i = 0; i < PFN_PHYS(pgmap->altmap.free); i++)
		written += storage[i] && storage[i] != 0xff &&
			   storage[i] != 0xfd;
	KUNIT_EXPECT_EQ(test, 0, written);
	memunmap(storage);
}

/*
 * As memory that is hot-added, and removed before it is onlined. A section: its
 * memmap is a PMD block, none of which is marked as unused.
 */
static bool added_memory_is_written(struct kunit *test, bool inaccessible)
{
	struct device_memory *device = test->priv;
	struct dev_pagemap *pgmap = new_pagemap(test, device->start, SZ_128M);
	struct mhp_params params = { .pgprot = PAGE_KERNEL };
	int err;

	clear_storage(test, pgmap);
	pgmap->altmap.no_scrub = true;
	pgmap->altmap.inaccessible = inaccessible;
	KUNIT_ASSERT_EQ(test, 0,
			vmem_altmap_register(&pgmap->altmap,
					     PHYS_PFN(pgmap->range.start),
					     PHYS_PFN(SZ_128M)));
	mem_hotplug_begin();
	err = arch_add_memory(0, pgmap->range.start, SZ_128M, &params);
	if (!err)
		arch_remove_memory(pgmap->range.start, SZ_128M, NULL);
	mem_hotplug_done();
	vmem_altmap_unregister(&pgmap->altmap);
	KUNIT_EXPECT_EQ(test, 0, err);
	return !storage_is_clear(test, pgmap);
}

static void inaccessible_memory_is_not_written(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, added_memory_is_written(test, true));
	if (IS_ENABLED(CONFIG_DEBUG_VM))
		KUNIT_EXPECT_TRUE(test, added_memory_is_written(test, false));
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

static struct page *new_page_structs(struct kunit *test, unsigned long nr)
{
	struct page *pages = vmalloc(array_size(nr, sizeof(*pages)));

	KUNIT_ASSERT_NOT_NULL(test, pages);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, vfree_action,
							   pages));
	return pages;
}

/* Field by field first; then what may be copied is. */
static void copied_page_structs_are_what_fields_give(struct kunit *test)
{
	const struct fill_param *param = test->param_value;
	struct dev_pagemap *pgmap = right_pagemap(test);
	const unsigned long pfn = PHYS_PFN(pgmap->range.start);
	const unsigned long nr = PHYS_PFN(range_len(&pgmap->range));
	struct page *wanted = new_page_structs(test, nr);
	unsigned long i, wrong = 0, last = 0;

	if (!IS_ENABLED(CONFIG_DEBUG_VM))
		kunit_skip(test, "needs DEBUG_VM, which poisons what is not written yet\n");
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

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(memmap_lies_on_the_device_and_goes_with_it),
	KUNIT_CASE(memmap_without_altmap_is_in_dram),
	KUNIT_CASE(neighbours_in_one_section_keep_to_themselves),
	KUNIT_CASE(compound_memmap_lies_on_the_device),
	KUNIT_CASE(reserve_and_storage_have_page_structs),
	KUNIT_CASE(data_pages_are_the_drivers),
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
	KUNIT_CASE(inaccessible_memory_is_not_written),
	KUNIT_CASE_PARAM(copied_page_structs_are_what_fields_give,
			 fill_gen_params),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "vmem_altmap_memory",
	.init = memory_test_init,
	.exit = memory_test_exit,
	.test_cases = memory_cases,
};

kunit_test_suites(&altmap_suite, &memory_suite);

MODULE_DESCRIPTION("KUnit tests of altmaps");
MODULE_LICENSE("GPL");
