/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transfers: what a request does is the same on every engine; and what comes next after a
 * result, step by step.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/engine.h"
#include "test_io.h"

START_TEST(moves_data)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int fds[2] = {file_new(4 * PAGE), memfd_create("io", MFD_CLOEXEC)};
	static char out[PAGE], in[PAGE];

	ck_assert_int_eq(ftruncate(fds[1], 4 * PAGE), 0);
	ck_assert_int_eq(vmmio_io_kind(io), io_configs[_i].kind);
	memset(out, 0x5a, sizeof(out));
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(io_run(io, VMMIO_IO_WRITE, fds[i], out, PAGE, 512), PAGE);
		ck_assert_int_eq(io_run(io, VMMIO_IO_DATASYNC, fds[i], NULL, 0, 0), 0);
		memset(in, 0, sizeof(in));
		ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fds[i], in, PAGE, 512), PAGE);
		ck_assert_mem_eq(in, out, PAGE);
		close(fds[i]);
	}
	io_end(io);
}
END_TEST

START_TEST(writes_marked_requests)
{
	static const uint32_t flags[] = {VMMIO_IO_MAY_FAULT, VMMIO_IO_PAGE_CACHE};
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
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
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
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
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int fd = file_new(PAGE + 100);
	static char in[2 * PAGE];

	memset(in, 0x77, sizeof(in));
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fd, in, 2 * PAGE, 0), PAGE + 100);
	ck_assert_int_eq(in[PAGE + 100], 0x77);
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fd, in, PAGE, 10 * PAGE), 0);
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(f32_short_transfer_goes_on)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
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
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int fd = file_new(PAGE);
	char path[64], data[16] = "";
	int read_only, null;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	null = open("/dev/full", O_RDWR | O_CLOEXEC);
	ck_assert_int_eq(io_run(io, VMMIO_IO_WRITE, read_only, data, 16, 0), -EBADF);
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, -1, data, 16, 0), -EBADF);
	ck_assert_int_eq(io_run(io, VMMIO_IO_DATASYNC, -1, NULL, 0, 0), -EBADF);
	ck_assert_int_eq(io_run(io, VMMIO_IO_DISCARD, read_only, NULL, 16, 0), -EBADF);
	ck_assert_int_eq(io_run(io, VMMIO_IO_WRITE, null, data, 16, 0), -ENOSPC);
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fd, (void *)(uintptr_t)8, 16, 0), -EFAULT);
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fd, data, 16, 0), 16);
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
	ck_assert_int_eq(io_run(io, op, fd, NULL, PAGE + 512, 512), 0);
	ck_assert(range_is(fd, 0, 512, 1));
	if (op != VMMIO_IO_DISCARD)
		ck_assert(range_is(fd, 512, PAGE + 1024, 0));
	ck_assert(range_is(fd, PAGE + 1024, sizeof(ones), 1));
}

START_TEST(zeroes_and_discards)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
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
	vmmio_io_begin(&job.io);
	for (uint64_t at = 0; at < total; at += cap) {
		uint64_t n = total - at < cap ? total - at : cap;

		vmmio_io_next_step(&job.io, &step);
		ck_assert_int_eq(step.call, IO_CALL_READ);
		ck_assert_uint_eq(step.n_iov, 1);
		ck_assert_uint_eq(step.offset, (UINT64_C(1) << 40) + at);
		ck_assert_uint_eq(step.iov[0].iov_len, n);
		ck_assert_uint_eq((uintptr_t)step.iov[0].iov_base, PAGE + at);
		ck_assert_int_eq(vmmio_io_take_result(&job.io, (int64_t)n), at + n == total);
	}
	ck_assert_int_eq(job.io.result, (int64_t)total);
}
END_TEST

START_TEST(f14_interrupted_calls_are_repeated)
{
	struct job job;

	for (enum vmmio_io_op op = VMMIO_IO_READ; op <= VMMIO_IO_ZERO_UNMAP; op++) {
		job_init(&job, op, 3, nowhere, 100);
		vmmio_io_begin(&job.io);
		for (unsigned i = 0; i < 1000; i++)
			ck_assert(!vmmio_io_take_result(&job.io, -EINTR));
		ck_assert(!vmmio_io_take_result(&job.io, -EAGAIN));
		/* A descriptor that never means it does not loop for ever. */
		for (unsigned i = 0; i < 62; i++)
			ck_assert(!vmmio_io_take_result(&job.io, -EAGAIN));
		ck_assert(vmmio_io_take_result(&job.io, -EAGAIN));
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
	vmmio_io_begin(&job.io);
	for (unsigned i = 0; i < 2; i++) {
		vmmio_io_next_step(&job.io, &step);
		ck_assert_int_eq(step.call, IO_CALL_FALLOCATE);
		ck_assert(!vmmio_io_take_result(&job.io, -EOPNOTSUPP));
	}
	while (at < length) {
		uint64_t n = 0;

		vmmio_io_next_step(&job.io, &step);
		ck_assert_int_eq(step.call, IO_CALL_WRITE);
		ck_assert_uint_eq(step.offset, at);
		for (unsigned i = 0; i < step.n_iov; i++)
			n += step.iov[i].iov_len;
		ck_assert_uint_le(at + n, length);
		at += n;
		ck_assert_int_eq(vmmio_io_take_result(&job.io, (int64_t)n), at == length);
	}
	ck_assert_int_eq(job.io.result, 0);
	job_init(&job, VMMIO_IO_DISCARD, 3, NULL, length);
	vmmio_io_begin(&job.io);
	ck_assert(vmmio_io_take_result(&job.io, -EOPNOTSUPP));
	ck_assert_int_eq(job.io.result, 0);
}
END_TEST

void add_transfer_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "transfers");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, moves_data, 0, IO_ALL);
	tcase_add_loop_test(tc, writes_marked_requests, 0, IO_ALL);
	tcase_add_loop_test(tc, gathers_more_pieces_than_one_call_takes, 0, IO_ALL);
	tcase_add_loop_test(tc, f33_read_is_short_at_the_end_only, 0, IO_ALL);
	tcase_add_loop_test(tc, f32_short_transfer_goes_on, 0, IO_ALL);
	tcase_add_loop_test(tc, f35_errors_are_reported, 0, IO_ALL);
	tcase_add_loop_test(tc, zeroes_and_discards, 0, IO_ALL);
	tc = fixture_tcase(s, "steps");
	tcase_add_test(tc, f37_large_transfers_loop);
	tcase_add_test(tc, f14_interrupted_calls_are_repeated);
	tcase_add_test(tc, zeroing_falls_back_to_writing);
}
