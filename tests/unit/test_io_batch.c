/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ends together: groups that are cancelled and waited for, and flush at the end of a
 * batch of callbacks.
 */
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "test_io.h"

enum { MANY = 50 };

/* --- Groups ------------------------------------------------------------------------------ */

struct party {
	struct vmmio_io_group group;
	struct job jobs[MANY];
	char in[MANY][16];
	int fds[2]; /* a pipe: reads of it block until cancelled, or its end */
	atomic_uint dones, idles;
	unsigned dones_at_idle;
};

static struct party party;

static void party_done(struct vmmio_io_request *request)
{
	atomic_fetch_add(&party.dones, 1);
	job_done(request);
}

static void party_idle(struct vmmio_io_group *group)
{
	ck_assert_ptr_eq(group, &party.group);
	party.dones_at_idle = atomic_load(&party.dones);
	atomic_fetch_add(&party.idles, 1);
}

static void party_submit(struct vmmio_io *io, struct job *job, char *in)
{
	job_init(job, VMMIO_IO_READ, party.fds[0], in, 16);
	job->io.offset = VMMIO_IO_STREAM;
	job->io.group = &party.group;
	job->io.done = party_done;
	job_submit(io, job);
}

static void party_begin(struct vmmio_io *io)
{
	memset(&party, 0, sizeof(party));
	ck_assert_int_eq(pipe2(party.fds, O_CLOEXEC), 0);
	for (unsigned i = 0; i < MANY; i++)
		party_submit(io, &party.jobs[i], party.in[i]);
}

static void party_end(void)
{
	close(party.fds[0]);
	if (party.fds[1] >= 0)
		close(party.fds[1]);
}

/* Blocking calls that run cannot be cancelled: they end with the pipe. */
static void party_let_end(const struct io_config *config)
{
	if (config->kind == VMMIO_IO_URING || config->form == VMMIO_IO_MANUAL)
		return;
	close(party.fds[1]);
	party.fds[1] = -1;
}

START_TEST(idle_comes_once_after_the_last_done)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);

	fixture_expect_log("idle is NULL: set it");
	party_begin(io);
	ck_assert_int_eq(vmmio_io_cancel_all(io, &party.group, party_idle), 0);
	ck_assert_int_eq(vmmio_io_cancel_all(io, &party.group, NULL), -EINVAL);
	party_let_end(&io_configs[_i]);
	while (!atomic_load(&party.idles))
		io_drive(io);
	ck_assert_uint_eq(party.dones_at_idle, MANY);
	/* A group that is idle calls back at once, and can be used again. */
	ck_assert_int_eq(vmmio_io_cancel_all(io, &party.group, party_idle), 0);
	ck_assert_uint_eq(atomic_load(&party.idles), 2);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert(job_wait(&party.jobs[i]) == -ECANCELED || party.jobs[i].io.result == 0);
	party_end();
	io_end(io);
}
END_TEST

START_TEST(cancel_wait_waits)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct vmmio_io_group nothing = {{NULL}};

	ck_assert_int_eq(vmmio_io_cancel_wait(io, &nothing), 0);
	for (unsigned round = 0; round < 5; round++) {
		party_begin(io);
		party_let_end(&io_configs[_i]);
		ck_assert_int_eq(vmmio_io_cancel_wait(io, &party.group), 0);
		ck_assert_uint_eq(atomic_load(&party.dones), MANY);
		party_end();
	}
	io_end(io);
}
END_TEST

START_TEST(what_cannot_be_cancelled_keeps_it_waiting)
{
	struct vmmio_io *io = io_new(&io_configs[1], 0, 2);

	fixture_expect_log("has yet to be called: wait for it");
	/* One worker is inside a read, the others wait for it and are cancelled. */
	party_begin(io);
	ck_assert_int_eq(vmmio_io_cancel_all(io, &party.group, party_idle), 0);
	ck_assert_int_eq(vmmio_io_cancel_all(io, &party.group, party_idle), -EALREADY);
	ck_assert_int_eq(vmmio_io_cancel_wait(io, &party.group), -EALREADY);
	ck_assert_uint_eq(fixture_logged("has yet to be called: wait for it"), 2);
	for (unsigned i = 1; i < MANY; i++)
		ck_assert_int_eq(job_wait(&party.jobs[i]), -ECANCELED);
	if (!job_is_done(&party.jobs[0])) /* it had begun */
		ck_assert_uint_eq(atomic_load(&party.idles), 0);
	close(party.fds[1]);
	party.fds[1] = -1;
	job_wait(&party.jobs[0]);
	party_end();
	io_end(io); /* its threads have ended, so idle has been called */
	ck_assert_uint_eq(atomic_load(&party.idles), 1);
	ck_assert_uint_eq(party.dones_at_idle, MANY);
}
END_TEST

static void *wait_elsewhere(void *io)
{
	ck_assert_int_eq(vmmio_io_cancel_wait(io, &party.group), 0);
	ck_assert_uint_eq(atomic_load(&party.dones), MANY);
	atomic_fetch_add(&party.idles, 1);
	return NULL;
}

START_TEST(cancel_wait_waits_for_the_loop)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	pthread_t thread;

	io_run(io, VMMIO_IO_READ, -1, NULL, 0, 0); /* this thread's loop */
	party_begin(io);
	party_let_end(&io_configs[_i]);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_elsewhere, io), 0);
	while (atomic_load(&party.dones) < MANY)
		io_drive(io);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(atomic_load(&party.idles), 1);
	party_end();
	io_end(io);
}
END_TEST

static void *submit_and_cancel(void *arg)
{
	struct vmmio_io *io = arg;
	struct vmmio_io_group group = {{NULL}};
	static _Thread_local struct job jobs[8];
	char in[8][16];
	int file = file_new(PAGE);

	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 8; i++) {
			job_init(&jobs[i], i & 1 ? VMMIO_IO_WRITE : VMMIO_IO_READ, file, in[i], 16);
			jobs[i].io.flags = i & 2 ? VMMIO_IO_MAY_FAULT : 0;
			jobs[i].io.group = &group;
			job_submit(io, &jobs[i]);
		}
		ck_assert_int_eq(vmmio_io_cancel_wait(io, &group), 0);
		for (unsigned i = 0; i < 8; i++)
			ck_assert(job_is_done(&jobs[i]));
	}
	close(file);
	atomic_fetch_add(&party.idles, 1);
	return NULL;
}

START_TEST(groups_of_several_threads)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct job wake;
	pthread_t threads[3];
	char in[16];

	atomic_store(&party.idles, 0);
	io_run(io, VMMIO_IO_READ, -1, NULL, 0, 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_and_cancel, io), 0);
	/* A request in each round, so that the loop never sleeps for good. */
	while (io_configs[_i].form != VMMIO_IO_THREADS && atomic_load(&party.idles) < 3) {
		job_init(&wake, VMMIO_IO_READ, -1, in, 16);
		ck_assert_int_eq(job_run(io, &wake), -EBADF);
	}
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	io_end(io);
}
END_TEST

/* --- Flush ------------------------------------------------------------------------------- */

struct sink {
	struct vmmio_io_flush flush;
	unsigned waiting, flushed, flushes;
	bool again;
};

static struct sink sink;
static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;

static void sink_mark(void)
{
	if (!sink.waiting++)
		ck_assert(vmmio_io_flush_later(&sink.flush));
}

static void sink_flush(struct vmmio_io_flush *flush)
{
	ck_assert_ptr_eq(flush, &sink.flush);
	pthread_mutex_lock(&sink_lock);
	sink.flushed += sink.waiting;
	sink.flushes++;
	sink.waiting = 0;
	if (sink.again)
		sink_mark();
	sink.again = false;
	pthread_mutex_unlock(&sink_lock);
}

static void flushing_done(struct vmmio_io_request *request)
{
	pthread_mutex_lock(&sink_lock);
	sink_mark();
	pthread_mutex_unlock(&sink_lock);
	job_done(request);
}

START_TEST(flush_comes_after_the_batch)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	struct vmmio_io_request *batch[MANY];
	static struct job jobs[MANY];
	static char in[MANY][16];
	int file = file_new(PAGE);

	sink = (struct sink){.flush = {.flush = sink_flush}, .again = true};
	ck_assert(!vmmio_io_flush_later(&sink.flush)); /* not inside a callback */
	for (unsigned i = 0; i < MANY; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, file, in[i], 16);
		jobs[i].engine = io;
		jobs[i].io.done = flushing_done;
		batch[i] = &jobs[i].io;
	}
	vmmio_io_submit(io, batch, MANY);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_int_eq(job_wait(&jobs[i]), 16);
	close(file);
	io_end(io); /* whose threads flush before they end */
	ck_assert_uint_eq(sink.flushed, MANY + 1);
	ck_assert_uint_eq(sink.waiting, 0);
	ck_assert_uint_le(sink.flushes, MANY + 1);
	/* The page cache answers at once: all of one submission in one batch. */
	if (io_configs[_i].form != VMMIO_IO_THREADS && io_configs[_i].kind == VMMIO_IO_URING)
		ck_assert_uint_eq(sink.flushes, 2);
}
END_TEST

void add_batch_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "groups");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, idle_comes_once_after_the_last_done, 0, IO_ALL);
	tcase_add_loop_test(tc, cancel_wait_waits, 0, IO_ALL);
	tcase_add_test(tc, what_cannot_be_cancelled_keeps_it_waiting);
	tcase_add_loop_test(tc, cancel_wait_waits_for_the_loop, IO_OWN_THREADS, IO_UNATTENDED);
	tcase_add_loop_test(tc, groups_of_several_threads, 0, IO_UNATTENDED);
	tc = fixture_tcase(s, "flush");
	tcase_add_loop_test(tc, flush_comes_after_the_batch, 0, IO_ALL);
}
