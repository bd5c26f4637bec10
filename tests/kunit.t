#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kunit.t - the KUnit tests of the series, run by the kernel tree's kunit.py in
# QEMU: with large pages, without them, and with four-level page tables. With
# DEBUG set the kernel is built with configs/options/debug.config, too, but
# without kmemleak, since no script asks for its scan there; and the tests also
# run with a direct map of base pages.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$ALTMAP_TOP/tools/lib/kbuild.sh"

tree=$ALTMAP_CACHE/build/$KVER-altmap
obj=$tree/.obj-kunit${DEBUG:+-debug}
log=$ALTMAP_CACHE/log/$KVER-kunit-build.log
console=${LOGS:-$ALTMAP_TOP/build/console}
cases=$(cat "$ALTMAP_TOP"/linux/mm/{,vmem_altmap/}tests/*_kunit.c |
	grep -c KUNIT_CASE)

kunit()
{
	local verb=$1

	shift
	(cd "$tree" && tools/testing/kunit/kunit.py "$verb" --arch=x86_64 \
		--build_dir="$obj" "$@" </dev/null)
}

# build: build the kernel with the tests; kunit.py finds out itself what is up
# to date. This is a process of its own, whose end releases the lock on builds.
build()
(
	lock build
	"$ALTMAP_TOP/tools/assemble" --scratch "$KVER" "$tree" || exit
	kunit build --kunitconfig=mm/vmem_altmap/tests \
		${DEBUG:+--kunitconfig="$ALTMAP_TOP/configs/options/debug.config"} \
		${DEBUG:+--kconfig_add=CONFIG_DEBUG_KMEMLEAK=n} \
		--jobs "$(nproc)" --make_options CC="$cc" >"$log" 2>&1 ||
		build_failed "the build of the KUnit kernel failed"
)

# points BOOT LOG: print a test point for each test case of that boot; a skipped
# test case counts as failed
points()
{
	local line

	while read -r line; do
		case $line in
		*"# SKIP"*) point 1 "$1: ${line#*ok * }" ;;
		"ok "*) point 0 "$1: ${line#ok * }" ;;
		*) point 1 "$1: ${line#not ok * }" ;;
		esac
	done < <(sed -nE 's/^ {4}((not )?ok [0-9]+ )(- )?/\1/p' "$2" | tr -d '\r')
}

# run BOOT CPUS-AND-OPTIONS [KERNEL-ARGUMENT]: boot the tests once
run()
{
	local name=$1 out=$console/kunit-${1// /-}.log before=$points

	kunit exec --timeout=600 --raw_output=all --qemu_args="$2" \
		${DEBUG:+--kernel_args="panic_on_warn=1 kasan.fault=panic"} \
		${3:+--kernel_args="$3"} >"$out" 2>&1
	points "$name" "$out"
	[ "$((points - before))" = "$cases" ]
	point $? "$name: every test reports"
	silent "$name: the console is clean" "$ALTMAP_TOP/tools/complaints" "$out"
}

# without_kvm: from now on QEMU does not try KVM, which kunit.py of later kernels
# asks for first, and which can be there and not work
without_kvm()
{
	mkdir "$WORK/bin"
	cat >"$WORK/bin/qemu-system-x86_64" <<-'END'
	#!/bin/bash
	for arg; do
		shift
		case "$last $arg" in
		"-accel kvm" | "-accel hvf") set -- "${@:1:$#-1}" ;;
		*) set -- "$@" "$arg" ;;
		esac
		last=$arg
	done
	PATH=${PATH#*:}
	exec qemu-system-x86_64 "$@"
	END
	chmod +x "$WORK/bin/qemu-system-x86_64"
	PATH=$WORK/bin:$PATH
}

mkdir -p "$console" "${log%/*}"
without_kvm
build || bail "no kernel with the KUnit tests"
run "large pages" "-smp 2 -cpu max"
run "base pages" "-smp 2 -cpu max" clearcpuid=pse
run "four levels" "-smp 2 -cpu max,la57=off"
[ -z "${DEBUG:-}" ] ||
	run "direct map of base pages" "-smp 2 -cpu max" debug_pagealloc=on
note "$(grep -ho 'seed [0-9]*' "$console"/kunit-*.log)"
finish
