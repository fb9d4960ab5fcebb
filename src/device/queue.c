/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way to the backend: rings are built, notify is called, chains are popped. A pop begins
 * inside the queue's gate; chains that are out keep their count there (complete.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "device/observe.h"
#include "executor/cancel.h"

/* A kick that finds its queue busy again so often moves to the executor. */
#define KICK_ROUNDS 2

static void kick_task(struct vmmio_task *task)
{
	vmmio_queue_run_kick((struct vmmio_queue *)((char *)task - offsetof(struct vmmio_queue, kick_task)));
}

void vmmio_queue_init(struct vmmio_device *dev, uint32_t index)
{
	struct vmmio_queue *queue = &dev->queues[index];

	queue->dev = dev;
	queue->index = (uint16_t)index;
	queue->kick_task = (struct vmmio_task){.run = kick_task, .flags = VMMIO_TASK_MAY_BLOCK};
	queue->quiet = true;
	atomic_init(&queue->gate, VMMIO_GATE_CLOSED);
	atomic_init(&queue->eventfd, -1);
	pthread_mutex_init(&queue->ring_lock, NULL);
}

void vmmio_queue_finish(struct vmmio_queue *queue)
{
	int fd = atomic_load_explicit(&queue->eventfd, memory_order_relaxed);

	if (fd >= 0)
		close(fd);
	free(queue->block);
	pthread_mutex_destroy(&queue->ring_lock);
}

static struct ring_block *build(struct vmmio_queue *queue, const struct vmmio_ring_config *config,
	const struct vmmio_memory_table *table, enum vmmio_fault *fault)
{
	const size_t head = (sizeof(struct ring_block) + 15) & ~(size_t)15;
	size_t storage = vmmio_ring_storage(config->size, config->max_segments, config->translate);
	struct ring_block *block;

	*fault = VMMIO_FAULT_QUEUE_SIZE;
	if (!storage || config->size > config->size_max)
		return NULL;
	*fault = VMMIO_FAULT_NO_MEMORY;
	block = malloc(head + storage);
	if (!block)
		return NULL;
	*fault = vmmio_ring_init(
		&block->ring, config, table, (char *)block + head, queue->generation);
	if (*fault == VMMIO_FAULT_NONE)
		return block;
	free(block);
	return NULL;
}

struct ring_block *vmmio_queue_build(struct vmmio_queue *queue, const struct vmmio_queue_setup *setup,
	uint64_t features, enum vmmio_fault *fault)
{
	const struct vmmio_device *dev = queue->dev;
	const unsigned pin = vmmio_memory_pin(queue->dev->memory);
	const struct vmmio_memory_table *table = vmmio_memory_table(queue->dev->memory);
	struct vmmio_ring_config config = {
		.packed = features & VMMIO_FEATURE(VMMIO_F_RING_PACKED),
		.event_idx = features & VMMIO_FEATURE(VMMIO_F_EVENT_IDX),
		.indirect = features & VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC),
		.in_order = features & VMMIO_FEATURE(VMMIO_F_IN_ORDER),
		.translate = table->translate && features & VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM),
		.size = setup->size,
		.size_max = dev->queue_sizes[queue->index],
		.max_segments = dev->max_segments,
		.desc = setup->desc,
		.driver = setup->driver,
		.device = setup->device,
	};
	struct ring_block *block = build(queue, &config, table, fault);

	vmmio_memory_unpin(queue->dev->memory, pin);
	return block;
}

/* --- Notifications ------------------------------------------------------------- */

static void leave(struct vmmio_queue *queue, enum where where)
{
	struct vmmio_device *dev = queue->dev; /* gone, maybe, once the gate is left */

	vmmio_lifecycle_left(dev, queue, vmmio_gate_leave(&queue->gate, 0), where);
}

void vmmio_queue_run_kick(struct vmmio_queue *queue)
{
	struct vmmio_device *dev = queue->dev;

	for (unsigned round = 1;; round++) {
		uint32_t running = KICK_RUNNING;
		struct frame frame;

		VMMIO_SYNC(dev, NOTIFY_CALL);
		atomic_store_explicit(&queue->taken, 0, memory_order_relaxed);
		vmmio_frame_enter(&frame, dev, FRAME_HOOK);
		if (!vmmio_gate_is_closed(&queue->gate))
			dev->ops->notify(dev->backend_ctx, queue);
		vmmio_frame_leave(&frame);
		if (atomic_compare_exchange_strong_explicit(&queue->kick, &running, KICK_IDLE,
			    memory_order_acq_rel, memory_order_acquire))
			break;
		/* Acquires from whoever said "again" last. */
		atomic_exchange_explicit(&queue->kick, KICK_RUNNING, memory_order_acq_rel);
		if (round >= KICK_ROUNDS) {
			vmmio_executor_submit(dev->ex, &queue->kick_task);
			return; /* the pass goes with it */
		}
	}
	leave(queue, vmmio_frame_where(dev));
}

/* Becomes the one that calls notify, or tells the one that is to look again. */
static bool take_kick(struct vmmio_queue *queue)
{
	uint32_t state = atomic_load_explicit(&queue->kick, memory_order_relaxed);

	for (;;) {
		uint32_t next = state == KICK_IDLE ? KICK_RUNNING : KICK_AGAIN;

		if (atomic_compare_exchange_weak_explicit(
			    &queue->kick, &state, next, memory_order_acq_rel, memory_order_relaxed))
			return next == KICK_RUNNING;
	}
}

void vmmio_queue_kick(struct vmmio_queue *queue)
{
	struct frame *outermost;

	if (!vmmio_gate_enter(&queue->gate)) {
		/* Not running: the scan at its start looks for itself (E33, E42). Pairs with
		 * the fence of that start: it sees our buffer, or we see the gate open. */
		atomic_thread_fence(memory_order_seq_cst);
		if (!vmmio_gate_enter(&queue->gate))
			return;
	}
	if (!take_kick(queue)) {
		leave(queue, vmmio_frame_where(queue->dev));
		return;
	}
	outermost = vmmio_frame_outermost(queue->dev);
	if (!outermost) {
		vmmio_queue_run_kick(queue);
		return;
	}
	queue->deferred_next = outermost->deferred;
	outermost->deferred = queue;
}

void vmmio_queue_drain_event(struct vmmio_queue *queue)
{
	int fd = atomic_load_explicit(&queue->eventfd, memory_order_acquire);
	uint64_t count;
	ssize_t n;

	if (fd < 0)
		return;
	do
		n = read(fd, &count, sizeof(count));
	while (n < 0 && errno == EINTR);
}

/* --- Pop ------------------------------------------------------------------------- */

/* The driver gave up: no new buffers (E21). */
static bool may_pop(struct vmmio_device *dev)
{
	return !(VMMIO_STATE_STATUS(vmmio_regfile_state(dev->rf)) & VMMIO_STATUS_FAILED);
}

struct pop {
	struct vmmio_chain *chains;
	unsigned max;
	enum vmmio_fault fault;
	bool more; /* notify has to be called again */
};

/*
 * ring_lock held. Another vCPU may add buffers as fast as they are answered: a notify takes the
 * ring's size of them, and the rest is for the next. Threads of the backend's share in that; that
 * the count may be set back between their look and their sum does no harm.
 */
static unsigned pop_locked(struct vmmio_queue *queue, struct pop *pop)
{
	struct vmmio_device *dev = queue->dev;
	const struct vmmio_memory_table *table = vmmio_memory_table(dev->memory);
	unsigned n, taken, room;
	int cancel = 0;

	if (!queue->block)
		return 0;
	taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
	room = queue->block->ring.size > taken ? queue->block->ring.size - taken : 0;
	pop->more = !room;
	if (pop->more)
		return 0;
	if (table->translate) /* an embedder's, called with the lock held */
		cancel = vmmio_cancel_off();
	/* So that chains of different queues can be compared by age (deadline.c). */
	vmmio_ring_generation(&queue->block->ring,
		atomic_load_explicit(&dev->counters.chains, memory_order_relaxed));
	n = vmmio_ring_pop(
		&queue->block->ring, table, pop->chains, pop->max < room ? pop->max : room);
	if (table->translate)
		vmmio_cancel_restore(cancel);
	atomic_store_explicit(&queue->taken, taken + n, memory_order_relaxed);
	if (queue->block->ring.fault && !queue->fault_reported) {
		queue->fault_reported = true;
		pop->fault = queue->block->ring.fault;
	}
	return n;
}

unsigned vmmio_queue_pop(struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max)
{
	struct pop pop = {.chains = chains, .max = max, .fault = VMMIO_FAULT_NONE};
	struct vmmio_device *dev = queue->dev;
	unsigned n = 0;

	if (!max || !vmmio_gate_enter(&queue->gate))
		return 0;
	VMMIO_SYNC(dev, POP_ENTERED);
	if (may_pop(dev)) {
		pthread_mutex_lock(&queue->ring_lock);
		n = pop_locked(queue, &pop);
		vmmio_queue_unlock(queue, false);
	}
	/* Not from here: the caller may hold a lock. */
	if (pop.more && take_kick(queue)) {
		vmmio_executor_submit(dev->ex, &queue->kick_task);
		return 0; /* the pass goes with it */
	}
	if (pop.fault)
		vmmio_queue_fault(queue, pop.fault);
	VMMIO_SYNC(dev, POP_TAKEN);
	if (n)
		vmmio_count(&dev->counters.chains, n);
	vmmio_observe_popped(queue, chains, n);
	/* The pass becomes n leases. With none the device may be gone from here on. */
	vmmio_lifecycle_left(dev, queue, vmmio_gate_leave(&queue->gate, n), ELSEWHERE);
	return n;
}

void vmmio_queue_fault(struct vmmio_queue *queue, enum vmmio_fault fault)
{
	struct vmmio_device *dev = queue->dev;
	struct vmmio_actions actions;

	vmmio_observe_fault(queue, fault);
	if (vmmio_count_log(&dev->counters.faults, 1))
		vmmio_device_log(dev, VMMIO_LOG_WARN,
			"queue %u is broken until the driver resets: %s (fault %d, %s)", queue->index,
			vmmio_fault_text(fault), fault, vmmio_fault_section(fault));
	pthread_mutex_lock(&dev->lock);
	vmmio_regfile_event(dev->rf, VMMIO_EVENT_NEEDS_RESET, 0, &actions);
	pthread_mutex_unlock(&dev->lock);
	if (actions.n) {
		struct frame frame;

		vmmio_frame_enter(&frame, dev, FRAME_COMPLETE);
		vmmio_irq_update(dev, true);
		vmmio_frame_leave(&frame);
	}
}

bool vmmio_queue_notifications(struct vmmio_queue *queue, bool enable)
{
	bool pass, more = false;

	pthread_mutex_lock(&queue->ring_lock);
	/* Under the ring's lock: with the gate closed here, the pop that follows a resume
	 * comes later and tells the driver. */
	pass = vmmio_gate_enter(&queue->gate);
	if (queue->block && pass) {
		vmmio_ring_see(&queue->block->ring, vmmio_memory_table(queue->dev->memory));
		more = vmmio_ring_notifications(&queue->block->ring, enable);
	} else if (queue->block) {
		queue->block->ring.notify_enabled = enable;
	}
	vmmio_queue_unlock(queue, false);
	if (pass)
		leave(queue, ELSEWHERE);
	return more;
}

/* --- Facts ------------------------------------------------------------------------- */

unsigned vmmio_queue_index(const struct vmmio_queue *queue)
{
	return queue->index;
}

struct vmmio_device *vmmio_queue_device(const struct vmmio_queue *queue)
{
	return queue->dev;
}

unsigned vmmio_queue_size(const struct vmmio_queue *queue)
{
	return atomic_load_explicit(&queue->size, memory_order_acquire);
}
