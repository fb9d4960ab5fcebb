/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Register reads: the library's, a bare switch's, and those of the switch under a mutex take
 * turns; one thread, then two threads on one device.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <vmmio/backends/null.h>
#include <vmmio/device.h>

#include "guest.h"
#include "registers_ref.h"

enum who { LIBRARY, BARE, MUTEX, N_WHO };
enum { N_REGISTERS = 3, SLICES = 25 };

static const char *const who_name[N_WHO] = {"library", "bare switch", "switch under a mutex"};

static const struct {
	const char *name;
	uint64_t offset;
} registers[N_REGISTERS] = {
	{"Status", VMMIO_REG_STATUS},
	{"InterruptStatus", VMMIO_REG_INTERRUPT_STATUS},
	{"config, 4 bytes", VMMIO_REG_CONFIG + 8},
};

struct target {
	struct vmmio_device *device;
	struct reference reference;
};

/* Like an exit handler does it: the offset is known at run time only. */
static uint64_t read_many(struct target *target, enum who who, uint64_t offset, unsigned n)
{
	uint64_t sum = 0;

	/* The compiler has to take the offset as new each time. */
	switch (who) {
	case LIBRARY:
		for (unsigned i = 0; i < n; i++) {
			__asm__ volatile("" : "+r"(offset));
			sum += vmmio_device_read(target->device, offset, 4);
		}
		break;
	case BARE:
		for (unsigned i = 0; i < n; i++) {
			__asm__ volatile("" : "+r"(offset));
			sum += reference_read(&target->reference, offset, 4);
		}
		break;
	default:
		for (unsigned i = 0; i < n; i++) {
			__asm__ volatile("" : "+r"(offset));
			sum += reference_read_locked(&target->reference, offset, 4);
		}
	}
	return sum;
}

struct reader {
	struct target *target;
	enum who who;
	uint64_t offset;
	unsigned n;
	double ns;
	uint64_t sum;
	_Atomic unsigned *ready; /* readers that are about to begin */
	unsigned wait_for;
};

static void *reader_main(void *arg)
{
	struct reader *r = arg;
	uint64_t begin;

	atomic_fetch_add(r->ready, 1);
	while (atomic_load(r->ready) < r->wait_for)
		sched_yield();
	begin = bench_now();
	r->sum = read_many(r->target, r->who, r->offset, r->n);
	r->ns = (double)(bench_now() - begin) / r->n;
	return NULL;
}

static double read_alone(struct reader r)
{
	_Atomic unsigned ready = 0;

	r.ready = &ready;
	r.wait_for = 1;
	reader_main(&r);
	return r.ns;
}

/* ns per read of both together. */
static double read_together(struct reader r)
{
	_Atomic unsigned ready = 0;
	struct reader two[2];
	pthread_t thread;

	r.ready = &ready;
	r.wait_for = 2;
	two[0] = two[1] = r;
	if (pthread_create(&thread, NULL, reader_main, &two[1]))
		return 0;
	reader_main(&two[0]);
	pthread_join(thread, NULL);
	return (two[0].ns + two[1].ns) / 4;
}

struct figures {
	struct series alone[N_WHO][N_REGISTERS];
	struct series ratio[N_WHO][N_REGISTERS]; /* to the bare switch, in the same run */
	struct series scale[N_WHO];              /* two threads to one, Status */
};

static unsigned slice_reads(const struct bench *b)
{
	return b->quick ? 1000 : 200000;
}

/* Within a run they take turns in short slices, and a run's value is the slices' median: so
 * whatever else the machine does hits all alike. */
static void measure_register(
	const struct bench *b, struct target *target, unsigned reg, struct figures *f)
{
	struct series slices[N_WHO] = {0};
	double ns[N_WHO];

	for (unsigned slice = 0; slice < SLICES; slice++)
		for (unsigned who = 0; who < N_WHO; who++)
			series_add(&slices[who], read_alone((struct reader){
				.target = target, .who = who, .offset = registers[reg].offset,
				.n = slice_reads(b)}));
	for (unsigned who = 0; who < N_WHO; who++) {
		ns[who] = series_spread(&slices[who]).median;
		series_add(&f->alone[who][reg], ns[who]);
	}
	for (unsigned who = 0; who < N_WHO; who++)
		series_add(&f->ratio[who][reg], ns[who] / ns[BARE]);
}

static void measure_scale(
	const struct bench *b, struct target *target, enum who who, struct figures *f)
{
	const struct reader r = {
		.target = target, .who = who, .offset = VMMIO_REG_STATUS, .n = slice_reads(b)};
	struct series ratio = {0};

	for (unsigned slice = 0; slice < SLICES; slice++) {
		const double one = read_alone(r), two = read_together(r);

		if (two > 0)
			series_add(&ratio, one / two);
	}
	series_add(&f->scale[who], series_spread(&ratio).median);
}

static void measure(const struct bench *b, struct target *target, struct figures *f)
{
	for (unsigned reg = 0; reg < N_REGISTERS; reg++)
		measure_register(b, target, reg, f);
	for (unsigned who = 0; who < N_WHO; who++)
		measure_scale(b, target, who, f);
}

static void report(struct bench *b, const struct figures *f)
{
	for (unsigned reg = 0; reg < N_REGISTERS; reg++) {
		for (unsigned who = 0; who < N_WHO; who++)
			bench_row(b, &f->alone[who][reg], "ns", "%s, %s", registers[reg].name,
				who_name[who]);
		row_aim(bench_row(b, &f->ratio[LIBRARY][reg], "x", "%s, library to bare switch",
				registers[reg].name), AIM_AT_MOST, 1.3);
		bench_row(b, &f->ratio[MUTEX][reg], "x", "%s, mutex to bare switch",
			registers[reg].name);
	}
	for (unsigned who = 0; who < N_WHO; who++) {
		struct row *row = bench_row(
			b, &f->scale[who], "x", "Status, 2 threads to 1, %s", who_name[who]);

		if (who == LIBRARY)
			row_aim(row, AIM_AT_LEAST, 1.9);
	}
}

int bench_registers(struct bench *b)
{
	const struct vmmio_null_options options = {.size = sizeof(options), .config_size = 64};
	struct vmmio_device_options device = {
		.size = sizeof(device), .version = 3, .log = bench_log};
	struct target target = {.device = NULL};
	struct figures figures = {0};
	struct vmmio_null *null = NULL;
	int error;

	reference_init(&target.reference);
	error = vmmio_memory_create(&bench_log, &device.memory);
	if (!error)
		error = vmmio_manual_create(&device.executor);
	if (!error)
		error = vmmio_null_create(&options, &null);
	if (!error) {
		device.backend = vmmio_null_backend(null);
		error = vmmio_device_create(&device, &target.device);
	}
	for (unsigned run = 0; run < b->runs && !error; run++)
		measure(b, &target, &figures);
	if (error)
		bench_fail(error, "setting up a device");
	else
		report(b, &figures);
	vmmio_device_destroy(target.device, NULL, NULL);
	if (device.executor)
		vmmio_manual_run(device.executor, SIZE_MAX);
	vmmio_null_destroy(null);
	vmmio_executor_destroy(device.executor);
	vmmio_memory_destroy(device.memory);
	return error;
}
