#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stress.t - namespaces can be disabled and enabled, destroyed and made at the
# same time, hundreds of times, while another one is in use.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

five=()
for _ in 0 1 2 3 4; do
	five+=(--pmem 256M)
done
# A debug kernel takes a quarter of an hour, alone.
# With red zones no CPU has a slab of its own, whose free objects would count as
# in use.
boot altmap --timeout 3000 --append slab_debug=Z "${five[@]}" stress.sh 200 100
finish
