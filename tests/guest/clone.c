// SPDX-License-Identifier: GPL-2.0-only
/*
 * clone - make a file that shares the blocks of another
 *
 *	clone FROM TO
 */
#include <err.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	int from, to;

	if (argc != 3)
		errx(2, "usage: clone FROM TO");
	from = open(argv[1], O_RDONLY);
	if (from < 0)
		err(1, "%s", argv[1]);
	to = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (to < 0)
		err(1, "%s", argv[2]);
	if (ioctl(to, FICLONE, from))
		err(1, "%s: FICLONE", argv[2]);
	return 0;
}
