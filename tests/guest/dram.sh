#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# dram.sh [KIB] - a device whose memmap is larger than DRAM can be used. With
# its memmap in DRAM, the enable is refused, and takes no DRAM but up to KIB in
# caches (256). With its memmap on the device, the enable takes less than 512
# KiB.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

off()
{
	check "disabled" ndctl disable-namespace $NS
}

# Write the kernel's lines since the last call to /tmp/dmesg.
new_lines()
{
	dmesg -c >/tmp/dmesg
}

size=$(cat $REGION/size)
note "memmap of the device: $((size >> 16)) KiB, DRAM: $(meminfo MemTotal) KiB"
free=$(free_dram)
new_lines
check "--map=mem is refused" fails create $NS fsdax mem
new_lines
is "one line says how much DRAM that takes, and how much there is" \
	"$(grep -c 'KiB of DRAM' /tmp/dmesg)" 1
grep 'KiB of DRAM' /tmp/dmesg | sed 's/^/# /'
dram_at_most "KiB of DRAM that the refusal keeps" \
	$((free - $(free_dram))) "${1:-256}"
check "--map=dev works then, on the same namespace" create $NS fsdax dev
is "nr_memmap_pages counts no page of the device" "$(vmstat nr_memmap_pages)" 0
off
# the first enable fills caches
free=$(free_dram)
price $NS
dram_at_most "KiB of DRAM for the second enable" "$PRICE" 511
off
price $NS
dram_at_most "KiB of DRAM for the third enable" "$PRICE" 511
check "the device's last MiB is written" \
	dd if=/dev/urandom of=/dev/pmem0 bs=1M count=1 conv=fsync \
	seek=$(($(cat /sys/block/pmem0/size) / 2048 - 1))
off
dram_at_most "KiB of DRAM that these two enables lose" \
	$((free - $(free_dram))) 512
finish
