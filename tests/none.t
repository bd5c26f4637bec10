#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# none.t - the control kernel works: the series without CONFIG_VMEM_ALTMAP. It
# has no altmaps, and --map=dev takes DRAM there.
#
# tags: extra

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot none --pmem 1G none.sh
finish
