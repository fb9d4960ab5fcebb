/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: how a driver finds out what the device is, and which ones it leaves alone. */
#include <inttypes.h>

#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

#define MAGIC_AND_VERSION (SEEN_MAGIC | SEEN_VERSION)

static const char *did(const struct scene *s)
{
	return s->on == ON_WRITE ? "a write to" : "a read of";
}

/* Looking at what the device is harms nothing: more than that is use. */
static bool uses(const struct scene *s)
{
	return s->on == ON_WRITE || s->offset > VMMIO_REG_VENDOR_ID;
}

static void wrong_version(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->ident == IDENT_BAD_VERSION && uses(s))
		expect(m, false,
			"expected a device of Version 0x%" PRIx32
			" to be left alone, saw %s offset 0x%03" PRIx64 " (%s)",
			m->version, did(s), s->offset, known_of(s->offset));
	else if (reads(s, VMMIO_REG_VERSION) && s->low != 2 && s->low != 3)
		kept(m);
}

static void wrong_magic(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->ident == IDENT_BAD_MAGIC && uses(s))
		expect(m, false,
			"expected a device without the right MagicValue to be left alone, saw %s "
			"offset 0x%03" PRIx64 " (%s)",
			did(s), s->offset, known_of(s->offset));
	else if (reads(s, VMMIO_REG_MAGIC) && s->low != VMMIO_MAGIC)
		kept(m);
}

/* MagicValue: the next one to look at the device begins. */
static void no_device(struct vmmio_monitor *m, const struct scene *s)
{
	bool again = reads(s, VMMIO_REG_MAGIC) || reads(s, VMMIO_REG_DEVICE_ID);

	if (m->ident == IDENT_NO_DEVICE && !again)
		expect(m, false,
			"expected no access after DeviceID has read 0, saw %s offset 0x%03" PRIx64
			" (%s)",
			did(s), s->offset, known_of(s->offset));
	else if (reads(s, VMMIO_REG_DEVICE_ID) && s->low == 0 && m->ident <= IDENT_GOOD)
		kept(m);
}

static void no_device_no_start(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->ident == IDENT_NO_DEVICE && s->on == ON_WRITE)
		expect(m, false,
			"expected no initialisation after DeviceID has read 0, saw a write of "
			"0x%" PRIx64 " to offset 0x%03" PRIx64 " (%s)",
			s->value, s->offset, known_of(s->offset));
	else if (reads(s, VMMIO_REG_DEVICE_ID) && s->low == 0 && m->ident <= IDENT_GOOD)
		kept(m);
}

static unsigned sees(const struct scene *s)
{
	if (reads(s, VMMIO_REG_MAGIC))
		return SEEN_MAGIC;
	return reads(s, VMMIO_REG_VERSION) ? SEEN_VERSION : 0;
}

static void identity_first(struct vmmio_monitor *m, const struct scene *s)
{
	unsigned now = sees(s);

	if (m->seen == SEEN_ALL || (m->seen & MAGIC_AND_VERSION) == MAGIC_AND_VERSION)
		return;
	if (now && ((m->seen | now) & MAGIC_AND_VERSION) == MAGIC_AND_VERSION)
		kept(m);
	/* In a later round MagicValue alone may be no more than a look at it. */
	else if (!now && m->first_round)
		expect(m, false,
			"expected MagicValue and Version to be read before anything else, saw %s "
			"offset 0x%03" PRIx64 " (%s) %s",
			did(s), s->offset, known_of(s->offset),
			m->seen & SEEN_MAGIC ? "before Version" : "before MagicValue");
}

static void device_id_next(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->seen != MAGIC_AND_VERSION || sees(s))
		return;
	if (reads(s, VMMIO_REG_DEVICE_ID))
		kept(m);
	else if (m->first_round || !live(m))
		expect(m, false,
			"expected DeviceID to be read after MagicValue and Version, saw %s offset "
			"0x%03" PRIx64 " (%s)",
			did(s), s->offset, known_of(s->offset));
}

static const struct rule rules[] = {
	{"PATCH-DRV-01", ON_ACCESS, RULE_ALWAYS, wrong_version, NULL},
	{"MMIO-DRV-08", ON_ACCESS, RULE_ALWAYS, wrong_magic, NULL},
	/* Both forbid any further access. */
	{"MMIO-DRV-11", ON_ACCESS, RULE_ALWAYS, no_device, "MMIO-DRV-28"},
	{"MMIO-DRV-28", ON_ACCESS, RULE_ALWAYS, no_device, "MMIO-DRV-11"},
	/* Initialisation is made of accesses. */
	{"MMIO-DRV-27", ON_ACCESS, RULE_ALWAYS, no_device_no_start, "MMIO-DRV-11 MMIO-DRV-28"},
	{"MMIO-DRV-25", ON_ACCESS, 0, identity_first, NULL},
	{"MMIO-DRV-26", ON_ACCESS, 0, device_id_next, NULL},
};

const struct rule_group monitor_probe_rules = RULE_GROUP(rules);
