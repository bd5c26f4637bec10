#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# ramdax.sh SCRIPT [ARGUMENT...]: make an NVDIMM of the memory that memmap= declares
# persistent, by the kernel's driver ramdax, and run the script in place of this one.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

NAME=e820_pmem
PLATFORM=/sys/bus/platform

nvdimm()
{
	echo ramdax >$PLATFORM/devices/$NAME/driver_override &&
		unbind $NAME $PLATFORM/drivers/$NAME &&
		bind $NAME $PLATFORM/drivers/ramdax && probed &&
		ndctl create-namespace --mode=raw --region=region0
}

check "the memory is an NVDIMM" nvdimm
[ $failed = 0 ] || finish
script=$1
shift
exec "./$script" "$@"
