/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who waits for the end of a reset, a queue stop, a pause: a list of waiters, and the
 * blocking form, which is a waiter with a semaphore.
 *
 * A waiter is claimed before anything happens, so that one that is still out is refused
 * without effect. What ends moves its waiters from waiting to told, under the lock; their
 * callbacks are called when it is dropped.
 */
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "device/internal.h"

_Static_assert(sizeof(struct waiting) <= sizeof(((struct vmmio_waiter *)0)->priv),
	"priv of struct vmmio_waiter is too small");

static struct waiting *waiting_of(struct vmmio_waiter *waiter)
{
	return (struct waiting *)waiter->priv;
}

static struct vmmio_waiter *waiter_of(struct waiting *waiting)
{
	return (struct vmmio_waiter *)(void *)((char *)waiting - offsetof(struct vmmio_waiter, priv));
}

int vmmio_waiter_claim(struct vmmio_device *dev, struct vmmio_waiter *waiter, const char *call)
{
	const void *none = NULL;

	if (!waiter || !waiter->done) {
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"%s needs a waiter%s: nothing was done", call,
			waiter ? " whose done is set" : "");
		return -EINVAL;
	}
	if (__atomic_compare_exchange_n(&waiting_of(waiter)->owner, &none, dev, false,
		    __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return 0;
	vmmio_device_log(dev, VMMIO_LOG_ERROR,
		"%s was given a waiter that is still out (or was never zeroed): use another one, or "
		"wait for its done; nothing was done",
		call);
	return -EBUSY;
}

void vmmio_waiter_unclaim(struct vmmio_waiter *waiter)
{
	memset(waiter->priv, 0, sizeof(waiter->priv));
}

void vmmio_waiter_add(struct vmmio_device *dev, struct vmmio_waiter *waiter, enum wait_for what,
	const struct vmmio_queue *queue)
{
	struct waiting *w = waiting_of(waiter);

	w->what = (uint16_t)what;
	w->queue = queue;
	w->next = dev->waiting;
	dev->waiting = w;
}

void vmmio_waiter_tell(
	struct vmmio_device *dev, enum wait_for what, const struct vmmio_queue *queue, int result)
{
	struct waiting **link = &dev->waiting, *w;

	while ((w = *link)) {
		if (w->what != what || w->queue != queue) {
			link = &w->next;
			continue;
		}
		*link = w->next;
		w->result = (int16_t)result;
		w->next = dev->told;
		dev->told = w;
	}
}

void vmmio_waiter_report(struct vmmio_device *dev)
{
	struct waiting *list, *w;
	struct frame frame;

	pthread_mutex_lock(&dev->lock);
	list = dev->told;
	dev->told = NULL;
	pthread_mutex_unlock(&dev->lock);
	while ((w = list)) {
		struct vmmio_waiter *waiter = waiter_of(w);
		int result = w->result;

		list = w->next;
		VMMIO_SYNC(dev, REPORT);
		vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
		vmmio_waiter_unclaim(waiter);
		waiter->done(waiter, result);
		vmmio_frame_leave(&frame);
	}
}

/* --- The blocking form ------------------------------------------------------------------ */

struct sleeper {
	struct vmmio_waiter waiter;
	sem_t over;
};

static void wake(struct vmmio_waiter *waiter, int result)
{
	(void)result;
	sem_post(&((struct sleeper *)waiter)->over);
}

/* Nobody else can run the tasks of an executor without threads, and nobody can say when
 * one is submitted from elsewhere: look every millisecond. */
static bool sleep_a_little(sem_t *over)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return sem_clockwait(over, CLOCK_MONOTONIC, &until) == 0;
}

static bool sleep_on(struct vmmio_device *dev, sem_t *over)
{
	if (!vmmio_executor_is_stepped(dev->ex))
		return sem_wait(over) == 0;
	if (sem_trywait(over) == 0)
		return true;
	return !vmmio_executor_help(dev->ex) && sleep_a_little(over);
}

void vmmio_waiter_sleep(
	struct vmmio_device *dev, enum wait_for what, const struct vmmio_queue *queue)
{
	struct sleeper sleeper = {.waiter.done = wake};

	sem_init(&sleeper.over, 0, 0);
	vmmio_waiter_add(dev, &sleeper.waiter, what, queue);
	pthread_mutex_unlock(&dev->lock);
	while (!sleep_on(dev, &sleeper.over)) /* EINTR, or a task was run: look again */
		;
	sem_destroy(&sleeper.over);
}
