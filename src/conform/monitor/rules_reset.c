/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: when a driver may take a reset of the device for complete. */
#include <inttypes.h>

#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

/*
 * What only a driver does that believes the reset to be over. A notification is no such
 * thing: another vCPU that does not know of the reset may still send one. Nor is a selector,
 * or switching a queue off.
 */
static bool begins_anew(const struct scene *s)
{
	if (s->on != ON_WRITE)
		return false;
	switch (s->reg) {
	case VMMIO_REG_STATUS:
	case VMMIO_REG_QUEUE_READY:
		return s->low != 0;
	case VMMIO_REG_DRIVER_FEATURES:
	case VMMIO_REG_QUEUE_SIZE:
	case REG_CONFIG:
		return true;
	default:
		return s->reg >= VMMIO_REG_QUEUE_DESC_LOW && s->reg <= VMMIO_REG_QUEUE_DEVICE_HIGH;
	}
}

static void until_zero(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->version != 3 || !m->resetting)
		return;
	if (s->on == ON_ALTERED && s->altered)
		expect(m, false,
			"expected the buffers of queue %u to stay as they were until Status reads "
			"0, saw their descriptors change before",
			s->queue->index);
	else if (reads(s, VMMIO_REG_STATUS) && s->low == 0)
		kept(m);
	else if (begins_anew(s))
		expect(m, false,
			"expected Status to be read as 0 first after 0 was written to it, saw a "
			"write of 0x%" PRIx64 " to %s",
			s->value, known_of(s->offset));
}

static void read_back(struct vmmio_monitor *m, const struct scene *s)
{
	if (!m->zero_written || !writes(s, VMMIO_REG_STATUS) || s->low == 0)
		return;
	expect(m, m->zero_read,
		"expected a read of Status as 0 between the reset and the next initialisation, saw "
		"none before a write of 0x%" PRIx32,
		s->low);
}

static const struct rule rules[] = {
	/* One sentence, said three times. Who breaks it has not read zero back either. */
	{"PATCH-DRV-02", ON_ACCESS | ON_ALTERED, RULE_V3, until_zero,
		"PATCH-DRV-03 PATCH-DRV-04 GEN-DRV-13 GEN-DRV-29 GEN-DRV-30"},
	{"PATCH-DRV-03", ON_ACCESS | ON_ALTERED, RULE_V3, until_zero,
		"PATCH-DRV-02 PATCH-DRV-04 GEN-DRV-13"},
	{"PATCH-DRV-04", ON_ACCESS | ON_ALTERED, RULE_V3, until_zero,
		"PATCH-DRV-02 PATCH-DRV-03 GEN-DRV-13"},
	/* On version 3 it is a MUST. */
	{"GEN-DRV-13", ON_WRITE, RULE_SHOULD, read_back, "PATCH-DRV-02 PATCH-DRV-03 PATCH-DRV-04"},
};

const struct rule_group monitor_reset_rules = RULE_GROUP(rules);
