/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looks into the rings of queues that are enabled. At each look: what was exposed since the
 * last one is copied, what came back is forgotten, and only what the device has then is judged and
 * compared; that the driver may not change, so it does not matter who runs meanwhile.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "conform/monitor/exposed.h"
#include "conform/monitor/look.h"

#define TRIES 3u /* that a look makes to see a ring at rest */
/* A notification that is due and does not come while there are so many accesses and so many ns
 * pass (a vCPU may be kept from what it is about to do). If the driver stops, one of both
 * is enough. */
#define OVERDUE 16u
#define OVERDUE_NS 1000000000u

static void ask_queue(struct vmmio_monitor *m, enum occasion on, struct queue *q)
{
	struct scene s = {.on = on, .queue = q, .chain = &m->chain, .reg = REG_NONE};

	monitor_ask(m, &s);
}

static void give_up(struct queue *q)
{
	exposed_drop(q);
	q->lost = true;
	q->owes = false;
	q->view.valid = q->before.valid = false;
}

void look_lose(struct vmmio_monitor *m, struct queue *q)
{
	give_up(q);
	m->lost_a_queue = true;
}

/* --- Notifications -------------------- */

static bool crosses(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

/*
 * Is a notification due for what was exposed between the last two looks? Only when the device
 * had nothing to do at the first of them and has done nothing since: then what it says
 * about notifications has not changed either, and is what the driver has read.
 */
static void settle_debt(struct vmmio_monitor *m, struct queue *q)
{
	const struct view *v = &q->view, *b = &q->before;
	bool by_flags, by_event;

	if (!b->valid || !live(m) || m->suspend != RUNNING || v->avail_idx == b->avail_idx)
		return;
	if (b->avail_idx != b->used_idx || v->used_idx != b->used_idx ||
		v->avail_event != b->avail_event || v->used_flags != b->used_flags)
		return;
	by_flags = !(v->used_flags & VMMIO_USED_F_NO_NOTIFY);
	by_event = crosses(v->avail_event, v->avail_idx, b->avail_idx);
	if (!(negotiated(m, VMMIO_F_EVENT_IDX) ? by_event : by_flags))
		return;
	q->owes = true;
	q->owed_since = m->tick;
	q->owed_time = m->time;
	q->owes_by_event = by_event && !by_flags;
	q->owes_by_flags = by_flags && !by_event;
}

static void ask_debt(struct vmmio_monitor *m, struct queue *q, bool late)
{
	struct scene s = {.on = ON_OWED, .queue = q, .late = late, .reg = REG_NONE};

	q->owes = false;
	monitor_ask(m, &s);
}

/* A device that goes on by itself does not wait for a notification. While one is on its way
 * that proves nothing. */
static void look_for_debt(struct vmmio_monitor *m, struct queue *q)
{
	const struct view *v = &q->view, *b = &q->before;

	if (q->owes && !q->kicked && b->valid &&
		(v->used_idx != b->used_idx || v->avail_event != b->avail_event))
		q->owes = false;
	if (!q->owes)
		settle_debt(m, q);
	else if (m->tick - q->owed_since >= OVERDUE && m->time - q->owed_time >= OVERDUE_NS)
		ask_debt(m, q, true);
}

void monitor_look_for_debts(struct vmmio_monitor *m)
{
	for (unsigned i = 0; i < m->n_queues; i++)
		if (m->queues[i]->owes && (m->tick - m->queues[i]->owed_since >= OVERDUE ||
						  m->time - m->queues[i]->owed_time >= OVERDUE_NS))
			ask_debt(m, m->queues[i], true);
}

void monitor_notified(struct vmmio_monitor *m, struct queue *q)
{
	q->kicked = m->spurious = false;
	if (!q->followed)
		return;
	if (q->owes)
		ask_debt(m, q, false);
	q->notified[1] = q->notified[0];
	q->notified[0] = q->avail;
}

void monitor_interrupted(struct vmmio_monitor *m)
{
	bool known = m->queues_known, any = false;
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_queues && known; i++) {
		struct queue *q = m->queues[i];

		if (q->state == QUEUE_OFF)
			continue;
		known = q->followed && !q->lost && !q->packed && q->view.valid;
		any |= known && q->view.used_idx != q->told_used;
		q->told_used = q->view.used_idx;
		n++;
	}
	m->spurious = known && n && !any && live(m);
	m->odd_tick = m->tick;
}

/* --- Chains -------------------- */

bool look_give_back(struct vmmio_monitor *m, struct queue *q, uint16_t id, uint32_t *n)
{
	struct exposed **link = exposed_find(q, id);

	*n = 0;
	if (!link)
		return false;
	/* The last buffer of a batch stands for all before it. */
	while (negotiated(m, VMMIO_F_IN_ORDER) && link != &q->exposed) {
		*n += q->packed ? q->exposed->n_ring : 1;
		if (link == &q->exposed->next)
			link = &q->exposed;
		exposed_remove(q, &q->exposed);
	}
	*n += q->packed ? (*link)->n_ring : 1;
	exposed_remove(q, link);
	return true;
}

/* What is new and was not given back while it was copied. */
static void judge_fresh(struct vmmio_monitor *m, struct queue *q)
{
	unsigned faults = 0;

	for (struct exposed *e = q->exposed; e; e = e->next) {
		if (!e->fresh)
			continue;
		e->fresh = false;
		chain_analyse(m, q, e);
		ask_queue(m, ON_CHAIN, q);
		if (m->device_id == VMMIO_ID_BLOCK)
			look_request(m, q, e);
		faults |= e->faults;
	}
	/* What follows from these would be held against the driver a second time. */
	if (faults & (CHAIN_NO_ROOM | CHAIN_LOOP | CHAIN_NOT_AVAILABLE))
		give_up(q);
}

static struct exposed *first_altered(struct vmmio_monitor *m, const struct queue *q)
{
	for (struct exposed *e = q->exposed; e; e = e->next)
		if (!e->fresh && !exposed_unchanged(m, q, e))
			return e;
	return NULL;
}

/* The driver may write to descriptors that came back: before a change counts, what came back is
 * looked for again. */
static void compare(struct vmmio_monitor *m, struct queue *q)
{
	struct exposed *altered = first_altered(m, q);
	struct scene s = {.on = ON_ALTERED, .queue = q, .reg = REG_NONE};

	for (unsigned i = 0; altered && i < TRIES; i++) {
		atomic_thread_fence(memory_order_seq_cst);
		look_used(m, q);
		if (q->lost)
			return;
		altered = first_altered(m, q);
	}
	s.altered = altered != NULL;
	if (!q->exposed || (!altered && q->exposed->fresh))
		return;
	monitor_ask(m, &s);
	if (altered)
		exposed_refresh(m, q, altered);
}

void look_used(struct vmmio_monitor *m, struct queue *q)
{
	if (q->packed)
		look_used_packed(m, q);
	else
		look_used_split(m, q);
}

static void look_at(struct vmmio_monitor *m, struct queue *q)
{
	if (q->packed)
		look_packed(m, q);
	else
		look_split(m, q);
	if (q->lost)
		return;
	atomic_thread_fence(memory_order_seq_cst);
	look_used(m, q);
	if (q->lost)
		return;
	compare(m, q);
	judge_fresh(m, q);
	if (!q->packed)
		look_for_debt(m, q);
}

void monitor_look(struct vmmio_monitor *m, struct queue *kicked)
{
	if (!m->options.mem_read || !monitor_usable(m))
		return;
	for (unsigned i = 0; i < m->n_queues; i++)
		if (m->queues[i]->followed)
			look_at(m, m->queues[i]);
	if (!kicked || !kicked->followed)
		return;
	kicked->kick = kicked->view;
	kicked->unkicked = kicked->before;
	kicked->kicked = true;
}

void monitor_follow(struct vmmio_monitor *m, struct queue *q)
{
	q->followed = m->options.mem_read && m->negotiated_known && q->size != 0 &&
		      q->size <= VMMIO_QUEUE_SIZE_LIMIT &&
		      (q->written & WROTE_LEAST) == WROTE_LEAST;
	q->packed = negotiated(m, VMMIO_F_RING_PACKED);
	q->ring_size = q->size;
	for (unsigned i = 0; i < 3; i++)
		q->areas[i] = queue_area(q, i);
	q->lost = q->owes = q->kicked = false;
	q->avail = q->used = q->notified[0] = q->notified[1] = 0;
	q->told_used = 0;
	q->view = q->before = q->kick = q->unkicked = (struct view){.valid = false};
	if (!m->negotiated_known)
		return;
	m->saw_packed |= q->packed;
	m->saw_split |= !q->packed;
}
