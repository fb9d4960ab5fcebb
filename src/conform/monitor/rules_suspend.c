/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: a device that is suspended, or on its way there and back. */
#include <inttypes.h>

#include "conform/monitor/state.h"

static void may_suspend(struct vmmio_monitor *m, const struct scene *s)
{
	if (!sets(m, s, VMMIO_STATUS_SUSPEND) || !m->negotiated_known)
		return;
	expect(m, live(m) && negotiated(m, VMMIO_F_SUSPEND),
		"expected SUSPEND to be set only with VIRTIO_F_SUSPEND and after DRIVER_OK, saw it "
		"set %s",
		live(m) ? "without the feature" : "before DRIVER_OK");
}

static void checks_suspended(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->suspend != SUSPENDING)
		return;
	if (reads(s, VMMIO_REG_STATUS) && (s->low & VMMIO_STATUS_SUSPEND) &&
		!(s->low & VMMIO_STATUS_DRIVER_OK))
		kept(m);
	else if (writes(s, VMMIO_REG_STATUS) && s->low && !m->suspend_read)
		expect(m, false,
			"expected a read of Status with SUSPEND and without DRIVER_OK after "
			"SUSPEND was set, saw none before a write of 0x%" PRIx32,
			s->low);
}

/* A suspension that ends: whatever was forbidden in it had its time. */
static bool ends_suspension(const struct scene *s)
{
	return writes(s, VMMIO_REG_STATUS);
}

static void no_buffers(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->suspend != SUSPENDING || m->resetting)
		return;
	if (s->on == ON_CHAIN)
		expect(m, false,
			"expected no buffer to be made available to a suspended device, saw one in "
			"queue %u",
			s->queue->index);
	else if (ends_suspension(s) && m->options.mem_read)
		kept(m);
}

static void no_notifications(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->suspend != SUSPENDING || m->resetting)
		return;
	if (writes(s, VMMIO_REG_QUEUE_NOTIFY))
		expect(m, false,
			"expected no notification of a suspended device, saw 0x%" PRIx32
			" written to QueueNotify",
			s->low);
	else if (ends_suspension(s))
		kept(m);
}

static void no_config_writes(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->suspend != SUSPENDING || m->resetting)
		return;
	if (s->on == ON_WRITE && s->reg == REG_CONFIG)
		expect(m, false,
			"expected no write to the configuration of a suspended device, saw "
			"0x%" PRIx64 " at its offset %" PRIu64,
			s->value, s->offset - VMMIO_REG_CONFIG);
	else if (ends_suspension(s))
		kept(m);
}

static void waits_for_resume(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->suspend != RESUMING || m->resetting)
		return;
	if (reads(s, VMMIO_REG_STATUS) && (s->low & VMMIO_STATUS_DRIVER_OK) &&
		!(s->low & VMMIO_STATUS_SUSPEND))
		kept(m);
	else if (writes(s, VMMIO_REG_QUEUE_NOTIFY) || (s->on == ON_WRITE && s->reg == REG_CONFIG))
		expect(m, false,
			"expected a read of Status with DRIVER_OK and without SUSPEND before the "
			"device is used again, saw a write to offset 0x%03" PRIx64 " before",
			s->offset);
}

static const struct rule rules[] = {
	{"GEN-DRV-31", ON_WRITE, RULE_SHOULD, may_suspend, NULL},
	{"GEN-DRV-32", ON_ACCESS, 0, checks_suspended, NULL},
	{"GEN-DRV-33", ON_WRITE | ON_CHAIN, RULE_MEMORY, no_buffers, NULL},
	{"GEN-DRV-34", ON_WRITE, 0, no_notifications, NULL},
	{"GEN-DRV-35", ON_WRITE, 0, no_config_writes, NULL},
	{"GEN-DRV-36", ON_ACCESS, 0, waits_for_resume, NULL},
};

const struct rule_group monitor_suspend_rules = RULE_GROUP(rules);
