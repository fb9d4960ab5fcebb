/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a descriptor chain to a request. The driver may cut header, data and status into
 * descriptors as it likes; nothing here depends on where they begin. What is read from the
 * chain is copied once and judged in the copy.
 */
#include <stdlib.h>
#include <string.h>

#include "backends/blk.h"

static void copy_from(const struct vmmio_iovec *iov, uint32_t skip, void *to, uint32_t n)
{
	char *out = to;

	for (; n; iov++) {
		uint32_t take;

		if (skip >= iov->len) {
			skip -= (uint32_t)iov->len;
			continue;
		}
		take = iov->len - skip < n ? (uint32_t)(iov->len - skip) : n;
		memcpy(out, (const char *)iov->base + skip, take);
		out += take;
		n -= take;
		skip = 0;
	}
}

static void copy_to(const struct vmmio_iovec *iov, const void *from, uint32_t n)
{
	const char *in = from;

	for (; n; iov++) {
		uint32_t take = iov->len < n ? (uint32_t)iov->len : n;

		memcpy(iov->base, in, take);
		in += take;
		n -= take;
	}
}

static bool answer(struct blk_request *r, uint8_t status)
{
	r->answer = status;
	return false;
}

/* Bytes [skip, skip + len) of an array, as an array. The caller's own elements, unless
 * one is cut. */
static bool slice(struct blk_request *r, const struct vmmio_iovec *iov, uint32_t skip, uint32_t len)
{
	struct vmmio_iovec *copy = r->small;
	uint64_t sum = 0;
	unsigned n = 0;

	while (skip && skip >= iov->len)
		skip -= (uint32_t)(iov++)->len;
	while (sum < (uint64_t)skip + len)
		sum += iov[n++].len;
	r->iov = iov;
	r->n_iov = n;
	if (!n || (!skip && sum == len))
		return true;
	if (n > sizeof(r->small) / sizeof(r->small[0])) {
		copy = r->large = malloc(n * sizeof(*copy));
		if (!copy)
			return false;
	}
	memcpy(copy, iov, n * sizeof(*copy));
	copy[n - 1].len -= (size_t)(sum - skip - len);
	copy[0].base = (char *)copy[0].base + skip;
	copy[0].len -= skip;
	r->iov = copy;
	return true;
}

/* Whether [sector, sector + sectors) lies on the disk. No sum: it could overflow. */
static bool on_disk(const struct vmmio_blk *blk, uint64_t sector, uint64_t sectors)
{
	uint64_t capacity = atomic_load(&blk->capacity);

	return sector <= capacity && sectors <= capacity - sector;
}

static bool parse_data(struct blk_request *r, const struct vmmio_chain *chain, uint64_t sector)
{
	const struct vmmio_blk *blk = r->queue->blk;
	uint32_t in = chain->writable_len - 1;
	uint32_t out = chain->readable_len - (uint32_t)sizeof(struct vmmio_blk_header);
	bool reading = r->type == VMMIO_BLK_T_IN;
	uint32_t len = reading ? in : out;

	if ((reading ? out : in) || len % VMMIO_BLK_SECTOR)
		return answer(r, VMMIO_BLK_S_IOERR);
	if (!on_disk(blk, sector, len / VMMIO_BLK_SECTOR))
		return answer(r, VMMIO_BLK_S_IOERR);
	r->offset = sector * VMMIO_BLK_SECTOR;
	r->length = len;
	if (!slice(r, reading ? chain->writable : chain->readable,
		    reading ? 0 : (uint32_t)sizeof(struct vmmio_blk_header), len))
		return answer(r, VMMIO_BLK_S_IOERR);
	return len || r->sync;
}

/* One segment, as the driver wrote it: VMMIO_BLK_S_OK or what is wrong with it. */
static uint8_t parse_segment(
	struct blk_request *r, const struct vmmio_blk_segment *from, struct blk_segment *to)
{
	uint64_t sector = vmmio_le64(from->sector);
	uint32_t sectors = vmmio_le32(from->num_sectors);
	uint32_t flags = vmmio_le32(from->flags);

	if (flags & ~VMMIO_BLK_WZ_UNMAP) /* BLK-DEV-22 */
		return VMMIO_BLK_S_UNSUPP;
	if (flags && r->type == VMMIO_BLK_T_DISCARD) /* BLK-DEV-23 */
		return VMMIO_BLK_S_UNSUPP;
	if (!sectors || sectors > BLK_MAX_SECTORS || !on_disk(r->queue->blk, sector, sectors))
		return VMMIO_BLK_S_IOERR;
	to->offset = sector * VMMIO_BLK_SECTOR;
	to->length = (uint64_t)sectors * VMMIO_BLK_SECTOR;
	to->unmap = flags & VMMIO_BLK_WZ_UNMAP;
	return VMMIO_BLK_S_OK;
}

/* All segments are judged before the first is acted on. */
static bool parse_segments(struct blk_request *r, const struct vmmio_chain *chain)
{
	struct vmmio_blk_segment segments[BLK_MAX_SEGMENTS];
	uint32_t len = chain->readable_len - (uint32_t)sizeof(struct vmmio_blk_header);
	unsigned i;

	if (!len || len % sizeof(segments[0]) || len > sizeof(segments))
		return answer(r, VMMIO_BLK_S_IOERR);
	copy_from(chain->readable, sizeof(struct vmmio_blk_header), segments, len);
	r->n_segments = (uint8_t)(len / sizeof(segments[0]));
	for (i = 0; i < r->n_segments; i++) {
		uint8_t status = parse_segment(r, &segments[i], &r->segments[i]);

		if (status != VMMIO_BLK_S_OK)
			return answer(r, status);
	}
	return true;
}

static bool get_id(struct blk_request *r, const struct vmmio_chain *chain)
{
	uint32_t n = chain->writable_len - 1;

	if (n > VMMIO_BLK_ID_BYTES)
		n = VMMIO_BLK_ID_BYTES;
	copy_to(chain->writable, r->queue->blk->serial, n);
	r->written = n;
	return answer(r, VMMIO_BLK_S_OK);
}

static bool parse_change(
	struct blk_request *r, const struct vmmio_chain *chain, uint64_t sector, int feature)
{
	const struct vmmio_blk *blk = r->queue->blk;

	if (blk->read_only) /* BLK-DEV-20, 21 */
		return answer(r, VMMIO_BLK_S_IOERR);
	if (feature >= 0 && !vmmio_blk_offers(blk, (unsigned)feature))
		return answer(r, VMMIO_BLK_S_UNSUPP);
	r->sync = r->type != VMMIO_BLK_T_DISCARD && atomic_load(&blk->sync);
	return feature < 0 ? parse_data(r, chain, sector) : parse_segments(r, chain);
}

static void count(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static bool parse_type(struct blk_request *r, const struct vmmio_chain *chain, uint64_t sector)
{
	struct blk_counters *c = &r->queue->blk->count;

	switch (r->type) {
	case VMMIO_BLK_T_IN:
		count(&c->reads, 1);
		return parse_data(r, chain, sector);
	case VMMIO_BLK_T_OUT:
		count(&c->writes, 1);
		return parse_change(r, chain, sector, -1);
	case VMMIO_BLK_T_FLUSH:
		count(&c->flushes, 1);
		r->sync = true;
		return true;
	case VMMIO_BLK_T_GET_ID:
		count(&c->get_ids, 1);
		return get_id(r, chain);
	case VMMIO_BLK_T_DISCARD:
		count(&c->discards, 1);
		return parse_change(r, chain, sector, VMMIO_BLK_F_DISCARD);
	case VMMIO_BLK_T_WRITE_ZEROES:
		count(&c->write_zeroes, 1);
		return parse_change(r, chain, sector, VMMIO_BLK_F_WRITE_ZEROES);
	default:
		return answer(r, VMMIO_BLK_S_UNSUPP);
	}
}

bool vmmio_blk_parse(struct blk_request *r, const struct vmmio_chain *chain)
{
	struct vmmio_blk_header header;
	const struct vmmio_iovec *last;

	r->token = chain->token;
	r->writable_len = chain->writable_len;
	r->answer = VMMIO_BLK_S_OK;
	if (!chain->n_writable) {
		vmmio_device_needs_reset(r->queue->blk->device,
			"a block request has no writable byte for its status");
		return false;
	}
	last = &chain->writable[chain->n_writable - 1];
	r->status = (uint8_t *)last->base + last->len - 1;
	if (chain->readable_len < sizeof(header))
		return answer(r, VMMIO_BLK_S_IOERR);
	copy_from(chain->readable, 0, &header, sizeof(header));
	r->type = vmmio_le32(header.type);
	return parse_type(r, chain, vmmio_le64(header.sector));
}
