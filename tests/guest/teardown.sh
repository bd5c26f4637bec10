#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# teardown.sh ROUNDS: how long it takes to enable and to disable an fsdax
# namespace, by the driver alone. Prints lines "MAP bind|unbind NANOSECONDS".

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

NS=namespace0.0
DRIVER=/sys/bus/nd/drivers/nd_pmem

# Set NOW to the nanoseconds since boot. The shell reads them itself: what it
# takes to start a program would count.
now()
{
	local _

	{ read -r _; read -r _; read -r _ _ NOW _; } </proc/timer_list
}

# timed MAP bind|unbind DEVICE
timed()
{
	local since

	now
	since=$NOW
	echo "$3" >$DRIVER/"$2"
	now
	echo "$1 $2 $((NOW - since))"
}

# The first time of each is another: it makes what stays.
rounds()
{
	local device _

	create $NS fsdax "$1" >/dev/null
	device=$(cd $DRIVER && echo pfn*)
	echo "$device" >$DRIVER/unbind
	for _ in $(seq "$2"); do
		timed "$1" bind "$device"
		timed "$1" unbind "$device"
	done
}

rounds dev "$1"
rounds mem "$1"
finish
