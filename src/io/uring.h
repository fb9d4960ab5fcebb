/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the io_uring engine: uring.c is what other threads call, uring_thread.c what the
 * ring's thread does (its own, or that of the embedder's loop), with uring_ring.c for what
 * goes in and comes out, uring_slot.c for how the two are matched, and uring_poll.c for
 * polled descriptors.
 */
#ifndef VMMIO_IO_URING_H
#define VMMIO_IO_URING_H

#include <liburing.h>

#include "io/hub.h"

#define NO_SLOT UINT32_MAX

/* user_data: what it is in bits 61-63, generation in 32-60, slot in 0-31. */
#define TAG_REQUEST (UINT64_C(1) << 61)
#define TAG_CANCEL (UINT64_C(2) << 61)
#define TAG_WAKE (UINT64_C(3) << 61)
#define TAG_POLL (UINT64_C(4) << 61)
#define TAG_MASK (UINT64_C(7) << 61)
#define GENERATION_MASK 0x1fffffffu

/* A request or watch in the kernel. user_data names slot and generation, so that a
 * completion nobody waits for (a forked child's, a late one) is recognised instead of
 * followed. */
struct io_slot {
	void *who; /* NULL: free */
	uint64_t tag;
	uint32_t generation;
	uint32_t next_free;
};

struct io_uring_engine {
	struct vmmio_io *io;
	struct io_hub *hub;
	pthread_t thread; /* THREADS */

	/* Under the hub's lock. */
	struct io_link inbox;
	struct io_link cancels;
	struct io_link changes; /* watches to arm or to cancel */
	bool stop;

	/* The ring's thread's own. */
	struct io_uring ring;
	struct io_link backlog; /* waits for room in the submission ring */
	struct io_slot *slots;
	uint32_t n_slots, free_slot;
	unsigned requests, polls; /* in slots */
	uint64_t wake_value;
	bool wake_armed, stopping, spin, complained, strayed;
	bool disabled; /* LOOP: until the first run, which makes it that thread's */
	bool deferred;     /* LOOP: completions wait for this thread to ask */
	bool signals;      /* LOOP: the ring writes wake_fd */
	bool single_polls; /* the kernel has no multishot ones */
};

/* One completion, copied out of the ring. */
struct io_completion {
	uint64_t data;
	int32_t res;
	uint32_t flags;
};

/* --- uring.c ------------------------------------------------------------------------- */

/* flags: IORING_SETUP_*. 0 or -errno. */
int vmmio_io_uring_init_ring(struct io_uring *ring, unsigned entries, unsigned flags);

/* --- uring_slot.c -------------------------------------------------------------------- */

int vmmio_io_uring_more_slots(struct io_uring_engine *e);
void vmmio_io_uring_raise_workers(struct io_uring_engine *e);
/* NO_SLOT: no memory. */
uint32_t vmmio_io_uring_take_slot(struct io_uring_engine *e, void *who, uint64_t tag);
void vmmio_io_uring_free_slot(struct io_uring_engine *e, uint32_t index);
uint64_t vmmio_io_uring_data(const struct io_uring_engine *e, uint32_t index);
/* NULL: nobody waits for that. */
void *vmmio_io_uring_find(const struct io_uring_engine *e, uint64_t data);

/* --- uring_ring.c: the ring's thread ---------------------------------------------------- */

/* To the submission ring, or to the backlog. */
void vmmio_io_uring_queue(struct io_uring_engine *e, struct vmmio_io_request *request);
/* Takes in what other threads have put into the hub. Returns how many dones ran. */
unsigned vmmio_io_uring_collect(struct io_uring_engine *e);
/* Backlog to submission ring. true: all that can be had is in, false: it was full. */
bool vmmio_io_uring_fill(struct io_uring_engine *e);
/* Calls back for up to max completions, in batches. Returns how many callbacks ran. */
unsigned vmmio_io_uring_reap(struct io_uring_engine *e, unsigned max);

/* --- uring_poll.c: the ring's thread ---------------------------------------------------- */

/* Watches that were added or removed. With the hub's lock held. false: the ring is full. */
bool vmmio_io_uring_take_changes(struct io_uring_engine *e);
/* Returns how many callbacks ran. */
unsigned vmmio_io_uring_poll_event(
	struct io_uring_engine *e, struct io_watch *watch, const struct io_completion *c);

/* --- uring_thread.c ----------------------------------------------------------------------- */

/* The whole life of the ring's own thread. */
void *vmmio_io_uring_main(void *engine);

#endif
