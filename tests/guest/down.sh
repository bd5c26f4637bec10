#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# down.sh WHAT... - the machine stops or sleeps while a namespace is enabled
# whose memmap is on the device:
#
#	make			make the namespace, with a file
#	same			it is enabled, and the file is the same
#	kexec KERNEL INITRAMFS	another kernel is started without the firmware,
#				and runs "same"; kernel and initramfs are on the
#				disk, and have that many bytes
#	crash KERNEL INITRAMFS FILE
#				the kernel crashes, and the kernel that captures
#				the dump runs "captured"; the host writes the
#				storage to FILE as it is at the crash
#	cut COMMAND EVENT	ndctl's COMMAND runs, and power is cut at the
#				first EVENT of the altmaps' traces
#	hibernate		hibernation is refused while a device holds its
#				own memmap
#	sleep			suspend to RAM, and to idle as far as devices;
#				the emulated clock does not wake a machine that
#				is suspended to idle

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

SIZE=$((64 << 20))
TRACING=/sys/kernel/tracing
HIBERNATION='no hibernation while pfn0[.0-9]* holds its own memmap'

make()
{
	check "fsdax --map=dev is made" create "$NS" fsdax dev
	check "ext4 is made" make_fs ext4 /dev/pmem0
	check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0
	check "a file is mapped and written" \
		./mapdax fill /mnt/map 0 "$SIZE" 5
	check "ext4 is unmounted" umount /mnt
}

same()
{
	ndctl list -n $NS >/tmp/list
	is "fsdax --map=dev is enabled" \
		"$(field mode </tmp/list) $(field map </tmp/list)" "fsdax dev"
	check "its memmap is on the device" [ "$(column '' used_KiB)" -gt 0 ]
	check "ext4 has no errors" e2fsck -p /dev/pmem0
	check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0
	check "the file is the same" ./mapdax check /mnt/map 0 $SIZE 5
	check "ext4 is unmounted" umount /mnt
	check "the namespace is disabled and enabled" again $NS
}

# in_use: use the namespace, so that its struct pages change after the enable
in_use()
{
	check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0
	check "a process has the file mapped" keep /mnt/map
}

# load next|crash KERNEL INITRAMFS SCRIPT: load both from the disk, on which the
# initramfs starts 64 MiB after the start of the kernel
load()
{
	head -c "$2" /dev/vda >/tmp/kernel
	tail -c +$(((64 << 20) + 1)) /dev/vda | head -c "$3" >/tmp/initramfs
	check "the kernel is loaded" ./kexec "$1" /tmp/kernel /tmp/initramfs \
		"$(sed 's/ -- .*//; s/crashkernel=[^ ]*//' /proc/cmdline) -- $4"
	rm /tmp/kernel /tmp/initramfs
}

kexec()
{
	load next "$1" "$2" "down.sh same"
	in_use
	sync
	# the output must have been sent
	stty -F /dev/ttyS1 drain 2>/dev/null || :
	exec ./kexec go
}

# The monitor executes its commands one after the other.
crash()
{
	local base owner

	base=$(cat "$REGION"/resource)
	check "devdax --map=dev is made beside it" create namespace1.0 devdax dev
	load crash "$1" "$2" "down.sh captured"
	in_use
	kill -STOP "$KEEPER"
	sync
	echo 1 >/proc/sys/kernel/unknown_nmi_panic
	column '' owner >/tmp/owners
	owner=$(grep pfn /tmp/owners)
	note "$(column "$owner" used_KiB) KiB of storage are in use"
	stty -F /dev/ttyS1 drain 2>/dev/null || :
	qemu pmemsave "$((base + 2 * PAGE))" \
		"$(($(column "$owner" storage_KiB) << 10))" "\"$3\""
	qemu nmi
	sleep 100000
}

# in_vmcore ADDRESS: the dump contains this physical address
in_vmcore()
{
	local count

	count=$(od -An -v -t u2 -j 56 -N 2 /proc/vmcore)
	od -An -v -t u8 -w56 -j 64 -N $((count * 56)) /proc/vmcore |
		awk -v at="$1" '$4 <= at && at < $4 + $6 { found = 1 }
			END { exit !found }'
}

# captured: this kernel must not write to the storage, which the host checks
captured()
{
	local base pointers

	base=$(($(cat "$REGION"/resource)))
	check "there is a dump" [ -s /proc/vmcore ]
	check "the dump has DRAM" in_vmcore $((32 << 20))
	check "the dump has nothing of the namespace" fails in_vmcore "$base"
	check "the dump can be read" cp /proc/vmcore /dev/null
	ndctl list -n "$NS" >/tmp/list
	is "the namespace is enabled" \
		"$(field mode </tmp/list) $(field map </tmp/list)" "fsdax dev"
	dmesg >/tmp/dmesg
	check "the log says that it is without DAX" \
		grep 'without DAX while a dump is captured' /tmp/dmesg
	check "devdax is not enabled" fails ls /dev/dax1.0
	check "the log says why" \
		grep 'not enabled while a dump is captured' /tmp/dmesg
	is "no altmap is there" "$(column '' owner)" ""
	check "it cannot be mounted with dax=always" fails \
		mount_dax ext4 /dev/pmem0
	check "it is mounted without" mount -t ext4 /dev/pmem0 /mnt
	check "a part of the dump is written to it" \
		sh -c 'head -c 16777216 /proc/vmcore >/mnt/vmcore && sync'
	check "ext4 is unmounted" umount /mnt
	check "the namespace is disabled and enabled" again "$NS"
	check "ext4 has no errors" e2fsck -n -f /dev/pmem0
	check "it is mounted without DAX again" mount -t ext4 /dev/pmem0 /mnt
	check "the part of the dump is the same" sh -c \
		'head -c 16777216 /proc/vmcore | cmp - /mnt/vmcore'
	check "ext4 is unmounted again" umount /mnt
	check "the namespace is disabled" ndctl disable-namespace "$NS"
	echo 1 >"$ND/$NS/force_raw"
	check "it is enabled as a raw one" ndctl enable-namespace "$NS"
	pointers=$(./reach pointers /dev/pmem0 $((2 * PAGE)) $((64 << 20)) \
		2>/dev/null)
	check "the struct pages of the other kernel are there ($pointers)" \
		[ "$pointers" -gt $((1 << 19)) ]
}

cut()
{
	[ "$1" = disable-namespace ] ||
		check "the namespace is disabled" ndctl disable-namespace "$NS"
	[ -e "$TRACING"/events ] || mount -t tracefs trace "$TRACING"
	echo 1 >"$TRACING"/events/vmem_altmap/"$2"/enable
	{
		ndctl "$1" "$NS" >/dev/null 2>&1
		echo "not ok - $1 is cut before it ends"
	} &
	grep -q -m 1 "$2:" "$TRACING"/trace_pipe
	echo cut
	qemu quit
	wait
}

# hibernated LEVEL: hibernate, up to that level of pm_test
hibernated()
{
	echo "$1" >/sys/power/pm_test
	dmesg -c >/dev/null
	echo disk >/sys/power/state
}

hibernation_refused()
{
	check "$1: hibernation is refused" fails hibernated freezer
	dmesg >/tmp/dmesg
	check "$1: the log says why" grep "$HIBERNATION" /tmp/dmesg
}

hibernate()
{
	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	hibernation_refused "a namespace is enabled"
	check "ext4 is mounted with dax=always" mount_dax ext4 /dev/pmem0
	hibernation_refused "a file is mounted"
	check "ext4 is unmounted" umount /mnt
	check "the namespace is disabled" ndctl disable-namespace "$NS"
	check "disabled: hibernation is not refused" hibernated devices
	check "the namespace can be enabled again" ndctl enable-namespace "$NS"
	hibernation_refused "enabled again"
	same
}

# slept HOW LEVEL
slept()
{
	echo "$2" >/sys/power/pm_test
	echo "$1" >/sys/power/state
}

# woken HOW: the machine sleeps in that way, until its clock wakes it
woken()
{
	echo +2 >/sys/class/rtc/rtc0/wakealarm
	echo "$1" >/sys/power/state
}

# kept: the process that has the file mapped reads it as it was
kept()
{
	kill -USR1 "$KEEPER" && wait "$KEEPER" &&
		./mapdax check /mnt/map 0 "$SIZE" 5
}

sleep_test()
{
	local level state

	echo 1 >/sys/module/suspend/parameters/pm_test_delay
	in_use
	for state in freeze mem; do
		for level in freezer devices; do
			check "$state, as far as $level" slept $state $level
		done
	done
	echo none >/sys/power/pm_test
	check "mem, woken by the clock" woken mem
	# after that, S5 does nothing with the ACPI state that QEMU's firmware
	# leaves
	: >/tmp/reset
	check "the file is mapped, and the same" kept
	check "ext4 is unmounted" umount /mnt
	same
}

what=$1
shift
case $what in
sleep) sleep_test ;;
*) "$what" "$@" ;;
esac
finish
