/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Register accesses. A read looks at atomics and takes no lock. A write goes through the
 * register file, whose actions are carried out here: first what only changes state, under
 * the lock that the register file was asked under; then, without it, what calls out.
 */
#include <errno.h>
#include <time.h>

#include "device/internal.h"

uint64_t vmmio_device_read(const struct vmmio_device *dev, uint64_t offset, unsigned size)
{
	if (atomic_load_explicit(&dev->dead, memory_order_relaxed))
		return 0;
	return vmmio_regfile_read(dev->rf, offset, size);
}

/* What is left to do, and to wait for, once the lock is dropped. */
struct pending {
	bool reset;    /* a reset began: we hold a pass of the device's gate */
	bool line;     /* InterruptStatus changed */
	bool features; /* hook_running is ours: ask the backend */
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
	} else if (dev->quiesce == HOOK_FAILED) {
		dev->quiesce = HOOK_WANTED; /* E12: the driver's retry */
	}
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
	if (!dev->ops.config_write)
		return;
	/* During a reset only urgent windows get here; the write itself keeps the device. */
	if (!p->n_config)
		p->config_pass = vmmio_gate_enter(&dev->gate);
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
			p->features = dev->hook_running = true;
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
	if (dev->ops.features)
		result = dev->ops.features(dev->backend.ctx, accepted);
	vmmio_frame_leave(&frame);
	if (result)
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
		dev->ops.config_write(dev->backend.ctx, p->config[i].offset, p->config[i].size,
			(uint32_t)p->config[i].value);
	vmmio_frame_leave(&frame);
	if (p->config_pass)
		vmmio_device_leave(dev, vmmio_frame_where(dev));
}

/* The rest of an accepted reset: the line falls, then our pass goes back. */
static void hand_reset(struct vmmio_device *dev)
{
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

/* Nobody else can run the tasks of an executor without threads, and nobody can say when
 * one is submitted from elsewhere: look every millisecond. */
static void wait_a_little(struct vmmio_device *dev)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&dev->changed, &dev->lock, &until);
}

static void wait_for_end(struct vmmio_device *dev, const struct pending *p)
{
	bool stepped = vmmio_executor_is_stepped(dev->ex);

	pthread_mutex_lock(&dev->lock);
	while (!is_over(dev, p)) {
		if (!stepped) {
			pthread_cond_wait(&dev->changed, &dev->lock);
			continue;
		}
		pthread_mutex_unlock(&dev->lock);
		bool helped = vmmio_executor_help(dev->ex);
		pthread_mutex_lock(&dev->lock);
		if (!helped && !is_over(dev, p))
			wait_a_little(dev);
	}
	pthread_mutex_unlock(&dev->lock);
}

/* --- Writes ------------------------------------------------------------------------------ */

static int write_lockless(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct vmmio_actions actions;

	vmmio_regfile_write(dev->rf, offset, size, value, &actions);
	for (unsigned i = 0; i < actions.n; i++) {
		if (actions.list[i].kind == VMMIO_ACTION_NOTIFY) {
			vmmio_queue_kick(&dev->queues[actions.list[i].queue]);
		} else if (actions.list[i].kind == VMMIO_ACTION_LINE && vmmio_gate_enter(&dev->gate)) {
			/* A closed gate: a reset has cleared all bits and drops the line itself. */
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
	vmmio_device_log(dev, VMMIO_LOG_WARN,
		"zero written to %s from inside a callback of this device would wait for the callback "
		"itself: ignored; write it after the callback has returned",
		vmmio_reg_row(offset)->name);
	return -EDEADLK;
}

/* lock held on entry: the write's own claim on the device goes back. */
static void end_write(struct vmmio_device *dev)
{
	dev->users--;
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
}

static void carry_out(struct vmmio_device *dev, struct pending *p)
{
	if (p->features)
		ask_features(dev, p);
	if (p->n_config)
		hand_config(dev, p);
	if (p->reset)
		hand_reset(dev);
	else if (p->line && vmmio_gate_enter(&dev->gate)) {
		vmmio_irq_update(dev, true);
		vmmio_device_leave(dev, vmmio_frame_where(dev));
	}
	if (p->stopped)
		VMMIO_SYNC(dev, STOP_ACCEPTED);
	if (p->wait_reset || p->wait_queue) {
		vmmio_lifecycle_enter(dev);
		vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
		wait_for_end(dev, p);
	}
}

static int write_locked(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	bool zero = offset == VMMIO_REG_STATUS && (uint32_t)value == 0;
	uint64_t now = zero ? vmmio_executor_now(dev->ex) : 0;
	struct pending p = {0};
	struct vmmio_actions actions;

	vmmio_lifecycle_enter(dev);
	if (atomic_load_explicit(&dev->dead, memory_order_relaxed)) {
		pthread_mutex_unlock(&dev->lock);
		return 0;
	}
	if (waits_for_itself(dev, offset, size, value)) {
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
	end_write(dev);
	return 0;
}

int vmmio_device_write(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	int cancel, result;

	if (atomic_load_explicit(&dev->dead, memory_order_relaxed))
		return 0;
	/* A vCPU thread that is cancelled half way would leave a pass behind. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	if (vmmio_regfile_lockless(offset))
		result = write_lockless(dev, offset, size, value);
	else
		result = write_locked(dev, offset, size, value);
	pthread_setcancelstate(cancel, NULL);
	return result;
}

int vmmio_device_queue_event(struct vmmio_device *dev, unsigned index)
{
	if (!dev || index >= dev->n_queues)
		return -EINVAL;
	vmmio_queue_drain_event(&dev->queues[index]);
	vmmio_queue_kick(&dev->queues[index]);
	return 0;
}

/* --- Destroy ------------------------------------------------------------------------------ */

int vmmio_device_destroy(struct vmmio_device *dev, void (*destroyed)(void *ctx), void *ctx)
{
	struct vmmio_actions actions;
	struct pending p = {0};
	uint64_t now;

	if (!dev)
		return 0;
	now = vmmio_executor_now(dev->ex);
	vmmio_lifecycle_enter(dev);
	if (dev->destroying) {
		pthread_mutex_unlock(&dev->lock);
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"destroyed twice: the second call has no effect, its callback will not come");
		return -EALREADY;
	}
	dev->users++;
	dev->destroying = true;
	dev->destroyed = destroyed;
	dev->destroyed_ctx = ctx;
	atomic_store_explicit(&dev->dead, true, memory_order_relaxed);
	/* From here on it is a reset that nobody can see. */
	vmmio_regfile_write(dev->rf, VMMIO_REG_STATUS, 4, 0, &actions);
	apply(dev, &p, &actions, now);
	if (!p.reset) { /* joined: timed anew, for the deadline asks a failed backend again */
		dev->reset_began = now;
		dev->deadline_over = false;
	}
	pthread_mutex_unlock(&dev->lock);

	if (p.reset)
		hand_reset(dev);
	vmmio_lifecycle_enter(dev);
	end_write(dev);
	return 0;
}
