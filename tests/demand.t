#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# demand.t - the struct pages of fsdax namespaces are written when they are first
# used, a guest of KVM among the users, and with vmem_altmap.on_demand=0 by the
# enable, as before.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

boot altmap --timeout 3000 --pmem 4G --pmem 256M demand.sh ext4 xfs
# KVM patches static keys; a second CPU of an emulator can run the code of before
boot altmap --pmem 1G --smp 1 kvm.sh
boot altmap --pmem 4G --append vmem_altmap.on_demand=0 fsdax.sh ext4
finish
