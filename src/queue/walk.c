/* SPDX-License-Identifier: BSD-3-Clause */
/* The uncommon half of walk.h: buffers and indirect tables that leave the region last hit,
 * and all of them where addresses are translated. */
#include "queue/walk.h"

/* Calls of the hook per chain, so that a driver with 4 GiB in pages cannot hold up the queue
 * for long. */
#define MAX_TRANSLATIONS 65536u

const struct vmmio_region vmmio_walk_nowhere = {.flags = UINT32_MAX};

/* How much of [addr, addr + len) is in one region, which becomes the last hit. 0: none. */
static uint64_t span(struct walk *walk, uint64_t addr, uint64_t len)
{
	const struct vmmio_region *region =
		vmmio_table_find(walk->table, addr, &walk->ring->hint);
	uint64_t rest;

	if (!region)
		return 0;
	if (walk->next != walk->first) /* what was put there while it was the last hit counts */
		walk->flags = walk_flags(walk);
	walk->region = region;
	rest = region->size - (addr - region->guest);
	return len < rest ? len : rest;
}

static char *host_of(const struct walk *walk, uint64_t addr)
{
	return (char *)walk->region->host + (addr - walk->region->guest);
}

static enum vmmio_fault add_pieces(struct walk *walk, uint64_t addr, uint32_t len, bool write)
{
	while (len > 0) {
		const uint64_t n = span(walk, addr, len);

		if (n == 0)
			return VMMIO_FAULT_BUFFER_MEMORY;
		if (write && (walk->region->flags & VMMIO_REGION_READ_ONLY))
			return VMMIO_FAULT_BUFFER_READ_ONLY;
		/* Go on without: what the driver did wrong is the better diagnosis. */
		if (walk->next >= walk->end) {
			walk->end = walk->first;
			walk->bytes += n;
		} else {
			walk_put(walk, host_of(walk, addr), (uint32_t)n);
		}
		addr += n;
		len -= (uint32_t)n;
	}
	return VMMIO_FAULT_NONE;
}

/* --- Translation: region is nowhere between the calls, so that each comes here ----------- */

/* At the first buffer or table of a chain. */
static void count_anew(const struct walk *walk)
{
	if (walk->next == walk->first)
		walk->ring->translations = 0;
}

/* The next piece of [iova, iova + len), in one region. 0: there is none. */
static uint64_t translated_span(
	struct walk *walk, uint64_t iova, uint64_t len, bool write, uint64_t *guest)
{
	struct vmmio_ring *ring = walk->ring;
	uint64_t n;

	if (++ring->translations > MAX_TRANSLATIONS)
		return 0;
	if (vmmio_table_translate(walk->table, iova, len, write, guest, &n))
		return 0;
	return span(walk, *guest, n);
}

/* Adds what goes on at iova; pieces of one descriptor that meet become one. */
static enum vmmio_fault put_translated(
	struct walk *walk, void *host, uint64_t iova, uint32_t n, const struct vmmio_iovec *first)
{
	struct vmmio_iovec *last = walk->next > first ? walk->next - 1 : NULL;

	if (last && (char *)last->base + last->len == host) {
		last->len += n;
		walk->bytes += n;
		return VMMIO_FAULT_NONE;
	}
	if (walk->next >= walk->end)
		return VMMIO_FAULT_SEGMENTS;
	walk->ring->iova[walk->next - walk->ring->iov] = iova;
	walk_put(walk, host, n);
	return VMMIO_FAULT_NONE;
}

static enum vmmio_fault add_translated(struct walk *walk, uint64_t iova, uint32_t len, bool write)
{
	const struct vmmio_iovec *const first = walk->next;
	enum vmmio_fault fault = VMMIO_FAULT_NONE;
	uint64_t guest;

	count_anew(walk);
	while (len > 0 && !fault) {
		const uint32_t n = (uint32_t)translated_span(walk, iova, len, write, &guest);

		if (n == 0)
			fault = VMMIO_FAULT_BUFFER_MEMORY;
		else if (write && (walk->region->flags & VMMIO_REGION_READ_ONLY))
			fault = VMMIO_FAULT_BUFFER_READ_ONLY;
		else
			fault = put_translated(walk, host_of(walk, guest), iova, n, first);
		iova += n;
		len -= n;
	}
	walk->flags = walk_flags(walk);
	walk->region = &vmmio_walk_nowhere;
	return fault;
}

/* Some of [addr, addr + len), translated or not. NULL: no memory. What is read there is no
 * piece of the chain: the region last hit stays. */
static const char *some_of(struct walk *walk, uint64_t addr, uint64_t len, uint64_t *n)
{
	const struct vmmio_region *last = walk->region;
	const uint32_t flags = walk->flags;
	const char *host;

	if (walk->ring->iova)
		*n = translated_span(walk, addr, len, false, &addr);
	else
		*n = span(walk, addr, len);
	if (*n == 0)
		return NULL;
	host = host_of(walk, addr);
	walk->region = last;
	walk->flags = flags;
	return host;
}

enum vmmio_fault vmmio_walk_add_slow(struct walk *walk, uint64_t addr, uint32_t len, bool write)
{
	if (len == 0)
		return VMMIO_FAULT_EMPTY_BUFFER;
	if (!write && walk->writable)
		return VMMIO_FAULT_ORDER;
	if (len - 1 > UINT64_MAX - addr)
		return VMMIO_FAULT_BUFFER_MEMORY;
	if (write && !walk->writable)
		walk_write(walk);
	if (walk->ring->iova)
		return add_translated(walk, addr, len, write);
	return add_pieces(walk, addr, len, write);
}

enum vmmio_fault vmmio_walk_cover(
	struct walk *walk, uint64_t addr, uint32_t len, const char **host)
{
	const char *some;
	uint64_t n;

	if (len - 1 > UINT64_MAX - addr)
		return VMMIO_FAULT_INDIRECT_MEMORY;
	count_anew(walk);
	some = some_of(walk, addr, len, &n);
	*host = some && n == len && (uintptr_t)some % 8 == 0 ? some : NULL;
	while (some && n < len) {
		addr += n;
		len -= (uint32_t)n;
		some = some_of(walk, addr, len, &n);
	}
	return some ? VMMIO_FAULT_NONE : VMMIO_FAULT_INDIRECT_MEMORY;
}

struct desc_copy vmmio_walk_entry_slow(
	struct walk *walk, const struct walk_indirect *indirect, uint32_t i)
{
	uint64_t addr = indirect->guest + (uint64_t)i * 16;
	uint64_t words[2] = {0, 0};
	size_t done = 0;

	/* All of the table was found to be memory, in this same version of it. A translation
	 * may have gone since: an empty descriptor is a fault as well. */
	while (done < sizeof(words)) {
		uint64_t n;
		const char *some = some_of(walk, addr, sizeof(words) - done, &n);

		if (!some)
			return desc_unpack(0, 0);
		shared_copy((char *)words + done, some, (size_t)n);
		addr += n;
		done += (size_t)n;
	}
	return desc_unpack(words[0], words[1]);
}
