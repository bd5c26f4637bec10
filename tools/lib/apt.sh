# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# apt.sh - get package lists of Debian 12 and 13, apart from this machine's own.
# Source it after common.sh.

# mirrors: print the mirrors that this machine uses. apt expands the format.
# shellcheck disable=SC2016
mirrors()
{
	env -u APT_CONFIG apt-get indextargets --format '$(REPO_URI)' \
		'Created-By: Packages' | sort -u
}

# both_debians FOLDER: from now on apt uses all suites of both, and keeps its
# lists in FOLDER. A mirror has the security updates or the rest; apt ignores
# the suites that a mirror does not have, and FOLDER/log has the errors.
both_debians()
{
	local mirror suite

	mkdir -p "$1/lists/partial" "$1/archives/partial"
	for mirror in $(mirrors); do
		for suite in {bookworm,trixie}{,-updates,-security}; do
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
