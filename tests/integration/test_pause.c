/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pause and resume, step by step on the manual executor over {version 2, 3} x {split,
 * packed}: what is finished before the report, what waits for the resume, and what a guest's
 * writes do meanwhile.
 */
#include "host_rig.h"

static const struct puppet parks = {.parks = true, .dma = true};

/* --- Until the report --------------------------------------------------------------------- */

START_TEST(chains_complete_before_the_report)
{
	struct rig *rig = live(_i, NULL);
	struct rig_waiter w = RIG_WAITER;
	struct stillness still;

	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert(rig_complete(rig, 0, 64)); /* arrives as ever, with its interrupt */
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	ck_assert(atomic_load(&rig->line));
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_USED_BUFFER);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert(rig_complete(rig, 0, 64));
	rig_settle(rig);
	check_told(&w, 1, 0);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	ck_assert_uint_eq(rig_counters(rig).leases, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	still = look(rig);
	check_still(rig, &still);
	resume_now(rig);
	goes_on(rig);
}
END_TEST

START_TEST(idle_pause_is_over_at_once)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter w = RIG_WAITER;

	ck_assert_int_eq(pause_dev(rig, &w), 0); /* at Status 0 */
	ck_assert_int_eq(resume_dev(rig, &w), 0);
	rig_up(rig);
	ck_assert_int_eq(pause_dev(rig, &w), 0);
	ck_assert_int_eq(resume_dev(rig, &w), 0);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert_ptr_null(w.waiter.priv[0]);
	goes_on(rig);
}
END_TEST

/* A backend that keeps its chains: the report comes with them out. */
START_TEST(parked_chains_are_held_back)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter w = RIG_WAITER;
	struct stillness still;

	rig_add(rig, 0, NULL);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	ck_assert_uint_eq(rig->puppet->pauses, 0); /* not prompt: on the executor */
	rig_settle(rig);
	check_told(&w, 1, 0);
	ck_assert_uint_eq(rig->puppet->pauses, 1);
	ck_assert_uint_eq(rig_counters(rig).leases, 4);
	rig->puppet->dma = false; /* it does not touch what it keeps, but answers all the same */
	still = look(rig);
	ck_assert(rig_complete(rig, 1, 64));
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert(rig_complete(rig, 0, 64));
	check_still(rig, &still);
	ck_assert_uint_eq(rig_counters(rig).leases, 1);
	ck_assert_int_eq(rig_reap(rig, 0), 0);
	ck_assert_int_eq(rig_reap(rig, 1), 0);
	ck_assert_int_eq(resume_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&w, 2, 0);
	ck_assert_uint_eq(rig->puppet->resumes, 1);
	ck_assert_int_eq(rig_reap(rig, 0), 2);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	ck_assert_uint_eq(rig_counters(rig).completions, still.completions + 3);
	ck_assert(atomic_load(&rig->line));
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_USED_BUFFER);
	ck_assert(rig_complete(rig, 0, 64)); /* what is still out completes as ever */
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	goes_on(rig);
}
END_TEST

/* Before the pause hook has answered completions are published as ever. */
START_TEST(parking_may_take_its_time)
{
	struct puppet puppet = parks;
	struct rig *rig;
	struct rig_waiter w = RIG_WAITER;

	puppet.pause_answer = VMMIO_PENDING;
	rig = live(_i, &puppet);
	rig_add(rig, 0, NULL);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->pauses, 1);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	check_told(&w, 0, 0);
	vmmio_device_answer(rig->dev, rig->puppet->pause_token, 0);
	rig_settle(rig);
	check_told(&w, 1, 0);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 0);
	resume_now(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	rig->puppet->pause_answer = 0;
	goes_on(rig);
}
END_TEST

/* A notify that is running is waited for, before the hook is called and before the report. */
struct inside {
	struct rig *rig;
	struct rig_waiter w;
	int answer;
	unsigned calls, pauses;
};

static void pause_inside(void *ctx)
{
	struct inside *in = ctx;

	if (in->calls++)
		return;
	in->answer = pause_dev(in->rig, &in->w);
	in->pauses = in->rig->puppet->pauses;
}

START_TEST(pause_waits_for_a_running_notify)
{
	for (int with_hook = 0; with_hook < 2; with_hook++) {
		struct inside in = {.w = RIG_WAITER};
		const struct puppet puppet = {.parks = with_hook, .in_notify = pause_inside, .ctx = &in};
		struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i),
			.prompt = true, .puppet = &puppet};
		struct rig *rig = in.rig = rig_create(&o);

		in.calls = 1;
		rig_up(rig);
		in.calls = 0;
		rig_add(rig, 0, NULL);
		ck_assert_uint_ge(in.calls, 1);
		ck_assert_int_eq(in.answer, VMMIO_PENDING);
		ck_assert_uint_eq(in.pauses, 0);
		ck_assert_uint_eq(rig_held(rig), 0); /* pop gave nothing */
		rig_settle(rig);
		check_told(&in.w, 1, 0);
		ck_assert_uint_eq(rig->puppet->pauses, with_hook);
		resume_now(rig);
		ck_assert_uint_eq(rig_held(rig), 1);
		rig_complete_all(rig);
		ck_assert_int_eq(rig_reap(rig, 0), 1);
		goes_on(rig);
	}
}
END_TEST

/* --- What the guest does meanwhile ------------------------------------------------------------ */

START_TEST(no_kick_is_lost)
{
	struct rig *rig = live(_i, NULL);
	struct stillness still;
	uint64_t one = 1;
	int fd = vmmio_device_queue_eventfd(rig->dev, 1);

	ck_assert_int_ge(fd, 0);
	pause_now(rig);
	rig_add(rig, 0, NULL); /* by register */
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
	still = look(rig);
	ck_assert_int_eq(vmmio_device_queue_event(rig->dev, 1), 0);
	ck_assert_int_eq(read(fd, &one, sizeof(one)), -1); /* read and forgotten */
	vmmio_queue_kick(vmmio_device_queue(rig->dev, 0));
	check_still(rig, &still);
	ck_assert_uint_eq(rig_held(rig), 0);
	resume_now(rig);
	ck_assert_uint_eq(rig_held(rig), 2);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	goes_on(rig);
}
END_TEST

/* A pulse that nobody has taken out of the eventfd yet: drained, then looked at. */
START_TEST(an_eventfd_is_drained_at_the_resume)
{
	struct rig *rig = live(_i, NULL);
	uint64_t one = 1;
	int fd = vmmio_device_queue_eventfd(rig->dev, 0);

	pause_now(rig);
	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
	resume_now(rig);
	ck_assert_int_eq(read(fd, &one, sizeof(one)), -1);
	goes_on(rig);
}
END_TEST

static uint64_t pulses(struct rig *rig)
{
	uint64_t n;

	return read(rig->eventfd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

START_TEST(config_changes_are_held_back)
{
	for (int eventfd = 0; eventfd < 2; eventfd++) {
		struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i),
			.eventfd = eventfd};
		struct rig *rig = rig_create(&o);
		struct stillness still;

		rig_up(rig);
		pause_now(rig);
		still = look(rig);
		change_config(rig, 4);
		check_still(rig, &still);
		ck_assert_uint_eq(vmmio_device_read(rig->dev, VMMIO_REG_CONFIG, 1), 4);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
		if (eventfd)
			ck_assert_uint_eq(pulses(rig), 0);
		resume_now(rig);
		ck_assert_uint_eq(
			rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
		ck_assert(eventfd ? pulses(rig) == 1 : atomic_load(&rig->line));
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		/* Once: the next pause has nothing to say. */
		pause_now(rig);
		resume_now(rig);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
		if (eventfd)
			ck_assert_uint_eq(pulses(rig), 0);
		goes_on(rig);
	}
}
END_TEST

/* Nor may it be said in the next life. */
START_TEST(a_reset_forgets_what_was_held_back)
{
	struct rig *rig = live(_i, NULL);

	pause_now(rig);
	change_config(rig, 4);
	rig_reset(rig);
	rig_up(rig);
	resume_now(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	goes_on(rig);
}
END_TEST

START_TEST(needs_reset_is_held_back)
{
	for (int eventfd = 0; eventfd < 2; eventfd++) {
		struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i),
			.eventfd = eventfd};
		struct rig *rig = rig_create(&o);
		struct stillness still;

		rig_up(rig);
		pause_now(rig);
		still = look(rig);
		fixture_expect_log("asks for a reset: test");
		vmmio_device_needs_reset(rig->dev, "test");
		check_still(rig, &still);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE | VMMIO_STATUS_NEEDS_RESET);
		if (eventfd)
			ck_assert_uint_eq(pulses(rig), 0);
		resume_now(rig);
		ck_assert_uint_eq(
			rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
		ck_assert(eventfd ? pulses(rig) == 1 : atomic_load(&rig->line));
		rig_reset(rig);
		rig_up(rig);
		goes_on(rig);
	}
}
END_TEST

START_TEST(ack_drops_the_line_while_paused)
{
	struct rig *rig = live(_i, &parks);
	unsigned edges;

	change_config(rig, 4);
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert(atomic_load(&rig->line));
	rig_add(rig, 1, NULL); /* a lease stays out */
	pause_now(rig);
	edges = atomic_load(&rig->edges);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	ck_assert(atomic_load(&rig->line));
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	ck_assert(!atomic_load(&rig->line));
	ck_assert_uint_eq(atomic_load(&rig->edges), edges + 1);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	resume_now(rig);
	ck_assert(!atomic_load(&rig->line));
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	goes_on(rig);
}
END_TEST

START_TEST(config_write_acts_while_paused)
{
	struct rig *rig = live(_i, NULL);
	struct rig_waiter w = RIG_WAITER;

	pause_now(rig);
	rig_write(rig, VMMIO_REG_CONFIG, 0x55);
	ck_assert_uint_eq(rig->puppet->config_writes, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG), 0x55);
	resume_now(rig);
	/* While a pause is under way, too; and then it is reached. */
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	rig_write(rig, VMMIO_REG_CONFIG, 0x56);
	ck_assert_uint_eq(rig->puppet->config_writes, 2);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&w, 1, 0);
	resume_now(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	goes_on(rig);
}
END_TEST

START_TEST(driver_ok_takes_effect_at_the_resume)
{
	struct rig *rig = bench(_i, &parks);

	pause_now(rig);
	ck_assert_uint_eq(rig->puppet->pauses, 0); /* never started: not asked */
	rig_up(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_add(rig, 0, NULL);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->starts, 0);
	ck_assert_uint_eq(rig_held(rig), 0);
	resume_now(rig);
	ck_assert_uint_eq(rig->puppet->starts, 1);
	ck_assert_uint_eq(rig->puppet->resumes, 0);
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	goes_on(rig);
}
END_TEST

START_TEST(queue_ready_takes_effect_at_the_resume)
{
	struct rig *rig = live(_i, NULL);
	struct vmmio_driver_queue *q;

	ck_assert_int_eq(vmmio_driver_queue_reset_begin(vmmio_driver_queue(rig->driver, 1)), 0);
	rig_settle(rig);
	ck_assert_int_ge(
		vmmio_driver_queue_reset(vmmio_driver_queue(rig->driver, 1), RIG_PATIENCE), 0);
	pause_now(rig);
	ck_assert_int_eq(vmmio_driver_queue_setup(rig->driver, 1,
				 &(struct vmmio_driver_queue_config){.size = 8}, &q), 0);
	rig_add(rig, 1, NULL);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 1, VMMIO_REG_QUEUE_READY), 1);
	ck_assert_uint_eq(rig_held(rig), 0);
	resume_now(rig);
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	goes_on(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pause");
	TCase *report = fixture_tcase(suite, "until the report");
	TCase *guest = fixture_tcase(suite, "the guest meanwhile");

	tcase_add_loop_test(report, chains_complete_before_the_report, 0, RIG_VARIANTS);
	tcase_add_loop_test(report, idle_pause_is_over_at_once, 0, RIG_VARIANTS);
	tcase_add_loop_test(report, parked_chains_are_held_back, 0, RIG_VARIANTS);
	tcase_add_loop_test(report, parking_may_take_its_time, 0, RIG_VARIANTS);
	tcase_add_loop_test(report, pause_waits_for_a_running_notify, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, no_kick_is_lost, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, an_eventfd_is_drained_at_the_resume, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, config_changes_are_held_back, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, a_reset_forgets_what_was_held_back, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, needs_reset_is_held_back, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, ack_drops_the_line_while_paused, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, config_write_acts_while_paused, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, driver_ok_takes_effect_at_the_resume, 0, RIG_VARIANTS);
	tcase_add_loop_test(guest, queue_ready_takes_effect_at_the_resume, 0, RIG_VARIANTS);
	return fixture_main(suite);
}
