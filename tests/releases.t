#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# releases.t - the series applies to each release of the kernel that the suites
# of Debian 12 and 13 hold, and to one without Debian's patches.
#
# Downloads stay in the cache, 150 MB a release, until all suites have newer
# ones. Without a network the test uses only these.
#
# tags: test

# shellcheck disable=SC2317 # a function that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../tools/lib/apt.sh"

store=$ALTMAP_CACHE/releases/$KVER
package=linux-source-$KVER
mkdir -p "$store"

# versions: print the package's versions, one for each release of the kernel
versions()
{
	apt-cache madison "$package" | awk '$NF == "Packages" { print $3 }' |
		sort -t - -k 1,1V -u
}

# download FILE COMMAND...: download FILE to the cache with COMMAND, if it is
# not there
download()
{
	local file=$1

	shift
	[ ! -f "$store/$file" ] || return 0
	room "$store" 400 "a kernel's source"
	stage "$store/$file"
	(cd "$STAGE" && "$@") && mv "$STAGE/$file" "$store/"
}

# debian VERSION: download the package of that version
debian()
{
	download "${package}_$1_all.deb" apt-get -q download "$package=$1"
}

# plain VERSION...: download the source that Debian made one of them from, the
# last that a mirror has
plain()
{
	local i

	for ((i = $#; i; i--)); do
		download "linux_${!i%%-*}.orig.tar.xz" apt-get -q source \
			--download-only --only-source "linux=${!i}" && return
	done
	return 1
}

# prune VERSION: remove older releases from the cache
prune()
{
	local file version

	for file in "$store"/*.xz "$store"/*.deb; do
		[ -f "$file" ] || continue
		version=$(sed 's,.*/[^_]*_,,; s,_all.deb$,,; s,.orig.tar.xz$,,' \
			<<<"$file")
		! dpkg --compare-versions "${version%%-*}" lt "${1%%-*}" ||
			rm -v "$file"
	done
}

# unpacked FILE: print the kernel's tar archive in it
unpacked()
{
	case $1 in
	*.deb) dpkg-deb --fsys-tarfile "$1" |
		tar -xOf - "./usr/src/$package.tar.xz" | xz -d ;;
	*) xz -dc "$1" ;;
	esac
}

# touched: print the files that the series has hunks for, and those by which the
# tools recognize a kernel tree
touched()
{
	sed -n 's,^--- a/,,p' "$ALTMAP_SERIES/patches/$KVER"/*/*.patch |
		sort -u
	printf '%s\n' Kbuild Makefile
}

# applies FILE: the series applies to the kernel in FILE
applies()
{
	local tree=$WORK/tree

	rm -rf "$WORK/cache" "$WORK/out" "$tree"
	mkdir "$tree"
	unpacked "$1" | tar -xf - -C "$tree" --strip-components=1 \
		--wildcards --no-wildcards-match-slash \
		--files-from <(touched | sed 's,^,*/,')
	ALTMAP_CACHE=$WORK/cache LINUX_SOURCE=$tree \
		tools/assemble --bare "$KVER" "$WORK/out"
}

both_debians "$WORK/apt"
mapfile -t all < <(versions)
for version in "${all[@]}"; do
	try "$package $version can be had" debian "$version"
done
if [ "${#all[@]}" -gt 0 ]; then
	if plain "${all[@]}" >"$WORK/plain" 2>&1 </dev/null ||
		! grep -q '404 *Not Found' "$WORK/plain"; then
		try "a plain Linux $KVER can be had" plain "${all[@]}"
	else
		point 0 "a plain Linux $KVER # SKIP the mirror has none"
	fi
	prune "${all[0]}" | sed 's/^/# /'
else
	note "apt has no $package: $(grep -m 1 '^[EW]:' "$WORK/apt/log")"
fi
for file in "$store"/*.xz "$store"/*.deb; do
	[ ! -f "$file" ] ||
		try "the series applies to ${file##*/}" applies "$file"
done
[ "$points" -gt 0 ] || { echo "1..0 # SKIP no release to be had"; exit; }

finish
