#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# hmem.sh ALIGN BYTES: memory of a dax region, soft-reserved or of CXL, is a
# device-dax device with this alignment, and stores its memmap itself if
# memmap_on_memory says so. The device has two ranges of half of the region, and the
# first one does not begin where a section does. The test uses BYTES at each end of
# the device, and at each side of the seam.

# shellcheck shell=dash disable=SC2086,SC2317 source-path=SCRIPTDIR
. ./lib.sh

# the region's first device, which always exists
DEV=dax0.0
SYS=$DAX/devices/$DEV
DAX_REGION=$(realpath "$SYS/..")/dax_region
DRIVER=$DAX/drivers/device_dax
align=$1 part=$2
small=$((64 * MIB))
# what ranges are made of
unit=$align
[ "$unit" -ge 2097152 ] || unit=2097152

set_to()
{
	echo "$2" >"$SYS/$1"
}

# other: make another device, of 64 MiB
other()
{
	echo 1 >"$DAX_REGION/create" &&
		echo $small >"$DAX/devices/$(cat "$DAX_REGION/create")/size"
}

# destroy DEVICE: when daxctl enables one, the driver takes all that have memory
destroy()
{
	[ ! -e "$DRIVER/$1" ] || unbind "$1" $DRIVER
	echo 0 >"$DAX/devices/$1/size" && echo "$1" >"$DAX_REGION/delete"
}

# refused REGEX: the device cannot be enabled, and the kernel says why
refused()
{
	dmesg -c >/dev/null
	fails bind $DEV $DRIVER && dmesg | grep "$DEV: .*$1"
}

# error NAME VALUE: print why this attribute cannot be written
error()
{
	dd of="$SYS/$1" 2>&1 <<-END | sed -n "s/^dd: error writing .*: //p"
		$2
	END
}

# aside START: print the bytes that are set aside in the range that begins there
aside()
{
	awk -v owner=$DEV -v start="$(printf 0x%012x- "$1")" '
		$2 == owner && index($1, start) { print ($4 + $5) * 1024 }' $LIST
}

# same_page OFFSET PHYSICAL: the page at this offset of the device is the page at this
# physical address
same_page()
{
	./mapdax read /dev/$DEV "$1" "$PAGE" >/tmp/mapped &&
		./mapdax read /dev/mem "$2" "$PAGE" >/tmp/page &&
		cmp /tmp/mapped /tmp/page
}

on()
{
	set_to memmap_on_memory "$1" && bind $DEV $DRIVER
}

# at OFFSET COMMAND: fill or check BYTES there
at()
{
	./mapdax "$2" /dev/$DEV "$1" "$part" 1
}

# ram: print the KiB of the memory blocks that store their own memmap, without it
ram()
{
	awk '$2 == "memory" { split($1, at, "-"); print at[1], at[2], $5 }' $LIST |
		while read -r start end storage; do
			echo $(((end + 1 - start) / 1024 - storage))
		done | awk '{ all += $1 } END { print all }'
}

# as_ram: the device is system RAM for a while
as_ram()
{
	local node

	node=/sys/devices/system/node/node$(cat $SYS/target_node)
	check "it is system RAM" daxctl reconfigure-device --mode=system-ram $DEV
	is "on a node that has no CPUs" "$(cat "$node/cpulist")" ""
	is "and all that is there but the memmaps, $(column memory used_KiB | wc -l)" \
		"$(awk '/MemTotal/ { print $4 }' "$node/meminfo")" "$(ram)"
	check "it is device-dax again, with its memmap on itself" \
		daxctl reconfigure-device --force --mode=devdax $DEV
	is "it has the same size" "$(cat $SYS/size)" "$size"
	check "and is disabled again" daxctl disable-device $DEV
}

all=$(cat "$DAX_REGION/available_size")
half=$(((all / 2 - small) / unit * unit))
is "there is a region of $((all >> 20)) MiB" "$(cat "$DAX_REGION/size")" "$all"
pages=$(vmstat nr_memmap_pages)
# dax_cxl sets it, for RAM
case $DAX_REGION in
*/hmem.*) default=0 ;;
*) default=1 ;;
esac
is "memmap_on_memory is $default at first" "$(cat $SYS/memmap_on_memory)" $default
check "a device is made of the first 64 MiB" other
check "another is made" set_to size $half
check "a third is made behind it" other
check "another range is added behind that one" set_to size $((2 * half))
is "so there are two" "$(echo "$SYS"/mapping[0-9]* | wc -w)" 2
check "the alignment is chosen" set_to align "$align"

if [ "$align" -le $small ]; then
	check "it is enabled as it is" bind $DEV $DRIVER
	is "its memmap is in DRAM, since nobody wrote that" \
		"$(cat $SYS/size)" $((2 * half))
	check "it is disabled at first" unbind $DEV $DRIVER
else
	check "large pages that are not aligned are refused" refused "is not aligned"
fi

check "its memmap is to be on itself, and it is enabled" on 1
sed 's/^/# /' $LIST
is "nr_memmap_pages counts no page of it" "$(vmstat nr_memmap_pages)" "$pages"
behind=0
for it in "$SYS"/mapping[0-9]*; do
	start=$(($(cat "$it/start"))) end=$(($(cat "$it/end")))
	offset=$(($(cat "$it/page_offset") * PAGE)) data=$((start + $(aside $start)))
	note "$it: $start-$end, data from $data, $offset in the file"
	aside=$((data - start)) behind=$((behind + (end + 1) / unit * unit - data))
	if [ $offset = 0 ]; then
		first=$data
	else
		second=$data seam=$offset
	fi
done
size=$(cat $SYS/size)
is "all that is behind the memmaps can be mapped" "$size" "$behind"
last=$((size - part)) before=$((seam - part))
for it in "size 0" "align 4096" "memmap_on_memory 0" \
		"mapping 0x100000000-0x1001fffff"; do
	is "while it is enabled, ${it% *} is kept" "$(error $it)" \
		"Device or resource busy"
done
for it in 0 $before $seam $last; do
	check "written: offset $it" at $it fill
done
for it in 0 $before $seam $last; do
	check "read: offset $it" at $it check
done
check "the first page lies behind the memmap" same_page 0 "$first"
check "the last page of the first range is where its data ends" \
	same_page $((seam - PAGE)) $((first + seam - PAGE))
check "the first page of the second range lies behind its memmap" \
	same_page "$seam" "$second"
check "the last page is at the end" \
	same_page $((size - PAGE)) $((second + size - seam - PAGE))
check "past the end nothing can be mapped" \
	fails ./mapdax check /dev/$DEV "$size" "$align" 1
check "the kernel takes and drops references to pages" \
	./mapdax get /dev/$DEV "$before" $((2 * part))
check "it is disabled" unbind $DEV $DRIVER
is "its size is that of the ranges" "$(cat $SYS/size)" $((2 * half))
is "no altmap is left" "$(column "" owner)" ""
check "it is enabled again" bind $DEV $DRIVER
is "daxctl sees its size" "$(daxctl list -d $DEV | field size)" "$size"
for it in 0 $before $seam $last; do
	check "the same: offset $it" at $it check
done
check "daxctl disables it" daxctl disable-device $DEV

[ ! -e $SYS/target_node ] || as_ram
check "smaller pages are chosen" set_to align 2097152
check "its memmap is to be in DRAM" set_to memmap_on_memory 0
check "daxctl enables it" daxctl enable-device $DEV
is "all of it can be mapped" "$(cat $SYS/size)" $((2 * half))
for it in 0 $half; do
	is "what held the memmap can be read: offset $it" \
		"$(./mapdax read /dev/$DEV $it "$aside" | wc -c)" "$aside"
	is "bytes that the memmap left: offset $it" \
		"$(./mapdax read /dev/$DEV $it "$aside" | tr -d '\0' | wc -c)" 0
done
check "it is disabled once more" unbind $DEV $DRIVER
check "the alignment is chosen again" set_to align "$align"
check "its memmap is to be on itself again" set_to memmap_on_memory 1

check "the third device is destroyed" destroy dax0.2
check "the device is made small" set_to size "$unit"
check "its memmap does not fit" refused "too small for its memmap"
check "it is made larger" set_to size $((2 * unit))
check "then it fits" bind $DEV $DRIVER
check "it is disabled at last" unbind $DEV $DRIVER
check "its memory is given back" set_to size 0
check "the first device is destroyed" destroy dax0.1
is "all memory of the region is free" "$(cat "$DAX_REGION/available_size")" "$all"
is "nr_memmap_pages is what it was" "$(vmstat nr_memmap_pages)" "$pages"
finish
