/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of the I/O engine share: a request that can be waited for on an engine of
 * any form, by the same test body.
 */
#ifndef VMMIO_TESTS_TEST_IO_H
#define VMMIO_TESTS_TEST_IO_H

#include <pthread.h>
#include <vmmio/io.h>

#include "support/fixture.h"

#define PAGE 4096u

struct io_config {
	enum vmmio_io_form form;
	enum vmmio_io_engine kind;
};

/* Loop tests run over the first N of them: those with threads of their own, those that need
 * no harness to perform requests, all. */
enum { IO_OWN_THREADS = 2, IO_UNATTENDED = 4, IO_ALL = 5 };
extern const struct io_config io_configs[IO_ALL];

struct job {
	struct vmmio_io_request io;
	struct vmmio_iovec iov;
	struct vmmio_io *engine;
	unsigned done;
};

/* An engine with one user. The calling thread is the one that runs it. */
struct vmmio_io *io_new(const struct io_config *config, unsigned entries, unsigned max_threads);
/* For an engine the test makes itself: THREADS or LOOP, run by the calling thread. */
enum vmmio_io_form io_form(int loop);
void io_end(struct vmmio_io *io);
/* Runs it once, if it has no threads, and sleeps if there was nothing to do. */
void io_drive(struct vmmio_io *io);

void job_init(struct job *job, enum vmmio_io_op op, int fd, void *data, size_t len);
void job_done(struct vmmio_io_request *request);
void job_submit(struct vmmio_io *io, struct job *job);
/* Runs the engine meanwhile where that is this thread's part. Returns the result. */
int64_t job_wait(struct job *job);
bool job_is_done(struct job *job);
void job_cancel(struct vmmio_io *io, struct job *job);
int64_t job_run(struct vmmio_io *io, struct job *job);
int64_t io_run(
	struct vmmio_io *io, enum vmmio_io_op op, int fd, void *data, size_t len, uint64_t offset);

/* A file without a name. */
int file_new(size_t size);

/* One per file. */
void add_transfer_tests(Suite *s);
void add_cancel_tests(Suite *s);
void add_load_tests(Suite *s);
void add_life_tests(Suite *s);
void add_loop_tests(Suite *s);
void add_manual_tests(Suite *s);
void add_poll_tests(Suite *s);
void add_batch_tests(Suite *s);

#endif
