#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# alive.sh - altmaps work as they do with the stock kernel: a namespace has its
# memmap on the device, and keeps its data over a re-enable; memory blocks store
# their own memmap.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./memory.sh

DEV=dax0.0
MEMMAP=$(($(memmap_pages "$(cat $REGION/size)") * PAGE / 1024)) # KiB

# little NAME COMMAND...: COMMAND takes at most an eighth of the memmap in DRAM
little()
{
	local name=$1 before

	shift
	before=$(free_dram)
	check "$name" "$@"
	at_most "$name: KiB of DRAM" $((before - $(free_dram))) $((MEMMAP / 8))
}

# The first namespace takes DRAM that later ones do not, so it is not measured.
check "fsdax is made" create $NS fsdax dev
check "ext4 is made" make_fs ext4 /dev/pmem0
check "a file is mapped and written" maps fill
check "fsdax is disabled" ndctl disable-namespace $NS
little "fsdax is enabled" ndctl enable-namespace $NS
check "the file is there" maps check
check "fsdax is destroyed" ndctl destroy-namespace -f $NS

check "device-dax is made" create $NS devdax mem
blocks_of $DEV
unbind $DEV $DAX/drivers/device_dax
check "kmem takes the device" eval "echo $DEV >$KMEM/new_id"
check "kmem gives it back" unbind $DEV $KMEM
check "memmap_on_memory is chosen" \
	eval "echo 1 >$DAX/devices/$DEV/memmap_on_memory"
little "memory is added" bind $DEV $KMEM
is "memory blocks" "$(blocks $FIRST $COUNT offline | wc -l)" "$COUNT"
check "it is onlined" turn $FIRST $COUNT offline online_movable
check "pages of memmap are marked" marked $FIRST $COUNT
check "it is used" fill
check "it keeps what is written" filled
check "it is offlined" turn $FIRST $COUNT online offline
check "it is removed" unbind $DEV $KMEM
finish
