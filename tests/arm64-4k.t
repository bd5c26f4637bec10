#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# arm64-4k.t - the series works on arm64 with pages of 4 KiB, as on x86. It runs
# most of x86's scripts with page tables of five levels, and two of them with
# four.
#
# tags: test arm64

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/sweep.sh"

build=(--arch arm64)
on=memory_hotplug.memmap_on_memory

boot altmap --pmem 2G boot.sh 5
boot altmap --pmem 2G --cpu lpa2=off boot.sh 4
boot altmap --pmem 4G fsdax.sh ext4
boot altmap --pmem 1008M devdax.sh 4K 1073741824
boot altmap --pmem 1G devdax.sh 2M 1073741824
boot altmap --pmem 1G,label=2M regions.sh 2M
boot altmap --mem 384M --pmem 1G hotplug.sh off
boot altmap --mem 384M --pmem 1G --append $on=1 hotplug.sh on
boot altmap --mem 384M --room 1G --pmem 512M,at=8G --append $on=1 dimm.sh 1 2
sweep_kernels
both ends fsdax dev
both tables devdax dev --cpu lpa2=off
note "$(cat "$TABLE")"
finish
