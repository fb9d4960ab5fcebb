/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The LOOP form: the descriptor, who may run it, and what is refused. That a loop which
 * sleeps on the descriptor misses nothing is shown by every other test (io_drive).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <unistd.h>

#include "test_io.h"

enum { FIRST = IO_OWN_THREADS };

static bool readable(struct vmmio_io *io)
{
	struct pollfd fd = {.fd = vmmio_io_fd(io), .events = POLLIN};

	ck_assert_int_ge(fd.fd, 0);
	return poll(&fd, 1, 0) == 1;
}

/* Until there is nothing to do. */
static void settle(struct vmmio_io *io)
{
	while (readable(io))
		ck_assert_int_ge(vmmio_io_run(io, 0), 0);
}

START_TEST(descriptor_is_quiet_when_there_is_nothing)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int fd = vmmio_io_fd(io), file = file_new(PAGE);
	char in[16];

	settle(io);
	ck_assert(!readable(io));
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(io_run(io, VMMIO_IO_READ, file, in, 16, 0), 16);
		settle(io);
	}
	/* It is the same one over the engine's whole life, also without users. */
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_fd(io), fd);
	settle(io);
	ck_assert_int_eq(vmmio_io_run(io, 0), 0);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_eq(vmmio_io_fd(io), fd);
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, file, in, 16, 0), 16);
	close(file);
	io_end(io);
}
END_TEST

static void *submit_job(void *arg)
{
	struct job *job = arg;

	job_submit(job->engine, job);
	return NULL;
}

START_TEST(other_threads_wake_the_loop)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int file = file_new(PAGE);
	pthread_t thread;
	char in[16];
	struct job job;

	for (unsigned i = 0; i < 3; i++) {
		settle(io);
		job_init(&job, VMMIO_IO_READ, file, in, 16);
		job.engine = io;
		ck_assert_int_eq(pthread_create(&thread, NULL, submit_job, &job), 0);
		pthread_join(thread, NULL);
		/* A plain engine's workers have begun, the ring waits for a run. */
		if (io_configs[_i].kind == VMMIO_IO_URING)
			ck_assert(readable(io));
		ck_assert_int_eq(job_wait(&job), 16);
	}
	close(file);
	io_end(io);
}
END_TEST

enum { MANY = 40 };

START_TEST(a_run_is_bounded)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct vmmio_io_request *batch[MANY];
	static struct job jobs[MANY];
	int file = file_new(PAGE);
	static char in[MANY][16];
	int ran, total = 0;

	for (unsigned i = 0; i < MANY; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, file, in[i], 16);
		jobs[i].engine = io;
		batch[i] = &jobs[i].io;
	}
	vmmio_io_submit(io, batch, MANY);
	while (total < MANY) {
		ran = vmmio_io_run(io, 3);
		ck_assert_int_ge(ran, 0);
		ck_assert_int_le(ran, 3);
		total += ran;
		/* What is left makes the descriptor readable again. */
		if (total < MANY) {
			struct pollfd fd = {.fd = vmmio_io_fd(io), .events = POLLIN};

			ck_assert_int_eq(poll(&fd, 1, -1), 1);
		}
	}
	ck_assert_int_eq(total, MANY);
	close(file);
	io_end(io);
}
END_TEST

/* --- Who may run it -------------------------------------------------------------------- */

static int run_result, wait_result;

static void run_from_done(struct vmmio_io_request *request)
{
	struct vmmio_io_group group = {{NULL}};
	struct job *job = (struct job *)request;

	run_result = vmmio_io_run(job->engine, 0);
	wait_result = vmmio_io_cancel_wait(job->engine, &group);
	job_done(request);
}

START_TEST(refuses_to_run_inside_a_callback)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int file = file_new(PAGE);
	struct job job;
	char in[16];

	fixture_expect_log("vmmio_io_run is refused");
	fixture_expect_log("from inside a callback it would wait");
	job_init(&job, VMMIO_IO_READ, file, in, 16);
	job.io.done = run_from_done;
	ck_assert_int_eq(job_run(io, &job), 16);
	ck_assert_int_eq(run_result, io_configs[_i].form == VMMIO_IO_THREADS ? -EINVAL : -EDEADLK);
	ck_assert_int_eq(wait_result, -EDEADLK);
	close(file);
	io_end(io);
}
END_TEST

static void *run_elsewhere(void *io)
{
	run_result = vmmio_io_run(io, 0);
	return NULL;
}

static void run_from_other_thread(struct vmmio_io_request *request)
{
	pthread_t thread;

	ck_assert_int_eq(
		pthread_create(&thread, NULL, run_elsewhere, ((struct job *)request)->engine), 0);
	pthread_join(thread, NULL);
	job_done(request);
}

START_TEST(one_thread_runs_it)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int file = file_new(PAGE);
	struct job job;
	char in[16];

	fixture_expect_log("one at a time");
	job_init(&job, VMMIO_IO_READ, file, in, 16);
	job.io.done = run_from_other_thread;
	ck_assert_int_eq(job_run(io, &job), 16);
	ck_assert_int_eq(run_result, -EBUSY);
	close(file);
	io_end(io);
}
END_TEST

START_TEST(a_loop_belongs_to_its_first_thread)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int file = file_new(PAGE);
	pthread_t thread;
	char in[16];

	fixture_expect_log("another thread ran it first");
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, file, in, 16, 0), 16);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_elsewhere, io), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(run_result, -EBUSY);
	/* The next users may have another loop. */
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, run_elsewhere, io), 0);
	pthread_join(thread, NULL);
	ck_assert_int_ge(run_result, 0);
	close(file);
	io_end(io);
}
END_TEST

/* Also if it has ended, and another one looks just like it. */
START_TEST(no_later_thread_is_taken_for_the_first)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	pthread_t thread;

	fixture_expect_log("another thread ran it first");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_create(&thread, NULL, run_elsewhere, io), 0);
		pthread_join(thread, NULL);
		ck_assert_int_eq(run_result, i ? -EBUSY : 0);
	}
	io_end(io);
}
END_TEST

START_TEST(refuses_what_the_form_does_not_have)
{
	const struct io_config *config = &io_configs[_i];
	struct vmmio_io *io = io_new(config, 0, 0);

	if (config->form == VMMIO_IO_THREADS) {
		fixture_expect_log("vmmio_io_run is refused");
		ck_assert_int_eq(vmmio_io_run(io, 0), -EINVAL);
	}
	if (config->form != VMMIO_IO_LOOP) {
		ck_assert_int_eq(vmmio_io_fd(NULL), -EINVAL);
		ck_assert_int_eq(vmmio_io_run(NULL, 0), -EINVAL);
		ck_assert_int_eq(vmmio_io_use(NULL), -EINVAL);
		fixture_expect_log("vmmio_io_fd is refused");
		ck_assert_int_eq(vmmio_io_fd(io), -EINVAL);
	}
	if (config->form != VMMIO_IO_MANUAL) {
		fixture_expect_log("needs an engine of form VMMIO_IO_MANUAL");
		ck_assert_int_eq(vmmio_io_step(io, 0, 0), -EINVAL);
		ck_assert_int_eq(vmmio_io_advance(io, 1), -EINVAL);
		ck_assert_uint_eq(vmmio_io_pending(io), 0);
	}
	io_end(io);
}
END_TEST

/* --- Taking it down while it runs ------------------------------------------------------- */

static sem_t entered, go_on;

static void wait_in_ready(struct vmmio_io_poll *poll)
{
	char c;

	ck_assert_int_eq(read(poll->fd, &c, 1), 1);
	sem_post(&entered);
	sem_wait(&go_on);
}

static void *drive_once(void *io)
{
	io_form(1);
	while (!(run_result = vmmio_io_run(io, 0)))
		io_drive(io);
	return NULL;
}

START_TEST(stays_up_while_it_is_run)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct vmmio_io_poll poll = {.ready = wait_in_ready};
	pthread_t thread;
	int fds[2];

	sem_init(&entered, 0, 0);
	sem_init(&go_on, 0, 0);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	poll.fd = fds[0];
	ck_assert_int_eq(vmmio_io_poll_add(io, &poll), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, drive_once, io), 0);
	sem_wait(&entered);
	vmmio_io_unuse(io); /* with a poll left and a run under way */
	ck_assert_int_eq(vmmio_io_destroy(io), -EBUSY);
	sem_post(&go_on);
	pthread_join(thread, NULL);
	vmmio_io_poll_remove(io, &poll);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

void add_loop_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "loop");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, descriptor_is_quiet_when_there_is_nothing, FIRST, IO_UNATTENDED);
	tcase_add_loop_test(tc, other_threads_wake_the_loop, FIRST, IO_UNATTENDED);
	tcase_add_loop_test(tc, a_run_is_bounded, FIRST, IO_UNATTENDED);
	tcase_add_loop_test(tc, refuses_to_run_inside_a_callback, 0, IO_ALL);
	tcase_add_loop_test(tc, one_thread_runs_it, FIRST, IO_ALL);
	tcase_add_loop_test(tc, a_loop_belongs_to_its_first_thread, FIRST, IO_UNATTENDED);
	tcase_add_loop_test(tc, no_later_thread_is_taken_for_the_first, FIRST, IO_UNATTENDED);
	tcase_add_loop_test(tc, refuses_what_the_form_does_not_have, 0, IO_ALL);
	tcase_add_loop_test(tc, stays_up_while_it_is_run, FIRST, IO_UNATTENDED);
}
