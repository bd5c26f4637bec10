# shellcheck shell=dash disable=SC2034,SC2317
# SPDX-License-Identifier: GPL-2.0-only
#
# lib.sh - functions for the scripts that run in the guest: test points,
# namespaces, measures. A script ends with "finish"; one that ends before fails.

set -eu

PAGE=$(awk '/^KernelPageSize/ { print $2 * 1024; exit }' /proc/self/smaps)
MIB=1048576
# libnvdimm's devices and drivers, and its first region and namespace
ND=/sys/bus/nd/devices
DRIVERS=/sys/bus/nd/drivers
REGION=$ND/region0
NS=namespace0.0
# device-dax, and its driver that adds a device as memory
DAX=/sys/bus/dax
KMEM=$DAX/drivers/kmem
# the status of a process that this signal has killed
SIGBUS=135
KMEMLEAK=/sys/kernel/debug/kmemleak
failed=0 finished=''
exec 3>&1
trap '[ "$finished" ] || echo "not ok - $0 runs to its end"' EXIT

note()
{
	echo "# $*"
}

# qemu COMMAND...: send a command to QEMU's monitor
qemu()
{
	echo "qemu $*" >&3
}

# check NAME COMMAND...: print a test point, ok if the command succeeds. If it
# fails, print its output.
check()
{
	local name=$1

	shift
	if "$@" >/tmp/check 2>&1; then
		echo "ok - $name"
		return
	fi
	failed=1
	echo "not ok - $name"
	note "failed: $*"
	sed 's/^/# /' /tmp/check
}

# is NAME GOT WANTED
is()
{
	check "$1" [ "$2" = "$3" ]
}

# at_most NAME GOT LIMIT: compare two numbers
at_most()
{
	check "$1 ($2 <= $3)" [ "$2" -le "$3" ]
}

# scaled KIB: scale a limit of DRAM, which is for pages of 4 KiB, to the size of
# this kernel's pages, since memory is taken and freed in whole pages.
scaled()
{
	echo $(($1 * (PAGE / 4096)))
}

# dram_at_most NAME KIB LIMIT: compare KiB of DRAM with LIMIT, scaled. A debug
# kernel frees memory only after a while, and never frees stacks.
dram_at_most()
{
	if [ -e $KMEMLEAK ]; then
		echo "ok - $1 # SKIP $2 KiB, not exact on a debug kernel"
	else
		at_most "$1" "$2" "$(scaled "$3")"
	fi
}

fails()
{
	! "$@"
}

# probed: wait until no device of libnvdimm is being added or removed.
probed()
{
	cat $ND/ndbus*/wait_probe >/dev/null
}

# Wait until the namespaces that exist at boot are enabled.
probed 2>/dev/null || :

# The kernel need not log each time that caches are dropped.
echo 4 >/proc/sys/vm/drop_caches

# kmemleak reports only objects that two scans saw without a change, and that
# are older than five seconds.
no_leak()
{
	sleep 5
	echo scan >$KMEMLEAK && echo scan >$KMEMLEAK && fails grep . $KMEMLEAK
}

finish()
{
	[ ! -e $KMEMLEAK ] || check "kmemleak finds nothing" no_leak
	finished=y
	exit "$failed"
}

# create NAMESPACE MODE MAP [OPTION...]: set up an existing namespace.
create()
{
	local namespace=$1 mode=$2 map=$3

	shift 3
	ndctl create-namespace -f -e "$namespace" -m "$mode" --map="$map" "$@"
}

# map_dev_refused NAMESPACE MODE REGEX: the kernel refuses --map=dev, and logs a
# reason that matches REGEX
map_dev_refused()
{
	dmesg -c >/dev/null
	check "$2 --map=dev is refused" fails create "$1" "$2" dev
	dmesg >/tmp/dmesg
	check "the kernel says why" grep -i "$3" /tmp/dmesg
	is "nr_memmap_pages stays" "$(vmstat nr_memmap_pages)" 0
}

# field NAME: print the first value of that name in ndctl's or daxctl's output.
field()
{
	sed -n 's/.*"'"$1"'":"*\([^",]*\).*/\1/p' | head -n 1
}

# holder NAMESPACE: print the device that has claimed it, to which the driver is
# bound
holder()
{
	cat "$ND/$1/holder"
}

# bind DEVICE DRIVER: DRIVER is a folder in sysfs; unbind takes the same
# arguments
bind()
{
	echo "$1" >"$2/bind"
}

unbind()
{
	echo "$1" >"$2/unbind"
}

# again NAMESPACE: disable and enable it.
again()
{
	ndctl disable-namespace "$1" && ndctl enable-namespace "$1"
}

# Write empty labels, so that the region can be divided.
label()
{
	ndctl disable-region region0 && ndctl init-labels -f nmem0 &&
		ndctl enable-region region0
}

# new MODE SIZE MAP ALIGN: make a namespace in the region, and set MADE to its
# name.
new()
{
	ndctl create-namespace -r region0 -m "$1" -s "$2" --map="$3" -a "$4" \
		>/tmp/new || return 1
	MADE=$(field dev </tmp/new)
}

# keep PATH [OFFSET]: start a process, KEEPER, that has SIZE bytes of PATH mapped,
# from OFFSET or the first on, and reads them again and again; at its end it
# writes them to /tmp/kept.
keep()
{
	rm -f /tmp/ready
	mkfifo /tmp/ready
	./mapdax keep "$1" "${2:-0}" "$SIZE" >/tmp/kept 2>/tmp/ready &
	KEEPER=$!
	read -r line </tmp/ready
	[ "$line" = mapped ]
}

# make_fs TYPE DEVICE: make a filesystem. DAX needs blocks as large as pages.
make_fs()
{
	case $1 in
	ext4) mkfs.ext4 -q -F -b "$PAGE" "$2" ;;
	xfs) mkfs.xfs -q -f -b "size=$PAGE" "$2" ;;
	esac
}

# mount_dax TYPE DEVICE [OPTION]: mount it on /mnt. The part of TYPE after a "-"
# is how the filesystem was made.
mount_dax()
{
	mount -t "${1%%-*}" -o "dax=always${3:+,$3}" "$2" /mnt
}

# Mount the disk that tools/peers makes.
mount_peers()
{
	local it

	mount /dev/vda /mnt
	for it in proc sys dev tmp; do
		mount --bind /$it /mnt/$it
	done
}

# inside COMMAND...: run it on that disk
inside()
{
	chroot /mnt /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
}

# maps COMMAND: run this command of mapdax on a file on the ext4 of /dev/pmem0
maps()
{
	mount_dax ext4 /dev/pmem0 &&
		./mapdax "$1" /mnt/map 0 $((8 << 20)) 6 && umount /mnt
}

# vmstat NAME: print this counter of /proc/vmstat, in pages.
vmstat()
{
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}

# column OWNER NAME: print column NAME of the list of altmaps, for the lines of
# OWNER, or for all lines if OWNER is empty
LIST=/sys/kernel/debug/vmem_altmap/altmaps
column()
{
	awk -v owner="$1" -v name="$2" '
		NR == 1 {
			for (i = 1; i <= NF; i++) at[$i] = i
			if (!(name in at)) exit 1
			next
		}
		owner == "" || $at["owner"] == owner { print $at[name] }' $LIST
}

# meminfo NAME: print this figure of /proc/meminfo, in KiB.
meminfo()
{
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# Print the free DRAM in KiB, including the pages in the per-CPU lists.
free_now()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	cat /proc/sys/vm/stat_refresh
	awk -v page="$PAGE" '
		$1 == "nr_free_pages" || $1 == "count:" { n += $2 }
		END { print n * page / 1024 }' /proc/zoneinfo
}

# Print the same when it no longer changes, since the kernel frees much memory
# with a delay.
free_dram()
{
	local now before=-1

	now=$(free_now)
	until [ "$now" -eq "$before" ]; do
		before=$now
		sleep 0.2
		now=$(free_now)
	done
	echo "$now"
}

# kept LIMIT COMMAND...: run COMMAND, and set KEPT to the KiB of DRAM that are
# lost afterwards. If these are more than LIMIT, repeat this, five times at
# most: a leak occurs each time, a cache grows only once.
kept()
{
	local limit free

	limit=$(scaled "$1")
	shift
	for _ in $(seq 5); do
		free=$(free_dram)
		"$@" || return
		KEPT=$((free - $(free_dram)))
		if [ "$KEPT" -le "$limit" ] || [ -e $KMEMLEAK ]; then
			break
		fi
		echo "$KEPT KiB are gone"
	done
}

# keeps_at_most NAME LIMIT COMMAND...: COMMAND succeeds, and loses at most LIMIT
# KiB of DRAM
keeps_at_most()
{
	local name=$1 limit=$2

	shift 2
	check "$name" kept "$limit" "$@"
	dram_at_most "$name: KiB of DRAM that this took" "$KEPT" "$limit"
}

# price NAMESPACE: enable it, and set PRICE to the KiB of DRAM that this took.
# The function first waits until memory that was freed before is free.
price()
{
	local before

	before=$(free_dram)
	note "before: Slab $(meminfo Slab)," \
		"PageTables $(meminfo PageTables) KiB"
	check "$1 is enabled" ndctl enable-namespace "$1"
	PRICE=$((before - $(free_dram)))
	note "after: Slab $(meminfo Slab), PageTables $(meminfo PageTables)" \
		"KiB; taken: $PRICE KiB"
}

# memmap_pages SIZE: print the number of pages of memmap for SIZE bytes of
# memory: 64 bytes for each page.
memmap_pages()
{
	echo $((($1 * 64 / PAGE + PAGE - 1) / PAGE))
}

# is_pmem ADDRESS: is this physical address in a namespace? /proc/iomem names
# what each range is.
is_pmem()
{
	awk -F'[- ]+' -v address="$1" '
	function hex(text,	i, n) {
		for (i = 1; i <= length(text); i++)
			n = n * 16 + index("0123456789abcdef",
				substr(text, i, 1)) - 1
		return n
	}
	/Persistent Memory/ && hex(substr(address, 3)) >= hex($1) &&
		hex(substr(address, 3)) <= hex($2) { found = 1 }
	END { exit !found }' /proc/iomem
}
