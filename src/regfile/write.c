/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes and events: the gates, and who handles what. */
#include "regfile/internal.h"

/* What a row's gate asks for. Writer side; NONE and NO_RESET on any thread. */
static bool gate_open(const struct vmmio_regfile *rf, enum vmmio_reg_gate gate)
{
	uint64_t state = state_load(rf);
	uint32_t queue;

	if (gate == VMMIO_GATE_NONE)
		return true;
	if (state & VMMIO_STATE_RESETTING)
		return false;
	switch (gate) {
	case VMMIO_GATE_QUEUE_IDLE:
		queue = selector_load(rf, SEL_QUEUE);
		return queue_size_max(rf, queue) && !queue_flags_load(rf, queue);
	case VMMIO_GATE_NEGOTIATING:
		/* What the backend is being asked about must not change under its feet. */
		return !(VMMIO_STATE_STATUS(state) & VMMIO_STATUS_FEATURES_OK) &&
			!rf->writer.check_pending;
	case VMMIO_GATE_RING_RESET:
		return negotiated(rf, VMMIO_F_RING_RESET);
	default:
		return true;
	}
}

static void selector_write(struct vmmio_regfile *rf, enum regfile_selector which, uint32_t value)
{
	atomic_store_explicit(&rf->selector[which], value, memory_order_release);
}

static void driver_features_write(struct vmmio_regfile *rf, uint32_t value)
{
	uint32_t word = selector_load(rf, SEL_DRIVER_FEATURES);
	uint64_t *pair;

	if (word >= 2 * VMMIO_FEATURE_WORDS) {
		violation_count(rf);
		return;
	}
	pair = &rf->writer.driver_features[word / 2];
	if (word % 2)
		*pair = (*pair & UINT32_MAX) | (uint64_t)value << 32;
	else
		*pair = (*pair & ~(uint64_t)UINT32_MAX) | value;
}

static void status_write(struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions)
{
	if (!value)
		vmmio_regfile_reset_begin(rf, actions);
	else if (state_load(rf) & VMMIO_STATE_RESETTING)
		violation_count(rf); /* E05 */
	else
		vmmio_regfile_status_write(rf, value, actions);
}

/* The gate has checked that the selected queue exists. Offsets 0x80, 0x90, 0xa0 and the
 * high halves 4 further on. */
static void queue_setup_write(struct vmmio_regfile *rf, uint32_t offset, uint32_t value)
{
	struct regfile_queue *queue = &rf->queue[selector_load(rf, SEL_QUEUE)];
	uint32_t pair = (offset - VMMIO_REG_QUEUE_DESC_LOW) / 0x10;

	if (offset == VMMIO_REG_QUEUE_SIZE)
		queue->size = value;
	else
		queue->area[2 * pair + (offset / 4) % 2] = value;
}

static void control(struct vmmio_regfile *rf, uint32_t offset, uint32_t value,
	struct vmmio_actions *actions)
{
	switch (offset) {
	case VMMIO_REG_QUEUE_NOTIFY:
		vmmio_regfile_queue_notify(rf, value, actions);
		break;
	case VMMIO_REG_INTERRUPT_ACK:
		vmmio_regfile_ack(rf, value, actions);
		break;
	case VMMIO_REG_STATUS:
		status_write(rf, value, actions);
		break;
	case VMMIO_REG_DEVICE_FEATURES_SEL:
		selector_write(rf, SEL_DEVICE_FEATURES, value);
		break;
	case VMMIO_REG_DRIVER_FEATURES_SEL:
		selector_write(rf, SEL_DRIVER_FEATURES, value);
		break;
	case VMMIO_REG_QUEUE_SEL:
		selector_write(rf, SEL_QUEUE, value);
		break;
	case VMMIO_REG_SHM_SEL:
		selector_write(rf, SEL_SHM, value);
		break;
	case VMMIO_REG_DRIVER_FEATURES:
		driver_features_write(rf, value);
		break;
	case VMMIO_REG_QUEUE_READY:
		vmmio_regfile_queue_ready_write(rf, value, actions);
		break;
	case VMMIO_REG_QUEUE_RESET:
		vmmio_regfile_queue_reset_write(rf, value, actions);
		break;
	default: /* QueueSize and the six halves of addresses */
		queue_setup_write(rf, offset, value);
	}
}

void vmmio_regfile_write(struct vmmio_regfile *rf, uint64_t offset, unsigned size,
	uint64_t value, struct vmmio_actions *actions)
{
	const struct vmmio_reg_row *row;

	actions->n = 0;
	if (offset >= VMMIO_REG_CONFIG) {
		vmmio_regfile_config_write(rf, offset - VMMIO_REG_CONFIG, size, value, actions);
		return;
	}
	row = size == 4 ? vmmio_reg_row(offset) : NULL;
	if (row && (row->dir & VMMIO_REG_W) && gate_open(rf, row->gate))
		control(rf, row->offset, (uint32_t)value, actions);
	else
		violation_count(rf);
}

void vmmio_regfile_event(struct vmmio_regfile *rf, enum vmmio_event event, uint32_t arg,
	struct vmmio_actions *actions)
{
	actions->n = 0;
	if (event == VMMIO_EVENT_RESET_FINISHED) {
		vmmio_regfile_reset_finish(rf);
		return;
	}
	/* The device that these speak of is gone (E09, E10, E39). */
	if (state_load(rf) & VMMIO_STATE_RESETTING)
		return;
	switch (event) {
	case VMMIO_EVENT_FEATURES:
		vmmio_regfile_features_answer(rf, arg != 0, actions);
		break;
	case VMMIO_EVENT_NEEDS_RESET:
		vmmio_regfile_needs_reset(rf, actions);
		break;
	case VMMIO_EVENT_QUEUE_STOPPED:
		vmmio_regfile_queue_stopped(rf, arg);
		break;
	case VMMIO_EVENT_SUSPENDED:
		vmmio_regfile_suspended(rf);
		break;
	case VMMIO_EVENT_RESUMED:
		vmmio_regfile_resumed(rf, actions);
		break;
	default:
		break;
	}
}
