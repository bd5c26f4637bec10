#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# terabyte.sh - more than 1 TiB becomes 8,192 or more memory blocks, each of
# which stores its own memmap, and is removed again.

# shellcheck shell=dash disable=SC2086,SC2317 source-path=SCRIPTDIR
. ./lib.sh

DEV=dax0.0
MEMORY=/sys/devices/system/memory
BLOCK=$((0x$(cat $MEMORY/block_size_bytes)))

blocks()
{
	find $MEMORY -maxdepth 1 -name 'memory[0-9]*' | wc -l
}

cycle()
{
	local before

	before=$(free_dram)
	bind $DEV $KMEM || return
	price=$((before - $(free_dram)))
	added=$(($(blocks) - boot))
	moved=$(($(vmstat nr_memmap_pages) - memmap))
	unbind $DEV $KMEM
}

echo 0 >$DAX/drivers_autoprobe
check "device-dax is made" create $NS devdax mem
size=$(cat $DAX/devices/$DEV/size)
boot=$(blocks)
count=$((size / BLOCK))
echo 1 >$DAX/devices/$DEV/memmap_on_memory
memmap=$(vmstat nr_memmap_pages)
check "kmem takes the device" eval "echo $DEV >$KMEM/new_id"
is "blocks" $(($(blocks) - boot)) $count
check "kmem gives it back" unbind $DEV $KMEM
keeps_at_most "once more, and all go away" 1024 cycle
is "$count blocks" $added $count
check "8,192 or more" [ $count -ge 8192 ]
dram_at_most "KiB of DRAM for a block" $((price / count)) 16
is "pages of memmap in DRAM" $moved 0
is "blocks left" $(($(blocks) - boot)) 0
finish
