/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's driver, as the harness wants it: its life. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/good_internal.h"
#include "tools/tool.h"

enum { QUEUE_SIZE = 16 };

#define LOOK_NS UINT64_C(1000000)
#define RESET_PATIENCE UINT64_C(30000000000)

/* All that the driver, and what is below, know how to use of any device. */
#define WANTED                                                                                     \
	(VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) | VMMIO_FEATURE(VMMIO_F_EVENT_IDX) |                 \
		VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) | VMMIO_FEATURE(VMMIO_F_RING_PACKED) |      \
		VMMIO_FEATURE(VMMIO_F_IN_ORDER) | VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM) |          \
		VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA) | VMMIO_FEATURE(VMMIO_F_RING_RESET) |     \
		VMMIO_FEATURE(VMMIO_F_SUSPEND))

/* --- The bus -------------------------------------------------------------------------------- */

static uint64_t read_register(void *ctx, uint64_t offset, unsigned size)
{
	const struct vmmio_bus *bus = ((struct good *)ctx)->bus;

	return bus->read(bus->ctx, offset, size);
}

static void write_register(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	const struct vmmio_bus *bus = ((struct good *)ctx)->bus;

	bus->write(bus->ctx, offset, size, value);
}

void good_relax(struct good *good)
{
	good->bus->pass(good->bus->ctx, LOOK_NS);
}

uint64_t good_now(const struct good *good)
{
	return good->bus->now(good->bus->ctx);
}

static void relax(void *ctx)
{
	good_relax(ctx);
}

static uint64_t now(void *ctx)
{
	return good_now(ctx);
}

static const struct vmmio_driver_ops driver_ops = {.size = sizeof(driver_ops),
	.read = read_register,
	.write = write_register,
	.relax = relax,
	.now = now};

/* --- Begin, end ----------------------------------------------------------------------------- */

static void good_end(void *ctx)
{
	struct good *good = ctx;

	vmmio_driver_blk_destroy(good->blk);
	vmmio_driver_destroy(good->driver);
	memset(good, 0, sizeof(*good));
}

/* A disk has as many queues as it says, everything else one. */
static int count_queues(struct good *good)
{
	uint64_t n = 1;
	int err = 0;

	if (vmmio_driver_device_id(good->driver) == VMMIO_ID_BLOCK &&
		vmmio_driver_has(good->driver, VMMIO_BLK_F_MQ))
		err = vmmio_driver_config_read(good->driver, VMMIO_BLK_CFG_NUM_QUEUES, 2, &n);
	good->n_queues = n < GOOD_QUEUES ? (unsigned)n : GOOD_QUEUES;
	return err;
}

/* As large as we want, or as the device allows. */
static int set_up_queue(struct good *good, uint32_t index)
{
	struct vmmio_driver_queue_config config = {0, 0};
	struct vmmio_driver_queue *queue;

	vmmio_driver_reg_write(good->driver, VMMIO_REG_QUEUE_SEL, index);
	if (vmmio_driver_reg_read(good->driver, VMMIO_REG_QUEUE_SIZE_MAX) > QUEUE_SIZE)
		config.size = QUEUE_SIZE;
	if (vmmio_driver_has(good->driver, VMMIO_F_INDIRECT_DESC))
		config.indirect = VMMIO_DRIVER_START_INDIRECT;
	return vmmio_driver_queue_setup(good->driver, index, &config, &queue);
}

static int set_up_queues(struct good *good)
{
	int err = count_queues(good);

	for (uint32_t i = 0; !err && i < good->n_queues; i++)
		err = set_up_queue(good, i);
	return err;
}

static bool is_disk(const struct good *good)
{
	return vmmio_driver_device_id(good->driver) == VMMIO_ID_BLOCK;
}

static int negotiate(struct good *good)
{
	return vmmio_driver_negotiate(
		good->driver, WANTED | (is_disk(good) ? VMMIO_DRIVER_BLK_FEATURES : 0), 0);
}

static int go_live(struct good *good)
{
	const struct vmmio_driver_blk_config config = {.depth = 4};
	int err = set_up_queues(good);

	for (unsigned i = 0; !err && i < good->n_queues; i++)
		err = vmmio_driver_alloc(good->driver, GOOD_BUFFER, 64, &good->buffer[i]);
	if (!err && is_disk(good))
		err = vmmio_driver_blk_create(good->driver, &config, &good->blk);
	return err ? err : vmmio_driver_ok(good->driver);
}

static int good_begin(void *ctx, const struct vmmio_bus *bus)
{
	struct good *good = ctx;
	const struct vmmio_driver_config config = {.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = good,
		.memory = {bus->memory, bus->memory_guest, bus->memory_size}};
	int err;

	good_end(good);
	good->bus = bus;
	err = vmmio_driver_create(&config, &good->driver);
	if (!err)
		err = vmmio_driver_probe(good->driver);
	if (!err)
		err = vmmio_driver_reset(good->driver, RESET_PATIENCE);
	if (!err)
		err = negotiate(good);
	if (err)
		return err;
	err = go_live(good);
	if (err)
		vmmio_driver_fail(good->driver);
	return err;
}

static int good_stop(void *ctx)
{
	struct good *good = ctx;

	return vmmio_driver_reset(good->driver, RESET_PATIENCE);
}

/* --- Queues, suspension --------------------------------------------------------------------- */

static int again(struct good *good, int err)
{
	return err ? err : set_up_queue(good, 0);
}

static int good_reset_queue(void *ctx)
{
	struct good *good = ctx;

	return again(good,
		vmmio_driver_queue_reset(vmmio_driver_queue(good->driver, 0), GOOD_IO_PATIENCE));
}

static int good_disable_queue(void *ctx)
{
	struct good *good = ctx;

	return again(good,
		vmmio_driver_queue_disable(vmmio_driver_queue(good->driver, 0), GOOD_IO_PATIENCE));
}

static int wait_for_status(struct good *good, uint32_t mask, uint32_t value)
{
	const uint64_t until = good_now(good) + GOOD_IO_PATIENCE;

	while ((vmmio_driver_status(good->driver) & mask) != value) {
		if (good_now(good) > until)
			return -ETIMEDOUT;
		good_relax(good);
	}
	return 0;
}

static int good_suspend(void *ctx)
{
	struct good *good = ctx;
	const uint32_t mask = VMMIO_STATUS_SUSPEND | VMMIO_STATUS_DRIVER_OK;
	const uint32_t status = vmmio_driver_status(good->driver);
	int err;

	if (!vmmio_driver_has(good->driver, VMMIO_F_SUSPEND))
		return -ENOTSUP;
	vmmio_driver_reg_write(good->driver, VMMIO_REG_STATUS, status | VMMIO_STATUS_SUSPEND);
	err = wait_for_status(good, mask, VMMIO_STATUS_SUSPEND);
	if (err)
		return err;
	vmmio_driver_reg_write(good->driver, VMMIO_REG_STATUS, status | VMMIO_STATUS_SUSPEND);
	return wait_for_status(good, mask, VMMIO_STATUS_DRIVER_OK);
}

static int good_capacity(void *ctx, uint64_t *sectors)
{
	const struct good *good = ctx;

	if (!good->blk)
		return -ENOTSUP;
	*sectors = vmmio_driver_blk_info(good->blk).capacity;
	return 0;
}

/* --- Open, close ---------------------------------------------------------------------------- */

static void good_close(void *ctx)
{
	good_end(ctx);
	free(ctx);
}

static const struct vmmio_subject_ops good_ops = {.size = sizeof(good_ops),
	.begin = good_begin,
	.use = good_use,
	.stop = good_stop,
	.interrupt = good_interrupt,
	.reset_queue = good_reset_queue,
	.disable_queue = good_disable_queue,
	.suspend = good_suspend,
	.capacity = good_capacity,
	.end = good_end,
	.close = good_close};

int good_open(const char *args, struct vmmio_subject *out, struct vmmio_target_error *error)
{
	/* The last one is nobody's. */
	static const uint32_t types[] = {VMMIO_ID_BLOCK, VMMIO_ID_ENTROPY, 42};
	static const char *const names[] = {"good:disk", "good:entropy", "good:other"};
	const int type = *args ? tool_choice("disk|entropy|other", args) : 0;

	if (type < 0) {
		snprintf(error->text, sizeof(error->text),
			"good: there is no '%.80s': use good:disk, good:entropy or good:other",
			args);
		return -EINVAL;
	}
	out->ctx = calloc(1, sizeof(struct good));
	if (!out->ctx)
		return -ENOMEM;
	out->ops = &good_ops;
	out->name = names[type];
	out->device_id = types[type];
	return 0;
}
