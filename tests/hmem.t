#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# hmem.t - soft-reserved memory that is device-dax can store its own memmap: a device
# of two ranges, with pages of 4K, 2M and 1G.
#
# tags: extra

# shellcheck disable=SC2034 # build is for guest.sh
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

build=(--config guest+hmem)
# through /dev/mem, the test reads memory that the driver has claimed
soft="memmap=5G%4G+0xefffffff dax_hmem.region_idle=1 iomem=relaxed"

for align in 4096 2097152 1073741824; do
	boot altmap --mem 7G --append "$soft" hmem.sh $align 33554432
done
finish
