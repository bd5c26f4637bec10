#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# seen.t - debugfs and trace events show altmaps.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 3G --pmem 1G --pmem 1G \
	--append memory_hotplug.memmap_on_memory=1 seen.sh
finish
