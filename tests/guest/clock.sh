# shellcheck shell=dash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-only
#
# clock.sh - functions for the scripts that measure. LABEL is what their lines begin
# with.

# Set NOW to the nanoseconds since boot. The shell reads them itself, since the
# time to start a program would be counted.
now()
{
	local _

	{ read -r _; read -r _; read -r _ _ NOW _; } </proc/timer_list
}

# timed STEP COMMAND...: run COMMAND, and print how long it took, or each of SHARE
# parts of it
timed()
{
	local step=$1 since

	shift
	now
	since=$NOW
	"$@"
	now
	echo "$LABEL $step $(((NOW - since) / ${SHARE:-1}))"
}
