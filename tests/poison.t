#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# poison.t - the kernel handles failures of a namespace's memory.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 1G poison.sh told raw ext4 xfs xfs-rmapbt \
	devdax:4096 devdax:2097152
# data that is aligned to 1G in a region that is not
boot altmap --pmem 3G,at=4608M poison.sh told \
	devdax:1073741824 devdax-mem:1073741824
# the kernel accepts machine checks from CPUs of some vendors only
boot altmap --pmem 1G,label=2M --smp 1 --cpu vendor=GenuineIntel \
	poison.sh machine-checks
finish
