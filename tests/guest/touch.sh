#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# touch.sh MIB - fio writes to a file of that size, in steps, on ext4 with DAX and
# --map=dev, on the disk that tools/peers makes: a page of each 128 MiB (first),
# the same pages (again), pages anywhere after all was written (after), then, with
# the namespace enabled again, a page of each 128 MiB while two other processes
# write to another file (first-busy).
#
# Print lines "fsdax dev GIB STEP-mean|STEP-most NANOSECONDS", of a write of 4 KiB
# with its page fault, and "fsdax dev GIB after-speed BYTES", of a second.

# shellcheck shell=dash disable=SC2016,SC2317 source-path=SCRIPTDIR
. ./lib.sh

mounted()
{
	mkdir -p /mnt/dax && mount -o dax=always /dev/pmem0 /mnt/dax
}

# steps FILE: run the steps of this job file
steps()
{
	inside fio --output-format=json --output=/tmp/json "$1" &&
		inside jq -r --arg at "fsdax dev $GIB" '
		.jobs[] | select(.jobname | . != "busy" and . != "all") |
		"\($at) \(.jobname)" as $step |
		"\($step)-mean \(.write.clat_ns.mean | floor)",
		"\($step)-most \(.write.clat_ns.max)",
		if .jobname == "after" then "\($step)-speed \(.write.bw_bytes)"
		else empty end' /tmp/json
}

# strided NAME OPTION: a step that writes to a page of each 128 MiB
strided()
{
	cat <<-END
	[$1]
	filename=file
	$2
	rw=write:131068k
	size=${size}m
	io_size=$((size / 32))k
	END
}

size=$1
GIB=$(($(cat $REGION/size) >> 30))
mount_peers

cat >/tmp/common <<-END
[global]
directory=/dax
ioengine=mmap
bs=4k
fallocate=none
allow_file_create=0
overwrite=1
END
{
	cat /tmp/common
	strided first stonewall
	strided again stonewall
	cat <<-END
	[all]
	filename=file
	stonewall
	rw=write
	bs=1m
	size=${size}m
	[after]
	filename=file
	stonewall
	rw=randwrite
	norandommap
	size=${size}m
	io_size=256m
	END
} >/tmp/quiet
{
	cat /tmp/common
	cat <<-END
	[busy]
	filename=other
	numjobs=2
	rw=randwrite
	norandommap
	size=1g
	time_based
	runtime=1h
	END
	strided first-busy exitall
} >/tmp/busy

check "fsdax --map=dev is made" create $NS fsdax dev
check "ext4 is made" make_fs ext4 /dev/pmem0
check "it is mounted with DAX" mounted
# what is allocated but never written is zeroed by its first fault
check "the file is written" dd if=/dev/zero of=/mnt/dax/file bs=1M count="$size"
check "another is written" dd if=/dev/zero of=/mnt/dax/other bs=1M count=1024
check "fio writes" steps /tmp/quiet
cat /tmp/check
check "it is unmounted" umount /mnt/dax
check "the namespace is enabled again" again $NS
check "it is mounted again" mounted
check "fio writes while others do" steps /tmp/busy
cat /tmp/check
finish
