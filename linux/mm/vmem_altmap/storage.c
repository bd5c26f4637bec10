// SPDX-License-Identifier: GPL-2.0-only
/*
 * The storage of an altmap: a block allocator for PMD blocks and single pages. A
 * data structure: it takes no lock and logs nothing; the registry serialises its
 * callers.
 *
 * It keeps one bit for each PMD block in the storage, and one bit for each page
 * of the few blocks that are split: the ends of a storage that is not PMD aligned,
 * and blocks of which single pages are in use.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#include <linux/bitmap.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/vmem_altmap.h>

#include "internal.h"

/**
 * struct vmem_altmap_split - a PMD block that is allocated page by page
 * @node: in the altmap's splits, by @block
 * @block: number of the block: its first pfn divided by the pages of a block
 * @used: a bit for each page: in use, or no part of the storage
 */
struct vmem_altmap_split {
	struct rb_node node;
	unsigned long block;
	unsigned long used[];
};

/* the tests pass @node to ksize() */
static_assert(offsetof(struct vmem_altmap_split, node) == 0);

/* number of the first PMD block that lies wholly in the storage */
static unsigned long first_block(const struct vmem_altmap *altmap)
{
	return DIV_ROUND_UP(storage_start(altmap), PAGES_PER_BLOCK);
}

static unsigned long nr_blocks(const struct vmem_altmap *altmap)
{
	const unsigned long first = first_block(altmap);

	return max(storage_end(altmap) / PAGES_PER_BLOCK, first) - first;
}

static int split_cmp(const void *block, const struct rb_node *node)
{
	const unsigned long key = *(const unsigned long *)block;
	const unsigned long other =
		rb_entry(node, struct vmem_altmap_split, node)->block;

	return key < other ? -1 : key > other;
}

static bool split_less(struct rb_node *node, const struct rb_node *other)
{
	const struct vmem_altmap_split *split =
		rb_entry(node, struct vmem_altmap_split, node);

	return split_cmp(&split->block, other) < 0;
}

static struct vmem_altmap_split *split_find(struct vmem_altmap *altmap,
					    unsigned long block)
{
	struct rb_node *node = rb_find(&block, &altmap->splits, split_cmp);

	return rb_entry_safe(node, struct vmem_altmap_split, node);
}

static bool split_full(const struct vmem_altmap_split *split)
{
	return bitmap_full(split->used, PAGES_PER_BLOCK);
}

/* @block is at an end of the storage, or just allocated. */
static struct vmem_altmap_split *split_add(struct vmem_altmap *altmap,
					   unsigned long block)
{
	const unsigned long first = block * PAGES_PER_BLOCK;
	struct vmem_altmap_split *split;
	unsigned long start, end;

	split = kzalloc(struct_size(split, used, BITS_TO_LONGS(PAGES_PER_BLOCK)),
			GFP_KERNEL | __GFP_NOWARN);
	if (!split)
		return NULL;

	start = max(storage_start(altmap), first) - first;
	end = min(storage_end(altmap), first + PAGES_PER_BLOCK) - first;
	bitmap_fill(split->used, PAGES_PER_BLOCK);
	bitmap_clear(split->used, start, end - start);

	split->block = block;
	rb_add(&split->node, &altmap->splits, split_less);
	altmap->align += end - start;
	altmap->room = split;
	return split;
}

static void split_remove(struct vmem_altmap *altmap,
			 struct vmem_altmap_split *split)
{
	rb_erase(&split->node, &altmap->splits);
	altmap->room = NULL;
	kfree(split);
}

static int alloc_block(struct vmem_altmap *altmap, unsigned long *pfn)
{
	const unsigned long nr = nr_blocks(altmap);
	unsigned long i;

	i = find_next_zero_bit(altmap->blocks, nr, altmap->next_block);
	altmap->next_block = min(i + 1, nr);
	if (i >= nr)
		return -ENOSPC;

	__set_bit(i, altmap->blocks);
	*pfn = (first_block(altmap) + i) * PAGES_PER_BLOCK;
	return 0;
}

static void __free_block(struct vmem_altmap *altmap, unsigned long block)
{
	const unsigned long i = block - first_block(altmap);

	__clear_bit(i, altmap->blocks);
	altmap->next_block = min(altmap->next_block, i);
}

/* No page is free in the blocks split so far: split another one. */
static int split_new(struct vmem_altmap *altmap)
{
	unsigned long pfn;
	int err;

	err = alloc_block(altmap, &pfn);
	if (err)
		return err;

	if (!split_add(altmap, pfn / PAGES_PER_BLOCK)) {
		__free_block(altmap, pfn / PAGES_PER_BLOCK);
		return -ENOMEM;
	}
	return 0;
}

/* A page of a split block is free: find that block. */
static struct vmem_altmap_split *split_find_partial(struct vmem_altmap *altmap)
{
	struct rb_node *node;

	if (altmap->room && !split_full(altmap->room))
		return altmap->room;

	for (node = rb_first(&altmap->splits); node; node = rb_next(node)) {
		altmap->room = rb_entry(node, struct vmem_altmap_split, node);
		if (!split_full(altmap->room))
			break;
	}
	return altmap->room;
}

static int alloc_page_of_split(struct vmem_altmap *altmap, unsigned long *pfn)
{
	struct vmem_altmap_split *split;
	unsigned long i;
	int err = 0;

	if (!altmap->align)
		err = split_new(altmap);
	if (err)
		return err;

	split = split_find_partial(altmap);
	i = find_first_zero_bit(split->used, PAGES_PER_BLOCK);
	__set_bit(i, split->used);
	altmap->align--;
	*pfn = split->block * PAGES_PER_BLOCK + i;
	return 0;
}

static bool free_block(struct vmem_altmap *altmap, unsigned long pfn)
{
	const unsigned long block = pfn / PAGES_PER_BLOCK;
	const unsigned long i = block - first_block(altmap);

	if (!IS_ALIGNED(pfn, PAGES_PER_BLOCK) || i >= nr_blocks(altmap) ||
	    !test_bit(i, altmap->blocks) || split_find(altmap, block))
		return false;

	__free_block(altmap, block);
	return true;
}

static bool free_page_of_split(struct vmem_altmap *altmap, unsigned long pfn)
{
	struct vmem_altmap_split *split;

	split = split_find(altmap, pfn / PAGES_PER_BLOCK);
	if (!split || !__test_and_clear_bit(pfn % PAGES_PER_BLOCK, split->used))
		return false;

	altmap->align++;
	altmap->room = split;
	if (bitmap_empty(split->used, PAGES_PER_BLOCK)) {
		altmap->align -= PAGES_PER_BLOCK;
		__free_block(altmap, split->block);
		split_remove(altmap, split);
	}
	return true;
}

/* A PMD block that lies partly outside the storage is split from the start. */
static int split_edge(struct vmem_altmap *altmap, unsigned long pfn)
{
	const unsigned long block = pfn / PAGES_PER_BLOCK;

	if (IS_ALIGNED(pfn, PAGES_PER_BLOCK) || split_find(altmap, block))
		return 0;

	return split_add(altmap, block) ? 0 : -ENOMEM;
}

/**
 * vmem_altmap_storage_init() - set up a storage, all of it free
 * @altmap: with base_pfn, reserve and free set
 *
 * Context: Process context, may sleep and allocate.
 * Return: 0, or -ENOMEM, with nothing allocated.
 */
int vmem_altmap_storage_init(struct vmem_altmap *altmap)
{
	int err = 0;

	altmap->alloc = 0;
	altmap->align = 0;
	altmap->next_block = 0;
	altmap->splits = RB_ROOT;
	altmap->room = NULL;
	altmap->blocks = vmem_altmap_bitmap(nr_blocks(altmap));
	if (!altmap->blocks)
		return -ENOMEM;

	if (altmap->free)
		err = split_edge(altmap, storage_start(altmap));
	if (!err && altmap->free)
		err = split_edge(altmap, storage_end(altmap));
	if (err)
		vmem_altmap_storage_destroy(altmap);
	return err;
}

/**
 * vmem_altmap_storage_destroy() - free what vmem_altmap_storage_init() allocated
 * @altmap: blocks may still be in use
 *
 * Context: Process context, may sleep.
 */
void vmem_altmap_storage_destroy(struct vmem_altmap *altmap)
{
	struct vmem_altmap_split *split, *next;

	rbtree_postorder_for_each_entry_safe(split, next, &altmap->splits, node)
		kfree(split);
	altmap->splits = RB_ROOT;
	altmap->room = NULL;
	kvfree(altmap->blocks);
	altmap->blocks = NULL;
}

/**
 * vmem_altmap_storage_alloc() - allocate a page or a PMD block
 * @altmap: altmap whose storage it is
 * @nr_pages: 1, or the pages of a PMD block
 * @pfn: set to the first pfn, which is naturally aligned
 *
 * Context: Process context, may sleep and allocate.
 * Return: 0; -ENOSPC if no such block is free, -ENOMEM if a PMD block cannot be
 * split, -EINVAL for another number of pages. A failure changes nothing.
 */
int vmem_altmap_storage_alloc(struct vmem_altmap *altmap,
			      unsigned long nr_pages, unsigned long *pfn)
{
	int err = -EINVAL;

	if (nr_pages == PAGES_PER_BLOCK)
		err = alloc_block(altmap, pfn);
	else if (nr_pages == 1)
		err = alloc_page_of_split(altmap, pfn);

	if (!err)
		altmap->alloc += nr_pages;
	return err;
}

/**
 * vmem_altmap_storage_free() - free a page or a PMD block
 * @altmap: altmap whose storage it is
 * @pfn: its first pfn
 * @nr_pages: its pages, as they were allocated
 *
 * Context: Process context; does not allocate.
 * Return: 0, or -EINVAL if these pages are not in use, or were not allocated
 * together. A failure changes nothing.
 */
int vmem_altmap_storage_free(struct vmem_altmap *altmap, unsigned long pfn,
			     unsigned long nr_pages)
{
	bool done = false;

	if (nr_pages == PAGES_PER_BLOCK)
		done = free_block(altmap, pfn);
	else if (nr_pages == 1)
		done = free_page_of_split(altmap, pfn);

	if (!done)
		return -EINVAL;
	altmap->alloc -= nr_pages;
	return 0;
}

/**
 * vmem_altmap_storage_alloc_run() - allocate PMD blocks that follow each other
 * @altmap: altmap whose storage it is
 * @nr: number of blocks, not 0
 * @pfn: set to the first pfn
 *
 * Context: Process context; does not allocate.
 * Return: 0, or -ENOSPC if there is no such run, with nothing changed.
 */
int vmem_altmap_storage_alloc_run(struct vmem_altmap *altmap, unsigned long nr,
				  unsigned long *pfn)
{
	const unsigned long all = nr_blocks(altmap);
	unsigned long i;

	if (nr > all)
		return -ENOSPC;
	i = bitmap_find_next_zero_area(altmap->blocks, all, altmap->next_block,
				       nr, 0);
	if (i >= all)
		return -ENOSPC;

	bitmap_set(altmap->blocks, i, nr);
	altmap->alloc += nr * PAGES_PER_BLOCK;
	*pfn = (first_block(altmap) + i) * PAGES_PER_BLOCK;
	return 0;
}

/**
 * vmem_altmap_storage_free_run() - free a run of PMD blocks
 * @altmap: altmap whose storage it is
 * @pfn: its first pfn
 * @nr: number of blocks, as they were allocated
 *
 * Context: Process context; does not allocate.
 */
void vmem_altmap_storage_free_run(struct vmem_altmap *altmap, unsigned long pfn,
				  unsigned long nr)
{
	const unsigned long i = pfn / PAGES_PER_BLOCK - first_block(altmap);

	bitmap_clear(altmap->blocks, i, nr);
	altmap->next_block = min(altmap->next_block, i);
	altmap->alloc -= nr * PAGES_PER_BLOCK;
}
