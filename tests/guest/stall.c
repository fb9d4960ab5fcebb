/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmmio-guest-stall: how long a reset keeps the processor that asks for it. It runs inside a
 * guest, as root, against a virtio-mmio disk that no kernel driver holds: brings the disk up
 * with the library's own driver, puts reads in flight, writes zero to Status, and waits for
 * zero. The same program for every device, version 2 and 3.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <vmmio/driver.h>

#include "conform/targets/mem.h"
#include "guest/stall.h"

enum { READ_SIZE = 4096, READ_SECTORS = READ_SIZE / 512 };

/* ns. Half of the shortest tick. */
#define CLOCK_STEP_MAX 500000u

/* Reads of Status in each round, to know what an access costs that stalls nobody. */
enum { PLAIN_READS = 11 };

struct stall {
	struct options options;
	struct vmmio_target target;
	struct mem_ram ram;
	struct vmmio_driver *driver;
	struct vmmio_driver_blk *blk;
	struct vmmio_driver_area buffers;
	struct vmmio_driver_request *requests[REQUESTS_MAX];
	uint64_t written; /* how long the last write of zero to Status took */
	struct figures figures;
};

/* --- What the driver needs ---------------------------------------------------------------- */

static uint64_t now(void *ctx)
{
	struct timespec t;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void sleep_us(uint64_t us)
{
	struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000 * 1000)};

	nanosleep(&t, NULL);
}

static void relax(void *ctx)
{
	const struct stall *s = ctx;

	if (s->options.nap_us)
		sleep_us(s->options.nap_us);
}

static uint64_t read_register(void *ctx, uint64_t offset, unsigned size)
{
	struct stall *s = ctx;
	uint64_t value = 0;

	(void)s->target.ops->read(s->target.ctx, offset, size, &value);
	return value;
}

static void write_register(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct stall *s = ctx;
	const uint64_t begin = now(NULL);

	(void)s->target.ops->write(s->target.ctx, offset, size, value);
	if (offset == VMMIO_REG_STATUS && value == 0)
		s->written = now(NULL) - begin;
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = read_register,
	.write = write_register,
	.relax = relax,
	.now = now,
};

/* --- The clock ---------------------------------------------------------------------------- */

/* Between two readings that differ, the least of a few. */
static uint64_t clock_step(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 10; i++) {
		const uint64_t begin = now(NULL);
		uint64_t end;

		while ((end = now(NULL)) == begin)
			;
		if (end - begin < least)
			least = end - begin;
	}
	return least;
}

/* A clock that counts timer interrupts stands still while the processor does. */
static int check_clock(const struct options *o)
{
	struct timespec sleep;

	if (clock_step() > CLOCK_STEP_MAX) {
		fprintf(stderr, "vmmio-guest-stall: this kernel counts time in ticks: boot it with "
				"another clocksource (tsc=reliable)\n");
		return -ENOTSUP;
	}
	clock_getres(CLOCK_MONOTONIC, &sleep);
	if (sleep.tv_nsec > 1000000 && o->nap_us)
		fprintf(stderr,
			"vmmio-guest-stall: this kernel sleeps for %ld ms and more: --nap 0 is "
			"more exact\n",
			sleep.tv_nsec / 1000000);
	return 0;
}

/* --- Set up ------------------------------------------------------------------------------- */

/* Says what failed; returns err. */
static int complain(const char *what, int err)
{
	fprintf(stderr, "vmmio-guest-stall: %s: %s\n", what, strerror(-err));
	return err;
}

static int open_device(struct stall *s)
{
	struct vmmio_target_error error;
	char spec[64];
	int err;

	snprintf(spec, sizeof(spec), "mem:%.50s", s->options.address);
	err = vmmio_target_open_spec(spec, NULL, &s->target, &error);
	if (!err) {
		err = mem_ram_get(MEM_HUGE, &s->ram, &error);
		if (err)
			vmmio_target_close(&s->target);
	}
	if (err)
		fprintf(stderr, "vmmio-guest-stall: %s\n", error.text);
	return err;
}

static uint64_t wanted_features(const struct stall *s)
{
	const uint64_t packed = VMMIO_FEATURE(VMMIO_F_RING_PACKED);

	return VMMIO_DRIVER_BLK_FEATURES | (s->options.packed ? packed : 0);
}

/* Three descriptors each. */
static int start(struct stall *s)
{
	return vmmio_driver_start(s->driver, wanted_features(s), 1, 4 * s->options.requests);
}

static int begin_disk(struct stall *s)
{
	const struct vmmio_driver_blk_config config = {.depth = s->options.requests};
	int err = start(s);

	if (err)
		return complain("bring-up", err);
	if (s->options.packed && !vmmio_driver_has(s->driver, VMMIO_F_RING_PACKED))
		return complain("the device has no packed rings: leave --packed out", -ENOTSUP);
	err = vmmio_driver_blk_create(s->driver, &config, &s->blk);
	if (err)
		return complain("no usable disk", err);
	if (vmmio_driver_blk_info(s->blk).capacity < READ_SECTORS)
		return complain("the disk is smaller than a read of 4 KiB", -ENOSPC);
	err = vmmio_driver_alloc(
		s->driver, (size_t)s->options.requests * READ_SIZE, READ_SIZE, &s->buffers);
	return err ? complain("memory for the reads", err) : 0;
}

static int begin_driver(struct stall *s)
{
	const struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = s,
		.memory = {s->ram.host, s->ram.physical, s->ram.size},
		.patience = s->options.patience_s * UINT64_C(1000000000),
	};
	int err = vmmio_driver_create(&config, &s->driver);

	if (err)
		return complain("driver", err);
	err = vmmio_driver_probe(s->driver);
	if (err == -ENODEV)
		return complain("DeviceID is 0: no device there", err);
	return err ? complain("not a device of version 2 or 3", err) : 0;
}

/* The memory is the device's until it is reset, which closing the target sees to. */
static void end(struct stall *s)
{
	vmmio_target_close(&s->target);
	vmmio_driver_blk_destroy(s->blk);
	vmmio_driver_destroy(s->driver);
	mem_ram_put(&s->ram);
}

/* --- Measuring ---------------------------------------------------------------------------- */

/* Only the last one is shown to the device, and all the others with it. */
static int submit(struct stall *s, unsigned i)
{
	const uint64_t blocks = vmmio_driver_blk_info(s->blk).capacity / READ_SECTORS;
	const struct vmmio_driver_seg data = {
		.addr = s->buffers.guest + (uint64_t)i * READ_SIZE, .len = READ_SIZE};
	const struct vmmio_driver_blk_op op = {
		.type = VMMIO_BLK_T_IN,
		.sector = i % blocks * READ_SECTORS,
		.data = &data,
		.n_data = 1,
		.defer_kick = i + 1 < s->options.requests,
	};

	return vmmio_driver_blk_submit(s->blk, 0, &op, &s->requests[i]);
}

/* Takes what has come back; an error that is not the device's own answer ends the program. */
static int reap(struct stall *s, unsigned *n)
{
	struct vmmio_driver_request *request;
	int ret;

	for (*n = 0; (ret = vmmio_driver_blk_poll(s->blk, 0, &request)) == 1; ++*n)
		vmmio_driver_request_release(request);
	return ret;
}

static uint64_t plain_read(struct stall *s)
{
	uint64_t took[PLAIN_READS];

	for (unsigned i = 0; i < PLAIN_READS; i++) {
		const uint64_t begin = now(NULL);

		(void)vmmio_driver_status(s->driver);
		took[i] = now(NULL) - begin;
	}
	sort(took, PLAIN_READS);
	return took[PLAIN_READS / 2];
}

/* From the write of zero until Status reads zero, which is right away on version 2. */
static int reset(struct stall *s, uint64_t *zero)
{
	const uint64_t begin = now(NULL);
	const uint64_t end = begin + s->options.patience_s * UINT64_C(1000000000);
	int err = vmmio_driver_reset_begin(s->driver);

	while (!err && (err = vmmio_driver_reset_poll(s->driver)) == -EAGAIN) {
		if (now(NULL) > end)
			return -ETIMEDOUT;
		relax(s);
		err = 0;
	}
	*zero = now(NULL) - begin;
	return err;
}

static int put_in_flight(struct stall *s, unsigned round)
{
	unsigned done;
	int err = 0;

	for (unsigned i = 0; i < s->options.requests && !err; i++)
		err = submit(s, i);
	if (err)
		return complain("a read was not taken", err);
	sleep_us(s->options.settle_ms * UINT64_C(1000));
	err = reap(s, &done);
	if (err)
		return complain("the device broke its queue", err);
	s->figures.in_flight[round] = s->options.requests - done;
	return 0;
}

static int measure_round(struct stall *s, unsigned round)
{
	struct figures *f = &s->figures;
	unsigned n;
	int err = start(s);

	if (err)
		return complain("bring-up", err);
	err = put_in_flight(s, round);
	if (err)
		return err;
	f->plain[round] = plain_read(s);
	err = reset(s, &f->zero[round]);
	if (err)
		return complain("the reset did not end", err);
	f->write[round] = s->written;
	(void)vmmio_driver_blk_cancel(s->blk);
	err = reap(s, &n);
	return err && err != -ESHUTDOWN ? complain("cancelled reads", err) : 0;
}

int main(int argc, char **argv)
{
	static struct stall s;
	int err;

	options_parse(&s.options, argc, argv);
	/* Or a nap of 100 us may take 50 more. */
	(void)prctl(PR_SET_TIMERSLACK, 1);
	err = check_clock(&s.options);
	if (!err)
		err = open_device(&s);
	if (err)
		return 1;
	err = begin_driver(&s);
	if (!err)
		err = begin_disk(&s);
	for (unsigned i = 0; i < s.options.rounds && !err; i++)
		err = measure_round(&s, i);
	if (!err) {
		s.figures.device = s.target.name;
		s.figures.version = vmmio_driver_version(s.driver);
		report(&s.options, &s.figures);
	}
	end(&s);
	return err ? 1 : 0;
}
