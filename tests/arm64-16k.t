#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# arm64-16k.t - the series works on arm64 with pages of 16 KiB. A page of memmap
# describes two subsections there, page tables have one level less, and memory
# blocks do not store their own memmap, even if the command line asks for it.
#
# tags: extra arm64

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

build=(--arch arm64 --config guest+16k)
on=memory_hotplug.memmap_on_memory

boot altmap --pmem 2G boot.sh 4
boot altmap --pmem 2G --cpu lpa2=off boot.sh 3
boot altmap --pmem 4G fsdax.sh ext4 xfs
boot altmap --pmem 1008M devdax.sh 16K 67108864
boot altmap --pmem 1G devdax.sh 32M 67108864
boot altmap --pmem 1G,label=2M regions.sh 16K
boot altmap --mem 384M --pmem 1G --append $on=1 hotplug.sh off
boot altmap --mem 384M --room 1G --pmem 4G,at=8G --append $on=1 dimm.sh 0 2
finish
