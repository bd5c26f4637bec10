#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demand.sh FILESYSTEM... - the struct pages of an fsdax namespace are written when
# their pages are first handed out: not by an enable, not by reads and writes of
# files, but by each kind of page fault, on the namespace's disk and on one of
# device-mapper. Then all sections are mapped, and then all belong to a cache of
# dm-writecache, for another NVDIMM.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

SECTION_KIB=2048	# of struct pages, for 128 MiB
WAYS='read write sync private fork large threads uffd'
TRACE=/sys/kernel/tracing

owned()
{
	column "" owned
}

# some NAME MOST COMMAND...: COMMAND succeeds, and a section more owns its struct
# pages, or several, up to MOST
some()
{
	local name=$1 most=$2 before more

	shift 2
	before=$(owned)
	check "$name" "$@"
	more=$(($(owned) - before))
	check "$name: sections that now own their struct pages: 1 to $most" \
		[ "$more" -ge 1 -a "$more" -le "$most" ]
}

# none NAME COMMAND...: COMMAND succeeds, and no section more owns them
none()
{
	local name=$1 before

	shift
	before=$(owned)
	check "$name" "$@"
	is "$name: no section gets struct pages of its own" "$(owned)" "$before"
}

# What an enable writes: one block for all whole sections
enabled()
{
	is "$1: a section for each 128 MiB" "$(column "" sections)" \
		$((SIZE / (128 << 20)))
	is "$1: none owns its struct pages" "$(owned)" 0
	is "$1: KiB of struct pages that were written" \
		"$(column "" written_KiB)" $SECTION_KIB
	is "$1: KiB of storage that are set aside" "$(column "" used_KiB)" \
		$((SIZE / 64 / 1024))
}

# A page that was never written is a hole, which the page of zeroes serves. So write
# where the faults will be.
make_files()
{
	local way offset=$((64 << 20))

	fallocate -l $((9 << 28)) /mnt/map || return
	for way in $WAYS; do
		dd if=/dev/zero of=/mnt/map bs=4096 count=1 conv=notrunc \
			seek=$((offset / 4096)) 2>/dev/null || return
		offset=$((offset + (256 << 20)))
	done
	dd if=/dev/urandom of=/tmp/data bs="$MIB" count=8 2>/dev/null
}

write_and_read()
{
	cp /tmp/data /mnt/data && echo 3 >/proc/sys/vm/drop_caches &&
		cmp /tmp/data /mnt/data
}

# faults FILESYSTEM: each way takes pages of a section that nobody has had. Where
# the filesystem has put the file, more than one page can lie in two sections.
faults()
{
	local fs=$1 way most offset=$((64 << 20))

	for way in $WAYS; do
		case $way in large | threads) most=2 ;; *) most=1 ;; esac
		some "$fs: fault, $way" $most ./fault "$way" /mnt/map $offset
		none "$fs: fault, $way, again" ./fault read /mnt/map \
			$((offset + (32 << 20)))
		offset=$((offset + (256 << 20)))
	done
}

files()
{
	local fs=$1 device=$2

	none "$fs is made" make_fs "$fs" "$device"
	none "$fs is mounted with dax=always" mount_dax "$fs" "$device"
	none "$fs: a file is allocated" make_files
	none "$fs: a file is written and read" write_and_read
	faults "$fs"
	check "$fs: 1 GiB is written through a mapping" \
		./mapdax fill /mnt/map 0 $((1 << 30)) 9
	check "$fs: it is there" ./mapdax check /mnt/map 0 $((1 << 30)) 9
	check "$fs is unmounted" umount /mnt
}

# The trace has a line for each section, and the sum is the list's.
traced()
{
	local events

	events=$(grep -c vmem_altmap_own: $TRACE/trace)
	is "$1: the trace has an event for each section" "$events" "$(owned)"
	note "$1: ns for the struct pages of a section:" \
		"$(sed -n 's/.*vmem_altmap_own:.* ns=//p' $TRACE/trace |
			sort -n | awk '{ ns[NR] = $1 }
			END { print "median " ns[int((NR + 1) / 2)] ", most " ns[NR] }')"
}

writecache()
{
	echo "0 $(cat /sys/block/pmem1/size) writecache p /dev/pmem1 /dev/pmem0 4096 0" |
		dmsetup create cache
}

# all_of_it: map each byte of the disk's one file; the last section keeps the
# template
all_of_it()
{
	local size

	mount_dax ext4 /dev/pmem0 && rm /mnt/map /mnt/data &&
		size=$(($(stat -f -c %f /mnt) * 4096 - (32 << 20))) &&
		fallocate -l "$size" /mnt/map &&
		./mapdax fill /mnt/map 0 "$size" 3 &&
		./mapdax check /mnt/map 0 "$size" 3 &&
		umount /mnt
}

SIZE=$(cat $REGION/size)
mount -t tracefs trace $TRACE
echo 1 >$TRACE/events/vmem_altmap/vmem_altmap_own/enable
check "fsdax --map=dev is made" create $NS fsdax dev
enabled "at first"
for fs; do
	: >$TRACE/trace
	files "$fs" /dev/pmem0
	traced "$fs"
	check "$fs: disabled and enabled" again $NS
	enabled "$fs: enabled again"
done

echo "0 $(cat /sys/block/pmem0/size) linear /dev/pmem0 0" | dmsetup create linear
check "device-mapper has a disk on it" [ -e /dev/dm-0 ]
files ext4 /dev/dm-0
check "device-mapper's disk is removed" dmsetup remove linear

check "disabled and enabled" again $NS
check "each section is mapped" all_of_it
is "each section owns its struct pages" "$(owned)" "$(column "" sections)"
is "and all of them are written" "$(column "" written_KiB)" \
	"$(column "" used_KiB)"
check "disabled and enabled after that" again $NS
enabled "after that"

check "dm-writecache caches another disk in it" writecache
is "each section owns its struct pages, which dm-writecache may use" \
	"$(owned)" "$(column "" sections)"
dd if=/dev/urandom of=/tmp/data bs="$MIB" count=8 2>/dev/null
check "data is written" cp /tmp/data /dev/dm-0
check "and written back" dmsetup message cache 0 flush
check "the cache is removed" dmsetup remove cache
check "the data is on the other disk" \
	sh -c "head -c $((8 << 20)) /dev/pmem1 | cmp - /tmp/data"
check "disabled" ndctl disable-namespace $NS
finish
