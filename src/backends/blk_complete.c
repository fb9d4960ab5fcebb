/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From the end of an I/O to the used ring, by way of the delay option and, where guest
 * memory may be missing, of a task: a shared I/O thread touches none that may. Nor does it
 * complete chains of such a device, also not those that are only to be dropped: whoever
 * waits for a missing page of the ring has the ring's lock.
 *
 * A queue has one task at a time, so that it takes one thread of a pool however many of its
 * requests wait for a page.
 *
 * A completion is the last thing done for a chain. With the last lease the device may
 * finish a reset and free the requests, so nothing of the queue is touched after it.
 */
#include <string.h>

#include "backends/blk.h"

static bool stopping(const struct blk_queue *q)
{
	return atomic_load_explicit(&q->stopping, memory_order_relaxed);
}

void vmmio_blk_flush_batch(struct blk_batch *batch)
{
	if (batch->n)
		vmmio_queue_complete(batch->queue, batch->completions, batch->n);
	batch->n = 0;
}

static void count(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void count_end(const struct blk_request *r, bool dropped)
{
	struct blk_counters *c = &r->queue->blk->count;

	if (dropped)
		count(&c->cancelled, 1);
	else if (r->answer == VMMIO_BLK_S_IOERR)
		count(&c->errors, 1);
	else if (r->answer == VMMIO_BLK_S_UNSUPP)
		count(&c->unsupported, 1);
	else if (r->type == VMMIO_BLK_T_IN)
		count(&c->bytes_read, r->length);
	else if (r->type == VMMIO_BLK_T_OUT)
		count(&c->bytes_written, r->length);
}

/*
 * The len of a used element promises that so many bytes were written from the first
 * writable one on. The status byte is the last one, so it counts only if all before it was
 * written; a failed read promises nothing, though its status byte is there.
 */
static uint32_t used_len(const struct blk_request *r)
{
	uint32_t written = r->written;

	if (!r->status)
		return 0;
	if (r->type == VMMIO_BLK_T_IN && r->answer == VMMIO_BLK_S_OK)
		written = (uint32_t)r->length;
	return written == r->writable_len - 1 ? r->writable_len : written;
}

/* The dirty log takes len for what was written. Where that promises less than was, or may
 * have been, it has to be told: by a read that failed or is dropped, by a status byte behind
 * a part that was not filled. */
static void tell_dirty(const struct blk_request *r, uint32_t len, bool dropped)
{
	uint32_t data = r->written;

	if (r->type == VMMIO_BLK_T_IN && r->io.done) /* there was I/O */
		data = (uint32_t)r->length;
	if (data > len)
		vmmio_queue_dirty(r->queue->queue, r->token, 0, data);
	if (!dropped && r->status && len < r->writable_len)
		vmmio_queue_dirty(r->queue->queue, r->token, r->writable_len - 1, 1);
}

/* The first n of the late completions; with the lock held. */
static void take_late(struct blk_queue *q, struct blk_batch *batch, unsigned n)
{
	batch->queue = q->queue;
	batch->n = n;
	memcpy(batch->completions, q->late.completions, n * sizeof(batch->completions[0]));
	q->late.n -= n;
	memmove(q->late.completions, q->late.completions + n,
		q->late.n * sizeof(batch->completions[0]));
}

/* What ends in one batch of the engine's callbacks goes into the ring in one go. */
static void complete_late(struct blk_request *r, const struct vmmio_completion *completion)
{
	struct blk_queue *q = r->queue;
	struct blk_batch batch = {.n = 0};
	bool marked = true;

	pthread_mutex_lock(&q->lock);
	vmmio_blk_put_locked(r);
	if (q->late.n == 0)
		marked = vmmio_io_flush_later(&q->flush);
	q->late.completions[q->late.n++] = *completion;
	if (!marked)
		take_late(q, &batch, q->late.n);
	else if (q->late.n == BLK_BATCH) /* one stays behind, see blk_queue.late */
		take_late(q, &batch, BLK_BATCH - 1);
	pthread_mutex_unlock(&q->lock);
	vmmio_blk_flush_batch(&batch);
}

/* Before the driver can see it the object is free: its next request needs one. */
static void complete_now(struct blk_request *r, const struct vmmio_completion *completion,
	struct blk_batch *batch)
{
	struct blk_queue *q = r->queue;

	batch->queue = q->queue;
	batch->completions[batch->n] = *completion;
	pthread_mutex_lock(&q->lock);
	vmmio_blk_put_locked(r);
	pthread_mutex_unlock(&q->lock);
	if (++batch->n == BLK_BATCH)
		vmmio_blk_flush_batch(batch);
}

void vmmio_blk_complete(struct blk_request *r, struct blk_batch *batch)
{
	struct vmmio_completion completion = {.token = r->token};
	struct vmmio_queue *queue = r->queue->queue;
	/* A fence waits for who has begun, so that nothing is written after it. */
	bool dropped = stopping(r->queue) || !vmmio_queue_access_begin(queue);

	completion.len = dropped ? 0 : used_len(r);
	if (!dropped && r->status)
		*r->status = r->answer;
	if (!dropped)
		vmmio_queue_access_end(queue);
	tell_dirty(r, completion.len, dropped);
	count_end(r, dropped);
	if (batch->late)
		complete_late(r, &completion);
	else
		complete_now(r, &completion, batch);
}

/* The queue's lock held. Only the chain: the request is an orphan, and the engine's. Nothing
 * of its last I/O has reached the guest's memory; what earlier ones brought is told by len,
 * for the completion is dropped. Not by vmmio_queue_dirty: the ring's lock may be held over a
 * missing page, and I/O threads wait for ours. */
void vmmio_blk_lose(const struct blk_request *r, struct blk_batch *batch)
{
	struct blk_queue *q = r->queue;

	count(&q->blk->count.cancelled, 1);
	atomic_fetch_sub_explicit(&q->blk->count.in_flight, 1, memory_order_relaxed);
	batch->queue = q->queue;
	batch->completions[batch->n++] = (struct vmmio_completion){
		.token = r->token,
		.len = r->type == VMMIO_BLK_T_IN ? (uint32_t)r->bounced : 0,
	};
}

/* Leaves r to the queue's task. */
static void defer(struct blk_request *r, bool io_over)
{
	struct blk_queue *q = r->queue;
	struct vmmio_executor *ex = vmmio_device_executor(q->blk->device);
	bool submit;

	r->io_over = io_over;
	r->deferred = NULL;
	pthread_mutex_lock(&q->lock);
	*q->deferred_tail = r;
	q->deferred_tail = &r->deferred;
	submit = !q->task_queued;
	q->task_queued = true;
	pthread_mutex_unlock(&q->lock);
	if (submit) /* until then r's lease keeps q in being */
		vmmio_executor_submit(ex, &q->task);
}

static void deliver(struct blk_request *r, struct blk_batch *batch, bool may_touch)
{
	if (may_touch || r->prompt)
		vmmio_blk_complete(r, batch);
	else
		defer(r, false);
}

/* true: the deadline has it. */
static bool hold_back(struct blk_request *r)
{
	struct blk_queue *q = r->queue;
	struct vmmio_blk *blk = q->blk;
	struct vmmio_executor *ex;
	bool held;

	if (!blk->delay)
		return false;
	ex = vmmio_device_executor(blk->device);
	pthread_mutex_lock(&q->lock);
	held = !(stopping(q) && blk->delay_cancellable) && vmmio_executor_now(ex) < r->due;
	if (held) {
		r->place = BLK_DELAYED;
		vmmio_executor_arm(ex, &r->deadline, r->due);
	}
	pthread_mutex_unlock(&q->lock);
	return held;
}

void vmmio_blk_finish(struct blk_request *r, struct blk_batch *batch, bool may_touch)
{
	vmmio_blk_release(r);
	if (!hold_back(r))
		deliver(r, batch, may_touch);
}

/* false: it is an orphan, and stays one. */
static bool make_local(struct blk_request *r)
{
	bool mine;

	pthread_mutex_lock(&r->queue->lock);
	mine = r->place != BLK_ORPHAN;
	if (mine)
		r->place = BLK_LOCAL;
	pthread_mutex_unlock(&r->queue->lock);
	return mine;
}

void vmmio_blk_expired(struct vmmio_deadline *deadline)
{
	struct blk_request *r = (struct blk_request *)(void *)((char *)deadline -
							       offsetof(struct blk_request, deadline));
	struct blk_batch batch = {.n = 0};

	(void)make_local(r);
	deliver(r, &batch, false);
	vmmio_blk_flush_batch(&batch);
}

/* After an I/O: the next one, or the end. */
static void go_on(struct blk_request *r, struct blk_batch *batch, bool may_touch)
{
	struct vmmio_queue *queue = r->queue->queue;
	struct vmmio_io_request *io = &r->io;
	bool more = false;

	/* Both copy between guest memory and a bounce buffer. */
	if (!stopping(r->queue) && vmmio_queue_access_begin(queue)) {
		more = vmmio_blk_absorb(r) && vmmio_blk_step(r);
		vmmio_queue_access_end(queue);
	}
	if (more && vmmio_blk_submit(r->queue, &io, 1))
		return;
	vmmio_blk_finish(r, batch, may_touch);
}

void vmmio_blk_flush_late(struct vmmio_io_flush *flush)
{
	struct blk_queue *q =
		(struct blk_queue *)(void *)((char *)flush - offsetof(struct blk_queue, flush));
	struct blk_batch batch;

	pthread_mutex_lock(&q->lock);
	take_late(q, &batch, q->late.n);
	pthread_mutex_unlock(&q->lock);
	vmmio_blk_flush_batch(&batch);
}

void vmmio_blk_io_done(struct vmmio_io_request *io)
{
	struct blk_request *r = (struct blk_request *)io;
	struct blk_batch batch = {.late = true};

	if (!make_local(r)) {
		vmmio_blk_orphan_end(r);
		return;
	}
	if (r->prompt)
		go_on(r, &batch, false);
	else
		defer(r, true);
}

static void run_deferred(struct blk_queue *q)
{
	struct blk_batch batch = {.n = 0};
	struct blk_request *list, *r;

	pthread_mutex_lock(&q->lock);
	list = q->deferred;
	q->deferred = NULL;
	q->deferred_tail = &q->deferred;
	pthread_mutex_unlock(&q->lock);
	while ((r = list)) {
		list = r->deferred;
		if (r->io_over)
			go_on(r, &batch, true);
		else
			vmmio_blk_complete(r, &batch);
	}
	vmmio_blk_flush_batch(&batch);
}

/* It may have returned the last lease: detach waits until it has let go of the queue. What
 * came meanwhile is for another round, after whatever else the executor has to do. */
void vmmio_blk_run_task(struct vmmio_task *task)
{
	struct blk_queue *q =
		(struct blk_queue *)(void *)((char *)task - offsetof(struct blk_queue, task));
	struct vmmio_executor *ex = vmmio_device_executor(q->blk->device);
	bool again;

	run_deferred(q);
	pthread_mutex_lock(&q->lock);
	again = q->deferred != NULL;
	q->task_queued = again;
	if (!again)
		pthread_cond_signal(&q->task_over);
	pthread_mutex_unlock(&q->lock);
	if (again) /* with leases, which keep q in being */
		vmmio_executor_submit(ex, &q->task);
}

void vmmio_blk_wait_task(struct blk_queue *q)
{
	pthread_mutex_lock(&q->lock);
	while (q->task_queued)
		pthread_cond_wait(&q->task_over, &q->lock);
	pthread_mutex_unlock(&q->lock);
}
