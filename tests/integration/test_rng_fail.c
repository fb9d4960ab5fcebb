/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sources of entropy that end or fail, step by step on the manual executor and I/O engine.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "integration/rng_rig.h"

START_TEST(generator_that_is_not_ready)
{
	struct rng_rig *r = rng_rig_run(&(struct rng_rig_options){.variant = _i, .manual = true});

	fixture_expect_log("entropy source getrandom: reading failed");
	atomic_store(&rng_host.failing, 1);
	rng_add(r, 0, 64);
	ck_assert(rng_nothing_comes(r));
	rng_add(r, AT(1), 64); /* does not make it try again */
	ck_assert_uint_eq(vmmio_manual_pending(r->ex), 0);
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(atomic_load(&rng_host.calls), 1);
	vmmio_manual_advance(r->ex, RNG_SECOND);
	ck_assert(rng_nothing_comes(r));
	vmmio_manual_advance(r->ex, RNG_SECOND);
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).failures, 3);
	ck_assert_uint_eq(fixture_logged("reading failed"), 2); /* the first and the second */
	ck_assert_uint_eq(rng_changed(r, 0, RNG_ROOM), 0);
	atomic_store(&rng_host.failing, 0);
	vmmio_manual_advance(r->ex, RNG_SECOND);
	ck_assert(rng_comes(r, 0, 64));
	ck_assert(rng_comes(r, AT(1), 64));
	rng_rig_free(r);
}
END_TEST

static void ends(struct rng_rig *r, const char *how)
{
	rng_add(r, AT(1), 64);
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).failures, 1);
	ck_assert_uint_eq(fixture_logged(how), 1);
	vmmio_manual_advance(r->ex, RNG_SECOND - 1);
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).failures, 1);
	ck_assert_uint_eq(rng_changed(r, AT(1), 64), 0); /* nothing is not random */
}

START_TEST(end_of_a_file)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .source = RNG_SOURCE_FILE,
		.file_size = 100};
	struct rng_rig *r = rng_rig_run(&o);

	fixture_expect_log("at its end");
	rng_add(r, AT(0), 128);
	ck_assert(rng_comes(r, AT(0), 100));
	ck_assert(rng_known(r, AT(0), 0, 100));
	ends(r, "at its end");
	ck_assert_int_eq(lseek(r->feed, 100, SEEK_SET), 100);
	rng_feed(r, 30);
	vmmio_manual_advance(r->ex, 1);
	ck_assert(rng_comes(r, AT(1), 30));
	ck_assert(rng_known(r, AT(1), 100, 30));
	rng_rig_free(r);
}
END_TEST

/* Its writer has gone; another comes. */
START_TEST(end_of_a_pipe)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .source = RNG_SOURCE_PIPE};
	struct rng_rig *r = rng_rig_run(&o);
	char path[48];

	fixture_expect_log("at its end");
	rng_feed(r, 10);
	close(r->feed);
	rng_add(r, AT(0), 128);
	ck_assert(rng_comes(r, AT(0), 10));
	ends(r, "at its end");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r->source);
	r->feed = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_int_ge(r->feed, 0);
	rng_feed(r, 10);
	vmmio_manual_advance(r->ex, 1);
	ck_assert(rng_comes(r, AT(1), 10));
	ck_assert(rng_known(r, AT(1), 10, 10));
	rng_rig_free(r);
}
END_TEST

/* Its peer has gone and left something unread. */
START_TEST(error_of_a_socket)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .source = RNG_SOURCE_SOCKET};
	struct rng_rig *r = rng_rig_run(&o);

	fixture_expect_log("reading failed (error 104");
	fixture_expect_log("at its end");
	rng_add(r, AT(0), 64);
	ck_assert(rng_nothing_comes(r));
	ck_assert_int_eq(write(r->source, "x", 1), 1);
	close(r->feed);
	r->feed = -1;
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).failures, 1);
	vmmio_manual_advance(r->ex, RNG_SECOND);
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).failures, 2);
	rng_rig_free(r);
}
END_TEST

START_TEST(error_of_a_file)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .source = RNG_SOURCE_FILE,
		.file_size = 100};
	struct rng_rig *r = rng_rig_run(&o);

	fixture_expect_log("reading failed (error 5");
	rng_add(r, AT(1), 64);
	vmmio_manual_run(r->ex, 10);
	ck_assert_uint_eq(vmmio_io_pending(r->io), 1);
	ck_assert_int_eq(vmmio_io_step(r->io, 0, -EIO), 0);
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).failures, 1);
	vmmio_manual_advance(r->ex, RNG_SECOND);
	ck_assert(rng_comes(r, AT(1), 64));
	ck_assert(rng_known(r, AT(1), 0, 64));
	rng_rig_free(r);
}
END_TEST

/* The engine has no memory for a poll. */
START_TEST(error_of_the_engine)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .source = RNG_SOURCE_PIPE};
	struct rng_rig *r = rng_rig_run(&o);

	fixture_expect_log("cannot be polled");
	fixture_expect_log("reading failed (error 12");
	rng_add(r, AT(0), 64);
	fixture_fail_alloc(1, false);
	ck_assert(rng_nothing_comes(r));
	ck_assert_uint_eq(rng_counters(r).failures, 1);
	rng_feed(r, 64);
	ck_assert(rng_nothing_comes(r));
	vmmio_manual_advance(r->ex, RNG_SECOND);
	ck_assert(rng_comes(r, AT(0), 64));
	rng_rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rng_fail");
	TCase *tc = fixture_tcase(s, "failures");

	tcase_add_loop_test(tc, end_of_a_file, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, end_of_a_pipe, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, error_of_a_socket, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, error_of_a_file, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, error_of_the_engine, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, generator_that_is_not_ready, 0, RNG_MANUAL);
	return fixture_main(s);
}
