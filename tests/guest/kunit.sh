#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.sh CASES BOOT...: the KUnit tests that ran at boot have passed, all CASES
# of them; BOOT is in the names of the test points.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

results=/tmp/results

# passed: no case and no suite failed, or was skipped; print what they reported
passed()
{
	cat "$results"
	! grep -qE '^(    )?not ok|# SKIP' "$results"
}

cases=$1
shift
cat /sys/kernel/debug/kunit/*/results >"$results"
sed -nE "s/^ {4}ok [0-9]+ (- )?(.*# SKIP.*)/not ok - $*: \2/p
	s/^ {4}((not )?ok) [0-9]+ (- )?([^#]*)$/\1 - $*: \4/p" "$results"
is "$*: every test reports" "$(grep -cE '^ {4}(not )?ok ' "$results")" "$cases"
check "$*: every test and suite passes" passed
note "$(grep -o 'seed [0-9]*' "$results")"
finish
