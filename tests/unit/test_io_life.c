/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lifetime: users, refusals, failing allocations, and io_uring refused (F12).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test_io.h"

static struct vmmio_io *own_io;
static int own_result;

static void destroy_from_done(struct vmmio_io_request *request)
{
	own_result = vmmio_io_destroy(own_io);
	job_done(request);
}

START_TEST(refuses_to_be_destroyed_in_use)
{
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int fds[2];
	char in[8];
	struct job job;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	job_init(&job, VMMIO_IO_READ, fds[0], in, 8);
	job.io.offset = VMMIO_IO_STREAM;
	job.io.done = destroy_from_done;
	own_io = io;
	fixture_expect_log("from inside one of its callbacks");
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
	struct vmmio_io *io = io_new(&io_configs[_i], 0, 0);
	int fd = file_new(PAGE);
	char in[16];

	for (unsigned i = 0; i < 5; i++) {
		ck_assert_int_eq(vmmio_io_use(io), 0);
		vmmio_io_unuse(io);
		ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fd, in, 16, 0), 16);
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
	fixture_expect_log("form 9");
	o = good, o.size = 3;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	o = good, o.entries = 32769;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	o = good, o.max_threads = 1;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	o = good, o.engine = (enum vmmio_io_engine)7;
	ck_assert_int_eq(vmmio_io_create(&o, &io), -EINVAL);
	o = good, o.form = (enum vmmio_io_form)9;
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
		struct vmmio_io_options o = {.size = sizeof(o), .engine = io_configs[_i].kind,
			.form = io_configs[_i].form};
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

	o.form = io_form(_i % 2);
	refuse_syscall(refusals[_i / 2].nr, refusals[_i / 2].err);
	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_PLAIN);
	ck_assert_uint_eq(fixture_logged("using the plain engine"), 1);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_eq(io_run(io, VMMIO_IO_READ, fd, in, 16, 0), 16);
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

	o.form = io_form(_i);
	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_URING);
	refuse_syscall(SYS_io_uring_setup, EMFILE);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_PLAIN);
	ck_assert_uint_eq(fixture_logged("using the plain engine"), 1);
	io_end(io);
}
END_TEST

void add_life_tests(Suite *s)
{
	unsigned n = sizeof(refusals) / sizeof(refusals[0]);
	TCase *tc = fixture_tcase(s, "lifetime");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, refuses_to_be_destroyed_in_use, 0, IO_ALL);
	tcase_add_loop_test(tc, starts_again_after_the_last_user, 0, IO_ALL);
	tcase_add_test(tc, refuses_bad_options);
	tcase_add_loop_test(tc, f31_survives_failing_allocations, 0, IO_ALL);
	tcase_add_loop_test(tc, f12_falls_back_when_refused, 0, (int)n * 2);
	tcase_add_loop_test(tc, f12_falls_back_at_first_use, 0, 2);
}
