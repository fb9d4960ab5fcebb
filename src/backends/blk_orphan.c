/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bounce mode: I/O that a reset does not wait for.
 *
 * No I/O of such a disk knows an address of the guest's. So when its queue stops, the chain
 * of a request that the engine has not handed back is completed at once, and the request
 * becomes an orphan: it and its buffer stay until the kernel is through with them.
 *
 * What an orphan still does to the image must not overtake what the next driver does: a
 * request that overlaps such an orphan waits, in place BLOCKED, until that has ended. And a
 * guest must not fill the host's memory with them, nor make its threads look through very
 * many: beyond a limit of bytes and one of their number requests keep their chains.
 *
 * Locks: a queue's lock, then orphan_lock.
 */
#include <stdlib.h>

#include "backends/blk.h"

struct blk_pool *vmmio_blk_pool_create(struct blk_queue *q, unsigned n)
{
	struct blk_pool *pool = calloc(1, sizeof(*pool) + n * sizeof(pool->requests[0]));

	if (!pool)
		return NULL;
	atomic_init(&pool->refs, 1);
	pool->n = n;
	for (unsigned i = 0; i < n; i++) {
		pool->requests[i].queue = q;
		pool->requests[i].pool = pool;
		pool->requests[i].next = i + 1 < n ? &pool->requests[i + 1] : NULL;
	}
	return pool;
}

void vmmio_blk_pool_unref(struct blk_pool *pool)
{
	if (pool && atomic_fetch_sub(&pool->refs, 1) == 1)
		free(pool);
}

/* orphan_lock held. What stays allocated because of this orphan: with the first of its pool
 * comes, and with the last goes, the pool. Called while it is not counted in there. */
static uint64_t cost(const struct blk_request *r)
{
	const struct blk_pool *pool = r->pool;
	uint64_t bytes = r->bounce.base ? r->bounce_size : 0;

	if (!pool->orphans)
		bytes += sizeof(*pool) + (uint64_t)pool->n * sizeof(pool->requests[0]);
	return bytes;
}

bool vmmio_blk_give_up(struct blk_request *r)
{
	struct vmmio_blk *blk = r->queue->blk;
	uint64_t bytes;
	bool room;

	pthread_mutex_lock(&blk->orphan_lock);
	bytes = cost(r);
	room = bytes <= blk->orphan_max - blk->orphan_bytes &&
	       atomic_load(&blk->count.orphans) < BLK_ORPHANS;
	/* In use by the device already, so one more use cannot fail. */
	if (room && !blk->orphans && vmmio_io_use(blk->io))
		room = false;
	if (room) {
		atomic_fetch_add(&r->pool->refs, 1);
		r->pool->orphans++;
		atomic_fetch_add(&blk->count.orphans, 1);
		blk->orphan_bytes += bytes;
		*r->link = r->next;
		if (r->next)
			r->next->link = r->link;
		r->next = blk->orphans;
		r->link = &blk->orphans;
		if (r->next)
			r->next->link = &r->next;
		blk->orphans = r;
		r->place = BLK_ORPHAN;
		r->began = ++blk->orphan_serial;
	}
	pthread_mutex_unlock(&blk->orphan_lock);
	return room;
}

static bool changes_image(const struct blk_request *r)
{
	return r->io.op != VMMIO_IO_READ && r->io.op != VMMIO_IO_DATASYNC;
}

static bool overlap(const struct vmmio_io_request *a, const struct vmmio_io_request *b)
{
	return a->offset < b->offset + b->length && b->offset < a->offset + a->length;
}

/* What a read that was given up still reads nobody will look at. */
static bool conflict(const struct blk_request *orphan, const struct blk_request *r)
{
	return changes_image(orphan) && overlap(&orphan->io, &r->io);
}

/* Counts once what it waits for, so that the end of each orphan costs one look at it. */
bool vmmio_blk_must_wait(struct blk_request *r)
{
	struct vmmio_blk *blk = r->queue->blk;
	struct blk_request *orphan;

	r->waits = 0;
	if (!atomic_load_explicit(&blk->count.orphans, memory_order_acquire) ||
		r->io.op == VMMIO_IO_DATASYNC)
		return false;
	pthread_mutex_lock(&blk->orphan_lock);
	for (orphan = blk->orphans; orphan; orphan = orphan->next)
		r->waits += conflict(orphan, r);
	r->counted = ++blk->orphan_serial;
	pthread_mutex_unlock(&blk->orphan_lock);
	return r->waits;
}

/* Whether this end was the last that r has waited for. It counted those which had begun
 * and not ended by then. */
static bool waited_long_enough(struct blk_request *r, const struct blk_request *orphan)
{
	return r->place == BLK_BLOCKED && orphan->began < r->counted &&
	       r->counted < orphan->ended && conflict(orphan, r) && --r->waits == 0;
}

/* What waited in this queue for that orphan as the last; it may have to wait for newer ones. */
static void unblock(struct blk_queue *q, const struct blk_request *orphan)
{
	struct blk_batch batch = {.n = 0};
	struct blk_request *r, *list = NULL;

	pthread_mutex_lock(&q->lock);
	for (r = q->active; r; r = r->next) {
		if (!waited_long_enough(r, orphan))
			continue;
		r->place = BLK_LOCAL;
		r->deferred = list;
		list = r;
	}
	pthread_mutex_unlock(&q->lock);
	while ((r = list)) {
		struct vmmio_io_request *io = &r->io;

		list = r->deferred;
		if (!vmmio_blk_submit(q, &io, 1))
			vmmio_blk_finish(r, &batch, false);
	}
	vmmio_blk_flush_batch(&batch);
}

void vmmio_blk_orphan_end(struct blk_request *r)
{
	struct vmmio_blk *blk = r->queue->blk;
	bool last;

	pthread_mutex_lock(&blk->orphan_lock);
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	r->pool->orphans--;
	blk->orphan_bytes -= cost(r);
	r->ended = ++blk->orphan_serial;
	last = !blk->orphans;
	pthread_mutex_unlock(&blk->orphan_lock);
	for (unsigned i = 0; i < blk->n_queues; i++)
		unblock(&blk->queues[i], r);
	vmmio_blk_release(r);
	vmmio_blk_pool_unref(r->pool);
	if (last)
		vmmio_io_unuse(blk->io);
	/* From here on the disk may be destroyed, and then the engine. */
	atomic_fetch_sub(&blk->count.orphans, 1);
}
