#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fsdax.t - fsdax namespaces work with ext4 and xfs on them.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 4G fsdax.sh ext4 xfs
finish
