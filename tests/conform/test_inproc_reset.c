/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resets of the inproc target that take their time, whose end is seen at the nanosecond.
 */
#include "inproc_rig.h"

/* Zero to Status; it is over at the time, seen from inside the write or by polling. */
static void expect_reset_at(uint64_t when)
{
	uint64_t resets = activity().resets;

	ck_assert_int_eq(vmmio_driver_reset_begin(r.driver), 0);
	if (r.v3) {
		ck_assert_uint_lt(now(), when);
		pass(when - now() - 1);
		ck_assert_uint_ne(reg(VMMIO_REG_STATUS), 0);
		ck_assert_uint_eq(activity().resets, resets);
		pass(1);
	}
	ck_assert_uint_eq(now(), when);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0);
	ck_assert_int_eq(vmmio_driver_reset_poll(r.driver), 0);
	ck_assert_uint_eq(activity().resets, resets + 1);
	ck_assert_uint_eq(activity().in_flight, 0);
}

START_TEST(resets_at_once)
{
	open_up(_i);
	send(1);
	ck_assert_int_eq(vmmio_driver_reset_begin(r.driver), 0);
	pass(0);
	ck_assert_int_eq(vmmio_driver_reset_poll(r.driver), 0);
	close_rig();
}
END_TEST

START_TEST(resets_wait_for_delayed_io)
{
	uint64_t begin;

	open_up(_i);
	delay_io(3 * MS);
	begin = now();
	send(1);
	pass(MS);
	send(2);
	expect_reset_at(begin + 4 * MS);
	/* What came too late is not seen. */
	ck_assert_int_eq(r.t.ops->line(r.t.ctx), 0);
	ck_assert_uint_eq(((uint8_t *)r.area.host)[1 * AREA], 0xa5);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	delay_io(0);
	send(1);
	ck_assert_uint_eq(take(), 1);
	close_rig();
}
END_TEST

START_TEST(delays_resets)
{
	open_up(_i);
	delay_reset(2 * MS);
	expect_reset_at(now() + 2 * MS);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	delay_io(5 * MS);
	send(1);
	expect_reset_at(now() + 5 * MS);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	delay_io(MS);
	send(1);
	expect_reset_at(now() + 2 * MS);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	delay_reset(0);
	delay_io(0);
	ck_assert_int_eq(vmmio_driver_reset(r.driver, PATIENCE), 0);
	close_rig();
}
END_TEST

static void begin_queue_reset(unsigned n)
{
	ck_assert_int_eq(vmmio_driver_queue_reset_begin(vmmio_driver_queue(r.driver, n)), 0);
}

static void expect_queue_reset_at(uint64_t when, unsigned n)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(r.driver, n);

	pass(when - now() - 1);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), -EAGAIN);
	pass(1);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), 0);
}

START_TEST(delays_queue_resets)
{
	uint64_t begin;

	open_up(_i);
	begin = now();
	delay_reset(2 * MS);
	begin_queue_reset(0);
	pass(MS);
	begin_queue_reset(1);
	expect_queue_reset_at(begin + 2 * MS, 0);
	expect_queue_reset_at(begin + 3 * MS, 1);
	close_rig();
}
END_TEST

/* A device reset while a queue is stopping; the queue's next life knows nothing of it. */
START_TEST(forgets_a_queue_reset)
{
	open_up(_i);
	delay_reset(9 * MS);
	begin_queue_reset(1);
	pass(MS);
	delay_reset(2 * MS);
	expect_reset_at(now() + 2 * MS);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	begin_queue_reset(1);
	expect_queue_reset_at(now() + 2 * MS, 1);
	pass(9 * MS);
	send(1);
	ck_assert_uint_eq(take(), 1);
	close_rig();
}
END_TEST

/* QueueReady = 0 is held up inside the write, in both versions. */
START_TEST(delays_queue_disable)
{
	uint64_t begin;

	open_up(_i);
	delay_io(MS);
	delay_reset(3 * MS);
	send(1);
	begin = now();
	ck_assert_int_eq(vmmio_driver_queue_disable(queue(), 0), 0);
	ck_assert_uint_eq(now(), begin + 3 * MS);
	ck_assert_uint_eq(activity().in_flight, 0);
	close_rig();
}
END_TEST

void add_reset_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "resets");

	tcase_add_loop_test(tc, resets_at_once, 0, VARIANTS);
	tcase_add_loop_test(tc, resets_wait_for_delayed_io, 0, VARIANTS);
	tcase_add_loop_test(tc, delays_resets, 0, VARIANTS);
	tcase_add_loop_test(tc, delays_queue_resets, 0, VARIANTS);
	tcase_add_loop_test(tc, forgets_a_queue_reset, 0, VARIANTS);
	tcase_add_loop_test(tc, delays_queue_disable, 0, VARIANTS);
}
