/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: interrupts, their causes and their acknowledgement. */
#include <inttypes.h>

#include "conform/monitor/state.h"

/* Reads of InterruptStatus that show an event before it counts as never acknowledged. Several
 * vCPUs may read it once each. */
#define TOLD_OFTEN 8u

static void undefined_ignored(struct vmmio_monitor *m, const struct scene *s)
{
	if (!m->undefined_shown)
		return;
	if (gives_up_soon(m, s))
		expect(m, false,
			"expected the undefined bits 0x%" PRIx32
			" of InterruptStatus to be ignored, saw the driver give up",
			m->undefined);
	else if (writes(s, VMMIO_REG_INTERRUPT_ACK))
		expect(m, !(s->low & m->undefined),
			"expected the undefined bits 0x%" PRIx32
			" of InterruptStatus to be ignored, saw 0x%" PRIx32 " acknowledged",
			m->undefined, s->low);
	else if (writes(s, VMMIO_REG_QUEUE_NOTIFY))
		kept(m);
}

static void acknowledged(struct vmmio_monitor *m, const struct scene *s)
{
	if (writes(s, VMMIO_REG_INTERRUPT_ACK)) {
		if (s->low & m->shown)
			kept(m);
		return;
	}
	for (unsigned i = 0; i < 2 && reads(s, VMMIO_REG_INTERRUPT_STATUS); i++)
		if ((s->low >> i & 1) && (m->reads_of[i] + 1) % TOLD_OFTEN == 0)
			expect(m, false,
				"expected the event of bit %u in InterruptStatus to be "
				"acknowledged once it was handled, saw it read %u times without a "
				"write to InterruptACK",
				i, TOLD_OFTEN);
}

static void acknowledges_defined(struct vmmio_monitor *m, const struct scene *s)
{
	if (writes(s, VMMIO_REG_INTERRUPT_ACK))
		expect(m, !(s->low & ~VMMIO_INT_ALL),
			"expected only bits 0 and 1 in InterruptACK, saw 0x%" PRIx32, s->low);
}

/* With the line known it is an interrupt only if the line is high. */
static void looks_for_cause(struct vmmio_monitor *m, const struct scene *s)
{
	uint32_t bits = s->low & VMMIO_INT_ALL;

	if (!writes(s, VMMIO_REG_INTERRUPT_ACK) || !bits)
		return;
	if (m->line_known ? !m->line : !live(m))
		return;
	expect(m, m->line_known ? m->read_since_line : !(bits & ~m->backed),
		"expected InterruptStatus to be read after the interrupt, saw 0x%" PRIx32
		" acknowledged without",
		s->low);
}

static const struct rule rules[] = {
	/* Acknowledging them is how they are not ignored. */
	{"MMIO-DRV-19", ON_WRITE, 0, undefined_ignored, "MMIO-DRV-21"},
	/* The same, once of the register and once of the interrupt. */
	{"MMIO-DRV-20", ON_ACCESS, 0, acknowledged, "MMIO-DRV-33"},
	{"MMIO-DRV-33", ON_ACCESS, 0, acknowledged, "MMIO-DRV-20"},
	{"MMIO-DRV-21", ON_WRITE, 0, acknowledges_defined, NULL},
	{"MMIO-DRV-31", ON_WRITE, 0, looks_for_cause, NULL},
};

const struct rule_group monitor_interrupt_rules = RULE_GROUP(rules);
