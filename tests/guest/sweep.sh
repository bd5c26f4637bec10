#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# sweep.sh WHAT MAP first|N|ROUNDSx: bind namespaces while one allocation fails,
# each in its turn; sweep.c describes how, and what it prints. WHAT is one of
# - fsdax or devdax;
# - dax_pmem, which makes the device for which device-dax's memory is added;
# - kmem, which adds that memory as memory blocks, whose memmap is in DRAM (mem)
#   or in each of them (dev);
# - ns-fsdax, ns-devdax or ns-btt, a namespace that was made before, and is
#   enabled as at boot.
#
# The NVDIMM with the lowest address is in use all the time, so that memory that
# only the first user of its kind takes is there. The next one is bound until
# nothing new is needed. Another one shows what a plain bind keeps. The others
# are swept.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

FAULTS=/sys/kernel/debug

# Let every allocation count, and print no stack on the console for those that
# fail.
faults()
{
	local fault

	for fault in "$FAULTS"/fail*; do
		echo 0 >"$fault/verbose"
		echo "fault ${fault##*/}"
	done
	echo N >$FAULTS/failslab/ignore-gfp-wait
	echo N >$FAULTS/fail_page_alloc/ignore-gfp-wait
	echo N >$FAULTS/fail_page_alloc/ignore-gfp-highmem
	echo 0 >$FAULTS/fail_page_alloc/min-order
}

# Print the numbers of the regions, in the order of their addresses.
regions()
{
	local region

	for region in "$ND"/region*; do
		echo "$(($(cat "$region/resource"))) ${region##*region}"
	done | sort -n | cut -d ' ' -f 2
}

# claim N: do all that ndctl create-namespace does with namespaceN.0 except the
# bind that adds its memory. Set DEVICE.
claim()
{
	local seed=$ND/$KIND$1.0

	DEVICE=$KIND$1.0
	unbind "namespace$1.0" $DRIVERS/nd_pmem
	cat /proc/sys/kernel/random/uuid >"$seed/uuid"
	if [ "$KIND" = btt ]; then
		echo 4096 >"$seed/sector_size"
	else
		echo "$MODE" >"$seed/mode"
		echo 2097152 >"$seed/align"
	fi
	echo "namespace$1.0" >"$seed/namespace"
	[ "$MAKER" ] || return 0
	bind "$DEVICE" "$MAKER"
	[ -z "$ON_MEMORY" ] ||
		echo "$ON_MEMORY" >"$DAX/devices/$DEVICE/memmap_on_memory"
}

# made N: bind the device that claims namespaceN.0 once, which writes the
# metadata to the medium, and let that device release the namespace.
made()
{
	local driver=$DRIVERS/$MADE_BY

	claim "$1"
	bind "$DEVICE" "$driver"
	unbind "$DEVICE" "$driver"
	echo >"$ND/$DEVICE/namespace"
	DEVICE=namespace$1.0
}

# sweep_all FROM REGION...: sweep these, but the first of them, which stays in use,
# and the last one. The kernel keeps each page that lists sections, 128 or 256 of
# them, so the last device is bound and unbound before.
sweep_all()
{
	local from=$1 devices='' region

	shift
	# kmem takes devices by name; later it would bind those that exist by
	# then
	[ -z "$ON_MEMORY" ] || for region; do
		echo "$KIND$region.0" >"$DRIVER/new_id"
	done
	for region; do
		if [ "$MADE_BY" ]; then
			made "$region"
		else
			claim "$region"
		fi
		[ "$devices" ] || bind "$DEVICE" "$DRIVER" || [ "$MADE_BY" ]
		devices="$devices $DEVICE"
	done
	if [ ! "$MADE_BY" ]; then
		bind "$DEVICE" "$DRIVER"
		unbind "$DEVICE" "$DRIVER"
		devices=${devices% *}
	fi
	# shellcheck disable=SC2086 # words
	set -- $devices
	shift
	./sweep "$DRIVER" "$from" "$@"
}

MAKER='' ON_MEMORY='' MADE_BY=''
case $2 in
mem) MODE=ram ;;
dev) MODE=pmem ;;
esac
case $1 in
fsdax) KIND=pfn DRIVER=$DRIVERS/nd_pmem ;;
devdax) KIND=dax DRIVER=$DAX/drivers/device_dax MAKER=$DRIVERS/dax_pmem ;;
dax_pmem) KIND=dax DRIVER=$DRIVERS/dax_pmem ;;
kmem) KIND=dax DRIVER=$KMEM MAKER=$DRIVERS/dax_pmem
	case $MODE in
	ram) ON_MEMORY=0 ;;
	pmem) ON_MEMORY=1 MODE=ram ;;
	esac ;;
ns-fsdax) KIND=pfn DRIVER=$DRIVERS/nd_pmem MADE_BY=nd_pmem ;;
ns-devdax) KIND=dax DRIVER=$DRIVERS/nd_pmem MADE_BY=dax_pmem ;;
ns-btt) KIND=btt DRIVER=$DRIVERS/nd_pmem MADE_BY=nd_pmem ;;
esac
echo 0 >$DAX/drivers_autoprobe
echo 1 >/proc/sys/kernel/kptr_restrict # addresses in /proc/vmallocinfo
faults
# shellcheck disable=SC2046 # words
sweep_all "$3" $(regions)
finish
