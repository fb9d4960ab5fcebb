/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a reset takes: from the write of 0 to Status until Status reads 0, with 32 requests
 * in flight. Cancellable ones end as soon as somebody has been woken to cancel them; others
 * take their 100 ms.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "disk.h"
#include "futex.h"
#include "guest.h"

#define DELAY UINT64_C(100000000)
#define PATIENCE UINT64_C(10000000000)
enum { IN_FLIGHT = 32, N_CASES = 4 };

static const struct reset_case {
	const char *name;
	struct disk_options options;
} cases[N_CASES] = {
	{"version 2, run out", {.version = 2, .delay = DELAY}},
	{"version 2, cancelled", {.version = 2, .delay = DELAY, .cancellable = true}},
	{"version 3, run out", {.version = 3, .delay = DELAY}},
	{"version 3, cancelled", {.version = 3, .delay = DELAY, .cancellable = true}},
};

struct figures {
	struct series write[N_CASES], zero[N_CASES];
	struct series floor, held, ratio; /* a backend that does nothing but cancel */
};

/* --- The library alone: a worker asleep, chains that a hook completes -------------------- */

/* Medians over many resets: until zero, and what the worker's hook took of that. */
static int measure_held(const struct bench *b, double *zero, double *cancel)
{
	const struct guests_options options = {.n = 1, .worker = WORKER_ASLEEP};
	const size_t n = b->quick ? 20 : 2000;
	uint64_t *times = calloc(2 * n, sizeof(times[0]));
	struct guests guests;
	int error = times ? guests_create(&options, &guests) : -ENOMEM;

	if (error) {
		free(times);
		return error;
	}
	for (size_t i = 0; i < n && !error; i++) {
		error = guests_load(&guests);
		bench_pause();
		if (!error)
			error = guests_reset(&guests);
		if (!error)
			error = guests_wait(&guests);
		times[i] = bench_now() - guests.guest[0].written;
		times[n + i] = guests.guest[0].quiesce;
	}
	guests_destroy(&guests);
	samples_sort(times, n);
	samples_sort(times + n, n);
	*zero = (double)samples_at(times, n, 0.5);
	*cancel = (double)samples_at(times + n, n, 0.5);
	free(times);
	return error;
}

static int measure_floor(const struct bench *b, double *wake)
{
	struct wakes wakes = {.n = b->quick ? 20 : 2000};
	uint64_t *times = calloc(2 * wakes.n, sizeof(times[0]));
	int error = times ? 0 : -ENOMEM;

	if (!error) {
		wakes.call = times;
		wakes.until = times + wakes.n;
		error = futex_wakes(&wakes);
		*wake = (double)samples_at(wakes.until, wakes.n, 0.5);
	}
	free(times);
	return error;
}

static int measure_library(const struct bench *b, struct figures *f)
{
	double zero, cancel, wake;
	int error = measure_floor(b, &wake);

	if (!error)
		error = measure_held(b, &zero, &cancel);
	if (error)
		return error;
	series_add(&f->floor, (wake + cancel) / 1e3);
	series_add(&f->held, zero / 1e3);
	series_add(&f->ratio, zero / (wake + cancel));
	return 0;
}

/* --- A disk ------------------------------------------------------------------------------- */

static int wait_in_flight(const struct disk *disk)
{
	const uint64_t end = bench_now() + PATIENCE;
	struct vmmio_device_counters counters;

	do {
		vmmio_device_counters(disk->device, &counters);
		if (counters.leases == IN_FLIGHT)
			return 0;
		sched_yield();
	} while (bench_now() < end);
	return -ETIMEDOUT;
}

static int reset_disk(struct disk *disk)
{
	int error = disk_start(disk);

	for (unsigned slot = 0; slot < IN_FLIGHT && !error; slot++)
		disk_read(disk, slot, slot);
	if (error)
		return error;
	disk_kick(disk);
	error = wait_in_flight(disk);
	if (error)
		return bench_fail(error, "waiting for 32 requests in flight");
	error = vmmio_driver_reset_begin(disk->driver);
	while (!error || error == -EAGAIN) {
		error = vmmio_driver_reset_poll(disk->driver);
		if (!error)
			return 0;
		if (bench_now() - disk->written > PATIENCE)
			error = -ETIMEDOUT;
	}
	return bench_fail(error, "resetting the disk");
}

static int measure_case(const struct bench *b, int image, unsigned which, struct figures *f)
{
	const struct reset_case *c = &cases[which];
	const unsigned resets = c->options.cancellable && !b->quick ? 51 : 1;
	uint64_t write[51], zero[51];
	struct disk disk;
	int error = disk_create(image, &c->options, &disk);

	if (error)
		return error;
	for (unsigned i = 0; i < resets && !error; i++) {
		error = reset_disk(&disk);
		zero[i] = bench_now() - disk.written;
		write[i] = disk.stall;
	}
	disk_destroy(&disk);
	if (error)
		return error;
	samples_sort(write, resets);
	samples_sort(zero, resets);
	series_add(&f->write[which], (double)write[resets / 2] / 1e3);
	series_add(&f->zero[which], (double)zero[resets / 2] / 1e3);
	return 0;
}

/* --- The group ----------------------------------------------------------------------------- */

static void report(struct bench *b, const struct figures *f)
{
	struct row *row;

	row = bench_row(b, &f->floor, "us", "bare: wake a sleeping thread, cancel 32 chains");
	row_note(row, "a futex wake until the thread runs, plus the time inside quiesce");
	bench_row(b, &f->held, "us", "until Status reads 0, 32 chains cancelled, worker asleep");
	row_aim(bench_row(b, &f->ratio, "x", "until Status reads 0, to bare"), AIM_AT_MOST, 2);
	for (unsigned i = 0; i < N_CASES; i++) {
		bench_row(b, &f->write[i], "us", "disk, 32 reads of 100 ms, %s: the write took",
			cases[i].name);
		row = bench_row(b, &f->zero[i], "us", "disk, 32 reads of 100 ms, %s: Status 0 after",
			cases[i].name);
		if (!cases[i].options.cancellable)
			row_aim(row, AIM_AT_MOST, (double)DELAY / 1e3 + 200);
	}
}

static int plot(const struct bench *b, const struct figures *f)
{
	int error = 0;

	for (unsigned i = 0; i < N_CASES && !error; i++)
		error = plot_timeline(b, &(struct plot_reset){
			.title = cases[i].name,
			.write_ns = series_spread(&f->write[i]).median * 1e3,
			.zero_ns = series_spread(&f->zero[i]).median * 1e3,
		});
	return error;
}

int bench_reset(struct bench *b)
{
	struct figures figures = {0};
	int image = disk_image();
	int error = image < 0 ? image : 0;

	for (unsigned run = 0; run < b->runs && !error; run++) {
		bench_progress(b, "run %u of %u", run + 1, b->runs);
		error = measure_library(b, &figures);
		for (unsigned i = 0; i < N_CASES && !error; i++)
			error = measure_case(b, image, i, &figures);
	}
	if (image >= 0)
		close(image);
	if (error)
		return error;
	report(b, &figures);
	return b->plot ? plot(b, &figures) : 0;
}
