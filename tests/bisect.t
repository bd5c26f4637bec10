#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bisect.t - each commit of the series compiles by itself for x86-64, without a
# warning, in the folders that it touches and in those that use its changes.
#
# tags: extra

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/compile.sh"

git=(git -C "$tree")

# folders COMMIT: the folders of the C files that it touches; of the
# architectures only x86's
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

# targets COMMIT: the targets to compile. The whole of lib/ would be more than
# its test.
targets()
{
	{ parts; folders "$1" | grep -vx lib/; } | sort -u
}

# reconfigure: configure from the start, since an option that one commit does
# not have yet would be missing in the next
reconfigure()
{
	rm -f "$obj/fragment"
	configure "$(options)"
	# so that the next run configures anew, too, if this run is interrupted
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
