/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains out and back, the part that both ring formats share. Every decision rests on our
 * own books; of ring memory only used elements, idx and event words are believed, after
 * checking.
 */
#include <errno.h>
#include "driver/internal.h"

int vmmio_driver_queue_break(
	struct vmmio_driver_queue *q, enum vmmio_driver_fault_kind kind, uint32_t id, uint32_t len)
{
	q->fault = (struct vmmio_driver_fault){ kind, id, len };
	return -EPROTO;
}

static int queue_usable(const struct vmmio_driver_queue *q)
{
	if (q->state != QUEUE_RUNNING)
		return -ESHUTDOWN;
	return q->fault.kind != VMMIO_DRIVER_FAULT_NONE ? -EPROTO : 0;
}

/* Judges the chain's shape and adds up its writable bytes. */
static int check_chain(const struct vmmio_driver_queue *q, struct placement *p, uint64_t *writable)
{
	const struct vmmio_driver_chain *chain = p->chain;
	uint64_t total = 0;

	if (chain->n_out > q->size || chain->n_in > q->size)
		return -EINVAL;
	p->n = chain->n_out + chain->n_in;
	if (p->n == 0 || p->n > q->size || (p->indirect && p->n > q->indirect))
		return -EINVAL;
	*writable = 0;
	for (unsigned i = 0; i < p->n; i++) {
		total += chain_seg(chain, i)->len;
		if (i >= chain->n_out)
			*writable += chain_seg(chain, i)->len;
	}
	return total > UINT64_C(1) << 32 ? -EINVAL : 0;
}

int vmmio_driver_queue_add(struct vmmio_driver_queue *q, const struct vmmio_driver_chain *chain)
{
	struct placement p = { chain, 0, chain->indirect };
	uint64_t writable;
	uint16_t n_desc;
	uint16_t id;
	int ret = queue_usable(q);

	if (ret == 0)
		ret = check_chain(q, &p, &writable);
	if (ret)
		return ret;
	n_desc = (uint16_t)(p.indirect ? 1 : p.n);
	if (n_desc > q->free_descs)
		return -ENOSPC;
	id = q->ring->place(q, &p);
	q->slots[id] = (struct slot){ chain->cookie, writable, q->add_seq++, n_desc, true };
	q->order[(q->order_head + q->in_flight) % q->size] = id;
	q->free_descs -= n_desc;
	q->in_flight++;
	return id;
}

void vmmio_driver_queue_publish(struct vmmio_driver_queue *q)
{
	if (queue_usable(q) != 0 || q->pending == 0)
		return;
	q->ring->publish(q);
	q->shown += q->add_seq - q->shown_seq;
	q->shown_seq = q->add_seq;
	q->shown_pos = q->add_pos;
	q->shown_wrap = q->add_wrap;
	/* More than the ring can tell apart means "all of it", no need to count on. */
	q->unkicked += q->pending;
	if (q->unkicked > UINT16_MAX)
		q->unkicked = UINT16_MAX;
	q->pending = 0;
}

int vmmio_driver_queue_notify_owed(struct vmmio_driver_queue *q)
{
	bool wanted;

	if (queue_usable(q) != 0 || q->driver->state != DRIVER_LIVE || q->unkicked == 0)
		return 0;
	/* Our publication before the device's wish: pairs with the fence between the device's
	 * write of its wish and its last look at the ring. */
	atomic_thread_fence(memory_order_seq_cst);
	wanted = q->ring->wants_notify(q);
	q->unkicked = 0;
	if (wanted)
		vmmio_driver_queue_notify(q);
	return wanted;
}

int vmmio_driver_queue_kick(struct vmmio_driver_queue *q)
{
	vmmio_driver_queue_publish(q);
	return vmmio_driver_queue_notify_owed(q);
}

void vmmio_driver_queue_notify(struct vmmio_driver_queue *q)
{
	uint32_t value = q->index;

	if (q->state == QUEUE_STOPPED)
		return;
	if (vmmio_driver_has(q->driver, VMMIO_F_NOTIFICATION_DATA))
		value |= (uint32_t)q->ring->position(q) << 16;
	vmmio_driver_reg_write(q->driver, VMMIO_REG_QUEUE_NOTIFY, value);
}

/* Everything a used element says, against what we know. */
static int check_used(struct vmmio_driver_queue *q, const struct used_elem *elem)
{
	const struct slot *slot;

	if (elem->id >= q->size)
		return vmmio_driver_queue_break(
			q, VMMIO_DRIVER_FAULT_USED_ID, elem->id, elem->len);
	slot = &q->slots[elem->id];
	/* Added and not published: the device cannot know it. */
	if (!slot->in_use || (int32_t)(slot->seq - q->shown_seq) >= 0)
		return vmmio_driver_queue_break(
			q, VMMIO_DRIVER_FAULT_USED_ID, elem->id, elem->len);
	if (elem->len > slot->writable)
		return vmmio_driver_queue_break(
			q, VMMIO_DRIVER_FAULT_USED_LEN, elem->id, elem->len);
	return 0;
}

static void take(
	struct vmmio_driver_queue *q, uint16_t id, uint32_t len, struct vmmio_driver_used *used)
{
	struct slot *slot = &q->slots[id];

	*used = (struct vmmio_driver_used){ slot->cookie, id, len };
	slot->in_use = false;
	q->free_descs += slot->n_desc;
	q->in_flight--;
	q->shown--;
	q->order_head = (q->order_head + 1) % q->size;
	q->ring->consume(q, id);
	if (q->events == EVENTS_ON && q->event_idx) {
		q->ring->set_events(q, EVENTS_ON, 0);
		/* The wish before the next look at the ring; pairs with the device's fence
		 * between its used element and its look at our wish. */
		atomic_thread_fence(memory_order_seq_cst);
	}
}

/* IN_ORDER: the oldest chain comes first, and the element read may stand for a batch. */
static int take_in_order(struct vmmio_driver_queue *q, struct vmmio_driver_used *used)
{
	uint16_t oldest = q->order[q->order_head];
	uint64_t full = q->slots[oldest].writable;

	if (!q->ring->covered(q))
		return vmmio_driver_queue_break(
			q, VMMIO_DRIVER_FAULT_ORDER, q->batch_id, q->batch_len);
	if (oldest == q->batch_id) {
		q->in_batch = false;
		take(q, oldest, q->batch_len, used);
	} else {
		take(q, oldest, full > UINT32_MAX ? UINT32_MAX : (uint32_t)full, used);
	}
	return 1;
}

int vmmio_driver_queue_poll(struct vmmio_driver_queue *q, struct vmmio_driver_used *used)
{
	struct used_elem elem;
	int ret = queue_usable(q);

	if (ret)
		return ret;
	if (q->in_batch)
		return take_in_order(q, used);
	ret = q->ring->peek(q, &elem);
	if (ret <= 0)
		return ret;
	ret = check_used(q, &elem);
	if (ret)
		return ret;
	if (q->in_order) {
		q->batch_id = (uint16_t)elem.id;
		q->batch_len = elem.len;
		q->in_batch = true;
		return take_in_order(q, used);
	}
	take(q, (uint16_t)elem.id, elem.len, used);
	return 1;
}

int vmmio_driver_queue_wait(
	struct vmmio_driver_queue *q, struct vmmio_driver_used *used, uint64_t patience)
{
	struct wait wait = vmmio_driver_wait_begin(q->driver, patience);

	do {
		int ret = vmmio_driver_queue_poll(q, used);

		if (ret != 0)
			return ret < 0 ? ret : 0;
		if (vmmio_driver_status(q->driver) & VMMIO_STATUS_NEEDS_RESET)
			return -EIO;
	} while (vmmio_driver_wait_more(q->driver, &wait));
	return -ETIMEDOUT;
}

static bool set_events(struct vmmio_driver_queue *q, enum event_mode mode, unsigned n)
{
	if (queue_usable(q) != 0)
		return false;
	q->events = mode;
	q->ring->set_events(q, mode, n);
	if (mode == EVENTS_OFF)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	return q->in_batch || q->ring->waiting(q, n);
}

bool vmmio_driver_queue_interrupts(struct vmmio_driver_queue *q, bool enable)
{
	return set_events(q, enable ? EVENTS_ON : EVENTS_OFF, 1);
}

bool vmmio_driver_queue_interrupt_after(struct vmmio_driver_queue *q, unsigned n)
{
	if (n > q->shown)
		n = q->shown;
	if (n <= 1 || !q->event_idx)
		return set_events(q, EVENTS_ON, 1);
	return set_events(q, EVENTS_AFTER, n);
}
