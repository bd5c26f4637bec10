#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# media.t - the on-media format has not changed: this kernel can use namespaces
# that the stock kernel made, and the reverse, and so with the stock kernels of
# the other versions and the series on these. On read-only NVDIMMs they can be
# read. A compact namespace, which other kernels refuse, loses nothing by that.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

# on KERNEL ACTION [,ro [OPTION...]]: boot with the same two NVDIMMs each time.
on()
{
	# shellcheck disable=SC2086 # words
	boot "$1" --pmem "1G,$WORK/first${3:-}" --pmem "256M,$WORK/second${3:-}" \
		"${@:4}" media.sh $2
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

compact()
{
	on altmap compact
	info_blocks >"$WORK/before"
	on stock "refused mismatch"
	on altmap "refused vmem_altmap.dedup" "" --append vmem_altmap.dedup=0
	on altmap found
	info_blocks | cmp - "$WORK/before"
	point $? "the kernels left the info block of a compact namespace alone"
}

# stock VERSION: set folder to that of a stock kernel, which is Debian's own, of
# its package; if apt offers none, it is built
stock()
{
	local release

	folder=$WORK/stock-$1
	release=$(tools/packaged "$1" "$folder")
	case $? in
	0) note "stock: $release" ;;
	3) folder=$(tools/kernel --config guest+small stock "$1") ;;
	*) false ;;
	esac
}

# others: do it with the kernels of each other version
others()
{
	local version folder

	for version in $(other_versions); do
		note "the other kernels: $version"
		stock "$version" || bail "no stock kernel $version"
		# shellcheck disable=SC2034 # boot reads these two
		KERNEL_other_stock=$folder
		# shellcheck disable=SC2034
		KERNEL_other_altmap=$(tools/kernel altmap "$version") ||
			bail "no kernel $version"
		made_by other-stock altmap
		made_by altmap other-stock
		made_by other-altmap altmap
		made_by altmap other-altmap
	done
}

if [ ! "${KERNEL_stock:-}" ]; then
	stock "$KVER" || bail "no stock kernel"
	KERNEL_stock=$folder
fi
compact
made_by stock altmap
made_by altmap stock
sum=$(cat "$WORK/first" "$WORK/second" | sha1sum)
on altmap look ,ro
[ "$(cat "$WORK/first" "$WORK/second" | sha1sum)" = "$sum" ]
point $? "nothing was written to NVDIMMs that are read-only"
others
finish
