#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# neighbours.sh - two adjacent namespaces share a page of memmap if pages are
# large: with 64 KiB a page of memmap describes 64 MiB. If either
# namespace is disabled, the other one keeps that page. The page is freed when
# both are disabled.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

SIZE=$((80 << 20))
DRIVER=$DRIVERS/dax_pmem

device()
{
	echo "/dev/dax${1#namespace}"
}

# use NAMESPACE fill|check: fill or check all its data
use()
{
	./mapdax "$2" "$(device "$1")" 0 \
		"$(cat "$DAX/devices/dax${1#namespace}/size")" "${1#*.}"
}

# alone NAMESPACE OTHER: NAMESPACE is disabled and enabled, which does not
# affect OTHER.
alone()
{
	ndctl disable-namespace "$1" && use "$2" check && use "$2" fill &&
		ndctl enable-namespace "$1" && use "$1" check &&
		use "$2" check
}

# both bind|unbind DEVICE DEVICE
both()
{
	"$1" "$2" "$DRIVER" && "$1" "$3" "$DRIVER"
}

# cycles NAMESPACE NAMESPACE: unbind and bind both, in each order, by their
# driver alone. If a page were lost each time, 40 pages would be lost.
cycles()
{
	local _

	set -- "$(holder "$1")" "$(holder "$2")"
	for _ in $(seq 20); do
		both unbind "$1" "$2" && both bind "$1" "$2" &&
			both unbind "$2" "$1" && both bind "$2" "$1" || return
	done
}

# pair MAP MAP: test both namespaces, with the maps of the first and the second
pair()
{
	local name="$1 and $2" memmap one other

	memmap=$(vmstat nr_memmap_pages)
	check "$name: the first is made" new devdax $SIZE "$1" "$PAGE"
	one=$MADE
	check "$name: the second is made" new devdax $SIZE "$2" "$PAGE"
	other=$MADE
	check "$name: the first is filled" use "$one" fill
	check "$name: the second is filled" use "$other" fill
	check "$name: the first goes and comes" alone "$one" "$other"
	check "$name: the second goes and comes" alone "$other" "$one"
	keeps_at_most "$name: both go and come, 40 times" 64 \
		cycles "$one" "$other"
	check "$name: the first is the same" use "$one" check
	check "$name: the second is the same" use "$other" check
	check "$name: the first is destroyed" ndctl destroy-namespace -f "$one"
	check "$name: the second is still the same" use "$other" check
	check "$name: the second is destroyed" \
		ndctl destroy-namespace -f "$other"
	is "$name: nr_memmap_pages is what it was" \
		"$(vmstat nr_memmap_pages)" "$memmap"
}

check "the region gets labels" label
pair dev dev
pair mem mem
pair dev mem
pair mem dev
finish
