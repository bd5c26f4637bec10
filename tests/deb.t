#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# deb.t - the packages that "make deb" builds work: a distribution's kernel,
# with its drivers as modules.
#
# tags: deb

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

KERNEL_altmap=$WORK/kernel
package=$(tools/deb) || bail "no packages"
try "there are headers of the same version" \
	[ -f "${package/linux-image/linux-headers}" ]
try "the image is a package" dpkg-deb -I "$package"
try "it has a kernel, and the drivers as modules" \
	tools/packaged "$package" "$KERNEL_altmap"
note "$(basename "$package")"
on=memory_hotplug.memmap_on_memory
boot altmap --pmem 2G boot.sh 5
boot altmap --mem 1G --pmem 4G fsdax.sh ext4 xfs
# through /dev/mem, the test reads memory that the driver has claimed
boot altmap --mem 1G --pmem 1G --append iomem=relaxed devdax.sh 2M 1073741824
boot altmap --mem 1G --pmem 1G,label=2M regions.sh 2M
boot altmap --mem 640M --pmem 64G dram.sh
boot altmap --mem 768M --pmem 1G \
	--append "$on=1 memhp_default_state=offline" hotplug.sh on
finish
