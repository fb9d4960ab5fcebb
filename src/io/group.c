/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Groups of requests, which are cancelled, and waited for, in one call.
 *
 * A request is on its group's list, where a cancel finds it, until right before done; it
 * is counted until done has returned.
 */
#include <errno.h>

#include "io/hub.h"

/* What vmmio_io_group.priv holds; all under the hub's lock. */
struct group_state {
	struct io_link requests; /* zero until the first one joins */
	size_t out;
	void (*idle)(struct vmmio_io_group *group);
} __attribute__((may_alias));

_Static_assert(sizeof(struct group_state) <= sizeof(((struct vmmio_io_group *)0)->priv),
	"priv of struct vmmio_io_group is too small");

static struct group_state *state_of(struct vmmio_io_group *group)
{
	return (struct group_state *)group->priv;
}

static struct vmmio_io_request *request_of_group(struct io_link *link)
{
	return io_request_of_state((char *)link - offsetof(struct io_state, group));
}

void vmmio_io_group_join(struct vmmio_io *io, struct vmmio_io_request *request)
{
	struct group_state *g = state_of(request->group);

	pthread_mutex_lock(&io->hub.lock);
	if (!g->requests.next)
		io_list_init(&g->requests);
	io_list_add(&g->requests, &io_state(request)->group);
	g->out++;
	pthread_mutex_unlock(&io->hub.lock);
}

void vmmio_io_group_leave(struct vmmio_io *io, struct vmmio_io_request *request)
{
	pthread_mutex_lock(&io->hub.lock);
	io_list_del(&io_state(request)->group);
	pthread_mutex_unlock(&io->hub.lock);
}

void vmmio_io_group_returned(struct vmmio_io *io, struct vmmio_io_group *group)
{
	void (*idle)(struct vmmio_io_group *group) = NULL;
	struct group_state *g = state_of(group);

	pthread_mutex_lock(&io->hub.lock);
	if (--g->out == 0) {
		idle = g->idle;
		g->idle = NULL;
		pthread_cond_broadcast(&io->hub.returned);
	}
	pthread_mutex_unlock(&io->hub.lock);
	if (idle)
		idle(group);
}

static int refuse(struct vmmio_io *io, const char *call, int err, const char *why)
{
	vmmio_io_log(&io->log, VMMIO_LOG_ERROR, "%s: %s is refused (error %d): %s", io->name, call,
		-err, why);
	return err;
}

static int refuse_second(struct vmmio_io *io, const char *call)
{
	return refuse(io, call, -EALREADY,
		"the idle of an earlier vmmio_io_cancel_all of this group has yet to be called: wait "
		"for it");
}

/* With the hub's lock held, which keeps each of them from being handed back. */
static void cancel_each(struct vmmio_io *io, struct group_state *g)
{
	struct io_link *link;

	if (!g->out)
		return;
	for (link = g->requests.next; link != &g->requests; link = link->next) {
		struct vmmio_io_request *request = request_of_group(link);

		/* Acquire: its home is set. NEW: its submit is still under way. */
		if (atomic_load_explicit(&io_state(request)->phase, memory_order_acquire) !=
			IO_PHASE_NEW)
			vmmio_io_cancel_in(io, request);
	}
}

int vmmio_io_cancel_all(struct vmmio_io *io, struct vmmio_io_group *group,
	void (*idle)(struct vmmio_io_group *group))
{
	struct group_state *g = state_of(group);
	bool out;

	if (!idle)
		return refuse(io, "vmmio_io_cancel_all", -EINVAL,
			"idle is NULL: set it, or use vmmio_io_cancel_wait");
	pthread_mutex_lock(&io->hub.lock);
	if (g->idle) {
		pthread_mutex_unlock(&io->hub.lock);
		return refuse_second(io, "vmmio_io_cancel_all");
	}
	cancel_each(io, g);
	out = g->out != 0;
	if (out)
		g->idle = idle;
	pthread_mutex_unlock(&io->hub.lock);
	vmmio_io_hub_wake_if_sleeping(&io->hub);
	if (!out)
		idle(group);
	return 0;
}

static bool is_idle(struct vmmio_io *io, struct group_state *g)
{
	bool idle;

	pthread_mutex_lock(&io->hub.lock);
	idle = g->out == 0;
	pthread_mutex_unlock(&io->hub.lock);
	return idle;
}

/* Runs the engine until the group is idle, or another thread does. */
static void run_until_idle(struct vmmio_io *io, struct group_state *g)
{
	while (vmmio_io_runs_here(io) && !is_idle(io, g)) {
		if (vmmio_io_run(io, 0) < 0)
			return;
		if (io->form == VMMIO_IO_LOOP && !is_idle(io, g))
			vmmio_io_wait_readable(io);
	}
}

int vmmio_io_cancel_wait(struct vmmio_io *io, struct vmmio_io_group *group)
{
	struct group_state *g = state_of(group);
	bool already;

	if (vmmio_io_inside(io))
		return refuse(io, "vmmio_io_cancel_wait", -EDEADLK,
			"from inside a callback it would wait for itself: use vmmio_io_cancel_all");
	pthread_mutex_lock(&io->hub.lock);
	already = g->idle != NULL;
	if (!already)
		cancel_each(io, g);
	pthread_mutex_unlock(&io->hub.lock);
	if (already)
		return refuse_second(io, "vmmio_io_cancel_wait");
	vmmio_io_hub_wake_if_sleeping(&io->hub);
	run_until_idle(io, g);
	pthread_mutex_lock(&io->hub.lock);
	while (g->out)
		pthread_cond_wait(&io->hub.returned, &io->hub.lock);
	pthread_mutex_unlock(&io->hub.lock);
	return 0;
}
