#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cli.t - the tools report wrong use, and what a machine lacks, clearly.
#
# tags: check test

# shellcheck disable=SC2317 # functions that refuses calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"

# without COMMAND... -- ...: run the rest with a PATH that lacks these commands
without()
{
	local bin=$WORK/bin dir

	rm -rf "$bin"
	mkdir "$bin"
	for dir in /usr/sbin /usr/bin /sbin /bin; do
		ln -st "$bin" "$dir"/* 2>/dev/null
	done
	while [ "$1" != -- ]; do
		rm -f "$bin/$1"
		shift
	done
	shift
	PATH=$bin "$@"
}

# fake NAME TEXT: make a command for "with", whose script is TEXT
fake()
{
	mkdir -p "$WORK/fake"
	printf '#!/bin/sh\n%s\n' "$2" >"$WORK/fake/$1"
	chmod +x "$WORK/fake/$1"
}

# with COMMAND...: run COMMAND, with the fake commands in place of the real ones
with()
{
	PATH=$WORK/fake:$PATH "$@"
}

# own_cache COMMAND...: run COMMAND with a cache of its own, empty at first
own_cache()
{
	ALTMAP_CACHE=$WORK/cache "$@"
}

# tool TEXT ARGUMENT...: run TEXT in bash, as a tool that sources common.sh
tool()
{
	bash -euc ". tools/lib/common.sh; $1" tool "${@:2}"
}

# nobody COMMAND...: run COMMAND as a user other than root, in $WORK/top
nobody()
{
	local as=()

	[ "$(id -u)" != 0 ] ||
		as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	(cd "$WORK/top" && HOME=$WORK/top "${as[@]}" "$@")
}

# kept: process 1 belongs to another user and is alive, so its stage is kept
kept()
{
	chmod go+rx "$WORK"
	chmod -R go+rX "$WORK/top"
	mkdir -m a=rwx "$WORK/all"
	mkdir -m a=rwx "$WORK/all/it.tmp.1"
	# shellcheck disable=SC2016 # for the tool to expand
	nobody bash -euc '. tools/lib/common.sh; stage "$1"' tool "$WORK/all/it" &&
		[ -e "$WORK/all/it.tmp.1" ]
}

# distclean_says: the tool removes build/ and the cache, and prints that
distclean_says()
{
	own_cache "$WORK/top/tools/clean" --cache 2>&1 |
		grep -c "^removing .*/\(build\|cache\) (" | grep -qx 2
}

refuses "make demo names the kernel versions there are" \
	"no patches for Linux 9.99; there are: .*6\.12" make demo KVER=9.99
refuses "make test names the tests there are" \
	'no test "nonesuch"; there are: .*series' make test T=nonesuch
try "make help says what there is" make help

refuses "a tool that is missing is named with its package" \
	"gcc is missing; install the Debian package gcc" \
	without gcc -- tools/kernel stock "$KVER"
refuses "a missing git is named too" "git is missing" \
	without git -- tools/assemble "$KVER" "$WORK/tree"
refuses "an unknown kernel is refused with usage" "usage: kernel" \
	tools/kernel nonesuch
refuses "an unknown configuration is named" "no nonesuch.config in configs/" \
	tools/kernel --config nonesuch stock "$KVER"
refuses "an unknown architecture is refused" "there are: x86 arm64" \
	tools/kernel --arch nonesuch stock "$KVER"
refuses "a configuration for packages that is not there is named" \
	"CONFIG=nonesuch: no such file" env CONFIG=nonesuch tools/deb
refuses "a file that is no package is named" \
	"$0 is no package of a kernel" tools/packaged "$0" "$WORK/kernel"
refuses "assemble names the versions there are" \
	"no patches for Linux 9.99; there are: .*6\.12" \
	tools/assemble 9.99 "$WORK/tree"

# included TEXT: compile, as for kernels, a file that includes TEXT by .incbin. Is
# TEXT in the object?
included()
(
	# shellcheck source-path=SCRIPTDIR
	. "$ALTMAP_TOP/tools/lib/kbuild.sh"
	printf %s "$1" >"$WORK/text"
	# shellcheck disable=SC2154 # kbuild.sh sets it
	CCACHE_DIR=$WORK/ccache $cc -Wp,-MMD,"$WORK/included.d" -c \
		-o "$WORK/included.o" "$WORK/included.S" &&
		grep -q "$1" "$WORK/included.o"
)

echo ".incbin \"$WORK/text\"" >"$WORK/included.S"
try "an object contains the file that it includes" included first
try "it contains another such file of the same size" included other

# cache_is CACHE WANTED: with ALTMAP_CACHE=CACHE the tools use WANTED
cache_is()
{
	# shellcheck disable=SC2016 # for the tool to expand
	ALTMAP_CACHE=$1 tool '[ "$ALTMAP_CACHE" = "$1" ]' "$2"
}

try "the cache may be named from here" cache_is some/cache "$PWD/some/cache"
try "or by its path" cache_is /some/cache /some/cache
while read -r char; do
	refuses "a cache with $char in its path is refused" \
		"kernels cannot be built in a folder" cache_is "/a${char}b" ""
done <<'END'
a blank
:
,
;
'
"
\
$
#
%
END
refuses "no room for the source is said before anything starts" \
	"needs 4000 MiB in .*/cache.*, but only 10 MiB are free" \
	own_cache env ALTMAP_FREE_MIB=10 tools/source "$KVER"
refuses "no room for a tree is said before anything starts" \
	"needs [0-9]+ MiB in .*/tree" \
	env ALTMAP_FREE_MIB=10 tools/assemble "$KVER" "$WORK/tree"
refuses "no room for the bench is said before anything starts" \
	"the bench needs 5696 MiB in /dev/shm, but only 10" \
	env ALTMAP_FREE_MIB=10 bench/run
refuses "a LINUX_SOURCE that is not there is named" \
	"LINUX_SOURCE=/nonesuch: no such" \
	env LINUX_SOURCE=/nonesuch tools/source "$KVER"
mkdir "$WORK/empty"
refuses "a LINUX_SOURCE that is no kernel is named" \
	"empty holds no kernel source" \
	own_cache env LINUX_SOURCE="$WORK/empty" tools/source "$KVER"
printf 'VERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 1\n' >"$WORK/empty/Makefile"
touch "$WORK/empty/Kbuild"
refuses "a LINUX_SOURCE of another version is refused" \
	"the source is Linux 5.10.1, the patches are for $KVER" \
	own_cache env LINUX_SOURCE="$WORK/empty" tools/source "$KVER"
try "a failed source leaves nothing behind" \
	test -z "$(ls -A "$WORK/cache/source")"

refuses "deps names the groups it knows" "no group 'nonesuch' \(have: series" \
	tools/deps nonesuch
try "deps does nothing when all is there" tools/deps series
fake dpkg-query 'exit 1'
fake apt-get 'echo "E: Could not resolve host"; exit 100'
fake id 'echo 0'
refuses "deps without a network shows what apt-get says" \
	"Could not resolve host.*could not install: .*git.*network" \
	with own_cache tools/deps series
fake id 'echo 1000'
fake sudo 'exit 1'
refuses "deps without root says what to run as root" \
	"as root: apt-get install .*git" with own_cache tools/deps series
fake mmdebstrap 'exit 1'
refuses "peers gets what it builds before it asks to be root" \
	"the source is Linux 5.10.1" with own_cache env ALTMAP_FREE_MIB=9999 \
	LINUX_SOURCE="$WORK/empty" tools/peers
rm "$WORK/fake/apt-get"
refuses "deps on another distribution says what to install" \
	"not Debian \(no apt-get\): install by hand: .*git" \
	without apt-get dpkg-query -- tools/deps series

refuses "an XFSTESTS that is not there is named" \
	"XFSTESTS=/nonesuch: no xfstests, it has no check" \
	make test-peers XFSTESTS=/nonesuch
mkdir -p "$WORK/xfstests"/{common,tests/generic}
touch "$WORK/xfstests"/{check,common/rc,tests/generic/group.list}
refuses "one that is not built is named before anything is built" \
	"XFSTESTS=.*/xfstests: it is not built; run make there" \
	make test-peers XFSTESTS="$WORK/xfstests"
refuses "so does its test" "Bail out!.*it is not built" \
	env XFSTESTS="$WORK/xfstests" tests/peers.t

quoted="$WORK/a'b c\"d/"
# shellcheck disable=SC2016 # for the tool to expand
try "what a tool leaves goes away whatever its name" \
	tool 'stage "$1"' "$quoted/it"
try "nothing of it is there" test -z "$(ls -A "$quoted")"

refuses "split without a tree says how to get one" "make tree" \
	tools/split "$KVER" "$WORK/nonesuch"
mkdir -p "$WORK/top/build/linux-$KVER"
cp -r tools "$WORK/top/"
try "the stage of another user's run stays" kept
git init -q "$WORK/top/build/linux-$KVER"
touch "$WORK/top/build/linux-$KVER/work"
refuses "clean keeps work that is no patch yet" "not committed.*make split" \
	own_cache "$WORK/top/tools/clean"
rm -rf "$WORK/top/build/linux-$KVER"
touch "$WORK/cache/thesis"
refuses "distclean keeps a cache with something else in it" \
	"$WORK/cache is not only a cache, it holds thesis \(1 in all" \
	own_cache "$WORK/top/tools/clean" --cache
try "nothing of it is gone" test -e "$WORK/cache/thesis" -a -e "$WORK/cache/log"
mkdir "$WORK/data"
mv "$WORK/cache/thesis" "$WORK/data"
mkdir "$WORK/cache/source/own"
refuses "it looks into the folders, too" "it holds source/own \(1 in all" \
	own_cache "$WORK/top/tools/clean" --cache
refuses "and removes no folder that never was a cache" "it holds thesis" \
	env ALTMAP_CACHE="$WORK/data" "$WORK/top/tools/clean" --cache
rmdir "$WORK/cache/source/own"
# each folder that a tool or a test names, but those whose names have a hash
mapfile -t folders < <(grep -rhoE 'ALTMAP_CACHE/[a-z]+' tools tests |
	sed 's,.*/,,' | grep -vxE 'initramfs|peers' | sort -u)
(cd "$WORK/cache" && mkdir -p "${folders[@]}")
try "the cache has its folders" test -d "$WORK/cache/ccache"
try "distclean says what it removes" distclean_says
try "distclean leaves nothing of them" \
	test ! -e "$WORK/top/build" -a ! -e "$WORK/cache"

finish
