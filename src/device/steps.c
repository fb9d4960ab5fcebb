/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of a device's lifecycle: the backend's hooks, and the register changes that end
 * a queue stop and a reset. lifecycle.c says when each is due.
 */
#include <errno.h>

#include "device/internal.h"

/* --- Steps on registers only: lock held ------------------------------------------- */

static void retire_ring(struct vmmio_queue *queue)
{
	struct vmmio_device *dev = queue->dev;

	pthread_mutex_lock(&queue->ring_lock);
	if (queue->block) {
		queue->generation = queue->block->ring.generation;
		queue->block->next = dev->garbage;
		dev->garbage = queue->block;
		queue->block = NULL;
	}
	atomic_store_explicit(&queue->size, 0, memory_order_release);
	pthread_mutex_unlock(&queue->ring_lock);
}

static void queue_off(struct vmmio_queue *queue)
{
	struct vmmio_device *dev = queue->dev;
	struct vmmio_actions none;

	retire_ring(queue);
	vmmio_lifecycle_set_phase(queue, QUEUE_OFF);
	vmmio_count(&dev->counters.queue_resets, 1);
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_QUEUE_STOPPED, queue->index, &none);
	pthread_cond_broadcast(&dev->changed);
}

/* Nothing of the old life is left. The event's last store shows Status = 0. */
static void finish_reset(struct vmmio_device *dev)
{
	struct vmmio_actions none;

	for (uint32_t i = 0; i < dev->n_queues; i++) {
		retire_ring(&dev->queues[i]);
		vmmio_lifecycle_set_phase(&dev->queues[i], QUEUE_OFF);
	}
	dev->life = LIFE_IDLE;
	dev->started = false;
	dev->backend_dirty = false;
	if (!dev->destroying)
		vmmio_gate_open(&dev->gate);
	dev->finished++;
	dev->resetting = false;
	vmmio_count(&dev->counters.resets, 1);
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_RESET_FINISHED, 0, &none);
	pthread_cond_broadcast(&dev->changed);
}

/* --- Steps that call out: lock held on entry and return, not during the call ------------ */

static void call_begin(struct vmmio_device *dev, struct frame *frame, enum frame_kind kind)
{
	dev->hook_running = true;
	pthread_mutex_unlock(&dev->lock);
	vmmio_frame_enter(frame, dev, kind);
}

static void call_end(struct vmmio_device *dev, struct frame *frame)
{
	vmmio_frame_leave(frame);
	pthread_mutex_lock(&dev->lock);
	dev->hook_running = false;
}

/* A hook may return 0, VMMIO_PENDING or -errno; anything else is a slip, and said so. */
static int check_result(struct vmmio_device *dev, const char *hook, int result)
{
	if (result <= 0 || result == VMMIO_PENDING)
		return result;
	vmmio_device_log(dev, VMMIO_LOG_ERROR,
		"the backend's %s returned %d, which is neither 0, VMMIO_PENDING nor -errno: taken as "
		"-EINVAL",
		hook, result);
	return -EINVAL;
}

static vmmio_token new_token(struct vmmio_device *dev)
{
	return ++dev->serial;
}

/* start has been answered. Returns whether the line has to be looked at. */
bool vmmio_step_start_answered(struct vmmio_device *dev, int result)
{
	struct vmmio_actions actions;

	dev->life = result ? LIFE_FAILED : LIFE_LIVE;
	if (!result)
		return false;
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_NEEDS_RESET, 0, &actions);
	return actions.n != 0;
}

void vmmio_step_quiesce_answered(struct vmmio_device *dev, int result)
{
	dev->quiesce = result ? HOOK_FAILED : HOOK_DONE;
	dev->quiesce_error = result;
}

static void step_start(struct vmmio_device *dev)
{
	vmmio_token token = new_token(dev);
	struct frame frame;
	bool line = false;
	int result;

	dev->started = true;
	dev->backend_dirty = true;
	dev->life = LIFE_STARTING;
	dev->start_token = token;
	call_begin(dev, &frame, FRAME_HOOK);
	VMMIO_SYNC(dev, START_CALL);
	result = dev->ops.start ? dev->ops.start(dev->backend.ctx, token) : 0;
	VMMIO_SYNC(dev, START_RETURNED);
	result = check_result(dev, "start", result);
	if (result < 0)
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"the backend cannot start (error %d): the driver sees DEVICE_NEEDS_RESET", result);
	call_end(dev, &frame);
	if (result != VMMIO_PENDING && dev->start_token == token) {
		dev->start_token = 0;
		line = vmmio_step_start_answered(dev, result);
	}
	if (line) {
		call_begin(dev, &frame, FRAME_HOOK);
		vmmio_irq_update(dev, true);
		call_end(dev, &frame);
	}
}

static void step_quiesce(struct vmmio_device *dev)
{
	vmmio_token token = new_token(dev);
	struct frame frame;
	int result;

	dev->quiesce = HOOK_PENDING;
	dev->quiesce_token = token;
	call_begin(dev, &frame, FRAME_HOOK);
	VMMIO_SYNC(dev, QUIESCE_CALL);
	result = dev->ops.quiesce ? dev->ops.quiesce(dev->backend.ctx, token) : 0;
	VMMIO_SYNC(dev, QUIESCE_RETURNED);
	result = check_result(dev, "quiesce", result);
	if (result < 0)
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"the backend cannot be quiesced (error %d): Status stays non-zero until the "
			"driver writes zero again",
			result);
	call_end(dev, &frame);
	if (result != VMMIO_PENDING && dev->quiesce_token == token) {
		dev->quiesce_token = 0;
		vmmio_step_quiesce_answered(dev, result);
	}
}

static void step_queue_stop(struct vmmio_device *dev, struct vmmio_queue *queue)
{
	vmmio_token token = new_token(dev);
	struct frame frame;
	int result;

	queue->stop_hook = HOOK_PENDING;
	queue->stop_token = token;
	call_begin(dev, &frame, FRAME_HOOK);
	result = dev->ops.queue_stop ? dev->ops.queue_stop(dev->backend.ctx, queue, token) : 0;
	result = check_result(dev, "queue_stop", result);
	if (result < 0)
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"the backend failed to stop queue %u (error %d); waiting for its chains",
			queue->index, result);
	call_end(dev, &frame);
	if (result != VMMIO_PENDING && queue->stop_token == token) {
		queue->stop_token = 0;
		queue->stop_hook = HOOK_DONE;
	}
}

static void step_finish_hook(struct vmmio_device *dev)
{
	struct frame frame;

	dev->finish_called = true;
	call_begin(dev, &frame, FRAME_CONFIG_WRITE);
	VMMIO_SYNC(dev, FINISH_CALL);
	dev->ops.reset_finish(dev->backend.ctx);
	VMMIO_SYNC(dev, FINISH_RETURNED);
	call_end(dev, &frame);
}

static void step_detach(struct vmmio_device *dev)
{
	struct frame frame;

	call_begin(dev, &frame, FRAME_HOOK);
	if (dev->ops.detach)
		dev->ops.detach(dev->backend.ctx);
	call_end(dev, &frame);
	dev->detached = true;
}

/* Opens the gate unless something came between. */
static bool open_queue(struct vmmio_queue *queue, struct ring_block *block)
{
	struct vmmio_device *dev = queue->dev;

	if (queue->phase != QUEUE_WANTED || dev->resetting)
		return false;
	pthread_mutex_lock(&queue->ring_lock);
	queue->block = block;
	queue->fault_reported = !block;
	queue->epoch = VMMIO_STATE_EPOCH(vmmio_regfile_state(dev->rf));
	atomic_store_explicit(&queue->size, block ? block->ring.size : 0, memory_order_release);
	pthread_mutex_unlock(&queue->ring_lock);
	vmmio_lifecycle_set_phase(queue, QUEUE_RUN);
	queue->quiet = queue->drained = false;
	vmmio_gate_open(&queue->gate);
	atomic_thread_fence(memory_order_seq_cst); /* before the scan: see vmmio_queue_kick */
	return true;
}

/* A queue that cannot run is broken: the gate opens all the same, pop gives nothing. */
static void activate(struct vmmio_queue *queue)
{
	struct vmmio_device *dev = queue->dev;
	uint64_t features[VMMIO_FEATURE_WORDS];
	struct vmmio_queue_setup setup;
	struct ring_block *block;
	enum vmmio_fault fault;
	struct frame frame;
	bool opened;

	vmmio_regfile_queue(dev->rf, queue->index, &setup);
	vmmio_regfile_driver_features(dev->rf, features);
	call_begin(dev, &frame, FRAME_HOOK);
	block = vmmio_queue_build(queue, &setup, features[0], &fault);
	VMMIO_SYNC(dev, ACTIVATE);
	call_end(dev, &frame);
	opened = open_queue(queue, block);
	if (!opened) {
		if (block)
			block->next = dev->garbage, dev->garbage = block;
		return;
	}
	call_begin(dev, &frame, FRAME_HOOK);
	if (!block && vmmio_gate_enter(&queue->gate)) {
		vmmio_queue_fault(queue, fault);
		vmmio_lifecycle_left(dev, queue, vmmio_gate_leave(&queue->gate, 0), ELSEWHERE);
	}
	vmmio_queue_drain_event(queue); /* E42: first drain, then scan */
	vmmio_queue_kick(queue);
	call_end(dev, &frame);
}

static void step_activate(struct vmmio_device *dev)
{
	for (uint32_t i = 0; i < dev->n_queues && dev->wanted; i++)
		if (dev->queues[i].phase == QUEUE_WANTED && dev->life == LIFE_LIVE && !dev->resetting)
			activate(&dev->queues[i]);
}

void vmmio_step_take(struct vmmio_device *dev, struct step step)
{
	switch (step.kind) {
	case STEP_START:
		step_start(dev);
		break;
	case STEP_QUIESCE:
		step_quiesce(dev);
		break;
	case STEP_QUEUE_STOP:
		step_queue_stop(dev, step.queue);
		break;
	case STEP_QUEUE_OFF:
		queue_off(step.queue);
		break;
	case STEP_ACTIVATE:
		step_activate(dev);
		break;
	case STEP_FINISH_HOOK:
		step_finish_hook(dev);
		break;
	case STEP_FINISH:
		finish_reset(dev);
		break;
	case STEP_DETACH:
		step_detach(dev);
		break;
	case STEP_NONE:
		break;
	}
}
