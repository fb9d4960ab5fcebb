/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's own reset: step by step on the manual executor over {version 2, 3} x {split,
 * packed}, alone and on top of whatever may be under way; with threads on the pool.
 */
#include "host_rig.h"

/* --- Host reset --------------------------------------------------------------------------- */

START_TEST(host_reset_waits_for_every_chain)
{
	const struct puppet puppet = {.dma = true};
	struct rig *rig = bench(_i, &puppet);
	struct rig_waiter w = RIG_WAITER;
	struct vmmio_queue *queue;
	unsigned edges, notifies;
	uint64_t token, sum;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	queue = rig->puppet->held[0].queue;
	token = rig->puppet->held[0].chain.token;
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	for (unsigned left = 3; left; left--) {
		rig_settle(rig);
		check_told(&w, 0, 0);
		ck_assert_uint_eq(rig_counters(rig).leases, left);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
		ck_assert(rig_complete(rig, left / 2, 64));
	}
	rig_settle(rig);
	check_told(&w, 1, 0);
	check_zero(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig->puppet->finishes, 1);
	ck_assert_uint_eq(rig_counters(rig).dropped, 3);
	/* After the report nothing of the old life touches memory, registers or the line. */
	sum = rig_ram_sum(rig);
	edges = atomic_load(&rig->edges);
	notifies = rig->puppet->notifies;
	fixture_expect_log("token that is not out");
	vmmio_queue_complete_one(queue, token, 64);
	vmmio_queue_kick(queue);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_ram_sum(rig), sum);
	ck_assert_uint_eq(atomic_load(&rig->edges), edges);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	check_zero(rig);
	check_told(&w, 1, 0);
	next_life(rig);
}
END_TEST

START_TEST(host_reset_with_nothing_to_wait_for)
{
	const struct puppet puppet = {.cancel = true};
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i),
		.prompt = true, .puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w = RIG_WAITER;
	uint64_t resets = rig_counters(rig).resets;

	ck_assert_int_eq(host_reset(rig, &w), 0); /* at Status 0 */
	ck_assert_uint_eq(rig_counters(rig).resets, resets + 1);
	rig_write(rig, VMMIO_REG_STATUS, ACK | DRIVER);
	ck_assert_int_eq(host_reset(rig, &w), 0);
	check_zero(rig);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(host_reset(rig, &w), 0); /* a prompt backend that cancels */
	check_zero(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	check_back(&w);
	rig_settle(rig);
	check_told(&w, 0, 0);
	next_life(rig);
}
END_TEST

/* Whoever comes second joins: one reset, one quiesce, everybody told once. */
START_TEST(host_and_register_reset_join)
{
	for (int host_first = 0; host_first < 2; host_first++) {
		struct rig *rig = bench(_i, NULL);
		struct rig_waiter host = RIG_WAITER, guest = RIG_WAITER, more = RIG_WAITER;
		int v2 = rig->o.version == 2;
		uint64_t resets;

		rig_up(rig);
		resets = rig_counters(rig).resets;
		rig_add(rig, 0, NULL);
		if (host_first)
			ck_assert_int_eq(host_reset(rig, &host), VMMIO_PENDING);
		ck_assert_int_eq(pend_zero(rig, &guest), v2 ? VMMIO_PENDING : 0);
		rig_settle(rig);
		if (!host_first)
			ck_assert_int_eq(host_reset(rig, &host), VMMIO_PENDING);
		ck_assert_int_eq(host_reset(rig, &more), VMMIO_PENDING);
		rig_settle(rig);
		check_told(&host, 0, 0);
		rig_complete_all(rig);
		rig_settle(rig);
		check_told(&host, 1, 0);
		check_told(&more, 1, 0);
		check_told(&guest, v2, 0);
		ck_assert_uint_eq(rig->puppet->quiesces, 1);
		ck_assert_uint_eq(rig_counters(rig).resets, resets + 1);
		check_zero(rig);
		next_life(rig);
	}
}
END_TEST

/* A queue reset and a queue disable that are under way are absorbed, and told. */
START_TEST(host_reset_absorbs_queue_resets)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter stop = RIG_WAITER, host = RIG_WAITER;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	ck_assert_int_eq(pend_disable(rig, &stop, 1), VMMIO_PENDING);
	if (_i & 1)
		rig_settle(rig);
	ck_assert_int_eq(host_reset(rig, &host), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 1);
	check_told(&stop, 0, 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&stop, 1, 0);
	check_told(&host, 1, 0);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 0);
	check_zero(rig);
	next_life(rig);
}
END_TEST

START_TEST(host_reset_voids_a_pending_start)
{
	const struct puppet puppet = {.start_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);
	struct rig_waiter w = RIG_WAITER;
	uint64_t token;

	rig_up(rig);
	token = rig->puppet->start_token;
	ck_assert_int_eq(rig_wait(rig, &w, host_reset(rig, &w)), 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	check_zero(rig);
	vmmio_device_answer(rig->dev, token, 0);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	rig->puppet->start_answer = 0;
	next_life(rig);
}
END_TEST

/* DRIVER_OK is written, start is not called yet: it never is. */
START_TEST(host_reset_before_start)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter w = RIG_WAITER;

	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	ck_assert_int_eq(rig_wait(rig, &w, host_reset(rig, &w)), 0);
	ck_assert_uint_eq(rig->puppet->starts, 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 0);
	check_zero(rig);
	next_life(rig);
}
END_TEST

START_TEST(host_reset_waits_for_a_pending_quiesce)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = VMMIO_PENDING};
	struct rig *rig = bench(_i, &puppet);
	struct rig_waiter w = RIG_WAITER, guest = RIG_WAITER;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	ck_assert_int_ge(pend_zero(rig, &guest), 0);
	rig_settle(rig);
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	check_told(&w, 0, 0);
	ck_assert_uint_eq(rig->puppet->quiesces, 1); /* not asked again */
	vmmio_device_answer(rig->dev, rig->puppet->quiesce_token, 0);
	rig_settle(rig);
	check_told(&w, 1, 0);
	check_zero(rig);
	rig->puppet->quiesce_answer = 0;
	next_life(rig);
}
END_TEST

START_TEST(host_reset_asks_a_failed_quiesce_again)
{
	const struct puppet puppet = {.cancel = true, .quiesce_answer = -EIO};
	struct rig *rig = bench(_i, &puppet);
	struct rig_waiter first = RIG_WAITER, second = RIG_WAITER;

	rig_up(rig);
	fixture_expect_log("quiesce failed");
	ck_assert_int_eq(host_reset(rig, &first), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	rig->puppet->quiesce_answer = 0;
	ck_assert_int_eq(host_reset(rig, &second), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 2);
	check_told(&first, 1, 0);
	check_told(&second, 1, 0);
	check_zero(rig);
	next_life(rig);
}
END_TEST

/* The same as during a reset that the guest has asked for (E02, E03, E05). */
START_TEST(what_a_vcpu_sees_meanwhile)
{
	struct rig *rig = bench(_i, NULL);
	struct rig_waiter w = RIG_WAITER;
	unsigned notifies;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 1));
	ck_assert(atomic_load(&rig->line));
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	ck_assert(!atomic_load(&rig->line));
	notifies = rig->puppet->notifies;
	rig_write(rig, VMMIO_REG_STATUS, ACK);
	rig_write(rig, VMMIO_REG_STATUS, LIVE | VMMIO_STATUS_FAILED);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_write(rig, VMMIO_REG_CONFIG, 5);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_CONFIG), 0);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	ck_assert_uint_eq(rig->puppet->config_writes, 0);
	ck_assert(rig_counters(rig).resetting);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&w, 1, 0);
	check_zero(rig);
	next_life(rig);
}
END_TEST

/* A host reset that does not end is reported like any other. */
START_TEST(stuck_host_reset_is_reported)
{
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i),
		.reset_deadline = 1000};
	struct rig *rig = rig_create(&o);
	struct rig_waiter w = RIG_WAITER;

	rig_up(rig);
	rig_add(rig, 0, NULL);
	vmmio_manual_advance(rig->ex, 5000);
	ck_assert_int_eq(host_reset(rig, &w), VMMIO_PENDING);
	rig_settle(rig);
	vmmio_manual_advance(rig->ex, 999);
	ck_assert_uint_eq(rig->stuck, 0);
	fixture_expect_log("not over after 1 us: 1 chain(s)");
	vmmio_manual_advance(rig->ex, 1);
	ck_assert_uint_eq(rig->stuck, 1);
	ck_assert_uint_eq(rig->report.age, 1000);
	check_told(&w, 0, 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_told(&w, 1, 0);
	next_life(rig);
}
END_TEST

/* --- On the pool ---------------------------------------------------------------------------- */

#define ROUNDS 40

struct crowd {
	struct rig *rig;
	bool host;
	_Atomic unsigned *served; /* held chains are given back by this one */
};

static void *reset_often(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct rig_waiter w = RIG_WAITER;
		int answer = c->host ? host_reset(c->rig, &w) : pend_zero(c->rig, &w);

		ck_assert_int_ge(answer, 0);
		ck_assert_int_eq(rig_wait(c->rig, &w, answer), 0);
	}
	return NULL;
}

/* Hosts and vCPUs that reset at the same time, while a driver comes up again and again. */
START_TEST(resets_from_all_sides)
{
	const struct puppet puppet = {.late = true};
	struct rig_options o = {.version = rig_version(_i), .packed = rig_packed(_i), .pool = true,
		.puppet = &puppet};
	struct rig *rig = rig_create(&o);
	struct crowd crowd[4];
	pthread_t thread[4];

	for (unsigned i = 0; i < 4; i++) {
		crowd[i] = (struct crowd){.rig = rig, .host = i & 1};
		ck_assert_int_eq(pthread_create(&thread[i], NULL, reset_often, &crowd[i]), 0);
	}
	for (int i = 0; i < ROUNDS; i++) {
		rig_write(rig, VMMIO_REG_STATUS, ACK | DRIVER);
		rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
		rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 1);
		rig_write(rig, VMMIO_REG_STATUS, LIVE & ~VMMIO_STATUS_DRIVER_OK);
		rig_write(rig, VMMIO_REG_STATUS, LIVE);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	rig_reset(rig);
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host");
	TCase *host = fixture_tcase(suite, "host reset");
	TCase *pool = fixture_tcase(suite, "pool");

	tcase_add_loop_test(host, host_reset_waits_for_every_chain, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, host_reset_with_nothing_to_wait_for, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, host_and_register_reset_join, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, host_reset_absorbs_queue_resets, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, host_reset_voids_a_pending_start, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, host_reset_before_start, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, host_reset_waits_for_a_pending_quiesce, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, host_reset_asks_a_failed_quiesce_again, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, what_a_vcpu_sees_meanwhile, 0, RIG_VARIANTS);
	tcase_add_loop_test(host, stuck_host_reset_is_reported, 0, RIG_VARIANTS);
	tcase_add_loop_test(pool, resets_from_all_sides, 0, RIG_VARIANTS);
	return fixture_main(suite);
}
