#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# scrub.sh - operations that need the locks of memory and CPU hotplug do not
# wait for a scrub. The process that disables a namespace hardly gets a CPU
# while it scrubs. In the meantime other processes do such operations, which are
# done before the scrub ends: the trace shows the order.

# shellcheck shell=dash disable=SC2086,SC2317 source-path=SCRIPTDIR
. ./lib.sh

TRACE=/sys/kernel/tracing
EVENTS=$TRACE/events/vmem_altmap
CGROUP=/tmp/groups
CPU=/sys/devices/system/cpu/cpu1/online
LRU=/sys/kernel/mm/lru_gen/enabled
MEMORY=/sys/devices/system/memory
DRIVER=$DRIVERS/nd_pmem

# starve IDLE WEIGHT: the removal shares its CPU with a busy process of this
# weight, and runs as if the CPU were idle if IDLE is 1. A quota would not do: in
# later kernels it ends only what runs in user space.
starve()
{
	echo "$1" >$CGROUP/slow/cpu.idle && echo "$2" >$CGROUP/busy/cpu.weight
}

# group NAME: make a cgroup
group()
{
	mkdir -p "$CGROUP/$1"
}

# enter GROUP COMMAND...: run COMMAND in that cgroup
enter()
{
	local group=$1

	shift
	sh -c 'echo $$ >"$0" && exec "$@"' "$CGROUP/$group/cgroup.procs" "$@"
}

# Start the removal, and the process that is busy, on the CPU that stays online.
removed_slowly()
{
	enter busy taskset 1 sh -c 'while :; do :; done' &
	enter slow taskset 1 sh -c "echo $HOLDER >$DRIVER/unbind" &
	REMOVAL=$!
}

# Wait until the removal's scrub has begun, and set MEM to the memory of the
# namespace. This polls the trace, since a reader of trace_pipe wakes up too
# late here.
begun()
{
	MEM=''
	until [ "$MEM" ]; do
		MEM=$(sed -n 's/.*vmem_altmap_scrub_begin: mem=\([^ ]*\).*/\1/p' \
			$TRACE/trace)
	done
}

cpu_goes_and_comes()
{
	echo 0 >$CPU && echo 1 >$CPU
}

enters_a_group()
{
	enter fast true
}

# The second write has an effect in any case; the first one may write the value
# that is already set.
lru_gen_is_toggled()
{
	echo n >$LRU && echo y >$LRU
}

# Print free pages, by bit 10 in /proc/kpageflags, far from the first page and
# from each other.
free_pages()
{
	od -An -v -w8 -tx8 /proc/kpageflags | awk -v page="$PAGE" '
		NR > 8192 + 512 * n && int((index("0123456789abcdef",
			substr($1, 14, 1)) - 1) / 4) % 2 {
			printf "0x%x\n", (NR - 1) * page
			if (++n == 16)
				exit
		}'
}

# If a page is allocated in the meantime, offlining it may fail; then try the next
# one.
page_is_offlined()
{
	local free

	for free in $(free_pages); do
		echo "$free" >$MEMORY/soft_offline_page && return
	done
	return 1
}

other_is_enabled()
{
	bind "$OTHER" $DRIVER && unbind "$OTHER" $DRIVER
}

# meanwhile WHAT: do it, and write that to the trace.
meanwhile()
{
	check "meanwhile: $(echo "$1" | tr _ ' ')" "$1"
	echo "done: $1" >$TRACE/trace_marker
}

# line REGEX: print the number of its first line in the trace
line()
{
	grep -n "$1" /tmp/trace | cut -d : -f 1 | head -n 1
}

# was_meanwhile WHAT: it was done after the scrub began and before it ended
was_meanwhile()
{
	local at

	at=$(line "done: $1")
	[ "$at" -gt "$BEGIN" ] && [ "$at" -lt "$END" ]
}

WHAT='cpu_goes_and_comes enters_a_group lru_gen_is_toggled page_is_offlined
	other_is_enabled'

mount -t tracefs trace $TRACE
mkdir $CGROUP
check "cgroups are there" mount -t cgroup2 none $CGROUP
check "they can have a weight" sh -c "echo +cpu >$CGROUP/cgroup.subtree_control"
check "there is one for the removal" group slow
check "one for a busy process" group busy
check "one for others" group fast
check "a namespace is made" create $NS fsdax dev
check "and another" create namespace1.0 fsdax dev
HOLDER=$(holder $NS)
OTHER=$(holder namespace1.0)
check "the other is not enabled" unbind "$OTHER" $DRIVER
check "pages are free" [ "$(free_pages)" ]

# the removal's own process overwrites all of it
echo 1 >/sys/module/memmap_fill/parameters/threads
echo 1 >$EVENTS/vmem_altmap_scrub_begin/enable
echo 1 >$EVENTS/vmem_altmap_scrub_end/enable
check "the removal gets little of a CPU" starve 0 5000
removed_slowly
check "the scrub has begun" begun
check "the removal gets less" starve 1 1000
for what in $WHAT; do
	meanwhile "$what"
done
xargs kill <$CGROUP/busy/cgroup.procs
check "it is disabled" wait "$REMOVAL"
cat $TRACE/trace >/tmp/trace

BEGIN=$(line "vmem_altmap_scrub_begin: mem=$MEM ")
END=$(line "vmem_altmap_scrub_end: mem=$MEM ")
check "the scrub has ended" [ "$END" ]
for what in $WHAT; do
	check "before that: $(echo "$what" | tr _ ' ')" was_meanwhile "$what"
done
is "one thread has done it" \
	"$(sed -n "s/.*vmem_altmap_scrub_end: mem=$MEM .*threads=//p" \
		/tmp/trace)" 1
check "the namespace is enabled again" bind "$HOLDER" $DRIVER
finish
