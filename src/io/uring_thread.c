/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ring's thread: its own, which looks for a while and then sleeps in the kernel, or
 * that of the embedder's loop, which makes one round at a time and never sleeps.
 */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "io/uring.h"

#define SPIN_NS 50000u
#define FILLS 16u

static bool arm_wake(struct io_uring_engine *e)
{
	struct io_uring_sqe *sqe;

	if (e->wake_armed || e->stopping)
		return true;
	sqe = io_uring_get_sqe(&e->ring);
	if (!sqe)
		return false;
	io_uring_prep_read(sqe, e->hub->wake_fd, &e->wake_value, sizeof(e->wake_value), 0);
	io_uring_sqe_set_data64(sqe, TAG_WAKE);
	e->wake_armed = true;
	return true;
}

static bool something(struct io_uring_engine *e)
{
	return atomic_load_explicit(&e->hub->mail, memory_order_relaxed) ||
	       io_uring_cq_ready(&e->ring);
}

/* Looks for a while before it sleeps: a wake-up costs more than most requests take. */
static bool spin(struct io_uring_engine *e, uint64_t since)
{
	unsigned i;

	if (!e->spin)
		return false;
	do {
		for (i = 0; i < 32; i++) {
			if (something(e))
				return true;
#if defined(__x86_64__) || defined(__i386__)
			__builtin_ia32_pause();
#endif
		}
	} while (vmmio_io_now(e->io) - since < SPIN_NS);
	return false;
}

/* What a call to the kernel has said. false: it has to be made again, which may help if
 * the error was a lack of memory (EAGAIN). What was not taken stays in the ring. */
static bool taken(struct io_uring_engine *e, int ret)
{
	if (ret >= 0 || ret == -EINTR || ret == -EBUSY || ret == -ETIME)
		return true;
	if (!e->complained && ret != -EAGAIN) {
		e->complained = true;
		vmmio_io_log(&e->io->log, VMMIO_LOG_ERROR,
			"io_uring_enter fails with error %d, I/O is retried until it works: allow "
			"the call to this process",
			-ret);
	}
	return false;
}

static void submit(struct io_uring_engine *e, unsigned wait)
{
	static const struct timespec pause = {.tv_nsec = 1000000};

	if (!taken(e, io_uring_submit_and_wait(&e->ring, wait)))
		nanosleep(&pause, NULL);
}

static void submit_and_wait(struct io_uring_engine *e)
{
	uint64_t since;

	if (io_uring_sq_ready(&e->ring) && e->spin)
		submit(e, 0);
	if (something(e)) {
		if (io_uring_sq_ready(&e->ring))
			submit(e, 0);
		return;
	}
	since = vmmio_io_now(e->io);
	if (!spin(e, since)) {
		atomic_store(&e->hub->sleeping, true);
		submit(e, atomic_load(&e->hub->mail) ? 0 : 1);
		atomic_store(&e->hub->sleeping, false);
	}
	/* Spinning pays if the wait that just ended was short. */
	e->spin = vmmio_io_now(e->io) - since < SPIN_NS;
}

void *vmmio_io_uring_main(void *engine)
{
	struct io_uring_engine *e = engine;
	struct io_frame frame;

	vmmio_io_frame_enter(&frame, e->io);
	atomic_store_explicit(&e->io->owner, vmmio_io_me(), memory_order_relaxed);
	vmmio_io_uring_raise_workers(e);
	for (;;) {
		vmmio_io_uring_collect(e);
		vmmio_io_batch_end();
		if (e->stopping && !e->requests && !e->polls && !e->wake_armed &&
			io_list_empty(&e->backlog))
			break;
		if (vmmio_io_uring_fill(e) && arm_wake(e))
			submit_and_wait(e);
		else
			submit(e, 0);
		vmmio_io_uring_reap(e, UINT_MAX);
	}
	vmmio_io_frame_leave(&frame);
	return NULL;
}

/* Everything that waits into the kernel, as far as it goes. Returns how many dones ran. */
static unsigned push(struct io_uring_engine *e)
{
	unsigned i, called = vmmio_io_uring_collect(e);
	bool all = false, ok = true;

	vmmio_io_batch_end();
	for (i = 0; i < FILLS && ok && !all; i++) {
		all = vmmio_io_uring_fill(e);
		if (io_uring_sq_ready(&e->ring))
			ok = taken(e, io_uring_submit_and_get_events(&e->ring));
	}
	if (!all || !ok) /* so that there is a next run */
		atomic_store(&e->hub->mail, true);
	return called;
}

/* liburing 2.3 has a function for it, which its shared library does not export. */
static int enable(struct io_uring_engine *e)
{
	int ret = (int)syscall(
		SYS_io_uring_register, e->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);

	return ret < 0 ? -errno : 0;
}

unsigned vmmio_io_uring_run(struct io_uring_engine *e, unsigned max)
{
	unsigned called;

	if (e->disabled) {
		/* From here on the ring knows this thread only. */
		if (!taken(e, enable(e)))
			return 0;
		e->disabled = false;
		vmmio_io_uring_raise_workers(e);
	}
	called = push(e);
	called += vmmio_io_uring_reap(e, max);
	if (io_uring_sq_ready(&e->ring) || !io_list_empty(&e->backlog) ||
		atomic_load(&e->hub->mail))
		called += push(e);
	return called;
}

static bool deferred_work(struct io_uring_engine *e)
{
	return IO_URING_READ_ONCE(*e->ring.sq.kflags) & IORING_SQ_TASKRUN;
}

void vmmio_io_uring_awake(struct io_uring_engine *e)
{
	/* While it runs it looks itself. */
	if (e->signals && e->deferred)
		io_uring_cq_eventfd_toggle(&e->ring, false);
}

void vmmio_io_uring_rest(struct io_uring_engine *e)
{
	/* By eventfd: a ring with deferred work does not wake who polls the ring itself. */
	if (!e->signals && !io_uring_register_eventfd(&e->ring, e->hub->wake_fd))
		e->signals = true;
	if (e->deferred)
		io_uring_cq_eventfd_toggle(&e->ring, true);
	/* Store "write it", then look, against the kernel's store work, then look. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!e->signals || io_uring_cq_ready(&e->ring) || deferred_work(e))
		atomic_store(&e->hub->mail, true);
}
