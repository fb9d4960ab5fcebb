/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed rings, the driver's side. */
#include "conform/ring_format.h"

#define PHASES (VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED)

/* AVAIL as the driver's wrap counter, USED its inverse. */
static uint16_t available(bool wrap)
{
	return (uint16_t)(wrap ? VMMIO_DESC_F_AVAIL : VMMIO_DESC_F_USED);
}

static void write_desc(struct conform *c, const struct ring *ring, const struct seg *seg,
	uint16_t id, uint16_t flags)
{
	struct vmmio_packed_desc desc = {
		.addr = vmmio_le64(seg->addr),
		.len = vmmio_le32(seg->len),
		.id = vmmio_le16(id),
	};
	uint64_t at = ring_desc_at(ring, ring->avail);

	/* The flags last: they are what shows the rest. */
	put(c, at, &desc, 14);
	if (flags)
		put16(c, at + 14, flags);
}

static void advance(const struct ring *ring, uint16_t *slot, bool *wrap, uint16_t n)
{
	uint32_t next = (uint32_t)*slot + n;

	if (next >= ring->size) {
		next -= ring->size;
		*wrap = !*wrap;
	}
	*slot = (uint16_t)next;
}

uint32_t packed_add(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n,
	uint16_t more_flags)
{
	uint16_t id = ring->free_head;

	for (unsigned i = 0; i < n; i++) {
		uint16_t flags = (uint16_t)(available(ring->avail_wrap) |
					    (segs[i].write ? VMMIO_DESC_F_WRITE : 0) |
					    (i + 1 == n ? more_flags : VMMIO_DESC_F_NEXT));
		bool held = ring->unpublished_slot < 0;

		if (held) {
			ring->unpublished_slot = ring->avail;
			ring->unpublished_flags = flags;
		}
		write_desc(c, ring, &segs[i], id, held ? 0 : flags);
		advance(ring, &ring->avail, &ring->avail_wrap, 1);
	}
	ring->free_head = ring->next_free[id];
	ring->n_free -= n;
	ring->length[id] = (uint16_t)n;
	book_add(ring, id);
	return id;
}

void packed_publish(struct conform *c, struct ring *ring)
{
	if (ring->unpublished_slot < 0)
		return;
	put16(c, ring_desc_at(ring, (uint32_t)ring->unpublished_slot) + 14, ring->unpublished_flags);
	ring->unpublished_slot = -1;
}

unsigned packed_waiting(struct conform *c, const struct ring *ring)
{
	uint16_t flags = get16(c, ring_desc_at(ring, ring->used) + 14);

	return (flags & PHASES) == (ring->used_wrap ? PHASES : 0);
}

/* A list's descriptors and its id are the driver's again. */
static void give_back(struct ring *ring, uint16_t id)
{
	advance(ring, &ring->used, &ring->used_wrap, ring->length[id]);
	ring->n_free += ring->length[id];
	ring->length[id] = 0;
	ring->next_free[id] = ring->free_head;
	ring->free_head = id;
}

bool packed_used(struct conform *c, struct ring *ring, struct used *used)
{
	uint64_t at = ring_desc_at(ring, ring->used);

	/* A ring in which nothing is out has no used descriptor, whatever its flags. */
	if (ring->n_free == ring->size || !packed_waiting(c, ring))
		return false;
	*used = (struct used){
		.len = get32(c, at + 8), .id = get16(c, at + 12), .flags = get16(c, at + 14)};
	used->batch = (uint16_t)book_batch(ring, used->id, ring->n_out);
	for (unsigned left = used->batch; left; left--)
		give_back(ring, book_take(ring, used->id, left));
	return true;
}

void packed_want(struct conform *c, struct ring *ring, uint16_t flags, unsigned ahead)
{
	uint16_t slot = ring->used;
	bool wrap = ring->used_wrap;

	advance(ring, &slot, &wrap, (uint16_t)ahead);
	put16(c, ring->driver, (uint16_t)(slot | (wrap ? 0x8000 : 0)));
	put16(c, ring->driver + 2, flags);
}
