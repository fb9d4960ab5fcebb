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

int main(void)
{
	Suite *suite = suite_create("host_races");
	TCase *tc = fixture_tcase(suite, "bugs");

	tcase_set_timeout(tc, 10);
	tcase_add_loop_test(tc, a_blink_inside_a_resume_leaves_no_queue_behind, 0, 2);
	return fixture_main(suite);
}
