#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# devdax.t - devdax namespaces of each alignment can be used from end to end, and
# compact ones; with an alignment of 1G, and of 64 GiB and more, the test uses 32 MiB
# at each end.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --pmem 1008M devdax.sh 4K 1073741824
boot altmap --pmem 1G devdax.sh 2M 1073741824
boot altmap --pmem 4G devdax.sh 1G 33554432
boot altmap --pmem 64G devdax.sh 2M 33554432 compact
boot altmap --pmem 1T devdax.sh 1G 33554432 compact
boot altmap --mem 5G --append 'memmap=1G!5184M' devdax.sh 2M 1073741824 early
finish
