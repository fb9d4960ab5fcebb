/* SPDX-License-Identifier: BSD-3-Clause */
/* What one access of a driver at work changes in what the monitor believes: interrupts and
 * the configuration space. */
#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

/* --- Interrupts -------------------- */

void monitor_take_interrupts(struct vmmio_monitor *m, const struct scene *s)
{
	if (reads(s, VMMIO_REG_INTERRUPT_STATUS)) {
		m->backed = VMMIO_INT_ALL;
		m->read_since_line = true;
		m->shown |= s->low & VMMIO_INT_ALL;
		for (unsigned i = 0; i < 2; i++)
			m->reads_of[i] = s->low >> i & 1 ? m->reads_of[i] + 1 : 0;
		m->undefined = s->low & ~VMMIO_INT_ALL;
		m->undefined_shown = m->undefined != 0;
		m->odd_tick = m->tick;
		if (s->low & VMMIO_INT_USED_BUFFER)
			monitor_interrupted(m);
	} else if (writes(s, VMMIO_REG_INTERRUPT_ACK)) {
		if (m->shown & s->low & VMMIO_INT_CONFIG_CHANGE) {
			m->capacity_due = true;
			m->capacity_tick = m->tick;
		}
		m->backed &= ~s->low;
		m->shown &= ~s->low;
		for (unsigned i = 0; i < 2; i++)
			m->reads_of[i] = s->low >> i & 1 ? 0 : m->reads_of[i];
		m->undefined_shown = false;
	}
}

/* --- Configuration space -------------------- */

static void take_config_read(struct vmmio_monitor *m, const struct scene *s)
{
	uint64_t offset = s->offset - VMMIO_REG_CONFIG;
	const struct field *field = known_field(m->device_id, (uint32_t)offset);
	struct config_group *group = &m->group;

	if (offset < 8)
		m->capacity_due = false;
	for (uint64_t i = 0; i < s->size && i < 8 && offset + i < CONFIG_BYTES; i++) {
		m->config[offset + i] = (uint8_t)(s->value >> (8 * i));
		m->config_known[offset + i] = 1;
	}
	if (!field)
		return;
	group->several |= field->width == 8 || (group->open && group->field != field->offset);
	group->field = field->offset;
	group->open = true;
	group->again = false;
}

static void take_generation(struct vmmio_monitor *m, uint32_t value)
{
	struct config_group *group = &m->group;
	bool again = group->open ? group->guarded && group->before != value : group->again;

	*group = (struct config_group){.guarded = true, .before = value, .again = again};
}

bool config_done(const struct scene *s)
{
	return s->on == ON_WRITE && (s->reg == VMMIO_REG_STATUS || s->reg == VMMIO_REG_QUEUE_SEL ||
					    s->reg == VMMIO_REG_DRIVER_FEATURES ||
					    s->reg == VMMIO_REG_DEVICE_FEATURES_SEL);
}

void monitor_take_config(struct vmmio_monitor *m, const struct scene *s)
{
	if (s->on == ON_READ && s->reg == REG_CONFIG)
		take_config_read(m, s);
	else if (reads(s, VMMIO_REG_CONFIG_GENERATION))
		take_generation(m, s->low);
	else if (config_done(s))
		m->group = (struct config_group){0};
}
