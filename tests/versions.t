#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# versions.t - the series for each other kernel version passes the tests that
# tell most about it. "make test KVER=7.3" runs all of them.
#
# tags: test first

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"

# relay NAME: pass the points of a test on as those of this one, and fail unless
# their number is the one that it promised
relay()
{
	local line seen=0 promised=-1

	while IFS= read -r line; do
		case $line in
		"ok "*) seen=$((seen + 1)); point 0 "$1:${line#ok *-}" ;;
		"not ok "*) seen=$((seen + 1)); point 1 "$1:${line#not ok *-}" ;;
		1..*) promised=${line#1..} ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	[ $seen = "${promised%% *}" ]
	point $? "$1: runs to its end"
}

# these are for the version that the user tests
unset KERNEL_altmap KERNEL_stock KERNEL_none

for series in patches/*/series; do
	version=$(basename "${series%/*}")
	[ "$version" != "$KVER" ] || continue
	for name in series releases style kunit fsdax devdax hotplug dram; do
		relay "$version $name" < <(KVER=$version \
			LOGS=$ALTMAP_TOP/build/console/$version "tests/$name.t")
	done
done
finish
