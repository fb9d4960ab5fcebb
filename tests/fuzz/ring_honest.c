/* SPDX-License-Identifier: BSD-3-Clause */
/* See ring_honest.h. */
#include "ring_honest.h"

#include <inttypes.h>
#include <string.h>

/* All of a piece has to lie in one region, and be writable where it says so. The region's
 * flags. */
static uint32_t check_piece(const struct rig *rig, const struct vmmio_iovec *piece, bool write)
{
	const uintptr_t at = (uintptr_t)piece->base;

	for (unsigned i = 0; i < rig->table->n; i++) {
		const struct vmmio_region *region = &rig->table->region[i];
		const uintptr_t host = (uintptr_t)region->host;

		if (at < host || at - host >= region->size)
			continue;
		FUZZ_CHECK(piece->len && piece->len <= region->size - (at - host),
			"%zu bytes reach beyond region %u", (size_t)piece->len, i);
		FUZZ_CHECK(!write || !(region->flags & VMMIO_REGION_READ_ONLY),
			"region %u is read-only", i);
		return region->flags;
	}
	fuzz_fail(__FILE__, __LINE__, "a piece is in no region");
}

uint32_t ring_check_pieces(const struct rig *rig, const struct vmmio_iovec *iov, uint32_t n,
	uint32_t len, bool write)
{
	uint32_t flags = UINT32_MAX;
	uint64_t total = 0;

	for (uint32_t i = 0; i < n; i++) {
		flags &= check_piece(rig, &iov[i], write);
		total += iov[i].len;
		if (write)
			memset(iov[i].base, 0x77, iov[i].len);
	}
	FUZZ_CHECK(total == len, "pieces of %" PRIu64 " bytes, not %u", total, len);
	return flags;
}

void honest_start(struct honest *h)
{
	h->spoiled = false;
	h->n = 0;
}

void honest_add(struct honest *h, const struct rig_buffer *buffers, unsigned n, bool indirect)
{
	struct honest_chain *chain = &h->chain[h->n];

	for (unsigned i = 0; i < n; i++)
		/* What the device writes there would be the driver's fault. */
		if (buffers[i].addr < RIG_DATA)
			h->spoiled = true;
	if (h->spoiled)
		return;
	h->n++;
	*chain = (struct honest_chain){.n = n, .indirect = indirect};
	memcpy(chain->buffer, buffers, n * sizeof(*buffers));
}

/* Takes a buffer off the pieces; the place in them is *piece, *done bytes into it. */
static void check_buffer(const struct rig *rig, const struct rig_buffer *buffer,
	const struct vmmio_iovec *pieces, uint32_t n, uint32_t *piece, size_t *done, unsigned step)
{
	uint64_t at = buffer->addr, left = buffer->len;

	while (left) {
		const struct vmmio_iovec *p = &pieces[*piece];
		const size_t take = *piece < n && p->len - *done < left ? p->len - *done : left;

		FUZZ_CHECK(*piece < n && (char *)p->base + *done == rig_at(rig, at, 1),
			"step %u: not the memory at 0x%llx that the driver gave", step,
			(unsigned long long)at);
		at += take;
		left -= take;
		*done += take;
		if (*done == p->len) {
			++*piece;
			*done = 0;
		}
	}
}

static void check_side(const struct rig *rig, const struct honest_chain *is, bool write,
	const struct vmmio_iovec *pieces, uint32_t n, unsigned step)
{
	uint32_t piece = 0;
	size_t done = 0;

	for (unsigned i = 0; i < is->n; i++)
		if (is->buffer[i].write == write)
			check_buffer(rig, &is->buffer[i], pieces, n, &piece, &done, step);
	FUZZ_CHECK(piece == n && !done, "step %u: more memory than the driver gave", step);
}

/* Beyond doubt. */
static bool is_good(const struct rig *rig, const struct honest_chain *c)
{
	bool write = false;

	if (rig->gone || c->n > rig->config.max_segments)
		return false;
	if (c->indirect && (!rig->config.indirect || c->n > rig->config.size))
		return false;
	for (unsigned i = 0; i < c->n; i++) {
		const struct rig_buffer *b = &c->buffer[i];

		if (!b->len || !rig_at(rig, b->addr, b->len) || write > b->write)
			return false;
		write = b->write;
		if (write && b->addr - (RIG_DATA + 2 * RIG_DATA_SIZE) < RIG_DATA_SIZE)
			return false;
	}
	return true;
}

void honest_check(struct honest *h, const struct rig *rig, const struct vmmio_chain *chains,
	unsigned n, unsigned max, unsigned step)
{
	if (h->spoiled)
		return;
	FUZZ_CHECK(n <= h->n, "step %u: %u chains of %u", step, n, h->n);
	for (unsigned i = 0; i < n; i++) {
		check_side(rig, &h->chain[i], false, chains[i].readable, chains[i].n_readable, step);
		check_side(rig, &h->chain[i], true, chains[i].writable, chains[i].n_writable, step);
	}
	h->n -= n;
	memmove(h->chain, h->chain + n, h->n * sizeof(h->chain[0]));
	FUZZ_CHECK(!rig->ring.running || n == max || !h->n, "step %u: %u chains are not seen", step,
		h->n);
	FUZZ_CHECK(rig->ring.running || !h->n || !is_good(rig, &h->chain[0]),
		"step %u: fault %d for a good chain", step, rig->ring.fault);
	if (!rig->ring.running)
		h->spoiled = true;
}
