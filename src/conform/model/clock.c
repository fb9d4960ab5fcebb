/* SPDX-License-Identifier: BSD-3-Clause */
/* The virtual clock: what is due when, and doing it. */
#include "conform/model/internal.h"

uint64_t model_now(const struct model *m)
{
	return m->now;
}

/* ns from now, or the end of time. */
uint64_t model_after(const struct model *m, uint64_t ns)
{
	return ns < MODEL_NEVER - 1 - m->now ? m->now + ns : MODEL_NEVER - 1;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t next_due(const struct model *m)
{
	uint64_t due = earlier(model_jobs_next(m), model_reset_next(m));

	due = earlier(due, model_late_next(m));

	for (unsigned i = 0; i < m->options.n_queues; i++)
		due = earlier(due, model_queue_reset_next(&m->queues[i]));
	return due;
}

void model_step(struct model *m)
{
	model_queues_look(m);
	model_jobs_step(m);
	model_late_step(m);
	for (unsigned i = 0; i < m->options.n_queues; i++)
		model_queue_reset_step(&m->queues[i]);
	model_suspend_step(m);
	model_reset_step(m);
}

void model_step_next(struct model *m)
{
	const uint64_t due = next_due(m);

	if (due == MODEL_NEVER)
		return;
	if (due > m->now)
		m->now = due;
	model_step(m);
}

void model_advance(struct model *m, uint64_t ns)
{
	const uint64_t until = model_after(m, ns);

	while (next_due(m) <= until)
		model_step_next(m);
	m->now = until;
	if (shows(m, MODEL_SHOW_QUIET))
		model_step(m);
}
