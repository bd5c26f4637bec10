#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# peers.t - tests that others wrote, each in a guest of its own, with the series
# and with the stock kernel: each passes with both. One that does not with the
# stock kernel has lost what it wants of the disk or the guest, and says nothing.

# shellcheck disable=SC2317 # functions that try calls
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/tap.sh"

# Of ndctl those that want real regions; its others want nfit_test or cxl_test,
# modules that put their own devm_memremap_pages() in the place of the kernel's.
tests="sub-section.sh align.sh dm.sh daxctl-devices.sh device-dax-fio.sh
dax-dev dax-ext4.sh dax-xfs.sh device-dax revoke_devmem mmap.sh
memory-hotplug hmm
fio-ext4-sync fio-ext4-mmap fio-xfs-sync fio-xfs-mmap
pool-obj pool-blk pool-log daxio"

declare -A result
table=$(printf '%-20s %-30s %s' test altmap stock)

# outcome TEST KERNEL: run it there
outcome()
{
	local log=$ALTMAP_TOP/build/console/peers-$2-$1 status=0 says

	tools/guest --kernel "${kernel[$2]}" --disk "$disk" --mem 8G \
		--pmem 8G,label=2M --append 'memmap=4G!4G' \
		--console "$log.console" peers.sh "$1" >"$log.log" 2>&1 ||
		status=$?
	says=$(grep -E '^(passed|failed|skipped) ' "$log.log" | cut -d ' ' -f 1)
	case $status in
	0 | 1) result[$2]=${says:-failed} ;;
	124) result[$2]="failed: no end" ;;
	126) result[$2]="failed: the kernel complained" ;;
	*)
		note "$(cat "$log.log")"
		bail "no guest, or its $2 kernel died, in $1" ;;
	esac
	[ "${result[$2]}" = passed ] || {
		note "$1, $2: ${result[$2]}"
		tail -n 12 "$log.log" | sed 's/^\(# \)*/# /'
	}
}

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
	[ "${result[stock]}" = passed ] && [ "${result[altmap]}" = passed ]
	point $? "$it: ${result[altmap]}, stock: ${result[stock]}"
	table+=$(printf '\n%-20s %-30s %s' "$it" "${result[altmap]}" "${result[stock]}")
done
note "$table"
finish
