# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-only
#
# trees.sh - functions for the tests of the tools that make a git tree from
# patches/ and linux/, and the reverse. Source it after tap.sh.
#
#	tree	where the tree is to be
#	git	the command to work in it
#	base	the commit that it begins with
#	old, new
#		a file that the base has, and one that the series adds

tree=$WORK/tree
git=(git -C "$tree" -c user.name=Test -c user.email=test@localhost)

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

old=mm/memremap.c
new=$(cd "$ALTMAP_SERIES/linux" && find . -name '*.c' | sort | head -n 1)
new=${new#./}
info=$(tools/source "$KVER") || bail "no kernel source"
base=$(sed -n 2p <<<"$info")
sparse
