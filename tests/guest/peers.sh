#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# peers.sh TEST...: run tests that others wrote, on the disk that tools/peers
# makes. The last line of each test is "passed TEST", "failed TEST" or "skipped
# TEST"; the lines before it, which begin with "#", give the reason.
#
# peers.sh xfstests-TYPE: run each test in the dax group of xfstests, which is
# on the second disk. TYPE is ext4, xfs-rmapbt or xfs-plain.

# shellcheck shell=dash disable=SC2317 source-path=SCRIPTDIR
. ./lib.sh

NDCTL=/peers/ndctl

# of_ndctl TEST: run it as ndctl's meson.build does
of_ndctl()
{
	local test=$NDCTL/test/$1

	[ -e "/mnt/$test" ] || test=$NDCTL/build/test/$1
	inside NDCTL=$NDCTL/build/ndctl/ndctl DAXCTL=$NDCTL/build/daxctl/daxctl \
		TEST_PATH=$NDCTL/build/test DATA_PATH=$NDCTL/test \
		sh -c "cd $NDCTL/build && $test"
}

# dax_files TYPE: mount a file system with DAX on /dax, with its struct pages on
# the device
dax_files()
{
	new fsdax 1G dev 2M && make_fs "$1" /dev/pmem0 &&
		mkdir -p /mnt/dax && mount -t "$1" -o dax=always /dev/pmem0 /mnt/dax
}

# fio_on TYPE ENGINE: run fio with verify, on files of a file system with DAX
fio_on()
{
	dax_files "$1" && inside fio --name=verify --directory=/dax --size=256M --bs=16k \
			--rw=randwrite --ioengine="$2" --verify=crc32c \
			--verify_fatal=1 --do_verify=1 --numjobs=2 \
			--end_fsync=1 && umount /mnt/dax
}

# PMDK's tools make, check and identify a pool on a file system with DAX.
pool()
{
	dax_files ext4 && inside pmempool create --size=64M "$@" /dax/pool &&
		inside pmempool check -v /dax/pool &&
		inside pmempool info /dax/pool && umount /mnt/dax
}

# Start what the tests need of a running system: udev for new devices, and
# journalctl for the kernel's log since boot. systemd's journal needs more of a
# kernel, so a script replaces it.
services()
{
	inside /lib/systemd/systemd-udevd --daemon >/dev/null 2>&1
	printf '#!/bin/sh\nexec dmesg\n' >/mnt/usr/bin/journalctl
	chmod +x /mnt/usr/bin/journalctl
}

# PMDK's daxio copies to a device-dax device and back.
daxio()
{
	new devdax 1G dev 2M && inside sh -eu -c '
		dd if=/dev/urandom of=/tmp/data bs=1M count=64
		daxio --input=/tmp/data --output=/dev/dax0.0 --len=64M
		daxio --input=/dev/dax0.0 --output=/tmp/back --len=64M
		cmp /tmp/data /tmp/back'
}

# fsdax SIZE: make another namespace with its struct pages on the device; set
# DISK to its block device
fsdax()
{
	new fsdax "$1" dev 2M && DISK=/dev/$(field blockdev </tmp/new)
}

# user NAME NUMBER: add this user, and its group
user()
{
	echo "$1:x:$2:$2::/:/bin/sh" >>/mnt/etc/passwd
	echo "$1:x:$2:" >>/mnt/etc/group
}

# xfstests_on TYPE: prepare all that XFSTESTS' check needs
xfstests_on()
{
	local options=''

	case $1 in
	xfs-rmapbt) options='-m rmapbt=1,reflink=1' ;;
	xfs-plain) options='-m rmapbt=0,reflink=0' ;;
	esac
	mkdir -p /mnt/xfstests /mnt/test /mnt/scratch /mnt/dev/shm
	mount -t tmpfs shm /mnt/dev/shm # for semaphores
	mount /dev/vdb /mnt/xfstests && fsdax 2G || return
	cat >/mnt/xfstests/local.config <<-END
	export FSTYP=${1%%-*} TEST_DEV=$DISK TEST_DIR=/test SCRATCH_MNT=/scratch
	export MKFS_OPTIONS="$options"
	export MOUNT_OPTIONS="-o dax=always"
	export TEST_FS_MOUNT_OPTS="-o dax=always"
	END
	# shellcheck disable=SC2086 # no options are none
	inside "mkfs.${1%%-*}" -q $options "$DISK" </dev/null && fsdax 3G ||
		return
	echo "export SCRATCH_DEV=$DISK" >>/mnt/xfstests/local.config
	user fsgqa 2001
	user fsgqa2 2002
	user 123456-fsgqa 2003
}

# said WHAT: print the tests that check's last lines list as WHAT
said()
{
	sed -n "s/^$1: *//p" /tmp/output | tr ' ' '\n' | grep . || :
}

# xfstests xfstests-TYPE: print the result of each test that check tried, one a
# line
xfstests()
{
	local it word

	{
		! xfstests_on "${1#xfstests-}" ||
			inside sh -c 'cd /xfstests && bash ./check -g dax;:'
	} >/tmp/output 2>&1
	sed 's/^/# /' /tmp/output
	said Failures >/tmp/bad
	said 'Not run' >/tmp/notrun
	said Ran >/tmp/ran
	[ -s /tmp/ran ] || echo "failed $1 (nothing ran)"
	while read -r it; do
		word=passed
		! grep -qxF "$it" /tmp/notrun || word=skipped
		! grep -qxF "$it" /tmp/bad || word=failed
		echo "$word $1/$it"
	done </tmp/ran
}

run()
{
	case $1 in
	fio-*-*) fio_on "$(echo "$1" | cut -d - -f 2)" \
		"$(echo "$1" | cut -d - -f 3)" ;;
	pool-obj) pool --layout=peers obj ;;
	pool-blk) pool blk 512 ;;
	pool-log) pool log ;;
	daxio) daxio ;;
	memory-hotplug) inside sh -c \
		"cd /peers/kernel/tools/testing/selftests/memory-hotplug &&
		 bash ./mem-on-off-test.sh" ;;
	hmm) inside /peers/hmm-tests ;;
	*) of_ndctl "$1" ;;
	esac
}

mount_peers
mount -t debugfs debug /mnt/sys/kernel/debug
mount -t tracefs trace /mnt/sys/kernel/tracing 2>/dev/null || :
ln -s /proc/self/fd /dev/fd
mount -t tmpfs run /mnt/run
mkdir -p /mnt/lib/modules
mount --bind /lib/modules /mnt/lib/modules
services
label >/tmp/label 2>&1
for it; do
	case $it in
	xfstests-*)
		xfstests "$it"
		continue ;;
	esac
	status=0
	run "$it" >/tmp/output 2>&1 || status=$?
	tail -n 40 /tmp/output | sed 's/^/# /'
	case $status in
	0) echo "passed $it" ;;
	4 | 77) echo "skipped $it" ;;
	*) echo "failed $it ($status)" ;;
	esac
done
finish
