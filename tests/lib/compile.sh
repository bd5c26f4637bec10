# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# compile.sh - functions for the tests that compile parts of the series, in a
# kernel tree of their own. The tree is configured with the options of the guest
# and of the KUnit tests, or for another architecture. Source it after tap.sh.

# shellcheck source-path=SCRIPTDIR
. "${BASH_SOURCE[0]%/*}/../../tools/lib/kbuild.sh"

tree=$ALTMAP_CACHE/build/$KVER-check
obj=$tree/.obj-check
log=$ALTMAP_CACHE/log/$KVER-check.log
kunit=$ALTMAP_SERIES/linux/mm/vmem_altmap/tests/.kunitconfig

# The code that uses what the series changes, and the option that enables it.
users="
drivers/nvdimm/					LIBNVDIMM
drivers/dax/					DAX
fs/dax.o					FS_DAX
drivers/char/mem.o				DEVMEM
drivers/acpi/acpi_memhotplug.o			ACPI_HOTPLUG_MEMORY
drivers/s390/char/sclp_cmd.o			S390
arch/arm64/kernel/cpufeature.o			ARM64
arch/powerpc/platforms/pseries/			PPC_PSERIES
kernel/padata.o					PADATA
mm/vmem_altmap/tests/				VMEM_ALTMAP_KUNIT_TEST
mm/tests/					VMEM_ALTMAP_KUNIT_TEST
"

# options: print the fragment
options()
{
	fragments guest+altmap+kunit
	[ ! -f "$kunit" ] || sed -n '/^CONFIG_/p' "$kunit"
	echo CONFIG_WERROR=y
}

# prepare_tree: make the tree, with the whole series. Waits for other builds.
prepare_tree()
{
	mkdir -p "${log%/*}"
	lock build
	room "$tree" 3500 "compiling"
	tools/assemble --scratch "$KVER" "$tree"
}

# prepare: make the tree and configure it so that all new files are compiled
prepare()
{
	prepare_tree && configure "$(options)" &&
		on VMEM_ALTMAP && on VMEM_ALTMAP_KUNIT_TEST
}

# build_for ARCH [TOOLS]: from now on, build for ARCH; TOOLS is the prefix of a
# compiler's name, or the suffix of LLVM's ("-19")
build_for()
{
	arch=$1 cross='' llvm=''
	case ${2:-} in
	-*) llvm=$2 ;;
	*) cross=${2:-} ;;
	esac
	obj=$tree/.obj-$arch$llvm
}

# on OPTION: is it on in .config?
on()
{
	grep -qx "CONFIG_$1=y" "$obj/.config"
}

# parts: print the targets to compile, for the kernel of .config
parts()
{
	local target option

	printf '%s\n' mm/ drivers/base/ "arch/$arch/mm/" kernel/resource.o \
		fs/super.o
	while read -r target option; do
		! on "$option" || echo "$target"
	done <<<"$users"
}

# has: print which of the options that matter .config has
has()
{
	local option

	for option in NUMA SPARSEMEM_VMEMMAP MEMORY_HOTPLUG MEMORY_HOTREMOVE \
		ZONE_DEVICE VMEM_ALTMAP MHP_MEMMAP_ON_MEMORY; do
		! on $option || echo $option
	done | xargs
}

# compile ARG...: make ARG... succeeds without a warning, except that a system
# call is not implemented on this architecture
compile()
{
	kbuild -j"$(nproc)" "$@" >"$log" 2>&1 || {
		grep -E -m 20 'warning:|rror:|\*\*\*' "$log"
		return 1
	}
	! grep -E 'warning:|error:' "$log" |
		grep -v '#warning syscall .* not implemented'
}

# compile_all FRAGMENT: .config contains all of it, and its parts compile
compile_all()
{
	local lost

	lost=$(lost "$1")
	[ -z "$lost" ] || { printf 'not in .config: %s\n' "$lost"; return 1; }
	# shellcheck disable=SC2046 # one word is one target
	compile $(parts)
}
