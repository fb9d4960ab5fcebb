/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The steps of a device's lifecycle: the backend's hooks, and the register changes that end
 * a queue stop and a reset. lifecycle.c says when each is due.
 */
#include <errno.h>

#include "device/observe.h"

/* --- Steps on registers only: lock held ------------------------------------------- */

static void retire_ring(struct vmmio_queue *queue)
{
	struct vmmio_device *dev = queue->dev;

	pthread_mutex_lock(&queue->ring_lock);
	if (queue->block)
		vmmio_count(&dev->counters.dropped, vmmio_ring_forget(&queue->block->ring));
	/* Chains that were given up may still come back, and the kernel may look at their
	 * iovecs: such a ring stays until the device goes. */
	if (queue->block && !queue->fenced) {
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
	dev->backend_paused = false;
	if (!dev->destroying && dev->run == RUN_ON)
		vmmio_gate_open(&dev->gate);
	dev->finished++;
	dev->resetting = false;
	vmmio_count(&dev->counters.resets, 1);
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_RESET_FINISHED, 0, &none);
	vmmio_waiter_tell(dev, WAIT_RESET, NULL, 0);
	vmmio_observe_reset_end(dev);
}

/* --- Steps that call out: lock held on entry and return, not during the call ------------ */

void vmmio_step_call_begin(struct vmmio_device *dev, struct frame *frame, enum frame_kind kind)
{
	dev->hook_running = true;
	pthread_mutex_unlock(&dev->lock);
	vmmio_frame_enter(frame, dev, kind);
}

void vmmio_step_call_end(struct vmmio_device *dev, struct frame *frame)
{
	vmmio_frame_leave(frame);
	pthread_mutex_lock(&dev->lock);
	dev->hook_running = false;
}

/* --- Hooks that answer now or later --------------------------------------------------- */

/* What is said when one fails. */
static const struct {
	const char *name;
	const char *consequence;
	enum vmmio_log_level level;
} hook_texts[] = {
	[STEP_START] = {"start", "the driver sees DEVICE_NEEDS_RESET", VMMIO_LOG_ERROR},
	[STEP_QUIESCE] = {"quiesce", "Status stays non-zero until the driver writes zero again",
		VMMIO_LOG_ERROR},
	[STEP_QUEUE_STOP] = {"queue_stop", "waiting for the queue's chains", VMMIO_LOG_WARN},
	[STEP_PAUSE] = {"pause", "the device goes on", VMMIO_LOG_ERROR},
};

struct hook *vmmio_step_hook(struct vmmio_device *dev, struct step step)
{
	switch (step.kind) {
	case STEP_START:
		return &dev->start;
	case STEP_QUIESCE:
		return &dev->quiesce;
	case STEP_PAUSE:
		return &dev->pause;
	default:
		return &step.queue->stop;
	}
}

static int invoke(struct vmmio_device *dev, struct step step, vmmio_token token)
{
	const struct vmmio_backend_ops *ops = dev->ops;
	void *ctx = dev->backend_ctx;

	switch (step.kind) {
	case STEP_START:
		return ops->start ? ops->start(ctx, token) : 0;
	case STEP_QUIESCE:
		return ops->quiesce ? ops->quiesce(ctx, token) : 0;
	case STEP_PAUSE:
		return ops->pause(ctx, token);
	default:
		return ops->queue_stop ? ops->queue_stop(ctx, step.queue, token) : 0;
	}
}

/* A hook may return 0, VMMIO_PENDING or -errno; anything else is a slip, and said so. */
static int check_result(struct vmmio_device *dev, enum step_kind kind, int result)
{
	if (result == 0 || result == VMMIO_PENDING)
		return result;
	if (result > 0) {
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"the backend's %s returned %d, which is neither 0, VMMIO_PENDING nor -errno: "
			"taken as -EINVAL",
			hook_texts[kind].name, result);
		result = -EINVAL;
	}
	vmmio_device_log(dev, hook_texts[kind].level, "the backend's %s failed (error %d): %s",
		hook_texts[kind].name, result, hook_texts[kind].consequence);
	return result;
}

bool vmmio_step_answered(struct vmmio_device *dev, struct step step, int result)
{
	struct hook *hook = vmmio_step_hook(dev, step);
	struct vmmio_actions actions;

	hook->state = result ? HOOK_FAILED : HOOK_DONE;
	hook->error = result;
	switch (step.kind) {
	case STEP_START:
		dev->life = result ? LIFE_FAILED : LIFE_LIVE;
		if (!result)
			return false;
		vmmio_regfile_event(dev->rf, VMMIO_EVENT_NEEDS_RESET, 0, &actions);
		return actions.n != 0;
	case STEP_QUEUE_STOP: /* failed or not: what counts is that its chains come back */
		hook->state = HOOK_DONE;
		return false;
	case STEP_PAUSE:
		vmmio_pause_answered(dev, result);
		return false;
	default:
		return false;
	}
}

/* What the device knows before the hook is called. */
static void prepare(struct vmmio_device *dev, enum step_kind kind)
{
	if (kind == STEP_START) {
		dev->started = true;
		dev->backend_dirty = true;
		dev->life = LIFE_STARTING;
	} else if (kind == STEP_PAUSE) {
		dev->backend_paused = true;
	}
}

static void step_hook(struct vmmio_device *dev, struct step step)
{
	struct hook *hook = vmmio_step_hook(dev, step);
	vmmio_token token = ++dev->serial;
	struct frame frame;
	bool line = false;
	int result;

	prepare(dev, step.kind);
	hook->state = HOOK_PENDING;
	hook->token = hook->running = token;
	vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
	VMMIO_SYNC_HOOK(dev, step.kind, CALL);
	result = invoke(dev, step, token);
	VMMIO_SYNC_HOOK(dev, step.kind, RETURNED);
	result = check_result(dev, step.kind, result);
	vmmio_step_call_end(dev, &frame);
	if (step.kind == STEP_PAUSE && result < 0) /* given up meanwhile or not */
		dev->backend_paused = false;
	if (result == VMMIO_PENDING && hook->running && hook->token != token)
		hook->voided = token;
	hook->running = 0;
	if (result != VMMIO_PENDING && hook->token == token) {
		hook->token = 0;
		line = vmmio_step_answered(dev, step, result);
	}
	if (line) {
		vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
		vmmio_irq_update(dev, true);
		vmmio_step_call_end(dev, &frame);
	}
}

/* --- Other calls ---------------------------------------------------------------------- */

static void step_finish_hook(struct vmmio_device *dev)
{
	struct frame frame;

	dev->finish_called = true;
	vmmio_step_call_begin(dev, &frame, FRAME_CONFIG_WRITE);
	VMMIO_SYNC(dev, FINISH_CALL);
	dev->ops->reset_finish(dev->backend_ctx);
	VMMIO_SYNC(dev, FINISH_RETURNED);
	vmmio_step_call_end(dev, &frame);
}

static void step_detach(struct vmmio_device *dev)
{
	/* Abandoned: it may still be busy with the chains that never came back. */
	bool call = dev->ops->detach && !dev->abandoned;
	struct frame frame;

	vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
	if (call)
		dev->ops->detach(dev->backend_ctx);
	vmmio_step_call_end(dev, &frame);
	dev->detached = true;
}

/* Opens the gate unless something came between. */
static bool open_queue(struct vmmio_queue *queue, struct ring_block *block)
{
	struct vmmio_device *dev = queue->dev;

	if (queue->phase != QUEUE_WANTED || dev->resetting || dev->run != RUN_ON)
		return false;
	pthread_mutex_lock(&queue->ring_lock);
	if (vmmio_queue_is_stale(queue, block)) {
		pthread_mutex_unlock(&queue->ring_lock);
		return false;
	}
	queue->block = block;
	queue->hold = false;
	atomic_store_explicit(&queue->over, false, memory_order_relaxed);
	queue->fault_reported = !block;
	queue->epoch = VMMIO_STATE_EPOCH(vmmio_regfile_state(dev->rf));
	atomic_store_explicit(&queue->size, block ? block->ring.size : 0, memory_order_release);
	pthread_mutex_unlock(&queue->ring_lock);
	vmmio_lifecycle_set_phase(queue, QUEUE_RUN);
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
	vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
	block = vmmio_queue_build(queue, &setup, features[0], &fault);
	VMMIO_SYNC(dev, ACTIVATE);
	vmmio_step_call_end(dev, &frame);
	opened = open_queue(queue, block);
	if (!opened) {
		if (block)
			block->next = dev->garbage, dev->garbage = block;
		return;
	}
	vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
	if (!block && vmmio_gate_enter(&queue->gate)) {
		vmmio_queue_fault(queue, fault);
		vmmio_lifecycle_left(dev, queue, vmmio_gate_leave(&queue->gate, 0), ELSEWHERE);
	}
	vmmio_queue_drain_event(queue); /* E42: first drain, then scan */
	vmmio_queue_kick(queue);
	vmmio_step_call_end(dev, &frame);
}

static void step_activate(struct vmmio_device *dev)
{
	for (uint32_t i = 0; i < dev->n_queues && dev->wanted; i++)
		if (dev->queues[i].phase == QUEUE_WANTED && dev->life == LIFE_LIVE &&
			!dev->resetting && dev->run == RUN_ON)
			activate(&dev->queues[i]);
}

void vmmio_step_take(struct vmmio_device *dev, struct step step)
{
	switch (step.kind) {
	case STEP_START:
	case STEP_QUIESCE:
	case STEP_QUEUE_STOP:
	case STEP_PAUSE:
		step_hook(dev, step);
		break;
	case STEP_ACTIVATE:
		step_activate(dev);
		break;
	case STEP_RESUME:
		vmmio_pause_resume(dev);
		break;
	case STEP_FINISH_HOOK:
		step_finish_hook(dev);
		break;
	case STEP_DETACH:
		step_detach(dev);
		break;
	case STEP_QUEUE_OFF:
		queue_off(step.queue);
		break;
	case STEP_PAUSED:
		vmmio_pause_reached(dev);
		break;
	case STEP_FENCE:
		vmmio_host_fence(dev);
		break;
	case STEP_FINISH:
		finish_reset(dev);
		break;
	case STEP_NONE:
		break;
	}
}
