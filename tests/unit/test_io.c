/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The I/O engine: every test runs on io_uring and on the plain engine, unless it says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vmmio/io.h>

#include "io/engine.h"
#include "support/fixture.h"

#define PAGE 4096u

static const enum vmmio_io_engine kinds[] = {VMMIO_IO_URING, VMMIO_IO_PLAIN};

/* --- A request and a way to wait for it --------------------------------------------- */

struct job {
	struct vmmio_io_request io;
	struct vmmio_iovec iov;
	unsigned done;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void job_done(struct vmmio_io_request *request)
{
	struct job *job = (struct job *)request;

	pthread_mutex_lock(&lock);
	job->done++;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static void job_init(struct job *job, enum vmmio_io_op op, int fd, void *data, size_t len)
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

static void job_submit(struct vmmio_io *io, struct job *job)
{
	struct vmmio_io_request *request = &job->io;

	vmmio_io_submit(io, &request, 1);
}

static int64_t job_wait(struct job *job)
{
	pthread_mutex_lock(&lock);
	while (!job->done)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	ck_assert_uint_eq(job->done, 1);
	return job->io.result;
}

static bool job_is_done(struct job *job)
{
	bool done;

	pthread_mutex_lock(&lock);
	done = job->done != 0;
	pthread_mutex_unlock(&lock);
	return done;
}

static void job_cancel(struct vmmio_io *io, struct job *job)
{
	pthread_mutex_lock(&lock);
	if (!job->done)
		vmmio_io_cancel(io, &job->io);
	pthread_mutex_unlock(&lock);
}

static int64_t job_run(struct vmmio_io *io, struct job *job)
{
	job_submit(io, job);
	return job_wait(job);
}

static int64_t run(
	struct vmmio_io *io, enum vmmio_io_op op, int fd, void *data, size_t len, uint64_t offset)
{
	struct job job;

	job_init(&job, op, fd, data, len);
	job.io.offset = offset;
	return job_run(io, &job);
}

static struct vmmio_io *io_new(enum vmmio_io_engine kind, unsigned entries, unsigned max_threads)
{
	struct vmmio_io_options options = {
		.size = sizeof(options),
		.engine = kind,
		.entries = entries,
		.max_threads = max_threads,
		.log = fixture_log(),
	};
	struct vmmio_io *io;

	ck_assert_int_eq(vmmio_io_create(&options, &io), 0);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	return io;
}

static void io_end(struct vmmio_io *io)
{
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
}

static int file_new(size_t size)
{
	char path[] = "/tmp/vmmio-io-XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	return fd;
}

/* --- Transfers ------------------------------------------------------------------------ */

START_TEST(moves_data)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fds[2] = {file_new(4 * PAGE), memfd_create("io", MFD_CLOEXEC)};
	static char out[PAGE], in[PAGE];

	ck_assert_int_eq(ftruncate(fds[1], 4 * PAGE), 0);
	ck_assert_int_eq(vmmio_io_kind(io), kinds[_i]);
	memset(out, 0x5a, sizeof(out));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(run(io, VMMIO_IO_WRITE, fds[i], out, PAGE, 512), PAGE);
		ck_assert_int_eq(run(io, VMMIO_IO_DATASYNC, fds[i], NULL, 0, 0), 0);
		memset(in, 0, sizeof(in));
		ck_assert_int_eq(run(io, VMMIO_IO_READ, fds[i], in, PAGE, 512), PAGE);
		ck_assert_mem_eq(in, out, PAGE);
		close(fds[i]);
	}
	io_end(io);
}
END_TEST

START_TEST(writes_marked_requests)
{
	static const uint32_t flags[] = {VMMIO_IO_MAY_FAULT, VMMIO_IO_PAGE_CACHE};
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fd = file_new(4 * PAGE);
	static char out[PAGE], in[PAGE];
	struct job job;

	for (unsigned i = 0; i < 2; i++) {
		memset(out, 0x11 + (int)i, sizeof(out));
		job_init(&job, VMMIO_IO_WRITE, fd, out, PAGE);
		job.io.flags = flags[i];
		ck_assert_int_eq(job_run(io, &job), PAGE);
		job_init(&job, VMMIO_IO_READ, fd, in, PAGE);
		job.io.flags = flags[i];
		ck_assert_int_eq(job_run(io, &job), PAGE);
		ck_assert_mem_eq(in, out, PAGE);
	}
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(gathers_more_pieces_than_one_call_takes)
{
	enum { PIECES = 3000, EACH = 7 };
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fd = file_new(0);
	static char out[PIECES * EACH], in[PIECES * EACH];
	static struct vmmio_iovec iov[2][PIECES];
	struct job job;

	for (unsigned i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31);
	for (unsigned i = 0; i < PIECES; i++) {
		iov[0][i] = (struct vmmio_iovec){out + i * EACH, EACH};
		iov[1][i] = (struct vmmio_iovec){in + i * EACH, EACH};
	}
	for (unsigned i = 0; i < 2; i++) {
		job_init(&job, i ? VMMIO_IO_READ : VMMIO_IO_WRITE, fd, NULL, sizeof(out));
		job.io.iov = iov[i];
		job.io.n_iov = PIECES;
		ck_assert_int_eq(job_run(io, &job), sizeof(out));
	}
	ck_assert_mem_eq(in, out, sizeof(out));
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(f33_read_is_short_at_the_end_only)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fd = file_new(PAGE + 100);
	static char in[2 * PAGE];

	memset(in, 0x77, sizeof(in));
	ck_assert_int_eq(run(io, VMMIO_IO_READ, fd, in, 2 * PAGE, 0), PAGE + 100);
	ck_assert_int_eq(in[PAGE + 100], 0x77);
	ck_assert_int_eq(run(io, VMMIO_IO_READ, fd, in, PAGE, 10 * PAGE), 0);
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(f32_short_transfer_goes_on)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	char in[8] = "";
	struct job job;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	job_init(&job, VMMIO_IO_READ, fds[0], in, sizeof(in));
	job.io.offset = VMMIO_IO_STREAM;
	ck_assert_int_eq(write(fds[1], "abc", 3), 3);
	job_submit(io, &job);
	ck_assert_int_eq(write(fds[1], "defgh", 5), 5);
	ck_assert_int_eq(job_wait(&job), 8);
	ck_assert_mem_eq(in, "abcdefgh", 8);
	close(fds[0]);
	close(fds[1]);
	io_end(io);
}
END_TEST

START_TEST(f35_errors_are_reported)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fd = file_new(PAGE);
	char path[64], data[16] = "";
	int read_only, null;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	null = open("/dev/full", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(run(io, VMMIO_IO_WRITE, read_only, data, 16, 0), -EBADF);
	ck_assert_int_eq(run(io, VMMIO_IO_READ, -1, data, 16, 0), -EBADF);
	ck_assert_int_eq(run(io, VMMIO_IO_DATASYNC, -1, NULL, 0, 0), -EBADF);
	ck_assert_int_eq(run(io, VMMIO_IO_DISCARD, read_only, NULL, 16, 0), -EBADF);
	ck_assert_int_eq(run(io, VMMIO_IO_WRITE, null, data, 16, 0), -ENOSPC);
	ck_assert_int_eq(run(io, VMMIO_IO_READ, fd, (void *)(uintptr_t)8, 16, 0), -EFAULT);
	ck_assert_int_eq(run(io, VMMIO_IO_READ, fd, data, 16, 0), 16);
	close(null);
	close(read_only);
	close(fd);
	io_end(io);
}
END_TEST

static bool range_is(int fd, size_t from, size_t to, char value)
{
	static char bytes[4 * PAGE];

	ck_assert_int_eq(pread(fd, bytes, to - from, (off_t)from), to - from);
	for (size_t i = 0; i < to - from; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void check_zeroing(struct vmmio_io *io, int fd, enum vmmio_io_op op)
{
	static char ones[4 * PAGE];

	memset(ones, 1, sizeof(ones));
	ck_assert_int_eq(pwrite(fd, ones, sizeof(ones), 0), sizeof(ones));
	ck_assert_int_eq(run(io, op, fd, NULL, PAGE + 512, 512), 0);
	ck_assert(range_is(fd, 0, 512, 1));
	if (op != VMMIO_IO_DISCARD)
		ck_assert(range_is(fd, 512, PAGE + 1024, 0));
	ck_assert(range_is(fd, PAGE + 1024, sizeof(ones), 1));
}

START_TEST(zeroes_and_discards)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fds[2] = {file_new(4 * PAGE), memfd_create("io", MFD_CLOEXEC)};

	for (unsigned i = 0; i < 2; i++) {
		check_zeroing(io, fds[i], VMMIO_IO_DISCARD);
		check_zeroing(io, fds[i], VMMIO_IO_ZERO);
		check_zeroing(io, fds[i], VMMIO_IO_ZERO_UNMAP);
		close(fds[i]);
	}
	io_end(io);
}
END_TEST

/* --- What comes next after a result, step by step --------------------------------------- */

static void *const nowhere = (void *)(uintptr_t)PAGE;

START_TEST(f37_large_transfers_loop)
{
	const uint64_t total = UINT64_C(5) << 30, cap = 0x7ffff000;
	struct io_step step;
	struct job job;

	job_init(&job, VMMIO_IO_READ, 3, nowhere, total);
	job.io.offset = UINT64_C(1) << 40;
	vmmio_io_begin(&job.io, IO_HOME_RING);
	for (uint64_t at = 0; at < total; at += cap) {
		uint64_t n = total - at < cap ? total - at : cap;

		vmmio_io_step(&job.io, &step);
		ck_assert_int_eq(step.call, IO_CALL_READ);
		ck_assert_uint_eq(step.n_iov, 1);
		ck_assert_uint_eq(step.offset, (UINT64_C(1) << 40) + at);
		ck_assert_uint_eq(step.iov[0].iov_len, n);
		ck_assert_uint_eq((uintptr_t)step.iov[0].iov_base, PAGE + at);
		ck_assert_int_eq(vmmio_io_advance(&job.io, (int64_t)n), at + n == total);
	}
	ck_assert_int_eq(job.io.result, (int64_t)total);
}
END_TEST

START_TEST(f14_interrupted_calls_are_repeated)
{
	struct job job;

	for (enum vmmio_io_op op = VMMIO_IO_READ; op <= VMMIO_IO_ZERO_UNMAP; op++) {
		job_init(&job, op, 3, nowhere, 100);
		vmmio_io_begin(&job.io, IO_HOME_RING);
		for (unsigned i = 0; i < 1000; i++)
			ck_assert(!vmmio_io_advance(&job.io, -EINTR));
		ck_assert(!vmmio_io_advance(&job.io, -EAGAIN));
		/* A descriptor that never means it does not loop for ever. */
		for (unsigned i = 0; i < 62; i++)
			ck_assert(!vmmio_io_advance(&job.io, -EAGAIN));
		ck_assert(vmmio_io_advance(&job.io, -EAGAIN));
		ck_assert_int_eq(job.io.result, -EAGAIN);
	}
}
END_TEST

START_TEST(zeroing_falls_back_to_writing)
{
	const uint64_t length = (UINT64_C(1) << 20) + 65536 + 512;
	uint64_t at = 0;
	struct io_step step;
	struct job job;

	job_init(&job, VMMIO_IO_ZERO, 3, NULL, length);
	vmmio_io_begin(&job.io, IO_HOME_RING);
	for (unsigned i = 0; i < 2; i++) {
		vmmio_io_step(&job.io, &step);
		ck_assert_int_eq(step.call, IO_CALL_FALLOCATE);
		ck_assert(!vmmio_io_advance(&job.io, -EOPNOTSUPP));
	}
	while (at < length) {
		uint64_t n = 0;

		vmmio_io_step(&job.io, &step);
		ck_assert_int_eq(step.call, IO_CALL_WRITE);
		ck_assert_uint_eq(step.offset, at);
		for (unsigned i = 0; i < step.n_iov; i++)
			n += step.iov[i].iov_len;
		ck_assert_uint_le(at + n, length);
		at += n;
		ck_assert_int_eq(vmmio_io_advance(&job.io, (int64_t)n), at == length);
	}
	ck_assert_int_eq(job.io.result, 0);
	job_init(&job, VMMIO_IO_DISCARD, 3, NULL, length);
	vmmio_io_begin(&job.io, IO_HOME_RING);
	ck_assert(vmmio_io_advance(&job.io, -EOPNOTSUPP));
	ck_assert_int_eq(job.io.result, 0);
}
END_TEST

/* --- Cancelling ---------------------------------------------------------------------------- */

START_TEST(f04_blocked_read_is_cancelled)
{
	struct vmmio_io *io = io_new(VMMIO_IO_URING, 0, 0);
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
	struct vmmio_io *io = io_new(VMMIO_IO_PLAIN, 0, 2);
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
	struct vmmio_io *io = io_new(kinds[_i], 8, 0);
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

/* --- Many requests, few resources ----------------------------------------------------------- */

enum { CROWD = 1500 };

START_TEST(f11_more_requests_than_the_rings_hold)
{
	struct vmmio_io *io = io_new(kinds[_i], 4, 0);
	struct vmmio_io_request *batch[CROWD];
	static struct job jobs[CROWD];
	static char in[CROWD][16];
	int fd = file_new(PAGE);

	for (unsigned i = 0; i < CROWD; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, fd, in[i], 16);
		batch[i] = &jobs[i].io;
	}
	vmmio_io_submit(io, batch, CROWD);
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(job_wait(&jobs[i]), 16);
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(f10_cancels_when_the_ring_is_full)
{
	struct vmmio_io *io = io_new(VMMIO_IO_URING, 4, 0);
	struct vmmio_io_request *batch[CROWD];
	static struct job jobs[CROWD];
	static char in[CROWD][16];
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	for (unsigned i = 0; i < CROWD; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, fds[0], in[i], 16);
		jobs[i].io.offset = VMMIO_IO_STREAM;
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

START_TEST(stuck_descriptor_leaves_threads_to_others)
{
	struct vmmio_io *io = io_new(VMMIO_IO_PLAIN, 0, 8);
	static struct job jobs[100];
	static char in[100][16], data[16];
	int fds[2], fd = file_new(PAGE);

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	for (unsigned i = 0; i < 100; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, fds[0], in[i], 16);
		jobs[i].io.offset = VMMIO_IO_STREAM;
		job_submit(io, &jobs[i]);
	}
	/* Often enough for the stuck ones to take all they can get. */
	for (unsigned i = 0; i < 500; i++)
		ck_assert_int_eq(run(io, VMMIO_IO_READ, fd, data, 16, 0), 16);
	close(fds[1]); /* the end of the file for all of them */
	for (unsigned i = 0; i < 100; i++)
		ck_assert_int_eq(job_wait(&jobs[i]), 0);
	close(fds[0]);
	close(fd);
	io_end(io);
}
END_TEST

struct sender {
	struct vmmio_io *io;
	int fd;
};

static void *send_many(void *arg)
{
	struct sender *sender = arg;
	char in[16];

	for (unsigned i = 0; i < 3000; i++)
		ck_assert_int_eq(run(sender->io, VMMIO_IO_READ, sender->fd, in, 16, 0), 16);
	return NULL;
}

START_TEST(no_wake_up_is_lost)
{
	struct sender sender = {io_new(kinds[_i], 0, 0), file_new(PAGE)};
	pthread_t threads[3];

	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, send_many, &sender), 0);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	close(sender.fd);
	io_end(sender.io);
}
END_TEST

/* --- Missing guest memory (F5) ---------------------------------------------------------------- */

static char *missing_pages(int *uffd)
{
	struct uffdio_api api = {.api = UFFD_API};
	char *page = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register reg = {.range = {(uintptr_t)page, 8 * PAGE},
		.mode = UFFDIO_REGISTER_MODE_MISSING};

	*uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (*uffd < 0)
		return NULL;
	ck_assert_ptr_ne(page, MAP_FAILED);
	ck_assert_int_eq(ioctl(*uffd, UFFDIO_API, &api), 0);
	ck_assert_int_eq(ioctl(*uffd, UFFDIO_REGISTER, &reg), 0);
	return page;
}

START_TEST(f05_missing_page_stops_nobody_else)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	static char in[PAGE];
	enum { FILES = 400 };
	struct job jobs[8], job;
	int files[FILES];
	int uffd, fd = file_new(16 * PAGE), other = file_new(PAGE);
	char *pages = missing_pages(&uffd);
	struct uffdio_zeropage zero = {.range = {(uintptr_t)pages, 8 * PAGE}};

	if (!pages) { /* not allowed here */
		fixture_skip("userfaultfd is not permitted");
		close(other);
		close(fd);
		io_end(io);
		return;
	}
	for (unsigned i = 0; i < 8; i++) {
		job_init(&jobs[i], i & 1 ? VMMIO_IO_WRITE : VMMIO_IO_READ, fd, pages + i * PAGE,
			PAGE);
		jobs[i].io.offset = i * PAGE;
		jobs[i].io.flags = VMMIO_IO_MAY_FAULT;
		job_submit(io, &jobs[i]);
	}
	for (unsigned i = 0; i < 200; i++) {
		ck_assert_int_eq(run(io, VMMIO_IO_READ, other, in, PAGE, 0), PAGE);
		ck_assert_int_eq(run(io, VMMIO_IO_WRITE, other, in, PAGE, 0), PAGE);
	}
	/* Many inodes at once, in case the kernel serialises writes by a hash of them. */
	for (unsigned i = 0; i < FILES; i++) {
		files[i] = file_new(0);
		job_init(&job, VMMIO_IO_WRITE, files[i], in, PAGE);
		job.io.flags = VMMIO_IO_MAY_FAULT;
		ck_assert_int_eq(job_run(io, &job), PAGE);
	}
	for (unsigned i = 0; i < FILES; i++)
		close(files[i]);
	for (unsigned i = 0; i < 8; i++)
		ck_assert(!job_is_done(&jobs[i]));
	ck_assert_int_eq(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), 0);
	for (unsigned i = 0; i < 8; i++)
		ck_assert_int_eq(job_wait(&jobs[i]), PAGE);
	munmap(pages, 8 * PAGE);
	close(uffd);
	close(other);
	close(fd);
	io_end(io);
}
END_TEST

/* --- Lifetime -------------------------------------------------------------------------------- */

static struct vmmio_io *own_io;
static int own_result;

static void destroy_from_done(struct vmmio_io_request *request)
{
	own_result = vmmio_io_destroy(own_io);
	job_done(request);
}

START_TEST(refuses_to_be_destroyed_in_use)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fds[2];
	char in[8];
	struct job job;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	job_init(&job, VMMIO_IO_READ, fds[0], in, 8);
	job.io.offset = VMMIO_IO_STREAM;
	job.io.done = destroy_from_done;
	own_io = io;
	job_submit(io, &job);
	ck_assert_int_eq(vmmio_io_destroy(io), -EBUSY);
	vmmio_io_unuse(io); /* against the contract: a request is out */
	ck_assert_int_eq(vmmio_io_destroy(io), -EBUSY);
	ck_assert_int_eq(write(fds[1], "12345678", 8), 8);
	ck_assert_int_eq(job_wait(&job), 8);
	ck_assert_int_eq(own_result, -EDEADLK);
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
	ck_assert_int_eq(vmmio_io_destroy(NULL), 0);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

START_TEST(starts_again_after_the_last_user)
{
	struct vmmio_io *io = io_new(kinds[_i], 0, 0);
	int fd = file_new(PAGE);
	char in[16];

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(vmmio_io_use(io), 0);
		vmmio_io_unuse(io);
		ck_assert_int_eq(run(io, VMMIO_IO_READ, fd, in, 16, 0), 16);
		vmmio_io_unuse(io);
		ck_assert_int_eq(vmmio_io_use(io), 0);
	}
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(refuses_bad_options)
{
	struct vmmio_io_options good = {.size = sizeof(good), .log = fixture_log()};
	struct vmmio_io_options o;
	struct vmmio_io *io = NULL;

	fixture_expect_log("sizeof(struct vmmio_io_options)");
	fixture_expect_log("submission entries");
	fixture_expect_log("max_threads");
	fixture_expect_log("does not exist");
	o = good, o.size = 3;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	o = good, o.entries = 32769;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	o = good, o.max_threads = 1;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	o = good, o.engine = (enum vmmio_io_engine)7;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	ck_assert_int_eq(vmmio_io_create(&good, NULL), -EINVAL);
	ck_assert_ptr_null(io);
	ck_assert_uint_eq(fixture_logged("submission entries"), 1);
}
END_TEST

START_TEST(f31_survives_failing_allocations)
{
	int err = -ENOMEM;

	for (unsigned n = 1; err; n++) {
		struct vmmio_io_options o = {.size = sizeof(o), .engine = kinds[_i]};
		struct vmmio_io *io = NULL;

		ck_assert_uint_lt(n, 50);
		fixture_fail_alloc(n, false);
		err = vmmio_io_create(&o, &io);
		if (!err) {
			err = vmmio_io_use(io);
			if (!err)
				vmmio_io_unuse(io);
		}
		fixture_fail_alloc(0, false);
		ck_assert(err == 0 || err == -ENOMEM || err == -EAGAIN);
		ck_assert_int_eq(vmmio_io_destroy(io), 0);
	}
}
END_TEST

/* --- io_uring refused (F12) ------------------------------------------------------------------ */

static void refuse_syscall(unsigned nr, unsigned err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = code};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static const struct {
	unsigned nr, err;
} refusals[] = {
	{SYS_io_uring_setup, EPERM},
	{SYS_io_uring_setup, ENOSYS},
	{SYS_io_uring_setup, ENOMEM},
	{SYS_io_uring_setup, EMFILE},
	{SYS_io_uring_setup, EINVAL},
	{SYS_io_uring_enter, EPERM},
	{SYS_io_uring_register, EPERM},
};

START_TEST(f12_falls_back_when_refused)
{
	struct vmmio_io_options o = {.size = sizeof(o), .log = fixture_log()};
	int fd = file_new(PAGE);
	struct vmmio_io *io;
	char in[16];

	refuse_syscall(refusals[_i].nr, refusals[_i].err);
	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_PLAIN);
	ck_assert_uint_eq(fixture_logged("using the plain engine"), 1);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_eq(run(io, VMMIO_IO_READ, fd, in, 16, 0), 16);
	io_end(io);
	o.engine = VMMIO_IO_URING;
	fixture_expect_log("io_uring is refused");
	ck_assert_int_lt(vmmio_io_create(&o, &io), 0);
	close(fd);
}
END_TEST

START_TEST(f12_falls_back_at_first_use)
{
	struct vmmio_io_options o = {.size = sizeof(o), .log = fixture_log()};
	struct vmmio_io *io;

	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_URING);
	refuse_syscall(SYS_io_uring_setup, EMFILE);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_PLAIN);
	ck_assert_uint_eq(fixture_logged("using the plain engine"), 1);
	io_end(io);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("io");
	TCase *tc = fixture_tcase(s, "transfers");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, moves_data, 0, 2);
	tcase_add_loop_test(tc, writes_marked_requests, 0, 2);
	tcase_add_loop_test(tc, gathers_more_pieces_than_one_call_takes, 0, 2);
	tcase_add_loop_test(tc, f33_read_is_short_at_the_end_only, 0, 2);
	tcase_add_loop_test(tc, f32_short_transfer_goes_on, 0, 2);
	tcase_add_loop_test(tc, f35_errors_are_reported, 0, 2);
	tcase_add_loop_test(tc, zeroes_and_discards, 0, 2);
	tc = fixture_tcase(s, "steps");
	tcase_add_test(tc, f37_large_transfers_loop);
	tcase_add_test(tc, f14_interrupted_calls_are_repeated);
	tcase_add_test(tc, zeroing_falls_back_to_writing);
	tc = fixture_tcase(s, "cancel");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, f04_blocked_read_is_cancelled);
	tcase_add_test(tc, plain_cancels_what_waits);
	tcase_add_loop_test(tc, cancel_races_completion, 0, 2);
	tc = fixture_tcase(s, "load");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, f11_more_requests_than_the_rings_hold, 0, 2);
	tcase_add_test(tc, f10_cancels_when_the_ring_is_full);
	tcase_add_test(tc, stuck_descriptor_leaves_threads_to_others);
	tcase_add_loop_test(tc, no_wake_up_is_lost, 0, 2);
	tcase_add_loop_test(tc, f05_missing_page_stops_nobody_else, 0, 2);
	tc = fixture_tcase(s, "lifetime");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, refuses_to_be_destroyed_in_use, 0, 2);
	tcase_add_loop_test(tc, starts_again_after_the_last_user, 0, 2);
	tcase_add_test(tc, refuses_bad_options);
	tcase_add_loop_test(tc, f31_survives_failing_allocations, 0, 2);
	tcase_add_loop_test(
		tc, f12_falls_back_when_refused, 0, sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(tc, f12_falls_back_at_first_use);
	return fixture_main(s);
}
