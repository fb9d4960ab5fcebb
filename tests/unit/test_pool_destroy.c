/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread pool: what create refuses, what destroy refuses and waits for.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#include "unit/test_pool.h"

START_TEST(refuses_bad_options)
{
	struct vmmio_pool_options options = {.size = sizeof(options), .log = fixture_log()};
	struct vmmio_executor *pool = (void *)&options;

	fixture_expect_log("max_threads is 1; set it to 2 or more");
	options.max_threads = 1;
	ck_assert_int_eq(vmmio_pool_create(&options, &pool), -EINVAL);
	ck_assert_uint_eq(fixture_logged("max_threads is 1"), 1);
	options.log = (struct vmmio_log){0};
	ck_assert_int_eq(vmmio_pool_create(&options, &pool), -EINVAL);
	options.max_threads = 2;
	options.size = sizeof(options) - 1;
	ck_assert_int_eq(vmmio_pool_create(&options, &pool), -EINVAL);
	ck_assert_ptr_eq(pool, (void *)&options);
}
END_TEST

START_TEST(destroy_refuses_what_is_left)
{
	struct vmmio_executor *pool = pool_variant(0);
	struct signal_deadline far;
	struct signal_task waiting;
	struct blocker blocker;

	vmmio_executor_ref(pool);
	ck_assert_int_eq(vmmio_executor_destroy(pool), -EBUSY);
	vmmio_executor_unref(pool);

	signal_deadline_init(&far);
	vmmio_executor_arm(pool, &far.deadline, vmmio_executor_now(pool) + HOUR);
	ck_assert_int_eq(vmmio_executor_destroy(pool), -EBUSY);
	ck_assert(vmmio_executor_disarm(pool, &far.deadline));

	block(pool, &blocker);
	wait_for(&blocker.inside);
	signal_task_init(&waiting, VMMIO_TASK_MAY_BLOCK);
	vmmio_executor_submit(pool, &waiting.task);
	ck_assert_int_eq(vmmio_executor_destroy(pool), -EBUSY);
	unblock(&blocker);
	wait_for(&waiting.ran);
	destroy_pool(pool);
}
END_TEST

struct from_within {
	struct vmmio_task task;
	struct vmmio_deadline deadline;
	struct vmmio_executor *pool;
	int answer;
	sem_t done;
};

static void run_destroy(struct vmmio_task *task)
{
	struct from_within *within = (struct from_within *)task;

	within->answer = vmmio_executor_destroy(within->pool);
	sem_post(&within->done);
}

static void expired_destroy(struct vmmio_deadline *deadline)
{
	run_destroy(
		(struct vmmio_task *)((char *)deadline - offsetof(struct from_within, deadline)));
}

/* F27. */
START_TEST(destroy_from_within_is_refused)
{
	struct from_within within = {.pool = pool_variant(0)};

	fixture_expect_log("from another thread");
	sem_init(&within.done, 0, 0);
	within.task.run = run_destroy;
	within.deadline.expired = expired_destroy;
	for (int i = 0; i < 3; i++) {
		within.task.flags = pool_flags(i);
		within.answer = 0;
		if (i < 2)
			vmmio_executor_submit(within.pool, &within.task);
		else
			vmmio_executor_arm(within.pool, &within.deadline, 0);
		wait_for(&within.done);
		ck_assert_int_eq(within.answer, -EDEADLK);
		ck_assert_uint_eq(fixture_logged("from another thread"), (unsigned)i + 1);
	}
	destroy_pool(within.pool);
}
END_TEST

struct slow {
	struct vmmio_task task;
	sem_t inside;
	bool left; /* plain: destroy is what orders it */
};

static void run_slow(struct vmmio_task *task)
{
	struct slow *slow = (struct slow *)task;

	sem_post(&slow->inside);
	for (int i = 0; i < 2000; i++)
		sched_yield();
	slow->left = true;
}

START_TEST(destroy_waits_for_what_runs)
{
	struct vmmio_executor *pool = pool_variant(_i);
	struct slow slow = {.task.run = run_slow, .task.flags = pool_flags(_i)};

	sem_init(&slow.inside, 0, 0);
	vmmio_executor_submit(pool, &slow.task);
	wait_for(&slow.inside);
	destroy_pool(pool);
	ck_assert(slow.left);
}
END_TEST

struct arming {
	struct blocker blocker;
	struct vmmio_executor *pool;
	struct signal_deadline deadline;
};

static void run_arming(struct vmmio_task *task)
{
	struct arming *arming = (struct arming *)task;

	wait_for(&arming->blocker.release);
	vmmio_executor_arm(
		arming->pool, &arming->deadline.deadline, vmmio_executor_now(arming->pool) + HOUR);
}

static void *release_later(void *arg)
{
	for (int i = 0; i < 2000; i++)
		sched_yield();
	sem_post(&((struct blocker *)arg)->release);
	return NULL;
}

/* What was quiet when destroy was called has left something when it ended. */
START_TEST(destroy_sees_what_a_running_task_leaves)
{
	struct arming arming = {.pool = pool_variant(0)};
	pthread_t thread;

	signal_deadline_init(&arming.deadline);
	sem_init(&arming.blocker.release, 0, 0);
	arming.blocker.task.run = run_arming;
	arming.blocker.task.flags = 0;
	vmmio_executor_submit(arming.pool, &arming.blocker.task);
	ck_assert_int_eq(pthread_create(&thread, NULL, release_later, &arming.blocker), 0);
	ck_assert_int_eq(vmmio_executor_destroy(arming.pool), -EBUSY);
	pthread_join(thread, NULL);
	/* Before it ran, destroy has seen the task itself. */
	round_trip(arming.pool, 0);
	ck_assert(vmmio_executor_disarm(arming.pool, &arming.deadline.deadline));
	destroy_pool(arming.pool);
}
END_TEST

struct last {
	struct vmmio_task task;
	atomic_bool ran;
};

static void run_last(struct vmmio_task *task)
{
	atomic_store(&((struct last *)task)->ran, true);
}

static void *submit_last(void *arg)
{
	struct last *last = arg;

	vmmio_executor_submit(last->task.priv, &last->task);
	return NULL;
}

/* The submitter may still be inside submit when its task has run and the pool goes. */
START_TEST(destroy_while_submit_returns)
{
	for (int i = 0; i < 300; i++) {
		struct last last = {.task.run = run_last, .task.flags = pool_flags(i)};
		struct vmmio_executor *pool = pool_variant(i % VARIANTS);
		pthread_t thread;

		last.task.priv = pool;
		ck_assert_int_eq(pthread_create(&thread, NULL, submit_last, &last), 0);
		while (!atomic_load(&last.ran))
			sched_yield();
		destroy_pool(pool);
		pthread_join(thread, NULL);
	}
}
END_TEST

void pool_destroy_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "destroy");

	tcase_add_test(tc, refuses_bad_options);
	tcase_add_test(tc, destroy_refuses_what_is_left);
	tcase_add_test(tc, destroy_from_within_is_refused);
	tcase_add_loop_test(tc, destroy_waits_for_what_runs, 0, VARIANTS);
	tcase_add_test(tc, destroy_sees_what_a_running_task_leaves);
	tcase_add_test(tc, destroy_while_submit_returns);
}
