// SPDX-License-Identifier: GPL-2.0-only
/*
 * Struct pages on demand. Until somebody gets a page of a section, the struct pages
 * of the section are all alike, and like those of each other section of the range.
 * So one PMD block of them, the template, is written, and the vmemmap of each whole
 * section maps it, read-only. A section gets a block of its own, with the same
 * contents, before one of its pages is handed out.
 *
 * Nobody gets a page of the reserve or of the storage. So whole sections of these
 * share a template in each range, and all sections where the driver asks for it.
 *
 * The blocks are a run of the storage, one for each section, set aside when the
 * altmap is registered: a page fault never lacks one, allocates nothing, and needs
 * no lock of memory hotplug. Sections get them in order. The template is the last
 * block of the run: by then all other sections have their own, and the last one
 * keeps it.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#include <kunit/visibility.h>
#include <linux/memmap_fill_copies.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/timekeeping.h>
#include <linux/vmem_altmap.h>

#include <trace/events/vmem_altmap.h>

#include "internal.h"

VISIBLE_IF_KUNIT bool vmem_altmap_on_demand = true;
module_param_named(on_demand, vmem_altmap_on_demand, bool, 0444);
MODULE_PARM_DESC(on_demand, "write the struct pages of filesystem-DAX memory when they are first used");

static unsigned long template_pfn(const struct vmem_altmap_demand *demand)
{
	return demand->first + (demand->nr - 1) * PAGES_PER_BLOCK;
}

static struct page *struct_pages(unsigned long block_pfn)
{
	return __va(PFN_PHYS(block_pfn));
}

static unsigned long vmemmap_addr(unsigned long pfn)
{
	return (unsigned long)pfn_to_page(ALIGN_DOWN(pfn, PAGES_PER_SECTION));
}

static bool in_sections(const struct vmem_altmap_demand *demand,
			unsigned long pfn)
{
	return pfn - demand->start < demand->nr * PAGES_PER_SECTION;
}

static bool in_run(const struct vmem_altmap_demand *demand, unsigned long pfn)
{
	return pfn - demand->first < demand->nr * PAGES_PER_BLOCK;
}

/* A PMD must map the struct pages of one section, neither more nor less. */
static bool can_share(void)
{
	return vmem_altmap_on_demand && arch_vmemmap_can_share() &&
	       PAGES_PER_SECTION * sizeof(struct page) == PMD_SIZE;
}

/**
 * vmem_altmap_demand_init() - set a run of blocks aside for whole sections
 * @altmap: with its range, and its storage set up
 *
 * These are sections of the storage, and with @on_demand all of them. If the storage
 * has no such run, the struct pages of each section are written when the range is
 * added.
 *
 * Context: Process context; does not allocate. Before @altmap is registered.
 */
void vmem_altmap_demand_init(struct vmem_altmap *altmap)
{
	struct vmem_altmap_demand *demand = &altmap->demand;
	const unsigned long start = DIV_ROUND_UP(altmap->range.start,
						 PAGES_PER_SECTION);
	unsigned long end = storage_end(altmap) / PAGES_PER_SECTION;

	if (altmap->on_demand)
		end = (altmap->range.last + 1) / PAGES_PER_SECTION;

	memset(demand, 0, sizeof(*demand));
	mutex_init(&demand->lock);
	if (!can_share() || start >= end ||
	    should_fail_vmem_altmap((end - start) * PMD_SIZE) ||
	    vmem_altmap_storage_alloc_run(altmap, end - start, &demand->first))
		return;

	demand->start = start * PAGES_PER_SECTION;
	demand->nr = end - start;
	trace_vmem_altmap_alloc(altmap, demand->first,
				demand->nr * PAGES_PER_BLOCK);
}

/**
 * vmem_altmap_demand_end() - give the run of blocks back
 * @altmap: a registered altmap; if a page table maps a block of the run, which is a
 *	bug, the run stays in use
 *
 * Context: Under the registry's mutex.
 */
void vmem_altmap_demand_end(struct vmem_altmap *altmap)
{
	struct vmem_altmap_demand *demand = &altmap->demand;

	if (!demand->nr || demand->mapped)
		return;

	vmem_altmap_storage_free_run(altmap, demand->first, demand->nr);
	trace_vmem_altmap_free(altmap, demand->first,
			       demand->nr * PAGES_PER_BLOCK);
	demand->nr = 0;
}

/**
 * vmem_altmap_map_template() - map a PMD of the vmemmap to a template
 * @addr: address in the vmemmap, aligned to PMD_SIZE; its page tables exist down to
 *	an empty PMD
 *
 * Context: Under mem_hotplug_begin().
 * Return: true if the PMD maps a template now; false if it needs a block of its own.
 */
bool vmem_altmap_map_template(unsigned long addr)
{
	struct vmem_altmap *altmap = to_vmem_altmap(addr);
	struct vmem_altmap_demand *demand;

	if (!altmap || !in_sections(&altmap->demand,
				    page_to_pfn((struct page *)addr)))
		return false;

	demand = &altmap->demand;
	arch_vmemmap_share(addr, struct_pages(template_pfn(demand)));
	if (!demand->mapped++)
		vmem_altmap_mark_dirty(altmap, template_pfn(demand));
	return true;
}

/**
 * vmem_altmap_template() - find the struct pages that sections of a range share
 * @altmap: a registered altmap, or NULL
 *
 * Context: While the range is being added.
 * Return: PAGES_PER_SECTION struct pages, which the caller is to initialise alike;
 * NULL if no section shares any.
 */
struct page *vmem_altmap_template(const struct vmem_altmap *altmap)
{
	if (!altmap || !altmap->demand.nr)
		return NULL;
	return struct_pages(template_pfn(&altmap->demand));
}

/**
 * vmem_altmap_is_shared() - do others share the struct page?
 * @altmap: a registered altmap that describes the page, or NULL
 * @page: the struct page
 *
 * Nobody writes to such a struct page.
 *
 * Context: Any. The answer holds while nobody can hand the page out: until the range
 * is added, and once it is being removed.
 * Return: true if they do.
 */
bool vmem_altmap_is_shared(const struct vmem_altmap *altmap,
			   const struct page *page)
{
	return altmap && arch_vmemmap_shared((unsigned long)page);
}

/* The last block needs no copy: it is the template. */
static void own_block(struct vmem_altmap *altmap, unsigned long section_pfn)
{
	struct vmem_altmap_demand *demand = &altmap->demand;
	const unsigned long template = template_pfn(demand);
	const unsigned long pfn = demand->first +
				  demand->owned * PAGES_PER_BLOCK;
	const u64 start_ns = ktime_get_ns();

	if (pfn != template) {
		vmem_altmap_mark_dirty(altmap, pfn);
		memmap_fill_copies(struct_pages(pfn), struct_pages(template),
				   sizeof(struct page), PAGES_PER_SECTION);
	}
	arch_vmemmap_unshare(vmemmap_addr(section_pfn), struct_pages(pfn));
	WRITE_ONCE(demand->owned, demand->owned + 1);
	trace_vmem_altmap_own(altmap, section_pfn, pfn,
			      ktime_get_ns() - start_ns);
}

/**
 * vmem_altmap_own() - let the struct pages of a section be written
 * @altmap: a registered altmap
 * @pfn: a page of the section; it need not be in the range
 *
 * A section that shares the template gets a block of its own. This cannot fail, and
 * a reader of the struct pages sees the same bytes at all times.
 *
 * Context: Process context, may sleep, does not allocate. The caller keeps the range
 * from being removed.
 */
void vmem_altmap_own(struct vmem_altmap *altmap, unsigned long pfn)
{
	struct vmem_altmap_demand *demand = &altmap->demand;

	if (!in_sections(demand, pfn))
		return;

	scoped_guard(mutex, &demand->lock)
		if (arch_vmemmap_shared(vmemmap_addr(pfn)))
			own_block(altmap, ALIGN_DOWN(pfn, PAGES_PER_SECTION));
	cond_resched();
}

/* Other sections may map the template: it goes with the last of them. */
static void scrub_unmapped(struct vmem_altmap *altmap, unsigned long pfn)
{
	const unsigned long template = template_pfn(&altmap->demand);

	if (pfn != template)
		vmem_altmap_zero(struct_pages(pfn), PMD_SIZE);
	if (!altmap->demand.mapped)
		vmem_altmap_zero(struct_pages(template), PMD_SIZE);
}

/**
 * vmem_altmap_demand_unmap() - note that a section maps its block no more
 * @altmap: a registered altmap
 * @pfn: first pfn of a block that a page table has mapped
 * @nr_pages: pages of the block
 *
 * Context: Under mem_hotplug_begin(), as vmem_altmap_free().
 * Return: 0; -ENOENT if the block is not of the run; -EINVAL if no section maps a
 * block of the run, or if this is not a whole block.
 */
int vmem_altmap_demand_unmap(struct vmem_altmap *altmap, unsigned long pfn,
			     unsigned long nr_pages)
{
	struct vmem_altmap_demand *demand = &altmap->demand;

	if (!in_run(demand, pfn))
		return -ENOENT;
	if (!demand->mapped || nr_pages != PAGES_PER_BLOCK ||
	    !IS_ALIGNED(pfn, PAGES_PER_BLOCK))
		return -EINVAL;

	demand->mapped--;
	if (altmap->scrub_in_place)
		scrub_unmapped(altmap, pfn);
	return 0;
}

/**
 * vmem_altmap_unwritten() - count pages of storage in use that were not written to
 * @altmap: a registered altmap
 *
 * Context: Any.
 * Return: the number of these pages; all of them are set aside for sections.
 */
unsigned long vmem_altmap_unwritten(const struct vmem_altmap *altmap)
{
	const struct vmem_altmap_demand *demand = &altmap->demand;
	const unsigned long written = READ_ONCE(demand->owned) + 1;

	return demand->nr > written ?
	       (demand->nr - written) * PAGES_PER_BLOCK : 0;
}
