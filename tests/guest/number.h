/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * number.h - parse the numbers that the guest's programs take as arguments
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <err.h>
#include <stdint.h>
#include <stdlib.h>

/* A number in C's notations; on anything else the program exits. */
static inline uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (!*text || *end)
		errx(2, "%s: not a number", text);
	return value;
}

#endif /* NUMBER_H */
