// SPDX-License-Identifier: GPL-2.0-only
/*
 * Struct pages of compound pages. Those of the tail pages are alike, but for the
 * first few, which hold fields of the compound page. So of all pages of struct pages
 * of a compound page only two are needed. The first belongs to the head; it is the
 * only one that anybody writes to. The second, the tails, is written once, by its
 * direct map, and the vmemmap maps it read-only, in its own place and in that of
 * each further one. Where the struct page of a tail does not depend on the head,
 * tails of the range's first compound page serve all others.
 *
 * The struct pages of a large compound page fill several page tables. The second of
 * these maps nothing but tails, and is linked in the place of each further one.
 *
 * An entry in the place of another page or table is marked as an alias, so that what
 * it leads to is freed once, with the entry that is not. A range is added from its
 * start on, and removed as a whole: no alias is there without its owner.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#include <kunit/visibility.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/memmap_fill_copies.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/moduleparam.h>
#include <linux/pgtable.h>
#include <linux/vmem_altmap.h>

#include <trace/events/vmem_altmap.h>

#include "../internal.h"
#include "internal.h"

#define STRUCT_PAGES	(PAGE_SIZE / sizeof(struct page))

VISIBLE_IF_KUNIT bool vmem_altmap_dedup = true;
module_param_named(dedup, vmem_altmap_dedup, bool, 0444);
MODULE_PARM_DESC(dedup, "map the struct pages of a compound page's tails once");

/* bytes of the vmemmap that describe one compound page */
static unsigned long compound_size(unsigned int order)
{
	return sizeof(struct page) << order;
}

/* Can the tails of compound pages share struct pages, and is anything saved then? */
static bool can_dedup(unsigned int order)
{
	return vmem_altmap_dedup && arch_vmemmap_can_share() &&
	       is_power_of_2(sizeof(struct page)) &&
	       IS_ALIGNED(PAGES_PER_SECTION * sizeof(struct page), PMD_SIZE) &&
	       compound_size(order) > 2 * PAGE_SIZE;
}

/**
 * vmem_altmap_compact_size() - storage that suffices if tails share struct pages
 * @nr_pages: pages of the range's data
 * @order: of the compound pages that the data consists of
 *
 * Next to the struct pages of the data there are those of the storage itself, and
 * two PMD blocks, which it may have no use for, as it need not be aligned.
 *
 * Context: Any.
 * Return: bytes, or 0 if tails share none.
 */
unsigned long vmem_altmap_compact_size(unsigned long nr_pages,
				       unsigned int order)
{
	const unsigned long nr = DIV_ROUND_UP(nr_pages, 1UL << order);
	unsigned long size;

	if (!can_dedup(order))
		return 0;
	size = nr * PAGE_SIZE;
	size += compound_tails_alike() ? PAGE_SIZE : size;
	size += size / (PAGE_SIZE / sizeof(struct page) - 1);
	return PAGE_ALIGN(size) + 2 * PMD_SIZE;
}
EXPORT_SYMBOL_GPL(vmem_altmap_compact_size);

static bool is_early(unsigned long pfn)
{
	return early_section(__pfn_to_section(pfn));
}

/*
 * Where compound pages begin whose tails share struct pages: at the range's data, if
 * this is whole, naturally aligned compound pages; else nowhere in the range. Struct
 * pages in a section of boot memory, which the range may begin or end in, are there
 * already: a compound page that has some of these shares none.
 */
static unsigned long first_pfn(const struct vmem_altmap *altmap)
{
	const unsigned long start = storage_end(altmap);
	const unsigned long end = altmap->range.last + 1;
	const unsigned long nr_pages = 1UL << altmap->order;

	if (!can_dedup(altmap->order) || !IS_ALIGNED(start | end, nr_pages) ||
	    (nr_pages > PAGES_PER_SECTION && is_early(end - 1)))
		return end;
	return is_early(start) ? ALIGN(SECTION_ALIGN_UP(start + 1), nr_pages) :
				 start;
}

/* The compound page whose tails serve this one */
static const struct page *owner_of(const struct vmem_altmap *altmap,
				   const struct page *head)
{
	return compound_tails_alike() ? pfn_to_page(first_pfn(altmap)) : head;
}

/* The second page of the struct pages of a compound page */
static unsigned long second_page(const struct page *head)
{
	return (unsigned long)(head + STRUCT_PAGES);
}

/*
 * Populate what one page table maps. Its PMD lies under the same PUD as that of the
 * head, which is there.
 */
static int populate_table(struct vmem_altmap *altmap, const struct page *owner,
			  unsigned long addr, unsigned long end, int nid)
{
	pud_t *pud = pud_offset(p4d_offset(pgd_offset_k(addr), addr), addr);
	void *page;

	if (!vmemmap_pmd_populate(pud, addr, nid))
		return -ENOMEM;

	if (addr == second_page(owner)) {
		page = vmem_altmap_alloc(altmap, PAGE_SIZE);
		if (!page)
			return -ENOMEM;
		arch_vmemmap_map_tails(addr, addr + PAGE_SIZE, page, false);
		addr += PAGE_SIZE;
	}
	page = arch_vmemmap_shared(second_page(owner));
	if (WARN_ON_ONCE(!page))
		return -EINVAL;
	arch_vmemmap_map_tails(addr, end, page, true);
	altmap->tails.pages += (end - addr) / PAGE_SIZE;
	return 0;
}

/* Populate [addr, end), which describes pages of one compound page. */
static int populate_compound(struct vmem_altmap *altmap, const struct page *head,
			     unsigned long addr, unsigned long end, int nid)
{
	const unsigned long start = (unsigned long)head;
	const struct page *owner = owner_of(altmap, head);
	const unsigned long table = (unsigned long)owner + PMD_SIZE;
	unsigned long next;
	int err = 0;

	if (addr == start) {
		next = addr + PAGE_SIZE;
		err = vmemmap_populate_basepages(addr, next, nid);
		addr = next;
	}
	for (; !err && addr < end; addr = next) {
		next = pmd_addr_end(addr, end);
		if (addr < start + PMD_SIZE || addr == table) {
			err = populate_table(altmap, owner, addr, next, nid);
		} else {
			arch_vmemmap_share_table(addr, table);
			altmap->tails.pages += PTRS_PER_PTE;
			altmap->tails.tables++;
		}
	}
	return err;
}

/**
 * vmem_altmap_populate() - populate a part of the vmemmap
 * @start: address of the first struct page
 * @end: address behind the last
 * @nid: node for page tables, and for struct pages in DRAM
 *
 * As vmemmap_populate(), but tails of compound pages are shared where an altmap that
 * describes @start wants that. What precedes in such an altmap's range is populated.
 *
 * Context: Under mem_hotplug_begin() once an altmap is registered. May sleep and
 * allocate.
 * Return: 0 or a negative error; then a part of it may be populated.
 */
int vmem_altmap_populate(unsigned long start, unsigned long end, int nid)
{
	struct vmem_altmap *altmap = to_vmem_altmap(start);
	unsigned long addr, next, size, from = end;
	int err = 0;

	if (altmap)
		from = clamp((unsigned long)pfn_to_page(first_pfn(altmap)),
			     start, end);
	if (start < from)
		err = vmemmap_populate(start, from, nid);
	for (addr = from; !err && addr < end; addr = next) {
		size = compound_size(altmap->order);
		next = min(ALIGN(addr + 1, size), end);
		err = populate_compound(altmap, (void *)ALIGN_DOWN(addr, size),
					addr, next, nid);
		cond_resched();
	}
	if (!err && from < end)
		trace_vmem_altmap_tails(altmap, page_to_pfn((struct page *)from),
					(end - from) / sizeof(struct page));
	return err;
}

/**
 * vmem_altmap_head_pages() - count struct pages on the page of the head
 * @altmap: a registered altmap, or NULL
 * @head: struct page of a head
 *
 * Context: While the range is being added.
 * Return: how many struct pages the caller is to initialise, with that of the head,
 * before it calls vmem_altmap_write_tails(); 0 if all are for the caller.
 */
unsigned long vmem_altmap_head_pages(const struct vmem_altmap *altmap,
				     const struct page *head)
{
	return altmap && arch_vmemmap_shared(second_page(head)) ?
	       STRUCT_PAGES : 0;
}

/**
 * vmem_altmap_write_tails() - write the tails of a compound page
 * @altmap: a registered altmap
 * @head: struct page of a head, for which vmem_altmap_head_pages() was not 0
 *
 * Context: While the range is being added.
 */
void vmem_altmap_write_tails(const struct vmem_altmap *altmap,
			     const struct page *head)
{
	if (owner_of(altmap, head) == head)
		memmap_fill_copies(arch_vmemmap_shared(second_page(head)),
				   head + STRUCT_PAGES - 1,
				   sizeof(struct page), STRUCT_PAGES);
}
