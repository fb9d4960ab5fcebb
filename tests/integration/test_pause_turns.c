/* SPDX-License-Identifier: BSD-3-Clause */
/* Pauses and resumes that overtake each other, and other threads. */
#include "host_rig.h"

static const struct puppet parks = {.parks = true, .dma = true};

/* What a hook does, once. */
struct inside {
	struct rig *rig;
	struct rig_waiter w, w2;
	int answer, blocking;
	unsigned calls;
};

/* --- One after the other --------------------------------------------------------------------------- */

START_TEST(pause_resume_pause)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter p1 = RIG_WAITER, r1 = RIG_WAITER, p2 = RIG_WAITER;

	rig_add(rig, 0, NULL);
	pause_now(rig);
	/* The resume has not been carried out when the next pause comes. */
	ck_assert_int_eq(resume_dev(rig, &r1), VMMIO_PENDING);
	ck_assert_int_eq(pause_dev(rig, &p2), VMMIO_PENDING);
	check_told(&r1, 1, -ECANCELED);
	rig_settle(rig);
	check_told(&p2, 1, 0);
	/* The backend has seen them in turns. */
	ck_assert_uint_eq(rig->puppet->pauses, 2);
	ck_assert_uint_eq(rig->puppet->resumes, 1);
	resume_now(rig);
	ck_assert_uint_eq(rig->puppet->resumes, 2);
	check_told(&p1, 0, 0);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	for (int i = 0; i < 20; i++) {
		rig_add(rig, i & 1, NULL);
		pause_now(rig);
		resume_now(rig);
		rig_complete_all(rig);
		ck_assert_int_eq(rig_reap(rig, i & 1), 1);
	}
	goes_on(rig);
}
END_TEST

static void turn_around(void *ctx)
{
	struct inside *in = ctx;

	if (in->calls++)
		return;
	in->answer = resume_dev(in->rig, &in->w);
	in->blocking = pause_dev(in->rig, &in->w2);
}

/* Resumed and paused again from inside the pause hook. */
START_TEST(turned_around_inside_the_pause_hook)
{
	for (int later = 0; later < 2; later++) {
		struct inside in = {.w = RIG_WAITER, .w2 = RIG_WAITER};
		struct puppet puppet = parks;
		struct rig_waiter first = RIG_WAITER;
		struct rig *rig;

		puppet.in_pause = turn_around;
		puppet.pause_answer = later ? VMMIO_PENDING : 0;
		puppet.ctx = &in;
		rig = in.rig = live(_i, &puppet);
		rig_add(rig, 0, NULL);
		ck_assert_int_eq(pause_dev(rig, &first), VMMIO_PENDING);
		rig_settle(rig);
		check_told(&first, 1, -ECANCELED);
		check_told(&in.w, 1, -ECANCELED);
		ck_assert_int_eq(in.blocking, VMMIO_PENDING);
		check_told(&in.w2, !later, 0);
		ck_assert_uint_eq(rig->puppet->pauses, 2);
		ck_assert_uint_eq(rig->puppet->resumes, 1);
		if (later)
			vmmio_device_answer(rig->dev, rig->puppet->pause_token, 0);
		rig_settle(rig);
		check_told(&in.w2, 1, 0);
		rig->puppet->pause_answer = 0;
		resume_now(rig);
		rig_complete_all(rig);
		ck_assert_int_eq(rig_reap(rig, 0), 1);
		goes_on(rig);
	}
}
END_TEST

/* From inside the resume hook: the gates stay closed. */
static void pause_in_resume(void *ctx)
{
	struct inside *in = ctx;

	if (in->calls++)
		return;
	in->answer = pause_dev(in->rig, &in->w);
}

START_TEST(paused_again_inside_the_resume_hook)
{
	struct inside in = {.w = RIG_WAITER};
	struct puppet puppet = parks;
	struct rig_waiter r = RIG_WAITER;
	struct stillness still;
	struct rig *rig;

	puppet.in_resume = pause_in_resume;
	puppet.ctx = &in;
	rig = in.rig = live(_i, &puppet);
	pause_now(rig);
	rig_add(rig, 0, NULL);
	change_config(rig, 3);
	ck_assert_int_eq(resume_dev(rig, &r), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&r, 1, -ECANCELED);
	check_told(&in.w, 1, 0);
	ck_assert_uint_eq(rig->puppet->pauses, 2);
	ck_assert_uint_eq(rig_held(rig), 0);
	still = look(rig);
	check_still(rig, &still);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	resume_now(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	goes_on(rig);
}
END_TEST

/* --- Two threads ------------------------------------------------------------------------------------ */

#define ROUNDS 200

struct crowd {
	struct rig *rig;
	_Atomic bool stop;
};

static void *pause_often(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		pause_now(c->rig);
		resume_now(c->rig);
	}
	atomic_store(&c->stop, true);
	return NULL;
}

static void *complete_often(void *arg)
{
	struct crowd *c = arg;

	while (!atomic_load(&c->stop)) {
		rig_complete_all(c->rig);
		usleep(20);
	}
	return NULL;
}

/* A driver at work, a backend at work, a host that pauses: every buffer comes back. */
START_TEST(pauses_under_load)
{
	struct puppet puppet = {.parks = _i & 1};
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i), .pool = true,
		.puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct crowd c = {.rig = rig};
	pthread_t host, backend;
	unsigned added = 0, reaped = 0;

	rig_up(rig);
	ck_assert_int_eq(pthread_create(&host, NULL, pause_often, &c), 0);
	ck_assert_int_eq(pthread_create(&backend, NULL, complete_often, &c), 0);
	while (!atomic_load(&c.stop)) {
		if (added - reaped < 6)
			rig_add(rig, added++ & 1, NULL);
		reaped += (unsigned)rig_reap(rig, 0) + (unsigned)rig_reap(rig, 1);
	}
	pthread_join(host, NULL);
	pthread_join(backend, NULL);
	WAIT_UNTIL((rig_complete_all(rig),
		reaped += (unsigned)rig_reap(rig, 0) + (unsigned)rig_reap(rig, 1), reaped == added));
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pause_turns");
	TCase *turns = fixture_tcase(suite, "in turns");
	TCase *threads = fixture_tcase(suite, "threads");

	tcase_add_loop_test(turns, pause_resume_pause, 0, RIG_VARIANTS);
	tcase_add_loop_test(turns, turned_around_inside_the_pause_hook, 0, RIG_VARIANTS);
	tcase_add_loop_test(turns, paused_again_inside_the_resume_hook, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, pauses_under_load, 0, RIG_VARIANTS);
	return fixture_main(suite);
}
