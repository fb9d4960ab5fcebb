/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue of the block device: its request objects, taking chains off the ring, and
 * stopping.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/blk.h"

void vmmio_blk_queue_init(struct vmmio_blk *blk, struct blk_queue *q)
{
	q->blk = blk;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->task_over, NULL);
	q->deferred_tail = &q->deferred;
	q->flush.flush = vmmio_blk_flush_late;
	q->task.run = vmmio_blk_run_task;
	q->task.flags = VMMIO_TASK_MAY_BLOCK;
}

/* One object more than chains can be out, so that pop can always be asked. */
int vmmio_blk_queue_alloc(struct blk_queue *q)
{
	unsigned i, n = q->blk->queue_size + 1u;

	if (q->requests)
		return 0;
	q->requests = calloc(n, sizeof(*q->requests));
	if (!q->requests)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		q->requests[i].queue = q;
		q->requests[i].next = i + 1 < n ? &q->requests[i + 1] : NULL;
	}
	q->free = q->requests;
	q->n_free = n;
	return 0;
}

void vmmio_blk_queue_free(struct blk_queue *q)
{
	free(q->requests);
	q->requests = q->free = NULL;
	q->n_free = 0;
}

/* With the lock held. */
static struct blk_request *get(struct blk_queue *q)
{
	struct blk_request *r = q->free;

	q->free = r->next;
	q->n_free--;
	memset(r, 0, sizeof(*r));
	r->queue = q;
	r->deadline.expired = vmmio_blk_expired;
	r->link = &q->active;
	r->next = q->active;
	if (r->next)
		r->next->link = &r->next;
	q->active = r;
	atomic_fetch_add_explicit(&q->blk->count.in_flight, 1, memory_order_relaxed);
	return r;
}

void vmmio_blk_put(struct blk_request *r)
{
	struct blk_queue *q = r->queue;

	atomic_fetch_sub_explicit(&q->blk->count.in_flight, 1, memory_order_relaxed);
	pthread_mutex_lock(&q->lock);
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	r->next = q->free;
	q->free = r;
	q->n_free++;
	pthread_mutex_unlock(&q->lock);
}

bool vmmio_blk_submit(struct blk_queue *q, struct vmmio_io_request *const *ios, unsigned n)
{
	bool stopping;
	unsigned i;

	pthread_mutex_lock(&q->lock);
	stopping = atomic_load_explicit(&q->stopping, memory_order_relaxed);
	for (i = 0; i < n && !stopping; i++)
		((struct blk_request *)ios[i])->place = BLK_ENGINE;
	if (!stopping)
		vmmio_io_submit(q->blk->io, ios, n);
	pthread_mutex_unlock(&q->lock);
	return !stopping;
}

/* Objects for n chains, LOCAL. */
static unsigned get_all(struct blk_queue *q, struct blk_request **requests,
	const struct vmmio_chain *chains, unsigned n)
{
	struct vmmio_blk *blk = q->blk;
	struct vmmio_device *device = blk->device;
	bool all_pinned = vmmio_memory_all_pinned(vmmio_device_memory(device));
	uint64_t due = 0;
	unsigned i;

	if (blk->delay)
		due = vmmio_executor_now(vmmio_device_executor(device)) + blk->delay;
	pthread_mutex_lock(&q->lock);
	for (i = 0; i < n; i++) {
		requests[i] = get(q);
		requests[i]->due = due;
		requests[i]->pinned = chains[i].pinned;
		requests[i]->prompt = chains[i].pinned && all_pinned;
	}
	pthread_mutex_unlock(&q->lock);
	return n;
}

/* One batch off the ring: parsed, what needs I/O submitted in one go, the rest answered.
 * Returns how many there were. */
static unsigned take(struct blk_queue *q)
{
	struct vmmio_chain chains[BLK_BATCH];
	struct blk_request *requests[BLK_BATCH];
	struct vmmio_io_request *ios[BLK_BATCH];
	struct blk_batch batch = {.n = 0};
	unsigned i, n, n_ios = 0;

	pthread_mutex_lock(&q->lock);
	n = q->n_free < BLK_BATCH ? q->n_free : BLK_BATCH;
	pthread_mutex_unlock(&q->lock);
	n = vmmio_queue_pop(q->queue, chains, n);
	if (!n)
		return 0;
	get_all(q, requests, chains, n);
	for (i = 0; i < n; i++) {
		if (vmmio_blk_parse(requests[i], &chains[i]) && vmmio_blk_step(requests[i]))
			ios[n_ios++] = &requests[i]->io;
		else
			vmmio_blk_finish(requests[i], &batch, true);
	}
	if (n_ios && !vmmio_blk_submit(q, ios, n_ios))
		for (i = 0; i < n_ios; i++)
			vmmio_blk_finish((struct blk_request *)ios[i], &batch, true);
	vmmio_blk_flush_batch(&batch);
	return n;
}

void vmmio_blk_notify(void *ctx, struct vmmio_queue *queue)
{
	struct vmmio_blk *blk = ctx;
	struct blk_queue *q = &blk->queues[vmmio_queue_index(queue)];

	/* Whatever is popped from here on belongs to a queue that runs: if a stop comes in
	 * between, either pop gives nothing or the stop sets this again later. */
	pthread_mutex_lock(&q->lock);
	atomic_store(&q->stopping, false);
	pthread_mutex_unlock(&q->lock);
	/* A queue that was set up after DRIVER_OK, by way of a queue reset. */
	if (vmmio_blk_queue_alloc(q)) {
		vmmio_device_needs_reset(blk->device, "no memory for the requests of a queue");
		return;
	}
	while (take(q))
		;
}

/*
 * Cancels what can be cancelled. Waits for nothing: the leases of what cannot be keep the
 * reset from ending. What the engine cancels comes back through its own completion.
 */
void vmmio_blk_queue_cancel(struct blk_queue *q)
{
	struct vmmio_executor *ex = vmmio_device_executor(q->blk->device);
	struct blk_batch batch = {.n = 0};
	struct blk_request *r, *cut = NULL;

	pthread_mutex_lock(&q->lock);
	atomic_store(&q->stopping, true);
	for (r = q->active; r; r = r->next) {
		if (r->place == BLK_ENGINE) {
			vmmio_io_cancel(q->blk->io, &r->io);
		} else if (r->place == BLK_DELAYED && q->blk->delay_cancellable &&
			   vmmio_executor_disarm(ex, &r->deadline)) {
			r->place = BLK_LOCAL;
			r->deferred = cut;
			cut = r;
		}
	}
	pthread_mutex_unlock(&q->lock);
	while (cut) {
		r = cut;
		cut = r->deferred;
		vmmio_blk_complete(r, &batch);
	}
	vmmio_blk_flush_batch(&batch);
}
