/* SPDX-License-Identifier: BSD-3-Clause */
/* Split rings, the driver's side. */
#include "conform/ring_format.h"

uint64_t ring_avail_flags(const struct ring *ring)
{
	return ring->driver;
}

uint64_t ring_avail_idx(const struct ring *ring)
{
	return ring->driver + 2;
}

uint64_t ring_avail_entry(const struct ring *ring, uint16_t idx)
{
	return ring->driver + 4 + 2u * (uint64_t)(idx % ring->size);
}

uint64_t ring_used_event(const struct ring *ring)
{
	return ring->driver + 4 + 2u * (uint64_t)ring->size;
}

uint64_t ring_used_flags(const struct ring *ring)
{
	return ring->device;
}

uint64_t ring_used_idx(const struct ring *ring)
{
	return ring->device + 2;
}

uint64_t ring_used_entry(const struct ring *ring, uint16_t idx)
{
	return ring->device + 4 + 8u * (uint64_t)(idx % ring->size);
}

uint64_t ring_avail_event(const struct ring *ring)
{
	return ring->device + 4 + 8u * (uint64_t)ring->size;
}

/* --- Chains ------------------------------------------------------------------------------- */

static void write_desc(struct conform *c, const struct ring *ring, uint32_t slot,
	const struct seg *seg, const uint16_t flags_next[2])
{
	struct vmmio_split_desc desc = {
		.addr = vmmio_le64(seg->addr),
		.len = vmmio_le32(seg->len),
		.flags = vmmio_le16(flags_next[0]),
		.next = vmmio_le16(flags_next[1]),
	};

	put(c, ring_desc_at(ring, slot), &desc, sizeof(desc));
}

/* The free descriptor after this one. With IN_ORDER they go round the table, else the last one
 * that came back is taken first. */
static uint16_t next_slot(const struct ring *ring, uint16_t slot)
{
	return ring->in_order ? (uint16_t)((slot + 1) % ring->size) : ring->next_free[slot];
}

uint32_t split_add(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n,
	uint16_t more_flags)
{
	uint16_t head = ring->free_head, slot = head;

	for (unsigned i = 0; i < n; i++) {
		uint16_t next = next_slot(ring, slot);
		bool last = i + 1 == n;
		uint16_t flags = (uint16_t)((segs[i].write ? VMMIO_DESC_F_WRITE : 0) |
					    (last ? more_flags : VMMIO_DESC_F_NEXT));

		write_desc(c, ring, slot, &segs[i], (const uint16_t[2]){flags, last ? 0 : next});
		slot = next;
	}
	ring->free_head = slot;
	ring->n_free -= n;
	ring->length[head] = (uint16_t)n;
	book_add(ring, head);
	put16(c, ring_avail_entry(ring, ring->avail++), head);
	return head;
}

void split_publish(struct conform *c, struct ring *ring)
{
	put16(c, ring_avail_idx(ring), ring->avail);
	ring->shown = ring->avail;
}

/* A chain's descriptors are the driver's again. */
static void give_back(struct ring *ring, uint16_t head)
{
	uint16_t n = ring->length[head], last = head;

	ring->length[head] = 0;
	ring->n_free += n;
	if (ring->in_order)
		return;
	while (--n)
		last = ring->next_free[last];
	ring->next_free[last] = ring->free_head;
	ring->free_head = head;
}

unsigned split_waiting(struct conform *c, const struct ring *ring)
{
	return (uint16_t)(get16(c, ring_used_idx(ring)) - ring->used);
}

bool split_used(struct conform *c, struct ring *ring, struct used *used)
{
	uint64_t entry = ring_used_entry(ring, ring->used);
	unsigned waiting = split_waiting(c, ring);

	if (!waiting)
		return false;
	*used = (struct used){.id = get32(c, entry), .len = get32(c, entry + 4)};
	used->batch = (uint16_t)book_batch(ring, used->id, waiting);
	for (unsigned left = used->batch; left; left--)
		give_back(ring, book_take(ring, used->id, left));
	ring->used = (uint16_t)(ring->used + (used->batch ? used->batch : 1));
	return true;
}

void split_want(struct conform *c, struct ring *ring, uint16_t flags, uint16_t used_event)
{
	if (ring->event_idx)
		put16(c, ring_used_event(ring), used_event);
	else
		put16(c, ring_avail_flags(ring), flags);
}
