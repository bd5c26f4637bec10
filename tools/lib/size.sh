# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# size.sh - convert sizes that a user gives. Source it.

# mib SIZE: print the same in MiB; fails if it is not a size.
mib()
{
	local number=${1%[MGT]}

	[[ $1 =~ ^[1-9][0-9]{0,7}[MGT]$ ]] || return
	case $1 in
	*M) echo "$number" ;;
	*G) echo $((number << 10)) ;;
	*T) echo $((number << 20)) ;;
	esac
}
