#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# down.t - a machine can stop or sleep while a namespace is enabled whose memmap
# is on the device: the machine boots another kernel by kexec, its kernel
# crashes, its power is cut, or it suspends; it does not hibernate.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

pmem=(--pmem "16G,$WORK/pmem")
eager=vmem_altmap.on_demand=0

# made: a new namespace on a new NVDIMM
made()
{
	rm -f "$WORK/pmem"
	boot altmap "${pmem[@]}" down.sh make
}

# disk: make the disk from which the guest loads its next kernel, and set SIZES
# to the sizes that the guest needs for that
disk()
{
	local initramfs image

	image=$(kernel altmap)/bzImage || bail "no kernel for the disk"
	initramfs=$(tools/initramfs) || bail "no initramfs for the disk"
	SIZES=("$(stat -c %s "$image")" "$(stat -c %s "$initramfs")")
	truncate -s 64M "$WORK/disk"
	dd if="$image" of="$WORK/disk" conv=notrunc status=none
	cat "$initramfs" >>"$WORK/disk"
	truncate -s %512 "$WORK/disk"
}

# cut_once COMMAND EVENT: the guest ended before it could report a result. It
# writes all struct pages, so that an enable and a disable have a middle.
cut_once()
{
	local status=0

	tools/guest --kernel "$(kernel altmap)" "${pmem[@]}" \
		--append "$eager" down.sh cut "$@" \
		>"$WORK/output" 2>&1 || status=$?
	[ "$status" = 125 ] && grep -qx "cut" "$WORK/output" &&
		! grep -q "^not ok" "$WORK/output"
}

# cut_at COMMAND EVENT: try again if COMMAND ended before the power was cut
cut_at()
{
	local tries=1

	until cut_once "$@"; do
		tries=$((tries + 1))
		[ "$tries" -le 5 ] || break
	done
	[ "$tries" -le 5 ]
	point $? "power is cut in the middle of $1, from the first $2 on"
	[ "$tries" -le 5 ] || note "$(cat "$WORK/output")"
	boot altmap "${pmem[@]}" down.sh same
}

made
cut_at enable-namespace vmem_altmap_register
cut_at enable-namespace vmem_altmap_alloc
cut_at disable-namespace vmem_altmap_free
cut_at disable-namespace vmem_altmap_scrub_begin

disk
boot altmap "${pmem[@]}" --disk "$WORK/disk" down.sh kexec "${SIZES[@]}"

# crashed: the storage is the same when the kernel crashes and after the capture
# kernel ran; the host compares them. The kernel has written all of it.
crashed()
{
	boot altmap "${pmem[@]}" --pmem 1G --disk "$WORK/disk" --mem 1G \
		--expect-warning --append "crashkernel=256M $eager" \
		down.sh crash "${SIZES[@]}" "$WORK/storage"
	[ -s "$WORK/storage" ] && cmp -n "$(stat -c %s "$WORK/storage")" \
		"$WORK/storage" <(tail -c +8193 "$WORK/pmem")
	point $? "the storage is what it was when the kernel died"
}

# 256 MiB are not enough for a debug kernel
[ "${DEBUG:-}" ] || crashed

boot altmap "${pmem[@]}" down.sh same
boot altmap "${pmem[@]}" down.sh sleep
boot altmap "${pmem[@]}" down.sh hibernate
finish
