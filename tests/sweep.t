#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sweep.t - a bind that fails is undone completely. Each allocation that the
# bind's own task makes, and that fault injection covers, fails once. Then no
# DRAM is lost, /proc/iomem, nr_memmap_pages and the counters of the direct map
# are what they were, and the next bind succeeds.
#
# Both ends of a namespace are inside a section, or the namespace lies where no
# table of the direct map exists yet, across a border of the largest table.
# STOCK=1 sweeps the stock kernel, too.
#
# Allocations that other tasks make for a namespace that is enabled as at boot
# fail at random, since nothing counts them. The test checks that the next bind
# succeeds, but not whether DRAM is lost.
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
