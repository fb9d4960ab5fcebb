/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Polled descriptors: adding and removing them on any engine, and the epoll set of those
 * without a ring.
 *
 * ready runs on one thread at a time, the one that runs the engine's hub, which says in
 * hub.calling what it is about to call; so removal knows whom to wait for.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "io/hub.h"

#define EVENTS 64u

/* What epoll would say about a descriptor, for the ring that does not. */
static int check_pollable(int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? -EPERM : 0;
}

/* With the hub's lock held. */
static int watch_begin(struct vmmio_io *io, struct io_watch *watch)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = watch};
	int err;

	if (io->ring) {
		err = check_pollable(watch->fd);
		if (!err)
			vmmio_io_uring_change(io->ring, watch);
	} else {
		err = epoll_ctl(io->hub.epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) ? -errno : 0;
	}
	if (!err)
		io_list_add(&io->hub.watches, &watch->link);
	return err;
}

/* With the hub's lock held. An event of it may be fetched already, so it is not freed. */
static void watch_end(struct vmmio_io *io, struct io_watch *watch)
{
	watch->poll = NULL;
	if (io->ring) {
		vmmio_io_uring_change(io->ring, watch);
		return;
	}
	/* Fails if the caller has closed it, which took it out of the set as well. */
	epoll_ctl(io->hub.epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	io_list_del(&watch->link);
	io_list_add(&io->hub.dead, &watch->link);
}

int vmmio_io_watch_add(struct vmmio_io *io, struct vmmio_io_poll *poll)
{
	struct io_watch *watch = calloc(1, sizeof(*watch));
	int err = -EEXIST;

	if (!watch)
		return -ENOMEM;
	watch->poll = poll;
	watch->fd = poll->fd;
	watch->slot = UINT32_MAX;
	io_list_init(&watch->todo);
	pthread_mutex_lock(&io->hub.lock);
	if (!poll->priv[0])
		err = watch_begin(io, watch);
	if (!err)
		poll->priv[0] = watch;
	pthread_mutex_unlock(&io->hub.lock);
	if (err)
		free(watch);
	else
		vmmio_io_hub_wake_if_sleeping(&io->hub);
	return err;
}

bool vmmio_io_watch_remove(struct vmmio_io *io, struct vmmio_io_poll *poll)
{
	struct io_hub *hub = &io->hub;
	struct io_watch *watch;

	pthread_mutex_lock(&hub->lock);
	watch = poll->priv[0];
	poll->priv[0] = NULL;
	if (watch)
		watch_end(io, watch);
	while (hub->calling == poll && !pthread_equal(hub->caller, pthread_self()))
		pthread_cond_wait(&hub->returned, &hub->lock);
	pthread_mutex_unlock(&hub->lock);
	vmmio_io_hub_wake_if_sleeping(hub);
	return watch;
}

static void log_poll(struct vmmio_io *io, int fd, int err)
{
	const char *remedy = err == -EPERM    ? "such files are always ready: do not poll them"
			     : err == -EBADF  ? "it has to be open"
			     : err == -EEXIST ? "remove it first"
			     : err == -EINVAL ? "set fd and ready, and call vmmio_io_use before"
					      : "raise the limit";

	vmmio_io_log(&io->log, VMMIO_LOG_ERROR, "%s: descriptor %d cannot be polled (error %d): %s",
		io->name, fd, -err, remedy);
}

int vmmio_io_poll_add(struct vmmio_io *io, struct vmmio_io_poll *poll)
{
	int err = -EINVAL;

	if (poll->ready && atomic_load_explicit(&io->started, memory_order_acquire)) {
		atomic_fetch_add_explicit(&io->out, 1, memory_order_relaxed);
		err = vmmio_io_watch_add(io, poll);
		if (err)
			atomic_fetch_sub_explicit(&io->out, 1, memory_order_release);
	}
	if (err)
		log_poll(io, poll->fd, err);
	return err;
}

void vmmio_io_poll_remove(struct vmmio_io *io, struct vmmio_io_poll *poll)
{
	if (vmmio_io_watch_remove(io, poll))
		atomic_fetch_sub_explicit(&io->out, 1, memory_order_release);
}

bool vmmio_io_call_ready(struct io_hub *hub, struct io_watch *watch)
{
	struct vmmio_io_poll *poll;

	pthread_mutex_lock(&hub->lock);
	poll = watch->poll;
	hub->calling = poll;
	hub->caller = pthread_self();
	pthread_mutex_unlock(&hub->lock);
	if (!poll)
		return false;
	poll->ready(poll);
	/* It may have been removed and freed: only compared from here on. */
	pthread_mutex_lock(&hub->lock);
	hub->calling = NULL;
	pthread_cond_broadcast(&hub->returned);
	pthread_mutex_unlock(&hub->lock);
	return true;
}

/* Whatever was fetched before they were removed has been looked at. */
static void free_dead(struct io_hub *hub)
{
	struct io_link dead;

	io_list_init(&dead);
	pthread_mutex_lock(&hub->lock);
	io_list_splice(&dead, &hub->dead);
	pthread_mutex_unlock(&hub->lock);
	while (!io_list_empty(&dead)) {
		struct io_link *link = dead.next;

		io_list_del(link);
		free((char *)link - offsetof(struct io_watch, link));
	}
}

unsigned vmmio_io_epoll_run(struct io_hub *hub, int timeout, unsigned max)
{
	struct epoll_event events[EVENTS];
	unsigned called = 0;
	int i, n;

	free_dead(hub);
	n = epoll_wait(hub->epoll_fd, events, (int)(max < EVENTS ? max : EVENTS), timeout);
	for (i = 0; i < n; i++)
		if (events[i].data.ptr) /* else it was woken */
			called += vmmio_io_call_ready(hub, events[i].data.ptr);
	return called;
}

void *vmmio_io_poller_main(void *arg)
{
	struct vmmio_io *io = arg;
	struct io_frame frame;

	vmmio_io_frame_enter(&frame, io);
	while (!atomic_load(&io->hub.stop)) {
		vmmio_io_epoll_run(&io->hub, -1, EVENTS);
		vmmio_io_batch_end();
	}
	free_dead(&io->hub);
	vmmio_io_frame_leave(&frame);
	return NULL;
}
