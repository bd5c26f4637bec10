#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# series.t - patches/ and linux/ are a series that git am applies. The mails and
# the git tree made from them are always the same, and split makes patches/ and
# linux/ from that tree again.
#
# tags: check test

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/trees.sh"

back=$WORK/back # the output of split

# trees FOLDER: print the tree and the message of each commit made from FOLDER
trees()
{
	local list

	list=$(from "$1" tools/commits "$KVER" "$tree") || return
	while read -r id _; do
		"${git[@]}" log -1 --format='%T %an %ae %at%n%B' "$id"
	done <<<"$list"
}

# history: the same for the commits in the tree
history()
{
	"${git[@]}" log --reverse --format='%T %an %ae %at%n%B' "$base..HEAD"
}

mails_apply()
{
	local part mails

	for part in $PARTS; do
		mails=("$WORK/one/$KVER/$part"/*.patch)
		[ ! -e "${mails[0]}" ] || "${git[@]}" am -q "${mails[@]}" ||
			return
		"${git[@]}" branch -q -f "${part#*-}"
	done
}

mails_alone()
{
	[ "$(find "$WORK/one/$KVER"/*/ -type f | wc -l)" = "$count" ] &&
		[ -z "$(find "$WORK/one/$KVER"/*/ ! -name '*.patch' -type f)" ]
}

same_tree()
{
	[ "$("${git[@]}" rev-parse 'HEAD^{tree}')" = \
	  "$("${git[@]}" rev-parse "$tip^{tree}")" ]
}

count=$(grep -c . "$ALTMAP_SERIES/patches/$KVER/series")

#
# Mails
#
try "make series writes the mails" tools/series "$KVER" "$WORK/one"
try "make series writes one mail for each patch and nothing else" mails_alone
tools/series "$KVER" "$WORK/two" 2>/dev/null
try "make series writes the same bytes again" diff -r "$WORK/one" "$WORK/two"
try "assemble --to 0 gives the base" \
	tools/assemble --to 0 "$KVER" "$tree" || bail "no tree to work in"
try "git am takes the mails on a fresh base" mails_apply
list=$(tools/commits "$KVER" "$tree")
tip=$(tail -n 1 <<<"$list")
tip=${tip%% *}
try "git am and assemble give the same files" same_tree

#
# assemble and split are inverse
#
mkdir "$back"
try "split takes the tree that git am made" from "$back" tools/split "$KVER" "$tree"
try "split(assemble(series)) is the series" same_series "$ALTMAP_SERIES" "$back"
trees "$back" >"$WORK/trees"
history >"$WORK/history"
try "assemble(split(tree)) is the tree" cmp "$WORK/trees" "$WORK/history"
try "assemble gives the same ids again" \
	diff <(echo "$list") <(from "$back" tools/commits "$KVER" "$tree")
sed -i 's/^......../00000000/' "$tree"/.git/altmap/commits-*
try "a list that was kept of commits that are gone is made anew" \
	diff <(echo "$list") <(tools/commits "$KVER" "$tree")

finish
