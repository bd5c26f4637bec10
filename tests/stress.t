#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# stress.t - namespaces that come and go at the same time, hundreds of times,
# beside one that is in use.
#
# tags: test debug

# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/guest.sh"

five=()
for _ in 0 1 2 3 4; do
	five+=(--pmem 256M)
done
# A debug kernel takes a quarter of an hour, alone.
boot altmap --timeout 3000 "${five[@]}" stress.sh 200 100
finish
