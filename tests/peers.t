#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# peers.t - tests that others wrote pass with the series and with the stock
# kernel, each in a guest of its own. If a test does not pass with the stock
# kernel, the disk or the guest lacks something that it needs, and its result
# means nothing. With XFSTESTS=DIR the dax group of that xfstests is among the
# tests; there the series may fail a test that the stock kernel fails.
#
# tags: peers

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"

# Of ndctl's tests those that use real regions. The others use nfit_test or
# cxl_test, modules that replace the kernel's devm_memremap_pages().
tests="sub-section.sh align.sh dm.sh daxctl-devices.sh device-dax-fio.sh
dax-dev dax-ext4.sh dax-xfs.sh device-dax revoke_devmem mmap.sh
memory-hotplug hmm
fio-ext4-sync fio-ext4-mmap fio-xfs-sync fio-xfs-mmap
pool-obj pool-blk pool-log daxio"

declare -A result
table=$(printf '%-32s %-30s %s' test altmap stock)

# in_guest NAME KERNEL OPTION...: run NAME in a guest. Set STATUS to the guest's
# status, LOG to the name of its output, and END to the result, if the way that
# the guest ended decides it.
in_guest()
{
	local name=$1 flavour=$2

	shift 2
	LOG=$ALTMAP_TOP/build/console/peers-$flavour-$name STATUS=0 END=''
	tools/guest --kernel "${kernel[$flavour]}" --disk "$disk" --mem 8G \
		--pmem 8G,label=2M --append 'memmap=4G!4G' \
		--console "$LOG.console" "$@" peers.sh "$name" >"$LOG.log" 2>&1 ||
		STATUS=$?
	case $STATUS in
	0 | 1) ;;
	124) END="failed: no end" ;;
	126) END="failed: the kernel complained" ;;
	*) END="failed: no guest, or its kernel died" ;;
	esac
}

# outcome TEST KERNEL: run TEST on KERNEL, and set its result
outcome()
{
	local says

	in_guest "$1" "$2"
	[ "$STATUS" != 125 ] || {
		note "$(cat "$LOG.log")"
		bail "no guest, or its $2 kernel died, in $1"
	}
	says=$(grep -E '^(passed|failed|skipped) ' "$LOG.log" | cut -d ' ' -f 1)
	result[$2]=${END:-${says:-failed}}
	[ "${result[$2]}" = passed ] || {
		note "$1, $2: ${result[$2]}"
		tail -n 12 "$LOG.log" | sed 's/^\(# \)*/# /'
	}
}

# row TEST ALTMAP STOCK: add the results to the table, and print a test point. A
# test of xfstests finds out itself what it needs, and is skipped if both guests
# lack that.
row()
{
	table+=$(printf '\n%-32s %-30s %s' "$@")
	case $1,$2,$3 in
	xfstests-*,skipped,skipped)
		point 0 "$1 # SKIP it does not run here"
		return ;;
	xfstests-*/*,failed,failed)
		point 0 "$1 # SKIP it fails with the stock kernel, too"
		return ;;
	esac
	[ "$2" = passed ] && [ "$3" = passed ]
	point $? "$1: $2, stock: $3"
}

# xfstests TYPE: run each test of the dax group, with both kernels
xfstests()
{
	local name=xfstests-$1 flavour word it
	local -A all

	for flavour in stock altmap; do
		in_guest "$name" $flavour --disk "$WORK/xfstests" --timeout 5400
		all[$flavour.$name]=${END:-passed}
		while read -r word it _; do
			all[$flavour.$it]=$word all[$it]=y
		done < <(grep -E '^(passed|failed|skipped) ' "$LOG.log")
		note "$name, $flavour: $LOG.log"
		grep -E '^# .*(\[not run\]|\[failed|mismatch|dmesg)' "$LOG.log"
	done
	while read -r it; do
		row "$it" "${all[altmap.$it]:-failed: not reached}" \
			"${all[stock.$it]:-failed: not reached}"
	done < <(printf '%s\n' "$name" "${!all[@]}" | grep "^$name" | sort -u)
}

# Make a disk with XFSTESTS, and room for its output.
xfstests_disk()
{
	truncate -s $(($(du -sm "$XFSTESTS" | cut -f 1) * 2 + 512))M \
		"$WORK/xfstests" && mkfs.ext4 -q -d "$XFSTESTS" "$WORK/xfstests"
}

tools/peers --xfstests 2>"$WORK/xfstests" || bail "$(cat "$WORK/xfstests")"
[ ! -s "$WORK/xfstests" ] || note "$(cat "$WORK/xfstests")"
mkdir -p build/console
disk=$(tools/peers) || bail "no disk with the tests"
declare -A kernel
for it in stock altmap; do
	kernel[$it]=$(tools/kernel --config guest+peers $it "$KVER") ||
		bail "no kernel"
done
for it in $tests; do
	outcome "$it" stock
	outcome "$it" altmap
	row "$it" "${result[altmap]}" "${result[stock]}"
done
if [ "${XFSTESTS:-}" ]; then
	try "a disk with xfstests is made" xfstests_disk || finish
	for it in ext4 xfs-rmapbt xfs-plain; do
		xfstests $it
	done
fi
note "$table"
finish
