/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request's way through the engine, as far as it is the same for all: where it goes, how
 * it is cancelled, how it comes back.
 */
#include "io/hub.h"

/* A write that may hang keeps away from the ring, see engine.h; and what the ring cannot do. */
static bool for_workers(const struct vmmio_io *io, const struct vmmio_io_request *request)
{
	if (io->ring_lacks & 1u << request->op)
		return true;
	return request->op == VMMIO_IO_WRITE &&
	       (request->flags & (VMMIO_IO_MAY_FAULT | VMMIO_IO_PAGE_CACHE));
}

/* To the ring in runs, in one go if none is for the workers. An engine that has no ring, or one
 * that cannot do all, always has a worker: what none takes, the ring can do. */
static void dispatch(struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n)
{
	unsigned i, first = 0;

	for (i = 0; i < n; i++) {
		if (io->ring && !for_workers(io, requests[i]))
			continue;
		if (!vmmio_io_workers_submit(io->workers, requests[i]))
			continue;
		if (i > first)
			vmmio_io_uring_submit(io->ring, requests + first, i - first);
		first = i + 1;
	}
	if (n > first)
		vmmio_io_uring_submit(io->ring, requests + first, n - first);
}

void vmmio_io_submit(struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n)
{
	unsigned i;

	atomic_fetch_add_explicit(&io->out, n, memory_order_relaxed);
	for (i = 0; i < n; i++) {
		vmmio_io_begin(requests[i]);
		if (requests[i]->group)
			vmmio_io_group_join(io, requests[i]);
	}
	if (io->form != VMMIO_IO_MANUAL)
		dispatch(io, requests, n);
	else
		for (i = 0; i < n; i++)
			vmmio_io_manual_submit(io, requests[i]);
}

static void cancel_manual(struct io_state *s)
{
	uint8_t phase = IO_PHASE_OUT;

	atomic_compare_exchange_strong(&s->phase, &phase, IO_PHASE_CANCELLED);
}

void vmmio_io_cancel_in(struct vmmio_io *io, struct vmmio_io_request *request)
{
	switch (io_state(request)->home) {
	case IO_HOME_RING:
		vmmio_io_uring_cancel(io->ring, request);
		break;
	case IO_HOME_WORKERS:
		vmmio_io_workers_cancel(io->workers, request);
		break;
	default:
		cancel_manual(io_state(request));
	}
}

void vmmio_io_cancel(struct vmmio_io *io, struct vmmio_io_request *request)
{
	pthread_mutex_lock(&io->hub.lock);
	vmmio_io_cancel_in(io, request);
	pthread_mutex_unlock(&io->hub.lock);
	vmmio_io_hub_wake_if_sleeping(&io->hub);
}

void vmmio_io_end(struct vmmio_io *io, struct vmmio_io_request *request)
{
	struct vmmio_io_group *group = request->group;

	if (group)
		vmmio_io_group_leave(io, request);
	/* Release: who finds none out, and takes the engine down, comes after all of them. */
	atomic_fetch_sub_explicit(&io->out, 1, memory_order_release);
	request->done(request);
	if (group)
		vmmio_io_group_returned(io, group);
}

void vmmio_io_hand_over(struct vmmio_io *io, struct vmmio_io_request *request)
{
	struct io_hub *hub = &io->hub;

	pthread_mutex_lock(&hub->lock);
	io_list_add(&hub->finished, &io_state(request)->link);
	atomic_store(&hub->mail, true);
	pthread_mutex_unlock(&hub->lock);
	vmmio_io_hub_wake_if_sleeping(hub);
}

unsigned vmmio_io_deliver(struct vmmio_io *io, unsigned max)
{
	struct io_hub *hub = &io->hub;
	struct vmmio_io_request *request;
	unsigned n;

	if (!atomic_load(&hub->mail))
		return 0;
	for (n = 0; n < max; n++) {
		pthread_mutex_lock(&hub->lock);
		request = io_list_empty(&hub->finished) ? NULL : io_of_link(hub->finished.next);
		if (request)
			io_list_del(&io_state(request)->link);
		else if (!io->ring) /* whose thread has more than this to collect */
			atomic_store(&hub->mail, false);
		pthread_mutex_unlock(&hub->lock);
		if (!request)
			break;
		vmmio_io_end(io, request);
	}
	return n;
}
