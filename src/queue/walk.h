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
	struct vmmio_iovec *iov;
	uint32_t n;     /* pieces */
	uint32_t flags; /* that all regions have */
	uint64_t bytes;
	uint32_t n_readable; /* once writing: what n and bytes were before */
	uint64_t readable_bytes;
	bool writing;
	bool overfull; /* more pieces than the backend takes */
};

/* An indirect table: host is NULL where it has to be copied entry by entry. */
struct walk_indirect {
	const char *host;
	uint64_t guest;
	uint32_t n;
};

/* Size 0 holds no address: with it as the region last hit, all is done the slow way. */
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

	walk->iov = ring->iov + (size_t)ring->free_head * ring->max_segments;
	walk->n = walk->n_readable = 0;
	walk->bytes = walk->readable_bytes = 0;
	walk->flags = UINT32_MAX;
	walk->writing = walk->overfull = false;
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
	walk->writing = true;
	walk->n_readable = walk->n;
	walk->readable_bytes = walk->bytes;
}

static inline void walk_put(struct walk *walk, void *host, uint32_t len)
{
	struct vmmio_iovec *iov = &walk->iov[walk->n++];

	iov->base = host;
	iov->len = len;
	walk->bytes += len;
	walk->flags &= walk->region->flags;
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
	const uint64_t offset = addr - region->guest;

	/* len - 1 of an empty buffer is huge. */
	if (seldom(offset >= region->size || (uint64_t)len - 1 >= region->size - offset ||
		   walk->n >= walk->ring->max_segments || (walk->writing && !write) ||
		   (write && (region->flags & VMMIO_REGION_READ_ONLY)))) {
		struct walk copy = *walk;
		const enum vmmio_fault fault = vmmio_walk_add_slow(&copy, addr, len, write);

		*walk = copy;
		return fault;
	}
	if (write && !walk->writing)
		walk_write(walk);
	walk_put(walk, (char *)region->host + offset, len);
	return VMMIO_FAULT_NONE;
}

/* The chain is complete: takes its slot and describes it. */
static inline enum vmmio_fault walk_end(
	struct walk *walk, uint16_t head, uint16_t descs, struct vmmio_chain *chain)
{
	struct vmmio_ring_slot *slot = slot_next(walk->ring);

	if (walk->bytes > UINT32_MAX)
		return VMMIO_FAULT_CHAIN_BYTES;
	if (walk->overfull)
		return VMMIO_FAULT_SEGMENTS;
	if (!walk->writing)
		walk_write(walk);
	slot->head = head;
	slot->descs = descs;
	slot->writable_len = (uint32_t)(walk->bytes - walk->readable_bytes);
	slot->n_readable = walk->n_readable;
	slot->n_writable = walk->n - walk->n_readable;
	slot->serial = walk->table->serial;
	chain->token = slot_take(walk->ring);
	chain->readable = walk->iov;
	chain->writable = walk->iov + walk->n_readable;
	chain->n_readable = walk->n_readable;
	chain->n_writable = walk->n - walk->n_readable;
	chain->readable_len = (uint32_t)walk->readable_bytes;
	chain->writable_len = (uint32_t)(walk->bytes - walk->readable_bytes);
	chain->head = head;
	chain->pinned = walk->flags & VMMIO_REGION_PINNED;
	return VMMIO_FAULT_NONE;
}

#endif
