/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Register accesses. A read looks at atomics and takes no lock. A write goes through the
 * register file, whose actions are carried out here: first what only changes state, under
 * the lock that the register file was asked under; then, without it, what calls out.
 */
#include <errno.h>

#include "device/observe.h"
#include "executor/cancel.h"

uint64_t vmmio_device_read(const struct vmmio_device *dev, uint64_t offset, unsigned size)
{
	/* Two cycles of the seven that the common read takes hang on which way is straight on. */
	if (__builtin_expect(atomic_load_explicit(&dev->dead, memory_order_relaxed), 0))
		return 0;
	if (vmmio_observed(dev))
		return vmmio_observe_read(dev, offset, size);
	return vmmio_regfile_read(dev->rf, offset, size);
}

/* What is left to do, and to wait for, once the lock is dropped. */
struct pending {
	enum vmmio_reset_by by;
	bool reset;    /* a reset began: we hold a pass of the device's gate */
	bool line;     /* InterruptStatus changed */
	bool features; /* hook_running is ours: ask the backend */
	bool refused;  /* FEATURES_OK of a fenced device */
	unsigned n_config;
	bool config_pass; /* a pass of the device's gate for the config writes */
	struct vmmio_action config[VMMIO_ACTIONS_MAX];
	bool stopped; /* a queue's gate was closed */
	bool wait_reset;
	uint64_t finished;
	struct vmmio_queue *wait_queue;
	uint64_t stops;
};

/* --- Under the lock ------------------------------------------------------------------ */

static void apply_reset(
	struct vmmio_device *dev, struct pending *p, enum vmmio_reset_how how, uint64_t now)
{
	uint32_t status = VMMIO_STATE_STATUS(vmmio_regfile_state(dev->rf));

	p->finished = dev->finished;
	p->wait_reset = dev->version == 2 || status == 0;
	if (how != VMMIO_RESET_JOIN) {
		p->reset = true;
		vmmio_lifecycle_begin_reset(dev, now);
		vmmio_observe_reset_accepted(dev, now, p->by);
	} else if (dev->quiesce.state == HOOK_FAILED) {
		dev->quiesce.state = HOOK_WANTED; /* E12: the driver's retry */
	}
}

/* A fenced device begins no new life: nobody knows what its backend is still up to. */
static void apply_features(struct vmmio_device *dev, struct pending *p)
{
	struct vmmio_actions none;

	if (!dev->fenced) {
		p->features = dev->hook_running = true;
		return;
	}
	p->refused = true;
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_FEATURES, 0, &none);
}

static void apply_driver_ok(struct vmmio_device *dev)
{
	dev->life = LIFE_START_WANTED;
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue_setup setup;

		vmmio_regfile_queue(dev->rf, i, &setup);
		if (setup.ready)
			vmmio_lifecycle_want_queue(&dev->queues[i]);
	}
}

static void apply_stop(struct vmmio_device *dev, struct pending *p, const struct vmmio_action *action)
{
	struct vmmio_queue *queue = &dev->queues[action->queue];

	p->stopped = true;
	vmmio_lifecycle_begin_stop(queue);
	if (action->kind == VMMIO_ACTION_QUEUE_STOP) {
		p->wait_queue = queue;
		p->stops = queue->stops;
	}
}

static void apply_config_write(
	struct vmmio_device *dev, struct pending *p, const struct vmmio_action *action)
{
	if (!dev->ops->config_write)
		return;
	/* During a reset only urgent windows get here; the write itself keeps the device. */
	if (!p->n_config)
		p->config_pass = vmmio_pause_force(dev);
	dev->backend_dirty = true;
	p->config[p->n_config++] = *action;
}

static void apply(struct vmmio_device *dev, struct pending *p, const struct vmmio_actions *actions,
	uint64_t now)
{
	for (unsigned i = 0; i < actions->n; i++) {
		const struct vmmio_action *action = &actions->list[i];

		switch (action->kind) {
		case VMMIO_ACTION_RESET:
			apply_reset(dev, p, (enum vmmio_reset_how)action->value, now);
			break;
		case VMMIO_ACTION_CHECK_FEATURES:
			apply_features(dev, p);
			break;
		case VMMIO_ACTION_DRIVER_OK:
			apply_driver_ok(dev);
			break;
		case VMMIO_ACTION_QUEUE_READY:
			vmmio_lifecycle_want_queue(&dev->queues[action->queue]);
			break;
		case VMMIO_ACTION_QUEUE_STOP:
		case VMMIO_ACTION_QUEUE_RESET:
			apply_stop(dev, p, action);
			break;
		case VMMIO_ACTION_LINE:
			p->line = true;
			break;
		case VMMIO_ACTION_CONFIG_WRITE:
			apply_config_write(dev, p, action);
			break;
		case VMMIO_ACTION_FAILED:  /* pop looks at Status */
		case VMMIO_ACTION_SUSPEND: /* not offered: create.c */
		case VMMIO_ACTION_RESUME:
		case VMMIO_ACTION_NOTIFY: /* lockless */
			break;
		}
	}
}

/* --- Without the lock ------------------------------------------------------------------ */

static void ask_features(struct vmmio_device *dev, struct pending *p)
{
	uint64_t accepted[VMMIO_FEATURE_WORDS];
	struct vmmio_actions actions;
	struct frame frame;
	int result = 0;

	VMMIO_SYNC(dev, FEATURES_ASKED);
	pthread_mutex_lock(&dev->lock);
	vmmio_regfile_driver_features(dev->rf, accepted);
	dev->backend_dirty = true;
	if (dev->resetting) { /* the other vCPU was faster: nobody asks any more */
		dev->hook_running = false;
		pthread_mutex_unlock(&dev->lock);
		return;
	}
	pthread_mutex_unlock(&dev->lock);

	vmmio_frame_enter(&frame, dev, FRAME_HOOK);
	if (dev->ops->features)
		result = dev->ops->features(dev->backend_ctx, accepted);
	vmmio_frame_leave(&frame);
	if (result && vmmio_count_log(&dev->counters.refused, 1))
		vmmio_device_log(dev, VMMIO_LOG_INFO,
			"the backend refuses features 0x%016llx%016llx (error %d): FEATURES_OK stays clear",
			(unsigned long long)accepted[1], (unsigned long long)accepted[0], result);

	pthread_mutex_lock(&dev->lock);
	dev->hook_running = false;
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_FEATURES, result == 0, &actions);
	apply(dev, p, &actions, 0);
	pthread_mutex_unlock(&dev->lock);
}

static void hand_config(struct vmmio_device *dev, const struct pending *p)
{
	struct frame frame;

	vmmio_frame_enter(&frame, dev, FRAME_CONFIG_WRITE);
	for (unsigned i = 0; i < p->n_config; i++)
		dev->ops->config_write(dev->backend_ctx, p->config[i].offset, p->config[i].size,
			(uint32_t)p->config[i].value);
	vmmio_frame_leave(&frame);
	if (p->config_pass)
		vmmio_device_leave(dev, vmmio_frame_where(dev));
}

/* The rest of an accepted reset: the line falls, then our pass goes back. */
static void hand_reset(struct vmmio_device *dev)
{
	vmmio_observe_reset_begin(dev);
	VMMIO_SYNC(dev, WRITE_ACCEPTED);
	vmmio_irq_update(dev, false);
	VMMIO_SYNC(dev, WRITE_LINE_DROPPED);
	vmmio_device_leave(dev, vmmio_frame_where(dev));
	VMMIO_SYNC(dev, WRITE_LEFT);
}

static bool is_over(const struct vmmio_device *dev, const struct pending *p)
{
	if (p->wait_reset && dev->finished == p->finished)
		return false;
	return !p->wait_queue || p->wait_queue->stops != p->stops;
}

/* A pass for the line, during a pause too. false: a reset has cleared all bits and drops the
 * line itself. */
static bool enter(struct vmmio_device *dev)
{
	bool entered;

	if (vmmio_gate_enter(&dev->gate))
		return true;
	pthread_mutex_lock(&dev->lock);
	entered = vmmio_pause_force(dev);
	pthread_mutex_unlock(&dev->lock);
	return entered;
}

/* --- Writes ------------------------------------------------------------------------------ */

static int write_lockless(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct vmmio_actions actions;

	vmmio_regfile_write(dev->rf, offset, size, value, &actions);
	for (unsigned i = 0; i < actions.n; i++) {
		if (actions.list[i].kind == VMMIO_ACTION_NOTIFY) {
			vmmio_observe_kicked(&dev->queues[actions.list[i].queue]);
			vmmio_queue_kick(&dev->queues[actions.list[i].queue]);
		} else if (actions.list[i].kind == VMMIO_ACTION_LINE && enter(dev)) {
			vmmio_irq_update(dev, VMMIO_STATE_INT(vmmio_regfile_state(dev->rf)) != 0);
			vmmio_device_leave(dev, vmmio_frame_where(dev));
		}
	}
	return 0;
}

/* lock held. Would this write wait, and is the thread it would wait for this one? */
static bool waits_for_itself(
	const struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	if (size != 4 || (uint32_t)value != 0 || !vmmio_frame_outermost(dev))
		return false;
	if (offset == VMMIO_REG_STATUS)
		return dev->version == 2 || !VMMIO_STATE_STATUS(vmmio_regfile_state(dev->rf));
	return offset == VMMIO_REG_QUEUE_READY && (dev->started || dev->hook_running) &&
		vmmio_regfile_read(dev->rf, VMMIO_REG_QUEUE_READY, 4);
}

static int refuse(struct vmmio_device *dev, uint64_t offset)
{
	vmmio_device_log(dev, VMMIO_LOG_ERROR,
		"zero written to %s from inside a callback of this device would wait for the callback "
		"itself: ignored; write it after the callback has returned, or with "
		"vmmio_device_write_pending",
		vmmio_reg_row(offset)->name);
	return -EDEADLK;
}

static void carry_out(struct vmmio_device *dev, struct pending *p)
{
	if (p->refused && vmmio_count_log(&dev->counters.refused, 1))
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"FEATURES_OK is refused: the device was fenced; create another one");
	if (p->features)
		ask_features(dev, p);
	if (p->n_config)
		hand_config(dev, p);
	if (p->reset)
		hand_reset(dev);
	else if (p->line && enter(dev)) {
		vmmio_irq_update(dev, true);
		vmmio_device_leave(dev, vmmio_frame_where(dev));
	}
	if (p->stopped)
		VMMIO_SYNC(dev, STOP_ACCEPTED);
}

/* The write has been made. What it has to wait for may be over by now; else the waiter is told,
 * and without one the caller sleeps. Lock held on entry and return. */
static int settle(struct vmmio_device *dev, const struct pending *p, struct vmmio_waiter *waiter)
{
	enum wait_for what = p->wait_reset ? WAIT_RESET : WAIT_QUEUE_STOP;

	if (!p->wait_reset && !p->wait_queue)
		return 0;
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	vmmio_lifecycle_enter(dev);
	if (is_over(dev, p))
		return 0;
	if (waiter) {
		vmmio_waiter_add(dev, waiter, what, p->wait_queue);
		return VMMIO_PENDING;
	}
	vmmio_waiter_sleep(dev, what, p->wait_queue);
	vmmio_lifecycle_enter(dev);
	return 0;
}

static int write_locked(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value,
	struct vmmio_waiter *waiter)
{
	bool zero = offset == VMMIO_REG_STATUS && (uint32_t)value == 0;
	uint64_t now = zero ? vmmio_executor_now(dev->ex) : 0;
	struct pending p = {0};
	struct vmmio_actions actions;
	int result;

	vmmio_lifecycle_enter(dev);
	if (atomic_load_explicit(&dev->dead, memory_order_relaxed)) {
		pthread_mutex_unlock(&dev->lock);
		return 0;
	}
	if (!waiter && waits_for_itself(dev, offset, size, value)) {
		pthread_mutex_unlock(&dev->lock);
		return refuse(dev, offset);
	}
	vmmio_regfile_write(dev->rf, offset, size, value, &actions);
	if (!actions.n) {
		pthread_mutex_unlock(&dev->lock);
		return 0;
	}
	dev->users++;
	apply(dev, &p, &actions, now);
	pthread_mutex_unlock(&dev->lock);

	carry_out(dev, &p);
	vmmio_lifecycle_enter(dev);
	result = settle(dev, &p, waiter);
	dev->users--;
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	return result;
}

int vmmio_access_write(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value,
	struct vmmio_waiter *waiter)
{
	/* It may wait, which is a point where a thread can be cancelled. */
	int cancel = vmmio_cancel_off(), result;

	if (vmmio_regfile_lockless(offset))
		result = write_lockless(dev, offset, size, value);
	else
		result = write_locked(dev, offset, size, value, waiter);
	vmmio_cancel_restore(cancel);
	return result;
}

static int write_any(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value,
	struct vmmio_waiter *waiter)
{
	if (atomic_load_explicit(&dev->dead, memory_order_relaxed))
		return 0;
	if (vmmio_observed(dev))
		return vmmio_observe_write(dev, offset, size, value, waiter);
	return vmmio_access_write(dev, offset, size, value, waiter);
}

int vmmio_device_write(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	return write_any(dev, offset, size, value, NULL);
}

int vmmio_device_write_pending(struct vmmio_device *dev, uint64_t offset, unsigned size,
	uint64_t value, struct vmmio_waiter *waiter)
{
	int result = dev ? vmmio_waiter_claim(dev, waiter, "vmmio_device_write_pending") : -EINVAL;

	if (result)
		return result;
	result = write_any(dev, offset, size, value, waiter);
	if (result != VMMIO_PENDING)
		vmmio_waiter_unclaim(waiter);
	return result;
}

bool vmmio_access_reset(struct vmmio_device *dev, uint64_t now)
{
	struct vmmio_actions actions;
	struct pending p = {
		.by = dev->destroying ? VMMIO_RESET_BY_DESTROY : VMMIO_RESET_BY_HOST};

	vmmio_regfile_write(dev->rf, VMMIO_REG_STATUS, 4, 0, &actions);
	apply(dev, &p, &actions, now);
	if (p.reset) {
		pthread_mutex_unlock(&dev->lock);
		hand_reset(dev);
		pthread_mutex_lock(&dev->lock);
	}
	return p.reset;
}

int vmmio_device_queue_event(struct vmmio_device *dev, unsigned index)
{
	int cancel;

	if (!dev || index >= dev->n_queues)
		return -EINVAL;
	cancel = vmmio_cancel_off();
	vmmio_observe_kicked(&dev->queues[index]);
	vmmio_queue_drain_event(&dev->queues[index]);
	vmmio_queue_kick(&dev->queues[index]);
	vmmio_cancel_restore(cancel);
	return 0;
}
