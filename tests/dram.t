#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dram.t - a machine with too little DRAM for the memmap can use pmem: 64 GiB
# with 512 and with 320 MiB of DRAM, where the memmap cannot fit; and 30 GiB,
# where the memmap does not fit in the DRAM that is free, so that allocating it
# fails half way.
#
# tags: test

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --mem 512M --pmem 64G dram.sh
boot altmap --mem 320M --pmem 64G dram.sh
boot altmap --mem 512M --pmem 30G dram.sh
finish
