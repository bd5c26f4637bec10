#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# deb.t - the packages that "make deb" builds work: a distribution's kernel,
# with its drivers as modules.
#
# tags: deb

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

modules="nfit nd_e820 nd_pmem nd_btt dax_pmem device_dax kmem xfs
memory-notifier-error-inject"

# unpack PACKAGE: into ROOT, and set RELEASE to the release of its kernel
unpack()
{
	dpkg-deb -x "$1" "$ROOT" && RELEASE=$(basename "$ROOT"/lib/modules/*)
}

# files: print the files of the modules that are wanted, and of the modules that
# these depend on; this machine's own configuration of modprobe is ignored
files()
{
	local module

	for module in $modules; do
		modprobe -C /dev/null -d "$ROOT" -S "$RELEASE" --show-depends "$module"
	done | awk '$1 == "insmod" { print $2 }' | sort -u
}

# pack: write the modules that the guest loads to modules.cpio, next to the
# kernel
pack()
{
	local file folder=$WORK/loaded/lib/modules/$RELEASE

	mkdir -p "$folder" && depmod -b "$ROOT" "$RELEASE" &&
		files >"$WORK/files" && [ -s "$WORK/files" ] || return 1
	while read -r file; do
		cp "$file" "$folder/"
	done <"$WORK/files"
	! find "$folder" -name '*.xz' | grep . | xargs xz -d
	cp "$ROOT/lib/modules/$RELEASE/modules".{builtin,order} "$folder/"
	depmod -b "$WORK/loaded" "$RELEASE" &&
		echo "$modules" >"$WORK/loaded/lib/modules/wanted" &&
		(cd "$WORK/loaded" && find lib | cpio --quiet -o -H newc) \
			>"$KERNEL_altmap/modules.cpio" &&
		cp "$ROOT/boot/vmlinuz-$RELEASE" "$KERNEL_altmap/bzImage"
}

ROOT=$WORK/package
KERNEL_altmap=$WORK/kernel
mkdir -p "$KERNEL_altmap" "$ROOT"
package=$(tools/deb) || bail "no packages"
try "there are headers of the same version" \
	[ -f "${package/linux-image/linux-headers}" ]
try "the image is a package" unpack "$package"
try "it has the drivers as modules" pack
note "$(basename "$package"), modules: $(wc -l <"$WORK/files")"
on=memory_hotplug.memmap_on_memory
boot altmap --pmem 2G boot.sh 5
boot altmap --mem 1G --pmem 4G fsdax.sh ext4 xfs
# through /dev/mem, the test reads memory that the driver has claimed
boot altmap --mem 1G --pmem 1G --append iomem=relaxed devdax.sh 2M 1073741824
boot altmap --mem 1G --pmem 1G,label=2M regions.sh 2M
# the caches of a distribution's kernel grow by more
boot altmap --mem 640M --pmem 64G dram.sh 512
boot altmap --mem 768M --pmem 1G \
	--append "$on=1 memhp_default_state=offline" hotplug.sh on
finish
