#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# secrets.t - the storage of a namespace in use is out of user space's reach,
# and what is read of it later holds no address of the kernel, also if memory for
# the removal could not be had. Without the scrub it does, which shows that what is
# looked for would be found (a debug kernel that poisons struct pages overwrites
# them too, and is told not to). Pmem that lies below the end of DRAM can not only
# be mapped by /dev/mem, but read and written.
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
