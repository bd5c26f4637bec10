#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# hotplug.sh off|on: memory of a device-dax device becomes system RAM, is used,
# and is removed again. Its memmap is in DRAM; with "on" the memory is then
# added once more, with its memmap on itself. On Linux 7.3 all of it is also added
# and removed at once.

# shellcheck shell=dash disable=SC2046,SC2086,SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./memory.sh

DEV=dax0.0
CHOICE=$DAX/devices/$DEV/memmap_on_memory
STATE=$DAX/devices/$DEV/state # since Linux 7.3, while kmem has the device
REFUSE=/sys/kernel/debug/notifier-error-inject/memory/actions

add()
{
	bind $DEV $KMEM
}

# removed: offline the blocks that are online, then remove the memory
removed()
{
	turn $FIRST $COUNT online offline && unbind $DEV $KMEM
}

movable()
{
	echo $(zone Movable spanned) $(zone Movable present) \
		$(zone Movable managed)
}

# refused WHAT FROM TO: if one of the kernel's notifiers refuses a change of
# state, the block and its zone are as they were.
refused()
{
	local notifier=$REFUSE/$1/error block before status=0

	block=$(blocks $FIRST $COUNT | head -n 1)
	before=$(movable)
	echo -12 >"$notifier"
	echo "$3" >"$block/state" && status=1
	echo 0 >"$notifier"
	grep -qx "$2" "$block/state" && [ $status = 0 ] &&
		[ "$(movable)" = "$before" ]
}

# cycle 0|1: add, use and remove the memory with this memmap_on_memory
cycle()
{
	local name="memmap_on_memory=$1" iomem total memmap

	iomem=$(cat /proc/iomem) total=$(meminfo MemTotal)
	memmap=$(vmstat nr_memmap_pages)
	echo "$1" >$CHOICE
	check "$name: memory is added" adds "$1" $COUNT add removed
	dram_at_most "$name: KiB of DRAM for a block" $PRICE $MOST
	is "$name: blocks" "$(blocks $FIRST $COUNT offline | wc -l)" $COUNT
	is "$name: pages of memmap in DRAM" $(($(vmstat nr_memmap_pages) - memmap)) \
		$(((1 - $1) * COUNT * PAGES))
	check "$name: to online it can be refused" \
		refused MEM_GOING_ONLINE offline online_movable
	check "$name: it is onlined" turn $FIRST $COUNT offline online_movable
	check "$name: to offline it can be refused" \
		refused MEM_GOING_OFFLINE online offline
	is "$name: KiB of memory more" $(($(meminfo MemTotal) - total)) \
		$((COUNT * (BLOCK - $1 * PAGES * PAGE) / 1024))
	is "$name: the zone counts it all" "$(zone Movable present)" \
		$((COUNT * BLOCK / PAGE))
	is "$name: the zone gives out what is not memmap" \
		"$(zone Movable managed)" \
		$((COUNT * (BLOCK / PAGE - $1 * PAGES)))
	[ "$1" = 0 ] || check "$name: pages of memmap are marked" \
		marked $FIRST $COUNT
	check "$name: it is used" fill
	check "$name: it keeps what is written" filled
	check "$name: it is offlined and removed" removed
	is "$name: the memory is what it was" "$(meminfo MemTotal)" "$total"
	is "$name: so is iomem" "$(cat /proc/iomem)" "$iomem"
	is "$name: and nr_memmap_pages" "$(vmstat nr_memmap_pages)" "$memmap"
	is "$name: the zone is empty" "$(movable)" "0 0 0"
}

# at_once 0|1: all blocks are added and onlined by one write, and removed by
# another, which fails without effect if one of them cannot be
at_once()
{
	local name="memmap_on_memory=$1, at once" iomem memmap

	iomem=$(cat /proc/iomem) memmap=$(vmstat nr_memmap_pages)
	echo "$1" >$CHOICE
	check "$name: kmem takes the device" bind $DEV $KMEM
	is "$name: its memory is offline" "$(cat $STATE)" offline
	check "$name: it is unplugged" eval "echo unplugged >$STATE"
	is "$name: then there is no block" "$(blocks $FIRST $COUNT | wc -l)" 0
	check "$name: it is onlined" eval "echo online_movable >$STATE"
	is "$name: blocks that are online" \
		"$(blocks $FIRST $COUNT online | wc -l)" $COUNT
	is "$name: pages of memmap in DRAM" $(($(vmstat nr_memmap_pages) - memmap)) \
		$(((1 - $1) * COUNT * PAGES))
	check "$name: it is used" fill
	check "$name: it keeps what is written" filled
	echo -12 >$REFUSE/MEM_GOING_OFFLINE/error
	check "$name: to unplug it can be refused" \
		fails eval "echo unplugged >$STATE"
	echo 0 >$REFUSE/MEM_GOING_OFFLINE/error
	is "$name: then it is online" "$(cat $STATE)" online_movable
	is "$name: so are blocks" "$(blocks $FIRST $COUNT online | wc -l)" $COUNT
	check "$name: it is unplugged again" eval "echo unplugged >$STATE"
	check "$name: kmem gives the device back" unbind $DEV $KMEM
	is "$name: iomem is what it was" "$(cat /proc/iomem)" "$iomem"
	is "$name: so is nr_memmap_pages" "$(vmstat nr_memmap_pages)" "$memmap"
}

# has_state: has kmem the attribute?
has_state()
{
	case $(uname -r) in
	6.12.*) return 1 ;;
	esac
}

cycles()
{
	local i

	for i in 0 1 1 0 1 0 0 1 1 1; do
		echo "$i" >$CHOICE && bind $DEV $KMEM &&
			turn $FIRST $COUNT offline online_movable && removed ||
			return
	done
}

check "device-dax is made" create $NS devdax mem
blocks_of $DEV
unbind $DEV $DAX/drivers/device_dax
# the first add also takes DRAM that later ones do not
check "kmem takes the device" eval "echo $DEV >$KMEM/new_id"
check "kmem gives it back" removed
cycle 0
! has_state || at_once 0
if [ "$1" = on ]; then
	cycle 1
	! has_state || at_once 1
	keeps_at_most "ten times on and off" 256 cycles
else
	check "memmap_on_memory is refused" fails eval "echo 1 >$CHOICE"
fi
finish
