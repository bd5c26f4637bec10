// SPDX-License-Identifier: GPL-2.0-only
/*
 * memmap_fill: how the page structs of device memory are written fast.
 *
 * Who adds persistent memory waits for its page structs above all. They are
 * alike: all of a range, or all tail pages of a compound page from the second
 * on. One is initialised field by field, the others are stored whole, and the
 * CPUs of the memory's node share the range.
 */
#define pr_fmt(fmt) "memmap_fill: " fmt

#include <kunit/visibility.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/memmap_fill.h>
#include <linux/memmap_fill_copies.h>
#include <linux/memremap.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/padata.h>
#include <linux/printk.h>
#include <linux/sched/isolation.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include <linux/vmem_altmap.h>

#define CREATE_TRACE_POINTS
#include <trace/events/memmap_fill.h>

VISIBLE_IF_KUNIT bool memmap_fill_enable = true;
module_param_named(enable, memmap_fill_enable, bool, 0444);
MODULE_PARM_DESC(enable, "copy page structs that are alike");

VISIBLE_IF_KUNIT unsigned int memmap_fill_threads;
module_param_named(threads, memmap_fill_threads, uint, 0644);
MODULE_PARM_DESC(threads, "most threads that write a range's page structs, 0: a CPU of its node each");

/*
 * Page structs that are not worth a thread of their own: less than 16 MiB, some
 * milliseconds.
 */
#define CHUNK		(256 * 1024UL)
/*
 * What a thread has as its part before a range asks anew how many there may be:
 * 1 GiB, a fraction of a second.
 */
#define ROUND		(64 * CHUNK)

/* ranges that are written now by the CPUs of a node */
static atomic_t ranges[MAX_NUMNODES];

/* KMSAN has to see each store. */
static bool may_fill(void)
{
	return memmap_fill_enable && MEMMAP_FILL_ALIKE &&
	       !IS_ENABLED(CONFIG_KMSAN);
}

static const char *method(void)
{
	if (!may_fill())
		return "fields";
	if (memmap_fill_streams(sizeof(struct page)))
		return "streaming-stores";
	return "copies";
}

/**
 * memmap_fill_like() - initialise page structs like the first of them
 * @page: page struct that is initialised
 * @nr: it, and those behind it that are to be like it
 *
 * The log says once how page structs are written.
 *
 * Context: Any. Nobody else may use these page structs.
 * Return: the number of page structs that are initialised now, @page counted:
 * all, or 1 if this configuration forbids it, or memmap_fill.enable=0.
 */
unsigned long memmap_fill_like(struct page *page, unsigned long nr)
{
	pr_info_once("page structs of device memory are written by %s\n",
		     method());
	if (!may_fill())
		return 1;

	memmap_fill_copies(page + 1, page, sizeof(*page), nr - 1);
	return nr;
}

/*
 * Ranges that are written at the same time share the CPUs of a node, but those
 * that are kept free of such work.
 */
static int max_threads(int nid)
{
	unsigned int cpus = cpumask_weight_and(cpumask_of_node(nid),
				housekeeping_cpumask(HK_TYPE_DOMAIN));

	cpus /= atomic_read(&ranges[nid]);
	if (memmap_fill_threads)
		cpus = min(cpus, memmap_fill_threads);
	return max(cpus, 1U);
}

/**
 * memmap_fill_split() - share page structs out among the CPUs of a node
 * @fill: writes those from number start on, up to number end
 * @arg: passed to @fill
 * @nr: page structs
 * @align: what is split stays a multiple of this, a power of two
 * @nid: the node; if it has no CPUs, those of the nearest that has some help
 *
 * memmap_fill.threads caps the threads. A small range stays on this CPU. Ranges
 * that are written at the same time share fairly.
 *
 * Context: May sleep; not under the memory hotplug lock, for which others wait.
 * Return: the most threads that can have written at one time, this one counted;
 * 0 if there was nothing to write.
 */
unsigned int memmap_fill_split(void (*fill)(unsigned long start,
					    unsigned long end, void *arg),
			       void *arg, unsigned long nr,
			       unsigned long align, int nid)
{
	struct padata_mt_job job = {
		.thread_fn = fill,
		.fn_arg = arg,
		.align = align,
		.min_chunk = max(CHUNK, align),
	};
	unsigned long start, size;
	int threads = 0;

	if (!node_state(nid, N_CPU))
		nid = numa_nearest_node(nid, N_CPU);
	job.cpus = cpumask_of_node(nid);
	atomic_inc(&ranges[nid]);
	for (start = 0; start < nr; start += size) {
		job.max_threads = max_threads(nid);
		size = min(nr - start, job.max_threads * max(ROUND, align));
		job.start = start;
		job.size = size;
		threads = max(threads, padata_do_multithreaded(&job));
	}
	atomic_dec(&ranges[nid]);
	return threads;
}

/**
 * memmap_fill_report() - tell that the page structs of a range were written
 * @pgmap: of the range
 * @start_pfn: first pfn of the range
 * @nr_pages: pages of the range
 * @nid: node of the range
 * @start_ns: when that was begun, by ktime_get_ns()
 * @threads: the most that took part at one time
 *
 * To the trace, and to the altmap if the range has one.
 *
 * Context: Process context, may sleep.
 */
void memmap_fill_report(struct dev_pagemap *pgmap, unsigned long start_pfn,
			unsigned long nr_pages, int nid, u64 start_ns,
			unsigned int threads)
{
	const u64 ns = ktime_get_ns() - start_ns;

	trace_memmap_fill(start_pfn, nr_pages, nid, ns, method(), threads);
	if (pgmap_altmap(pgmap))
		vmem_altmap_filled(pgmap_altmap(pgmap), ns, method(), threads);
}
