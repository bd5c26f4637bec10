#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fixes.t - the first part of the series is useful by itself: a kernel with this
# part alone passes the tests of what it fixes.
#
# tags: extra

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

# passes TEST: run it, and print its points as points of this test, renumbered
passes()
{
	relay < <("tests/$1.t" | sed -E '/^1\.\./d; s/^((not )?ok) [0-9]+ /\1 /'
		echo "${PIPESTATUS[0]}" >"$WORK/status")
	[ "$(cat "$WORK/status")" = 0 ]
	point $? "all of $1"
}

KERNEL_altmap=$(kernel fixes) || bail "no kernel"
LOGS=$LOGS/fixes
export KERNEL_altmap LOGS
# without machine-checks: these need trace events, which stock's altmap lacks
boot fixes --pmem 1G poison.sh told raw ext4 xfs xfs-rmapbt \
	devdax:4096 devdax:2097152
passes held
passes surprise
passes concurrent
finish
