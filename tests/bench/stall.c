/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long the vCPU is in its write of 0 to Status, version 3, with 32 chains in flight in
 * each device. The backend would hold them for ever; its quiesce cancels them, so that tens
 * of thousands of resets fit into a run. The write does not know the difference: it hands
 * the device over and returns.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "futex.h"
#include "guest.h"

enum { SCENARIOS = 7 };

static const struct scenario {
	const char *name;
	struct guests_options options;
} scenarios[SCENARIOS] = {
	{"1 device, backend cancels in the write", {.n = 1, .prompt = true}},
	{"1 device, worker awake", {.n = 1}},
	{"100 devices at once, worker awake", {.n = 100}},
	{"10 000 devices at once, worker awake", {.n = 10000}},
	{"1 device, worker asleep", {.n = 1, .worker = WORKER_ASLEEP}},
	{"100 devices at once, worker asleep", {.n = 100, .worker = WORKER_ASLEEP}},
	{"10 000 devices at once, worker asleep", {.n = 10000, .worker = WORKER_ASLEEP}},
};

enum { PROMPT, AWAKE_1, AWAKE_100, AWAKE_10000, ASLEEP_1, ASLEEP_100, ASLEEP_10000 };

/* One distribution per run; what the percentiles were in each. */
struct distribution {
	struct series at[PERCENTILES];
	uint64_t *samples; /* of the last run, sorted */
	size_t n;
};

struct stall {
	struct distribution scenario[SCENARIOS];
	struct distribution wake;
	struct series sleeps[SCENARIOS]; /* voluntary context switches per reset */
};

static size_t sample_count(const struct bench *b)
{
	return b->quick ? 200 : 10000;
}

static unsigned device_count(const struct bench *b, const struct scenario *s)
{
	return b->quick && s->options.n > 200 ? 200 : s->options.n;
}

static void note_run(struct distribution *d)
{
	samples_sort(d->samples, d->n);
	for (unsigned i = 0; i < PERCENTILES; i++)
		series_add(&d->at[i], (double)samples_at(d->samples, d->n, percentile_rank[i]));
}

static long voluntary_switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

static int measure_rounds(struct guests *guests, enum worker worker, struct distribution *d)
{
	size_t done = 0;
	int error = 0;

	while (done < d->n && !error) {
		error = guests_load(guests);
		if (!error && worker == WORKER_ASLEEP)
			bench_pause();
		if (!error)
			error = guests_reset(guests);
		for (unsigned i = 0; i < guests->n && done < d->n; i++)
			d->samples[done++] = guests->guest[i].stall;
		if (!error)
			error = guests_wait(guests);
	}
	return error;
}

static int measure_scenario(const struct bench *b, struct stall *stall, unsigned which)
{
	const struct scenario *s = &scenarios[which];
	struct distribution *d = &stall->scenario[which];
	struct guests_options options = s->options;
	struct guests guests;
	long switches;
	int error;

	options.n = device_count(b, s);
	error = guests_create(&options, &guests);
	if (error)
		return error;
	switches = voluntary_switches();
	error = measure_rounds(&guests, options.worker, d);
	switches = voluntary_switches() - switches;
	guests_destroy(&guests);
	if (error)
		return error;
	series_add(&stall->sleeps[which], (double)switches / (double)d->n);
	note_run(d);
	return 0;
}

static int measure_wake(struct distribution *d)
{
	struct wakes wakes = {.n = d->n, .call = d->samples};
	int error;

	wakes.until = malloc(d->n * sizeof(wakes.until[0]));
	if (!wakes.until)
		return bench_fail(-ENOMEM, "measuring wake-ups");
	error = futex_wakes(&wakes);
	free(wakes.until);
	if (!error)
		note_run(d);
	return error;
}

/* --- Reporting ------------------------------------------------------------------ */

/* The aim of design.md: 0.5 us at the median, 2 us at p99.9. */
static double aim_at(unsigned percentile)
{
	return percentile == 0 ? 500 : percentile == 2 ? 2000 : 0;
}

/* plus: what is added to the aims, NULL: nothing. */
static void report_distribution(struct bench *b, const struct distribution *d, const char *name,
	bool aims, const struct distribution *plus)
{
	for (unsigned p = 0; p < PERCENTILES; p++) {
		struct row *row = bench_row(b, &d->at[p], "ns", "%s, %s", name, percentile_name[p]);
		double aim = aims ? aim_at(p) : 0;

		if (aim > 0 && plus)
			aim += series_spread(&plus->at[p]).median;
		if (aim > 0)
			row_aim(row, AIM_AT_MOST, aim);
	}
}

/* How the tail of many compares with that of one, run by run. */
static void report_tail(struct bench *b, const struct stall *stall, unsigned many, unsigned one)
{
	const struct series *above = &stall->scenario[many].at[2];
	const struct series *below = &stall->scenario[one].at[2];
	struct series ratio = {0};

	for (unsigned i = 0; i < above->n && i < below->n; i++)
		series_add(&ratio, above->value[i] / below->value[i]);
	row_aim(bench_row(b, &ratio, "x", "%s, p99.9 to that of 1", scenarios[many].name),
		AIM_AT_MOST, 1.5);
}

static void report(struct bench *b, const struct stall *stall)
{
	struct row *row;

	report_distribution(b, &stall->wake, "bare futex wake of a sleeping thread", false, NULL);
	for (unsigned i = 0; i < SCENARIOS; i++) {
		const bool asleep = scenarios[i].options.worker == WORKER_ASLEEP;

		report_distribution(b, &stall->scenario[i], scenarios[i].name, true,
			asleep ? &stall->wake : NULL);
		row = bench_row(b, &stall->sleeps[i], "", "%s, threads put to sleep per reset",
			scenarios[i].name);
		row_note(row, "32 chains in flight each, cancelled by quiesce; %zu writes a run; the clock takes "
			"%.0f ns of each%s", stall->scenario[i].n, bench_clock_cost(),
			asleep ? "; the aims are those of awake plus the bare wake" : "");
	}
	report_tail(b, stall, AWAKE_10000, AWAKE_1);
	report_tail(b, stall, ASLEEP_10000, ASLEEP_1);
}

static int plot(const struct bench *b, const struct stall *stall)
{
	int error = plot_distribution(b, "bare futex wake", stall->wake.samples, stall->wake.n);

	for (unsigned i = 0; i < SCENARIOS && !error; i++)
		error = plot_distribution(b, scenarios[i].name, stall->scenario[i].samples,
			stall->scenario[i].n);
	return error;
}

/* --- The group --------------------------------------------------------------------- */

static void free_samples(struct stall *stall)
{
	for (unsigned i = 0; i < SCENARIOS; i++)
		free(stall->scenario[i].samples);
	free(stall->wake.samples);
	free(stall);
}

static bool alloc_samples(struct distribution *d, size_t n)
{
	d->n = n;
	d->samples = calloc(n, sizeof(d->samples[0]));
	return d->samples;
}

static struct stall *make_stall(const struct bench *b)
{
	struct stall *stall = calloc(1, sizeof(*stall));
	bool good = stall && alloc_samples(&stall->wake, sample_count(b));

	for (unsigned i = 0; i < SCENARIOS && good; i++)
		good = alloc_samples(&stall->scenario[i], sample_count(b));
	if (good)
		return stall;
	if (stall)
		free_samples(stall);
	return NULL;
}

int bench_stall(struct bench *b)
{
	struct stall *stall = make_stall(b);
	int error = stall ? 0 : bench_fail(-ENOMEM, "room for samples");

	for (unsigned run = 0; run < b->runs && !error; run++) {
		bench_progress(b, "run %u of %u", run + 1, b->runs);
		error = measure_wake(&stall->wake);
		for (unsigned i = 0; i < SCENARIOS && !error; i++)
			error = measure_scenario(b, stall, i);
	}
	if (!error)
		report(b, stall);
	if (!error && b->plot)
		error = plot(b, stall);
	if (stall)
		free_samples(stall);
	return error;
}
