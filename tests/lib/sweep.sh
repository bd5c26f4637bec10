# shellcheck shell=bash disable=SC2317
# SPDX-License-Identifier: GPL-2.0-only
#
# sweep.sh - functions for the tests that let each allocation of a bind fail
# once, in turn: their rows, and the table of these rows. Source it after
# guest.sh.
#
#	sweep_kernels
#	both ends fsdax dev
#	note "$(cat "$TABLE")"
#
# STOCK=1 sweeps the stock kernel, too, and adds it to the table without judging
# it.

TABLE=$WORK/table
mkdir -p "$LOGS"

# nvdimms PLACE MODE: set PMEM to the options for the NVDIMMs: one stays in use,
# two are for plain binds, and the others are swept. A bind that succeeds
# although an allocation failed uses up an NVDIMM that was never bound, so there
# are more NVDIMMs than such allocations: 36 for fsdax, 28 for kmem, else 8.
nvdimms()
{
	local first size at step i count=16

	case $1 in
	ends) first=32768 size=144 at=33782 step=512 ;;
	tables) first=1049600 size=256 at=1572736 step=524288 ;;
	esac
	case $2 in
	fsdax) count=48 ;;
	kmem) count=32 ;;
	esac
	# three memory blocks of 128 MiB
	[ "$2" != kmem ] || at=$((at - 128)) size=$((size + 256))
	PMEM=(--pmem "256M,at=${first}M")
	for ((i = 0; i < count; i++)); do
		PMEM+=(--pmem "${size}M,at=$((at + i * step))M")
	done
}

# once KERNEL PLACE MODE MAP first|N [OPTION...]: sweep in one boot, and add its
# output to LINES. The options make RCU quick, and let it keep no pages.
once()
{
	local kernel=$1

	nvdimms "$2" "$3"
	boots=$((boots + 1))
	LOG=$LOGS/sweep-$boots.log
	tools/guest --kernel "$kernel" --smp 1 "${PMEM[@]}" \
		--append "rcupdate.rcu_expedited=1" \
		--append "rcutree.rcu_min_cached_objs=0" \
		--append "memory_hotplug.memmap_on_memory=1" \
		--expect-warning --console "$LOG" "${@:6}" \
		sweep.sh "$3" "$4" "$5" >>"$LINES" 2>"$WORK/errors"
}

# Print the sums of the lines. A plain bind keeps pages, once for each device;
# as many pages are no loss. Nor are objects a loss when a bind succeeds for the
# first time: they are for the region's next namespace. Pages that one device
# frees do not make up for pages that another one loses. Objects that were freed
# earlier do not make up for objects that are lost later.
sums()
{
	awk '
	function add(pages, rest) {
		kept[device] += pages
		changed += rest == "changed"
	}
	$1 != "again" {
		sum += objects
		objects = 0
		low = sum < low ? sum : low
	}
	$1 == "fault" { control = 1 }
	$1 == "device" { boots += control == 1; device = boots "." $2 }
	$1 == "plain" && control { plain = $3; control = 0; next }
	$1 == "device" && control { next }
	$1 == "plain" || $1 == "end" { add($3, $5); bound[device] = 1 }
	$1 ~ /^(first|point|again)$/ { add($4, $6); objects = $5 }
	$1 == "first" { firsts++ }
	$1 == "first" && $3 == "bound" { bound[device] = 1; objects = 0 }
	$1 == "point" { points++; n[$3]++ }
	$1 == "binds" && $4 { takes = $3 == $4 ? $3 : $3 "-" $4 }
	$1 == "lost" { gone++ }
	$1 == "died" { died++; points++ }
	END {
		for (device in kept) {
			kept[device] -= bound[device] ? plain : 0
			if (kept[device] > 0)
				lost += kept[device]
		}
		sum += objects
		lost += sum - (sum < low ? sum : low)
		print firsts + 0, points + 0, takes ? takes : "-",
			n["failed"] + 0, n["bound"] + 0, plain + 0, lost + 0,
			changed + 0, gone + 0, died + 0
	}' "$LINES"
}

# line COLUMN...: add a line to the table
line()
{
	printf '%-6s %-8s %-3s %-6s %5s %6s %7s %6s %5s %5s %9s %7s %4s %4s\n' \
		"$@" >>"$TABLE"
}

# row KERNEL PLACE MODE MAP: add the sums to the table
row()
{
	local sums

	read -ra sums < <(sums)
	line "$2" "$3" "$4" "$1" "${sums[@]}"
}

# The console has no report, except that the kernel had no memory for a disk's
# partitions.
quiet()
{
	! tools/complaints "$LOG" 'vmalloc error:'
}

# altmap PLACE MODE MAP [OPTION...]: sweep the kernel with the series, and judge
# it. A sweep after which DRAM is missing runs once more: a bind's own failure
# loses memory each time, but other tasks do not take theirs again.
altmap()
{
	local name="$2 --map=$3, $1${4:+, ${*:4}}"
	local round status n bytes changed

	LINES=$WORK/lines
	for round in 1 2; do
		: >"$LINES"
		status=0
		once "$altmap" "$1" "$2" "$3" first "${@:4}" || status=$?
		read -r _ n _ _ _ _ bytes changed _ < <(sums)
		[ "$bytes$changed" != 00 ] || break
		note "$name, round $round: $bytes bytes of DRAM are missing"
		note "$(grep -E '^(first|point|again|end)' "$LINES" |
			grep -v ' 0 0 same')"
		[ "$status$changed" = 00 ] || break
	done
	[ "$status" = 0 ] || note "$(cat "$WORK/errors")"
	point "$status" "$name: swept, a bind succeeds after each point"
	[ "$n" -gt 0 ] && [ "$bytes" -eq 0 ]
	point $? "$name: $n points, $bytes bytes of DRAM lost"
	[ "$n" -gt 0 ] && [ "$changed" -eq 0 ]
	point $? "$name: nothing else that can be seen has changed"
	try "$name: the console is clean" quiet
	try "$name: the altmap's own allocations could fail too" \
		grep -qx "fault fail_vmem_altmap" "$LINES"
	row altmap "$1" "$2" "$3"
}

# at_random PLACE MODE MAP ROUNDS: in each round some allocations fail, in any
# task. The test does not count binds, but checks that some fail and some
# succeed.
at_random()
{
	local name="$2 --map=$3, $1, $4 times at random" status=0

	LINES=$WORK/lines
	: >"$LINES"
	once "$altmap" "$1" "$2" "$3" "$4x" || status=$?
	[ "$status" = 0 ] || note "$(cat "$WORK/errors")"
	point "$status" "$name: a bind succeeds after each"
	for outcome in failed bound; do
		try "$name: some are $outcome" \
			grep -q "^point [0-9]* $outcome" "$LINES"
	done
	try "$name: the console is clean" quiet
	row altmap "$1" "$2" "$3"
}

# stock PLACE MODE MAP [OPTION...]: sweep the stock kernel; boot again when all
# namespaces are lost, or when the machine crashed.
stock()
{
	local last='' n=0 before

	LINES=$WORK/lines
	: >"$LINES"
	until [ "$last" = binds ]; do
		before=$(wc -l <"$LINES")
		once "$stock" "$1" "$2" "$3" $((n + 1)) --timeout 120 "${@:4}"
		[ "$(wc -l <"$LINES")" -gt "$before" ] ||
			bail "the stock kernel does not boot"
		read -r last n < <(awk '
			$1 ~ /^(fault|point|lost|binds)$/ { last = $1 }
			$1 ~ /^(point|lost|died)$/ { n = $2 }
			END { print last, n + 0 }' "$LINES")
		case $last in
		fault | point) echo "died $((++n))" >>"$LINES" ;;
		esac
	done
	row stock "$1" "$2" "$3"
}

# both PLACE MODE MAP [OPTION...]: sweep the series, and stock if STOCK is set
both()
{
	altmap "$@"
	[ -z "${STOCK:-}" ] || stock "$@"
}

# sweep_kernels: build the kernels, and begin the table
sweep_kernels()
{
	altmap=$(kernel altmap) || bail "no altmap kernel"
	[ -z "${STOCK:-}" ] || stock=$(kernel stock) || bail "no stock kernel"
	line place mode map kernel first points takes failed bound kept \
		"bytes lost" changed gone died
}
