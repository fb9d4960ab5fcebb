/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Metrics. The ops only add to relaxed atomics: nothing is read back that another variable
 * would have to agree with. What belongs to the device's being there (its queues, whether
 * it may be asked) changes under lock at attach and detach; the ops come between the two
 * and need no lock for the queues.
 */
#include "observe/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "observe/text.h"

#define ADD(counter, n) atomic_fetch_add_explicit(&(counter), (n), memory_order_relaxed)
#define GET(counter) atomic_load_explicit(&(counter), memory_order_relaxed)

/* --- Histograms ----------------------------------------------------------------- */

static unsigned bucket_of(uint64_t value)
{
	return value ? 64u - (unsigned)__builtin_clzll(value) : 0;
}

static void histogram_add(struct histogram *h, uint64_t value)
{
	uint64_t max = GET(h->max);

	ADD(h->bucket[bucket_of(value)], 1);
	ADD(h->sum, value);
	/* Fails only when somebody has raised it. */
	while (max < value &&
		!atomic_compare_exchange_weak_explicit(
			&h->max, &max, value, memory_order_relaxed, memory_order_relaxed))
		;
}

static void histogram_get(struct histogram *h, struct vmmio_histogram *out)
{
	*out = (struct vmmio_histogram){.sum = GET(h->sum), .max = GET(h->max)};
	for (unsigned i = 0; i < VMMIO_HISTOGRAM_BUCKETS; i++) {
		out->bucket[i] = GET(h->bucket[i]);
		out->count += out->bucket[i];
	}
}

static uint64_t bucket_top(unsigned bucket)
{
	return bucket < 64 ? (UINT64_C(1) << bucket) - 1 : UINT64_MAX;
}

int vmmio_histogram_quantile(const struct vmmio_histogram *h, double q, uint64_t *out)
{
	double wanted, below = 0;
	unsigned i = 0;

	if (!h || !out || !(q >= 0 && q <= 1))
		return -EINVAL;
	if (!h->count)
		return -ENODATA;
	wanted = q * (double)h->count;
	while (i < VMMIO_HISTOGRAM_BUCKETS - 1 &&
		(!h->bucket[i] || below + (double)h->bucket[i] < wanted))
		below += (double)h->bucket[i++];
	/* The greatest value is known better than by its bucket. */
	*out = i >= bucket_of(h->max) ? h->max : bucket_top(i);
	return 0;
}

/* --- What happens --------------------------------------------------------------- */

static void on_write(void *ctx, const struct vmmio_observed_access *access)
{
	struct vmmio_metrics *m = ctx;

	if (access->offset == VMMIO_REG_STATUS && access->size == 4 && !(uint32_t)access->value &&
		access->status && !access->result)
		histogram_add(&m->stall, access->took);
}

static void on_reset_begin(void *ctx, const struct vmmio_observed_reset *reset)
{
	struct vmmio_metrics *m = ctx;

	ADD(m->resets[reset->by], 1);
	if (reset->idle)
		ADD(m->idle, 1);
}

static void on_reset_end(void *ctx, const struct vmmio_observed_reset *reset)
{
	struct vmmio_metrics *m = ctx;

	ADD(m->ended, 1);
	if (!reset->idle && reset->by != VMMIO_RESET_BY_DESTROY)
		histogram_add(&m->to_zero, reset->ended - reset->began);
}

static void on_popped(void *ctx, const struct vmmio_observed_pop *pop)
{
	struct queue_metrics *q = &((struct vmmio_metrics *)ctx)->queues[pop->queue];

	ADD(q->chains, pop->chains);
	ADD(q->readable, pop->readable);
	ADD(q->writable, pop->writable);
}

static void on_completed(void *ctx, const struct vmmio_observed_completion *completion)
{
	struct queue_metrics *q = &((struct vmmio_metrics *)ctx)->queues[completion->queue];

	ADD(q->completed, completion->chains);
	if (completion->dropped)
		ADD(q->dropped, completion->chains);
	ADD(q->written, completion->written);
	if (completion->notified)
		ADD(q->notified, 1);
	else if (completion->used)
		ADD(q->suppressed, 1);
}

static void on_kicked(void *ctx, unsigned queue)
{
	ADD(((struct vmmio_metrics *)ctx)->queues[queue].kicks, 1);
}

static void on_fault(void *ctx, unsigned queue, enum vmmio_fault fault)
{
	struct vmmio_metrics *m = ctx;

	ADD(m->faults[fault], 1);
	ADD(m->queues[queue].faults, 1);
}

static void on_stuck(void *ctx, const struct vmmio_stuck_report *report)
{
	struct vmmio_metrics *m = ctx;

	(void)report;
	ADD(m->stuck, 1);
}

/* --- Life ----------------------------------------------------------------------- */

static unsigned count_queues(struct vmmio_device *device)
{
	unsigned n = 0;

	while (vmmio_device_queue(device, n))
		n++;
	return n;
}

/* lock held */
static int attach(struct vmmio_metrics *m, struct vmmio_device *device)
{
	unsigned n = count_queues(device);

	m->queues = calloc(n ? n : 1, sizeof(m->queues[0]));
	if (!m->queues)
		return -ENOMEM;
	m->n_queues = n;
	m->device = device;
	return 0;
}

static int on_attach(void *ctx, struct vmmio_device *device)
{
	struct vmmio_metrics *m = ctx;
	int error = -EBUSY;
	bool now;

	pthread_mutex_lock(&m->lock);
	now = m->device;
	if (!m->queues)
		error = attach(m, device);
	pthread_mutex_unlock(&m->lock);
	if (error == -EBUSY)
		observe_refuse(&m->log, error,
			"metrics: they %s a device already; create some for each device",
			now ? "watch" : "have watched");
	return error;
}

static void on_detach(void *ctx)
{
	struct vmmio_metrics *m = ctx;

	pthread_mutex_lock(&m->lock);
	m->device = NULL;
	pthread_mutex_unlock(&m->lock);
}

static const struct vmmio_observer_ops ops = {
	.size = sizeof(ops),
	.attach = on_attach,
	.detach = on_detach,
	.write = on_write,
	.reset_begin = on_reset_begin,
	.reset_end = on_reset_end,
	.popped = on_popped,
	.completed = on_completed,
	.kicked = on_kicked,
	.fault = on_fault,
	.stuck = on_stuck,
};

int vmmio_metrics_create(const struct vmmio_metrics_options *options, struct vmmio_metrics **out)
{
	struct vmmio_metrics *m;

	if (!out)
		return -EINVAL;
	if (options && options->size < sizeof(*options)) /* 0 may still have a log */
		return observe_refuse(options->size ? NULL : &options->log, -EINVAL,
			"metrics: options.size is 0; set it to sizeof(struct vmmio_metrics_options)");
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->observer = (struct vmmio_observer){&ops, m};
	if (options)
		m->log = options->log;
	pthread_mutex_init(&m->lock, NULL);
	*out = m;
	return 0;
}

int vmmio_metrics_destroy(struct vmmio_metrics *m)
{
	bool attached;

	if (!m)
		return 0;
	pthread_mutex_lock(&m->lock);
	attached = m->device;
	pthread_mutex_unlock(&m->lock);
	if (attached)
		return observe_refuse(&m->log, -EBUSY,
			"metrics: destroyed while their device is there; destroy the device first and wait "
			"for its callback");
	pthread_mutex_destroy(&m->lock);
	free(m->queues);
	free(m);
	return 0;
}

const struct vmmio_observer *vmmio_metrics_observer(const struct vmmio_metrics *m)
{
	return m ? &m->observer : NULL;
}

/* --- Snapshots ------------------------------------------------------------------ */

/* The lock keeps the device: its detach waits for it. */
static void get_pending(struct vmmio_metrics *m, struct vmmio_metrics_snapshot *out)
{
	pthread_mutex_lock(&m->lock);
	out->n_queues = m->n_queues;
	if (m->device)
		out->pending = vmmio_device_pending(m->device, &out->reset);
	pthread_mutex_unlock(&m->lock);
	out->reset.device = NULL; /* its name goes with it */
	if (!out->pending)
		out->reset = (struct vmmio_stuck_report){0};
}

int vmmio_metrics_snapshot(struct vmmio_metrics *m, struct vmmio_metrics_snapshot *out)
{
	if (!m || !out)
		return -EINVAL;
	*out = (struct vmmio_metrics_snapshot){
		.idle = GET(m->idle),
		.ended = GET(m->ended),
		.stuck = GET(m->stuck),
	};
	for (unsigned i = 0; i < VMMIO_RESET_BY_COUNT; i++)
		out->resets[i] = GET(m->resets[i]);
	for (unsigned i = 0; i < VMMIO_FAULT_COUNT; i++)
		out->faults[i] = GET(m->faults[i]);
	histogram_get(&m->stall, &out->stall);
	histogram_get(&m->to_zero, &out->to_zero);
	get_pending(m, out);
	return 0;
}

int vmmio_metrics_queue(struct vmmio_metrics *m, unsigned queue, struct vmmio_metrics_queue *out)
{
	struct queue_metrics *q = NULL;

	if (!m || !out)
		return -EINVAL;
	pthread_mutex_lock(&m->lock);
	if (queue < m->n_queues)
		q = &m->queues[queue];
	pthread_mutex_unlock(&m->lock);
	if (!q)
		return -EINVAL;
	*out = (struct vmmio_metrics_queue){
		.kicks = GET(q->kicks),
		.chains = GET(q->chains),
		.readable = GET(q->readable),
		.writable = GET(q->writable),
		.completed = GET(q->completed),
		.dropped = GET(q->dropped),
		.written = GET(q->written),
		.notified = GET(q->notified),
		.suppressed = GET(q->suppressed),
		.faults = GET(q->faults),
	};
	return 0;
}
