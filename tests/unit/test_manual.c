/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The manual executor: order of tasks, the virtual clock, and the heap of deadlines, which
 * the pool shares.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/executor.h>

#include "executor/internal.h"
#include "support/fixture.h"

static struct vmmio_executor *ex;
static char order[256]; /* a letter for each task or deadline called */

static void note(char name)
{
	size_t len = strlen(order);

	ck_assert_uint_lt(len, sizeof(order) - 1);
	order[len] = name;
}

struct work {
	struct vmmio_task task;
	char name;
	unsigned again;
};

struct timer {
	struct vmmio_deadline deadline;
	char name;
	uint64_t at; /* the clock when it expired */
	unsigned again;
	struct timer *other;
};

static void run(struct vmmio_task *task)
{
	struct work *work = (struct work *)task;

	note(work->name);
	if (work->again) {
		work->again--;
		vmmio_executor_submit(ex, task);
	}
}

static void expired(struct vmmio_deadline *deadline)
{
	struct timer *timer = (struct timer *)deadline;

	note(timer->name);
	timer->at = vmmio_executor_now(ex);
	if (timer->again) {
		timer->again--;
		vmmio_executor_arm(ex, deadline, timer->at + 10);
	}
}

static struct work work(char name)
{
	return (struct work){.task.run = run, .name = name};
}

static struct timer timer(char name)
{
	return (struct timer){.deadline.expired = expired, .name = name};
}

static void setup(void)
{
	memset(order, 0, sizeof(order));
	ck_assert_int_eq(vmmio_manual_create(&ex), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(vmmio_executor_destroy(ex), 0);
}

/* --- Tasks ---------------------------------------------------------------------- */

START_TEST(nothing_runs_until_stepped)
{
	struct work a = work('a'), b = work('b'), c = work('c');

	ck_assert(!vmmio_manual_step(ex, 0));
	vmmio_executor_submit(ex, &a.task);
	vmmio_executor_submit(ex, &b.task);
	vmmio_executor_submit(ex, &c.task);
	ck_assert_uint_eq(vmmio_manual_pending(ex), 3);
	ck_assert_str_eq(order, "");
	ck_assert_uint_eq(vmmio_manual_run(ex, 2), 2);
	ck_assert_str_eq(order, "ab");
	ck_assert_uint_eq(vmmio_manual_pending(ex), 1);
	ck_assert_uint_eq(vmmio_manual_run(ex, SIZE_MAX), 1);
	ck_assert_str_eq(order, "abc");
	ck_assert_uint_eq(vmmio_manual_pending(ex), 0);
}
END_TEST

START_TEST(steps_any_position)
{
	struct work a = work('a'), b = work('b'), c = work('c'), d = work('d');

	vmmio_executor_submit(ex, &a.task);
	vmmio_executor_submit(ex, &b.task);
	vmmio_executor_submit(ex, &c.task);
	ck_assert(!vmmio_manual_step(ex, 3));
	ck_assert(vmmio_manual_step(ex, 2));
	vmmio_executor_submit(ex, &d.task); /* behind b, now the last */
	ck_assert(vmmio_manual_step(ex, 1));
	ck_assert(vmmio_manual_step(ex, 1));
	ck_assert(!vmmio_manual_step(ex, 1));
	ck_assert(vmmio_manual_step(ex, 0));
	ck_assert_str_eq(order, "cbda");
	vmmio_executor_submit(ex, &d.task);
	ck_assert_uint_eq(vmmio_manual_run(ex, SIZE_MAX), 1);
}
END_TEST

START_TEST(a_task_may_submit_itself)
{
	struct work a = work('a'), b = work('b');

	a.again = 2;
	vmmio_executor_submit(ex, &a.task);
	vmmio_executor_submit(ex, &b.task);
	ck_assert_uint_eq(vmmio_manual_run(ex, SIZE_MAX), 4);
	ck_assert_str_eq(order, "abaa");
}
END_TEST

static void run_free(struct vmmio_task *task)
{
	memset(task, 0xa5, sizeof(*task));
	free(task);
}

START_TEST(a_task_may_free_itself)
{
	for (int i = 0; i < 3; i++) {
		struct vmmio_task *task = calloc(1, sizeof(*task));

		ck_assert_ptr_nonnull(task);
		task->run = run_free;
		vmmio_executor_submit(ex, task);
	}
	ck_assert_uint_eq(vmmio_manual_run(ex, SIZE_MAX), 3);
}
END_TEST

#define SUBMITTERS 4
#define EACH 500

static unsigned count;

static void run_count(struct vmmio_task *task)
{
	(void)task;
	count++;
}

static void *submit_many(void *arg)
{
	struct vmmio_task *tasks = arg;

	for (int i = 0; i < EACH; i++) {
		tasks[i] = (struct vmmio_task){.run = run_count};
		vmmio_executor_submit(ex, &tasks[i]);
	}
	return NULL;
}

START_TEST(any_thread_may_submit)
{
	static struct vmmio_task tasks[SUBMITTERS][EACH];
	pthread_t thread[SUBMITTERS];

	count = 0;
	for (int i = 0; i < SUBMITTERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, submit_many, tasks[i]), 0);
	while (count < SUBMITTERS * EACH / 2)
		vmmio_manual_step(ex, 0);
	for (int i = 0; i < SUBMITTERS; i++)
		pthread_join(thread[i], NULL);
	vmmio_manual_run(ex, SIZE_MAX);
	ck_assert_uint_eq(count, SUBMITTERS * EACH);
}
END_TEST

/* --- The clock ------------------------------------------------------------------ */

START_TEST(the_clock_moves_only_when_told)
{
	ck_assert_uint_eq(vmmio_executor_now(ex), 0);
	vmmio_manual_advance(ex, 5);
	ck_assert_uint_eq(vmmio_executor_now(ex), 5);
	ck_assert_uint_eq(vmmio_manual_next_deadline(ex), UINT64_MAX);
	vmmio_manual_advance(ex, UINT64_MAX);
	ck_assert_uint_eq(vmmio_executor_now(ex), UINT64_MAX);
}
END_TEST

START_TEST(deadlines_expire_in_order_of_time)
{
	struct timer a = timer('a'), b = timer('b'), c = timer('c'), d = timer('d');

	vmmio_executor_arm(ex, &c.deadline, 30);
	vmmio_executor_arm(ex, &a.deadline, 10);
	vmmio_executor_arm(ex, &d.deadline, 31);
	vmmio_executor_arm(ex, &b.deadline, 20);
	ck_assert_uint_eq(vmmio_manual_next_deadline(ex), 10);
	vmmio_manual_advance(ex, 9);
	ck_assert_str_eq(order, "");
	vmmio_manual_advance(ex, 21);
	ck_assert_str_eq(order, "abc");
	ck_assert_uint_eq(a.at, 10);
	ck_assert_uint_eq(b.at, 20);
	ck_assert_uint_eq(c.at, 30);
	ck_assert_uint_eq(vmmio_manual_next_deadline(ex), 31);
	ck_assert(vmmio_executor_disarm(ex, &d.deadline));
}
END_TEST

START_TEST(equal_times_expire_in_order_of_arming)
{
	struct timer t[26];

	for (int i = 0; i < 26; i++)
		t[i] = timer((char)('a' + i));
	/* With some taken out and put back, which makes them the last. */
	for (int i = 0; i < 26; i++)
		vmmio_executor_arm(ex, &t[i].deadline, 7);
	for (int i = 0; i < 26; i += 5) {
		ck_assert(vmmio_executor_disarm(ex, &t[i].deadline));
		vmmio_executor_arm(ex, &t[i].deadline, 7);
	}
	vmmio_manual_advance(ex, 7);
	ck_assert_str_eq(order, "bcdeghijlmnoqrstvwxyafkpuz");
}
END_TEST

START_TEST(a_deadline_of_the_past_keeps_the_clock)
{
	struct timer a = timer('a');

	vmmio_manual_advance(ex, 100);
	vmmio_executor_arm(ex, &a.deadline, 50);
	ck_assert_str_eq(order, "");
	vmmio_manual_advance(ex, 0);
	ck_assert_str_eq(order, "a");
	ck_assert_uint_eq(a.at, 100);
}
END_TEST

START_TEST(disarm_answers_whether_it_was_armed)
{
	struct timer a = timer('a');

	ck_assert(!vmmio_executor_disarm(ex, &a.deadline));
	vmmio_executor_arm(ex, &a.deadline, 10);
	ck_assert(vmmio_executor_disarm(ex, &a.deadline));
	ck_assert(!vmmio_executor_disarm(ex, &a.deadline));
	vmmio_manual_advance(ex, 20);
	ck_assert_str_eq(order, "");
	vmmio_executor_arm(ex, &a.deadline, 30);
	vmmio_manual_advance(ex, 20);
	ck_assert_str_eq(order, "a");
	ck_assert(!vmmio_executor_disarm(ex, &a.deadline));
}
END_TEST

static void expired_disarm(struct vmmio_deadline *deadline)
{
	struct timer *t = (struct timer *)deadline;

	note(t->name);
	ck_assert(!vmmio_executor_disarm(ex, deadline));
	ck_assert(vmmio_executor_disarm(ex, &t->other->deadline));
}

/* Its own is being called, which is too late; one of the same time is not yet. */
START_TEST(disarm_from_a_deadline)
{
	struct timer a = timer('a'), b = timer('b');

	a.deadline.expired = expired_disarm;
	a.other = &b;
	vmmio_executor_arm(ex, &a.deadline, 10);
	vmmio_executor_arm(ex, &b.deadline, 10);
	vmmio_manual_advance(ex, 10);
	ck_assert_str_eq(order, "a");
}
END_TEST

START_TEST(a_deadline_may_arm_itself)
{
	struct timer a = timer('a');

	a.again = 4;
	vmmio_executor_arm(ex, &a.deadline, 10);
	vmmio_manual_advance(ex, 35);
	ck_assert_str_eq(order, "aaa");
	ck_assert_uint_eq(a.at, 30);
	vmmio_manual_advance(ex, 100);
	ck_assert_str_eq(order, "aaaaa");
	ck_assert_uint_eq(a.at, 50);
}
END_TEST

static void expired_advance(struct vmmio_deadline *deadline)
{
	note(((struct timer *)deadline)->name);
	vmmio_manual_advance(ex, 100);
}

START_TEST(the_clock_never_goes_back)
{
	struct timer a = timer('a'), b = timer('b');

	a.deadline.expired = expired_advance;
	vmmio_executor_arm(ex, &a.deadline, 10);
	vmmio_executor_arm(ex, &b.deadline, 60);
	vmmio_manual_advance(ex, 20);
	ck_assert_str_eq(order, "ab");
	ck_assert_uint_eq(vmmio_executor_now(ex), 110);
}
END_TEST

START_TEST(help_prefers_tasks_then_jumps)
{
	struct work a = work('a'), b = work('b');
	struct timer t = timer('t'), u = timer('u');

	ck_assert(!vmmio_executor_help(ex));
	vmmio_executor_arm(ex, &u.deadline, 2000);
	vmmio_executor_arm(ex, &t.deadline, 1000);
	vmmio_executor_submit(ex, &a.task);
	vmmio_executor_submit(ex, &b.task);
	ck_assert(vmmio_executor_help(ex));
	ck_assert(vmmio_executor_help(ex));
	ck_assert_str_eq(order, "ab");
	ck_assert_uint_eq(vmmio_executor_now(ex), 0);
	ck_assert(vmmio_executor_help(ex));
	ck_assert_str_eq(order, "abt");
	ck_assert_uint_eq(vmmio_executor_now(ex), 1000);
	ck_assert(vmmio_executor_help(ex));
	ck_assert_uint_eq(u.at, 2000);
	ck_assert(!vmmio_executor_help(ex));
}
END_TEST

/* --- The heap against a plain list ------------------------------------------------ */

#define TIMERS 2000
#define MOVES 20000

struct model {
	struct vmmio_deadline deadline;
	bool armed;
	unsigned serial; /* of the arm */
};

static struct model model[TIMERS];
static uint64_t last_when;
static unsigned last_serial, left;

static void expired_model(struct vmmio_deadline *deadline)
{
	struct model *m = (struct model *)deadline;

	ck_assert(m->armed);
	ck_assert_uint_ge(deadline->when, last_when);
	if (deadline->when == last_when)
		ck_assert_uint_gt(m->serial, last_serial);
	last_when = deadline->when;
	last_serial = m->serial;
	m->armed = false;
	left--;
}

static uint64_t random_time(unsigned shape, unsigned move)
{
	if (shape == 0)
		return (uint64_t)rand() % 500; /* many are equal */
	return shape == 1 ? move : MOVES - move;
}

START_TEST(thousands_of_deadlines)
{
	srand(1);
	memset(model, 0, sizeof(model));
	last_when = last_serial = left = 0;
	for (unsigned move = 1; move <= MOVES; move++) {
		struct model *m = &model[rand() % TIMERS];

		m->deadline.expired = expired_model;
		ck_assert(vmmio_executor_disarm(ex, &m->deadline) == m->armed);
		if (m->armed)
			left--;
		m->armed = rand() % 4 != 0;
		if (!m->armed)
			continue;
		left++;
		m->serial = move;
		vmmio_executor_arm(ex, &m->deadline, random_time((unsigned)_i, move));
	}
	ck_assert_uint_gt(left, TIMERS / 2);
	vmmio_manual_advance(ex, UINT64_MAX);
	ck_assert_uint_eq(left, 0);
	ck_assert_uint_eq(vmmio_manual_next_deadline(ex), UINT64_MAX);
}
END_TEST

/* The bound of a single operation: no way to the right is longer than log2(n + 1). Adding in
 * order of time is where other heaps become lists, removing where the balance may get lost. */
static unsigned longest_right_path(const struct vmmio_deadline *node)
{
	unsigned own = 0, left_child;

	if (!node)
		return 0;
	for (const struct vmmio_deadline *right = node; right; right = right->priv[1])
		own++;
	left_child = longest_right_path(node->priv[0]);
	return left_child > own ? left_child : own;
}

START_TEST(the_heap_stays_shallow_to_the_right)
{
	static struct vmmio_deadline nodes[TIMERS];
	struct vmmio_deadlines heap = {0};

	srand(2);
	for (unsigned i = 0; i < TIMERS; i++) {
		nodes[i].when = _i ? (uint64_t)rand() : i;
		vmmio_deadlines_add(&heap, &nodes[i]);
	}
	for (unsigned n = TIMERS; n; n--) {
		unsigned bound = 0;

		while (n + 1 >= 2u << bound)
			bound++;
		ck_assert_uint_le(longest_right_path(heap.first), bound);
		for (unsigned i = (unsigned)rand() % TIMERS;
			!vmmio_deadlines_remove(&heap, &nodes[i]);)
			i = (i + 1) % TIMERS;
	}
	ck_assert_ptr_null(heap.first);
}
END_TEST

/* --- Destroy ---------------------------------------------------------------------- */

static void run_destroy(struct vmmio_task *task)
{
	(void)task;
	note('d');
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EDEADLK);
}

static void expired_destroy(struct vmmio_deadline *deadline)
{
	(void)deadline;
	note('e');
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EDEADLK);
}

START_TEST(destroy_refuses_what_is_left)
{
	struct work a = work('a');
	struct timer t = timer('t');

	vmmio_executor_submit(ex, &a.task);
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EBUSY);
	vmmio_manual_run(ex, 1);
	vmmio_executor_arm(ex, &t.deadline, 1);
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EBUSY);
	ck_assert(vmmio_executor_disarm(ex, &t.deadline));
	vmmio_executor_ref(ex);
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EBUSY);
	vmmio_executor_unref(ex);
}
END_TEST

START_TEST(destroy_from_within_is_refused)
{
	struct vmmio_task task = {.run = run_destroy};
	struct vmmio_deadline deadline = {.expired = expired_destroy};

	vmmio_executor_submit(ex, &task);
	vmmio_executor_arm(ex, &deadline, 1);
	ck_assert(vmmio_executor_help(ex));
	ck_assert(vmmio_executor_help(ex));
	ck_assert_str_eq(order, "de");
}
END_TEST

static sem_t inside, go_on;

static void run_wait(struct vmmio_task *task)
{
	(void)task;
	sem_post(&inside);
	while (sem_wait(&go_on))
		;
}

static void *step_one(void *arg)
{
	ck_assert(vmmio_manual_step(arg, 0));
	return NULL;
}

START_TEST(destroy_refuses_a_task_on_another_thread)
{
	struct vmmio_task task = {.run = run_wait};
	pthread_t thread;

	sem_init(&inside, 0, 0);
	sem_init(&go_on, 0, 0);
	vmmio_executor_submit(ex, &task);
	ck_assert_int_eq(pthread_create(&thread, NULL, step_one, ex), 0);
	while (sem_wait(&inside))
		;
	ck_assert_uint_eq(vmmio_manual_pending(ex), 0);
	ck_assert(!vmmio_executor_help(ex));
	ck_assert_int_eq(vmmio_executor_destroy(ex), -EBUSY);
	sem_post(&go_on);
	pthread_join(thread, NULL);
}
END_TEST

static TCase *manual_tcase(Suite *s, const char *name)
{
	TCase *tc = fixture_tcase(s, name);

	tcase_add_checked_fixture(tc, setup, teardown);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("manual");
	TCase *tc = manual_tcase(s, "tasks");

	tcase_add_test(tc, nothing_runs_until_stepped);
	tcase_add_test(tc, steps_any_position);
	tcase_add_test(tc, a_task_may_submit_itself);
	tcase_add_test(tc, a_task_may_free_itself);
	tcase_add_test(tc, any_thread_may_submit);
	tc = manual_tcase(s, "clock");
	tcase_add_test(tc, the_clock_moves_only_when_told);
	tcase_add_test(tc, deadlines_expire_in_order_of_time);
	tcase_add_test(tc, equal_times_expire_in_order_of_arming);
	tcase_add_test(tc, a_deadline_of_the_past_keeps_the_clock);
	tcase_add_test(tc, disarm_answers_whether_it_was_armed);
	tcase_add_test(tc, disarm_from_a_deadline);
	tcase_add_test(tc, a_deadline_may_arm_itself);
	tcase_add_test(tc, the_clock_never_goes_back);
	tcase_add_test(tc, help_prefers_tasks_then_jumps);
	tcase_add_loop_test(tc, thousands_of_deadlines, 0, 3);
	tcase_add_loop_test(tc, the_heap_stays_shallow_to_the_right, 0, 2);
	tc = manual_tcase(s, "destroy");
	tcase_add_test(tc, destroy_refuses_what_is_left);
	tcase_add_test(tc, destroy_from_within_is_refused);
	tcase_add_test(tc, destroy_refuses_a_task_on_another_thread);
	return fixture_main(s);
}
