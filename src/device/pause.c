/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pause and resume, on the gates of the reset.
 *
 * A pause closes every gate and leaves the lives alone: completions of chains that are out
 * are published as ever, and the report comes when the last of them is back (or the
 * backend has answered that it keeps them untouched). What a guest writes meanwhile is
 * carried out, by a pass that is forced through the closed gate; what the device would do of
 * itself waits for the resume: start, a first look at queues, config change interrupts, the
 * used entries of chains that the backend kept. Each queue is looked at when its gate
 * opens again, so no kick needs to be remembered.
 *
 * A reset or a queue stop goes through a pause as if it were not there.
 */
#include <errno.h>

#include "device/internal.h"

/* --- What is due: lock held ---------------------------------------------------------- */

static bool has_hook(const struct vmmio_device *dev)
{
	return dev->ops->pause && dev->life == LIFE_LIVE;
}

static enum step_kind next_of_pausing(const struct vmmio_device *dev)
{
	if (dev->stopping || dev->unquiet || dev->life == LIFE_STARTING)
		return STEP_NONE;
	if (!has_hook(dev))
		return dev->undrained ? STEP_NONE : STEP_PAUSED;
	if (dev->pause.state == HOOK_WANTED) /* an earlier one that was given up is resumed first */
		return dev->backend_paused ? STEP_RESUME : STEP_PAUSE;
	/* Chains may stay out: the backend has answered for them. */
	return dev->pause.state == HOOK_DONE && !dev->due ? STEP_PAUSED : STEP_NONE;
}

/* Whether a gate is drained with nobody on the way to note it, or not drained. */
static bool can_open(const vmmio_gate *gate, uint32_t due)
{
	return !due || atomic_load_explicit(gate, memory_order_relaxed) != VMMIO_GATE_CLOSED;
}

static enum step_kind next_of_resuming(const struct vmmio_device *dev)
{
	if (dev->unquiet || !can_open(&dev->gate, dev->due))
		return STEP_NONE;
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		const struct vmmio_queue *queue = &dev->queues[i];

		if (queue->phase == QUEUE_PAUSED && !can_open(&queue->gate, queue->due))
			return STEP_NONE;
	}
	return STEP_RESUME;
}

struct step vmmio_pause_next(const struct vmmio_device *dev)
{
	switch (dev->run) {
	case RUN_PAUSING:
		return (struct step){next_of_pausing(dev), NULL};
	case RUN_RESUMING:
		return (struct step){next_of_resuming(dev), NULL};
	default:
		return (struct step){STEP_NONE, NULL};
	}
}

/* --- Pausing: lock held ---------------------------------------------------------------- */

static void begin(struct vmmio_device *dev)
{
	dev->run = RUN_PAUSING;
	dev->pauses++;
	dev->pause.state = HOOK_WANTED;
	dev->pause.error = 0;
	/* A reset has closed all gates, and leaves no queue running. */
	for (uint32_t i = 0; i < dev->n_queues && !dev->resetting; i++) {
		struct vmmio_queue *queue = &dev->queues[i];

		if (queue->phase != QUEUE_RUN)
			continue;
		vmmio_lifecycle_close_gate(queue);
		vmmio_lifecycle_set_phase(queue, QUEUE_PAUSED);
	}
	if (!vmmio_gate_is_closed(&dev->gate) && !(vmmio_gate_close(&dev->gate) & GATE_DRAINED)) {
		dev->due++;
		dev->undrained++;
	}
}

/* A resume, or a pause that failed. */
static void begin_resume(struct vmmio_device *dev)
{
	dev->run = RUN_RESUMING;
	dev->pauses++;
	vmmio_lifecycle_void(&dev->pause);
}

void vmmio_pause_answered(struct vmmio_device *dev, int result)
{
	if (!result || dev->run != RUN_PAUSING)
		return;
	dev->backend_paused = false;
	vmmio_waiter_tell(dev, WAIT_PAUSE, NULL, result);
	begin_resume(dev);
}

/* Chains that the backend keeps are not to be answered in the ring until the resume. Whoever
 * has a ring's lock may sit in a page fault of guest memory: not under the device's lock. */
static void hold_answers(struct vmmio_device *dev)
{
	struct frame frame;

	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];

		if (queue->phase != QUEUE_PAUSED || !queue->due)
			continue;
		vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
		pthread_mutex_lock(&queue->ring_lock);
		queue->hold = true;
		vmmio_queue_unlock(queue, false);
		vmmio_step_call_end(dev, &frame);
	}
}

void vmmio_pause_reached(struct vmmio_device *dev)
{
	uint64_t mine = dev->pauses;

	hold_answers(dev);
	if (dev->run != RUN_PAUSING || dev->pauses != mine || dev->resetting)
		return; /* overtaken: whoever opens the gate again lets the answers go */
	dev->run = RUN_PAUSED;
	vmmio_waiter_tell(dev, WAIT_PAUSE, NULL, 0);
}

void vmmio_pause_reset_begun(struct vmmio_device *dev)
{
	dev->config_held = false;
	vmmio_lifecycle_void(&dev->pause);
}

bool vmmio_pause_force(struct vmmio_device *dev)
{
	if (vmmio_gate_enter(&dev->gate))
		return true;
	if (dev->resetting || dev->destroying)
		return false;
	if (vmmio_gate_force(&dev->gate)) {
		dev->due++;
		dev->undrained++;
	}
	return true;
}

/* --- Resuming: lock held on entry and return, not while calling out ---------------------- */

/* Open already if an earlier attempt had to stop at another gate. */
static bool reopen(struct vmmio_device *dev, vmmio_gate *gate, uint32_t *due)
{
	int was;

	if (!vmmio_gate_is_closed(gate))
		return true;
	was = vmmio_gate_reopen(gate, !*due);
	if (was == GATE_WAS_NOT_DRAINED) {
		--*due;
		dev->undrained--;
	}
	return was != GATE_NOT_NOW;
}

/* The used entries that the pause has held back, then a look at the ring. */
static void look_again(struct vmmio_device *dev, struct vmmio_queue *queue)
{
	struct frame frame;

	atomic_thread_fence(memory_order_seq_cst); /* before the look: see vmmio_queue_kick */
	vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
	VMMIO_SYNC(dev, RESUME_OPEN);
	if (vmmio_gate_enter(&queue->gate)) {
		vmmio_queue_flush(queue);
		vmmio_lifecycle_left(dev, queue, vmmio_gate_leave(&queue->gate, 0), ELSEWHERE);
	}
	vmmio_queue_drain_event(queue);
	vmmio_queue_kick(queue);
	vmmio_step_call_end(dev, &frame);
}

/* Still the same resume: one that a pause and another resume have overtaken begins anew, for
 * that pause has closed gates again. */
static bool goes_on(const struct vmmio_device *dev, uint64_t mine)
{
	return dev->run == RUN_RESUMING && !dev->resetting && dev->pauses == mine;
}

/* What was to be said during the pause. The device's gate has just been opened; no hook is
 * running, so FEATURES_OK may be written meanwhile. */
static void say(struct vmmio_device *dev)
{
	uint32_t epoch = VMMIO_STATE_EPOCH(vmmio_regfile_state(dev->rf));
	bool entered = vmmio_gate_enter(&dev->gate);
	struct frame frame;

	if (dev->config_held)
		vmmio_regfile_raise(dev->rf, epoch, VMMIO_INT_CONFIG_CHANGE);
	dev->config_held = false;
	dev->users++;
	pthread_mutex_unlock(&dev->lock);
	VMMIO_SYNC(dev, RESUME_LINE);
	if (entered) {
		vmmio_frame_enter(&frame, dev, FRAME_HOOK);
		vmmio_irq_update(dev, true);
		vmmio_frame_leave(&frame);
		vmmio_device_leave(dev, ELSEWHERE);
	}
	pthread_mutex_lock(&dev->lock);
	dev->users--;
}

void vmmio_pause_resume(struct vmmio_device *dev)
{
	uint64_t mine = dev->pauses;
	bool all = true;
	struct frame frame;

	if (dev->backend_paused && dev->ops->resume) {
		vmmio_step_call_begin(dev, &frame, FRAME_HOOK);
		VMMIO_SYNC(dev, RESUME_CALL);
		dev->ops->resume(dev->backend_ctx);
		vmmio_step_call_end(dev, &frame);
	}
	dev->backend_paused = false;
	if (!goes_on(dev, mine) || !reopen(dev, &dev->gate, &dev->due))
		return;
	for (uint32_t i = 0; i < dev->n_queues && goes_on(dev, mine); i++) {
		struct vmmio_queue *queue = &dev->queues[i];

		if (queue->phase != QUEUE_PAUSED)
			continue;
		if (!reopen(dev, &queue->gate, &queue->due)) {
			all = false;
			continue;
		}
		vmmio_lifecycle_set_phase(queue, QUEUE_RUN);
		look_again(dev, queue);
	}
	if (!all || !goes_on(dev, mine))
		return;
	dev->run = RUN_ON;
	vmmio_waiter_tell(dev, WAIT_RESUME, NULL, 0);
	say(dev);
}

/* --- For the control role ------------------------------------------------------------------ */

/* lock held on entry, not on return */
static int refuse(struct vmmio_device *dev, struct vmmio_waiter *waiter, int error, const char *line)
{
	pthread_mutex_unlock(&dev->lock);
	vmmio_waiter_unclaim(waiter);
	vmmio_device_log(dev, VMMIO_LOG_ERROR, "%s", line);
	return error;
}

/* Takes the steps that are due, then answers the caller: over, failed, or later. lock held on
 * entry, not on return. */
static int bring_on(struct vmmio_device *dev, struct vmmio_waiter *waiter, enum wait_for what)
{
	uint64_t mine = dev->pauses;
	int result = VMMIO_PENDING;

	dev->users++;
	pthread_mutex_unlock(&dev->lock);
	VMMIO_SYNC(dev, PAUSE_BEGUN);
	vmmio_lifecycle_enter(dev);
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	vmmio_lifecycle_enter(dev);
	if (dev->pauses != mine || dev->destroying)
		result = what == WAIT_PAUSE && dev->pause.error ? dev->pause.error : -ECANCELED;
	else if (dev->run == (what == WAIT_PAUSE ? RUN_PAUSED : RUN_ON))
		result = 0;
	if (result == VMMIO_PENDING)
		vmmio_waiter_add(dev, waiter, what, NULL);
	else
		vmmio_waiter_unclaim(waiter);
	dev->users--;
	vmmio_lifecycle_leave(dev, vmmio_frame_where(dev));
	return result;
}

int vmmio_device_pause(struct vmmio_device *dev, struct vmmio_waiter *waiter)
{
	int error = dev ? vmmio_waiter_claim(dev, waiter, "vmmio_device_pause") : -EINVAL;

	if (error)
		return error;
	vmmio_lifecycle_enter(dev);
	if (dev->destroying)
		return refuse(dev, waiter, -ENODEV, "pause: the device is being destroyed; not paused");
	if (dev->run == RUN_PAUSING || dev->run == RUN_PAUSED)
		return refuse(dev, waiter, -EALREADY,
			"paused twice: the first pause goes on, resume the device before the next (the "
			"first one's waiter tells when it is reached)");
	vmmio_waiter_tell(dev, WAIT_RESUME, NULL, -ECANCELED);
	begin(dev);
	return bring_on(dev, waiter, WAIT_PAUSE);
}

int vmmio_device_resume(struct vmmio_device *dev, struct vmmio_waiter *waiter)
{
	int error = dev ? vmmio_waiter_claim(dev, waiter, "vmmio_device_resume") : -EINVAL;

	if (error)
		return error;
	vmmio_lifecycle_enter(dev);
	if (dev->destroying)
		return refuse(dev, waiter, -ENODEV, "resume: the device is being destroyed; not resumed");
	if (dev->run == RUN_ON || dev->run == RUN_RESUMING)
		return refuse(dev, waiter, -EALREADY,
			"resumed without a pause: it is running (or about to); call vmmio_device_pause "
			"first");
	vmmio_waiter_tell(dev, WAIT_PAUSE, NULL, -ECANCELED);
	begin_resume(dev);
	return bring_on(dev, waiter, WAIT_RESUME);
}
