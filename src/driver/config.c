/* SPDX-License-Identifier: BSD-3-Clause */
/* Configuration space and interrupts. */
#include <errno.h>
#include "driver/internal.h"

static bool field_valid(uint32_t offset, uint32_t size)
{
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return false;
	/* 64-bit fields are two words and need no more than a word's alignment. */
	return offset % (size < 4 ? size : 4) == 0 && offset <= UINT32_MAX - VMMIO_REG_CONFIG - 8;
}

static uint64_t field_read(struct vmmio_driver *driver, uint32_t offset, uint32_t size)
{
	uint64_t at = (uint64_t)VMMIO_REG_CONFIG + offset;
	uint64_t low;

	if (size != 8)
		return driver->ops.read(driver->ctx, at, size) & ((UINT64_C(1) << 8 * size) - 1);
	low = driver->ops.read(driver->ctx, at, 4) & UINT32_MAX;
	return low | (driver->ops.read(driver->ctx, at + 4, 4) & UINT32_MAX) << 32;
}

int vmmio_driver_config_snapshot(
	struct vmmio_driver *driver, struct vmmio_driver_field *fields, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!field_valid(fields[i].offset, fields[i].size))
			return -EINVAL;
	for (unsigned tries = 0; tries < VMMIO_DRIVER_CONFIG_TRIES; tries++) {
		uint32_t before = vmmio_driver_reg_read(driver, VMMIO_REG_CONFIG_GENERATION);

		for (unsigned i = 0; i < n; i++)
			fields[i].value = field_read(driver, fields[i].offset, fields[i].size);
		if (vmmio_driver_reg_read(driver, VMMIO_REG_CONFIG_GENERATION) == before)
			return 0;
		if (driver->ops.relax)
			driver->ops.relax(driver->ctx);
	}
	return -EAGAIN;
}

int vmmio_driver_config_read(
	struct vmmio_driver *driver, uint32_t offset, uint32_t size, uint64_t *value)
{
	struct vmmio_driver_field field = { offset, size, 0 };
	int ret = vmmio_driver_config_snapshot(driver, &field, 1);

	if (ret == 0)
		*value = field.value;
	return ret;
}

int vmmio_driver_config_write(
	struct vmmio_driver *driver, uint32_t offset, uint32_t size, uint64_t value)
{
	uint64_t at = (uint64_t)VMMIO_REG_CONFIG + offset;

	if (!field_valid(offset, size))
		return -EINVAL;
	if (driver->state != DRIVER_NEGOTIATED && driver->state != DRIVER_LIVE)
		return -EBUSY;
	if (size != 8) {
		driver->ops.write(driver->ctx, at, size, value);
		return 0;
	}
	driver->ops.write(driver->ctx, at, 4, value & UINT32_MAX);
	driver->ops.write(driver->ctx, at + 4, 4, value >> 32);
	return 0;
}

uint32_t vmmio_driver_interrupt_status(struct vmmio_driver *driver)
{
	return vmmio_driver_reg_read(driver, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_ALL;
}

void vmmio_driver_interrupt_ack(struct vmmio_driver *driver, uint32_t events)
{
	if (events & VMMIO_INT_ALL)
		vmmio_driver_reg_write(driver, VMMIO_REG_INTERRUPT_ACK, events & VMMIO_INT_ALL);
}
