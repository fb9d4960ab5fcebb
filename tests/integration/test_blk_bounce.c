/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounce mode: what a reset gives up, and what that still holds. The I/O engine is a manual
 * one: it says which request ends, and when.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "backends/blk.h"
#include "device/internal.h"
#include "integration/blk_rig.h"

#define LARGE_IMAGE (1u << 20)
#define READS 20u

static struct disk *bouncing(int variant, struct vmmio_blk_options blk, bool manual)
{
	struct disk_options o = {.variant = variant | 1, .manual = manual, .form = VMMIO_IO_MANUAL};

	o.blk = blk;
	o.blk.bounce = true;
	return disk_new(&o);
}

static void run_tasks(struct disk *d)
{
	vmmio_manual_run(d->ex, 1000);
}

static struct vmmio_blk_counters counters(struct disk *d)
{
	struct vmmio_blk_counters count;

	vmmio_blk_counters(d->blk, &count);
	return count;
}

static void start_and_read(struct disk *d, unsigned n)
{
	struct disk_cut cut = {.out = {16}, .in = {512, 1}};

	disk_start(d);
	run_tasks(d);
	disk_header(d, VMMIO_BLK_T_IN, 0);
	for (unsigned i = 0; i < n; i++) {
		cut.in_at = i * 4096;
		ck_assert_int_ge(disk_add(d, &cut), 0);
	}
	run_tasks(d);
}

static int reset(struct disk *d)
{
	ck_assert_int_eq(vmmio_driver_reset_begin(d->driver), 0);
	run_tasks(d);
	return vmmio_driver_reset_poll(d->driver);
}

static void end_all(struct disk *d)
{
	while (vmmio_io_pending(d->io))
		ck_assert_int_eq(vmmio_io_step(d->io, 0, 0), 0);
}

START_TEST(a_reset_waits_for_no_io)
{
	struct disk *d = bouncing(_i, (struct vmmio_blk_options){0}, true);

	start_and_read(d, READS);
	ck_assert_uint_eq(vmmio_io_pending(d->io), READS);
	ck_assert_int_eq(reset(d), 0);
	ck_assert_uint_eq(counters(d).orphans, READS);
	ck_assert_uint_eq(counters(d).in_flight, 0);
	ck_assert_uint_eq(vmmio_io_pending(d->io), READS);
	memset(d->in.host, 0xee, d->in.size);
	end_all(d);
	ck_assert_uint_eq(counters(d).orphans, 0);
	for (unsigned i = 0; i < d->in.size; i++)
		ck_assert_uint_eq(((uint8_t *)d->in.host)[i], 0xee);
	disk_free(d);
}
END_TEST

/* The objects of a life stay as long as one of its orphans, whichever ends first. */
START_TEST(bounce_max_counts_what_stays)
{
	const uint64_t objects = 1025 * sizeof(struct blk_request);
	struct vmmio_blk_options blk = {.queue_size = 1024, .bounce_max = objects + objects / 2};
	struct disk *d = bouncing(_i, blk, true);

	start_and_read(d, 2);
	ck_assert_int_eq(reset(d), 0);
	ck_assert_uint_eq(counters(d).orphans, 2);
	/* Either of the two: the other keeps the objects. */
	ck_assert_int_eq(vmmio_io_step(d->io, _i & 4 ? 0 : 1, 0), 0);
	ck_assert_uint_eq(counters(d).orphans, 1);
	start_and_read(d, 1);
	ck_assert_int_eq(reset(d), -EAGAIN);
	ck_assert_uint_eq(counters(d).orphans, 1);
	end_all(d);
	run_tasks(d);
	ck_assert_int_eq(vmmio_driver_reset_poll(d->driver), 0);
	/* With the last one all is given back. */
	start_and_read(d, 1);
	ck_assert_int_eq(reset(d), 0);
	ck_assert_uint_eq(counters(d).orphans, 1);
	end_all(d);
	disk_free(d);
}
END_TEST

static unsigned send(struct disk *d, uint32_t type, uint64_t sector)
{
	struct disk_cut cut = {.out = {16}, .in = {1}};

	if (type == VMMIO_BLK_T_IN)
		cut.in[0] = 512, cut.in[1] = 1;
	else
		cut.out[1] = 512;
	disk_header(d, type, sector);
	ck_assert_int_ge(disk_add(d, &cut), 0);
	run_tasks(d);
	return (unsigned)vmmio_io_pending(d->io);
}

/* Of three writes that were given up, in whatever order they end. */
START_TEST(what_overlaps_waits_for_all)
{
	struct disk *d = bouncing(_i, (struct vmmio_blk_options){.write_through = true}, true);
	struct vmmio_driver_used used;

	start_and_read(d, 0);
	for (unsigned i = 1; i <= 3; i++)
		ck_assert_uint_eq(send(d, VMMIO_BLK_T_OUT, 7), i);
	ck_assert_int_eq(reset(d), 0);
	start_and_read(d, 0);
	ck_assert_uint_eq(send(d, VMMIO_BLK_T_IN, 7), 3);
	ck_assert_uint_eq(send(d, VMMIO_BLK_T_OUT, 7), 3);
	ck_assert_uint_eq(send(d, VMMIO_BLK_T_IN, 8), 4);
	for (unsigned left = 3; left > 1; left--) {
		ck_assert_int_eq(vmmio_io_step(d->io, _i % left, 0), 0);
		ck_assert_uint_eq(vmmio_io_pending(d->io), left);
	}
	ck_assert_int_eq(vmmio_io_step(d->io, 0, 0), 0);
	ck_assert_uint_eq(vmmio_io_pending(d->io), 3);
	while (vmmio_io_pending(d->io)) {
		ck_assert_int_eq(vmmio_io_step(d->io, 0, 0), 0);
		run_tasks(d);
	}
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(vmmio_driver_queue_poll(vmmio_driver_queue(d->driver, 0), &used), 1);
	disk_free(d);
}
END_TEST

START_TEST(orphans_are_not_without_number)
{
	struct disk *d = bouncing(_i, (struct vmmio_blk_options){.bounce_max = UINT64_MAX}, true);

	do
		start_and_read(d, READS);
	while (!reset(d));
	ck_assert_uint_eq(counters(d).orphans, BLK_ORPHANS);
	end_all(d);
	run_tasks(d);
	ck_assert_int_eq(vmmio_driver_reset_poll(d->driver), 0);
	disk_free(d);
}
END_TEST

/* One read in two pieces, of which the first is over. */
static void begin_long_read(struct disk *d)
{
	struct vmmio_driver_seg out = {d->out.guest, 16};
	struct vmmio_driver_seg in[4] = {{d->in.guest, DISK_BUFFER}, {d->in.guest, DISK_BUFFER},
		{d->in.guest, 512}, {d->in.guest + 4096, 1}};
	struct vmmio_driver_chain chain = {.out = &out, .in = in, .n_out = 1, .n_in = 4};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(d->driver, 0);

	disk_header(d, VMMIO_BLK_T_IN, 0);
	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_kick(queue);
	for (int piece = 0; piece < 2; piece++) {
		while (vmmio_io_pending(d->io) == 0)
			sched_yield();
		if (piece == 0)
			ck_assert_int_eq(vmmio_io_step(d->io, 0, 0), 0);
	}
}

static void *begin_reset(void *disk)
{
	struct disk *d = disk;

	ck_assert_int_eq(vmmio_driver_reset_begin(d->driver), 0);
	return NULL;
}

/* Whoever waits for a missing page of the ring holds the ring's lock. Who quiesces the disk
 * may wait for him; an I/O thread that brings something back may not wait for either. */
START_TEST(io_threads_do_not_wait_for_a_ring)
{
	struct disk *d = bouncing(_i, (struct vmmio_blk_options){0}, false);
	uint64_t pages[8];
	pthread_t vcpu;

	ck_assert_int_eq(ftruncate(d->image, LARGE_IMAGE), 0);
	ck_assert_int_eq(vmmio_blk_resize(d->blk), 0);
	disk_start(d);
	begin_long_read(d);
	ck_assert_int_eq(vmmio_memory_dirty_start(d->memory), 0);
	pthread_mutex_lock(&d->dev->queues[0].ring_lock);
	ck_assert_int_eq(pthread_create(&vcpu, NULL, begin_reset, d), 0);
	while (counters(d).orphans == 0)
		sched_yield();
	ck_assert_int_eq(vmmio_io_step(d->io, 0, 0), 0);
	ck_assert_uint_eq(counters(d).orphans, 0);
	pthread_mutex_unlock(&d->dev->queues[0].ring_lock);
	pthread_join(vcpu, NULL);
	while (vmmio_driver_reset_poll(d->driver) == -EAGAIN)
		disk_relax(d);
	/* The first piece is in the buffer. */
	ck_assert_int_eq(vmmio_memory_dirty_get(d->memory, d->guest, pages, 8), 0);
	for (uint64_t at = d->in.guest - d->guest; at < d->in.guest - d->guest + DISK_BUFFER; at += 4096)
		ck_assert(pages[at / 4096 / 64] >> at / 4096 % 64 & 1);
	ck_assert_int_eq(vmmio_memory_dirty_stop(d->memory), 0);
	disk_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blk_bounce");
	TCase *tc = fixture_tcase(s, "bounce");

	tcase_set_timeout(tc, 3);
	tcase_add_loop_test(tc, a_reset_waits_for_no_io, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, bounce_max_counts_what_stays, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, what_overlaps_waits_for_all, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, orphans_are_not_without_number, 0, 2);
	tcase_add_loop_test(tc, io_threads_do_not_wait_for_a_ring, 0, DISK_VARIANTS);
	return fixture_main(s);
}
