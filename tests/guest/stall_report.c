/* SPDX-License-Identifier: BSD-3-Clause */
/* See stall.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "guest/stall.h"

static int by_value(const void *a, const void *b)
{
	const uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

void sort(uint64_t *values, unsigned n)
{
	qsort(values, n, sizeof(*values), by_value);
}

struct row {
	const char *name, *what;
	uint64_t *values;
};

static void print_json(
	const struct options *o, const struct figures *f, const struct row *rows, unsigned n)
{
	printf("{\"device\": \"%s\", \"version\": %u, \"ring\": \"%s\", \"rounds\": %u, "
	       "\"requests\": %u, \"in_flight\": %" PRIu64,
		f->device, f->version, o->packed ? "packed" : "split", o->rounds, o->requests,
		f->in_flight[o->rounds / 2]);
	for (unsigned i = 0; i < n; i++)
		printf(", \"%s\": {\"median\": %" PRIu64 ", \"min\": %" PRIu64 ", \"max\": %" PRIu64
		       "}",
			rows[i].name, rows[i].values[o->rounds / 2], rows[i].values[0],
			rows[i].values[o->rounds - 1]);
	printf("}\n");
}

static void print_text(
	const struct options *o, const struct figures *f, const struct row *rows, unsigned n)
{
	const unsigned last = o->rounds - 1;

	printf("%s, version %u: %u resets, each with %" PRIu64 " reads in flight\n", f->device,
		f->version, o->rounds, f->in_flight[o->rounds / 2]);
	printf("%-36s %12s %12s %12s us\n", "", "median", "least", "most");
	for (unsigned i = 0; i < n; i++)
		printf("%-36s %12.1f %12.1f %12.1f\n", rows[i].what,
			(double)rows[i].values[o->rounds / 2] / 1e3,
			(double)rows[i].values[0] / 1e3, (double)rows[i].values[last] / 1e3);
}

void report(const struct options *o, struct figures *f)
{
	const struct row rows[] = {
		{"write_ns", "write of zero to Status", f->write},
		{"zero_ns", "until Status reads zero", f->zero},
		{"read_ns", "a read of Status, to compare", f->plain},
	};
	const unsigned n = sizeof(rows) / sizeof(rows[0]);

	/* From here on the first is the least, and the one in the middle the median. */
	sort(f->in_flight, o->rounds);
	for (unsigned i = 0; i < n; i++)
		sort(rows[i].values, o->rounds);
	if (f->in_flight[0] < o->requests)
		fprintf(stderr,
			"vmmio-guest-stall: of %u reads only %" PRIu64 " to %" PRIu64
			" were still in flight: use a slower disk or a smaller --settle\n",
			o->requests, f->in_flight[0], f->in_flight[o->rounds - 1]);
	if (o->json)
		print_json(o, f, rows, n);
	else
		print_text(o, f, rows, n);
}
