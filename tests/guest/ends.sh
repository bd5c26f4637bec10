#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# ends.sh HOW: end in one of the ways in which a script in the guest can end.

echo "ends.sh has started"
case $1 in
fail) exit 3 ;;
hang) exec sleep 100000 ;;
die) poweroff -f ;;
warn) echo "WARNING: this is a test" >/dev/kmsg ;;
esac
