#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sweep.t - all or nothing: each allocation that a bind's own task makes, and fault
# injection knows, fails once. Then no DRAM is lost, /proc/iomem, nr_memmap_pages
# and the counters of the direct map are what they were, and the next bind succeeds.
#
# Both ends of a namespace are inside a section, or it lies where no table of
# the direct map exists yet, across a border of the largest. STOCK=1 puts the
# stock kernel beside it.
#
# What other tasks allocate for a namespace that is enabled as at boot fails at
# random: nothing counts these allocations. Of these it is judged that the next bind
# succeeds, not what is lost.
#
# tags: test first

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/sweep.sh"

sweep_kernels
for place in ends tables; do
	for mode in fsdax devdax; do
		both $place $mode mem
		both $place $mode dev
	done
done
both tables devdax dev --cpu la57=off
both ends dax_pmem dev
for place in ends tables; do
	both $place kmem mem
	both $place kmem dev
done
for what in ns-fsdax ns-devdax ns-btt; do
	both ends $what dev
	at_random ends $what dev 100
done
note "$(cat "$TABLE")"
finish
