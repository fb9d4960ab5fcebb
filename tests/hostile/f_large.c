/* SPDX-License-Identifier: BSD-3-Clause */
/* Transfers that the kernel cuts, and offsets that need more than 32 bits: F-37. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "hostile/f_job.h"

#define PIECES 1000u
#define PIECE (UINT64_C(3) << 20)

/* 3 GB into one buffer, again and again, out of a file of nothing. */
START_TEST(f37_large_transfer)
{
	static struct vmmio_iovec iov[PIECES];
	struct vmmio_io *io = NULL;
	char *buffer = malloc(PIECE);
	struct f_job job;
	int fd = f_job_file();

	ck_assert_ptr_nonnull(buffer);
	ck_assert_int_eq(f_io(_i ? VMMIO_IO_PLAIN : VMMIO_IO_URING, 0, &io), 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)(PIECES * PIECE)), 0);
	for (unsigned i = 0; i < PIECES; i++)
		iov[i] = (struct vmmio_iovec){buffer, PIECE};
	f_job_init(&job, VMMIO_IO_READ, fd, NULL, PIECES * PIECE);
	job.io.iov = iov;
	job.io.n_iov = PIECES;
	ck_assert_int_eq(f_job_run(io, &job), (int64_t)(PIECES * PIECE));
	f_io_end(io);
	free(buffer);
	close(fd);
}
END_TEST

START_TEST(f37_offsets)
{
	static const uint64_t at[] = {
		(1ull << 31) - 8, 1ull << 31, (1ull << 32) - 8, 1ull << 32, 1ull << 40};
	struct vmmio_io *io = NULL;
	int fd = f_job_file();

	ck_assert_int_eq(f_io(_i ? VMMIO_IO_PLAIN : VMMIO_IO_URING, 0, &io), 0);
	for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		char out[16], in[16] = "";
		struct f_job job;

		memset(out, 'a' + (int)i, 16);
		f_job_init(&job, VMMIO_IO_WRITE, fd, out, 16);
		job.io.offset = at[i];
		ck_assert_int_eq(f_job_run(io, &job), 16);
		ck_assert_int_eq(pread(fd, in, 16, (off_t)at[i]), 16);
		ck_assert_mem_eq(in, out, 16);
		memset(in, 0, 16);
		f_job_init(&job, VMMIO_IO_READ, fd, in, 16);
		job.io.offset = at[i];
		ck_assert_int_eq(f_job_run(io, &job), 16);
		ck_assert_mem_eq(in, out, 16);
	}
	f_io_end(io);
	close(fd);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_37", f37_large_transfer, 2},
		{"f_37", f37_offsets, 2},
		{NULL, NULL, 0},
	};

	return f_main("f_large", rows);
}
