/* SPDX-License-Identifier: BSD-3-Clause */
/* Device status: what the driver says, and what the device answers. Reset is in reset.c. */
#include "conform/model/internal.h"

#define SET_AS_WRITTEN (VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FAILED)

bool model_live(const struct model *m)
{
	if (m->resetting || m->suspending || m->broken)
		return false;
	return (m->status & (VMMIO_STATUS_DRIVER_OK | VMMIO_STATUS_FAILED)) ==
	       VMMIO_STATUS_DRIVER_OK;
}

bool model_suspended(const struct model *m)
{
	return m->status & VMMIO_STATUS_SUSPEND;
}

uint32_t model_status_read(struct model *m)
{
	if (m->old_reads) {
		m->old_reads--;
		return m->old_status;
	}
	return m->status;
}

/* With Status 0 it stays unsaid until the driver comes: Status starts out as 0. */
void model_needs_reset(struct model *m)
{
	if (!m->status || m->resetting)
		return;
	m->status |= VMMIO_STATUS_NEEDS_RESET;
	if (m->status & VMMIO_STATUS_DRIVER_OK)
		m->interrupt |= VMMIO_INT_CONFIG_CHANGE;
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
	for (unsigned i = 0; i < m->options.n_queues; i++)
		model_queue_start(&m->queues[i]);
	model_step(m);
}

static void resume(struct model *m)
{
	m->status &= ~VMMIO_STATUS_SUSPEND;
	m->status |= VMMIO_STATUS_DRIVER_OK;
	if (m->change_held)
		model_config_change(m);
	start_queues(m);
}

static void set_driver_ok(struct model *m)
{
	if (!(m->status & VMMIO_STATUS_FEATURES_OK))
		return;
	if (model_suspended(m)) {
		if (!m->broken)
			resume(m);
		return;
	}
	m->status |= VMMIO_STATUS_DRIVER_OK;
	if (m->broken)
		model_needs_reset(m);
	start_queues(m);
}

/* Takes no more, and is suspended once all that is out has been given back. */
static void suspend(struct model *m)
{
	if (!model_has(m, VMMIO_F_SUSPEND))
		return;
	m->suspending = true;
	model_step(m);
}

void model_suspend_step(struct model *m)
{
	if (!m->suspending || model_busy(m, NULL))
		return;
	m->suspending = false;
	m->status &= ~VMMIO_STATUS_DRIVER_OK;
	m->status |= VMMIO_STATUS_SUSPEND;
}

/* Bits are set, never cleared; those that are nobody's are ignored. */
void model_status_write(struct model *m, uint32_t value)
{
	const uint32_t added = value & ~m->status;
	const bool initialised = m->status & VMMIO_STATUS_DRIVER_OK;

	if (!value) {
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
	if (added & VMMIO_STATUS_DRIVER_OK)
		set_driver_ok(m);
	if (added & VMMIO_STATUS_SUSPEND && initialised)
		suspend(m);
}
