#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bisect.t - each commit of the series compiles by itself for x86-64, without a
# warning: the folders it touches, and those where what it changes is used.
#
# tags: extra

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/compile.sh"

git=(git -C "$tree")

# folders COMMIT: where the C files are that it touches; of the architectures
# only x86
folders()
{
	local file dir

	"${git[@]}" diff-tree -r --no-commit-id --name-only --diff-filter=d \
		"$1" -- '*.c' ':!tools' ':!arch' 'arch/x86' |
		while read -r file; do
			dir=$(dirname "$file")
			[ ! -f "$tree/$dir/Makefile" ] || echo "$dir/"
		done | sort -u
}

# targets COMMIT: what to compile. A whole lib/ would be more than its test.
targets()
{
	{ parts; folders "$1" | grep -vx lib/; } | sort -u
}

# reconfigure: from the start, since what one commit does not know yet is lost to
# the next
reconfigure()
{
	rm -f "$obj/fragment"
	configure "$(options)"
	# nor does whoever comes next, if this run is broken off
	rm -f "$obj/fragment"
}

try "the series has a tree to compile in" prepare || bail "no tree"
list=$(tools/commits "$KVER" "$tree")
while read -r id patch; do
	"${git[@]}" checkout -q --detach "$id"
	reconfigure
	# shellcheck disable=SC2046
	try "$patch compiles" compile $(targets "$id" | xargs)
done <<<"$list"
"${git[@]}" checkout -q series
reconfigure

finish
