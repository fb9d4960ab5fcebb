/* SPDX-License-Identifier: BSD-3-Clause */
/* What one access changes in what is believed of a queue. */
#include <stdlib.h>
#include <string.h>

#include "conform/monitor/exposed.h"

struct queue *monitor_queue(struct vmmio_monitor *m, uint32_t index)
{
	struct queue *q;

	for (unsigned i = 0; i < m->n_queues; i++)
		if (m->queues[i]->index == index)
			return m->queues[i];
	if (index > UINT16_MAX || m->n_queues == MAX_QUEUES)
		return NULL;
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->index = (uint16_t)index;
	q->tail = &q->exposed;
	m->queues[m->n_queues++] = q;
	return q;
}

uint64_t queue_area(const struct queue *q, unsigned area)
{
	return q->address[2 * area] | (uint64_t)q->address[2 * area + 1] << 32;
}

void monitor_queue_stopped(struct queue *q)
{
	exposed_drop(q);
	q->state = QUEUE_OFF;
	q->written = 0;
	q->read_ready = q->read_max = 0;
	q->wrote_size = q->wrote_first_address = q->wrote_last_address = 0;
	q->followed = q->changed = q->was_reset = q->owes = false;
}

void monitor_queues_stopped(struct vmmio_monitor *m)
{
	for (unsigned i = 0; i < m->n_queues; i++) {
		monitor_queue_stopped(m->queues[i]);
		m->queues[i]->was_enabled = false;
	}
}

void monitor_queues_free(struct vmmio_monitor *m)
{
	for (unsigned i = 0; i < m->n_queues; i++) {
		exposed_drop(m->queues[i]);
		free(m->queues[i]);
	}
}

/* The six address registers are three pairs, 0x10 apart. -1: none of them. */
static int address_of(uint32_t reg)
{
	if (reg < VMMIO_REG_QUEUE_DESC_LOW || reg > VMMIO_REG_QUEUE_DEVICE_HIGH || reg % 16 > 4)
		return -1;
	return (int)((reg - VMMIO_REG_QUEUE_DESC_LOW) / 16 * 2 + reg % 16 / 4);
}

static void take_address(struct vmmio_monitor *m, struct queue *q, int which, uint32_t value)
{
	q->address[which] = value;
	if (!q->wrote_first_address)
		q->wrote_first_address = m->tick;
	q->wrote_last_address = m->tick;
	q->written |= WROTE_ADDRESS << which;
	q->changed = true;
}

static void take_enable(struct vmmio_monitor *m, struct queue *q)
{
	/* A bring-up that was not followed before it: QueueReset is overtaken. */
	if (q->state != QUEUE_OFF)
		exposed_drop(q);
	q->state = QUEUE_READY;
	q->changed = q->was_reset = false;
	if (!q->was_enabled)
		q->first_written = q->written;
	q->was_enabled = true;
	m->steps |= STEP_QUEUE;
	monitor_follow(m, q);
}

static void take_ready_write(struct vmmio_monitor *m, struct queue *q, uint32_t value)
{
	if (value)
		take_enable(m, q);
	else if (q->state == QUEUE_READY)
		q->state = QUEUE_STOPPING;
}

static void take_ready_read(struct vmmio_monitor *m, struct queue *q, uint32_t value)
{
	if (!value && q->state == QUEUE_STOPPING)
		monitor_queue_stopped(q);
	else if (value && q->state == QUEUE_OFF)
		q->state = QUEUE_READY; /* from before the trace began */
	q->read_ready = m->tick;
	q->ready_value = value;
}

static void take_queue_read(struct vmmio_monitor *m, const struct scene *s)
{
	struct queue *q = s->queue;

	switch (s->reg) {
	case VMMIO_REG_QUEUE_SIZE_MAX:
		q->size_max = s->low;
		q->size_max_known = true;
		q->read_max = m->tick;
		break;
	case VMMIO_REG_QUEUE_READY:
		take_ready_read(m, q, s->low);
		break;
	case VMMIO_REG_QUEUE_RESET:
		if (s->low || q->state != QUEUE_RESETTING)
			break;
		monitor_queue_stopped(q);
		q->was_reset = true;
		break;
	default:
		break;
	}
}

static void take_queue_write(struct vmmio_monitor *m, const struct scene *s)
{
	struct queue *q = s->queue;
	int which = address_of(s->reg);

	if (which >= 0) {
		take_address(m, q, which, s->low);
		return;
	}
	switch (s->reg) {
	case VMMIO_REG_QUEUE_SIZE:
		q->size = s->low;
		q->wrote_size = m->tick;
		q->written |= WROTE_SIZE;
		q->changed = true;
		break;
	case VMMIO_REG_QUEUE_READY:
		take_ready_write(m, q, s->low);
		break;
	case VMMIO_REG_QUEUE_RESET:
		if (s->low == 1 && negotiated(m, VMMIO_F_RING_RESET))
			q->state = QUEUE_RESETTING;
		break;
	case VMMIO_REG_QUEUE_NOTIFY:
		monitor_notified(m, q);
		break;
	default:
		break;
	}
}

void monitor_queue_take(struct vmmio_monitor *m, const struct scene *s)
{
	if (writes(s, VMMIO_REG_QUEUE_SEL))
		m->queue_sel = s->low;
	if (!s->queue)
		return;
	if (s->on == ON_READ)
		take_queue_read(m, s);
	else
		take_queue_write(m, s);
}
