/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the I/O engine: the engine as a whole, and the hub, which is what the place that
 * calls back has in common whatever it is: the ring's thread, the plain engine's poller,
 * the embedder's loop, or a harness.
 *
 * Locks, outer to inner: vmmio_io.lock, io_hub.lock, io_workers.lock. None is held while
 * calling out.
 */
#ifndef VMMIO_IO_HUB_H
#define VMMIO_IO_HUB_H

#include "io/engine.h"

struct io_uring_engine;

/* A polled descriptor. It outlives the caller's vmmio_io_poll for as long as the kernel, or
 * a batch of events that was fetched, may still name it. */
struct io_watch {
	struct io_link link;        /* hub.watches or hub.dead */
	struct io_link todo;        /* ring: to be armed, or to be cancelled */
	struct vmmio_io_poll *poll; /* NULL: removed */
	int fd;
	uint32_t slot; /* ring: its thread's; NO_SLOT: not in the kernel */
	bool multishot; /* ring: as which it is in the kernel */
};

struct io_hub {
	int wake_fd;  /* eventfd */
	int timer_fd; /* armed for the first timer; a poll like any other */
	int epoll_fd; /* -1: the ring's own thread waits for it all */

	/* mail: set with the lock held, after something was put in; cleared by who takes it
	 * out. sleeping: nobody will look before wake_fd is written; who puts mail in and
	 * takes this back writes it. Both seq_cst: store mail, then look at sleeping,
	 * against store sleeping, then look at mail. */
	atomic_bool mail, sleeping;
	atomic_bool stop; /* the poller's thread */

	pthread_mutex_t lock;    /* all below */
	pthread_cond_t returned; /* a ready returned, or a group went idle */
	struct io_link watches, dead;
	struct io_link timers;   /* by time */
	struct io_link finished; /* LOOP: what workers are done with */
	struct io_link queue;    /* MANUAL */
	size_t pending;          /* in queue */
	uint64_t now;            /* MANUAL */
	const struct vmmio_io_poll *calling; /* its ready runs ... */
	pthread_t caller;                    /* ... on this thread */
	struct vmmio_io_poll timer_poll;
};

struct vmmio_io {
	char name[16];
	bool fall_back; /* AUTO */
	enum vmmio_io_form form;
	unsigned entries, max_threads;
	uint8_t ring_lacks; /* 1 << enum vmmio_io_op: kinds of requests that the ring cannot do */
	struct vmmio_log log;
	atomic_int kind;
	struct io_hub hub;

	pthread_mutex_t lock; /* users, and the three below while they change */
	unsigned users;
	/* Set while there are users, who are the only ones to look at them otherwise, and
	 * who runs a loop: after an acquire of started, or with running taken. */
	struct io_uring_engine *ring;
	struct io_workers *workers;
	pthread_t poller; /* THREADS, plain */
	bool polling;     /* it was started */
	atomic_bool started; /* the three are there */

	atomic_bool watched; /* LOOP: vmmio_io_fd was called */

	/* LOOP and MANUAL: taken (acquire) to run it or take it down, given back (release). */
	atomic_bool running;
	/* Whose ring it is, as vmmio_io_me(); 0: nobody's yet. Only compared, and only the
	 * thread itself finds itself in it. */
	_Atomic uint64_t owner;

	atomic_uint refs;
	atomic_uint out; /* requests, polls, timers */
	unsigned forks;  /* of this process when it was started */
};

/* Started by the parent of this process, where its threads are; its ring is not mapped here.
 * Logs that, with what was called. */
bool vmmio_io_inherited(struct vmmio_io *io, const char *what);

static inline struct vmmio_io *io_of_hub(struct io_hub *hub)
{
	return (struct vmmio_io *)(void *)((char *)hub - offsetof(struct vmmio_io, hub));
}

/* --- hub.c: threads and batches, mail ----------------------------------------------- */

/* On the stack of a thread for as long as it may call back for io. */
struct io_frame {
	const struct vmmio_io *io;
	struct io_frame *outer;
	struct vmmio_io_flush *flushes;
};

void vmmio_io_frame_enter(struct io_frame *frame, const struct vmmio_io *io);
void vmmio_io_frame_leave(const struct io_frame *frame);
/* Whether this thread is inside a callback of io. */
bool vmmio_io_inside(const struct vmmio_io *io);
/* A number, not 0, that no other thread has or had: an address of the thread's would be used
 * again after its end. */
uint64_t vmmio_io_me(void);
/* The end of a batch of callbacks on this thread: calls what they have marked. */
void vmmio_io_batch_end(void);

void vmmio_io_hub_init(struct io_hub *hub);
void vmmio_io_hub_exit(struct io_hub *hub);
/* Its descriptors. 0 or -errno; close also after a failed open. */
int vmmio_io_hub_open(struct io_hub *hub, bool with_epoll);
void vmmio_io_hub_close(struct io_hub *hub);
void vmmio_io_hub_wake(struct io_hub *hub);
void vmmio_io_hub_wake_if_sleeping(struct io_hub *hub);
/* LOOP: a run begins, ends, and the embedder sleeps on wake_fd between them. */
void vmmio_io_hub_awake(struct io_hub *hub);
void vmmio_io_hub_rest(struct io_hub *hub);

/* --- submit.c ------------------------------------------------------------------------- */

/* The one way back to the caller: group, counters, done. */
void vmmio_io_end(struct vmmio_io *io, struct vmmio_io_request *request);
/* LOOP, on a worker: leaves the end to the next run. */
void vmmio_io_hand_over(struct vmmio_io *io, struct vmmio_io_request *request);
/* The next run ends what was handed over, max of them at most. Returns how many. */
unsigned vmmio_io_deliver(struct vmmio_io *io, unsigned max);
/* With the hub's lock held, unless the request is the workers'. */
void vmmio_io_cancel_in(struct vmmio_io *io, struct vmmio_io_request *request);

/* --- group.c -------------------------------------------------------------------------- */

void vmmio_io_group_join(struct vmmio_io *io, struct vmmio_io_request *request);
/* Right before done: nobody cancels it from here on. */
void vmmio_io_group_leave(struct vmmio_io *io, struct vmmio_io_request *request);
/* done has returned. */
void vmmio_io_group_returned(struct vmmio_io *io, struct vmmio_io_group *group);

/* --- poll.c --------------------------------------------------------------------------- */

int vmmio_io_watch_add(struct vmmio_io *io, struct vmmio_io_poll *poll);
/* true: it was added. */
bool vmmio_io_watch_remove(struct vmmio_io *io, struct vmmio_io_poll *poll);
/* false: removed meanwhile. */
bool vmmio_io_call_ready(struct io_hub *hub, struct io_watch *watch);
/* One look at the epoll set: waits up to timeout ms, calls back max times at most. */
unsigned vmmio_io_epoll_run(struct io_hub *hub, int timeout, unsigned max);
/* The plain engine's thread for polls and timers. */
void *vmmio_io_poller_main(void *io);

/* --- timer.c -------------------------------------------------------------------------- */

int vmmio_io_timers_start(struct vmmio_io *io);
void vmmio_io_timers_stop(struct vmmio_io *io);
/* Calls what is due at now, max of them at most. Returns how many. */
unsigned vmmio_io_timers_expire(struct vmmio_io *io, uint64_t now, unsigned max);

/* --- loop.c --------------------------------------------------------------------------- */

/* Takes the engine to run it: 0, -EBUSY or -EDEADLK, logged. */
int vmmio_io_take(struct vmmio_io *io, const char *what, struct io_frame *frame);
void vmmio_io_give_back(struct vmmio_io *io, struct io_frame *frame);
/* Whether a thread that waits for callbacks has to run the engine itself. */
bool vmmio_io_runs_here(struct vmmio_io *io);
/* LOOP: waits until vmmio_io_run has something to do. */
void vmmio_io_wait_readable(struct vmmio_io *io);

/* --- manual.c ------------------------------------------------------------------------- */

void vmmio_io_manual_submit(struct vmmio_io *io, struct vmmio_io_request *request);
/* Performs up to max requests, oldest first. Returns how many. */
unsigned vmmio_io_manual_run(struct vmmio_io *io, unsigned max);

/* --- uring.c -------------------------------------------------------------------------- */

/* Whether the kernel grants what is needed: 0 or -errno. *lacks gets the bits of ring_lacks. */
int vmmio_io_uring_probe(unsigned entries, uint8_t *lacks);
/* THREADS: starts the ring's thread. */
int vmmio_io_uring_create(struct vmmio_io *io, struct io_uring_engine **out);
/* Ends the thread; no request may be out. Not from that thread. */
void vmmio_io_uring_destroy(struct io_uring_engine *engine);
void vmmio_io_uring_submit(struct io_uring_engine *engine,
	struct vmmio_io_request *const *requests, unsigned n);
/* With the hub's lock held; who released it wakes the ring's thread. */
void vmmio_io_uring_cancel(struct io_uring_engine *engine, struct vmmio_io_request *request);
/* The same: look at a new or removed watch. */
void vmmio_io_uring_change(struct io_uring_engine *engine, struct io_watch *watch);
/* LOOP: one round, max callbacks at most (and those of cancels). Returns how many. */
unsigned vmmio_io_uring_run(struct io_uring_engine *engine, unsigned max);
/* The same for the ring, which writes wake_fd meanwhile. */
void vmmio_io_uring_awake(struct io_uring_engine *engine);
void vmmio_io_uring_rest(struct io_uring_engine *engine);

#endif
