/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-guest-stall: what it is asked for (stall_options.c), what it found (stall_report.c). */
#ifndef GUEST_STALL_H
#define GUEST_STALL_H

#include <stdbool.h>
#include <stdint.h>

enum { REQUESTS_MAX = 256, ROUNDS_MAX = 1001 };

struct options {
	const char *address;
	unsigned requests, rounds, settle_ms, nap_us, patience_s;
	bool packed, json;
};

/* Of each round, in ns but in_flight. */
struct figures {
	const char *device; /* its name */
	unsigned version;
	uint64_t write[ROUNDS_MAX], zero[ROUNDS_MAX], plain[ROUNDS_MAX], in_flight[ROUNDS_MAX];
};

/* Does not return if they are wrong, or ask for help. */
void options_parse(struct options *o, int argc, char **argv);

/* Sorts the figures, and prints them. */
void report(const struct options *o, struct figures *f);

void sort(uint64_t *values, unsigned n);

#endif
