#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# regions.sh - namespaces A, B and C share a region, and one section of
# 128 MiB: A ends in it, B lies in it, C begins in it. Whichever is enabled or
# disabled, in any order, the others keep their memmap and their data.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

A='' B='' C=''

# new MODE SIZE MAP: makes a namespace and sets MADE to its name.
new()
{
	ndctl create-namespace -r region0 -m "$1" -s "$2" --map="$3" \
		>/tmp/new || return 1
	MADE=$(field dev </tmp/new)
}

size_of()
{
	cat "/sys/bus/dax/devices/$1/size"
}

# use NAMESPACE fill|check|ends: touch all its data, or only both ends.
use()
{
	local id=${1#*.} size

	case $1.$2 in
	"$B.fill") cat /tmp/data >"/dev/pmem0.$id"; return ;;
	"$B."*) cmp -n 8388608 /tmp/data "/dev/pmem0.$id"; return ;;
	esac
	size=$(size_of "dax0.$id")
	if [ "$2" = ends ]; then
		./mapdax check "/dev/dax0.$id" 0 4096 "$id" &&
		./mapdax check "/dev/dax0.$id" $((size - 4096)) 4096 "$id"
	else
		./mapdax "$2" "/dev/dax0.$id" 0 "$size" "$id"
	fi
}

# The namespaces that are enabled show their data at both ends.
neighbours()
{
	local namespace

	for namespace in $enabled; do
		use "$namespace" ends || return 1
	done
}

# disable_all, enable_all ORDER: with a look at the neighbours after each.
disable_all()
{
	local namespace

	enabled=" $A $B $C "
	for namespace in $1; do
		ndctl disable-namespace "$namespace" || return 1
		enabled="${enabled%" $namespace "*} ${enabled#*" $namespace "}"
		neighbours || return 1
	done
}

enable_all()
{
	local namespace

	enabled=
	for namespace in $1; do
		ndctl enable-namespace "$namespace" || return 1
		enabled="$enabled $namespace"
		neighbours || return 1
	done
}

# rounds WHAT: through each order of disabling, and each of enabling.
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

# Empty labels, so that the region can be divided.
label()
{
	ndctl disable-region region0 && ndctl init-labels -f nmem0 &&
		ndctl enable-region region0
}

three_in_a_section()
{
	check "the region gets labels" label
	check "A is made, it ends inside a section" new devdax 272M dev
	A=$MADE
	check "B is made, inside that section" new fsdax 80M dev
	B=$MADE
	check "C is made, it begins in that section" new devdax 64M dev
	C=$MADE
	is "nr_memmap_pages counts no page of the device" \
		"$(vmstat nr_memmap_pages)" "$memmap"
	check "B is disabled" ndctl disable-namespace "$B"
	price "$B"
	dram_at_most "KiB of DRAM for B, whose memmap has 1280" "$PRICE" 512
	check "A is filled" use "$A" fill
	check "B is filled" use "$B" fill
	check "C is filled" use "$C" fill
}

# B gets another size, then its memmap in DRAM, while A and C are in use.
replace_b()
{
	check "B is destroyed" ndctl destroy-namespace -f "$B"
	check "A is untouched" use "$A" check
	check "C is untouched" use "$C" check
	check "B is made again, smaller" new fsdax 48M dev
	check "B is destroyed again" ndctl destroy-namespace -f "$MADE"
	check "B is made with its memmap in DRAM" new fsdax 80M mem
	B=$MADE
	is "nr_memmap_pages rises by the memmap of B" \
		$(($(vmstat nr_memmap_pages) - memmap)) \
		"$(memmap_pages $((80 << 20)))"
	check "B is filled" use "$B" fill
	rounds "B in DRAM"
}

destroy_all()
{
	check "B is destroyed at last" ndctl destroy-namespace -f "$B"
	check "A is still untouched" use "$A" check
	check "C is still untouched" use "$C" check
	check "A is destroyed" ndctl destroy-namespace -f "$A"
	check "C is destroyed" ndctl destroy-namespace -f "$C"
	is "nr_memmap_pages is what it was" \
		"$(vmstat nr_memmap_pages)" "$memmap"
}

memmap=$(vmstat nr_memmap_pages)
dd if=/dev/urandom of=/tmp/data bs=1M count=8 2>/dev/null
three_in_a_section
rounds "all on the device"
replace_b
destroy_all
finish
