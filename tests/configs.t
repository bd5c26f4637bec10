#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# configs.t - the series works in x86 kernels that are configured differently
# from the guest's. Each configuration compiles without a warning, and the
# kernels that are booted work as far as they can.
#
# tags: cross llvm

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/compile.sh"

raw=nodevice+nohotremove
none=$raw+nohotplug
refusal="Memory debug options prevent using pmem for the page map"

# boots [--llvm SUFFIX] NAME[+NAME...] OPTION... SCRIPT [ARGUMENT...]: boot the
# guest's kernel with the options of NAME; the rest is as for boot
boots()
{
	local folder tools=() config

	[ "$1" != --llvm ] || { tools=("$1" "$2"); shift 2; }
	config=$1
	shift
	folder=$(tools/kernel "${tools[@]}" --config "guest+$config" altmap \
		"$KVER") || bail "no kernel of guest+$config"
	note "guest+$config: $*"
	KERNEL_altmap=$folder boot altmap "$@"
}

# compiles NAMES [TOOLS]: compile this configuration with that compiler
compiles()
{
	local wanted

	build_for x86 "${2:-}"
	wanted=$(fragments "$1"; echo CONFIG_WERROR=y)
	configure "$wanted"
	try "compiles: $1: $(has)" compile_all "$wanted"
}

# times N: the compiled driver contains its refusal N times. The compiler
# removes the refusal where struct pages have the usual size.
times()
{
	grep -c "$refusal" "$obj/drivers/nvdimm/pfn_devs.o" | grep -x "$1"
}

boots 4level --pmem 2G --append numa=fake=2 boot.sh 4
boots 4level --mem 384M --pmem 1G \
	--append "numa=fake=2 memory_hotplug.memmap_on_memory=1" hotplug.sh on
boots $raw --pmem 1G raw.sh
boots $raw --mem 384M --room 1G --pmem 512M,at=8G \
	--append memory_hotplug.memmap_on_memory=1 stay.sh
# KMSAN unmaps a raw device page by page, which takes minutes for 256 MiB.
boots --llvm -19 kmsan --mem 4G --smp 1 --pmem 32M larger.sh

# From here on, this test holds the lock on builds until it ends.
try "the series has a tree to compile in" prepare_tree || bail "no tree"
compiles guest+altmap
try "a struct page that fits may be on the device" times 0
for config in 4level nonuma nonuma+nosmp nodevice $raw kasan; do
	compiles guest+altmap+"$config"
done
compiles guest+$none
compiles guest+nodevice+novmemmap
compiles memory+$none+novmemmap+32bit
compiles guest+altmap+kmsan -19
try "a larger one is refused there" times 1
finish
