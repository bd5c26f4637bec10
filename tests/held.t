#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# held.t - a namespace can be removed while processes hold pages of it.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

others=(--pmem 256M --pmem 256M)
boot altmap --mem 768M --pmem 3G "${others[@]}" \
	held.sh devdax:4096 devdax:2097152 devdax:1073741824 nfit
boot altmap --mem 768M --pmem 1G "${others[@]}" \
	held.sh blockdev ext4 xfs-rmapbt xfs-plain erofs ext4:dm xfs-rmapbt:dm
boot altmap --mem 768M --pmem 1G,virtio --pmem 256M,virtio --pmem 256M,virtio \
	held.sh ext4 devdax:2097152
boot altmap --mem 4G \
	--append "memmap=1G!4G memmap=256M!5G memmap=256M!5632M" \
	held.sh devdax:4096 ext4
finish
