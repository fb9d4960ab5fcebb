/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many devices on a pool of few threads, one of them hung: F-1 to F-3; the ends of devices
 * and executors: F-26 and F-27; vCPUs that wait, or are cancelled: F-47 and F-48; and an
 * interrupt that cannot be delivered: F-45.
 */
#include <fcntl.h>
#include <semaphore.h>

#include "hostile/f_rig.h"

#define MANY 64

struct member {
	struct rig *rig;
	unsigned number;
	sem_t *hold; /* its quiesce waits for it */
	int pipe;    /* or reads this; 0: neither */
};

static struct member members[MANY];
static atomic_uint order[MANY], quiesced;

static void in_quiesce(void *ctx)
{
	struct member *m = ctx;
	char byte;

	atomic_store(&order[atomic_fetch_add(&quiesced, 1)], m->number);
	while (m->hold && sem_wait(m->hold) && errno == EINTR)
		;
	if (m->pipe)
		ck_assert_int_eq(read(m->pipe, &byte, 1), 1);
}

static void many_up(struct vmmio_executor *pool)
{
	const struct puppet puppet = {.cancel = true, .in_quiesce = in_quiesce};

	for (unsigned i = 0; i < MANY; i++) {
		struct rig_options o = {
			.version = 3, .packed = i & 1, .pool = true, .ex = pool, .puppet = &puppet};

		members[i] = (struct member){.rig = rig_create(&o), .number = i};
		members[i].rig->puppet->ctx = &members[i];
		rig_up(members[i].rig);
		rig_add(members[i].rig, 0, NULL);
		WAIT_UNTIL(rig_held(members[i].rig));
	}
}

static void many_write_zero(void)
{
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(rig_write(members[i].rig, VMMIO_REG_STATUS, 0), 0);
}

static void many_free(struct vmmio_executor *pool)
{
	for (unsigned i = 0; i < MANY; i++) {
		ck_assert_uint_eq(members[i].rig->puppet->quiesces, 1);
		ck_assert_uint_eq(rig_counters(members[i].rig).leases, 0);
		rig_free(members[i].rig);
	}
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
}

/* The first hook waits until all have written: so no write waits for a hook. Then each has its
 * turn. In which order they say so is not judged: a thread can be kept before it does. */
START_TEST(f1_many_reset_together)
{
	struct vmmio_executor *pool = f_pool(2);
	unsigned turns[MANY] = {0};
	sem_t hold;

	sem_init(&hold, 0, 0);
	many_up(pool);
	members[0].hold = &hold;
	many_write_zero();
	ck_assert_uint_le(atomic_load(&quiesced), 1);
	sem_post(&hold);
	for (unsigned i = 0; i < MANY; i++)
		rig_wait_zero(members[i].rig);
	for (unsigned i = 0; i < MANY; i++)
		turns[atomic_load(&order[i])]++;
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_uint_eq(turns[i], 1);
	many_free(pool);
	sem_destroy(&hold);
}
END_TEST

START_TEST(f2_one_hangs_in_its_hook)
{
	struct vmmio_executor *pool = f_pool(3);
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	many_up(pool);
	members[0].pipe = fds[0];
	many_write_zero();
	for (unsigned i = 1; i < MANY; i++)
		rig_wait_zero(members[i].rig);
	ck_assert_uint_eq(rig_read(members[0].rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_int_eq(write(fds[1], "", 1), 1);
	rig_wait_zero(members[0].rig);
	many_free(pool);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* A queue of tasks cannot be full: tasks are parts of their devices. */
START_TEST(f3_busy_pool_takes_resets)
{
	struct vmmio_executor *pool = f_pool(2);
	sem_t hold;

	sem_init(&hold, 0, 0);
	many_up(pool);
	members[0].hold = &hold;
	fixture_fail_alloc(1, true);
	many_write_zero();
	for (unsigned i = 1; i < MANY; i++)
		ck_assert_uint_eq(rig_read(members[i].rig, VMMIO_REG_STATUS), LIVE);
	fixture_expect_log("busy");
	ck_assert_int_eq(vmmio_executor_destroy(pool), -EBUSY);
	sem_post(&hold);
	for (unsigned i = 0; i < MANY; i++)
		rig_wait_zero(members[i].rig);
	fixture_fail_alloc(0, false);
	many_free(pool);
	sem_destroy(&hold);
}
END_TEST

/* --- F-26, F-27: ends --------------------------------------------------------------------- */

static void count(void *ctx)
{
	atomic_fetch_add((_Atomic unsigned *)ctx, 1);
}

START_TEST(f26_destroy_while_resetting)
{
	struct rig *rig = f_resetting(_i);
	_Atomic unsigned released = 0;

	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &released), 0);
	fixture_expect_log("destroyed twice");
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, count, &released), -EALREADY);
	rig_settle(rig);
	ck_assert(rig_complete(rig, 0, 64));
	rig_settle(rig);
	ck_assert_uint_eq(released, 0);
	ck_assert_uint_eq(rig->puppet->detaches, 0);
	ck_assert(rig_complete(rig, 0, 64)); /* the last one */
	rig_settle(rig);
	ck_assert_uint_eq(released, 1);
	ck_assert_uint_eq(rig->puppet->detaches, 1);
	vmmio_manual_advance(rig->ex, UINT64_C(1) << 40);
	rig_settle(rig);
	ck_assert_uint_eq(released, 1);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

struct ender {
	struct vmmio_task task;
	struct vmmio_executor *pool;
	struct rig *rig;
	int executor, device;
	sem_t done;
};

static void end_both(struct vmmio_task *task)
{
	struct ender *e = (struct ender *)task;

	e->executor = vmmio_executor_destroy(e->pool);
	e->device = vmmio_device_destroy(e->rig->dev, count, &e->rig->destroyed);
	sem_post(&e->done);
}

static void end_on_line(void *ctx, bool high)
{
	if (high)
		end_both(ctx);
}

static void complete_one(struct vmmio_task *task)
{
	ck_assert(rig_complete(((struct ender *)task)->rig, 0, 64));
}

/* From a thread of the pool, _i & 2: from inside the sink under a completion there. */
START_TEST(f27_ends_from_within)
{
	const struct puppet puppet = {.cancel = true};
	struct vmmio_executor *pool = f_pool(2);
	struct rig_options o = {
		.version = rig_version(_i), .pool = true, .ex = pool, .puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct ender e = {.task.run = end_both, .pool = pool, .rig = rig};

	sem_init(&e.done, 0, 0);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	fixture_expect_log("another thread");
	if (_i & 2) {
		rig->on_line_ctx = &e;
		rig->on_line = end_on_line;
		e.task.run = complete_one;
	}
	vmmio_executor_submit(pool, &e.task);
	while (sem_wait(&e.done))
		;
	ck_assert_int_eq(e.executor, -EDEADLK);
	ck_assert_int_eq(e.device, 0);
	WAIT_UNTIL(atomic_load(&rig->destroyed));
	rig->dev = NULL;
	rig_free(rig);
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
	sem_destroy(&e.done);
}
END_TEST

/* --- F-45: the interrupt cannot be delivered ------------------------------------------------ */

/* _i & 4: every write to the eventfd fails, instead of finding it full. */
START_TEST(f45_pulse_is_lost)
{
	struct rig_options o = {
		.version = rig_version(_i), .packed = rig_packed(_i), .eventfd = true};
	struct rig *rig = rig_create(&o);
	const uint64_t full = UINT64_MAX - 1;
	uint64_t drained;

	rig_up(rig);
	if (_i & 4) {
		int fd = open("/dev/full", O_RDWR | O_CLOEXEC);

		ck_assert_int_eq(dup3(fd, rig->eventfd, O_CLOEXEC), rig->eventfd);
		close(fd);
	} else {
		ck_assert_int_eq(write(rig->eventfd, &full, sizeof(full)), sizeof(full));
	}
	fixture_expect_log("cannot be written");
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 64)); /* returns */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_USED_BUFFER);
	ck_assert_uint_eq(rig_counters(rig).lost_pulses, 1);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	if (!(_i & 4)) { /* and the next one comes */
		ck_assert_int_eq(read(rig->eventfd, &drained, sizeof(drained)), sizeof(drained));
		rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
		rig_check_io(rig);
		ck_assert_int_eq(read(rig->eventfd, &drained, sizeof(drained)), sizeof(drained));
	}
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

/* --- F-47, F-48: who waits for a version 2 reset --------------------------------------------- */

struct v2_vcpu {
	struct rig *rig;
	_Atomic bool returned;
	int result;
	uint32_t status;
	pthread_t thread;
};

static void *write_zero(void *arg)
{
	struct v2_vcpu *v = arg;

	/* A check would be a point where it can be cancelled. */
	v->result = rig_write(v->rig, VMMIO_REG_STATUS, 0);
	v->status = rig_read(v->rig, VMMIO_REG_STATUS);
	atomic_store(&v->returned, true);
	pthread_testcancel();
	return NULL;
}

static struct rig *v2_waits(struct v2_vcpu *v, bool packed)
{
	struct rig_options o = {
		.version = 2, .packed = packed, .pool = true, .reset_deadline = 1000000};
	struct rig *rig = rig_create(&o);

	fixture_expect_log("not over after");
	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	*v = (struct v2_vcpu){.rig = rig};
	ck_assert_int_eq(pthread_create(&v->thread, NULL, write_zero, v), 0);
	WAIT_UNTIL(atomic_load(&rig->stuck)); /* reported from another thread */
	ck_assert(!atomic_load(&v->returned));
	return rig;
}

static void check_returned(const struct v2_vcpu *v)
{
	ck_assert(atomic_load(&v->returned));
	ck_assert_int_eq(v->result, 0);
	ck_assert_uint_eq(v->status, 0);
}

static void works(struct rig *rig)
{
	rig_up(rig);
	rig_add(rig, 1, NULL);
	WAIT_UNTIL(rig_held(rig));
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 1), 1);
}

START_TEST(f47_vcpu_is_cancelled)
{
	struct v2_vcpu v;
	struct rig *rig = v2_waits(&v, _i);
	void *result;

	ck_assert_int_eq(pthread_cancel(v.thread), 0);
	for (int i = 0; i < 100; i++)
		sched_yield();
	ck_assert(!atomic_load(&v.returned));
	rig_complete_all(rig);
	ck_assert_int_eq(pthread_join(v.thread, &result), 0);
	/* It came out of the write, and ended afterwards. */
	check_returned(&v);
	ck_assert_ptr_eq(result, PTHREAD_CANCELED);
	works(rig);
	rig_free(rig);
}
END_TEST

/* The backend's notify hook has a point where a thread can be cancelled. */
struct kicker {
	struct rig *rig;
	bool by_event;
	sem_t inside, go;
	_Atomic bool left;
};

static void stop_inside(void *ctx)
{
	struct kicker *k = ctx;

	sem_post(&k->inside);
	while (sem_wait(&k->go) && errno == EINTR)
		;
	pthread_testcancel();
	atomic_store(&k->left, true);
}

static void *kick(void *arg)
{
	struct kicker *k = arg;

	if (k->by_event)
		(void)!vmmio_device_queue_event(k->rig->dev, 0);
	else
		rig_write(k->rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	return NULL;
}

START_TEST(f47_kick_is_cancelled)
{
	struct kicker k = {.rig = live(_i & 3, NULL), .by_event = _i & 4};
	struct rig *rig = k.rig;
	pthread_t thread;

	sem_init(&k.inside, 0, 0);
	sem_init(&k.go, 0, 0);
	rig->puppet->in_notify = stop_inside;
	rig->puppet->ctx = &k;
	ck_assert_int_eq(pthread_create(&thread, NULL, kick, &k), 0);
	while (sem_wait(&k.inside))
		;
	ck_assert_int_eq(pthread_cancel(thread), 0);
	sem_post(&k.go);
	pthread_join(thread, NULL);
	rig->puppet->in_notify = NULL;
	ck_assert(atomic_load(&k.left));
	rig_reset(rig);
	check_zero(rig);
	next_life(rig);
}
END_TEST

START_TEST(f48_fence_ends_a_version_2_write)
{
	struct v2_vcpu v;
	struct rig *rig = v2_waits(&v, _i);

	ck_assert_uint_eq(rig->report.leases, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	fixture_expect_log("fence");
	ck_assert_int_eq(vmmio_device_fence(rig->dev), 0);
	ck_assert_int_eq(pthread_join(v.thread, NULL), 0);
	check_returned(&v);
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_free(rig); /* what comes back late is ignored */
}
END_TEST

int main(void)
{
	Suite *s = suite_create("f_pool");

	tcase_add_test(f_case(s, "f_01"), f1_many_reset_together);
	tcase_add_test(f_case(s, "f_02"), f2_one_hangs_in_its_hook);
	tcase_add_test(f_case(s, "f_03"), f3_busy_pool_takes_resets);
	tcase_add_loop_test(f_case(s, "f_26"), f26_destroy_while_resetting, 0, 2);
	tcase_add_loop_test(f_case(s, "f_27"), f27_ends_from_within, 0, 4);
	tcase_add_loop_test(f_case(s, "f_45"), f45_pulse_is_lost, 0, 2 * RIG_VARIANTS);
	tcase_add_loop_test(f_case(s, "f_47"), f47_vcpu_is_cancelled, 0, 2);
	tcase_add_loop_test(f_case(s, "f_47"), f47_kick_is_cancelled, 0, 2 * RIG_VARIANTS);
	tcase_add_loop_test(f_case(s, "f_48"), f48_fence_ends_a_version_2_write, 0, 2);
	return fixture_main(s);
}
