/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pauses and the rate of an entropy device, step by step on the manual executor and I/O engine.
 */
#include "integration/rng_rig.h"

/* --- Pauses ------------------------------------------------------------------------------------------ */

struct told {
	struct vmmio_waiter waiter;
	unsigned times;
	int result;
};

static void done(struct vmmio_waiter *waiter, int result)
{
	struct told *told = (struct told *)waiter;

	told->times++;
	told->result = result;
}

static void pause_rng(struct rng_rig *r)
{
	struct told told = {.waiter.done = done};
	int answer = vmmio_device_pause(r->dev, &told.waiter);

	ck_assert_int_ge(answer, 0);
	rng_run_tasks(r);
	ck_assert_uint_eq(told.times, answer == VMMIO_PENDING);
	ck_assert_int_eq(told.result, 0);
}

static void resume_rng(struct rng_rig *r)
{
	struct told told = {.waiter.done = done};
	int answer = vmmio_device_resume(r->dev, &told.waiter);

	ck_assert_int_ge(answer, 0);
	rng_run_tasks(r);
	ck_assert_uint_eq(told.times, answer == VMMIO_PENDING);
	ck_assert_int_eq(told.result, 0);
}

START_TEST(paused_chains_are_kept)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_PIPE);

	rng_add(r, AT(0), 64);
	rng_add(r, AT(1), 64);
	ck_assert(rng_nothing_comes(r));
	pause_rng(r);
	ck_assert_uint_eq(rng_leases(r), 2);
	rng_feed(r, 100);
	ck_assert_int_ge(vmmio_io_run(r->io, 0), 1);
	ck_assert_uint_eq(vmmio_manual_pending(r->ex), 0); /* does not even try */
	ck_assert(rng_nothing_comes(r));
	ck_assert(rng_untouched(r));
	resume_rng(r);
	ck_assert(rng_comes(r, AT(0), 64));
	ck_assert(rng_comes(r, AT(1), 36));
	ck_assert(rng_known(r, AT(1), 64, 36));
	rng_rig_free(r);
}
END_TEST

/* The report comes when the task has let go, and then it begins no more. */
START_TEST(paused_with_the_task_queued)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_NONE);
	unsigned done_before;

	for (unsigned i = 0; i < 40; i++)
		rng_add(r, AT(i), 64);
	ck_assert(vmmio_manual_step(r->ex, 0));
	done_before = (unsigned)rng_counters(r).chains;
	pause_rng(r);
	ck_assert_uint_le(rng_counters(r).chains, done_before + 16);
	done_before = (unsigned)rng_counters(r).chains;
	rng_add(r, AT(40), 64); /* stays in the ring */
	rng_settle(r);
	ck_assert_uint_eq(rng_counters(r).chains, done_before);
	resume_rng(r);
	rng_settle(r);
	ck_assert_uint_eq(rng_counters(r).chains, 41);
	rng_rig_free(r);
}
END_TEST

static struct told told_inside = {.waiter.done = done};

static void pause_begins(struct rng_rig *r)
{
	ck_assert_int_eq(vmmio_device_pause(r->dev, &told_inside.waiter), VMMIO_PENDING);
	rng_run_tasks(r);
	ck_assert_uint_eq(told_inside.times, 0);
}

/* What it has in its hands arrives before the report, the rest waits. */
START_TEST(paused_with_the_task_running)
{
	struct rng_rig *r = rng_host.rig = rng_rig_manual(_i, RNG_SOURCE_NONE);
	uint32_t at, len;

	rng_host.inside = pause_begins;
	for (unsigned i = 0; i < 40; i++)
		rng_add(r, AT(i), 64);
	rng_settle(r);
	ck_assert_uint_eq(told_inside.times, 1);
	ck_assert_int_eq(told_inside.result, 0);
	ck_assert_uint_eq(rng_counters(r).chains, 16);
	for (unsigned i = 0; i < 16; i++)
		ck_assert(rng_poll(r, &at, &len));
	resume_rng(r);
	rng_settle(r);
	ck_assert_uint_eq(rng_counters(r).chains, 40);
	rng_rig_free(r);
}
END_TEST

START_TEST(paused_while_it_waits_for_time)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .rng = {.rate_bytes = 10}};
	struct rng_rig *r = rng_rig_run(&o);

	rng_add(r, AT(0), 10);
	rng_add(r, AT(1), 10);
	ck_assert(rng_comes(r, AT(0), 10));
	pause_rng(r);
	vmmio_manual_advance(r->ex, 10 * RNG_SECOND);
	ck_assert(rng_nothing_comes(r));
	resume_rng(r);
	ck_assert(rng_comes(r, AT(1), 10));
	rng_rig_free(r);
}
END_TEST

START_TEST(reset_while_paused)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_PIPE);

	rng_add(r, AT(0), 64);
	ck_assert(rng_nothing_comes(r));
	pause_rng(r);
	rng_reset(r);
	ck_assert_uint_eq(rng_counters(r).cancelled, 1);
	rng_feed(r, 10);
	resume_rng(r);
	rng_rig_start(r);
	rng_add(r, AT(0), 64);
	ck_assert(rng_comes(r, AT(0), 10));
	rng_rig_free(r);
}
END_TEST

/* --- The rate ------------------------------------------------------------------------------------------ */

START_TEST(rate_limits)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .source = RNG_SOURCE_PIPE,
		.rng = {.rate_bytes = 100, .rate_period = 1000}};
	struct rng_rig *r = rng_rig_run(&o);

	rng_feed(r, 700);
	vmmio_manual_advance(r->ex, 12345);
	for (unsigned i = 0; i < 5; i++)
		rng_add(r, AT(i), 64);
	ck_assert(rng_comes(r, AT(0), 64));
	ck_assert(rng_comes(r, AT(1), 36)); /* what is left: RNG-DEV-02 */
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).throttled, 1);
	vmmio_manual_advance(r->ex, 999);
	ck_assert(rng_nothing_comes(r));
	/* A reset gives no more; nor does asking again. */
	rng_reset(r);
	rng_rig_start(r);
	rng_add(r, AT(0), 80);
	rng_add(r, AT(1), 80);
	ck_assert(rng_nothing_comes(r));
	vmmio_manual_advance(r->ex, 1);
	ck_assert(rng_comes(r, AT(0), 80));
	ck_assert(rng_known(r, AT(0), 100, 80));
	ck_assert(rng_comes(r, AT(1), 20));
	/* What was not used is not saved up. */
	vmmio_manual_advance(r->ex, 10000);
	rng_add(r, AT(2), 300);
	rng_add(r, AT(3), 300);
	ck_assert(rng_comes(r, AT(2), 100));
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).bytes, 300);
	vmmio_manual_advance(r->ex, 1000);
	ck_assert(rng_comes(r, AT(3), 100));
	vmmio_manual_advance(r->ex, 1000);
	rng_add(r, AT(4), 1);
	ck_assert(rng_comes(r, AT(4), 1));
	vmmio_manual_advance(r->ex, 1000);
	rng_add(r, AT(5), 300);
	ck_assert(rng_comes(r, AT(5), 100));
	ck_assert_uint_eq(rng_counters(r).bytes, 501);
	rng_rig_free(r);
}
END_TEST

/* A period that never ends, and the clock it is added to. */
START_TEST(endless_period)
{
	struct rng_rig_options o = {.variant = _i, .manual = true,
		.rng = {.rate_bytes = 100, .rate_period = UINT64_MAX}};
	struct rng_rig *r = rng_rig_run(&o);

	vmmio_manual_advance(r->ex, 12345);
	rng_add(r, AT(0), 128);
	rng_add(r, AT(1), 128);
	ck_assert(rng_comes(r, AT(0), 100));
	vmmio_manual_advance(r->ex, UINT64_MAX / 2);
	ck_assert(rng_nothing_comes(r));
	rng_rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rng_pause");
	TCase *tc = fixture_tcase(s, "pause");

	tcase_add_loop_test(tc, paused_chains_are_kept, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, paused_with_the_task_queued, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, paused_with_the_task_running, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, paused_while_it_waits_for_time, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, reset_while_paused, 0, RNG_MANUAL);
	tc = fixture_tcase(s, "rate");
	tcase_add_loop_test(tc, rate_limits, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, endless_period, 0, RNG_MANUAL);
	return fixture_main(s);
}
