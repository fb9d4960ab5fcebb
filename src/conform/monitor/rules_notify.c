/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: when a driver of split rings notifies the device, and what it makes of being notified. */
#include "conform/monitor/state.h"

static void due_by_flags(struct vmmio_monitor *m, const struct scene *s)
{
	if (!negotiated(m, VMMIO_F_EVENT_IDX))
		expect(m, !s->late,
			"expected a notification of queue %u, whose used ring has flags of 0, "
			"after buffers were added, saw none",
			s->queue->index);
}

static void event_ignored(struct vmmio_monitor *m, const struct scene *s)
{
	if (!negotiated(m, VMMIO_F_EVENT_IDX) && s->queue->owes_by_flags)
		expect(m, !s->late,
			"expected avail_event to be ignored without VIRTIO_F_EVENT_IDX, saw no "
			"notification of queue %u where only avail_event would not want one",
			s->queue->index);
}

static void due_by_event(struct vmmio_monitor *m, const struct scene *s)
{
	if (negotiated(m, VMMIO_F_EVENT_IDX))
		expect(m, !s->late,
			"expected a notification of queue %u when its available idx passes "
			"avail_event, %u, saw none",
			s->queue->index, s->queue->view.avail_event);
}

static void flags_ignored(struct vmmio_monitor *m, const struct scene *s)
{
	if (negotiated(m, VMMIO_F_EVENT_IDX) && s->queue->owes_by_event)
		expect(m, !s->late,
			"expected the flags of the used ring to be ignored with "
			"VIRTIO_F_EVENT_IDX, saw no notification of queue %u where only flags "
			"would not want one",
			s->queue->index);
}

/* --- Notifications that the device does not want ---------------------------------------------- */

/* The device has done nothing between the two looks: what it said then it says still. */
static bool quiet(const struct vmmio_monitor *m, const struct view *now, const struct view *before)
{
	return live(m) && now->valid && before->valid && now->used_idx == before->used_idx &&
	       now->used_flags == before->used_flags && now->avail_event == before->avail_event;
}

static bool passes(const struct vmmio_monitor *m, const struct view *now, uint16_t last)
{
	if (!negotiated(m, VMMIO_F_EVENT_IDX))
		return now->used_flags != 1;
	return (uint16_t)(now->avail_idx - now->avail_event - 1) <
	       (uint16_t)(now->avail_idx - last);
}

/* New buffers, and the driver was not seen to notify: so far it has kept quiet. */
static void spared(struct vmmio_monitor *m, const struct queue *q)
{
	const struct view *now = &q->view, *before = &q->before;

	if (!q->kicked && quiet(m, now, before) && now->avail_idx != before->avail_idx &&
		!passes(m, now, before->avail_idx))
		kept(m);
}

/* A notification that the device does not want, of buffers that were not there at the look
 * before, when the device was idle: it has not changed its mind in between. */
static bool unwanted(const struct vmmio_monitor *m, const struct scene *s)
{
	const struct queue *q = s->queue;
	const struct view *now, *before;

	if (!writes(s, VMMIO_REG_QUEUE_NOTIFY) || !q || !q->followed || q->packed || q->lost)
		return false;
	now = &q->kick;
	before = &q->unkicked;
	return quiet(m, now, before) && before->avail_idx == before->used_idx &&
	       before->avail_idx == (uint16_t)q->notified[0] &&
	       now->avail_idx != before->avail_idx && !passes(m, now, before->avail_idx);
}

static void not_if_suppressed(struct vmmio_monitor *m, const struct scene *s)
{
	if (negotiated(m, VMMIO_F_EVENT_IDX))
		return;
	if (s->on == ON_VIEW)
		spared(m, s->queue);
	else if (unwanted(m, s))
		expect(m, false,
			"expected no notification of queue %u, whose used ring has flags of 1, saw "
			"one",
			s->queue->index);
}

static void not_if_not_due(struct vmmio_monitor *m, const struct scene *s)
{
	if (!negotiated(m, VMMIO_F_EVENT_IDX))
		return;
	if (s->on == ON_VIEW)
		spared(m, s->queue);
	else if (unwanted(m, s))
		expect(m, false,
			"expected no notification of queue %u before its available idx passes "
			"avail_event, %u, saw one at %u",
			s->queue->index, s->queue->kick.avail_event, s->queue->kick.avail_idx);
}

static void spurious(struct vmmio_monitor *m, const struct scene *s)
{
	if (!m->spurious)
		return;
	if (gives_up_soon(m, s))
		expect(m, false,
			"expected a used buffer notification without used buffers to be taken as "
			"nothing new, saw the driver give up");
	else if (writes(s, VMMIO_REG_QUEUE_NOTIFY))
		kept(m);
}

static const struct rule rules[] = {
	{"SPLIT-DRV-16", ON_WRITE, RULE_MEMORY | RULE_SPLIT, spurious, NULL},
	/* Both are notifications that do not come. */
	{"SPLIT-DRV-20", ON_OWED, RULE_MEMORY | RULE_SPLIT, event_ignored, "SPLIT-DRV-22"},
	{"SPLIT-DRV-21", ON_WRITE | ON_VIEW, RULE_MEMORY | RULE_SPLIT | RULE_SHOULD,
		not_if_suppressed, NULL},
	{"SPLIT-DRV-22", ON_OWED, RULE_MEMORY | RULE_SPLIT, due_by_flags, NULL},
	{"SPLIT-DRV-23", ON_OWED, RULE_MEMORY | RULE_SPLIT, flags_ignored, "SPLIT-DRV-24"},
	{"SPLIT-DRV-24", ON_OWED, RULE_MEMORY | RULE_SPLIT, due_by_event, NULL},
	{"SPLIT-DRV-25", ON_WRITE | ON_VIEW, RULE_MEMORY | RULE_SPLIT | RULE_SHOULD, not_if_not_due,
		NULL},
};

const struct rule_group monitor_notify_rules = RULE_GROUP(rules);
