/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver object: life, register access, patience, and the bring-up in one call. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "driver/internal.h"

#define DEFAULT_LOOKS UINT64_C(1000000)
#define DEFAULT_NS UINT64_C(10000000000)
#define MEMORY_ALIGN 4096u

/* The options a caller built against an older header knew, the rest zero. */
static bool copy_sized(void *to, size_t to_size, const void *from, size_t size, size_t least)
{
	if (size < least)
		return false;
	memset(to, 0, to_size);
	memcpy(to, from, size < to_size ? size : to_size);
	return true;
}

static bool memory_valid(const struct vmmio_driver_memory *m)
{
	uintptr_t host = (uintptr_t)m->host;

	if (!m->host || m->size == 0 || m->guest + (m->size - 1) < m->guest)
		return false;
	return (host - m->guest) % MEMORY_ALIGN == 0;
}

int vmmio_driver_create(const struct vmmio_driver_config *config, struct vmmio_driver **out)
{
	struct vmmio_driver_config c;
	struct vmmio_driver_ops ops;
	struct vmmio_driver *driver;

	if (!config || !out || !copy_sized(&c, sizeof(c), config, config->size, sizeof(c)))
		return -EINVAL;
	if (!c.ops || !copy_sized(&ops, sizeof(ops), c.ops, c.ops->size, sizeof(ops)))
		return -EINVAL;
	if (!ops.read || !ops.write || !memory_valid(&c.memory))
		return -EINVAL;
	driver = calloc(1, sizeof(*driver));
	if (!driver)
		return -ENOMEM;
	driver->ops = ops;
	driver->ctx = c.ctx;
	driver->memory = c.memory;
	driver->patience = c.patience;
	if (driver->patience == 0)
		driver->patience = ops.now ? DEFAULT_NS : DEFAULT_LOOKS;
	*out = driver;
	return 0;
}

void vmmio_driver_destroy(struct vmmio_driver *driver)
{
	if (!driver)
		return;
	for (uint32_t i = 0; i < driver->n_queues; i++)
		vmmio_driver_queue_free(driver->queues[i]);
	free(driver->queues);
	vmmio_driver_free_all(driver);
	free(driver);
}

uint32_t vmmio_driver_reg_read(struct vmmio_driver *driver, uint32_t offset)
{
	return (uint32_t)driver->ops.read(driver->ctx, offset, 4);
}

void vmmio_driver_reg_write(struct vmmio_driver *driver, uint32_t offset, uint32_t value)
{
	driver->ops.write(driver->ctx, offset, 4, value);
}

struct wait vmmio_driver_wait_begin(const struct vmmio_driver *driver, uint64_t patience)
{
	struct wait wait = { patience, 0, 0 };

	if (driver->ops.now)
		wait.start = driver->ops.now(driver->ctx);
	return wait;
}

bool vmmio_driver_wait_more(const struct vmmio_driver *driver, struct wait *wait)
{
	if (wait->patience != VMMIO_DRIVER_FOREVER) {
		uint64_t spent = wait->looks;

		if (driver->ops.now)
			spent = driver->ops.now(driver->ctx) - wait->start;
		if (spent >= wait->patience)
			return false;
	}
	wait->looks++;
	if (driver->ops.relax)
		driver->ops.relax(driver->ctx);
	return true;
}

/* What fits: the caller's wish, the device's maximum, a power of two for split. */
static int start_queue(struct vmmio_driver *driver, uint32_t index, uint32_t wish)
{
	struct vmmio_driver_queue_config config = { 0, 0 };
	struct vmmio_driver_queue *queue;
	uint32_t max;

	vmmio_driver_reg_write(driver, VMMIO_REG_QUEUE_SEL, index);
	max = vmmio_driver_reg_read(driver, VMMIO_REG_QUEUE_SIZE_MAX);
	if (wish != 0 && wish < max) {
		config.size = wish;
		while (!vmmio_driver_has(driver, VMMIO_F_RING_PACKED) &&
			(config.size & (config.size - 1)) != 0)
			config.size &= config.size - 1;
	}
	if (vmmio_driver_has(driver, VMMIO_F_INDIRECT_DESC))
		config.indirect = VMMIO_DRIVER_START_INDIRECT;
	return vmmio_driver_queue_setup(driver, index, &config, &queue);
}

int vmmio_driver_start(
	struct vmmio_driver *driver, uint64_t wanted, unsigned n_queues, uint32_t queue_size)
{
	int ret = 0;

	if (driver->state == DRIVER_NEW)
		ret = vmmio_driver_probe(driver);
	if (ret == 0)
		ret = vmmio_driver_reset(driver, driver->patience);
	if (ret == 0)
		ret = vmmio_driver_negotiate(driver, wanted, 0);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < n_queues && ret == 0; i++)
		ret = start_queue(driver, i, queue_size);
	if (ret == 0)
		ret = vmmio_driver_ok(driver);
	if (ret)
		vmmio_driver_fail(driver);
	return ret;
}
