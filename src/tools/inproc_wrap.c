/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The backend around the backend. Stops are answered later if that was asked for; what the
 * disk gives to its engine, and the chains of the null backend, go through the hold.
 */
#include <errno.h>

#include "tools/inproc_internal.h"

#define BATCH 16u

/* --- Stops that take their time ------------------------------------------------------- */

static void answer(struct stop *stop)
{
	stop->armed = false;
	/* If a reset has come between, the device does not want it any more: ignored. */
	vmmio_device_answer(stop->p->device, stop->token, 0);
}

static void stopped(struct vmmio_deadline *deadline)
{
	answer((struct stop *)(void *)((char *)deadline - offsetof(struct stop, deadline)));
}

/* What the hook answers whose work is done. */
static int answer_later(struct inproc *p, unsigned n, vmmio_token token)
{
	struct stop *stop = &p->stops[n];
	uint64_t now = vmmio_executor_now(p->ex);

	if (!p->stop_delay)
		return 0;
	if (stop->armed)
		vmmio_executor_disarm(p->ex, &stop->deadline);
	stop->armed = true;
	stop->token = token;
	vmmio_executor_arm(p->ex, &stop->deadline,
		p->stop_delay > UINT64_MAX - now ? UINT64_MAX : now + p->stop_delay);
	return VMMIO_PENDING;
}

/* --- Hooks: no backend answers one later itself --------------------------------------- */

static int attach(void *ctx, struct vmmio_device *device)
{
	const struct vmmio_backend *inner = ((struct inproc *)ctx)->inner;

	return inner->ops->attach ? inner->ops->attach(inner->ctx, device) : 0;
}

static int features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS])
{
	const struct vmmio_backend *inner = ((struct inproc *)ctx)->inner;

	return inner->ops->features ? inner->ops->features(inner->ctx, accepted) : 0;
}

static int start(void *ctx, vmmio_token token)
{
	const struct vmmio_backend *inner = ((struct inproc *)ctx)->inner;

	return inner->ops->start ? inner->ops->start(inner->ctx, token) : 0;
}

static int queue_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	struct inproc *p = ctx;
	int result = 0;

	if (p->inner->ops->queue_stop)
		result = p->inner->ops->queue_stop(p->inner->ctx, queue, token);
	return result ? result : answer_later(p, 1 + vmmio_queue_index(queue), token);
}

static int quiesce(void *ctx, vmmio_token token)
{
	struct inproc *p = ctx;
	int result = 0;

	if (p->inner->ops->quiesce)
		result = p->inner->ops->quiesce(p->inner->ctx, token);
	return result ? result : answer_later(p, 0, token);
}

static void reset_finish(void *ctx)
{
	const struct vmmio_backend *inner = ((struct inproc *)ctx)->inner;

	if (inner->ops->reset_finish)
		inner->ops->reset_finish(inner->ctx);
}

static void config_write(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	const struct vmmio_backend *inner = ((struct inproc *)ctx)->inner;

	if (inner->ops->config_write)
		inner->ops->config_write(inner->ctx, offset, size, value);
}

static void detach(void *ctx)
{
	const struct vmmio_backend *inner = ((struct inproc *)ctx)->inner;

	if (inner->ops->detach)
		inner->ops->detach(inner->ctx);
}

/* --- The disk: its requests wait in the engine's queue -------------------------------------- */

static size_t count_io(void *ctx)
{
	return vmmio_io_pending(((struct inproc *)ctx)->io);
}

static void step_io(void *ctx, size_t n)
{
	/* It fails only for a number that is not there. */
	(void)!vmmio_io_step(((struct inproc *)ctx)->io, n, 0);
}

static void notify_blk(void *ctx, struct vmmio_queue *queue)
{
	struct inproc *p = ctx;

	p->inner->ops->notify(p->inner->ctx, queue);
	hold_look(&p->hold);
}

/* --- The null backend completes in its notify: here its chains are kept -------------------- */

static size_t count_kept(void *ctx)
{
	return ((struct inproc *)ctx)->n_kept;
}

static void complete_kept(void *ctx, size_t n)
{
	struct inproc *p = ctx;
	struct kept kept = p->kept[n];

	p->n_kept--;
	for (size_t i = n; i < p->n_kept; i++)
		p->kept[i] = p->kept[i + 1];
	vmmio_queue_complete_one(kept.queue, kept.token, 0);
}

static void notify_null(void *ctx, struct vmmio_queue *queue)
{
	struct inproc *p = ctx;
	struct vmmio_chain chains[BATCH];
	unsigned n;

	while ((n = vmmio_queue_pop(queue, chains, BATCH))) {
		for (unsigned i = 0; i < n; i++)
			p->kept[p->n_kept++] = (struct kept){queue, chains[i].token};
		hold_look(&p->hold);
	}
}

/* --- The entropy device: as it is ------------------------------------------------------------ */

static size_t count_none(void *ctx)
{
	(void)ctx;
	return 0;
}

static void notify_rng(void *ctx, struct vmmio_queue *queue)
{
	struct inproc *p = ctx;

	p->inner->ops->notify(p->inner->ctx, queue);
}

/* --- Life --------------------------------------------------------------------------------------- */

#define COMMON_OPS                                                                                 \
	.size = sizeof(struct vmmio_backend_ops), .attach = attach, .features = features,          \
	.start = start, .queue_stop = queue_stop, .quiesce = quiesce,                              \
	.reset_finish = reset_finish, .config_write = config_write, .detach = detach

static const struct vmmio_backend_ops blk_ops = {COMMON_OPS, .notify = notify_blk};
static const struct vmmio_backend_ops null_ops = {COMMON_OPS, .notify = notify_null};
static const struct vmmio_backend_ops rng_ops = {COMMON_OPS, .notify = notify_rng};

static const struct {
	const struct vmmio_backend_ops *ops;
	size_t (*count)(void *ctx);
	void (*give_back)(void *ctx, size_t n);
} kinds[] = {
	[INPROC_BLK] = {&blk_ops, count_io, step_io},
	[INPROC_NULL] = {&null_ops, count_kept, complete_kept},
	[INPROC_RNG] = {&rng_ops, count_none, NULL},
};

void inproc_wrap(struct inproc *p)
{
	p->backend = *p->inner;
	p->backend.ops = kinds[p->kind].ops;
	p->backend.ctx = p;
	p->stop_delay = 0;
	for (unsigned i = 0; i < 1 + INPROC_QUEUES; i++)
		p->stops[i] = (struct stop){.p = p, .deadline.expired = stopped};
	p->n_kept = 0;
	hold_init(&p->hold, p->ex);
	p->hold.count = kinds[p->kind].count;
	p->hold.give_back = kinds[p->kind].give_back;
	p->hold.ctx = p;
}

void inproc_let_go(struct inproc *p)
{
	p->stop_delay = 0;
	for (unsigned i = 0; i < 1 + INPROC_QUEUES; i++) {
		struct stop *stop = &p->stops[i];

		if (!stop->armed)
			continue;
		vmmio_executor_disarm(p->ex, &stop->deadline);
		answer(stop);
	}
	hold_set_delay(&p->hold, 0);
}
