/* SPDX-License-Identifier: BSD-3-Clause */
/* The split ring: descriptor table, available ring, used ring. */
#include "queue/mark.h"
#include "queue/walk.h"

/* Byte offsets in the available and the used ring. */
enum {
	RING_FLAGS = 0,
	RING_IDX = 2,
	RING_ENTRIES = 4,
	AVAIL_ENTRY = 2,
	USED_ENTRY = 8,
};

static uint16_t load_avail_idx(const struct vmmio_ring *ring)
{
	/* Pairs with the driver's barrier between its descriptors and idx. */
	return vmmio_le16(shared_load16_acquire((const char *)ring->driver + RING_IDX));
}

static const char *avail_entry(const struct vmmio_ring *ring, uint32_t i)
{
	return (const char *)ring->driver + RING_ENTRIES + (size_t)i * AVAIL_ENTRY;
}

static char *used_entry(const struct vmmio_ring *ring, uint32_t i)
{
	return (char *)ring->device + RING_ENTRIES + (size_t)i * USED_ENTRY;
}

static enum vmmio_fault open_table(
	struct walk *walk, const struct desc_copy *refers, struct walk_indirect *out)
{
	if (!walk->ring->indirect)
		return VMMIO_FAULT_INDIRECT_DISABLED;
	/* WRITE beside INDIRECT is ignored (SPLIT-DEV-07). */
	if (refers->low & VMMIO_DESC_F_NEXT)
		return VMMIO_FAULT_INDIRECT_FLAGS;
	return walk_open(walk, refers->addr, refers->len, out);
}

/* One loop for both tables: behind an INDIRECT descriptor it goes on in the other one. */
static inline enum vmmio_fault walk_chain(struct walk *walk, uint32_t i)
{
	struct walk_indirect table = {.host = walk->ring->desc, .n = walk->ring->size};
	uint32_t steps = walk->ring->size; /* buffers it may still have */
	bool indirect = false;

	if (i >= table.n)
		return VMMIO_FAULT_HEAD;
	for (;;) {
		const struct desc_copy desc = walk_entry(walk, &table, i);
		enum vmmio_fault fault;

		if (desc.low & VMMIO_DESC_F_INDIRECT) {
			if (indirect)
				return VMMIO_FAULT_INDIRECT_FLAGS;
			fault = open_table(walk, &desc, &table);
			if (fault)
				return fault;
			indirect = true;
			i = 0;
			continue;
		}
		fault = walk_add(walk, desc.addr, desc.len, desc.low & VMMIO_DESC_F_WRITE);
		if (fault || !(desc.low & VMMIO_DESC_F_NEXT))
			return fault;
		i = desc.high;
		if (i >= table.n)
			return VMMIO_FAULT_NEXT;
		if (--steps == 0)
			return VMMIO_FAULT_CHAIN_LENGTH;
	}
}

static unsigned split_fetch(struct vmmio_ring *ring, const struct vmmio_memory_table *table,
	struct vmmio_chain *chains, unsigned max)
{
	const uint32_t mask = ring->size - 1;
	const uint16_t first = ring->avail, there = (uint16_t)(load_avail_idx(ring) - first);
	struct walk walk;
	unsigned n;

	if (there > ring->size - ring->in_flight) {
		ring_break(ring, VMMIO_FAULT_AVAIL_INDEX);
		return 0;
	}
	if (max > there)
		max = there;
	walk_start(&walk, ring, table);
	for (n = 0; n < max; n++) {
		const uint16_t head =
			vmmio_le16(shared_load16(avail_entry(ring, (first + n) & mask)));
		enum vmmio_fault fault;

		walk_begin(&walk);
		fault = walk_chain(&walk, head);
		if (!fault)
			fault = walk_end(&walk, head, 1, &chains[n]);
		if (seldom(fault)) {
			ring_break(ring, fault);
			break;
		}
	}
	ring->avail = (uint16_t)(first + n);
	return n;
}

static inline void put_used(struct vmmio_ring *ring, const struct vmmio_ring_slot *slot)
{
	char *entry = used_entry(ring, ring->used & (ring->size - 1));

	shared_store32(entry, vmmio_le32(slot->head));
	shared_store32(entry + 4, vmmio_le32(slot->written));
	ring->used++;
}

/* The last n entries, and idx, have been written. n is at most size. */
static void mark_used(struct vmmio_ring *ring, uint32_t n)
{
	const uint32_t end = ring->used & (ring->size - 1);
	const uint32_t tail = n < end ? n : end;

	vmmio_mark(ring, used_entry(ring, end - tail), (uint64_t)tail * USED_ENTRY);
	vmmio_mark(ring, used_entry(ring, ring->size - (n - tail)), (uint64_t)(n - tail) * USED_ENTRY);
	vmmio_mark(ring, (char *)ring->device + RING_IDX, 2);
}

static unsigned split_complete(struct vmmio_ring *ring, const struct vmmio_completion *completions,
	unsigned n, struct vmmio_ring_answers *answers)
{
	unsigned i, written = 0;

	for (i = 0; i < n; i++) {
		struct vmmio_ring_slot *slot = slot_answer(ring, &completions[i], answers);

		if (slot && ring->in_order)
			slot = slot_turn(ring);
		for (; slot; slot = slot_used(ring, slot)) {
			put_used(ring, slot);
			written++;
		}
	}
	/* Pairs with the driver's read barrier: entries and buffers before idx. */
	if (written)
		shared_store16_release((char *)ring->device + RING_IDX, vmmio_le16(ring->used));
	if (seldom(ring->log) && written)
		mark_used(ring, written);
	return written;
}

/* Where the driver looks whether to notify. */
static void store_event(struct vmmio_ring *ring, char *at, uint16_t value)
{
	shared_store16(at, vmmio_le16(value));
	if (seldom(ring->log))
		vmmio_mark(ring, at, 2);
}

static bool split_arm(struct vmmio_ring *ring)
{
	const uint16_t event = ring->event_idx ? ring->avail : 0;

	if (ring->event_known && ring->event == event)
		return false;
	if (ring->event_idx)
		store_event(ring, used_entry(ring, ring->size), event);
	else
		store_event(ring, (char *)ring->device + RING_FLAGS, 0);
	ring->event = event;
	ring->event_known = true;
	return true;
}

static void split_disarm(struct vmmio_ring *ring)
{
	/* With EVENT_IDX the flags stay 0; an event left behind stays quiet by itself. */
	if (ring->event_idx)
		return;
	store_event(ring, (char *)ring->device + RING_FLAGS, VMMIO_USED_F_NO_NOTIFY);
	ring->event_known = false;
}

static bool split_pending(const struct vmmio_ring *ring)
{
	return load_avail_idx(ring) != ring->avail;
}

static bool split_wanted(const struct vmmio_ring *ring)
{
	uint16_t event;

	if (!ring->event_idx)
		return !(vmmio_le16(shared_load16((const char *)ring->driver + RING_FLAGS)) &
			 VMMIO_AVAIL_F_NO_INTERRUPT);
	/* Once untold exceeds 16 bits every event has been passed, and this is always true. */
	event = vmmio_le16(shared_load16(avail_entry(ring, ring->size)));
	return (uint16_t)(ring->used - event - 1) < ring->untold;
}

const struct vmmio_ring_ops vmmio_ring_split_ops = {
	.fetch = split_fetch,
	.complete = split_complete,
	.arm = split_arm,
	.disarm = split_disarm,
	.pending = split_pending,
	.wanted = split_wanted,
};
