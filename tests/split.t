#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# split.t - split and assemble refuse what would lose work or cannot be kept, and
# a split that a signal ends can be run again.
#
# tags: check test

# shellcheck disable=SC2317 # functions that try and refuses call
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/trees.sh"

# the tools read patches/ and linux/ from these folders
copy=$WORK/copy
small=$WORK/small

# fresh_copy: copy the series as it is, to be broken
fresh_copy()
{
	rm -rf "$copy"
	mkdir "$copy"
	cp -a "$ALTMAP_SERIES/patches" "$ALTMAP_SERIES/linux" "$copy/"
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

# few: make a series of some patches of each part in $small, so that split and
# assemble take little time; series.t tries them with the whole series
few()
{
	local to=$small/patches/$KVER part patch file

	mkdir -p "$small/linux" "$to"
	cp "$ALTMAP_SERIES/patches/$KVER/base" "$to/"
	for part in $PARTS; do
		# the first ones of the last part need all of the preparation
		grep "^$part/" "$ALTMAP_SERIES/patches/$KVER/series" |
			case $part in 2-*) cat ;; *) head -n 2 ;; esac
	done >"$to/series"
	while read -r patch; do
		mkdir -p "$to/${patch%/*}"
		cp "$ALTMAP_SERIES/patches/$KVER/$patch" "$to/$patch"
		while read -r file; do
			mkdir -p "$small/linux/${file%/*}"
			cp "$ALTMAP_SERIES/linux/$file" "$small/linux/$file"
		done < <(sed -n 's/^Adds: //p' "$to/$patch")
	done <"$to/series"
}

# killed N: kill split at its Nth move; the next split makes the series whole
killed()
{
	"${git[@]}" update-ref refs/altmap/series "$was"
	fresh_copy
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

few
export ALTMAP_SERIES=$small
new=$(cd "$small/linux" && find . -name '*.c' | head -n 1)
new=${new#./}
tools/assemble "$KVER" "$tree" || bail "no tree to work in"
good=$("${git[@]}" rev-parse HEAD)

#
# Cases that split refuses
#
fresh_copy
split=(from "$copy" tools/split "$KVER" "$tree")

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
try "split left the series as it was" same_series "$ALTMAP_SERIES" "$copy"
echo "/* test */" >>"$copy/linux/$new"
refuses "split refuses to overwrite changes made in linux/" \
	"have changed since" from "$copy" tools/split "$KVER" "$tree"

#
# A split that a signal ends
#
reset
was=$("${git[@]}" rev-parse refs/altmap/series)
change "$old" lib/altmap_test.c
commit
mkdir "$WORK/whole"
from "$WORK/whole" tools/split "$KVER" "$tree" 2>/dev/null
"${git[@]}" update-ref refs/altmap/series "$was"
fresh_copy
try "a signal does not end split once it replaces something" hit 1 TERM
try "the series is whole then" same_series "$WORK/whole" "$copy"
# linux/, the patches of three parts, their list
for n in 1 2 3 4 5; do
	try "split killed at its move $n can be run again" killed "$n"
done
"${git[@]}" update-ref refs/altmap/series "$was"
"${git[@]}" update-ref refs/altmap/assembled "$good"
reset

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
