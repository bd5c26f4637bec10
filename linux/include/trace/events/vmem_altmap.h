/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace events of altmaps, see mm/vmem_altmap/. Memory is given by physical
 * address; pages and blocks are those of the storage.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmem_altmap

#if !defined(_TRACE_VMEM_ALTMAP_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_VMEM_ALTMAP_H

#include <linux/pfn.h>
#include <linux/tracepoint.h>
#include <linux/vmem_altmap.h>

TRACE_EVENT(vmem_altmap_register,

	TP_PROTO(const struct vmem_altmap *altmap, unsigned long start_pfn,
		 unsigned long nr_pages, int err),
	TP_ARGS(altmap, start_pfn, nr_pages, err),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, end)
		__field(unsigned long, reserve)
		__field(unsigned long, storage)
		__field(int, nid)
		__field(int, err)
		__string(owner, altmap->owner ?: "-")
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(start_pfn);
		__entry->end = PFN_PHYS(start_pfn + nr_pages) - 1;
		__entry->reserve = altmap->reserve;
		__entry->storage = altmap->free;
		__entry->nid = altmap->nid;
		__entry->err = err;
		__assign_str(owner);
	),
	TP_printk("mem=%#llx-%#llx owner=%s nid=%d reserve=%lu storage=%lu err=%d",
		  __entry->start, __entry->end, __get_str(owner), __entry->nid,
		  __entry->reserve, __entry->storage, __entry->err)
);

TRACE_EVENT(vmem_altmap_unregister,

	TP_PROTO(const struct vmem_altmap *altmap),
	TP_ARGS(altmap),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, end)
		__field(unsigned long, used)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(altmap->range.start);
		__entry->end = PFN_PHYS(altmap->range.last + 1) - 1;
		__entry->used = altmap->alloc;
	),
	TP_printk("mem=%#llx-%#llx used=%lu", __entry->start, __entry->end,
		  __entry->used)
);

DECLARE_EVENT_CLASS(vmem_altmap_block,

	TP_PROTO(const struct vmem_altmap *altmap, unsigned long pfn,
		 unsigned long nr_pages),
	TP_ARGS(altmap, pfn, nr_pages),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, block)
		__field(unsigned long, nr_pages)
		__field(unsigned long, used)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(altmap->range.start);
		__entry->block = PFN_PHYS(pfn);
		__entry->nr_pages = nr_pages;
		__entry->used = altmap->alloc;
	),
	TP_printk("mem=%#llx block=%#llx pages=%lu used=%lu", __entry->start,
		  __entry->block, __entry->nr_pages, __entry->used)
);

DEFINE_EVENT(vmem_altmap_block, vmem_altmap_alloc,

	TP_PROTO(const struct vmem_altmap *altmap, unsigned long pfn,
		 unsigned long nr_pages),
	TP_ARGS(altmap, pfn, nr_pages)
);

DEFINE_EVENT(vmem_altmap_block, vmem_altmap_free,

	TP_PROTO(const struct vmem_altmap *altmap, unsigned long pfn,
		 unsigned long nr_pages),
	TP_ARGS(altmap, pfn, nr_pages)
);

TRACE_EVENT(vmem_altmap_tails,

	TP_PROTO(const struct vmem_altmap *altmap, unsigned long pfn,
		 unsigned long nr_pages),
	TP_ARGS(altmap, pfn, nr_pages),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, end)
		__field(unsigned long, pages)
		__field(unsigned long, tables)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(pfn);
		__entry->end = PFN_PHYS(pfn + nr_pages) - 1;
		__entry->pages = altmap->tails.pages;
		__entry->tables = altmap->tails.tables;
	),
	TP_printk("mem=%#llx-%#llx pages=%lu tables=%lu", __entry->start,
		  __entry->end, __entry->pages, __entry->tables)
);

TRACE_EVENT(vmem_altmap_own,

	TP_PROTO(const struct vmem_altmap *altmap, unsigned long section_pfn,
		 unsigned long pfn, u64 ns),
	TP_ARGS(altmap, section_pfn, pfn, ns),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, section)
		__field(u64, block)
		__field(unsigned long, owned)
		__field(unsigned long, sections)
		__field(u64, ns)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(altmap->range.start);
		__entry->section = PFN_PHYS(section_pfn);
		__entry->block = PFN_PHYS(pfn);
		__entry->owned = altmap->demand.owned;
		__entry->sections = altmap->demand.nr;
		__entry->ns = ns;
	),
	TP_printk("mem=%#llx section=%#llx block=%#llx owned=%lu of %lu ns=%llu",
		  __entry->start, __entry->section, __entry->block,
		  __entry->owned, __entry->sections, __entry->ns)
);

TRACE_EVENT(vmem_altmap_fail,

	TP_PROTO(const struct vmem_altmap *altmap, unsigned long nr_pages,
		 int err),
	TP_ARGS(altmap, nr_pages, err),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(unsigned long, nr_pages)
		__field(unsigned long, left)
		__field(unsigned long, scattered)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(altmap->range.start);
		__entry->nr_pages = nr_pages;
		__entry->left = altmap->free - altmap->alloc;
		__entry->scattered = altmap->align;
		__entry->err = err;
	),
	TP_printk("mem=%#llx pages=%lu left=%lu scattered=%lu err=%d",
		  __entry->start, __entry->nr_pages, __entry->left,
		  __entry->scattered, __entry->err)
);

TRACE_EVENT(vmem_altmap_scrub_begin,

	TP_PROTO(const struct vmem_altmap *altmap),
	TP_ARGS(altmap),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(unsigned long, storage)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(altmap->range.start);
		__entry->storage = altmap->free;
	),
	TP_printk("mem=%#llx storage=%lu", __entry->start, __entry->storage)
);

TRACE_EVENT(vmem_altmap_scrub_end,

	TP_PROTO(const struct vmem_altmap *altmap, u64 ns, unsigned int threads),
	TP_ARGS(altmap, ns, threads),
	TP_STRUCT__entry(
		__field(u64, start)
		__field(u64, ns)
		__field(unsigned int, threads)
	),
	TP_fast_assign(
		__entry->start = PFN_PHYS(altmap->range.start);
		__entry->ns = ns;
		__entry->threads = threads;
	),
	TP_printk("mem=%#llx ns=%llu threads=%u", __entry->start, __entry->ns,
		  __entry->threads)
);

#endif /* _TRACE_VMEM_ALTMAP_H */

#include <trace/define_trace.h>
