#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# drift.t - the series for two kernel versions differ in no more lines than
# patches/VERSION/differences records, patch by patch. A change that was made for
# one version only shows here.
#
# tags: test check

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"

# kinds FILE: print how many patches of each kind it lists
kinds()
{
	awk '{
		kind = $1
		if ($1 ~ /^[0-9]/) kind = $1 < 10 ? "with fewer than 10 other lines" : "with more"
		if ($1 == "0") kind = "with the same changed lines"
		n[kind]++
	}
	END { for (kind in n) print n[kind], "patches", kind }' "$1" | sort -rn
}

# as_recorded VERSION SERIES: are the patches in the folder SERIES as far from
# 6.12's as is recorded?
as_recorded()
{
	diff <(sort "patches/$1/differences") \
		<(ALTMAP_SERIES=$2 tools/differences 6.12 "$1" | sort)
}

# notices VERSION: does as_recorded fail if a line changes for VERSION alone?
notices()
{
	local copy=$WORK/$1 patch

	mkdir "$copy"
	cp -r patches "$copy/"
	patch=$copy/patches/$1/$(head -n 1 "patches/$1/series")
	sed -i '0,/^+[^+]/s/^+[^+].*/&x/' "$patch"
	! cmp -s "$patch" "patches/$1/$(head -n 1 "patches/$1/series")" &&
		! as_recorded "$1" "$copy"
}

for version in patches/*/differences; do
	version=$(basename "${version%/*}")
	note "6.12 and $version: $(kinds "patches/$version/differences")"
	try "the patches for $version differ from 6.12's as recorded" \
		as_recorded "$version" . ||
		note "tools/differences 6.12 $version >patches/$version/differences"
	try "a line that changes for $version alone is noticed" notices "$version"
done
finish
