/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lifecycle of a device: which hook is next, and where a reset, a queue stop and a
 * destroy end.
 *
 * State changes under device->lock; then vmmio_lifecycle_leave takes one step after the
 * other until none is due. A step that calls a hook sets hook_running and drops the lock,
 * so hooks never overlap (I14): whoever arrives meanwhile only changes state, and the one
 * who runs the hook takes it up afterwards. A step that may not be taken by this thread
 * goes to the executor. Nobody sits and waits for a reset: the thread that brings its last
 * condition about takes the last step.
 */
#include <errno.h>
#include <stdlib.h>

#include "device/observe.h"

/* --- Which step is next: lock held ------------------------------------------------- */

/* A pass, or an access of the backend's, is inside a queue. */
static bool is_touched(const struct vmmio_device *dev)
{
	for (uint32_t i = 0; i < dev->n_queues; i++)
		if (atomic_load_explicit(&dev->queues[i].touching, memory_order_seq_cst))
			return true;
	return dev->unquiet;
}

static enum step_kind next_in_reset(const struct vmmio_device *dev)
{
	if (dev->quiesce.state == HOOK_WANTED)
		return dev->unquiet ? STEP_NONE : STEP_QUIESCE;
	if (dev->fence_wanted && !is_touched(dev))
		return STEP_FENCE;
	if (dev->quiesce.state != HOOK_DONE || dev->undrained)
		return STEP_NONE;
	if (dev->backend_dirty && dev->ops->reset_finish && !dev->finish_called && !dev->fenced)
		return STEP_FINISH_HOOK;
	return STEP_FINISH;
}

/* What a fence has given up has to come back all the same, or be abandoned. */
static enum step_kind next_in_destroy(const struct vmmio_device *dev)
{
	bool waits = vmmio_host_owed(dev) && !dev->abandoned;

	return dev->users || dev->told || waits ? STEP_NONE : STEP_DETACH;
}

static struct step next_of_stopping(struct vmmio_device *dev)
{
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];

		if (queue->phase != QUEUE_STOPPING)
			continue;
		if (queue->stop.state == HOOK_WANTED && queue->quiet)
			return (struct step){STEP_QUEUE_STOP, queue};
		if (queue->stop.state == HOOK_DONE && !queue->due)
			return (struct step){STEP_QUEUE_OFF, queue};
	}
	return (struct step){STEP_NONE, NULL};
}

static struct step next_step(struct vmmio_device *dev)
{
	struct step step = {STEP_NONE, NULL};

	if (dev->detached)
		return step;
	if (dev->resetting)
		return (struct step){next_in_reset(dev), NULL};
	if (dev->destroying)
		return (struct step){next_in_destroy(dev), NULL};
	if (dev->stopping)
		step = next_of_stopping(dev);
	if (step.kind == STEP_NONE && dev->run != RUN_ON)
		return vmmio_pause_next(dev);
	if (step.kind == STEP_NONE && dev->life == LIFE_START_WANTED)
		step.kind = STEP_START;
	if (step.kind == STEP_NONE && dev->life == LIFE_LIVE && dev->wanted)
		step.kind = STEP_ACTIVATE;
	return step;
}

/* Whether taking the step calls a hook of the backend that may wait. */
static bool calls_hook(const struct vmmio_device *dev, enum step_kind kind)
{
	switch (kind) {
	case STEP_START:
		return dev->ops->start;
	case STEP_QUIESCE:
		return dev->ops->quiesce;
	case STEP_QUEUE_STOP:
		return dev->ops->queue_stop;
	case STEP_RESUME:
		return dev->backend_paused && dev->ops->resume;
	case STEP_PAUSE:
	case STEP_FINISH_HOOK:
		return true;
	default:
		return false;
	}
}

static bool may_take(const struct vmmio_device *dev, enum step_kind kind, enum where where)
{
	switch (kind) {
	case STEP_QUEUE_OFF:
	case STEP_FINISH:
		return true;
	case STEP_PAUSED: /* with chains out it takes rings' locks */
		return where != ELSEWHERE || !dev->undrained;
	case STEP_QUIESCE:
	case STEP_QUEUE_STOP:
		if (!calls_hook(dev, kind))
			return true;
		break;
	case STEP_DETACH:
		return where == ON_EXECUTOR;
	default:
		break;
	}
	if (where == IN_WRITE)
		return !calls_hook(dev, kind) || dev->prompt;
	return where == ON_EXECUTOR;
}

/* --- Changes that begin something: lock held ---------------------------------------- */

void vmmio_lifecycle_close_gate(struct vmmio_queue *queue)
{
	unsigned events = vmmio_gate_close(&queue->gate);

	queue->quiet = events & GATE_QUIET;
	queue->due += !(events & GATE_DRAINED);
	queue->dev->unquiet += !(events & GATE_QUIET);
	queue->dev->undrained += !(events & GATE_DRAINED);
}

void vmmio_lifecycle_set_phase(struct vmmio_queue *queue, enum queue_phase phase)
{
	struct vmmio_device *dev = queue->dev;

	dev->wanted += (phase == QUEUE_WANTED) - (queue->phase == QUEUE_WANTED);
	dev->stopping += (phase == QUEUE_STOPPING) - (queue->phase == QUEUE_STOPPING);
	if (queue->phase == QUEUE_STOPPING && phase != QUEUE_STOPPING) {
		queue->stops++;
		vmmio_waiter_tell(dev, WAIT_QUEUE_STOP, queue, 0);
	}
	queue->phase = phase;
}

void vmmio_lifecycle_void(struct hook *hook)
{
	if (hook->token && hook->token != hook->running)
		hook->voided = hook->token;
	hook->token = 0; /* of one that is running its return says whether an answer follows */
}

/* The end of a queue's life: what completes from here on only gives its lease back. */
static void end_life(struct vmmio_queue *queue)
{
	atomic_store_explicit(&queue->over, true, memory_order_seq_cst); /* see access_begin */
	if (queue->phase == QUEUE_RUN)
		vmmio_lifecycle_close_gate(queue);
}

/* The device's own gate is closed, and the caller gets a pass of it, to be given back when
 * the line is down. A pause may have closed it before. */
static void close_behind(struct vmmio_device *dev)
{
	if (vmmio_gate_enter(&dev->gate))
		vmmio_gate_close(&dev->gate);
	else if (!vmmio_gate_force(&dev->gate))
		return;
	dev->due++;
	dev->undrained++;
}

void vmmio_lifecycle_begin_reset(struct vmmio_device *dev, uint64_t now)
{
	dev->resetting = true;
	dev->finish_called = false;
	dev->quiesce.state = dev->started ? HOOK_WANTED : HOOK_DONE;
	dev->quiesce.error = 0;
	dev->reset_began = now;
	dev->deadline_over = false;
	vmmio_lifecycle_void(&dev->start);
	vmmio_pause_reset_begun(dev);
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];

		vmmio_lifecycle_void(&queue->stop);
		if (queue->phase == QUEUE_RUN || queue->phase == QUEUE_PAUSED)
			end_life(queue);
		if (queue->phase == QUEUE_WANTED)
			vmmio_lifecycle_set_phase(queue, QUEUE_OFF);
	}
	close_behind(dev);
}

void vmmio_lifecycle_begin_stop(struct vmmio_queue *queue)
{
	if (queue->phase == QUEUE_STOPPING)
		return;
	queue->stop.state = HOOK_DONE;
	if (queue->phase == QUEUE_RUN || queue->phase == QUEUE_PAUSED) {
		end_life(queue);
		queue->stop.state = HOOK_WANTED;
	}
	vmmio_lifecycle_set_phase(queue, QUEUE_STOPPING);
}

void vmmio_lifecycle_want_queue(struct vmmio_queue *queue)
{
	if (queue->phase == QUEUE_OFF)
		vmmio_lifecycle_set_phase(queue, QUEUE_WANTED);
}

/* --- Taking steps --------------------------------------------------------------------- */

void vmmio_lifecycle_enter(struct vmmio_device *dev)
{
	pthread_mutex_lock(&dev->lock);
}

/* Takes what may be taken here. Returns whether a step is left for the executor. */
static bool take_steps(struct vmmio_device *dev, enum where where)
{
	while (!dev->hook_running) {
		struct step step = next_step(dev);

		if (step.kind == STEP_NONE)
			return false;
		if (!may_take(dev, step.kind, where))
			return true;
		vmmio_step_take(dev, step);
	}
	return false;
}

static void free_garbage(struct ring_block *garbage)
{
	while (garbage) {
		struct ring_block *next = garbage->next;

		free(garbage);
		garbage = next;
	}
}

/* Detached, and nobody will look at it any more but the caller. */
static bool is_over(const struct vmmio_device *dev)
{
	return dev->detached && !dev->released && !dev->users && !dev->told &&
	       !dev->deadline_armed && !dev->task_queued;
}

/* lock held on entry. An abandoned device stays: its chains may still come back. */
static void release(struct vmmio_device *dev)
{
	void (*destroyed)(void *ctx) = dev->destroyed;
	void *ctx = dev->destroyed_ctx;
	bool abandoned = dev->abandoned;

	dev->released = true;
	pthread_mutex_unlock(&dev->lock);
	vmmio_observe_detach(dev);
	if (!abandoned) {
		vmmio_memory_unuse(dev->memory, &dev->memory_user);
		vmmio_executor_unref(dev->ex);
	}
	if (destroyed)
		destroyed(ctx);
	if (!abandoned)
		vmmio_device_free(dev);
}

/* What needs no lock; held on entry and return. */
static void tidy(struct vmmio_device *dev)
{
	struct ring_block *garbage = dev->garbage;

	dev->garbage = NULL;
	dev->users++;
	pthread_mutex_unlock(&dev->lock);
	free_garbage(garbage);
	vmmio_deadline_sync(dev);
	vmmio_waiter_report(dev);
	pthread_mutex_lock(&dev->lock);
	dev->users--;
}

void vmmio_lifecycle_leave(struct vmmio_device *dev, enum where where)
{
	struct vmmio_executor *ex = dev->ex;
	bool more = take_steps(dev, where), submit;

	if (dev->garbage || dev->told || vmmio_deadline_due(dev))
		tidy(dev);
	more = more || (!dev->hook_running && next_step(dev).kind != STEP_NONE);
	if (is_over(dev) && where == ON_EXECUTOR) {
		release(dev);
		return;
	}
	submit = (more || is_over(dev)) && !dev->task_queued;
	if (submit)
		dev->task_queued = true;
	pthread_mutex_unlock(&dev->lock);
	if (submit) /* the queued task keeps the device in being */
		vmmio_executor_submit(ex, &dev->task);
}

void vmmio_lifecycle_task(struct vmmio_task *task)
{
	struct vmmio_device *dev =
		(struct vmmio_device *)((char *)task - offsetof(struct vmmio_device, task));

	VMMIO_SYNC(dev, TASK_BEGIN);
	vmmio_lifecycle_enter(dev);
	dev->task_queued = false;
	vmmio_lifecycle_leave(dev, ON_EXECUTOR);
}

void vmmio_lifecycle_left(
	struct vmmio_device *dev, struct vmmio_queue *queue, unsigned events, enum where where)
{
	if (!events)
		return;
	vmmio_lifecycle_enter(dev);
	if (queue && (events & GATE_QUIET)) {
		queue->quiet = true;
		dev->unquiet--;
	}
	if (events & GATE_DRAINED) {
		dev->undrained--;
		if (queue)
			queue->due--;
		else
			dev->due--;
	}
	vmmio_lifecycle_leave(dev, where);
}

void vmmio_device_leave(struct vmmio_device *dev, enum where where)
{
	vmmio_lifecycle_left(dev, NULL, vmmio_gate_leave(&dev->gate, 0) & GATE_DRAINED, where);
}
