#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# xen.t - the first domain of Xen, paravirtualized: tables of addresses are
# read-only for the kernel while they are used, and no longer when they are
# freed, whatever of an add of memory fails. Persistent memory holds its memmap
# there too, in base pages.
#
# tags: extra

# shellcheck disable=SC2034 # build is for guest.sh
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

build=(--config guest+xen)
xen=(--mem 1G --smp 1 --xen "dom0_mem=512M,max:512M"
	--append init_on_free=1)
boot altmap "${xen[@]}" xen.sh balloon
boot altmap "${xen[@]}" xen.sh scratch
boot altmap "${xen[@]}" --pmem 1G boot.sh 4
finish
