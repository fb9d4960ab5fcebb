/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pauses that meet a reset, a queue reset, a start, a destroy; that are given up, fail or
 * are refused. Over {version 2, 3} x {split, packed}.
 */
#include "host_rig.h"

static const struct puppet parks = {.parks = true, .dma = true};

/* --- While something else is under way ----------------------------------------------------------- */

START_TEST(pause_during_a_reset)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter reset = RIG_WAITER, w = RIG_WAITER;

	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_device_reset(rig->dev, &reset.waiter), VMMIO_PENDING);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&w, 0, 0);
	check_told(&reset, 0, 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&reset, 1, 0);
	check_told(&w, 1, 0);
	ck_assert_uint_eq(rig->puppet->pauses, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_up(rig);
	ck_assert_uint_eq(rig->puppet->starts, 1);
	resume_now(rig);
	ck_assert_uint_eq(rig->puppet->starts, 2);
	goes_on(rig);
}
END_TEST

/* Resumed while the reset is still under way: what waits is told when it is over. */
START_TEST(pause_and_resume_during_a_reset)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter reset = RIG_WAITER, w = RIG_WAITER, w2 = RIG_WAITER;

	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_device_reset(rig->dev, &reset.waiter), VMMIO_PENDING);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_int_eq(resume_dev(rig, &w2), VMMIO_PENDING);
	check_told(&w, 1, -ECANCELED);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&reset, 1, 0);
	check_told(&w2, 1, 0);
	ck_assert_uint_eq(rig->puppet->resumes, 0);
	rig_up(rig);
	goes_on(rig);
}
END_TEST

START_TEST(pause_during_a_queue_reset)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter w = RIG_WAITER;

	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_driver_queue_reset_begin(vmmio_driver_queue(rig->driver, 0)), 0);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->stops, 1);
	check_told(&w, 0, 0); /* the queue's chains first */
	ck_assert_uint_eq(rig->puppet->pauses, 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&w, 1, 0);
	ck_assert_uint_eq(rig->puppet->pauses, 1);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	resume_now(rig);
	ck_assert_uint_eq(rig->puppet->resumes, 1);
	rig_add(rig, 1, NULL);
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_complete_all(rig);
	rig_reset(rig);
	rig_up(rig);
	goes_on(rig);
}
END_TEST

START_TEST(pause_during_a_pending_start)
{
	struct puppet puppet = parks;
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig;

	puppet.start_answer = VMMIO_PENDING;
	rig = live(_i, &puppet);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert_uint_eq(rig->puppet->pauses, 0);
	if (_i & 2) { /* it fails: not asked to pause, and the line waits for the resume */
		fixture_expect_log("error -5");
		vmmio_device_answer(rig->dev, rig->puppet->start_token, -EIO);
		rig_settle(rig);
		check_told(&w, 1, 0);
		ck_assert_uint_eq(rig->puppet->pauses, 0);
		ck_assert(!atomic_load(&rig->line));
		resume_now(rig);
		ck_assert(atomic_load(&rig->line));
		ck_assert_uint_eq(
			rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
		rig->puppet->start_answer = 0;
		rig_reset(rig);
		rig_up(rig);
	} else {
		vmmio_device_answer(rig->dev, rig->puppet->start_token, 0);
		rig_settle(rig);
		check_told(&w, 1, 0);
		ck_assert_uint_eq(rig->puppet->pauses, 1);
		rig_add(rig, 0, NULL);
		ck_assert_uint_eq(rig->puppet->notifies, 0);
		resume_now(rig);
		ck_assert_uint_eq(rig_held(rig), 1);
		rig_complete_all(rig);
		ck_assert_int_eq(rig_reap(rig, 0), 1);
		rig->puppet->start_answer = 0;
	}
	goes_on(rig);
}
END_TEST

/* --- Given up, failed, refused ------------------------------------------------------------------ */

START_TEST(resume_before_the_pause_is_reached)
{
	struct rig *rig = live(_i, NULL);
	struct rig_waiter w = RIG_WAITER, r = RIG_WAITER;

	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_add(rig, 1, NULL);
	ck_assert_uint_eq(rig_held(rig), 1);
	ck_assert_int_eq(resume_dev(rig, &r), 0);
	check_told(&w, 1, -ECANCELED);
	rig_settle(rig);
	ck_assert_uint_eq(rig_held(rig), 2);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	check_told(&w, 1, -ECANCELED);
	check_told(&r, 0, 0);
	goes_on(rig);
}
END_TEST

/* The same while the hook has yet to answer: its answer is late, not wrong. */
START_TEST(resume_voids_a_pending_pause)
{
	struct puppet puppet = parks;
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig;
	uint64_t token;

	puppet.pause_answer = VMMIO_PENDING;
	rig = live(_i, &puppet);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	token = rig->puppet->pause_token;
	resume_now(rig);
	check_told(&w, 1, -ECANCELED);
	ck_assert_uint_eq(rig->puppet->resumes, 1);
	vmmio_device_answer(rig->dev, token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	fixture_expect_log("a token that is not out");
	vmmio_device_answer(rig->dev, token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 1);
	rig_settle(rig);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	rig->puppet->pause_answer = 0;
	goes_on(rig);
}
END_TEST

START_TEST(a_failing_pause_ends_the_pause)
{
	for (int later = 0; later < 2; later++) {
		struct puppet puppet = parks;
		struct rig_waiter w = RIG_WAITER;
		struct rig *rig;

		puppet.pause_answer = later ? VMMIO_PENDING : -ENOSPC;
		rig = live(_i, &puppet);
		rig_add(rig, 0, NULL);
		fixture_expect_log("pause failed (error -28): the device goes on");
		fixture_expect_log("error -28");
		ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
		rig_add(rig, 1, NULL);
		rig_settle(rig);
		if (later)
			vmmio_device_answer(rig->dev, rig->puppet->pause_token, -ENOSPC);
		rig_settle(rig);
		check_told(&w, 1, -ENOSPC);
		ck_assert_uint_eq(rig->puppet->resumes, 0);
		ck_assert_uint_eq(rig_held(rig), 2);
		rig_complete_all(rig);
		ck_assert_int_eq(rig_reap(rig, 0), 1);
		ck_assert_int_eq(rig_reap(rig, 1), 1);
		/* It may be tried again. */
		rig->puppet->pause_answer = 0;
		pause_now(rig);
		resume_now(rig);
		ck_assert_uint_eq(rig->puppet->resumes, 1);
		goes_on(rig);
	}
}
END_TEST

/* A prompt backend fails inside the call. */
START_TEST(a_prompt_pause_answers_the_call)
{
	struct puppet puppet = parks;
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i),
		.prompt = true, .puppet = &puppet};
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), 0);
	ck_assert_uint_eq(rig->puppet->pauses, 1);
	ck_assert_int_eq(resume_dev(rig, &w), 0);
	ck_assert_uint_eq(rig->puppet->resumes, 1);
	rig->puppet->pause_answer = -EIO;
	fixture_expect_log("pause failed");
	ck_assert_int_eq(pause_dev(rig, &w), -EIO);
	ck_assert_ptr_null(w.waiter.priv[0]);
	rig->puppet->pause_answer = 0;
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	goes_on(rig);
}
END_TEST

START_TEST(wrong_use_is_refused)
{
	struct rig *rig = live(_i, NULL);
	struct rig_waiter w = RIG_WAITER, other = RIG_WAITER;

	fixture_expect_log("resumed without a pause: it is running");
	fixture_expect_log("paused twice: the first pause goes on, resume");
	ck_assert_int_eq(resume_dev(rig, &w), -EALREADY);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	ck_assert_int_eq(pause_dev(rig, &other), -EALREADY); /* under way */
	ck_assert_ptr_null(other.waiter.priv[0]);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&w, 1, 0);
	ck_assert_int_eq(pause_dev(rig, &other), -EALREADY); /* paused */
	resume_now(rig);
	ck_assert_int_eq(resume_dev(rig, &other), -EALREADY);
	ck_assert_uint_eq(fixture_logged("paused twice"), 2);
	ck_assert_uint_eq(fixture_logged("resumed without"), 2);
	ck_assert_int_eq(vmmio_device_pause(NULL, &w.waiter), -EINVAL);
	ck_assert_int_eq(vmmio_device_resume(NULL, &w.waiter), -EINVAL);
	fixture_expect_log("vmmio_device_pause needs a waiter");
	fixture_expect_log("vmmio_device_resume needs a waiter");
	ck_assert_int_eq(vmmio_device_pause(rig->dev, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_device_resume(rig->dev, NULL), -EINVAL);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	check_told(&other, 0, 0);
	goes_on(rig);
}
END_TEST

/* --- A reset, a queue stop and a destroy go through a pause ------------------------------------------ */

START_TEST(reset_while_paused)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter reset = RIG_WAITER;
	uint64_t sum;

	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	pause_now(rig);
	rig->puppet->dma = false;
	ck_assert(rig_complete(rig, 0, 64)); /* held, and never published */
	ck_assert_int_eq(vmmio_device_reset(rig->dev, &reset.waiter), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&reset, 0, 0);
	sum = rig_ram_sum(rig);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&reset, 1, 0);
	ck_assert_uint_eq(rig_ram_sum(rig), sum);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig_counters(rig).dropped, 2); /* the one held back too */
	/* Still paused: the driver comes up, the device does nothing. */
	rig_up(rig);
	ck_assert_uint_eq(rig->puppet->starts, 1);
	resume_now(rig);
	ck_assert_uint_eq(rig->puppet->resumes, 0);
	ck_assert_uint_eq(rig->puppet->starts, 2);
	goes_on(rig);
}
END_TEST

/* In a life that began during the pause nothing is held back. */
START_TEST(reset_while_a_pause_is_pending)
{
	struct puppet puppet = parks;
	struct rig_waiter w = RIG_WAITER, reset = RIG_WAITER;
	struct rig *rig;
	uint64_t token;

	puppet.pause_answer = VMMIO_PENDING;
	rig = live(_i, &puppet);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	token = rig->puppet->pause_token;
	ck_assert_int_eq(vmmio_device_reset(rig->dev, &reset.waiter), VMMIO_PENDING);
	rig_settle(rig);
	vmmio_device_answer(rig->dev, token, -EIO); /* late: fails nobody */
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	check_told(&w, 0, 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&reset, 1, 0);
	check_told(&w, 1, 0);
	rig_up(rig);
	resume_now(rig);
	ck_assert_uint_eq(rig->puppet->resumes, 0);
	rig->puppet->pause_answer = 0;
	goes_on(rig);
}
END_TEST

START_TEST(queue_stop_while_paused)
{
	for (int disable = 0; disable < 2; disable++) {
		struct rig *rig = live(_i, &parks);
		struct rig_waiter w = RIG_WAITER;
		uint64_t sum;

		rig_add(rig, 0, NULL);
		rig_add(rig, 0, NULL);
		rig_add(rig, 1, NULL);
		pause_now(rig);
		rig->puppet->dma = false;
		ck_assert(rig_complete(rig, 0, 64));
		rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
		ck_assert_int_eq(vmmio_device_write_pending(rig->dev,
					 disable ? VMMIO_REG_QUEUE_READY : VMMIO_REG_QUEUE_RESET, 4,
					 !disable, &w.waiter),
			disable ? VMMIO_PENDING : 0);
		rig_settle(rig);
		ck_assert_uint_eq(rig->puppet->stops, 1);
		sum = rig_ram_sum(rig);
		ck_assert(rig_complete(rig, 0, 64));
		rig_settle(rig);
		check_told(&w, disable, 0);
		ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_RESET), 0);
		ck_assert_uint_eq(rig_ram_sum(rig), sum);
		resume_now(rig);
		ck_assert_uint_eq(rig_ram_sum(rig), sum);
		ck_assert_uint_eq(rig_held(rig), 1); /* queue 1 has lost nothing */
		ck_assert(rig_complete(rig, 0, 64));
		ck_assert_int_eq(rig_reap(rig, 1), 1);
		rig_reset(rig);
		rig_up(rig);
		goes_on(rig);
	}
}
END_TEST

START_TEST(destroy_while_paused)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter w = RIG_WAITER, late = RIG_WAITER;

	rig_add(rig, 0, NULL);
	if (_i & 1) {
		pause_now(rig);
		ck_assert_int_eq(resume_dev(rig, &w), VMMIO_PENDING);
	} else {
		ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	}
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	check_told(&w, 1, -ECANCELED);
	fixture_expect_log("pause: the device is being destroyed");
	fixture_expect_log("resume: the device is being destroyed");
	ck_assert_int_eq(pause_dev(rig, &late), -ENODEV);
	ck_assert_int_eq(resume_dev(rig, &late), -ENODEV);
	ck_assert_ptr_null(late.waiter.priv[0]);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pause_reset");
	TCase *other = fixture_tcase(suite, "with resets");
	TCase *refused = fixture_tcase(suite, "given up, failed, refused");

	tcase_add_loop_test(other, pause_during_a_reset, 0, RIG_VARIANTS);
	tcase_add_loop_test(other, pause_and_resume_during_a_reset, 0, RIG_VARIANTS);
	tcase_add_loop_test(other, pause_during_a_queue_reset, 0, RIG_VARIANTS);
	tcase_add_loop_test(other, pause_during_a_pending_start, 0, RIG_VARIANTS);
	tcase_add_loop_test(other, reset_while_paused, 0, RIG_VARIANTS);
	tcase_add_loop_test(other, reset_while_a_pause_is_pending, 0, RIG_VARIANTS);
	tcase_add_loop_test(other, queue_stop_while_paused, 0, RIG_VARIANTS);
	tcase_add_loop_test(other, destroy_while_paused, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, resume_before_the_pause_is_reached, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, resume_voids_a_pending_pause, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, a_failing_pause_ends_the_pause, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, a_prompt_pause_answers_the_call, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, wrong_use_is_refused, 0, RIG_VARIANTS);
	return fixture_main(suite);
}
