// SPDX-License-Identifier: GPL-2.0-only
/*
 * No hibernation while a device holds its own memmap.
 *
 * The kernel that resumes enables persistent memory before it reads the image,
 * and writes its own struct pages over those of the image's kernel. The image holds
 * DRAM and cannot restore them. So an administrator disables such devices before
 * hibernating. Hot-added memory that holds its own memmap is RAM, and part of the
 * image.
 *
 * See Documentation/admin-guide/mm/vmem_altmap.rst.
 */
#define pr_fmt(fmt) "vmem_altmap: " fmt

#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/pfn.h>
#include <linux/suspend.h>
#include <linux/vmem_altmap.h>

/* From PM_HIBERNATION_PREPARE until that fails, or PM_POST_HIBERNATION */
static bool hibernating;

/**
 * vmem_altmap_hibernating() - has the system begun to hibernate?
 *
 * memremap_pages() asks after it has stored the page map and registered the altmap,
 * and undoes both if so.
 *
 * Context: Any.
 * Return: true if no device's memmap may be put on the device now.
 */
bool vmem_altmap_hibernating(void)
{
	/* pairs with prepare_hibernation(): one of the two sees the other's store */
	smp_mb();
	return READ_ONCE(hibernating);
}

static int refuse_hibernation(const struct vmem_altmap *altmap)
{
	const struct resource res = DEFINE_RES_MEM(PFN_PHYS(altmap->base_pfn),
		PFN_PHYS(altmap->range.last + 1 - altmap->base_pfn));

	pr_err("%pR: no hibernation while %s holds its own memmap, disable it\n",
	       &res, altmap->owner ?: "a device");
	return -EBUSY;
}

static int prepare_hibernation(void)
{
	const struct vmem_altmap *altmap;
	int err = 0;

	WRITE_ONCE(hibernating, true);
	smp_mb(); /* pairs with vmem_altmap_hibernating() */

	altmap = vmem_altmap_iter_start(0);
	for (; altmap && !err; altmap = vmem_altmap_iter_next(altmap))
		if (pfn_in_pagemap(altmap->base_pfn))
			err = refuse_hibernation(altmap);
	vmem_altmap_iter_stop();

	if (err)
		WRITE_ONCE(hibernating, false);
	return err;
}

static int hibernation_notify(struct notifier_block *block,
			      unsigned long event, void *data)
{
	/* a user that only wants a quiet system writes no image to resume from */
	if (event == PM_HIBERNATION_PREPARE && !hibernation_is_quiet())
		return notifier_from_errno(prepare_hibernation());
	if (event == PM_POST_HIBERNATION)
		WRITE_ONCE(hibernating, false);
	return NOTIFY_DONE;
}

static struct notifier_block pm_block = {
	.notifier_call = hibernation_notify,
};

static int __init vmem_altmap_hibernate_init(void)
{
	return register_pm_notifier(&pm_block);
}
core_initcall(vmem_altmap_hibernate_init);
