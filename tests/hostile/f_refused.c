/* SPDX-License-Identifier: BSD-3-Clause */
/* io_uring is refused: F-12; no memory may be locked: F-15. */
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostile/f_job.h"
#include "hostile/f_strace.h"

/* --- F-12: io_uring is refused ------------------------------------------------------------ */

static void refuse(unsigned nr, unsigned err)
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

static const int setup_errors[] = {EPERM, ENOSYS, ENOMEM, EMFILE, EINVAL};

START_TEST(f12_setup_is_refused)
{
	refuse(SYS_io_uring_setup, (unsigned)setup_errors[_i]);
	f_io_falls_back(-setup_errors[_i]);
}
END_TEST

/* Real: no descriptor is left for a ring, nor for what the plain engine needs. */
START_TEST(f12_no_descriptors)
{
	struct vmmio_io *io = NULL;
	struct rlimit limit, was;
	int fd = f_job_file();

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	limit = was;
	limit.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fixture_expect_log("");
	ck_assert_int_eq(f_io(VMMIO_IO_AUTO, 0, &io), -EMFILE);
	ck_assert_int_eq(f_io(VMMIO_IO_URING, 0, &io), -EMFILE);
	ck_assert_ptr_null(io);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	ck_assert_int_eq(f_io(VMMIO_IO_AUTO, 0, &io), 0);
	f_io_works(io, fd);
	f_io_end(io);
	close(fd);
}
END_TEST

START_TEST(refused_under_strace)
{
	f_io_falls_back(-ENOMEM);
}
END_TEST

START_TEST(f12_setup_fails_in_the_kernel)
{
	f_strace("inject=io_uring_setup:error=ENOMEM", "refused_under_strace");
}
END_TEST

/* --- F-15: no memory may be locked --------------------------------------------------------- */

static bool ring_to_be_had(struct io_uring *ring)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE, .cq_entries = 1024};

	return io_uring_queue_init_params(256, ring, &params) == 0;
}

/* As much as the engine's ring takes, and the one it looks at first, and two that the kernel may
 * not have taken down yet; nothing more. On many kernels that is nothing. */
static void limit_to_rings(void)
{
	struct io_uring ring[2];
	struct rlimit limit;
	unsigned pages = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	for (unsigned i = 0; i < 2; pages++) {
		limit.rlim_cur = pages * 4096ul;
		ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
		ck_assert_uint_lt(pages, 1024);
		while (i < 2 && ring_to_be_had(&ring[i]))
			i++;
	}
	limit.rlim_cur *= 2;
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
	io_uring_queue_exit(&ring[0]);
	io_uring_queue_exit(&ring[1]);
}

/* _i == 0: none at all, and the engine is one that can be had so. Else nothing for registered
 * buffers: the ring is used without. */
START_TEST(f15_memlock_limit)
{
	const struct rlimit none = {0, 0};
	struct vmmio_io *io = NULL;
	int fd = f_job_file();

	if (geteuid() != 0) {
		fixture_skip("only root can become somebody else, whom the limit binds");
	} else {
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	}
	if (_i)
		limit_to_rings();
	else
		ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	ck_assert_int_eq(f_io(VMMIO_IO_AUTO, 0, &io), 0);
	if (_i)
		ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_URING);
	f_io_works(io, fd);
	f_io_end(io);
	close(fd);
}
END_TEST

int main(void)
{
	const struct f_row in_strace[] = {
		{"refused_under_strace", refused_under_strace, 1}, {NULL, NULL, 0}};
	const struct f_row rows[] = {
		{"f_12", f12_setup_is_refused, 5},
		{"f_12", f12_no_descriptors, 1},
		{"f_12", f12_setup_fails_in_the_kernel, 1},
		{"f_15", f15_memlock_limit, 2},
		{NULL, NULL, 0},
	};

	return f_main("f_refused", f_strace_runs("refused_under_strace") ? in_strace : rows);
}
