/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * I/O of the inproc target that is held back: at the nanosecond, in order or the other way round.
 */
#include "inproc_rig.h"

START_TEST(delays_io)
{
	uint64_t begin;

	open_up(_i);
	delay_io(5 * MS);
	begin = now();
	send(1);
	pass(2 * MS);
	send(2);
	ck_assert_uint_eq(activity().taken, 2);
	ck_assert_uint_eq(activity().in_flight, 2);
	delay_io(MS); /* for those that come */
	expect_at(begin + 5 * MS, 1);
	ck_assert_uint_eq(activity().in_flight, 1);
	ck_assert_int_eq(r.t.ops->line(r.t.ctx), 1);
	send(3);
	expect_at(begin + 6 * MS, 3);
	expect_at(begin + 7 * MS, 2);
	ck_assert_uint_eq(activity().in_flight, 0);
	close_rig();
}
END_TEST

START_TEST(lets_go_of_delayed_io)
{
	open_up(_i);
	delay_io(UINT64_MAX);
	send(1);
	send(2);
	pass(PATIENCE);
	ck_assert_uint_eq(take(), 0);
	delay_io(0);
	ck_assert_uint_eq(take(), 1);
	ck_assert_uint_eq(take(), 2);
	send(3);
	ck_assert_uint_eq(take(), 3);
	close_rig();
}
END_TEST

START_TEST(turns_the_order_round)
{
	uint64_t begin;

	open_up(_i);
	begin = now();
	ck_assert_int_eq(r.t.ops->reverse_order(r.t.ctx, true), 0);
	delay_io(MS);
	for (unsigned i = 1; i <= 4; i++)
		send(i);
	pass(10);
	send(5); /* for which the others wait */
	expect_at(begin + MS + 10, 5);
	for (unsigned i = 4; i; i--)
		ck_assert_uint_eq(take(), i);
	send(1);
	pass(10);
	send(2);
	ck_assert_int_eq(r.t.ops->reverse_order(r.t.ctx, false), 0);
	begin = now();
	expect_at(begin + MS - 10, 1);
	expect_at(begin + MS, 2);
	close_rig();
}
END_TEST

/* A full queue of each: the hold has room for all there can be. */
START_TEST(holds_full_queues)
{
	struct vmmio_driver_used used;

	open_up(NULL_BACKEND | _i);
	delay_io(MS);
	for (unsigned q = 0; q < r.t.known_queues; q++) {
		struct vmmio_driver_queue *full = vmmio_driver_queue(r.driver, q);
		struct vmmio_driver_seg seg = {r.area.guest, 16};
		struct vmmio_driver_chain chain = {.in = &seg, .n_in = 1};

		for (unsigned i = 0; i < r.t.known_queue_size; i++)
			ck_assert_int_ge(vmmio_driver_queue_add(full, &chain), 0);
		vmmio_driver_queue_kick(full);
	}
	ck_assert_uint_eq(activity().in_flight, r.t.known_queues * r.t.known_queue_size);
	pass(MS);
	for (unsigned q = 0; q < r.t.known_queues; q++)
		for (unsigned i = 0; i < r.t.known_queue_size; i++)
			ck_assert_int_eq(
				vmmio_driver_queue_poll(vmmio_driver_queue(r.driver, q), &used), 1);
	close_rig();
}
END_TEST

/* Write and datasync, segment for segment: one delay for all of a request's steps. */
START_TEST(delays_a_request_once)
{
	uint8_t data[VMMIO_BLK_SECTOR] = {0x5a}, stored[VMMIO_BLK_SECTOR];
	uint64_t begin;

	open_rig(_i);
	driver_up(0); /* without FLUSH each write is followed by a datasync */
	delay_io(MS);
	begin = now();
	ck_assert_int_eq(vmmio_driver_blk_write(r.blk, 0, 7, data, sizeof(data), PATIENCE), 0);
	ck_assert_uint_ge(now(), begin + MS);
	ck_assert_uint_lt(now(), begin + MS + MS / 2);
	ck_assert_int_eq(
		r.t.ops->storage_read(r.t.ctx, 7 * VMMIO_BLK_SECTOR, stored, sizeof(stored)), 0);
	ck_assert_mem_eq(stored, data, sizeof(data));
	close_rig();
}
END_TEST

void add_delay_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "delayed I/O");

	tcase_add_loop_test(tc, delays_io, 0, VARIANTS);
	tcase_add_loop_test(tc, lets_go_of_delayed_io, 0, VARIANTS);
	tcase_add_loop_test(tc, turns_the_order_round, 0, VARIANTS);
	tcase_add_loop_test(tc, holds_full_queues, 0, BLK_VARIANTS);
	tcase_add_loop_test(tc, delays_a_request_once, 0, BLK_VARIANTS);
}
