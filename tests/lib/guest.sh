# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh - functions for the tests that boot a guest, whose test points become
# theirs.
#
#	. "$(dirname "$0")/lib/guest.sh"
#	boot altmap --pmem 4G fsdax.sh
#	finish
#
# KERNEL_altmap, KERNEL_stock and KERNEL_none name folders of kernels to use in
# place of those that tools/kernel builds. With DEBUG set, altmap is a kernel
# with configs/options/debug.config, which panics if it finds anything. Neither
# applies to a test whose variable build lists options for tools/kernel.

# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/tap.sh"
LOGS=${LOGS:-$ALTMAP_TOP/build/console}
boots=0
build=()

# kernel NAME: print the folder with the kernel of this name.
kernel()
{
	local own=KERNEL_${1//-/_}

	if [ "${#build[@]}" -gt 0 ]; then
		tools/kernel "${build[@]}" "$1" "$KVER"
	elif [ "${!own:-}" ]; then
		echo "${!own}"
	elif [ "${DEBUG:-}" ] && [ "$1" = altmap ]; then
		tools/kernel --config guest+debug altmap "$KVER"
	else
		tools/kernel "$1" "$KVER"
	fi
}

# Pass the guest's lines on and count its points.
relay()
{
	local line

	while IFS= read -r line; do
		case $line in
		"ok "*) points=$((points + 1)) ;;
		"not ok "*) points=$((points + 1)) failed=1 ;;
		esac
		printf '%s\n' "$line"
	done
}

# other_versions: print the kernel versions that there are patches for, but KVER
other_versions()
{
	local series

	for series in patches/*/series; do
		basename "${series%/*}"
	done | grep -vxF "$KVER"
}

# passes WHERE TEST: run another test, and print its points as points of this one,
# renumbered
passes()
{
	relay < <("tests/$2.t" | sed -E '/^1\.\./d; s/^((not )?ok) [0-9]+ /\1 /'
		echo "${PIPESTATUS[0]}" >"$WORK/status")
	[ "$(cat "$WORK/status")" = 0 ]
	point $? "$1: all of $2"
}

# run_guest OPTION... SCRIPT [ARGUMENT...]: as for tools/guest; its messages are
# in $WORK/errors then, and status is how it ended.
run_guest()
{
	relay < <(tools/guest "$@" 2>"$WORK/errors"; echo $? >"$WORK/status")
	status=$(cat "$WORK/status")
}

# missed_patch BEFORE: the guest died before its script printed anything, since
# QEMU ran an int3 that the kernel had patched away (see CONTRIBUTING.md)
missed_patch()
{
	[ "$points" -eq "$1" ] && [ "$status" -eq 125 ] &&
		grep -q 'Oops: int3' "$WORK/errors"
}

# boot KERNEL OPTION... SCRIPT [ARGUMENT...]: boot a guest; the arguments are as
# for tools/guest.
boot()
{
	local flavour=$1 folder status log before=$points

	shift
	# see configs/options/debug.config for the page tables
	[ -z "${DEBUG:-}" ] || [ "$flavour" != altmap ] || set -- --mem 1G \
		--cpu la57=off --append "panic_on_warn=1 kasan.fault=panic vm_debug=P" "$@"
	boots=$((boots + 1))
	log=$LOGS/$(basename "$0" .t)-$boots.log
	mkdir -p "$LOGS"
	folder=$(kernel "$flavour") || bail "no $flavour kernel"
	set -- --kernel "$folder" --console "$log" "$@"
	run_guest "$@"
	if missed_patch "$before"; then
		note "$(grep -m1 int3 "$WORK/errors")"
		note "QEMU missed that the kernel patched its code: once more"
		run_guest "$@"
	fi
	[ "$points" -gt "$before" ] || point 1 "the guest reports something"
	[ "$status" -gt 1 ] || : >"$WORK/errors"
	[ ! -s "$WORK/errors" ] || note "$(cat "$WORK/errors")"
	point $((status > 1)) "the $flavour kernel lives and its console is clean$(
		tail -n 1 "$WORK/errors" | sed 's/^/, but /')"
}
