#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# regions.sh ALIGN - namespaces A, B and C, of that alignment, share a region
# and one section: A ends in it, B is in it, C begins in it. They are enabled
# and disabled in each order, and the others keep their memmap and data. The
# enabled ones are in use: A and C are mapped, B has a file on DAX.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

ALIGN=$1
SECTION=$((0x$(cat /sys/devices/system/memory/block_size_bytes)))
WHOLE=$(((256 * MIB + SECTION - 1) / SECTION * SECTION)) # sections of A
FILE=$((8 * MIB)) # of B
A='' B='' C=''

size_of()
{
	cat "$DAX/devices/$1/size"
}

mount_b()
{
	mount_dax ext4 "/dev/pmem0.${B#*.}"
}

# file fill|check|ends: a file on DAX uses B's struct pages; each check removes
# the file and writes it again.
file()
{
	if [ "$1" = fill ]; then
		make_fs ext4 "/dev/pmem0.${B#*.}" && mount_b
	else
		./mapdax check /mnt/map 0 "$FILE" "${B#*.}" && rm /mnt/map
	fi && ./mapdax fill /mnt/map 0 "$FILE" "${B#*.}"
}

# use NAMESPACE fill|check|ends: touch all its data, or only both ends; of B, all
# of a file.
use()
{
	local id=${1#*.} size

	if [ "$1" = "$B" ]; then
		file "$2"
		return
	fi
	size=$(size_of "dax0.$id")
	if [ "$2" = ends ]; then
		./mapdax check "/dev/dax0.$id" 0 "$PAGE" "$id" &&
		./mapdax check "/dev/dax0.$id" $((size - PAGE)) "$PAGE" "$id"
	else
		./mapdax "$2" "/dev/dax0.$id" 0 "$size" "$id"
	fi
}

# off NAMESPACE, on NAMESPACE: disable or enable it, and unmount or mount B
off()
{
	[ "$1" != "$B" ] || umount /mnt && ndctl disable-namespace "$1"
}

on()
{
	ndctl enable-namespace "$1" && { [ "$1" != "$B" ] || mount_b; }
}

# The namespaces that are enabled have their data at both ends.
neighbours()
{
	local namespace

	for namespace in $enabled; do
		use "$namespace" ends || return 1
	done
}

# disable_all, enable_all ORDER: after each namespace, check the neighbours.
disable_all()
{
	local namespace

	enabled=" $A $B $C "
	for namespace in $1; do
		off "$namespace" || return 1
		enabled="${enabled%" $namespace "*} ${enabled#*" $namespace "}"
		neighbours || return 1
	done
}

enable_all()
{
	local namespace

	enabled=
	for namespace in $1; do
		on "$namespace" || return 1
		enabled="$enabled $namespace"
		neighbours || return 1
	done
}

# rounds WHAT: disable and enable the namespaces in each order.
rounds()
{
	check "$1: off A B C, on B C A" turn "$A $B $C" "$B $C $A"
	check "$1: off A C B, on C B A" turn "$A $C $B" "$C $B $A"
	check "$1: off B A C, on A C B" turn "$B $A $C" "$A $C $B"
	check "$1: off B C A, on C A B" turn "$B $C $A" "$C $A $B"
	check "$1: off C A B, on A B C" turn "$C $A $B" "$A $B $C"
	check "$1: off C B A, on B A C" turn "$C $B $A" "$B $A $C"
}

turn()
{
	disable_all "$1" && enable_all "$2"
}

three_in_a_section()
{
	check "the region gets labels" label
	check "A is made, it ends inside a section" \
		new devdax $((WHOLE + 16 * MIB)) dev "$ALIGN"
	A=$MADE
	check "B is made, inside that section" new fsdax 80M dev "$ALIGN"
	B=$MADE
	check "C is made, it begins in that section" new devdax 64M dev \
		"$ALIGN"
	C=$MADE
	is "nr_memmap_pages counts no page of the device" \
		"$(vmstat nr_memmap_pages)" "$memmap"
	check "B is disabled" ndctl disable-namespace "$B"
	price "$B"
	# with larger pages its memmap is too small to measure
	[ "$PAGE" != 4096 ] || dram_at_most \
		"KiB of DRAM for B, whose memmap has 1280" "$PRICE" 512
	check "A is filled" use "$A" fill
	check "B is filled" use "$B" fill
	check "C is filled" use "$C" fill
}

destroy_b()
{
	umount /mnt && ndctl destroy-namespace -f "$B"
}

# Make B with another size, then with its memmap in DRAM, while A and C are in
# use.
replace_b()
{
	check "B is destroyed" destroy_b
	check "A is untouched" use "$A" check
	check "C is untouched" use "$C" check
	check "B is made again, smaller" new fsdax 48M dev "$ALIGN"
	check "B is destroyed again" ndctl destroy-namespace -f "$MADE"
	check "B is made with its memmap in DRAM" new fsdax 80M mem \
		"$ALIGN"
	B=$MADE
	is "nr_memmap_pages rises by the memmap of B" \
		$(($(vmstat nr_memmap_pages) - memmap)) \
		"$(memmap_pages $((80 * MIB)))"
	check "B is filled" use "$B" fill
	rounds "B in DRAM"
}

destroy_all()
{
	check "B is destroyed at last" destroy_b
	check "A is still untouched" use "$A" check
	check "C is still untouched" use "$C" check
	check "A is destroyed" ndctl destroy-namespace -f "$A"
	check "C is destroyed" ndctl destroy-namespace -f "$C"
	is "nr_memmap_pages is what it was" \
		"$(vmstat nr_memmap_pages)" "$memmap"
}

memmap=$(vmstat nr_memmap_pages)
three_in_a_section
rounds "all on the device"
replace_b
destroy_all
finish
