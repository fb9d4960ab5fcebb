/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resets and the end of an entropy device, step by step on the manual executor and I/O engine, and
 * all at once on threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "integration/rng_rig.h"

/* --- Resets -------------------------------------------------------------------------------------- */

START_TEST(reset_waits_for_no_pipe)
{
	for (int source = RNG_SOURCE_PIPE; source <= RNG_SOURCE_SOCKET; source++) {
		struct rng_rig *r = rng_rig_manual(_i, source);

		for (unsigned i = 0; i < 40; i++)
			rng_add(r, AT(i), 64);
		ck_assert(rng_nothing_comes(r));
		ck_assert_uint_eq(rng_counters(r).held, 40);
		rng_reset(r);
		ck_assert_uint_eq(rng_counters(r).cancelled, 40);
		rng_feed(r, 100); /* nobody wants it */
		rng_settle(r);
		ck_assert(rng_untouched(r));
		rng_rig_start(r);
		rng_add(r, AT(0), 64);
		ck_assert(rng_comes(r, AT(0), 64));
		ck_assert(rng_known(r, AT(0), 0, 64));
		rng_rig_free(r);
	}
}
END_TEST

/* What is read after its time is the next life's, and lost to none. */
START_TEST(late_read)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_FILE);

	rng_add(r, AT(0), 50);
	rng_run_tasks(r);
	ck_assert_uint_eq(vmmio_io_pending(r->io), 1);
	rng_reset(r);
	ck_assert_uint_eq(vmmio_io_pending(r->io), 1);
	rng_rig_start(r); /* and settles: the read ends, for nobody */
	ck_assert_uint_eq(vmmio_io_pending(r->io), 0);
	ck_assert(rng_untouched(r));
	rng_add(r, AT(1), 64);
	ck_assert(rng_comes(r, AT(1), 50));
	rng_add(r, AT(2), 64);
	ck_assert(rng_comes(r, AT(2), 64));
	ck_assert(rng_known(r, AT(1), 0, 50));
	ck_assert(rng_known(r, AT(2), 50, 64));
	rng_rig_free(r);
}
END_TEST

/* The same, but the next life waits for it already. */
START_TEST(later_read)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_FILE);

	rng_add(r, AT(0), 50);
	rng_run_tasks(r);
	rng_reset(r);
	ck_assert_int_eq(vmmio_driver_start(r->driver,
				 _i & 2 ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0, 1, 0),
		0);
	rng_add(r, AT(1), 64);
	rng_run_tasks(r);
	ck_assert_uint_eq(vmmio_io_pending(r->io), 1);
	ck_assert(rng_comes(r, AT(1), 50));
	ck_assert(rng_known(r, AT(1), 0, 50));
	rng_rig_free(r);
}
END_TEST

/* The task has not run yet. */
START_TEST(reset_before_the_task)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_NONE);

	for (unsigned i = 0; i < 40; i++)
		rng_add(r, AT(i), 64);
	rng_reset(r);
	ck_assert_uint_eq(rng_counters(r).cancelled, 40);
	ck_assert(rng_untouched(r));
	rng_rig_start(r);
	rng_add(r, AT(0), 64);
	ck_assert(rng_comes(r, AT(0), 64));
	rng_rig_free(r);
}
END_TEST

/* Between two turns of the task: some have theirs, the others come back empty. */
START_TEST(reset_between_turns)
{
	struct rng_rig *r = rng_rig_manual(_i | 1, RNG_SOURCE_NONE);

	for (unsigned i = 0; i < 40; i++)
		rng_add(r, AT(i), 64);
	ck_assert(vmmio_manual_step(r->ex, 0));
	rng_reset(r);
	ck_assert_uint_eq(rng_counters(r).chains, 16);
	ck_assert_uint_eq(rng_counters(r).cancelled, 24);
	rng_rig_free(r);
}
END_TEST

static void reset_begins(struct rng_rig *r)
{
	ck_assert_int_eq(vmmio_device_write(r->dev, VMMIO_REG_STATUS, 4, 0), 0);
	rng_run_tasks(r);
	ck_assert_uint_ne(vmmio_device_read(r->dev, VMMIO_REG_STATUS, 4), 0);
}

/* It takes all there are, or leaves some to its next turn; either way the stop is over with the
 * last. */
START_TEST(reset_with_the_task_running)
{
	for (unsigned n = 8; n <= 40; n += 8) {
		struct rng_rig *r = rng_host.rig = rng_rig_manual(_i | 1, RNG_SOURCE_NONE);

		rng_host.inside = reset_begins;
		for (unsigned i = 0; i < n; i++)
			rng_add(r, AT(i), 64);
		rng_reset(r);
		ck_assert_ptr_null(rng_host.inside);
		ck_assert_uint_eq(rng_counters(r).cancelled, n);
		ck_assert(rng_untouched(r));
		rng_rig_start(r);
		rng_add(r, AT(0), 64);
		ck_assert(rng_comes(r, AT(0), 64));
		rng_rig_free(r);
	}
}
END_TEST

START_TEST(queue_reset)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_PIPE);
	struct vmmio_driver_queue *queue = vmmio_driver_queue(r->driver, 0);

	for (unsigned round = 0; round < 3; round++) {
		rng_add(r, AT(0), 64);
		rng_add(r, AT(1), 64);
		if (round != 1) /* then with the task queued */
			ck_assert(rng_nothing_comes(r));
		ck_assert_int_eq(vmmio_driver_queue_reset_begin(queue), 0);
		rng_run_tasks(r);
		ck_assert_int_eq(vmmio_driver_queue_reset_poll(queue), 0);
		ck_assert_uint_eq(rng_leases(r), 0);
		ck_assert(rng_untouched(r));
		ck_assert_int_eq(vmmio_driver_queue_setup(r->driver, 0, NULL, &queue), 0);
	}
	ck_assert_uint_eq(rng_counters(r).cancelled, 6);
	rng_feed(r, 64);
	rng_add(r, AT(1), 64);
	ck_assert(rng_comes(r, AT(1), 64));
	ck_assert(rng_known(r, AT(1), 0, 64));
	rng_rig_free(r);
}
END_TEST

/* --- The end --------------------------------------------------------------------------------------- */

START_TEST(destroyed_with_an_empty_pipe)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_PIPE);

	rng_add(r, AT(0), 64);
	ck_assert(rng_nothing_comes(r));
	rng_rig_destroy(r);
	rng_run_tasks(r);
	ck_assert(atomic_load(&r->destroyed));
	ck_assert(rng_untouched(r));
	rng_rig_free(r);
}
END_TEST

/* A read that the engine still has keeps neither device nor backend. */
START_TEST(destroyed_with_a_read_out)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_FILE);

	rng_add(r, AT(0), 64);
	rng_run_tasks(r);
	rng_rig_destroy(r);
	rng_run_tasks(r);
	ck_assert(atomic_load(&r->destroyed));
	ck_assert_int_eq(vmmio_rng_destroy(r->rng), 0);
	r->rng = NULL;
	ck_assert_uint_eq(vmmio_io_pending(r->io), 1);
	ck_assert_int_eq(vmmio_io_destroy(r->io), -EBUSY);
	ck_assert(rng_untouched(r));
	rng_rig_free(r);
}
END_TEST

/* Nor does a deadline. */
START_TEST(destroyed_while_it_waits_for_time)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .rng = {.rate_bytes = 10}};
	struct rng_rig *r = rng_rig_run(&o);

	rng_add(r, AT(0), 10);
	rng_add(r, AT(1), 10);
	ck_assert(rng_comes(r, AT(0), 10));
	ck_assert_uint_ne(vmmio_manual_next_deadline(r->ex), UINT64_MAX);
	rng_rig_destroy(r);
	rng_run_tasks(r);
	ck_assert(atomic_load(&r->destroyed));
	ck_assert_uint_eq(vmmio_manual_next_deadline(r->ex), UINT64_MAX);
	rng_rig_free(r);
}
END_TEST

/* A fence takes the chains of a reset that does not end; what brings them back late touches
 * nothing, and keeps the device until then. */
START_TEST(fenced_with_the_task_queued)
{
	struct rng_rig *r = rng_rig_manual(_i | 1, RNG_SOURCE_NONE);

	fixture_expect_log("fence");
	rng_add(r, AT(0), 64);
	rng_add(r, AT(1), 64);
	ck_assert_uint_eq(vmmio_manual_pending(r->ex), 1); /* the task */
	ck_assert_int_eq(vmmio_device_write(r->dev, VMMIO_REG_STATUS, 4, 0), 0);
	ck_assert(vmmio_manual_step(r->ex, 1)); /* quiesce */
	ck_assert_uint_ne(vmmio_device_read(r->dev, VMMIO_REG_STATUS, 4), 0);
	ck_assert_int_eq(vmmio_device_fence(r->dev), 0);
	while (vmmio_manual_step(r->ex, 1))
		;
	ck_assert_uint_eq(vmmio_device_read(r->dev, VMMIO_REG_STATUS, 4), 0);
	rng_rig_destroy(r);
	while (vmmio_manual_step(r->ex, 1))
		;
	ck_assert(!atomic_load(&r->destroyed));
	rng_run_tasks(r);
	ck_assert(atomic_load(&r->destroyed));
	ck_assert(rng_untouched(r));
	ck_assert_uint_eq(rng_counters(r).cancelled, 2);
	rng_rig_free(r);
}
END_TEST

/* Another device on the same backend, and another executor, whose clock begins at 0. */
static void attach_again(struct rng_rig *r)
{
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.version = 3,
		.backend = vmmio_rng_backend(r->rng),
		.memory = r->memory,
		.log = fixture_log(),
	};

	rng_rig_destroy(r);
	rng_run_tasks(r);
	ck_assert(atomic_load(&r->destroyed));
	ck_assert_int_eq(vmmio_executor_destroy(r->ex), 0);
	ck_assert_int_eq(vmmio_manual_create(&r->ex), 0);
	r->destroyed = 0;
	r->dying = false;
	options.executor = r->ex;
	ck_assert_int_eq(vmmio_device_create(&options, &r->dev), 0);
	ck_assert_int_eq(vmmio_driver_reset(r->driver, VMMIO_DRIVER_FOREVER), 0);
	rng_rig_start(r);
}

/* One device at a time; the next one goes on where the source is. */
START_TEST(one_backend_two_devices)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_PIPE);
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.version = 3,
		.backend = vmmio_rng_backend(r->rng),
		.memory = r->memory,
		.executor = r->ex,
		.log = fixture_log(),
	};
	struct vmmio_device *second;

	fixture_expect_log("attach");
	ck_assert_int_eq(vmmio_device_create(&options, &second), -EBUSY);
	rng_feed(r, 100);
	rng_add(r, AT(0), 60);
	ck_assert(rng_comes(r, AT(0), 60));
	rng_add(r, AT(0), 60);
	rng_add(r, AT(1), 60);
	ck_assert(rng_comes(r, AT(0), 40));
	ck_assert(rng_nothing_comes(r)); /* and the source is polled */
	attach_again(r);
	rng_add(r, AT(0), 60);
	ck_assert(rng_nothing_comes(r));
	rng_feed(r, 30);
	ck_assert(rng_comes(r, AT(0), 30));
	ck_assert(rng_known(r, AT(0), 100, 30));
	rng_rig_free(r);
}
END_TEST

START_TEST(another_clock)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .rng = {.rate_bytes = 10}};
	struct rng_rig *r = rng_rig_run(&o);

	vmmio_manual_advance(r->ex, 10 * RNG_SECOND);
	rng_add(r, AT(0), 10);
	rng_add(r, AT(1), 10);
	ck_assert(rng_comes(r, AT(0), 10));
	ck_assert(rng_nothing_comes(r));
	attach_again(r);
	rng_add(r, AT(0), 10);
	ck_assert(rng_comes(r, AT(0), 10));
	rng_rig_free(r);
}
END_TEST

/* The last device's end has cancelled it; that is no failure, and nothing is lost. */
START_TEST(cancelled_read)
{
	struct rng_rig *r = rng_rig_manual(_i, RNG_SOURCE_FILE);

	rng_add(r, AT(0), 64);
	rng_run_tasks(r);
	ck_assert_uint_eq(vmmio_io_pending(r->io), 1);
	attach_again(r);
	ck_assert(rng_untouched(r));
	rng_add(r, AT(0), 64);
	ck_assert(rng_comes(r, AT(0), 64));
	ck_assert(rng_known(r, AT(0), 0, 64));
	ck_assert_uint_eq(rng_counters(r).failures, 0);
	rng_rig_free(r);
}
END_TEST

/* --- All at once ---------------------------------------------------------------------------------------- */

static void *feed(void *arg)
{
	struct rng_rig *r = arg;
	uint8_t bytes[300] = {0};

	/* Until the reading end is closed, more or less; it never blocks. */
	while (!r->dying) {
		if (write(r->feed, bytes, sizeof(bytes)) < 0)
			usleep(50);
	}
	return NULL;
}

START_TEST(resets_against_a_source)
{
	struct rng_rig_options o = {.variant = _i, .source = RNG_SOURCE_PIPE,
		.rng = {.rate_bytes = 20000, .rate_period = 1000000}};
	struct rng_rig *r = rng_rig_new(&o);
	pthread_t thread;
	uint32_t at, len;

	ck_assert_int_eq(fcntl(r->feed, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, feed, r), 0);
	for (unsigned round = 0; round < 100; round++) {
		rng_rig_start(r);
		for (unsigned i = 0; i < 40; i++)
			rng_add(r, AT(i), 1 + (i * 31 + round) % 300);
		for (unsigned n = round % 30; n;)
			if (rng_poll(r, &at, &len))
				n--, ck_assert(len && len <= 300);
			else
				rng_settle(r);
		ck_assert_int_eq(vmmio_driver_reset(r->driver, VMMIO_DRIVER_FOREVER), 0);
	}
	rng_rig_start(r);
	for (unsigned i = 0; i < 40; i++)
		rng_add(r, AT(i), 300);
	rng_rig_destroy(r); /* dying */
	pthread_join(thread, NULL);
	rng_rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rng_life");
	TCase *tc = fixture_tcase(s, "reset");

	tcase_add_loop_test(tc, reset_waits_for_no_pipe, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, late_read, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, later_read, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, reset_before_the_task, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, reset_between_turns, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, reset_with_the_task_running, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, queue_reset, 0, RNG_MANUAL);
	tc = fixture_tcase(s, "end");
	tcase_add_loop_test(tc, destroyed_with_an_empty_pipe, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, destroyed_with_a_read_out, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, destroyed_while_it_waits_for_time, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, fenced_with_the_task_queued, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, one_backend_two_devices, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, another_clock, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, cancelled_read, 0, RNG_MANUAL);
	tc = fixture_tcase(s, "threads");
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, resets_against_a_source, 0, RNG_VARIANTS);
	return fixture_main(s);
}
