#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# xen.sh scratch|balloon - in the first domain of Xen, adding memory fails at
# each allocation in turn, or at some of the balloon's. Page tables are
# read-only there, and the hypervisor keeps track of them. If a table is freed
# and the hypervisor still treats it as one, the next user of its page crashes,
# whether it uses the page as a table or for data.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

FAULT=/sys/kernel/debug/fail_page_alloc
BALLOON=/sys/devices/system/xen_memory/xen_memory0

# Let every allocation of pages count, and print no stack when it fails.
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

	# the first one takes pages for the map of frames, and never frees them
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

# refused: print how often the balloon could not add memory
refused()
{
	dmesg | grep -c xen:balloon:
}

# ram: print the number of memory blocks
ram()
{
	find /sys/devices/system/memory -name 'memory[0-9]*' | wc -l
}

# asked N KIB: ask the balloon to add memory, for that much in all, while the
# N-th allocation of its thread fails. Wait until it has added memory, or failed
# to.
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
	# each time less than a section: the balloon adds a whole section for
	# any size
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
