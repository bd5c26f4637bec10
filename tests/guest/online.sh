#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# online.sh time|count ROUNDS: the memory of a device-dax device is added by kmem,
# onlined block by block, offlined, and removed, with its memmap in DRAM (mem) and
# on itself (dev). This needs memory_hotplug.memmap_on_memory=1 on the command line.
#
# time: print lines "kmem MAP GIB add|online|offline|remove NANOSECONDS", for one
# memory block of those that the device has, ROUNDS of each.
#
# count: print lines "kmem MAP GIB add|online|offline|remove FLUSHES": how often
# all TLBs are flushed, for all of the device.

# shellcheck shell=dash disable=SC2086,SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./memory.sh
# shellcheck source-path=SCRIPTDIR
. ./clock.sh

DEV=dax0.0

counted()
{
	local step=$1 before

	shift
	before=$(vmstat nr_tlb_remote_flush)
	"$@"
	echo "$LABEL $step $(($(vmstat nr_tlb_remote_flush) - before))"
}

# all STATE: bring the blocks into that state; the shell does it without looking
# at each before, which would be counted
all()
{
	local state

	for state in $STATES; do
		echo "$1" >$state || return
	done
}

rounds=$2
case $1 in
time) measure=timed ;;
count) measure=counted ;;
esac
create $NS devdax mem >/dev/null
blocks_of $DEV
SHARE=$COUNT
STATES=''
for i in $(seq $FIRST $((FIRST + COUNT - 1))); do
	STATES="$STATES $MEMORY/memory$i/state"
done
unbind $DEV $DAX/drivers/device_dax
# the first add also makes what later ones find
echo $DEV >$KMEM/new_id
unbind $DEV $KMEM
for map in mem dev; do
	case $map in
	mem) echo 0 ;;
	dev) echo 1 ;;
	esac >$DAX/devices/$DEV/memmap_on_memory
	LABEL="kmem $map $(($(cat $REGION/size) >> 30))"
	for _ in $(seq "$rounds"); do
		$measure add bind $DEV $KMEM
		$measure online all online_movable
		$measure offline all offline
		$measure remove unbind $DEV $KMEM
	done
done
finish
