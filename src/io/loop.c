/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Engines without a thread of their own to call back: who may run one, and what a run does.
 */
#include <errno.h>
#include <poll.h>

#include "io/hub.h"

#define RUN_MAX 256u

static int refuse(struct vmmio_io *io, const char *what, int err, const char *why)
{
	vmmio_io_log(&io->log, VMMIO_LOG_ERROR, "%s: %s is refused (error %d): %s", io->name, what,
		-err, why);
	return err;
}

/* Its ring knows one thread only. Right after running was taken. */
static bool is_others(struct vmmio_io *io)
{
	uint64_t owner = atomic_load_explicit(&io->owner, memory_order_relaxed);

	if (io->form != VMMIO_IO_LOOP || owner == vmmio_io_me())
		return false;
	if (owner)
		return true;
	if (atomic_load_explicit(&io->started, memory_order_acquire))
		atomic_store_explicit(&io->owner, vmmio_io_me(), memory_order_relaxed);
	return false;
}

int vmmio_io_take(struct vmmio_io *io, const char *what, struct io_frame *frame)
{
	if (vmmio_io_inherited(io, what))
		return -EPERM;
	if (vmmio_io_inside(io))
		return refuse(io, what, -EDEADLK, "not from inside one of its callbacks");
	if (atomic_exchange_explicit(&io->running, true, memory_order_acquire))
		return refuse(io, what, -EBUSY, "another thread is running it: one at a time");
	if (is_others(io)) {
		atomic_store_explicit(&io->running, false, memory_order_release);
		return refuse(io, what, -EBUSY,
			"another thread ran it first: only that one may while it has users");
	}
	vmmio_io_frame_enter(frame, io);
	return 0;
}

void vmmio_io_give_back(struct vmmio_io *io, struct io_frame *frame)
{
	vmmio_io_frame_leave(frame);
	atomic_store_explicit(&io->running, false, memory_order_release);
}

bool vmmio_io_runs_here(struct vmmio_io *io)
{
	uint64_t owner = atomic_load_explicit(&io->owner, memory_order_relaxed);

	if (io->form == VMMIO_IO_LOOP)
		return !owner || owner == vmmio_io_me();
	return io->form == VMMIO_IO_MANUAL;
}

int vmmio_io_fd(struct vmmio_io *io)
{
	if (!io)
		return -EINVAL;
	if (io->form != VMMIO_IO_LOOP)
		return refuse(io, "vmmio_io_fd", -EINVAL, "create it with form VMMIO_IO_LOOP");
	/* Whatever has come in so far. */
	if (!atomic_exchange(&io->watched, true))
		vmmio_io_hub_wake(&io->hub);
	return io->hub.epoll_fd;
}

void vmmio_io_wait_readable(struct vmmio_io *io)
{
	struct pollfd fd = {.fd = vmmio_io_fd(io), .events = POLLIN};

	if (fd.fd >= 0)
		poll(&fd, 1, -1);
}

static unsigned run(struct vmmio_io *io, unsigned max)
{
	unsigned n;

	if (io->form == VMMIO_IO_MANUAL) {
		n = vmmio_io_epoll_run(&io->hub, 0, max);
		n += vmmio_io_manual_run(io, max - n);
		vmmio_io_batch_end();
		return n;
	}
	n = vmmio_io_deliver(io, max);
	if (io->ring)
		return n + vmmio_io_uring_run(io->ring, max - n);
	if (n < max)
		n += vmmio_io_epoll_run(&io->hub, 0, max - n);
	vmmio_io_batch_end();
	return n;
}

/* A LOOP that was started after it was taken has to wait for the next run. */
static bool may_run(struct vmmio_io *io)
{
	if (io->form == VMMIO_IO_LOOP &&
		atomic_load_explicit(&io->owner, memory_order_relaxed) != vmmio_io_me())
		return false;
	return atomic_load_explicit(&io->started, memory_order_acquire);
}

int vmmio_io_run(struct vmmio_io *io, unsigned max)
{
	struct io_frame frame;
	unsigned n = 0;
	bool may;
	int err;

	if (!io)
		return -EINVAL;
	if (io->form == VMMIO_IO_THREADS)
		return refuse(io, "vmmio_io_run", -EINVAL,
			"it has threads of its own: create it with another form to run it");
	err = vmmio_io_take(io, "vmmio_io_run", &frame);
	if (err)
		return err;
	may = may_run(io);
	if (atomic_load(&io->watched)) {
		if (may && io->ring)
			vmmio_io_uring_awake(io->ring);
		vmmio_io_hub_awake(&io->hub);
	}
	if (may)
		n = run(io, max && max < INT32_MAX ? max : RUN_MAX);
	if (atomic_load(&io->watched)) {
		if (may && io->ring)
			vmmio_io_uring_rest(io->ring);
		vmmio_io_hub_rest(&io->hub);
	}
	vmmio_io_give_back(io, &frame);
	return (int)n;
}
