#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# dram.sh - a device whose memmap is larger than DRAM can be used. With its
# memmap in DRAM, the enable is refused, and once caches are filled, that takes
# at most 256 KiB of DRAM. With its memmap on the device, the enable takes less
# than 512 KiB.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

off()
{
	check "disabled" ndctl disable-namespace $NS
}

# --map=mem is refused; the kernel's lines of that are in /tmp/dmesg then.
refused()
{
	dmesg -c >/dev/null
	fails create "$NS" fsdax mem && dmesg >/tmp/dmesg
}

size=$(cat $REGION/size)
note "memmap of the device: $((size >> 16)) KiB, DRAM: $(meminfo MemTotal) KiB"
keeps_at_most "--map=mem is refused" 256 refused
is "one line says how much DRAM that takes, and how much there is" \
	"$(grep -c 'KiB of DRAM' /tmp/dmesg)" 1
grep 'KiB of DRAM' /tmp/dmesg | sed 's/^/# /'
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
