/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device whose chains never come back: the embedder fences it, destroys it, abandons it.
 * Step by step on the manual executor over {version 2, 3} x {split, packed}; a few with
 * threads.
 */
#include <semaphore.h>

#include "host_rig.h"

/* It asks before it touches memory, and writes all the buffer when it may. */
static const struct puppet polite = {.polite = true, .dma = true};

static int fence(struct rig *rig)
{
	fixture_expect_log("fenced with");
	return vmmio_device_fence(rig->dev);
}

/* A reset that does not end: two chains out, quiesce answered. */
static struct rig *stuck_reset(int i, const struct puppet *puppet, struct rig_waiter *w)
{
	struct rig *rig = live(i, puppet);

	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	ck_assert_int_eq(host_reset(rig, w), VMMIO_PENDING);
	rig_settle(rig);
	check_told(w, 0, 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	return rig;
}

/* The chains come back at last; everything is freed. */
static void come_back(struct rig *rig)
{
	fixture_expect_log("destroy waits for");
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
	rig_free(rig);
}

/* --- What a fence does ---------------------------------------------------------------- */

START_TEST(fence_ends_the_reset)
{
	struct rig_waiter w = RIG_WAITER, guest = RIG_WAITER;
	struct rig *rig = stuck_reset(_i, &polite, &w);
	int v2 = rig->o.version == 2;

	ck_assert_int_eq(pend_zero(rig, &guest), v2 ? VMMIO_PENDING : 0);
	ck_assert_int_eq(fence(rig), 0);
	check_told(&w, 1, 0); /* inside the call: nothing else is due */
	check_told(&guest, v2, 0);
	check_zero(rig);
	ck_assert_uint_eq(fixture_logged("fenced with 2 chain(s) out"), 1);
	ck_assert_uint_eq(rig->puppet->finishes, 0);
	ck_assert_uint_eq(rig_counters(rig).dropped, 0);
	come_back(rig);
}
END_TEST

START_TEST(features_are_refused_from_then_on)
{
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig = stuck_reset(_i, &polite, &w);
	unsigned features = rig->puppet->features;

	ck_assert_int_eq(fence(rig), 0);
	fixture_expect_log("FEATURES_OK is refused: the device was fenced; create another one");
	for (int again = 0; again < 2; again++) {
		ck_assert_int_lt(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
		ck_assert_uint_eq(
			rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_FEATURES_OK, 0);
		/* Not even a driver that does not look gets it to run. */
		rig_write(rig, VMMIO_REG_STATUS, LIVE);
		rig_settle(rig);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_DRIVER_OK, 0);
		rig_reset(rig);
		check_zero(rig);
	}
	ck_assert_uint_ge(fixture_logged("FEATURES_OK is refused"), 2);
	ck_assert_uint_eq(rig->puppet->features, features);
	ck_assert_uint_eq(rig->puppet->starts, 1);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	come_back(rig);
}
END_TEST

START_TEST(late_answers_change_nothing)
{
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig = stuck_reset(_i, &polite, &w);
	struct rig_held held[2] = {rig->puppet->held[0], rig->puppet->held[1]};
	struct stillness still;

	ck_assert_int_eq(fence(rig), 0);
	rig_write(rig, VMMIO_REG_STATUS, ACK | DRIVER);
	still = look(rig);
	for (int i = 0; i < 2; i++)
		ck_assert(!vmmio_queue_access_begin(held[i].queue));
	rig_complete_all(rig);
	check_still(rig, &still);
	ck_assert_uint_eq(rig_counters(rig).dropped, 2);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	ck_assert_uint_eq(rig_counters(rig).leases, 0);
	fixture_expect_log("token that is not out");
	for (int i = 0; i < 2; i++)
		vmmio_queue_complete_one(held[i].queue, held[i].chain.token, 1);
	check_still(rig, &still);
	ck_assert_uint_eq(rig_counters(rig).dropped, 2);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 2);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), ACK | DRIVER);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_uint_eq(rig->dev->given_up, 0);
	rig_free(rig); /* nothing is owed any more */
	ck_assert_uint_eq(fixture_logged("destroy waits"), 0);
}
END_TEST

/* --- What it waits for ---------------------------------------------------------------------- */

/* The backend is asked first, however late it is called. */
START_TEST(quiesce_is_called_before)
{
	struct rig *rig = live(_i, &polite);
	struct rig_waiter w = RIG_WAITER;

	rig_add(rig, 0, NULL);
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	ck_assert_int_eq(fence(rig), 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	check_told(&w, 1, 0);
	check_zero(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 0);
	come_back(rig);
}
END_TEST

static void owed_nothing(struct rig *rig, uint64_t token)
{
	vmmio_device_answer(rig->dev, token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	fixture_expect_log("a token that is not out");
	vmmio_device_answer(rig->dev, token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 1);
}

/* Of a backend that does not answer at all, or that has failed. */
START_TEST(quiesce_counts_as_answered)
{
	for (int failed = 0; failed < 2; failed++) {
		struct puppet puppet = polite;
		struct rig_waiter w = RIG_WAITER;
		struct rig *rig;

		puppet.quiesce_answer = failed ? -EIO : VMMIO_PENDING;
		fixture_expect_log("quiesce failed");
		rig = stuck_reset(_i, &puppet, &w);
		ck_assert_int_eq(fence(rig), 0);
		check_told(&w, 1, 0);
		check_zero(rig);
		ck_assert_uint_eq(rig->puppet->quiesces, 1);
		if (!failed)
			owed_nothing(rig, rig->puppet->quiesce_token);
		come_back(rig);
	}
}
END_TEST

/* One chain of two is being touched: the fence gives up both when that has ended. */
START_TEST(an_access_is_waited_for)
{
	for (int late = 0; late < 2; late++) {
		struct rig_waiter w = RIG_WAITER;
		struct rig *rig = live(_i, &polite);
		struct vmmio_queue *queue;

		rig_add(rig, 0, NULL);
		rig_add(rig, 1, NULL);
		queue = rig->puppet->held[0].queue;
		ck_assert(vmmio_queue_access_begin(queue));
		ck_assert(vmmio_queue_access_begin(queue));
		ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
		rig_settle(rig);
		vmmio_queue_access_end(queue); /* one of the two */
		ck_assert_int_eq(fence(rig), 0);
		rig_settle(rig);
		ck_assert_uint_eq(fixture_logged("fenced with"), (unsigned)late);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
		ck_assert_uint_eq(rig_counters(rig).leases, 2);
		/* None begins anew: this life is over. */
		ck_assert(!vmmio_queue_access_begin(queue));
		if (late) /* it comes back before the access has ended */
			ck_assert(rig_complete(rig, 0, 64));
		vmmio_queue_access_end(queue);
		rig_settle(rig);
		ck_assert_uint_eq(fixture_logged(late ? "fenced with 1" : "fenced with 2"), 1);
		check_told(&w, 1, 0);
		check_zero(rig);
		come_back(rig);
	}
}
END_TEST

static void fence_inside(void *ctx)
{
	struct rig *rig = *(struct rig **)ctx;

	ck_assert_int_eq(fence(rig), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_uint_eq(rig_counters(rig).leases, rig_held(rig));
}

/* Fenced from inside quiesce, and from inside reset_finish: the hook comes to its end first. */
START_TEST(fence_inside_a_hook)
{
	for (unsigned finish = 0; finish < 2; finish++) {
		struct puppet puppet = polite;
		struct rig_waiter w = RIG_WAITER;
		struct rig *rig;

		puppet.ctx = &rig;
		puppet.in_quiesce = finish ? NULL : fence_inside;
		puppet.in_finish = finish ? fence_inside : NULL;
		rig = live(_i, &puppet);
		rig_add(rig, 0, NULL);
		ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
		if (finish)
			rig_complete_all(rig);
		rig_settle(rig);
		check_told(&w, 1, 0);
		check_zero(rig);
		ck_assert_uint_eq(rig->puppet->finishes, finish);
		ck_assert(rig->dev->fenced);
		come_back(rig);
	}
}
END_TEST

/* The chains were put aside by a pause. */
START_TEST(fence_while_paused)
{
	struct puppet puppet = polite;
	struct rig_waiter w = RIG_WAITER, r = RIG_WAITER;
	struct rig *rig;

	puppet.parks = true;
	rig = live(_i, &puppet);
	rig_add(rig, 0, NULL);
	rig_add(rig, 0, NULL);
	pause_now(rig);
	ck_assert(vmmio_queue_access_begin(rig->puppet->held[0].queue));
	vmmio_queue_access_end(rig->puppet->held[0].queue);
	rig->puppet->dma = false;
	ck_assert(rig_complete(rig, 0, 64)); /* held back: not one of those */
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_int_eq(fence(rig), 0);
	ck_assert_uint_eq(fixture_logged("fenced with 1 chain(s) out"), 1);
	check_told(&w, 1, 0);
	check_zero(rig);
	ck_assert_int_eq(rig_wait(rig, &r, resume_dev(rig, &r)), 0);
	ck_assert_uint_eq(rig->puppet->resumes, 0);
	check_zero(rig);
	come_back(rig);
}
END_TEST

/* --- Refused --------------------------------------------------------------------------------- */

START_TEST(a_healthy_device_is_not_fenced)
{
	struct rig *rig = bench(_i, NULL);

	fixture_expect_log("fence: no reset is under way, so nothing is stuck; not fenced");
	ck_assert_int_eq(vmmio_device_fence(rig->dev), -EINVAL);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_device_fence(rig->dev), -EINVAL);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	ck_assert_int_eq(vmmio_device_fence(rig->dev), -EINVAL);
	ck_assert_uint_eq(fixture_logged("not fenced"), 3);
	ck_assert_int_eq(vmmio_device_fence(NULL), -EINVAL);
	rig_complete_all(rig);
	rig_settle(rig);
	rig_reset(rig);
	ck_assert_int_eq(vmmio_device_fence(rig->dev), -EINVAL);
	next_life(rig);
}
END_TEST

START_TEST(abandon_is_refused)
{
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig = stuck_reset(_i, &polite, &w);

	fixture_expect_log("abandon: call vmmio_device_destroy first");
	fixture_expect_log("abandon: call vmmio_device_fence first");
	ck_assert_int_eq(vmmio_device_abandon(rig->dev), -EINVAL);
	ck_assert_int_eq(vmmio_device_abandon(NULL), -EINVAL);
	ck_assert_uint_eq(fixture_logged("vmmio_device_destroy first"), 1);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	ck_assert_int_eq(vmmio_device_abandon(rig->dev), -EINVAL);
	ck_assert_uint_eq(fixture_logged("vmmio_device_fence first"), 1);
	rig_complete_all(rig); /* no harm done */
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* Fenced, but a chain is being touched: the fence has yet to do its work. */
START_TEST(abandon_waits_for_the_fence)
{
	struct rig *rig = live(_i, &polite);
	struct rig_held held;

	rig_add(rig, 0, NULL);
	held = rig->puppet->held[0];
	ck_assert(vmmio_queue_access_begin(held.queue));
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	rig_settle(rig);
	ck_assert_int_eq(fence(rig), 0);
	fixture_expect_log("abandon: call vmmio_device_fence first");
	ck_assert_int_eq(vmmio_device_abandon(rig->dev), -EINVAL);
	vmmio_queue_access_end(held.queue);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* Nothing is out: nothing need stay, and the device goes as ever. */
START_TEST(abandon_of_nothing)
{
	struct rig *rig = live(_i, &polite);

	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	ck_assert_int_eq(fence(rig), 0);
	while (!rig->dev->fenced && vmmio_manual_step(rig->ex, 0))
		;
	ck_assert_uint_eq(fixture_logged("vmmio_device_abandon ends the wait"), 1);
	rig_complete_all(rig); /* back after all */
	ck_assert_int_eq(vmmio_device_abandon(rig->dev), 0);
	ck_assert_uint_eq(fixture_logged("abandoned"), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	rig->dev = NULL;
	rig_free(rig); /* memory and executor are free */
}
END_TEST

/* --- Destroy and abandon ------------------------------------------------------------------------ */

static void count(void *ctx)
{
	++*(unsigned *)ctx;
}

/* Fenced, then destroyed; or the other way round. It waits for the last chain. */
START_TEST(destroy_waits_for_late_answers)
{
	for (int first = 0; first < 2; first++) {
		struct rig_waiter w = RIG_WAITER;
		struct rig *rig = stuck_reset(_i, &polite, &w);
		unsigned destroyed = 0;

		if (first) {
			ck_assert_int_eq(fence(rig), 0);
			fixture_expect_log("destroy waits for fenced chains");
		}
		ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &destroyed), 0);
		ck_assert_uint_eq(fixture_logged("destroy waits for fenced chains"), first);
		if (!first)
			ck_assert_int_eq(fence(rig), 0);
		rig_settle(rig);
		check_told(&w, 1, 0);
		ck_assert(rig_complete(rig, 0, 0));
		rig_settle(rig);
		ck_assert_uint_eq(destroyed, 0);
		ck_assert_uint_eq(rig->puppet->detaches, 0);
		ck_assert(rig_complete(rig, 0, 0));
		ck_assert_uint_eq(destroyed, 0); /* the backend may hold a lock of its own */
		rig_settle(rig);
		ck_assert_uint_eq(destroyed, 1);
		ck_assert_uint_eq(rig->puppet->detaches, 1);
		rig->dev = NULL;
		rig_free(rig);
	}
}
END_TEST

START_TEST(destroy_waits_for_the_answer_of_quiesce)
{
	struct puppet puppet = polite;
	struct rig_waiter w = RIG_WAITER;
	unsigned destroyed = 0;
	struct rig *rig;

	puppet.quiesce_answer = VMMIO_PENDING;
	rig = stuck_reset(_i, &puppet, &w);
	ck_assert_int_eq(fence(rig), 0);
	rig_complete_all(rig);
	fixture_expect_log("destroy waits for fenced chains or a fenced quiesce");
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &destroyed), 0);
	rig_settle(rig);
	ck_assert_uint_eq(destroyed, 0);
	vmmio_device_answer(rig->dev, rig->puppet->quiesce_token, 0);
	rig_settle(rig);
	ck_assert_uint_eq(destroyed, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

/* Told to abandon it, destroy waits no more. What the stuck requests point to stays, executor and
 * memory object too, for they may come back. */
START_TEST(an_abandoned_device_stays)
{
	struct puppet puppet = polite;
	struct rig_waiter w = RIG_WAITER;
	struct rig_held held[2];
	struct vmmio_device *dev;
	unsigned destroyed = 0;
	uint64_t token;
	struct rig *rig;

	puppet.quiesce_answer = VMMIO_PENDING;
	rig = stuck_reset(_i, &puppet, &w);
	held[0] = rig->puppet->held[0];
	held[1] = rig->puppet->held[1];
	token = rig->puppet->quiesce_token;
	dev = rig->dev;
	ck_assert_int_eq(fence(rig), 0);
	fixture_expect_log("destroy waits for fenced chains");
	ck_assert_int_eq(vmmio_device_destroy(dev, count, &destroyed), 0);
	rig_settle(rig);
	ck_assert_uint_eq(destroyed, 0);
	fixture_expect_log("abandoned: 2 chain(s) never came back; the device, its backend");
	ck_assert_int_eq(vmmio_device_abandon(dev), 0);
	ck_assert_uint_eq(fixture_logged("abandoned: 2"), 1);
	ck_assert_uint_eq(destroyed, 0); /* by the executor */
	rig_settle(rig);
	ck_assert_uint_eq(destroyed, 1);
	ck_assert_uint_eq(rig->puppet->detaches, 0);
	rig->dev = NULL;
	fixture_expect_log("1 devices use it");
	ck_assert_int_eq(vmmio_memory_destroy(rig->memory), -EBUSY);
	ck_assert_int_eq(vmmio_executor_destroy(rig->ex), -EBUSY);
	for (int i = 0; i < 2; i++) {
		ck_assert(!vmmio_queue_access_begin(held[i].queue));
		vmmio_queue_complete_one(held[i].queue, held[i].chain.token, 64);
	}
	vmmio_device_answer(dev, token, 0);
	fixture_expect_log("token that is not out");
	vmmio_queue_complete_one(held[0].queue, held[0].chain.token, 64);
	vmmio_device_answer(dev, token, 0);
	ck_assert_uint_eq(dev->given_up, 0);
	ck_assert_uint_eq(destroyed, 1);
	vmmio_memory_unuse(dev->memory, &dev->memory_user); /* what nobody else may do */
	vmmio_executor_unref(dev->ex);
	vmmio_device_free(dev);
	rig_free(rig);
}
END_TEST

/* --- Threads --------------------------------------------------------------------------------------- */

static void *write_zero(void *arg)
{
	struct rig *rig = arg;

	ck_assert_int_eq(rig_write(rig, VMMIO_REG_STATUS, 0), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	return NULL;
}

START_TEST(a_blocked_vcpu_returns)
{
	struct rig_options o = {.version = 2, .packed = _i & 1, .pool = _i & 2, .puppet = &polite};
	struct rig *rig = rig_create(&o);
	pthread_t vcpu;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	ck_assert_int_eq(pthread_create(&vcpu, NULL, write_zero, rig), 0);
	WAIT_UNTIL(rig->puppet->quiesces);
	ck_assert_int_eq(fence(rig), 0);
	pthread_join(vcpu, NULL);
	check_zero(rig);
	come_back(rig);
}
END_TEST

static void block_on(void *ctx)
{
	while (sem_wait(ctx))
		;
}

/* Fenced while quiesce is running on the pool. */
START_TEST(a_running_hook_is_waited_for)
{
	sem_t sem;
	struct puppet puppet = polite;
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i), .pool = true,
		.puppet = &puppet};
	struct rig_waiter w = RIG_WAITER;
	struct rig *rig;

	sem_init(&sem, 0, 0);
	puppet.in_quiesce = block_on;
	puppet.ctx = &sem;
	rig = rig_create(&o);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	WAIT_UNTIL(rig->puppet->quiesces);
	ck_assert_int_eq(fence(rig), 0);
	check_told(&w, 0, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	sem_post(&sem);
	ck_assert_int_eq(rig_wait(rig, &w, VMMIO_PENDING), 0);
	check_zero(rig);
	ck_assert_uint_eq(rig->puppet->finishes, 0);
	come_back(rig);
	sem_destroy(&sem);
}
END_TEST

/* A thread that stands still at a point, once. */
static struct stop {
	struct rig *rig;
	enum vmmio_sync_point point;
	_Atomic bool armed;
	sem_t there, go_on;
} stop;

static void at_point(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	if (dev != stop.rig->dev || point != stop.point || !atomic_exchange(&stop.armed, false))
		return;
	sem_post(&stop.there);
	block_on(&stop.go_on);
}

static void *complete_one(void *arg)
{
	ck_assert(rig_complete(arg, 0, 64));
	return NULL;
}

static void *kick(void *arg)
{
	rig_add(arg, 0, NULL);
	return NULL;
}

/* A completion, or a pop, that is under way. */
static void run_stopped(struct rig *rig, enum vmmio_sync_point point, void *(*thread)(void *))
{
	struct rig_waiter w = RIG_WAITER;
	pthread_t id;

	stop.rig = rig;
	stop.point = point;
	sem_init(&stop.there, 0, 0);
	sem_init(&stop.go_on, 0, 0);
	atomic_store(&stop.armed, true);
	vmmio_sync_hook = at_point;
	ck_assert_int_eq(pthread_create(&id, NULL, thread, rig), 0);
	block_on(&stop.there);
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_int_eq(fence(rig), 0);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	sem_post(&stop.go_on);
	pthread_join(id, NULL);
	rig_settle(rig);
	check_told(&w, 1, 0);
	check_zero(rig);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	vmmio_sync_hook = NULL;
	come_back(rig);
	sem_destroy(&stop.there);
	sem_destroy(&stop.go_on);
}

START_TEST(a_completion_under_way_is_waited_for)
{
	static const enum vmmio_sync_point points[] = {
		VMMIO_SYNC_COMPLETE_PUBLISHED, VMMIO_SYNC_COMPLETE_RAISED};

	for (int i = 0; i < 2; i++) {
		struct rig *rig = live(_i, &polite);

		rig_add(rig, 0, NULL);
		rig_add(rig, 0, NULL);
		run_stopped(rig, points[i], complete_one);
	}
}
END_TEST

START_TEST(a_pop_under_way_is_waited_for)
{
	static const enum vmmio_sync_point points[] = {
		VMMIO_SYNC_POP_ENTERED, VMMIO_SYNC_POP_TAKEN};

	for (int i = 0; i < 2; i++)
		run_stopped(live(_i, &polite), points[i], kick);
}
END_TEST

/* Late answers that race the fence itself: each chain is counted once, one way or the other. */
#define CHAINS 7

static void *complete_all(void *arg)
{
	rig_complete_all(arg);
	return NULL;
}

START_TEST(answers_race_the_fence)
{
	for (int round = 0; round < 20; round++) {
		struct rig_options o = {.version = 3, .packed = _i, .pool = true, .puppet = &polite};
		struct rig *rig = rig_create(&o);
		struct rig_waiter w = RIG_WAITER;
		struct vmmio_device_counters c;
		pthread_t thread;
		int fenced;

		rig_up(rig);
		for (int i = 0; i < CHAINS; i++)
			rig_add(rig, 0, NULL);
		WAIT_UNTIL(rig_held(rig) == CHAINS);
		ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
		WAIT_UNTIL(rig->puppet->quiesces);
		ck_assert_int_eq(pthread_create(&thread, NULL, complete_all, rig), 0);
		fixture_expect_log("no reset is under way");
		fenced = fence(rig);
		ck_assert(fenced == 0 || fenced == -EINVAL);
		ck_assert_int_eq(rig_wait(rig, &w, VMMIO_PENDING), 0);
		pthread_join(thread, NULL);
		c = rig_counters(rig);
		ck_assert_uint_eq(c.dropped, CHAINS);
		ck_assert_uint_eq(c.wrong_tokens, 0);
		ck_assert_uint_eq(c.leases, 0);
		ck_assert_uint_eq(rig->dev->given_up, 0);
		rig_free(rig);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fence");
	TCase *does = fixture_tcase(suite, "what it does");
	TCase *waits = fixture_tcase(suite, "what it waits for");
	TCase *refused = fixture_tcase(suite, "refused");
	TCase *destroy = fixture_tcase(suite, "destroy and abandon");
	TCase *threads = fixture_tcase(suite, "threads");

	tcase_add_loop_test(does, fence_ends_the_reset, 0, RIG_VARIANTS);
	tcase_add_loop_test(does, features_are_refused_from_then_on, 0, RIG_VARIANTS);
	tcase_add_loop_test(does, late_answers_change_nothing, 0, RIG_VARIANTS);
	tcase_add_loop_test(waits, quiesce_is_called_before, 0, RIG_VARIANTS);
	tcase_add_loop_test(waits, quiesce_counts_as_answered, 0, RIG_VARIANTS);
	tcase_add_loop_test(waits, an_access_is_waited_for, 0, RIG_VARIANTS);
	tcase_add_loop_test(waits, fence_inside_a_hook, 0, RIG_VARIANTS);
	tcase_add_loop_test(waits, fence_while_paused, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, a_healthy_device_is_not_fenced, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, abandon_is_refused, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, abandon_waits_for_the_fence, 0, RIG_VARIANTS);
	tcase_add_loop_test(refused, abandon_of_nothing, 0, RIG_VARIANTS);
	tcase_add_loop_test(destroy, destroy_waits_for_late_answers, 0, RIG_VARIANTS);
	tcase_add_loop_test(destroy, destroy_waits_for_the_answer_of_quiesce, 0, RIG_VARIANTS);
	tcase_add_loop_test(destroy, an_abandoned_device_stays, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, a_blocked_vcpu_returns, 0, 4);
	tcase_add_loop_test(threads, a_running_hook_is_waited_for, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, a_completion_under_way_is_waited_for, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, a_pop_under_way_is_waited_for, 0, RIG_VARIANTS);
	tcase_add_loop_test(threads, answers_race_the_fence, 0, 2);
	return fixture_main(suite);
}
