#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# versions.t - the series for each other kernel version passes the tests that
# tell most about it. "make test KVER=7.3" runs all of them.
#
# tags: test first

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

# these are for the version that the user tests
unset KERNEL_altmap KERNEL_stock KERNEL_none

logs=$LOGS
for KVER in $(other_versions); do
	LOGS=$logs/$KVER
	export KVER LOGS
	for it in series releases style kunit fsdax demand devdax hotplug dram; do
		passes "$KVER" "$it"
	done
done
[ "$points" -gt 0 ] || bail "there are patches for no other version"
finish
