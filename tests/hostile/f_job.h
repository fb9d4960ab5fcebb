/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of an I/O engine that is used alone. */
#ifndef VMMIO_TESTS_F_JOB_H
#define VMMIO_TESTS_F_JOB_H

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <vmmio/io.h>

#include "hostile/f_rig.h"

struct f_job {
	struct vmmio_io_request io;
	struct vmmio_iovec iov;
	_Atomic unsigned done;
};

static inline void f_job_done(struct vmmio_io_request *request)
{
	atomic_fetch_add(&((struct f_job *)request)->done, 1);
}

static inline void f_job_init(
	struct f_job *job, enum vmmio_io_op op, int fd, void *data, size_t size)
{
	*job = (struct f_job){
		.io = {.op = op, .fd = fd, .length = size, .n_iov = 1, .done = f_job_done},
		.iov = {data, size},
	};
	job->io.iov = &job->iov;
}

static inline void f_job_submit(struct vmmio_io *io, struct f_job *job)
{
	struct vmmio_io_request *request = &job->io;

	vmmio_io_submit(io, &request, 1);
}

static inline int64_t f_job_wait(struct f_job *job)
{
	WAIT_UNTIL(atomic_load(&job->done));
	ck_assert_uint_eq(atomic_load(&job->done), 1);
	return job->io.result;
}

static inline int64_t f_job_run(struct vmmio_io *io, struct f_job *job)
{
	f_job_submit(io, job);
	return f_job_wait(job);
}

/* An empty one, for what a test writes. */
static inline int f_job_file(void)
{
	int fd = memfd_create("f", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Created and in use, or the first error of the two; *io untouched then. */
static inline int f_io(enum vmmio_io_engine engine, unsigned entries, struct vmmio_io **io)
{
	struct vmmio_io_options o = {.size = sizeof(o), .engine = engine, .entries = entries};
	struct vmmio_io *made;
	int err;

	o.log = fixture_log();
	err = vmmio_io_create(&o, &made);
	if (err)
		return err;
	err = vmmio_io_use(made);
	if (err)
		ck_assert_int_eq(vmmio_io_destroy(made), 0);
	else
		*io = made;
	return err;
}

static inline void f_io_end(struct vmmio_io *io)
{
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
}

/* It moves data, 16 bytes there and back. */
static inline void f_io_works(struct vmmio_io *io, int fd)
{
	char out[16] = "what was written", in[16] = "";
	struct f_job job;

	f_job_init(&job, VMMIO_IO_WRITE, fd, out, 16);
	ck_assert_int_eq(f_job_run(io, &job), 16);
	f_job_init(&job, VMMIO_IO_READ, fd, in, 16);
	ck_assert_int_eq(f_job_run(io, &job), 16);
	ck_assert_mem_eq(in, out, 16);
}

/* AUTO takes the plain engine, and URING says expected. */
static inline void f_io_falls_back(int expected)
{
	struct vmmio_io *io = NULL;
	int fd = f_job_file();

	ck_assert_int_eq(f_io(VMMIO_IO_AUTO, 0, &io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_PLAIN);
	ck_assert_uint_eq(fixture_logged("using the plain engine"), 1);
	f_io_works(io, fd);
	f_io_end(io);
	fixture_expect_log("io_uring is refused");
	io = NULL;
	ck_assert_int_eq(f_io(VMMIO_IO_URING, 0, &io), expected); /* as configured */
	ck_assert_ptr_null(io);
	close(fd);
}

#endif
