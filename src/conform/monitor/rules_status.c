/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: the steps of the initialisation, in their order, and Status that shows them. */
#include <inttypes.h>

#include "conform/monitor/state.h"

#define STEP_BITS                                                                                  \
	(VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK |               \
		VMMIO_STATUS_DRIVER_OK)

static bool enables(const struct scene *s)
{
	return writes(s, VMMIO_REG_QUEUE_READY) && s->low != 0;
}

static void bits_show_steps(struct vmmio_monitor *m, const struct scene *s)
{
	if (!m->steps_known || m->resetting)
		return;
	if (writes(s, VMMIO_REG_DRIVER_FEATURES))
		expect(m, (m->steps & STEP_ACKNOWLEDGE) && (m->steps & STEP_DRIVER),
			"expected ACKNOWLEDGE and DRIVER in Status before features are accepted, "
			"saw Status 0x%" PRIx32,
			m->status);
	else if (enables(s))
		expect(m, m->steps & STEP_FEATURES_OK,
			"expected FEATURES_OK in Status before a queue is enabled, saw Status "
			"0x%" PRIx32,
			m->status);
}

static void keeps_bits(struct vmmio_monitor *m, const struct scene *s)
{
	uint32_t gone = m->status & ~s->low & 0xff;

	if (!writes(s, VMMIO_REG_STATUS) || s->low == 0 || !m->status_known || m->resetting)
		return;
	expect(m, !gone,
		"expected no bit of Status to be cleared but by a reset, saw 0x%" PRIx32
		" written over 0x%" PRIx32,
		s->low, m->status);
}

static void resets_after_failed(struct vmmio_monitor *m, const struct scene *s)
{
	if (!(m->steps & STEP_FAILED))
		return;
	if (writes(s, VMMIO_REG_STATUS) && s->low == 0)
		kept(m);
	else if (writes(s, VMMIO_REG_DRIVER_FEATURES) || enables(s) ||
		 (new_status(m, s) & STEP_BITS))
		expect(m, false,
			"expected a reset after FAILED before the device is initialised again, saw "
			"a write of 0x%" PRIx32 " to offset 0x%03" PRIx32,
			s->low, s->reg);
}

/* --- The sequence ---------------------------------------------------------------------------- */

static const char *step_name(uint32_t bit)
{
	switch (bit) {
	case VMMIO_STATUS_ACKNOWLEDGE:
		return "ACKNOWLEDGE";
	case VMMIO_STATUS_DRIVER:
		return "DRIVER";
	case VMMIO_STATUS_FEATURES_OK:
		return "FEATURES_OK";
	default:
		return "DRIVER_OK";
	}
}

/* What has to be done before this bit is set, and was not; NULL: nothing. */
static const char *missing_before(const struct vmmio_monitor *m, uint32_t bit)
{
	unsigned steps = m->steps;

	switch (bit) {
	case VMMIO_STATUS_ACKNOWLEDGE:
		return steps & STEP_RESET ? NULL : "a reset of the device";
	case VMMIO_STATUS_DRIVER:
		return steps & STEP_ACKNOWLEDGE ? NULL : "ACKNOWLEDGE";
	case VMMIO_STATUS_FEATURES_OK:
		if (!(steps & STEP_DRIVER))
			return "DRIVER";
		if (!(steps & STEP_FEATURES_READ))
			return "a read of DeviceFeatures after DRIVER";
		return steps & STEP_FEATURES_WRITTEN ? NULL : "a write to DriverFeatures";
	default:
		if (!(steps & STEP_FEATURES_OK))
			return "FEATURES_OK";
		return steps & STEP_REREAD ? NULL : "a read of Status after FEATURES_OK";
	}
}

static uint32_t lowest_step(uint32_t bits)
{
	static const uint32_t order[] = {VMMIO_STATUS_ACKNOWLEDGE, VMMIO_STATUS_DRIVER,
		VMMIO_STATUS_FEATURES_OK, VMMIO_STATUS_DRIVER_OK};

	for (unsigned i = 0; i < 4; i++)
		if (bits & order[i])
			return order[i];
	return 0;
}

/* ACKNOWLEDGE and DRIVER by one write: nothing is done between the two, so none is left out and
 * none comes too early. Real firmware does it. */
static void sets_steps(struct vmmio_monitor *m, uint32_t new, uint32_t written)
{
	uint32_t first = lowest_step(new);
	const char *missing = missing_before(m, first);

	if (new == (VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER))
		new = first;
	if (!missing && new == first) {
		if (first == VMMIO_STATUS_DRIVER_OK && m->steps_good)
			kept(m);
		return;
	}
	m->steps_good = false;
	if (missing)
		expect(m, false, "expected %s before %s is set, saw none", missing,
			step_name(first));
	if (new != first)
		expect(m, false,
			"expected one step of the initialisation after the other, saw several of "
			"their bits set by one write of 0x%" PRIx32 " to Status",
			written);
}

static void enables_queue(struct vmmio_monitor *m)
{
	const char *wrong = NULL;

	if (!(m->steps & STEP_FEATURES_OK))
		wrong = "before FEATURES_OK was set";
	else if (!(m->steps & STEP_REREAD))
		wrong = "before FEATURES_OK was read back";
	else if ((m->steps & STEP_DRIVER_OK) && !(m->steps & STEP_QUEUE))
		wrong = "after DRIVER_OK was set";
	if (!wrong)
		return;
	m->steps_good = false;
	expect(m, false,
		"expected the steps of the initialisation in order, saw the first queue enabled %s",
		wrong);
}

static void sequence(struct vmmio_monitor *m, const struct scene *s)
{
	uint32_t new = new_status(m, s) & STEP_BITS;

	if (!m->steps_known || m->resetting)
		return;
	if (new && !(m->steps & STEP_DRIVER_OK)) {
		sets_steps(m, new, s->low);
	} else if (enables(s)) {
		enables_queue(m);
	} else if (writes(s, VMMIO_REG_DRIVER_FEATURES) && !(m->steps & STEP_DRIVER)) {
		m->steps_good = false;
		expect(m, false,
			"expected features to be accepted after DRIVER is set, saw a write to "
			"DriverFeatures before");
	}
}

/* --- Features refused -------------------- */

static bool goes_on(const struct vmmio_monitor *m, const struct scene *s)
{
	return enables(s) || sets(m, s, VMMIO_STATUS_DRIVER_OK) || sets_features_ok(m, s);
}

static void failed_when_refused(struct vmmio_monitor *m, const struct scene *s)
{
	bool resets = writes(s, VMMIO_REG_STATUS) && s->low == 0;

	if (!m->refused || m->resetting)
		return;
	if (sets(m, s, VMMIO_STATUS_FAILED))
		kept(m);
	else if ((resets || goes_on(m, s)) && !(m->steps & STEP_FAILED))
		expect(m, false,
			"expected FAILED to be set after the device has refused FEATURES_OK, saw "
			"%s",
			resets ? "a reset" : "the initialisation go on");
}

static void stops_when_refused(struct vmmio_monitor *m, const struct scene *s)
{
	if (!m->refused || m->resetting)
		return;
	if (goes_on(m, s))
		expect(m, false,
			"expected the initialisation to end after the device has refused "
			"FEATURES_OK, saw a write of 0x%" PRIx32 " to offset 0x%03" PRIx32,
			s->low, s->reg);
	else if (writes(s, VMMIO_REG_STATUS))
		kept(m);
}

static void no_early_notification(struct vmmio_monitor *m, const struct scene *s)
{
	if (!writes(s, VMMIO_REG_QUEUE_NOTIFY) || !m->steps_known || m->resetting)
		return;
	expect(m, m->steps & STEP_DRIVER_OK,
		"expected no notification before DRIVER_OK, saw 0x%" PRIx32
		" written to QueueNotify",
		s->low);
}

static const struct rule rules[] = {
	/* Setting a bit of Status is a step of the sequence. */
	{"GEN-DRV-01", ON_WRITE, 0, bits_show_steps, "GEN-DRV-22 MMIO-DRV-30"},
	{"GEN-DRV-02", ON_WRITE, 0, keeps_bits, NULL},
	{"GEN-DRV-03", ON_WRITE, 0, resets_after_failed, NULL},
	{"GEN-DRV-22", ON_WRITE, 0, sequence, "MMIO-DRV-30"},
	/* It says: as GEN-DRV-22 has it. */
	{"MMIO-DRV-30", ON_WRITE, 0, sequence, "GEN-DRV-22"},
	{"GEN-DRV-26", ON_WRITE, RULE_SHOULD, failed_when_refused, NULL},
	/* Going on is not giving up. */
	{"GEN-DRV-27", ON_WRITE, 0, stops_when_refused, "GEN-DRV-26"},
	{"GEN-DRV-28", ON_WRITE, 0, no_early_notification, NULL},
};

const struct rule_group monitor_status_rules = RULE_GROUP(rules);
