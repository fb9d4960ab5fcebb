/* SPDX-License-Identifier: BSD-3-Clause */
/* The packed ring: one ring of descriptors, written by both sides. */
#include "queue/mark.h"
#include "queue/walk.h"

/* Byte offsets in a descriptor. */
enum {
	DESC_SIZE = 16,
	DESC_LEN = 8,
	DESC_ID = 12,
	DESC_FLAGS = 14,
};

#define PHASE (VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED)

/* A place in the ring, and the lap. */
struct position {
	uint32_t at;
	bool wrap;
};

static void advance(const struct vmmio_ring *ring, struct position *pos, uint32_t n)
{
	pos->at += n;
	if (pos->at >= ring->size) {
		pos->at -= ring->size;
		pos->wrap = !pos->wrap;
	}
}

static char *desc_at(const struct vmmio_ring *ring, uint32_t at)
{
	return (char *)ring->desc + (size_t)at * DESC_SIZE;
}

static bool is_available(uint16_t flags, bool wrap)
{
	return (flags & PHASE) == (wrap ? VMMIO_DESC_F_AVAIL : VMMIO_DESC_F_USED);
}

static uint16_t load_flags(const struct vmmio_ring *ring, uint32_t at)
{
	/* Pairs with the driver's barrier before it hands over a list's first descriptor. */
	return vmmio_le16(shared_load16_acquire(desc_at(ring, at) + DESC_FLAGS));
}

/* Here entries count by position, and of their flags only WRITE (PACKED-DEV-16). */
static inline enum vmmio_fault walk_table(struct walk *walk, const struct desc_copy *refers)
{
	struct walk_indirect indirect;
	enum vmmio_fault fault;
	uint32_t i;

	if (!walk->ring->indirect)
		return VMMIO_FAULT_INDIRECT_DISABLED;
	if (refers->high & VMMIO_DESC_F_NEXT)
		return VMMIO_FAULT_INDIRECT_FLAGS;
	fault = walk_open(walk, refers->addr, refers->len, &indirect);
	for (i = 0; !fault && i < indirect.n; i++) {
		const struct desc_copy desc = walk_entry(walk, &indirect, i);

		fault = walk_add(walk, desc.addr, desc.len, desc.high & VMMIO_DESC_F_WRITE);
	}
	return fault;
}

/* Walks the list whose first descriptor has these flags; *last is a copy of its last one,
 * and *pos goes behind it. */
static inline enum vmmio_fault walk_list(
	struct walk *walk, uint16_t flags, struct position *pos, struct desc_copy *last)
{
	const struct vmmio_ring *ring = walk->ring;
	uint32_t room = ring->size - ring->in_flight;
	enum vmmio_fault fault;

	if (room == 0)
		return VMMIO_FAULT_AVAIL_INDEX;
	*last = desc_load(ring->desc, pos->at);
	/* The flags that were judged count, not those that are there by now. */
	last->high = flags;
	advance(ring, pos, 1);
	if (flags & VMMIO_DESC_F_INDIRECT)
		return walk_table(walk, last);
	for (;;) {
		fault = walk_add(walk, last->addr, last->len, last->high & VMMIO_DESC_F_WRITE);
		if (fault || !(last->high & VMMIO_DESC_F_NEXT))
			return fault;
		if (--room == 0)
			return ring->in_flight ? VMMIO_FAULT_UNTERMINATED : VMMIO_FAULT_CHAIN_LENGTH;
		*last = desc_load(ring->desc, pos->at);
		if (!is_available(last->high, pos->wrap))
			return VMMIO_FAULT_UNTERMINATED;
		/* A list is all direct, or one INDIRECT descriptor. */
		if (last->high & VMMIO_DESC_F_INDIRECT)
			return ring->indirect ? VMMIO_FAULT_INDIRECT_FLAGS
					      : VMMIO_FAULT_INDIRECT_DISABLED;
		advance(ring, pos, 1);
	}
}

/* Takes the list at *pos, if it has come. */
static inline enum vmmio_fault fetch_one(
	struct walk *walk, uint16_t flags, struct position *pos, struct vmmio_chain *chain)
{
	const struct vmmio_ring *ring = walk->ring;
	const struct position start = *pos;
	struct desc_copy last;
	enum vmmio_fault fault;
	uint32_t taken;

	walk_begin(walk);
	fault = walk_list(walk, flags, pos, &last);
	if (fault)
		return fault;
	if (last.low >= ring->size)
		return VMMIO_FAULT_HEAD;
	taken = pos->at - start.at;
	if (pos->wrap != start.wrap)
		taken += ring->size;
	return walk_end(walk, last.low, (uint16_t)taken, chain);
}

static unsigned packed_fetch(struct vmmio_ring *ring, const struct vmmio_memory_table *table,
	struct vmmio_chain *chains, unsigned max)
{
	struct position pos = {ring->avail, ring->avail_wrap};
	struct walk walk;
	unsigned n;

	walk_start(&walk, ring, table);
	for (n = 0; n < max; n++) {
		const uint16_t flags = load_flags(ring, pos.at);
		enum vmmio_fault fault;

		if (!is_available(flags, pos.wrap))
			break;
		fault = fetch_one(&walk, flags, &pos, &chains[n]);
		if (seldom(fault)) {
			ring_break(ring, fault);
			break;
		}
		ring->avail = (uint16_t)pos.at;
		ring->avail_wrap = pos.wrap;
	}
	return n;
}

/* Writes a used descriptor but its flags, which are returned. */
static inline uint16_t put_used(struct vmmio_ring *ring, const struct vmmio_ring_slot *slot)
{
	struct position pos = {ring->used, ring->used_wrap};
	char *desc = desc_at(ring, pos.at);
	const uint16_t flags = (uint16_t)((pos.wrap ? PHASE : 0) |
					  (slot->written || slot->touched ? VMMIO_DESC_F_WRITE : 0));

	shared_store32(desc + DESC_LEN, vmmio_le32(slot->written));
	shared_store16(desc + DESC_ID, vmmio_le16(slot->head));
	advance(ring, &pos, slot->descs);
	ring->used = (uint16_t)pos.at;
	ring->used_wrap = pos.wrap;
	return vmmio_le16(flags);
}

static unsigned packed_complete(struct vmmio_ring *ring, const struct vmmio_completion *completions,
	unsigned n, struct vmmio_ring_answers *answers)
{
	char *const first = desc_at(ring, ring->used) + DESC_FLAGS;
	uint16_t first_flags = 0;
	unsigned i, written = 0;

	for (i = 0; i < n; i++) {
		struct vmmio_ring_slot *slot = slot_answer(ring, &completions[i], answers);

		if (slot && ring->in_order)
			slot = slot_turn(ring);
		for (; slot; slot = slot_used(ring, slot)) {
			char *desc = desc_at(ring, ring->used);
			const uint16_t flags = put_used(ring, slot);

			if (written++ == 0)
				first_flags = flags;
			else
				shared_store16(desc + DESC_FLAGS, flags);
			if (seldom(ring->log))
				vmmio_mark(ring, desc + DESC_LEN, DESC_SIZE - DESC_LEN);
		}
	}
	/* The driver takes used descriptors in ring order, so the first one holds back the
	 * batch. Pairs with the driver's read barrier after it saw these flags. */
	if (written)
		shared_store16_release(first, first_flags);
	if (seldom(ring->log) && written)
		vmmio_mark(ring, first, 2);
	return written;
}

/* Our event suppression structure, in one store. */
static void store_event(struct vmmio_ring *ring, uint16_t off_wrap, uint16_t flags)
{
	shared_store32(ring->device, vmmio_le32(off_wrap | (uint32_t)flags << 16));
	if (seldom(ring->log))
		vmmio_mark(ring, ring->device, 4);
}

static bool packed_arm(struct vmmio_ring *ring)
{
	const uint16_t event =
		ring->event_idx ? (uint16_t)(ring->avail | ring->avail_wrap << 15) : 0;

	if (ring->event_known && ring->event == event)
		return false;
	store_event(ring, event, ring->event_idx ? VMMIO_EVENT_F_DESC : VMMIO_EVENT_F_ENABLE);
	ring->event = event;
	ring->event_known = true;
	return true;
}

static void packed_disarm(struct vmmio_ring *ring)
{
	store_event(ring, 0, VMMIO_EVENT_F_DISABLE);
	ring->event_known = false;
}

static bool packed_pending(const struct vmmio_ring *ring)
{
	return is_available(load_flags(ring, ring->avail), ring->avail_wrap);
}

/* Whether the driver's event lies among the untold entries: counted on a line on which
 * this lap begins at 0 and the lap before it at -size. */
static bool passed_event(const struct vmmio_ring *ring, uint16_t off_wrap)
{
	const int32_t end = ring->used;
	int32_t event = off_wrap & 0x7fff;

	if ((off_wrap >> 15) != ring->used_wrap)
		event -= (int32_t)ring->size;
	return event >= end - (int32_t)ring->untold && event < end;
}

static bool packed_wanted(const struct vmmio_ring *ring)
{
	/* One load: an offset belongs to the flags it came with. */
	const uint32_t event = vmmio_le32(shared_load32(ring->driver));

	switch (event >> 16 & 3) {
	case VMMIO_EVENT_F_DISABLE:
		return false;
	case VMMIO_EVENT_F_DESC:
		/* More than a lap: past every event. */
		if (!ring->event_idx || ring->untold > ring->size)
			return true;
		return passed_event(ring, (uint16_t)event);
	default:
		return true;
	}
}

const struct vmmio_ring_ops vmmio_ring_packed_ops = {
	.fetch = packed_fetch,
	.complete = packed_complete,
	.arm = packed_arm,
	.disarm = packed_disarm,
	.pending = packed_pending,
	.wanted = packed_wanted,
};
