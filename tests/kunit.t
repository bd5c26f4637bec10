#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.t - the KUnit tests of the series pass in the guest's kernel: with large
# pages, without them, and with four-level page tables. With DEBUG set they also
# run with a direct map of base pages.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

cases=$(kunit_cases)
# memory for the tests to add, which its driver must not claim
memory="memmap=384M!512M initcall_blacklist=register_e820_pmem vmem_altmap_kunit.memory=1"

# tests BOOT OPTION...: boot the tests once
tests()
{
	# shellcheck disable=SC2086 # words
	boot altmap --mem 1G --append "kunit.enable=1 vm_debug=P $memory" "${@:2}" \
		kunit.sh "$cases" $1
}

tests "large pages"
tests "base pages" --append clearcpuid=pse
# and memory blocks that store their own memmap
tests "four levels" --cpu la57=off --append memory_hotplug.memmap_on_memory=1
[ -z "${DEBUG:-}" ] ||
	tests "direct map of base pages" --append debug_pagealloc=on
finish
