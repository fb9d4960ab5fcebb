/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Turning a descriptor chain into iovecs, whatever the ring's format.
 *
 * The walk writes into the arrays of the slot that is to be taken next; the slot is taken
 * only when the whole chain has been judged. So nothing of a malformed chain is used.
 */
#ifndef VMMIO_QUEUE_WALK_H
#define VMMIO_QUEUE_WALK_H

#include "queue/shared.h"
#include "queue/slot.h"

/* A descriptor copied out of guest memory. The last two fields are, in this order, flags
 * and next (split), id and flags (packed). */
struct desc_copy {
	uint64_t addr;
	uint32_t len;
	uint16_t low, high;
};

struct walk {
	struct vmmio_ring *ring;
	const struct vmmio_memory_table *table;
	const struct vmmio_region *region; /* last hit; survives from chain to chain */
	struct vmmio_iovec *first;
	struct vmmio_iovec *next;
	struct vmmio_iovec *end; /* first: more pieces than the backend takes */
	struct vmmio_iovec *writable; /* NULL: not writing yet */
	uint64_t bytes;
	uint32_t flags; /* that all regions have that were left; see walk_flags */
	uint64_t readable_bytes; /* bytes as they were before writing */
};

/* An indirect table: host is NULL where it has to be copied entry by entry. */
struct walk_indirect {
	const char *host;
	uint64_t guest;
	uint32_t n;
};

/* Size 0 holds no address, and all flags spoil none: with it as the region last hit, all is done the slow way. */
extern const struct vmmio_region vmmio_walk_nowhere;

/* What walk_add has not done itself: other regions, translation, faults. */
enum vmmio_fault vmmio_walk_add_slow(struct walk *walk, uint64_t addr, uint32_t len, bool write);

/* Whether a table beyond the region last hit is memory, in however many regions. *host is
 * set if it is one, and aligned. */
enum vmmio_fault vmmio_walk_cover(
	struct walk *walk, uint64_t addr, uint32_t len, const char **host);

/* Entry i of a table that lies in several regions, or unaligned. */
struct desc_copy vmmio_walk_entry_slow(
	struct walk *walk, const struct walk_indirect *indirect, uint32_t i);

/* Sets ring, table and region for a batch of chains. */
static inline void walk_start(
	struct walk *walk, struct vmmio_ring *ring, const struct vmmio_memory_table *table)
{
	walk->ring = ring;
	walk->table = table;
	walk->region = ring->hint < table->n && !ring->iova ? &table->region[ring->hint]
							    : &vmmio_walk_nowhere;
}

static inline void walk_begin(struct walk *walk)
{
	const struct vmmio_ring *ring = walk->ring;

	walk->first = walk->next = ring->iov + (size_t)ring->free_head * ring->max_segments;
	walk->end = walk->first + ring->max_segments;
	walk->writable = NULL;
	walk->bytes = walk->readable_bytes = 0;
	walk->flags = UINT32_MAX;
}

static inline struct desc_copy desc_unpack(uint64_t addr, uint64_t rest)
{
	rest = vmmio_le64(rest);
	return (struct desc_copy){
		.addr = vmmio_le64(addr),
		.len = (uint32_t)rest,
		.low = (uint16_t)(rest >> 32),
		.high = (uint16_t)(rest >> 48),
	};
}

/* Entry i of a descriptor table that is aligned to 8. */
static inline struct desc_copy desc_load(const void *table, uint32_t i)
{
	const char *at = (const char *)table + (size_t)i * 16;

	return desc_unpack(shared_load64(at), shared_load64(at + 8));
}

static inline void walk_write(struct walk *walk)
{
	walk->writable = walk->next;
	walk->readable_bytes = walk->bytes;
}

static inline void walk_put(struct walk *walk, void *host, uint32_t len)
{
	walk->next->base = host;
	walk->next->len = len;
	walk->next++;
	walk->bytes += len;
}

/* Of the regions that its pieces are in. That of the last hit counts here and not piece by
 * piece: it is where the last piece is. */
static inline uint32_t walk_flags(const struct walk *walk)
{
	return walk->flags & walk->region->flags;
}

/*
 * The functions of walk.c get a copy of the walk to work on: so its address goes nowhere
 * else, and the hot loops keep it in registers.
 */
static inline struct desc_copy walk_entry(
	struct walk *walk, const struct walk_indirect *indirect, uint32_t i)
{
	struct walk copy;
	struct desc_copy desc;

	if (indirect->host)
		return desc_load(indirect->host, i);
	copy = *walk;
	desc = vmmio_walk_entry_slow(&copy, indirect, i);
	*walk = copy;
	return desc;
}

/* Opens the table that an INDIRECT descriptor refers to. */
static inline enum vmmio_fault walk_open(
	struct walk *walk, uint64_t addr, uint32_t len, struct walk_indirect *out)
{
	const struct vmmio_region *region = walk->region;
	const uint64_t offset = addr - region->guest;
	const char *host = (const char *)region->host;

	if (len == 0 || len % 16 || len / 16 > walk->ring->size)
		return VMMIO_FAULT_INDIRECT_LENGTH;
	*out = (struct walk_indirect){.guest = addr, .n = len / 16};
	if (offset >= region->size || len > region->size - offset) {
		struct walk copy = *walk;
		const enum vmmio_fault fault = vmmio_walk_cover(&copy, addr, len, &out->host);

		*walk = copy;
		return fault;
	}
	if (((uintptr_t)host + offset) % 8 == 0)
		out->host = host + offset;
	return VMMIO_FAULT_NONE;
}

/* Adds a buffer. The common case, one piece in the region last hit, is inline. */
static inline enum vmmio_fault walk_add(
	struct walk *walk, uint64_t addr, uint32_t len, bool write)
{
	const struct vmmio_region *region = walk->region;
	const uint64_t offset = addr - region->guest, end = offset + len;
	struct walk copy;
	enum vmmio_fault fault;

	/* An empty buffer ends where it begins, one that wraps before. */
	if (seldom(end > region->size || end <= offset || walk->next >= walk->end))
		goto slow;
	if (write) {
		if (seldom(region->flags & VMMIO_REGION_READ_ONLY))
			goto slow;
		if (!walk->writable)
			walk_write(walk);
	} else if (seldom(walk->writable)) {
		goto slow;
	}
	walk_put(walk, (char *)region->host + offset, len);
	return VMMIO_FAULT_NONE;
slow:
	copy = *walk;
	fault = vmmio_walk_add_slow(&copy, addr, len, write);
	*walk = copy;
	return fault;
}

/* The chain is complete: takes its slot and describes it. */
static inline enum vmmio_fault walk_end(
	struct walk *walk, uint16_t head, uint16_t descs, struct vmmio_chain *chain)
{
	struct vmmio_ring_slot *slot = slot_next(walk->ring);
	uint32_t n_readable, n_writable, readable_len, writable_len;

	if (walk->bytes > UINT32_MAX)
		return VMMIO_FAULT_CHAIN_BYTES;
	if (walk->end == walk->first)
		return VMMIO_FAULT_SEGMENTS;
	if (!walk->writable)
		walk_write(walk);
	n_readable = (uint32_t)(walk->writable - walk->first);
	n_writable = (uint32_t)(walk->next - walk->writable);
	readable_len = (uint32_t)walk->readable_bytes;
	writable_len = (uint32_t)(walk->bytes - walk->readable_bytes);
	slot->head = head;
	slot->descs = descs;
	slot->writable_len = writable_len;
	slot->n_readable = n_readable;
	slot->n_writable = n_writable;
	slot->serial = walk->table->serial;
	chain->token = slot_take(walk->ring);
	chain->readable = walk->first;
	chain->writable = walk->writable;
	chain->n_readable = n_readable;
	chain->n_writable = n_writable;
	chain->readable_len = readable_len;
	chain->writable_len = writable_len;
	chain->head = head;
	chain->pinned = walk_flags(walk) & VMMIO_REGION_PINNED;
	return VMMIO_FAULT_NONE;
}

#endif
