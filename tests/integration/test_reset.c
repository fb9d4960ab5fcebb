/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device reset step by step on the manual executor, over {version 2, 3} x {split,
 * packed}: what the driver reads when, what the backend is asked, what is left after zero.
 */
#include <errno.h>

#include "support/rig.h"

#define ACK VMMIO_STATUS_ACKNOWLEDGE
#define DRIVER VMMIO_STATUS_DRIVER
#define LIVE (ACK | DRIVER | VMMIO_STATUS_FEATURES_OK | VMMIO_STATUS_DRIVER_OK)

static struct rig_options options(int i, const struct puppet *puppet)
{
	return (struct rig_options){
		.version = rig_version(i), .packed = rig_packed(i), .puppet = puppet};
}

static struct rig *bench(int i, const struct puppet *puppet)
{
	struct rig_options o = options(i, puppet);

	return rig_create(&o);
}

/* Selectors are write-only: seen through what they select. */
static void check_clean(struct rig *rig)
{
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(!atomic_load(&rig->line));
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_DEVICE_FEATURES),
		(uint32_t)rig->puppet->backend.features[0]);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_SIZE_MAX), rig->o.queue_size);
	for (unsigned q = 0; q < rig->o.n_queues; q++) {
		ck_assert_uint_eq(rig_queue_read(rig, q, VMMIO_REG_QUEUE_READY), 0);
		ck_assert_uint_eq(rig_queue_read(rig, q, VMMIO_REG_QUEUE_RESET), 0);
	}
	ck_assert_uint_eq(rig_counters(rig).leases, 0);
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
}

/* --- Where a reset can come from ---------------------------------------------------------- */

/* The status values real drivers are at when they reset, and the odd ones. */
static const uint32_t status_values[] = {0, 1, 3, 11, 15, 15 | 128, 3 | 128};

START_TEST(reset_at_each_status)
{
	const struct puppet puppet = {.cancel = true};

	for (size_t s = 0; s < sizeof(status_values) / sizeof(status_values[0]); s++) {
		struct rig *rig = bench(_i, &puppet);

		if (status_values[s] & VMMIO_STATUS_FEATURES_OK)
			rig_up(rig);
		rig_write(rig, VMMIO_REG_STATUS, status_values[s]);
		rig_reset(rig);
		check_clean(rig);
		rig_up(rig);
		rig_check_io(rig);
		rig_free(rig);
	}
}
END_TEST

START_TEST(reset_in_needs_reset)
{
	struct rig *rig = bench(_i, NULL);

	rig_up(rig);
	fixture_expect_log("asks for a reset");
	vmmio_device_needs_reset(rig->dev, "test");
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE | VMMIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert(atomic_load(&rig->line));
	rig_reset(rig);
	check_clean(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* E11: shown only after the driver's next write, and FEATURES_OK is refused. */
START_TEST(needs_reset_at_zero_is_remembered)
{
	struct rig *rig = bench(_i, NULL);

	fixture_expect_log("asks for a reset");
	vmmio_device_needs_reset(rig->dev, "test");
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_write(rig, VMMIO_REG_STATUS, ACK);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), ACK | VMMIO_STATUS_NEEDS_RESET);
	ck_assert_int_lt(vmmio_driver_start(rig->driver, rig_features(rig), 1, 16), 1);
	rig_reset(rig);
	check_clean(rig);
	rig_free(rig);
}
END_TEST

/* E23: nothing outstanding, nothing the backend has to undo: over inside the write. */
START_TEST(idle_reset_ends_inside_the_write)
{
	struct rig *rig = bench(_i, NULL);

	rig_write(rig, VMMIO_REG_STATUS, ACK | DRIVER);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 0);
	rig_free(rig);
}
END_TEST

/* I9, E22: Status is zero, registers are not. */
START_TEST(zero_at_zero_is_synchronous)
{
	struct rig *rig = bench(_i, NULL);
	uint64_t before;

	rig_write(rig, VMMIO_REG_QUEUE_SEL, 1);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 1);
	/* A config write is what the backend has to undo, on the executor: the write waits. */
	ck_assert_int_eq(vmmio_device_write(rig->dev, VMMIO_REG_CONFIG + 4, 4, 0x11223344), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG + 4), 0x11223344);
	before = rig_counters(rig).resets;
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rig_counters(rig).resets, before + 1);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG + 4), 0);
	check_clean(rig);
	rig_free(rig);
}
END_TEST

/* --- Requests in flight ------------------------------------------------------------------------ */

/* Version 3: the write returns at once, Status is frozen until the last lease is back. */
START_TEST(v3_status_waits_for_every_lease)
{
	struct rig_options o = {.version = 3, .packed = _i, .queue_size = 64};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	for (int i = 0; i < 30; i++)
		rig_add(rig, i & 1, NULL);
	ck_assert_uint_eq(rig_held(rig), 30);
	ck_assert(rig_complete(rig, 5, 1));
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(!atomic_load(&rig->line));
	ck_assert_uint_eq(rig->puppet->quiesces, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	for (unsigned left = 29; left; left--) {
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
		ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 1);
		ck_assert_uint_eq(rig_counters(rig).leases, left);
		ck_assert(rig_complete(rig, left / 2, 64));
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	}
	/* reset_finish is a hook: it is never called from inside complete. */
	ck_assert_uint_eq(rig->puppet->finishes, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	check_clean(rig);
	ck_assert_uint_eq(rig_counters(rig).dropped, 29);
	rig_free(rig);
}
END_TEST

/* IN_ORDER: an answer that waits for an older chain's is dropped with it, and counted. */
START_TEST(answers_out_of_turn_are_counted)
{
	struct rig_options o = {.version = 3, .packed = _i};
	struct rig *rig = rig_create(&o);
	const uint64_t features = rig_features(rig) | VMMIO_FEATURE(VMMIO_F_IN_ORDER);

	ck_assert_int_eq(vmmio_driver_start(rig->driver, features, 1, 16), 0);
	rig_settle(rig);
	for (int i = 0; i < 3; i++)
		rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 2, 64));
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(rig_counters(rig).completions, 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	rig_complete_all(rig);
	rig_settle(rig);
	check_clean(rig);
	ck_assert_uint_eq(rig_counters(rig).completions, 1);
	ck_assert_uint_eq(rig_counters(rig).dropped, 2);
	rig_free(rig);
}
END_TEST

/* Nothing of a late completion reaches the ring, the line or InterruptStatus. */
START_TEST(late_completion_writes_nothing)
{
	struct rig_options o = {.version = 3, .packed = _i};
	struct rig *rig = rig_create(&o);
	uint64_t sum;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	sum = rig_ram_sum(rig);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(rig_ram_sum(rig), sum);
	ck_assert_uint_eq(atomic_load(&rig->edges), 0);
	rig_settle(rig);
	check_clean(rig);
	rig_free(rig);
}
END_TEST

/* Version 2: the write waits, runs the manual executor's tasks itself, and is over. */
START_TEST(v2_write_returns_when_it_is_over)
{
	const struct puppet puppet = {.late = true, .dma = true};
	struct rig_options o = {.version = 2, .packed = _i, .puppet = &puppet};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	check_clean(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* A prompt backend is called in the write. */
START_TEST(prompt_reset_ends_inside_the_write)
{
	const struct puppet puppet = {.cancel = true};
	struct rig_options o = options(_i, &puppet);

	o.prompt = true;
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(vmmio_manual_pending(rig->ex), 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	check_clean(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* --- Register writes while a version 3 reset runs ------------------------------------------------ */

static struct rig *resetting(bool packed)
{
	struct rig_options o = {.version = 3, .packed = packed};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	return rig;
}

static void end_resetting(struct rig *rig)
{
	ck_assert(rig_complete(rig, 0, 0));
	rig_settle(rig);
	check_clean(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}

START_TEST(second_zero_joins)
{
	struct rig *rig = resetting(_i);
	uint64_t resets = rig_counters(rig).resets;

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(rig_write(rig, VMMIO_REG_STATUS, 0), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig_counters(rig).resets, resets);
	end_resetting(rig);
}
END_TEST

START_TEST(other_writes_are_dropped)
{
	struct rig *rig = resetting(_i);
	unsigned notifies = rig->puppet->notifies;

	rig_write(rig, VMMIO_REG_STATUS, ACK);
	rig_write(rig, VMMIO_REG_STATUS, LIVE | VMMIO_STATUS_FAILED);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 1);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_RESET), 0);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 0);
	rig_write(rig, VMMIO_REG_DEVICE_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, 3);
	vmmio_device_write(rig->dev, VMMIO_REG_CONFIG, 4, 7);
	ck_assert_uint_eq(rig->puppet->config_writes, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	ck_assert_uint_eq(rig->puppet->stops, 0);
	/* Constants and config stay readable. */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_MAGIC), VMMIO_MAGIC);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_VERSION), 3);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_DEVICE_ID), 42);
	end_resetting(rig);
}
END_TEST

/* E10: the cure is running. */
START_TEST(needs_reset_is_swallowed)
{
	struct rig *rig = resetting(_i);

	vmmio_device_needs_reset(rig->dev, "test");
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	end_resetting(rig);
}
END_TEST

/* Config bytes are not lost, the interrupt is not sent. */
START_TEST(config_change_in_reset)
{
	struct rig *rig = resetting(_i);
	uint32_t generation = rig_read(rig, VMMIO_REG_CONFIG_GENERATION);
	const uint8_t byte = 9;

	ck_assert_int_eq(vmmio_device_config_change(rig->dev, 60, &byte, 1), 0);
	ck_assert_uint_eq(vmmio_device_read(rig->dev, VMMIO_REG_CONFIG + 60, 1), 9);
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_CONFIG_GENERATION), generation);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	end_resetting(rig);
}
END_TEST

/* --- The backend's answers ------------------------------------------------------------------------- */

START_TEST(quiesce_answers_later)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = VMMIO_PENDING};
	struct rig_options o = {.version = 3, .packed = _i, .puppet = &puppet};
	struct rig *rig = rig_create(&o);
	vmmio_token token;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	token = rig->puppet->quiesce_token;
	fixture_expect_log("not out");
	vmmio_device_answer(rig->dev, token + 1000, 0); /* wrong */
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 1);
	vmmio_device_answer(rig->dev, token, 0);
	rig_settle(rig);
	check_clean(rig);
	fixture_expect_log("not out");
	vmmio_device_answer(rig->dev, token, 0); /* twice */
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 2);
	rig->puppet->quiesce_answer = 0;
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* E12: Status stays, the embedder hears of it, the next zero write tries again. */
START_TEST(quiesce_fails_and_is_tried_again)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = -EIO};
	struct rig_options o = {.version = 3, .packed = _i, .puppet = &puppet};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	fixture_expect_log("quiesce failed");
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	rig->puppet->quiesce_answer = 0;
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 2);
	check_clean(rig);
	rig_free(rig);
}
END_TEST

/* E46: a reset voids a start that is pending; its late answer is nobody's fault. */
START_TEST(reset_voids_a_pending_start)
{
	const struct puppet puppet = {.start_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);
	vmmio_token token;

	rig_up(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_add(rig, 0, NULL);
	ck_assert_uint_eq(rig->puppet->notifies, 0);
	token = rig->puppet->start_token;
	rig_reset(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	check_clean(rig);
	vmmio_device_answer(rig->dev, token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->notifies, 0);
	rig->puppet->start_answer = 0;
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

static struct rig_waiter inside_start;

static void reset_in_start(void *ctx)
{
	struct rig *rig = ctx;

	ck_assert_int_eq(vmmio_device_reset(rig->dev, &inside_start.waiter), VMMIO_PENDING);
}

/* A start that a reset voids while it runs, and that answers by its return, is not the one
 * whose answer is still to come. */
START_TEST(reset_inside_a_start_forgets_no_late_answer)
{
	const struct puppet puppet = {.start_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);
	vmmio_token token;

	inside_start = (struct rig_waiter)RIG_WAITER;
	rig_up(rig);
	token = rig->puppet->start_token;
	rig_reset(rig);
	rig->puppet->start_answer = 0;
	rig->puppet->in_start = reset_in_start;
	rig->puppet->ctx = rig;
	rig_up(rig);
	ck_assert_uint_eq(inside_start.told, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig->puppet->in_start = NULL;
	vmmio_device_answer(rig->dev, token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

START_TEST(start_answers_later)
{
	const struct puppet puppet = {.start_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);

	rig_up(rig);
	rig_add(rig, 0, NULL); /* a kick between DRIVER_OK and start: not lost (E33) */
	rig_settle(rig);
	ck_assert_uint_eq(rig_held(rig), 0);
	vmmio_device_answer(rig->dev, rig->puppet->start_token, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	rig->puppet->start_answer = 0;
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* E19: DRIVER_OK reads back, with NEEDS_RESET and a config interrupt. */
START_TEST(start_fails)
{
	const struct puppet puppet = {.start_answer = -EIO};
	struct rig *rig = bench(_i, &puppet);

	fixture_expect_log("start failed");
	rig_up(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE | VMMIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert(atomic_load(&rig->line));
	rig_add(rig, 0, NULL);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->notifies, 0);
	rig_reset(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	rig->puppet->start_answer = 0;
	check_clean(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

START_TEST(features_refused_by_the_backend)
{
	const struct puppet puppet = {.features_answer = -ENOTSUP};
	struct rig *rig = bench(_i, &puppet);

	ck_assert_int_lt(vmmio_driver_start(rig->driver, rig_features(rig), 1, 16), 0);
	ck_assert_uint_eq(rig->puppet->features, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_FEATURES_OK, 0);
	ck_assert_uint_eq(rig->puppet->starts, 0);
	rig->puppet->features_answer = 0;
	rig_reset(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* --- Queue reset and disable -------------------------------------------------------------------------- */

START_TEST(queue_reset_leaves_the_other_queue_alone)
{
	struct rig *rig = bench(_i, NULL);
	struct vmmio_driver_queue *q0;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	q0 = vmmio_driver_queue(rig->driver, 0);
	ck_assert_int_eq(vmmio_driver_queue_reset_begin(q0), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->stops, 1);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 1);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 1);
	ck_assert(rig_complete(rig, 1, 64)); /* queue 1 goes on */
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, 3);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
	ck_assert_int_ge(vmmio_driver_queue_reset(q0, RIG_PATIENCE), 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(rig->driver, 0,
				 &(struct vmmio_driver_queue_config){.size = 8}, &q0), 0);
	rig_settle(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* E09: a device reset absorbs it. */
START_TEST(device_reset_absorbs_a_queue_reset)
{
	struct rig_options o = {.version = 3, .packed = _i};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 1);
	ck_assert(rig_complete(rig, 0, 64));
	rig_settle(rig);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 0);
	check_clean(rig);
	rig_up(rig);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* E27: both versions wait. */
START_TEST(queue_disable_waits)
{
	const struct puppet puppet = {.late = true};
	struct rig *rig = bench(_i, &puppet);

	rig_up(rig);
	rig_add(rig, 1, NULL);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 1);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 0);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 0);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 1);
	rig_reset(rig);
	check_clean(rig);
	rig_free(rig);
}
END_TEST

/* --- Re-entrancy (I5) --------------------------------------------------------------- */

struct reentry {
	struct rig *rig;
	int result;
	unsigned calls;
};

static void reset_on_line(void *ctx, bool high)
{
	struct reentry *r = ctx;

	if (!high || r->calls++)
		return;
	r->result = rig_write(r->rig, VMMIO_REG_STATUS, 0);
}

START_TEST(reset_from_the_interrupt_callback)
{
	const struct puppet puppet = {.cancel = true};
	struct rig *rig = bench(_i, &puppet);
	struct reentry r = {.rig = rig};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = reset_on_line;
	rig->on_line_ctx = &r;
	if (rig->o.version == 2)
		fixture_expect_log("would wait for the callback itself");
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_uint_eq(r.calls, 1);
	if (rig->o.version == 2) {
		ck_assert_int_eq(r.result, -EDEADLK);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
		ck_assert_int_eq(rig_reap(rig, 0), 1);
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, 3);
		rig_check_io(rig);
	} else {
		ck_assert_int_eq(r.result, 0);
		rig_settle(rig);
		check_clean(rig);
		rig_up(rig);
		rig_check_io(rig);
	}
	rig_free(rig);
}
END_TEST

static void disable_on_line(void *ctx, bool high)
{
	struct reentry *r = ctx;

	if (!high || r->calls++)
		return;
	rig_write(r->rig, VMMIO_REG_QUEUE_SEL, 0);
	r->result = rig_write(r->rig, VMMIO_REG_QUEUE_READY, 0);
}

START_TEST(queue_disable_from_a_callback_is_refused)
{
	struct rig *rig = bench(_i, NULL);
	struct reentry r = {.rig = rig};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig->on_line = disable_on_line;
	rig->on_line_ctx = &r;
	fixture_expect_log("zero written to QueueReady");
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(r.result, -EDEADLK);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 1);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* A one-thread harness: notify -> complete -> line -> the driver's handler -> ACK, and a
 * kick from the handler reaches notify only after complete has returned. */
static void handler(void *ctx, bool high)
{
	struct reentry *r = ctx;
	unsigned notifies = r->rig->puppet->notifies;

	if (!high)
		return;
	r->calls++;
	rig_write(r->rig, VMMIO_REG_INTERRUPT_ACK, rig_read(r->rig, VMMIO_REG_INTERRUPT_STATUS));
	ck_assert_int_eq(rig_reap(r->rig, 0), 1);
	if (r->calls < 50) {
		rig_add(r->rig, 0, NULL);
		ck_assert_uint_eq(r->rig->puppet->notifies, notifies);
	}
}

START_TEST(one_thread_harness)
{
	const struct puppet puppet = {.serve = true};
	struct rig *rig = bench(_i, &puppet);
	struct reentry r = {.rig = rig};

	rig_up(rig);
	rig->on_line = handler;
	rig->on_line_ctx = &r;
	rig_add(rig, 0, NULL);
	rig_settle(rig);
	ck_assert_uint_eq(r.calls, 50);
	ck_assert(!atomic_load(&rig->line));
	rig->on_line = NULL;
	rig_reset(rig);
	check_clean(rig);
	rig_free(rig);
}
END_TEST

static void destroy_on_line(void *ctx, bool high)
{
	struct reentry *r = ctx;

	if (high && !r->calls++)
		r->result = vmmio_device_destroy(r->rig->dev, NULL, NULL);
}

START_TEST(destroy_from_a_callback)
{
	const struct puppet puppet = {.cancel = true};
	struct rig *rig = bench(_i, &puppet);
	struct reentry r = {.rig = rig, .result = 1};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	rig->on_line = destroy_on_line;
	rig->on_line_ctx = &r;
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(r.result, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* --- Stuck ---------------------------------------------------------------------------------------------- */

START_TEST(stuck_reset_is_reported_once)
{
	struct rig_options o = {.version = 3, .packed = _i, .reset_deadline = 1000000};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 1, NULL);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	vmmio_manual_advance(rig->ex, 999999);
	ck_assert_uint_eq(rig->stuck, 0);
	fixture_expect_log("not over after 1000 us: 2 chain(s)");
	vmmio_manual_advance(rig->ex, 1);
	ck_assert_uint_eq(rig->stuck, 1);
	ck_assert_str_eq(rig->report.device, "rig");
	ck_assert_uint_eq(rig->report.age, 1000000);
	ck_assert_uint_eq(rig->report.leases, 2);
	ck_assert(rig->report.has_oldest);
	ck_assert_uint_eq(rig->report.oldest_queue, 1);
	ck_assert(!rig->report.hook_running && !rig->report.answer_pending);
	vmmio_manual_advance(rig->ex, 100000000);
	ck_assert_uint_eq(rig->stuck, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_complete_all(rig);
	rig_settle(rig);
	check_clean(rig);
	/* The next one is timed anew, and disarmed when it ends in time. */
	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(vmmio_manual_next_deadline(rig->ex), UINT64_MAX);
	ck_assert_uint_eq(rig->stuck, 1);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reset");
	TCase *all = fixture_tcase(suite, "all variants");
	TCase *one = fixture_tcase(suite, "one version");

	tcase_add_loop_test(all, reset_at_each_status, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, reset_in_needs_reset, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, needs_reset_at_zero_is_remembered, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, idle_reset_ends_inside_the_write, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, zero_at_zero_is_synchronous, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, prompt_reset_ends_inside_the_write, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, reset_voids_a_pending_start, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, reset_inside_a_start_forgets_no_late_answer, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, start_answers_later, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, start_fails, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, features_refused_by_the_backend, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, queue_reset_leaves_the_other_queue_alone, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, queue_disable_waits, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, reset_from_the_interrupt_callback, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, queue_disable_from_a_callback_is_refused, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, one_thread_harness, 0, RIG_VARIANTS);
	tcase_add_loop_test(all, destroy_from_a_callback, 0, RIG_VARIANTS);
	tcase_add_loop_test(one, v3_status_waits_for_every_lease, 0, 2);
	tcase_add_loop_test(one, answers_out_of_turn_are_counted, 0, 2);
	tcase_add_loop_test(one, late_completion_writes_nothing, 0, 2);
	tcase_add_loop_test(one, v2_write_returns_when_it_is_over, 0, 2);
	tcase_add_loop_test(one, second_zero_joins, 0, 2);
	tcase_add_loop_test(one, other_writes_are_dropped, 0, 2);
	tcase_add_loop_test(one, needs_reset_is_swallowed, 0, 2);
	tcase_add_loop_test(one, config_change_in_reset, 0, 2);
	tcase_add_loop_test(one, quiesce_answers_later, 0, 2);
	tcase_add_loop_test(one, quiesce_fails_and_is_tried_again, 0, 2);
	tcase_add_loop_test(one, device_reset_absorbs_a_queue_reset, 0, 2);
	tcase_add_loop_test(one, stuck_reset_is_reported_once, 0, 2);
	return fixture_main(suite);
}
