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

enum step_kind {
	STEP_NONE,
	STEP_START,
	STEP_QUIESCE,
	STEP_QUEUE_STOP,   /* the hook */
	STEP_QUEUE_OFF,    /* registers only */
	STEP_ACTIVATE,     /* rings of wanted queues */
	STEP_FINISH_HOOK,
	STEP_FINISH,       /* registers only; Status reads 0 */
	STEP_DETACH,
};

struct step {
	enum step_kind kind;
	struct vmmio_queue *queue;
};

/* --- Which step is next: lock held ------------------------------------------------- */

static struct step next_in_reset(const struct vmmio_device *dev)
{
	if (dev->quiesce == HOOK_WANTED)
		return (struct step){STEP_QUIESCE, NULL};
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
		if (queue->stop_hook == HOOK_WANTED)
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
	queue->drained = vmmio_gate_close(&queue->gate);
	if (!queue->drained)
		queue->dev->undrained++;
}

static void set_phase(struct vmmio_queue *queue, enum queue_phase phase)
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
			set_phase(queue, QUEUE_OFF);
	}
	/* The caller's pass, given back when the line is down. */
	if (vmmio_gate_enter(&dev->gate) && !vmmio_gate_close(&dev->gate))
		dev->undrained++;
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
	set_phase(queue, QUEUE_STOPPING);
}

void vmmio_lifecycle_want_queue(struct vmmio_queue *queue)
{
	if (queue->phase == QUEUE_OFF)
		set_phase(queue, QUEUE_WANTED);
}

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
	set_phase(queue, QUEUE_OFF);
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
		set_phase(&dev->queues[i], QUEUE_OFF);
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

static vmmio_token new_token(struct vmmio_device *dev)
{
	return ++dev->serial;
}

/* start has been answered. Returns whether the line has to be looked at. */
static bool start_answered(struct vmmio_device *dev, int result)
{
	struct vmmio_actions actions;

	dev->life = result ? LIFE_FAILED : LIFE_LIVE;
	if (!result)
		return false;
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_NEEDS_RESET, 0, &actions);
	return actions.n != 0;
}

static void quiesce_answered(struct vmmio_device *dev, int result)
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
	if (result < 0)
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"the backend cannot start (error %d): the driver sees DEVICE_NEEDS_RESET", result);
	call_end(dev, &frame);
	if (result != VMMIO_PENDING && dev->start_token == token) {
		dev->start_token = 0;
		line = start_answered(dev, result);
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
	if (result < 0)
		vmmio_device_log(dev, VMMIO_LOG_ERROR,
			"the backend cannot be quiesced (error %d): Status stays non-zero until the "
			"driver writes zero again",
			result);
	call_end(dev, &frame);
	if (result != VMMIO_PENDING && dev->quiesce_token == token) {
		dev->quiesce_token = 0;
		quiesce_answered(dev, result);
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
	set_phase(queue, QUEUE_RUN);
	queue->drained = false;
	vmmio_gate_open(&queue->gate);
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
		if (vmmio_gate_leave(&queue->gate, 1))
			vmmio_lifecycle_drained(dev, queue, ELSEWHERE);
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

static void take_step(struct vmmio_device *dev, struct step step)
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
		take_step(dev, step);
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

void vmmio_lifecycle_drained(struct vmmio_device *dev, struct vmmio_queue *queue, enum where where)
{
	vmmio_lifecycle_enter(dev);
	dev->undrained--;
	if (queue)
		queue->drained = true;
	vmmio_lifecycle_leave(dev, where);
}

void vmmio_device_leave(struct vmmio_device *dev, enum where where)
{
	if (vmmio_gate_leave(&dev->gate, 1))
		vmmio_lifecycle_drained(dev, NULL, where);
}

/* --- Answers ---------------------------------------------------------------------------- */

enum answer { ANSWER_WRONG, ANSWER_LATE, ANSWER_TAKEN };

static enum answer match(vmmio_token token, vmmio_token *open, vmmio_token *voided)
{
	vmmio_token *which = token == *open ? open : token == *voided ? voided : NULL;

	if (!which)
		return ANSWER_WRONG;
	*which = 0;
	return which == open ? ANSWER_TAKEN : ANSWER_LATE;
}

/* lock held */
static enum answer take_queue_answer(struct vmmio_device *dev, vmmio_token token)
{
	for (uint32_t i = 0; i < dev->n_queues; i++) {
		struct vmmio_queue *queue = &dev->queues[i];
		enum answer answer = match(token, &queue->stop_token, &queue->stop_voided);

		if (answer == ANSWER_TAKEN)
			queue->stop_hook = HOOK_DONE;
		if (answer != ANSWER_WRONG)
			return answer;
	}
	return ANSWER_WRONG;
}

/* lock held */
static enum answer take_answer(struct vmmio_device *dev, vmmio_token token, int result, bool *line)
{
	vmmio_token none = 0;
	enum answer answer;

	if (!token)
		return ANSWER_WRONG;
	answer = match(token, &dev->quiesce_token, &none);
	if (answer == ANSWER_TAKEN) {
		quiesce_answered(dev, result);
		return answer;
	}
	answer = match(token, &dev->start_token, &dev->start_voided);
	if (answer == ANSWER_TAKEN)
		*line = start_answered(dev, result);
	return answer != ANSWER_WRONG ? answer : take_queue_answer(dev, token);
}

void vmmio_device_answer(struct vmmio_device *dev, vmmio_token token, int result)
{
	bool pass = vmmio_gate_enter(&dev->gate); /* for the line, if start failed */
	bool line = false;
	enum answer answer;

	pthread_mutex_lock(&dev->lock);
	dev->users++;
	answer = take_answer(dev, token, result > 0 ? -EINVAL : result, &line);
	pthread_mutex_unlock(&dev->lock);

	if (answer == ANSWER_WRONG && vmmio_count_log(&dev->counters.wrong_tokens, 1))
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"vmmio_device_answer: a token that is not out was ignored; answer each hook "
			"that returned VMMIO_PENDING exactly once");
	if (line && pass) {
		struct frame frame;

		vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
		vmmio_irq_update(dev, true);
		vmmio_frame_leave(&frame);
	}
	if (pass)
		vmmio_device_leave(dev, ELSEWHERE);
	vmmio_lifecycle_enter(dev);
	dev->users--;
	vmmio_lifecycle_leave(dev, ELSEWHERE);
}
