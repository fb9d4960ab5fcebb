/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices on a thread pool: many that reset together, one of them stuck in its hook or in
 * its I/O, several vCPUs that wait for one version 2 reset.
 */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <unistd.h>

#include "support/rig.h"

#define MANY 64

/* With a patience that no correct device needs. */
#define WAIT_UNTIL(condition)                                                                      \
	for (unsigned tries_ = 0; !(condition); tries_++) {                                        \
		ck_assert_uint_lt(tries_, RIG_PATIENCE);                                           \
		usleep(20);                                                                        \
	}

static struct vmmio_executor *make_pool(unsigned max_threads)
{
	struct vmmio_pool_options o = {.size = sizeof(o), .max_threads = max_threads};
	struct vmmio_executor *pool;

	o.log = fixture_log();
	ck_assert_int_eq(vmmio_pool_create(&o, &pool), 0);
	return pool;
}

static void block_on(void *ctx)
{
	while (sem_wait(ctx) && errno == EINTR)
		;
}

/* Brings up many devices on one pool, one chain out each. */
static void many_up(struct rig **rigs, struct vmmio_executor *pool, uint32_t version,
	const struct puppet *puppet, const struct puppet *first)
{
	for (int i = 0; i < MANY; i++) {
		struct rig_options o = {.version = version, .packed = i & 1, .pool = true, .ex = pool,
			.puppet = i ? puppet : first};

		rigs[i] = rig_create(&o);
		rig_up(rigs[i]);
		rig_add(rigs[i], 0, NULL);
		WAIT_UNTIL(rig_held(rigs[i]));
	}
}

/* F1: all reach zero, the backend was asked once each. */
START_TEST(many_reset_together)
{
	const struct puppet puppet = {.cancel = true};
	struct vmmio_executor *pool = make_pool(_i ? 2 : 16);
	struct rig *rigs[MANY];

	many_up(rigs, pool, 3, &puppet, &puppet);
	for (int i = 0; i < MANY; i++)
		rig_write(rigs[i], VMMIO_REG_STATUS, 0);
	for (int i = 0; i < MANY; i++) {
		rig_wait_zero(rigs[i]);
		ck_assert_uint_eq(rigs[i]->puppet->quiesces, 1);
		ck_assert_uint_eq(rig_counters(rigs[i]).leases, 0);
	}
	for (int i = 0; i < MANY; i++)
		rig_free(rigs[i]);
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
}
END_TEST

/* F2, I10: device 0 hangs inside its quiesce hook, the other 63 do not notice. */
START_TEST(one_hook_blocks)
{
	sem_t sem;
	const struct puppet puppet = {.cancel = true};
	const struct puppet stuck = {.cancel = true, .in_quiesce = block_on, .ctx = &sem};
	struct vmmio_executor *pool = make_pool(4);
	struct rig *rigs[MANY];

	sem_init(&sem, 0, 0);
	many_up(rigs, pool, 3, &puppet, &stuck);
	for (int i = 0; i < MANY; i++)
		rig_write(rigs[i], VMMIO_REG_STATUS, 0);
	for (int i = 1; i < MANY; i++)
		rig_wait_zero(rigs[i]);
	ck_assert_uint_eq(rig_read(rigs[0], VMMIO_REG_STATUS), 15);
	/* A second zero write joins, and the vCPU is not held. */
	ck_assert_int_eq(rig_write(rigs[0], VMMIO_REG_STATUS, 0), 0);
	sem_post(&sem);
	rig_wait_zero(rigs[0]);
	ck_assert_uint_eq(rigs[0]->puppet->quiesces, 1);
	for (int i = 0; i < MANY; i++)
		rig_free(rigs[i]);
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
	sem_destroy(&sem);
}
END_TEST

/* The same with I/O that does not come back. */
START_TEST(one_request_hangs)
{
	const struct puppet puppet = {.cancel = true}, stuck = {.cancel = false};
	struct vmmio_executor *pool = make_pool(2);
	struct rig *rigs[MANY];

	many_up(rigs, pool, 3, &puppet, &stuck);
	for (int i = 0; i < MANY; i++)
		rig_write(rigs[i], VMMIO_REG_STATUS, 0);
	for (int i = 1; i < MANY; i++)
		rig_wait_zero(rigs[i]);
	ck_assert_uint_eq(rig_read(rigs[0], VMMIO_REG_STATUS), 15);
	rig_complete_all(rigs[0]);
	rig_wait_zero(rigs[0]);
	for (int i = 0; i < MANY; i++)
		rig_free(rigs[i]);
	ck_assert_int_eq(vmmio_executor_destroy(pool), 0);
}
END_TEST

static void *write_zero(void *arg)
{
	struct rig *rig = arg;

	rig_write(rig, VMMIO_REG_STATUS, 0);
	/* Version 2: over when the write returns, whoever wrote first. */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_counters(rig).leases, 0);
	return NULL;
}

START_TEST(several_vcpus_wait_for_one_reset)
{
	struct rig_options o = {.version = 2, .packed = _i, .pool = true};
	struct rig *rig = rig_create(&o);
	uint64_t resets;
	pthread_t vcpu[4];

	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	resets = rig_counters(rig).resets;
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&vcpu[i], NULL, write_zero, rig), 0);
	WAIT_UNTIL(rig->puppet->quiesces);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 15);
	rig_complete_all(rig);
	for (int i = 0; i < 4; i++)
		pthread_join(vcpu[i], NULL);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_ge(rig_counters(rig).resets, resets + 1);
	rig_free(rig);
}
END_TEST

/* E14, F48: version 2 and a hung backend: the write blocks, another thread reports it. */
START_TEST(stuck_version_2_reset_is_reported)
{
	struct rig_options o = {.version = 2, .packed = _i, .pool = true, .reset_deadline = 1000000};
	struct rig *rig = rig_create(&o);
	pthread_t vcpu;

	fixture_expect_log("not over after");
	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	ck_assert_int_eq(pthread_create(&vcpu, NULL, write_zero, rig), 0);
	WAIT_UNTIL(atomic_load(&rig->stuck));
	ck_assert_uint_eq(rig->report.leases, 1);
	rig_complete_all(rig);
	pthread_join(vcpu, NULL);
	ck_assert_uint_eq(atomic_load(&rig->stuck), 1);
	rig_free(rig);
}
END_TEST

/* E37: events on one thread, ACKs on two others. No event may be lost, and the line ends as
 * the word says. Each event is seen: the raiser waits for its bit to be acknowledged. */
#define EVENTS 3000

struct ack_race {
	struct rig *rig;
	atomic_bool stop;
};

static void *acknowledge(void *arg)
{
	struct ack_race *race = arg;

	while (!atomic_load(&race->stop)) {
		uint32_t events = rig_read(race->rig, VMMIO_REG_INTERRUPT_STATUS);

		if (events)
			rig_write(race->rig, VMMIO_REG_INTERRUPT_ACK, events);
		else
			sched_yield();
	}
	return NULL;
}

/* A sink that takes its time, so that the others get in between. */
static void slow_line(void *ctx, bool high)
{
	(void)ctx;
	(void)high;
	sched_yield();
}

START_TEST(no_event_is_lost_between_ack_and_raise)
{
	struct rig_options o = {.version = 3, .packed = _i, .pool = true};
	struct rig *rig = rig_create(&o);
	struct ack_race race = {.rig = rig};
	pthread_t thread[2];

	rig_up(rig);
	WAIT_UNTIL(rig->puppet->starts);
	rig->on_line = slow_line;
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, acknowledge, &race), 0);
	for (unsigned n = 1; n <= EVENTS; n++) {
		uint16_t value = (uint16_t)n;

		ck_assert_int_eq(vmmio_device_config_change(rig->dev, 0, &value, sizeof(value)), 0);
		for (unsigned tries = 0; rig_read(rig, VMMIO_REG_INTERRUPT_STATUS); tries++) {
			ck_assert_msg(tries < 10 * RIG_PATIENCE, "event %u is not acknowledged", n);
			sched_yield();
		}
		WAIT_UNTIL(!atomic_load(&rig->line));
	}
	atomic_store(&race.stop, true);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	/* Fewer than events: an ACK may be faster than the sink. */
	ck_assert_uint_gt(rig_counters(rig).interrupts, 0);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	rig_complete_all(rig);
	WAIT_UNTIL(atomic_load(&rig->line));
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device_pool");
	TCase *pool = fixture_tcase(suite, "pool");

	tcase_add_loop_test(pool, many_reset_together, 0, 2);
	tcase_add_test(pool, one_hook_blocks);
	tcase_add_test(pool, one_request_hangs);
	tcase_add_loop_test(pool, several_vcpus_wait_for_one_reset, 0, 2);
	tcase_add_loop_test(pool, stuck_version_2_reset_is_reported, 0, 2);
	tcase_add_loop_test(pool, no_event_is_lost_between_ack_and_raise, 0, 2);
	return fixture_main(suite);
}
