/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The MANUAL form: the harness decides what ends, when, and how.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "test_io.h"

#define MANUAL (&io_configs[IO_UNATTENDED])

static struct job *order[4];
static unsigned ended;

static void note_done(struct vmmio_io_request *request)
{
	order[ended++] = (struct job *)request;
	job_done(request);
}

static void submit_reads(struct vmmio_io *io, struct job *jobs, int file, char (*in)[16])
{
	for (unsigned i = 0; i < 3; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, file, in[i], 16);
		jobs[i].io.done = note_done;
		job_submit(io, &jobs[i]);
	}
}

START_TEST(steps_in_any_order)
{
	struct vmmio_io *io = io_new(MANUAL, 0, 0);
	int file = file_new(PAGE);
	struct job jobs[3];
	char in[3][16];

	submit_reads(io, jobs, file, in);
	ck_assert_uint_eq(vmmio_io_pending(io), 3);
	ck_assert_uint_eq(ended, 0);
	ck_assert_int_eq(vmmio_io_step(io, 3, 0), -ENOENT);
	ck_assert_int_eq(vmmio_io_step(io, 1, 0), 0);
	ck_assert_int_eq(vmmio_io_step(io, 1, 0), 0);
	ck_assert_uint_eq(ended, 2);
	ck_assert(order[0] == &jobs[1] && order[1] == &jobs[2]);
	ck_assert_int_eq(vmmio_io_step(io, 0, 0), 0);
	ck_assert_ptr_eq(order[2], &jobs[0]);
	ck_assert_int_eq(vmmio_io_step(io, 0, 0), -ENOENT);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(jobs[i].io.result, 16);
	close(file);
	io_end(io);
}
END_TEST

START_TEST(steps_with_an_error_or_a_cancel)
{
	struct vmmio_io *io = io_new(MANUAL, 0, 0);
	int file = file_new(PAGE);
	struct job jobs[3];
	char in[3][16];

	memset(in, 0x55, sizeof(in));
	submit_reads(io, jobs, file, in);
	vmmio_io_cancel(io, &jobs[2].io);
	ck_assert_uint_eq(ended, 0);
	ck_assert_int_eq(vmmio_io_step(io, 0, -EIO), 0);
	ck_assert_int_eq(jobs[0].io.result, -EIO);
	ck_assert_int_eq(in[0][0], 0x55); /* nothing was done for it */
	fixture_expect_log("cannot let a request end with 5");
	ck_assert_int_eq(vmmio_io_step(io, 0, EIO), -EINVAL);
	ck_assert_int_eq(vmmio_io_run(io, 0), 2);
	ck_assert_int_eq(jobs[1].io.result, 16);
	ck_assert_int_eq(jobs[2].io.result, -ECANCELED);
	ck_assert_int_eq(in[2][0], 0x55);
	close(file);
	io_end(io);
}
END_TEST

static struct vmmio_io *nested_io;
static int nested[2];

static void step_from_done(struct vmmio_io_request *request)
{
	nested[0] = vmmio_io_step(nested_io, 0, 0);
	nested[1] = vmmio_io_advance(nested_io, 1);
	job_done(request);
}

START_TEST(refuses_to_step_inside_a_callback)
{
	struct vmmio_io *io = io_new(MANUAL, 0, 0);
	int file = file_new(PAGE);
	struct job jobs[3];
	char in[3][16];

	fixture_expect_log("vmmio_io_step is refused");
	fixture_expect_log("vmmio_io_advance is refused");
	nested_io = io;
	submit_reads(io, jobs, file, in);
	jobs[0].io.done = step_from_done;
	ck_assert_int_eq(vmmio_io_step(io, 0, 0), 0);
	ck_assert_int_eq(nested[0], -EDEADLK);
	ck_assert_int_eq(nested[1], -EDEADLK);
	ck_assert_int_eq(vmmio_io_run(io, 0), 2);
	close(file);
	io_end(io);
}
END_TEST

/* --- The clock -------------------------------------------------------------------------- */

static unsigned expirations;
static uint64_t seen_at[8];

static void note_time(struct vmmio_io_timer *timer)
{
	(void)timer;
	seen_at[expirations++] = vmmio_io_now(nested_io);
}

START_TEST(time_moves_when_told)
{
	struct vmmio_io *io = io_new(MANUAL, 0, 0);
	struct vmmio_io_timer timers[3] = {{.expired = note_time}, {.expired = note_time},
		{.expired = note_time}};

	nested_io = io;
	ck_assert_uint_eq(vmmio_io_now(io), 0);
	vmmio_io_timer_arm(io, &timers[0], 300);
	vmmio_io_timer_arm(io, &timers[1], 100);
	vmmio_io_timer_arm(io, &timers[2], 200);
	ck_assert_int_eq(vmmio_io_run(io, 0), 0);
	ck_assert_int_eq(vmmio_io_advance(io, 99), 0);
	ck_assert_int_eq(vmmio_io_advance(io, 200), 2);
	ck_assert_uint_eq(vmmio_io_now(io), 200);
	ck_assert_int_eq(vmmio_io_advance(io, 50), 0); /* never back */
	ck_assert_uint_eq(vmmio_io_now(io), 200);
	ck_assert(vmmio_io_timer_disarm(io, &timers[0]));
	ck_assert_int_eq(vmmio_io_advance(io, 1000), 0);
	ck_assert_uint_eq(expirations, 2);
	io_end(io);
}
END_TEST

void add_manual_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "manual");

	tcase_add_test(tc, steps_in_any_order);
	tcase_add_test(tc, steps_with_an_error_or_a_cancel);
	tcase_add_test(tc, refuses_to_step_inside_a_callback);
	tcase_add_test(tc, time_moves_when_told);
}
