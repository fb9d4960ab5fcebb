/* SPDX-License-Identifier: BSD-3-Clause */
/* The uncommon half of walk.h: buffers and indirect tables that leave the region last hit. */
#include "queue/walk.h"

/* How much of [addr, addr + len) is in one region, which becomes the last hit. 0: none. */
static uint64_t span(struct walk *walk, uint64_t addr, uint64_t len)
{
	const struct vmmio_region *region =
		vmmio_table_find(walk->table, addr, &walk->ring->hint);
	uint64_t rest;

	if (!region)
		return 0;
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
		if (walk->n >= walk->ring->max_segments) {
			walk->overfull = true;
			walk->bytes += n;
		} else {
			walk_put(walk, host_of(walk, addr), (uint32_t)n);
		}
		addr += n;
		len -= (uint32_t)n;
	}
	return VMMIO_FAULT_NONE;
}

enum vmmio_fault vmmio_walk_add_slow(struct walk *walk, uint64_t addr, uint32_t len, bool write)
{
	if (len == 0)
		return VMMIO_FAULT_EMPTY_BUFFER;
	if (!write && walk->writing)
		return VMMIO_FAULT_ORDER;
	if (len - 1 > UINT64_MAX - addr)
		return VMMIO_FAULT_BUFFER_MEMORY;
	if (write && !walk->writing)
		walk_write(walk);
	return add_pieces(walk, addr, len, write);
}

enum vmmio_fault vmmio_walk_cover(
	struct walk *walk, uint64_t addr, uint32_t len, const char **host)
{
	uint64_t n;

	if (len - 1 > UINT64_MAX - addr)
		return VMMIO_FAULT_INDIRECT_MEMORY;
	n = span(walk, addr, len);
	*host = n == len && (uintptr_t)host_of(walk, addr) % 8 == 0 ? host_of(walk, addr) : NULL;
	while (n > 0 && n < len) {
		addr += n;
		len -= (uint32_t)n;
		n = span(walk, addr, len);
	}
	return n ? VMMIO_FAULT_NONE : VMMIO_FAULT_INDIRECT_MEMORY;
}

struct desc_copy vmmio_walk_entry_slow(
	struct walk *walk, const struct walk_indirect *indirect, uint32_t i)
{
	uint64_t addr = indirect->guest + (uint64_t)i * 16;
	uint64_t words[2] = {0, 0};
	size_t done = 0;

	/* All of the table was found to be memory, in this same version of it. */
	while (done < sizeof(words)) {
		const size_t n = (size_t)span(walk, addr, sizeof(words) - done);

		shared_copy((char *)words + done, host_of(walk, addr), n);
		addr += n;
		done += n;
	}
	return desc_unpack(words[0], words[1]);
}
