// SPDX-License-Identifier: GPL-2.0-only
/*
 * memmap_fill: initialise the struct pages of device and added memory fast.
 *
 * Enabling persistent memory is mostly initialising its struct pages. They are
 * alike: all of a range, or all tail pages of a compound page from the second
 * on. One is initialised field by field and stored as many times as there are
 * others, and the CPUs of the memory's node share the range.
 */
#define pr_fmt(fmt) "memmap_fill: " fmt

#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/memmap_fill_copies.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/padata.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include <linux/vmem_altmap.h>

#include "memmap_fill.h"

#define CREATE_TRACE_POINTS
#include <trace/events/memmap_fill.h>

VISIBLE_IF_KUNIT bool memmap_fill_enable = true;
module_param_named(enable, memmap_fill_enable, bool, 0444);
MODULE_PARM_DESC(enable, "copy struct pages that are alike");

VISIBLE_IF_KUNIT unsigned int memmap_fill_threads;
module_param_named(threads, memmap_fill_threads, uint, 0644);
MODULE_PARM_DESC(threads, "most threads that initialise a range's struct pages, 0: one for each CPU of its node");

/* Fewer struct pages than this, 16 MiB, are not worth a thread of their own. */
#define CHUNK		(256 * 1024UL)
/*
 * Struct pages that each thread writes before the number of threads is computed
 * again: 1 GiB, a fraction of a second.
 */
#define ROUND		(64 * CHUNK)

/* jobs that run now on the CPUs of a node */
static atomic_t jobs[MAX_NUMNODES];

/* A struct page that holds its page's address is like no other. */
#ifdef WANT_PAGE_VIRTUAL
#define ALIKE		false
#else
#define ALIKE		true
#endif

/* KMSAN has to see each store. */
static bool may_copy(void)
{
	return memmap_fill_enable && ALIKE && !IS_ENABLED(CONFIG_KMSAN);
}

static const char *fill_method(void)
{
	if (!may_copy())
		return "fields";
	if (memmap_fill_streams(sizeof(struct page)))
		return "streaming-stores";
	return "copies";
}

/**
 * memmap_fill_like() - initialise struct pages like the first of them
 * @page: the first, initialised
 * @nr: number of struct pages, the first included
 *
 * The log says once how struct pages are initialised.
 *
 * Context: Any. Nobody else may use these struct pages.
 * Return: the number of struct pages that are initialised now, @page included:
 * @nr, or 1 if this configuration or memmap_fill.enable=0 forbids copies.
 */
unsigned long memmap_fill_like(struct page *page, unsigned long nr)
{
	pr_info_once("struct pages of device memory are written by %s\n",
		     fill_method());
	if (!may_copy())
		return 1;

	memmap_fill_copies(page + 1, page, sizeof(*page), nr - 1);
	return nr;
}

/**
 * memmap_fill_listed() - initialise struct pages like the first, but for their
 * lists
 * @page: the first, initialised, on no list
 * @nr: number of struct pages, the first included
 *
 * This is for pages that the page allocator gets, on whose lists each struct page
 * has a head of its own. They are stored through the cache, since freeing them
 * writes them again.
 *
 * Context: Any. Nobody else may use these struct pages.
 * Return: as for memmap_fill_like().
 */
unsigned long memmap_fill_listed(struct page *page, unsigned long nr)
{
	const struct page first = *page, *end = page + nr;

	if (!may_copy())
		return 1;

	while (++page < end) {
		*page = first;
		INIT_LIST_HEAD(&page->lru);
	}
	return nr;
}

/* Jobs that run at the same time share the node's CPUs, isolated ones excluded. */
static int max_threads(int nid)
{
	unsigned int cpus;

	/* which CPUs these are may change */
	guard(rcu)();
	cpus = cpumask_weight_and(cpumask_of_node(nid),
				  housekeeping_cpumask(HK_TYPE_DOMAIN));
	cpus /= atomic_read(&jobs[nid]);
	if (memmap_fill_threads)
		cpus = min(cpus, memmap_fill_threads);
	return max(cpus, 1U);
}

/**
 * memmap_fill_begin() - begin a job, and start its clock
 * @fill: the job
 * @nid: node whose CPUs are to work; if it has none, those of the nearest node
 *	that has some do
 *
 * Context: Any.
 */
void memmap_fill_begin(struct memmap_fill *fill, int nid)
{
	fill->nid = nid;
	fill->threads = 0;
	fill->start_ns = ktime_get_ns();
}

/**
 * memmap_fill_run() - share a part of a job among the CPUs of its node
 * @fill: the job
 * @fn: does the units from number start on, up to number end; a unit is a
 *	struct page, or takes as long as one
 * @arg: passed to @fn
 * @nr: units
 * @align: units that @fn must get together, a power of two
 *
 * The parameter memmap_fill.threads caps the threads. A small part stays on this
 * CPU. Jobs that run at the same time on a node share its CPUs.
 *
 * Context: May sleep; not under the memory hotplug lock, for which others wait.
 */
void memmap_fill_run(struct memmap_fill *fill,
		     void (*fn)(unsigned long start, unsigned long end,
				void *arg),
		     void *arg, unsigned long nr, unsigned long align)
{
	struct padata_mt_job job = {
		.thread_fn = fn,
		.fn_arg = arg,
		.align = align,
		.min_chunk = max(CHUNK, align),
	};
	unsigned long start, size;
	int threads, nid = fill->nid;

	if (!node_state(nid, N_CPU))
		nid = numa_nearest_node(nid, N_CPU);
	job.cpus = cpumask_of_node(nid);
	atomic_inc(&jobs[nid]);
	for (start = 0; start < nr; start += size) {
		job.max_threads = max_threads(nid);
		size = min(nr - start, job.max_threads * max(ROUND, align));
		job.start = start;
		job.size = size;
		threads = padata_do_multithreaded(&job);
		fill->threads = max_t(unsigned int, fill->threads, threads);
	}
	atomic_dec(&jobs[nid]);
}

/**
 * memmap_fill_ns() - read the clock of a job
 * @fill: the job
 *
 * Context: Any.
 * Return: nanoseconds since memmap_fill_begin().
 */
u64 memmap_fill_ns(const struct memmap_fill *fill)
{
	return ktime_get_ns() - fill->start_ns;
}

/**
 * memmap_fill_end() - report that a range's struct pages are initialised
 * @fill: the job that has done it
 * @pgmap: page map of the range
 * @start_pfn: first pfn of the range
 * @nr_pages: pages of the range
 *
 * The trace gets it, and the altmap if the range has one.
 *
 * Context: Process context, may sleep.
 */
void memmap_fill_end(const struct memmap_fill *fill, struct dev_pagemap *pgmap,
		     unsigned long start_pfn, unsigned long nr_pages)
{
	const struct vmem_altmap_fill stats = {
		.ns = memmap_fill_ns(fill),
		.method = fill_method(),
		.threads = fill->threads,
	};

	trace_memmap_fill(start_pfn, nr_pages, fill->nid, stats.ns,
			  stats.method, stats.threads);
	if (pgmap_altmap(pgmap))
		vmem_altmap_filled(pgmap_altmap(pgmap), &stats);
}
