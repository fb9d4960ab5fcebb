/* SPDX-License-Identifier: BSD-3-Clause */
/* Device status: what the driver says, and what the device answers. Reset is in reset.c. */
#include "conform/model/internal.h"

#define SET_AS_WRITTEN (VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FAILED)

bool model_live(const struct model *m)
{
	if (m->resetting || m->suspending || m->suspended || m->broken)
		return false;
	return (m->status & (VMMIO_STATUS_DRIVER_OK | VMMIO_STATUS_FAILED)) ==
	       VMMIO_STATUS_DRIVER_OK;
}

uint32_t model_status_read(struct model *m)
{
	if (m->old_reads) {
		m->old_reads--;
		return m->old_status;
	}
	if (faulty(m, FAULT_STATUS_HIDES))
		return m->status & ~VMMIO_STATUS_DRIVER;
	return m->status;
}

/* With Status 0 it stays unsaid until the driver comes: Status starts out as 0. */
void model_needs_reset(struct model *m)
{
	if (!m->status || m->resetting)
		return;
	m->status |= VMMIO_STATUS_NEEDS_RESET;
	if (m->status & VMMIO_STATUS_DRIVER_OK && !faulty(m, FAULT_NEEDS_RESET_SILENT))
		model_event(m, VMMIO_INT_CONFIG_CHANGE);
}

static void set_features_ok(struct model *m)
{
	if (!model_features_good(m))
		return;
	m->status |= VMMIO_STATUS_FEATURES_OK;
	if (m->type->accepted)
		m->type->accepted(m);
}

/* Buffers may have become available without a word. */
static void start_queues(struct model *m)
{
	for (unsigned i = 0; i < m->options.n_queues; i++) {
		if (faulty(m, FAULT_EARLY_SKIPPED))
			model_queue_skip(&m->queues[i]);
		model_queue_start(&m->queues[i]);
	}
	model_step(m);
}

static void resume(struct model *m)
{
	if (m->broken || faulty(m, FAULT_RESUME_IGNORED))
		return;
	m->suspended = false;
	m->status |= VMMIO_STATUS_DRIVER_OK;
	if (!faulty(m, FAULT_RESUME_KEEPS_SUSPEND))
		m->status &= ~VMMIO_STATUS_SUSPEND;
	model_config_release(m);
	start_queues(m);
}

static void set_driver_ok(struct model *m)
{
	if (!(m->status & VMMIO_STATUS_FEATURES_OK))
		return;
	m->status |= VMMIO_STATUS_DRIVER_OK;
	if (faulty(m, FAULT_STATUS_DROPS))
		m->status &= ~VMMIO_STATUS_ACKNOWLEDGE;
	if (m->broken)
		model_needs_reset(m);
	start_queues(m);
}

/* Takes no more, and is suspended once all that is out has been given back. */
static void suspend(struct model *m)
{
	if (!model_has(m, VMMIO_F_SUSPEND) || faulty(m, FAULT_SUSPEND_IGNORED))
		return;
	m->suspending = true;
	model_step(m);
}

void model_suspend_step(struct model *m)
{
	if (!m->suspending || model_busy(m, NULL))
		return;
	m->suspending = false;
	m->suspended = true;
	m->status |= VMMIO_STATUS_SUSPEND;
	if (!faulty(m, FAULT_SUSPEND_KEEPS_DRIVER_OK))
		m->status &= ~VMMIO_STATUS_DRIVER_OK;
	if (faulty(m, FAULT_SUSPEND_NOTIFIES))
		model_late(m, MODEL_LATE_NS, LATE_USED_SUSPENDED, 0);
}

static bool resets(const struct model *m, uint32_t value)
{
	if (faulty(m, FAULT_STATUS_FAILED_RESETS) && value & VMMIO_STATUS_FAILED)
		return true;
	return value == 0;
}

/* Bits are set, never cleared; those that are nobody's are ignored. */
void model_status_write(struct model *m, uint32_t value)
{
	const uint32_t added = value & ~m->status;
	const bool initialised = m->status & VMMIO_STATUS_DRIVER_OK;

	if (resets(m, value)) {
		model_reset(m);
		return;
	}
	if (m->resetting)
		return;
	m->status |= added & SET_AS_WRITTEN;
	if (m->broken && m->status)
		m->status |= VMMIO_STATUS_NEEDS_RESET;
	if (added & VMMIO_STATUS_FEATURES_OK)
		set_features_ok(m);
	if (value & VMMIO_STATUS_DRIVER_OK && m->suspended)
		resume(m);
	else if (added & VMMIO_STATUS_DRIVER_OK)
		set_driver_ok(m);
	if (added & VMMIO_STATUS_SUSPEND && initialised)
		suspend(m);
	else if (added & VMMIO_STATUS_SUSPEND && faulty(m, FAULT_SUSPEND_EARLY))
		m->status |= VMMIO_STATUS_SUSPEND;
}
