#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# xen.sh scratch|balloon - in the first domain of Xen, where page tables are
# read-only and the hypervisor knows them as such: adding memory fails at each
# allocation in turn, or at some of the balloon's. A table that is freed and is
# still one for the hypervisor kills whoever has its page next, as a table again
# or for data.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

FAULT=/sys/kernel/debug/fail_page_alloc
BALLOON=/sys/devices/system/xen_memory/xen_memory0

# Every allocation of pages counts, and shows no stack when it fails.
faults()
{
	local fault

	for fault in /sys/kernel/debug/fail*; do
		echo 0 >"$fault/verbose"
	done
	echo N >/sys/kernel/debug/failslab/ignore-gfp-wait
	echo N >$FAULT/ignore-gfp-wait
	echo N >$FAULT/ignore-gfp-highmem
	echo 0 >$FAULT/min-order
}

# Tables and memmap of 128 MiB are 64 and 512 pages.
all()
{
	./scratch all >/tmp/all
}

scratch()
{
	local n failed

	# the first keeps pages for the map of frames, for good
	check "an allocation fails" ./scratch 300
	for n in 30 300 500; do
		keeps_at_most "allocation $n fails" 0 ./scratch "$n"
	done
	check "each allocation fails once" all
	failed=$(grep -c failed /tmp/all)
	check "$failed fail, as many as tables and pages of memmap" \
		[ "$failed" -ge 576 ]
	check "memory is added when none fails" grep "Xen scratch" /proc/iomem
	note "$(grep -v failed /tmp/all | xargs)"
}

# refused: how often the balloon could not add memory
refused()
{
	dmesg | grep -c xen:balloon:
}

# ram: what is there, in sections
ram()
{
	find /sys/devices/system/memory -name 'memory[0-9]*' | wc -l
}

# asked N KIB: the balloon is to add memory, for that much, while the N-th
# allocation of its thread fails. Looks on until it has, or has not.
asked()
{
	local refused ram

	refused=$(refused) ram=$(ram)
	echo "$1" >"/proc/$THREAD/fail-nth"
	echo "$2" >"$BALLOON/target_kb"
	while [ "$(refused) $(ram)" = "$refused $ram" ]; do :; done
	echo 0 >"/proc/$THREAD/fail-nth"
	echo "$(($(refused) - refused)) refused, $(($(ram) - ram)) added"
}

balloon()
{
	local n wanted

	THREAD=$(pidof xen-balloon)
	wanted=$(($(cat "$BALLOON/info/current_kb") + 4096))
	# too few for a section each time: it adds as much for any
	for n in 20 80 150 250 350 450 550; do
		wanted=$((wanted + 4))
		is "allocation $n fails, and so does the balloon" \
			"$(asked "$n" "$wanted")" "1 refused, 0 added"
		check "memory is written" \
			dd if=/dev/zero of=/tmp/fill bs=1M count=32
		rm /tmp/fill
	done
	wanted=$((wanted + 4))
	is "none fails, and the balloon adds memory" \
		"$(asked 100000 "$wanted")" "0 refused, 1 added"
}

faults
"$1"
finish
