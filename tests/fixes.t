#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fixes.t - the first part of the series is useful by itself, and so are the first
# two: a kernel with these alone passes the tests of what the first one fixes.
# KERNELS="NAME..." names other ends of the series.
#
# tags: extra

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

logs=$LOGS
for part in ${KERNELS:-fixes preparation}; do
	KERNEL_altmap=$(kernel "$part") || bail "no kernel"
	LOGS=$logs/$part
	export KERNEL_altmap LOGS
	# without machine-checks: these need trace events, which stock's altmap lacks
	boot "$part" --pmem 1G poison.sh told raw ext4 xfs xfs-rmapbt \
		devdax:4096 devdax:2097152
	for it in held surprise concurrent; do
		passes "$part" "$it"
	done
done
finish
