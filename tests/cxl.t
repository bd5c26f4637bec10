#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# cxl.t - CXL memory stores its own memmap: a volatile region as device-dax of two
# ranges, persistent regions as NVDIMMs do, with their data after a reboot.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

tools/qemu --version >/dev/null 2>"$WORK/qemu" ||
	{ echo "1..0 # SKIP no QEMU with CXL: $(tail -n 1 "$WORK/qemu")"; exit; }

boot altmap --mem 1G --append memory_hotplug.memmap_on_memory=1 \
	--cxl 1G,volatile cxl.sh ram hmem.sh 2097152 1048576
for it in make use; do
	boot altmap --cxl "512M,$WORK/first" --cxl "256M,$WORK/second" \
		cxl.sh pmem media.sh $it
done
finish
