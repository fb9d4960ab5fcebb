/* SPDX-License-Identifier: BSD-3-Clause */
/* Split virtqueues, the driver's side. add_pos, shown_pos and used_pos are free-running. */
#include <errno.h>
#include "driver/internal.h"

#define RING_HEADER 4u /* flags and idx */

static void split_layout(uint32_t size, size_t sizes[3], size_t aligns[3])
{
	sizes[0] = (size_t)size * sizeof(struct vmmio_split_desc);
	sizes[1] = RING_HEADER + 2 * (size_t)size + 2;
	sizes[2] = RING_HEADER + sizeof(struct vmmio_split_used_elem) * (size_t)size + 2;
	aligns[0] = 16;
	aligns[1] = 2;
	aligns[2] = 4;
}

static char *avail(const struct vmmio_driver_queue *q, size_t offset)
{
	return (char *)q->areas[1].host + offset;
}

static char *used(const struct vmmio_driver_queue *q, size_t offset)
{
	return (char *)q->areas[2].host + offset;
}

static char *used_event(const struct vmmio_driver_queue *q)
{
	return avail(q, RING_HEADER + 2 * (size_t)q->size);
}

static void split_init(struct vmmio_driver_queue *q)
{
	q->add_wrap = q->shown_wrap = q->used_wrap = false;
}

static void write_desc(struct vmmio_split_desc *desc, const struct vmmio_driver_seg *seg,
	uint16_t flags, uint16_t next)
{
	desc->addr = vmmio_le64(seg->addr);
	desc->len = vmmio_le32(seg->len);
	desc->flags = vmmio_le16(flags);
	desc->next = vmmio_le16(next);
}

static uint16_t element_flags(const struct placement *p, unsigned i)
{
	uint16_t flags = i + 1 < p->n ? VMMIO_DESC_F_NEXT : 0;

	return i < p->chain->n_out ? flags : flags | VMMIO_DESC_F_WRITE;
}

/* Takes the n first descriptors off the free list. */
static void place_direct(struct vmmio_driver_queue *q, const struct placement *p)
{
	struct vmmio_split_desc *table = q->areas[0].host;
	uint16_t at = q->free_head;

	for (unsigned i = 0; i < p->n; i++) {
		uint16_t flags = element_flags(p, i);

		write_desc(&table[at], chain_seg(p->chain, i), flags,
			flags & VMMIO_DESC_F_NEXT ? q->next[at] : 0);
		at = q->next[at];
	}
	q->free_head = at;
}

static void place_indirect(struct vmmio_driver_queue *q, const struct placement *p)
{
	struct vmmio_split_desc *table = q->areas[0].host;
	uint16_t head = q->free_head;
	size_t offset = (size_t)head * q->indirect * sizeof(*table);
	struct vmmio_split_desc *inner =
		(struct vmmio_split_desc *)(void *)((char *)q->tables.host + offset);
	struct vmmio_driver_seg seg = { q->tables.guest + offset,
		(uint32_t)(p->n * sizeof(*inner)) };

	for (unsigned i = 0; i < p->n; i++) {
		uint16_t flags = element_flags(p, i);

		write_desc(&inner[i], chain_seg(p->chain, i), flags,
			flags & VMMIO_DESC_F_NEXT ? (uint16_t)(i + 1) : 0);
	}
	write_desc(&table[head], &seg, VMMIO_DESC_F_INDIRECT, 0);
	q->free_head = q->next[head];
}

static uint16_t split_place(struct vmmio_driver_queue *q, const struct placement *p)
{
	uint16_t head = q->free_head;

	if (p->indirect)
		place_indirect(q, p);
	else
		place_direct(q, p);
	store_le16(avail(q, RING_HEADER + 2 * (size_t)(q->add_pos % q->size)), head);
	q->add_pos++;
	q->pending++;
	return head;
}

static void split_publish(struct vmmio_driver_queue *q)
{
	/* Release: descriptors and ring entries are there before the idx that shows them. */
	store_le16(avail(q, 2), q->add_pos);
}

static bool split_wants_notify(struct vmmio_driver_queue *q)
{
	if (!q->event_idx)
		return !(load_le16(used(q, 0)) & VMMIO_USED_F_NO_NOTIFY);
	return event_passed(load_le16(used(q,
				    RING_HEADER + sizeof(struct vmmio_split_used_elem) *
							  (size_t)q->size)),
		q->shown_pos, (uint16_t)(q->shown_pos - q->unkicked));
}

static uint16_t split_position(const struct vmmio_driver_queue *q)
{
	return q->shown_pos;
}

/* How far the device's used idx is ahead of us. */
static uint16_t ahead(const struct vmmio_driver_queue *q)
{
	return (uint16_t)(load_le16(used(q, 2)) - q->used_pos);
}

static int split_peek(struct vmmio_driver_queue *q, struct used_elem *elem)
{
	const volatile struct vmmio_split_used_elem *ring =
		(const void *)used(q, RING_HEADER);
	uint16_t n = ahead(q);

	if (n == 0)
		return 0;
	if (n > q->shown)
		return vmmio_driver_queue_break(
			q, VMMIO_DRIVER_FAULT_USED_IDX, (uint16_t)(q->used_pos + n), 0);
	ring += q->used_pos % q->size;
	elem->id = vmmio_le32(ring->id);
	elem->len = vmmio_le32(ring->len);
	return 1;
}

static bool split_covered(struct vmmio_driver_queue *q)
{
	return ahead(q) != 0;
}

static void split_consume(struct vmmio_driver_queue *q, uint16_t id)
{
	uint16_t tail = id;

	q->used_pos++;
	/* In order the free list is the table itself, a ring that frees at its other end. */
	if (q->in_order)
		return;
	for (unsigned i = 1; i < q->slots[id].n_desc; i++)
		tail = q->next[tail];
	q->next[tail] = q->free_head;
	q->free_head = id;
}

static void split_set_events(struct vmmio_driver_queue *q, enum event_mode mode, unsigned n)
{
	if (!q->event_idx)
		store_le16(avail(q, 0), mode == EVENTS_OFF ? VMMIO_AVAIL_F_NO_INTERRUPT : 0);
	else if (mode == EVENTS_OFF)
		/* The farthest there is: one interrupt in 65536 chains. */
		store_le16(used_event(q), (uint16_t)(q->used_pos - 1));
	else if (mode == EVENTS_AFTER)
		store_le16(used_event(q), (uint16_t)(q->used_pos + n - 1));
	else
		store_le16(used_event(q), q->used_pos);
}

static bool split_waiting(struct vmmio_driver_queue *q, unsigned n)
{
	return ahead(q) >= n;
}

const struct ring_ops vmmio_driver_ring_split = {
	.layout = split_layout,
	.init = split_init,
	.place = split_place,
	.publish = split_publish,
	.wants_notify = split_wants_notify,
	.position = split_position,
	.peek = split_peek,
	.covered = split_covered,
	.consume = split_consume,
	.set_events = split_set_events,
	.waiting = split_waiting,
};
