/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Polled descriptors on the ring: multishot where the kernel has it, else armed again after
 * each event. The ring's thread only.
 *
 * A watch that is removed while the kernel has it waits for its last completion.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "io/uring.h"

/* With the hub's lock held. */
static void forget(struct io_watch *watch)
{
	io_list_del(&watch->todo);
	io_list_del(&watch->link);
	free(watch);
}

static bool cancel(struct io_uring_engine *e, struct io_watch *watch)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&e->ring);

	if (!sqe)
		return false;
	io_uring_prep_cancel64(sqe, vmmio_io_uring_data(e, watch->slot), 0);
	io_uring_sqe_set_data64(sqe, TAG_CANCEL);
	return true;
}

static bool arm(struct io_uring_engine *e, struct io_watch *watch)
{
	struct io_uring_sqe *sqe;

	/* First the slot, which can be given back. */
	watch->slot = vmmio_io_uring_take_slot(e, watch, TAG_POLL);
	if (watch->slot == NO_SLOT)
		return false;
	sqe = io_uring_get_sqe(&e->ring);
	if (!sqe) {
		vmmio_io_uring_free_slot(e, watch->slot);
		watch->slot = NO_SLOT;
		return false;
	}
	watch->multishot = !e->single_polls;
	if (watch->multishot)
		io_uring_prep_poll_multishot(sqe, watch->fd, POLLIN);
	else
		io_uring_prep_poll_add(sqe, watch->fd, POLLIN);
	io_uring_sqe_set_data64(sqe, vmmio_io_uring_data(e, watch->slot));
	return true;
}

bool vmmio_io_uring_take_changes(struct io_uring_engine *e)
{
	while (!io_list_empty(&e->changes)) {
		struct io_watch *watch = (struct io_watch *)(void *)((char *)e->changes.next -
								     offsetof(struct io_watch, todo));

		/* It does not see that forget() takes the watch off the list before it frees it.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		if (!watch->poll && watch->slot == NO_SLOT) {
			forget(watch);
			continue;
		}
		if (watch->poll ? watch->slot == NO_SLOT && !arm(e, watch) : !cancel(e, watch))
			return false;
		io_list_del(&watch->todo);
	}
	return true;
}

/* The kernel has let go of it: once more, or it is over. A watch that was removed may end
 * with anything, its descriptor may be closed by now. An old kernel refuses each that was armed
 * as multishot before the first one said so. */
static void ended(struct io_uring_engine *e, struct io_watch *watch, int32_t res)
{
	bool refused = res == -EINVAL && watch->multishot;
	bool again = res >= 0 || refused;
	bool failed;

	if (refused)
		e->single_polls = true;
	vmmio_io_uring_free_slot(e, watch->slot);
	pthread_mutex_lock(&e->hub->lock);
	watch->slot = NO_SLOT;
	failed = watch->poll && !again;
	if (!watch->poll) {
		forget(watch);
	} else if (again && io_list_empty(&watch->todo)) {
		io_list_add(&e->changes, &watch->todo);
		atomic_store(&e->hub->mail, true);
	}
	pthread_mutex_unlock(&e->hub->lock);
	if (failed)
		vmmio_io_log(&e->io->log, VMMIO_LOG_WARN,
			"%s: polling a descriptor ended with error %d, it is not polled any more: "
			"remove it and add it again",
			e->io->name, -res);
}

unsigned vmmio_io_uring_poll_event(
	struct io_uring_engine *e, struct io_watch *watch, const struct io_completion *c)
{
	unsigned called = 0;

	/* Before it is armed again: what ready has read is no event. */
	if (c->res >= 0)
		called = vmmio_io_call_ready(e->hub, watch);
	if (!(c->flags & IORING_CQE_F_MORE))
		ended(e, watch, c->res);
	return called;
}
