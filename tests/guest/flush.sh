#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# flush.sh - a removal flushes the region after the scrub. On virtio-pmem the
# flush is a request of its own, and an interrupt when the host has completed
# it.

# shellcheck shell=dash source-path=SCRIPTDIR
. ./lib.sh

# flushes: print the number of virtio-pmem's interrupts so far, of all devices
flushes()
{
	awk '/virtio/ { for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i }
		END { print n + 0 }' /proc/interrupts
}

# removal MODE MAP: set FLUSHES to the number of flushes that a disable does
removal()
{
	local before

	check "$1 --map=$2 is made" create $NS "$1" "$2"
	before=$(flushes)
	check "it is disabled" ndctl disable-namespace $NS
	FLUSHES=$(($(flushes) - before))
	note "$FLUSHES flushes"
}

removal fsdax mem
without=$FLUSHES
removal fsdax dev
is "fsdax: a flush more than with the memmap in DRAM" "$FLUSHES" \
	$((without + 1))
removal devdax mem
without=$FLUSHES
removal devdax dev
is "devdax: a flush more than with the memmap in DRAM" "$FLUSHES" \
	$((without + 1))
finish
