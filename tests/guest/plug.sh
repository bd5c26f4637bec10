# shellcheck shell=dash disable=SC2034,SC2046
# SPDX-License-Identifier: GPL-2.0-only
#
# plug.sh - functions for the scripts that plug in DIMMs 0 and 1, at START.
# Source it after memory.sh.

DIMM=512 # MiB of one
COUNT=$(((DIMM << 20) / BLOCK))

# of DIMM: print the first block and the number of blocks of DIMM 0 or 1.
of()
{
	echo $((START / BLOCK + $1 * COUNT)) $COUNT
}

# wait_for COMMAND...: repeat COMMAND until it succeeds. This kernel has no
# event to wait for when a DIMM is added or removed.
wait_for()
{
	local i=0

	until "$@"; do
		i=$((i + 1))
		[ $i -lt 600 ] || return
		sleep 0.1
	done
}

here()
{
	[ "$(blocks $(of "$1") offline | wc -l)" = $COUNT ]
}

# The entry in iomem is the last that the kernel keeps of a DIMM.
in_iomem()
{
	grep -q "^$(printf %x $((START + $1 * (DIMM << 20))))-" /proc/iomem
}

# slot DIMM: print the ACPI device of its slot. The NVDIMM has slot 0.
slot()
{
	local path

	path=$(grep -l "MP0$(($1 + 1))\$" /sys/bus/acpi/devices/PNP0C80:*/path)
	echo "${path%/path}"
}

# gone DIMM: has it left the kernel, and the machine then?
gone()
{
	fails in_iomem "$1" && [ "$(cat "$(slot "$1")/status")" = 0 ]
}

plug()
{
	qemu object_add "memory-backend-ram,id=ram$1,size=${DIMM}M"
	qemu device_add "pc-dimm,id=dimm$1,memdev=ram$1,slot=$(($1 + 1)),$(
		)addr=$((START + $1 * (DIMM << 20)))"
	wait_for here "$1"
}
