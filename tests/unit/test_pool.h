/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of the pool share: tasks that signal, and tasks that block until told.
 */
#ifndef VMMIO_TESTS_POOL_H
#define VMMIO_TESTS_POOL_H

#include <semaphore.h>
#include <vmmio/executor.h>

#include "support/fixture.h"

#define HOUR UINT64_C(3600000000000)

struct signal_task {
	struct vmmio_task task;
	sem_t ran;
};

struct blocker {
	struct vmmio_task task;
	sem_t inside, release, left;
};

struct signal_deadline {
	struct vmmio_deadline deadline;
	sem_t expired;
};

/* Without end: the time-out of the test is the patience. */
void wait_for(sem_t *sem);
void wait_until(bool (*condition)(struct vmmio_executor *pool), struct vmmio_executor *pool);

/* Both kinds of tasks, polling and not: the flags of variant i, and a pool with one worker. */
#define POLL_TIMES 3
#define VARIANTS (2 * POLL_TIMES)
uint32_t pool_flags(int variant);
struct vmmio_executor *pool_variant(int variant);

struct vmmio_executor *new_pool(struct vmmio_pool_options options);
void destroy_pool(struct vmmio_executor *pool);

/* Submits a task with these flags and waits until it has run. */
void round_trip(struct vmmio_executor *pool, uint32_t flags);
void signal_task_init(struct signal_task *task, uint32_t flags);

/* Arms a deadline that is due and waits until it has expired. */
void deadline_round_trip(struct vmmio_executor *pool);
void signal_deadline_init(struct signal_deadline *deadline);

/* A task that may block, and does; submitted. */
void block(struct vmmio_executor *pool, struct blocker *blocker);
void unblock(struct blocker *blocker); /* and waits until it is leaving */

void pool_destroy_tests(Suite *suite);
void pool_threads_tests(Suite *suite);

#endif
