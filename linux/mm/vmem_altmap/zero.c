// SPDX-License-Identifier: GPL-2.0-only
/*
 * Overwrite the storage of an altmap with zeroes, unless vmem_altmap.scrub=0.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#include <linux/libnvdimm.h>
#include <linux/memmap_fill_copies.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pgtable.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmem_altmap.h>

#include "internal.h"

bool vmem_altmap_scrub = true;
module_param_named(scrub, vmem_altmap_scrub, bool, 0444);
MODULE_PARM_DESC(scrub, "overwrite the memmap of device memory that is removed");

/* Zeroes past the cache or written back: persistent after a pmem_wmb(). */
static void flush_zeroes(void *to, unsigned long size)
{
	const void *zeroes = page_address(ZERO_PAGE(0));
	const void *end = to + size;

	if (memmap_fill_streams(sizeof(struct page))) {
		memmap_fill_copies(to, zeroes, sizeof(struct page),
				   size / sizeof(struct page));
		return;
	}
	for (; to < end; to += PAGE_SIZE) {
		memcpy_flushcache(to, zeroes, PAGE_SIZE);
		if (!IS_ENABLED(CONFIG_ARCH_HAS_UACCESS_FLUSHCACHE))
			arch_wb_cache_pmem(to, PAGE_SIZE);
		cond_resched();
	}
}

/**
 * vmem_altmap_zero() - overwrite storage that held struct pages
 * @to: where it is mapped, page aligned
 * @size: bytes, a multiple of PAGE_SIZE, PMD_SIZE at most
 *
 * The zeroes have left the CPU's caches when this returns, on architectures with
 * ARCH_HAS_PMEM_API (loongarch has none).
 *
 * Context: Process context, may sleep.
 */
void vmem_altmap_zero(void *to, unsigned long size)
{
	flush_zeroes(to, size);
	pmem_wmb();
	cond_resched();
}
