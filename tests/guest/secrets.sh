#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# secrets.sh none|some - the old storage of a disabled namespace contains no
# kernel addresses, whatever the namespace was used for; or it contains some, on
# a kernel that does not scrub the blocks that it frees.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

WANTED=$1
RESERVE=8192
FAULTS=/sys/kernel/debug

# storage NAMESPACE: print the size of its storage in bytes; it must be enabled
storage()
{
	echo $(($(cat "$ND/$(holder "namespace$1")/resource") -
		$(cat "$ND/namespace$1/resource") - RESERVE))
}

on()
{
	ndctl enable-namespace "namespace$1"
}

off()
{
	ndctl disable-namespace "namespace$1"
}

# addresses NAMESPACE BYTES: print how many kernel addresses there are; for that
# the namespace is raw.
addresses()
{
	local namespace=namespace$1

	echo 1 >"$ND/$namespace/force_raw"
	bind "$namespace" $DRIVERS/nd_pmem
	./reach pointers "/dev/pmem${1%.0}" $RESERVE "$2"
	unbind "$namespace" $DRIVERS/nd_pmem
	echo 0 >"$ND/$namespace/force_raw"
}

# look WHEN NAMESPACE BYTES
look()
{
	local count

	count=$(addresses "$2" "$3")
	case $WANTED in
	none) is "$1: addresses in $3 bytes" "$count" 0 ;;
	some) check "$1: $count addresses in $3 bytes" [ "$count" -gt 0 ] ;;
	esac
}

# made NAMESPACE MODE [OPTION...]: make it, use it once, and look.
made()
{
	local namespace=$1 mode=$2 bytes

	shift 2
	check "$mode $* is made" create "namespace$namespace" "$mode" dev "$@"
	bytes=$(storage "$namespace")
	check "it is disabled" off "$namespace"
	look "$mode $*" "$namespace" "$bytes"
	SIZES="$SIZES $bytes"
}

# Enable all at the same time, three times.
together()
{
	local namespace _

	for _ in 1 2 3; do
		for namespace in 0.0 1.0 2.0; do
			on "$namespace" || return 1
		done
		for namespace in 1.0 0.0 2.0; do
			off "$namespace" || return 1
		done
	done
}

# failing N WHAT: bind or unbind namespace 1.0 while the N-th allocation fails,
# which may be the shell's own; exit with 3 if there are fewer allocations.
failing()
{
	local left

	echo "$1" >/proc/self/fail-nth
	"$2" "$HOLDER" $DRIVERS/dax_pmem || :
	read -r left </proc/self/fail-nth
	[ "$left" = 0 ] || exit 3
}

# failures BYTES STEP WHAT: let every STEP-th allocation of WHAT fail, in turn,
# until WHAT makes fewer. The namespace is the devdax one, since the block layer
# prints a stack if it lacks memory.
failures()
{
	local n

	for n in failslab fail_page_alloc; do
		echo N >$FAULTS/$n/ignore-gfp-wait
		echo 0 >$FAULTS/$n/verbose
	done
	echo 0 >$FAULTS/fail_page_alloc/min-order
	for n in $(seq 1 "$2" 2000); do
		on 1.0
		HOLDER=$(holder namespace1.0)
		[ "$3" = unbind ] || unbind "$HOLDER" $DRIVERS/dax_pmem
		(failing "$n" "$3") || [ $? != 3 ] || break
		off 1.0 || :
		look "devdax, allocation $n of $3 failed" 1.0 "$1"
	done 2>/dev/null
}

SIZES=
made 0.0 fsdax -a 2M
made 1.0 devdax -a 2M
made 2.0 fsdax -a 4K
check "all are enabled and disabled, three times" together
# shellcheck disable=SC2086 # one for each
set -- $SIZES
look "after that, fsdax" 0.0 "$1"
look "after that, devdax" 1.0 "$2"
look "after that, fsdax -a 4K" 2.0 "$3"
failures "$2" 23 bind
failures "$2" 1 unbind
finish
