#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# surprise.t - a namespace can be removed while a process has it mapped.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 1G surprise.sh
finish
