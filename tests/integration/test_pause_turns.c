/* SPDX-License-Identifier: BSD-3-Clause */
/* Pauses and resumes that overtake each other, and other threads. */
#include <semaphore.h>

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

/* --- Inside the calls themselves -------------------------------------------------------------- */

enum turn { TURN_PAUSE, TURN_RESUME, TURN_RESET, TURN_DESTROY };

/* What happens, once, at a point on the way of a pause or a resume. */
static struct overtake {
	struct rig *rig;
	enum vmmio_sync_point point;
	enum turn turn;
	struct rig_waiter w;
	int answer;
	_Atomic bool armed;
} overtake;

static void on_the_way(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	struct overtake *o = &overtake;

	if (point != o->point || !atomic_exchange(&o->armed, false))
		return;
	if (o->turn == TURN_PAUSE)
		o->answer = pause_dev(o->rig, &o->w);
	else if (o->turn == TURN_RESUME)
		o->answer = resume_dev(o->rig, &o->w);
	else if (o->turn == TURN_RESET)
		o->answer = host_reset(o->rig, &o->w);
	else
		o->answer = vmmio_device_destroy(dev, NULL, NULL);
}

static void arm(struct rig *rig, enum vmmio_sync_point point, enum turn turn)
{
	overtake = (struct overtake){
		.rig = rig, .point = point, .turn = turn, .w = RIG_WAITER, .armed = true};
	vmmio_sync_hook = on_the_way;
}

/* The answer of the call itself: it was given up before it returned. A pause that failed
 * before leaves no trace. */
START_TEST(overtaken_inside_the_call)
{
	struct puppet puppet = parks;
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig;

	puppet.pause_answer = -ENOSPC;
	rig = live(_i, &puppet);
	fixture_expect_log("pause failed");
	ck_assert_int_eq(rig_wait(rig, &w, pause_dev(rig, &w)), -ENOSPC);
	rig_settle(rig);
	rig->puppet->pause_answer = 0;
	arm(rig, VMMIO_SYNC_PAUSE_BEGUN, TURN_RESUME);
	check_told(&w, 1, -ENOSPC);
	ck_assert_int_eq(pause_dev(rig, &w), -ECANCELED);
	ck_assert_int_eq(overtake.answer, 0);
	check_back(&w);
	pause_now(rig);
	arm(rig, VMMIO_SYNC_PAUSE_BEGUN, TURN_PAUSE);
	ck_assert_int_eq(resume_dev(rig, &w), -ECANCELED);
	ck_assert_int_eq(rig_wait(rig, &overtake.w, overtake.answer), 0);
	check_back(&w);
	vmmio_sync_hook = NULL;
	resume_now(rig);
	check_told(&w, 1, -ENOSPC);
	goes_on(rig);
}
END_TEST

START_TEST(destroyed_inside_the_call)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter w = RIG_WAITER;

	rig_add(rig, 0, NULL);
	arm(rig, VMMIO_SYNC_PAUSE_BEGUN, TURN_DESTROY);
	ck_assert_int_eq(pause_dev(rig, &w), -ECANCELED);
	vmmio_sync_hook = NULL;
	check_back(&w);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* Queue 0 is open again, queue 1 is not, and nothing has been said yet. */
START_TEST(paused_again_half_way)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter r = RIG_WAITER;
	struct stillness still;

	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	pause_now(rig);
	rig->puppet->dma = false;
	rig_complete_all(rig); /* held back */
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	change_config(rig, 6);
	arm(rig, VMMIO_SYNC_RESUME_OPEN, TURN_PAUSE);
	ck_assert_int_eq(rig_wait(rig, &r, resume_dev(rig, &r)), -ECANCELED);
	ck_assert_int_eq(rig_wait(rig, &overtake.w, overtake.answer), 0);
	vmmio_sync_hook = NULL;
	still = look(rig);
	check_still(rig, &still);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_eq(
		rig_read(rig, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_CONFIG_CHANGE, 0);
	resume_now(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_ALL);
	ck_assert_uint_eq(rig_held(rig), 2);
	rig_complete_all(rig);
	ck_assert_int_eq(rig_reap(rig, 0), 2);
	ck_assert_int_eq(rig_reap(rig, 1), 2);
	goes_on(rig);
}
END_TEST

START_TEST(reset_half_way)
{
	struct rig *rig = live(_i, &parks);
	struct rig_waiter r = RIG_WAITER;

	rig_add(rig, 0, NULL);
	pause_now(rig);
	change_config(rig, 6);
	arm(rig, VMMIO_SYNC_RESUME_OPEN, TURN_RESET);
	ck_assert_int_eq(resume_dev(rig, &r), VMMIO_PENDING);
	rig_settle(rig);
	vmmio_sync_hook = NULL;
	ck_assert_int_eq(overtake.answer, VMMIO_PENDING);
	check_told(&r, 0, 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&overtake.w, 1, 0);
	check_told(&r, 1, 0);
	check_zero(rig);
	ck_assert_uint_eq(rig->puppet->resumes, 1);
	next_life(rig);
}
END_TEST

/* A pass of the device's own gate is out: the sink is being called for a config change. */
static void pause_on_line(void *ctx, bool high)
{
	struct inside *in = ctx;

	if (!high || in->calls++)
		return;
	in->answer = pause_dev(in->rig, &in->w);
}

START_TEST(paused_inside_the_sink)
{
	struct inside in = {.w = RIG_WAITER};
	struct rig *rig = in.rig = live(_i, _i & 1 ? &parks : NULL);

	rig->on_line = pause_on_line;
	rig->on_line_ctx = &in;
	change_config(rig, 8);
	ck_assert_int_eq(in.answer, VMMIO_PENDING);
	rig_settle(rig);
	check_told(&in.w, 1, 0);
	ck_assert_uint_eq(rig->dev->due, 0);
	ck_assert_uint_eq(rig->dev->undrained, 0);
	resume_now(rig);
	goes_on(rig);
}
END_TEST

/* --- Two threads ------------------------------------------------------------------------------------ */

static struct meeting {
	struct rig *rig;
	sem_t drained, go_on;
	pthread_t thread;
	_Atomic bool armed;
} meeting;

static void *complete_one(void *arg)
{
	ck_assert(rig_complete(arg, 0, 64));
	return NULL;
}

/* The last chain of queue 1 comes back when queue 0 is open again: its thread stands still
 * between the lease's return and the note of it, until the resume has been as far as it can. */
static void at_point(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	if (dev != meeting.rig->dev)
		return;
	if (point == VMMIO_SYNC_RESUME_OPEN && atomic_exchange(&meeting.armed, false)) {
		ck_assert_int_eq(
			pthread_create(&meeting.thread, NULL, complete_one, meeting.rig), 0);
		while (sem_wait(&meeting.drained))
			;
	}
	if (point == VMMIO_SYNC_COMPLETE_LEFT) {
		sem_post(&meeting.drained);
		while (sem_wait(&meeting.go_on))
			;
	}
}

START_TEST(a_chain_comes_back_in_the_middle_of_a_resume)
{
	struct rig *rig = meeting.rig = live(_i, NULL);
	struct rig_waiter w = RIG_WAITER, r = RIG_WAITER;

	sem_init(&meeting.drained, 0, 0);
	sem_init(&meeting.go_on, 0, 0);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	atomic_store(&meeting.armed, true);
	vmmio_sync_hook = at_point;
	ck_assert_int_eq(resume_dev(rig, &r), VMMIO_PENDING);
	sem_post(&meeting.go_on);
	pthread_join(meeting.thread, NULL);
	vmmio_sync_hook = NULL;
	rig_settle(rig);
	check_told(&w, 1, -ECANCELED);
	check_told(&r, 1, 0);
	ck_assert_uint_eq(rig->dev->undrained, 0);
	ck_assert_uint_eq(rig->dev->due, 0);
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	pause_now(rig);
	resume_now(rig);
	goes_on(rig);
	sem_destroy(&meeting.drained);
	sem_destroy(&meeting.go_on);
}
END_TEST

/* A thread that is about to call notify holds a pass: the gate is not opened around it. */
static void stand_still(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	if (dev != meeting.rig->dev || point != VMMIO_SYNC_NOTIFY_CALL ||
		!atomic_exchange(&meeting.armed, false))
		return;
	sem_post(&meeting.drained);
	while (sem_wait(&meeting.go_on))
		;
}

static void *kick(void *arg)
{
	rig_write(arg, VMMIO_REG_QUEUE_NOTIFY, 0);
	return NULL;
}

START_TEST(a_resume_waits_for_a_running_notify)
{
	struct rig *rig = meeting.rig = live(_i, NULL);
	struct rig_waiter w = RIG_WAITER, r = RIG_WAITER;

	sem_init(&meeting.drained, 0, 0);
	sem_init(&meeting.go_on, 0, 0);
	atomic_store(&meeting.armed, true);
	vmmio_sync_hook = stand_still;
	ck_assert_int_eq(pthread_create(&meeting.thread, NULL, kick, rig), 0);
	while (sem_wait(&meeting.drained))
		;
	ck_assert_int_eq(pause_dev(rig, &w), VMMIO_PENDING);
	ck_assert_int_eq(resume_dev(rig, &r), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&r, 0, 0);
	sem_post(&meeting.go_on);
	pthread_join(meeting.thread, NULL);
	vmmio_sync_hook = NULL;
	rig_settle(rig);
	check_told(&w, 1, -ECANCELED);
	check_told(&r, 1, 0);
	pause_now(rig);
	resume_now(rig);
	goes_on(rig);
	sem_destroy(&meeting.drained);
	sem_destroy(&meeting.go_on);
}
END_TEST

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
	TCase *calls = fixture_tcase(suite, "inside calls");
	TCase *threads = fixture_tcase(suite, "threads");

	tcase_add_loop_test(turns, pause_resume_pause, 0, RIG_VARIANTS);
	tcase_add_loop_test(turns, turned_around_inside_the_pause_hook, 0, RIG_VARIANTS);
	tcase_add_loop_test(turns, paused_again_inside_the_resume_hook, 0, RIG_VARIANTS);
	tcase_add_loop_test(calls, overtaken_inside_the_call, 0, RIG_VARIANTS);
	tcase_add_loop_test(calls, destroyed_inside_the_call, 0, RIG_VARIANTS);
	tcase_add_loop_test(calls, paused_again_half_way, 0, RIG_VARIANTS);
	tcase_add_loop_test(calls, reset_half_way, 0, RIG_VARIANTS);
	tcase_add_loop_test(calls, paused_inside_the_sink, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, a_resume_waits_for_a_running_notify, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, a_chain_comes_back_in_the_middle_of_a_resume, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, pauses_under_load, 0, RIG_VARIANTS);
	return fixture_main(suite);
}
