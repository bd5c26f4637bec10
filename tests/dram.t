#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dram.t - 64 GiB of pmem in 512 and in 320 MiB of DRAM, where the memmap cannot
# fit; and 30 GiB, where it does not fit in what is left, which fails half way.
#
# tags: test

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --mem 512M --pmem 64G dram.sh
boot altmap --mem 320M --pmem 64G dram.sh
boot altmap --mem 512M --pmem 30G dram.sh
finish
