#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# alive.t - altmaps work in the middle of the series, too. It boots kernels that
# end at each patch that changes how an altmap works. A namespace has its memmap
# on the device there, and memory blocks have theirs on themselves.
# COMMITS="NAME..." names other commits; a name is that of a patch or of a part.
#
# tags: extra

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

commits=${COMMITS:-preparation
mm-look-the-altmap-up-where-the-vmemmap-s-memory-is-taken-and-freed
mm-memremap-register-the-altmap-around-add-and-remove
mm-register-the-altmaps-of-hot-added-memory
mm-memremap-overwrite-a-removed-memmap-outside-the-hotplug-lock
libnvdimm-pfn-set-the-altmap-from-the-info-block-alone
mm-remove-what-altmaps-that-are-handed-down-were-for
mm-drop-the-altmap-parameters}

build=(--config guest+small)
for it in $commits; do
	boot "$it" --mem 1G --pmem 1G \
		--append memory_hotplug.memmap_on_memory=1 alive.sh
done
finish
