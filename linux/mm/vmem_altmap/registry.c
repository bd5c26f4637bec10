// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of altmaps finds the altmap that describes a pfn, so that no caller
 * passes altmap pointers down. It allocates from their storage, frees by physical
 * address, and reports in the log what it refused.
 *
 * See Documentation/mm/vmem_altmap.rst.
 */
#define pr_fmt(fmt) "vmem_altmap: " fmt

#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/ioport.h>
#include <linux/jump_label.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/pgtable.h>
#include <linux/slab.h>
#include <linux/vmem_altmap.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include <trace/events/vmem_altmap.h>

/*
 * The index, and the storage of the altmaps in it, change under the memory hotplug
 * lock and this mutex inside it. A reader holds either: code that adds or removes
 * memory has the memory hotplug lock anyway, all others take the mutex.
 */
static DEFINE_MUTEX(vmem_altmap_lock);
static struct rb_root_cached vmem_altmap_index = RB_ROOT_CACHED;
static DEFINE_STATIC_KEY_FALSE(vmem_altmap_key);

static bool in_storage(const struct vmem_altmap *altmap, unsigned long pfn)
{
	return pfn >= storage_start(altmap) && pfn < storage_end(altmap);
}

/* for %pR */
static struct resource pfn_resource(unsigned long first_pfn,
				    unsigned long last_pfn)
{
	return DEFINE_RES_MEM(PFN_PHYS(first_pfn),
			      PFN_PHYS(last_pfn - first_pfn + 1));
}

static struct resource altmap_resource(const struct vmem_altmap *altmap)
{
	return pfn_resource(altmap->range.start, altmap->range.last);
}

/* Without a bitmap of dirty blocks nothing is scrubbed. */
static int init_dirty(struct vmem_altmap *altmap)
{
	altmap->dirty = NULL;
	altmap->scrub_map = NULL;
	altmap->scrub_in_place = false;
	if (!vmem_altmap_scrub || altmap->no_scrub || !altmap->free)
		return 0;

	altmap->dirty = vmem_altmap_bitmap(nr_dirty(altmap));
	return altmap->dirty ? 0 : -ENOMEM;
}

static void destroy_altmap(struct vmem_altmap *altmap)
{
	vmem_altmap_storage_destroy(altmap);
	kvfree(altmap->dirty);
	altmap->dirty = NULL;
}

static int init_altmap(struct vmem_altmap *altmap)
{
	int err;

	altmap->failed = 0;
	altmap->fill.ns = 0;
	err = vmem_altmap_storage_init(altmap);
	if (err)
		return err;

	err = init_dirty(altmap);
	if (err) {
		destroy_altmap(altmap);
		return err;
	}
	vmem_altmap_demand_init(altmap);
	altmap->tails = (struct vmem_altmap_tails){};
	altmap->watermark = altmap->alloc;
	return 0;
}

static struct vmem_altmap *node_altmap(struct interval_tree_node *node)
{
	return node ? container_of(node, struct vmem_altmap, range) : NULL;
}

static struct vmem_altmap *altmap_in(unsigned long first, unsigned long last)
{
	lockdep_assert(lockdep_is_held(&vmem_altmap_lock) ||
		       lockdep_is_mem_hotplug_held());
	return node_altmap(interval_tree_iter_first(&vmem_altmap_index, first,
						    last));
}

static int check_altmap(const struct vmem_altmap *altmap,
			unsigned long start_pfn, unsigned long nr_pages)
{
	unsigned long end_pfn, offset;

	if (nr_pages && !check_add_overflow(start_pfn, nr_pages, &end_pfn) &&
	    !check_add_overflow(altmap->reserve, altmap->free, &offset) &&
	    altmap->base_pfn == start_pfn && offset <= nr_pages)
		return 0;

	pr_err("bad altmap: base pfn %#lx, reserve %lu, storage %lu pages for pfn %#lx, %lu pages\n",
	       altmap->base_pfn, altmap->reserve, altmap->free, start_pfn,
	       nr_pages);
	return -EINVAL;
}

static int check_overlap(unsigned long start_pfn, unsigned long last_pfn)
{
	const struct vmem_altmap *other = altmap_in(start_pfn, last_pfn);
	struct resource res, other_res;

	if (!other)
		return 0;

	res = pfn_resource(start_pfn, last_pfn);
	other_res = altmap_resource(other);
	pr_err("%pR: overlaps the altmap of %pR\n", &res, &other_res);
	return -EEXIST;
}

static int add_altmap(struct vmem_altmap *altmap, unsigned long start_pfn,
		      unsigned long nr_pages)
{
	const unsigned long last_pfn = start_pfn + nr_pages - 1;
	struct resource res;
	int err;

	err = check_altmap(altmap, start_pfn, nr_pages) ?:
	      check_overlap(start_pfn, last_pfn);
	if (err)
		return err;

	altmap->range.start = start_pfn;
	altmap->range.last = last_pfn;
	err = init_altmap(altmap);
	if (err) {
		res = altmap_resource(altmap);
		pr_err("%pR: cannot allocate the altmap's bitmaps\n", &res);
		return err;
	}

	guard(mutex)(&vmem_altmap_lock);
	interval_tree_insert(&altmap->range, &vmem_altmap_index);
	return 0;
}

/* From now on /dev/mem refuses to map the storage; unmap what it has mapped. */
static void revoke_storage(const struct vmem_altmap *altmap)
{
	if (altmap->free)
		iomem_unmap_user(PFN_PHYS(storage_start(altmap)),
				 PFN_PHYS(altmap->free));
}

#ifndef arch_supports_vmem_altmap
static bool arch_supports_vmem_altmap(void)
{
	return true;
}
#endif

/**
 * vmem_altmap_supported() - can memory hold its memmap on this machine?
 *
 * An architecture can find out at boot. A driver asks before it sets an altmap,
 * and where there are none maps its memory without, with the memmap in DRAM.
 *
 * Context: Any.
 * Return: true if the vmemmap is populated from altmaps.
 */
bool vmem_altmap_supported(void)
{
	return arch_supports_vmem_altmap();
}
EXPORT_SYMBOL_GPL(vmem_altmap_supported);

/**
 * vmem_altmap_register() - make an altmap known for the range it describes
 * @altmap: the altmap, with base_pfn, reserve and free set
 * @start_pfn: first pfn of the range
 * @nr_pages: pages of the range, reserve and storage included
 *
 * The caller registers before the first populate of the range, and @altmap must
 * stay where it is until vmem_altmap_unregister(). Until then /dev/mem cannot map
 * the storage, and what it had mapped of it is unmapped.
 *
 * Context: Under mem_hotplug_begin(). May sleep and allocate.
 *
 * Return: 0, -EINVAL if the altmap does not start at the range or does not fit
 * in it, -EEXIST if another altmap describes a part of the range, -ENOMEM,
 * -EOPNOTSUPP if vmem_altmap_supported() says no.
 */
int vmem_altmap_register(struct vmem_altmap *altmap, unsigned long start_pfn,
			 unsigned long nr_pages)
{
	int err;

	lockdep_assert_mem_hotplug_held();
	if (!vmem_altmap_supported())
		return -EOPNOTSUPP;
	err = add_altmap(altmap, start_pfn, nr_pages);
	trace_vmem_altmap_register(altmap, start_pfn, nr_pages, err);
	if (err)
		return err;

	static_branch_inc_cpuslocked(&vmem_altmap_key);
	revoke_storage(altmap);
	return 0;
}

VISIBLE_IF_KUNIT void vmem_altmap_warn_busy(struct vmem_altmap *altmap)
{
	const struct resource res = altmap_resource(altmap);

	KUNIT_STATIC_STUB_REDIRECT(vmem_altmap_warn_busy, altmap);
	WARN(1, "altmap %pR: unregistered with %lu of %lu pages of storage in use\n",
	     &res, altmap->alloc, altmap->free);
}

/**
 * vmem_altmap_unregister() - take an altmap out of the registry
 * @altmap: a registered altmap
 *
 * The caller unregisters after the last page-table entry of the range is gone.
 * Blocks still in use are a bug of the memory's removal, and a WARN; the altmap is
 * unregistered all the same.
 *
 * Context: Under mem_hotplug_begin(). May sleep.
 */
void vmem_altmap_unregister(struct vmem_altmap *altmap)
{
	lockdep_assert_mem_hotplug_held();
	if (WARN_ON_ONCE(altmap_in(altmap->base_pfn, altmap->base_pfn) != altmap))
		return;

	scoped_guard(mutex, &vmem_altmap_lock) {
		vmem_altmap_demand_end(altmap);
		interval_tree_remove(&altmap->range, &vmem_altmap_index);
	}
	trace_vmem_altmap_unregister(altmap);
	if (altmap->alloc)
		vmem_altmap_warn_busy(altmap);
	destroy_altmap(altmap);
	static_branch_dec_cpuslocked(&vmem_altmap_key);
}

static int refuse_span(unsigned long start_pfn, unsigned long last_pfn)
{
	const struct resource res = pfn_resource(start_pfn, last_pfn);
	const struct resource altmap_res =
		altmap_resource(altmap_in(start_pfn, last_pfn));

	pr_err("%pR: does not match the altmap of %pR\n", &res, &altmap_res);
	return -EINVAL;
}

/**
 * vmem_altmap_check_span() - check the altmaps of memory about to be added
 * @start_pfn: first pfn of the memory
 * @nr_pages: pages of the memory
 *
 * Context: Under mem_hotplug_begin().
 *
 * Return: 0 if no altmap describes any of it, or if one or more describe it
 * all and nothing else; -EINVAL otherwise.
 */
int vmem_altmap_check_span(unsigned long start_pfn, unsigned long nr_pages)
{
	const unsigned long last_pfn = start_pfn + nr_pages - 1;
	struct vmem_altmap *altmap;
	unsigned long pfn;

	if (!static_branch_unlikely(&vmem_altmap_key))
		return 0;

	lockdep_assert_mem_hotplug_held();
	if (!altmap_in(start_pfn, last_pfn))
		return 0;
	for (pfn = start_pfn; pfn <= last_pfn; pfn = altmap->range.last + 1) {
		altmap = altmap_in(pfn, pfn);
		if (!altmap || altmap->range.start != pfn ||
		    altmap->range.last > last_pfn)
			return refuse_span(start_pfn, last_pfn);
	}
	return 0;
}

/**
 * pfn_to_vmem_altmap() - find the altmap that describes a page
 * @pfn: page frame number
 *
 * While no altmap is registered, at boot above all, this costs a static branch that
 * is not taken.
 *
 * Context: Under mem_hotplug_begin() once an altmap is registered; any context
 * before, slab not needed.
 *
 * Return: the altmap, or NULL if none describes @pfn. It stays registered until
 * mem_hotplug_done().
 */
struct vmem_altmap *pfn_to_vmem_altmap(unsigned long pfn)
{
	if (!static_branch_unlikely(&vmem_altmap_key))
		return NULL;

	lockdep_assert_mem_hotplug_held();
	return altmap_in(pfn, pfn);
}

/**
 * to_vmem_altmap() - find the altmap of the memory that struct pages describe
 * @memmap_addr: address in the vmemmap, of any byte of a struct page
 *
 * Context: As pfn_to_vmem_altmap().
 * Return: As pfn_to_vmem_altmap().
 */
struct vmem_altmap *to_vmem_altmap(unsigned long memmap_addr)
{
	/* page_to_pfn() wants the address of a whole struct page */
	return pfn_to_vmem_altmap((memmap_addr - (unsigned long)vmemmap) /
				  sizeof(struct page));
}

/* The PMD block that holds the page is written: the scrub overwrites it. */
void vmem_altmap_mark_dirty(struct vmem_altmap *altmap, unsigned long pfn)
{
	if (altmap->dirty)
		set_bit(pfn / PAGES_PER_BLOCK -
			storage_start(altmap) / PAGES_PER_BLOCK, altmap->dirty);
}

static void report_alloc_failure(const struct vmem_altmap *altmap,
				 unsigned long nr_pages, int err)
{
	const struct resource res = altmap_resource(altmap);

	switch (err) {
	case -EAGAIN:
		pr_err("%pR: %lu pages of storage refused by fail_vmem_altmap\n",
		       &res, nr_pages);
		break;
	case -ENOMEM:
		pr_err("%pR: cannot allocate a bitmap of single pages\n", &res);
		break;
	default:
		pr_err("%pR: out of memmap storage: %lu pages needed, %lu of %lu free, %lu of these not usable as PMD blocks\n",
		       &res, nr_pages, altmap->free - altmap->alloc,
		       altmap->free, altmap->align);
	}
}

/**
 * vmem_altmap_alloc() - allocate a block of an altmap's storage
 * @altmap: a registered altmap
 * @size: size of the block in bytes: PMD_SIZE or PAGE_SIZE
 *
 * The block is naturally aligned and its contents are undefined. Single pages are
 * taken first where no whole PMD block fits: the unaligned ends of the storage,
 * then PMD blocks already split.
 *
 * Context: Under mem_hotplug_begin(). May sleep and allocate.
 *
 * Return: the block's address in the direct map; NULL, with an error in the
 * log and nothing changed, for another size, if no such block is left, or if
 * fault injection refuses it (fail_vmem_altmap).
 */
void *vmem_altmap_alloc(struct vmem_altmap *altmap, unsigned long size)
{
	const unsigned long nr_pages = size / PAGE_SIZE;
	unsigned long pfn;
	int err = -EAGAIN;

	lockdep_assert_mem_hotplug_held();
	if (size != PMD_SIZE && size != PAGE_SIZE) {
		pr_err("no blocks of %lu bytes, only of %lu and %lu\n",
		       size, PAGE_SIZE, PMD_SIZE);
		return NULL;
	}

	guard(mutex)(&vmem_altmap_lock);
	if (!should_fail_vmem_altmap(size))
		err = vmem_altmap_storage_alloc(altmap, nr_pages, &pfn);
	if (err) {
		altmap->failed++;
		trace_vmem_altmap_fail(altmap, nr_pages, err);
		report_alloc_failure(altmap, nr_pages, err);
		return NULL;
	}

	vmem_altmap_mark_dirty(altmap, pfn);
	altmap->watermark = max(altmap->watermark, altmap->alloc);
	trace_vmem_altmap_alloc(altmap, pfn, nr_pages);
	return __va(PFN_PHYS(pfn));
}

VISIBLE_IF_KUNIT void vmem_altmap_warn_free(struct vmem_altmap *altmap,
					    phys_addr_t phys, unsigned long size)
{
	const struct resource res = altmap_resource(altmap);

	KUNIT_STATIC_STUB_REDIRECT(vmem_altmap_warn_free, altmap, phys, size);
	WARN_ONCE(1, "altmap %pR: %lu bytes at %pa freed that are not in use\n",
		  &res, size, &phys);
}

static int free_storage(struct vmem_altmap *altmap, unsigned long pfn,
			unsigned long nr_pages)
{
	int err;

	scoped_guard(mutex, &vmem_altmap_lock)
		err = vmem_altmap_storage_free(altmap, pfn, nr_pages);
	if (err)
		return err;

	trace_vmem_altmap_free(altmap, pfn, nr_pages);
	if (altmap->scrub_in_place)
		vmem_altmap_zero(__va(PFN_PHYS(pfn)), PFN_PHYS(nr_pages));
	return 0;
}

/**
 * vmem_altmap_free() - free a block of the altmap that owns it
 * @phys: physical address of the block
 * @size: size of the block in bytes, as it was allocated
 *
 * The owner is the altmap whose storage holds @phys, whatever range the block
 * described. To free a block that is not in use, or not in this size, is a
 * WARN_ONCE and changes nothing.
 *
 * Context: Under mem_hotplug_begin(), when no page-table entry and no TLB maps the
 * block any more, and before the direct map of the range is removed. May sleep,
 * does not allocate.
 *
 * Return: true if an altmap owns the block, which is then freed; false if none
 * does, and the caller must free it where it came from.
 */
bool vmem_altmap_free(phys_addr_t phys, unsigned long size)
{
	const unsigned long pfn = PHYS_PFN(phys);
	struct vmem_altmap *altmap;
	int err = -EINVAL;

	if (!static_branch_unlikely(&vmem_altmap_key))
		return false;

	lockdep_assert_mem_hotplug_held();
	altmap = altmap_in(pfn, pfn);
	if (!altmap || !in_storage(altmap, pfn))
		return false;

	if (PAGE_ALIGNED(size))
		err = vmem_altmap_demand_unmap(altmap, pfn, size / PAGE_SIZE);
	if (err == -ENOENT)
		err = free_storage(altmap, pfn, size / PAGE_SIZE);
	if (err)
		vmem_altmap_warn_free(altmap, phys, size);
	return true;
}

static bool holds_storage(const struct vmem_altmap *altmap,
			  unsigned long first, unsigned long last)
{
	return altmap->free && first < storage_end(altmap) &&
	       last >= storage_start(altmap);
}

/**
 * vmem_altmap_storage_in() - does memory hold storage of an altmap?
 * @start_pfn: first pfn of the memory
 * @nr_pages: pages of the memory, not 0
 *
 * For code that lets user space access memory by physical address. While no altmap
 * is registered this costs a static branch that is not taken.
 *
 * Context: Process context, may sleep, once an altmap is registered; any
 * context before.
 *
 * Return: true if any page of it belongs to the storage of a registered
 * altmap; its reserve and its data do not count.
 */
bool vmem_altmap_storage_in(unsigned long start_pfn, unsigned long nr_pages)
{
	const unsigned long last_pfn = start_pfn + nr_pages - 1;
	struct interval_tree_node *node;

	if (!static_branch_unlikely(&vmem_altmap_key))
		return false;

	guard(mutex)(&vmem_altmap_lock);
	for (node = interval_tree_iter_first(&vmem_altmap_index, start_pfn,
					     last_pfn);
	     node; node = interval_tree_iter_next(node, start_pfn, last_pfn))
		if (holds_storage(container_of(node, struct vmem_altmap, range),
				  start_pfn, last_pfn))
			return true;
	return false;
}

/**
 * vmem_altmap_filled() - store how the struct pages of a range were initialised
 * @altmap: the range's altmap, registered
 * @fill: what to store
 *
 * Context: Process context, may sleep. The range's owner alone calls this.
 */
void vmem_altmap_filled(struct vmem_altmap *altmap,
			const struct vmem_altmap_fill *fill)
{
	guard(mutex)(&vmem_altmap_lock);
	altmap->fill = *fill;
}

/**
 * vmem_altmap_iter_start() - begin to visit altmaps, in the order of their memory
 * @pfn: where to begin; an altmap that describes it is the first
 *
 * Until vmem_altmap_iter_stop() no altmap is registered or unregistered, and no
 * block is allocated or freed.
 *
 * Context: Process context, may sleep. Returns with the registry's mutex held.
 * Return: the first altmap, or NULL if there is none.
 */
const struct vmem_altmap *vmem_altmap_iter_start(unsigned long pfn)
{
	mutex_lock(&vmem_altmap_lock);
	return altmap_in(pfn, ULONG_MAX);
}

/**
 * vmem_altmap_iter_next() - visit the next altmap
 * @altmap: the altmap visited before, or NULL to visit the first
 *
 * Context: Between vmem_altmap_iter_start() and vmem_altmap_iter_stop().
 * Return: the next altmap, or NULL if there is none.
 */
const struct vmem_altmap *vmem_altmap_iter_next(const struct vmem_altmap *altmap)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&vmem_altmap_lock);
	if (!altmap)
		return altmap_in(0, ULONG_MAX);
	node = (struct interval_tree_node *)&altmap->range;
	return node_altmap(interval_tree_iter_next(node, 0, ULONG_MAX));
}

/**
 * vmem_altmap_iter_stop() - end the visit of altmaps
 *
 * Context: Releases the registry's mutex.
 */
void vmem_altmap_iter_stop(void)
{
	mutex_unlock(&vmem_altmap_lock);
}
