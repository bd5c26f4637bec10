#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bench.sh time|count ROUNDS MODE/MAP...: enable and disable each namespace, one
# for each NVDIMM, in each of these modes and maps, by the driver alone. MODE is
# fsdax, or the size of device-dax's pages: 2M or 1G.
#
# time: print lines "MODE MAP GIB enable|fill|disable NANOSECONDS", ROUNDS of
# each; fill is the part of an enable that writes struct pages, as the list of
# altmaps reports it.
#
# count: print lines "MODE MAP GIB WHAT NUMBER": the bytes of DRAM that an
# enable takes, by the code that takes them, and how often a disable flushes all
# TLBs. This needs sysctl.vm.mem_profiling=1 on the command line.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./clock.sh

# Print how long the struct pages took. The list has only the altmap of this
# namespace, or none with map=mem.
fill_time()
{
	local us

	[ -f "$LIST" ] || return 0
	us=$(column '' fill_us)
	case $us in
	'' | -) ;;
	*) echo "$LABEL fill $((us * 1000))" ;;
	esac
}

# allocations: print "FILE FUNCTION BYTES" of all memory that is allocated
allocations()
{
	awk '$1 + 0 {
			sub(/:.*/, "", $3); sub(/func:/, "", $NF)
			bytes[$3 " " $NF] += $1
		}
		END { for (it in bytes) print it, bytes[it] }' /proc/allocinfo
}

# snapshot FILE: write there what is allocated, after late frees are done
snapshot()
{
	free_dram >/dev/null
	allocations >"$1"
	echo "memmap - $(($(vmstat nr_memmap_pages) * PAGE))" >>"$1"
}

# Print what an enable took. The same function allocates the memmap and the page
# tables, but nr_memmap_pages counts the memmap. The stock kernel counts the
# memmap even if it is on the device; then that function has allocated far less.
# Memory that the processes of this script take is left out.
taken()
{
	awk -v label="$LABEL" '
	NR == FNR { before[$1 " " $2] = $3; next }
	{ more = $3 - before[$1 " " $2]; delete before[$1 " " $2] }
	$1 == "memmap" { memmap = more; next }
	$2 ~ /^(section_activate|sparse_index)/ { sections += more; next }
	$1 ~ /^arch\/|sparse-vmemmap/ { tables += more; next }
	$1 ~ /vmem_altmap/ { metadata += more; next }
	$1 ~ /^(drivers|block|lib|fs\/kernfs)\// { devices += more }
	END {
		if (tables < memmap / 2)
			memmap = 0
		print label, "memmap", memmap + 0
		print label, "tables", tables - memmap
		print label, "sections", sections + 0
		print label, "metadata", metadata + 0
		print label, "devices", devices + 0
	}' /tmp/before /tmp/after
}

count_once()
{
	local flushes

	snapshot /tmp/before
	bind "$DEVICE" "$DRIVER"
	snapshot /tmp/after
	taken
	flushes=$(vmstat nr_tlb_remote_flush)
	unbind "$DEVICE" "$DRIVER"
	echo "$LABEL flushes $(($(vmstat nr_tlb_remote_flush) - flushes))"
}

# of NAMESPACE MODE/MAP: set NAMESPACE up, and leave it disabled
of()
{
	local mode=${2%/*} map=${2#*/} align='' region

	DRIVER=$DRIVERS/nd_pmem
	case $mode in
	fsdax) set -- "$1" fsdax 'pfn*' ;;
	*)
		DRIVER=$DRIVERS/dax_pmem
		align=$mode
		set -- "$1" devdax 'dax*' ;;
	esac
	region=region${1#namespace}
	LABEL="$mode $map $(($(cat "$ND/${region%.*}/size") >> 30))"
	create "$1" "$2" "$map" ${align:+-a "$align"} >/dev/null
	# shellcheck disable=SC2086 # a pattern
	DEVICE=$(cd "$DRIVER" && echo $3)
	unbind "$DEVICE" "$DRIVER"
}

what=$1 rounds=$2
shift 2
for namespace in "$ND"/namespace*.0; do
	namespace=${namespace##*/}
	for it; do
		of "$namespace" "$it"
		case $what in
		time)
			for _ in $(seq "$rounds"); do
				timed enable bind "$DEVICE" "$DRIVER"
				fill_time
				timed disable unbind "$DEVICE" "$DRIVER"
			done ;;
		count)
			for _ in $(seq "$rounds"); do
				count_once
			done ;;
		esac
		ndctl destroy-namespace -f "$namespace" >/dev/null
	done
done
finish
