/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The I/O engine: what the tests share, and the program. A test runs on every form and kind
 * of engine, unless it says so.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test_io.h"

const struct io_config io_configs[IO_ALL] = {
	{VMMIO_IO_THREADS, VMMIO_IO_URING},
	{VMMIO_IO_THREADS, VMMIO_IO_PLAIN},
	{VMMIO_IO_LOOP, VMMIO_IO_URING},
	{VMMIO_IO_LOOP, VMMIO_IO_PLAIN},
	{VMMIO_IO_MANUAL, VMMIO_IO_PLAIN},
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Who runs the engine of the test, if it has no threads. */
static enum vmmio_io_form form;
static pthread_t runner;

void job_done(struct vmmio_io_request *request)
{
	struct job *job = (struct job *)request;

	pthread_mutex_lock(&lock);
	job->done++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

void job_init(struct job *job, enum vmmio_io_op op, int fd, void *data, size_t len)
{
	memset(job, 0, sizeof(*job));
	job->iov = (struct vmmio_iovec){data, len};
	job->io.op = op;
	job->io.fd = fd;
	job->io.length = len;
	job->io.iov = &job->iov;
	job->io.n_iov = data ? 1 : 0;
	job->io.done = job_done;
}

void job_submit(struct vmmio_io *io, struct job *job)
{
	struct vmmio_io_request *request = &job->io;

	job->engine = io;
	vmmio_io_submit(io, &request, 1);
}

void io_drive(struct vmmio_io *io)
{
	struct pollfd fd = {.events = POLLIN};
	int ran;

	if (form == VMMIO_IO_THREADS)
		return;
	ran = vmmio_io_run(io, 0);
	ck_assert_int_ge(ran, 0);
	if (ran || form == VMMIO_IO_MANUAL)
		return;
	fd.fd = vmmio_io_fd(io);
	ck_assert_int_ge(fd.fd, 0);
	ck_assert_int_eq(poll(&fd, 1, -1), 1);
}

int64_t job_wait(struct job *job)
{
	bool drive = form != VMMIO_IO_THREADS && pthread_equal(runner, pthread_self());

	while (drive && !job_is_done(job))
		io_drive(job->engine);
	pthread_mutex_lock(&lock);
	while (!job->done)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	ck_assert_uint_eq(job->done, 1);
	return job->io.result;
}

bool job_is_done(struct job *job)
{
	bool done;

	pthread_mutex_lock(&lock);
	done = job->done != 0;
	pthread_mutex_unlock(&lock);
	return done;
}

void job_cancel(struct vmmio_io *io, struct job *job)
{
	pthread_mutex_lock(&lock);
	if (!job->done)
		vmmio_io_cancel(io, &job->io);
	pthread_mutex_unlock(&lock);
}

int64_t job_run(struct vmmio_io *io, struct job *job)
{
	job_submit(io, job);
	return job_wait(job);
}

int64_t io_run(
	struct vmmio_io *io, enum vmmio_io_op op, int fd, void *data, size_t len, uint64_t offset)
{
	struct job job;

	job_init(&job, op, fd, data, len);
	job.io.offset = offset;
	return job_run(io, &job);
}

enum vmmio_io_form io_form(int loop)
{
	form = loop ? VMMIO_IO_LOOP : VMMIO_IO_THREADS;
	runner = pthread_self();
	return form;
}

struct vmmio_io *io_new(const struct io_config *config, unsigned entries, unsigned max_threads)
{
	struct vmmio_io_options options = {
		.size = sizeof(options),
		.form = config->form,
		.engine = config->kind,
		.entries = entries,
		.max_threads = max_threads,
		.log = fixture_log(),
	};
	struct vmmio_io *io;

	form = config->form;
	runner = pthread_self();
	ck_assert_int_eq(vmmio_io_create(&options, &io), 0);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	return io;
}

void io_end(struct vmmio_io *io)
{
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
}

int file_new(size_t size)
{
	char path[] = "/tmp/vmmio-io-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

int main(void)
{
	Suite *s = suite_create("io");

	add_transfer_tests(s);
	add_cancel_tests(s);
	add_load_tests(s);
	add_life_tests(s);
	add_loop_tests(s);
	add_manual_tests(s);
	add_poll_tests(s);
	add_batch_tests(s);
	return fixture_main(s);
}
