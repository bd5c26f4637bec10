#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.t - other machines: page tables of four and of five levels, which move
# the vmemmap; one CPU; pmem that memmap= names. A debug kernel has four levels,
# and a direct map of base pages if it is asked to.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

levels=5
[ -z "${DEBUG:-}" ] || levels=4

boot altmap --pmem 2G boot.sh $levels
boot altmap --pmem 2G --cpu la57=off boot.sh 4
boot altmap --pmem 2G --smp 1 boot.sh $levels
boot altmap --mem 2G --append "memmap=512M!1G" boot.sh $levels
[ -z "${DEBUG:-}" ] ||
	boot altmap --pmem 2G --append debug_pagealloc=on boot.sh $levels
finish
