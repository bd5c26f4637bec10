#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# media.sh make|use|look|compact|refused REGEX|found: make sets up an fsdax
# namespace on the first NVDIMM and a devdax one on the second, with files and
# data. In a later boot, perhaps of another kernel, use finds all of that; look
# finds it on NVDIMMs that are read-only now. compact sets up a devdax namespace on
# the first NVDIMM that has no storage for what tails share. A kernel that shares
# nothing has refused it, with a message that matches REGEX; found finds it again.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

WHOLE=$DAX/devices/dax0.0/size
SIZE=$DAX/devices/dax1.0/size

# mode_of NAMESPACE: print its mode, and where its memmap is.
mode_of()
{
	ndctl list -n "$1" >/tmp/list
	echo "$(field mode </tmp/list) $(field map </tmp/list)"
}

make()
{
	check "fsdax --map=dev is made" create "$NS" fsdax dev
	check "ext4 is made" make_fs ext4 /dev/pmem0
	check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0
	check "a file is written" cp -r /test /mnt/test
	check "a file is mapped and written" \
		./mapdax fill /mnt/map 0 $((8 << 20)) 3
	check "ext4 is unmounted" umount /mnt
	check "devdax --map=dev is made" create namespace1.0 devdax dev
	check "the device is filled" \
		./mapdax fill /dev/dax1.0 0 "$(cat "$SIZE")" 4
}

dmesg_has()
{
	dmesg >/tmp/dmesg
	grep "$1" /tmp/dmesg
}

# held PATH: hold a page of it by reference, and release the page
held()
{
	mkfifo /tmp/ready
	./hold vmsplice closed "$1" 0 1 2>/tmp/ready &
	read -r line </tmp/ready
	rm /tmp/ready
	[ "$line" = held ] && kill -USR1 $! && wait $!
}

look()
{
	dmesg >/tmp/dmesg
	is "the kernel says that the memmap is in DRAM" \
		"$(grep -c 'read-only: the memmap of --map=dev is in DRAM' \
			/tmp/dmesg)" 2
	is "no altmap is there" "$(column '' used_KiB)" ""
	use ro
	check "ext4 is mounted" mount_dax ext4 /dev/pmem0 ro
	check "a page of a file is held" held /mnt/map
	check "ext4 is unmounted" umount /mnt
	check "a page of the device is held" held /dev/dax1.0
	check "fsdax is disabled" ndctl disable-namespace "$NS"
	check "devdax is disabled" ndctl disable-namespace namespace1.0
}

# use [ro]
use()
{
	is "fsdax --map=dev is found" "$(mode_of "$NS")" "fsdax dev"
	check "ext4 has no errors" e2fsck -n -f /dev/pmem0
	check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0 "$@"
	check "the files are the same" diff -r /test /mnt/test
	check "the mapped file is the same" \
		./mapdax check /mnt/map 0 $((8 << 20)) 3
	check "ext4 is unmounted" umount /mnt
	is "devdax --map=dev is found" "$(mode_of namespace1.0)" "devdax dev"
	check "the device's data is the same" \
		./mapdax check /dev/dax1.0 0 "$(cat "$SIZE")" 4
}

compact()
{
	check "a namespace is made" create "$NS" devdax dev
	all=$(cat "$WHOLE")
	echo 1 >/sys/module/libnvdimm/parameters/compact_memmap
	check "a compact namespace is made" create "$NS" devdax dev
	note "$all bytes of data before, $(cat "$WHOLE") now"
	check "users see more of it" [ "$(cat "$WHOLE")" -gt "$all" ]
	check "the device is filled" \
		./mapdax fill /dev/dax0.0 0 "$(cat "$WHOLE")" 5
	check "it is disabled and enabled" again "$NS"
	found
}

found()
{
	is "devdax --map=dev is found" "$(mode_of "$NS")" "devdax dev"
	check "its memmap is on it" [ "$(column dax0.0 used_KiB)" -gt 0 ]
	check "the device's data is the same" \
		./mapdax check /dev/dax0.0 0 "$(cat "$WHOLE")" 5
}

# refused REGEX: the log says why the namespace is not enabled
refused()
{
	check "the log says why it is not enabled" dmesg_has "$1"
	check "there is no such device" [ ! -e /dev/dax0.0 ]
	check "nor is there a raw one" [ ! -e /dev/pmem0 ]
	check "it cannot be enabled" fails ndctl enable-namespace "$NS"
}

"$@"
finish
