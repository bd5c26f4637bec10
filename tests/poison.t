#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# poison.t - memory of a namespace fails.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 1G poison.sh told raw ext4 xfs xfs-rmapbt \
	devdax:4096 devdax:2097152
# the kernel takes machine checks of the CPUs of some vendors only
boot altmap --pmem 1G,label=2M --smp 1 --cpu vendor=GenuineIntel \
	poison.sh machine-checks
finish
