#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stress.sh CYCLES ROUNDS - while files on namespace 0 are in use, two others
# and then four are disabled and enabled at the same time, CYCLES times each;
# and enabled while they are destroyed and made again, ROUNDS times each. Not a
# page of DRAM or storage is lost.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

ND=/sys/bus/nd/devices
CYCLES=$1 ROUNDS=$2
MIB=1048576

# Sets TAKEN to the pages of DRAM that no statistics name: the kernel's own,
# memmap and its page tables among them. All figures are of one moment, and no
# process is needed to read them: that is exact to a few pages.
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

# Objects in use in the kernel's slab caches
objects()
{
	local cache

	for cache in /sys/kernel/slab/*/shrink; do
		echo 1 >"$cache"
	done
	awk '$2 ~ /^[0-9]+$/ { n += $2 } END { print n }' /proc/slabinfo
}

# Namespace N in its mode; each has another.
make()
{
	case $1 in
	1) create namespace1.0 fsdax dev ;;
	2) create namespace2.0 fsdax mem ;;
	3) create namespace3.0 devdax dev ;;
	4) create namespace4.0 devdax mem ;;
	esac
}

# The device of namespace N
device()
{
	if [ -e "/dev/pmem$1" ]; then
		echo "/dev/pmem$1"
	else
		echo "/dev/dax$1.0"
	fi
}

# all COMMAND ARGUMENT...: COMMAND N ARGUMENT... for namespaces 1 to 4
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
	cat "$ND/$(cat "$ND/namespace$1.0/holder")/resource"
}

# Disable and enable namespace N CYCLES times, by its driver.
cycles()
{
	local holder driver _

	holder=$(cat "$ND/namespace$1.0/holder")
	driver=$(readlink -f "$ND/$holder/driver")
	for _ in $(seq "$CYCLES"); do
		echo "$holder" >"$driver/unbind" &&
			echo "$holder" >"$driver/bind" || return 1
	done
}

# at_once COMMAND N...: COMMAND N for each N; all of them succeed.
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

# Whoever looks at a namespace while another takes it away may fail.
enable_on_and_on()
{
	while [ ! -e "/tmp/destroyed$1" ]; do
		ndctl enable-namespace "namespace$1.0" || :
	done
}

destroy_and_create()
{
	local _

	for _ in $(seq "$ROUNDS"); do
		ndctl destroy-namespace -f "namespace$1.0" || :
		make "$1" || :
	done
	touch "/tmp/destroyed$1"
}

race()
{
	at_once destroy_and_create 1 3 &
	at_once enable_on_and_on 1 3 && wait $!
}

# Files are written, mapped, checked and removed, until somebody says so.
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

check "namespaces 1 to 4 are made, each in another mode" all make
check "they are filled" all use fill
resources=$(all resource)
check "namespace 0 is made" create namespace0.0 fsdax dev
check "ext4 is made on it" make_fs ext4 /dev/pmem0
check "ext4 is mounted with dax=always" \
	mount -t ext4 -o dax=always /dev/pmem0 /mnt
dd if=/dev/urandom of=/tmp/data bs=1M count=2 2>/dev/null
check "all go round once" at_once cycles 1 2 3 4
taken
before=$TAKEN objects=$(objects)

files >/tmp/files 2>&1 &
files=$!
check "two are disabled and enabled, $CYCLES times each" at_once cycles 1 3
check "four are disabled and enabled, $CYCLES times each" \
	at_once cycles 1 2 3 4
is "their data begins where it did" "$(all resource)" "$resources"
check "their data is the same" all use check
check "two are enabled and destroyed at the same time, $ROUNDS times" race
check "they can be made again" at_once make 1 3
is "their data begins where it did" "$(all resource)" "$resources"
check "they can be used" all use fill
touch /tmp/stop
check "the files were fine all the time" wait $files
sed 's/^/# /' /tmp/files
taken
dram_at_most "pages of DRAM that were lost" $((TAKEN - before)) 64
dram_at_most "objects in slab caches that were lost" \
	$(($(objects) - objects)) $((3 * CYCLES))
check "ext4 is unmounted" umount /mnt
check "ext4 has no errors" e2fsck -n -f /dev/pmem0
finish
