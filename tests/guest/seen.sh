#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# seen.sh - debugfs lists altmaps, with numbers that add up to the capacity that
# the device lost, also while namespaces are enabled and disabled. Trace events
# report each block.

# shellcheck shell=dash disable=SC2046,SC2086,SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./memory.sh

TRACE=/sys/kernel/tracing
FAULT=/sys/kernel/debug/fail_vmem_altmap
CYCLES=100

# adds_up FILE: in each line of this list, the numbers are consistent
adds_up()
{
	awk '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = NF; next }
	function of(name) { return $at[name] }
	NF != n || of("used_KiB") + of("scattered_KiB") + of("free_KiB") !=
		of("storage_KiB") || of("used_KiB") > of("peak_KiB") ||
		of("peak_KiB") > of("storage_KiB") { print; bad = 1 }
	END { exit bad || !n }' "$1"
}

listed()
{
	awk 'NR > 1 { print $2 }' $LIST | xargs
}

# owner N: print the name under which the altmap of namespace N is listed
owner()
{
	if [ "$1" = 1 ]; then echo dax1.0; else holder "namespace$1.0"; fi
}

# driver N: print the driver of namespace N
driver()
{
	case $(holder "namespace$1.0") in
	dax*) echo $DRIVERS/dax_pmem ;;
	*) echo $DRIVERS/nd_pmem ;;
	esac
}

# on N, off N: enable or disable namespace N, by its driver alone
on()
{
	bind "$(holder "namespace$1.0")" "$(driver "$1")"
}

off()
{
	unbind "$(holder "namespace$1.0")" "$(driver "$1")"
}

# is_right OWNER N BYTES: the line of namespace N is right; users can use BYTES
# of the namespace
is_right()
{
	local range node=0 start size

	start=$(($(cat "$ND/region$2/resource")))
	size=$(cat "$ND/region$2/size")
	! [ -e "$ND/region$2/numa_node" ] || node=$(cat "$ND/region$2/numa_node")
	range=$(column "$1" range)
	is "$1: one line" "$(column "$1" range | wc -l)" 1
	is "$1: its first byte" $((${range%-*})) $start
	is "$1: its last byte" $((${range#*-})) $((start + size - 1))
	is "$1: its node" "$(column "$1" node)" $((node < 0 ? 0 : node))
	is "$1: reserve and storage are what the device lost" \
		$((($(column "$1" reserve_KiB) + $(column "$1" storage_KiB)) << 10)) \
		$((size - $3))
	is "$1: the memmap is in use, or shared" \
		$(($(column "$1" used_KiB) + $(column "$1" tails_KiB))) \
		$(($(memmap_pages "$size") * (PAGE / 1024)))
	is "$1: nothing failed" "$(column "$1" failed)" 0
	check "$1: it took time to write the struct pages" \
		[ "$(column "$1" fill_us)" -gt 0 ]
	is "$1: how the log says they are written" "$(column "$1" fill_method)" \
		"$(dmesg | sed -n 's/.*memmap_fill: .* are written by //p')"
}

# missed: wait until one list was short, for half a minute at most
missed()
{
	local tries=300

	until [ -e /tmp/short ]; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

# on_and_off N: disable and enable namespace N again and again. The last time,
# enable it only after a list was short.
on_and_off()
{
	local left=$CYCLES

	while [ "$left" -gt 0 ] && off "$1" &&
		{ [ "$left" -gt 1 ] || missed; } && on "$1"; do
		left=$((left - 1))
	done
	echo "$left" >"/tmp/left$1"
}

# watched: each list is right while two namespaces are enabled and disabled, and
# some lists have fewer lines than others. The third namespace stays enabled:
# without it the kernel would patch its code again and again, which QEMU before
# 8.1 can miss on another CPU.
watched()
{
	local lists=0 short=0

	on_and_off 0 &
	on_and_off 1 &
	until [ -s /tmp/left0 ] && [ -s /tmp/left1 ]; do
		cat $LIST >/tmp/list
		adds_up /tmp/list || return 1
		lists=$((lists + 1))
		[ "$(wc -l </tmp/list)" = 4 ] || {
			short=$((short + 1))
			touch /tmp/short
		}
	done
	note "$lists lists, $short without one of the two"
	[ $short -gt 0 ] && [ "$(cat /tmp/left?)" = "$(printf '0\n0')" ]
}

# events NAME [FIELD]: print how many there are, or the sum of that field
events()
{
	awk -v name="$1:" -v field="${2:-}" '
	index($0, " " name " ") {
		n += !field
		for (i = 1; i <= NF; i++)
			if (index($i, field "=") == 1)
				n += substr($i, length(field) + 2)
	}
	END { print n + 0 }' /tmp/trace
}

# traced COMMAND...: run COMMAND, write its trace to /tmp/trace, and return its
# status
traced()
{
	local status=0

	echo >$TRACE/trace
	"$@" || status=$?
	cat $TRACE/trace >/tmp/trace
	return "$status"
}

is "no altmap is listed" "$(listed)" ""
check "only root may look" [ "$(stat -c %a $LIST)" = 400 ]
check "fsdax is made" create $NS fsdax dev
check "device-dax is made" create namespace1.0 devdax dev
check "another fsdax is made" create namespace2.0 fsdax dev
all=$(for n in 0 1 2; do
	echo $(($(cat $ND/region$n/resource))) "$(owner $n)"
done | sort -n | awk '{ print $2 }' | xargs)
is "they are listed, in the order of their memory" "$(listed)" "$all"
sed 's/^/# /' $LIST
check "the sums are right" adds_up $LIST
is_right "$(holder $NS)" 0 $(($(cat /sys/block/pmem0/size) * 512))
is_right dax1.0 1 "$(cat $DAX/devices/dax1.0/size)"
is "threads for 3 GiB" "$(column "$(holder $NS)" fill_threads)" 2
is "threads for 1 GiB" "$(column dax1.0 fill_threads)" 1
check "the sums are right while two come and go, $CYCLES times" watched
is "all are listed" "$(listed)" "$all"
off 2

mount -t tracefs trace $TRACE
echo 1 >$TRACE/events/vmem_altmap/enable
echo 1 >$TRACE/events/memmap_fill/enable
pages=$(memmap_pages "$(cat $REGION/size)")
range=$(column "$(holder $NS)" range)
check "disabled" traced off 0
is "traced: blocks given back" "$(events vmem_altmap_free pages)" "$pages"
is "traced: one altmap goes" "$(events vmem_altmap_unregister)" 1
is "traced: with nothing in use" "$(events vmem_altmap_unregister used)" 0
is "it is listed no more" "$(listed)" dax1.0
check "enabled" traced on 0
grep -v '^#' /tmp/trace | head -n 2 | sed 's/^/# /'
is "traced: one altmap comes" "$(events vmem_altmap_register)" 1
is "traced: as it is listed" \
	"$(sed -n 's/.* vmem_altmap_register: mem=\([^ ]*\) owner=\([^ ]*\) .*/\1 \2/p' \
		/tmp/trace)" \
	"$(printf '%#x-%#x %s' $((${range%-*})) $((${range#*-})) "$(holder $NS)")"
is "traced: blocks taken" "$(events vmem_altmap_alloc pages)" "$pages"
is "traced: the struct pages, once" "$(events memmap_fill)" 1
is "traced: all of them" "$(events memmap_fill pages)" \
	$(($(cat $REGION/size) / PAGE))
is "traced: microseconds" $(($(events memmap_fill ns) / 1000)) \
	"$(column "$(holder $NS)" fill_us)"
is "traced: no failure" "$(events vmem_altmap_fail)" 0
check "device-dax is disabled" off 1
check "device-dax is enabled" traced on 1
is "traced: tails that share pages" \
	"$(sed -n 's/.* vmem_altmap_tails: .* pages=\([0-9]*\) .*/\1/p' \
		/tmp/trace | tail -n 1)" \
	$(($(column dax1.0 tails_KiB) * 1024 / PAGE))
off 0
echo 100 >$FAULT/probability
echo -1 >$FAULT/times
check "an enable fails" traced fails on 0
is "traced: one failure" "$(events vmem_altmap_fail)" 1
is "traced: all that was taken is given back" \
	"$(events vmem_altmap_alloc pages)" "$(events vmem_altmap_free pages)"
is "traced: one altmap comes and goes" "$(events vmem_altmap_register) \
$(events vmem_altmap_unregister)" "1 1"
echo 0 >$FAULT/probability
check "it can be enabled then" on 0
check "memmap in DRAM: no altmap is traced, the struct pages are" \
	traced create $NS fsdax mem
is "traced: no altmap comes" "$(events vmem_altmap_register)" 0
check "traced: struct pages" [ "$(events memmap_fill)" -gt 0 ]

start=$(($(cat $DAX/devices/dax1.0/resource)))
end=$((start + $(cat $DAX/devices/dax1.0/size)))
unbind dax1.0 $DAX/drivers/device_dax
echo 1 >$DAX/devices/dax1.0/memmap_on_memory
echo dax1.0 >$KMEM/new_id
is "memory blocks are listed" "$(listed)" "$(for _ in $(seq \
	$((end / BLOCK - (start + BLOCK - 1) / BLOCK))); do echo memory; done | xargs)"
check "the sums are right" adds_up $LIST
is "memory blocks: their memmap" "$(column memory used_KiB | sort -u)" \
	$((PAGES * (PAGE / 1024)))
unbind dax1.0 $KMEM
is "no altmap is listed" "$(listed)" ""
finish
