# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# apt.sh - get packages of Debian 12 and 13, and their lists, apart from this
# machine's own. Source it after common.sh.

# mirrors: print the mirrors that this machine uses. apt expands the format.
# shellcheck disable=SC2016
mirrors()
{
	env -u APT_CONFIG apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' | sort -u
}

# both_debians FOLDER: from now on apt uses all suites of both, and those
# backports which have newer kernels, and keeps its lists in FOLDER. A mirror has
# the security updates or the rest; apt ignores the suites that a mirror does not
# have, and FOLDER/log has the errors.
both_debians()
{
	local mirror suite

	mkdir -p "$1/lists/partial" "$1/archives/partial"
	for mirror in $(mirrors); do
		for suite in {bookworm,trixie}{,-updates,-security} \
			trixie-backports; do
			echo "deb $mirror $suite main"
			echo "deb-src $mirror $suite main"
		done
	done >"$1/sources.list"
	export APT_CONFIG=$1/conf
	cat >"$APT_CONFIG" <<-END
	Dir::Etc::sourcelist "$1/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::State::lists "$1/lists";
	Dir::State::status "/dev/null";
	Dir::Cache "$1";
	APT::Sandbox::User "";
	END
	apt-get -q update >"$1/log" 2>&1 || :
}

# all_suites: from now on apt uses all suites of both; the lists are in the cache
all_suites()
{
	say "${0##*/}: fetching the package lists of Debian 12 and 13"
	both_debians "$ALTMAP_CACHE/apt"
}

# get_deb FOLDER PACKAGE[=VERSION]: download the package to the folder, without
# root, from this machine's suites or else from all. apt's lists may be older than
# what the mirrors have now. FOLDER/log has the output.
get_deb()
{
	local get=(apt-get -q download "$2")

	say "${0##*/}: downloading $2"
	(cd "$1" && { "${get[@]}" || { all_suites && "${get[@]}"; }; }) \
		>"$1/log" 2>&1 ||
		die "cannot download $2; is there a network?" \
		    $'\n'"$(tail -n 3 "$1/log")"
}
