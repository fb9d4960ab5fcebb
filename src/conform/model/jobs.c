/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains between being taken off a queue and being given back. What a chain asks for is done
 * when it is due, that of a stopped queue too: nobody gets it back then, but the stop is not
 * over before.
 */
#include <stdlib.h>
#include "conform/model/internal.h"

static bool is_of(const struct job *job, const struct queue *q)
{
	return !q || job->q == q;
}

static bool reversed(const struct job *job)
{
	return job->delayed && job->q->m->reverse;
}

/* When the last chain that is out is due, queue by queue. */
static void find_latest(const struct model *m)
{
	for (unsigned i = 0; i < m->options.n_queues; i++)
		m->queues[i].latest = 0;
	for (const struct job *job = m->jobs; job; job = job->next)
		if (!job->done && job->due > job->q->latest)
			job->q->latest = job->due;
}

/* In reverse order the last one comes first, so the queue's others wait for it. */
static uint64_t due_at(const struct job *job)
{
	return reversed(job) ? job->q->latest : job->due;
}

bool model_busy(const struct model *m, const struct queue *q)
{
	for (const struct job *job = m->jobs; job; job = job->next)
		if (is_of(job, q))
			return true;
	return false;
}

uint64_t model_quiet_at(const struct model *m, const struct queue *q)
{
	uint64_t quiet = m->now;

	for (const struct job *job = m->jobs; job; job = job->next)
		if (is_of(job, q) && !job->done && job->due > quiet)
			quiet = job->due;
	return quiet;
}

uint64_t model_jobs_next(const struct model *m)
{
	uint64_t next = MODEL_NEVER;

	find_latest(m);
	for (const struct job *job = m->jobs; job; job = job->next)
		if (!job->done && due_at(job) < next)
			next = due_at(job);
	return next;
}

/* --- Taking -------------------------------------------------------------------------------- */

static void append(struct queue *q, struct job *job)
{
	struct model *m = q->m;

	job->due = model_after(m, m->io_delay);
	job->delayed = m->io_delay != 0;
	*m->jobs_end = job;
	m->jobs_end = &job->next;
	q->slots_out += job->slots;
	m->activity.taken++;
	m->activity.in_flight++;
}

bool model_is_early(const struct model *m)
{
	return m->status & VMMIO_STATUS_FEATURES_OK && !(m->status & VMMIO_STATUS_DRIVER_OK) &&
	       !m->suspended;
}

bool model_may_take(const struct model *m)
{
	if (faulty(m, FAULT_EARLY_CONSUMES) && model_is_early(m))
		return !m->resetting && !m->broken;
	if (faulty(m, FAULT_SUSPEND_SERVES) && m->suspended)
		return true;
	return model_live(m);
}

void model_take(struct queue *q)
{
	struct job *job;
	int got;

	if (!q->active || q->broken || !model_may_take(q->m))
		return;
	while ((got = model_ring(q)->take(q, &job)) > 0)
		append(q, job);
	if (got < 0)
		model_queue_break(q);
	else
		model_ring(q)->ask(q);
}

/* --- Giving back --------------------------------------------------------------------------- */

static void unlink_job(struct model *m, struct job **link)
{
	struct job *job = *link;

	*link = job->next;
	if (m->jobs_end == &job->next)
		m->jobs_end = link;
	m->activity.in_flight--;
	free(job);
}

/* What is done and only waits for its turn is over with. */
void model_orphan(struct model *m, const struct queue *q)
{
	struct job **link = &m->jobs;

	while (*link) {
		struct job *job = *link;

		if (!is_of(job, q)) {
			link = &job->next;
			continue;
		}
		job->q->slots_out = 0;
		job->orphan = true;
		if (job->done)
			unlink_job(m, link);
		else
			link = &job->next;
	}
}

void model_drop_all(struct model *m)
{
	while (m->jobs)
		unlink_job(m, &m->jobs);
}

static bool is_lost(const struct job *job)
{
	return job->orphan || job->q->broken || job->q->m->broken;
}

static void give_back(struct model *m, struct job **link)
{
	struct job *job = *link;

	if (!is_lost(job)) {
		job->q->slots_out -= job->slots;
		model_ring(job->q)->give(job->q, job);
	}
	unlink_job(m, link);
}

/* Those of the queue that are done and whose turn it is. */
static void settle(struct queue *q)
{
	bool in_order = model_has(q->m, VMMIO_F_IN_ORDER);
	struct job **link = &q->m->jobs;

	if (faulty(q->m, FAULT_OUT_OF_ORDER))
		in_order = false;
	if (faulty(q->m, FAULT_PACKED_SORTED) && q->packed)
		in_order = true;
	while (*link) {
		struct job *job = *link;

		if (job->q == q && job->done)
			give_back(q->m, link);
		else if (job->q == q && in_order && !is_lost(job))
			return;
		else
			link = &job->next;
	}
}

static bool newest_first(const struct job *job)
{
	return reversed(job) || (faulty(job->q->m, FAULT_PACKED_NEWEST_FIRST) && job->q->packed);
}

static struct job *pick(const struct model *m)
{
	struct job *best = NULL;
	uint64_t best_due = 0;

	find_latest(m);

	for (struct job *job = m->jobs; job; job = job->next) {
		const uint64_t due = job->done ? MODEL_NEVER : due_at(job);

		if (due > m->now)
			continue;
		if (!best || due < best_due || (due == best_due && newest_first(job))) {
			best = job;
			best_due = due;
		}
	}
	return best;
}

static void notify(struct queue *q)
{
	struct model *m = q->m;

	if (!q->active || q->broken || m->broken)
		return;
	if (m->suspended || !(m->status & VMMIO_STATUS_DRIVER_OK))
		return;
	if (model_ring(q)->wants(q))
		model_event(m, VMMIO_INT_USED_BUFFER);
}

/* What the chain asks for. */
static void run(struct model *m, struct job *job)
{
	m->type->run(m, job);
	if (faulty(m, job->q->packed ? FAULT_PACKED_WRITES_READABLE : FAULT_WRITES_READABLE))
		model_job_spoil(job);
}

void model_jobs_step(struct model *m)
{
	struct job *job;

	while ((job = pick(m)) != NULL) {
		if (!job->q->broken && !m->broken)
			run(m, job);
		job->done = true;
		settle(job->q);
	}
	for (unsigned i = 0; i < m->options.n_queues; i++)
		notify(&m->queues[i]);
}
