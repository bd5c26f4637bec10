#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# demo.sh SMALL FULL: print what "make demo" shows of two NVDIMMs, the first of
# which is SMALL enough for a memmap in DRAM. The sizes are only printed.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

SMALL=$1 FULL=$2
ROWS=/tmp/rows
: >$ROWS

say()
{
	echo "$*"
}

# Seconds since boot, in hundredths.
now()
{
	awk '{ printf "%.0f\n", $1 * 100 }' /proc/uptime
}

# setup N MAP: make namespaceN.0 an fsdax one, and print the command.
setup()
{
	say
	say "  # ndctl create-namespace -f -e namespace$1.0 -m fsdax --map=$2"
	dmesg -c >/dev/null
	create "namespace$1.0" fsdax "$2" >/tmp/setup 2>&1
}

kernel_says()
{
	dmesg | sed -n 's/^\[[^]]*\] */  /; /KiB of DRAM/p'
}

row()
{
	printf '  %-8s %-6s %-14s %14s %14s %12s\n' "$@" >>$ROWS
}

# measure N NAME MAP: enable namespaceN.0 once more, and add a row with what the
# enable takes.
measure()
{
	local region=$ND/region$1/size memmap taken time place

	ndctl disable-namespace "namespace$1.0" >/dev/null 2>&1
	memmap=$(vmstat nr_memmap_pages) BEFORE=$(free_dram) time=$(now)
	ndctl enable-namespace "namespace$1.0" >/dev/null 2>&1
	time=$(($(now) - time)) AFTER=$(free_dram)
	taken=$((BEFORE - AFTER))
	[ "$taken" -ge 0 ] || taken=0 # there is always some coming and going
	place=pmem
	[ "$(vmstat nr_memmap_pages)" = "$memmap" ] || place=DRAM
	row "$2" "$3" "$place" "$taken KiB" "$((($(cat "$region") -
		$(cat "/sys/block/pmem$1/size") * 512) >> 20)) MiB" \
		"$((time / 100)).$(printf %02d $((time % 100))) s"
}

# both_ways N NAME: put the memmap in DRAM, then on the device.
both_ways()
{
	local map

	for map in mem dev; do
		if setup "$1" $map; then
			say "  enabled"
			measure "$1" "$2" $map
			continue
		fi
		say "  refused; the kernel says:"
		kernel_says
		[ $map = mem ] || { cat /tmp/setup; finish; }
		row "$2" $map "- (refused)" - - -
	done
}

table()
{
	say
	printf '  %-8s %-6s %-14s %14s %14s %12s\n' \
		pmem --map "struct pages" "DRAM used" "pmem lost" "enabled in"
	say "  ------------------------------------------------------------------------"
	cat $ROWS
	say
}

# bar TOTAL [SIZE CHARACTER]...: draw the sizes to scale, each that is not zero
# with one character at least. A bar that is too long is cut off.
bar()
{
	awk 'BEGIN {
		for (i = 2; i < ARGC; i += 2) {
			n = int(ARGV[i] * 64 / ARGV[1] + 0.5)
			for (n += ARGV[i] && !n; n; n--)
				line = line ARGV[i + 1]
		}
		while (length(line) < 64)
			line = line "."
		print "[" substr(line, 1, 64) (length(line) > 64 ? ">" : "]")
	}' "$@"
}

mib()
{
	echo "$((($1 + 512) / 1024)) MiB"
}

# picture: draw namespace 1, as the kernel lists its altmap, and DRAM before and
# after the enable
picture()
{
	local owner size reserve used written rest total memmap

	owner=$(holder namespace1.0)
	size=$(($(cat $ND/region1/size) >> 10))
	reserve=$(column "$owner" reserve_KiB)
	used=$(column "$owner" used_KiB) written=$(column "$owner" written_KiB)
	rest=$(($(column "$owner" storage_KiB) - used))
	total=$(meminfo MemTotal) memmap=$((size / 64))
	say "  The NVDIMM, $FULL: r reserve $reserve KiB, M memmap written" \
		"$(mib "$written")," \
		"m memmap not yet written $(mib $((used - written)))," \
		"f free $rest KiB, . data"
	say "    before       $(bar "$size")"
	say "    after        $(bar "$size" "$reserve" r "$written" M \
		$((used - written)) m "$rest" f)"
	say
	say "  DRAM, $(mib "$total"): # in use, before $(mib $((total - BEFORE)))," \
		"after $(mib $((total - AFTER)))"
	say "    before       $(bar "$total" $((total - BEFORE)) '#')"
	say "    after        $(bar "$total" $((total - AFTER)) '#')"
	say "    with map=mem $(bar "$total" $((total - BEFORE)) '#' "$memmap" M)" \
		"$(mib "$memmap") of memmap"
	say
}

# A journal of its usual size and inode tables would fill a sparse file.
filesystem()
{
	mkfs.ext4 -q -F -b 4096 -J size=64 /dev/pmem1
}

mounted()
{
	mount_dax ext4 /dev/pmem1 noinit_itable
}

survives()
{
	check "ext4 is made on the $FULL namespace with --map=dev" filesystem
	check "it is mounted with dax=always" mounted
	check "a file of 64 MiB is written through a mapping" \
		./mapdax fill /mnt/file 0 $((64 << 20)) 1
	check "the namespace is disabled and enabled" remount
	check "the file is read back and is equal" \
		./mapdax check /mnt/file 0 $((64 << 20)) 1
}

remount()
{
	umount /mnt && again namespace1.0 && mounted
}

say "This machine has $(($(meminfo MemTotal) >> 10)) MiB of DRAM, and two" \
	"NVDIMMs: $SMALL and $FULL."
say "The struct pages of $FULL are" \
	"$(($(cat $ND/region1/size) >> 26)) MiB."
both_ways 0 "$SMALL"
both_ways 1 "$FULL"
table
picture
survives
finish
