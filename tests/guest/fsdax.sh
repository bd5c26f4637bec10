#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# fsdax.sh FILESYSTEM... - an fsdax namespace works with its memmap on the
# device: with files on each FILESYSTEM (ext4, xfs), and when it is enabled again
# and again. The test also measures the DRAM that this takes.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

# Write a file by write() and one through a mapping; both must be there after
# the namespace was disabled and enabled.
files()
{
	local fs=$1

	check "$fs is made" make_fs "$fs" /dev/pmem0
	check "$fs is mounted with dax=always" mount_dax "$fs" /dev/pmem0
	dd if=/dev/urandom of=/tmp/data bs=$MIB count=8 2>/dev/null
	check "$fs: a file is written" cp /tmp/data /mnt/data
	check "$fs: a file is written through a mapping" \
		./mapdax fill /mnt/map 0 $((32 * MIB)) 7
	check "$fs: the mapping's page is on the device" \
		is_pmem "$(./mapdax phys /mnt/map $((16 * MIB)))"
	check "$fs is unmounted" umount /mnt
	check "$fs: disabled and enabled" again $NS
	check "$fs is mounted again" mount_dax "$fs" /dev/pmem0
	check "$fs: the file is the same" cmp /tmp/data /mnt/data
	check "$fs: what was mapped is the same" \
		./mapdax check /mnt/map 0 $((32 * MIB)) 7
	check "$fs is unmounted again" umount /mnt
}

cycles()
{
	local _

	for _ in $(seq 20); do
		again "$NS" || return 1
	done
}

# With --map=dev, nr_memmap_pages does not change, and repeated enables take
# little DRAM.
map_dev()
{
	local memmap fs

	memmap=$(vmstat nr_memmap_pages)
	check "fsdax --map=dev is made" create $NS fsdax dev
	is "map=dev: nr_memmap_pages counts no page of the device" \
		"$(vmstat nr_memmap_pages)" "$memmap"
	for fs; do
		files "$fs"
	done
	keeps_at_most "map=dev: disabled and enabled 20 times" 64 cycles
	check "map=dev: disabled" ndctl disable-namespace $NS
	check "map=dev: its block device is gone" [ ! -e /dev/pmem0 ]
	is "map=dev: nr_memmap_pages is what it was" \
		"$(vmstat nr_memmap_pages)" "$memmap"
}

# With --map=mem, nr_memmap_pages counts each page of memmap, and a disable
# frees them.
map_mem()
{
	local memmap wanted free

	free=$(free_dram)
	memmap=$(vmstat nr_memmap_pages)
	wanted=$(memmap_pages "$(cat $REGION/size)")
	check "fsdax --map=mem is made" create $NS fsdax mem
	is "map=mem: nr_memmap_pages rises by the memmap" \
		$(($(vmstat nr_memmap_pages) - memmap)) "$wanted"
	check "map=mem: disabled" ndctl disable-namespace $NS
	is "map=mem: nr_memmap_pages is what it was" \
		"$(vmstat nr_memmap_pages)" "$memmap"
	dram_at_most "map=mem: KiB of DRAM that are not given back" \
		$((free - $(free_dram))) 192
}

small_alignment()
{
	check "fsdax --map=dev is made, aligned to a page" \
		create $NS fsdax dev -a "$PAGE"
	files ext4
}

map_dev "$@"
map_mem
small_alignment
finish
