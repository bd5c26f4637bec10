#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# docs.t - the documents of the series in mm/ and admin-guide/mm/ are built into
# pages without a warning, apart from warnings of links to other folders.
#
# tags: test

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/compile.sh"

# touched: the files of the series
touched()
{
	(cd "$ALTMAP_SERIES/linux" && find . -type f | sed 's,^\./,,')
	sed -n 's,^+++ b/,,p' "$ALTMAP_SERIES/patches/$KVER"/*/*.patch
}

# pages FOLDER: build the pages of that folder of Documentation/. Labels and
# documents outside the folder are not found, which is no failure.
pages()
{
	make -C "$tree" SPHINXDIRS="$1" BUILDDIR="$WORK/html" htmldocs \
		>"$WORK/log" 2>&1 </dev/null || { tail "$WORK/log"; return 1; }
	! grep -iE 'warning|error' "$WORK/log" |
		grep -vE 'undefined label|unknown document' |
		grep -F "$(touched)"
}

# shown PAGE WORD...: the page has each of them
shown()
{
	local page=$WORK/html/$1 word

	shift
	for word; do
		grep -q "$word" "$page" || { echo "no $word"; return 1; }
	done
}

try "the series has a tree" prepare_tree || bail "no tree"
try "pages for kernel developers" pages mm
try "with what is said in the code" shown mm/vmem_altmap.html \
	vmem_altmap_register mhp_register_altmaps memmap_fill_copies \
	memmap_fill_run should_fail_vmem_altmap
try "pages for administrators" pages admin-guide/mm
try "linked from their index" shown admin-guide/mm/index.html vmem_altmap.html
finish
