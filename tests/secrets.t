#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# secrets.t - user space cannot reach the storage of a namespace that is in use,
# and later reads no kernel address from it, even if the removal could not
# allocate memory. Without the scrub there are kernel addresses, which shows
# that the test would find them. (A debug kernel that poisons struct pages
# overwrites them, too; the command line turns that off.) /dev/mem can map any
# pmem; if the pmem is below the end of DRAM, it can read and write it as well.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

three=(--pmem 256M --pmem 256M --pmem 240M)
boot altmap "${three[@]}" secrets.sh none
boot altmap "${three[@]}" --append "vmem_altmap.scrub=0 vm_debug=-" \
	secrets.sh some
boot altmap --pmem 256M --pmem 256M reach.sh
boot altmap --mem 2G --append "memmap=256M!1G memmap=256M!1536M" reach.sh
finish
