/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What version 3 is about. 32 reads that take 100 ms each are in flight, the driver resets
 * the device: how long is the vCPU stuck in its write to Status, when is the reset over,
 * and what could the vCPU do between the two?
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "quickstart.h"

#define MAX_RUNS 1000u
#define N_ROWS 8u
#define SECTORS_EACH 8u /* 4 KiB */

/* One reset. Times in ns since just before the write. */
struct sample {
	uint64_t stall; /* the write to Status has returned */
	uint64_t done;  /* Status reads zero */
	uint64_t polls; /* reads of Status until then */
	uint64_t work;  /* pieces of other work the vCPU did meanwhile */
};

struct spread {
	uint64_t median, min, max;
};

struct row {
	struct spread stall, done, polls, work;
};

static int submit_reads(struct disk *disk, const struct vmmio_driver_area *buffers,
	struct vmmio_driver_request **requests)
{
	uint64_t capacity = vmmio_driver_blk_info(disk->requests).capacity;
	int error = 0;

	for (unsigned i = 0; i < N_REQUESTS && !error; i++) {
		struct vmmio_driver_seg data = {buffers->guest + i * 4096u, SECTORS_EACH * 512};
		struct vmmio_driver_blk_op op = {
			.type = VMMIO_BLK_T_IN,
			.sector = (uint64_t)i * SECTORS_EACH % (capacity - SECTORS_EACH + 1),
			.data = &data,
			.n_data = 1,
			.defer_kick = true,
		};

		error = vmmio_driver_blk_submit(disk->requests, 0, &op, &requests[i]);
	}
	vmmio_driver_blk_kick(disk->requests, 0);
	return error;
}

/* All requests have reached the backend. */
static int wait_in_flight(const struct disk *disk)
{
	struct vmmio_device_counters counters;
	uint64_t end = nanoseconds() + PATIENCE;

	do {
		vmmio_device_counters(disk->device, &counters);
		if (counters.leases == N_REQUESTS)
			return 0;
		sched_yield();
	} while (nanoseconds() < end);
	return -ETIMEDOUT;
}

/* A piece of what a guest might rather do than wait: about 1 us of arithmetic. */
static void work_a_little(void)
{
	static volatile uint32_t result;
	uint32_t x = result | 1;

	for (int i = 0; i < 500; i++)
		x = x * 1664525 + 1013904223;
	result = x;
}

static int time_reset(struct disk *disk, struct sample *sample)
{
	uint64_t begin, end;
	int state;

	*sample = (struct sample){0};
	begin = nanoseconds();
	state = vmmio_driver_reset_begin(disk->driver);
	sample->stall = nanoseconds() - begin;
	end = begin + PATIENCE;
	if (state)
		return state;
	for (;;) {
		state = vmmio_driver_reset_poll(disk->driver);
		sample->polls++;
		if (state != -EAGAIN || nanoseconds() > end)
			break;
		work_a_little();
		sample->work++;
	}
	sample->done = nanoseconds() - begin;
	return state;
}

static int reset_once(struct disk *disk, bool packed, const struct vmmio_driver_area *buffers,
	struct sample *sample)
{
	struct vmmio_driver_request *requests[N_REQUESTS] = {0};
	int error = submit_reads(disk, buffers, requests);

	if (!error)
		error = wait_in_flight(disk);
	if (!error)
		error = time_reset(disk, sample);
	if (error)
		return explain(error, "resetting with requests in flight", "This is a bug.");
	vmmio_driver_blk_cancel(disk->requests);
	for (unsigned i = 0; i < N_REQUESTS; i++)
		vmmio_driver_request_release(requests[i]);
	return disk_start(disk, packed);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Of the values at offset in each sample. */
static struct spread spread_of(const struct sample *samples, unsigned n, size_t offset)
{
	uint64_t values[MAX_RUNS];

	for (unsigned i = 0; i < n; i++)
		values[i] = *(const uint64_t *)((const char *)&samples[i] + offset);
	qsort(values, n, sizeof(values[0]), compare);
	return (struct spread){values[n / 2], values[0], values[n - 1]};
}

static int measure_row(struct machine *machine, const struct disk_options *options, unsigned runs,
	struct row *row)
{
	struct vmmio_driver_area buffers;
	struct sample samples[MAX_RUNS];
	struct disk disk;
	int error = disk_plug(machine, options, &disk);

	if (error)
		return error;
	error = disk_start(&disk, options->packed);
	if (!error && vmmio_driver_blk_info(disk.requests).capacity < SECTORS_EACH)
		error = explain(-EINVAL, "the image is smaller than 4 KiB", "Take a larger one.");
	if (!error)
		error = vmmio_driver_alloc(disk.driver, N_REQUESTS * 4096, 4096, &buffers);
	for (unsigned i = 0; i < runs && !error; i++)
		error = reset_once(&disk, options->packed, &buffers, &samples[i]);
	disk_unplug(&disk);
	if (error)
		return error;
	row->stall = spread_of(samples, runs, offsetof(struct sample, stall));
	row->done = spread_of(samples, runs, offsetof(struct sample, done));
	row->polls = spread_of(samples, runs, offsetof(struct sample, polls));
	row->work = spread_of(samples, runs, offsetof(struct sample, work));
	return 0;
}

/* A time in the unit that suits it, in a field of its own. */
static const char *pretty(uint64_t ns, char text[16])
{
	if (ns < 1000000)
		snprintf(text, 16, "%.2f us", (double)ns / 1e3);
	else
		snprintf(text, 16, "%.1f ms", (double)ns / 1e6);
	return text;
}

static void print_time(FILE *out, const struct spread *time)
{
	char median[16], min[16], max[16];

	fprintf(out, "  %9s (%9s - %9s)", pretty(time->median, median), pretty(time->min, min),
		pretty(time->max, max));
}

static void print_row(FILE *out, const struct disk_options *options, const struct row *row)
{
	fprintf(out, "  %u    %-6s  %-9s", options->version, options->packed ? "packed" : "split",
		options->cancellable ? "cancelled" : "run out");
	print_time(out, &row->stall);
	print_time(out, &row->done);
	fprintf(out, "  %12llu  %9llu\n", (unsigned long long)row->polls.median,
		(unsigned long long)row->work.median);
	fflush(out);
}

static void print_json_spread(FILE *json, const char *name, const struct spread *spread)
{
	fprintf(json, ", \"%s\": {\"median\": %llu, \"min\": %llu, \"max\": %llu}", name,
		(unsigned long long)spread->median, (unsigned long long)spread->min,
		(unsigned long long)spread->max);
}

static void print_json_row(
	FILE *json, bool first, const struct disk_options *options, const struct row *row)
{
	fprintf(json, "%s    {\"version\": %u, \"ring\": \"%s\", \"cancellable\": %s",
		first ? "" : ",\n", options->version, options->packed ? "packed" : "split",
		options->cancellable ? "true" : "false");
	print_json_spread(json, "status_write_ns", &row->stall);
	print_json_spread(json, "status_zero_ns", &row->done);
	print_json_spread(json, "status_reads", &row->polls);
	print_json_spread(json, "work_done_meanwhile", &row->work);
	fprintf(json, "}");
}

static void print_heading(FILE *out, unsigned runs)
{
	fprintf(out, "  %u reads of 100 ms each are in flight when the driver writes 0 to Status. They are\n"
		     "  cancelled, or cannot be and run out. Medians of %u resets (fastest - slowest).\n"
		     "  Until Status read 0 the vCPU read it again and again, and did a piece of other\n"
		     "  work, about 1 us, after each read: the last two columns count both.\n\n",
		N_REQUESTS, runs);
	fprintf(out, "  ver  ring    requests   %-35s%-35sStatus reads       work\n",
		"the write to Status took", "Status read 0 after");
}

/* In words, what the first two lines of the table say. */
static void print_summary(FILE *out, const struct row rows[2])
{
	char stuck[16], back[16];

	fprintf(out, "\n  Version 2 held the vCPU for %s; version 3 gave it back after %s.\n",
		pretty(rows[0].stall.median, stuck), pretty(rows[1].stall.median, back));
}

int show_resets(struct machine *machine, const char *path, unsigned runs, FILE *out, FILE *json)
{
	struct row rows[N_ROWS];
	int error = 0;

	if (runs > MAX_RUNS)
		runs = MAX_RUNS;
	print_heading(out, runs);
	if (json)
		fprintf(json, "{\n  \"requests\": %u, \"delay_ns\": %llu, \"runs\": %u,\n  \"resets\": [\n",
			N_REQUESTS, (unsigned long long)DELAY, runs);
	for (unsigned i = 0; i < N_ROWS && !error; i++) {
		/* Read only: a measurement has no business writing to the image. */
		struct disk_options options = {
			.path = path,
			.version = i & 1 ? 3 : 2,
			.packed = i & 2,
			.cancellable = i & 4,
			.read_only = true,
			.delay = DELAY,
		};

		error = measure_row(machine, &options, runs, &rows[i]);
		if (!error)
			print_row(out, &options, &rows[i]);
		if (!error && json)
			print_json_row(json, i == 0, &options, &rows[i]);
	}
	if (!error)
		print_summary(out, rows);
	if (json)
		fprintf(json, "\n  ]\n}\n");
	return error;
}
