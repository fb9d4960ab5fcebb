/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pause, resume, fence and destroy: each test makes one interleaving happen that went wrong
 * once. The event comes once, at a sync point of the library's, on a thread of its own.
 */
#include <errno.h>
#include <stdlib.h>

#include "device/internal.h"
#include "support/rig.h"

static struct event {
	struct rig *rig;
	enum vmmio_sync_point point;
	void *(*run)(void *rig);
	pthread_t thread;
	_Atomic bool armed;
} event;

static struct rig_waiter waiters[2];

static void at_point(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	(void)dev;
	if (point != event.point || !atomic_load(&event.armed))
		return;
	atomic_store(&event.armed, false);
	ck_assert_int_eq(pthread_create(&event.thread, NULL, event.run, event.rig), 0);
	pthread_join(event.thread, NULL);
}

static void at(struct rig *rig, enum vmmio_sync_point point, void *(*run)(void *rig))
{
	event = (struct event){.rig = rig, .point = point, .run = run};
	waiters[0] = waiters[1] = (struct rig_waiter)RIG_WAITER;
	atomic_store(&event.armed, true);
	vmmio_sync_hook = at_point;
}

static int pause_it(struct rig *rig)
{
	struct rig_waiter w = RIG_WAITER;

	return rig_wait(rig, &w, vmmio_device_pause(rig->dev, &w.waiter));
}

static int resume_it(struct rig *rig)
{
	struct rig_waiter w = RIG_WAITER;

	return rig_wait(rig, &w, vmmio_device_resume(rig->dev, &w.waiter));
}

/* --- H1: paused and resumed again while a resume looks at its first queue --------------------- */

static void *blink(void *arg)
{
	struct rig *rig = arg;

	ck_assert_int_ge(vmmio_device_pause(rig->dev, &waiters[0].waiter), 0);
	ck_assert_int_ge(vmmio_device_resume(rig->dev, &waiters[1].waiter), 0);
	return NULL;
}

START_TEST(a_blink_inside_a_resume_leaves_no_queue_behind)
{
	const struct puppet puppet = {.parks = true};
	struct rig_options o = {.version = 3, .prompt = _i, .puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w = RIG_WAITER;
	int answer;

	rig_up(rig);
	ck_assert_int_eq(pause_it(rig), 0);
	at(rig, VMMIO_SYNC_RESUME_OPEN, blink);
	answer = vmmio_device_resume(rig->dev, &w.waiter);
	rig_settle(rig);
	ck_assert(!event.armed);
	ck_assert(answer == -ECANCELED || atomic_load(&w.result) == -ECANCELED);
	ck_assert_int_eq(atomic_load(&waiters[1].result), 0);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* --- H2: a queue drains while a resume is under way, and its drain is noted after it ---------- */

static pthread_barrier_t at_left, go_on;

static void *complete_second(void *arg)
{
	ck_assert(rig_complete(arg, 0, 64));
	return NULL;
}

/* The completing thread stands still between its lease and the note. */
static void stop_completion(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	(void)dev;
	if (point == VMMIO_SYNC_COMPLETE_LEFT && pthread_equal(pthread_self(), event.thread)) {
		pthread_barrier_wait(&at_left);
		pthread_barrier_wait(&go_on);
	}
	if (point != VMMIO_SYNC_RESUME_CALL || !atomic_exchange(&event.armed, false))
		return;
	pthread_mutex_lock(&event.rig->puppet->lock); /* event.thread is written before it runs */
	ck_assert_int_eq(pthread_create(&event.thread, NULL, event.run, event.rig), 0);
	pthread_mutex_unlock(&event.rig->puppet->lock);
	pthread_barrier_wait(&at_left);
}

START_TEST(a_late_note_of_a_drain_is_counted_once)
{
	const struct puppet puppet = {.parks = true, .cancel = true};
	struct rig_options o = {.version = 3, .puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w = RIG_WAITER;

	pthread_barrier_init(&at_left, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	rig_up(rig);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(pause_it(rig), 0);
	at(rig, VMMIO_SYNC_RESUME_CALL, complete_second);
	vmmio_sync_hook = stop_completion;
	ck_assert_int_eq(vmmio_device_resume(rig->dev, &w.waiter), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&w.told), 0);
	pthread_barrier_wait(&go_on);
	pthread_join(event.thread, NULL);
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&w.told), 1);
	ck_assert_uint_eq(rig->dev->undrained, 0);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_check_io(rig);
	rig_reset(rig);
	rig_free(rig);
	pthread_barrier_destroy(&at_left);
	pthread_barrier_destroy(&go_on);
}
END_TEST

/* --- H3: the last fenced chain comes back while destroy is about to return ---------------------- */

static struct rig *going;
static bool gone;

static void log_while_here(void *ctx, enum vmmio_log_level level, const char *line)
{
	(void)ctx, (void)level, (void)line;
	ck_assert(!gone);
}

static void note_gone(void *ctx)
{
	(void)ctx;
	gone = true;
}

static void *run_all(void *arg)
{
	vmmio_manual_run(arg, 1000);
	return NULL;
}

/* An executor that is done with a task before submit returns, as a pool may be. */
static void fast_submit(void *ctx, struct vmmio_task *task)
{
	pthread_t thread;

	vmmio_executor_submit(ctx, task);
	if (!going)
		return;
	ck_assert_int_eq(pthread_create(&thread, NULL, run_all, ctx), 0);
	pthread_join(thread, NULL);
}
static void fast_arm(void *ctx, struct vmmio_deadline *deadline)
{
	vmmio_executor_arm(ctx, deadline, deadline->when);
}
static bool fast_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	return vmmio_executor_disarm(ctx, deadline);
}
static uint64_t fast_now(void *ctx)
{
	return vmmio_executor_now(ctx);
}
static bool fast_help(void *ctx)
{
	return vmmio_manual_step(ctx, 0);
}
static const struct vmmio_executor_ops fast_ops = {.size = sizeof(fast_ops), .submit = fast_submit,
	.arm = fast_arm, .disarm = fast_disarm, .now = fast_now, .help = fast_help};

static void *complete_last(void *arg)
{
	rig_complete_all(arg);
	return NULL;
}

START_TEST(destroy_says_nothing_of_a_device_that_is_gone)
{
	struct rig_options o = {.version = 3};
	struct rig_waiter w = RIG_WAITER;
	struct vmmio_executor *inner;
	struct rig *rig;

	ck_assert_int_eq(vmmio_manual_create(&inner), 0);
	ck_assert_int_eq(vmmio_executor_create(&fast_ops, inner, &o.ex), 0);
	rig = rig_create(&o);
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	vmmio_manual_run(inner, 1000);
	rig_add(rig, 0, NULL);
	fixture_expect_log("fenced with 1");
	ck_assert_int_eq(vmmio_device_reset(rig->dev, &w.waiter), VMMIO_PENDING);
	vmmio_manual_run(inner, 1000);
	ck_assert_int_eq(vmmio_device_fence(rig->dev), 0);
	vmmio_manual_run(inner, 1000);
	ck_assert_uint_eq(atomic_load(&w.told), 1);
	rig->dev->log.fn = log_while_here;
	going = rig;
	at(rig, VMMIO_SYNC_WRITE_LEFT, complete_last);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, note_gone, NULL), 0);
	ck_assert(gone);
	rig->dev = NULL;
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(o.ex), 0);
	ck_assert_int_eq(vmmio_executor_destroy(inner), 0);
}
END_TEST

/* --- H4: notifications asked for again while the device is paused ------------------------------- */

START_TEST(notifications_enabled_in_a_pause_are_enabled)
{
	const struct puppet puppet = {.parks = true};
	struct rig_options o = {.version = 3, .packed = _i & 1, .puppet = &puppet,
		.features_off = _i & 2 ? VMMIO_FEATURE(VMMIO_F_EVENT_IDX) : 0};
	struct rig *rig = rig_create(&o);
	struct vmmio_queue *queue = vmmio_device_queue(rig->dev, 0);

	rig_up(rig);
	ck_assert(!vmmio_queue_notifications(queue, false));
	ck_assert_int_eq(pause_it(rig), 0);
	ck_assert(!vmmio_queue_notifications(queue, true));
	ck_assert_int_eq(resume_it(rig), 0);
	rig_settle(rig);
	for (unsigned i = 1; i <= 3; i++) {
		rig_add(rig, 0, NULL);
		ck_assert_uint_eq(rig_held(rig), i);
	}
	rig_complete_all(rig);
	rig_free(rig);
}
END_TEST

/* --- H5: pause and resume hooks come in turns ----------------------------------------------------- */

START_TEST(a_pause_given_up_is_resumed_before_the_next)
{
	const struct puppet puppet = {.parks = true, .pause_answer = VMMIO_PENDING};
	struct rig_options o = {.version = 3, .puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w[3] = {RIG_WAITER, RIG_WAITER, RIG_WAITER};

	rig_up(rig);
	ck_assert_int_eq(vmmio_device_pause(rig->dev, &w[0].waiter), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->pauses, 1);
	ck_assert_int_eq(vmmio_device_resume(rig->dev, &w[1].waiter), VMMIO_PENDING);
	ck_assert_int_eq(vmmio_device_pause(rig->dev, &w[2].waiter), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->pauses, 2);
	ck_assert_uint_eq(rig->puppet->resumes, 1);
	vmmio_device_answer(rig->dev, rig->puppet->pause_token, 0);
	ck_assert_uint_eq(atomic_load(&w[2].told), 1);
	ck_assert_int_eq(atomic_load(&w[2].result), 0);
	ck_assert_int_eq(resume_it(rig), 0);
	ck_assert_uint_eq(rig->puppet->resumes, 2);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

static void give_up(void *ctx)
{
	struct rig *rig = *(struct rig **)ctx;

	ck_assert_int_eq(vmmio_device_resume(rig->dev, &waiters[0].waiter), VMMIO_PENDING);
}

START_TEST(a_pause_that_failed_is_not_resumed)
{
	static struct rig *rig;
	const struct puppet puppet = {.parks = true, .pause_answer = -EIO, .in_pause = give_up,
		.ctx = &rig};
	struct rig_options o = {.version = 3, .prompt = _i, .puppet = &puppet};
	struct rig_waiter w = RIG_WAITER;

	rig = rig_create(&o);
	waiters[0] = (struct rig_waiter)RIG_WAITER;
	rig_up(rig);
	fixture_expect_log("pause failed");
	ck_assert_int_eq(rig_wait(rig, &w, vmmio_device_pause(rig->dev, &w.waiter)), -ECANCELED);
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&waiters[0].told), 1);
	ck_assert_uint_eq(rig->puppet->resumes, 0);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* --- H6: FEATURES_OK is written while a resume looks at the line ----------------------------------- */

static int slow_features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS])
{
	(void)ctx, (void)accepted;
	pthread_barrier_wait(&at_left);
	pthread_barrier_wait(&go_on);
	return 0;
}

static void *write_features_ok(void *arg)
{
	rig_write(arg, VMMIO_REG_STATUS, 11);
	return NULL;
}

static void features_meanwhile(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	(void)dev;
	if (point != event.point || !atomic_exchange(&event.armed, false))
		return;
	ck_assert_int_eq(pthread_create(&event.thread, NULL, event.run, event.rig), 0);
	pthread_barrier_wait(&at_left);
}

START_TEST(features_are_asked_with_no_other_hook_running)
{
	struct rig_options o = {.version = 3, .prompt = true};
	struct rig *rig = rig_create(&o);

	pthread_barrier_init(&at_left, NULL, 2);
	pthread_barrier_init(&go_on, NULL, 2);
	rig->puppet->ops.features = slow_features;
	rig_write(rig, VMMIO_REG_STATUS, 3);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 1);
	ck_assert_int_eq(pause_it(rig), 0);
	at(rig, VMMIO_SYNC_RESUME_LINE, write_features_ok);
	vmmio_sync_hook = features_meanwhile;
	ck_assert_int_eq(resume_it(rig), 0);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 0);
	pthread_barrier_wait(&go_on);
	pthread_join(event.thread, NULL);
	rig_wait_zero(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	rig_free(rig);
	pthread_barrier_destroy(&at_left);
	pthread_barrier_destroy(&go_on);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host_races");
	TCase *tc = fixture_tcase(suite, "bugs");

	tcase_set_timeout(tc, 10);
	tcase_add_loop_test(tc, a_blink_inside_a_resume_leaves_no_queue_behind, 0, 2);
	tcase_add_test(tc, a_late_note_of_a_drain_is_counted_once);
	tcase_add_test(tc, destroy_says_nothing_of_a_device_that_is_gone);
	tcase_add_loop_test(tc, notifications_enabled_in_a_pause_are_enabled, 0, 4);
	tcase_add_test(tc, a_pause_given_up_is_resumed_before_the_next);
	tcase_add_loop_test(tc, a_pause_that_failed_is_not_resumed, 0, 2);
	tcase_add_test(tc, features_are_asked_with_no_other_hook_running);
	return fixture_main(suite);
}
