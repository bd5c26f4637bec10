# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# compile.sh - for the tests that compile parts of the series: a kernel tree
# of their own, configured to have the guest's and the KUnit tests' options.
# Source it after tap.sh.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/../tools/kbuild.sh"

tree=$ALTMAP_CACHE/build/$KVER-check
obj=$tree/.obj-check
log=$ALTMAP_CACHE/log/$KVER-check.log
kunit=$ALTMAP_SERIES/linux/lib/test_vmem_altmap.config

# options: the fragment
options()
{
	fragments guest+altmap
	[ ! -f "$kunit" ] || sed -n '/^CONFIG_/p' "$kunit"
	echo CONFIG_WERROR=y
}

# prepare: the tree with the whole series, configured. Waits for other builds.
prepare()
{
	mkdir -p "${log%/*}"
	lock
	room "$tree" 3500 "compiling"
	tools/assemble --scratch "$KVER" "$tree" && configure "$(options)"
}

# compile ARG...: make ARG... passes, without any warning
compile()
{
	kbuild -j"$(nproc)" "$@" >"$log" 2>&1 || {
		grep -E -m 20 'warning:|rror:|\*\*\*' "$log"
		return 1
	}
	! grep -E 'warning:|error:' "$log"
}
