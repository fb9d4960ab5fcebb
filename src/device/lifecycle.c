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

#include "device/internal.h"

/* --- Which step is next: lock held ------------------------------------------------- */

static struct step next_in_reset(const struct vmmio_device *dev)
{
	if (dev->quiesce == HOOK_WANTED)
		return (struct step){dev->unquiet ? STEP_NONE : STEP_QUIESCE, NULL};
	if (dev->quiesce != HOOK_DONE || dev->undrained)
		return (struct step){STEP_NONE, NULL};
	if (dev->backend_dirty && dev->ops.reset_finish && !dev->finish_called)
		return (struct step){STEP_FINISH_HOOK, NULL};
	return (struct step){STEP_FINISH, NULL};
}

static struct step next_of_stopping(struct vmmio_device *dev)
{
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];

		if (queue->phase != QUEUE_STOPPING)
			continue;
		if (queue->stop_hook == HOOK_WANTED && queue->quiet)
			return (struct step){STEP_QUEUE_STOP, queue};
		if (queue->stop_hook == HOOK_DONE && queue->drained)
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
		return next_in_reset(dev);
	if (dev->destroying)
		return dev->users ? step : (struct step){STEP_DETACH, NULL};
	if (dev->stopping)
		step = next_of_stopping(dev);
	if (step.kind == STEP_NONE && dev->life == LIFE_START_WANTED)
		step.kind = STEP_START;
	if (step.kind == STEP_NONE && dev->life == LIFE_LIVE && dev->wanted)
		step.kind = STEP_ACTIVATE;
	return step;
}

static bool may_take(const struct vmmio_device *dev, struct step step, enum where where)
{
	bool prompt = dev->backend.flags & VMMIO_BACKEND_PROMPT;

	switch (step.kind) {
	case STEP_QUEUE_OFF:
	case STEP_FINISH:
		return true;
	case STEP_ACTIVATE:
		return where != ELSEWHERE;
	case STEP_START:
		return where == ON_EXECUTOR || (where == IN_WRITE && (prompt || !dev->ops.start));
	case STEP_QUIESCE:
		return where == ON_EXECUTOR || !dev->ops.quiesce || (where == IN_WRITE && prompt);
	case STEP_QUEUE_STOP:
		return where == ON_EXECUTOR || !dev->ops.queue_stop || (where == IN_WRITE && prompt);
	case STEP_FINISH_HOOK:
		return where == ON_EXECUTOR || (where == IN_WRITE && prompt);
	default:
		return where == ON_EXECUTOR;
	}
}

/* --- Changes that begin something: lock held ---------------------------------------- */

static void close_gate(struct vmmio_queue *queue)
{
	unsigned events = vmmio_gate_close(&queue->gate);

	queue->quiet = events & GATE_QUIET;
	queue->drained = events & GATE_DRAINED;
	queue->dev->unquiet += !queue->quiet;
	queue->dev->undrained += !queue->drained;
}

void vmmio_lifecycle_set_phase(struct vmmio_queue *queue, enum queue_phase phase)
{
	struct vmmio_device *dev = queue->dev;

	dev->wanted += (phase == QUEUE_WANTED) - (queue->phase == QUEUE_WANTED);
	dev->stopping += (phase == QUEUE_STOPPING) - (queue->phase == QUEUE_STOPPING);
	if (queue->phase == QUEUE_STOPPING && phase != QUEUE_STOPPING)
		queue->stops++;
	queue->phase = phase;
}

/* A token that nobody waits for any more: its answer is late, not wrong. */
static void void_token(vmmio_token *token, vmmio_token *voided)
{
	if (*token)
		*voided = *token;
	*token = 0;
}

void vmmio_lifecycle_begin_reset(struct vmmio_device *dev, uint64_t now)
{
	dev->resetting = true;
	dev->finish_called = false;
	dev->quiesce = dev->started ? HOOK_WANTED : HOOK_DONE;
	dev->quiesce_error = 0;
	dev->reset_began = now;
	dev->deadline_over = false;
	void_token(&dev->start_token, &dev->start_voided);
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];

		void_token(&queue->stop_token, &queue->stop_voided);
		if (queue->phase == QUEUE_RUN)
			close_gate(queue);
		if (queue->phase == QUEUE_WANTED)
			vmmio_lifecycle_set_phase(queue, QUEUE_OFF);
	}
	/* The caller's pass, given back when the line is down. */
	if (vmmio_gate_enter(&dev->gate)) {
		vmmio_gate_close(&dev->gate);
		dev->undrained++;
	}
}

void vmmio_lifecycle_begin_stop(struct vmmio_queue *queue)
{
	if (queue->phase == QUEUE_STOPPING)
		return;
	queue->stop_hook = HOOK_DONE;
	if (queue->phase == QUEUE_RUN) {
		close_gate(queue);
		queue->stop_hook = HOOK_WANTED;
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
		if (!may_take(dev, step, where))
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
	return dev->detached && !dev->users && !dev->deadline_armed && !dev->task_queued;
}

static void release(struct vmmio_device *dev)
{
	void (*destroyed)(void *ctx) = dev->destroyed;
	void *ctx = dev->destroyed_ctx;
	struct vmmio_memory *memory = dev->memory;
	struct vmmio_executor *ex = dev->ex;

	vmmio_memory_unref(memory);
	vmmio_executor_unref(ex);
	if (destroyed)
		destroyed(ctx);
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
	pthread_mutex_lock(&dev->lock);
	dev->users--;
}

void vmmio_lifecycle_leave(struct vmmio_device *dev, enum where where)
{
	struct vmmio_executor *ex = dev->ex;
	bool more = take_steps(dev, where), submit;

	if (dev->garbage || vmmio_deadline_due(dev))
		tidy(dev);
	more = more || (!dev->hook_running && next_step(dev).kind != STEP_NONE);
	if (is_over(dev) && where == ON_EXECUTOR) {
		pthread_mutex_unlock(&dev->lock);
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
			queue->drained = true;
	}
	vmmio_lifecycle_leave(dev, where);
}

void vmmio_device_leave(struct vmmio_device *dev, enum where where)
{
	vmmio_lifecycle_left(dev, NULL, vmmio_gate_leave(&dev->gate, 0) & GATE_DRAINED, where);
}
