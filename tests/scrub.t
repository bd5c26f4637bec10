#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scrub.t - while a removal overwrites what its struct pages have left on the
# device, five that want the locks of memory and CPU hotplug do not wait for that;
# it ends in a flush of the region. What it leaves is secrets.t's to look at.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 8G --pmem 256M scrub.sh
boot altmap --pmem 256M,virtio --pmem 256M,virtio flush.sh
finish
