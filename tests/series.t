#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# series.t - patches/ and linux/ are a series that git am applies. The mails and
# the git tree made from them are always the same, and split makes patches/ and
# linux/ from that tree again.
#
# tags: check test

# shellcheck disable=SC2317 # functions that try and refuses call
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"

# The tools read patches/ and linux/ from these folders: copies to break, and
# the output of split.
copy=$WORK/copy
back=$WORK/back
small=$WORK/small
tree=$WORK/tree
git=(git -C "$tree" -c user.name=Test -c user.email=test@localhost)

# fresh_copy: copy the series as it is, to be broken
fresh_copy()
{
	rm -rf "$copy"
	mkdir "$copy"
	cp -a "$ALTMAP_SERIES/patches" "$ALTMAP_SERIES/linux" "$copy/"
}

# from FOLDER COMMAND...: run COMMAND with the patches/ and linux/ in FOLDER
from()
{
	local ALTMAP_SERIES=$1

	shift
	"$@"
}

# same_series A B: both have the same patches and files, to the byte
same_series()
{
	diff -r -x base -x cover-letter.txt -x differences \
		"$1/patches/$KVER" "$2/patches/$KVER" &&
		diff -r "$1/linux" "$2/linux"
}

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

# change FILE...: add a line at the end of these files of the tree
change()
{
	local file

	for file; do
		mkdir -p "$tree/$(dirname "$file")"
		echo "/* test */" >>"$tree/$file"
	done
	"${git[@]}" add "$@"
}

# commit: commit what is in the tree's index
commit()
{
	"${git[@]}" commit -q --allow-empty -m "test: a change"
}

# hit N SIGNAL: run split, and send it that signal when it moves something for
# the Nth time
hit()
{
	mkdir -p "$WORK/bin"
	cat >"$WORK/bin/mv" <<-END
	#!/bin/sh
	echo >>"$WORK/moved"
	[ "\$(wc -l <"$WORK/moved")" != $1 ] || kill -$2 \$PPID
	exec $(command -v mv) "\$@"
	END
	chmod +x "$WORK/bin/mv"
	rm -f "$WORK/moved"
	PATH=$WORK/bin:$PATH from "$copy" tools/split "$KVER" "$tree"
}

# few: make a series of some patches in $small, for which split takes no time
few()
{
	local to=$small/patches/$KVER patch

	mkdir -p "$small/linux" "$to"
	cp "$ALTMAP_SERIES/patches/$KVER/base" "$to/"
	for patch in $(grep -m 2 ^1- "$ALTMAP_SERIES/patches/$KVER/series") \
		$(grep ^2- "$ALTMAP_SERIES/patches/$KVER/series"); do
		mkdir -p "$to/${patch%/*}"
		cp "$ALTMAP_SERIES/patches/$KVER/$patch" "$to/$patch"
		echo "$patch" >>"$to/series"
	done
}

# killed N: kill split at its Nth move; the next split makes the series whole
killed()
{
	"${git[@]}" update-ref refs/altmap/series "$was"
	from "$small" fresh_copy
	! hit "$1" KILL || return
	sleep 1
	from "$copy" tools/split "$KVER" "$tree" &&
		same_series "$WORK/whole" "$copy"
}

# reset: restore the tree to the state of the series
reset()
{
	"${git[@]}" clean -qfd
	"${git[@]}" checkout -q -f -B series "$good"
}

# another_hunk: change a patch so that it makes a file of which git has no
# object yet
another_hunk()
{
	perl -0pi -e 's/(\n\+[^+\n][^\n]*)/$1 no such line/' \
		"$(grep -l '^@@ ' "$copy/patches/$KVER"/*/*.patch | head -n 1)"
}

# break_hunk: change a line of context in the first hunk of a patch
break_hunk()
{
	broken=$(grep -l '^@@ ' "$copy/patches/$KVER"/*/*.patch | head -n 1)
	perl -0pi -e 's/(\n@@ [^\n]*\n )/$1no such line /' "$broken"
	hunk=$(perl -0ne '/\n--- a\/(\S+)\n[^\n]*\n@@ -(\d+)/ and print "$1:$2"' \
		"$broken")
	broken=$(basename "$broken")
}

# bound COMMAND...: run COMMAND so that file modes apply to it, even as root
bound()
{
	local as=()

	[ "$(id -u)" != 0 ] || as=(setpriv --bounding-set=-dac_override)
	"${as[@]}" "$@"
}

# sparse: the trees made from now on have only the folders of the series, and the
# files next to these folders, so git need not look at 86,000 files each time
sparse()
{
	local folders template=$WORK/template

	folders=$({ sed -n 's,^--- a/,,p' "$ALTMAP_SERIES/patches/$KVER"/*/*.patch
		cd "$ALTMAP_SERIES/linux" && find . -type f | sed 's,^\./,,'
		echo "$old"; echo lib/altmap_test.c
	} | grep / | sed 's,/[^/]*$,,' | sort -u)
	git init -q "$WORK/cone"
	git -C "$WORK/cone" sparse-checkout set --cone --stdin <<<"$folders"
	mkdir -p "$template/info"
	cp "$WORK/cone/.git/info/sparse-checkout" "$template/info/"
	git config -f "$template/config" core.sparseCheckout true
	git config -f "$template/config" core.sparseCheckoutCone true
	export GIT_TEMPLATE_DIR=$template
}

# a file that the base has, and one that the series adds
old=mm/memremap.c
new=$(cd "$ALTMAP_SERIES/linux" && find . -name '*.c' | sort | head -n 1)
new=${new#./}
info=$(tools/source "$KVER") || bail "no kernel source"
base=$(sed -n 2p <<<"$info")
count=$(grep -c . "$ALTMAP_SERIES/patches/$KVER/series")
sparse

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
good=$("${git[@]}" rev-parse HEAD)
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

#
# Cases that split refuses
#
split=(from "$back" tools/split "$KVER" "$tree")

change "$old"
refuses "split refuses changes that are not committed" "not committed" \
	"${split[@]}"
reset
echo test >"$tree/mm/untracked.c"
refuses "split refuses a file that git does not know" "not committed" \
	"${split[@]}"
reset
change "$new"
commit
refuses "split refuses a change to a file that another commit adds" \
	"a change.* changes $new, which .* adds: .*fixup" "${split[@]}"
reset
commit
refuses "split refuses an empty commit" "is empty" "${split[@]}"
reset
"${git[@]}" checkout -q --detach "$base"
change "$old"
commit
"${git[@]}" merge -q -s ours -m "test: a merge" series >/dev/null 2>&1
refuses "split refuses a merge" "is a merge" "${split[@]}"
reset
change "$old"
"${git[@]}" commit -q -m "test: odd" -m "diff --git a/x b/x"
refuses "split refuses a message that a mail cannot hold" \
	"cannot be kept in a mail" "${split[@]}"
"${git[@]}" checkout -q --orphan other
commit
refuses "split refuses another base" "is not on the base" "${split[@]}"
reset
fresh_copy
echo "/* test */" >>"$copy/linux/$new"
refuses "split refuses to overwrite changes made in linux/" \
	"have changed since" from "$copy" tools/split "$KVER" "$tree"
try "split left the series as it was" same_series "$ALTMAP_SERIES" "$back"

#
# A split that a signal ends
#
few
from "$small" tools/assemble "$KVER" "$tree"
good=$("${git[@]}" rev-parse HEAD)
was=$("${git[@]}" rev-parse refs/altmap/series)
change "$old" lib/altmap_test.c
commit
mkdir "$WORK/whole"
from "$WORK/whole" tools/split "$KVER" "$tree" 2>/dev/null
"${git[@]}" update-ref refs/altmap/series "$was"
from "$small" fresh_copy
try "a signal does not end split once it replaces something" hit 1 TERM
try "the series is whole then" same_series "$WORK/whole" "$copy"
# linux/, the patches of three parts, their list
for n in 1 2 3 4 5; do
	try "split killed at its move $n can be run again" killed "$n"
done
"${git[@]}" update-ref refs/altmap/series "$was"
"${git[@]}" update-ref refs/altmap/assembled "$good"
reset
tools/assemble "$KVER" "$tree" || bail "the tree does not come back"
good=$("${git[@]}" rev-parse HEAD)

#
# Cases that assemble refuses
#
change "$old"
refuses "assemble keeps changes that are not committed" "not committed" \
	tools/assemble "$KVER" "$tree"
commit
refuses "assemble keeps commits of the tree's own" "commits of its own" \
	tools/assemble "$KVER" "$tree"
reset
mkdir "$WORK/other"
refuses "assemble keeps a folder that is not its own" "was not made by" \
	tools/assemble "$KVER" "$WORK/other"

fresh_copy
another_hunk
git clone -q --bare --shared "$(head -n 1 <<<"$info")" "$WORK/locked.git"
chmod -R a-w "$WORK/locked.git/objects"
refuses "a repository that cannot be written to is no patch that fails" \
	"cannot write to the repository $WORK/locked.git, which belongs to" \
	from "$copy" bound tools/commits "$KVER" "$WORK/locked.git"
chmod -R u+w "$WORK/locked.git/objects"

fresh_copy
break_hunk
refuses "assemble names the patch and the hunk that fail" \
	"hunk failed at $hunk.*$broken" \
	from "$copy" tools/assemble "$KVER" "$WORK/none"
try "assemble leaves nothing behind when a patch fails" \
	test ! -e "$WORK/none" -a -z "$(find "$WORK" -maxdepth 1 -name 'none*')"
fresh_copy
rm "$copy/linux/$new"
refuses "assemble names a file of linux/ that is missing" "adds $new, not in" \
	from "$copy" tools/assemble "$KVER" "$WORK/none"
fresh_copy
echo >"$copy/linux/stray.c"
refuses "assemble names a file of linux/ that no patch adds" \
	"no patch adds .*stray.c" \
	from "$copy" tools/assemble "$KVER" "$WORK/none"

finish
