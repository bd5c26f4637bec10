// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of altmaps: it finds the altmap that describes a pfn, so that nobody
 * hands altmap pointers around. It gives out their storage and takes it back by its
 * physical address, under its lock, and says in the log what was refused.
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
 * Guards the index below and the books of all altmaps in it. Nests inside the
 * memory hotplug lock. Adding and removing memory is one at a time anyway, so
 * one lock is enough.
 */
static DEFINE_MUTEX(vmem_altmap_lock);
static struct rb_root_cached vmem_altmap_index = RB_ROOT_CACHED;
static DEFINE_STATIC_KEY_FALSE(vmem_altmap_key);

static bool in_storage(const struct vmem_altmap *altmap, unsigned long pfn)
{
	return pfn >= storage_start(altmap) && pfn < storage_end(altmap);
}

/* for %pR */
static struct resource mem(unsigned long first_pfn, unsigned long last_pfn)
{
	return DEFINE_RES_MEM(PFN_PHYS(first_pfn),
			      PFN_PHYS(last_pfn - first_pfn + 1));
}

static struct resource altmap_mem(const struct vmem_altmap *altmap)
{
	return mem(altmap->range.start, altmap->range.last);
}

/* What a range is to be scrubbed by, if it is. */
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

	altmap->watermark = 0;
	altmap->failed = 0;
	altmap->fill_ns = 0;
	err = vmem_altmap_storage_init(altmap);
	if (err)
		return err;

	err = init_dirty(altmap);
	if (err)
		destroy_altmap(altmap);
	return err;
}

static void complain_of_books(const struct vmem_altmap *altmap)
{
	const struct resource res = altmap_mem(altmap);

	pr_err("%pR: no DRAM for the books of the storage\n", &res);
}

static struct vmem_altmap *to_altmap(struct interval_tree_node *node)
{
	return node ? container_of(node, struct vmem_altmap, range) : NULL;
}

static struct vmem_altmap *altmap_in(unsigned long first, unsigned long last)
{
	lockdep_assert_held(&vmem_altmap_lock);
	return to_altmap(interval_tree_iter_first(&vmem_altmap_index, first,
						  last));
}

static int validate(const struct vmem_altmap *altmap, unsigned long start_pfn,
		    unsigned long nr_pages)
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

static int index_add(struct vmem_altmap *altmap, unsigned long start_pfn,
		     unsigned long last_pfn)
{
	struct vmem_altmap *other;
	int err;

	guard(mutex)(&vmem_altmap_lock);
	other = altmap_in(start_pfn, last_pfn);
	if (other) {
		const struct resource res = mem(start_pfn, last_pfn);
		const struct resource other_res = altmap_mem(other);

		pr_err("%pR: overlaps the altmap of %pR\n", &res, &other_res);
		return -EEXIST;
	}

	altmap->range.start = start_pfn;
	altmap->range.last = last_pfn;
	err = init_altmap(altmap);
	if (err) {
		complain_of_books(altmap);
		return err;
	}

	interval_tree_insert(&altmap->range, &vmem_altmap_index);
	return 0;
}

/* From now on /dev/mem maps none of it; take away what it mapped before. */
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
 * Must be done before the first populate of the range. @altmap must stay where
 * it is until vmem_altmap_unregister(). Till then the storage is out of reach
 * for /dev/mem, and what that had mapped of it is unmapped.
 *
 * Context: Process context, may sleep and allocate. Not under the memory
 * hotplug lock, which excludes changing a static key.
 *
 * Return: 0, -EINVAL if the altmap does not start at the range or does not fit
 * in it, -EEXIST if another altmap describes a part of the range, -ENOMEM,
 * -EOPNOTSUPP if vmem_altmap_supported() says no.
 */
int vmem_altmap_register(struct vmem_altmap *altmap, unsigned long start_pfn,
			 unsigned long nr_pages)
{
	int err;

	if (!vmem_altmap_supported())
		return -EOPNOTSUPP;
	err = validate(altmap, start_pfn, nr_pages);
	if (!err)
		err = index_add(altmap, start_pfn, start_pfn + nr_pages - 1);
	trace_vmem_altmap_register(altmap, start_pfn, nr_pages, err);
	if (err)
		return err;

	static_branch_inc(&vmem_altmap_key);
	revoke_storage(altmap);
	return 0;
}

VISIBLE_IF_KUNIT void vmem_altmap_warn_busy(struct vmem_altmap *altmap)
{
	const struct resource res = altmap_mem(altmap);

	KUNIT_STATIC_STUB_REDIRECT(vmem_altmap_warn_busy, altmap);
	WARN(1, "altmap %pR: unregistered with %lu of %lu pages of storage in use\n",
	     &res, altmap->alloc, altmap->free);
}

static bool index_del(struct vmem_altmap *altmap)
{
	guard(mutex)(&vmem_altmap_lock);
	if (WARN_ON_ONCE(altmap_in(altmap->base_pfn, altmap->base_pfn) != altmap))
		return false;
	trace_vmem_altmap_unregister(altmap);
	if (altmap->alloc)
		vmem_altmap_warn_busy(altmap);

	interval_tree_remove(&altmap->range, &vmem_altmap_index);
	destroy_altmap(altmap);
	return true;
}

/**
 * vmem_altmap_unregister() - take an altmap out of the registry
 * @altmap: a registered altmap
 *
 * Must be done after the last page-table entry of the range is gone. Blocks
 * that are still out are our own bug, and a WARN; their storage goes with the
 * altmap all the same.
 *
 * Context: as vmem_altmap_register().
 */
void vmem_altmap_unregister(struct vmem_altmap *altmap)
{
	if (index_del(altmap))
		static_branch_dec(&vmem_altmap_key);
}

static int refuse_span(unsigned long start_pfn, unsigned long last_pfn)
{
	const struct resource res = mem(start_pfn, last_pfn);
	const struct resource altmap_res =
		altmap_mem(altmap_in(start_pfn, last_pfn));

	pr_err("%pR: to be added with an altmap of %pR\n", &res, &altmap_res);
	return -EINVAL;
}

/**
 * vmem_altmap_check_span() - check the altmaps of memory about to be added
 * @start_pfn: first pfn of the memory
 * @nr_pages: pages of the memory
 *
 * Context: Process context, may sleep.
 *
 * Return: 0 if no altmap describes any of it, or if one or more describe it
 * all and nothing else; -EINVAL otherwise.
 */
int vmem_altmap_check_span(unsigned long start_pfn, unsigned long nr_pages)
{
	const unsigned long last_pfn = start_pfn + nr_pages - 1;
	struct vmem_altmap *altmap;
	unsigned long pfn;
	int err;

	if (!static_branch_unlikely(&vmem_altmap_key))
		return 0;

	guard(mutex)(&vmem_altmap_lock);
	if (!altmap_in(start_pfn, last_pfn))
		return 0;
	for (pfn = start_pfn; pfn <= last_pfn; pfn = altmap->range.last + 1) {
		altmap = altmap_in(pfn, pfn);
		if (!altmap || altmap->range.start != pfn ||
		    altmap->range.last > last_pfn)
			return refuse_span(start_pfn, last_pfn);
		err = validate(altmap, pfn, altmap->range.last - pfn + 1);
		if (err)
			return err;
	}
	return 0;
}

/**
 * pfn_to_vmem_altmap() - find the altmap that describes a page
 * @pfn: page frame number
 *
 * Costs a static branch not taken while no altmap is registered, at boot above
 * all. Only code that adds or removes the very range that is described, under
 * the memory hotplug lock, may dereference what is returned. It is the range's
 * owner that registers and unregisters the altmap, before and after; nothing
 * keeps it registered for anybody else.
 *
 * Context: Process context, may sleep, once an altmap is registered; any
 * context before, slab not needed.
 *
 * Return: the altmap, or NULL if none describes @pfn.
 */
struct vmem_altmap *pfn_to_vmem_altmap(unsigned long pfn)
{
	if (!static_branch_unlikely(&vmem_altmap_key))
		return NULL;

	guard(mutex)(&vmem_altmap_lock);
	return altmap_in(pfn, pfn);
}

/**
 * vmem_altmap_of() - find the altmap that describes a page, if it is an owner's
 * @pfn: page frame number
 * @owner: address of the owner's name
 *
 * For an owner of altmaps that is asked for memory of others, too: the altmap of
 * another owner may be unregistered at any time.
 *
 * Context: As pfn_to_vmem_altmap().
 * Return: the altmap, or NULL if none describes @pfn, or one of another owner.
 */
struct vmem_altmap *vmem_altmap_of(unsigned long pfn, const char *owner)
{
	struct vmem_altmap *altmap;

	if (!static_branch_unlikely(&vmem_altmap_key))
		return NULL;

	guard(mutex)(&vmem_altmap_lock);
	altmap = altmap_in(pfn, pfn);
	return altmap && altmap->owner == owner ? altmap : NULL;
}

/**
 * to_vmem_altmap() - find the altmap that describes page structs
 * @memmap_addr: address in the vmemmap, of any byte of a page struct
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

static int take(struct vmem_altmap *altmap, unsigned long size,
		unsigned long *pfn)
{
	if (should_fail_vmem_altmap(size))
		return -EAGAIN;

	return vmem_altmap_storage_alloc(altmap, size / PAGE_SIZE, pfn);
}

static void complain_of_storage(const struct vmem_altmap *altmap,
				unsigned long nr_pages)
{
	const struct resource res = altmap_mem(altmap);

	pr_err("%pR: needs %lu pages of storage, %lu left of %lu, %lu of these too scattered for PMD blocks\n",
	       &res, nr_pages, altmap->free - altmap->alloc, altmap->free,
	       altmap->align);
}

static void complain_of_provocation(const struct vmem_altmap *altmap,
				    unsigned long nr_pages)
{
	const struct resource res = altmap_mem(altmap);

	pr_err("%pR: needs %lu pages of storage, refused by fail_vmem_altmap\n",
	       &res, nr_pages);
}

static void complain(const struct vmem_altmap *altmap, unsigned long nr_pages,
		     int err)
{
	if (err == -ENOMEM)
		complain_of_books(altmap);
	else if (err == -EAGAIN)
		complain_of_provocation(altmap, nr_pages);
	else
		complain_of_storage(altmap, nr_pages);
}

/**
 * vmem_altmap_alloc() - take a block of an altmap's storage
 * @altmap: a registered altmap
 * @size: size of the block in bytes: PMD_SIZE or PAGE_SIZE
 *
 * The block is naturally aligned and its contents are undefined. Pages come
 * from where no PMD block fits as long as there are any.
 *
 * Context: Process context, may sleep. The caller adds the memory @altmap
 * describes, under the memory hotplug lock.
 *
 * Return: the block's address in the direct map; NULL, with an error in the
 * log and nothing changed, for another size, if no such block is left, or if
 * fault injection has it so (fail_vmem_altmap).
 */
void *vmem_altmap_alloc(struct vmem_altmap *altmap, unsigned long size)
{
	unsigned long pfn;
	int err;

	if (size != PMD_SIZE && size != PAGE_SIZE) {
		pr_err("no blocks of %lu bytes, only of %lu and %lu\n",
		       size, PAGE_SIZE, PMD_SIZE);
		return NULL;
	}

	guard(mutex)(&vmem_altmap_lock);
	err = take(altmap, size, &pfn);
	if (err) {
		altmap->failed++;
		trace_vmem_altmap_fail(altmap, size / PAGE_SIZE, err);
		complain(altmap, size / PAGE_SIZE, err);
		return NULL;
	}

	if (altmap->dirty)
		__set_bit(pfn / PAGES_PER_BLOCK -
			  storage_start(altmap) / PAGES_PER_BLOCK,
			  altmap->dirty);
	altmap->watermark = max(altmap->watermark, altmap->alloc);
	trace_vmem_altmap_alloc(altmap, pfn, size / PAGE_SIZE);
	return __va(PFN_PHYS(pfn));
}

VISIBLE_IF_KUNIT void vmem_altmap_warn_free(struct vmem_altmap *altmap,
					    phys_addr_t phys, unsigned long size)
{
	const struct resource res = altmap_mem(altmap);

	KUNIT_STATIC_STUB_REDIRECT(vmem_altmap_warn_free, altmap, phys, size);
	WARN_ONCE(1, "altmap %pR: no block of %lu bytes at %pa to be given back\n",
		  &res, size, &phys);
}

/**
 * vmem_altmap_free() - give a block back to the altmap it belongs to
 * @phys: physical address of the block
 * @size: size of the block in bytes, as it was allocated
 *
 * The owner is found by @phys alone: the altmap whose storage it lies in,
 * whatever range the block described. A block that its owner has not handed
 * out, or not in this size, is refused with a WARN_ONCE and changes nothing.
 *
 * Context: Process context, may sleep, never allocates. Under the memory
 * hotplug lock, when no page-table entry and no TLB knows the block any more,
 * and before the direct map of the range goes.
 *
 * Return: true if an altmap owns the block, which is then dealt with; false if
 * none does and the caller must free it where it came from.
 */
bool vmem_altmap_free(phys_addr_t phys, unsigned long size)
{
	const unsigned long pfn = PHYS_PFN(phys);
	struct vmem_altmap *altmap;

	if (!static_branch_unlikely(&vmem_altmap_key))
		return false;

	guard(mutex)(&vmem_altmap_lock);
	altmap = altmap_in(pfn, pfn);
	if (!altmap || !in_storage(altmap, pfn))
		return false;

	if (!PAGE_ALIGNED(size) ||
	    vmem_altmap_storage_free(altmap, pfn, size / PAGE_SIZE)) {
		vmem_altmap_warn_free(altmap, phys, size);
		return true;
	}

	trace_vmem_altmap_free(altmap, pfn, size / PAGE_SIZE);
	if (altmap->scrub_in_place)
		vmem_altmap_zero(__va(PFN_PHYS(pfn)), size);
	return true;
}

static bool holds_storage(const struct vmem_altmap *altmap,
			  unsigned long first, unsigned long last)
{
	return altmap->free && first < storage_end(altmap) &&
	       last >= storage_start(altmap);
}

/**
 * vmem_altmap_storage_in() - ask whether memory holds storage of an altmap
 * @start_pfn: first pfn of the memory
 * @nr_pages: pages of the memory, not 0
 *
 * For those who let user space reach memory by its physical address. Costs a
 * static branch not taken while no altmap is registered.
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
 * vmem_altmap_filled() - note how the page structs of a range were written
 * @altmap: the range's altmap, registered
 * @ns: nanoseconds that it took
 * @method: how, a name that stays
 * @threads: threads that shared the work
 *
 * Context: Process context, may sleep.
 */
void vmem_altmap_filled(struct vmem_altmap *altmap, u64 ns,
			const char *method, unsigned int threads)
{
	guard(mutex)(&vmem_altmap_lock);
	altmap->fill_ns = ns;
	altmap->fill_method = method;
	altmap->fill_threads = threads;
}

/**
 * vmem_altmap_iter_start() - begin to look at altmaps, in the order of their memory
 * @pfn: where to begin; an altmap that this lies in counts
 *
 * Until vmem_altmap_iter_stop() none is registered or unregistered, and no block
 * comes or goes.
 *
 * Context: Process context, may sleep. Returns with the registry's lock held.
 * Return: the first of them, or NULL if there is none.
 */
const struct vmem_altmap *vmem_altmap_iter_start(unsigned long pfn)
{
	mutex_lock(&vmem_altmap_lock);
	return altmap_in(pfn, ULONG_MAX);
}

/**
 * vmem_altmap_iter_next() - look at the next altmap
 * @altmap: the one looked at before, or NULL to look at the first
 *
 * Context: Between vmem_altmap_iter_start() and vmem_altmap_iter_stop().
 * Return: the one behind it, or NULL if there is none.
 */
const struct vmem_altmap *vmem_altmap_iter_next(const struct vmem_altmap *altmap)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&vmem_altmap_lock);
	if (!altmap)
		return altmap_in(0, ULONG_MAX);
	node = (struct interval_tree_node *)&altmap->range;
	return to_altmap(interval_tree_iter_next(node, 0, ULONG_MAX));
}

/**
 * vmem_altmap_iter_stop() - done with looking at altmaps
 *
 * Context: Releases the registry's lock.
 */
void vmem_altmap_iter_stop(void)
{
	mutex_unlock(&vmem_altmap_lock);
}
