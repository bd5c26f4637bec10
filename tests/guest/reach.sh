#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# reach.sh - while a namespace is in use its storage cannot be reached from
# user space: not through the block device, not through a DAX mapping, not
# through /dev/mem, at any offset.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

PAGE=4096
RESERVE=8192

# layout NAMESPACE: set START and STORAGE to the address and size of its
# storage, and DATA to the address after it. The namespace must be enabled.
layout()
{
	local namespace=$ND/$1

	DATA=$(($(cat "$ND/$(cat "$namespace/holder")/resource")))
	START=$(($(cat "$namespace/resource") + RESERVE))
	STORAGE=$((DATA - START))
}

# none NAME COMMAND...: this command of reach counts none
none()
{
	local name=$1

	shift
	is "$name" "$(./reach "$@")" 0
}

# Memory next to the storage can be read as before.
beside()
{
	check "/dev/mem: the info block can be read" \
		./mapdax read /dev/mem $((START - PAGE)) $PAGE
	check "/dev/mem: the first page of data can be read" \
		./mapdax read /dev/mem $DATA $PAGE
}

# memtype PHYS: print the memory type that the kernel has reserved for it
memtype()
{
	local range type

	while read -r _ _ range type; do
		case $range in
		0x*) ;;
		*) continue ;;
		esac
		range=${range%]}
		[ "$1" -lt $((${range%-*})) ] || [ "$1" -ge $((${range#*-})) ] ||
			echo "$type"
	done </sys/kernel/debug/x86/pat_memtype_list
}

# devmem NAMESPACE: /dev/mem does not reach its storage, neither by a mapping
# made before the enable nor afterwards
devmem()
{
	layout "$1"
	check "disabled" ndctl disable-namespace "$1"
	none "/dev/mem: pages mapped before it was enabled, and still there" \
		stale $START $STORAGE "ndctl enable-namespace $1 2>/dev/null"
	# later kernels reserve the type until the mapping is closed
	grep -qw pfnmap_track /proc/kallsyms ||
		is "the memory that it had mapped uncached is cached" \
			"$(memtype $START)" write-back
	none "/dev/mem: pages of the storage that can be had" \
		devmem $START $STORAGE
	beside
}

# Write and read each byte of the block device: all of them are data.
whole_disk()
{
	local size=$1

	./mapdax fill /dev/pmem0 0 "$size" 1 &&
		sync &&
		./mapdax check /dev/pmem0 0 "$size" 1
}

file_pages()
{
	none "$1: pages of the storage, or past the end, in mappings" \
		file "$1" "$2" $START $STORAGE
}

fsdax()
{
	local size

	check "fsdax --map=dev is made" create $NS fsdax dev
	devmem $NS
	size=$(cat $ND/"$(holder $NS)"/size)
	check "the block device is written and read from end to end" \
		whole_disk "$size"
	none "/dev/pmem0: ways past the end" \
		disk /dev/pmem0 "$size" $START $STORAGE
	check "ext4 is made" make_fs ext4 /dev/pmem0
	check "ext4 is mounted with dax=always" \
		mount_dax ext4 /dev/pmem0
	check "a file is written" ./mapdax fill /mnt/map 0 $((8 * MIB)) 2
	file_pages /mnt/map $((8 * MIB))
	check "the file is the same" ./mapdax check /mnt/map 0 $((8 * MIB)) 2
	check "ext4 is unmounted" umount /mnt
}

devdax()
{
	check "devdax --map=dev is made, aligned to $1" \
		create namespace1.0 devdax dev -a "$1"
	layout namespace1.0
	file_pages /dev/dax1.0 "$(cat $ND/"$(holder namespace1.0)"/size)"
}

fsdax
devdax 4K
devdax 2M
devmem namespace1.0
finish
