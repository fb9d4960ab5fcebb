/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration space of the device type. */
#include <string.h>
#include "conform/model/internal.h"

static bool has_width(unsigned width)
{
	return width == 1 || width == 2 || width == 4 || width == 8;
}

/* Bytes beyond the type's own read 0. */
uint64_t model_config_read(struct model *m, uint64_t offset, unsigned width)
{
	uint64_t value = 0;

	if (!has_width(width))
		return 0;
	for (unsigned i = 0; i < width; i++)
		if (offset < m->type->config_size && offset + i < m->type->config_size)
			value |= (uint64_t)m->config[offset + i] << 8 * i;
	return value;
}

void model_config_write(struct model *m, uint64_t offset, unsigned width, uint64_t value)
{
	if (m->resetting || model_suspended(m) || !has_width(width))
		return;
	if (offset >= m->type->config_size || !m->type->config_write)
		return;
	m->type->config_write(m, (uint32_t)offset, width, (uint32_t)value);
}

void model_config_changed(struct model *m)
{
	m->generation++;
}

static void notify_change(struct model *m)
{
	if (m->status & VMMIO_STATUS_DRIVER_OK && !m->resetting)
		m->interrupt |= VMMIO_INT_CONFIG_CHANGE;
}

void model_config_change(struct model *m)
{
	if (model_suspended(m) && !m->resetting) {
		m->change_held = true;
		return;
	}
	m->change_held = false;
	m->type->change(m);
	model_config_changed(m);
	notify_change(m);
}
