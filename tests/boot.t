#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.t - an altmap works on various machines: with page tables of four and of
# five levels, which move the vmemmap; with one CPU; on memory that memmap=
# declares persistent, which Linux 7.3 can also make an NVDIMM; without large pages.
# A debug kernel has four levels; it is also booted with a direct map of base pages.
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
[ "$KVER" = 6.12 ] ||
	boot altmap --mem 2G --append "memmap=512M!1G" ramdax.sh boot.sh $levels
boot altmap --pmem 2G --append clearcpuid=pse boot.sh $levels base-pages
[ -z "${DEBUG:-}" ] ||
	boot altmap --pmem 2G --append debug_pagealloc=on boot.sh $levels
finish
