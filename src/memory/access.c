/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes with an access to guest memory: translation before, the dirty log after it.
 * Freestanding. */
#include "memory/table.h"

int vmmio_table_translate(const struct vmmio_memory_table *table, uint64_t iova, uint64_t len,
	bool write, uint64_t *guest, uint64_t *got)
{
	uint64_t to = 0, n = 0;
	const int ret = table->translate(table->translate_ctx, iova, len, write, &to, &n);

	if (ret)
		return ret;
	/* A hook that gets nowhere would keep the walk going for ever. */
	if (n == 0)
		return -VMMIO_EFAULT;
	*guest = to;
	*got = n < len ? n : len;
	return 0;
}

/* Release: who fetches a bit sees what was written to its page. */
static void set_bits(struct vmmio_dirty *dirty, uint64_t first, uint64_t last)
{
	uint64_t word;

	for (word = first / 64; word <= last / 64; word++) {
		uint64_t mask = UINT64_MAX;

		if (word == first / 64)
			mask &= UINT64_MAX << first % 64;
		if (word == last / 64)
			mask &= UINT64_MAX >> (63 - last % 64);
		atomic_fetch_or_explicit(&dirty->bits[word], mask, memory_order_release);
	}
}

static void mark_region(const struct vmmio_region *region, struct vmmio_dirty *dirty,
	uint64_t from, uint64_t to)
{
	const uint64_t page = region->guest / VMMIO_DIRTY_PAGE;

	set_bits(dirty, (region->guest + from) / VMMIO_DIRTY_PAGE - page,
		(region->guest + to) / VMMIO_DIRTY_PAGE - page);
}

void vmmio_table_mark(const struct vmmio_memory_table *table, const void *host, uint64_t len)
{
	const uint64_t first = (uintptr_t)host, last = first + len - 1;
	uint32_t i;

	if (len == 0)
		return;
	for (i = 0; i < table->n; i++) {
		const struct vmmio_region *region = &table->region[i];
		const uint64_t begin = (uintptr_t)region->host, end = begin + region->size - 1;

		if (first <= end && last >= begin)
			mark_region(region, table->dirty[i], (first > begin ? first : begin) - begin,
				(last < end ? last : end) - begin);
	}
}
