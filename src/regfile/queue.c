/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue registers: QueueReady, QueueReset, QueueNotify and what stopping does to the rest.
 *
 * A queue's two readable bits share one atomic byte with STOPPING, so that no reader can see
 * QueueReset = 0 with QueueReady still 1.
 */
#include "regfile/internal.h"

static void flags_store(struct vmmio_regfile *rf, uint32_t queue, unsigned flags)
{
	atomic_store_explicit(&rf->queue_flags[queue], (uint8_t)flags, memory_order_release);
}

void vmmio_regfile_queue_default(struct vmmio_regfile *rf, uint32_t queue)
{
	rf->queue[queue] = (struct regfile_queue){ .size = rf->queue_size_max[queue] };
}

void vmmio_regfile_queue_ready_write(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions)
{
	uint32_t queue = selector_load(rf, SEL_QUEUE);
	unsigned flags = queue_flags_load(rf, queue);
	struct vmmio_action action = { .queue = queue };

	if (value > 1 || !queue_size_max(rf, queue) || (flags & QUEUE_RESET) ||
		(value && (flags & QUEUE_STOPPING))) {
		violation_count(rf);
		return;
	}
	if (value == (flags & QUEUE_READY))
		return;
	if (value) {
		flags_store(rf, queue, QUEUE_READY);
		action.kind = VMMIO_ACTION_QUEUE_READY;
	} else {
		flags_store(rf, queue, flags | QUEUE_STOPPING);
		action.kind = VMMIO_ACTION_QUEUE_STOP;
	}
	action_add(actions, action);
}

void vmmio_regfile_queue_reset_write(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions)
{
	uint32_t queue = selector_load(rf, SEL_QUEUE);
	unsigned flags = queue_flags_load(rf, queue);

	if (value != 1 || !queue_size_max(rf, queue)) {
		violation_count(rf);
		return;
	}
	if (flags & QUEUE_RESET)
		return;
	if (!(flags & QUEUE_READY)) {
		vmmio_regfile_queue_default(rf, queue);
		return;
	}
	flags_store(rf, queue, flags | QUEUE_RESET | QUEUE_STOPPING);
	action_add(actions,
		(struct vmmio_action){ .kind = VMMIO_ACTION_QUEUE_RESET, .queue = queue });
}

void vmmio_regfile_queue_stopped(struct vmmio_regfile *rf, uint32_t queue)
{
	if (!(queue_flags_load(rf, queue) & QUEUE_STOPPING))
		return;
	vmmio_regfile_queue_default(rf, queue);
	flags_store(rf, queue, 0);
}

/* Any thread: the state word is loaded once, so its format bit and Status belong together. */
void vmmio_regfile_queue_notify(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions)
{
	uint64_t state = state_load(rf);
	uint32_t status = VMMIO_STATE_STATUS(state);
	uint32_t queue = state & STATE_NOTIFICATION_DATA ? value & 0xffff : value;

	if ((state & VMMIO_STATE_RESETTING) || !(status & VMMIO_STATUS_DRIVER_OK) ||
		(status & (VMMIO_STATUS_FAILED | VMMIO_STATUS_SUSPEND)) ||
		queue_flags_load(rf, queue) != QUEUE_READY) {
		violation_count(rf);
		return;
	}
	action_add(actions, (struct vmmio_action){ .kind = VMMIO_ACTION_NOTIFY, .queue = queue,
		.value = value });
}

static uint64_t address(const struct regfile_queue *queue, unsigned area)
{
	return (uint64_t)queue->area[area + 1] << 32 | queue->area[area];
}

void vmmio_regfile_queue(
	const struct vmmio_regfile *rf, uint32_t queue, struct vmmio_queue_setup *out)
{
	const struct regfile_queue *q = &rf->queue[queue];

	*out = (struct vmmio_queue_setup){
		.ready = (queue_flags_load(rf, queue) & QUEUE_READY) != 0,
		.size = q->size,
		.desc = address(q, AREA_DESC),
		.driver = address(q, AREA_DRIVER),
		.device = address(q, AREA_DEVICE),
	};
}
