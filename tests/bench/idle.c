/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a device costs that nobody uses: bytes the library has allocated for it, threads,
 * descriptors; and creating 10 000. Backends belong to the embedder and exist before.
 */
#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <vmmio/backends/null.h>
#include <vmmio/device.h>

#include "guest.h"

struct figures {
	struct series bytes, threads, fds, create;
};

struct crowd {
	struct vmmio_memory *memory;
	struct vmmio_executor *executor;
	unsigned n;
	struct vmmio_null **null;
	struct vmmio_device **device;
};

static unsigned count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int make_backends(struct crowd *crowd)
{
	const struct vmmio_null_options options = {.size = sizeof(options), .config_size = 64};
	int error = 0;

	crowd->null = calloc(crowd->n, sizeof(crowd->null[0]));
	crowd->device = calloc(crowd->n, sizeof(crowd->device[0]));
	if (!crowd->null || !crowd->device)
		return -ENOMEM;
	for (unsigned i = 0; i < crowd->n && !error; i++)
		error = vmmio_null_create(&options, &crowd->null[i]);
	if (!error)
		error = vmmio_memory_create(&bench_log, &crowd->memory);
	if (!error)
		error = vmmio_manual_create(&crowd->executor);
	return error;
}

static int make_devices(struct crowd *crowd)
{
	struct vmmio_device_options options = {.size = sizeof(options),
		.version = 3, .memory = crowd->memory, .executor = crowd->executor, .log = bench_log};
	int error = 0;

	for (unsigned i = 0; i < crowd->n && !error; i++) {
		options.backend = vmmio_null_backend(crowd->null[i]);
		error = vmmio_device_create(&options, &crowd->device[i]);
	}
	return error;
}

static void free_crowd(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->n && crowd->device; i++)
		vmmio_device_destroy(crowd->device[i], NULL, NULL);
	if (crowd->executor)
		vmmio_manual_run(crowd->executor, SIZE_MAX);
	for (unsigned i = 0; i < crowd->n && crowd->null; i++)
		vmmio_null_destroy(crowd->null[i]);
	vmmio_executor_destroy(crowd->executor);
	vmmio_memory_destroy(crowd->memory);
	free(crowd->null);
	free(crowd->device);
}

static int measure(const struct bench *b, struct figures *f)
{
	struct crowd crowd = {.n = b->quick ? 100 : 10000};
	const double n = crowd.n;
	int error = make_backends(&crowd);
	unsigned threads = count_entries("/proc/self/task"), fds = count_entries("/proc/self/fd");
	struct mallinfo2 before = mallinfo2(), after;
	uint64_t begin = bench_now();

	if (!error)
		error = make_devices(&crowd);
	if (!error) {
		series_add(&f->create, (double)(bench_now() - begin) / 1e6 * 10000 / n);
		after = mallinfo2();
		/* Large pieces are mapped, and counted apart. */
		series_add(&f->bytes, ((double)after.uordblks + (double)after.hblkhd -
			(double)before.uordblks - (double)before.hblkhd) / n);
		series_add(&f->threads, count_entries("/proc/self/task") - (double)threads);
		series_add(&f->fds, count_entries("/proc/self/fd") - (double)fds);
	}
	free_crowd(&crowd);
	return error;
}

int bench_idle(struct bench *b)
{
	struct figures f = {0};
	struct row *row;

	for (unsigned run = 0; run < b->runs; run++) {
		int error = measure(b, &f);

		if (error)
			return bench_fail(error, "creating devices");
	}
	row = bench_row(b, &f.bytes, "bytes", "an idle device, 1 queue, 64 bytes of config space");
	row_aim(row, AIM_AT_MOST, 1024);
	row_note(row, "as the allocator counts them: its own headers and rounding are in it");
	row_aim(bench_row(b, &f.threads, "", "threads of 10 000 idle devices"), AIM_AT_MOST, 0);
	row_aim(bench_row(b, &f.fds, "", "descriptors of 10 000 idle devices"), AIM_AT_MOST, 0);
	row = bench_row(b, &f.create, "ms", "creating 10 000 devices");
	row_aim(row, AIM_AT_MOST, 20);
	if (b->quick)
		row_note(row, "quick: 100 were created, and the time is scaled");
	return 0;
}
