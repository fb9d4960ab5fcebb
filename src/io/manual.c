/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The MANUAL form: a queue and a clock that a harness moves by hand.
 */
#include <errno.h>

#include "io/hub.h"

void vmmio_io_manual_submit(struct vmmio_io *io, struct vmmio_io_request *request)
{
	struct io_hub *hub = &io->hub;

	pthread_mutex_lock(&hub->lock);
	io_list_add(&hub->queue, &io_state(request)->link);
	hub->pending++;
	vmmio_io_settle(request, IO_HOME_MANUAL);
	pthread_mutex_unlock(&hub->lock);
}

size_t vmmio_io_pending(struct vmmio_io *io)
{
	size_t n;

	pthread_mutex_lock(&io->hub.lock);
	n = io->hub.pending;
	pthread_mutex_unlock(&io->hub.lock);
	return n;
}

/* NULL: there is nothing at n. */
static struct vmmio_io_request *take_nth(struct io_hub *hub, size_t n)
{
	struct vmmio_io_request *request = NULL;
	struct io_link *link;

	pthread_mutex_lock(&hub->lock);
	if (n < hub->pending) {
		for (link = hub->queue.next; n; n--)
			link = link->next;
		io_list_del(link);
		hub->pending--;
		request = io_of_link(link);
	}
	pthread_mutex_unlock(&hub->lock);
	return request;
}

static bool step(struct vmmio_io *io, size_t n, int error)
{
	struct vmmio_io_request *request = take_nth(&io->hub, n);

	if (!request)
		return false;
	if (atomic_load(&io_state(request)->phase) == IO_PHASE_CANCELLED)
		request->result = -ECANCELED;
	else if (error)
		request->result = error;
	else
		vmmio_io_perform(request);
	atomic_store(&io_state(request)->phase, IO_PHASE_DONE);
	vmmio_io_end(io, request);
	return true;
}

unsigned vmmio_io_manual_run(struct vmmio_io *io, unsigned max)
{
	unsigned n = 0;

	while (n < max && step(io, 0, 0))
		n++;
	return n;
}

/* 0 or -errno, logged: misuse of a function that belongs to this form. */
static int check_form(struct vmmio_io *io, const char *what)
{
	if (io->form == VMMIO_IO_MANUAL)
		return 0;
	vmmio_io_log(&io->log, VMMIO_LOG_ERROR,
		"%s: %s needs an engine of form VMMIO_IO_MANUAL, this one has form %d", io->name,
		what, (int)io->form);
	return -EINVAL;
}

int vmmio_io_step(struct vmmio_io *io, size_t n, int error)
{
	struct io_frame frame;
	int err = check_form(io, "vmmio_io_step");

	if (err)
		return err;
	if (error > 0) {
		vmmio_io_log(&io->log, VMMIO_LOG_ERROR,
			"%s: vmmio_io_step cannot let a request end with %d: give 0 or a negative "
			"errno",
			io->name, error);
		return -EINVAL;
	}
	err = vmmio_io_take(io, "vmmio_io_step", &frame);
	if (err)
		return err;
	if (!step(io, n, error))
		err = -ENOENT;
	vmmio_io_batch_end();
	vmmio_io_give_back(io, &frame);
	return err;
}

int vmmio_io_advance(struct vmmio_io *io, uint64_t when)
{
	struct io_hub *hub = &io->hub;
	struct io_frame frame;
	int n, err = check_form(io, "vmmio_io_advance");

	if (!err)
		err = vmmio_io_take(io, "vmmio_io_advance", &frame);
	if (err)
		return err;
	pthread_mutex_lock(&hub->lock);
	if (hub->now < when)
		hub->now = when;
	when = hub->now;
	pthread_mutex_unlock(&hub->lock);
	n = (int)vmmio_io_timers_expire(io, when, INT32_MAX);
	vmmio_io_batch_end();
	vmmio_io_give_back(io, &frame);
	return n;
}
