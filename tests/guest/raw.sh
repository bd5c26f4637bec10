#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# raw.sh - with a kernel that has no struct pages for devices, pmem is a block
# device. A mode that needs struct pages is refused, with the reason, and the
# namespace stays as it was.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

# refused MODE MAP: ndctl fails, and reports that the kernel is the reason
refused()
{
	fails create "$NS" "$1" "$2" 2>/tmp/refused || return
	grep 'cannot support\|does not support' /tmp/refused
}

# use COMMAND: run COMMAND with a file in memory and one on pmem
use()
{
	mount -t ext4 /dev/pmem0 /mnt || return
	"$@" /tmp/data /mnt/data && umount /mnt
}

head -c 8m /dev/urandom >/tmp/data
check "pmem is a block device" [ -b /dev/pmem0 ]
check "ext4 is made" make_fs ext4 /dev/pmem0
check "a file is written" use cp
check "dax=always is refused" fails mount_dax ext4 /dev/pmem0
for mode in fsdax devdax; do
	check "$mode --map=mem is refused" refused $mode mem
	check "$mode --map=dev is refused" refused $mode dev
done
is "the mode of the namespace" "$(ndctl list -Ni | field mode)" raw
check "disabled and enabled" again $NS
check "the file is the same" use cmp
is "nr_memmap_pages counts nothing" "$(vmstat nr_memmap_pages)" 0
finish
