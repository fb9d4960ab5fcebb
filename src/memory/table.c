/* SPDX-License-Identifier: BSD-3-Clause */
/* One version of the guest memory table: look up, and make the next one. Freestanding. */
#include "memory/table.h"

#define KNOWN_FLAGS ((uint32_t)(VMMIO_REGION_READ_ONLY | VMMIO_REGION_PINNED))

/* Below the region, guest - region->guest wraps to a huge offset. */
static bool holds(const struct vmmio_region *region, uint64_t guest)
{
	return guest - region->guest < region->size;
}

/* How many regions begin at or below the address. */
static uint32_t count_up_to(const struct vmmio_memory_table *table, uint64_t guest)
{
	uint32_t low = 0, high = table->n;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (table->region[middle].guest <= guest)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct vmmio_region *vmmio_table_find(
	const struct vmmio_memory_table *table, uint64_t guest, uint32_t *hint)
{
	uint32_t at;

	/* The hint may be from another version of the table: it is only a guess. */
	if (hint && *hint < table->n && holds(&table->region[*hint], guest))
		return &table->region[*hint];
	at = count_up_to(table, guest);
	if (at == 0 || !holds(&table->region[at - 1], guest))
		return NULL;
	if (hint)
		*hint = at - 1;
	return &table->region[at - 1];
}

void *vmmio_table_at(const struct vmmio_memory_table *table, uint64_t guest, uint64_t size,
	bool write, uint32_t *hint)
{
	const struct vmmio_region *region = vmmio_table_find(table, guest, hint);
	uint64_t offset;

	if (!region || size == 0)
		return NULL;
	offset = guest - region->guest;
	if (size > region->size - offset)
		return NULL;
	if (write && (region->flags & VMMIO_REGION_READ_ONLY))
		return NULL;
	return (char *)region->host + offset;
}

static bool is_valid(const struct vmmio_region *region)
{
	if (region->size == 0 || !region->host || (region->flags & ~KNOWN_FLAGS))
		return false;
	/* The last byte counts: a region may end exactly where the address space does. */
	return region->size - 1 <= UINT64_MAX - region->guest &&
	       region->size - 1 <= UINTPTR_MAX - (uintptr_t)region->host;
}

/* All but the regions of the version that comes after old. */
static void replace(
	struct vmmio_memory_table *out, const struct vmmio_memory_table *old, uint32_t n)
{
	*out = (struct vmmio_memory_table){.n = n};
	if (!old)
		return;
	out->serial = old->serial + 1;
	out->translate = old->translate;
	out->translate_ctx = old->translate_ctx;
}

int vmmio_table_insert(struct vmmio_memory_table *out, const struct vmmio_memory_table *old,
	const struct vmmio_region *region)
{
	const uint32_t n = old ? old->n : 0;
	uint32_t at, i;

	if (!is_valid(region))
		return -VMMIO_EINVAL;
	at = old ? count_up_to(old, region->guest) : 0;
	if (at > 0 && holds(&old->region[at - 1], region->guest))
		return -VMMIO_EEXIST;
	if (at < n && holds(region, old->region[at].guest))
		return -VMMIO_EEXIST;
	replace(out, old, n + 1);
	for (i = 0; i < at; i++)
		out->region[i] = old->region[i];
	out->region[at] = *region;
	for (i = at; i < n; i++)
		out->region[i + 1] = old->region[i];
	return 0;
}

void vmmio_table_without(
	struct vmmio_memory_table *out, const struct vmmio_memory_table *old, uint32_t place)
{
	uint32_t i, n = 0;

	replace(out, old, old->n - (place < old->n));
	for (i = 0; i < old->n; i++)
		if (i != place)
			out->region[n++] = old->region[i];
}
