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
	unsigned n = q->blk->queue_size + 1u;

	/* Orphans are missing from the last life's. */
	if (q->pool && q->n_free == q->pool->n)
		return 0;
	vmmio_blk_queue_free(q);
	q->pool = vmmio_blk_pool_create(q, n);
	if (!q->pool)
		return -ENOMEM;
	q->free = q->pool->requests;
	q->n_free = n;
	return 0;
}

void vmmio_blk_queue_free(struct blk_queue *q)
{
	vmmio_blk_pool_unref(q->pool);
	q->pool = NULL;
	q->free = NULL;
	q->n_free = 0;
}

/* With the lock held: who looks without it sees some number of late. */
static void count_free(struct blk_queue *q, int n)
{
	unsigned now = atomic_load_explicit(&q->n_free, memory_order_relaxed);

	atomic_store_explicit(&q->n_free, now + (unsigned)n, memory_order_relaxed);
}

/* With the lock held. */
static struct blk_request *get(struct blk_queue *q)
{
	struct blk_request *r = q->free;
	struct blk_pool *pool = r->pool;

	q->free = r->next;
	count_free(q, -1);
	memset(r, 0, sizeof(*r));
	r->queue = q;
	r->pool = pool;
	r->deadline.expired = vmmio_blk_expired;
	r->link = &q->active;
	r->next = q->active;
	if (r->next)
		r->next->link = &r->next;
	q->active = r;
	atomic_fetch_add_explicit(&q->blk->count.in_flight, 1, memory_order_relaxed);
	return r;
}

void vmmio_blk_put_locked(struct blk_request *r)
{
	struct blk_queue *q = r->queue;

	atomic_fetch_sub_explicit(&q->blk->count.in_flight, 1, memory_order_relaxed);
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	r->next = q->free;
	q->free = r;
	count_free(q, 1);
}

bool vmmio_blk_submit(struct blk_queue *q, struct vmmio_io_request *const *ios, unsigned n)
{
	struct vmmio_io_request *go[BLK_BATCH];
	unsigned i, n_go = 0;
	bool stopping;

	pthread_mutex_lock(&q->lock);
	stopping = atomic_load_explicit(&q->stopping, memory_order_relaxed);
	for (i = 0; i < n && !stopping; i++) {
		struct blk_request *r = (struct blk_request *)ios[i];

		r->place = vmmio_blk_must_wait(r) ? BLK_BLOCKED : BLK_ENGINE;
		if (r->place == BLK_ENGINE)
			go[n_go++] = ios[i];
	}
	if (n_go)
		vmmio_io_submit(q->blk->io, go, n_go);
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

	/* Only who pops makes it less. */
	n = atomic_load_explicit(&q->n_free, memory_order_relaxed);
	n = vmmio_queue_pop(q->queue, chains, n < BLK_BATCH ? n : BLK_BATCH);
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
	int err = 0;

	/* Whatever is popped from here on belongs to a queue that runs: if a stop comes in
	 * between, either pop gives nothing or the stop sets this again later. A queue that
	 * was stopped has no request but orphans. */
	pthread_mutex_lock(&q->lock);
	if (atomic_exchange(&q->stopping, false) || !q->pool)
		err = vmmio_blk_queue_alloc(q);
	pthread_mutex_unlock(&q->lock);
	if (err) {
		vmmio_device_needs_reset(blk->device, "no memory for the requests of a queue");
		return;
	}
	while (take(q))
		;
}

/*
 * Cancels what can be cancelled, with the lock held: what the engine cancels comes back
 * through its own completion, and what was only waiting goes onto the list cut. In bounce
 * mode the chains of what the engine has go into the batch, as many as it holds. false: it
 * was full.
 */
static bool cancel(struct blk_queue *q, struct blk_request **cut, struct blk_batch *lost)
{
	struct vmmio_executor *ex = vmmio_device_executor(q->blk->device);
	struct blk_request *r, *next;

	for (r = q->active; r; r = next) {
		next = r->next;
		if (r->place == BLK_ENGINE) {
			vmmio_io_cancel(q->blk->io, &r->io);
			if (q->blk->bounce && lost->n == BLK_BATCH)
				return false;
			if (q->blk->bounce && vmmio_blk_give_up(r))
				vmmio_blk_lose(r, lost);
			continue;
		}
		if (r->place != BLK_BLOCKED &&
			(r->place != BLK_DELAYED || !q->blk->delay_cancellable ||
				!vmmio_executor_disarm(ex, &r->deadline)))
			continue;
		r->place = BLK_LOCAL;
		r->deferred = *cut;
		*cut = r;
	}
	return true;
}

/* Waits for nothing: the leases of what cannot be cancelled keep the reset from ending. */
void vmmio_blk_queue_cancel(struct blk_queue *q)
{
	struct blk_request *r, *cut = NULL;
	struct blk_batch batch = {.n = 0};
	bool all;

	do {
		pthread_mutex_lock(&q->lock);
		atomic_store(&q->stopping, true);
		all = cancel(q, &cut, &batch);
		pthread_mutex_unlock(&q->lock);
		vmmio_blk_flush_batch(&batch);
	} while (!all);
	while ((r = cut)) {
		cut = r->deferred;
		vmmio_blk_release(r);
		vmmio_blk_complete(r, &batch);
	}
	vmmio_blk_flush_batch(&batch);
}
