/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of struct vmem_altmap share, and nobody else needs. */
#ifndef _MM_VMEM_ALTMAP_INTERNAL_H
#define _MM_VMEM_ALTMAP_INTERNAL_H

#include <linux/bitops.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmem_altmap.h>

#define PAGES_PER_BLOCK		(PMD_SIZE / PAGE_SIZE)

static inline unsigned long storage_start(const struct vmem_altmap *altmap)
{
	return altmap->base_pfn + altmap->reserve;
}

static inline unsigned long storage_end(const struct vmem_altmap *altmap)
{
	return storage_start(altmap) + altmap->free;
}

/* PMD blocks of which at least a part lies in the storage */
static inline unsigned long nr_dirty(const struct vmem_altmap *altmap)
{
	return DIV_ROUND_UP(storage_end(altmap), PAGES_PER_BLOCK) -
	       storage_start(altmap) / PAGES_PER_BLOCK;
}

static inline unsigned long *vmem_altmap_bitmap(unsigned long bits)
{
	return kvcalloc(BITS_TO_LONGS(bits), sizeof(unsigned long),
			GFP_KERNEL | __GFP_NOWARN);
}

/* storage.c */
int vmem_altmap_storage_init(struct vmem_altmap *altmap);
void vmem_altmap_storage_destroy(struct vmem_altmap *altmap);
int vmem_altmap_storage_alloc(struct vmem_altmap *altmap,
			      unsigned long nr_pages, unsigned long *pfn);
int vmem_altmap_storage_free(struct vmem_altmap *altmap, unsigned long pfn,
			     unsigned long nr_pages);

int vmem_altmap_storage_alloc_run(struct vmem_altmap *altmap, unsigned long nr,
				  unsigned long *pfn);
void vmem_altmap_storage_free_run(struct vmem_altmap *altmap, unsigned long pfn,
				  unsigned long nr);

/* registry.c */
void vmem_altmap_mark_dirty(struct vmem_altmap *altmap, unsigned long pfn);

/* demand.c */
#if IS_ENABLED(CONFIG_KUNIT)
extern bool vmem_altmap_on_demand;
#endif
void vmem_altmap_demand_init(struct vmem_altmap *altmap);
void vmem_altmap_demand_end(struct vmem_altmap *altmap);
int vmem_altmap_demand_unmap(struct vmem_altmap *altmap, unsigned long pfn,
			     unsigned long nr_pages);

#if IS_ENABLED(CONFIG_KUNIT)
/* tails.c */
extern bool vmem_altmap_dedup;
#endif

#ifndef arch_vmemmap_can_share
/* Can entries of the vmemmap map one block, and change while others read it? */
static inline bool arch_vmemmap_can_share(void)
{
	return false;
}

static inline void arch_vmemmap_share(unsigned long addr, void *block)
{
}

static inline void *arch_vmemmap_shared(unsigned long addr)
{
	return NULL;
}

static inline void arch_vmemmap_unshare(unsigned long addr, void *block)
{
}

static inline void arch_vmemmap_map_tails(unsigned long addr, unsigned long end,
					  void *page, bool alias)
{
}

static inline void arch_vmemmap_share_table(unsigned long addr,
					    unsigned long owner)
{
}
#endif

/* zero.c */
extern bool vmem_altmap_scrub;
void vmem_altmap_zero(void *to, unsigned long size);

#endif /* _MM_VMEM_ALTMAP_INTERNAL_H */
