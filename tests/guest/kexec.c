// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec - load and start a kernel after this one, without the firmware
 *
 *	kexec next KERNEL INITRAMFS COMMANDLINE		for "kexec go"
 *	kexec crash KERNEL INITRAMFS COMMANDLINE	for a panic
 *	kexec go					start it; nothing is
 *							stopped or unmounted
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void load(char **argv, unsigned long flags)
{
	if (syscall(SYS_kexec_file_load, open_or_die(argv[0]),
		    open_or_die(argv[1]), strlen(argv[2]) + 1, argv[2], flags))
		err(1, "kexec_file_load");
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "next") && argc == 5)
		load(argv + 2, 0);
	else if (!strcmp(command, "crash") && argc == 5)
		load(argv + 2, KEXEC_FILE_ON_CRASH);
	else if (!strcmp(command, "go") && argc == 2)
		err(1, "reboot (%d)", reboot(LINUX_REBOOT_CMD_KEXEC));
	else
		errx(2, "usage: kexec next|crash KERNEL INITRAMFS COMMANDLINE, kexec go");
	return 0;
}
