/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains on their way back: into the used ring, held back by a pause, dropped because their life
 * is over, given up by a fence. A chain's lease goes back last, when all of it has been
 * published and signalled.
 */
#include "device/observe.h"

struct outcome {
	struct vmmio_ring_answers answers;
	unsigned written;
	uint32_t epoch;
	bool notify, over;
	bool dropped; /* the life was over or the ring broken: nothing was written */
};

/* Puts the answers into the used ring if the queue's life goes on, else only takes them
 * back. Whether it goes on may change right after: the driver does not see Status 0
 * before the leases, which are still ours, have come back. */
static struct outcome publish(
	struct vmmio_queue *queue, const struct vmmio_completion *completions, unsigned n)
{
	struct outcome out = {.written = 0};

	pthread_mutex_lock(&queue->ring_lock);
	if (!queue->block) {
		out.answers.wrong = n;
	} else {
		struct vmmio_ring *ring = &queue->block->ring;

		out.over = atomic_load_explicit(&queue->over, memory_order_acquire);
		out.epoch = queue->epoch;
		vmmio_ring_see(ring, vmmio_memory_table(queue->dev->memory));
		out.written = vmmio_ring_complete(ring, completions, n,
			out.over      ? VMMIO_RING_DROP
			: queue->hold ? VMMIO_RING_HOLD
				      : VMMIO_RING_PUBLISH,
			&out.answers);
		out.dropped = out.over || ring->fault;
		out.notify = out.written && vmmio_ring_should_notify(ring);
		queue->fenced -= out.answers.fenced;
	}
	vmmio_queue_unlock(queue, out.answers.accepted);
	return out;
}

static void report_outcome(
	struct vmmio_queue *queue, const struct vmmio_ring_answers *answers, vmmio_token first)
{
	struct vmmio_device *dev = queue->dev;

	if (answers->wrong && vmmio_count_log(&dev->counters.wrong_tokens, answers->wrong))
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"queue %u: %u completion(s) with a token that is not out (first of the call: 0x%llx) "
			"were ignored; complete every chain exactly once",
			queue->index, answers->wrong, (unsigned long long)first);
	if (answers->cut)
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"queue %u: %u completion(s) claimed more bytes than the chain can take; the "
			"length was cut to the writable part",
			queue->index, answers->cut);
}

/* The caller holds a lease or pass of the queue. Returns whether the driver is notified. */
static bool tell_driver(struct vmmio_device *dev, const struct outcome *out)
{
	struct frame frame;

	vmmio_count(&dev->counters.completions, out->written);
	if (!out->notify || !vmmio_regfile_raise(dev->rf, out->epoch, VMMIO_INT_USED_BUFFER))
		return false;
	vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
	vmmio_irq_update(dev, true);
	vmmio_frame_leave(&frame);
	return true;
}

/* The leases are still ours: the device stays. */
static void observe(struct vmmio_queue *queue, const struct outcome *out,
	const struct vmmio_completion *completions, unsigned n, bool notified)
{
	struct vmmio_observed_completion completion = {
		.chains = out->answers.accepted,
		.used = out->written,
		.dropped = out->dropped,
		.notified = notified,
	};

	vmmio_observe_tell_completed(queue, completions, n, &completion);
}

void vmmio_queue_complete(
	struct vmmio_queue *queue, const struct vmmio_completion *completions, unsigned n)
{
	struct vmmio_device *dev = queue->dev;
	const struct vmmio_ring_answers *answers;
	struct outcome out;
	unsigned events;
	bool notified;

	VMMIO_SYNC(dev, COMPLETE_ENTER);
	out = publish(queue, completions, n);
	answers = &out.answers;
	VMMIO_SYNC(dev, COMPLETE_PUBLISHED);
	if (answers->wrong || answers->cut)
		report_outcome(queue, answers, completions[0].token);
	if (out.dropped)
		vmmio_count(&dev->counters.dropped, answers->accepted + answers->fenced);
	if (answers->fenced)
		vmmio_host_fenced_answer(dev, answers->fenced);
	if (!answers->accepted)
		return;
	notified = tell_driver(dev, &out);
	VMMIO_SYNC(dev, COMPLETE_RAISED);
	if (vmmio_observed(dev))
		observe(queue, &out, completions, n, notified);
	events = vmmio_gate_return(&queue->gate, answers->accepted);
	if (!events)
		return; /* the device may be gone from here on */
	VMMIO_SYNC(dev, COMPLETE_LEFT);
	vmmio_lifecycle_left(dev, queue, events, ELSEWHERE);
}

void vmmio_queue_flush(struct vmmio_queue *queue)
{
	struct outcome out = {.written = 0};

	pthread_mutex_lock(&queue->ring_lock);
	if (queue->hold && queue->block) {
		struct vmmio_ring *ring = &queue->block->ring;

		out.epoch = queue->epoch;
		vmmio_ring_see(ring, vmmio_memory_table(queue->dev->memory));
		out.written = vmmio_ring_flush(ring);
		out.notify = out.written && vmmio_ring_should_notify(ring);
	}
	queue->hold = false;
	vmmio_queue_unlock(queue, false);
	tell_driver(queue->dev, &out);
}

uint32_t vmmio_queue_fence(struct vmmio_queue *queue)
{
	uint32_t n = 0;

	pthread_mutex_lock(&queue->ring_lock);
	if (queue->block) {
		vmmio_ring_see(&queue->block->ring, vmmio_memory_table(queue->dev->memory));
		n = vmmio_ring_fence(&queue->block->ring);
	}
	queue->fenced += n;
	vmmio_queue_unlock(queue, true);
	return n;
}

/* --- A backend's own accesses ---------------------------------------------------------- */

/* Either the fence sees us inside, or we see that the life is over; likewise at the end. */
bool vmmio_queue_access_begin(struct vmmio_queue *queue)
{
	atomic_fetch_add_explicit(&queue->touching, 1, memory_order_seq_cst);
	if (!atomic_load_explicit(&queue->over, memory_order_seq_cst))
		return true;
	vmmio_queue_access_end(queue);
	return false;
}

void vmmio_queue_access_end(struct vmmio_queue *queue)
{
	if (atomic_fetch_sub_explicit(&queue->touching, 1, memory_order_seq_cst) != 1 ||
		!atomic_load_explicit(&queue->over, memory_order_seq_cst))
		return;
	vmmio_lifecycle_enter(queue->dev);
	vmmio_lifecycle_leave(queue->dev, ELSEWHERE);
}

void vmmio_queue_complete_one(struct vmmio_queue *queue, vmmio_token token, uint32_t len)
{
	struct vmmio_completion one = {.token = token, .len = len};

	vmmio_queue_complete(queue, &one, 1);
}
