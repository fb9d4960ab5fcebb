/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Device reset. Version 2: over when the write of zero returns. Version 3: goes on behind it
 * while something is outstanding, unless Status was 0 already; Status reads what it was
 * until the end.
 */
#include <string.h>
#include "conform/model/internal.h"

/* From here on nothing is taken, given back, or said. */
static void stop(struct model *m)
{
	model_late_clear(m);
	if (!faulty(m, FAULT_RESET_KEEPS_INTERRUPT))
		m->interrupt = 0;
	m->spurious_line = m->stuck_line = false;
	m->suspending = false;
	m->offer_sel = m->accepted_sel = m->queue_sel = m->shm_sel = 0;
	for (unsigned i = 0; i < m->options.n_queues; i++)
		m->queues[i].active = false;
	model_orphan(m, NULL);
}

/* Does the write of zero return only when the reset is over? */
static bool within_write(const struct model *m)
{
	if (m->options.version == 2)
		return !m->status ||
		       (!faulty(m, FAULT_RESET_LATE_V2) && !faulty(m, FAULT_RESET_STATUS_FIRST_V2));
	return !m->status && !faulty(m, FAULT_RESET_LATE_AT_ZERO);
}

/* Only a faulty device is in a reset with Status 0, and has to end it here. */
static void join(struct model *m)
{
	while (!m->status && m->resetting && !faulty(m, FAULT_RESET_LATE_AT_ZERO))
		model_step_next(m);
}

void model_reset(struct model *m)
{
	const bool wait = within_write(m);

	if (m->resetting) {
		join(m);
		return;
	}
	if (faulty(m, FAULT_RESET_NOT_DONE)) {
		m->status = 0;
		return;
	}
	stop(m);
	m->resetting = true;
	m->reset_due = model_after(m, m->reset_delay);
	model_step(m);
	while (wait && m->resetting)
		model_step_next(m);
	if (faulty(m, FAULT_RESET_STATUS_FIRST) || faulty(m, FAULT_RESET_STATUS_FIRST_V2))
		m->status = 0;
}

static void reset_queue(struct queue *q)
{
	const bool ready = q->ready, resetting = q->resetting;

	model_queue_default(q);
	q->ready = ready && faulty(q->m, FAULT_RESET_KEEPS_READY);
	q->resetting = resetting && faulty(q->m, FAULT_RESET_KEEPS_QUEUE_RESET);
	if (q->resetting)
		q->reset_due = MODEL_NEVER;
}

static void set_defaults(struct model *m)
{
	for (unsigned i = 0; i < m->options.n_queues; i++)
		reset_queue(&m->queues[i]);
	memset(m->accepted, 0, sizeof(m->accepted));
	m->broken = false;
	m->suspended = false;
	model_config_release(m);
	if (m->type->reset)
		m->type->reset(m);
}

/* Status comes last. */
static void finish(struct model *m)
{
	const uint32_t status = m->status;

	set_defaults(m);
	m->old_status = status;
	m->old_reads = status ? m->options.show.reset_reads : 0;
	m->activity.resets++;
	m->resetting = false;
	if (!faulty(m, FAULT_RESET_STATUS_STAYS) || !(status & VMMIO_STATUS_DRIVER_OK))
		m->status = 0;
	if (faulty(m, FAULT_RESET_STATUS_RETURNS) && status)
		model_late(m, MODEL_LATE_NS, LATE_STATUS, status);
	if (faulty(m, FAULT_RESET_NOTIFIES) && status & VMMIO_STATUS_DRIVER_OK)
		model_late(m, MODEL_LATE_NS, LATE_USED_AFTER_RESET, 0);
}

void model_reset_step(struct model *m)
{
	if (m->resetting && m->now >= model_reset_next(m))
		finish(m);
}

uint64_t model_reset_next(const struct model *m)
{
	uint64_t quiet = model_quiet_at(m, NULL);

	if (faulty(m, FAULT_RESET_FORGETS_IO))
		quiet = 0;
	if (!m->resetting)
		return MODEL_NEVER;
	return quiet > m->reset_due ? quiet : m->reset_due;
}
