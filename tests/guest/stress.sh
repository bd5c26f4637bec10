#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stress.sh CYCLES ROUNDS - while files on namespace 0 are in use, two other
# namespaces and then four are disabled and enabled at the same time, CYCLES
# times each. Then two are enabled while they are destroyed and made again,
# ROUNDS times each. At most 64 pages of DRAM are lost, and less than one object
# each time.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

CYCLES=$1 ROUNDS=$2

# Set TAKEN to the pages of DRAM that no statistics name: the kernel's own,
# including memmap and its page tables. All figures are of one moment, and no
# process is started to read them: they are exact to a few pages.
taken()
{
	local name value _

	free_dram >/dev/null
	echo 1 >/proc/sys/vm/stat_refresh
	TAKEN=0
	while read -r name value _; do
		case $name in
		managed) TAKEN=$((TAKEN + value)) ;;
		nr_kernel_stack) TAKEN=$((TAKEN - value / 4)) ;;
		nr_free_pages | count: | nr_anon_pages | nr_file_pages | \
			nr_slab_* | nr_page_table_pages)
			TAKEN=$((TAKEN - value)) ;;
		esac
	done </proc/zoneinfo
}

# Print the objects in use in the kernel's slab caches now; write those of each
# cache to /tmp/slabs.
objects_now()
{
	local cache

	free_dram >/dev/null
	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done
	awk '$2 ~ /^[0-9]+$/ { print $1, $2 }' /proc/slabinfo >/tmp/slabs
	awk '{ n += $2 } END { print n }' /tmp/slabs
}

# Print the same when they have not become fewer for six seconds, since RCU may
# delay frees for five.
objects()
{
	local now least still=0

	least=$(objects_now)
	while [ "$still" -lt 3 ]; do
		sleep 2
		now=$(objects_now) still=$((still + 1))
		if [ "$now" -lt "$least" ]; then
			least=$now still=0
		fi
	done
	echo "$least"
}

# make N: make namespace N in its mode; each has another.
make()
{
	case $1 in
	1) create namespace1.0 fsdax dev ;;
	2) create namespace2.0 fsdax mem ;;
	3) create namespace3.0 devdax dev ;;
	4) create namespace4.0 devdax mem ;;
	esac
}

# device N: print the device of namespace N
device()
{
	if [ -e "/dev/pmem$1" ]; then
		echo "/dev/pmem$1"
	else
		echo "/dev/dax$1.0"
	fi
}

# all COMMAND ARGUMENT...: run COMMAND N ARGUMENT... for namespaces 1 to 4
all()
{
	local command=$1 n

	shift
	for n in 1 2 3 4; do
		"$command" $n "$@" || return 1
	done
}

use()
{
	./mapdax "$2" "$(device "$1")" 0 $((4 * MIB)) "$1"
}

resource()
{
	cat "$ND/$(holder "namespace$1.0")/resource"
}

# Disable and enable namespace N CYCLES times, by its driver.
cycles()
{
	local holder driver _

	holder=$(holder "namespace$1.0")
	driver=$(readlink -f "$ND/$holder/driver")
	for _ in $(seq "$CYCLES"); do
		unbind "$holder" "$driver" && bind "$holder" "$driver" ||
			return 1
	done
}

once()
{
	CYCLES=1 cycles "$1"
}

# at_once COMMAND N...: run COMMAND N for each N at once; all of them succeed.
at_once()
{
	local command=$1 jobs='' status=0 job

	shift
	for n; do
		"$command" "$n" &
		jobs="$jobs $!"
	done
	for job in $jobs; do
		wait "$job" || status=1
	done
	return "$status"
}

# ndctl may fail if another process destroys the namespace at that moment.
enable_on_and_on()
{
	while [ ! -e "/tmp/destroyed$1" ]; do
		ndctl enable-namespace "namespace$1.0" || :
	done
}

# Not all of these commands succeed, but at least a quarter of each kind does.
destroy_and_create()
{
	local destroyed=0 created=0 _

	for _ in $(seq "$ROUNDS"); do
		! ndctl destroy-namespace -f "namespace$1.0" ||
			destroyed=$((destroyed + 1))
		! make "$1" || created=$((created + 1))
	done
	touch "/tmp/destroyed$1"
	note "namespace $1: $destroyed times destroyed, $created made" >&3
	[ $((4 * destroyed)) -ge "$ROUNDS" ] &&
		[ $((4 * created)) -ge "$ROUNDS" ]
}

race()
{
	local destroyers status=0

	at_once destroy_and_create 1 3 &
	destroyers=$!
	at_once enable_on_and_on 1 3 || status=1
	wait "$destroyers" && return "$status"
}

# Write, map, check and remove files, until /tmp/stop exists.
files()
{
	local seed=0

	while [ ! -e /tmp/stop ]; do
		seed=$(((seed + 1) % 256))
		cp /tmp/data /mnt/data &&
			./mapdax fill /mnt/map 0 $((4 * MIB)) $seed &&
			cmp /tmp/data /mnt/data &&
			./mapdax check /mnt/map 0 $((4 * MIB)) $seed &&
			rm /mnt/data /mnt/map || return 1
	done
}

use_files()
{
	rm -f /tmp/stop
	files >/tmp/files 2>&1 &
	FILES=$!
}

leave_files()
{
	touch /tmp/stop
	check "the files were fine all the time" wait "$FILES"
	sed 's/^/# /' /tmp/files
}

# lost TIMES: less than one object was lost each time; print the caches that
# have more objects
lost()
{
	local now

	mv /tmp/slabs /tmp/slabs.before
	now=$(objects)
	dram_at_most "objects in slab caches that were lost" \
		$((now - objects)) $(($1 - 1))
	awk 'NR == FNR { n[$1] = $2; next }
		$2 > n[$1] + 9 { print "#", $1 ":", $2 - n[$1], "more" }' \
		/tmp/slabs.before /tmp/slabs
	objects=$now
}

check "namespaces 1 to 4 are made, each in another mode" all make
check "they are filled" all use fill
resources=$(all resource)
check "namespace 0 is made" create $NS fsdax dev
check "ext4 is made on it" make_fs ext4 /dev/pmem0
check "ext4 is mounted with dax=always" \
	mount_dax ext4 /dev/pmem0
dd if=/dev/urandom of=/tmp/data bs=1M count=2 2>/dev/null
use_files
check "all go round once" at_once once 1 2 3 4
leave_files
taken
before=$TAKEN objects=$(objects)

use_files
check "two are disabled and enabled, $CYCLES times each" at_once cycles 1 3
check "four are disabled and enabled, $CYCLES times each" \
	at_once cycles 1 2 3 4
is "their data begins where it did" "$(all resource)" "$resources"
check "their data is the same" all use check
leave_files
lost "$CYCLES"

use_files
check "two are enabled and destroyed at the same time, $ROUNDS times" race
check "they can be made again" at_once make 1 3
is "their data begins where it did" "$(all resource)" "$resources"
check "they can be used" all use fill
leave_files
lost "$ROUNDS"

taken
dram_at_most "pages of DRAM that were lost" $((TAKEN - before)) 64
check "ext4 is unmounted" umount /mnt
check "ext4 has no errors" e2fsck -n -f /dev/pmem0
finish
