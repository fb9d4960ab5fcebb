/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread pool: tasks and deadlines. Its threads are in test_pool_threads.c, create and
 * destroy in test_pool_destroy.c.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "unit/test_pool.h"

/* --- Shared helpers -------------------------------------------------------------- */

void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		ck_assert_int_eq(errno, EINTR);
}

void wait_until(bool (*condition)(struct vmmio_executor *pool), struct vmmio_executor *pool)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	while (!condition(pool))
		nanosleep(&pause, NULL);
}

struct vmmio_executor *new_pool(struct vmmio_pool_options options)
{
	struct vmmio_executor *pool = NULL;

	options.size = sizeof(options);
	options.log = fixture_log();
	ck_assert_int_eq(vmmio_pool_create(&options, &pool), 0);
	ck_assert_ptr_nonnull(pool);
	return pool;
}

void destroy_pool(struct vmmio_executor *pool)
{
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
}

static void run_signal(struct vmmio_task *task)
{
	sem_post(&((struct signal_task *)task)->ran);
}

void signal_task_init(struct signal_task *task, uint32_t flags)
{
	memset(task, 0, sizeof(*task));
	task->task.run = run_signal;
	task->task.flags = flags;
	sem_init(&task->ran, 0, 0);
}

void round_trip(struct vmmio_executor *pool, uint32_t flags)
{
	struct signal_task task;

	signal_task_init(&task, flags);
	vmmio_executor_submit(pool, &task.task);
	wait_for(&task.ran);
}

static void expired_signal(struct vmmio_deadline *deadline)
{
	sem_post(&((struct signal_deadline *)deadline)->expired);
}

void signal_deadline_init(struct signal_deadline *deadline)
{
	memset(deadline, 0, sizeof(*deadline));
	deadline->deadline.expired = expired_signal;
	sem_init(&deadline->expired, 0, 0);
}

void deadline_round_trip(struct vmmio_executor *pool)
{
	struct signal_deadline deadline;

	signal_deadline_init(&deadline);
	vmmio_executor_arm(pool, &deadline.deadline, vmmio_executor_now(pool));
	wait_for(&deadline.expired);
}

static void run_block(struct vmmio_task *task)
{
	struct blocker *blocker = (struct blocker *)task;

	sem_post(&blocker->inside);
	wait_for(&blocker->release);
	sem_post(&blocker->left);
}

void block(struct vmmio_executor *pool, struct blocker *blocker)
{
	memset(blocker, 0, sizeof(*blocker));
	blocker->task.run = run_block;
	blocker->task.flags = VMMIO_TASK_MAY_BLOCK;
	sem_init(&blocker->inside, 0, 0);
	sem_init(&blocker->release, 0, 0);
	sem_init(&blocker->left, 0, 0);
	vmmio_executor_submit(pool, &blocker->task);
}

void unblock(struct blocker *blocker)
{
	sem_post(&blocker->release);
	wait_for(&blocker->left);
}

static const uint64_t poll_times[POLL_TIMES] = {0, 1, UINT64_MAX};

uint32_t pool_flags(int variant)
{
	return variant % 2 ? VMMIO_TASK_MAY_BLOCK : 0;
}

struct vmmio_executor *pool_variant(int variant)
{
	/* One worker, so that there is an order to be seen. */
	return new_pool((struct vmmio_pool_options){
		.max_threads = 2,
		.poll_time = poll_times[variant / 2],
	});
}

/* --- Tasks: each with both kinds of tasks, polling and not -------------------------- */

#define ORDERED 2000

struct numbered {
	struct vmmio_task task;
	unsigned n;
	atomic_uint *next;
};

static void run_numbered(struct vmmio_task *task)
{
	struct numbered *numbered = (struct numbered *)task;

	ck_assert_uint_eq(atomic_fetch_add(numbered->next, 1), numbered->n);
}

START_TEST(tasks_run_in_order)
{
	static struct numbered tasks[ORDERED];
	struct vmmio_executor *pool = pool_variant(_i);
	atomic_uint next = 0;

	for (unsigned i = 0; i < ORDERED; i++) {
		tasks[i] = (struct numbered){.n = i, .next = &next};
		tasks[i].task.run = run_numbered;
		tasks[i].task.flags = pool_flags(_i);
		vmmio_executor_submit(pool, &tasks[i].task);
	}
	round_trip(pool, pool_flags(_i));
	ck_assert_uint_eq(next, ORDERED);
	destroy_pool(pool);
}
END_TEST

struct again {
	struct vmmio_task task;
	struct vmmio_executor *pool;
	atomic_uint left;
	sem_t done;
};

static void run_again(struct vmmio_task *task)
{
	struct again *again = (struct again *)task;

	if (atomic_fetch_sub(&again->left, 1))
		vmmio_executor_submit(again->pool, task);
	else
		sem_post(&again->done);
}

START_TEST(a_task_may_submit_itself)
{
	struct again again = {.pool = pool_variant(_i), .left = 5000};

	sem_init(&again.done, 0, 0);
	again.task.run = run_again;
	again.task.flags = pool_flags(_i);
	vmmio_executor_submit(again.pool, &again.task);
	wait_for(&again.done);
	destroy_pool(again.pool);
}
END_TEST

/* One that never ends keeps neither its like nor deadlines waiting. */
START_TEST(a_busy_task_starves_nobody)
{
	struct again again = {.pool = pool_variant(_i), .left = UINT_MAX};

	sem_init(&again.done, 0, 0);
	again.task.run = run_again;
	again.task.flags = pool_flags(_i);
	vmmio_executor_submit(again.pool, &again.task);
	round_trip(again.pool, 0);
	round_trip(again.pool, VMMIO_TASK_MAY_BLOCK);
	deadline_round_trip(again.pool);
	atomic_store(&again.left, 0);
	wait_for(&again.done);
	destroy_pool(again.pool);
}
END_TEST

static void run_free(struct vmmio_task *task)
{
	memset(task, 0xa5, sizeof(*task));
	free(task);
}

START_TEST(a_task_may_free_itself)
{
	struct vmmio_executor *pool = pool_variant(_i);

	for (int i = 0; i < 100; i++) {
		struct vmmio_task *task = calloc(1, sizeof(*task));

		ck_assert_ptr_nonnull(task);
		task->run = run_free;
		task->flags = pool_flags(_i);
		vmmio_executor_submit(pool, task);
	}
	round_trip(pool, pool_flags(_i));
	destroy_pool(pool);
}
END_TEST

#define SUBMITTERS 4
#define EACH 2000

struct submitter {
	struct vmmio_executor *pool;
	struct vmmio_task tasks[EACH];
	pthread_t thread;
};

static atomic_uint count;

static void run_count(struct vmmio_task *task)
{
	(void)task;
	atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

static void *submit_many(void *arg)
{
	struct submitter *submitter = arg;

	for (unsigned i = 0; i < EACH; i++) {
		struct vmmio_task *task = &submitter->tasks[i];

		*task = (struct vmmio_task){.run = run_count, .flags = i % 2};
		vmmio_executor_submit(submitter->pool, task);
	}
	return NULL;
}

static bool all_counted(struct vmmio_executor *pool)
{
	(void)pool;
	return atomic_load(&count) == SUBMITTERS * EACH;
}

/* Threads come and go meanwhile. */
START_TEST(any_thread_may_submit)
{
	static struct submitter submitters[SUBMITTERS];
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){
		.max_threads = 4,
		.grow_after = 1,
		.idle_timeout = 1000,
		.poll_time = poll_times[_i],
	});

	count = 0;
	for (int i = 0; i < SUBMITTERS; i++) {
		submitters[i].pool = pool;
		ck_assert_int_eq(
			pthread_create(&submitters[i].thread, NULL, submit_many, &submitters[i]),
			0);
	}
	for (int i = 0; i < SUBMITTERS; i++)
		pthread_join(submitters[i].thread, NULL);
	wait_until(all_counted, pool);
	destroy_pool(pool);
}
END_TEST

START_TEST(the_pool_needs_no_help)
{
	struct vmmio_executor *pool = pool_variant(0);
	struct signal_deadline later;

	signal_deadline_init(&later);
	vmmio_executor_arm(pool, &later.deadline, vmmio_executor_now(pool) + HOUR);
	ck_assert(!vmmio_executor_help(pool));
	ck_assert(vmmio_executor_disarm(pool, &later.deadline));
	destroy_pool(pool);
}
END_TEST

/* --- Deadlines ---------------------------------------------------------------------- */

struct timed {
	struct vmmio_deadline deadline;
	struct vmmio_executor *pool;
	unsigned left;
	bool early;
	sem_t done;
};

static void expired_timed(struct vmmio_deadline *deadline)
{
	struct timed *timed = (struct timed *)deadline;
	uint64_t now = vmmio_executor_now(timed->pool);

	timed->early = timed->early || now < deadline->when;
	if (timed->left--)
		vmmio_executor_arm(timed->pool, deadline, now + 20000);
	else
		sem_post(&timed->done);
}

START_TEST(a_deadline_may_arm_itself_and_is_never_early)
{
	struct timed timed = {.pool = pool_variant(2 * _i), .left = 200};

	sem_init(&timed.done, 0, 0);
	timed.deadline.expired = expired_timed;
	vmmio_executor_arm(timed.pool, &timed.deadline, vmmio_executor_now(timed.pool) + 1000000);
	wait_for(&timed.done);
	ck_assert(!timed.early);
	destroy_pool(timed.pool);
}
END_TEST

/* The keeper already waits, or polls, for a far one. */
START_TEST(an_earlier_deadline_wakes_the_pool)
{
	struct vmmio_executor *pool = pool_variant(2 * _i);
	struct signal_deadline far, near;

	signal_deadline_init(&far);
	signal_deadline_init(&near);
	vmmio_executor_arm(pool, &far.deadline, vmmio_executor_now(pool) + HOUR);
	round_trip(pool, 0);
	vmmio_executor_arm(pool, &near.deadline, vmmio_executor_now(pool) + 2000000);
	wait_for(&near.expired);
	ck_assert_int_ne(sem_trywait(&far.expired), 0);
	ck_assert(vmmio_executor_disarm(pool, &far.deadline));
	destroy_pool(pool);
}
END_TEST

struct held {
	struct vmmio_deadline deadline;
	sem_t inside, release;
};

static void expired_held(struct vmmio_deadline *deadline)
{
	struct held *held = (struct held *)deadline;

	sem_post(&held->inside);
	wait_for(&held->release);
}

START_TEST(disarm_before_during_and_after)
{
	struct vmmio_executor *pool = pool_variant(2 * _i);
	struct held held = {.deadline.expired = expired_held};

	sem_init(&held.inside, 0, 0);
	sem_init(&held.release, 0, 0);
	ck_assert(!vmmio_executor_disarm(pool, &held.deadline));
	vmmio_executor_arm(pool, &held.deadline, vmmio_executor_now(pool) + HOUR);
	ck_assert(vmmio_executor_disarm(pool, &held.deadline));
	ck_assert(!vmmio_executor_disarm(pool, &held.deadline));
	vmmio_executor_arm(pool, &held.deadline, 0);
	wait_for(&held.inside);
	ck_assert(!vmmio_executor_disarm(pool, &held.deadline));
	sem_post(&held.release);
	deadline_round_trip(pool);
	ck_assert(!vmmio_executor_disarm(pool, &held.deadline));
	ck_assert_int_ne(sem_trywait(&held.inside), 0);
	destroy_pool(pool);
}
END_TEST

#define DEADLINES 4000

struct one_of_many {
	struct vmmio_deadline deadline;
	atomic_uint expired;
	unsigned disarmed;
};

struct armer {
	struct vmmio_executor *pool;
	struct one_of_many *deadlines;
	pthread_t thread;
};

static void expired_one(struct vmmio_deadline *deadline)
{
	atomic_fetch_add_explicit(
		&((struct one_of_many *)deadline)->expired, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&count, 1, memory_order_release);
}

static void *arm_and_disarm(void *arg)
{
	struct armer *armer = arg;

	for (unsigned i = 0; i < DEADLINES; i++) {
		struct one_of_many *one = &armer->deadlines[i];

		one->deadline.expired = expired_one;
		vmmio_executor_arm(armer->pool, &one->deadline,
			vmmio_executor_now(armer->pool) + i * 7919 % 2000000);
	}
	for (unsigned i = 0; i < DEADLINES; i += 3) {
		struct one_of_many *one = &armer->deadlines[i];

		one->disarmed = vmmio_executor_disarm(armer->pool, &one->deadline);
		if (one->disarmed)
			atomic_fetch_add_explicit(&count, 1, memory_order_release);
	}
	return NULL;
}

static bool all_over(struct vmmio_executor *pool)
{
	(void)pool;
	return atomic_load(&count) >= 2 * DEADLINES;
}

/* Each either expires or is disarmed: one of the two, once. */
START_TEST(thousands_of_deadlines)
{
	static struct one_of_many many[2][DEADLINES];
	struct vmmio_executor *pool = pool_variant(2 * _i);
	struct armer armer[2];

	count = 0;
	memset(many, 0, sizeof(many));
	for (int i = 0; i < 2; i++) {
		armer[i] = (struct armer){.pool = pool, .deadlines = many[i]};
		ck_assert_int_eq(
			pthread_create(&armer[i].thread, NULL, arm_and_disarm, &armer[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(armer[i].thread, NULL);
	wait_until(all_over, pool);
	destroy_pool(pool);
	for (unsigned i = 0; i < 2 * DEADLINES; i++) {
		const struct one_of_many *one = &many[i / DEADLINES][i % DEADLINES];

		ck_assert_uint_eq(one->expired + one->disarmed, 1);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = fixture_tcase(s, "tasks");

	tcase_add_loop_test(tc, tasks_run_in_order, 0, VARIANTS);
	tcase_add_loop_test(tc, a_task_may_submit_itself, 0, VARIANTS);
	tcase_add_loop_test(tc, a_busy_task_starves_nobody, 0, VARIANTS);
	tcase_add_loop_test(tc, a_task_may_free_itself, 0, VARIANTS);
	tcase_add_loop_test(tc, any_thread_may_submit, 0, POLL_TIMES);
	tcase_add_test(tc, the_pool_needs_no_help);
	tc = fixture_tcase(s, "deadlines");
	tcase_add_loop_test(tc, a_deadline_may_arm_itself_and_is_never_early, 0, POLL_TIMES);
	tcase_add_loop_test(tc, an_earlier_deadline_wakes_the_pool, 0, POLL_TIMES);
	tcase_add_loop_test(tc, disarm_before_during_and_after, 0, POLL_TIMES);
	tcase_add_loop_test(tc, thousands_of_deadlines, 0, POLL_TIMES);
	pool_destroy_tests(s);
	pool_threads_tests(s);
	return fixture_main(s);
}
