#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# arch.t - the series compiles, without a warning, for each architecture whose
# memmap it touches: with everything on that the architecture supports; without
# struct pages for devices; without memory hotplug; without a vmemmap. For
# powerpc it compiles without altmaps, too.
#
# tags: cross llvm

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/compile.sh"

# Debian 12 has no GNU compiler for loongarch.
machines="
x86
arm64		aarch64-linux-gnu-
powerpc		powerpc64le-linux-gnu-
riscv		riscv64-linux-gnu-
s390		s390x-linux-gnu-
loongarch	-19
sparc		sparc64-linux-gnu-
"
nohotplug=+nodevice+nohotremove+nohotplug

# fit [+NAME...]: make .config from memory.config with these, but without what
# the architecture does not support. Set WANTED to all that .config should have.
fit()
{
	local names=memory$1 own=+altmap+kunit first

	first=$(fragments "$names$own")
	configure "$first"
	# later kernels need no such page table entries
	! grep -q 'config ARCH_HAS_PTE_DEVMAP' "$tree/mm/Kconfig" ||
		on ARCH_HAS_PTE_DEVMAP || names+=+nodevice
	on ARCH_ENABLE_MEMORY_HOTPLUG || names+=$nohotplug
	on ZONE_DEVICE || own=+altmap
	# powerpc finds out at boot what the tests take for a constant
	! on PPC_BOOK3S_64 || own=+altmap
	on VMEM_ALTMAP || own=''
	WANTED=$(fragments "$names$own")
	[ "$WANTED" = "$first" ] || configure "$WANTED"
}

# variant TEXT [+NAME...]: a test point, skipped if the architecture has no such
# configuration
declare -A seen
variant()
{
	local name="$arch, $1" sum lost

	fit "${2:-}"
	name="$name: $(has)"
	sum=$arch-$(sha1sum <"$obj/.config")
	lost=$(lost "$WANTED")
	if [ "$lost" = "# CONFIG_SPARSEMEM_VMEMMAP is not set" ]; then
		point 0 "$name # SKIP it always has that"
	elif [ "${seen[$sum]:-}" ]; then
		point 0 "$name # SKIP the same as ${seen[$sum]}"
	else
		seen[$sum]=$1
		try "$name" compile_all "$WANTED"
	fi
}

# as_before: hot-added memory can hold its memmap where stock lets it, and
# nowhere else
as_before()
{
	case $arch in
	loongarch | sparc) ! on MHP_MEMMAP_ON_MEMORY ;;
	*) on MHP_MEMMAP_ON_MEMORY ;;
	esac
}

try "the series has a tree to compile in" prepare_tree || bail "no tree"
while read -r arch tools; do
	[ "$arch" ] || continue
	build_for "$arch" "$tools"
	variant "everything on"
	try "$arch, memmap_on_memory is there as it was" as_before
	[ "$arch" != powerpc ] || variant "the hash MMU alone" +noradix
	variant "no struct pages for devices" +nodevice
	variant "no memory hotplug" "$nohotplug"
	variant "no vmemmap" +nodevice+novmemmap
done <<<"$machines"

finish
