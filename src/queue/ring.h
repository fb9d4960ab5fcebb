/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtqueue's ring, split or packed, device side. Freestanding; no lock, no allocation.
 *
 * The caller serialises all calls on one ring. The driver is not serialised with us:
 * shared memory is read once into private copies, with relaxed or acquire atomics, and
 * judged there; one release store publishes a batch.
 *
 * A malformed ring sets fault and the ring stops: pop gives 0 from then on.
 */
#ifndef VMMIO_QUEUE_RING_H
#define VMMIO_QUEUE_RING_H

#include <vmmio/queue.h>
#include <vmmio/spec.h>

#include "memory/table.h"

struct vmmio_ring_config {
	bool packed;
	bool event_idx;
	bool indirect;
	bool in_order;
	bool translate;        /* addresses go through the table's hook, which there must be */
	uint32_t size;         /* as the driver wrote it: checked by vmmio_ring_init */
	uint32_t size_max;     /* as offered */
	uint32_t max_segments; /* iovecs per chain */
	uint64_t desc, driver, device;
};

/* One chain that is out. */
struct vmmio_ring_slot {
	uint64_t generation;   /* of the token now or last in use */
	uint64_t serial;       /* of the table it was popped with */
	uint32_t written;      /* len of the completion */
	uint32_t writable_len; /* bounds a completion's len */
	uint32_t n_readable, n_writable; /* its pieces */
	uint16_t head;         /* split: descriptor head; packed: buffer id */
	uint16_t descs;        /* what it counts in in_flight: ring entries (packed), 1 (split) */
	uint16_t next;         /* free: next free slot; IN_ORDER and in flight: popped next */
	uint8_t state;         /* enum slot_state */
	bool touched;          /* written to, whatever written says (vmmio_queue_dirty) */
};

/* One of the three areas. */
struct vmmio_ring_area {
	uint64_t addr;  /* as the driver gave it */
	uint64_t guest; /* translated */
	uint64_t size;
};

struct vmmio_ring {
	const struct vmmio_ring_ops *ops; /* split or packed */
	enum vmmio_fault fault;
	bool running;
	bool notify_enabled;
	bool event_idx, indirect, in_order;
	uint32_t size;
	uint32_t max_segments;
	uint32_t hint; /* memory table */

	void *desc;   /* host addresses of the three areas, resolved at init */
	void *driver;
	void *device;
	struct vmmio_ring_area areas[3]; /* descriptors, driver, device */
	uint64_t serial;                 /* of the table they were resolved with */
	const struct vmmio_memory_table *log; /* in which to log writes; NULL: they are not */

	uint16_t avail; /* split: next available index; packed: next ring position */
	uint16_t used;  /* likewise for used entries */
	bool avail_wrap, used_wrap; /* packed */
	uint16_t event;             /* where the driver was last asked to notify ... */
	bool event_known;           /* ... and still is */
	uint32_t untold;    /* ring entries (packed) or chains (split) used since the last event test */
	uint32_t in_flight; /* ring entries (packed) or chains (split) not yet used */

	uint16_t oldest, newest; /* IN_ORDER: slots in pop order, while in_flight is not 0 */
	uint64_t generation;     /* of the last token given out; never rewinds, see init */
	uint16_t free_head;
	uint32_t leases; /* slots that are out (held ones not counted) */
	struct vmmio_ring_slot *slots; /* size of them */
	struct vmmio_iovec *iov;       /* size * max_segments */
	uint64_t *iova; /* of each, before translation; NULL: there is none */
	uint32_t translations; /* for the chain being walked: bounds the work */
};

/* Bytes that init needs for a ring of that size: slots, iovecs, and their addresses if it
 * translates. 0: size out of range. */
size_t vmmio_ring_storage(uint32_t size, uint32_t max_segments, bool translate);

/*
 * Makes a ring ready to run from index 0 (wrap counters 1). storage: as above, aligned for
 * max_align_t, contents irrelevant, the caller's. generation: tokens start above it, so that
 * those of an earlier life are recognised. On a fault nothing may be done with the ring
 * but look at fault and run vmmio_ring_pop (0).
 */
enum vmmio_fault vmmio_ring_init(struct vmmio_ring *ring, const struct vmmio_ring_config *config,
	const struct vmmio_memory_table *table, void *storage, uint64_t generation);

/* Writes from here on are logged in that version of the table, if it logs. Called by whoever
 * has just locked the ring; the version stays as long as the lock is held. pop does it. */
static inline void vmmio_ring_see(struct vmmio_ring *ring, const struct vmmio_memory_table *table)
{
	ring->log = table->dirty ? table : NULL;
}

/* As vmmio_queue_pop. Sets ring->fault (and stops) at a malformed chain; chains popped
 * before it in the same call are returned. With notifications enabled, 0 means the driver
 * has been told to notify and the ring was empty after that. */
unsigned vmmio_ring_pop(struct vmmio_ring *ring, const struct vmmio_memory_table *table,
	struct vmmio_chain *chains, unsigned max);

enum vmmio_ring_mode {
	VMMIO_RING_PUBLISH,
	VMMIO_RING_HOLD, /* keep the answers until vmmio_ring_flush */
	VMMIO_RING_DROP, /* the life is over: leases come back, nothing is ever written again */
};

/* What became of the answers given to one complete call. */
struct vmmio_ring_answers {
	unsigned accepted; /* leases returned */
	unsigned wrong;    /* tokens that were not out */
	unsigned cut;      /* lengths beyond the writable part */
	unsigned fenced;   /* chains that had been given up */
};

/*
 * Takes n answers; *answers must be zero. Returns how many used entries were written
 * (IN_ORDER: may be more or fewer than n). A broken ring publishes nothing.
 */
unsigned vmmio_ring_complete(struct vmmio_ring *ring, const struct vmmio_completion *completions,
	unsigned n, enum vmmio_ring_mode mode, struct vmmio_ring_answers *answers);

/* Publishes what VMMIO_RING_HOLD has kept; as complete. */
unsigned vmmio_ring_flush(struct vmmio_ring *ring);

/* Gives up all chains that are out, and returns how many: their slots and iovecs
 * stay, their answers are recognised. What they may have been written goes into the
 * dirty log. The ring stops for good. */
uint32_t vmmio_ring_fence(struct vmmio_ring *ring);

/* Its life is over, all leases are back: how many answers have waited in vain for their used
 * entries, for a flush or with IN_ORDER for their turn. They are forgotten. */
uint32_t vmmio_ring_forget(struct vmmio_ring *ring);

/* After complete wrote entries: does the driver want a notification for what was
 * published since the last call? Includes the full fence between used index and event. */
bool vmmio_ring_should_notify(struct vmmio_ring *ring);

/* As vmmio_queue_notifications. */
bool vmmio_ring_notifications(struct vmmio_ring *ring, bool enable);

/* The oldest chain that is out, and its token's generation; false: none. */
bool vmmio_ring_oldest(const struct vmmio_ring *ring, uint32_t *head, uint64_t *generation);

/* Tokens from here on have generations above this one, if that is higher than now. A caller
 * that feeds one counter to several rings can compare the ages of their chains. */
void vmmio_ring_generation(struct vmmio_ring *ring, uint64_t generation);

/* --- reach.c --- */

/* Whether a chain that is out has bytes in what is gone. */
bool vmmio_ring_reaches(const struct vmmio_ring *ring, const struct vmmio_memory_gone *gone);
/* Whether the ring is running and has an area in what is gone. */
bool vmmio_ring_lies_in(const struct vmmio_ring *ring, const struct vmmio_memory_gone *gone);
/* Stops a running ring: nothing of its areas is touched from here on. */
void vmmio_ring_break(struct vmmio_ring *ring, enum vmmio_fault fault);
/* As vmmio_queue_dirty. Nothing if the chain has been given up. False: it was not out. */
bool vmmio_ring_dirty(
	struct vmmio_ring *ring, vmmio_token token, uint32_t offset, uint32_t len);

#endif
