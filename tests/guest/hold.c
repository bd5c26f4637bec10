// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold - hold pages of a DAX file or device, until SIGUSR1
 *
 *	hold HOW STATE PATH OFFSET PAGES [FILE]
 *
 * maps PAGES pages of PATH at OFFSET bytes, reads them, and holds them by HOW:
 *
 *	vmsplice	a pipe holds them
 *	splice		a pipe holds the pages that PATH supplies: for a file on
 *			DAX, a copy
 *	aio		an O_DIRECT read from FILE into them, which must not end
 *			before FILE's device is resumed
 *	uring		they are registered buffers of an io_uring
 *	longterm	the kernel's gup_test pins them, FOLL_LONGTERM
 *	futex		no reference: a thread waits for a futex in the first
 *	ptrace		a process reads the first again and again, by
 *			/proc/PID/mem: a reference for a moment
 *	freeze		no reference: PATH's filesystem is frozen
 *	nothing		no reference: the mapping alone
 *
 * Then the program establishes STATE: mapped, open (unmapped) or closed
 * (unmapped and closed). It prints "held" on stderr, and releases the pages on
 * SIGUSR1. The exit status is 0 if all of that succeeded. The program does not
 * check whether the mapping still exists.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "number.h"

static struct iovec pages;
static int fd;			/* PATH */
static off_t offset;		/* of the pages in it */
static const char *from;	/* FILE */

/* from the kernel's lib/gup_test.h, which user space does not have */
#define GUP_TEST_FILE			"/sys/kernel/debug/gup_test"
#define PIN_LONGTERM_TEST_START		_IOW('g', 7, struct gup_longterm)
#define PIN_LONGTERM_TEST_STOP		_IO('g', 8)

struct gup_longterm {
	__u64 addr;
	__u64 size;
	__u32 flags;
};

static int pipe_ends[2];

static void vmsplice_hold(void)
{
	if (pipe(pipe_ends))
		err(1, "pipe");
	if (vmsplice(pipe_ends[1], &pages, 1, 0) != (ssize_t)pages.iov_len)
		err(1, "vmsplice");
}

static void vmsplice_let_go(void)
{
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

static void splice_hold(void)
{
	loff_t at = offset;

	if (pipe(pipe_ends))
		err(1, "pipe");
	if (splice(fd, &at, pipe_ends[1], NULL, pages.iov_len, 0) !=
	    (ssize_t)pages.iov_len)
		err(1, "splice");
}

static aio_context_t aio;

static void aio_hold(void)
{
	struct iocb block = { .aio_lio_opcode = IOCB_CMD_PREAD }, *blocks = &block;
	int source = open(from, O_RDONLY | O_DIRECT);

	if (source < 0)
		err(1, "%s", from);
	block.aio_fildes = source;
	block.aio_buf = (unsigned long)pages.iov_base;
	block.aio_nbytes = pages.iov_len;
	if (syscall(SYS_io_setup, 1, &aio))
		err(1, "io_setup");
	if (syscall(SYS_io_submit, aio, 1, &blocks) != 1)
		err(1, "io_submit");
}

/* FILE's device was resumed; the read may fail, but it ends. */
static void aio_let_go(void)
{
	struct io_event event;

	if (syscall(SYS_io_getevents, aio, 1, 1, &event, NULL) != 1)
		err(1, "io_getevents");
	syscall(SYS_io_destroy, aio);
}

static int uring;

static void uring_hold(void)
{
	struct io_uring_params params = { 0 };

	uring = syscall(SYS_io_uring_setup, 1, &params);
	if (uring < 0)
		err(1, "io_uring_setup");
	if (syscall(SYS_io_uring_register, uring, IORING_REGISTER_BUFFERS,
		    &pages, 1))
		err(1, "io_uring_register");
}

static void uring_let_go(void)
{
	if (syscall(SYS_io_uring_register, uring, IORING_UNREGISTER_BUFFERS,
		    NULL, 0))
		err(1, "io_uring_register");
	close(uring);
}

static int gup;

static void longterm_hold(void)
{
	struct gup_longterm pin = {
		.addr = (unsigned long)pages.iov_base,
		.size = pages.iov_len,
	};

	gup = open(GUP_TEST_FILE, O_RDWR);
	if (gup < 0)
		err(1, GUP_TEST_FILE);
	if (ioctl(gup, PIN_LONGTERM_TEST_START, &pin))
		err(1, "PIN_LONGTERM_TEST_START");
}

static void longterm_let_go(void)
{
	if (ioctl(gup, PIN_LONGTERM_TEST_STOP))
		err(1, "PIN_LONGTERM_TEST_STOP");
	close(gup);
}

static void *wait_futex(void *value)
{
	syscall(SYS_futex, pages.iov_base, FUTEX_WAIT, *(int *)value, NULL);
	return NULL;
}

static void futex_hold(void)
{
	static int value;
	pthread_t thread;

	value = *(volatile int *)pages.iov_base;
	if (pthread_create(&thread, NULL, wait_futex, &value))
		errx(1, "no thread");
}

static pid_t reader;

static void ptrace_hold(void)
{
	char path[64], byte;
	int mem;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	reader = fork();
	if (reader)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
	mem = open(path, O_RDONLY);
	if (mem < 0)
		err(1, "%s", path);
	for (;;)
		(void)!pread(mem, &byte, 1, (off_t)(unsigned long)pages.iov_base);
}

static void ptrace_let_go(void)
{
	kill(reader, SIGKILL);
	waitpid(reader, NULL, 0);
}

static void freeze_hold(void)
{
	if (ioctl(fd, FIFREEZE, 0))
		err(1, "FIFREEZE");
}

static void freeze_let_go(void)
{
	if (ioctl(fd, FITHAW, 0))
		err(1, "FITHAW");
}

static void no_op(void)
{
}

static const struct {
	const char *name;
	void (*hold)(void);
	void (*let_go)(void);
} ways[] = {
	{ "vmsplice", vmsplice_hold, vmsplice_let_go },
	{ "splice", splice_hold, vmsplice_let_go },
	{ "aio", aio_hold, aio_let_go },
	{ "uring", uring_hold, uring_let_go },
	{ "longterm", longterm_hold, longterm_let_go },
	{ "futex", futex_hold, no_op },
	{ "ptrace", ptrace_hold, ptrace_let_go },
	{ "freeze", freeze_hold, freeze_let_go },
	{ "nothing", no_op, no_op },
};

static int find_way(const char *name)
{
	int i;

	for (i = 0; i < (int)(sizeof(ways) / sizeof(ways[0])); i++)
		if (!strcmp(ways[i].name, name))
			return i;
	errx(2, "no way %s to hold pages", name);
}

static struct iovec map;	/* what pages are part of */

/* A mapping of a device covers whole pages of the device, of up to 1 GiB. */
static void map_pages(const char *path)
{
	static const size_t sizes[] = { 0, 2 << 20, 1 << 30 };
	int i, prot = PROT_READ | PROT_WRITE;

	fd = open(path, O_RDWR);
	if (fd < 0) {
		prot = PROT_READ;
		fd = open(path, O_RDONLY);
	}
	if (fd < 0)
		err(1, "%s", path);
	for (i = 0; i < 3; i++) {
		map.iov_len = i ? sizes[i] : pages.iov_len;
		map.iov_base = mmap(NULL, map.iov_len, prot, MAP_SHARED, fd,
				    offset);
		if (map.iov_base != MAP_FAILED)
			break;
	}
	if (map.iov_base == MAP_FAILED)
		err(1, "%s: map", path);
	pages.iov_base = map.iov_base;
}

int main(int argc, char **argv)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	sigset_t usr1;
	int way, number_of_signal;

	if (argc < 6)
		errx(2, "usage: hold HOW STATE PATH OFFSET PAGES [FILE]");
	way = find_way(argv[1]);
	from = argv[6];

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);

	pages.iov_len = number(argv[5]) * page;
	offset = number(argv[4]);
	map_pages(argv[3]);
	for (size_t at = 0; at < pages.iov_len; at += page)
		(void)*(volatile char *)(pages.iov_base + at);

	ways[way].hold();
	if (strcmp(argv[2], "mapped")) {
		if (munmap(map.iov_base, map.iov_len))
			err(1, "munmap");
		if (strcmp(argv[2], "open"))
			close(fd);
	}

	fprintf(stderr, "held\n");
	sigwait(&usr1, &number_of_signal);
	ways[way].let_go();
	return 0;
}
