#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# style.t - the series and the repository's own files follow the style. For the
# series, it runs checkpatch, sparse, W=1 and kernel-doc, and searches for
# functions that take an altmap. On the repository's own files, it runs checks
# of shell scripts, of licence lines and of the tags of tests, and searches for
# paths and hosts of one machine.
#
# tags: check test

# shellcheck disable=SC2317 # functions that try and silent call
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/tap.sh"
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib/compile.sh"

# checkpatch with the options for a series outside the kernel's tree. Ignored
# are warnings that MAINTAINERS needs an entry for a new file, that a fixed
# commit is unknown, as there is no history, of names that the kernel itself
# uses, such as __ClearPageOffline(), and that kzalloc_obj() is there, which only
# later kernels have.
checkpatch=(scripts/checkpatch.pl --strict --quiet --no-summary
	--show-types --ignore FILE_PATH_CHANGES --ignore CAMELCASE
	--ignore UNKNOWN_COMMIT_ID --ignore ALLOC_WITH_SIZEOF)

# laid_out FILE: print the options to ignore two more warnings in a file with
# trace events, whose parts the kernel writes as blocks in parentheses
laid_out()
{
	! grep -q 'TRACE_EVENT(' "$1" ||
		printf -- '--ignore %s\n' OPEN_ENDED_LINE PARENTHESIS_ALIGNMENT
}

# ours: print the files of the repository, including those that are not added to
# git yet
ours()
{
	git ls-files --cached --others --exclude-standard |
		while read -r file; do
			[ ! -f "$file" ] || echo "$file"
		done
}

# undated: print the fixes that do not state since when they are needed
undated()
{
	(cd "$ALTMAP_SERIES/patches/$KVER" &&
		grep -LE '^(Fixes: |The problem has existed since )' 1-fixes/*.patch)
}

# new PATTERN...: print the series' new files whose names end so
new()
{
	local pattern

	for pattern; do
		(cd "$ALTMAP_SERIES/linux" && find . -name "*$pattern" | sort) |
			sed 's,^\./,,'
	done
}

# in_tree COMMAND...: run COMMAND in the kernel tree, with Debian's python3, as
# checkpatch runs a script that needs Debian's modules
in_tree()
{
	(cd "$tree" && PATH=/usr/bin:$PATH "$@")
}

no_spdx()
{
	ours | grep -vE '^(COPYING|patches/)|\.(png|svg)$' |
		while read -r file; do
			head -n 5 "$file" | grep -q SPDX-License-Identifier ||
				echo "$file"
		done
}

# Print lines with a path of one machine, or with the name of a package host:
# neither belongs here.
machine_paths()
{
	local path='/(wor[k]|roo[t]|tmp/[k])/' host

	host='deb[.]debian|(pypi|crates|npmjs|pythonhosted)[.](org|io|com)'
	ours | xargs -d '\n' grep -nIE "$path|$host|proxy[.]golang"
}

shell_files()
{
	ours | while read -r file; do
		head -n 1 "$file" | grep -aqE '^#!.*[/ ](ba)?sh|^# shellcheck shell' &&
			echo "$file"
	done
}

# untagged: print tests without tags, and tags that tests/README.md does not
# list
untagged()
{
	local test tags tag

	for test in tests/*.t; do
		read -ra tags < <(sed -n 's/^# tags://p' "$test")
		[ "${#tags[@]}" -gt 0 ] || echo "$test: no tags"
		for tag in "${tags[@]}"; do
			grep -q "^| \`$tag\` |" tests/README.md ||
				echo "$test: no tag '$tag' in tests/README.md"
		done
	done
}

# carriers: print the functions outside the altmap's own files that take one
carriers()
{
	grep -vFf <(new .c .h | sed 's/$/ /') "$WORK/after"
}

#
# The repository
#
silent "every file has an SPDX line" no_spdx
silent "no file names a path of one machine or a package host" machine_paths
mapfile -t files < <(shell_files)
silent "shellcheck has nothing to say" shellcheck -x "${files[@]}"
silent "every test has tags, and each is one that is documented" untagged

#
# The series
#
try "the series has a tree to compile in" prepare || bail "no tree"
tools/series "$KVER" "$WORK" 2>/dev/null
silent "each fix says since when it is needed" undated
for mail in "$WORK/$KVER"/*/*.patch; do
	# shellcheck disable=SC2046 # one word is one argument
	silent "checkpatch: $(basename "$mail")" \
		in_tree "${checkpatch[@]}" $(laid_out "$mail") "$mail"
done
# The mail shows that a boot parameter is documented, the file alone does not.
for file in $(new .c .h .rst); do
	# shellcheck disable=SC2046 # one word is one argument
	silent "checkpatch: $file" in_tree "${checkpatch[@]}" \
		$(laid_out "$ALTMAP_SERIES/linux/$file") \
		--ignore UNDOCUMENTED_SETUP -f "$file"
done
for file in $(new .c); do
	try "compiles clean with W=1 and sparse: $file" \
		compile W=1 C=2 "${file%.c}.o"
done
mapfile -t files < <(new .c .h)
silent "kernel-doc has nothing to say" \
	in_tree scripts/kernel-doc -none -Wall "${files[@]}"

info=$(tools/source "$KVER")
tests/lib/signatures "$tree" "$(sed -n 2p <<<"$info")" >"$WORK/before"
tests/lib/signatures "$tree" HEAD >"$WORK/after"
silent "no function outside the altmap's own files takes one" carriers
note "functions that take a struct vmem_altmap *: $(wc -l <"$WORK/before") \
in the base, $(wc -l <"$WORK/after") with the series, \
$(grep -vcFf <(new .c .h | sed 's/$/ /') "$WORK/after") outside its new files"

finish
