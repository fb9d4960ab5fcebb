/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Status: what a non-zero write sets, and what the device answers.
 *
 * Writes only add bits (E20), and no order of bits is refused, except that FEATURES_OK has to
 * pass the checks (E17) and DRIVER_OK needs FEATURES_OK (E18).
 */
#include "regfile/internal.h"

#define PLAIN_BITS (VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FAILED)
#define DRIVER_BITS                                                                                \
	(PLAIN_BITS | VMMIO_STATUS_DRIVER_OK | VMMIO_STATUS_FEATURES_OK | VMMIO_STATUS_SUSPEND)

static uint32_t status_load(const struct vmmio_regfile *rf)
{
	return VMMIO_STATE_STATUS(state_load(rf));
}

/* FEATURES_OK is written and not set yet: whether the backend has to be asked. Asked or
 * not, a DRIVER_OK of the same write waits for the answer of the question that is out. */
static bool features_ask(struct vmmio_regfile *rf, bool refused, bool driver_ok)
{
	struct regfile_writer *writer = &rf->writer;

	if (writer->check_pending) {
		writer->check_driver_ok |= driver_ok;
		return false;
	}
	if (refused || !vmmio_regfile_features_acceptable(rf))
		return false;
	writer->check_pending = 1;
	writer->check_driver_ok = driver_ok;
	return true;
}

/* DRIVER_OK is written and not set, FEATURES_OK is: start, or resume. */
static uint32_t driver_ok(struct vmmio_regfile *rf, uint32_t status, struct vmmio_actions *actions)
{
	if (!(status & VMMIO_STATUS_SUSPEND)) {
		action_kind(actions, VMMIO_ACTION_DRIVER_OK);
		return VMMIO_STATUS_DRIVER_OK;
	}
	/* Reads back only with VMMIO_EVENT_RESUMED, together with SUSPEND = 0. */
	if (rf->writer.suspend == SUSPEND_DONE) {
		rf->writer.suspend = SUSPEND_RESUMING;
		action_kind(actions, VMMIO_ACTION_RESUME);
	}
	return 0;
}

static uint32_t suspend(struct vmmio_regfile *rf, uint32_t status, struct vmmio_actions *actions)
{
	if (!(status & VMMIO_STATUS_DRIVER_OK) || !negotiated(rf, VMMIO_F_SUSPEND))
		return 0;
	rf->writer.suspend = SUSPEND_STOPPING;
	action_kind(actions, VMMIO_ACTION_SUSPEND);
	return VMMIO_STATUS_SUSPEND;
}

void vmmio_regfile_status_write(
	struct vmmio_regfile *rf, uint32_t value, struct vmmio_actions *actions)
{
	uint32_t old = status_load(rf);
	uint32_t fresh = value & ~old;
	uint32_t set = fresh & PLAIN_BITS;

	if (rf->writer.needs_reset && (value & DRIVER_BITS))
		set |= VMMIO_STATUS_NEEDS_RESET;
	if (fresh & VMMIO_STATUS_FAILED)
		action_kind(actions, VMMIO_ACTION_FAILED);
	if (fresh & VMMIO_STATUS_FEATURES_OK) {
		if (features_ask(rf, (old | set) & VMMIO_STATUS_NEEDS_RESET,
			    fresh & VMMIO_STATUS_DRIVER_OK))
			action_kind(actions, VMMIO_ACTION_CHECK_FEATURES);
	} else if ((fresh & VMMIO_STATUS_DRIVER_OK) && (old & VMMIO_STATUS_FEATURES_OK)) {
		set |= driver_ok(rf, old, actions);
	}
	if (fresh & VMMIO_STATUS_SUSPEND)
		set |= suspend(rf, old, actions);
	if (set)
		vmmio_regfile_state_change(rf, 0, set);
}

void vmmio_regfile_features_answer(
	struct vmmio_regfile *rf, bool accepted, struct vmmio_actions *actions)
{
	struct regfile_writer *writer = &rf->writer;
	uint64_t set = VMMIO_STATUS_FEATURES_OK;

	if (!writer->check_pending)
		return;
	writer->check_pending = 0;
	if (!accepted || writer->needs_reset || (status_load(rf) & VMMIO_STATUS_NEEDS_RESET))
		return;
	if (feature_in(writer->driver_features, VMMIO_F_NOTIFICATION_DATA))
		set |= STATE_NOTIFICATION_DATA;
	if (writer->check_driver_ok) {
		set |= VMMIO_STATUS_DRIVER_OK;
		action_kind(actions, VMMIO_ACTION_DRIVER_OK);
	}
	vmmio_regfile_state_change(rf, 0, set);
}

/* Sets Status bits and, where the driver may be interrupted, the config change with them. */
static void change_and_tell(struct vmmio_regfile *rf, uint64_t clear, uint64_t set, bool tell,
	struct vmmio_actions *actions)
{
	uint64_t old;

	if (tell)
		set |= STATE_INT(VMMIO_INT_CONFIG_CHANGE);
	old = vmmio_regfile_state_change(rf, clear, set);
	if (tell && !(VMMIO_STATE_INT(old) & VMMIO_INT_CONFIG_CHANGE))
		action_kind(actions, VMMIO_ACTION_LINE);
}

void vmmio_regfile_needs_reset(struct vmmio_regfile *rf, struct vmmio_actions *actions)
{
	uint32_t status = status_load(rf);

	if (!status) {
		rf->writer.needs_reset = 1;
		return;
	}
	if (rf->writer.suspend == SUSPEND_STOPPING)
		rf->writer.suspend = SUSPEND_NONE;
	else if (rf->writer.suspend == SUSPEND_RESUMING)
		rf->writer.suspend = SUSPEND_DONE;
	change_and_tell(rf, 0, VMMIO_STATUS_NEEDS_RESET, status & VMMIO_STATUS_DRIVER_OK, actions);
}

void vmmio_regfile_suspended(struct vmmio_regfile *rf)
{
	if (rf->writer.suspend != SUSPEND_STOPPING)
		return;
	rf->writer.suspend = SUSPEND_DONE;
	rf->writer.suspend_generation =
		atomic_load_explicit(&rf->generation, memory_order_relaxed);
	vmmio_regfile_state_change(rf, VMMIO_STATUS_DRIVER_OK, 0);
}

/* A config change notification that came up while suspended was withheld until now
 * (GEN-DEV-23, GEN-DEV-24). */
void vmmio_regfile_resumed(struct vmmio_regfile *rf, struct vmmio_actions *actions)
{
	uint32_t generation = atomic_load_explicit(&rf->generation, memory_order_relaxed);
	bool withheld = generation != rf->writer.suspend_generation ||
		(status_load(rf) & VMMIO_STATUS_NEEDS_RESET);

	if (rf->writer.suspend != SUSPEND_RESUMING)
		return;
	rf->writer.suspend = SUSPEND_NONE;
	change_and_tell(rf, VMMIO_STATUS_SUSPEND, VMMIO_STATUS_DRIVER_OK, withheld, actions);
}
