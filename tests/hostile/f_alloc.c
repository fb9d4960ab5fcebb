/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that cannot be had: F-31. Every public create, and all it leads to; and what runs. */
#include <unistd.h>
#include <vmmio/backends/blk.h>
#include <vmmio/backends/console.h>
#include <vmmio/backends/null.h>
#include <vmmio/backends/rng.h>
#include <vmmio/metrics.h>
#include <vmmio/trace.h>

#include "hostile/f_job.h"

static struct vmmio_log quiet(void)
{
	return (struct vmmio_log){0};
}

static int memory_once(void)
{
	static uint8_t ram[4096];
	const struct vmmio_region region = {.guest = 4096, .size = 4096, .host = ram};
	struct vmmio_memory *memory;
	int err = vmmio_memory_create(NULL, &memory);

	if (err)
		return err;
	err = vmmio_memory_add(memory, &region);
	if (!err)
		err = vmmio_memory_dirty_start(memory);
	if (!err)
		(void)vmmio_memory_dirty_stop(memory);
	if (!err)
		err = vmmio_memory_try_remove(memory, 4096);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
	return err;
}

static int manual_once(void)
{
	struct vmmio_executor *ex;
	int err = vmmio_manual_create(&ex);

	return err ? err : vmmio_executor_destroy(ex);
}

static int pool_once(void)
{
	struct vmmio_executor *pool;
	int err = vmmio_pool_create(NULL, &pool);

	return err ? err : vmmio_executor_destroy(pool);
}

static int io_once(enum vmmio_io_engine engine)
{
	struct vmmio_io *io = NULL;
	int err = f_io(engine, 0, &io);

	if (!err)
		f_io_end(io);
	return err;
}

static int io_uring_once(void)
{
	return io_once(VMMIO_IO_URING);
}

static int io_plain_once(void)
{
	return io_once(VMMIO_IO_PLAIN);
}

static int trace_once(void)
{
	struct vmmio_trace *trace;
	int err = vmmio_trace_create(NULL, &trace);

	return err ? err : vmmio_trace_destroy(trace);
}

static int metrics_once(void)
{
	struct vmmio_metrics *metrics;
	int err = vmmio_metrics_create(NULL, &metrics);

	return err ? err : vmmio_metrics_destroy(metrics);
}

static int rng_once(void)
{
	struct vmmio_rng *rng;
	int err = vmmio_rng_create(NULL, &rng);

	return err ? err : vmmio_rng_destroy(rng);
}

static int console_once(void)
{
	struct vmmio_console_options o = {.size = sizeof(o)};
	struct vmmio_console *console;
	int err = vmmio_console_create(&o, &console);

	return err ? err : vmmio_console_destroy(console);
}

static int null_once(void)
{
	struct vmmio_null *null;
	int err = vmmio_null_create(NULL, &null);

	return err ? err : vmmio_null_destroy(null);
}

static struct vmmio_io *disk_io; /* made before memory runs out */
static int disk_fd;

static int blk_once(void)
{
	struct vmmio_blk_options o = {.size = sizeof(o), .fd = disk_fd, .io = disk_io};
	struct vmmio_blk *blk;
	int err;

	o.log = quiet();
	err = vmmio_blk_create(&o, &blk);
	return err ? err : vmmio_blk_destroy(blk);
}

static struct vmmio_memory *device_memory;
static struct vmmio_executor *device_executor;
static struct vmmio_null *device_backend;

static int device_once(void)
{
	struct vmmio_device_options o = {.size = sizeof(o),
		.version = 3,
		.backend = vmmio_null_backend(device_backend),
		.memory = device_memory,
		.executor = device_executor};
	struct vmmio_device *dev;
	int err = vmmio_device_create(&o, &dev);

	if (err)
		return err;
	if (vmmio_device_queue_eventfd(dev, 0) < 0)
		err = -ENOMEM;
	ck_assert_int_eq(vmmio_device_destroy(dev, NULL, NULL), 0);
	vmmio_manual_run(device_executor, 100);
	return err;
}

static int (*const makers[])(void) = {memory_once, manual_once, pool_once, io_uring_once,
	io_plain_once, trace_once, metrics_once, rng_once, console_once, null_once, blk_once,
	device_once};
#define MAKERS (int)(sizeof(makers) / sizeof(makers[0]))

static void make_parts(void)
{
	disk_fd = memfd_create("f", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(disk_fd, 65536), 0);
	ck_assert_int_eq(vmmio_io_create(NULL, &disk_io), 0);
	ck_assert_int_eq(vmmio_memory_create(NULL, &device_memory), 0);
	ck_assert_int_eq(vmmio_manual_create(&device_executor), 0);
	ck_assert_int_eq(vmmio_null_create(NULL, &device_backend), 0);
}

static void free_parts(void)
{
	ck_assert_int_eq(vmmio_null_destroy(device_backend), 0);
	ck_assert_int_eq(vmmio_executor_destroy(device_executor), 0);
	ck_assert_int_eq(vmmio_memory_destroy(device_memory), 0);
	ck_assert_int_eq(vmmio_io_destroy(disk_io), 0);
	close(disk_fd);
}

/* The n-th call fails, for all n; _i & 1: and all after it. */
START_TEST(f31_create_without_memory)
{
	int (*make)(void) = makers[_i / 2];
	unsigned n = 1;
	int err;

	make_parts();
	fixture_expect_log("");
	do {
		fixture_fail_alloc(n, _i & 1);
		err = make();
		fixture_fail_alloc(0, false);
		ck_assert_msg(err == 0 || err == -ENOMEM || err == -EAGAIN, "call %u: %d", n, err);
		ck_assert_uint_lt(n++, 100);
	} while (err);
	ck_assert_uint_gt(n, 2); /* the first one did fail */
	free_parts();
}
END_TEST

/* What runs, runs without: I/O, a reset, a queue reset; and a start fails as it may (E19). */
START_TEST(f31_running_without_memory)
{
	struct rig *rig = live(_i, NULL);

	fixture_fail_alloc(1, true);
	rig_check_io(rig);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
	rig_add(rig, 1, NULL);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	fixture_fail_alloc(0, false);
	check_zero(rig);
	next_life(rig);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_31", f31_create_without_memory, 2 * MAKERS},
		{"f_31", f31_running_without_memory, RIG_VARIANTS},
		{NULL, NULL, 0},
	};

	return f_main("f_alloc", rows);
}
