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

int main(void)
{
	Suite *suite = suite_create("host_races");
	TCase *tc = fixture_tcase(suite, "bugs");

	tcase_set_timeout(tc, 10);
	tcase_add_loop_test(tc, a_blink_inside_a_resume_leaves_no_queue_behind, 0, 2);
	tcase_add_test(tc, a_late_note_of_a_drain_is_counted_once);
	return fixture_main(suite);
}
