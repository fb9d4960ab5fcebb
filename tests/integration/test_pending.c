/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The three writes that may wait, in their pending form: step by step on the manual executor
 * over {version 2, 3} x {split, packed}, and from inside every callback.
 */
#include <stdlib.h>

#include "host_rig.h"

/* --- Pending writes ------------------------------------------------------------------ */

START_TEST(v2_zero_write_is_told_at_the_end)
{
	struct rig_options o = {.version = 2, .packed = _i};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w = RIG_WAITER;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pend_zero(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	/* The last lease is back, reset_finish was not called: not over. */
	ck_assert(rig_complete(rig, 0, 0));
	check_told(&w, 0, 0);
	rig_settle(rig);
	check_told(&w, 1, 0);
	check_zero(rig);
	check_back(&w);
	/* Over already: the same waiter, not told. */
	ck_assert_int_eq(pend_zero(rig, &w), 0);
	check_back(&w);
	rig_settle(rig);
	check_told(&w, 1, 0);
	next_life(rig);
}
END_TEST

START_TEST(v3_zero_write_never_waits)
{
	struct rig_options o = {.version = 3, .packed = _i};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w = RIG_WAITER;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pend_zero(rig, &w), 0);
	check_back(&w);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_int_eq(pend_zero(rig, &w), 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_zero(rig);
	check_told(&w, 0, 0);
	next_life(rig);
}
END_TEST

START_TEST(queue_disable_is_told_when_the_queue_is_quiet)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter w = RIG_WAITER, other = RIG_WAITER;

	/* Not running: nothing to wait for. */
	rig_write(rig, VMMIO_REG_STATUS, ACK | DRIVER);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
	ck_assert_int_eq(pend_disable(rig, &w, 0), 0);
	rig_reset(rig);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(pend_disable(rig, &w, 1), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->stops, 1);
	ck_assert_int_eq(pend_disable(rig, &other, 0), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert(rig_complete(rig, 1, 0)); /* of queue 1: its own waiter and no other */
	rig_settle(rig);
	check_told(&w, 1, 0);
	check_told(&other, 0, 0);
	ck_assert_uint_eq(rig_queue_read(rig, 1, VMMIO_REG_QUEUE_READY), 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&other, 1, 0);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 3);
	rig_reset(rig);
	next_life(rig);
}
END_TEST

/* PATCH-DEV-06: the backend undoes a config write, on the executor. */
START_TEST(zero_at_zero_with_config_to_undo)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter w = RIG_WAITER, second = RIG_WAITER;

	rig_write(rig, VMMIO_REG_CONFIG, 7);
	ck_assert_int_eq(pend_zero(rig, &w), VMMIO_PENDING);
	ck_assert_int_eq(pend_zero(rig, &second), VMMIO_PENDING); /* joins */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG), 7);
	check_told(&w, 0, 0);
	rig_settle(rig);
	check_told(&w, 1, 0);
	check_told(&second, 1, 0);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG), 0);
	ck_assert_int_eq(pend_zero(rig, &w), 0); /* nothing to undo any more */
	next_life(rig);
}
END_TEST

static unsigned waiting(struct rig *rig)
{
	unsigned n = 0;

	pthread_mutex_lock(&rig->dev->lock);
	for (const struct waiting *w = rig->dev->waiting; w; w = w->next)
		n++;
	pthread_mutex_unlock(&rig->dev->lock);
	return n;
}

static void *write_zero(void *arg)
{
	struct rig *rig = arg;

	ck_assert_int_eq(rig_write(rig, VMMIO_REG_STATUS, 0), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	return NULL;
}

/* Three waiters and a thread that blocks, which also runs the executor's tasks. */
START_TEST(many_wait_for_one_reset)
{
	struct rig_options o = {.version = 2, .packed = _i & 1, .pool = _i & 2};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w[3] = {RIG_WAITER, RIG_WAITER, RIG_WAITER};
	pthread_t vcpu;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pend_zero(rig, &w[i]), VMMIO_PENDING);
	ck_assert_int_eq(pthread_create(&vcpu, NULL, write_zero, rig), 0);
	WAIT_UNTIL(waiting(rig) == 4);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	for (int i = 0; i < 3; i++)
		check_told(&w[i], 0, 0);
	rig_complete_all(rig);
	pthread_join(vcpu, NULL);
	for (int i = 0; i < 3; i++)
		WAIT_UNTIL(atomic_load(&w[i].told));
	rig_settle(rig);
	for (int i = 0; i < 3; i++)
		check_told(&w[i], 1, 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	check_zero(rig);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

/* One that is out, one that was never zeroed, none, one without done: nothing happens. */
START_TEST(bad_waiters_are_refused)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter w = RIG_WAITER, none = {.result = 1}, dirty = RIG_WAITER;
	struct vmmio_device_counters before;

	dirty.waiter.priv[0] = &dirty;
	rig_up(rig);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(pend_disable(rig, &w, 1), VMMIO_PENDING);
	rig_settle(rig);
	before = rig_counters(rig);
	fixture_expect_log("vmmio_device_write_pending was given a waiter that is still out");
	fixture_expect_log("vmmio_device_reset was given a waiter that is still out");
	fixture_expect_log("vmmio_device_pause was given a waiter that is still out");
	fixture_expect_log("vmmio_device_resume was given a waiter that is still out");
	ck_assert_int_eq(pend(rig, &w, VMMIO_REG_STATUS, LIVE | VMMIO_STATUS_FAILED), -EBUSY);
	ck_assert_int_eq(pend(rig, &dirty, VMMIO_REG_STATUS, LIVE | VMMIO_STATUS_FAILED), -EBUSY);
	ck_assert_int_eq(pend(rig, &w, VMMIO_REG_QUEUE_NOTIFY, 0), -EBUSY);
	ck_assert_int_eq(host_reset(rig, &w), -EBUSY);
	ck_assert_int_eq(vmmio_device_pause(rig->dev, &w.waiter), -EBUSY);
	ck_assert_int_eq(vmmio_device_resume(rig->dev, &w.waiter), -EBUSY);
	ck_assert_uint_eq(fixture_logged("still out"), 6);
	fixture_expect_log("vmmio_device_write_pending needs a waiter whose done is set");
	fixture_expect_log("vmmio_device_write_pending needs a waiter: nothing was done");
	fixture_expect_log("vmmio_device_reset needs a waiter: nothing was done");
	ck_assert_int_eq(pend(rig, &none, VMMIO_REG_STATUS, LIVE | VMMIO_STATUS_FAILED), -EINVAL);
	ck_assert_int_eq(vmmio_device_write_pending(rig->dev, VMMIO_REG_STATUS, 4, 0, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_device_write_pending(NULL, VMMIO_REG_STATUS, 4, 0, &none.waiter), -EINVAL);
	ck_assert_int_eq(vmmio_device_reset(rig->dev, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_device_reset(NULL, &none.waiter), -EINVAL);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_uint_eq(rig_counters(rig).resets, before.resets);
	ck_assert(!rig_counters(rig).resetting);
	check_back(&none);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&w, 1, 0); /* of its own write, which took no harm */
	rig_reset(rig);
	next_life(rig);
}
END_TEST

/* Lockless registers take the same road; the waiter comes straight back. */
START_TEST(other_writes_never_wait)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter w = RIG_WAITER;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 4));
	ck_assert(atomic_load(&rig->line));
	ck_assert_int_eq(pend(rig, &w, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL), 0);
	ck_assert(!atomic_load(&rig->line));
	check_back(&w);
	ck_assert_int_eq(pend(rig, &w, VMMIO_REG_QUEUE_NOTIFY, 0), 0);
	ck_assert_int_eq(pend(rig, &w, VMMIO_REG_CONFIG, 3), 0);
	ck_assert_int_eq(pend(rig, &w, VMMIO_REG_QUEUE_SEL, 1), 0);
	ck_assert_int_eq(pend(rig, &w, VMMIO_REG_QUEUE_READY, 1), 0); /* as it was */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG), 3);
	rig_settle(rig);
	check_back(&w);
	check_told(&w, 0, 0);
	rig_free(rig);
}
END_TEST

/* --- From inside callbacks ------------------------------------------------------------ */

enum place { IN_START, IN_NOTIFY, IN_QUIESCE, IN_CONFIG, IN_FINISH, IN_SINK, PLACES };

struct inside {
	struct rig *rig;
	struct rig_waiter w;
	bool disable; /* QueueReady = 0 of queue 1, else Status = 0 */
	bool host;    /* vmmio_device_reset */
	unsigned calls;
	int blocking, pending;
	unsigned told_inside;
};

static void write_inside(void *ctx)
{
	struct inside *in = ctx;

	if (in->calls++)
		return;
	if (in->disable) {
		rig_write(in->rig, VMMIO_REG_QUEUE_SEL, 1);
		in->blocking = rig_write(in->rig, VMMIO_REG_QUEUE_READY, 0);
		in->pending = pend(in->rig, &in->w, VMMIO_REG_QUEUE_READY, 0);
	} else if (in->host) {
		in->blocking = -EDEADLK;
		in->pending = host_reset(in->rig, &in->w);
	} else {
		in->blocking = rig_write(in->rig, VMMIO_REG_STATUS, 0);
		in->pending = pend_zero(in->rig, &in->w);
	}
	in->told_inside = atomic_load(&in->w.told);
}

static void line_inside(void *ctx, bool high)
{
	if (high)
		write_inside(ctx);
}

/* Brings the rig to where the callback is called. */
static void go_to(struct rig *rig, enum place place)
{
	if (place == IN_START) { /* the driver may find that it was reset again */
		int error = vmmio_driver_start(rig->driver, rig_features(rig), 2, 16);

		ck_assert_int_le(error, 0);
		rig_settle(rig);
	}
	if (place == IN_NOTIFY || place == IN_SINK)
		rig_add(rig, 0, NULL);
	if (place == IN_SINK)
		ck_assert(rig_complete(rig, 0, 8));
	if (place == IN_CONFIG)
		rig_write(rig, VMMIO_REG_CONFIG, 1);
	if (place == IN_QUIESCE || place == IN_FINISH) {
		struct rig_waiter first = RIG_WAITER;

		rig_add(rig, 0, NULL);
		rig_complete_all(rig);
		ck_assert_int_eq(rig_wait(rig, &first, host_reset(rig, &first)), 0);
	}
}

static void run_inside(int i, enum place place, bool disable, bool host, bool prompt)
{
	struct inside in = {.w = RIG_WAITER, .disable = disable, .host = host};
	const struct puppet puppet = {.ctx = &in,
		.in_start = place == IN_START ? write_inside : NULL,
		.in_notify = place == IN_NOTIFY ? write_inside : NULL,
		.in_quiesce = place == IN_QUIESCE ? write_inside : NULL,
		.in_config = place == IN_CONFIG ? write_inside : NULL,
		.in_finish = place == IN_FINISH ? write_inside : NULL};
	struct rig_options o = {.version = rig_version(i), .packed = rig_packed(i),
		.prompt = prompt, .puppet = &puppet};
	struct rig *rig = in.rig = rig_create(&o);
	unsigned refused = fixture_logged("would wait");

	in.calls = 1;
	if (place != IN_START)
		rig_up(rig);
	in.calls = 0;
	rig->on_line = place == IN_SINK ? line_inside : NULL;
	rig->on_line_ctx = &in;
	if (!host)
		fixture_expect_log("would wait for the callback itself");
	go_to(rig, place);
	ck_assert_uint_ge(in.calls, 1);
	ck_assert_int_eq(in.blocking, -EDEADLK);
	ck_assert_int_eq(in.pending, VMMIO_PENDING);
	ck_assert_uint_eq(in.told_inside, 0);
	ck_assert_uint_eq(fixture_logged("would wait"), refused + !host);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&in.w, 1, 0);
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
	rig_reset(rig);
	check_zero(rig);
	in.calls = 1;
	next_life(rig);
}

START_TEST(inside_a_callback)
{
	for (int place = 0; place < PLACES; place++) {
		bool resetting = place == IN_QUIESCE || place == IN_FINISH;

		for (int prompt = 0; prompt < 2; prompt++) {
			/* A version 3 zero write of a device in use does not wait anywhere. */
			if (rig_version(_i) == 2)
				run_inside(_i, (enum place)place, false, false, prompt);
			run_inside(_i, (enum place)place, false, true, prompt);
			if (!resetting)
				run_inside(_i, (enum place)place, true, false, prompt);
		}
	}
}
END_TEST

/* --- Inside done ------------------------------------------------------------------------ */

struct again {
	struct vmmio_waiter waiter; /* first */
	struct rig *rig;
	unsigned told;
	int blocking, pending;
	bool freed;
};

/* Writes registers, has a blocking write refused, uses the waiter again; then frees it. */
static void done_again(struct vmmio_waiter *waiter, int result)
{
	struct again *a = (struct again *)waiter;
	struct rig *rig = a->rig;

	ck_assert_int_eq(result, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	if (a->told++) {
		rig->on_line_ctx = NULL;
		free(a);
		return;
	}
	rig_write(rig, VMMIO_REG_STATUS, ACK);
	rig_write(rig, VMMIO_REG_STATUS, ACK | DRIVER);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), ACK | DRIVER);
	rig_write(rig, VMMIO_REG_CONFIG, 9);
	if (rig->o.version == 2) {
		fixture_expect_log("would wait for the callback itself");
		ck_assert_int_eq(rig_write(rig, VMMIO_REG_STATUS, 0), -EDEADLK);
	}
	ck_assert_int_eq(vmmio_device_reset(rig->dev, waiter), VMMIO_PENDING);
}

START_TEST(done_may_do_what_a_callback_may)
{
	struct rig *rig = bench(_i, NULL);
	struct again *a = calloc(1, sizeof(*a));

	ck_assert_ptr_nonnull(a);
	*a = (struct again){.waiter.done = done_again, .rig = rig};
	rig->on_line_ctx = a;
	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_device_reset(rig->dev, &a->waiter), VMMIO_PENDING);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_ptr_null(rig->on_line_ctx); /* told twice, and freed */
	ck_assert_uint_eq(rig->puppet->config_writes, 1);
	ck_assert_uint_eq(rig->puppet->finishes, 2);
	check_zero(rig);
	next_life(rig);
}
END_TEST

/* --- Destroy ------------------------------------------------------------------------------ */

struct order {
	struct rig_waiter zero, stop, pause;
	unsigned told; /* waiters, when destroyed came */
	unsigned destroyed;
};

static void note_destroyed(void *ctx)
{
	struct order *o = ctx;

	o->destroyed++;
	o->told = o->zero.told + o->stop.told + o->pause.told;
}

START_TEST(destroy_tells_waiters_first)
{
	struct rig *rig = bench(_i, NULL);
	struct order o = {.zero = RIG_WAITER, .stop = RIG_WAITER, .pause = RIG_WAITER};
	struct rig_waiter late = RIG_WAITER;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(pend_disable(rig, &o.stop, 1), VMMIO_PENDING);
	ck_assert_int_eq(vmmio_device_pause(rig->dev, &o.pause.waiter), VMMIO_PENDING);
	ck_assert_int_eq(host_reset(rig, &o.zero), VMMIO_PENDING);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, note_destroyed, &o), 0);
	check_told(&o.zero, 0, 0);
	ck_assert_uint_eq(o.pause.told, 1);
	ck_assert_int_eq(o.pause.result, -ECANCELED);
	fixture_expect_log("reset: the device is being destroyed");
	ck_assert_int_eq(host_reset(rig, &late), -ENODEV);
	check_back(&late);
	ck_assert_int_eq(pend_zero(rig, &late), 0);
	check_back(&late);
	fixture_expect_log("destroyed twice");
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, note_destroyed, NULL), -EALREADY);
	rig_settle(rig);
	ck_assert_uint_eq(o.destroyed, 0);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(o.destroyed, 1);
	ck_assert_uint_eq(o.told, 3);
	check_told(&o.zero, 1, 0);
	check_told(&o.stop, 1, 0);
	check_told(&late, 0, 0);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pending");
	TCase *pending = fixture_tcase(suite, "pending writes");
	TCase *many = fixture_tcase(suite, "many");

	tcase_add_loop_test(pending, v2_zero_write_is_told_at_the_end, 0, 2);
	tcase_add_loop_test(pending, v3_zero_write_never_waits, 0, 2);
	tcase_add_loop_test(pending, queue_disable_is_told_when_the_queue_is_quiet, 0, RIG_VARIANTS);
	tcase_add_loop_test(pending, zero_at_zero_with_config_to_undo, 0, RIG_VARIANTS);
	tcase_add_loop_test(pending, bad_waiters_are_refused, 0, RIG_VARIANTS);
	tcase_add_loop_test(pending, other_writes_never_wait, 0, RIG_VARIANTS);
	tcase_add_loop_test(pending, inside_a_callback, 0, RIG_VARIANTS);
	tcase_add_loop_test(pending, done_may_do_what_a_callback_may, 0, RIG_VARIANTS);
	tcase_add_loop_test(pending, destroy_tells_waiters_first, 0, RIG_VARIANTS);
	tcase_add_loop_test(many, many_wait_for_one_reset, 0, 4);
	return fixture_main(suite);
}
