#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scrub.t - while a removal overwrites its old struct pages on the device, five
# operations that need the locks of memory and CPU hotplug do not wait for it.
# The removal ends with a flush of the region. secrets.t checks what the removal
# leaves on the device.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

# the enable writes all struct pages, for the scrub to take long enough
boot altmap --pmem 8G --pmem 256M --append vmem_altmap.on_demand=0 scrub.sh
boot altmap --pmem 256M,virtio --pmem 256M,virtio flush.sh
finish
