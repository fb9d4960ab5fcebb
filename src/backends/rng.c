/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entropy backend: its life, and the hooks the library calls.
 *
 * It is not VMMIO_BACKEND_PROMPT: start may start the I/O engine's threads, and chains that go
 * back at a reset may meet a thread that waits for a missing page of the ring.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/rng.h"

uint64_t vmmio_rng_count(atomic_uint_fast64_t *counter, uint64_t n)
{
	return atomic_fetch_add_explicit(counter, n, memory_order_relaxed) + n;
}

static int attach(void *ctx, struct vmmio_device *device)
{
	struct vmmio_rng *rng = ctx;
	int err = 0;

	pthread_mutex_lock(&rng->lock);
	if (rng->device) {
		err = -EBUSY;
	} else {
		rng->device = device;
		rng->period_end = 0; /* another executor has another clock */
	}
	pthread_mutex_unlock(&rng->lock);
	return err;
}

/* The engine is used from the first start on: a reset, of which a boot has several, should not
 * stop and start threads. */
static int start(void *ctx, vmmio_token token)
{
	struct vmmio_rng *rng = ctx;
	int err;

	(void)token;
	rng->queue = vmmio_device_queue(rng->device, 0);
	if (!rng->io || rng->using_io)
		return 0;
	err = vmmio_io_use(rng->io);
	rng->using_io = !err;
	return err;
}

static int queue_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	(void)queue;
	(void)token;
	vmmio_rng_stop(ctx);
	return 0;
}

static int quiesce(void *ctx, vmmio_token token)
{
	struct vmmio_rng *rng = ctx;

	(void)token;
	pthread_mutex_lock(&rng->lock);
	rng->paused = false;
	pthread_mutex_unlock(&rng->lock);
	vmmio_rng_stop(rng);
	return 0;
}

static int pause_rng(void *ctx, vmmio_token token)
{
	struct vmmio_rng *rng = ctx;
	int answer = 0;

	pthread_mutex_lock(&rng->lock);
	rng->paused = true;
	if (rng->task_queued) {
		rng->pause_token = token;
		answer = VMMIO_PENDING;
	}
	pthread_mutex_unlock(&rng->lock);
	return answer;
}

static void resume_rng(void *ctx)
{
	struct vmmio_rng *rng = ctx;
	struct vmmio_executor *ex;

	pthread_mutex_lock(&rng->lock);
	rng->paused = false;
	ex = vmmio_rng_wake(rng);
	pthread_mutex_unlock(&rng->lock);
	if (ex)
		vmmio_executor_submit(ex, &rng->task);
}

/* No chain is out. The task that returned the last one may be on its last lines, a deadline
 * about to be called, a read in the kernel. */
static void detach(void *ctx)
{
	struct vmmio_rng *rng = ctx;
	bool disarmed;

	pthread_mutex_lock(&rng->lock);
	while (rng->task_queued)
		pthread_cond_wait(&rng->task_over, &rng->lock);
	pthread_mutex_unlock(&rng->lock);
	vmmio_rng_fetch_stop(rng);
	disarmed = vmmio_executor_disarm(vmmio_device_executor(rng->device), &rng->deadline);
	pthread_mutex_lock(&rng->lock);
	if (disarmed) {
		rng->armed = false;
		rng->refs--; /* the caller's is left */
	}
	rng->paused = false;
	rng->device = NULL;
	pthread_mutex_unlock(&rng->lock);
}

static const struct vmmio_backend_ops ops = {
	.size = sizeof(ops),
	.attach = attach,
	.start = start,
	.notify = vmmio_rng_notify,
	.queue_stop = queue_stop,
	.quiesce = quiesce,
	.detach = detach,
	.pause = pause_rng,
	.resume = resume_rng,
};

static void init(struct vmmio_rng *rng, const struct vmmio_rng_options *o)
{
	rng->fd = -1;
	rng->log = o->log;
	rng->queue_size = o->queue_size ? o->queue_size : 64;
	rng->max_bytes = o->max_bytes ? o->max_bytes : 4096;
	rng->rate_bytes = o->rate_bytes;
	rng->rate_period = o->rate_period ? o->rate_period : UINT64_C(1000000000);
	rng->refs = 1;
	rng->capacity = rng->queue_size + 1u; /* more than can be out: pop can always be asked */
	rng->task.run = vmmio_rng_run_task;
	rng->task.flags = VMMIO_TASK_MAY_BLOCK; /* the guest's memory may be missing */
	rng->deadline.expired = vmmio_rng_expired;
	pthread_mutex_init(&rng->lock, NULL);
	pthread_cond_init(&rng->task_over, NULL);
	rng->backend = (struct vmmio_backend){
		.size = sizeof(rng->backend),
		.ops = &ops,
		.ctx = rng,
		.device_id = VMMIO_ID_ENTROPY,
		.features = {VMMIO_TRANSPORT_FEATURES_0 & ~o->features_off[0]},
		.n_queues = 1,
		.queue_sizes = &rng->queue_size,
	};
}

static void free_rng(struct vmmio_rng *rng)
{
	struct vmmio_io *io = rng->io;
	bool using_io = rng->using_io;

	vmmio_rng_close(rng);
	pthread_cond_destroy(&rng->task_over);
	pthread_mutex_destroy(&rng->lock);
	if (rng->bytes) /* what nobody got is nobody's business */
		explicit_bzero(rng->bytes, rng->max_bytes);
	free(rng->bytes);
	free(rng->held);
	free(rng);
	if (using_io)
		vmmio_io_unuse(io);
	if (io) /* from here on it may be destroyed */
		vmmio_io_unref(io);
}

void vmmio_rng_unref(struct vmmio_rng *rng)
{
	bool last;

	pthread_mutex_lock(&rng->lock);
	last = --rng->refs == 0;
	pthread_mutex_unlock(&rng->lock);
	if (last)
		free_rng(rng);
}

int vmmio_rng_create(const struct vmmio_rng_options *options, struct vmmio_rng **out)
{
	static const struct vmmio_rng_options defaults = {.size = sizeof(defaults)};
	const struct vmmio_rng_options *o = options ? options : &defaults;
	struct vmmio_rng *rng;
	int err;

	if (!out)
		return -EINVAL;
	err = vmmio_rng_check_options(o);
	if (err)
		return err;
	rng = calloc(1, sizeof(*rng));
	if (!rng)
		return -ENOMEM;
	init(rng, o);
	rng->bytes = malloc(rng->max_bytes);
	rng->held = calloc(rng->capacity, sizeof(*rng->held));
	err = rng->bytes && rng->held ? vmmio_rng_open(rng, o) : -ENOMEM;
	if (err) {
		free_rng(rng);
		return err;
	}
	if (rng->kind != RNG_GETRANDOM) {
		rng->io = o->io;
		vmmio_io_ref(rng->io);
	}
	*out = rng;
	return 0;
}

const struct vmmio_backend *vmmio_rng_backend(const struct vmmio_rng *rng)
{
	return &rng->backend;
}

int vmmio_rng_destroy(struct vmmio_rng *rng)
{
	bool attached;

	if (!rng)
		return 0;
	pthread_mutex_lock(&rng->lock);
	attached = rng->device;
	pthread_mutex_unlock(&rng->lock);
	if (attached) {
		vmmio_rng_log(&rng->log, VMMIO_LOG_INFO,
			"entropy source %s: still attached, not destroyed: wait for the device's "
			"destroyed callback",
			rng->name);
		return -EBUSY;
	}
	vmmio_rng_unref(rng);
	return 0;
}

void vmmio_rng_counters(const struct vmmio_rng *rng, struct vmmio_rng_counters *out)
{
	const struct rng_counters *c = &rng->count;

	*out = (struct vmmio_rng_counters){
		.chains = atomic_load(&c->chains),
		.bytes = atomic_load(&c->bytes),
		.refused = atomic_load(&c->refused),
		.cancelled = atomic_load(&c->cancelled),
		.failures = atomic_load(&c->failures),
		.throttled = atomic_load(&c->throttled),
		.held = atomic_load(&rng->n_held),
	};
}
