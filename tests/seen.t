#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# seen.t - what of an altmap can be seen, in debugfs and by trace events.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 3G --pmem 1G --pmem 1G \
	--append memory_hotplug.memmap_on_memory=1 seen.sh
finish
