/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads of a pool: how they wait and are called, the keeper, the workers.
 */
#include "executor/pool.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
/* After a thread could not be created. */
#define RETRY_AFTER UINT64_C(10000000)

uint64_t vmmio_pool_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* --- Waiting and calling -------------------------------------------------------- */

static bool is_called(const struct pool_sleeper *sleeper)
{
	return atomic_load_explicit(&sleeper->called, memory_order_relaxed);
}

pthread_cond_t *vmmio_pool_call(struct pool_sleeper *sleeper)
{
	atomic_store_explicit(&sleeper->called, true, memory_order_relaxed);
	return sleeper->sleeping ? &sleeper->cond : NULL;
}

pthread_cond_t *vmmio_pool_call_keeper(struct pool *pool)
{
	if (!pool->keeper_until)
		return NULL;
	pool->keeper_until = 0;
	return vmmio_pool_call(&pool->keeper);
}

pthread_cond_t *vmmio_pool_call_worker(struct pool *pool)
{
	struct pool_worker *worker = pool->poller;

	if (worker) {
		pool->poller = NULL;
		return vmmio_pool_call(&worker->sleeper);
	}
	worker = pool->idle;
	if (worker) {
		pool->idle = worker->below;
		return vmmio_pool_call(&worker->sleeper);
	}
	if (pool->grow_at != UINT64_MAX || pool->alive == pool->max_workers)
		return NULL;
	pool->grow_at = pool->alive ? vmmio_time_after(vmmio_pool_clock(), pool->grow_after) : 0;
	pool->grow_taken = pool->taken;
	return pool->grow_at < pool->keeper_until ? vmmio_pool_call_keeper(pool) : NULL;
}

/* Signalled without the lock, so that the thread called does not run into it. From the
 * unlock on the task may run and the pool be destroyed: signalling keeps it. */
void vmmio_pool_unlock_and_signal(struct pool *pool, pthread_cond_t *cond)
{
	if (!cond) {
		pthread_mutex_unlock(&pool->lock);
		return;
	}
	atomic_fetch_add_explicit(&pool->signalling, 1, memory_order_relaxed);
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_signal(cond);
	atomic_fetch_sub_explicit(&pool->signalling, 1, memory_order_release);
}

/* Leaves the lock meanwhile. Whoever calls a polling thread needs no system call. It yields:
 * on a busy machine the thread it would keep from running is the one that called it. */
static void poll_until(struct pool *pool, const struct pool_sleeper *sleeper, uint64_t until)
{
	uint64_t now = vmmio_pool_clock();
	uint64_t end = vmmio_time_after(now, pool->poll_time);

	pthread_mutex_unlock(&pool->lock);
	if (end > until)
		end = until;
	for (; now < end && !is_called(sleeper); now = vmmio_pool_clock())
		sched_yield();
	pthread_mutex_lock(&pool->lock);
}

static void sleep_until(struct pool *pool, struct pool_sleeper *sleeper, uint64_t until)
{
	struct timespec at = {
		.tv_sec = (time_t)(until / NS_PER_S),
		.tv_nsec = (long)(until % NS_PER_S),
	};
	int error = 0;

	sleeper->sleeping = true;
	while (!is_called(sleeper) && error != ETIMEDOUT) {
		if (until == UINT64_MAX)
			pthread_cond_wait(&sleeper->cond, &pool->lock);
		else
			error = pthread_cond_timedwait(&sleeper->cond, &pool->lock, &at);
	}
	sleeper->sleeping = false;
}

static void forget_calls(struct pool_sleeper *sleeper)
{
	atomic_store_explicit(&sleeper->called, false, memory_order_relaxed);
}

/* --- What both kinds of threads do ------------------------------------------------ */

/* All signals are blocked meanwhile and the thread inherits that, so that none ever hits it. */
int vmmio_pool_start_thread(pthread_t *thread, void *(*fn)(void *arg), void *arg)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(thread, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

/* The frame is there for good: whatever is called from this thread is the pool's. */
static void begin_thread(const struct pool *pool, unsigned n, struct vmmio_executor_frame *frame)
{
	char number[12], name[16];
	int digits = snprintf(number, sizeof(number), "-%u", n);
	int room = (int)sizeof(name) - 1 - digits;

	snprintf(name, sizeof(name), "%.*s%s", room, pool->name, number);
	pthread_setname_np(pthread_self(), name);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	vmmio_executor_enter(frame, pool);
}

static void begin_call(struct pool *pool)
{
	pool->running++;
	pthread_mutex_unlock(&pool->lock);
}

static void end_call(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	if (--pool->running == 0 && pool->closing)
		pthread_cond_signal(&pool->quiet);
}

static bool run_first(struct pool *pool, struct vmmio_task_list *list)
{
	struct vmmio_task *task = vmmio_task_list_take(list, 0);

	if (!task)
		return false;
	begin_call(pool);
	task->run(task);
	end_call(pool);
	return true;
}

/* --- Workers ---------------------------------------------------------------------- */

/* false: idle for too long. */
static bool wait_for_task(struct pool *pool, struct pool_worker *worker)
{
	struct pool_sleeper *sleeper = &worker->sleeper;
	struct pool_worker **link = &pool->idle;

	forget_calls(sleeper);
	if (pool->poll_time && !pool->poller) {
		pool->poller = worker;
		poll_until(pool, sleeper, UINT64_MAX);
		if (is_called(sleeper))
			return true;
		pool->poller = NULL;
	}
	worker->below = pool->idle;
	pool->idle = worker;
	sleep_until(pool, sleeper, vmmio_time_after(vmmio_pool_clock(), pool->idle_timeout));
	if (is_called(sleeper))
		return true;
	while (*link != worker)
		link = &(*link)->below;
	*link = worker->below;
	return false;
}

static bool work(struct pool *pool)
{
	if (!pool->slow.head)
		return false;
	pool->taken++;
	pool->busy++;
	run_first(pool, &pool->slow);
	pool->busy--;
	return true;
}

static void *worker_thread(void *arg)
{
	struct pool_worker *worker = arg;
	struct pool *pool = worker->pool;
	struct vmmio_executor_frame frame;
	pthread_cond_t *cond = NULL;

	begin_thread(pool, (unsigned)(worker - pool->worker) + 1, &frame);
	pthread_mutex_lock(&pool->lock);
	do {
		while (work(pool))
			;
	} while (!pool->stop && wait_for_task(pool, worker));
	if (!pool->stop) {
		worker->state = WORKER_ENDED;
		pool->alive--;
		pool->ended++;
		cond = vmmio_pool_call_keeper(pool);
	}
	vmmio_pool_unlock_and_signal(pool, cond);
	vmmio_executor_leave(&frame);
	return NULL;
}

/* --- The keeper ------------------------------------------------------------------- */

static struct pool_worker *find_worker(struct pool *pool, enum pool_worker_state state)
{
	struct pool_worker *worker = pool->worker;

	while (worker->state != state)
		worker++;
	return worker;
}

static void join_ended(struct pool *pool)
{
	struct pool_worker *worker = find_worker(pool, WORKER_ENDED);

	pthread_mutex_unlock(&pool->lock);
	pthread_join(worker->thread, NULL);
	pthread_mutex_lock(&pool->lock);
	worker->state = WORKER_FREE;
	pool->ended--;
}

static void log_failure(const struct pool *pool, unsigned alive, int error)
{
	char line[256];

	if (!pool->log.fn)
		return;
	snprintf(line, sizeof(line),
		"pool %s: cannot create a thread (errno %d) beside the %u it has, tasks wait; "
		"it is tried again, raise the limit on threads or lower max_threads (%u)",
		pool->name, error, alive + 1, pool->max_workers + 1);
	pool->log.fn(pool->log.ctx, VMMIO_LOG_WARN, line);
}

static void set_grow_check(struct pool *pool, uint64_t after)
{
	pool->grow_at = vmmio_time_after(vmmio_pool_clock(), after);
	pool->grow_taken = pool->taken;
}

static void creation_failed(struct pool *pool, int error)
{
	bool first = !pool->create_failed;
	unsigned alive = pool->alive;

	pool->create_failed = true;
	set_grow_check(pool, RETRY_AFTER);
	if (!first)
		return;
	pthread_mutex_unlock(&pool->lock);
	log_failure(pool, alive, error);
	pthread_mutex_lock(&pool->lock);
}

/* It counts before it exists, because it may be at work before pthread_create returns. */
static void start_worker(struct pool *pool)
{
	struct pool_worker *worker = find_worker(pool, WORKER_FREE);
	int error;

	worker->state = WORKER_ALIVE;
	pool->alive++;
	set_grow_check(pool, pool->grow_after);
	pthread_mutex_unlock(&pool->lock);
	error = vmmio_pool_start_thread(&worker->thread, worker_thread, worker);
	pthread_mutex_lock(&pool->lock);
	if (!error) {
		pool->create_failed = false;
		return;
	}
	worker->state = WORKER_FREE;
	pool->alive--;
	creation_failed(pool, error);
}

static bool is_stuck(const struct pool *pool)
{
	return pool->busy == pool->alive && pool->taken == pool->grow_taken;
}

/* true: the lock was left meanwhile.
 *
 * A worker is missing if tasks wait, and all there are have been in theirs since the check
 * was set. One that is on its way, on a loaded machine for long, is not in a task. */
static bool grow(struct pool *pool)
{
	if (!pool->slow.head || pool->alive == pool->max_workers) {
		pool->grow_at = UINT64_MAX;
	} else if (!pool->alive || is_stuck(pool)) {
		start_worker(pool);
		return true;
	} else {
		set_grow_check(pool, pool->grow_after);
	}
	return false;
}

/* The ended ones first, so that whatever is not alive is free when grow looks for a place. */
static bool tend_workers(struct pool *pool)
{
	bool did = pool->ended > 0;

	while (pool->ended)
		join_ended(pool);
	if (pool->grow_at == UINT64_MAX || vmmio_pool_clock() < pool->grow_at)
		return did;
	return grow(pool) || did;
}

static bool expire_first(struct pool *pool)
{
	struct vmmio_deadline *deadline = NULL;

	if (pool->deadlines.first)
		deadline = vmmio_deadlines_take(&pool->deadlines, vmmio_pool_clock());
	if (!deadline)
		return false;
	begin_call(pool);
	deadline->expired(deadline);
	end_call(pool);
	return true;
}

/* Everything was looked at under the lock just now; what comes calls, if it is due earlier. */
static void keeper_doze(struct pool *pool)
{
	uint64_t until = vmmio_deadlines_next(&pool->deadlines);

	if (until > pool->grow_at)
		until = pool->grow_at;
	pool->keeper_until = until;
	forget_calls(&pool->keeper);
	if (pool->poll_time)
		poll_until(pool, &pool->keeper, until);
	sleep_until(pool, &pool->keeper, until);
	pool->keeper_until = 0;
}

/* One of each per round, so that none keeps the others waiting. true: the lock was left, so
 * there may be something new. */
static bool keeper_round(struct pool *pool)
{
	bool did = run_first(pool, &pool->fast);

	did = expire_first(pool) || did;
	return tend_workers(pool) || did;
}

void *vmmio_pool_keeper(void *arg)
{
	struct pool *pool = arg;
	struct vmmio_executor_frame frame;

	begin_thread(pool, 0, &frame);
	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		if (!keeper_round(pool))
			keeper_doze(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	vmmio_executor_leave(&frame);
	return NULL;
}
