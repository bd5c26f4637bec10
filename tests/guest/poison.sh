#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# poison.sh told WHAT... | machine-checks - memory of a namespace made with
# --map=dev fails. The test reports the failure to the kernel in each way that
# exists, or the machine reports it, while the namespace is in use and while it
# is being enabled and disabled. If reserve or storage fails, the kernel can do
# nothing, and logs that. If data fails, the kernel takes it from the processes
# that have it mapped. HardwareCorrupted counts the page once, and no longer
# when the namespace is disabled.
#
# WHAT is raw (fsdax that no process has mapped), ext4, xfs, xfs-rmapbt (which
# finds the file of each page), devdax:ALIGN, or devdax-mem:ALIGN, which is made
# with --map=mem instead and has no storage.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

OFFLINE=/sys/devices/system/memory/hard_offline_page
INJECT=/sys/kernel/debug/hwpoison/corrupt-pfn
SIZE=$((8 << 20))
TRACING=/sys/kernel/tracing

corrupted()
{
	meminfo HardwareCorrupted
}

# tell HOW ADDRESS: report to the kernel that the page there has failed
tell()
{
	case $1 in
	offline) echo "$2" >"$OFFLINE" ;;
	inject) echo $(($2 / PAGE)) >"$INJECT" ;;
	esac
}

# line ADDRESS RESULT: the log has this result for the page there
line()
{
	dmesg >/tmp/dmesg
	grep -q "$(printf 'Memory failure: 0x%x: recovery action for dax page: %s' \
		$(($1 / PAGE)) "$2")" /tmp/dmesg
}

# refused NAME ADDRESS: the kernel can do nothing, for each way of reporting
refused()
{
	local before how

	before=$(corrupted)
	for how in offline inject; do
		dmesg -c >/dev/null
		check "$NAME, $how: its $1 is refused" fails tell $how "$2"
		check "$NAME, $how: the log says so" line "$2" Failed
		is "$NAME, $how: its $1 is not counted" "$(corrupted)" "$before"
	done
}

# status COMMAND...: run it, and set STATUS
status()
{
	STATUS=0
	"$@" 2>/dev/null || STATUS=$?
}

# phys PATH OFFSET: print the physical address. pagemap shows no page of 1G.
phys()
{
	case $1 in
	/dev/dax*) echo $(($(cat $DAX/devices/"${1#/dev/}"/resource) + $2)) ;;
	*) ./mapdax phys "$1" "$2" ;;
	esac
}

# taken PATH KIB [OFFSET]: report failures of the page at OFFSET, or of the first
# one, of PATH, which can be mapped; HardwareCorrupted must rise by KIB, once
taken()
{
	local path=$1 kib=$2 offset=${3:-0} before address how

	before=$(corrupted)
	address=$(phys "$path" "$offset")
	for how in offline inject; do
		dmesg -c >/dev/null
		check "$NAME, $how: a process has data mapped" keep "$path" "$offset"
		check "$NAME, $how: that is taken" tell $how "$address"
		check "$NAME, $how: the log says so" line "$address" Recovered
		# whoever did not get the signal ends now
		kill -USR1 "$KEEPER" 2>/dev/null || :
		status wait "$KEEPER"
		is "$NAME, $how: the process gets SIGBUS" "$STATUS" "$SIGBUS"
		is "$NAME, $how: KiB that are counted" \
			$(($(corrupted) - before)) "$kib"
	done
	status ./mapdax poison "$path" "$offset"
	is "$NAME, madvise: the process gets SIGBUS" "$STATUS" "$SIGBUS"
	is "$NAME, madvise: KiB that are counted" \
		$(($(corrupted) - before)) "$kib"
}

# gone: nothing is counted of a namespace that is disabled, or enabled again
gone()
{
	check "$NAME is disabled" ndctl disable-namespace "$NS"
	is "$NAME: nothing is counted then" "$(corrupted)" 0
	check "$NAME is enabled" ndctl enable-namespace "$NS"
	is "$NAME: nothing is counted then, either" "$(corrupted)" 0
}

# xfs-rmapbt finds the file of a page itself, and takes the page from it
make_it()
{
	case $1 in
	xfs-rmapbt) mkfs.xfs -q -f -m rmapbt=1,reflink=1 /dev/pmem0 ;;
	*) make_fs "$1" /dev/pmem0 ;;
	esac
}

# file TYPE: pages of a file fail; when the filesystem is mounted again, the
# file is the same
file()
{
	check "$1 is made" make_it "$1"
	check "$1 is mounted with dax=always" mount_dax "$1" /dev/pmem0
	check "$1: a file is written" ./mapdax fill /mnt/map 0 "$SIZE" 1
	taken /mnt/map $((PAGE / 1024))
	refused reserve "$BASE"
	refused storage $((BASE + (2 << 20)))
	check "$1 is unmounted" umount /mnt
	gone
	check "$1 is mounted again" mount_dax "$1" /dev/pmem0
	check "$1: the file is the same" ./mapdax check /mnt/map 0 "$SIZE" 1
	check "$1 is unmounted again" umount /mnt
}

# raw: data of a block device fails, which no process can have mapped
raw()
{
	refused data $((BASE + (512 << 20)))
	refused reserve $((BASE + PAGE))
	refused storage $((BASE + (2 << 20) + PAGE))
	gone
}

# device MAP ALIGN: a page at the end of the first large one fails
device()
{
	local at=$(($2 > SIZE ? $2 - SIZE : 0))

	check "$NAME: it is written" ./mapdax fill /dev/dax0.0 $at "$SIZE" 2
	taken /dev/dax0.0 $((PAGE / 1024)) $at
	[ "$1" = mem ] || {
		refused reserve "$BASE"
		refused storage $((BASE + (2 << 20)))
	}
	gone
	check "$NAME: its data is the same" \
		./mapdax check /dev/dax0.0 $at "$SIZE" 2
	taken /dev/dax0.0 $((PAGE / 1024)) $at
}

# made MODE MAP [OPTION...]
made()
{
	check "$NAME: it is made" create $NS "$@"
}

told()
{
	for NAME; do
		case $NAME in
		raw) made fsdax dev; raw ;;
		devdax:*) made devdax dev -a "${NAME#*:}"; device dev "${NAME#*:}" ;;
		devdax-mem:*) made devdax mem -a "${NAME#*:}"; device mem "${NAME#*:}" ;;
		*) made fsdax dev; file "$NAME" ;;
		esac
		check "$NAME: it is destroyed" ndctl destroy-namespace -f $NS
		is "$NAME: nothing is counted of what is destroyed" \
			"$(corrupted)" 0
	done
}

# machine_check ADDRESS: the machine reports that the memory there has failed,
# as a patrol scrubber does (action optional). Set LINE to what memory_failure()
# logs.
CHECKS=0
machine_check()
{
	CHECKS=$((CHECKS + 1))
	echo "check $CHECKS" >/dev/kmsg
	qemu mce 0 9 0xbd000000000000c0 5 "$(printf '0x%x' "$1")" 0x8c
	LINE=$(awk -v n="$CHECKS" -v pfn="$(printf '0x%x' $(($1 / PAGE)))" '
		{ text = substr($0, index($0, ";") + 1) }
		text == "check " n { on = 1 }
		on && text ~ "^Memory failure: " pfn ": " &&
		text !~ "Sending SIGBUS" {
			sub(/.*: /, "", text); print text; exit
		}' /dev/kmsg)
	note "$LINE"
}

# bad FILE ADDRESS START: this list of bad blocks, which counts from START,
# contains that address
bad()
{
	awk -v sector=$((($2 - $3) / 512)) '
		sector >= $1 && sector < $1 + $2 { found = 1 }
		END { exit !found }' "$1"
}

bad_in_region()
{
	bad "$REGION"/badblocks "$1" "$BASE"
}

# release NAMESPACE: take it from the device that has claimed it
release()
{
	echo >"$ND/$(holder "$1")/namespace"
}

# data_checked: data of namespace FIRST fails, which a process has mapped
data_checked()
{
	local address start

	check "ext4 is made" make_fs ext4 /dev/pmem0
	check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0
	check "a file is written" ./mapdax fill /mnt/map 0 "$SIZE" 3
	address=$(./mapdax phys /mnt/map 0)
	check "a process has data mapped" keep /mnt/map
	machine_check $((address))
	is "data: it is taken" "$LINE" Recovered
	status wait "$KEEPER"
	is "data: the process gets SIGBUS" "$STATUS" "$SIGBUS"
	is "data: KiB that are counted" "$(corrupted)" $((PAGE / 1024))
	check "data: the region has the bad block" bad_in_region "$address"
	status ./mapdax check /mnt/map 0 "$SIZE" 3
	is "data: who maps it again gets SIGBUS" "$STATUS" "$SIGBUS"
	check "data: the file behind it is the same" \
		./mapdax check /mnt/map "$PAGE" $((SIZE - PAGE)) 3
	check "ext4 is unmounted" umount /mnt
	NS=$FIRST
	gone
	start=$(cat /sys/block/pmem0/device/resource)
	check "data: the disk has the bad block, enabled again" \
		bad /sys/block/pmem0/badblocks "$address" $((start))
	check "ext4 is mounted again" mount_dax ext4 /dev/pmem0
	status ./mapdax check /mnt/map 0 "$SIZE" 3
	is "data: who maps it still gets SIGBUS" "$STATUS" "$SIGBUS"
	check "data: the file behind it is the same" \
		./mapdax check /mnt/map "$PAGE" $((SIZE - PAGE)) 3
	check "ext4 is unmounted again" umount /mnt
}

# during EVENT COMMAND ADDRESS: COMMAND runs; at the first EVENT of the altmaps'
# traces, the memory at ADDRESS fails
during()
{
	local event=$1 command=$2 address=$3

	[ -e $TRACING/trace ] || mount -t tracefs trace $TRACING
	echo >$TRACING/trace
	echo 1 >$TRACING/events/vmem_altmap/"$event"/enable
	ndctl "$command" "$SECOND" >/tmp/out 2>&1 &
	grep -q -m 1 "$event:" $TRACING/trace_pipe
	machine_check "$address"
	status wait $!
	echo 0 >$TRACING/events/vmem_altmap/"$event"/enable
	is "storage: $command goes through" "$STATUS" 0
}

# Memory of the first of two namespaces in a region fails, then of the second.
# QEMU's NVDIMMs cannot clear bad blocks.
machine_checks()
{
	local first=$BASE second=$((BASE + (512 << 20))) start sum

	check "the region has labels" label
	check "a namespace is made" new fsdax 512M dev 2M
	FIRST=$MADE NAME=$MADE
	check "another is made" new devdax 256M dev 2M
	SECOND=$MADE
	check "that is disabled" ndctl disable-namespace "$SECOND"
	data_checked

	machine_check $((first + (4 << 20)))
	is "storage: nothing can be done" "$LINE" Failed
	is "storage: it is not counted" "$(corrupted)" 0
	check "storage: the region has the bad block" \
		bad_in_region $((first + (4 << 20)))
	check "storage: another namespace is enabled" \
		ndctl enable-namespace "$SECOND"
	start=$(cat /sys/block/pmem0/device/resource)
	sum=$(head -c 4194304 /dev/pmem0 | md5sum)
	check "storage: the namespace is disabled" \
		ndctl disable-namespace "$FIRST"
	dmesg -c >/dev/null
	check "storage: with a bad block it is not enabled" \
		fails ndctl enable-namespace "$FIRST"
	dmesg >/tmp/dmesg
	check "storage: the log says why" \
		grep "error clearing .* badblocks at" /tmp/dmesg
	# the device that was not enabled still claims the namespace
	check "storage: the namespace is released" release "$FIRST"
	echo 1 >$ND/"$FIRST"/force_raw
	check "storage: it is enabled as a raw one" \
		ndctl enable-namespace "$FIRST"
	is "storage: its data can be read there" "$(dd if=/dev/pmem0 bs=1M \
		skip=$(((start - first) >> 20)) count=4 | md5sum)" "$sum"

	during vmem_altmap_free disable-namespace \
		$((second + (128 << 20)))
	during vmem_altmap_alloc enable-namespace \
		$((second + (128 << 20) + PAGE))
	during vmem_altmap_scrub_begin disable-namespace \
		$((second + (2 << 20)))
	is "nothing is counted in the end" "$(corrupted)" 0
}

# a process that has a page mapped gets the signal at once, not at its next
# access
echo 1 >/proc/sys/vm/memory_failure_early_kill
BASE=$(cat $REGION/resource)
BASE=$((BASE))
is "nothing is counted to begin with" "$(corrupted)" 0
case $1 in
told) shift; told "$@" ;;
machine-checks) machine_checks ;;
esac
finish
