/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the host process lacks or does: signals (F-29), threads that cannot be created
 * (F-30), clocks that jump (F-41).
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hostile/f_job.h"

/* --- Wrapped calls ---------------------------------------------------------------------- */

int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);
int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __real_pthread_cond_timedwait(
	pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);
int __wrap_pthread_cond_timedwait(
	pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until);

static _Atomic unsigned creations, fail_at; /* 0: none */
static _Atomic unsigned looks, other_clocks, mixed_clocks;

int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	unsigned n = atomic_fetch_add(&creations, 1) + 1;

	if (n == atomic_load(&fail_at))
		return EAGAIN;
	return __real_pthread_create(thread, attr, fn, arg);
}

/* The wall clock is a day off, to and fro. */
int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	int result = __real_clock_gettime(clock, time);
	unsigned n = atomic_fetch_add(&looks, 1);

	if (clock == CLOCK_MONOTONIC)
		return result;
	atomic_fetch_add(&other_clocks, 1);
	time->tv_sec += n & 1 ? 86400 : -86400;
	return result;
}

/* A point in time of the monotonic clock is far from one of the wall clock's. */
int __wrap_pthread_cond_timedwait(
	pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	struct timespec wall;

	__real_clock_gettime(CLOCK_REALTIME, &wall);
	if (until->tv_sec > wall.tv_sec - 86400 * 365)
		atomic_fetch_add(&mixed_clocks, 1);
	return __real_pthread_cond_timedwait(cond, mutex, until);
}

/* --- F-29 --------------------------------------------------------------------------------- */

static _Atomic unsigned handled, strangers;
static pid_t main_thread;

static void on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&handled, 1);
	if (syscall(SYS_gettid) != main_thread)
		atomic_fetch_add(&strangers, 1);
}

static void handlers(struct sigaction *all)
{
	for (int i = 1; i < SIGRTMIN; i++)
		if (sigaction(i, NULL, &all[i]))
			all[i].sa_handler = SIG_DFL;
}

static void round_of_io(struct rig *rig)
{
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	rig_reset(rig);
	rig_up(rig);
}

START_TEST(f29_signals)
{
	struct rig_options o = {.version = 3, .pool = true};
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction before[64], after[64];
	sigset_t usr1;
	struct vmmio_io *io = NULL;
	struct rig *rig;
	char path[] = "/tmp/vmmio-f-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	main_thread = (pid_t)syscall(SYS_gettid);
	ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
	handlers(before);
	ck_assert_int_eq(f_io(_i ? VMMIO_IO_PLAIN : VMMIO_IO_URING, 0, &io), 0);
	rig = rig_create(&o);
	rig_up(rig);
	/* To the process: a thread that does not mask it gets it, and this one masks it. */
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	for (int i = 0; i < 200; i++) {
		pthread_sigmask(SIG_BLOCK, &usr1, NULL);
		ck_assert_int_eq(kill(getpid(), SIGUSR1), 0);
		round_of_io(rig);
		f_io_works(io, fd);
		pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
	}
	ck_assert_uint_gt(atomic_load(&handled), 0);
	ck_assert_uint_eq(atomic_load(&strangers), 0);
	handlers(after);
	for (int i = 1; i < SIGRTMIN; i++)
		ck_assert(before[i].sa_handler == after[i].sa_handler);
	rig_free(rig);
	f_io_end(io);
	close(fd);
}
END_TEST

/* --- F-30 ----------------------------------------------------------------------------------- */

static int pool_once(void)
{
	struct vmmio_executor *pool;
	int err = vmmio_pool_create(NULL, &pool);

	return err ? err : vmmio_executor_destroy(pool);
}

static int io_once(enum vmmio_io_engine engine)
{
	struct vmmio_io *io = NULL;
	int err = f_io(engine, 0, &io);

	if (!err)
		f_io_end(io);
	return err;
}

static int io_uring_once(void)
{
	return io_once(VMMIO_IO_URING);
}

static int io_plain_once(void)
{
	return io_once(VMMIO_IO_PLAIN);
}

static int (*const starters[])(void) = {pool_once, io_uring_once, io_plain_once};

/* The first, the second ...; until one run has created all it wants. */
START_TEST(f30_kth_thread_fails)
{
	unsigned k = 1;

	for (;; k++) {
		int err;

		atomic_store(&creations, 0);
		atomic_store(&fail_at, k);
		err = starters[_i]();
		atomic_store(&fail_at, 0);
		if (atomic_load(&creations) < k) {
			ck_assert_int_eq(err, 0);
			break;
		}
		ck_assert(err == -EAGAIN || err == 0);
		ck_assert_uint_lt(k, 20);
	}
	ck_assert_uint_gt(k, 1);
}
END_TEST

/* Real: as somebody who may have no more processes. */
START_TEST(f30_no_more_processes)
{
	struct rlimit none, was;

	if (geteuid() != 0) {
		fixture_skip("only root can become somebody else, whom the limit binds");
		return;
	}
	ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &was), 0);
	none = was;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &none), 0);
	ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
	ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(starters[i](), -EAGAIN);
	/* A leak checker wants a process of its own in the end. */
	ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &was), 0);
}
END_TEST

/* A pool that cannot grow works with the thread it has, and grows later. */
START_TEST(f30_pool_cannot_grow)
{
	struct rig_options o = {.version = 3, .pool = true};
	struct rig *rig = rig_create(&o); /* one thread */

	fixture_expect_log("cannot create a thread");
	atomic_store(&creations, 0);
	atomic_store(&fail_at, 1);
	rig_up(rig);
	round_of_io(rig);
	ck_assert_uint_ge(atomic_load(&creations), 2);
	rig_free(rig);
}
END_TEST

/* --- F-41
 * ------------------------------------------------------------------------------------------ */

/* A reset that is not over, far from its deadline, while the wall clock jumps. */
START_TEST(f41_clock_jumps)
{
	const uint64_t hour = UINT64_C(3600000000000);
	struct rig_options o = {
		.version = 3, .packed = _i & 1, .pool = true, .reset_deadline = hour};
	struct rig *rig = rig_create(&o);
	struct vmmio_io *io = NULL;
	char path[] = "/tmp/vmmio-f-XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	ck_assert_int_eq(f_io(_i & 2 ? VMMIO_IO_PLAIN : VMMIO_IO_URING, 0, &io), 0);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	rig_write(rig, VMMIO_REG_STATUS, 0);
	for (int i = 0; i < 100; i++) {
		f_io_works(io, fd);
		sched_yield();
	}
	ck_assert_uint_eq(atomic_load(&rig->stuck), 0);
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert(rig_complete(rig, 0, 0));
	rig_wait_zero(rig);
	rig_free(rig);
	f_io_end(io);
	close(fd);
	ck_assert_uint_gt(atomic_load(&looks), 0);
	ck_assert_uint_eq(atomic_load(&other_clocks), 0);
	ck_assert_uint_eq(atomic_load(&mixed_clocks), 0);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_29", f29_signals, 2},
		{"f_30", f30_kth_thread_fails, 3},
		{"f_30", f30_no_more_processes, 1},
		{"f_30", f30_pool_cannot_grow, 1},
		{"f_41", f41_clock_jumps, 4},
		{NULL, NULL, 0},
	};

	return f_main("f_host", rows);
}
