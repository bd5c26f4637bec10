#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# held.sh WHAT... - a namespace is removed while processes hold pages of it, by
# reference or by a mapping alone. The removal waits for the references, and
# logs that once. It delays neither sync nor another filesystem. It ends after
# the last reference is put, and then the namespace is as it was.
#
# WHAT is devdax:ALIGN, or a filesystem: ext4, xfs, xfs-rmapbt, xfs-plain,
# erofs; with :dm the filesystem is on a target of device mapper. Or WHAT is
# blockdev: the pages of it that are held are DRAM, and the removal does not
# wait. Or, as the last one, it is nfit: all NVDIMMs are removed.
#
# pmem1 is for another filesystem. O_DIRECT reads from pmem2 end when this
# script resumes their device.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

FILES=/tmp/files
SLOW=/dev/dm-0
WAITS='its removal waits for'
# there is no udev: dmsetup makes device mapper's nodes itself, and does not
# wait for udev's semaphore
export DM_DISABLE_UDEV=1

# driver bind|unbind
driver()
{
	"$1" "$HOLDER" "$DRIVER"
}

# made MODE [OPTION...]: make the namespace. Set HOLDER to the device that holds
# it, and DRIVER to that device's driver.
made()
{
	local mode=$1

	shift
	check "$mode is made" create $NS "$mode" dev "$@"
	HOLDER=$(holder $NS)
	DRIVER=$(readlink -f "$ND/$HOLDER/driver")
}

# hold HOW STATE PATH OFFSET PAGES: start a process that holds these pages, and
# add it to HOLDERS; REFS is the number of pages that are referenced so far.
HOLDERS='' REFS=0
hold()
{
	local line=''

	rm -f /tmp/ready
	mkfifo /tmp/ready
	./hold "$@" $SLOW 2>/tmp/ready &
	HOLDERS="$HOLDERS $!"
	read -r line </tmp/ready || :
	is "$3 is $2, $5 pages of it: $1" "$line" held
	case $1 in
	futex | ptrace | freeze | splice | nothing) ;;
	*) REFS=$((REFS + $5)) ;;
	esac
}

# let_go PID: the process releases its pages. XFS with a reverse map finds the
# file of a page, and kills the processes that have the file mapped.
let_go()
{
	local status=0

	kill -USR1 "$1" 2>/dev/null || :
	wait "$1" || status=$?
	case $status,${TYPE:-} in
	0,* | "$SIGBUS,xfs-rmapbt") ;;
	*) return 1 ;;
	esac
}

# slow suspend|resume: reads from the slow device wait, or complete again.
slow()
{
	dmsetup "$1" --noflush --nolockfs slow 2>/tmp/slow ||
		{ cat /tmp/slow; return 1; }
}

# begin COMMAND...: start a removal that should wait. Set LINE to the message
# with which the kernel reports the wait, or to nothing if the removal ended
# without one.
BEGUN=0
begin()
{
	BEGUN=$((BEGUN + 1))
	echo "begin $BEGUN" >/dev/kmsg
	(
		status=0
		"$@" >/tmp/removal 2>&1 || status=$?
		echo $status >/tmp/status
		echo "end $BEGUN" >/dev/kmsg
	) &
	REMOVAL=$!
	LINE=$(awk -v n="$BEGUN" -v waits="$WAITS" '
		{ text = substr($0, index($0, ";") + 1) }
		text == "begin " n { on = 1 }
		text == "end " n { exit }
		on && index(text, waits) { print text; exit }' /dev/kmsg)
	note "$LINE"
}

# evict NAME COMMAND...: start COMMAND, which evicts a file whose pages are held.
# In later kernels it waits for them, until the device is removed.
evict()
{
	local name=$1

	shift
	"$@" &
	EVICTION=$!
	check "$name" evicting
}

# evicting: wait until it waits or has ended
evicting()
{
	until waiting; do
		grep -qs '^State:.[^Z]' "/proc/$EVICTION/status" || return 0
	done
}

waiting()
{
	grep -qs dax_break_layout_final "/proc/$EVICTION/stack"
}

# count WHAT: print the number of pages that LINE reports for WHAT
count()
{
	echo "$LINE" | sed -n "s/.* \([0-9]*\) \(pages \)*that $1.*/\1/p"
}

others_go_on()
{
	check "$1: sync goes on" sync
	[ ! "${EVICTION:-}" ] || check "$1: so does who evicts a file" wait "$EVICTION"
	EVICTION=
	# the other NVDIMMs may have been removed before
	[ "$WHAT" != nfit ] || return 0
	check "$1: another filesystem is mounted" mount /dev/pmem1 /other
	check "$1: and written" sh -c 'echo >/other/file && sync'
	check "$1: and unmounted" umount /other
}

# all_let_go NAME: all processes release their pages, and the removal ends
all_let_go()
{
	local holder

	slow resume
	for holder in $HOLDERS; do
		check "$1: one lets go" let_go "$holder"
	done
	HOLDERS='' REFS=0 IN_FILES=0
	[ ! "${REMOVER:-}" ] || check "$1: the file is removed" wait "$REMOVER"
	REMOVER=
	wait $REMOVAL
	is "$1: the removal is done" "$(cat /tmp/status)" 0
	slow suspend
}

# taken_away NAME COMMAND...: COMMAND, a removal, waits for the pages that are
# held
taken_away()
{
	local name=$1

	shift
	begin "$@"
	is "$name: the log says for what" \
		"$(count 'are referenced') $(count 'belong to files')" \
		"$REFS ${IN_FILES:-0}"
	others_go_on "$name"
	check "$name: the removal waits" kill -0 $REMOVAL
	all_let_go "$name"
	is "$name: the log says it once" "$(dmesg | grep -c "$WAITS")" 1
	dmesg -c >/dev/null
}

# at_once NAME COMMAND...: COMMAND waits for nothing that is held
at_once()
{
	local name=$1

	shift
	begin "$@"
	is "$name: the removal does not wait" "$LINE" ""
	all_let_go "$name"
	dmesg -c >/dev/null
}

# blockdev: the pages of a block device in a mapping, in a pipe or in an
# O_DIRECT read are page cache, so the removal waits for none of them
blockdev()
{
	[ "${FSDAX:-}" ] || made fsdax
	FSDAX=y
	hold vmsplice closed /dev/pmem0 0 4
	hold vmsplice mapped /dev/pmem0 $((4 * PAGE)) 4
	hold aio closed /dev/pmem0 $((8 * PAGE)) 4
	hold splice closed /dev/pmem0 $((12 * PAGE)) 4
	hold nothing mapped /dev/pmem0 0 4
	at_once "block device" driver unbind
	check "block device: it is bound again" driver bind
}

# device_again NAME COMMAND...: hold a reference, and remove the device by
# COMMAND
device_again()
{
	local name=$1

	shift
	hold vmsplice closed /dev/dax0.0 0 4
	[ "$ALIGN" -eq "$PAGE" ] || REFS=1
	taken_away "devdax $ALIGN, $name" "$@"
}

# devdax ALIGN: with a larger alignment, all processes hold the same large page
devdax()
{
	local step=$((4 * PAGE))

	ALIGN=$1
	made devdax -a "$ALIGN"
	[ "$ALIGN" -eq "$PAGE" ] || step=0
	hold vmsplice closed /dev/dax0.0 0 4
	hold vmsplice open /dev/dax0.0 $step 4
	hold uring closed /dev/dax0.0 $((2 * step)) 4
	hold longterm closed /dev/dax0.0 $((3 * step)) 4
	hold aio closed /dev/dax0.0 $((4 * step)) 4
	hold nothing mapped /dev/dax0.0 0 4
	hold futex mapped /dev/dax0.0 0 4
	hold ptrace mapped /dev/dax0.0 0 4
	[ "$ALIGN" -eq "$PAGE" ] || REFS=1
	taken_away "devdax $ALIGN, unbound" driver unbind
	check "devdax $ALIGN is bound again" driver bind
	check "it is written" ./mapdax fill /dev/dax0.0 0 "$ALIGN" 1
	check "it is read" ./mapdax check /dev/dax0.0 0 "$ALIGN" 1

	device_again disabled ndctl disable-namespace $NS
	check "devdax $ALIGN is enabled" ndctl enable-namespace $NS
	device_again "region disabled" ndctl disable-region region0
	check "the region is enabled" ndctl enable-region region0
	device_again destroyed ndctl destroy-namespace -f $NS
}

# nfit unbind|bind: unbind or bind the ACPI device to which all NVDIMMs belong
nfit()
{
	local driver

	# it is a platform driver in later kernels
	for driver in /sys/bus/acpi/drivers/nfit /sys/bus/platform/drivers/acpi-nfit; do
		[ ! -d "$driver" ] || echo ACPI0012:00 >"$driver/$1"
	done
}

# No QEMU can remove an NVDIMM, but its driver can be unbound.
nfit_unbound()
{
	local uuid

	made devdax
	uuid=$(cat $ND/$NS/uuid "$ND/$HOLDER/uuid" 2>/dev/null | tail -n 1)
	hold vmsplice closed /dev/dax0.0 0 4
	REFS=1
	taken_away "NVDIMMs, unbound" nfit unbind
	check "NVDIMMs: they are bound again" nfit bind
	probed
	check "NVDIMMs: so is the namespace" \
		grep -qx "$uuid" $ND/dax*/uuid
}

# Make FILES with random content.
files()
{
	local name

	mkdir -p "$FILES"
	for name in a b c d e f g; do
		head -c 4194304 /dev/urandom >"$FILES/$name"
	done
}

# Make a filesystem of TYPE on DISK, with these files.
filled()
{
	case $TYPE in
	erofs) mkfs.erofs /tmp/image "$FILES" && cat /tmp/image >"$DISK"
		return ;;
	ext4) mkfs.ext4 -q -F -b "$PAGE" "$DISK" ;;
	xfs-rmapbt) mkfs.xfs -q -f -m rmapbt=1,reflink=1 "$DISK" ;;
	xfs-plain) mkfs.xfs -q -f -m rmapbt=0,reflink=0 "$DISK" ;;
	esac
	mount_dax "$TYPE" "$DISK" && cp "$FILES"/* /mnt && umount /mnt
}

# The files have not changed, apart from d, which a read overwrote, and g, which
# was removed.
same()
{
	local name

	for name in a b c e f; do
		cmp "/mnt/$name" "$FILES/$name" || return
	done
}

create_dm()
{
	[ ! "$DM" ] || dmsetup create above --table \
		"0 $(cat /sys/block/pmem0/size) linear /dev/pmem0 0"
}

remove_dm()
{
	[ ! "$DM" ] || dmsetup remove above
}

# The device below the filesystem is bound again, and nothing is lost.
bound_again()
{
	check "$NAME: nothing is left on the device" remove_dm
	check "$NAME: it is bound again" driver bind
	check "$NAME: it is there again" create_dm
	check "$NAME: it is mounted again" mount_dax "$TYPE" "$DISK"
	check "$NAME: its files are the same" same
}

# unbound STATE: unbind the device while the filesystem is in that state
unbound()
{
	taken_away "$NAME, $1" driver unbind
	[ "$1" = "unmounted lazily" ] ||
		check "$NAME, $1: it is unmounted" umount /mnt
	bound_again
}

# The pages of a that are held belong to another file, too. The files share
# blocks before that, since XFS refuses to share the blocks of pages that are
# held.
share()
{
	check "$NAME: a file shares the blocks of another" \
		./clone /mnt/a /mnt/shared
}

hold_shared()
{
	hold vmsplice open /mnt/shared 0 4
	REFS=$((REFS - 4))
	hold nothing mapped /mnt/shared 0 4
}

# The files still share blocks afterwards, until one of them is written.
still_shared()
{
	check "$NAME: the file that shares is the same" cmp /mnt/shared /mnt/a
	check "$NAME: it is written" ./mapdax fill /mnt/shared 0 $((8 * PAGE)) 1
	check "$NAME: nothing else has changed" same
	check "$NAME: and removed" rm /mnt/shared
}

# In later kernels the eviction of a file waits for pages that are held. Then XFS
# with a reverse map, which freezes itself before its device goes, waits for the
# removal of a file, and prints a WARNING after an unmount.
freeze_waits()
{
	[ "$TYPE${DM:-}" = xfs-rmapbt ] &&
		grep -qw dax_break_layout_final /proc/kallsyms
}

# A file goes whose pages are held. In later kernels its entries are removed when
# the pages are not held any more.
removed()
{
	! freeze_waits || return 0
	hold vmsplice closed /mnt/g 0 4
	evict "$NAME: a file is removed with pages held" rm /mnt/g
	! waiting || IN_FILES=4
	REMOVER=$EVICTION EVICTION=
}

# A mounted filesystem, with all kinds of holds. On erofs, which is read-only,
# there are fewer: no page can be read into, and no file removed.
mounted()
{
	[ "$TYPE${DM:-}" != xfs-rmapbt ] || share
	hold vmsplice closed /mnt/a 0 4
	hold vmsplice open /mnt/b 0 4
	hold splice closed /mnt/b 0 4
	[ "$TYPE" = xfs-rmapbt ] || hold vmsplice mapped /mnt/c 0 4
	hold nothing mapped /mnt/e 0 4
	hold futex mapped /mnt/f 0 4
	hold ptrace mapped /mnt/f 0 4
	check "$NAME: a longterm pin is refused" \
		fails ./hold longterm closed /mnt/b 0 4
	if [ "$TYPE" != erofs ]; then
		hold aio closed /mnt/d 0 4
		removed
	fi
	[ "$TYPE${DM:-}" != xfs-rmapbt ] || hold_shared
	unbound mounted
	[ "$TYPE${DM:-}" != xfs-rmapbt ] || still_shared
}

# Only the filesystem can find the files that share a page. Below a target of
# device mapper the kernel does not ask the filesystem, so the removal waits
# until it is unmounted.
shared_below_dm()
{
	local holder mapped=0

	# there a mapping is a reference, too
	! grep -qw dax_break_layout_final /proc/kallsyms || mapped=4
	share
	hold nothing mapped /mnt/shared 0 4
	# later kernels call a page shared when both files have it mapped
	hold nothing mapped /mnt/a 0 4
	begin driver unbind
	is "$NAME, shared: the log says for what" \
		"$(count 'are referenced') $(count 'belong to files')" "$mapped 4"
	others_go_on "$NAME, shared"
	for holder in $HOLDERS; do
		check "$NAME, shared: one lets go" let_go "$holder"
	done
	HOLDERS=''
	check "$NAME, shared: the removal waits" kill -0 $REMOVAL
	check "$NAME, shared: it is unmounted" umount /mnt
	wait $REMOVAL
	is "$NAME, shared: the removal is done" "$(cat /tmp/status)" 0
	dmesg -c >/dev/null
	bound_again
	# remove it, with what was not written back when the device was removed
	rm -f /mnt/shared
}

unmounted_lazily()
{
	hold vmsplice closed /mnt/a 0 4
	hold vmsplice open /mnt/b 0 4
	check "$NAME: it is unmounted lazily" umount -l /mnt
	unbound "unmounted lazily"
}

# Make a large file, and map it in parts so small that each of its pages has a
# DAX entry of its own. A write to /dev/null would read none of them.
many_entries()
{
	local mib

	head -c $((64 * MIB)) /dev/zero >/mnt/large && sync || return
	for mib in $(seq 0 63); do
		./mapdax read /mnt/large $((mib * MIB)) "$MIB" >/tmp/part ||
			return
	done
}

# Wait until the process takes a page off its file.
among_entries()
{
	until grep -qs ' dax_revoke_page+' "/proc/$1/stack"; do
		kill -0 "$1" || return
	done
}

# The filesystem is unmounted while the removal takes a file's pages off it: the
# unmount must find no inode in use. The removal gets little of a CPU, so that it
# is not faster than the unmount.
unmounted_meanwhile()
{
	local busy removal

	check "$NAME: a large file is mapped" many_entries
	taskset 2 sh -c 'while :; do :; done' &
	busy=$!
	# shellcheck disable=SC2016 # for the new shell
	taskset 2 sh -c 'renice -n 19 $$ && echo "$0" >"$1"/unbind' \
		"$HOLDER" "$DRIVER" &
	removal=$!
	check "$NAME: the removal is at the file" among_entries $removal
	check "$NAME: it is unmounted while the device is removed" umount /mnt
	kill $busy
	check "$NAME: the removal ends" wait $removal
	# it may have taken so long that it was logged
	dmesg -c >/dev/null
	bound_again
}

frozen()
{
	hold vmsplice closed /mnt/a 0 4
	hold freeze mapped /mnt/b 0 1
	unbound frozen
}

unmounted()
{
	if freeze_waits; then
		check "$NAME: it is unmounted" umount /mnt
		return
	fi
	hold vmsplice closed /mnt/a 0 4
	evict "$NAME: it is unmounted with pages held" umount /mnt
	taken_away "$NAME, unmounted" driver unbind
	check "$NAME: it is bound again" driver bind
}

# filesystem TYPE [dm]: remove the device in each state of the filesystem
filesystem()
{
	TYPE=$1 DM=${2:-} NAME=$1${2:+ on dm} DISK=/dev/pmem0
	[ ! "$DM" ] || DISK=/dev/dm-1
	[ "${FSDAX:-}" ] || made fsdax
	FSDAX=y
	check "$NAME: what it lies on is there" create_dm
	check "$NAME is made" filled
	check "$NAME is mounted" mount_dax "$TYPE" "$DISK"
	mounted
	[ "$TYPE${DM:-}" != xfs-rmapbtdm ] || shared_below_dm
	[ "$TYPE${DM:-}" != ext4dm ] || unmounted_meanwhile
	unmounted_lazily
	[ "$TYPE" = erofs ] || frozen
	if [ "$DM" ]; then
		check "$NAME: it is unmounted" umount /mnt
		check "$NAME: its target is removed" remove_dm
	else
		unmounted
	fi
}

mkdir -p /other
make_fs ext4 /dev/pmem1
files
dmsetup create slow --table \
	"0 $(cat /sys/block/pmem2/size) linear /dev/pmem2 0"
slow suspend
dmesg -c >/dev/null

for WHAT; do
	case $WHAT in
	devdax:*) devdax "${WHAT#*:}" ;;
	blockdev) blockdev ;;
	nfit) nfit_unbound ;;
	*:dm) filesystem "${WHAT%:*}" dm ;;
	*) filesystem "$WHAT" ;;
	esac
done
finish
