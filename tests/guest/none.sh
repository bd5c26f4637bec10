#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# none.sh - with a kernel or a machine without altmaps, a namespace with
# --map=dev can be made, used and enabled with its data. Its memmap is in DRAM
# and counted, and the kernel logs that each time.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

NOTICE='altmaps are not supported: the memmap of --map=dev is in DRAM'
empty=$(vmstat nr_memmap_pages)
memmap=$(memmap_pages "$(cat $REGION/size)")

# in_dram NAME COMMAND...: COMMAND enables the namespace, with its memmap in
# DRAM
in_dram()
{
	local name=$1

	shift
	dmesg -c >/dev/null
	check "$name" "$@"
	is "$name: nr_memmap_pages rises by the memmap" \
		$(($(vmstat nr_memmap_pages) - empty)) "$memmap"
	is "$name: the kernel says so" "$(dmesg | grep -c "$NOTICE")" 1
}

disabled()
{
	check "$1: disabled" ndctl disable-namespace $NS
	is "$1: nr_memmap_pages is what it was" "$(vmstat nr_memmap_pages)" \
		"$empty"
}

in_dram "fsdax is made" create $NS fsdax dev
check "ext4 is made" make_fs ext4 /dev/pmem0
check "a file is mapped and written" maps fill
disabled fsdax
in_dram "fsdax is enabled" ndctl enable-namespace $NS
check "the file is read" maps check
disabled "fsdax again"
in_dram "devdax is made" create $NS devdax dev -a "$PAGE"
check "its memory is mapped and written" \
	./mapdax fill /dev/dax0.0 0 $((8 << 20)) 6
disabled devdax
check "fsdax --map=mem is made" create $NS fsdax mem
is "nr_memmap_pages rises by the memmap" \
	$(($(vmstat nr_memmap_pages) - empty)) "$memmap"
disabled "map=mem"
finish
