#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# devdax.sh ALIGN BYTES [compact|early]: a devdax namespace of that alignment works with its
# memmap on the device. The test uses BYTES at each end of it: all that there
# are, or few, to be quick. Large pages use no more of the storage than they need;
# a compact namespace has no more. Early: the first section, and the last one, is
# shared with DRAM, where the struct pages are. A device of up to 4 GiB becomes memory, and is a
# device again.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

DEV=/dev/dax0.0
SYS=$DAX/devices/dax0.0

# The data begins after info block and memmap, at the next aligned address.
offsets()
{
	start=$(($(cat $SYS/resource))) size=$(cat $SYS/size)
	region=$(($(cat $REGION/resource))) all=$(cat $REGION/size)
	memmap=$((all * 64 / PAGE))
	[ "$layout" != compact ] || memmap=$((all * own * 64 / (align * 63)))

	is "the data is aligned" $(((start | size) % align)) 0
	check "info block and memmap fit before the data" \
		[ $((start - region)) -ge $((memmap + 8192)) ]
	at_most "bytes that alignment takes before the data" \
		$((start - region)) $((memmap + (4 << 20) + align))
	at_most "bytes behind the data" \
		$((region + all - start - size)) $((align - 1))
}

# A page of the device at this offset is at the same offset of physical memory
# from the data's start.
same_page()
{
	./mapdax read "$DEV" "$1" "$PAGE" >/tmp/mapped &&
		./mapdax read /dev/mem $((start + $1)) "$PAGE" >/tmp/page &&
		cmp /tmp/mapped /tmp/page
}

data()
{
	local part=$1 last

	[ "$part" -lt "$size" ] || part=$size
	last=$((size - part))
	check "the first bytes are written" ./mapdax fill $DEV 0 "$part" 1
	check "the last bytes are written" ./mapdax fill $DEV $last "$part" 1
	check "the first page lies at the data's start" same_page 0
	check "the last page lies at the data's end" same_page $((size - PAGE))
	check "past the end nothing can be mapped" \
		fails ./mapdax check $DEV "$size" "$PAGE" 1
	check "the first bytes are the same" ./mapdax check $DEV 0 "$part" 1
	check "disabled and enabled" again $NS
	check "the first bytes are the same again" \
		./mapdax check $DEV 0 "$part" 1
	check "the last bytes are the same again" \
		./mapdax check $DEV $last "$part" 1
}

# own is what the struct pages of a large page take of the storage. On Linux 7.3 one
# page of tails serves all large pages, if the kernel has this optimization.
own=$((2 * PAGE))
case $(uname -r) in
6.12.*) ;;
*) [ ! -e /proc/sys/vm/hugetlb_optimize_vmemmap ] || own=$PAGE ;;
esac

# The struct pages of what precedes the data take 1/64 of it. A large page has one
# page of struct pages, and one for tails, or one for all. From the third page table
# on there is nothing but tails in them, which one table maps: where one page of tails
# serves all, from the second page table on.
shared()
{
	local before=$(((start - region) / 64)) pages=$((size / align))
	local all=$((align / 64)) used tables get=$size section=$((128 << 20))

	[ "$layout" != early ] || before=0 pages=$((((start + size) / section -
		(start + section - 1) / section) * section / align))

	used=$((pages * own)) tables=$((pages * (all / 2097152 - 2)))
	[ "$own" -ne "$PAGE" ] || {
		used=$((used + PAGE)) tables=$((tables + pages - 1))
	}
	[ $all -gt 8192 ] || used=$((pages * all))
	[ $tables -gt 0 ] || tables=0
	is "KiB of storage in use" "$(column dax0.0 used_KiB)" \
		$(((before + used) >> 10))
	is "KiB of tails that take none" "$(column dax0.0 tails_KiB)" \
		$(((pages * all - used) >> 10))
	is "page tables that are not there" "$(column dax0.0 tables)" "$tables"
	[ "$get" -le $((1 << 30)) ] || get=$((1 << 30))
	check "the kernel takes and drops references to each page, up to 1 GiB" \
		./mapdax get $DEV 0 "$get"
}

# kmem: the device becomes memory, which stays offline, and is a device again
kmem()
{
	unbind dax0.0 "$DAX/drivers/device_dax" &&
		echo dax0.0 >"$KMEM/new_id" &&
		grep "System RAM (kmem)" /proc/iomem && unbind dax0.0 "$KMEM" &&
		echo dax0.0 >"$KMEM/remove_id" &&
		bind dax0.0 "$DAX/drivers/device_dax"
}

tails()
{
	if [ "$(uname -m)" = x86_64 ]; then
		shared
	else
		is "other architectures share no tails" \
			"$(column dax0.0 tails_KiB)" 0
	fi
}

layout=${3:-}
[ "$layout" != compact ] ||
	echo 1 >/sys/module/libnvdimm/parameters/compact_memmap
# without struct pages in DRAM, which memory that memmap= declares has
check "the namespace is disabled" ndctl disable-namespace $NS
counted=$(vmstat nr_memmap_pages)
check "devdax --map=dev is made, aligned to $1" \
	create $NS devdax dev -a "$1"
is "nr_memmap_pages counts no page of the device" \
	"$(vmstat nr_memmap_pages)" "$counted"
align=$(cat $SYS/align)
is "daxctl sees the device" "$(daxctl list | field chardev)" dax0.0
is "daxctl sees its size" "$(daxctl list | field size)" "$(cat $SYS/size)"
offsets
tails
data "$2"
if [ "$size" -le $((4 << 30)) ]; then
	check "the device becomes memory and a device again" kmem
	tails
	check "its first bytes are the same" ./mapdax check $DEV 0 33554432 1
fi
finish
