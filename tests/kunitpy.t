#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kunitpy.t - the kernel tree's kunit.py builds a kernel from the .kunitconfig
# of the series, with the kernel's checks of locks and lists, and runs the KUnit
# tests in QEMU. Each passes.
#
# tags: extra

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$ALTMAP_TOP/tools/lib/kbuild.sh"

tree=$ALTMAP_CACHE/build/$KVER-altmap
obj=$tree/.obj-kunit
log=$ALTMAP_CACHE/log/$KVER-kunit.log
cases=$(kunit_cases)

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
	kunit build --kunitconfig=mm/vmem_altmap/tests --jobs "$(nproc)" \
		--make_options CC="$cc" >"$log" 2>&1 ||
		build_failed "the build of the KUnit kernel failed"
)

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

# pass: the tests run, and each passes; a skipped one does not
pass()
{
	kunit exec --timeout=600 --raw_output=all --qemu_args="-smp 2 -cpu max" \
		>"$WORK/console" || return
	tr -d '\r' <"$WORK/console" |
		grep -cE '^ {4}ok [0-9]+ [^#]*$' | grep -x "$cases"
}

mkdir -p "${log%/*}"
without_kvm
try "kunit.py builds the kernel" build || bail "no kernel"
try "kunit.py runs the tests, and each of $cases passes" pass ||
	note "$(cat "$WORK/console")"
silent "the console is clean" tools/complaints "$WORK/console"
finish
