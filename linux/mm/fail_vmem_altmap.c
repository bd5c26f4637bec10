// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection for altmaps: allocations from their storage fail.
 *
 * See Documentation/fault-injection/fault-injection.rst, and
 * Documentation/mm/vmem_altmap.rst for what an altmap is.
 */
#include <linux/error-injection.h>
#include <linux/fault-inject.h>
#include <linux/init.h>
#include <linux/vmem_altmap.h>

static DECLARE_FAULT_ATTR(fail_vmem_altmap);

/**
 * should_fail_vmem_altmap() - should this allocation fail?
 * @size: size of the block in bytes
 *
 * The registry logs that the failure was injected; a stack trace would add nothing.
 *
 * Context: any.
 *
 * Return: true if the allocation must fail.
 */
bool should_fail_vmem_altmap(unsigned long size)
{
	return should_fail_ex(&fail_vmem_altmap, size, FAULT_NOWARN);
}
ALLOW_ERROR_INJECTION(should_fail_vmem_altmap, TRUE);

static int __init setup_fail_vmem_altmap(char *str)
{
	return setup_fault_attr(&fail_vmem_altmap, str);
}
__setup("fail_vmem_altmap=", setup_fail_vmem_altmap);

static int __init fail_vmem_altmap_debugfs(void)
{
	struct dentry *dir;

	dir = fault_create_debugfs_attr("fail_vmem_altmap", NULL,
					&fail_vmem_altmap);
	return PTR_ERR_OR_ZERO(dir);
}
late_initcall(fail_vmem_altmap_debugfs);
