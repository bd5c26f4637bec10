#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# none.sh - the kernel without any altmap: a memmap on the device is refused,
# one in DRAM works.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

NS=namespace0.0

map_dev_refused $NS fsdax 'map=dev\|altmap'
map_dev_refused $NS devdax 'map=dev\|altmap'
check "fsdax --map=mem is made" create $NS fsdax mem
is "nr_memmap_pages rises by the memmap" "$(vmstat nr_memmap_pages)" \
	"$(memmap_pages "$(cat $REGION/size)")"
check "ext4 is made" make_fs ext4 /dev/pmem0
check "ext4 is mounted with dax=always" \
	mount -t ext4 -o dax=always /dev/pmem0 /mnt
check "a file is mapped and written" ./mapdax fill /mnt/map 0 $((8 << 20)) 6
check "the file is read" ./mapdax check /mnt/map 0 $((8 << 20)) 6
check "ext4 is unmounted" umount /mnt
check "disabled" ndctl disable-namespace $NS
is "nr_memmap_pages is what it was" "$(vmstat nr_memmap_pages)" 0
finish
