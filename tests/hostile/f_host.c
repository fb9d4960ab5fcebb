/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the host process lacks or does: signals (F-29), threads that cannot be created
 * (F-30), memory that cannot be had (F-31), clocks that jump (F-41).
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <vmmio/backends/blk.h>
#include <vmmio/backends/console.h>
#include <vmmio/backends/null.h>
#include <vmmio/backends/rng.h>
#include <vmmio/metrics.h>
#include <vmmio/trace.h>

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

/* --- F-31: every public create, and all it leads to ---------------------------------------------
 */

static struct vmmio_log quiet(void)
{
	return (struct vmmio_log){0};
}

static int memory_once(void)
{
	static uint8_t ram[4096];
	const struct vmmio_region region = {.guest = 4096, .size = 4096, .host = ram};
	struct vmmio_memory *memory;
	int err = vmmio_memory_create(NULL, &memory);

	if (err)
		return err;
	err = vmmio_memory_add(memory, &region);
	if (!err)
		err = vmmio_memory_dirty_start(memory);
	if (!err)
		(void)vmmio_memory_dirty_stop(memory);
	if (!err)
		err = vmmio_memory_try_remove(memory, 4096);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
	return err;
}

static int manual_once(void)
{
	struct vmmio_executor *ex;
	int err = vmmio_manual_create(&ex);

	return err ? err : vmmio_executor_destroy(ex);
}

static int trace_once(void)
{
	struct vmmio_trace *trace;
	int err = vmmio_trace_create(NULL, &trace);

	return err ? err : vmmio_trace_destroy(trace);
}

static int metrics_once(void)
{
	struct vmmio_metrics *metrics;
	int err = vmmio_metrics_create(NULL, &metrics);

	return err ? err : vmmio_metrics_destroy(metrics);
}

static int rng_once(void)
{
	struct vmmio_rng *rng;
	int err = vmmio_rng_create(NULL, &rng);

	return err ? err : vmmio_rng_destroy(rng);
}

static int console_once(void)
{
	struct vmmio_console_options o = {.size = sizeof(o)};
	struct vmmio_console *console;
	int err = vmmio_console_create(&o, &console);

	return err ? err : vmmio_console_destroy(console);
}

static int null_once(void)
{
	struct vmmio_null *null;
	int err = vmmio_null_create(NULL, &null);

	return err ? err : vmmio_null_destroy(null);
}

static struct vmmio_io *disk_io; /* made before memory runs out */
static int disk_fd;

static int blk_once(void)
{
	struct vmmio_blk_options o = {.size = sizeof(o), .fd = disk_fd, .io = disk_io};
	struct vmmio_blk *blk;
	int err;

	o.log = quiet();
	err = vmmio_blk_create(&o, &blk);
	return err ? err : vmmio_blk_destroy(blk);
}

static struct vmmio_memory *device_memory;
static struct vmmio_executor *device_executor;
static struct vmmio_null *device_backend;

static int device_once(void)
{
	struct vmmio_device_options o = {.size = sizeof(o),
		.version = 3,
		.backend = vmmio_null_backend(device_backend),
		.memory = device_memory,
		.executor = device_executor};
	struct vmmio_device *dev;
	int err = vmmio_device_create(&o, &dev);

	if (err)
		return err;
	if (vmmio_device_queue_eventfd(dev, 0) < 0)
		err = -ENOMEM;
	ck_assert_int_eq(vmmio_device_destroy(dev, NULL, NULL), 0);
	vmmio_manual_run(device_executor, 100);
	return err;
}

static int (*const makers[])(void) = {memory_once, manual_once, pool_once, io_uring_once,
	io_plain_once, trace_once, metrics_once, rng_once, console_once, null_once, blk_once,
	device_once};
#define MAKERS (int)(sizeof(makers) / sizeof(makers[0]))

static void make_parts(void)
{
	disk_fd = memfd_create("f", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(disk_fd, 65536), 0);
	ck_assert_int_eq(vmmio_io_create(NULL, &disk_io), 0);
	ck_assert_int_eq(vmmio_memory_create(NULL, &device_memory), 0);
	ck_assert_int_eq(vmmio_manual_create(&device_executor), 0);
	ck_assert_int_eq(vmmio_null_create(NULL, &device_backend), 0);
}

static void free_parts(void)
{
	ck_assert_int_eq(vmmio_null_destroy(device_backend), 0);
	ck_assert_int_eq(vmmio_executor_destroy(device_executor), 0);
	ck_assert_int_eq(vmmio_memory_destroy(device_memory), 0);
	ck_assert_int_eq(vmmio_io_destroy(disk_io), 0);
	close(disk_fd);
}

/* The n-th call fails, for all n; _i & 1: and all after it. */
START_TEST(f31_create_without_memory)
{
	int (*make)(void) = makers[_i / 2];
	unsigned n = 1;
	int err;

	make_parts();
	fixture_expect_log("");
	do {
		fixture_fail_alloc(n, _i & 1);
		err = make();
		fixture_fail_alloc(0, false);
		ck_assert_msg(err == 0 || err == -ENOMEM || err == -EAGAIN, "call %u: %d", n, err);
		ck_assert_uint_lt(n++, 100);
	} while (err);
	ck_assert_uint_gt(n, 2); /* the first one did fail */
	free_parts();
}
END_TEST

/* What runs, runs without: I/O, a reset, a queue reset; and a start fails as it may (E19). */
START_TEST(f31_running_without_memory)
{
	struct rig *rig = live(_i, NULL);

	fixture_fail_alloc(1, true);
	rig_check_io(rig);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
	rig_add(rig, 1, NULL);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	fixture_fail_alloc(0, false);
	check_zero(rig);
	next_life(rig);
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
	Suite *s = suite_create("f_host");

	tcase_add_loop_test(f_case(s, "f_29"), f29_signals, 0, 2);
	tcase_add_loop_test(f_case(s, "f_30"), f30_kth_thread_fails, 0, 3);
	tcase_add_test(f_case(s, "f_30"), f30_no_more_processes);
	tcase_add_test(f_case(s, "f_30"), f30_pool_cannot_grow);
	tcase_add_loop_test(f_case(s, "f_31"), f31_create_without_memory, 0, 2 * MAKERS);
	tcase_add_loop_test(f_case(s, "f_31"), f31_running_without_memory, 0, RIG_VARIANTS);
	tcase_add_loop_test(f_case(s, "f_41"), f41_clock_jumps, 0, 4);
	return fixture_main(s);
}
