/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers: a list in order of time, and one timerfd for the first of them, which the engine
 * polls like any other descriptor. A MANUAL engine has the list alone.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "io/hub.h"

/* Called in one go; the timerfd stays readable for the rest. */
#define EXPIRE_MAX 256u

_Static_assert(sizeof(struct io_link) <= sizeof(((struct vmmio_io_timer *)0)->priv),
	"priv of struct vmmio_io_timer is too small");

/* next NULL: not armed. */
static struct io_link *link_of(struct vmmio_io_timer *timer)
{
	return (struct io_link *)(void *)timer->priv;
}

static struct vmmio_io_timer *timer_of(struct io_link *link)
{
	return (struct vmmio_io_timer *)(void *)((char *)link -
						 offsetof(struct vmmio_io_timer, priv));
}

static void take_out(struct vmmio_io *io, struct vmmio_io_timer *timer)
{
	io_list_del(link_of(timer));
	link_of(timer)->next = NULL;
	atomic_fetch_sub_explicit(&io->out, 1, memory_order_release);
}

/* With the hub's lock held. An early timerfd does no harm, so who takes the first timer out
 * leaves it as it is. */
static void set_timerfd(struct io_hub *hub)
{
	struct itimerspec spec = {.it_value = {0, 0}};
	uint64_t when;

	if (hub->timer_fd < 0)
		return;
	if (!io_list_empty(&hub->timers)) {
		when = timer_of(hub->timers.next)->when;
		spec.it_value.tv_sec = (time_t)(when / 1000000000u);
		spec.it_value.tv_nsec = (long)(when % 1000000000u);
		if (when == 0) /* would disarm it */
			spec.it_value.tv_nsec = 1;
	}
	timerfd_settime(hub->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

void vmmio_io_timer_arm(struct vmmio_io *io, struct vmmio_io_timer *timer, uint64_t when)
{
	struct io_hub *hub = &io->hub;
	struct io_link *after;

	atomic_fetch_add_explicit(&io->out, 1, memory_order_relaxed);
	pthread_mutex_lock(&hub->lock);
	timer->when = when;
	after = hub->timers.prev;
	while (after != &hub->timers && timer_of(after)->when > when)
		after = after->prev;
	io_list_add(after->next, link_of(timer));
	if (hub->timers.next == link_of(timer))
		set_timerfd(hub);
	pthread_mutex_unlock(&hub->lock);
}

bool vmmio_io_timer_disarm(struct vmmio_io *io, struct vmmio_io_timer *timer)
{
	bool armed;

	pthread_mutex_lock(&io->hub.lock);
	armed = link_of(timer)->next != NULL;
	if (armed)
		take_out(io, timer);
	pthread_mutex_unlock(&io->hub.lock);
	return armed;
}

unsigned vmmio_io_timers_expire(struct vmmio_io *io, uint64_t now, unsigned max)
{
	struct io_hub *hub = &io->hub;
	unsigned n = 0;

	pthread_mutex_lock(&hub->lock);
	while (n < max && !io_list_empty(&hub->timers)) {
		struct vmmio_io_timer *timer = timer_of(hub->timers.next);

		if (timer->when > now)
			break;
		take_out(io, timer);
		pthread_mutex_unlock(&hub->lock);
		timer->expired(timer);
		n++;
		pthread_mutex_lock(&hub->lock);
	}
	set_timerfd(hub);
	pthread_mutex_unlock(&hub->lock);
	return n;
}

uint64_t vmmio_io_now(struct vmmio_io *io)
{
	struct timespec ts;
	uint64_t now;

	if (io->form == VMMIO_IO_MANUAL) {
		pthread_mutex_lock(&io->hub.lock);
		now = io->hub.now;
		pthread_mutex_unlock(&io->hub.lock);
		return now;
	}
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void timerfd_ready(struct vmmio_io_poll *poll)
{
	struct io_hub *hub = (struct io_hub *)(void *)((char *)poll -
						       offsetof(struct io_hub, timer_poll));
	struct vmmio_io *io = io_of_hub(hub);

	vmmio_io_timers_expire(io, vmmio_io_now(io), EXPIRE_MAX);
}

int vmmio_io_timers_start(struct vmmio_io *io)
{
	struct io_hub *hub = &io->hub;
	int err;

	hub->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (hub->timer_fd < 0)
		return -errno;
	hub->timer_poll = (struct vmmio_io_poll){.fd = hub->timer_fd, .ready = timerfd_ready};
	err = vmmio_io_watch_add(io, &hub->timer_poll);
	if (err)
		vmmio_io_timers_stop(io);
	return err;
}

void vmmio_io_timers_stop(struct vmmio_io *io)
{
	if (io->hub.timer_fd < 0)
		return;
	vmmio_io_watch_remove(io, &io->hub.timer_poll);
	close(io->hub.timer_fd);
	io->hub.timer_fd = -1;
}
