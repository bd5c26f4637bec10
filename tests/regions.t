#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# regions.t - namespaces can share a region, and sections.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 1G,label=2M regions.sh 2M
finish
