#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# neighbours.sh - two namespaces side by side, whose memmaps have a page in
# common if pages are large: with 64 KiB one describes 64 MiB. Whichever is
# disabled, the other one keeps that page; it goes when both are.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

SIZE=$((80 << 20))
DRIVER=$DRIVERS/dax_pmem

device()
{
	echo "/dev/dax${1#namespace}"
}

# use NAMESPACE fill|check: all its data
use()
{
	./mapdax "$2" "$(device "$1")" 0 \
		"$(cat "$DAX/devices/dax${1#namespace}/size")" "${1#*.}"
}

# alone NAMESPACE OTHER: it goes and comes, and the other one does not notice.
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

# cycles NAMESPACE NAMESPACE: both go and come, in each order, by their driver
# alone. A page that is lost each time would be 40.
cycles()
{
	local _

	set -- "$(holder "$1")" "$(holder "$2")"
	for _ in $(seq 20); do
		both unbind "$1" "$2" && both bind "$1" "$2" &&
			both unbind "$2" "$1" && both bind "$2" "$1" || return
	done
}

# pair MAP MAP: of the first and of the second
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
