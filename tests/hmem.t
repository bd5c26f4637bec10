#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# hmem.t - soft-reserved memory that is device-dax can store its own memmap: a device
# of two ranges, with pages of 4K, 2M and 1G.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

# soft GIB ALIGN: boot with that much of DRAM soft-reserved, a region whose dax device
# has no memory; through /dev/mem, the test reads memory that the driver has claimed
soft()
{
	boot altmap --mem $(($1 + 2))G --append "memmap=${1}G%4G+0xefffffff" \
		--append "dax_hmem.region_idle=1 iomem=relaxed" hmem.sh "$2" 8388608
}

soft 2 4096
soft 2 2097152
soft 5 1073741824
finish
