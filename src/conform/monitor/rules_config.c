/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: the configuration space. */
#include <inttypes.h>

#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

#define CONSOLE_EMERG_WR 8u

/* The driver gives up the device, and with it what it has read. */
static bool gives_up(const struct scene *s)
{
	return writes(s, VMMIO_REG_STATUS) && (s->low == 0 || s->low & VMMIO_STATUS_FAILED);
}

static void consistent_reads(struct vmmio_monitor *m, const struct scene *s)
{
	const struct config_group *group = &m->group;

	if (group->again && s->reg == REG_CONFIG && s->on == ON_READ)
		kept(m);
	else if (group->again && config_done(s) && !gives_up(s))
		expect(m, false,
			"expected the configuration to be read again after ConfigGeneration had "
			"changed while it was read, saw the driver go on");
	if (!group->open || !group->several)
		return;
	if (reads(s, VMMIO_REG_CONFIG_GENERATION)) {
		if (!group->guarded || group->before == s->low)
			expect(m, group->guarded,
				"expected ConfigGeneration to be read before more than 32 bits of "
				"configuration, saw it read only afterwards");
	} else if (config_done(s)) {
		expect(m, false,
			"expected ConfigGeneration to be read before and after more than 32 bits "
			"of configuration, saw it not read afterwards");
	}
}

static bool field_offered(const struct vmmio_monitor *m, const struct field *field, bool *read)
{
	bool any = false;

	*read = false;
	for (unsigned i = 0; i < 2; i++) {
		if (field->features[i] == NO_FEATURE)
			continue;
		*read |= offer_known(m, (unsigned)field->features[i]);
		any |= is_offered(m, (unsigned)field->features[i]);
	}
	return any;
}

static void optional_fields(struct vmmio_monitor *m, const struct scene *s)
{
	uint64_t at = s->offset - VMMIO_REG_CONFIG;
	const struct field *field;
	bool read;

	if (s->reg != REG_CONFIG || at >= CONFIG_BYTES)
		return;
	field = known_field(m->device_id, (uint32_t)at);
	if (!field || field->features[0] == NO_FEATURE)
		return;
	if (field_offered(m, field, &read))
		kept(m);
	else if (read)
		expect(m, false,
			"expected feature %d to be offered before %s is accessed, saw it is not",
			field->features[0], field->name);
	else if (!m->late)
		expect(m, false,
			"expected DeviceFeatures to be read for feature %d before %s is accessed, "
			"saw it was not",
			field->features[0], field->name);
}

static void not_before_features_ok(struct vmmio_monitor *m, const struct scene *s)
{
	bool emergency = m->device_id == VMMIO_ID_CONSOLE &&
			 s->offset == VMMIO_REG_CONFIG + CONSOLE_EMERG_WR;

	if (!m->steps_known || m->steps & STEP_FEATURES_OK || m->resetting)
		return;
	if (sets_features_ok(m, s))
		kept(m);
	else if (s->reg == REG_CONFIG && !emergency)
		expect(m, false,
			"expected no write to the configuration space before FEATURES_OK, saw "
			"0x%" PRIx64 " written at its offset %" PRIu64,
			s->value, s->offset - VMMIO_REG_CONFIG);
}

static const struct rule rules[] = {
	{"GEN-DRV-15", ON_ACCESS, RULE_SHOULD | RULE_TYPE, consistent_reads, NULL},
	{"GEN-DRV-16", ON_ACCESS, RULE_TYPE, optional_fields, NULL},
	{"GEN-DRV-24", ON_WRITE, 0, not_before_features_ok, NULL},
};

const struct rule_group monitor_config_rules = RULE_GROUP(rules);
