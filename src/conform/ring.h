/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver's side of a virtqueue, split or packed, for checks: every step by itself, so that
 * a check can look between two of them, or do one of them wrong. Shares no code with
 * the driver or the device of the library.
 */
#ifndef VMMIO_CONFORM_RING_H
#define VMMIO_CONFORM_RING_H

#include "conform/check.h"

#define RING_MAX 1024u
#define RING_MIXED 16u /* direct descriptors before a table */

struct ring {
	unsigned index;
	bool packed;
	bool event_idx;
	bool in_order;
	bool notification_data;
	uint32_t size;
	/* Guest addresses of the Descriptor, Driver and Device Area. */
	uint64_t desc, driver, device;
	/* Of the driver's side. */
	uint16_t avail;  /* split: next available idx; packed: next slot */
	uint16_t shown;  /* split: avail idx as last published */
	uint16_t used;   /* split: next used idx to look at; packed: next slot */
	bool avail_wrap, used_wrap;
	uint32_t n_free; /* descriptors */
	/* packed: first slot and flags of what was added and not published */
	int32_t unpublished_slot;
	uint16_t unpublished_flags;
	uint16_t length[RING_MAX]; /* descriptors of the chain with this id; 0: not out */
	/* Of a free descriptor (packed: id) the next free one; of a chain that is out its links. */
	uint16_t next_free[RING_MAX];
	uint16_t free_head;
	uint16_t out[RING_MAX]; /* ids that are out, oldest first */
	uint32_t n_out;
};

/* A piece of a chain. */
struct seg {
	uint64_t addr;
	uint32_t len;
	bool write; /* the device writes it */
};

struct used {
	uint32_t id;
	uint32_t len;
	uint16_t flags; /* packed: of the used descriptor */
	/* Buffers that it gives back: 1, more for a batch with IN_ORDER, whose last one it names;
	 * 0: the id is not out. */
	uint16_t batch;
};

/*
 * Takes memory for the queue (exact sizes, each area of its own between guard bytes), and
 * programs QueueSize and the three addresses. size 0: QueueSizeMax, at most RING_MAX, for a
 * split ring a power of two. The format follows the accepted features.
 */
void ring_init(struct conform *c, struct ring *ring, unsigned index, uint32_t size);
/* The same with areas that are aligned as little as is allowed. */
void ring_init_tight(struct conform *c, struct ring *ring, unsigned index, uint32_t size);
/* From now on descriptors (packed: ids) are taken from the last to the first. Before
 * anything is added, and not with IN_ORDER. */
void ring_backwards(struct ring *ring);
/* The largest size that is a power of two and at most this, and that the queue can have. */
uint32_t ring_size_up_to(struct conform *c, unsigned index, uint32_t size);
/* The same on areas that are there already: programs the registers, nothing else. */
void ring_program(struct conform *c, const struct ring *ring);
/* Forgets all that was added and zeroes the areas, for a queue that was reset. */
void ring_clear(struct conform *c, struct ring *ring);
/* QueueReady := 1. */
void ring_enable(struct conform *c, const struct ring *ring);
/* ring_init and ring_enable, then DRIVER_OK. */
void ring_go(struct conform *c, struct ring *ring, unsigned index, uint32_t size);

/* The three areas as bytes; guards around them. */
uint64_t ring_desc_size(const struct ring *ring);
uint64_t ring_driver_size(const struct ring *ring);
uint64_t ring_device_size(const struct ring *ring);
/* Which area has a changed guard, "" for none. */
const char *ring_guards(struct conform *c, const struct ring *ring);

/* Writes the chain's descriptors; the device does not see it yet. Returns its id (the head,
 * or the buffer id). Ends the check when there is no room. */
uint32_t ring_add(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n);
/* One descriptor that points to a table that is there. */
uint32_t ring_add_indirect(struct conform *c, struct ring *ring, uint64_t table, uint32_t bytes,
	uint16_t more_flags);
/* Split: n direct descriptors, which may be none, then one that points to a table; with
 * table->write it has WRITE set too. */
uint32_t ring_add_mixed(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n,
	const struct seg *table);
/* Shows the device what was added. */
void ring_publish(struct conform *c, struct ring *ring);
/* Writes QueueNotify, whatever the device wants to be told; with NOTIFICATION_DATA its word. */
void ring_notify(struct conform *c, struct ring *ring);
/* publish and notify. */
void ring_kick(struct conform *c, struct ring *ring);
/* Takes one used entry if there is one. What it says is the device's word: an id that is not
 * out leaves the books as they are. */
bool ring_used(struct conform *c, struct ring *ring, struct used *used);
/* ... and waits for it as long as the suite's patience lasts. */
bool ring_wait(struct conform *c, struct ring *ring, struct used *used);
/* Used entries that are there and were not taken (split), or whether there is one (packed). */
unsigned ring_waiting(struct conform *c, const struct ring *ring);

/* Guest address of a descriptor; of the avail or used ring entry of that idx (split). */
uint64_t ring_desc_at(const struct ring *ring, uint32_t slot);
uint64_t ring_avail_entry(const struct ring *ring, uint16_t idx);
uint64_t ring_used_entry(const struct ring *ring, uint16_t idx);
/* avail.flags, avail.idx, used_event; used.flags, used.idx, avail_event (split). */
uint64_t ring_avail_flags(const struct ring *ring);
uint64_t ring_avail_idx(const struct ring *ring);
uint64_t ring_used_event(const struct ring *ring);
uint64_t ring_used_flags(const struct ring *ring);
uint64_t ring_used_idx(const struct ring *ring);
uint64_t ring_avail_event(const struct ring *ring);

/* Whether the driver wants used buffer notifications: never, always, or (EVENT_IDX) once the
 * n-th used entry from now is there (n from 1; packed: the descriptor n slots from now). */
void ring_want_none(struct conform *c, struct ring *ring);
void ring_want_all(struct conform *c, struct ring *ring);
void ring_want_after(struct conform *c, struct ring *ring, unsigned n);

#endif
