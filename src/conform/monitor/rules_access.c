/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: which locations a driver may access, in which direction and how wide. */
#include <inttypes.h>

#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

static const char *did(const struct scene *s)
{
	return s->on == ON_WRITE ? "write" : "read";
}

static uint64_t config_offset(const struct scene *s)
{
	return s->offset - VMMIO_REG_CONFIG;
}

static void described(struct vmmio_monitor *m, const struct scene *s)
{
	size_t size = known_layout_size(m->device_id);

	if (s->reg != REG_CONFIG) {
		expect(m, known_reg(s->offset) != NULL,
			"expected only registers that the specification describes to be accessed, "
			"saw a %s of offset 0x%03" PRIx64,
			did(s), s->offset);
		return;
	}
	if (!known_type(m->device_id))
		return;
	expect(m, config_offset(s) < size && s->size <= size - config_offset(s),
		"expected accesses within the %zu bytes of configuration that device type %" PRIu32
		" has, saw a %s of %" PRIu32 " bytes at its offset %" PRIu64,
		size, m->device_id, did(s), s->size, config_offset(s));
}

static void read_only(struct vmmio_monitor *m, const struct scene *s)
{
	const struct reg *reg = s->reg == REG_CONFIG ? NULL : known_reg(s->offset);

	if (reg)
		expect(m, reg->write, "expected no write to %s, which is read-only, saw 0x%" PRIx64,
			reg->name, s->value);
}

static void write_only(struct vmmio_monitor *m, const struct scene *s)
{
	const struct reg *reg = s->reg == REG_CONFIG ? NULL : known_reg(s->offset);

	if (reg)
		expect(m, reg->read, "expected no read of %s, which is write-only, saw one",
			reg->name);
}

static void control_width(struct vmmio_monitor *m, const struct scene *s)
{
	if (s->reg == REG_CONFIG)
		return;
	expect(m, s->reg != REG_NONE,
		"expected control registers to be accessed in aligned 4 bytes, saw a %s of %" PRIu32
		" byte%s at 0x%03" PRIx64,
		did(s), s->size, s->size == 1 ? "" : "s", s->offset);
}

/* The first field of this width that the access touches; NULL: none. */
static const struct field *touched(
	const struct vmmio_monitor *m, const struct scene *s, unsigned width)
{
	for (uint64_t i = 0; s->reg == REG_CONFIG && i < s->size && i < 8; i++) {
		uint64_t at = config_offset(s) + i;
		const struct field *field =
			at < CONFIG_BYTES ? known_field(m->device_id, (uint32_t)at) : NULL;

		if (field && (field->width == width || (width == 4 && field->width == 8)))
			return field;
	}
	return NULL;
}

static void config_width(struct vmmio_monitor *m, const struct scene *s, unsigned width)
{
	const struct field *field = touched(m, s, width);

	if (!field)
		return;
	expect(m, s->size == width && s->offset % width == 0,
		"expected the field %s to be accessed in aligned pieces of %u byte%s, saw a %s of "
		"%" PRIu32 " at configuration offset %" PRIu64,
		field->name, width, width == 1 ? "" : "s", did(s), s->size, config_offset(s));
}

static void config_8(struct vmmio_monitor *m, const struct scene *s)
{
	config_width(m, s, 1);
}

static void config_16(struct vmmio_monitor *m, const struct scene *s)
{
	config_width(m, s, 2);
}

static void config_32(struct vmmio_monitor *m, const struct scene *s)
{
	config_width(m, s, 4);
}

static void shared_memory(struct vmmio_monitor *m, const struct scene *s)
{
	if (!known_no_shared_memory(m->device_id))
		return;
	if (s->reg >= VMMIO_REG_SHM_SEL && s->reg <= VMMIO_REG_SHM_BASE_HIGH)
		expect(m, false,
			"expected no access to shared memory registers of a device type without "
			"any, saw a %s of %s",
			did(s), known_of(s->offset));
	else if (sets(m, s, VMMIO_STATUS_DRIVER_OK))
		kept(m);
}

static const struct rule rules[] = {
	{"MMIO-DRV-01", ON_ACCESS, 0, described, NULL},
	{"MMIO-DRV-02", ON_WRITE, 0, read_only, NULL},
	{"MMIO-DRV-03", ON_READ, 0, write_only, NULL},
	{"MMIO-DRV-04", ON_ACCESS, 0, control_width, NULL},
	{"MMIO-DRV-05", ON_ACCESS, RULE_TYPE, config_8, NULL},
	{"MMIO-DRV-06", ON_ACCESS, RULE_TYPE, config_16, NULL},
	{"MMIO-DRV-07", ON_ACCESS, RULE_TYPE, config_32, NULL},
	{"MMIO-DRV-29", ON_ACCESS, RULE_TYPE, shared_memory, NULL},
};

const struct rule_group monitor_access_rules = RULE_GROUP(rules);
