/* SPDX-License-Identifier: BSD-3-Clause */
/* F-31: devices with the ready-made backends and observers; rings, and requests of a disk. What
 * they stand on is made before memory runs out. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vmmio/backends/console.h>
#include <vmmio/backends/null.h>
#include <vmmio/backends/rng.h>
#include <vmmio/metrics.h>
#include <vmmio/trace.h>

#include "hostile/f_alloc.h"
#include "integration/blk_rig.h"

/* --- Creation ------------------------------------------------------------------------------- */

static int device_with(const struct vmmio_backend *backend)
{
	struct vmmio_device_options o = {.size = sizeof(o), .version = 3, .backend = backend};
	struct vmmio_observer watchers[2];
	struct vmmio_metrics *metrics;
	struct vmmio_trace *trace;
	struct vmmio_device *dev;
	int err;

	ck_assert_int_eq(vmmio_memory_create(NULL, &o.memory), 0);
	ck_assert_int_eq(vmmio_manual_create(&o.executor), 0);
	ck_assert_int_eq(vmmio_metrics_create(NULL, &metrics), 0);
	ck_assert_int_eq(vmmio_trace_create(NULL, &trace), 0);
	watchers[0] = *vmmio_trace_observer(trace);
	watchers[1] = *vmmio_metrics_observer(metrics);
	o.observers = watchers;
	o.n_observers = 2;
	err = ALLOC(vmmio_device_create, &o, &dev);
	if (!err) {
		ck_assert_int_ge(vmmio_device_queue_eventfd(dev, 0), 0);
		ck_assert_int_eq(vmmio_device_destroy(dev, NULL, NULL), 0);
		vmmio_manual_run(o.executor, 100);
	}
	ck_assert_int_eq(vmmio_trace_destroy(trace), 0);
	ck_assert_int_eq(vmmio_metrics_destroy(metrics), 0);
	ck_assert_int_eq(vmmio_executor_destroy(o.executor), 0);
	ck_assert_int_eq(vmmio_memory_destroy(o.memory), 0);
	return err;
}

static int null_once(void)
{
	struct vmmio_null *null;
	int err = ALLOC(vmmio_null_create, NULL, &null);

	if (err)
		return err;
	err = device_with(vmmio_null_backend(null));
	ck_assert_int_eq(vmmio_null_destroy(null), 0);
	return err;
}

/* An earlier version's table of ops is copied. */
static int old_backend_once(void)
{
	struct vmmio_backend_ops ops = {.size = sizeof(ops) - sizeof(void *)};
	struct vmmio_backend backend;
	struct vmmio_null *null;
	int err;

	ck_assert_int_eq(vmmio_null_create(NULL, &null), 0);
	backend = *vmmio_null_backend(null);
	memcpy(&ops, backend.ops, ops.size);
	ops.size = sizeof(ops) - sizeof(void *);
	backend.ops = &ops;
	err = device_with(&backend);
	ck_assert_int_eq(vmmio_null_destroy(null), 0);
	return err;
}

static int rng_with(const struct vmmio_rng_options *options)
{
	struct vmmio_rng *rng;
	int err = ALLOC(vmmio_rng_create, options, &rng);

	if (err)
		return err;
	err = device_with(vmmio_rng_backend(rng));
	ck_assert_int_eq(vmmio_rng_destroy(rng), 0);
	return err;
}

static int rng_once(void)
{
	return rng_with(NULL);
}

static int rng_file_once(void)
{
	struct vmmio_rng_options o = {.size = sizeof(o), .path = "/dev/zero"};
	int err;

	ck_assert_int_eq(vmmio_io_create(NULL, &o.io), 0);
	err = rng_with(&o);
	ck_assert_int_eq(vmmio_io_destroy(o.io), 0);
	return err;
}

static int console_once(void)
{
	struct vmmio_console_options o = {.size = sizeof(o)};
	struct vmmio_console *console;
	int err = ALLOC(vmmio_console_create, &o, &console);

	if (err)
		return err;
	err = device_with(vmmio_console_backend(console));
	ck_assert_int_eq(vmmio_console_destroy(console), 0);
	return err;
}

static int blk_with(struct vmmio_blk_options o)
{
	struct vmmio_blk *blk;
	int err;

	o.size = sizeof(o);
	o.fd = memfd_create("f", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(o.fd, 65536), 0);
	ck_assert_int_eq(vmmio_io_create(NULL, &o.io), 0);
	err = ALLOC(vmmio_blk_create, &o, &blk);
	if (!err) {
		err = device_with(vmmio_blk_backend(blk));
		ck_assert_int_eq(vmmio_blk_destroy(blk), 0);
	}
	ck_assert_int_eq(vmmio_io_destroy(o.io), 0);
	close(o.fd);
	return err;
}

static int blk_once(void)
{
	return blk_with((struct vmmio_blk_options){0});
}

static int blk_bounce_once(void)
{
	return blk_with((struct vmmio_blk_options){.bounce = true});
}

/* --- Rings: a start that fails as it may (E19) ------------------------------------------------ */

/* Up to DRIVER_OK, of a backend whose start is called in the write, or on the executor. */
static struct rig *almost_up(bool prompt)
{
	struct rig_options o = {.version = 3, .prompt = prompt};
	struct rig *rig = rig_create(&o);
	struct vmmio_driver_queue *queue;

	ck_assert_int_eq(vmmio_driver_probe(rig->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, 0, 0), 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(rig->driver, 0, NULL, &queue), 0);
	return rig;
}

static int is_broken(struct rig *rig)
{
	bool broken = rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET;

	rig_reset(rig);
	next_life(rig);
	return broken ? -ENOMEM : 0;
}

static int ring_in_the_write(void)
{
	struct rig *rig = almost_up(true);

	ck_assert_int_eq(ALLOC(vmmio_device_write, rig->dev, VMMIO_REG_STATUS, 4, LIVE), 0);
	return is_broken(rig);
}

static int ring_in_a_pending_write(void)
{
	struct rig *rig = almost_up(true);
	struct rig_waiter w = RIG_WAITER;

	ck_assert_int_eq(ALLOC(vmmio_device_write_pending, rig->dev, VMMIO_REG_STATUS, 4, LIVE,
				 &w.waiter),
		0);
	return is_broken(rig);
}

static int ring_on_the_executor(void)
{
	struct rig *rig = almost_up(false);

	rig_write(rig, VMMIO_REG_STATUS, LIVE);
	ALLOC(vmmio_manual_run, rig->ex, 10);
	return is_broken(rig);
}

static int ring_at_the_resume(void)
{
	struct rig *rig = almost_up(true);
	struct rig_waiter w = RIG_WAITER;
	int answer;

	pause_now(rig);
	rig_write(rig, VMMIO_REG_STATUS, LIVE);
	answer = ALLOC(vmmio_device_resume, rig->dev, &w.waiter);
	ck_assert_int_eq(rig_wait(rig, &w, answer), 0);
	rig_settle(rig);
	return is_broken(rig);
}

/* --- Requests of a disk: IOERR, and the next one works ---------------------------------------- */

static int request_of(const struct disk_options *o, const struct disk_cut *cut)
{
	struct disk *d = disk_run(o);
	int status;

	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	disk_header(d, VMMIO_BLK_T_IN, 3);
	f_alloc_enter("vmmio_device_write"); /* to QueueNotify */
	status = disk_send(d, cut, NULL);
	f_alloc_leave();
	ck_assert(status == VMMIO_BLK_S_OK || status == VMMIO_BLK_S_IOERR);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	disk_free(d);
	return status == VMMIO_BLK_S_OK ? 0 : -ENOMEM;
}

/* Its iovecs have to be copied, and are many. */
static int request_in_pieces(void)
{
	const struct disk_options o = {.variant = 1, .memfd = true};
	struct disk_cut cut = {.out = {16}};

	for (unsigned i = 0; i < 16; i++)
		cut.in[i] = 256;
	cut.in[15]++; /* the status: the last one is cut */
	return request_of(&o, &cut);
}

static int request_by_bounce(void)
{
	const struct disk_options o = {.variant = 1, .memfd = true, .blk = {.bounce = true}};
	const struct disk_cut cut = {.out = {16}, .in = {4096, 1}};

	return request_of(&o, &cut);
}

f_maker *const f_makers_devices[] = {null_once, old_backend_once, rng_once, rng_file_once,
	console_once, blk_once, blk_bounce_once, ring_in_the_write, ring_in_a_pending_write,
	ring_on_the_executor, ring_at_the_resume, request_in_pieces, request_by_bounce, NULL};
