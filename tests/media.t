#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# media.t - the on-media format has not changed: this kernel can use namespaces
# that the stock kernel made, and the reverse. On read-only NVDIMMs they can be
# read.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

# on KERNEL make|use|look [,ro]: boot with the same two NVDIMMs each time.
on()
{
	boot "$1" --pmem "1G,$WORK/first${3:-}" --pmem "256M,$WORK/second${3:-}" \
		media.sh "$2"
}

# The info blocks are in the first 8 KiB.
info_blocks()
{
	head -c 8192 "$WORK/first"
	head -c 8192 "$WORK/second"
}

# made_by KERNEL OTHER: KERNEL makes the namespaces, both use them.
made_by()
{
	rm -f "$WORK/first" "$WORK/second"
	on "$1" make
	info_blocks >"$WORK/before"
	grep -q NVDIMM_PFN_INFO "$WORK/before"
	point $? "the $1 kernel wrote info blocks"
	on "$2" use
	on "$1" use
	info_blocks | cmp - "$WORK/before"
	point $? "the $2 kernel left the $1 kernel's info blocks alone"
}

# debian_stock: the stock kernel is Debian's own, of its package; if apt offers
# none, it is built
debian_stock()
{
	local release

	KERNEL_stock=$WORK/stock
	release=$(tools/packaged "$KVER" "$KERNEL_stock")
	case $? in
	0) note "stock: $release" ;;
	3) KERNEL_stock=$(tools/kernel --config guest+small stock "$KVER") ;;
	*) false ;;
	esac
}

[ "${KERNEL_stock:-}" ] || debian_stock || bail "no stock kernel"
made_by stock altmap
made_by altmap stock
sum=$(cat "$WORK/first" "$WORK/second" | sha1sum)
on altmap look ,ro
[ "$(cat "$WORK/first" "$WORK/second" | sha1sum)" = "$sum" ]
point $? "nothing was written to NVDIMMs that are read-only"
finish
