/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed virtqueues, the driver's side. Positions are ring offsets with a wrap counter. */
#include <errno.h>
#include "driver/internal.h"

#define EVENT_FLAGS 2u /* offset in struct vmmio_packed_event */
#define OFFSET_MASK 0x7fffu
#define WRAP_BIT 0x8000u
#define USED_BITS (VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED)

static void packed_layout(uint32_t size, size_t sizes[3], size_t aligns[3])
{
	sizes[0] = (size_t)size * sizeof(struct vmmio_packed_desc);
	sizes[1] = sizes[2] = sizeof(struct vmmio_packed_event);
	aligns[0] = 16;
	aligns[1] = aligns[2] = 4;
}

static struct vmmio_packed_desc *ring_at(const struct vmmio_driver_queue *q, uint32_t at)
{
	return (struct vmmio_packed_desc *)q->areas[0].host + at;
}

/* A position n further on. n is at most the ring's size. */
static uint16_t pos_after(
	const struct vmmio_driver_queue *q, uint16_t pos, bool *wrap, uint32_t n)
{
	uint32_t to = pos + n;

	if (to >= q->size) {
		to -= q->size;
		*wrap = !*wrap;
	}
	return (uint16_t)to;
}

static uint16_t off_wrap(uint16_t pos, bool wrap)
{
	return (uint16_t)(pos | (wrap ? WRAP_BIT : 0));
}

static void packed_init(struct vmmio_driver_queue *q)
{
	q->held = 0;
}

static void write_desc(
	struct vmmio_packed_desc *desc, const struct vmmio_driver_seg *seg, uint16_t id)
{
	desc->addr = vmmio_le64(seg->addr);
	desc->len = vmmio_le32(seg->len);
	desc->id = vmmio_le16(id);
}

static uint16_t element_flags(const struct placement *p, unsigned i)
{
	return i < p->chain->n_out ? 0 : VMMIO_DESC_F_WRITE;
}

static uint16_t avail_bits(bool wrap)
{
	return wrap ? VMMIO_DESC_F_AVAIL : VMMIO_DESC_F_USED;
}

/* The first descriptor's flags come last, and of a batch only when it is published: the
 * device goes in ring order and stops there. */
static void place_head(struct vmmio_driver_queue *q, uint16_t flags)
{
	if (q->pending == 0)
		q->held = flags;
	else
		store_le16(&ring_at(q, q->add_pos)->flags, flags);
}

static void place_direct(struct vmmio_driver_queue *q, const struct placement *p, uint16_t id)
{
	uint16_t pos = q->add_pos;
	bool wrap = q->add_wrap;
	uint16_t head = 0;

	for (unsigned i = 0; i < p->n; i++) {
		uint16_t flags = element_flags(p, i) | avail_bits(wrap);

		if (i + 1 < p->n)
			flags |= VMMIO_DESC_F_NEXT;
		write_desc(ring_at(q, pos), chain_seg(p->chain, i), id);
		if (i == 0)
			head = flags;
		else
			store_le16(&ring_at(q, pos)->flags, flags);
		pos = pos_after(q, pos, &wrap, 1);
	}
	place_head(q, head);
}

static void place_indirect(struct vmmio_driver_queue *q, const struct placement *p, uint16_t id)
{
	size_t offset = (size_t)id * q->indirect * sizeof(struct vmmio_packed_desc);
	struct vmmio_packed_desc *inner =
		(struct vmmio_packed_desc *)(void *)((char *)q->tables.host + offset);
	struct vmmio_driver_seg seg = { q->tables.guest + offset,
		(uint32_t)(p->n * sizeof(*inner)) };

	for (unsigned i = 0; i < p->n; i++) {
		write_desc(&inner[i], chain_seg(p->chain, i), 0);
		inner[i].flags = vmmio_le16(element_flags(p, i));
	}
	write_desc(ring_at(q, q->add_pos), &seg, id);
	place_head(q, VMMIO_DESC_F_INDIRECT | avail_bits(q->add_wrap));
}

static uint16_t packed_place(struct vmmio_driver_queue *q, const struct placement *p)
{
	uint16_t id = q->free_head;
	uint32_t n = p->indirect ? 1 : p->n;

	q->free_head = q->next[id];
	if (p->indirect)
		place_indirect(q, p, id);
	else
		place_direct(q, p, id);
	q->add_pos = pos_after(q, q->add_pos, &q->add_wrap, n);
	q->pending += n;
	return id;
}

static void packed_publish(struct vmmio_driver_queue *q)
{
	/* Release: the whole batch is there before the flags that open it. */
	store_le16(&ring_at(q, q->shown_pos)->flags, q->held);
}

static bool packed_wants_notify(struct vmmio_driver_queue *q)
{
	const char *event = q->areas[2].host;
	uint16_t flags = load_le16(event + EVENT_FLAGS) & 3;
	uint16_t where = load_le16(event);
	uint16_t offset = where & OFFSET_MASK;

	if (flags == VMMIO_EVENT_F_DISABLE)
		return false;
	if (flags != VMMIO_EVENT_F_DESC || !q->event_idx || q->unkicked >= q->size)
		return true;
	/* An offset of the lap before lies a whole ring behind. */
	if (!!(where & WRAP_BIT) != q->shown_wrap)
		offset = (uint16_t)(offset - q->size);
	return event_passed(offset, q->shown_pos, (uint16_t)(q->shown_pos - q->unkicked));
}

static uint16_t packed_position(const struct vmmio_driver_queue *q)
{
	return off_wrap(q->shown_pos, q->shown_wrap);
}

static bool is_used(const struct vmmio_driver_queue *q, uint16_t pos, bool wrap, uint16_t *flags)
{
	*flags = load_le16(&ring_at(q, pos)->flags);
	return (*flags & USED_BITS) == (wrap ? USED_BITS : 0);
}

static int packed_peek(struct vmmio_driver_queue *q, struct used_elem *elem)
{
	const volatile struct vmmio_packed_desc *desc = ring_at(q, q->used_pos);
	uint16_t flags;

	if (!is_used(q, q->used_pos, q->used_wrap, &flags))
		return 0;
	elem->id = vmmio_le16(desc->id);
	elem->len = flags & VMMIO_DESC_F_WRITE ? vmmio_le32(desc->len) : 0;
	return 1;
}

/* The one used descriptor of a batch stands for all of it. */
static bool packed_covered(struct vmmio_driver_queue *q)
{
	(void)q;
	return true;
}

static void packed_consume(struct vmmio_driver_queue *q, uint16_t id)
{
	q->used_pos = pos_after(q, q->used_pos, &q->used_wrap, q->slots[id].n_desc);
	q->next[id] = q->free_head;
	q->free_head = id;
}

/* Where the n-th chain from now will be used if chains are of average length. */
static uint16_t pos_of_chain(const struct vmmio_driver_queue *q, unsigned n, bool *wrap)
{
	uint32_t descs = q->size - q->free_descs;
	uint32_t skip = n > 1 ? (uint32_t)((uint64_t)(n - 1) * descs / q->in_flight) : 0;

	*wrap = q->used_wrap;
	return pos_after(q, q->used_pos, wrap, skip);
}

static void packed_set_events(struct vmmio_driver_queue *q, enum event_mode mode, unsigned n)
{
	char *event = q->areas[1].host;
	uint16_t flags = VMMIO_EVENT_F_ENABLE;

	if (mode == EVENTS_OFF) {
		flags = VMMIO_EVENT_F_DISABLE;
	} else if (q->event_idx) {
		bool wrap;
		uint16_t pos = pos_of_chain(q, mode == EVENTS_AFTER ? n : 1, &wrap);

		store_le16(event, off_wrap(pos, wrap));
		flags = VMMIO_EVENT_F_DESC;
	}
	store_le16(event + EVENT_FLAGS, flags);
}

static bool packed_waiting(struct vmmio_driver_queue *q, unsigned n)
{
	uint16_t flags;
	bool wrap;
	uint16_t pos = pos_of_chain(q, n, &wrap);

	return is_used(q, pos, wrap, &flags);
}

const struct ring_ops vmmio_driver_ring_packed = {
	.layout = packed_layout,
	.init = packed_init,
	.place = packed_place,
	.publish = packed_publish,
	.wants_notify = packed_wants_notify,
	.position = packed_position,
	.peek = packed_peek,
	.covered = packed_covered,
	.consume = packed_consume,
	.set_events = packed_set_events,
	.waiting = packed_waiting,
};
