/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace event of initialising device memory's struct pages, see mm/memmap_fill.c.
 * Memory is given by physical address.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM memmap_fill

#if !defined(_TRACE_MEMMAP_FILL_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_MEMMAP_FILL_H

#include <linux/pfn.h>
#include <linux/tracepoint.h>

TRACE_EVENT(memmap_fill,

	TP_PROTO(unsigned long start_pfn, unsigned long nr_pages, int nid,
		 u64 ns, const char *method, unsigned int threads),
	TP_ARGS(start_pfn, nr_pages, nid, ns, method, threads),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, end)
		__field(unsigned long, nr_pages)
		__field(u64, ns)
		__field(int, nid)
		__field(unsigned int, threads)
		__string(method, method)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(start_pfn);
		__entry->end = PFN_PHYS(start_pfn + nr_pages) - 1;
		__entry->nr_pages = nr_pages;
		__entry->ns = ns;
		__entry->nid = nid;
		__entry->threads = threads;
		__assign_str(method);
	),
	TP_printk("mem=%#llx-%#llx pages=%lu nid=%d ns=%llu method=%s threads=%u",
		  __entry->start, __entry->end, __entry->nr_pages,
		  __entry->nid, __entry->ns, __get_str(method),
		  __entry->threads)
);

#endif /* _TRACE_MEMMAP_FILL_H */

#include <trace/define_trace.h>
