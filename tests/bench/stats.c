/* SPDX-License-Identifier: BSD-3-Clause */
/* Medians, spreads, percentiles, and the clock they are made of. */
#include <stdlib.h>
#include <time.h>

#include "bench.h"

const char *const percentile_name[PERCENTILES] = {"p50", "p99", "p99.9", "p99.99", "maximum"};
const double percentile_rank[PERCENTILES] = {0.5, 0.99, 0.999, 0.9999, 1.0};

void series_add(struct series *series, double value)
{
	if (series->n < BENCH_RUNS_MAX)
		series->value[series->n++] = value;
}

static int compare_double(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct spread series_spread(const struct series *series)
{
	struct series sorted = *series;
	const unsigned n = series->n;

	if (!n)
		return (struct spread){0, 0, 0};
	qsort(sorted.value, n, sizeof(sorted.value[0]), compare_double);
	return (struct spread){
		.median = (sorted.value[(n - 1) / 2] + sorted.value[n / 2]) / 2,
		.min = sorted.value[0],
		.max = sorted.value[n - 1],
	};
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void samples_sort(uint64_t *samples, size_t n)
{
	qsort(samples, n, sizeof(samples[0]), compare_u64);
}

uint64_t samples_at(const uint64_t *sorted, size_t n, double rank)
{
	const double exact = rank * (double)n;
	size_t at = (size_t)exact;

	if ((double)at < exact) /* nearest rank rounds up */
		at++;
	return sorted[at ? at - 1 : 0];
}

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

double bench_clock_cost(void)
{
	enum { TRIES = 1001 };
	uint64_t between[TRIES];

	for (unsigned i = 0; i < TRIES; i++) {
		const uint64_t first = bench_now();

		between[i] = bench_now() - first;
	}
	samples_sort(between, TRIES);
	return (double)between[TRIES / 2];
}
