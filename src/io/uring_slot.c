/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots: what user_data stands for. The ring's thread only.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/uring.h"

#define FIRST_SLOTS 1024u

/* Twice as many. Before the thread runs, or on it. */
int vmmio_io_uring_more_slots(struct io_uring_engine *e)
{
	uint32_t n = e->n_slots ? e->n_slots * 2 : FIRST_SLOTS;
	struct io_slot *slots = realloc(e->slots, n * sizeof(*slots));
	uint32_t i;

	if (!slots)
		return -ENOMEM;
	for (i = n; i-- > e->n_slots;)
		slots[i] = (struct io_slot){.next_free = i + 1 < n ? i + 1 : e->free_slot};
	e->free_slot = e->n_slots;
	e->slots = slots;
	e->n_slots = n;
	return 0;
}

/* On the thread: the kernel's workers belong to it. An old kernel refuses; it keeps its
 * own, lower limit. */
void vmmio_io_uring_raise_workers(struct io_uring_engine *e)
{
	unsigned limits[2] = {e->n_slots, e->n_slots};

	(void)io_uring_register_iowq_max_workers(&e->ring, limits);
}

static unsigned *count_of(struct io_uring_engine *e, uint64_t tag)
{
	return tag == TAG_REQUEST ? &e->requests : &e->polls;
}

uint32_t vmmio_io_uring_take_slot(struct io_uring_engine *e, void *who, uint64_t tag)
{
	struct io_slot *slot;
	uint32_t index;

	if (e->free_slot == NO_SLOT) {
		if (vmmio_io_uring_more_slots(e))
			return NO_SLOT;
		vmmio_io_uring_raise_workers(e);
	}
	index = e->free_slot;
	slot = &e->slots[index];
	e->free_slot = slot->next_free;
	slot->generation = (slot->generation + 1) & GENERATION_MASK;
	slot->who = who;
	slot->tag = tag;
	++*count_of(e, tag);
	return index;
}

void vmmio_io_uring_free_slot(struct io_uring_engine *e, uint32_t index)
{
	struct io_slot *slot = &e->slots[index];

	slot->who = NULL;
	slot->next_free = e->free_slot;
	e->free_slot = index;
	--*count_of(e, slot->tag);
}

uint64_t vmmio_io_uring_data(const struct io_uring_engine *e, uint32_t index)
{
	const struct io_slot *slot = &e->slots[index];

	return slot->tag | (uint64_t)slot->generation << 32 | index;
}

void *vmmio_io_uring_find(const struct io_uring_engine *e, uint64_t data)
{
	uint32_t index = (uint32_t)data;

	if (index >= e->n_slots || !e->slots[index].who ||
		vmmio_io_uring_data(e, index) != data)
		return NULL;
	return e->slots[index].who;
}
