/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cancelling one request; groups are in test_io_batch.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "test_io.h"

enum { CROWD = 1500 };

static const struct io_config urings[] = {
	{VMMIO_IO_THREADS, VMMIO_IO_URING}, {VMMIO_IO_LOOP, VMMIO_IO_URING}};

START_TEST(f04_blocked_read_is_cancelled)
{
	struct vmmio_io *io = io_new(&urings[_i], 0, 0);
	struct job job;
	char in[8];
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	for (unsigned i = 0; i < 2; i++) {
		job_init(&job, VMMIO_IO_READ, fds[0], in, sizeof(in));
		job.io.offset = VMMIO_IO_STREAM;
		job.io.flags = i ? VMMIO_IO_MAY_FAULT : 0;
		job_submit(io, &job);
		job_cancel(io, &job);
		job_cancel(io, &job);
		ck_assert_int_eq(job_wait(&job), -ECANCELED);
	}
	close(fds[0]);
	close(fds[1]);
	io_end(io);
}
END_TEST

START_TEST(plain_cancels_what_waits)
{
	struct vmmio_io *io = io_new(&io_configs[1], 0, 2);
	struct job stuck, waiting;
	char in[2][8];
	int fds[2], others[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(others, O_CLOEXEC), 0);
	job_init(&stuck, VMMIO_IO_READ, fds[0], in[0], 8);
	job_init(&waiting, VMMIO_IO_READ, others[0], in[1], 8);
	stuck.io.offset = waiting.io.offset = VMMIO_IO_STREAM;
	job_submit(io, &stuck);
	job_submit(io, &waiting);
	usleep(20000); /* gives a thread that should not take it the chance to */
	job_cancel(io, &waiting);
	ck_assert_int_eq(job_wait(&waiting), -ECANCELED);
	ck_assert(!job_is_done(&stuck));
	job_cancel(io, &stuck); /* running: or still waiting for its thread */
	ck_assert_int_eq(write(fds[1], "12345678", 8), 8);
	ck_assert(job_wait(&stuck) == 8 || stuck.io.result == -ECANCELED);
	close(fds[0]);
	close(fds[1]);
	close(others[0]);
	close(others[1]);
	io_end(io);
}
END_TEST

START_TEST(cancel_races_completion)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 8, 0);
	int fd = file_new(64 * PAGE);
	static char in[64][PAGE];
	static struct job jobs[64];

	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 64; i++) {
			job_init(&jobs[i], VMMIO_IO_READ, fd, in[i], PAGE);
			jobs[i].io.offset = i * PAGE;
			jobs[i].io.flags = i & 1 ? VMMIO_IO_MAY_FAULT : 0;
			job_submit(io, &jobs[i]);
		}
		for (unsigned i = 0; i < 64; i++)
			job_cancel(io, &jobs[i]);
		for (unsigned i = 0; i < 64; i++)
			ck_assert(job_wait(&jobs[i]) == PAGE || jobs[i].io.result == -ECANCELED);
	}
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(f10_cancels_when_the_ring_is_full)
{
	struct vmmio_io *io = io_new(&urings[_i], 4, 0);
	struct vmmio_io_request *batch[CROWD];
	static struct job jobs[CROWD];
	static char in[CROWD][16];
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	for (unsigned i = 0; i < CROWD; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, fds[0], in[i], 16);
		jobs[i].io.offset = VMMIO_IO_STREAM;
		jobs[i].engine = io;
		batch[i] = &jobs[i].io;
	}
	vmmio_io_submit(io, batch, CROWD);
	for (unsigned i = 0; i < CROWD; i++)
		job_cancel(io, &jobs[i]);
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(job_wait(&jobs[i]), -ECANCELED);
	close(fds[0]);
	close(fds[1]);
	io_end(io);
}
END_TEST

/* --- A cancel meets a worker that has waited long enough ------------------------------- */

int __real_pthread_cond_timedwait(
	pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_cond_timedwait(
	pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

static struct job late;
static atomic_uint waits; /* of workers, from the last; 0: they are not meddled with */
static atomic_bool begun; /* the first request is queued; until then a wait is only woken */

/* The time is over at once. The second wait, which is the only worker's then, ends when a
 * request has just come and gone. */
int __wrap_pthread_cond_timedwait(
	pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	struct vmmio_io_request *request = &late.io;
	unsigned left = atomic_load(&waits);

	if (!left)
		return __real_pthread_cond_timedwait(cond, mutex, until);
	if (!atomic_load(&begun)) {
		pthread_mutex_unlock(mutex);
		sched_yield();
		pthread_mutex_lock(mutex);
		return 0;
	}
	atomic_store(&waits, left - 1);
	if (left == 1) {
		pthread_mutex_unlock(mutex);
		vmmio_io_submit(late.engine, &request, 1);
		job_cancel(late.engine, &late);
		pthread_mutex_lock(mutex);
	}
	return ETIMEDOUT;
}

START_TEST(the_last_worker_answers_before_it_goes)
{
	struct vmmio_io *io = io_new(&urings[_i], 0, 2);
	int file = file_new(PAGE);
	struct job first;
	char out[16] = "";

	job_init(&first, VMMIO_IO_WRITE, file, out, 16);
	job_init(&late, VMMIO_IO_WRITE, file, out, 16);
	first.io.flags = late.io.flags = VMMIO_IO_MAY_FAULT; /* for the workers */
	late.engine = io;
	atomic_store(&waits, 2);
	atomic_store(&begun, false);
	job_submit(io, &first);
	atomic_store(&begun, true);
	ck_assert_int_eq(job_wait(&first), 16);
	ck_assert_int_eq(job_wait(&late), -ECANCELED);
	close(file);
	io_end(io);
}
END_TEST

void add_cancel_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "cancel");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, f04_blocked_read_is_cancelled, 0, 2);
	tcase_add_test(tc, plain_cancels_what_waits);
	tcase_add_loop_test(tc, cancel_races_completion, 0, IO_ALL);
	tcase_add_loop_test(tc, f10_cancels_when_the_ring_is_full, 0, 2);
	tcase_add_loop_test(tc, the_last_worker_answers_before_it_goes, 0, 2);
}
