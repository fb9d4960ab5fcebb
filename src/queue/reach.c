/* SPDX-License-Identifier: BSD-3-Clause */
/* What a ring reaches in guest memory, and the log of what it has written there. */
#include "queue/mark.h"
#include "queue/slot.h"

static bool intersect(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return b - a < a_size || a - b < b_size;
}

static bool slot_reaches(const struct vmmio_ring *ring, const struct vmmio_ring_slot *slot,
	const struct vmmio_memory_gone *gone)
{
	const size_t first = (size_t)(slot - ring->slots) * ring->max_segments;
	const uint32_t n = slot->n_readable + slot->n_writable;
	uint32_t i;

	for (i = 0; i < n; i++) {
		const struct vmmio_iovec *iov = &ring->iov[first + i];

		if (gone->size && intersect((uintptr_t)iov->base, iov->len, (uintptr_t)gone->host,
					  gone->size))
			return true;
		if (gone->iova_size && ring->iova &&
			intersect(ring->iova[first + i], iov->len, gone->iova, gone->iova_size))
			return true;
	}
	return false;
}

bool vmmio_ring_reaches(const struct vmmio_ring *ring, const struct vmmio_memory_gone *gone)
{
	uint32_t i;

	if (ring->leases == 0 || (gone->size == 0 && gone->iova_size == 0))
		return false;
	for (i = 0; i < ring->size; i++) {
		const struct vmmio_ring_slot *slot = &ring->slots[i];

		/* Chains of later versions do not lie in what they no longer had. */
		if (slot->state == SLOT_OUT && slot->serial <= gone->serial &&
			slot_reaches(ring, slot, gone))
			return true;
	}
	return false;
}

bool vmmio_ring_lies_in(const struct vmmio_ring *ring, const struct vmmio_memory_gone *gone)
{
	unsigned i;

	if (!ring->running || ring->serial > gone->serial)
		return false;
	for (i = 0; i < 3; i++) {
		const struct vmmio_ring_area *area = &ring->areas[i];

		if (gone->size && intersect(area->guest, area->size, gone->guest, gone->size))
			return true;
		if (gone->iova_size && ring->iova &&
			intersect(area->addr, area->size, gone->iova, gone->iova_size))
			return true;
	}
	return false;
}

void vmmio_ring_break(struct vmmio_ring *ring, enum vmmio_fault fault)
{
	if (ring->running)
		ring_break(ring, fault);
}

/* --- The dirty log ------------------------------------------------------------------- */

void vmmio_mark(const struct vmmio_ring *ring, const void *host, uint64_t len)
{
	vmmio_table_mark(ring->log, host, len);
}

static void mark_writable(const struct vmmio_ring *ring, const struct vmmio_ring_slot *slot,
	uint32_t offset, uint32_t len)
{
	const size_t first =
		(size_t)(slot - ring->slots) * ring->max_segments + slot->n_readable;
	uint32_t i;

	for (i = 0; i < slot->n_writable && len; i++) {
		const struct vmmio_iovec *iov = &ring->iov[first + i];
		size_t n;

		if (offset >= iov->len) {
			offset -= (uint32_t)iov->len;
			continue;
		}
		n = iov->len - offset < len ? iov->len - offset : len;
		vmmio_mark(ring, (const char *)iov->base + offset, n);
		len -= (uint32_t)n;
		offset = 0;
	}
}

void vmmio_mark_answers(
	const struct vmmio_ring *ring, const struct vmmio_completion *completions, unsigned n)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		const struct vmmio_ring_slot *slot = slot_of(ring, completions[i].token);

		if (slot && slot->state == SLOT_OUT)
			mark_writable(ring, slot, 0, completions[i].len);
	}
}

bool vmmio_ring_dirty(
	struct vmmio_ring *ring, vmmio_token token, uint32_t offset, uint32_t len)
{
	struct vmmio_ring_slot *slot = slot_of(ring, token);

	if (slot && slot->state == SLOT_OUT && len && offset < slot->writable_len)
		slot->touched = true;
	if (slot && slot->state == SLOT_OUT && ring->log)
		mark_writable(ring, slot, offset, len);
	return slot && (slot->state == SLOT_OUT || slot->state == SLOT_FENCED);
}
