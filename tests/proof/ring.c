/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eva: one chain is taken off a ring of SIZE entries, and the driver writes into the ring at
 * any moment: each load of it gives any value.
 *
 * The ring is in any state that the library itself can have brought about (any_ring); each of
 * its arrays is an object of its own and exactly as large as vmmio_ring_init makes it. Guest
 * memory is two regions side by side. Without translation, indirect tables and dirty log.
 *
 * PACKED and SIZE are given by run.
 */
#include "queue/shared.h"
#include "queue/walk.h"

#define SEGMENTS 2
#define BYTES 64

bool proof_lockless = true;

static struct vmmio_ring ring;
static struct vmmio_ring_slot slots[SIZE];
static struct vmmio_iovec iov[SIZE * SEGMENTS];
static struct vmmio_chain chains[1];

#if PACKED
static uint64_t desc[SIZE * 2];
static uint32_t driver[1], device[1];
#else
static uint64_t desc[SIZE * 2];
static uint16_t driver[3 + SIZE];
static uint32_t device[(6 + 8 * SIZE + 2) / 4];
#endif

static uint64_t table[(sizeof(struct vmmio_memory_table) + 2 * sizeof(struct vmmio_region)) / 8];

/* Host memory of buffers is not touched by a walk: its address is only a number. */
static struct vmmio_memory_table *make_table(void)
{
	struct vmmio_memory_table *t = (void *)table;

	t->serial = any64();
	t->n = 2;
	t->region[0] = (struct vmmio_region){0x1000, BYTES, (void *)0x10000, any_up_to(3)};
	t->region[1] = (struct vmmio_region){0x1000 + BYTES, BYTES, (void *)0x20000, any_up_to(3)};
	return t;
}

/* Assumed of it: a region is given only to an address in it. */
const struct vmmio_region *vmmio_table_find(
	const struct vmmio_memory_table *t, uint64_t guest, uint32_t *hint)
{
	*hint = any32();
	if (guest >= 0x1000 && guest < 0x1000 + BYTES)
		return &t->region[0];
	if (guest >= 0x1000 + BYTES && guest < 0x1000 + 2 * BYTES)
		return &t->region[1];
	return NULL;
}

static void any_slots(void)
{
	any_object(slots);
	/*@ loop unroll SIZE; */
	for (uint32_t i = 0; i < SIZE; i++) {
		slots[i].next = (uint16_t)any_up_to(SIZE); /* SIZE: of the last free one */
		slots[i].descs = (uint16_t)any_up_to(SIZE);
	}
}

static void any_ring(uint32_t free_head)
{
	any_object(ring);
	any_slots();
	ring.size = SIZE;
	ring.max_segments = SEGMENTS;
	ring.running = true;
	ring.event_idx = any_bool();
	ring.indirect = false;
	ring.in_order = any_bool();
	ring.notify_enabled = any_bool();
	ring.event_known = any_bool();
	ring.avail_wrap = any_bool();
	ring.used_wrap = any_bool();
	ring.free_head = (uint16_t)free_head;
	/* As long as a slot is free there is room, and the other way round. */
	ring.in_flight = free_head < SIZE ? any_up_to(SIZE - 1) : SIZE;
	ring.oldest = (uint16_t)any_up_to(SIZE - 1);
	ring.newest = (uint16_t)any_up_to(SIZE - 1);
	ring.desc = desc;
	ring.driver = driver;
	ring.device = device;
	ring.slots = slots;
	ring.iov = iov;
	ring.iova = NULL;
	ring.log = NULL;
#if PACKED
	ring.avail = (uint16_t)any_up_to(SIZE - 1);
	ring.used = (uint16_t)any_up_to(SIZE - 1);
#endif
}

int main(void)
{
	const struct vmmio_ring_ops *ops = PACKED ? &vmmio_ring_packed_ops : &vmmio_ring_split_ops;
	struct vmmio_memory_table *t = make_table();

	any_object(desc);
	any_object(driver);
	any_object(device);
	any_object(iov);
	t->dirty = NULL;
	t->translate = NULL;
	t->translate_ctx = NULL;
	/*@ loop unroll SIZE + 1; */
	for (uint32_t free_head = 0; free_head <= SIZE; free_head++) {
		any_ring(free_head);
		if (ops->fetch(&ring, t, chains, 1) == 0)
			continue;
#if PACKED
		/* The buffer id indexes nothing here: so it is asked for by itself. */
		/*@ assert chains[0].head < SIZE; */
#endif
	}
	any_ring(0);
	ops->pending(&ring);
	ops->wanted(&ring);
	ops->arm(&ring);
	ops->disarm(&ring);
	/*@ assert 0 <= 1; */
	return 0;
}
