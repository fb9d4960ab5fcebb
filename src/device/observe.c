/* SPDX-License-Identifier: BSD-3-Clause */
/* Observers, when there are any: who is told what. Inside a frame of their own, so that what
 * they read is not observed in turn and what they write is refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device/observe.h"

#define MAX_OBSERVERS 64u

struct observer {
	struct vmmio_observer_ops ops; /* as much as its size gave, else NULL */
	void *ctx;
};

struct observers {
	_Atomic uint64_t order; /* of the next access; relaxed: a mere number */
	struct vmmio_observed_reset reset; /* the last one accepted */
	bool reads, writes;     /* somebody has such an op */
	unsigned n;
	struct observer list[];
};

#define TELL(dev, op, ...)                                                                         \
	do {                                                                                       \
		const struct observers *all = (dev)->observers;                                    \
		struct frame frame;                                                                \
                                                                                                   \
		vmmio_frame_enter(&frame, (dev), FRAME_OBSERVER);                                  \
		for (unsigned each = 0; each < all->n; each++)                                     \
			if (all->list[each].ops.op)                                                \
				all->list[each].ops.op(all->list[each].ctx, __VA_ARGS__);          \
		vmmio_frame_leave(&frame);                                                         \
	} while (0)

/* --- Accesses ------------------------------------------------------------------- */

static struct vmmio_observed_access begin_access(
	const struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	return (struct vmmio_observed_access){
		.order = atomic_fetch_add_explicit(&dev->observers->order, 1, memory_order_relaxed),
		.began = vmmio_executor_now(dev->ex),
		.offset = offset,
		.value = value,
		.size = size,
		.status = VMMIO_STATE_STATUS(vmmio_regfile_state(dev->rf)),
	};
}

uint64_t vmmio_observe_read(const struct vmmio_device *device, uint64_t offset, unsigned size)
{
	/* Only a number, the clock and this thread's frames change: const to the guest. */
	struct vmmio_device *dev = (struct vmmio_device *)(uintptr_t)device;
	struct vmmio_observed_access access;

	if (!dev->observers->reads || vmmio_frame_inside(dev, FRAME_OBSERVER))
		return vmmio_regfile_read(dev->rf, offset, size);
	access = begin_access(dev, offset, size, 0);
	access.value = vmmio_regfile_read(dev->rf, offset, size);
	access.took = vmmio_executor_now(dev->ex) - access.began;
	TELL(dev, read, &access);
	return access.value;
}

int vmmio_observe_write(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value,
	struct vmmio_waiter *waiter)
{
	struct vmmio_observed_access access;

	if (vmmio_frame_inside(dev, FRAME_OBSERVER)) {
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"a write of 0x%llx to offset 0x%llx from inside an observer was ignored: "
			"observers watch; write when it has returned",
			(unsigned long long)value, (unsigned long long)offset);
		return -EPERM;
	}
	if (!dev->observers->writes)
		return vmmio_access_write(dev, offset, size, value, waiter);
	access = begin_access(dev, offset, size, value);
	access.result = vmmio_access_write(dev, offset, size, value, waiter);
	access.took = vmmio_executor_now(dev->ex) - access.began;
	TELL(dev, write, &access);
	return access.result;
}

/* --- Resets --------------------------------------------------------------------- */

void vmmio_observe_note_reset(struct vmmio_device *dev, uint64_t now, enum vmmio_reset_by by)
{
	uint64_t state = vmmio_regfile_state(dev->rf);

	dev->observers->reset = (struct vmmio_observed_reset){
		.number = VMMIO_STATE_EPOCH(state),
		.by = by,
		.idle = VMMIO_STATE_STATUS(state) == 0,
		.began = now,
	};
}

void vmmio_observe_tell_begin(struct vmmio_device *dev)
{
	struct vmmio_observed_reset reset = dev->observers->reset;

	TELL(dev, reset_begin, &reset);
}

/* lock held on entry and return. The device stays: we are a user of it. */
void vmmio_observe_tell_end(struct vmmio_device *dev)
{
	struct vmmio_observed_reset reset = dev->observers->reset;

	dev->users++;
	pthread_mutex_unlock(&dev->lock);
	reset.ended = vmmio_executor_now(dev->ex);
	TELL(dev, reset_end, &reset);
	pthread_mutex_lock(&dev->lock);
	dev->users--;
}

void vmmio_observe_tell_stuck(struct vmmio_device *dev, const struct vmmio_stuck_report *report)
{
	TELL(dev, stuck, report);
}

/* --- Queues --------------------------------------------------------------------- */

void vmmio_observe_tell_popped(
	struct vmmio_queue *queue, const struct vmmio_chain *chains, unsigned n)
{
	struct vmmio_observed_pop pop = {.queue = queue->index, .chains = n};

	for (unsigned i = 0; i < n; i++) {
		pop.readable += chains[i].readable_len;
		pop.writable += chains[i].writable_len;
	}
	TELL(queue->dev, popped, &pop);
}

void vmmio_observe_tell_completed(struct vmmio_queue *queue,
	const struct vmmio_completion *completions, unsigned n,
	struct vmmio_observed_completion *completion)
{
	completion->queue = queue->index;
	for (unsigned i = 0; i < n && !completion->dropped; i++)
		completion->written += completions[i].len;
	TELL(queue->dev, completed, completion);
}

void vmmio_observe_tell_kicked(struct vmmio_queue *queue)
{
	TELL(queue->dev, kicked, queue->index);
}

void vmmio_observe_tell_fault(struct vmmio_queue *queue, enum vmmio_fault fault)
{
	TELL(queue->dev, fault, queue->index, fault);
}

/* --- Creation, release ---------------------------------------------------------- */

static int check(const struct vmmio_device *dev, const struct vmmio_device_options *o)
{
	const size_t least = offsetof(struct vmmio_observer_ops, attach) + sizeof(void (*)(void));

	if (!o->n_observers != !o->observers || o->n_observers > MAX_OBSERVERS) {
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"options.observers is %s and n_observers %u; give both, at most %u, or neither",
			o->observers ? "set" : "NULL", o->n_observers, MAX_OBSERVERS);
		return -EINVAL;
	}
	for (unsigned i = 0; i < o->n_observers; i++) {
		const struct vmmio_observer_ops *ops = o->observers[i].ops;

		if (ops && ops->size >= least)
			continue;
		vmmio_device_log(dev, VMMIO_LOG_ERROR, "observer %u has %s; %s", i,
			ops ? "ops of too small a size" : "no ops",
			ops ? "set size to sizeof(struct vmmio_observer_ops)" : "set ops");
		return -EINVAL;
	}
	return 0;
}

int vmmio_observe_create(struct vmmio_device *dev, const struct vmmio_device_options *o)
{
	struct observers *all;
	int error = check(dev, o);

	if (error || !o->n_observers)
		return error;
	all = calloc(1, sizeof(*all) + o->n_observers * sizeof(all->list[0]));
	if (!all)
		return -ENOMEM;
	all->n = o->n_observers;
	for (unsigned i = 0; i < all->n; i++) {
		struct vmmio_observer_ops *ops = &all->list[i].ops;
		size_t size = o->observers[i].ops->size;

		memcpy(ops, o->observers[i].ops, size < sizeof(*ops) ? size : sizeof(*ops));
		all->list[i].ctx = o->observers[i].ctx;
		all->reads |= ops->read != NULL;
		all->writes |= ops->write != NULL;
	}
	dev->observers = all;
	return 0;
}

static void detach(struct vmmio_device *dev, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (dev->observers->list[i].ops.detach)
			dev->observers->list[i].ops.detach(dev->observers->list[i].ctx);
}

int vmmio_observe_attach(struct vmmio_device *dev)
{
	for (unsigned i = 0; vmmio_observed(dev) && i < dev->observers->n; i++) {
		const struct observer *one = &dev->observers->list[i];
		int error = one->ops.attach ? one->ops.attach(one->ctx, dev) : 0;

		if (error) {
			detach(dev, i);
			return error;
		}
	}
	return 0;
}

void vmmio_observe_detach(struct vmmio_device *dev)
{
	if (vmmio_observed(dev))
		detach(dev, dev->observers->n);
}
