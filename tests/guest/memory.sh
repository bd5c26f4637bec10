# shellcheck shell=dash disable=SC2034,SC2153,SC2317
# SPDX-License-Identifier: GPL-2.0-only
#
# memory.sh - functions for the scripts that add memory: memory is added and
# removed in memory blocks, which are onlined and offlined one by one.

MEMORY=/sys/devices/system/memory
BLOCK=$((0x$(cat $MEMORY/block_size_bytes)))
PAGES=$(memmap_pages "$BLOCK") # of memmap, for a block
FILE=64 # MiB that are used

# blocks FIRST COUNT [STATE]: print those of these memory blocks, by number,
# that exist, or that are in that state.
blocks()
{
	local at=$1 block

	while [ "$at" -lt $(($1 + $2)) ]; do
		block=$MEMORY/memory$at at=$((at + 1))
		[ -e "$block" ] || continue
		[ -z "${3:-}" ] || grep -qx "$3" "$block/state" || continue
		echo "$block"
	done
}

# blocks_of DEV: set FIRST and COUNT to the memory blocks that lie wholly in a
# device-dax device.
blocks_of()
{
	local dev=$DAX/devices/$1 end start

	start=$(($(cat "$dev/resource")))
	end=$((start + $(cat "$dev/size")))
	FIRST=$(((start + BLOCK - 1) / BLOCK)) COUNT=$((end / BLOCK - FIRST))
}

# turn FIRST COUNT FROM TO: change those blocks from one state to the other.
turn()
{
	local block

	for block in $(blocks "$1" "$2" "$3"); do
		echo "$4" >"$block/state" || return
	done
}

# adds MODE COUNT ADD REMOVE: ADD adds COUNT memory blocks, whose memmap is in
# DRAM in mode 0 and on them in mode 1. Set PRICE to the KiB of DRAM that this
# took for a block, MOST to what it may take. If it is more, REMOVE the blocks
# and add them again, five times at most: a block costs that each time, a cache
# grows only once.
adds()
{
	local before left=4

	MOST=$((16 + (1 - $1) * PAGES * 4))
	while :; do
		before=$(free_dram)
		$3 || return
		PRICE=$(((before - $(free_dram)) / $2))
		[ $PRICE -gt "$(scaled $MOST)" ] && [ $left -gt 0 ] &&
			[ ! -e "$KMEMLEAK" ] || return 0
		left=$((left - 1))
		echo "$PRICE KiB for a block"
		$4 || return
	done
}

# Fill a file. Most of its pages are allocated from the onlined memory.
fill()
{
	local before

	before=$(zone Movable nr_free_pages)
	cat /tmp/parts >/tmp/file
	[ $((before - $(zone Movable nr_free_pages))) -ge \
		$((FILE * (524288 / PAGE))) ]
}

# The file has not changed; remove it.
filled()
{
	[ "$(md5sum </tmp/file)" = "$SUM" ] && rm /tmp/file
}

# page_flag PFN N: print 1 if bit N of the page is set in /proc/kpageflags,
# which has flags for memory that is online.
page_flag()
{
	local word

	word=$(od -An -tx8 -j $(($1 * 8)) -N 8 /proc/kpageflags)
	echo $(((0x${word# } >> $2) & 1))
}

# The first pages of a block contain its memmap. They are no holes, which a dump
# leaves out (bit 23), and they are marked, so that hugetlb does not touch them
# (bit 37).
marked()
{
	local block first

	for block in $(blocks "$@" online); do
		first=$((0x$(cat "$block/phys_index") * (BLOCK / PAGE)))
		[ "$(page_flag $first 23)$(page_flag $first 37)" = 01 ] &&
			[ "$(page_flag $((first + PAGES - 1)) 37)" = 1 ] &&
			[ "$(page_flag $((first + PAGES)) 37)" = 0 ] ||
			return
	done
}

# zone ZONE WHAT: print the sum of all lines of that name, in pages
zone()
{
	awk -v zone="$1" -v what="$2" '
		$1 == "Node" { here = $4 == zone }
		here && $1 == what { n += $2 }
		END { print n + 0 }' /proc/zoneinfo
}

head -c ${FILE}m /dev/urandom >/tmp/parts
SUM=$(md5sum </tmp/parts)
