/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The state word: InterruptStatus, and how the word may change (I13).
 *
 * The writer side and any number of raising and acknowledging threads change it at the same
 * time, so every change is a compare-and-swap that repeats its checks on the word it replaces.
 */
#include "regfile/internal.h"

static bool state_swap(struct vmmio_regfile *rf, uint64_t *expected, uint64_t desired)
{
	return atomic_compare_exchange_weak_explicit(
		&rf->state, expected, desired, memory_order_acq_rel, memory_order_acquire);
}

uint64_t vmmio_regfile_state(const struct vmmio_regfile *rf)
{
	return state_load(rf);
}

uint64_t vmmio_regfile_state_change(struct vmmio_regfile *rf, uint64_t clear, uint64_t set)
{
	uint64_t word = state_load(rf);

	while (!state_swap(rf, &word, (word & ~clear) | set))
		;
	return word;
}

/*
 * The swap is made even if the bits are set already. It puts this raise into the order of the
 * word's changes: either an InterruptACK comes later, and whoever acknowledged sees the used
 * entry that this raise stands for, or it came earlier, and the bit is set again. With a mere
 * look at the word both could miss each other.
 */
bool vmmio_regfile_raise(struct vmmio_regfile *rf, uint32_t epoch, uint32_t bits)
{
	uint64_t word = state_load(rf);

	do {
		if (VMMIO_STATE_EPOCH(word) != epoch || (word & VMMIO_STATE_RESETTING) ||
			!(VMMIO_STATE_STATUS(word) & VMMIO_STATUS_DRIVER_OK))
			return false;
	} while (!state_swap(rf, &word, word | STATE_INT(bits & VMMIO_INT_ALL)));
	return true;
}

/* Acquire pairs with raise: used entries published before it are visible after the ACK. */
void vmmio_regfile_ack(struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions)
{
	uint64_t clear = STATE_INT(value & VMMIO_INT_ALL);
	uint64_t word = state_load(rf);

	do {
		if (!(word & clear))
			return;
	} while (!state_swap(rf, &word, word & ~clear));
	action_kind(actions, VMMIO_ACTION_LINE);
}
