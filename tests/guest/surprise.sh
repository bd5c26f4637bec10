#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# surprise.sh - a namespace is unbound from its driver while a process has it
# mapped: a file on it, or the device itself. When the namespace is bound again,
# all is as it was. When it is made anew with another layout, the process cannot
# read the storage.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

SIZE=$((8 << 20))

# driver bind|unbind
driver()
{
	"$1" "$HOLDER" "$DRIVER"
}

# made MODE MAP: make the namespace. Set HOLDER to the device that holds it, and
# DRIVER to that device's driver.
made()
{
	check "$1 --map=$2 is made" create $NS "$1" "$2"
	HOLDER=$(holder $NS)
	DRIVER=$(readlink -f "$ND/$HOLDER/driver")
}

# filesystem TYPE: make one on which a file begins where storage can be later
filesystem()
{
	case $1 in
	ext4) mkfs.ext4 -q -F -b 4096 -N 64 -O ^has_journal /dev/pmem0 12M ;;
	xfs) make_fs xfs /dev/pmem0 ;;
	esac
}

# Ask the process to print what it reads; it must have been killed before.
killed()
{
	local status=0

	kill -USR1 "$KEEPER" 2>/dev/null || :
	wait "$KEEPER" || status=$?
	is "$1: its process gets SIGBUS" "$status" "$SIGBUS"
}

# file TYPE: map a file, unbind its device, and bind the device again
file()
{
	check "$1 is made" filesystem "$1"
	free=$(free_dram) memmap=$(vmstat nr_memmap_pages)
	check "$1 is mounted with dax=always" mount_dax "$1" /dev/pmem0
	check "$1: a file is written" ./mapdax fill /mnt/map 0 "$SIZE" 1
	check "$1: a process has it mapped" keep /mnt/map
	check "$1: its device is unbound" driver unbind
	killed "$1"
	check "$1 is unmounted" umount /mnt
	check "$1: its device is bound again" driver bind
	dram_at_most "$1: KiB of DRAM that took" $((free - $(free_dram))) 128
	is "$1: nr_memmap_pages is what it was" \
		"$(vmstat nr_memmap_pages)" "$memmap"
	check "$1 is mounted again" mount_dax "$1" /dev/pmem0
	check "$1: the file is the same" \
		./mapdax check /mnt/map 0 "$SIZE" 1
	check "$1 is unmounted again" umount /mnt
}

device()
{
	free=$(free_dram) memmap=$(vmstat nr_memmap_pages)
	check "devdax: it is written" ./mapdax fill /dev/dax0.0 0 "$SIZE" 2
	check "devdax: a process has it mapped" keep /dev/dax0.0
	check "devdax: it is unbound" driver unbind
	killed devdax
	check "devdax: it is bound again" driver bind
	dram_at_most "devdax: KiB of DRAM that took" $((free - $(free_dram))) 128
	is "devdax: nr_memmap_pages is what it was" \
		"$(vmstat nr_memmap_pages)" "$memmap"
	check "devdax: its data is the same" \
		./mapdax check /dev/dax0.0 0 "$SIZE" 2
}

# storage TYPE: storage is made where a file was that is still mapped
storage()
{
	local first

	check "$1 is made" filesystem "$1"
	check "$1 is mounted with dax=always" mount_dax "$1" /dev/pmem0
	check "$1: a file is written" ./mapdax fill /mnt/map 0 "$SIZE" 3
	first=$(./mapdax phys /mnt/map 0)
	check "$1: a process has it mapped" keep /mnt/map
	check "$1: its device is unbound" driver unbind
	check "$1: it is destroyed" ndctl destroy-namespace -f $NS
	made fsdax dev
	at_most "$1: the file began where storage is now" \
		$((first)) $(($(cat "$ND/$HOLDER/resource") - 1))
	killed "$1"
	is "$1: addresses of the kernel that its process saw" \
		"$(./reach pointers /tmp/kept 0 "$(stat -c %s /tmp/kept)")" 0
	check "$1 is unmounted" umount /mnt
}

for fs in ext4 xfs; do
	made fsdax mem
	storage $fs
	file $fs
done
made devdax dev
device
finish
