// SPDX-License-Identifier: GPL-2.0-only
/*
 * The storage of an altmap, which is given out in PMD blocks and in pages and
 * taken back. A data structure: it takes no lock and logs nothing, and the
 * registry decides who may call.
 *
 * It keeps one bit for each PMD block in the storage, and one bit for each page
 * of those few that cannot be had whole: the ends of a storage that is not PMD
 * aligned, and what was split to hand out pages.
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
 * struct vmem_altmap_split - a PMD block that is handed out page by page
 * @node: in the altmap's splits, by @block
 * @block: number of the block: its first pfn divided by the pages of a block
 * @used: a bit for each page: in use, or no part of the storage
 */
struct vmem_altmap_split {
	struct rb_node node;
	unsigned long block;
	unsigned long used[];
};

/* the tests find out what one takes from its node */
static_assert(offsetof(struct vmem_altmap_split, node) == 0);

/* PMD blocks that lie wholly in the storage, by number */
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

/* @block is at an edge of the storage, or was taken to be split. */
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

static void put_block(struct vmem_altmap *altmap, unsigned long block)
{
	const unsigned long i = block - first_block(altmap);

	__clear_bit(i, altmap->blocks);
	altmap->next_block = min(altmap->next_block, i);
}

/* Nothing is left of the blocks split so far: split another one. */
static int split_new(struct vmem_altmap *altmap)
{
	unsigned long pfn;
	int err;

	err = alloc_block(altmap, &pfn);
	if (err)
		return err;

	if (!split_add(altmap, pfn / PAGES_PER_BLOCK)) {
		put_block(altmap, pfn / PAGES_PER_BLOCK);
		return -ENOMEM;
	}
	return 0;
}

/* The altmap has a page outside whole PMD blocks: find where. */
static struct vmem_altmap_split *split_with_room(struct vmem_altmap *altmap)
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

static int alloc_single(struct vmem_altmap *altmap, unsigned long *pfn)
{
	struct vmem_altmap_split *split;
	unsigned long i;
	int err = 0;

	if (!altmap->align)
		err = split_new(altmap);
	if (err)
		return err;

	split = split_with_room(altmap);
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

	put_block(altmap, block);
	return true;
}

static bool free_single(struct vmem_altmap *altmap, unsigned long pfn)
{
	struct vmem_altmap_split *split;

	split = split_find(altmap, pfn / PAGES_PER_BLOCK);
	if (!split || !__test_and_clear_bit(pfn % PAGES_PER_BLOCK, split->used))
		return false;

	altmap->align++;
	altmap->room = split;
	if (bitmap_empty(split->used, PAGES_PER_BLOCK)) {
		altmap->align -= PAGES_PER_BLOCK;
		put_block(altmap, split->block);
		split_remove(altmap, split);
	}
	return true;
}

/* A PMD block that sticks out of the storage serves as pages from the start. */
static int split_edge(struct vmem_altmap *altmap, unsigned long pfn)
{
	const unsigned long block = pfn / PAGES_PER_BLOCK;

	if (IS_ALIGNED(pfn, PAGES_PER_BLOCK) || split_find(altmap, block))
		return 0;

	return split_add(altmap, block) ? 0 : -ENOMEM;
}

/**
 * vmem_altmap_storage_init() - begin with a storage of which nothing is in use
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
 * @altmap: whatever of its storage is in use
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
 * vmem_altmap_storage_alloc() - take pages of the storage
 * @altmap: whose storage
 * @nr_pages: 1, or the pages of a PMD block
 * @pfn: where the first of them goes, naturally aligned
 *
 * Context: Process context, may sleep and allocate.
 * Return: 0; with nothing changed -ENOSPC if there is none left, -ENOMEM if a PMD
 * block cannot be split, or -EINVAL for another number of pages.
 */
int vmem_altmap_storage_alloc(struct vmem_altmap *altmap,
			      unsigned long nr_pages, unsigned long *pfn)
{
	int err = -EINVAL;

	if (nr_pages == PAGES_PER_BLOCK)
		err = alloc_block(altmap, pfn);
	else if (nr_pages == 1)
		err = alloc_single(altmap, pfn);

	if (!err)
		altmap->alloc += nr_pages;
	return err;
}

/**
 * vmem_altmap_storage_free() - take pages back
 * @altmap: whose storage
 * @pfn: first of them
 * @nr_pages: as they were allocated
 *
 * Context: Process context; never allocates.
 * Return: 0, or -EINVAL, with nothing changed, if they were not allocated, or not
 * together.
 */
int vmem_altmap_storage_free(struct vmem_altmap *altmap, unsigned long pfn,
			     unsigned long nr_pages)
{
	bool done = false;

	if (nr_pages == PAGES_PER_BLOCK)
		done = free_block(altmap, pfn);
	else if (nr_pages == 1)
		done = free_single(altmap, pfn);

	if (!done)
		return -EINVAL;
	altmap->alloc -= nr_pages;
	return 0;
}
