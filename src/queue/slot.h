/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What split.c and packed.c share with ring.c: the ops of a format, and slots.
 *
 * A slot stands for one chain that is out. A free slot is on the free list. A popped one
 * is out until its answer comes. It is held from its answer to its used entry: at once,
 * or with IN_ORDER when all popped before it have theirs. It is late from its answer during a
 * pause to the flush, and fenced from a fence to its answer.
 * Guest-chosen numbers (heads, buffer ids) never index anything here.
 */
#ifndef VMMIO_QUEUE_SLOT_H
#define VMMIO_QUEUE_SLOT_H

#include "queue/ring.h"

enum slot_state {
	SLOT_FREE,
	SLOT_OUT,
	SLOT_HELD,
	SLOT_LATE,
	SLOT_FENCED,
};

/* Keeps what a correct driver seldom does out of the hot loops' straight line. */
#define seldom(condition) __builtin_expect(!!(condition), 0)

#define GENERATION_MASK UINT64_C(0xffffffffffff)

/* One ring format. None is called unless the ring is running. */
struct vmmio_ring_ops {
	/* Takes chains off the ring; on a fault the ring is broken. */
	unsigned (*fetch)(struct vmmio_ring *ring, const struct vmmio_memory_table *table,
		struct vmmio_chain *chains, unsigned max);
	/* Takes answers and publishes used entries; returns how many of these. */
	unsigned (*complete)(struct vmmio_ring *ring, const struct vmmio_completion *completions,
		unsigned n, struct vmmio_ring_answers *answers);
	/* Asks for a notification of the next buffer. False: the driver knows already. */
	bool (*arm)(struct vmmio_ring *ring);
	/* Asks for none. */
	void (*disarm)(struct vmmio_ring *ring);
	/* Whether the driver has made a buffer available. */
	bool (*pending)(const struct vmmio_ring *ring);
	/* Whether the driver wants to hear of the untold entries. After the full fence. */
	bool (*wanted)(const struct vmmio_ring *ring);
};

extern const struct vmmio_ring_ops vmmio_ring_split_ops;
extern const struct vmmio_ring_ops vmmio_ring_packed_ops;

static inline void ring_break(struct vmmio_ring *ring, enum vmmio_fault fault)
{
	ring->fault = fault;
	ring->running = false;
}

/* The slot that slot_take will take. There is one as long as in_flight < size. */
static inline struct vmmio_ring_slot *slot_next(const struct vmmio_ring *ring)
{
	return &ring->slots[ring->free_head];
}

static inline vmmio_token slot_take(struct vmmio_ring *ring)
{
	const uint16_t index = ring->free_head;
	struct vmmio_ring_slot *slot = &ring->slots[index];

	ring->free_head = slot->next;
	if (ring->in_order) {
		if (ring->in_flight)
			ring->slots[ring->newest].next = index;
		else
			ring->oldest = index;
		ring->newest = index;
	}
	ring->generation = (ring->generation + 1) & GENERATION_MASK;
	if (ring->generation == 0)
		ring->generation = 1;
	slot->generation = ring->generation;
	slot->state = SLOT_OUT;
	slot->touched = false;
	ring->in_flight += slot->descs;
	ring->leases++;
	return slot->generation << 16 | index;
}

/* The slot a token names; NULL if it never did, or names another one now. */
static inline struct vmmio_ring_slot *slot_of(const struct vmmio_ring *ring, vmmio_token token)
{
	const uint32_t index = token & 0xffff;
	struct vmmio_ring_slot *slot = index < ring->size ? &ring->slots[index] : NULL;

	return slot && slot->generation == token >> 16 ? slot : NULL;
}

/* The slot an answer is for, now held; NULL if no such chain is out. */
static inline struct vmmio_ring_slot *slot_answer(struct vmmio_ring *ring,
	const struct vmmio_completion *completion, struct vmmio_ring_answers *answers)
{
	struct vmmio_ring_slot *slot = slot_of(ring, completion->token);

	if (!slot || slot->state != SLOT_OUT) {
		answers->wrong++;
		return NULL;
	}
	slot->state = SLOT_HELD;
	slot->written = completion->len;
	if (slot->written > slot->writable_len) {
		slot->written = slot->writable_len;
		answers->cut++;
	}
	ring->leases--;
	answers->accepted++;
	return slot;
}

static inline void slot_free(struct vmmio_ring *ring, struct vmmio_ring_slot *slot)
{
	slot->state = SLOT_FREE;
	slot->next = ring->free_head;
	ring->free_head = (uint16_t)(slot - ring->slots);
}

/* IN_ORDER: the slot whose turn it is, if its answer is there. */
static inline struct vmmio_ring_slot *slot_turn(const struct vmmio_ring *ring)
{
	struct vmmio_ring_slot *slot = &ring->slots[ring->oldest];

	return ring->in_flight && slot->state == SLOT_HELD ? slot : NULL;
}

/* The slot has its used entry. Returns the next one that may have one now. */
static inline struct vmmio_ring_slot *slot_used(
	struct vmmio_ring *ring, struct vmmio_ring_slot *slot)
{
	ring->in_flight -= slot->descs;
	ring->untold += slot->descs;
	if (ring->in_order)
		ring->oldest = slot->next;
	slot_free(ring, slot);
	return ring->in_order ? slot_turn(ring) : NULL;
}

#endif
