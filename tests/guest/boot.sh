#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.sh LEVELS [base-pages]: page tables have that many levels, the CPU has no
# large pages if it should not, and a namespace with its memmap on the device
# works.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

is "page tables have $1 levels" "$(./levels)" "$1"
[ "${2:-}" != base-pages ] ||
	check "there are no large pages" sh -c '! grep -qw pse /proc/cpuinfo'
check "fsdax --map=dev is made" create $NS fsdax dev
is "nr_memmap_pages counts no page of the device" "$(vmstat nr_memmap_pages)" 0
check "ext4 is made" make_fs ext4 /dev/pmem0
check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0
check "a file is mapped and written" ./mapdax fill /mnt/map 0 $((8 << 20)) 5
check "the mapping's page is on the device" \
	is_pmem "$(./mapdax phys /mnt/map 0)"
check "ext4 is unmounted" umount /mnt
check "disabled and enabled" again $NS
check "ext4 is mounted again" mount_dax ext4 /dev/pmem0
check "the file is the same" ./mapdax check /mnt/map 0 $((8 << 20)) 5
finish
