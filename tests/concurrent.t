#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# concurrent.t - several processes create and destroy namespaces of one region
# at the same time, while another disables and enables the region.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

creates=40
[ ! "${DEBUG:-}" ] || creates=10 # a debug kernel takes minutes for these
# the labels outlive the guest
region=(--pmem "8G,$WORK/region,label=2M" --pmem "256M,$WORK/list")
boot altmap --mem 1G "${region[@]}" concurrent.sh race "$creates"
boot altmap --mem 1G "${region[@]}" concurrent.sh look
finish
