// SPDX-License-Identifier: GPL-2.0-only
/*
 * fill - measure how fast one CPU can write struct pages in user space: by the
 * kernel's inner loop, and in the fastest ways to fill memory
 *
 *	fill [ROUNDS]
 *
 * Each way is measured in turn, ROUNDS times (9), on the same memory. For each,
 * the program prints a line: its name, and the median, least and most
 * milliseconds for 1 GiB. x86-64 only.
 */
#define _GNU_SOURCE
#include <err.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../linux/include/linux/memmap_fill_copies.h"

#define BYTES (1UL << 30)
#define MOST_ROUNDS 99

/* as large as the kernel's struct page, with the fields that its loop writes */
struct page_struct {
	unsigned long flags, first, second, third, fourth;
	int mapcount, refcount;
	unsigned long memcg, last;
};

static struct page_struct template = {
	.flags = 0x5UL << 61 | 1 << 14, .first = 0xffff888001234560,
	.mapcount = -1, .refcount = 1,
};

/* Field by field, as the kernel does without memmap_fill. */
static void fields(void *to)
{
	volatile struct page_struct *page = to, *end = to + BYTES;

	for (; page < end; page++) {
		memset((void *)page, 0, sizeof(*page));
		page->flags = 0;
		page->flags |= 0x5UL << 61;
		page->refcount = 1;
		page->mapcount = -1;
		page->first = (unsigned long)&page->first;
		page->second = (unsigned long)&page->first;
		page->flags |= 1 << 14;
		page->first = template.first;
		page->second = 0;
	}
}

/* As the kernel calls it: for a section at a time, 128 MiB in 4 KiB pages. */
static void kernel(void *to)
{
	const unsigned long section = 32768;
	void *end = to + BYTES;

	for (; to < end; to += section * sizeof(template))
		memmap_fill_copies(to, &template, sizeof(template), section);
}

static void copies(void *to)
{
	for (void *end = to + BYTES; to < end; to += sizeof(template))
		memcpy(to, &template, sizeof(template));
}

/* Only stores, of the width that the CPU supports: the memory's limit. */
__attribute__((target("avx512f"))) static void stream512(void *to)
{
	const __m512i value = _mm512_loadu_si512(&template);

	for (void *end = to + BYTES; to < end; to += 64)
		_mm512_stream_si512(to, value);
	_mm_sfence();
}

__attribute__((target("avx"))) static void stream256(void *to)
{
	const __m256i low = _mm256_loadu_si256((void *)&template);
	const __m256i high = _mm256_loadu_si256((void *)&template + 32);

	for (void *end = to + BYTES; to < end; to += 64) {
		_mm256_stream_si256(to, low);
		_mm256_stream_si256(to + 32, high);
	}
	_mm_sfence();
}

static void stream128(void *to)
{
	const __m128i *from = (void *)&template;
	const __m128i a = _mm_loadu_si128(from), b = _mm_loadu_si128(from + 1);
	const __m128i c = _mm_loadu_si128(from + 2);
	const __m128i d = _mm_loadu_si128(from + 3);

	for (void *end = to + BYTES; to < end; to += 64) {
		_mm_stream_si128(to, a);
		_mm_stream_si128(to + 16, b);
		_mm_stream_si128(to + 32, c);
		_mm_stream_si128(to + 48, d);
	}
	_mm_sfence();
}

/* Four streams, as in the kernel's loop; they keep more of the memory busy. */
__attribute__((target("avx512f"))) static void streams512(void *to)
{
	const __m512i value = _mm512_loadu_si512(&template);
	const unsigned long block = 1 << 21, part = block / 4;

	for (void *end = to + BYTES; to < end; to += block)
		for (void *at = to; at < to + part; at += 64) {
			_mm512_stream_si512(at, value);
			_mm512_stream_si512(at + part, value);
			_mm512_stream_si512(at + 2 * part, value);
			_mm512_stream_si512(at + 3 * part, value);
		}
	_mm_sfence();
}

static void rep_stos(void *to)
{
	unsigned long bytes = BYTES;

	asm volatile("rep stosb" : "+D" (to), "+c" (bytes) : "a" (0) : "memory");
}

static struct way {
	const char *name;
	void (*fill)(void *to);
	int wanted;
	double ms[MOST_ROUNDS];
} ways[] = {
	{ .name = "fields", .fill = fields, .wanted = 1 },
	{ .name = "copies", .fill = copies, .wanted = 1 },
	{ .name = "kernel", .fill = kernel, .wanted = 1 },
	{ .name = "stream128", .fill = stream128, .wanted = 1 },
	{ .name = "rep_stos", .fill = rep_stos, .wanted = 1 },
	{ .name = "stream256", .fill = stream256 },
	{ .name = "stream512", .fill = stream512 },
	{ .name = "streams512", .fill = streams512 },
};

#define WAYS (sizeof(ways) / sizeof(*ways))

static double now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1e3 + at.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void check(const struct way *way, const void *memory)
{
	if (way->fill == rep_stos || way->fill == fields)
		return;
	for (unsigned long at = 0; at < BYTES; at += sizeof(template))
		if (memcmp(memory + at, &template, sizeof(template)))
			errx(1, "%s: wrong at byte %lu", way->name, at);
}

int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? atoi(argv[1]) : 9;
	void *memory;

	if (rounds < 1 || rounds > MOST_ROUNDS)
		errx(2, "usage: fill [ROUNDS], at most %d", MOST_ROUNDS);
	__builtin_cpu_init();
	ways[5].wanted = __builtin_cpu_supports("avx");
	ways[6].wanted = ways[7].wanted = __builtin_cpu_supports("avx512f");
	memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		err(1, "1 GiB of memory");

	for (int round = 0; round < rounds; round++)
		for (unsigned int i = 0; i < WAYS; i++) {
			/* each comes after another one in its turn */
			struct way *way = ways + (i + 3 * round) % WAYS;
			const double start = now();

			if (!way->wanted)
				continue;
			way->fill(memory);
			way->ms[round] = now() - start;
			if (!round)
				check(way, memory);
		}
	for (struct way *way = ways; way < ways + WAYS; way++) {
		if (!way->wanted)
			continue;
		qsort(way->ms, rounds, sizeof(*way->ms), compare);
		printf("%s %.1f %.1f %.1f\n", way->name, way->ms[rounds / 2],
		       way->ms[0], way->ms[rounds - 1]);
	}
	return 0;
}
