/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the io_uring engine: uring.c is what other threads call, uring_ring.c what the
 * engine's thread does.
 */
#ifndef VMMIO_IO_URING_H
#define VMMIO_IO_URING_H

#include <liburing.h>

#include "io/engine.h"

#define NO_SLOT UINT32_MAX

/* A request in the kernel. user_data names slot and generation, so that a completion
 * nobody waits for (a forked child's, a late one) is recognised instead of followed. */
struct io_slot {
	struct vmmio_io_request *request; /* NULL: free */
	uint32_t generation;
	uint32_t next_free;
};

struct io_uring_engine {
	struct vmmio_io *io;
	struct vmmio_log log;
	pthread_t thread;
	int wake_fd;

	pthread_mutex_t lock; /* inbox, cancels, stop */
	struct io_link inbox;
	struct io_link cancels;
	bool stop;
	/* mail: set after something was put under the lock, cleared by the thread.
	 * sleeping: the thread is about to wait; who puts mail in and takes this back writes
	 * wake_fd. Both seq_cst: store mail, then look at sleeping, against store sleeping,
	 * then look at mail. */
	atomic_bool mail;
	atomic_bool sleeping;

	/* The thread's own. */
	struct io_uring ring;
	struct io_link backlog; /* waits for room in the submission ring */
	struct io_slot *slots;
	uint32_t n_slots, free_slot;
	unsigned out; /* slots in use */
	uint64_t wake_value;
	bool wake_armed, stopping, spin, complained, strayed;
};

/* From a worker thread's view: the whole life of the ring's thread. */
void *vmmio_io_uring_main(void *engine);
int vmmio_io_uring_more_slots(struct io_uring_engine *engine);
int vmmio_io_uring_init_ring(struct io_uring *ring, unsigned entries);

#endif
