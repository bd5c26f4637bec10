# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tap.sh - functions for the tests that boot no guest: test points from
# commands, and a folder for temporary files. The folder is not in /tmp, which
# is memory on Debian 13.
#
#	. "$(dirname "$0")/lib/tap.sh"
#	try "the series applies" git am ...
#	refuses "an empty series" "is empty" tools/series ...
#	finish

set -u
# "make test" reads there what is not a test point
[ -z "${TAP_STDERR:-}" ] || exec 2>&"$TAP_STDERR"
# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/../../tools/lib/common.sh"
cd "$ALTMAP_TOP" || exit
KVER=${KVER:-6.12}
points=0 failed=0

WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/altmap-test.XXXXXX")
at_exit rm -rf "$WORK"

# point STATUS NAME: print a test point; "# TODO why" in the name is for a test
# that cannot succeed yet
point()
{
	points=$((points + 1))
	if [ "$1" = 0 ]; then
		echo "ok $points - $2"
	else
		[ -z "${2##*# TODO*}" ] || failed=1
		echo "not ok $points - $2"
	fi
}

# note TEXT: print TEXT for the reader of the output
note()
{
	printf '%s\n' "$1" | sed 's/^/# /'
}

# try NAME COMMAND...: COMMAND succeeds
try()
{
	local name=$1 status=0

	shift
	"$@" >"$WORK/output" 2>&1 </dev/null || status=$?
	point "$status" "$name"
	[ "$status" = 0 ] || note "$(tail -n 40 "$WORK/output")"
	return "$status"
}

# silent NAME COMMAND...: COMMAND, a search for faults, prints nothing
silent()
{
	local name=$1 status=0

	shift
	"$@" >"$WORK/output" 2>&1 </dev/null
	[ ! -s "$WORK/output" ] || status=1
	point "$status" "$name"
	[ "$status" = 0 ] || note "$(head -n 40 "$WORK/output")"
}

# refuses NAME PATTERN COMMAND...: COMMAND fails, and its message has PATTERN
refuses()
{
	local name=$1 pattern=$2 status=0

	shift 2
	"$@" >"$WORK/output" 2>&1 </dev/null && status=1
	tr '\n' ' ' <"$WORK/output" | grep -qE -- "$pattern" || status=1
	point "$status" "$name"
	[ "$status" = 0 ] || note "wanted: $pattern
$(tail -n 40 "$WORK/output")"
}

bail()
{
	echo "Bail out! $*"
	exit 1
}

# kunit_cases: print the number of KUnit test cases in the series
kunit_cases()
{
	cat linux/mm/{,vmem_altmap/}tests/*_kunit.c | grep -c KUNIT_CASE
}

finish()
{
	echo "1..$points"
	exit "$failed"
}
