/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread pool's inside.
 *
 * Thread 0 is the keeper. It never runs a task that may block: it runs the others and the
 * deadlines, and starts and joins the workers. Workers, at most max_threads - 1, run nothing
 * but tasks that may block. So whatever blocks, the keeper is free, and a worker that comes
 * back is at once available for what waits.
 *
 * A submitter never starts a thread. It hands the task to a worker that polls or sleeps; if
 * there is none, it sets the time of a check (grow_at), and the keeper starts a worker if
 * none has taken a task until then. Invariant, under the lock: while a task waits in slow,
 * a worker has been called and has not looked yet, or all workers are busy; and then
 * grow_at is set, unless there are as many as there may be.
 */
#ifndef VMMIO_EXECUTOR_POOL_H
#define VMMIO_EXECUTOR_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "executor/internal.h"

/* What a thread waits with. */
struct pool_sleeper {
	pthread_cond_t cond; /* with the pool's lock, on CLOCK_MONOTONIC */
	/* Written under the lock. The owner polls it without; relaxed, because it takes the
	 * lock before it looks at anything else. */
	atomic_bool called;
	bool sleeping; /* under the lock: cond has to be signalled as well */
};

enum pool_worker_state {
	WORKER_FREE, /* no thread */
	WORKER_ALIVE,
	WORKER_ENDED, /* has run out of time, is to be joined */
};

struct pool_worker {
	struct pool *pool;
	pthread_t thread; /* the keeper's; destroy's once the keeper is gone */
	enum pool_worker_state state;
	struct pool_sleeper sleeper;
	struct pool_worker *below; /* on the stack of sleeping workers */
};

struct pool {
	/* Copied options, read-only. */
	char name[16];
	uint64_t grow_after;
	uint64_t idle_timeout;
	uint64_t poll_time;
	struct vmmio_log log;
	unsigned max_workers;

	/* Threads that have left the lock and are about to signal; destroy waits for them.
	 * Raised under the lock; the release on the way down pairs with destroy's acquire. */
	atomic_uint signalling;

	pthread_mutex_t lock;        /* guards all that follows; not held when calling out */
	struct vmmio_task_list fast; /* for the keeper */
	struct vmmio_task_list slow; /* VMMIO_TASK_MAY_BLOCK, for the workers */
	struct vmmio_deadlines deadlines;

	pthread_t keeper_thread; /* create and destroy */
	struct pool_sleeper keeper;
	uint64_t keeper_until; /* what it waits for; 0: awake, it will see what is new */

	uint64_t grow_at;    /* when to see whether a worker is missing, UINT64_MAX: not */
	uint64_t taken;      /* slow tasks ever taken */
	uint64_t grow_taken; /* taken when grow_at was set */
	bool create_failed;  /* the last thread could not be created, and this was logged */

	unsigned alive;             /* workers */
	unsigned busy;              /* those of them that are in a task */
	unsigned ended;             /* workers to be joined */
	struct pool_worker *poller; /* polls and has not been called: one at a time */
	struct pool_worker *idle;   /* sleep and have not been called, latest first */

	unsigned running;     /* tasks and deadlines being called */
	bool closing;         /* destroy waits for running == 0 */
	bool stop;            /* threads end */
	pthread_cond_t quiet; /* running == 0, for destroy */

	struct pool_worker worker[]; /* max_workers */
};

/* The thread functions, in pool_threads.c. */
void *vmmio_pool_keeper(void *pool);

/* Starts a thread that inherits a mask of blocked signals. Returns a positive errno. */
int vmmio_pool_start_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg);

/* The rest is called with the lock held. A returned condition is to be signalled, NULL: none. */

void vmmio_pool_unlock_and_signal(struct pool *pool, pthread_cond_t *cond);
pthread_cond_t *vmmio_pool_call(struct pool_sleeper *sleeper);
pthread_cond_t *vmmio_pool_call_keeper(struct pool *pool);

/* The task has been queued in slow: hands it to a worker, or sees to it that one is started. */
pthread_cond_t *vmmio_pool_call_worker(struct pool *pool);

uint64_t vmmio_pool_clock(void);

#endif
