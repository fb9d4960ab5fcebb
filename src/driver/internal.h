/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of the driver: the objects, and the seam between what both ring formats do alike
 * (queue.c, chain.c) and what they do differently (ring_split.c, ring_packed.c).
 */
#ifndef VMMIO_DRIVER_INTERNAL_H
#define VMMIO_DRIVER_INTERNAL_H

#include <stdatomic.h>
#include <vmmio/driver.h>

enum driver_state {
	DRIVER_NEW,	   /* not probed */
	DRIVER_PROBED,	   /* of the device's state nothing is known */
	DRIVER_RESETTING,  /* zero written, zero not read yet */
	DRIVER_FRESH,	   /* reset complete */
	DRIVER_NEGOTIATED, /* FEATURES_OK read back */
	DRIVER_LIVE,	   /* DRIVER_OK */
	DRIVER_FAILED,	   /* only a reset helps */
};

struct extent;

struct vmmio_driver {
	struct vmmio_driver_ops ops;
	void *ctx;
	uint64_t patience;
	enum driver_state state;
	uint32_t version;
	uint32_t device_id;
	uint32_t status; /* what was written since the reset */
	uint64_t offered[VMMIO_FEATURE_WORDS];
	uint64_t features;

	struct vmmio_driver_memory memory;
	struct extent *extents; /* taken pieces, by offset */

	struct vmmio_driver_queue **queues; /* by index, NULL: never set up */
	uint32_t n_queues;
};

enum queue_state { QUEUE_STOPPED, QUEUE_RUNNING, QUEUE_RESETTING, QUEUE_DISABLING };

enum event_mode { EVENTS_OFF, EVENTS_ON, EVENTS_AFTER };

/* What we remember of a chain; ring memory is never asked for it. */
struct slot {
	void *cookie;
	uint64_t writable;
	uint32_t seq; /* of its add; shown to the device if before shown_seq */
	uint16_t n_desc;
	bool in_use;
};

struct used_elem {
	uint32_t id;
	uint32_t len;
};

/* A chain that passed the checks. */
struct placement {
	const struct vmmio_driver_chain *chain;
	unsigned n; /* elements */
	bool indirect;
};

struct ring_ops {
	/* Sizes and alignments of Descriptor, Driver and Device Area. */
	void (*layout)(uint32_t size, size_t sizes[3], size_t aligns[3]);
	/* Resets private indices; the areas are zeroed. */
	void (*init)(struct vmmio_driver_queue *q);
	/* Writes the descriptors, keeps them from the device. Returns the id. */
	uint16_t (*place)(struct vmmio_driver_queue *q, const struct placement *p);
	void (*publish)(struct vmmio_driver_queue *q);
	/* After a full fence: does the device want to hear of the q->unkicked last units? */
	bool (*wants_notify)(struct vmmio_driver_queue *q);
	/* Bits 16-31 of the notification data. */
	uint16_t (*position)(const struct vmmio_driver_queue *q);
	/* The element at the next used position: 1, 0 or a fault (-EPROTO). */
	int (*peek)(struct vmmio_driver_queue *q, struct used_elem *elem);
	/* Is the chain at the next used position covered by the batch seen before? */
	bool (*covered)(struct vmmio_driver_queue *q);
	/* Passes over the chain `id` and frees its descriptors. */
	void (*consume)(struct vmmio_driver_queue *q, uint16_t id);
	/* Writes the notification wish; n only for EVENTS_AFTER. */
	void (*set_events)(struct vmmio_driver_queue *q, enum event_mode mode, unsigned n);
	/* Have n chains (estimate for packed) been used and not consumed? */
	bool (*waiting)(struct vmmio_driver_queue *q, unsigned n);
};

extern const struct ring_ops vmmio_driver_ring_split;
extern const struct ring_ops vmmio_driver_ring_packed;

struct vmmio_driver_queue {
	struct vmmio_driver *driver;
	const struct ring_ops *ring;
	uint32_t index;
	uint32_t size;
	uint32_t indirect; /* descriptors of one indirect table */
	uint32_t life; /* counts setups */
	enum queue_state state;
	bool event_idx;
	bool in_order;
	enum event_mode events;
	struct vmmio_driver_fault fault;

	struct vmmio_driver_area areas[3];
	struct vmmio_driver_area tables; /* indirect tables, one for each entry */

	struct slot *slots;  /* size of them, by id */
	uint16_t *next;	     /* free descriptors (split) or ids (packed), linked */
	uint16_t *order;     /* ids in the order added, for IN_ORDER */
	uint32_t order_head; /* oldest */
	uint16_t free_head;
	uint16_t batch_id; /* IN_ORDER: chains before this one were skipped */
	uint32_t batch_len;
	bool in_batch;

	uint32_t free_descs;
	uint32_t in_flight; /* chains added */
	uint32_t shown;	    /* of these the device has seen */
	uint32_t add_seq;
	uint32_t shown_seq;
	uint32_t detach_at;

	/* Split: avail idx. Packed: ring offset, with its wrap counter. */
	uint16_t add_pos; /* next to be written */
	bool add_wrap;
	uint16_t shown_pos; /* next to be made available */
	bool shown_wrap;
	uint16_t used_pos; /* next to be used */
	bool used_wrap;
	uint32_t pending;  /* idx steps or descriptors added, not published */
	uint32_t unkicked; /* published, not notified */
	uint16_t held;	   /* packed: flags of the first pending descriptor */
};

/* Shared by the ring formats. */
static inline uint16_t load_le16(const void *p)
{
	return vmmio_le16(atomic_load_explicit((const _Atomic uint16_t *)p, memory_order_acquire));
}

static inline void store_le16(void *p, uint16_t v)
{
	atomic_store_explicit((_Atomic uint16_t *)p, vmmio_le16(v), memory_order_release);
}

/* Event test of both formats: did a step from before to now pass the event? */
static inline bool event_passed(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

/* Element i of a chain, readable ones first. */
static inline const struct vmmio_driver_seg *chain_seg(
	const struct vmmio_driver_chain *chain, unsigned i)
{
	return i < chain->n_out ? &chain->out[i] : &chain->in[i - chain->n_out];
}

/* Marks the queue as broken. Always -EPROTO. */
int vmmio_driver_queue_break(
	struct vmmio_driver_queue *q, enum vmmio_driver_fault_kind kind, uint32_t id, uint32_t len);

/* Notifies if something is owed, the device is live and wants it. 1 if so, else 0. */
int vmmio_driver_queue_notify_owed(struct vmmio_driver_queue *q);

/* The device is done with the rings: gives their memory back. Keeps what is in flight. */
void vmmio_driver_queue_stopped(struct vmmio_driver_queue *q);

void vmmio_driver_queue_free(struct vmmio_driver_queue *q);

/* Forgets every area that was taken. */
void vmmio_driver_free_all(struct vmmio_driver *driver);

/* One wait with the caller's patience. */
struct wait {
	uint64_t patience;
	uint64_t start;
	uint64_t looks;
};

struct wait vmmio_driver_wait_begin(const struct vmmio_driver *driver, uint64_t patience);

/* After a look in vain: true after relaxing once, false if patience ran out. */
bool vmmio_driver_wait_more(const struct vmmio_driver *driver, struct wait *wait);

#endif
