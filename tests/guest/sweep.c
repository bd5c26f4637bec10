// SPDX-License-Identifier: GPL-2.0-only
/*
 * sweep - bind devices to a driver while an allocation fails: the first, the
 * second, and so on until there is none left to fail
 *
 *	sweep DRIVER first|N|ROUNDSx WARM PLAIN DEVICE...
 *
 * DRIVER is a folder in /sys. First, WARM is bound until the kernel needs no
 * new tables of addresses. Then PLAIN is bound while no allocation fails, to
 * show how much memory that keeps. N is the allocation to begin with. After
 * each failure, a bind without a failure must succeed, else that device is lost
 * and the next one is used. With "first", each allocation first fails on a
 * device that was never bound; if a bind succeeds all the same, the next device
 * is used.
 *
 * A DEVICE that is a namespace is bound as at boot: its probe finds the device
 * that claims it, and work items register and probe that device. The namespace
 * is bound if that device is. N counts the allocations of the binding task
 * alone. "ROUNDSx" lets the allocations of one object and of one page fail, in
 * any task, in so many binds: each fails after a random number of others, up to
 * OTHERS.
 *
 * A device that was bound is unbound again. Each bind prints a line:
 *
 *	WHAT failed|bound PAGES OBJECTS same|changed
 *
 * WHAT is "plain", "first N", "point N", or "end" when none was left to fail.
 * PAGES and OBJECTS are the bytes of DRAM that were lost since the line before,
 * in whole pages and in smaller objects; "changed" is printed if anything else
 * has changed. "again N" repeats a point in two cases: a thread of the kernel
 * was created or ended, which takes some objects; or only objects were lost,
 * other than those that a first bind keeps. A failure that loses memory loses
 * memory each time, but other tasks do not take theirs again.
 *
 * Other lines are "device NAME", "lost N", and after a device's points "binds
 * take LEAST MOST": the numbers of allocations in binds where none failed.
 *
 * Between two measurements this program neither forks nor takes memory: the
 * kernel took the memory that is lost.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* after so many binds without a new table, there will be no new one */
#define BINDS 200

/* times that a point is tried again, at most */
#define AGAIN 5

/* number of looks to wait for late frees, before waiting for RCU */
#define LOOKS 5

/* more allocations than a bind can make */
#define NONE 100000000

/* about as many allocations as all tasks make for the bind of a namespace */
#define OTHERS 500

struct state {
	long pages;		/* bytes of DRAM that the kernel has, */
	long objects;		/* in objects smaller than a page */
	long threads;		/* of the system */
	char rest[1 << 16];	/* what else must not change */
};

static long page;	/* bytes */
static const char *device;
static int bind_file, unbind_file, fail_nth, drop_caches, stat_refresh;
static int rcu_barrier, zoneinfo, slabinfo, vmallocinfo, loadavg, iomem;
static int meminfo, vmstat, shrink[256], caches;
static int wait_probe, probability[2], interval[2], times[2];
static int random_rounds;
static char text[1 << 18];

static int open_file(const char *folder, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags);
	if (fd < 0)
		err(2, "%s", path);
	return fd;
}

/* Was the word accepted? */
static int put(int fd, const char *word)
{
	return write(fd, word, strlen(word)) >= 0;
}

static void must_put(int fd, const char *word)
{
	if (!put(fd, word))
		err(2, "%s is refused", word);
}

/* The whole file, until the next call. */
static char *get(int fd)
{
	ssize_t n, length = 0;

	while ((n = pread(fd, text + length, sizeof(text) - 1 - length,
			  length)) > 0)
		length += n;
	if (n < 0)
		err(2, "read");
	text[length] = '\0';
	return text;
}

/*
 * Pages of DRAM that are not free, and that belong to no slab, process or file.
 * No counter has the rest: memmap, page tables of the kernel.
 */
static long pages(void)
{
	static const char *const known[] = {
		"nr_free_pages", "count:", "nr_anon_pages", "nr_file_pages",
		"nr_slab_reclaimable", "nr_slab_unreclaimable",
		"nr_page_table_pages",
	};
	char *rest = get(zoneinfo), *line, name[64];
	long sum = 0, n;

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%63s %ld", name, &n) != 2)
			continue;
		if (!strcmp(name, "managed"))
			sum += n;
		else if (!strcmp(name, "nr_kernel_stack"))
			sum -= n * 1024 / page;
		for (int i = 0; i < sizeof(known) / sizeof(*known); i++)
			if (!strcmp(name, known[i]))
				sum -= n;
	}
	return sum;
}

/*
 * The number of page tables of vmalloc's addresses, of 2 MiB each if pages have
 * 4 KiB, that were in use so far. The kernel never frees them, and a bind uses
 * new addresses until the kernel frees thousands of addresses at once. Larger
 * ranges have no such tables, and ranges of per-CPU memory, far up, not all of
 * them.
 */
static long vmalloc_tables(void)
{
	/* opened for one use: its buffer grows with what waits to be freed */
	int fd = open_file("/proc", "vmallocinfo", O_RDONLY);
	const unsigned long span = page * (page / 8);
	static unsigned long lowest = -1UL;
	char *rest = get(fd), *line;
	static char seen[1 << 20];
	unsigned long at, end;
	static long n;

	close(fd);
	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%lx-%lx", &at, &end) != 2)
			continue;
		if (lowest == -1UL)
			lowest = at / span;
		if (end - at >= span || end / span - lowest >= sizeof(seen))
			continue;
		end -= page; /* a guard, never mapped */
		for (at /= span; at <= (end - 1) / span; at++) {
			n += !seen[at - lowest];
			seen[at - lowest] = 1;
		}
	}
	return n;
}

/* Add the slabs' objects, except those for vmalloc's addresses. */
static void objects(struct state *state)
{
	char *rest = get(slabinfo), *line, name[64];
	long active, size;

	while ((line = strsep(&rest, "\n"))) {
		if (sscanf(line, "%63s %ld %*d %ld", name, &active, &size) !=
		    3 || !strcmp(name, "vmap_area"))
			continue;
		if (size < page)
			state->objects += active * size;
		else
			state->pages += active * size;
	}
}

/* Append the lines of a file that begin so. */
static void append(char *to, int fd, const char *begin)
{
	char *rest = get(fd), *line;

	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, begin, strlen(begin)))
			to = stpcpy(stpcpy(to + strlen(to), line), "\n");
}

static void look(struct state *state)
{
	const long tables = vmalloc_tables();

	must_put(drop_caches, "3");
	for (int i = 0; i < caches; i++)
		must_put(shrink[i], "1");
	get(stat_refresh);
	state->pages = (pages() - tables) * page;
	state->objects = 0;
	objects(state);
	state->threads = atol(strchr(get(loadavg), '/') + 1);
	state->rest[0] = '\0';
	append(state->rest, iomem, "");
	append(state->rest, meminfo, "DirectMap");
	append(state->rest, vmstat, "nr_memmap_");
}

static int same(const struct state *a, const struct state *b)
{
	return a->pages == b->pages && a->objects == b->objects &&
		a->threads == b->threads && !strcmp(a->rest, b->rest);
}

/*
 * Get the state when it no longer changes. If it alternates between two states,
 * get the lesser one: some caches are filled again, every other time, by the
 * code that drops them.
 */
static void stand_still(struct state *now)
{
	static struct state before, earlier;

	look(now);
	before = *now;
	do {
		earlier = before;
		before = *now;
		must_put(rcu_barrier, "1");
		look(now);
	} while (!same(now, &before) &&
		 !(same(now, &earlier) && now->objects < before.objects));
}

/* Print how the state differs from before, when it no longer changes. */
static void report(const char *what, int bound, struct state *before)
{
	static struct state now;

	for (int i = 0; i < LOOKS; i++) {
		look(&now);
		if (same(&now, before))
			break;
	}
	if (!same(&now, before))
		stand_still(&now);
	printf("%s %s %ld %ld %s\n", what, bound ? "bound" : "failed",
	       now.pages - before->pages, now.objects - before->objects,
	       strcmp(now.rest, before->rest) ? "changed" : "same");
	*before = now;
}

#define ND "/sys/bus/nd/devices/"

static int is_namespace(void)
{
	return !strncmp(device, "namespace", 9);
}

/* Has a device claimed the namespace? */
static int find_holder(char *holder)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), ND "%s", device);
	fd = open_file(path, "holder", O_RDONLY);
	get(fd);
	close(fd);
	return sscanf(text, "%63s", holder) == 1;
}

/* Make the device that claims the namespace release it. Was it bound? */
static int release_namespace(void)
{
	char holder[64], path[128];
	int fd, bound;

	get(wait_probe);
	if (!find_holder(holder))
		return 0;
	snprintf(path, sizeof(path), ND "%s/driver/unbind", holder);
	fd = open(path, O_WRONLY);
	bound = fd >= 0;
	if (bound) {
		must_put(fd, holder);
		close(fd);
	}
	snprintf(path, sizeof(path), ND "%s", holder);
	fd = open_file(path, "namespace", O_WRONLY);
	must_put(fd, "\n");
	close(fd);
	get(wait_probe);
	return bound;
}

/* Turn on or off that one object and one page fail. */
static void fail_at_random(const char *percent)
{
	char number[16];

	for (int i = 0; i < 2; i++) {
		snprintf(number, sizeof(number), "%d", 1 + rand() % OTHERS);
		must_put(interval[i], number);
		must_put(times[i], "1");
		must_put(probability[i], percent);
	}
}

/*
 * Bind, and unbind if that succeeded, while the n-th allocation fails, or some
 * fail at random if n is 0. Sets *made to the number of allocations until then.
 */
static int try_bind(int n, int *made)
{
	char number[16];
	int bound;

	snprintf(number, sizeof(number), "%d", n);
	if (n)
		must_put(fail_nth, number);
	else
		fail_at_random("100");
	bound = put(bind_file, device);
	if (n) {
		*made = n - atoi(get(fail_nth));
		must_put(fail_nth, "0");
	} else {
		get(wait_probe);
		fail_at_random("0");
		*made = 0;
	}
	if (is_namespace())
		return release_namespace();
	if (bound)
		must_put(unbind_file, device);
	return bound;
}

/* See vmalloc_tables(): after this, the kernel uses addresses again. */
static void warm_up(void)
{
	long tables, before = 0;
	int made;

	for (int i = 0; i < BINDS; i++) {
		if (!try_bind(NONE, &made))
			err(2, "%s is not bound", device);
		tables = vmalloc_tables();
		if (tables != before)
			i = 0;
		before = tables;
	}
}

static void plain(struct state *before)
{
	int made;

	report("plain", try_bind(NONE, &made), before);
}

/*
 * After a look has dropped caches, the next bind fills them, with additional
 * allocations; the bind after that does not. Returns 0 if one of the two fails,
 * else sets *made to the number of the second bind's allocations.
 */
static int refill(int *made)
{
	return try_bind(NONE, made) && try_bind(NONE, made);
}

enum outcome { FAILED, BOUND, NONE_LEFT, LOST };

static enum outcome try_point(const char *kind, int n, struct state *before)
{
	const int first = !strcmp(kind, "first");
	long pages, objects, threads;
	int made, bound, others, tries = 0;
	char what[32];

	do {
		if (tries && !first && !refill(&made))
			return LOST;
		bound = try_bind(n, &made);
		if (made < n) {
			report("end", bound, before);
			return bound ? NONE_LEFT : LOST;
		}
		snprintf(what, sizeof(what), "%s %d", tries ? "again" : kind, n);
		pages = before->pages;
		objects = before->objects;
		threads = before->threads;
		report(what, bound, before);
		others = before->threads != threads ||
			(before->objects > objects && before->pages <= pages &&
			 !(first && bound));
	} while (others && tries++ < AGAIN);
	return bound ? BOUND : FAILED;
}

static void use(const char *name)
{
	device = name;
	printf("device %s\n", device);
}

/*
 * Some objects of the device that last claimed a namespace are freed only by
 * the next bind that is refused. So the last bind is one that is refused.
 */
static void leave_refused(struct state *before)
{
	int made;

	if (is_namespace())
		report("point 0", try_bind(1, &made), before);
}

/* Let each allocation fail once, on devices that were never bound. */
static enum outcome sweep_first(char **devices, struct state *before)
{
	enum outcome outcome = BOUND;
	int n;

	for (n = 1; outcome < NONE_LEFT; n++) {
		if (outcome == BOUND && !*devices)
			break;
		if (outcome == BOUND)
			use(*devices++);
		outcome = try_point("first", n, before);
	}
	return outcome;
}

/* Sweep from *n on; *n is then where the sweep ended. */
static enum outcome sweep(int *n, struct state *before)
{
	int made, least = NONE, most = 0;
	enum outcome outcome;

	plain(before);
	for (;; ++*n) {
		outcome = try_point("point", *n, before);
		if (outcome > BOUND)
			break;
		if (!refill(&made))
			return LOST;
		least = made < least ? made : least;
		most = made > most ? made : most;
	}
	if (outcome == NONE_LEFT) {
		leave_refused(before);
		printf("binds take %d %d\n", least, most);
	}
	return outcome;
}

/* Bind while some allocations fail, and after each, bind while none fails. */
static enum outcome sweep_at_random(struct state *before)
{
	char what[32];
	int made;

	plain(before);
	for (int i = 1; i <= random_rounds; i++) {
		snprintf(what, sizeof(what), "point %d", i);
		report(what, try_bind(0, &made), before);
		if (!try_bind(NONE, &made))
			return LOST;
	}
	report("end", 1, before);
	leave_refused(before);
	return NONE_LEFT;
}

static void open_caches(void)
{
	char link;
	glob_t all;

	if (glob("/sys/kernel/slab/*", 0, NULL, &all))
		errx(2, "no slab in /sys");
	for (size_t i = 0; i < all.gl_pathc; i++)
		if (readlink(all.gl_pathv[i], &link, 1) < 0)
			shrink[caches++] = open_file(all.gl_pathv[i],
						     "shrink", O_WRONLY);
	globfree(&all);
}

static void open_files(const char *driver)
{
	bind_file = open_file(driver, "bind", O_WRONLY);
	unbind_file = open_file(driver, "unbind", O_WRONLY);
	fail_nth = open_file("/proc/thread-self", "fail-nth", O_RDWR);
	drop_caches = open_file("/proc/sys/vm", "drop_caches", O_WRONLY);
	stat_refresh = open_file("/proc/sys/vm", "stat_refresh", O_RDONLY);
	rcu_barrier = open_file("/sys/module/rcutree/parameters",
				"do_rcu_barrier", O_WRONLY);
	zoneinfo = open_file("/proc", "zoneinfo", O_RDONLY);
	slabinfo = open_file("/proc", "slabinfo", O_RDONLY);
	vmallocinfo = open_file("/proc", "vmallocinfo", O_RDONLY);
	loadavg = open_file("/proc", "loadavg", O_RDONLY);
	iomem = open_file("/proc", "iomem", O_RDONLY);
	meminfo = open_file("/proc", "meminfo", O_RDONLY);
	vmstat = open_file("/proc", "vmstat", O_RDONLY);
	wait_probe = open_file(ND "ndbus0", "wait_probe", O_RDONLY);
	for (int i = 0; i < 2; i++) {
		const char *fault = i ? "/sys/kernel/debug/fail_page_alloc" :
					"/sys/kernel/debug/failslab";

		probability[i] = open_file(fault, "probability", O_WRONLY);
		interval[i] = open_file(fault, "interval", O_WRONLY);
		times[i] = open_file(fault, "times", O_WRONLY);
	}
}

int main(int argc, char **argv)
{
	static struct state before;
	int n;

	if (argc < 6)
		errx(2, "usage: sweep DRIVER first|N|ROUNDSx WARM PLAIN DEVICE...");
	page = sysconf(_SC_PAGESIZE);
	open_files(argv[1]);
	open_caches();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (mlockall(MCL_CURRENT))
		err(2, "mlockall");
	device = argv[3];
	warm_up();
	stand_still(&before);
	use(argv[4]);
	plain(&before);
	n = atoi(argv[2]);
	if (strchr(argv[2], 'x')) {
		random_rounds = n;
		use(argv[5]);
		if (sweep_at_random(&before) != LOST)
			return 0;
		puts("lost 0");
		return 1;
	}
	if (!n) {
		n = 1;
		if (sweep_first(argv + 5, &before) == LOST) {
			puts("lost 0");
			return 1;
		}
	}
	for (argv += 5; *argv; argv++) {
		use(*argv);
		if (sweep(&n, &before) == NONE_LEFT)
			return 0;
		printf("lost %d\n", n++);
	}
	return 1;
}
