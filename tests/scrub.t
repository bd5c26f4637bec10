#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scrub.t - while a removal overwrites what its page structs have left on the
# device, nobody waits for that who would not without; it ends in a flush of the
# region, and it is done as well if there is no memory for a mapping of the storage.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/guest.sh"

boot altmap --pmem 8G --pmem 256M scrub.sh
boot altmap --pmem 256M,virtio --pmem 256M,virtio flush.sh
finish
