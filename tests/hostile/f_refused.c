/* SPDX-License-Identifier: BSD-3-Clause */
/* io_uring is refused: F-12; lacks something: F-13; no memory may be locked: F-15. */
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
#include "integration/blk_rig.h"

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

static void falls_back(int expected)
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

static const int setup_errors[] = {EPERM, ENOSYS, ENOMEM, EMFILE, EINVAL};

START_TEST(f12_setup_is_refused)
{
	refuse(SYS_io_uring_setup, (unsigned)setup_errors[_i]);
	falls_back(-setup_errors[_i]);
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
	falls_back(-ENOMEM);
}
END_TEST

START_TEST(f12_setup_fails_in_the_kernel)
{
	f_strace("inject=io_uring_setup:error=ENOMEM", "refused_under_strace");
}
END_TEST

/* --- F-13: it lacks something --------------------------------------------------------------- */

struct io_uring_probe *__real_io_uring_get_probe_ring(struct io_uring *ring);
struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring);
static unsigned missing_op; /* 0: none */

struct io_uring_probe *__wrap_io_uring_get_probe_ring(struct io_uring *ring)
{
	struct io_uring_probe *probe = __real_io_uring_get_probe_ring(ring);

	if (probe && missing_op)
		probe->ops[missing_op].flags &= (uint16_t)~IO_URING_OP_SUPPORTED;
	return probe;
}

static const unsigned ops[] = {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV, IORING_OP_WRITEV,
	IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_ASYNC_CANCEL, IORING_OP_POLL_ADD};

START_TEST(f13_an_opcode_is_missing)
{
	missing_op = ops[_i];
	falls_back(-EOPNOTSUPP);
}
END_TEST

/* Whatever engine does the work, the guest sees the same disk. */
START_TEST(f13_same_features)
{
	uint32_t word[2][2];

	for (int i = 0; i < 2; i++) {
		struct disk_options o = {.variant = i ? 5 : 1};
		struct disk *d = disk_new(&o);

		for (uint32_t sel = 0; sel < 2; sel++) {
			vmmio_device_write(d->dev, VMMIO_REG_DEVICE_FEATURES_SEL, 4, sel);
			word[i][sel] =
				(uint32_t)vmmio_device_read(d->dev, VMMIO_REG_DEVICE_FEATURES, 4);
		}
		disk_free(d);
	}
	ck_assert_mem_eq(word[0], word[1], sizeof(word[0]));
}
END_TEST

/* --- F-15: no memory may be locked --------------------------------------------------------- */

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
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	ck_assert_int_eq(f_io(VMMIO_IO_AUTO, 0, &io), 0);
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
		{"f_13", f13_an_opcode_is_missing, 8},
		{"f_13", f13_same_features, 1},
		{"f_15", f15_memlock_limit, 1},
		{NULL, NULL, 0},
	};

	return f_main("f_refused", f_strace_runs("refused_under_strace") ? in_strace : rows);
}
