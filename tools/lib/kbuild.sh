# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kbuild.sh - functions to configure and build kernels, for tools/kernel and the
# tests that compile. Source it after common.sh, and set
#
#	tree	the kernel tree
#	obj	its output folder, inside the tree: so all paths are relative,
#		and ccache serves every tree
#	log	the file for the output
#	arch, cross
#		as arch.sh sets them, x86 if they are not set
#	llvm	the suffix of LLVM's tools, "-19", to use those instead
# shellcheck disable=SC2154

# fragments NAME[+NAME...]: print these files, each in a folder of configs/, as
# one fragment, each with the architecture's and the kernel version's own files; a
# later setting overrides an earlier one
fragments()
{
	local part parts version=${version:-${KVER:-6.12}} own

	IFS=+ read -ra parts <<<"$1"
	set --
	for part in "${parts[@]}"; do
		part=$(echo "$ALTMAP_TOP"/configs/*/"$part.config")
		[ -f "$part" ] || die "no ${part##*/} in configs/"
		set -- "$@" "$part"
		for own in "$arch" "$version" "$arch-$version"; do
			own=${part%.config}-$own.config
			[ ! -f "$own" ] || set -- "$@" "$own"
		done
	done
	awk '/^(# )?CONFIG_/ {
			name = $1 == "#" ? $2 : $1
			sub(/=.*/, "", name)
			if (!(name in set)) order[n++] = name
			set[name] = $0
		}
		END { for (i = 0; i < n; i++) print set[order[i]] }' "$@"
}

: "${arch=x86}" "${cross=}" "${llvm=}"

# This machine's compiler, and the folder of ccache, for all trees. The command
# has no path, since make compiles again what another command has compiled.
cc=gcc
! command -v ccache >/dev/null || cc="cached gcc"
PATH=$ALTMAP_TOP/tools/lib/bin:$PATH
export CCACHE_DIR=$ALTMAP_CACHE/ccache CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=3G
# Else ccache preprocesses each file that it does not know, and the compiler
# does so again: a first build takes half as long again.
export CCACHE_DEPEND=1

# compiler: print its command
compiler()
{
	if [ "$llvm" ]; then
		echo "clang$llvm"
	else
		echo "${cross}gcc"
	fi
}

# kbuild ARG...: run make in the kernel tree
kbuild()
{
	KBUILD_BUILD_TIMESTAMP=2024-11-17 KBUILD_BUILD_VERSION=1 \
	KBUILD_BUILD_USER=altmap KBUILD_BUILD_HOST=altmap \
		make -C "$tree" O="$(basename "$obj")" ARCH="$arch" \
		CROSS_COMPILE="$cross" CC="${cc%gcc}$(compiler)" \
		LLVM="$llvm" HOSTCC="$cc" "$@" </dev/null
}

# build_failed WHAT: print the lines of the log that explain the failure, and
# stop
build_failed()
{
	grep -nE -m 15 'rror:|undefined reference|\*\*\*' "$log" >&2 ||
		tail -n 15 "$log" >&2
	die "$1; the whole output: $log"
}

# configure FRAGMENT: make .config from FRAGMENT over allnoconfig
configure()
{
	mkdir -p "$obj"
	if ! cmp -s "$obj/fragment" <<<"$1" || [ ! -f "$obj/.config" ]; then
		echo "$1" >"$obj/fragment"
		kbuild KCONFIG_ALLCONFIG="$obj/fragment" allnoconfig \
			>"$log" 2>&1 || build_failed "the configuration failed"
	fi
	kbuild olddefconfig >"$log" 2>&1 ||
		build_failed "the configuration failed"
}

# lost FRAGMENT: print the settings of FRAGMENT that .config does not have
lost()
{
	local line

	while read -r line; do
		case $line in
		"# "*) ! grep -q "^${line:2:-11}=" "$obj/.config" ;;
		*) grep -qxF "$line" "$obj/.config" ;;
		esac || echo "$line"
	done <<<"$1"
}
