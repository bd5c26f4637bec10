#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# dimm.sh 0|1 GIB: DIMMs are plugged in, at that address, used, and unplugged,
# by the machine and by the system. Each stores its own memmap, or has it in
# DRAM if the argument is 0. If a DIMM contains the memmap of other memory, its
# page allocator gets that back.

# shellcheck shell=dash disable=SC2046,SC2086,SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./memory.sh

ON_MEMORY=$1 START=$(($2 << 30))
# shellcheck source-path=SCRIPTDIR
. ./plug.sh

PMEM=$(cat $REGION/size)

# The machine asks the kernel for the DIMM; the kernel first offlines its
# memory.
machine_unplugs()
{
	qemu device_del "dimm$1"
	wait_for gone "$1"
}

system_unplugs()
{
	echo 1 >"$(slot "$1")/eject"
	wait_for gone "$1"
}

plug_both()
{
	plug 0 && plug 1
}

unplug_both()
{
	local i

	for i in 0 1; do
		machine_unplugs $i && qemu object_del ram$i || return
	done
}

# cycle machine|system: plug both in, use them, and let the machine or the
# system unplug them, the first one first.
cycle()
{
	local name="the $1 unplugs" iomem total memmap

	iomem=$(cat /proc/iomem) total=$(meminfo MemTotal)
	memmap=$(vmstat nr_memmap_pages)
	check "$name: DIMMs are plugged in" \
		adds $ON_MEMORY $((2 * COUNT)) plug_both unplug_both
	dram_at_most "$name: KiB of DRAM for a block" $PRICE $MOST
	is "$name: pages of memmap in DRAM" \
		$(($(vmstat nr_memmap_pages) - memmap)) \
		$(((1 - ON_MEMORY) * 2 * COUNT * PAGES))
	check "$name: the first is onlined" turn $(of 0) offline online_movable
	check "$name: the second is onlined" turn $(of 1) offline online_movable
	is "$name: KiB of memory more" $(($(meminfo MemTotal) - total)) \
		$((2 * COUNT * (BLOCK - ON_MEMORY * PAGES * PAGE) / 1024))
	[ "$ON_MEMORY" = 0 ] ||
		check "$name: pages of memmap are marked" marked $(of 0)
	check "$name: they are used" fill
	check "$name: the first is unplugged" "$1_unplugs" 0
	check "$name: nothing is lost" filled
	check "$name: the second is used" fill
	check "$name: nothing is lost" filled
	check "$name: the second is unplugged" "$1_unplugs" 1
	is "$name: the memory is what it was" "$(meminfo MemTotal)" "$total"
	is "$name: so is iomem" "$(cat /proc/iomem)" "$iomem"
	is "$name: and nr_memmap_pages" "$(vmstat nr_memmap_pages)" "$memmap"
	qemu object_del ram0
	qemu object_del ram1
}

# Print how many pages of the kernel's DIMM are free, including those in the
# per-CPU lists.
free_normal()
{
	free_dram >/dev/null
	echo $(($(zone Normal nr_free_pages) + $(zone Normal count:)))
}

# Enable NS. Set TAKEN to the number of pages that this took from the DIMM, and
# MEMMAP to those of memmap. Pages that are freed at the same moment hide some
# of them: then try again, five times at most.
takes_from_dimm()
{
	local memmap

	for _ in $(seq 5); do
		BEFORE=$(free_normal) memmap=$(vmstat nr_memmap_pages)
		ndctl enable-namespace $NS || return
		TAKEN=$((BEFORE - $(free_normal)))
		MEMMAP=$(($(vmstat nr_memmap_pages) - memmap))
		[ $TAKEN -lt $((MEMMAP - 64)) ] || return 0
		echo "only $TAKEN pages of $MEMMAP"
		ndctl disable-namespace $NS
	done
	return 1
}

# The kernel allocates from a DIMM first, also the memmap of pmem. An eighth of
# the memmap is allowed for other allocations in the meantime.
foreign()
{
	check "a DIMM is plugged in" plug 0
	check "it is the kernel's" turn $(of 0) offline online_kernel
	check "pmem is set up" create $NS fsdax mem
	check "and disabled" ndctl disable-namespace $NS
	check "pmem is enabled, its memmap on the DIMM" takes_from_dimm
	is "all memmap that it has" "$MEMMAP" "$(memmap_pages $PMEM)"
	check "pmem is disabled" ndctl disable-namespace $NS
	dram_at_most "KiB that the DIMM has not got back" \
		$(((BEFORE - $(free_normal)) * (PAGE / 1024))) \
		$((MEMMAP * 4 / 8))
}

cycle machine
cycle system
foreign
finish
