/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The hub of an engine: which thread calls back for whom, what it does at the end of a
 * batch, and how it is woken.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/hub.h"

static _Thread_local struct io_frame *innermost;
static _Thread_local uint64_t me;
static _Atomic uint64_t threads;

uint64_t vmmio_io_me(void)
{
	if (!me)
		me = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
	return me;
}

void vmmio_io_frame_enter(struct io_frame *frame, const struct vmmio_io *io)
{
	*frame = (struct io_frame){.io = io, .outer = innermost};
	innermost = frame;
}

void vmmio_io_frame_leave(const struct io_frame *frame)
{
	innermost = frame->outer;
}

bool vmmio_io_inside(const struct vmmio_io *io)
{
	const struct io_frame *frame;

	for (frame = innermost; frame; frame = frame->outer)
		if (frame->io == io)
			return true;
	return false;
}

bool vmmio_io_flush_later(struct vmmio_io_flush *flush)
{
	if (!innermost)
		return false;
	flush->next = innermost->flushes;
	innermost->flushes = flush;
	return true;
}

void vmmio_io_batch_end(void)
{
	struct io_frame *frame = innermost;

	while (frame->flushes) {
		struct vmmio_io_flush *flush = frame->flushes;

		frame->flushes = flush->next;
		flush->flush(flush);
	}
}

void vmmio_io_hub_init(struct io_hub *hub)
{
	hub->wake_fd = hub->timer_fd = hub->epoll_fd = -1;
	pthread_mutex_init(&hub->lock, NULL);
	pthread_cond_init(&hub->returned, NULL);
	io_list_init(&hub->watches);
	io_list_init(&hub->dead);
	io_list_init(&hub->timers);
	io_list_init(&hub->finished);
	io_list_init(&hub->queue);
}

void vmmio_io_hub_exit(struct io_hub *hub)
{
	pthread_cond_destroy(&hub->returned);
	pthread_mutex_destroy(&hub->lock);
}

int vmmio_io_hub_open(struct io_hub *hub, bool with_epoll)
{
	struct epoll_event event = {.events = EPOLLIN}; /* no watch: it only wakes */

	/* The ring's thread waits for it by a read, which has to block. */
	hub->wake_fd = eventfd(0, EFD_CLOEXEC | (with_epoll ? EFD_NONBLOCK : 0));
	if (hub->wake_fd < 0)
		return -errno;
	if (!with_epoll)
		return 0;
	hub->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (hub->epoll_fd < 0)
		return -errno;
	return epoll_ctl(hub->epoll_fd, EPOLL_CTL_ADD, hub->wake_fd, &event) ? -errno : 0;
}

void vmmio_io_hub_close(struct io_hub *hub)
{
	if (hub->epoll_fd >= 0)
		close(hub->epoll_fd);
	if (hub->wake_fd >= 0)
		close(hub->wake_fd);
	hub->epoll_fd = hub->wake_fd = -1;
}

void vmmio_io_hub_wake(struct io_hub *hub)
{
	uint64_t one = 1;

	while (write(hub->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void vmmio_io_hub_wake_if_sleeping(struct io_hub *hub)
{
	if (atomic_load(&hub->sleeping) && atomic_exchange(&hub->sleeping, false))
		vmmio_io_hub_wake(hub);
}

void vmmio_io_hub_awake(struct io_hub *hub)
{
	uint64_t value;

	atomic_store_explicit(&hub->sleeping, false, memory_order_relaxed);
	/* Who writes it only now, because it slept before, causes one run more. */
	while (read(hub->wake_fd, &value, sizeof(value)) < 0 && errno == EINTR)
		;
}

void vmmio_io_hub_rest(struct io_hub *hub)
{
	atomic_store(&hub->sleeping, true);
	if (atomic_load(&hub->mail))
		vmmio_io_hub_wake_if_sleeping(hub);
}
