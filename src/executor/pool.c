/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread pool as its users see it: options, submit, deadlines, create and destroy.
 *
 * A pool does not survive fork: the child has none of its threads, and must not use it.
 */
#include "executor/pool.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_FIRST_SIZE                                                                         \
	(offsetof(struct vmmio_pool_options, log) +                                                \
		sizeof(((struct vmmio_pool_options *)NULL)->log))

#define DEFAULT_THREADS 16
#define DEFAULT_GROW_AFTER UINT64_C(1000000)
/* No thread starts in less; and the keeper would do nothing but look. */
#define MIN_GROW_AFTER UINT64_C(10000)
#define DEFAULT_IDLE_TIMEOUT UINT64_C(5000000000)
#define DEFAULT_POLL_TIME UINT64_C(50000)

/* --- Users -------------------------------------------------------------------- */

static void pool_submit(void *ctx, struct vmmio_task *task)
{
	struct pool *pool = ctx;
	pthread_cond_t *cond;

	pthread_mutex_lock(&pool->lock);
	if (task->flags & VMMIO_TASK_MAY_BLOCK) {
		vmmio_task_list_push(&pool->slow, task);
		cond = vmmio_pool_call_worker(pool);
	} else {
		vmmio_task_list_push(&pool->fast, task);
		cond = vmmio_pool_call_keeper(pool);
	}
	vmmio_pool_unlock_and_signal(pool, cond);
}

static void pool_arm(void *ctx, struct vmmio_deadline *deadline)
{
	struct pool *pool = ctx;
	pthread_cond_t *cond = NULL;

	pthread_mutex_lock(&pool->lock);
	vmmio_deadlines_add(&pool->deadlines, deadline);
	if (vmmio_deadlines_next(&pool->deadlines) < pool->keeper_until)
		cond = vmmio_pool_call_keeper(pool);
	vmmio_pool_unlock_and_signal(pool, cond);
}

/* The keeper is not told: waking once for nothing is cheaper than two calls per deadline. */
static bool pool_disarm(void *ctx, struct vmmio_deadline *deadline)
{
	struct pool *pool = ctx;
	bool armed;

	pthread_mutex_lock(&pool->lock);
	armed = vmmio_deadlines_remove(&pool->deadlines, deadline);
	pthread_mutex_unlock(&pool->lock);
	return armed;
}

static uint64_t pool_now(void *ctx)
{
	(void)ctx;
	return vmmio_pool_clock();
}

unsigned vmmio_pool_threads(struct vmmio_executor *ex)
{
	struct pool *pool = vmmio_executor_ctx(ex, pool_submit);
	unsigned threads;

	if (!pool)
		return 0;
	pthread_mutex_lock(&pool->lock);
	threads = 1 + pool->alive + pool->ended;
	pthread_mutex_unlock(&pool->lock);
	return threads;
}

/* --- Create and destroy --------------------------------------------------------- */

static bool is_busy(const struct pool *pool)
{
	return pool->fast.head || pool->slow.head || pool->deadlines.first;
}

/* What runs may still submit or arm, so it is looked at again when nothing runs. */
static bool stop_if_quiet(struct pool *pool)
{
	bool busy;

	pthread_mutex_lock(&pool->lock);
	pool->closing = true;
	while (!is_busy(pool) && pool->running)
		pthread_cond_wait(&pool->quiet, &pool->lock);
	pool->closing = false;
	busy = is_busy(pool);
	pool->stop = !busy;
	pthread_mutex_unlock(&pool->lock);
	return !busy;
}

static void call_all(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	vmmio_pool_call(&pool->keeper);
	pthread_cond_signal(&pool->keeper.cond);
	for (unsigned i = 0; i < pool->max_workers; i++) {
		vmmio_pool_call(&pool->worker[i].sleeper);
		pthread_cond_signal(&pool->worker[i].sleeper.cond);
	}
	pthread_mutex_unlock(&pool->lock);
}

/* The keeper first: it starts and joins workers until it ends. */
static void join_all(struct pool *pool)
{
	pthread_join(pool->keeper_thread, NULL);
	for (unsigned i = 0; i < pool->max_workers; i++) {
		if (pool->worker[i].state != WORKER_FREE)
			pthread_join(pool->worker[i].thread, NULL);
	}
	/* A submitter whose task has already run may be one instruction from its end. */
	while (atomic_load_explicit(&pool->signalling, memory_order_acquire))
		sched_yield();
}

static void pool_free(struct pool *pool)
{
	for (unsigned i = 0; i < pool->max_workers; i++)
		pthread_cond_destroy(&pool->worker[i].sleeper.cond);
	pthread_cond_destroy(&pool->keeper.cond);
	pthread_cond_destroy(&pool->quiet);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static int pool_destroy(void *ctx)
{
	struct pool *pool = ctx;

	if (!stop_if_quiet(pool))
		return -EBUSY;
	call_all(pool);
	join_all(pool);
	pool_free(pool);
	return 0;
}

static const struct vmmio_executor_ops pool_ops = {
	.size = sizeof(pool_ops),
	.submit = pool_submit,
	.arm = pool_arm,
	.disarm = pool_disarm,
	.now = pool_now,
	.destroy = pool_destroy,
};

static int read_options(const struct vmmio_pool_options *in, struct vmmio_pool_options *out)
{
	memset(out, 0, sizeof(*out));
	if (in && in->size < OPTIONS_FIRST_SIZE)
		return -EINVAL;
	if (in)
		memcpy(out, in, in->size < sizeof(*out) ? in->size : sizeof(*out));
	if (!out->name)
		out->name = "vmmio";
	if (!out->max_threads)
		out->max_threads = DEFAULT_THREADS;
	if (!out->grow_after)
		out->grow_after = DEFAULT_GROW_AFTER;
	else if (out->grow_after < MIN_GROW_AFTER)
		out->grow_after = MIN_GROW_AFTER;
	if (!out->idle_timeout)
		out->idle_timeout = DEFAULT_IDLE_TIMEOUT;
	if (!out->poll_time)
		out->poll_time = DEFAULT_POLL_TIME;
	else if (out->poll_time == UINT64_MAX)
		out->poll_time = 0;
	if (out->max_threads >= 2)
		return 0;
	if (out->log.fn)
		out->log.fn(out->log.ctx, VMMIO_LOG_ERROR,
			"pool: max_threads is 1; set it to 2 or more, because one thread is kept "
			"free of tasks that may block");
	return -EINVAL;
}

/* Initialising these cannot fail with the attributes used, in glibc and in musl. */
static void init_locks(struct pool *pool)
{
	pthread_condattr_t monotonic;
	pthread_mutexattr_t spinning;

	/* Held for some tens of instructions: a contender gets it without the kernel. */
	pthread_mutexattr_init(&spinning);
#ifdef __GLIBC__
	pthread_mutexattr_settype(&spinning, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
	pthread_mutex_init(&pool->lock, &spinning);
	pthread_mutexattr_destroy(&spinning);

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->quiet, &monotonic);
	pthread_cond_init(&pool->keeper.cond, &monotonic);
	for (unsigned i = 0; i < pool->max_workers; i++)
		pthread_cond_init(&pool->worker[i].sleeper.cond, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static struct pool *pool_new(const struct vmmio_pool_options *options)
{
	size_t workers = options->max_threads - 1;
	struct pool *pool;

	if (workers > (SIZE_MAX - sizeof(*pool)) / sizeof(pool->worker[0]))
		return NULL;
	pool = calloc(1, sizeof(*pool) + workers * sizeof(pool->worker[0]));
	if (!pool)
		return NULL;
	snprintf(pool->name, sizeof(pool->name), "%s", options->name);
	pool->grow_after = options->grow_after;
	pool->idle_timeout = options->idle_timeout;
	pool->poll_time = options->poll_time;
	pool->log = options->log;
	pool->max_workers = (unsigned)workers;
	pool->grow_at = UINT64_MAX;
	for (size_t i = 0; i < workers; i++)
		pool->worker[i].pool = pool;
	init_locks(pool);
	return pool;
}

int vmmio_pool_create(const struct vmmio_pool_options *options, struct vmmio_executor **out)
{
	struct vmmio_pool_options effective;
	struct pool *pool;
	int error;

	if (!out || read_options(options, &effective))
		return -EINVAL;
	pool = pool_new(&effective);
	if (!pool)
		return -ENOMEM;
	error = -vmmio_pool_start_thread(&pool->keeper_thread, vmmio_pool_keeper, pool);
	if (error) {
		pool_free(pool);
		return error;
	}
	error = vmmio_executor_create(&pool_ops, pool, out);
	if (error)
		pool_destroy(pool);
	else
		vmmio_executor_set_log(*out, &effective.log);
	return error;
}
