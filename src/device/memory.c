/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device as a user of guest memory: what its rings and chains still reach when a region
 * or a translation is taken away, and the backend's part of the dirty log.
 *
 * A queue's watch word says what it is being looked at for. It is written under the memory
 * object's lock only. A queue that somebody is inside of is not waited for, as that may be
 * a page fault: LOOK_AGAIN asks him to come back when he has left. Either he sees it, or
 * the look that came too early for him sees the lock free:
 *
 *     looker: watch := ... | LOOK_AGAIN; full fence; trylock
 *     holder: unlock; full fence; load watch
 */
#include "device/internal.h"

#define LOOK_AGAIN (UINT64_C(1) << 63)

static struct vmmio_device *device_of(struct vmmio_memory_user *user)
{
	return (struct vmmio_device *)((char *)user - offsetof(struct vmmio_device, memory_user));
}

/* --- A ring in memory that is gone: broken at once, told later ------------------------ */

/* No lock held; we have a pass. */
static void tell_fault(struct vmmio_memory_event *event)
{
	struct vmmio_queue *queue = (struct vmmio_queue *)(void *)((char *)event -
							   offsetof(struct vmmio_queue, area_gone));
	struct vmmio_device *dev = queue->dev; /* gone, maybe, once the gate is left */

	vmmio_queue_fault(queue, VMMIO_FAULT_AREA_MEMORY);
	vmmio_lifecycle_left(dev, queue, vmmio_gate_leave(&queue->gate, 0), ELSEWHERE);
}

/* ring_lock held. The pass keeps the device in being; where there is none to be had, the
 * queue is stopping, and its driver does not ask. */
static void break_ring(struct vmmio_queue *queue, struct vmmio_memory_look *look)
{
	vmmio_ring_break(&queue->block->ring, VMMIO_FAULT_AREA_MEMORY);
	if (queue->fault_reported || !vmmio_gate_enter(&queue->gate))
		return;
	queue->fault_reported = true;
	queue->area_gone.tell = tell_fault;
	queue->area_gone.next = look->events;
	look->events = &queue->area_gone;
}

/* --- Looking ---------------------------------------------------------------------------- */

/* ring_lock held. The bits of watch that chains of this queue still reach. */
static uint64_t reached(
	struct vmmio_queue *queue, struct vmmio_memory_look *look, uint64_t watch)
{
	uint64_t left = 0;

	if (!queue->block)
		return 0;
	for (int bit = 0; watch >> bit; bit++) {
		if (!(watch >> bit & 1))
			continue;
		if (vmmio_ring_lies_in(&queue->block->ring, look->gone[bit]))
			break_ring(queue, look);
		if (vmmio_ring_reaches(&queue->block->ring, look->gone[bit]))
			left |= UINT64_C(1) << bit;
	}
	return left;
}

static uint64_t look_at_queue(struct vmmio_queue *queue, struct vmmio_memory_look *look)
{
	/* Written by lookers alone, who take turns. */
	const uint64_t before = atomic_load_explicit(&queue->watch, memory_order_relaxed);
	const uint64_t watch = (before & ~LOOK_AGAIN) | look->asked;
	uint64_t left;

	if (!watch)
		return 0;
	atomic_store_explicit(&queue->watch, watch | LOOK_AGAIN, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with vmmio_queue_unlock */
	if (pthread_mutex_trylock(&queue->ring_lock))
		return watch;
	left = reached(queue, look, watch);
	/* Before the lock is free: who takes it next to give a chain back sees it. */
	atomic_store_explicit(&queue->watch, left, memory_order_relaxed);
	pthread_mutex_unlock(&queue->ring_lock);
	return left;
}

/* device->lock keeps out those who hold a ring_lock for a moment and cannot come back
 * afterwards, as they hold it too; it is never held over an access to guest memory. */
static uint64_t look_at_device(struct vmmio_memory_user *user, struct vmmio_memory_look *look)
{
	struct vmmio_device *dev = device_of(user);
	uint64_t left = 0;

	pthread_mutex_lock(&dev->lock);
	for (uint32_t i = 0; i < dev->n_queues; i++)
		left |= look_at_queue(&dev->queues[i], look);
	pthread_mutex_unlock(&dev->lock);
	return left;
}

static bool hold_queue(struct vmmio_queue *queue, const struct vmmio_memory_gone *gone)
{
	const struct vmmio_ring *ring;

	if (pthread_mutex_trylock(&queue->ring_lock))
		return false;
	ring = queue->block ? &queue->block->ring : NULL;
	if (!ring || (!vmmio_ring_lies_in(ring, gone) && !vmmio_ring_reaches(ring, gone)))
		return true;
	pthread_mutex_unlock(&queue->ring_lock);
	return false;
}

static void let_queues_go(struct vmmio_device *dev, uint32_t n)
{
	while (n--)
		pthread_mutex_unlock(&dev->queues[n].ring_lock);
}

static bool hold_device(struct vmmio_memory_user *user, const struct vmmio_memory_gone *gone)
{
	struct vmmio_device *dev = device_of(user);

	for (uint32_t i = 0; i < dev->n_queues; i++)
		if (!hold_queue(&dev->queues[i], gone)) {
			let_queues_go(dev, i);
			return false;
		}
	return true;
}

static void let_device_go(struct vmmio_memory_user *user)
{
	let_queues_go(device_of(user), device_of(user)->n_queues);
}

void vmmio_device_use_memory(struct vmmio_device *dev)
{
	dev->memory_user.look = look_at_device;
	dev->memory_user.hold = hold_device;
	dev->memory_user.let_go = let_device_go;
	vmmio_memory_use(dev->memory, &dev->memory_user);
}

/* --- Those who hold a ring_lock -------------------------------------------------------- */

void vmmio_queue_unlock(struct vmmio_queue *queue, bool gave_back)
{
	const uint64_t mask = gave_back ? UINT64_MAX : LOOK_AGAIN;
	struct vmmio_device *dev = queue->dev;
	struct frame frame;

	pthread_mutex_unlock(&queue->ring_lock);
	atomic_thread_fence(memory_order_seq_cst); /* pairs with look_at_queue */
	if (!(atomic_load_explicit(&queue->watch, memory_order_relaxed) & mask))
		return;
	vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
	vmmio_memory_recheck(dev->memory);
	vmmio_frame_leave(&frame);
}

bool vmmio_queue_is_stale(const struct vmmio_queue *queue, const struct ring_block *block)
{
	return block && block->ring.serial != vmmio_memory_table(queue->dev->memory)->serial;
}

void vmmio_queue_dirty(struct vmmio_queue *queue, vmmio_token token, uint32_t offset, uint32_t len)
{
	struct vmmio_device *dev = queue->dev;
	bool out = false;

	pthread_mutex_lock(&queue->ring_lock);
	if (queue->block) {
		vmmio_ring_see(&queue->block->ring, vmmio_memory_table(dev->memory));
		out = vmmio_ring_dirty(&queue->block->ring, token, offset, len);
	}
	vmmio_queue_unlock(queue, false);
	if (!out && vmmio_count_log(&dev->counters.wrong_tokens, 1))
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"queue %u: %u bytes said to be written through token 0x%llx, which is not out; "
			"say so before the chain is completed",
			queue->index, len, (unsigned long long)token);
}
