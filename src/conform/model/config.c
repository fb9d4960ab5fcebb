/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration space of the device type. */
#include <errno.h>
#include <string.h>
#include "conform/model/internal.h"

static bool has_width(unsigned width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

static uint8_t shown_byte(const struct model *m, uint64_t offset)
{
	if (faulty(m, FAULT_CONFIG_HIDDEN) && offset >= VMMIO_BLK_CFG_SIZE_MAX &&
		!(m->status & VMMIO_STATUS_FEATURES_OK))
		return 0;
	return m->config[offset];
}

/* Bytes beyond the type's own read 0. */
uint64_t model_config_read(struct model *m, uint64_t offset, unsigned width)
{
	uint64_t value = 0;

	if (!has_width(width))
		return 0;
	if (faulty(m, FAULT_CONFIG_HALFWORDS) && width == 2)
		width = 1;
	for (unsigned i = 0; i < width; i++)
		if (offset < m->type->config_size && offset + i < m->type->config_size)
			value |= (uint64_t)shown_byte(m, offset + i) << 8 * i;
	return value;
}

void model_config_write(struct model *m, uint64_t offset, unsigned width, uint64_t value)
{
	if (m->resetting || m->suspended || !has_width(width))
		return;
	if (offset >= m->type->config_size || !m->type->config_write)
		return;
	m->type->config_write(m, (uint32_t)offset, width, (uint32_t)value);
}

void model_config_changed(struct model *m)
{
	if (!faulty(m, FAULT_GENERATION_STUCK))
		m->generation++;
}

/* Nobody listens before DRIVER_OK, or after the zero write. */
static void notify_change(struct model *m, uint32_t bit)
{
	bool listens = m->status & VMMIO_STATUS_DRIVER_OK && !m->resetting;

	if (faulty(m, FAULT_RESET_CHANGE_NOTIFIES) && !m->status)
		listens = true;
	if (!listens || faulty(m, FAULT_CHANGE_SILENT))
		return;
	if (faulty(m, FAULT_INT_CHANGE_IS_BOTH))
		bit |= VMMIO_INT_USED_BUFFER;
	model_event(m, bit);
}

static void apply_change(struct model *m)
{
	m->type->change(m);
	model_config_changed(m);
}

/* The driver may rely on a suspended device to stay as it is. */
static void hold_change(struct model *m)
{
	if (faulty(m, FAULT_SUSPEND_CHANGES))
		apply_change(m);
	if (faulty(m, FAULT_SUSPEND_CHANGE_NOTIFIES))
		model_event(m, VMMIO_INT_CONFIG_CHANGE);
	m->change_held = true;
}

void model_config_change(struct model *m)
{
	if (m->suspended && !m->resetting) {
		hold_change(m);
		return;
	}
	apply_change(m);
	notify_change(m, faulty(m, FAULT_INT_CHANGE_IS_USED) ? VMMIO_INT_USED_BUFFER
							     : VMMIO_INT_CONFIG_CHANGE);
}

int model_set_config(struct model *m, uint32_t offset, const void *data, size_t size)
{
	if (offset > m->type->config_size || size > m->type->config_size - offset)
		return -EINVAL;
	memcpy(m->config + offset, data, size);
	model_config_changed(m);
	notify_change(m, VMMIO_INT_CONFIG_CHANGE);
	return 0;
}

void model_config_release(struct model *m)
{
	if (!m->change_held)
		return;
	m->change_held = false;
	if (!faulty(m, FAULT_SUSPEND_CHANGES))
		apply_change(m);
	if (!faulty(m, FAULT_RESUME_SILENT))
		notify_change(m, VMMIO_INT_CONFIG_CHANGE);
}
