# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh - for the tests that boot a guest: its test points become theirs.
#
#	. "$(dirname "$0")/lib/guest.sh"
#	boot altmap --pmem 4G fsdax.sh
#	finish
#
# KERNEL_altmap, KERNEL_stock and KERNEL_none name folders of other kernels
# than those that tools/kernel builds. With DEBUG set, altmap is one with
# configs/options/debug.config, and whatever it finds is its end. Neither holds
# for a test that says itself, in build, what kernels tools/kernel is to build.

# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/tap.sh"
LOGS=${LOGS:-$ALTMAP_TOP/build/console}
boots=0
build=()

# The folder with the kernel that goes by this name.
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
	local line before=$points

	while IFS= read -r line; do
		case $line in
		"ok "*) points=$((points + 1)) ;;
		"not ok "*) points=$((points + 1)) failed=1 ;;
		esac
		printf '%s\n' "$line"
	done
	[ "$points" -gt "$before" ] || point 1 "the guest reports something"
}

# boot KERNEL OPTION... SCRIPT [ARGUMENT...]: as tools/guest takes them.
boot()
{
	local flavour=$1 folder status log

	shift
	[ -z "${DEBUG:-}" ] || [ "$flavour" != altmap ] || set -- --mem 1G \
		--append "panic_on_warn=1 kasan.fault=panic" "$@"
	boots=$((boots + 1))
	log=$LOGS/$(basename "$0" .t)-$boots.log
	mkdir -p "$LOGS"
	folder=$(kernel "$flavour") || bail "no $flavour kernel"
	relay < <(tools/guest --kernel "$folder" --console "$log" "$@" \
		2>"$WORK/errors"; echo $? >"$WORK/status")
	status=$(cat "$WORK/status")
	[ "$status" -gt 1 ] || : >"$WORK/errors"
	[ ! -s "$WORK/errors" ] || note "$(cat "$WORK/errors")"
	[ "$status" -le 1 ]
	point $? "the $flavour kernel lives and its console is clean$(
		tail -n 1 "$WORK/errors" | sed 's/^/, but /')"
}
