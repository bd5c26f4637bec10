#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# kvm.sh - the memory of a virtual machine is a mapping of /dev/mem, of pages of an
# fsdax namespace whose struct pages were not written. KVM finds the pages in the
# page table, and may take references to them.

# shellcheck shell=dash source-path=SCRIPTDIR
. ./lib.sh

check "KVM is there" [ -c /dev/kvm ]
check "fsdax --map=dev is made" create $NS fsdax dev
is "no section owns its struct pages" "$(column "" owned)" 0
start=$(cat $REGION/resource)
for offset in $((256 << 20)) $((600 << 20)); do
	check "a virtual machine runs at offset $offset" \
		./kvm $((start + offset))
done
check "its pages are free: disabled and enabled" again $NS
finish
