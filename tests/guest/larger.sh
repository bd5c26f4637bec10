#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# larger.sh - a kernel whose struct pages are larger than a namespace's storage
# allows for (KMSAN's) refuses to store them on the device. In DRAM they work,
# and are written field by field.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

map_dev_refused $NS fsdax "Memory debug options prevent"
map_dev_refused $NS devdax "Memory debug options prevent"
check "fsdax --map=mem is made" create $NS fsdax mem
dmesg >/tmp/dmesg
check "struct pages are written field by field" \
	grep "memmap_fill: .* written by fields" /tmp/dmesg
check "nr_memmap_pages rises by more than struct pages of 64 bytes" \
	[ "$(vmstat nr_memmap_pages)" -gt \
		"$(memmap_pages "$(cat $REGION/size)")" ]
check "disabled" ndctl disable-namespace $NS
is "nr_memmap_pages is what it was" "$(vmstat nr_memmap_pages)" 0
finish
