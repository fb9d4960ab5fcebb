/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many requests, few resources; and guest memory that is missing (F5).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_io.h"

enum { CROWD = 1500 };

START_TEST(f11_more_requests_than_the_rings_hold)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 4, 0);
	struct vmmio_io_request *batch[CROWD];
	static struct job jobs[CROWD];
	static char in[CROWD][16];
	int fd = file_new(PAGE);

	for (unsigned i = 0; i < CROWD; i++) {
		job_init(&jobs[i], VMMIO_IO_READ, fd, in[i], 16);
		jobs[i].engine = io;
		batch[i] = &jobs[i].io;
	}
	vmmio_io_submit(io, batch, CROWD);
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(job_wait(&jobs[i]), 16);
	close(fd);
	io_end(io);
}
END_TEST

START_TEST(stuck_descriptor_leaves_threads_to_others)
{
	struct vmmio_io *io = io_new(&io_configs[1], 0, 8);
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
		ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fd, data, 16, 0), 16);
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
	atomic_uint finished;
	struct job last[3];
	char in[16];
};

static void *send_many(void *arg)
{
	struct sender *sender = arg;
	char in[16];
	unsigned n;

	for (unsigned i = 0; i < 3000; i++)
		ck_assert_int_eq(io_run(sender->io, VMMIO_IO_READ, sender->fd, in, 16, 0), 16);
	/* Lets who runs the engine see that this thread needs it no more. */
	n = atomic_fetch_add(&sender->finished, 1);
	job_init(&sender->last[n], VMMIO_IO_READ, sender->fd, sender->in, 16);
	job_submit(sender->io, &sender->last[n]);
	return NULL;
}

START_TEST(no_wake_up_is_lost)
{
	static struct sender sender;
	pthread_t threads[3];

	sender.io = io_new(&io_configs[_i], 0, 0);
	sender.fd = file_new(PAGE);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, send_many, &sender), 0);
	while (io_configs[_i].form != VMMIO_IO_THREADS && atomic_load(&sender.finished) < 3)
		io_drive(sender.io);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(job_wait(&sender.last[i]), 16);
	close(sender.fd);
	io_end(sender.io);
}
END_TEST

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
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
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
		ck_assert_int_eq(io_run(io, VMMIO_IO_READ, other, in, PAGE, 0), PAGE);
		ck_assert_int_eq(io_run(io, VMMIO_IO_WRITE, other, in, PAGE, 0), PAGE);
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

void add_load_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "load");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, f11_more_requests_than_the_rings_hold, 0, IO_ALL);
	tcase_add_test(tc, stuck_descriptor_leaves_threads_to_others);
	tcase_add_loop_test(tc, no_wake_up_is_lost, 0, IO_ALL);
	tcase_add_loop_test(tc, f05_missing_page_stops_nobody_else, 0, IO_UNATTENDED);
}
