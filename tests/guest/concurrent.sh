#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# concurrent.sh race CREATES - two loops create a namespace CREATES times each,
# of any mode, map and size, while another loop destroys all namespaces of the
# region; later a loop also disables and enables the region. ndctl may fail if
# another process was faster. But no capacity, label or device is lost.
#
# concurrent.sh look - after that and a reboot, the namespaces are the same.
#
# The namespace of region 1 stays enabled, and keeps the list of them.

# shellcheck shell=dash disable=SC2086,SC2317,SC3028 source-path=SCRIPTDIR
. ./lib.sh

RAW=$DRIVERS/nd_pmem
LIST=/dev/pmem1
SIZE=$(cat $REGION/size)
ONE=11111111-2222-3333-4444-555555555555
OTHER=aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee

# pick WORD...: set PICKED to one of them; busybox has RANDOM
pick()
{
	shift $((RANDOM % $#))
	PICKED=$1
}

# any: create a namespace of any mode, map and size
any()
{
	local mode map=''

	pick fsdax devdax sector raw
	mode=$PICKED
	case $mode in
	*dax)
		pick --map=dev --map=mem
		map=$PICKED ;;
	esac
	ndctl create-namespace -r region0 -m "$mode" $map \
		-s $((256 + 64 * (RANDOM % 17)))M
}

# creator SEED TIMES: add ndctl's output to /tmp/created
creator()
{
	local made=0 _

	RANDOM=$1
	for _ in $(seq "$2"); do
		! any >"/tmp/any$1" 2>/dev/null || {
			made=$((made + 1))
			cat "/tmp/any$1" >>/tmp/created
		}
	done
	note "creator $1: $made of $2 were made" >&3
}

# creators TIMES: run two of them
creators()
{
	local one

	rm -f /tmp/created
	creator 1 "$1" &
	one=$!
	creator 2 "$1"
	wait $one
	touch /tmp/created /tmp/stop
}

# again_and_again COMMAND: repeat it until the creators have finished; it must
# succeed at least once
again_and_again()
{
	local times=0

	while [ ! -e /tmp/stop ]; do
		! "$@" >/dev/null 2>&1 || times=$((times + 1))
	done
	note "$times times: $1" >&3
	[ "$times" -gt 0 ]
}

destroyer()
{
	ndctl destroy-namespace -r region0 -f all
}

# left: print the devices of the region; there are none while it is disabled
left()
{
	probed
	(cd $ND && ls -d namespace0.* btt0.* pfn0.* dax0.* 2>/dev/null) || :
}

# If a namespace is busy, ndctl succeeds although it has disabled no region.
toggler()
{
	ndctl disable-region region0 && [ ! -e $REGION/driver ] || return
	left >>/tmp/left
	ndctl enable-region region0
}

# at_once COMMAND...: run the creators, and each COMMAND again and again
at_once()
{
	local command jobs='' job status=0

	rm -f /tmp/stop
	for command; do
		again_and_again "$command" &
		jobs="$jobs $!"
	done
	creators "$CREATES"
	for job in $jobs; do
		wait "$job" || status=1
	done
	return $status
}

# namespaces: print UUID, size and kind of each namespace, as ndctl reports them
namespaces()
{
	local namespace size holder

	probed
	for namespace in "$ND"/namespace0.*; do
		size=$(cat "$namespace/size") holder=$(cat "$namespace/holder")
		[ "$size" = 0 ] ||
			echo "$(cat "$ND/${holder:-${namespace##*/}}/uuid")" \
				"$size" "${holder%0.*}"
	done | sort
}

again_region()
{
	ndctl disable-region region0 && ndctl enable-region region0
}

# free_space: print the free bytes, after all operations on the region are done
free_space()
{
	probed
	cat $REGION/available_size
}

# sound NAME: no capacity is lost, and the namespaces that exist stay
sound()
{
	local list used

	list=$(namespaces)
	note "$1: $(echo "$list" | grep -c .) namespaces are left"
	used=$(echo "$list" | awk '{ n += $2 } END { printf "%.0f", n }')
	is "$1: what no namespace has is free" $((used + $(free_space))) "$SIZE"
	check "$1: the region is disabled and enabled" again_region
	is "$1: the namespaces are the same" "$(namespaces)" "$list"
}

# each NAME: a namespace of each mode can be made
each()
{
	local mode

	check "$1: all are destroyed" destroy_all
	for mode in fsdax devdax sector raw; do
		check "$1: $mode can be made" \
			ndctl create-namespace -r region0 -m $mode -s 256M
	done
	check "$1: they are destroyed" destroy_all
	is "$1: all is free" "$(free_space)" "$SIZE"
}

destroy_all()
{
	ndctl destroy-namespace -r region0 -f all && [ ! "$(namespaces)" ]
}

# raw MIB: make a namespace without struct pages, by hand; set SEED to its name
raw()
{
	SEED=$(cat $REGION/namespace_seed)
	cat /proc/sys/kernel/random/uuid >"$ND/$SEED/uuid" &&
		echo $(($1 * MIB)) >"$ND/$SEED/size" &&
		echo 1 >"$ND/$SEED/force_raw" &&
		bind "$SEED" "$RAW"
}

# destroy NAMESPACE: remove one that raw made
destroy()
{
	unbind "$1" "$RAW" && echo 0 >"$ND/$1/size"
}

# claim NAMESPACE: claim it for mode sector
claim()
{
	echo "$1" >"$ND/$(cat "$REGION/btt_seed")/namespace"
}

# beside: the first of two namespaces cannot grow, since the second follows it
beside()
{
	local first

	check "a namespace is made" raw 256
	first=$SEED
	check "another is made beside it" raw 256
	check "who is in use is not claimed" fails claim "$SEED" 2>/dev/null
	is "it has no holder" "$(holder "$SEED")" ""
	unbind "$first" "$RAW"
	check "the first has no room to grow" fails grow "$first" 2>/dev/null
	is "it is as large as it was" "$(cat "$ND/$first/size")" $((256 * MIB))
	check "the second is destroyed" destroy "$SEED"
	check "the first has room to grow" grow "$first"
	echo 0 >"$ND/$first/size"
	is "all is free" "$(free_space)" "$SIZE"
}

grow()
{
	echo $((512 * MIB)) >"$ND/$1/size"
}

# rebound: the NVDIMM's driver is unbound and bound again, while the region has
# a namespace with a label; the namespace does not change until the region is
# enabled again
rebound()
{
	check "a namespace is made" raw 256
	unbind "$SEED" "$RAW"
	unbind nmem0 "$DRIVERS/nvdimm"
	is "without the NVDIMM's driver it has no extents" \
		"$(cat "$ND/$SEED/dpa_extents")" 0
	check "it does not grow" fails grow "$SEED" 2>/dev/null
	bind nmem0 "$DRIVERS/nvdimm"
	check "nor with a new driver" fails grow "$SEED" 2>/dev/null
	is "it is as large as it was" "$(cat "$ND/$SEED/size")" $((256 * MIB))
	sound rebound
	each rebound
}

# write_on FILE COMMAND...: write COMMAND's output to FILE, as long as FILE
# exists
write_on()
{
	local file=$1

	shift
	while [ -e "$file" ]; do
		"$@" >"$file" || :
	done 2>/dev/null
}

# deleted ROUNDS: a namespace is deleted while other processes write its UUID
# and its size
deleted()
{
	local jobs _

	for _ in $(seq "$1"); do
		raw 256 || return
		write_on "$ND/$SEED/uuid" cat /proc/sys/kernel/random/uuid &
		jobs=$!
		write_on "$ND/$SEED/size" echo $((256 * MIB)) &
		jobs="$jobs $!"
		destroy "$SEED" || return
		wait $jobs
	done
}

# reader: read the files of the region that every user may read; add lines that
# make no sense to /tmp/wrong
reader()
{
	local file line

	while [ ! -e /tmp/stop ]; do
		for file in "$REGION"/*_seed "$ND"/pfn0.*/uuid; do
			read -r line <"$file" || continue
			case $line in
			"" | namespace0.[0-9]* | btt0.[0-9]* | pfn0.[0-9]* | \
				dax0.[0-9]* | "$ONE" | "$OTHER") ;;
			*) echo "$file: $line" >>/tmp/wrong ;;
			esac
		done
	done 2>/dev/null
}

# read_on COMMAND...: while COMMAND runs, all that can be read makes sense
read_on()
{
	local job status=0

	rm -f /tmp/stop /tmp/wrong
	reader &
	job=$!
	"$@" || status=1
	touch /tmp/stop
	wait $job
	[ ! -e /tmp/wrong ] || cat /tmp/wrong
	[ ! -e /tmp/wrong ] && return $status
}

# region bind|unbind: bind or unbind region 0
region()
{
	"$1" region0 "$DRIVERS/nd_region"
}

# toggle TIMES: unbind and bind the region while its devices are still being
# added
toggle()
{
	local _

	for _ in $(seq "$1"); do
		region unbind && region bind || return
	done
}

# toggles TIMES: after an unbind, no device is left of those that were still
# being added
toggles()
{
	local _

	for _ in $(seq "$1"); do
		toggle 10 && region unbind || return
		left >/tmp/left
		region bind
		cat /tmp/left
		[ ! -s /tmp/left ] || return
	done
	left
}

# renamed TIMES: change the UUID of a pfn device
renamed()
{
	local _

	for _ in $(seq "$1"); do
		echo "$ONE" >$ND/pfn0.0/uuid &&
			echo "$OTHER" >$ND/pfn0.0/uuid || return
	done
}

# devices: print the namespaces in ndctl's output
devices()
{
	sed -n 's/.*"dev":"\(namespace[0-9.]*\)".*/\1/p'
}

# gone: print the namespaces that ndctl reported as enabled, and that are not.
# Both creators may have set up one seed, so the seed has the UUID of the last
# one; and a namespace may exist though both creators failed.
gone()
{
	ndctl list -N -r region0 | devices >/tmp/enabled
	devices </tmp/created | sort -u | grep -vxF -f /tmp/enabled
}

race()
{
	check "namespaces are created and destroyed at the same time" \
		at_once destroyer
	sound destroyed
	each destroyed
	: >/tmp/left
	check "and the region is disabled and enabled" at_once destroyer toggler
	is "nothing was left of the disabled region" "$(cat /tmp/left)" ""
	sound toggled
	each toggled
	check "namespaces are created by two" at_once
	check "ndctl has told of some" [ "$(devices </tmp/created)" ]
	is "each that it has told of is enabled" "$(gone)" ""
	sound created
}

# Write the list of namespaces, with its length in front of it.
keep()
{
	namespaces >/tmp/list
	{ wc -c </tmp/list; cat /tmp/list; } | dd of=$LIST conv=fsync
}

kept_list()
{
	local length

	read -r length <$LIST
	dd if=$LIST bs=1 skip=$((${#length} + 1)) count="$length" 2>/dev/null
}

case $1 in
race)
	CREATES=$2
	check "a namespace is made that stays" create namespace1.0 fsdax dev
	check "the region gets labels" label
	beside
	rebound
	check "a namespace is set up while it is deleted" deleted 20
	sound deleted
	each deleted
	check "the region is read while it is disabled and enabled" \
		read_on toggle 30
	check "it is disabled while its devices are added" toggles 6
	check "a UUID is read while it is written" read_on renamed 500
	race
	check "the list is kept" keep ;;
look)
	# shellcheck disable=SC2119 # it has no arguments
	is "the namespaces are the same" "$(namespaces)" "$(kept_list)"
	check "there are some" [ "$(namespaces)" ]
	each "rebooted" ;;
esac
finish
