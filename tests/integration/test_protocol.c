/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol of passes, leases, tokens, kicks and interrupt delivery, one rule a test:
 * each fails if exactly that rule is broken in src/device.
 */
#include <errno.h>
#include <unistd.h>

#include "device/internal.h"
#include "support/rig.h"

#define LIVE 15u

static struct rig *bench(int i, const struct puppet *puppet)
{
	struct rig_options o = {
		.version = rig_version(i), .packed = rig_packed(i), .puppet = puppet};

	return rig_create(&o);
}

static struct rig *bench3(int packed, bool prompt, const struct puppet *puppet)
{
	struct rig_options o = {.version = 3, .packed = packed, .prompt = prompt, .puppet = puppet};

	return rig_create(&o);
}

/* Something done once, on another thread or at a sync point. */
struct once {
	struct rig *rig;
	enum vmmio_sync_point point;
	unsigned calls, left;
	uint32_t seen;
	int result;
};

static struct once once;

static void on_other_thread(void *(*run)(void *arg), struct rig *rig)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, run, rig), 0);
	pthread_join(thread, NULL);
}

static void *write_zero(void *arg)
{
	rig_write(arg, VMMIO_REG_STATUS, 0);
	return NULL;
}

static void *run_executor(void *arg)
{
	vmmio_manual_run(((struct rig *)arg)->ex, 1000);
	return NULL;
}

static void zero_at(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	if (point != once.point || once.calls || dev != once.rig->dev)
		return;
	once.calls++;
	on_other_thread(write_zero, once.rig);
	on_other_thread(run_executor, once.rig);
	once.seen = rig_read(once.rig, VMMIO_REG_STATUS);
}

/* --- Tokens ------------------------------------------------------------------------------- */

/* Chains back, hook not answered: QueueReset goes on. */
START_TEST(queue_reset_waits_for_the_answer)
{
	const struct puppet puppet = {.cancel = true, .stop_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 1);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 0);
	vmmio_device_answer(rig->dev, rig->puppet->stop_token, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	rig_free(rig);
}
END_TEST

/* A queue_stop of an earlier life: its answer is late, not wrong, and answers nothing else. */
START_TEST(reset_voids_a_pending_queue_stop)
{
	const struct puppet puppet = {.cancel = true, .stop_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);
	vmmio_token old;

	rig_up(rig);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
	old = rig->puppet->stop_token;
	rig_reset(rig);
	rig_up(rig);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
	vmmio_device_answer(rig->dev, old, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 1);
	vmmio_device_answer(rig->dev, rig->puppet->stop_token, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	rig_free(rig);
}
END_TEST

/* A late start of an old life neither breaks the next life nor makes it live. */
START_TEST(a_voided_start_changes_nothing)
{
	const struct puppet puppet = {.start_answer = VMMIO_PENDING};

	for (int result = -EIO; result <= 0; result += EIO) {
		struct rig *rig = bench(_i, &puppet);
		vmmio_token token;

		rig_up(rig);
		token = rig->puppet->start_token;
		rig_reset(rig);
		vmmio_device_answer(rig->dev, token, result);
		rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
		rig_write(rig, VMMIO_REG_QUEUE_SIZE, 16);
		rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
		rig_write(rig, VMMIO_REG_STATUS, 3);
		rig_settle(rig);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 3);
		ck_assert_uint_eq(vmmio_queue_size(vmmio_device_queue(rig->dev, 0)), 0);
		ck_assert_uint_eq(rig->puppet->notifies, 0);
		rig_free(rig);
	}
}
END_TEST

/* A reset comes while start runs; start then answers at once: nothing goes live. */
START_TEST(start_that_returns_into_a_reset)
{
	struct rig *rig = bench3(_i, false, NULL);

	once = (struct once){.rig = rig, .point = VMMIO_SYNC_START_CALL};
	rig->puppet->start_answer = -EIO;
	vmmio_sync_hook = zero_at;
	fixture_expect_log("start failed");
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	rig_settle(rig);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(once.seen, LIVE);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	rig->puppet->start_answer = 0;
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* --- Leases and passes ----------------------------------------------------------------------- */

static void reset_inside_raise(void *ctx, bool high)
{
	struct once *o = ctx;

	if (!high || o->calls++)
		return;
	if (o->left) {
		rig_write(o->rig, VMMIO_REG_QUEUE_SEL, 0);
		rig_write(o->rig, VMMIO_REG_QUEUE_RESET, 1);
	} else {
		rig_write(o->rig, VMMIO_REG_STATUS, 0);
	}
	on_other_thread(run_executor, o->rig);
	o->seen = rig_read(o->rig, o->left ? VMMIO_REG_QUEUE_RESET : VMMIO_REG_STATUS);
}

/* The lease goes back after the interrupt: neither reset ends under the sink's call. */
START_TEST(a_lease_covers_its_interrupt)
{
	struct rig *rig = bench3(_i & 1, _i & 2, NULL);
	struct once o = {.rig = rig, .left = _i & 4};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = reset_inside_raise;
	rig->on_line_ctx = &o;
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_ge(o.calls, 1);
	ck_assert_uint_eq(o.seen, o.left ? 1 : LIVE);
	rig_settle(rig);
	if (o.left)
		ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	else
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_free(rig);
}
END_TEST

static void read_status_on_fall(void *ctx, bool high)
{
	struct once *o = ctx;

	if (high)
		return;
	o->calls++;
	o->seen = rig_read(o->rig, VMMIO_REG_STATUS);
}

/* I7: the line falls before Status reads 0, also where nothing else keeps the reset. */
START_TEST(the_line_falls_before_zero)
{
	struct rig *rig = bench3(_i, true, NULL);
	struct once o = {.rig = rig};
	const uint8_t byte = 1;

	rig_up(rig);
	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 0, &byte, 1), 0);
	ck_assert(atomic_load(&rig->line));
	rig->on_line = read_status_on_fall;
	rig->on_line_ctx = &o;
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(o.calls, 1);
	ck_assert_uint_eq(o.seen, LIVE);
	rig_free(rig);
}
END_TEST

/* The reset comes between pop's entry and its look at the ring: what it takes, quiesce sees. */
START_TEST(quiesce_waits_for_a_running_pop)
{
	const struct puppet puppet = {.cancel = true};
	struct rig *rig = bench3(_i, false, &puppet);

	rig_up(rig);
	once = (struct once){.rig = rig, .point = VMMIO_SYNC_POP_ENTERED};
	vmmio_sync_hook = zero_at;
	rig_add(rig, 0, NULL);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(once.seen, LIVE);
	ck_assert_uint_eq(rig->puppet->quiesces, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* The reset comes before the backend was asked: it is not asked, and the reset ends. */
START_TEST(a_reset_before_features_are_asked)
{
	struct rig *rig = bench3(_i & 1, _i & 2, NULL);

	once = (struct once){.rig = rig, .point = VMMIO_SYNC_FEATURES_ASKED};
	vmmio_sync_hook = zero_at;
	rig_write(rig, VMMIO_REG_STATUS, 3);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 1);
	rig_write(rig, VMMIO_REG_STATUS, 11);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(once.seen, 3); /* hook_running keeps the reset */
	ck_assert_uint_eq(rig->puppet->features, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

static void *stop_queue(void *arg)
{
	rig_write(arg, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(arg, VMMIO_REG_QUEUE_RESET, 1);
	return NULL;
}

static void stop_at(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	if (point != once.point || once.calls || dev != once.rig->dev)
		return;
	once.calls++;
	on_other_thread(stop_queue, once.rig);
	on_other_thread(run_executor, once.rig);
	once.seen = once.rig->puppet->stops;
}

/* Likewise a queue's: what the pop takes, queue_stop sees. */
START_TEST(queue_stop_waits_for_a_running_pop)
{
	const struct puppet puppet = {.cancel = true};
	struct rig *rig = bench(_i, &puppet);

	rig_up(rig);
	once = (struct once){.rig = rig, .point = VMMIO_SYNC_POP_ENTERED};
	vmmio_sync_hook = stop_at;
	rig_add(rig, 0, NULL);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(once.seen, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->stops, 1);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

/* The reset comes while the rings are made: their gates stay closed. */
START_TEST(no_gate_opens_in_a_reset)
{
	struct rig *rig = bench3(_i, false, NULL);
	struct vmmio_chain chain;

	once = (struct once){.rig = rig, .point = VMMIO_SYNC_ACTIVATE};
	vmmio_sync_hook = zero_at;
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	rig_settle(rig);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(once.seen, LIVE);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	for (unsigned q = 0; q < 2; q++) {
		vmmio_queue_kick(vmmio_device_queue(rig->dev, q));
		ck_assert_uint_eq(vmmio_queue_pop(vmmio_device_queue(rig->dev, q), &chain, 1), 0);
		ck_assert_uint_eq(vmmio_queue_size(vmmio_device_queue(rig->dev, q)), 0);
	}
	ck_assert_uint_eq(rig->puppet->notifies, 0);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

static void zero_in_config(void *ctx)
{
	struct once *o = ctx;

	if (o->calls++)
		return;
	on_other_thread(write_zero, o->rig);
	on_other_thread(run_executor, o->rig);
	o->seen = rig_read(o->rig, VMMIO_REG_STATUS);
}

/* config_write is inside: the reset ends after it has returned. */
START_TEST(config_write_is_a_pass)
{
	struct puppet puppet = {.in_config = zero_in_config, .ctx = &once};
	struct rig *rig = bench3(_i & 1, _i & 2, &puppet);

	rig_up(rig);
	once = (struct once){.rig = rig};
	vmmio_device_write(rig->dev, VMMIO_REG_CONFIG, 4, 5);
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(once.seen, LIVE);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG), 0);
	rig_free(rig);
}
END_TEST

/* --- Kicks ------------------------------------------------------------------------------------- */

static void kick_again(void *ctx)
{
	struct once *o = ctx;

	o->calls++;
	if (!o->left)
		return;
	o->left--;
	rig_write(o->rig, VMMIO_REG_QUEUE_NOTIFY, 0);
}

/* A kick that comes while notify runs is not lost, not nested, and does not keep its thread:
 * from the third round on it is the executor's. Then a reset finds no pass left over. */
START_TEST(a_kick_during_notify_is_looked_at)
{
	struct puppet puppet = {.in_notify = kick_again, .ctx = &once};
	struct rig *rig = bench3(_i & 1, false, &puppet);

	once = (struct once){.rig = rig};
	rig_up(rig);
	once = (struct once){.rig = rig, .left = 1};
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	ck_assert_uint_eq(once.calls, 2);
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 0);
	once = (struct once){.rig = rig, .left = 5};
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	ck_assert_uint_eq(once.calls, 2);
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 1);
	if (_i & 2) { /* its pass goes with it */
		once.left = 0;
		rig_write(rig, VMMIO_REG_STATUS, 0);
		while (vmmio_manual_step(rig->ex, 1)) /* all but the kick */
			;
		ck_assert_uint_eq(rig->puppet->quiesces, 0);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	} else {
		rig_settle(rig);
		ck_assert_uint_eq(once.calls, 6);
		rig_check_io(rig);
		rig_write(rig, VMMIO_REG_STATUS, 0);
	}
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_free(rig);
}
END_TEST

static void kick_on_line(void *ctx, bool high)
{
	struct once *o = ctx;

	if (!high || o->calls++)
		return;
	rig_write(o->rig, VMMIO_REG_QUEUE_NOTIFY, 0);
}

/* The backend may hold a lock of its own in complete: notify is not called there. */
START_TEST(no_notify_inside_complete)
{
	struct rig *rig = bench(_i, NULL);
	struct once o = {.rig = rig};
	unsigned notifies;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = kick_on_line;
	rig->on_line_ctx = &o;
	notifies = rig->puppet->notifies;
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(o.calls, 1);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->notifies, notifies + 1);
	rig_free(rig);
}
END_TEST

/* --- Interrupt delivery ---------------------------------------------------------------------------- */

static void bounce(void *ctx, bool high)
{
	static uint8_t byte;
	struct once *o = ctx;

	o->calls++;
	if (!o->left)
		return;
	o->left--;
	if (high)
		rig_write(o->rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	else if (++byte)
		ck_assert_int_eq(vmmio_device_config_change(o->rig->dev, 0, &byte, 1), 0);
}

/* Others cannot keep the deliverer: after some rounds it is the executor's, with a pass of its
 * own, which a reset waits for and which is given back. */
START_TEST(delivery_is_handed_over)
{
	struct rig *rig = bench3(_i & 1, false, NULL);
	struct once o = {.rig = rig, .left = 50};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = bounce;
	rig->on_line_ctx = &o;
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_lt(o.calls, 50);
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 1);
	if (_i & 2) {
		o.left = 0;
		rig_write(rig, VMMIO_REG_STATUS, 0);
		while (vmmio_manual_pending(rig->ex) > 1) /* all but the delivery */
			vmmio_manual_step(rig->ex, 1);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	} else {
		rig_settle(rig);
		ck_assert_uint_gt(o.calls, 50);
		ck_assert_uint_eq(atomic_load(&rig->line),
			rig_read(rig, VMMIO_REG_INTERRUPT_STATUS) != 0);
		rig->on_line = NULL;
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		rig_reap(rig, 0);
		rig_check_io(rig);
		rig_write(rig, VMMIO_REG_STATUS, 0);
	}
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert(!atomic_load(&rig->line));
	rig_free(rig);
}
END_TEST

/* --- Who is called where ---------------------------------------------------------------------------- */

static void zero_on_rise(void *ctx, bool high)
{
	struct once *o = ctx;

	if (high && !o->calls++)
		rig_write(o->rig, VMMIO_REG_STATUS, 0);
}

/* Prompt or not, no lifecycle hook is called from inside complete. */
START_TEST(no_hook_inside_complete)
{
	struct rig *rig = bench3(_i & 1, _i & 2, NULL);
	struct once o = {.rig = rig};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 0, NULL);
	rig->on_line = zero_on_rise;
	rig->on_line_ctx = &o;
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(o.calls, 1);
	ck_assert_uint_eq(rig->puppet->quiesces, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(rig->puppet->finishes, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_free(rig);
}
END_TEST

static void stop_on_rise(void *ctx, bool high)
{
	struct once *o = ctx;

	if (high && !o->calls++)
		stop_queue(o->rig);
}

START_TEST(no_queue_stop_inside_complete)
{
	struct rig *rig = bench3(_i & 1, _i & 2, NULL);
	struct once o = {.rig = rig};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = stop_on_rise;
	rig->on_line_ctx = &o;
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(o.calls, 1);
	ck_assert_uint_eq(rig->puppet->stops, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->stops, 1);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

/* Nor from inside answer, nor from inside a pop of a thread of the backend's own. */
START_TEST(no_hook_inside_answer_or_pop)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = VMMIO_PENDING};
	struct rig *rig = bench3(_i & 1, _i & 2, &puppet);
	struct vmmio_chain chain;

	rig_up(rig);
	once = (struct once){.rig = rig, .point = VMMIO_SYNC_POP_ENTERED};
	vmmio_sync_hook = zero_at;
	ck_assert_uint_eq(vmmio_queue_pop(vmmio_device_queue(rig->dev, 0), &chain, 1), 0);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(rig->puppet->quiesces, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	vmmio_device_answer(rig->dev, rig->puppet->quiesce_token, 0);
	ck_assert_uint_eq(rig->puppet->finishes, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig->puppet->quiesce_answer = 0;
	rig_free(rig);
}
END_TEST

/* Hooks that may block are the executor's, never the vCPU's. */
START_TEST(no_blocking_hook_inside_a_write)
{
	struct rig *rig = bench3(_i, false, NULL);

	rig_up(rig);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	ck_assert_uint_eq(rig->puppet->stops, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->stops, 1);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, rig_features(rig), 0), 0);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 2);
	rig_free(rig);
}
END_TEST

static void driver_ok_from_config(void *ctx)
{
	struct once *o = ctx;

	if (o->calls++)
		return;
	rig_write(o->rig, VMMIO_REG_STATUS, LIVE);
	o->seen = o->rig->puppet->starts;
}

/* A prompt start is called in the write, but not in one that a callback makes. */
START_TEST(no_start_inside_a_callback)
{
	struct puppet puppet = {.in_config = driver_ok_from_config, .ctx = &once};
	struct rig *rig = bench3(_i, true, &puppet);

	once = (struct once){.rig = rig};
	ck_assert_int_eq(vmmio_driver_probe(rig->driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig->driver, rig_features(rig), 0), 0);
	vmmio_device_write(rig->dev, VMMIO_REG_CONFIG, 4, 5);
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(once.seen, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->starts, 1);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

static void zero_from_config(void *ctx)
{
	struct once *o = ctx;

	if (!o->calls++)
		o->result = rig_write(o->rig, VMMIO_REG_STATUS, 0);
}

/* Version 3 waits at Status 0 only, so only there is it refused. */
START_TEST(zero_at_zero_from_a_callback_is_refused)
{
	struct puppet puppet = {.in_config = zero_from_config, .ctx = &once};
	struct rig *rig = bench3(_i, false, &puppet);

	once = (struct once){.rig = rig};
	fixture_expect_log("would wait for the callback itself");
	vmmio_device_write(rig->dev, VMMIO_REG_CONFIG, 4, 5);
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_int_eq(once.result, -EDEADLK);
	rig_free(rig);
}
END_TEST

/* E19, answered late. */
START_TEST(start_fails_later)
{
	const struct puppet puppet = {.start_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);

	rig_up(rig);
	fixture_expect_log("answered a pending hook with error");
	vmmio_device_answer(rig->dev, rig->puppet->start_token, -EIO);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE | VMMIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert(atomic_load(&rig->line));
	rig_reset(rig);
	rig->puppet->start_answer = 0;
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

static void *disable_queue(void *arg)
{
	struct rig *rig = arg;

	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 0);
	return NULL;
}

/* A vCPU that sleeps in QueueReady = 0 is woken: by the queue's end, or by a device reset. */
START_TEST(queue_disable_wakes_up)
{
	struct rig_options o = {.version = 3, .packed = _i & 1, .pool = true};
	struct rig *rig = rig_create(&o);
	pthread_t vcpu;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	for (unsigned i = 0; !rig_held(rig); i++)
		ck_assert_uint_lt(i, 1000 * RIG_PATIENCE);
	ck_assert_int_eq(pthread_create(&vcpu, NULL, disable_queue, rig), 0);
	for (unsigned i = 0; !rig->puppet->stops; i++)
		ck_assert_uint_lt(i, 1000 * RIG_PATIENCE);
	if (_i & 2)
		rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_complete_all(rig);
	pthread_join(vcpu, NULL);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

/* The next life begins at the beginning: no queue runs before its DRIVER_OK. */
START_TEST(a_new_life_is_not_live)
{
	struct rig *rig = bench(_i, NULL);
	unsigned notifies;

	rig_up(rig);
	rig_reset(rig);
	notifies = rig->puppet->notifies;
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_SIZE, 16);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
	rig_settle(rig);
	ck_assert_uint_eq(vmmio_queue_size(vmmio_device_queue(rig->dev, 0)), 0);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	ck_assert_uint_eq(rig_counters(rig).faults, 0);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

/* E11: a backend that asked for a reset is told of it, also if nothing else has happened. */
START_TEST(needs_reset_at_zero_reaches_the_backend)
{
	struct rig *rig = bench(_i, NULL);

	fixture_expect_log("asks for a reset");
	vmmio_device_needs_reset(rig->dev, "test");
	rig_write(rig, VMMIO_REG_STATUS, 1);
	rig_reset(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	rig_free(rig);
}
END_TEST

/* Every stuck reset is reported, not only a device's first. */
START_TEST(each_stuck_reset_is_reported)
{
	struct rig_options o = {.version = 3, .packed = _i, .reset_deadline = 1000};
	struct rig *rig = rig_create(&o);

	fixture_expect_log("not over after");
	for (unsigned n = 1; n <= 3; n++) {
		rig_up(rig);
		rig_add(rig, 0, NULL);
		rig_write(rig, VMMIO_REG_STATUS, 0);
		rig_settle(rig);
		/* Once, however often the driver writes zero. */
		for (unsigned i = 0; i < 3; i++) {
			vmmio_manual_advance(rig->ex, 1000);
			rig_write(rig, VMMIO_REG_STATUS, 0);
		}
		ck_assert_uint_eq(rig->stuck, n);
		ck_assert_uint_eq(rig->puppet->quiesces, n);
		rig_complete_all(rig);
		rig_settle(rig);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	}
	rig_free(rig);
}
END_TEST

/* E12: only the driver's next zero write asks a living device's backend again. */
START_TEST(a_deadline_asks_nobody)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = -EIO};
	struct rig_options o = {
		.version = 3, .packed = _i, .puppet = &puppet, .reset_deadline = 1000};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	fixture_expect_log("quiesce failed");
	fixture_expect_log("quiesce failed");
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	vmmio_manual_advance(rig->ex, 10000);
	rig_settle(rig);
	ck_assert_uint_eq(rig->stuck, 1);
	ck_assert_int_eq(rig->report.quiesce_error, -EIO);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	rig->puppet->quiesce_answer = 0;
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

static _Atomic unsigned accepted_stops;

static void count_stops(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	(void)dev;
	if (point == VMMIO_SYNC_STOP_ACCEPTED)
		atomic_fetch_add(&accepted_stops, 1);
}

/* Two vCPUs disable one queue: the second joins, and ends nothing. */
START_TEST(a_second_disable_joins)
{
	const struct puppet puppet = {.stop_answer = VMMIO_PENDING};
	struct rig_options o = {.version = 3, .packed = _i, .pool = true, .puppet = &puppet};
	struct rig *rig;
	pthread_t vcpu[2];

	vmmio_sync_hook = count_stops;
	rig = rig_create(&o);
	rig_up(rig);
	while (!vmmio_queue_size(vmmio_device_queue(rig->dev, 0)))
		usleep(20);
	atomic_store(&accepted_stops, 0);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_create(&vcpu[i], NULL, disable_queue, rig), 0);
		while (!atomic_load(&rig->puppet->stop_token) || atomic_load(&accepted_stops) <= i)
			usleep(20);
	}
	usleep(20000); /* a wrong end would come now */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 1);
	ck_assert_uint_eq(rig->puppet->stops, 1);
	vmmio_device_answer(rig->dev, rig->puppet->stop_token, 0);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(vcpu[i], NULL);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 1);
	rig_reset(rig);
	rig_free(rig);
	vmmio_sync_hook = NULL;
}
END_TEST

/* --- Destroy ---------------------------------------------------------------------------------------- */

static void count(void *ctx)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

static void *destroy(void *arg)
{
	struct rig *rig = arg;

	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &rig->destroyed), 0);
	vmmio_manual_run(rig->ex, 1000);
	return NULL;
}

static void destroy_at(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	if (point != once.point || once.calls || dev != once.rig->dev)
		return;
	once.calls++;
	on_other_thread(destroy, once.rig);
	/* The backend and the device are there as long as a write is under way. */
	ck_assert_uint_eq(once.rig->puppet->detaches, 0);
	ck_assert_uint_eq(atomic_load(&once.rig->destroyed), 0);
}

START_TEST(a_write_keeps_the_device)
{
	struct rig *rig = bench3(_i, true, NULL);

	rig_up(rig);
	once = (struct once){.rig = rig, .point = VMMIO_SYNC_WRITE_LEFT};
	vmmio_sync_hook = destroy_at;
	rig_write(rig, VMMIO_REG_STATUS, 0);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(once.calls, 1);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	ck_assert_uint_eq(atomic_load(&rig->destroyed), 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* An executor that forwards to a manual one, and whose deadlines can be "on their way". */
struct late_executor {
	struct vmmio_executor *inner, *outer;
	void (*helped)(struct rig *rig); /* after each step, before the waiter looks */
	struct rig *rig;
	bool hold;
	struct vmmio_deadline *on_its_way;
};

static void late_submit(void *ctx, struct vmmio_task *task)
{
	vmmio_executor_submit(((struct late_executor *)ctx)->inner, task);
}

static void late_arm(void *ctx, struct vmmio_deadline *deadline)
{
	vmmio_executor_arm(((struct late_executor *)ctx)->inner, deadline, deadline->when);
}

static bool late_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	struct late_executor *late = ctx;

	if (late->on_its_way == deadline)
		return false;
	if (!vmmio_executor_disarm(late->inner, deadline))
		return false;
	if (late->hold)
		late->on_its_way = deadline;
	return !late->hold;
}

static uint64_t late_now(void *ctx)
{
	return vmmio_executor_now(((struct late_executor *)ctx)->inner);
}

static bool late_help(void *ctx)
{
	struct late_executor *late = ctx;
	bool more = vmmio_manual_step(late->inner, 0);

	if (late->helped)
		late->helped(late->rig);
	return more;
}

static const struct vmmio_executor_ops late_ops = {
	.size = sizeof(late_ops),
	.submit = late_submit,
	.arm = late_arm,
	.disarm = late_disarm,
	.now = late_now,
	.help = late_help,
};

/* The deadline is embedded in the device: what cannot be disarmed has to be waited for. */
START_TEST(a_deadline_on_its_way_keeps_the_device)
{
	struct late_executor late = {.hold = true};
	struct rig_options o = {.version = 3, .packed = _i, .reset_deadline = 1000};
	struct rig *rig;

	ck_assert_int_eq(vmmio_manual_create(&late.inner), 0);
	ck_assert_int_eq(vmmio_executor_create(&late_ops, &late, &late.outer), 0);
	o.ex = late.outer;
	rig = rig_create(&o);
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	vmmio_manual_run(late.inner, 1000);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &rig->destroyed), 0);
	vmmio_manual_run(late.inner, 1000);
	rig_complete_all(rig);
	vmmio_manual_run(late.inner, 1000);
	ck_assert_ptr_nonnull(late.on_its_way);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	ck_assert_uint_eq(atomic_load(&rig->destroyed), 0);
	late.on_its_way->expired(late.on_its_way);
	vmmio_manual_run(late.inner, 1000);
	ck_assert_uint_eq(atomic_load(&rig->destroyed), 1);
	ck_assert_uint_eq(rig->stuck, 0);
	rig->dev = NULL;
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(late.outer), 0);
	ck_assert_int_eq(vmmio_executor_destroy(late.inner), 0);
}
END_TEST

/* A deadline that was armed for an earlier reset says nothing of the next, which is timed anew. */
START_TEST(a_late_deadline_is_not_the_next_resets)
{
	struct late_executor late = {.hold = true};
	struct rig_options o = {.version = 3, .packed = _i, .reset_deadline = 1000};
	struct vmmio_deadline *deadline;
	struct rig *rig;

	ck_assert_int_eq(vmmio_manual_create(&late.inner), 0);
	ck_assert_int_eq(vmmio_executor_create(&late_ops, &late, &late.outer), 0);
	o.ex = late.outer;
	rig = rig_create(&o);
	for (unsigned life = 0; life < 2; life++) {
		ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
		vmmio_manual_run(late.inner, 1000);
		rig_add(rig, 0, NULL);
		rig_write(rig, VMMIO_REG_STATUS, 0);
		vmmio_manual_run(late.inner, 1000);
		if (life == 0) {
			rig_complete_all(rig);
			vmmio_manual_run(late.inner, 1000);
			ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
			vmmio_manual_advance(late.inner, 1000);
		}
	}
	deadline = late.on_its_way;
	ck_assert_ptr_nonnull(deadline);
	late.hold = false;
	late.on_its_way = NULL;
	deadline->expired(deadline);
	ck_assert_uint_eq(rig->stuck, 0);
	fixture_expect_log("not over after");
	vmmio_manual_advance(late.inner, 1000);
	ck_assert_uint_eq(rig->stuck, 1);
	rig_complete_all(rig);
	vmmio_manual_run(late.inner, 1000);
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(late.outer), 0);
	ck_assert_int_eq(vmmio_executor_destroy(late.inner), 0);
}
END_TEST

static void reset_after_reset(struct rig *rig)
{
	if (!rig_counters(rig).resets || once.calls++)
		return;
	rig_write(rig, VMMIO_REG_STATUS, 3);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 1);
	rig_write(rig, VMMIO_REG_STATUS, 11);
	rig_write(rig, VMMIO_REG_STATUS, 0);
}

/* Who waits for a reset waits for that one, not for another vCPU's next. */
START_TEST(a_write_waits_for_its_own_reset)
{
	struct late_executor late = {.helped = reset_after_reset};
	struct rig_options o = {.version = 3, .packed = _i};
	struct rig *rig;

	once = (struct once){0};
	ck_assert_int_eq(vmmio_manual_create(&late.inner), 0);
	ck_assert_int_eq(vmmio_executor_create(&late_ops, &late, &late.outer), 0);
	o.ex = late.outer;
	rig = late.rig = rig_create(&o);
	fixture_expect_log("asks for a reset");
	vmmio_device_needs_reset(rig->dev, "test");
	rig_write(rig, VMMIO_REG_STATUS, 0);
	late.helped = NULL;
	ck_assert_uint_eq(once.calls, 1);
	ck_assert_uint_eq(rig_counters(rig).resets, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 11);
	vmmio_manual_run(late.inner, 1000);
	ck_assert_uint_eq(rig_counters(rig).resets, 2);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(late.outer), 0);
	ck_assert_int_eq(vmmio_executor_destroy(late.inner), 0);
}
END_TEST

/* A destroy that joins a reset has the whole period of its own, then it is reported. */
START_TEST(a_destroy_that_joins_is_timed_anew)
{
	struct rig_options o = {.version = 3, .packed = _i, .reset_deadline = 1000};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	vmmio_manual_advance(rig->ex, 600);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &rig->destroyed), 0);
	rig_settle(rig);
	vmmio_manual_advance(rig->ex, 999);
	rig_settle(rig);
	ck_assert_uint_eq(rig->stuck, 0);
	fixture_expect_log("not over after");
	vmmio_manual_advance(rig->ex, 1);
	rig_settle(rig);
	ck_assert_uint_eq(rig->stuck, 1);
	ck_assert_uint_eq(rig->report.age, 1000);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(atomic_load(&rig->destroyed), 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* Nobody is left to write zero again: a backend that fails is asked once a period. */
START_TEST(a_destroy_asks_until_it_is_heard)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = -EIO};
	const bool reports = _i & 2;
	struct rig_options o = {.version = 3, .packed = _i & 1, .puppet = &puppet};
	const uint64_t period = reports ? 1000 : UINT64_C(5000000000);
	struct rig *rig;

	o.reset_deadline = reports ? period : 0;
	rig = rig_create(&o);
	rig_up(rig);
	fixture_expect_log("quiesce failed");
	if (reports)
		fixture_expect_log("quiesce failed");
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &rig->destroyed), 0);
	rig_settle(rig);
	for (unsigned n = 1; n <= 4; n++) {
		ck_assert_uint_eq(rig->puppet->quiesces, n);
		vmmio_manual_advance(rig->ex, period - 1);
		rig_settle(rig);
		ck_assert_uint_eq(rig->puppet->quiesces, n);
		if (n == 4)
			rig->puppet->quiesce_answer = 0;
		vmmio_manual_advance(rig->ex, 1);
		ck_assert_uint_eq(rig->puppet->quiesces, n); /* not on the timer's thread */
		rig_settle(rig);
	}
	ck_assert_uint_eq(rig->puppet->quiesces, 5);
	ck_assert_uint_eq(rig->stuck, reports ? 4 : 0);
	ck_assert_uint_eq(atomic_load(&rig->destroyed), 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("protocol");
	TCase *tc = fixture_tcase(suite, "rules");

	tcase_add_loop_test(tc, queue_reset_waits_for_the_answer, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, reset_voids_a_pending_queue_stop, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, a_voided_start_changes_nothing, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, start_that_returns_into_a_reset, 0, 2);
	tcase_add_loop_test(tc, a_lease_covers_its_interrupt, 0, 8);
	tcase_add_loop_test(tc, the_line_falls_before_zero, 0, 2);
	tcase_add_loop_test(tc, quiesce_waits_for_a_running_pop, 0, 2);
	tcase_add_loop_test(tc, a_reset_before_features_are_asked, 0, 4);
	tcase_add_loop_test(tc, queue_stop_waits_for_a_running_pop, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, no_gate_opens_in_a_reset, 0, 2);
	tcase_add_loop_test(tc, config_write_is_a_pass, 0, 4);
	tcase_add_loop_test(tc, a_kick_during_notify_is_looked_at, 0, 4);
	tcase_add_loop_test(tc, no_notify_inside_complete, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, delivery_is_handed_over, 0, 4);
	tcase_add_loop_test(tc, no_hook_inside_complete, 0, 4);
	tcase_add_loop_test(tc, no_queue_stop_inside_complete, 0, 4);
	tcase_add_loop_test(tc, no_hook_inside_answer_or_pop, 0, 4);
	tcase_add_loop_test(tc, no_blocking_hook_inside_a_write, 0, 2);
	tcase_add_loop_test(tc, no_start_inside_a_callback, 0, 2);
	tcase_add_loop_test(tc, zero_at_zero_from_a_callback_is_refused, 0, 2);
	tcase_add_loop_test(tc, start_fails_later, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, queue_disable_wakes_up, 0, 4);
	tcase_add_loop_test(tc, a_new_life_is_not_live, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, needs_reset_at_zero_reaches_the_backend, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, each_stuck_reset_is_reported, 0, 2);
	tcase_add_loop_test(tc, a_write_keeps_the_device, 0, 2);
	tcase_add_loop_test(tc, a_deadline_on_its_way_keeps_the_device, 0, 2);
	tcase_add_loop_test(tc, a_deadline_asks_nobody, 0, 2);
	tcase_add_loop_test(tc, a_second_disable_joins, 0, 2);
	tcase_add_loop_test(tc, a_late_deadline_is_not_the_next_resets, 0, 2);
	tcase_add_loop_test(tc, a_write_waits_for_its_own_reset, 0, 2);
	tcase_add_loop_test(tc, a_destroy_that_joins_is_timed_anew, 0, 2);
	tcase_add_loop_test(tc, a_destroy_asks_until_it_is_heard, 0, 4);
	return fixture_main(suite);
}
