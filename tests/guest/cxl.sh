#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# cxl.sh pmem|ram SCRIPT [ARGUMENT...]: make a region of each CXL memory device,
# persistent or volatile, and run the script in place of this one. Persistent regions
# are the same ones after each boot, and each has a namespace. The dax device of a
# volatile one is disabled, and has no memory.
#
# The regions are made by the kernel's attributes, since Debian 12's cxl knows
# persistent ones only.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

CXL=/sys/bus/cxl/devices
WINDOW=$CXL/decoder0.0
UUID=6cf6a0f8-3c1a-4f0e-8a6e-7d6a4f0c2b

# device N: print the name of the memory device with the Nth serial number
device()
{
	grep -lx "0x$1" $CXL/mem*/serial | sed 's,.*/\(mem[0-9]*\)/.*,\1,'
}

# decoder MEMDEV: print the name of its first decoder
decoder()
{
	local it

	for it in "$CXL"/endpoint*; do
		[ "$(basename "$(realpath "$it/uport")")" != "$1" ] ||
			basename "$it"/decoder*.0
	done
}

# region N: make a region of all memory of the Nth device
region()
{
	local mem decoder size name at

	mem=$(device "$1") decoder=$(decoder "$mem")
	size=$(($(cat "$CXL/$mem/$kind/size")))
	echo "$kind" >"$CXL/$decoder/mode" && echo $size >"$CXL/$decoder/dpa_size" ||
		return
	name=$(cat "$WINDOW/create_${kind}_region") at=$CXL/$name
	echo "$name" >"$WINDOW/create_${kind}_region" || return
	[ "$kind" = ram ] || echo "$UUID$(printf %02d "$1")" >"$at/uuid" || return
	echo 256 >"$at/interleave_granularity" && echo 1 >"$at/interleave_ways" &&
		echo $size >"$at/size" && echo "$decoder" >"$at/target0" &&
		echo 1 >"$at/commit" &&
		echo "$name" >/sys/bus/cxl/drivers/cxl_region/bind
}

# persistent N: make the Nth region, and its namespace unless there is one
persistent()
{
	local it=region$(($1 - 1))

	region "$1" && probed
	[ "$(cat "$ND/$it/available_size")" = 0 ] ||
		ndctl create-namespace --mode=raw --region=$it
}

# volatile N: make the Nth region; its dax device is added as memory, since Linux 7.3
# by another task, and device-dax's driver does not take it by itself
volatile()
{
	local dax=dax$(($1 - 1)).0

	region "$1" || return
	until [ -e "$KMEM/$dax" ]; do
		:
	done
	unbind $dax "$KMEM" && echo 0 >"$DAX/devices/$dax/size" &&
		echo $dax >"$DAX/drivers/device_dax/new_id"
}

kind=$1 script=$2 n=1
shift 2
while [ "$(device $n)" ]; do
	if [ "$kind" = pmem ]; then
		check "CXL region $n is persistent" persistent $n
	else
		check "CXL region $n is volatile, and its memory is free" volatile $n
	fi
	n=$((n + 1))
done
check "there is CXL memory" [ $n -gt 1 ]
[ $failed = 0 ] || finish
exec "./$script" "$@"
