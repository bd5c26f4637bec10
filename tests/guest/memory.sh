# shellcheck shell=dash disable=SC2034,SC2153,SC2317
# SPDX-License-Identifier: GPL-2.0-only
#
# memory.sh - for the scripts that add memory: it comes and goes in memory
# blocks, which are onlined and offlined one by one.

MEMORY=/sys/devices/system/memory
BLOCK=$((0x$(cat $MEMORY/block_size_bytes)))
PAGES=$(memmap_pages "$BLOCK") # of memmap, for a block
FILE=64 # MiB that are used

# blocks FIRST COUNT [STATE]: those of these memory blocks, by number, that there
# are, or that are in that state.
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

# turn FIRST COUNT FROM TO: those blocks from one state into the other.
turn()
{
	local block

	for block in $(blocks "$1" "$2" "$3"); do
		echo "$4" >"$block/state" || return
	done
}

# Fill a file. Its pages, most of them, are taken from onlined memory.
fill()
{
	local before

	before=$(zone Movable nr_free_pages)
	cat /tmp/parts >/tmp/file
	[ $((before - $(zone Movable nr_free_pages))) -ge \
		$((FILE * (524288 / PAGE))) ]
}

# It is still what it was, and goes away.
filled()
{
	[ "$(md5sum </tmp/file)" = "$SUM" ] && rm /tmp/file
}

# page_flag PFN N: 1 if /proc/kpageflags has that bit, which it has for memory
# that is online.
page_flag()
{
	local word

	word=$(od -An -tx8 -j $(($1 * 8)) -N 8 /proc/kpageflags)
	echo $(((0x${word# } >> $2) & 1))
}

# The first struct pages of a block are those of its memmap: no holes to be left
# out of a dump (bit 23), and marked, so that hugetlb lets them be (bit 37).
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

# zone ZONE WHAT: the sum of all lines of that name, in pages
zone()
{
	awk -v zone="$1" -v what="$2" '
		$1 == "Node" { here = $4 == zone }
		here && $1 == what { n += $2 }
		END { print n + 0 }' /proc/zoneinfo
}

head -c ${FILE}m /dev/urandom >/tmp/parts
SUM=$(md5sum </tmp/parts)
