/* SPDX-License-Identifier: BSD-3-Clause */
/* What split and packed rings have in common: memory, registers, and who asks which. */
#include <string.h>

#include "conform/ring_format.h"

#define GUARD 16u
#define GUARD_BYTE 0x5a
#define LINE 64u /* what areas are aligned to when it does not matter */

uint64_t ring_desc_size(const struct ring *ring)
{
	return 16u * (uint64_t)ring->size;
}

uint64_t ring_driver_size(const struct ring *ring)
{
	return ring->packed ? 4 : 6 + 2u * (uint64_t)ring->size;
}

uint64_t ring_device_size(const struct ring *ring)
{
	return ring->packed ? 4 : 6 + 8u * (uint64_t)ring->size;
}

/* --- Memory ---------------------------------------------------------------------------- */

/* An area between guard bytes, so many bytes behind an aligned address. */
static uint64_t take_area(struct conform *c, uint64_t size, uint64_t off)
{
	uint64_t at = take(c, LINE + off + size + GUARD, LINE);
	uint64_t area = at + LINE + off;

	fill(c, at, GUARD_BYTE, LINE + off + size + GUARD);
	fill(c, area, 0, size);
	return area;
}

static bool guarded(struct conform *c, uint64_t area, uint64_t size)
{
	return differs(c, area - GUARD, GUARD_BYTE, GUARD) == GUARD &&
	       differs(c, area + size, GUARD_BYTE, GUARD) == GUARD;
}

const char *ring_guards(struct conform *c, const struct ring *ring)
{
	if (!guarded(c, ring->desc, ring_desc_size(ring)))
		return "Descriptor Area";
	if (!guarded(c, ring->driver, ring_driver_size(ring)))
		return "Driver Area";
	return guarded(c, ring->device, ring_device_size(ring)) ? "" : "Device Area";
}

static void forget(struct ring *ring)
{
	ring->avail = ring->shown = ring->used = 0;
	ring->avail_wrap = ring->used_wrap = true;
	ring->n_free = ring->size;
	ring->unpublished_slot = -1;
	ring->free_head = 0;
	ring->n_out = 0;
	memset(ring->length, 0, sizeof(ring->length));
	for (uint32_t i = 0; i < ring->size; i++)
		ring->next_free[i] = (uint16_t)((i + 1) % ring->size);
}

void ring_backwards(struct ring *ring)
{
	for (uint32_t i = 0; i < ring->size; i++)
		ring->next_free[i] = (uint16_t)((i + ring->size - 1) % ring->size);
	ring->free_head = (uint16_t)(ring->size - 1);
}

void ring_clear(struct conform *c, struct ring *ring)
{
	forget(ring);
	fill(c, ring->desc, 0, ring_desc_size(ring));
	fill(c, ring->driver, 0, ring_driver_size(ring));
	fill(c, ring->device, 0, ring_device_size(ring));
}

static uint32_t largest(struct conform *c, unsigned index, uint32_t size)
{
	uint32_t max = queue_size_max(c, index);

	need(c, max > 0, "the device has no queue %u", index);
	return max < size ? max : size;
}

uint32_t ring_size_up_to(struct conform *c, unsigned index, uint32_t size)
{
	size = largest(c, index, size);
	while (size & (size - 1))
		size &= size - 1;
	return size;
}

static uint32_t usable_size(struct conform *c, const struct ring *ring, uint32_t size)
{
	uint32_t most = largest(c, ring->index, RING_MAX);

	if (size)
		return size;
	return ring->packed ? most : ring_size_up_to(c, ring->index, most);
}

/* The least alignments are 16, and 2 and 4 (split) or 4 and 4. */
static void init(struct conform *c, struct ring *ring, unsigned index, uint32_t size, bool tight)
{
	memset(ring, 0, sizeof(*ring));
	ring->index = index;
	ring->packed = accepted(c) & VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	ring->event_idx = accepted(c) & VMMIO_FEATURE(VMMIO_F_EVENT_IDX);
	ring->in_order = accepted(c) & VMMIO_FEATURE(VMMIO_F_IN_ORDER);
	ring->notification_data = accepted(c) & VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA);
	ring->size = usable_size(c, ring, size);
	need(c, ring->size <= RING_MAX, "the suite has no rings of %u entries", ring->size);
	ring->desc = take_area(c, ring_desc_size(ring), tight ? 16 : 0);
	ring->driver = take_area(c, ring_driver_size(ring), !tight ? 0 : ring->packed ? 4 : 2);
	ring->device = take_area(c, ring_device_size(ring), tight ? 4 : 0);
	forget(ring);
	ring_program(c, ring);
}

void ring_init(struct conform *c, struct ring *ring, unsigned index, uint32_t size)
{
	init(c, ring, index, size, false);
}

void ring_init_tight(struct conform *c, struct ring *ring, unsigned index, uint32_t size)
{
	init(c, ring, index, size, true);
}

/* --- Registers -------------------------------------------------------------------------- */

static void write_address(struct conform *c, uint32_t low, uint64_t address)
{
	wr(c, low, (uint32_t)address);
	wr(c, low + 4, (uint32_t)(address >> 32));
}

void ring_program(struct conform *c, const struct ring *ring)
{
	wr(c, VMMIO_REG_QUEUE_SEL, ring->index);
	wr(c, VMMIO_REG_QUEUE_SIZE, ring->size);
	write_address(c, VMMIO_REG_QUEUE_DESC_LOW, ring->desc);
	write_address(c, VMMIO_REG_QUEUE_DRIVER_LOW, ring->driver);
	write_address(c, VMMIO_REG_QUEUE_DEVICE_LOW, ring->device);
}

void ring_enable(struct conform *c, const struct ring *ring)
{
	wr(c, VMMIO_REG_QUEUE_SEL, ring->index);
	wr(c, VMMIO_REG_QUEUE_READY, 1);
}

void ring_go(struct conform *c, struct ring *ring, unsigned index, uint32_t size)
{
	ring_init(c, ring, index, size);
	ring_enable(c, ring);
	driver_ok(c);
}

void ring_notify(struct conform *c, struct ring *ring)
{
	uint32_t value = ring->index;

	if (ring->notification_data && ring->packed)
		value |= (uint32_t)(ring->avail | (ring->avail_wrap ? 0x8000u : 0)) << 16;
	else if (ring->notification_data)
		value |= (uint32_t)ring->shown << 16;
	wr(c, VMMIO_REG_QUEUE_NOTIFY, value);
}

/* --- Books --------------------------------------------------------------------------------- */

static unsigned place_of(const struct ring *ring, uint32_t id)
{
	unsigned i = 0;

	while (i < ring->n_out && ring->out[i] != id)
		i++;
	return i;
}

void book_add(struct ring *ring, uint16_t id)
{
	ring->out[ring->n_out++] = id;
}

unsigned book_batch(const struct ring *ring, uint32_t id, unsigned max)
{
	unsigned place = place_of(ring, id);

	if (place == ring->n_out)
		return 0;
	/* Out of turn: no batch that ends with it has been announced. */
	return ring->in_order && place < max ? place + 1 : 1;
}

uint16_t book_take(struct ring *ring, uint32_t id, unsigned left)
{
	unsigned place = left > 1 ? 0 : place_of(ring, id);
	uint16_t taken = ring->out[place];

	ring->n_out--;
	memmove(&ring->out[place], &ring->out[place + 1],
		(ring->n_out - place) * sizeof(ring->out[0]));
	return taken;
}

/* --- By format --------------------------------------------------------------------------- */

uint32_t ring_add(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n)
{
	need(c, n >= 1 && n <= ring->n_free, "no room for %u descriptors in a queue of %u", n,
		ring->size);
	return ring->packed ? packed_add(c, ring, segs, n, 0) : split_add(c, ring, segs, n, 0);
}

uint32_t ring_add_indirect(struct conform *c, struct ring *ring, uint64_t table, uint32_t bytes,
	uint16_t more_flags)
{
	const struct seg seg = {table, bytes, false};
	uint16_t flags = (uint16_t)(VMMIO_DESC_F_INDIRECT | more_flags);

	need(c, ring->n_free >= 1, "no room for a descriptor in a queue of %u", ring->size);
	return ring->packed ? packed_add(c, ring, &seg, 1, flags) : split_add(c, ring, &seg, 1, flags);
}

uint32_t ring_add_mixed(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n,
	const struct seg *table)
{
	struct seg all[RING_MIXED + 1];

	need(c, n <= RING_MIXED && n < ring->n_free, "no room for %u descriptors in a queue of %u",
		n + 1, ring->size);
	memcpy(all, segs, n * sizeof(*segs));
	all[n] = *table;
	return split_add(c, ring, all, n + 1, VMMIO_DESC_F_INDIRECT);
}

void ring_publish(struct conform *c, struct ring *ring)
{
	if (ring->packed)
		packed_publish(c, ring);
	else
		split_publish(c, ring);
}

void ring_kick(struct conform *c, struct ring *ring)
{
	ring_publish(c, ring);
	ring_notify(c, ring);
}

bool ring_used(struct conform *c, struct ring *ring, struct used *used)
{
	return ring->packed ? packed_used(c, ring, used) : split_used(c, ring, used);
}

struct waiting {
	struct ring *ring;
	struct used *used;
};

static bool took_one(struct conform *c, void *arg)
{
	struct waiting *waiting = arg;

	return ring_used(c, waiting->ring, waiting->used);
}

bool ring_wait(struct conform *c, struct ring *ring, struct used *used)
{
	struct waiting waiting = {ring, used};

	return wait_until(c, took_one, &waiting, patience(c));
}

unsigned ring_waiting(struct conform *c, const struct ring *ring)
{
	return ring->packed ? packed_waiting(c, ring) : split_waiting(c, ring);
}

void ring_want_none(struct conform *c, struct ring *ring)
{
	if (ring->packed)
		packed_want(c, ring, VMMIO_EVENT_F_DISABLE, 0);
	else
		split_want(c, ring, VMMIO_AVAIL_F_NO_INTERRUPT, (uint16_t)(ring->used - 1));
}

void ring_want_all(struct conform *c, struct ring *ring)
{
	if (ring->packed)
		packed_want(c, ring, VMMIO_EVENT_F_ENABLE, 0);
	else
		split_want(c, ring, 0, ring->used);
}

void ring_want_after(struct conform *c, struct ring *ring, unsigned n)
{
	if (ring->packed)
		packed_want(c, ring, VMMIO_EVENT_F_DESC, n - 1);
	else
		split_want(c, ring, 0, (uint16_t)(ring->used + n - 1));
}

uint64_t ring_desc_at(const struct ring *ring, uint32_t slot)
{
	return ring->desc + 16u * (uint64_t)(slot % ring->size);
}
