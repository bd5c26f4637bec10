#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.t - other machines: page tables of four and of five levels, which move
# the vmemmap; one CPU; pmem that the firmware's memory map names.

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/guest.sh"

boot altmap --pmem 2G boot.sh 5
boot altmap --pmem 2G --cpu la57=off boot.sh 4
boot altmap --pmem 2G --smp 1 boot.sh 5
boot altmap --mem 2G --append "memmap=512M!1G" boot.sh 5
finish
