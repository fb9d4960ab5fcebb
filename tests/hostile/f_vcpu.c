/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads of the embedder's: an interrupt that they cannot deliver: F-45; vCPUs that wait for a
 * reset, and are cancelled meanwhile: F-47 and F-48.
 */
#include <fcntl.h>
#include <semaphore.h>

#include "hostile/f_rig.h"

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
	WAIT_UNTIL(atomic_load(&v.returned));
	ck_assert_int_eq(pthread_join(v.thread, NULL), 0);
	check_returned(&v);
	ck_assert_uint_eq(rig_held(rig), 1);
	rig_free(rig); /* what comes back late is ignored */
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_45", f45_pulse_is_lost, 2 * RIG_VARIANTS},
		{"f_47", f47_vcpu_is_cancelled, 2},
		{"f_47", f47_kick_is_cancelled, 2 * RIG_VARIANTS},
		{"f_48", f48_fence_ends_a_version_2_write, 2},
		{NULL, NULL, 0},
	};

	return f_main("f_vcpu", rows);
}
