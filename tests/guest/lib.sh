# shellcheck shell=dash disable=SC2034,SC2317
# SPDX-License-Identifier: GPL-2.0-only
#
# lib.sh - for the scripts that run in the guest: test points, namespaces,
# measures. A script ends with "finish"; one that ends before fails.

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

# qemu COMMAND...: for QEMU's monitor
qemu()
{
	echo "qemu $*" >&3
}

# check NAME COMMAND...: a test point, ok if the command succeeds. Only if it
# does not is its output shown.
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

# at_most NAME GOT LIMIT: numbers
at_most()
{
	check "$1 ($2 <= $3)" [ "$2" -le "$3" ]
}

# A limit of KiB of DRAM, which is for pages of 4 KiB, with these pages: what
# comes and goes meanwhile does so in pages.
scaled()
{
	echo $(($1 * (PAGE / 4096)))
}

# dram_at_most NAME KIB LIMIT: KiB of DRAM, LIMIT scaled. A debug kernel keeps for
# a while what is freed, and stacks for ever.
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

# probed: wait until no device of libnvdimm is being added or taken away.
probed()
{
	cat $ND/ndbus*/wait_probe >/dev/null
}

# The namespaces that are there at boot are enabled then.
probed 2>/dev/null || :

# Dropping caches need not show in the log each time.
echo 4 >/proc/sys/vm/drop_caches

# Reports what it has seen twice without a change, and only what is older than
# five seconds.
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

# create NAMESPACE MODE MAP [OPTION...]: sets up an existing namespace.
create()
{
	local namespace=$1 mode=$2 map=$3

	shift 3
	ndctl create-namespace -f -e "$namespace" -m "$mode" --map="$map" "$@"
}

# map_dev_refused NAMESPACE MODE REGEX: and the kernel says why
map_dev_refused()
{
	dmesg -c >/dev/null
	check "$2 --map=dev is refused" fails create "$1" "$2" dev
	dmesg >/tmp/dmesg
	check "the kernel says why" grep -i "$3" /tmp/dmesg
	is "nr_memmap_pages stays" "$(vmstat nr_memmap_pages)" 0
}

# field NAME: the first value of that name in ndctl's or daxctl's output.
field()
{
	sed -n 's/.*"'"$1"'":"*\([^",]*\).*/\1/p' | head -n 1
}

# holder NAMESPACE: the device that has taken it over, which its driver binds
holder()
{
	cat "$ND/$1/holder"
}

# bind DEVICE DRIVER: DRIVER is its folder in sysfs; unbind takes the same
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

# Empty labels, so that the region can be divided.
label()
{
	ndctl disable-region region0 && ndctl init-labels -f nmem0 &&
		ndctl enable-region region0
}

# new MODE SIZE MAP ALIGN: makes a namespace in the region, and sets MADE to its
# name.
new()
{
	ndctl create-namespace -r region0 -m "$1" -s "$2" --map="$3" -a "$4" \
		>/tmp/new || return 1
	MADE=$(field dev </tmp/new)
}

# keep PATH: a process, KEEPER, has the first SIZE bytes of it mapped, and reads there
# again and again; /tmp/kept has what it says in the end.
keep()
{
	rm -f /tmp/ready
	mkfifo /tmp/ready
	./mapdax keep "$1" 0 "$SIZE" >/tmp/kept 2>/tmp/ready &
	KEEPER=$!
	read -r line </tmp/ready
	[ "$line" = mapped ]
}

# make_fs TYPE DEVICE: DAX wants blocks as large as pages.
make_fs()
{
	case $1 in
	ext4) mkfs.ext4 -q -F -b "$PAGE" "$2" ;;
	xfs) mkfs.xfs -q -f -b "size=$PAGE" "$2" ;;
	esac
}

# mount_dax TYPE DEVICE [OPTION]: on /mnt. What follows a "-" in TYPE says how
# the filesystem was made.
mount_dax()
{
	mount -t "${1%%-*}" -o "dax=always${3:+,$3}" "$2" /mnt
}

# maps COMMAND: mapdax's, of a file on the ext4 of /dev/pmem0
maps()
{
	mount_dax ext4 /dev/pmem0 &&
		./mapdax "$1" /mnt/map 0 $((8 << 20)) 6 && umount /mnt
}

# The counter NAME of /proc/vmstat, in pages.
vmstat()
{
	awk -v name="$1" '$1 == name { print $2 }' /proc/vmstat
}

# The list of altmaps, and column NAME of its lines about OWNER, of all if that
# is empty
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

# The figure NAME of /proc/meminfo, in KiB.
meminfo()
{
	awk -v name="$1:" '$1 == name { print $2 }' /proc/meminfo
}

# Free DRAM in KiB, the pages in the per-CPU lists with it.
free_now()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	cat /proc/sys/vm/stat_refresh
	awk -v page="$PAGE" '
		$1 == "nr_free_pages" || $1 == "count:" { n += $2 }
		END { print n * page / 1024 }' /proc/zoneinfo
}

# The same once it stands still: much is freed only some time after.
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

# kept LIMIT COMMAND...: run it, and set KEPT to the KiB of DRAM that are gone
# then. While these are more than LIMIT, again, five times at most: what leaks
# does so each time, what grows once (a cache) does not.
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

# keeps_at_most NAME LIMIT COMMAND...: it passes, and keeps that much DRAM
keeps_at_most()
{
	local name=$1 limit=$2

	shift 2
	check "$name" kept "$limit" "$@"
	dram_at_most "$name: KiB of DRAM that this took" "$KEPT" "$limit"
}

# price NAMESPACE: enable it, and set PRICE to the KiB of DRAM that it took, all
# that was freed before given back.
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

# The pages of memmap that SIZE bytes of memory have: 64 bytes for each page.
memmap_pages()
{
	echo $((($1 * 64 / PAGE + PAGE - 1) / PAGE))
}

# Is the physical address in a namespace? iomem names what each range is.
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
