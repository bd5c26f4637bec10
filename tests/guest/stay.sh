#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stay.sh - with a kernel that cannot remove memory, a DIMM that stores its own
# memmap can be plugged in. When the machine asks for the DIMM, it stays.

# shellcheck shell=dash disable=SC2046,SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./memory.sh
START=$((4 << 30))
# shellcheck source-path=SCRIPTDIR
. ./plug.sh

total=$(meminfo MemTotal) memmap=$(vmstat nr_memmap_pages)
check "a DIMM is plugged in" plug 0
is "pages of memmap in DRAM" $(($(vmstat nr_memmap_pages) - memmap)) 0
check "it is onlined" turn $(of 0) offline online_movable
is "KiB of memory more" $(($(meminfo MemTotal) - total)) \
	$((COUNT * (BLOCK / 1024 - PAGES * 4)))
check "pages of memmap are marked" marked $(of 0)
check "it is used" fill
check "offlining it is refused" fails turn $(of 0) online offline
qemu device_del dimm0
sleep 3 # for what does not happen
check "it stays when the machine wants it back" in_iomem 0
check "nothing is lost" filled
finish
