/* SPDX-License-Identifier: BSD-3-Clause */
/* See ring_driver.h. */
#include "ring_driver.h"

#include <string.h>
#include <vmmio/spec.h>

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t low, high; /* split: flags, next; packed: id, flags */
};

static unsigned ring_entries(const struct ring_driver *d)
{
	return d->shape.indirect ? 1 : d->shape.n_segs;
}

static uint16_t seg_flags(const struct ring_driver *d, unsigned i)
{
	return (uint16_t)((i + 1 < d->shape.n_segs ? VMMIO_DESC_F_NEXT : 0) |
		(d->shape.seg[i].write ? VMMIO_DESC_F_WRITE : 0));
}

/* Segment i of a chain whose buffers lie one behind the other. */
static struct desc seg_desc(const struct ring_driver *d, unsigned i)
{
	struct desc desc = {.addr = d->data_guest, .len = d->shape.seg[i].len};

	for (unsigned k = 0; k < i; k++)
		desc.addr += d->shape.seg[k].len;
	return desc;
}

static void put(uint8_t *table, unsigned i, const struct desc *desc)
{
	memcpy(table + 16 * (size_t)i, desc, sizeof(*desc));
}

static void fill_table(struct ring_driver *d, unsigned chain)
{
	uint8_t *table = d->tables + (size_t)chain * RING_SEGS_MAX * 16;

	for (unsigned i = 0; i < d->shape.n_segs; i++) {
		struct desc desc = seg_desc(d, i);

		if (d->shape.packed)
			desc.high = seg_flags(d, i) & VMMIO_DESC_F_WRITE;
		else
			desc.low = seg_flags(d, i), desc.high = (uint16_t)(i + 1);
		put(table, i, &desc);
	}
}

static struct desc table_desc(const struct ring_driver *d, unsigned chain)
{
	return (struct desc){
		.addr = d->tables_guest + (uint64_t)chain * RING_SEGS_MAX * 16,
		.len = d->shape.n_segs * 16,
	};
}

/* Split: descriptors and available entries are written once, only idx moves later. */
static void fill_split(struct ring_driver *d)
{
	const unsigned per = ring_entries(d);

	for (unsigned chain = 0; chain < RING_LAP; chain++) {
		for (unsigned i = 0; i < per; i++) {
			struct desc desc = d->shape.indirect ? table_desc(d, chain) : seg_desc(d, i);

			desc.low = d->shape.indirect ? VMMIO_DESC_F_INDIRECT : seg_flags(d, i);
			desc.high = (uint16_t)(chain * per + i + 1);
			put(d->desc, chain * per + i, &desc);
		}
	}
	for (unsigned i = 0; i < RING_SIZE; i++) {
		const uint16_t head = (uint16_t)(i % RING_LAP * per);

		memcpy(d->driver + 4 + 2 * (size_t)i, &head, 2);
	}
}

void ring_driver_init(struct ring_driver *d, const struct ring_shape *shape)
{
	const uint16_t none = shape->packed ? VMMIO_EVENT_F_DISABLE : VMMIO_AVAIL_F_NO_INTERRUPT;

	d->shape = *shape;
	d->avail = d->used = 0;
	d->avail_wrap = d->used_wrap = true;
	d->writable = 0;
	for (unsigned i = 0; i < shape->n_segs; i++)
		d->writable += shape->seg[i].write ? shape->seg[i].len : 0;
	if (shape->indirect)
		for (unsigned chain = 0; chain < RING_LAP; chain++)
			fill_table(d, chain);
	if (!shape->packed)
		fill_split(d);
	memcpy(d->driver + (shape->packed ? 2 : 0), &none, 2);
}

/* --- Packed ---------------------------------------------------------------------- */

static void step(uint16_t *at, bool *wrap, unsigned n)
{
	*at = (uint16_t)(*at + n);
	if (*at >= RING_SIZE) {
		*at = (uint16_t)(*at - RING_SIZE);
		*wrap = !*wrap;
	}
}

static void add_packed(struct ring_driver *d, unsigned chain)
{
	const unsigned per = ring_entries(d);

	for (unsigned i = 0; i < per; i++) {
		struct desc desc = d->shape.indirect ? table_desc(d, chain) : seg_desc(d, i);

		desc.low = (uint16_t)chain;
		desc.high = d->shape.indirect ? VMMIO_DESC_F_INDIRECT : seg_flags(d, i);
		desc.high |= d->avail_wrap ? VMMIO_DESC_F_AVAIL : VMMIO_DESC_F_USED;
		put(d->desc, d->avail, &desc);
		step(&d->avail, &d->avail_wrap, 1);
	}
}

static bool take_packed(struct ring_driver *d, unsigned chain, uint32_t written)
{
	const uint16_t phase = VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED;
	const uint16_t flags = (uint16_t)((d->used_wrap ? phase : 0) |
		(written ? VMMIO_DESC_F_WRITE : 0));
	struct desc desc;

	memcpy(&desc, d->desc + 16 * (size_t)d->used, sizeof(desc));
	step(&d->used, &d->used_wrap, ring_entries(d));
	return desc.high == flags && desc.low == chain && desc.len == written;
}

/* --- Split ----------------------------------------------------------------------- */

static bool take_split(struct ring_driver *d, unsigned chain, uint32_t written)
{
	uint32_t entry[2];

	memcpy(entry, d->device + 4 + 8 * (size_t)(d->used % RING_SIZE), sizeof(entry));
	d->used++;
	return entry[0] == chain * ring_entries(d) && entry[1] == written;
}

/* --- Both ------------------------------------------------------------------------ */

void ring_driver_add(struct ring_driver *d)
{
	if (d->shape.packed) {
		for (unsigned chain = 0; chain < RING_LAP; chain++)
			add_packed(d, chain);
		return;
	}
	d->avail = (uint16_t)(d->avail + RING_LAP);
	__atomic_store_n((uint16_t *)(void *)(d->driver + 2), d->avail, __ATOMIC_RELEASE);
}

bool ring_driver_take(struct ring_driver *d, uint32_t written)
{
	bool good = true;

	if (!d->shape.packed && __atomic_load_n((uint16_t *)(void *)(d->device + 2),
					__ATOMIC_ACQUIRE) != d->avail)
		return false;
	for (unsigned chain = 0; chain < RING_LAP; chain++)
		good &= d->shape.packed ? take_packed(d, chain, written)
					: take_split(d, chain, written);
	return good;
}
