#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# xen.t - the series works in the first domain of Xen, paravirtualized. A page
# table is read-only for the kernel while it is used, and writable again when it
# is freed, whichever allocation fails while memory is added. Persistent memory
# stores its memmap there, too, in base pages.
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
