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
	m->interrupt = 0;
	m->spurious_line = false;
	m->suspending = false;
	m->offer_sel = m->accepted_sel = m->queue_sel = m->shm_sel = 0;
	for (unsigned i = 0; i < m->options.n_queues; i++)
		m->queues[i].active = false;
	model_orphan(m, NULL);
}

void model_reset(struct model *m)
{
	const bool within_write = m->options.version == 2 || !m->status;

	if (m->resetting)
		return;
	stop(m);
	m->resetting = true;
	m->reset_due = model_after(m, m->reset_delay);
	model_step(m);
	while (within_write && m->resetting)
		model_step_next(m);
}

void model_defaults(struct model *m)
{
	for (unsigned i = 0; i < m->options.n_queues; i++)
		model_queue_default(&m->queues[i]);
	memset(m->accepted, 0, sizeof(m->accepted));
	m->broken = false;
	if (m->change_held)
		model_config_change(m);
	if (m->type->reset)
		m->type->reset(m);
}

/* Status comes last. */
static void finish(struct model *m)
{
	model_defaults(m);
	m->old_status = m->status;
	m->old_reads = m->status ? m->options.show.reset_reads : 0;
	m->activity.resets++;
	m->resetting = false;
	m->status = 0;
}

void model_reset_step(struct model *m)
{
	if (m->resetting && m->now >= model_reset_next(m))
		finish(m);
}

uint64_t model_reset_next(const struct model *m)
{
	const uint64_t quiet = model_quiet_at(m, NULL);

	if (!m->resetting)
		return MODEL_NEVER;
	return quiet > m->reset_due ? quiet : m->reset_due;
}
