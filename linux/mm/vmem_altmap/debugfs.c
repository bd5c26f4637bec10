// SPDX-License-Identifier: GPL-2.0-only
/*
 * Altmaps, as administrators see them: debugfs vmem_altmap/altmaps has a line for
 * each. Documentation/admin-guide/mm/vmem_altmap.rst explains the columns.
 */
#include <linux/debugfs.h>
#include <linux/init.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/time64.h>
#include <linux/vmem_altmap.h>

static unsigned long pages_to_kib(unsigned long pages)
{
	return pages * (PAGE_SIZE / SZ_1K);
}

static void print_altmap(const struct vmem_altmap *altmap, struct seq_file *seq)
{
	seq_printf(seq, "%#014llx-%#014llx %-12s %4d %11lu %11lu %11lu %13lu %11lu %11lu %6lu %11lu %8lu %5lu %9lu %6lu",
		   PFN_PHYS(altmap->range.start),
		   PFN_PHYS(altmap->range.last + 1) - 1, altmap->owner ?: "-",
		   altmap->nid, pages_to_kib(altmap->reserve),
		   pages_to_kib(altmap->free),
		   pages_to_kib(altmap->alloc), pages_to_kib(altmap->align),
		   pages_to_kib(altmap->free - altmap->alloc - altmap->align),
		   pages_to_kib(altmap->watermark), altmap->failed,
		   pages_to_kib(altmap->alloc - vmem_altmap_unwritten(altmap)),
		   altmap->demand.nr, READ_ONCE(altmap->demand.owned),
		   pages_to_kib(altmap->tails.pages), altmap->tails.tables);
	if (altmap->fill.ns)
		seq_printf(seq, " %10llu %12u %s\n",
			   div_u64(altmap->fill.ns, NSEC_PER_USEC),
			   altmap->fill.threads, altmap->fill.method);
	else
		seq_printf(seq, " %10s %12s %s\n", "-", "-", "-");
}

/* The position is a pfn; 0 is the line with the names of the columns. */
static void *altmaps_start(struct seq_file *seq, loff_t *pos)
{
	const struct vmem_altmap *altmap = vmem_altmap_iter_start(*pos);

	return *pos ? (void *)altmap : SEQ_START_TOKEN;
}

static void *altmaps_next(struct seq_file *seq, void *at, loff_t *pos)
{
	const struct vmem_altmap *altmap;

	altmap = vmem_altmap_iter_next(at == SEQ_START_TOKEN ? NULL : at);
	*pos = altmap ? altmap->range.start : ULONG_MAX;
	return (void *)altmap;
}

static void altmaps_stop(struct seq_file *seq, void *at)
{
	vmem_altmap_iter_stop();
}

static int altmaps_show(struct seq_file *seq, void *at)
{
	if (at != SEQ_START_TOKEN) {
		print_altmap(at, seq);
		return 0;
	}
	seq_printf(seq, "%-29s %-12s %4s %11s %11s %11s %13s %11s %11s %6s %11s %8s %5s %9s %6s %10s %12s %s\n",
		   "range", "owner", "node", "reserve_KiB", "storage_KiB",
		   "used_KiB", "scattered_KiB", "free_KiB", "peak_KiB",
		   "failed", "written_KiB", "sections", "owned",
		   "tails_KiB", "tables", "fill_us", "fill_threads", "fill_method");
	return 0;
}

static const struct seq_operations altmaps_sops = {
	.start = altmaps_start,
	.next = altmaps_next,
	.stop = altmaps_stop,
	.show = altmaps_show,
};
DEFINE_SEQ_ATTRIBUTE(altmaps);

static int __init vmem_altmap_debugfs_init(void)
{
	debugfs_create_file("altmaps", 0400,
			    debugfs_create_dir("vmem_altmap", NULL), NULL,
			    &altmaps_fops);
	return 0;
}
late_initcall(vmem_altmap_debugfs_init);
