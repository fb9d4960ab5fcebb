/* SPDX-License-Identifier: BSD-3-Clause */
/* Reset: from the accepted zero write to the store that shows Status = 0. */
#include "regfile/internal.h"

static void selectors_clear(struct vmmio_regfile *rf)
{
	for (unsigned i = 0; i < SEL_COUNT; i++)
		atomic_store_explicit(&rf->selector[i], 0, memory_order_release);
}

static void reset_action(struct vmmio_actions *actions, enum vmmio_reset_how how)
{
	action_add(actions, (struct vmmio_action){ .kind = VMMIO_ACTION_RESET, .value = how });
}

/* Status stays as it is, frozen; the epoch, InterruptStatus and RESETTING change in one
 * swap, after which no raise and no notification of the old life can pass. */
static uint64_t enter(struct vmmio_regfile *rf)
{
	uint64_t old = state_load(rf), word;

	do {
		word = VMMIO_STATE_STATUS(old) | VMMIO_STATE_RESETTING |
			((old & STATE_EPOCH_MASK) + STATE_EPOCH_ONE);
	} while (!atomic_compare_exchange_weak_explicit(
		&rf->state, &old, word, memory_order_acq_rel, memory_order_acquire));
	return old;
}

void vmmio_regfile_reset_begin(struct vmmio_regfile *rf, struct vmmio_actions *actions)
{
	uint64_t old;

	if (state_load(rf) & VMMIO_STATE_RESETTING) {
		reset_action(actions, VMMIO_RESET_JOIN);
		return;
	}
	old = enter(rf);
	selectors_clear(rf);
	/* The line first: a reset that ends inside the write must not leave a call of the
	 * interrupt sink for after Status = 0 (I7). */
	if (VMMIO_STATE_INT(old))
		action_kind(actions, VMMIO_ACTION_LINE);
	reset_action(actions, VMMIO_STATE_STATUS(old) ? VMMIO_RESET_BEGIN : VMMIO_RESET_CLEAN);
}

void vmmio_regfile_reset_finish(struct vmmio_regfile *rf)
{
	uint64_t state = state_load(rf);

	if (!(state & VMMIO_STATE_RESETTING))
		return;
	rf->writer = (struct regfile_writer){ 0 };
	for (uint32_t i = 0; i < rf->n_queues; i++)
		vmmio_regfile_queue_default(rf, i);
	selectors_clear(rf);
	for (uint32_t i = 0; i < rf->n_queues; i++)
		atomic_store_explicit(&rf->queue_flags[i],
			queue_flags_load(rf, i) & QUEUE_RESET, memory_order_release);
	for (uint32_t i = 0; i < rf->n_queues; i++)
		atomic_store_explicit(&rf->queue_flags[i], 0, memory_order_release);
	/* Last: Status = 0, and open for writes again in the same store. Nobody else changes
	 * the word while it says RESETTING, so this swap cannot fail more than spuriously. */
	vmmio_regfile_state_change(rf, ~STATE_EPOCH_MASK, 0);
}
