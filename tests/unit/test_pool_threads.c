/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads of the pool: when they come and go, what happens when they cannot, how they
 * are called, and what they look like. pthread_create and pthread_cond_signal are wrapped.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "unit/test_pool.h"

#define MAX_THREADS 16
#define SLOTS (MAX_THREADS - 1)

int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *arg), void *arg);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *arg), void *arg);
int __real_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_signal(pthread_cond_t *cond);

static atomic_uint creations, failures, signals;
static atomic_bool must_fail;

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *arg), void *arg)
{
	atomic_fetch_add(&creations, 1);
	if (atomic_load(&must_fail)) {
		atomic_fetch_add(&failures, 1);
		return EAGAIN;
	}
	return __real_pthread_create(thread, attr, fn, arg);
}

int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
	atomic_fetch_add(&signals, 1);
	return __real_pthread_cond_signal(cond);
}

/* --- Growing --------------------------------------------------------------------------- */

START_TEST(a_fresh_pool_is_one_thread)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){0});

	ck_assert_uint_eq(vmmio_pool_threads(pool), 1);
	round_trip(pool, 0);
	deadline_round_trip(pool);
	ck_assert_uint_eq(vmmio_pool_threads(pool), 1);
	round_trip(pool, VMMIO_TASK_MAY_BLOCK);
	ck_assert_uint_eq(vmmio_pool_threads(pool), 2);
	destroy_pool(pool);
}
END_TEST

/* Quick ones wait for the worker there is, however many they are. */
START_TEST(quick_tasks_do_not_grow_it)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){.grow_after = HOUR});
	static struct signal_task tasks[500];

	for (int i = 0; i < 500; i++) {
		signal_task_init(&tasks[i], VMMIO_TASK_MAY_BLOCK);
		vmmio_executor_submit(pool, &tasks[i].task);
	}
	for (int i = 0; i < 500; i++)
		wait_for(&tasks[i].ran);
	ck_assert_uint_eq(vmmio_pool_threads(pool), 2);
	destroy_pool(pool);
}
END_TEST

static void block_all(struct vmmio_executor *pool, struct blocker *blockers, int n)
{
	for (int i = 0; i < n; i++)
		block(pool, &blockers[i]);
	for (int i = 0; i < n; i++)
		wait_for(&blockers[i].inside);
}

static void unblock_all(struct blocker *blockers, int n)
{
	for (int i = 0; i < n; i++)
		unblock(&blockers[i]);
}

/* F2 and I10: all but one of the places are stuck, 63 other devices get through. */
START_TEST(others_proceed_while_tasks_block)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){0});
	struct blocker blockers[SLOTS - 1];
	struct signal_task others[63];

	block_all(pool, blockers, SLOTS - 1);
	for (int i = 0; i < 63; i++) {
		signal_task_init(&others[i], VMMIO_TASK_MAY_BLOCK);
		vmmio_executor_submit(pool, &others[i].task);
	}
	for (int i = 0; i < 63; i++)
		wait_for(&others[i].ran);
	unblock_all(blockers, SLOTS - 1);
	destroy_pool(pool);
}
END_TEST

/* One behind the other: whoever takes the only worker must not keep the next one waiting. */
START_TEST(each_blocked_task_gets_a_thread)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){0});
	struct blocker blockers[SLOTS];

	for (int i = 0; i < SLOTS; i++) {
		block(pool, &blockers[i]);
		wait_for(&blockers[i].inside);
		ck_assert_uint_le(vmmio_pool_threads(pool), (unsigned)i + 2);
	}
	ck_assert_uint_eq(vmmio_pool_threads(pool), MAX_THREADS);
	unblock_all(blockers, SLOTS);
	destroy_pool(pool);
}
END_TEST

/* With every place stuck one thread is left, and it does not take one more of that kind. */
START_TEST(one_thread_is_kept_free)
{
	unsigned max = _i ? 2 : MAX_THREADS;
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){
		.max_threads = max,
		.grow_after = 1,
	});
	struct blocker blockers[SLOTS], one_more;

	block_all(pool, blockers, (int)max - 1);
	block(pool, &one_more);
	for (int i = 0; i < 200; i++) {
		round_trip(pool, 0);
		deadline_round_trip(pool);
	}
	ck_assert_int_ne(sem_trywait(&one_more.inside), 0);
	ck_assert_uint_eq(vmmio_pool_threads(pool), max);
	unblock(&blockers[0]);
	wait_for(&one_more.inside);
	unblock_all(blockers + 1, (int)max - 2);
	unblock(&one_more);
	destroy_pool(pool);
}
END_TEST

/* --- Shrinking -------------------------------------------------------------------------- */

static bool is_one_thread(struct vmmio_executor *pool)
{
	return vmmio_pool_threads(pool) == 1;
}

START_TEST(idle_threads_end_and_come_back)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){
		.idle_timeout = 1000000,
		.poll_time = _i ? UINT64_MAX : 0,
	});
	struct blocker blockers[SLOTS];

	for (int round = 0; round < 3; round++) {
		block_all(pool, blockers, 4);
		ck_assert_uint_ge(vmmio_pool_threads(pool), 5);
		unblock_all(blockers, 4);
		wait_until(is_one_thread, pool);
	}
	destroy_pool(pool);
}
END_TEST

/* A task that comes while the last worker goes. */
START_TEST(no_task_is_lost_while_threads_end)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){
		.max_threads = _i ? 2 : 3,
		.idle_timeout = 1,
		.poll_time = UINT64_MAX,
	});

	for (int i = 0; i < 1000; i++)
		round_trip(pool, VMMIO_TASK_MAY_BLOCK);
	wait_until(is_one_thread, pool);
	destroy_pool(pool);
}
END_TEST

START_TEST(surplus_threads_stay_for_a_while)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){.idle_timeout = HOUR});
	unsigned before;

	round_trip(pool, VMMIO_TASK_MAY_BLOCK);
	before = creations;
	for (int i = 0; i < 100; i++) {
		struct blocker blocker;

		block(pool, &blocker);
		wait_for(&blocker.inside);
		unblock(&blocker);
		round_trip(pool, VMMIO_TASK_MAY_BLOCK);
	}
	/* A task may find the worker on its way back, and be slow enough for a second one. */
	ck_assert_uint_le(creations - before, 1);
	destroy_pool(pool);
}
END_TEST

/* --- Threads that cannot be created -------------------------------------------------------- */

START_TEST(the_first_thread_fails)
{
	int untouched;
	struct vmmio_executor *pool = (void *)&untouched;

	must_fail = true;
	ck_assert_int_eq(vmmio_pool_create(NULL, &pool), -EAGAIN);
	ck_assert_ptr_eq(pool, (void *)&untouched);
	must_fail = false;
}
END_TEST

static bool has_failed_thrice(struct vmmio_executor *pool)
{
	(void)pool;
	return failures >= 3;
}

/* F30: logged once, tried again, and then all is well; the next time it is logged again. */
START_TEST(a_worker_fails)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){.idle_timeout = 1});
	struct signal_task task;

	fixture_expect_log("cannot create a thread");
	for (unsigned episode = 1; episode <= 2; episode++) {
		failures = 0;
		must_fail = true;
		signal_task_init(&task, VMMIO_TASK_MAY_BLOCK);
		vmmio_executor_submit(pool, &task.task);
		wait_until(has_failed_thrice, pool);
		round_trip(pool, 0);
		deadline_round_trip(pool);
		ck_assert_int_ne(sem_trywait(&task.ran), 0);
		ck_assert_uint_eq(fixture_logged("cannot create a thread"), episode);
		must_fail = false;
		wait_for(&task.ran);
		wait_until(is_one_thread, pool);
	}
	destroy_pool(pool);
}
END_TEST

START_TEST(work_goes_on_with_the_threads_there_are)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){0});
	struct blocker first, second;

	fixture_expect_log("cannot create a thread");
	block(pool, &first);
	wait_for(&first.inside);
	must_fail = true;
	block(pool, &second);
	wait_until(has_failed_thrice, pool);
	ck_assert_int_ne(sem_trywait(&second.inside), 0);
	unblock(&first);
	wait_for(&second.inside);
	unblock(&second);
	ck_assert_uint_eq(fixture_logged("cannot create a thread"), 1);
	destroy_pool(pool);
	must_fail = false;
}
END_TEST

/* --- Polling and sleeping ------------------------------------------------------------------ */

START_TEST(polling_threads_are_called_without_a_signal)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){
		.poll_time = HOUR,
		.grow_after = HOUR,
	});
	unsigned before = signals;

	for (int i = 0; i < 100; i++) {
		round_trip(pool, 0);
		round_trip(pool, VMMIO_TASK_MAY_BLOCK);
		deadline_round_trip(pool);
	}
	ck_assert_uint_eq(signals, before);
	destroy_pool(pool);
}
END_TEST

struct tid_task {
	struct vmmio_task task;
	int tid;
	sem_t done;
};

static void run_tid(struct vmmio_task *task)
{
	struct tid_task *tid = (struct tid_task *)task;

	tid->tid = (int)syscall(SYS_gettid);
	sem_post(&tid->done);
}

static int thread_of(struct vmmio_executor *pool, uint32_t flags)
{
	struct tid_task tid = {.task.run = run_tid, .task.flags = flags};

	sem_init(&tid.done, 0, 0);
	vmmio_executor_submit(pool, &tid.task);
	wait_for(&tid.done);
	return tid.tid;
}

static bool is_asleep(int tid)
{
	char path[64], line[128];
	bool asleep = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "State:", 6) == 0)
			asleep = strstr(line, "(sleeping)") != NULL;
	}
	fclose(file);
	return asleep;
}

static int tids[2];

static bool both_asleep(struct vmmio_executor *pool)
{
	(void)pool;
	return is_asleep(tids[0]) && is_asleep(tids[1]);
}

/* With the default time of polling, with a worker that stays, and a deadline far away. */
START_TEST(an_idle_pool_sleeps)
{
	struct vmmio_executor *pool = new_pool((struct vmmio_pool_options){.idle_timeout = HOUR});
	struct signal_deadline far;

	signal_deadline_init(&far);
	vmmio_executor_arm(pool, &far.deadline, vmmio_executor_now(pool) + HOUR);
	tids[0] = thread_of(pool, 0);
	tids[1] = thread_of(pool, VMMIO_TASK_MAY_BLOCK);
	ck_assert_int_ne(tids[0], tids[1]);
	wait_until(both_asleep, pool);
	ck_assert(vmmio_executor_disarm(pool, &far.deadline));
	destroy_pool(pool);
}
END_TEST

/* --- What they look like ---------------------------------------------------------------------- */

struct look_task {
	struct vmmio_task task;
	char name[16];
	sigset_t mask;
	int cancel;
	sem_t done;
};

static void run_look(struct vmmio_task *task)
{
	struct look_task *look = (struct look_task *)task;

	pthread_getname_np(pthread_self(), look->name, sizeof(look->name));
	pthread_sigmask(SIG_SETMASK, NULL, &look->mask);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &look->cancel);
	sem_post(&look->done);
}

static void look(struct vmmio_executor *pool, uint32_t flags, const char *name)
{
	struct look_task task = {.task.run = run_look, .task.flags = flags};

	sem_init(&task.done, 0, 0);
	vmmio_executor_submit(pool, &task.task);
	wait_for(&task.done);
	ck_assert_str_eq(task.name, name);
	/* F29. The C library keeps 32 and 33 for itself. */
	for (int signal = 1; signal <= SIGRTMAX; signal++) {
		if (signal == SIGKILL || signal == SIGSTOP || (signal > 31 && signal < SIGRTMIN))
			continue;
		ck_assert_msg(sigismember(&task.mask, signal) == 1, "signal %d", signal);
	}
	ck_assert_int_eq(task.cancel, PTHREAD_CANCEL_DISABLE);
}

START_TEST(threads_have_names_and_take_no_signals)
{
	static const char *const names[][3] = {
		{NULL, "vmmio-0", "vmmio-1"},
		{"disk", "disk-0", "disk-1"},
		{"a-name-that-is-too-long", "a-name-that-i-0", "a-name-that-i-1"},
	};
	struct vmmio_executor *pool =
		new_pool((struct vmmio_pool_options){.name = names[_i][0], .max_threads = 2});
	sigset_t before, after;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	look(pool, 0, names[_i][1]);
	look(pool, VMMIO_TASK_MAY_BLOCK, names[_i][2]);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int signal = 1; signal <= SIGRTMAX; signal++)
		ck_assert_int_eq(sigismember(&before, signal), sigismember(&after, signal));
	destroy_pool(pool);
}
END_TEST

void pool_threads_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "threads");

	tcase_add_test(tc, a_fresh_pool_is_one_thread);
	tcase_add_test(tc, quick_tasks_do_not_grow_it);
	tcase_add_test(tc, others_proceed_while_tasks_block);
	tcase_add_test(tc, each_blocked_task_gets_a_thread);
	tcase_add_loop_test(tc, one_thread_is_kept_free, 0, 2);
	tcase_add_loop_test(tc, idle_threads_end_and_come_back, 0, 2);
	tcase_add_loop_test(tc, no_task_is_lost_while_threads_end, 0, 2);
	tcase_add_test(tc, surplus_threads_stay_for_a_while);
	tcase_add_test(tc, the_first_thread_fails);
	tcase_add_test(tc, a_worker_fails);
	tcase_add_test(tc, work_goes_on_with_the_threads_there_are);
	tcase_add_test(tc, polling_threads_are_called_without_a_signal);
	tcase_add_test(tc, an_idle_pool_sleeps);
	tcase_add_loop_test(tc, threads_have_names_and_take_no_signals, 0, 3);
}
