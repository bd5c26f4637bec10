#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# compact.sh GIB: while both CPUs compact memory all the time, a DIMM at the end of
# the zone, half a GiB behind that address, is plugged in, onlined, offlined and
# unplugged, again and again. Compaction reads no struct page of a DIMM that is
# gone.

# shellcheck shell=dash disable=SC2046,SC2317 source-path=SCRIPTDIR
. ./lib.sh
# shellcheck source-path=SCRIPTDIR
. ./memory.sh

START=$(($1 << 30))
# shellcheck source-path=SCRIPTDIR
. ./plug.sh

compact()
{
	while :; do
		echo 1 >/proc/sys/vm/compact_memory
	done
}

come_and_go()
{
	for _ in $(seq 40); do
		plug 1 && turn $(of 1) offline online_movable || return
		qemu device_del dimm1
		wait_for gone 1 || return
		qemu object_del ram1
	done
}

check "a DIMM is plugged in" plug 0
check "it is onlined" turn $(of 0) offline online_movable
check "it is used" fill
before=$(vmstat compact_migrate_scanned)
compact &
first=$!
compact &
check "another one comes and goes while memory is compacted" come_and_go
kill $first $!
check "compaction has looked at pages" \
	[ "$(vmstat compact_migrate_scanned)" -gt "$before" ]
check "nothing is lost" filled
finish
