/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Races found by reading: each test makes one interleaving happen that went wrong once.
 */
#include <errno.h>
#include <stdlib.h>

#include "device/internal.h"
#include "support/rig.h"

/* --- An executor that forwards to a manual one and lets a test in between ------------------- */

struct wrap {
	struct vmmio_executor *inner, *outer;
	void (*after_arm)(struct wrap *w); /* arm has not returned yet */
	void (*after_now)(struct wrap *w); /* now was read, not yet returned */
	void *ctx;
};

static void w_submit(void *ctx, struct vmmio_task *task)
{
	vmmio_executor_submit(((struct wrap *)ctx)->inner, task);
}
static void w_arm(void *ctx, struct vmmio_deadline *deadline)
{
	struct wrap *w = ctx;
	vmmio_executor_arm(w->inner, deadline, deadline->when);
	if (w->after_arm)
		w->after_arm(w);
}
static bool w_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	return vmmio_executor_disarm(((struct wrap *)ctx)->inner, deadline);
}
static uint64_t w_now(void *ctx)
{
	struct wrap *w = ctx;
	uint64_t now = vmmio_executor_now(w->inner);
	if (w->after_now)
		w->after_now(w);
	return now;
}
static bool w_help(void *ctx)
{
	return vmmio_manual_step(((struct wrap *)ctx)->inner, 0);
}
static const struct vmmio_executor_ops w_ops = {.size = sizeof(w_ops), .submit = w_submit,
	.arm = w_arm, .disarm = w_disarm, .now = w_now, .help = w_help};

static struct rig *wrapped(struct wrap *w, const struct rig_options *options)
{
	struct rig_options o = *options;

	ck_assert_int_eq(vmmio_manual_create(&w->inner), 0);
	ck_assert_int_eq(vmmio_executor_create(&w_ops, w, &w->outer), 0);
	o.ex = w->outer;
	return rig_create(&o);
}

static void up(struct wrap *w, struct rig *rig)
{
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	vmmio_manual_run(w->inner, 1000);
}

static void end(struct wrap *w, struct rig *rig)
{
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(w->outer), 0);
	ck_assert_int_eq(vmmio_executor_destroy(w->inner), 0);
}

/* --- B1: the deadline expires on its thread before arm has returned --------------------------- */

static void *advance(void *arg)
{
	vmmio_manual_advance(((struct wrap *)arg)->inner, 1000000);
	return NULL;
}
static void expire_now(struct wrap *w)
{
	pthread_t thread;
	w->after_arm = NULL;
	ck_assert_int_eq(pthread_create(&thread, NULL, advance, w), 0);
	pthread_join(thread, NULL);
}
START_TEST(deadline_expires_inside_arm)
{
	struct rig_options o = {.version = 3, .reset_deadline = 1000};
	struct wrap w = {0};
	struct rig *rig = wrapped(&w, &o);

	fixture_expect_log("not over after");
	up(&w, rig);
	rig_add(rig, 0, NULL);
	w.after_arm = expire_now;
	rig_write(rig, VMMIO_REG_STATUS, 0);
	vmmio_manual_run(w.inner, 1000);
	ck_assert_uint_eq(rig->stuck, 1);
	rig_complete_all(rig);
	vmmio_manual_run(w.inner, 1000);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	if (_i == 0) { /* the next stuck reset is reported too */
		up(&w, rig);
		rig_add(rig, 0, NULL);
		rig_write(rig, VMMIO_REG_STATUS, 0);
		vmmio_manual_run(w.inner, 1000);
		vmmio_manual_advance(w.inner, 5000);
		ck_assert_uint_eq(rig->stuck, 2);
		rig_complete_all(rig);
		vmmio_manual_run(w.inner, 1000);
	}
	end(&w, rig); /* _i 1: the device is released at all */
}
END_TEST

/* --- B2: destroy after the stuck report of a reset whose quiesce failed ------------------------ */

START_TEST(destroy_after_the_stuck_report_asks_again)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = -EIO};
	struct rig_options o = {.version = 3, .puppet = &puppet, .reset_deadline = 1000};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	fixture_expect_log("quiesce failed");
	fixture_expect_log("quiesce failed");
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	vmmio_manual_advance(rig->ex, 1000);
	rig_settle(rig);
	ck_assert_uint_eq(rig->stuck, 1);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 2);
	rig->puppet->quiesce_answer = 0;
	vmmio_manual_advance(rig->ex, 100000);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* The deadline passes while quiesce has not been answered, and then the answer is a failure. */
START_TEST(destroy_asks_again_after_a_late_failure)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = VMMIO_PENDING};
	struct rig *rig = rig_create(&(struct rig_options){
		.version = 3, .puppet = &puppet, .reset_deadline = 1000});
	struct puppet *p = rig->puppet;
	uint64_t token;

	rig_up(rig);
	fixture_expect_log("a destroy is not over");
	fixture_expect_log("answered a pending hook with error -5");
	fixture_expect_log("a destroy is not over");
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&p->quiesces), 1);
	vmmio_manual_advance(rig->ex, 2000);
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&rig->stuck), 1);
	token = atomic_load(&p->quiesce_token);
	p->quiesce_answer = 0;
	vmmio_device_answer(rig->dev, token, -EIO);
	rig_settle(rig);
	vmmio_manual_advance(rig->ex, 2000);
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&p->quiesces), 2);
	ck_assert_uint_eq(p->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* --- B3: the irq task (not MAY_BLOCK) runs quiesce --------------------------------------------- */

struct toggle { struct rig *rig; unsigned left; };
static void toggle(void *ctx, bool high)
{
	struct toggle *t = ctx;
	static uint8_t byte;

	if (!t->left)
		return;
	t->left--;
	if (high)
		rig_write(t->rig, VMMIO_REG_INTERRUPT_ACK, 3);
	else if (++byte)
		ck_assert_int_eq(vmmio_device_config_change(t->rig->dev, 0, &byte, 1), 0);
}
START_TEST(irq_task_runs_no_lifecycle_hook)
{
	struct rig_options o = {.version = 3};
	struct rig *rig = rig_create(&o);
	struct toggle t = {rig, 4};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = toggle;
	rig->on_line_ctx = &t;
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 1); /* delivery was handed over */
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 2);
	ck_assert(vmmio_manual_step(rig->ex, 0));
	ck_assert_uint_eq(rig->puppet->quiesces, 0); /* it is the lifecycle task's, which may block */
	rig_settle(rig);
	rig_free(rig);
}
END_TEST

/* --- B4: notify begins after quiesce was called and answered ------------------------------------- */

static void kick_on_line(void *ctx, bool high)
{
	if (high)
		rig_write(ctx, VMMIO_REG_QUEUE_NOTIFY, 0);
}
START_TEST(notify_never_begins_in_a_reset)
{
	struct rig_options o = {.version = 3, .prompt = _i};
	struct rig *rig = rig_create(&o);
	unsigned notifies;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = kick_on_line;
	rig->on_line_ctx = rig;
	ck_assert(rig_complete(rig, 0, 64)); /* the kick goes to the executor */
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 1);
	notifies = rig->puppet->notifies;
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	rig_free(rig);
}
END_TEST

/* --- B5: QueueReady = 0 from inside the features hook waits for itself ------------------------------ */

static struct rig *the_rig;
static int result;
static int disable_in_features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS])
{
	(void)ctx, (void)accepted;
	result = rig_write(the_rig, VMMIO_REG_QUEUE_READY, 0);
	return 0;
}
START_TEST(queue_disable_inside_features)
{
	struct rig_options o = {.version = 3};
	struct rig *rig = the_rig = rig_create(&o);

	rig->puppet->ops.features = disable_in_features;
	rig_write(rig, VMMIO_REG_STATUS, 3);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 1);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
	fixture_expect_log("zero written to QueueReady");
	rig_write(rig, VMMIO_REG_STATUS, 11);
	ck_assert_int_eq(result, -EDEADLK);
	rig_free(rig);
}
END_TEST

/* --- B7: now, read before the lock, is older than the reset it is compared with ------------------------ */

static void new_life(struct wrap *w)
{
	struct rig *rig = w->ctx;

	w->after_now = NULL;
	vmmio_manual_advance(w->inner, 10);
	rig_complete_all(rig);
	vmmio_manual_run(w->inner, 1000);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	up(w, rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
}
START_TEST(a_young_reset_is_not_stuck)
{
	struct rig_options o = {.version = 3, .reset_deadline = 1000};
	struct wrap w = {0};
	struct rig *rig = wrapped(&w, &o);

	w.ctx = rig;
	up(&w, rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	vmmio_manual_run(w.inner, 1000);
	w.after_now = new_life;
	vmmio_manual_advance(w.inner, 1000);
	ck_assert_uint_eq(rig->stuck, 0);
	rig_complete_all(rig);
	vmmio_manual_run(w.inner, 1000);
	end(&w, rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reset_races");
	TCase *tc = fixture_tcase(suite, "bugs");

	tcase_set_timeout(tc, 5);
	tcase_add_loop_test(tc, deadline_expires_inside_arm, 0, 2);
	tcase_add_test(tc, destroy_after_the_stuck_report_asks_again);
	tcase_add_test(tc, destroy_asks_again_after_a_late_failure);
	tcase_add_test(tc, irq_task_runs_no_lifecycle_hook);
	tcase_add_loop_test(tc, notify_never_begins_in_a_reset, 0, 1);
	tcase_add_test(tc, queue_disable_inside_features);
	tcase_add_test(tc, a_young_reset_is_not_stuck);
	return fixture_main(suite);
}
