#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# hotplug.t - hot-added memory can store its own memmap.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

on=memory_hotplug.memmap_on_memory
mem=(--mem 384M)
# what a debug kernel keeps of memory that it adds takes more
[ -z "${DEBUG:-}" ] || mem=()

boot altmap "${mem[@]}" --pmem 1G hotplug.sh off
boot altmap "${mem[@]}" --pmem 1G --append $on=1 hotplug.sh on
boot altmap "${mem[@]}" --pmem 1G --append $on=force --cpu la57=off hotplug.sh on
boot altmap "${mem[@]}" --room 1G --pmem 512M,at=8G --append $on=1 dimm.sh 1 4
boot altmap "${mem[@]}" --timeout 3000 --room 1G --pmem 512M,at=8G compact.sh 4
boot altmap --timeout 3000 --pmem 1025G --append $on=1 terabyte.sh
finish
