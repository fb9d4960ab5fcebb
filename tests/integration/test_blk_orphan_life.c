/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounce mode over many lives: queues that stop and start with requests stuck in the kernel,
 * the limit of what these may keep allocated, and threads that end them at any moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/blk.h"
#include "integration/bounce_rig.h"

#define QUEUE_SIZE 64u
#define PAGE 4096u
#define POOL (sizeof(struct blk_pool) + (QUEUE_SIZE + 1) * sizeof(struct blk_request))
#define STRESS_LIVES 60u

static bool opened(struct bounce *b, int number, const struct vmmio_blk_options *blk)
{
	const char *why = bounce_open(b, number, blk);

	if (why)
		fixture_skip(why);
	return !why;
}

/* --- Queue reset --------------------------------------------------------------------------- */

static void stop_queue(struct bounce *b, bool disable)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(b->disk->driver, 0);
	int (*stop)(struct vmmio_driver_queue *queue, uint64_t patience) =
		disable ? vmmio_driver_queue_disable : vmmio_driver_queue_reset;

	ck_assert_int_eq(stop(queue, VMMIO_DRIVER_FOREVER), 0);
}

static void restart_queue(struct bounce *b)
{
	struct vmmio_driver_queue_config config = {.size = 64};
	struct vmmio_driver_queue *queue;

	ck_assert_int_eq(vmmio_driver_queue_setup(b->disk->driver, 0, &config, &queue), 0);
}

/* A queue has new request objects when old ones are in the kernel. */
static void queue_works(struct bounce *b, unsigned queue)
{
	struct bounce_request in = {.slot = 7, .type = VMMIO_BLK_T_IN, .page = 9, .queue = queue};

	for (unsigned i = 0; i < 2 * QUEUE_SIZE; i++) {
		bounce_do(b, &in);
		ck_assert_uint_eq(bounce_data(b, in.slot)[PAGE - 1], 0xa5);
	}
}

START_TEST(a_queue_stops_and_starts)
{
	static const struct vmmio_blk_options blk = {.n_queues = 2, .queue_size = QUEUE_SIZE};
	struct bounce_request old = {.type = VMMIO_BLK_T_OUT, .page = 3, .fill = 0x11};
	struct bounce_request waits[2] = {{.slot = 1, .type = VMMIO_BLK_T_IN, .page = 3},
		{.slot = 2, .type = VMMIO_BLK_T_IN, .page = 3, .queue = 1}};
	struct bounce b;

	if (!opened(&b, _i / 2, &blk))
		return;
	bounce_stick(&b, &old);
	stop_queue(&b, _i & 1);
	ck_assert_uint_eq(bounce_orphans(&b), 1);
	queue_works(&b, 1);
	bounce_send(&b, &waits[1]);
	queue_works(&b, 1);
	restart_queue(&b);
	queue_works(&b, 0);
	bounce_send(&b, &waits[0]);
	queue_works(&b, 0);
	ck_assert(!bounce_is_back(&b, &waits[0]) && !bounce_is_back(&b, &waits[1]));
	bounce_serve(&b, 0);
	for (unsigned i = 0; i < 2; i++) {
		bounce_wait(&b, &waits[i]);
		ck_assert_uint_eq(bounce_data(&b, waits[i].slot)[0], old.fill);
	}
	stop_queue(&b, !(_i & 1));
	restart_queue(&b);
	queue_works(&b, 0);
	bounce_close(&b);
}
END_TEST

/* All entries of the ring can be out though half of the old request objects are missing. */
START_TEST(a_restarted_queue_takes_a_full_ring)
{
	static const struct vmmio_blk_options blk = {.queue_size = 8};
	struct vmmio_driver_queue_config config = {.size = 8, .indirect = 4};
	struct bounce_request r = {.type = VMMIO_BLK_T_OUT, .page = 3, .fill = 0x11,
		.indirect = true};
	struct vmmio_driver_queue *queue;
	struct vmmio_blk_counters count;
	struct bounce b;

	if (!opened(&b, _i, &blk))
		return;
	bounce_stick(&b, &r);
	r.type = VMMIO_BLK_T_IN;
	for (r.slot = 1; r.slot < 4; r.slot++)
		bounce_stick(&b, &r);
	stop_queue(&b, false);
	ck_assert_uint_eq(bounce_orphans(&b), 4);
	ck_assert_int_eq(vmmio_driver_queue_setup(b.disk->driver, 0, &config, &queue), 0);
	for (r.slot = 0; r.slot < 8; r.slot++)
		bounce_send(&b, &r); /* they wait for the write */
	do {
		disk_relax(b.disk);
		vmmio_blk_counters(b.disk->blk, &count);
	} while (count.in_flight < 8);
	bounce_serve(&b, 0);
	for (r.slot = 0; r.slot < 8; r.slot++)
		bounce_wait(&b, &r);
	bounce_wait_orphans(&b, 3);
	bounce_close(&b);
}
END_TEST

/* --- The limit -------------------------------------------------------------------------------- */

/* One more request gets stuck; whether a reset of the device gives it up. On a manual executor
 * all is done when no task is left, and what is not given up then is waited for. */
static bool gives_up(struct bounce *b, unsigned slot)
{
	struct bounce_request r = {.slot = slot % BOUNCE_SLOTS, .type = VMMIO_BLK_T_IN};

	bounce_stick(b, &r);
	ck_assert_int_eq(vmmio_driver_reset_begin(b->disk->driver), 0);
	vmmio_manual_run(b->disk->ex, 1000);
	return vmmio_driver_reset_poll(b->disk->driver) == 0;
}

static void wait_reset(struct bounce *b)
{
	while (vmmio_driver_reset_poll(b->disk->driver) == -EAGAIN)
		disk_relax(b->disk);
	b->back = 0;
}

START_TEST(a_store_that_hangs_keeps_no_more_than_the_limit)
{
	struct vmmio_blk_options blk = {
		.queue_size = QUEUE_SIZE, .bounce_max = 5 * (POOL + PAGE) + PAGE};
	struct bounce b;
	unsigned lives;

	if (!opened(&b, (2 * _i + 1) | STUCK_MANUAL, &blk))
		return;
	for (lives = 0; gives_up(&b, lives); lives++) {
		ck_assert_uint_lt(lives, 5);
		ck_assert_uint_eq(bounce_orphans(&b), lives + 1);
		bounce_start(&b);
	}
	ck_assert_uint_eq(lives, 5);
	ck_assert_uint_eq(bounce_orphans(&b), 5);
	for (unsigned i = 0; i < 5; i++)
		bounce_serve(&b, i);
	bounce_wait_orphans(&b, 0);
	vmmio_manual_run(b.disk->ex, 1000);
	ck_assert_int_eq(vmmio_driver_reset_poll(b.disk->driver), -EAGAIN);
	bounce_serve(&b, 5);
	wait_reset(&b);
	bounce_start(&b);
	ck_assert(gives_up(&b, 0)); /* all of it was given back */
	bounce_close(&b);
}
END_TEST

/* Request objects come in one piece, which stays until the last orphan in it has ended. */
START_TEST(the_last_orphan_pays_as_well)
{
	struct vmmio_blk_options blk = {.queue_size = QUEUE_SIZE, .bounce_max = POOL + 3 * PAGE};
	struct bounce_request first = {.slot = 8, .type = VMMIO_BLK_T_IN};
	struct bounce b;

	if (!opened(&b, (_i & ~1) | 1 | STUCK_MANUAL, &blk))
		return;
	bounce_stick(&b, &first);
	ck_assert(gives_up(&b, 1));
	ck_assert_uint_eq(bounce_orphans(&b), 2);
	bounce_serve(&b, _i & 1);
	bounce_wait_orphans(&b, 1);
	bounce_start(&b);
	ck_assert(!gives_up(&b, 2));
	bounce_serve(&b, 2);
	wait_reset(&b);
	bounce_serve(&b, !(_i & 1));
	bounce_wait_orphans(&b, 0);
	bounce_start(&b);
	ck_assert(gives_up(&b, 3));
	bounce_close(&b);
}
END_TEST

/* --- Races -------------------------------------------------------------------------------------- */

static struct server {
	struct bounce *b;
	pthread_t thread;
	_Atomic bool stop;
} server;

/* Stuck requests end at any moment. */
static void *serve_all(void *arg)
{
	unsigned seed = 1;

	(void)arg;
	while (!atomic_load(&server.stop)) {
		for (int spin = rand_r(&seed) % 4; spin-- > 0;)
			sched_yield();
		bounce_serve_oldest(server.b);
	}
	while (bounce_serve_oldest(server.b))
		;
	return NULL;
}

static void one_life(struct bounce *b, unsigned life, unsigned *seed)
{
	struct bounce_request last = {.slot = 9, .type = VMMIO_BLK_T_OUT, .page = 3};

	bounce_arm(rand_r(seed) % 3, rand_r(seed) % 5);
	for (unsigned i = 0; i < 8; i++) {
		struct bounce_request r = {.slot = i, .page = 3 + rand_r(seed) % 2,
			.type = i & 1 ? VMMIO_BLK_T_IN : VMMIO_BLK_T_OUT, .fill = 0x11};

		bounce_send(b, &r);
	}
	if (rand_r(seed) % 2) {
		bounce_reset(b);
		bounce_start(b);
	} else {
		stop_queue(b, life & 1);
		restart_queue(b);
	}
	last.fill = (uint8_t)(0x80 + life);
	bounce_do(b, &last);
	bounce_wait_orphans(b, 0);
	bounce_check_image(b, last.page, last.fill);
}

/* The newest write stays, whoever ends when. The device goes with requests stuck. */
START_TEST(orphans_end_at_any_moment)
{
	struct bounce_request stuck = {.slot = 1, .type = VMMIO_BLK_T_OUT, .page = 5};
	struct bounce b;
	unsigned seed = (unsigned)_i;

	if (!opened(&b, _i, NULL))
		return;
	server.b = &b;
	atomic_store(&server.stop, false);
	ck_assert_int_eq(pthread_create(&server.thread, NULL, serve_all, NULL), 0);
	for (unsigned life = 0; life < STRESS_LIVES; life++)
		one_life(&b, life, &seed);
	bounce_arm(0, 4);
	bounce_send(&b, &stuck);
	disk_destroy(b.disk);
	while (!atomic_load(&b.disk->destroyed))
		disk_relax(b.disk);
	bounce_wait_orphans(&b, 0);
	atomic_store(&server.stop, true);
	pthread_join(server.thread, NULL);
	bounce_close(&b);
}
END_TEST

int main(void)
{
	int result;
	Suite *s = suite_create("blk_orphan_life");
	TCase *tc = fixture_tcase(s, "queue");

	tcase_add_loop_test(tc, a_queue_stops_and_starts, 0, 2 * BOUNCE_CASES);
	tcase_add_loop_test(tc, a_restarted_queue_takes_a_full_ring, 0, BOUNCE_CASES);
	tc = fixture_tcase(s, "limit");
	tcase_add_loop_test(tc, a_store_that_hangs_keeps_no_more_than_the_limit, 0,
		BOUNCE_CASES / 2);
	tcase_add_loop_test(tc, the_last_orphan_pays_as_well, 0, BOUNCE_CASES);
	tc = fixture_tcase(s, "races");
	tcase_add_loop_test(tc, orphans_end_at_any_moment, 0, BOUNCE_CASES);
	stuck_stores_begin();
	result = fixture_main(s);
	stuck_stores_end();
	return result;
}
