/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel's ring has too little of, refuses or lacks: F-10 to F-15; a fork with a
 * ring: F-28; and transfers that the kernel cuts: F-37.
 */
#include <fcntl.h>
#include <liburing.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile/f_job.h"
#include "hostile/f_ring.h"
#include "integration/blk_rig.h"
#include "io/uring.h"

#define CROWD 300

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define THREAD_SANITIZER
#endif

static struct f_job jobs[CROWD];
static char data[CROWD][16];

static struct vmmio_io *uring(unsigned entries)
{
	struct vmmio_io *io = NULL;

	ck_assert_int_eq(f_io(VMMIO_IO_URING, entries, &io), 0);
	ck_assert_int_eq(vmmio_io_kind(io), VMMIO_IO_URING);
	return io;
}

static int file(void)
{
	int fd = memfd_create("f", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static void crowd_reads(struct vmmio_io *io, int pipe)
{
	for (unsigned i = 0; i < CROWD; i++) {
		f_job_init(&jobs[i], VMMIO_IO_READ, pipe, data[i], 16);
		jobs[i].io.offset = VMMIO_IO_STREAM;
		f_job_submit(io, &jobs[i]);
	}
}

/* --- F-10, F-11: full rings ----------------------------------------------------------- */

/* 4 entries, and as many cancels as requests. */
START_TEST(f10_no_room_for_cancels)
{
	struct vmmio_io *io = uring(4);
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	crowd_reads(io, fds[0]);
	for (unsigned i = 0; i < CROWD; i++)
		vmmio_io_cancel(io, &jobs[i].io);
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(f_job_wait(&jobs[i]), -ECANCELED);
	close(fds[0]);
	close(fds[1]);
	f_io_end(io);
}
END_TEST

static bool overflown(struct vmmio_io *io)
{
	return IO_URING_READ_ONCE(*io->ring->ring.sq.kflags) & IORING_SQ_CQ_OVERFLOW;
}

START_TEST(f11_completions_overflow)
{
	struct vmmio_io *io = uring(4);
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	f_ring_freeze(true);
	crowd_reads(io, fds[0]);
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(write(fds[1], "0123456789abcdef", 16), 16);
	WAIT_UNTIL(overflown(io));
	f_ring_freeze(false);
	for (unsigned i = 0; i < CROWD; i++) {
		ck_assert_int_eq(f_job_wait(&jobs[i]), 16);
		ck_assert_mem_eq(data[i], "0123456789abcdef", 16);
	}
	ck_assert_uint_eq(f_ring_seen(F_REQUEST), CROWD); /* in is out */
	close(fds[0]);
	close(fds[1]);
	f_io_end(io);
}
END_TEST

/* --- F-12, F-13: io_uring is refused, or lacks something -------------------------------- */

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
	int fd = file();

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
	int fd = file();

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

/* --- F-14: the call is interrupted or refused for now ------------------------------------- */

int __real_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait);
static _Atomic bool stutter;
static _Atomic unsigned stuttered;

int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait)
{
	static const int errors[] = {-EINTR, -EAGAIN, -EBUSY};
	static unsigned calls;

	if (!atomic_load(&stutter) || calls++ % 4 == 3)
		return __real_io_uring_submit_and_wait(ring, wait);
	return errors[atomic_fetch_add(&stuttered, 1) % 3];
}

static void each_once(struct vmmio_io *io)
{
	int fd = file();

	for (unsigned i = 0; i < CROWD; i++) {
		memset(data[i], (int)i, 16);
		f_job_init(&jobs[i], VMMIO_IO_WRITE, fd, data[i], 16);
		jobs[i].io.offset = i * 16;
		f_job_submit(io, &jobs[i]);
	}
	for (unsigned i = 0; i < CROWD; i++)
		ck_assert_int_eq(f_job_wait(&jobs[i]), 16);
	for (unsigned i = 0; i < CROWD; i++) {
		char back[16];

		ck_assert_int_eq(pread(fd, back, 16, i * 16), 16);
		ck_assert_mem_eq(back, data[i], 16);
	}
	ck_assert_uint_eq(f_ring_seen(F_REQUEST), CROWD);
	close(fd);
}

START_TEST(f14_enter_stutters)
{
	struct vmmio_io *io = uring(16);

	atomic_store(&stutter, true);
	each_once(io);
	ck_assert_uint_ge(atomic_load(&stuttered), 3);
	atomic_store(&stutter, false);
	f_io_end(io);
}
END_TEST

/* What strace runs: see below. */
START_TEST(under_strace)
{
	struct vmmio_io *io = uring(16);

	each_once(io);
	f_io_end(io);
}
END_TEST

START_TEST(refused_under_strace)
{
	falls_back(-ENOMEM);
}
END_TEST

/* This program's test case name again, with a system call that fails. */
static void strace(const char *inject, const char *name)
{
	char self[256] = "";
	int status;
	pid_t pid;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setenv("CK_RUN_CASE", name, 1);
		setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* needs ptrace for itself */
		execlp("strace", "strace", "-f", "-o", "/dev/null", "-e", inject, self,
			(char *)NULL);
		_exit(77);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		fixture_skip("there is no strace");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(f12_setup_fails_in_the_kernel)
{
	strace("inject=io_uring_setup:error=ENOMEM", "refused_under_strace");
}
END_TEST

static const char *const injections[] = {"inject=io_uring_enter:error=EINTR:when=4+2",
	"inject=io_uring_enter:error=EAGAIN:when=4+3",
	"inject=io_uring_enter:error=EBUSY:when=4+2"};

START_TEST(f14_enter_fails_in_the_kernel)
{
	strace(injections[_i], "under_strace");
}
END_TEST

/* --- F-15: no memory may be locked --------------------------------------------------------- */

START_TEST(f15_memlock_limit)
{
	const struct rlimit none = {0, 0};
	struct vmmio_io *io = NULL;
	int fd = file();

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

/* --- F-28: fork ------------------------------------------------------------------------------ */

/* In the child: every call is refused, none waits. A new engine works. */
static void try_in_child(struct vmmio_io *io, int fd)
{
	struct vmmio_io *own = NULL;

	(void)own, (void)fd;
	fixture_expect_log("in a child process");
	ck_assert_int_eq(vmmio_io_use(io), -EPERM);
	vmmio_io_unuse(io);
	ck_assert_int_eq(vmmio_io_destroy(io), -EPERM);
	if (io->form == VMMIO_IO_LOOP)
		ck_assert_int_eq(vmmio_io_run(io, 0), -EPERM);
#ifndef THREAD_SANITIZER /* which allows no thread in such a child */
	ck_assert_int_eq(f_io(VMMIO_IO_URING, 0, &own), 0);
	f_io_works(own, fd);
	f_io_end(own);
#endif
	_exit(0);
}

/* The ring itself: not there, so that nothing of the parent's can be taken away. */
static void submit_in_child(struct io_uring *ring)
{
	signal(SIGSEGV, SIG_DFL);
	io_uring_prep_nop(io_uring_get_sqe(ring));
	io_uring_submit(ring);
	_exit(1);
}

static int child(struct vmmio_io *io, int fd, bool raw)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (raw)
			submit_in_child(&io->ring->ring);
		try_in_child(io, fd);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(f28_fork)
{
	struct vmmio_io *io = uring(16);
	int status, fd = file();

	f_io_works(io, fd);
	ck_assert_int_eq(child(io, fd, false), 0);
	status = child(io, fd, true);
	ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) != 1);
	for (int i = 0; i < 100; i++)
		f_io_works(io, fd);
	/* What nobody waits for, whoever sent it, is logged and forgotten. */
	fixture_expect_log("a completion nobody asked for");
	f_ring_forge((struct f_cqe){.data = TAG_REQUEST | 0x1234, .res = 16});
	vmmio_io_hub_wake(&io->hub);
	WAIT_UNTIL(fixture_logged("a completion nobody asked for"));
	f_io_works(io, fd);
	f_io_end(io);
	close(fd);
}
END_TEST

START_TEST(f28_fork_of_a_loop)
{
	struct vmmio_io_options o = {.size = sizeof(o), .form = VMMIO_IO_LOOP};
	struct vmmio_io *io;
	struct f_job job;
	char out[16] = "", in[16];
	int fd = file();

	o.log = fixture_log();
	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	ck_assert_int_eq(vmmio_io_use(io), 0);
	ck_assert_int_ge(vmmio_io_run(io, 0), 0);
	ck_assert_int_eq(write(fd, out, 16), 16);
	f_job_init(&job, VMMIO_IO_READ, fd, in, 16);
	f_job_submit(io, &job);
	ck_assert_int_eq(child(io, fd, false), 0);
	while (!atomic_load(&job.done))
		ck_assert_int_ge(vmmio_io_run(io, 0), 0);
	ck_assert_int_eq(job.io.result, 16);
	f_io_end(io);
	close(fd);
}
END_TEST

/* --- F-37: more than the kernel moves at once ----------------------------------------------------
 */

#define PIECES 1000u
#define PIECE (UINT64_C(3) << 20)

/* 3 GB into one buffer, again and again, out of a file of nothing. */
START_TEST(f37_large_transfer)
{
	static struct vmmio_iovec iov[PIECES];
	struct vmmio_io *io = NULL;
	char *buffer = malloc(PIECE);
	struct f_job job;
	int fd = file();

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
	int fd = file();

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

static bool asked_for(const char *name)
{
	const char *asked = getenv("CK_RUN_CASE");

	return asked && strcmp(asked, name) == 0;
}

int main(void)
{
	Suite *s = suite_create("f_uring");

	if (asked_for("under_strace"))
		tcase_add_test(f_case(s, "under_strace"), under_strace);
	if (asked_for("refused_under_strace"))
		tcase_add_test(f_case(s, "refused_under_strace"), refused_under_strace);
	tcase_add_test(f_case(s, "f_10"), f10_no_room_for_cancels);
	tcase_add_test(f_case(s, "f_11"), f11_completions_overflow);
	tcase_add_loop_test(f_case(s, "f_12"), f12_setup_is_refused, 0, 5);
	tcase_add_test(f_case(s, "f_12"), f12_no_descriptors);
	tcase_add_test(f_case(s, "f_12"), f12_setup_fails_in_the_kernel);
	tcase_add_loop_test(f_case(s, "f_13"), f13_an_opcode_is_missing, 0, 8);
	tcase_add_test(f_case(s, "f_13"), f13_same_features);
	tcase_add_test(f_case(s, "f_14"), f14_enter_stutters);
	tcase_add_loop_test(f_case(s, "f_14"), f14_enter_fails_in_the_kernel, 0, 3);
	tcase_add_test(f_case(s, "f_15"), f15_memlock_limit);
	tcase_add_test(f_case(s, "f_28"), f28_fork);
	tcase_add_test(f_case(s, "f_28"), f28_fork_of_a_loop);
	tcase_add_loop_test(f_case(s, "f_37"), f37_large_transfer, 0, 2);
	tcase_add_loop_test(f_case(s, "f_37"), f37_offsets, 0, 2);
	return fixture_main(s);
}
