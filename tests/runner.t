#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# runner.t - however a guest ends, tools/guest reports that and leaves nothing
# behind; tools/guest and the demo refuse wrong use.
#
# tags: test

# shellcheck disable=SC2317
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"

mkdir "$WORK/tmp" "$WORK/bin"
export TMPDIR=$WORK/tmp
kernel=${KERNEL_altmap:-$(tools/kernel altmap "$KVER")} || bail "no kernel"

# ends NAME STATUS PATTERN ARGUMENT...: a run ends with STATUS, and its output
# has PATTERN
ends()
{
	local name=$1 want=$2 pattern=$3 status=0

	shift 3
	tools/guest --kernel "$kernel" "$@" >"$WORK/output" 2>&1 || status=$?
	if [ "$status" -eq "$want" ] && grep -q -- "$pattern" "$WORK/output"
	then
		point 0 "$name"
		return
	fi
	point 1 "$name"
	note "status $status, output:"
	note "$(tail -n 40 "$WORK/output")"
}

# Nothing is left of a run: no file, and no process whose command line names
# one.
nothing_left()
{
	[ -z "$(ls -A "$TMPDIR")" ] &&
		! grep -lsF "$TMPDIR" /proc/[0-9]*/cmdline
}

# A signal ends the run after its script has started.
terminated()
{
	local pid line

	mkfifo "$WORK/fifo"
	tools/guest --kernel "$kernel" --pmem 1G ends.sh hang \
		>"$WORK/fifo" 2>&1 &
	pid=$!
	read -r line <"$WORK/fifo"
	[ "$line" = "ends.sh has started" ] && ! nothing_left || return
	kill -TERM "$pid"
	! wait "$pid"
}

ends "a script's status is the run's" 3 "has started" ends.sh fail
ends "a script that succeeds does so" 0 "has started" ends.sh succeed
ends "a guest that hangs ends in time" 124 "did not end in 10 s" \
	--timeout 10 ends.sh hang
ends "a guest that stops by itself is an error" 125 "died before" ends.sh die
ends "a complaint of the kernel fails the run" 126 "WARNING: this is a test" \
	ends.sh warn
ends "unless it is expected" 0 "has started" --expect-warning ends.sh warn
try "all that leaves nothing behind" nothing_left
try "a run can be ended by a signal" terminated
try "that leaves nothing behind either" nothing_left

mkdir "$TMPDIR/a,b 'c"
TMPDIR="$TMPDIR/a,b 'c" ends "a TMPDIR of any name will do" 0 "has started" \
	--pmem 1G ends.sh succeed
rmdir "$TMPDIR/a,b 'c"
try "nothing is left there" nothing_left

ends "an unknown script is refused" 125 "no script in tests/guest" nonesuch.sh
ends "an unknown option is refused" 125 "no option --nonesuch" \
	--nonesuch 1 ends.sh fail
ends "a size without a unit is refused" 125 "64 is not a size" \
	--pmem 64 ends.sh fail
ends "a CPU that QEMU does not know is QEMU's error" 125 "nonesuch" \
	--cpu nonesuch=on ends.sh fail
kernel=$WORK ends "a folder without a kernel is refused" 125 "no bzImage" \
	ends.sh fail
printf '#!/bin/sh\necho QEMU emulator version 1.2.3\n' \
	>"$WORK/bin/qemu-system-x86_64"
chmod +x "$WORK/bin/qemu-system-x86_64"
PATH=$WORK/bin:$PATH ends "an old QEMU is refused by its version" 125 \
	"QEMU 1.2.3 is too old" ends.sh fail

for size in 64 64X 0G 6.4G -1G ""; do
	refuses "the demo refuses PMEM=$size" "PMEM=$size is not a size" \
		env PMEM="$size" tools/demo
done
refuses "the demo refuses too little" "PMEM=512M is too small" \
	env PMEM=512M tools/demo
refuses "the demo refuses too much" "PMEM=64T is too large" \
	env PMEM=64T tools/demo
refuses "the demo says what disk it needs" \
	"the demo with 1T of pmem needs [0-9]+ MiB" \
	env PMEM=1T ALTMAP_FREE_MIB=10 tools/demo

finish
