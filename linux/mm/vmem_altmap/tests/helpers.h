/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the KUnit suites of altmaps share: altmaps on made-up pfns, calls of the
 * registry under the memory hotplug lock, and a count of its warnings.
 */
#ifndef _MM_VMEM_ALTMAP_TESTS_HELPERS_H
#define _MM_VMEM_ALTMAP_TESTS_HELPERS_H

#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

#include "../internal.h"

/*
 * Far above the memory of any machine that these tests are meant for, and the
 * start of a PMD block, of a section and of a memory block.
 */
#define TEST_PFN		PHYS_PFN(16ULL * SZ_1T)

/* What test->priv points to, unless a suite only tests the storage. */
struct altmap_test {
	unsigned int bad_frees;		/* calls of vmem_altmap_warn_free() */
	unsigned int busy_unregisters;	/* calls of vmem_altmap_warn_busy() */
	phys_addr_t device;		/* device memory, see device.h */
};

static inline void count_bad_free(struct vmem_altmap *altmap, phys_addr_t phys,
				  unsigned long size)
{
	struct altmap_test *priv = kunit_get_current_test()->priv;

	priv->bad_frees++;
}

static inline void count_busy_unregister(struct vmem_altmap *altmap)
{
	struct altmap_test *priv = kunit_get_current_test()->priv;

	priv->busy_unregisters++;
}

/* The init function of a suite: these warnings are counted, not logged. */
static __maybe_unused int altmap_test_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct altmap_test),
				   GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, test->priv);
	kunit_activate_static_stub(test, vmem_altmap_warn_free, count_bad_free);
	kunit_activate_static_stub(test, vmem_altmap_warn_busy,
				   count_busy_unregister);
	return 0;
}

/*
 * The registry wants the memory hotplug lock. These take it for one call, so
 * that no KUNIT_ASSERT_*() fails under it: that ends the thread, which would
 * never release the lock.
 */
static inline int register_altmap(struct vmem_altmap *altmap,
				  unsigned long start_pfn,
				  unsigned long nr_pages)
{
	int err;

	mem_hotplug_begin();
	err = vmem_altmap_register(altmap, start_pfn, nr_pages);
	mem_hotplug_done();
	return err;
}

static inline void unregister_altmap(struct vmem_altmap *altmap)
{
	mem_hotplug_begin();
	vmem_altmap_unregister(altmap);
	mem_hotplug_done();
}

static inline struct vmem_altmap *lookup(unsigned long pfn)
{
	struct vmem_altmap *altmap;

	mem_hotplug_begin();
	altmap = to_vmem_altmap((unsigned long)pfn_to_page(pfn));
	mem_hotplug_done();
	return altmap;
}

static inline void *alloc_block(struct vmem_altmap *altmap, unsigned long size)
{
	void *block;

	mem_hotplug_begin();
	block = vmem_altmap_alloc(altmap, size);
	mem_hotplug_done();
	return block;
}

static inline bool free_pfn(unsigned long pfn, unsigned long size)
{
	bool owned;

	mem_hotplug_begin();
	owned = vmem_altmap_free(PFN_PHYS(pfn), size);
	mem_hotplug_done();
	return owned;
}

static __maybe_unused struct vmem_altmap *
new_altmap(struct kunit *test, unsigned long pfn, unsigned long reserve,
	   unsigned long free)
{
	struct vmem_altmap *altmap;

	altmap = kunit_kzalloc(test, sizeof(*altmap), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, altmap);
	altmap->base_pfn = pfn;
	altmap->reserve = reserve;
	altmap->free = free;
	return altmap;
}

KUNIT_DEFINE_ACTION_WRAPPER(unregister_action, unregister_altmap,
			    struct vmem_altmap *);

/* A registered altmap, unregistered when the test ends */
static __maybe_unused struct vmem_altmap *
add_altmap(struct kunit *test, unsigned long pfn, unsigned long nr_pages,
	   unsigned long reserve, unsigned long free)
{
	struct vmem_altmap *altmap = new_altmap(test, pfn, reserve, free);

	KUNIT_ASSERT_EQ(test, 0, register_altmap(altmap, pfn, nr_pages));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test,
							   unregister_action,
							   altmap));
	return altmap;
}

static __maybe_unused void expect_used(struct kunit *test,
				       const struct vmem_altmap *altmap,
				       unsigned long used,
				       unsigned long scattered)
{
	KUNIT_EXPECT_EQ(test, used, altmap->alloc);
	KUNIT_EXPECT_EQ(test, scattered, altmap->align);
}

#endif /* _MM_VMEM_ALTMAP_TESTS_HELPERS_H */
