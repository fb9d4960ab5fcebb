/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's ring: no room in it: F-10 and F-11; calls that are interrupted: F-14; a fork: F-28.
 */
#include <fcntl.h>
#include <liburing.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile/f_job.h"
#include "hostile/f_ring.h"
#include "hostile/f_strace.h"
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
	int fd = f_job_file();

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

/* What strace runs. */
START_TEST(under_strace)
{
	struct vmmio_io *io = uring(16);

	each_once(io);
	f_io_end(io);
}
END_TEST

static const char *const injections[] = {"inject=io_uring_enter:error=EINTR:when=4+2",
	"inject=io_uring_enter:error=EAGAIN:when=4+3",
	"inject=io_uring_enter:error=EBUSY:when=4+2"};

START_TEST(f14_enter_fails_in_the_kernel)
{
	f_strace(injections[_i], "under_strace");
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
	int status, fd = f_job_file();

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
	int fd = f_job_file();

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

int main(void)
{
	const struct f_row in_strace[] = {{"under_strace", under_strace, 1}, {NULL, NULL, 0}};
	const struct f_row rows[] = {
		{"f_10", f10_no_room_for_cancels, 1},
		{"f_11", f11_completions_overflow, 1},
		{"f_14", f14_enter_stutters, 1},
		{"f_14", f14_enter_fails_in_the_kernel, 3},
		{"f_28", f28_fork, 1},
		{"f_28", f28_fork_of_a_loop, 1},
		{NULL, NULL, 0},
	};

	return f_main("f_uring", f_strace_runs("under_strace") ? in_strace : rows);
}
