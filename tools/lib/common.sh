# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# common.sh - what the shell tools share: messages, the cache, atomic
# publishing.
#
#	. "$(dirname "$0")/lib/common.sh"
#
# Nothing in the cache is ever written in place: a tool builds in a stage next
# to the final name, and renames the stage when it is complete. So a tool can
# trust all that it finds under a final name, even if an earlier run died.

ALTMAP_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
ALTMAP_CACHE=${ALTMAP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/altmap}
# The folder that contains patches/ and linux/; tests set it to a copy.
ALTMAP_SERIES=${ALTMAP_SERIES:-$ALTMAP_TOP}
# The parts of a series, in their order. patches/VERSION has a folder for each, and
# an assembled tree a branch at the last commit of each but the last.
PARTS="1-fixes 2-preparation 3-altmap"
[ "${ALTMAP_CACHE#/}" != "$ALTMAP_CACHE" ] || ALTMAP_CACHE=$PWD/$ALTMAP_CACHE
export ALTMAP_TOP ALTMAP_CACHE ALTMAP_SERIES

# A user's git settings and locale must not change what the tools make.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 LC_ALL=C.UTF-8 TZ=UTC
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# Messages go to stderr: stdout is for what a tool's caller reads.
say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "${0##*/}: $*"
	exit 1
}

# Characters that have a special meaning in make, the kernel's makefiles or
# QEMU.
case $ALTMAP_CACHE in
*[[:space:]]* | *[:,\'\"\\\$\#%\;]*)
	die "ALTMAP_CACHE is $ALTMAP_CACHE: kernels cannot be built in a folder" \
	    "with a blank or one of : , ; ' \" \\ \$ # % in its path" ;;
esac

# need CMD PACKAGE: stop unless CMD can be run.
need()
{
	command -v "$1" >/dev/null && return
	die "$1 is missing; install the Debian package $2 (make demo and" \
	    "make test install what they need)"
}

# need_patches VERSION: stop unless there is a series for that kernel
need_patches()
{
	[ -f "$ALTMAP_SERIES/patches/$1/series" ] ||
		die "no patches for Linux $1; there are:" \
		    "$(cd "$ALTMAP_SERIES/patches" 2>/dev/null && echo *)"
}

# at_exit COMMAND [ARGUMENT...]: run it when the tool ends, however it ends; the
# last one given runs first. It replaces a trap that the tool has set.
at_exit_commands=
at_exit()
{
	at_exit_commands="$(printf '%q ' "$@")
$at_exit_commands"
	trap 'eval "$at_exit_commands"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP
}

# stage FINAL: set STAGE to a new empty folder next to FINAL. When the tool ends
# without publish, the folder is removed. Folders that killed runs left are
# removed now. A container that shares the folder must share the processes, too:
# else a run in another container is treated as killed.
stage()
{
	local left

	mkdir -p "$(dirname "$1")" || die "cannot write to $(dirname "$1")"
	for left in "$1".tmp.*; do
		[ ! -e "$left" ] || [ -e "/proc/${left##*.}" ] ||
			rm -rf "$left"
	done
	STAGE=$1.tmp.$$
	rm -rf "$STAGE"
	mkdir "$STAGE"
	at_exit rm -rf "$STAGE"
}

# publish STAGE FINAL: rename the finished stage to FINAL. If another run was
# faster, its result stays and the stage is removed.
publish()
{
	mv -T "$1" "$2" 2>/dev/null || [ -e "$2" ] || die "cannot make $2"
	rm -rf "$1"
}

# end_of PART LAST: print the name of the last commit of a part in an assembled
# tree, LAST if it is the last part
end_of()
{
	if [ "$1" = "${PARTS##* }" ]; then
		echo "$2"
	else
		echo "refs/heads/${1#*-}"
	fi
}

# lock NAME: wait until no other run has this lock, and hold it until this
# process and its children end
lock()
{
	local fd

	mkdir -p "$ALTMAP_CACHE" || die "cannot write to $ALTMAP_CACHE"
	exec {fd}>"$ALTMAP_CACHE/$1.lock"
	flock -n "$fd" || {
		say "${0##*/}: waiting for another run, which holds $1.lock"
		flock "$fd"
	}
}

# keep_work TREE: stop if the kernel tree contains work that is no patch yet
keep_work()
{
	local work='' advice

	if [ -n "$(git -C "$1" status --porcelain 2>&1 | head -n 1)" ]; then
		work="changes that are not committed"
		advice="commit them and run 'make split'"
	elif [ "$(git -C "$1" rev-parse HEAD)" != \
	       "$(git -C "$1" rev-parse refs/altmap/assembled)" ]; then
		work="commits of its own"
		advice="run 'make split' to keep them as patches"
	fi
	[ -z "$work" ] || die "$1 has $work: $advice, or remove $1 yourself"
}

# room PATH MIB WHAT: stop unless PATH's file system has MIB MiB left.
# ALTMAP_FREE_MIB replaces the measured number, for the tests.
room()
{
	local dir=$1 free

	until [ -d "$dir" ]; do dir=$(dirname "$dir"); done
	free=${ALTMAP_FREE_MIB:-$(df -Pm "$dir" | awk 'END { print $4 }')}
	[ "$free" -ge "$2" ] ||
		die "$3 needs $2 MiB in $1, but only $free MiB are free there"
}
