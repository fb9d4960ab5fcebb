/* SPDX-License-Identifier: BSD-3-Clause */
/* F-31: the driver, on a disk whose device is made before memory runs out. */
#include <string.h>

#include "hostile/f_alloc.h"
#include "integration/blk_rig.h"

static struct disk *disk;

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	(void)ctx;
	return vmmio_device_read(disk->dev, offset, size);
}

static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	ck_assert_int_eq(vmmio_device_write(disk->dev, offset, size, value), 0);
}

static void relax(void *ctx)
{
	(void)ctx;
	disk_relax(disk);
}

static const struct vmmio_driver_ops ops = {
	.size = sizeof(ops), .read = reg_read, .write = reg_write, .relax = relax};

/* The disk's own driver does not run beside it. */
static struct vmmio_driver_config config(void)
{
	return (struct vmmio_driver_config){.size = sizeof(struct vmmio_driver_config),
		.ops = &ops,
		.memory = {disk->out.host, disk->out.guest, disk->out.size}};
}

static int with_driver(int (*fn)(struct vmmio_driver *driver), bool bounce)
{
	const struct disk_options o = {.variant = 1, .manual = true, .blk = {.bounce = bounce}};
	struct vmmio_driver_config c;
	struct vmmio_driver *driver;
	int err;

	disk = disk_new(&o);
	c = config();
	err = ALLOC(vmmio_driver_create, &c, &driver);
	if (!err) {
		err = fn(driver);
		ck_assert_int_eq(vmmio_driver_probe(driver), 0);
		ck_assert_int_eq(vmmio_driver_reset(driver, VMMIO_DRIVER_FOREVER), 0);
		vmmio_driver_destroy(driver);
	}
	disk_free(disk);
	return err;
}

static int step_by_step(struct vmmio_driver *driver)
{
	struct vmmio_driver_queue_config q = {.size = 16, .indirect = 4};
	struct vmmio_driver_queue *queue;
	struct vmmio_driver_area area;
	int err = vmmio_driver_probe(driver);

	if (!err)
		err = vmmio_driver_reset(driver, VMMIO_DRIVER_FOREVER);
	if (!err)
		err = vmmio_driver_negotiate(
			driver, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC), 0);
	if (!err)
		err = ALLOC(vmmio_driver_queue_setup, driver, 0, &q, &queue);
	if (!err)
		err = ALLOC(vmmio_driver_alloc, driver, 64, 64, &area);
	return err;
}

static int all_at_once(struct vmmio_driver *driver)
{
	struct vmmio_driver_blk_config c = {.depth = 4};
	struct vmmio_driver_blk *blk;
	int err = ALLOC(vmmio_driver_start, driver, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC), 1, 16);

	if (err)
		return err;
	while (ALLOC(vmmio_executor_help, disk->ex)) /* the device's start */
		;
	if (reg_read(NULL, VMMIO_REG_STATUS, 4) & VMMIO_STATUS_NEEDS_RESET)
		return -ENOMEM; /* E19 */
	err = ALLOC(vmmio_driver_blk_create, driver, &c, &blk);
	if (!err) {
		ck_assert_int_eq(vmmio_driver_reset(driver, VMMIO_DRIVER_FOREVER), 0);
		vmmio_driver_blk_destroy(blk);
	}
	return err;
}

static int driver_steps(void)
{
	return with_driver(step_by_step, false);
}

static int driver_start(void)
{
	return with_driver(all_at_once, false);
}

/* The device's start makes buffers as well. */
static int driver_start_bounce(void)
{
	return with_driver(all_at_once, true);
}

f_maker *const f_makers_driver[] = {driver_steps, driver_start, driver_start_bounce, NULL};
