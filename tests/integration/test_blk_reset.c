/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resets of a block device with requests in flight, and the delay that makes them slow.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "integration/blk_rig.h"

#define MS 1000000u
#define IN_FLIGHT 8u

static struct disk_options delayed(int variant, bool cancellable)
{
	return (struct disk_options){.variant = variant, .manual = true,
		.blk = {.delay = 100 * MS, .delay_cancellable = cancellable}};
}

static void run_tasks(struct disk *d)
{
	vmmio_manual_run(d->ex, 1000);
}

static void send_reads(struct disk *d, unsigned n)
{
	struct disk_cut cut = {.out = {16}, .in = {512, 1}};

	memset(d->in.host, 0xee, d->in.size);
	disk_header(d, VMMIO_BLK_T_IN, 0);
	for (unsigned i = 0; i < n; i++) {
		cut.in_at = i * 8192;
		ck_assert_int_ge(disk_add(d, &cut), 0);
	}
	/* Nothing is lost between the notification and a start that is still queued. */
	run_tasks(d);
}

/* Until the I/O of n requests is over and their deadlines are all there is to wait for. On a
 * clock that stands still this shows as time to expire that no earlier event will change. */
static void wait_for_io(struct disk *d, unsigned n)
{
	uint8_t *in = d->in.host;

	(void)n;
	while (in[511] != 0xa5 || vmmio_manual_next_deadline(d->ex) == UINT64_MAX) {
		run_tasks(d);
		usleep(20);
	}
}

static unsigned poll_used(struct disk *d)
{
	struct vmmio_driver_used used;
	unsigned n = 0;

	while (vmmio_driver_queue_poll(vmmio_driver_queue(d->driver, 0), &used) == 1)
		n++;
	return n;
}

static uint32_t in_flight(struct disk *d)
{
	struct vmmio_blk_counters count;

	vmmio_blk_counters(d->blk, &count);
	return count.in_flight;
}

/* Advances the clock until n requests came back, which must not be before `from`. */
static void expect_at(struct disk *d, unsigned n, uint64_t from)
{
	unsigned got = 0;

	while (got < n) {
		if (vmmio_manual_next_deadline(d->ex) <= from)
			vmmio_manual_advance(d->ex,
				from > vmmio_executor_now(d->ex)
					? from - vmmio_executor_now(d->ex)
					: 0);
		run_tasks(d);
		got += poll_used(d);
		usleep(20);
	}
	ck_assert_uint_ge(vmmio_executor_now(d->ex), from);
}

START_TEST(delay_holds_each_completion)
{
	struct disk_options o = delayed(_i, false);
	struct disk *d = disk_run(&o);
	uint64_t start;

	run_tasks(d);
	start = vmmio_executor_now(d->ex);
	send_reads(d, IN_FLIGHT);
	wait_for_io(d, IN_FLIGHT);
	ck_assert_uint_eq(vmmio_manual_next_deadline(d->ex), start + 100 * MS);
	vmmio_manual_advance(d->ex, 99 * MS);
	run_tasks(d);
	ck_assert_uint_eq(poll_used(d), 0);
	ck_assert_uint_eq(in_flight(d), IN_FLIGHT);
	expect_at(d, IN_FLIGHT, start + 100 * MS);
	ck_assert_uint_eq(in_flight(d), 0);
	disk_free(d);
}
END_TEST

/* Version 3, so that the write returns. */
START_TEST(delay_outlasts_a_reset)
{
	struct disk_options o = delayed(_i | 1, false);
	struct disk *d = disk_run(&o);
	struct vmmio_blk_counters count;
	uint64_t start;

	run_tasks(d);
	start = vmmio_executor_now(d->ex);
	send_reads(d, 1);
	wait_for_io(d, 1);
	ck_assert_int_eq(vmmio_driver_reset_begin(d->driver), 0);
	run_tasks(d);
	vmmio_manual_advance(d->ex, 99 * MS);
	run_tasks(d);
	ck_assert_int_eq(vmmio_driver_reset_poll(d->driver), -EAGAIN);
	vmmio_manual_advance(d->ex, 1 * MS);
	run_tasks(d);
	ck_assert_int_eq(vmmio_driver_reset_poll(d->driver), 0);
	ck_assert_uint_eq(vmmio_executor_now(d->ex), start + 100 * MS);
	ck_assert_uint_eq(((uint8_t *)d->in.host)[512], 0xee); /* no status: it was dropped */
	vmmio_blk_counters(d->blk, &count);
	ck_assert_uint_eq(count.cancelled, 1);
	ck_assert_uint_eq(count.in_flight, 0);
	disk_free(d);
}
END_TEST

/* Which pages of the in buffer are logged, a bit each; clears the log. */
static uint64_t dirty_pages(struct disk *d)
{
	static uint64_t words[1024];
	const uint64_t base = d->in.guest - (uint64_t)((uint8_t *)d->in.host - d->ram);
	uint64_t pages = 0;

	ck_assert_int_eq(vmmio_memory_dirty_get(d->memory, base, words, 1024), 0);
	for (unsigned i = 0; i < DISK_BUFFER / 4096; i++) {
		const uint64_t page = d->in.guest / 4096 - base / 4096 + i;

		pages |= (words[page / 64] >> page % 64 & 1) << i;
	}
	return pages;
}

/* A dropped read has written its data and no status; a failed one may have written data; one
 * that is refused has a status alone. All in the log, whatever the used length says. */
START_TEST(dirty_log_has_what_no_length_promises)
{
	struct disk_options o = delayed(_i | 1, false);
	struct disk *d = disk_run(&o);
	struct disk_cut cut = {.out = {16}, .in = {4096, 1}};

	run_tasks(d);
	ck_assert_uint_eq(d->in.guest % 4096, 0);
	ck_assert_int_eq(vmmio_memory_dirty_start(d->memory), 0);
	disk_header(d, VMMIO_BLK_T_IN, 1000000);
	ck_assert_int_ge(disk_add(d, &cut), 0);
	run_tasks(d);
	vmmio_manual_advance(d->ex, 100 * MS);
	run_tasks(d);
	ck_assert_uint_eq(poll_used(d), 1);
	ck_assert_uint_eq(dirty_pages(d), 2);
	send_reads(d, 2);
	wait_for_io(d, 2);
	ck_assert_uint_eq(dirty_pages(d), 0);
	ck_assert_int_eq(vmmio_driver_reset_begin(d->driver), 0);
	run_tasks(d);
	while (vmmio_driver_reset_poll(d->driver) == -EAGAIN) {
		vmmio_manual_advance(d->ex, 100 * MS);
		run_tasks(d);
	}
	ck_assert_uint_eq(dirty_pages(d), 5);
	disk_free(d);
}
END_TEST

START_TEST(reset_cuts_a_cancellable_delay)
{
	struct disk_options o = delayed(_i | 1, true);
	struct disk *d = disk_run(&o);
	uint64_t start;

	run_tasks(d);
	start = vmmio_executor_now(d->ex);
	send_reads(d, IN_FLIGHT);
	ck_assert_int_eq(vmmio_driver_reset_begin(d->driver), 0);
	while (vmmio_driver_reset_poll(d->driver) == -EAGAIN) {
		run_tasks(d);
		usleep(20);
	}
	ck_assert_uint_eq(vmmio_executor_now(d->ex), start);
	ck_assert_uint_eq(in_flight(d), 0);
	disk_start(d);
	run_tasks(d);
	start = vmmio_executor_now(d->ex);
	send_reads(d, 1);
	wait_for_io(d, 1);
	expect_at(d, 1, start + 100 * MS);
	disk_free(d);
}
END_TEST

/* --- Real time, real I/O ------------------------------------------------------------------- */

static void send_many(struct disk *d, unsigned n)
{
	struct disk_cut cut = {.out = {16}, .in = {4096, 1}};

	disk_header(d, VMMIO_BLK_T_IN, 0);
	for (unsigned i = 0; i < n; i++) {
		cut.in_at = i * 8192;
		ck_assert_int_ge(disk_add(d, &cut), 0);
	}
}

/* R2: nothing of the old life touches guest memory once Status has read 0. */
START_TEST(buffers_stand_still_after_reset)
{
	struct disk_options o = {.variant = _i};
	struct disk *d = disk_run(&o);

	for (unsigned round = 0; round < 50; round++) {
		send_many(d, 16);
		if (round & 1)
			usleep(round * 10);
		ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
		ck_assert_uint_eq(in_flight(d), 0);
		memset(d->in.host, 0x11, d->in.size);
		ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
		usleep(200);
		ck_assert(((uint8_t *)d->in.host)[0] == 0x11 &&
			  !memcmp(d->in.host, (uint8_t *)d->in.host + 1, d->in.size - 1));
		disk_start(d);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	}
	disk_free(d);
}
END_TEST

START_TEST(f22_queue_reset_leaves_the_other_queue)
{
	struct disk_options o = {.variant = _i, .blk = {.n_queues = 2}};
	struct disk *d = disk_run(&o);
	struct disk_cut other = {.out = {16}, .in = {512, 1}, .queue = 1};

	for (unsigned round = 0; round < 20; round++) {
		struct vmmio_driver_queue *queue = vmmio_driver_queue(d->driver, 0);
		struct vmmio_driver_queue_config config = {.size = round & 1 ? 32 : 64};

		send_many(d, 8);
		ck_assert_int_eq(vmmio_driver_queue_reset(queue, VMMIO_DRIVER_FOREVER), 0);
		ck_assert_int_eq(disk_send(d, &other, NULL), VMMIO_BLK_S_OK);
		ck_assert_int_eq(vmmio_driver_queue_setup(d->driver, 0, &config, &queue), 0);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	}
	disk_free(d);
}
END_TEST

START_TEST(destroyed_with_requests_in_flight)
{
	for (unsigned round = 0; round < 10; round++) {
		struct disk_options o = {.variant = _i};
		struct disk *d = disk_run(&o);

		send_many(d, 16);
		disk_free(d);
	}
}
END_TEST

/* HD-37: in the steady state a request allocates nothing. */
START_TEST(hd37_requests_allocate_nothing)
{
	struct disk_options o = {.variant = _i};
	struct disk *d = disk_run(&o);
	size_t before;

	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 4096), VMMIO_BLK_S_OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, 4096), VMMIO_BLK_S_OK);
	for (unsigned i = 0; i < 50; i++) /* until threads and slots are there */
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, 4096), VMMIO_BLK_S_OK);
	before = fixture_allocs();
	for (unsigned i = 0; i < 50; i++) {
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 4096), VMMIO_BLK_S_OK);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_FLUSH, 0, 0), VMMIO_BLK_S_OK);
	}
	ck_assert_uint_le(fixture_allocs(), before + 4); /* a worker thread may come late */
	disk_free(d);
}
END_TEST

START_TEST(f31_start_without_memory)
{
	struct disk_options o = {.variant = _i};
	struct disk *d = disk_run(&o);

	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	fixture_expect_log("");
	ck_assert_int_eq(vmmio_driver_negotiate(d->driver, 0, 0), 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(d->driver, 0, NULL,
				 &(struct vmmio_driver_queue *){NULL}),
		0);
	fixture_fail_alloc(1, true);
	ck_assert_int_le(vmmio_driver_ok(d->driver), 0);
	while (!(vmmio_driver_status(d->driver) & VMMIO_STATUS_NEEDS_RESET))
		usleep(20);
	fixture_fail_alloc(0, false);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	disk_start(d);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	disk_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blk_reset");
	TCase *tc = fixture_tcase(s, "delay");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, delay_holds_each_completion, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, delay_outlasts_a_reset, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, dirty_log_has_what_no_length_promises, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, reset_cuts_a_cancellable_delay, 0, DISK_VARIANTS);
	tc = fixture_tcase(s, "reset");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, buffers_stand_still_after_reset, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, f22_queue_reset_leaves_the_other_queue, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, destroyed_with_requests_in_flight, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, hd37_requests_allocate_nothing, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, f31_start_without_memory, 0, DISK_VARIANTS);
	return fixture_main(s);
}
