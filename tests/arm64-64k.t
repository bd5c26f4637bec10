#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# arm64-64k.t - the series works on arm64 with pages of 64 KiB. A page of memmap
# describes 64 MiB there, so two namespaces can share one. Sections have 512
# MiB, and do not store their own memmap, even if the command line asks for it.
#
# tags: extra arm64

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

build=(--arch arm64 --config guest+64k)
on=memory_hotplug.memmap_on_memory

boot altmap --pmem 2G boot.sh 3
boot altmap --pmem 4G fsdax.sh ext4 xfs
boot altmap --pmem 1008M devdax.sh 64K 67108864
boot altmap --pmem 2G devdax.sh 512M 67108864
boot altmap --pmem 1G,label=2M regions.sh 64K
boot altmap --pmem 512M,label=2M neighbours.sh
boot altmap --mem 384M --pmem 2G --append $on=1 hotplug.sh off
boot altmap --mem 384M --room 1G --pmem 16G,at=8G --append $on=1 dimm.sh 0 2
finish
