/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains of the entropy device: off the ring, and back with random bytes.
 */
#include <errno.h>
#include <string.h>

#include "backends/rng.h"

/* Chains on their way into the used ring. */
struct rng_batch {
	unsigned n;
	struct vmmio_chain chains[RNG_BATCH];
	struct vmmio_completion completions[RNG_BATCH];
};

static struct vmmio_rng *rng_of_task(struct vmmio_task *task)
{
	return (struct vmmio_rng *)(void *)((char *)task - offsetof(struct vmmio_rng, task));
}

/* --- Who wakes the task ------------------------------------------------------------------- */

static bool waits(const struct vmmio_rng *rng)
{
	return rng->armed || rng->polling || rng->reading;
}

struct vmmio_executor *vmmio_rng_wake(struct vmmio_rng *rng)
{
	if (rng->task_queued || !rng->n_held || rng->stopping || rng->paused || waits(rng))
		return NULL;
	rng->task_queued = true;
	return vmmio_device_executor(rng->device);
}

void vmmio_rng_expired(struct vmmio_deadline *deadline)
{
	struct vmmio_rng *rng = (struct vmmio_rng *)(void *)((char *)deadline -
							     offsetof(struct vmmio_rng, deadline));
	struct vmmio_executor *ex;

	pthread_mutex_lock(&rng->lock);
	rng->armed = false;
	ex = vmmio_rng_wake(rng);
	pthread_mutex_unlock(&rng->lock);
	if (ex)
		vmmio_executor_submit(ex, &rng->task);
	vmmio_rng_unref(rng);
}

/* The task only, so it is not armed. */
static void wait_until(struct vmmio_rng *rng, uint64_t when)
{
	pthread_mutex_lock(&rng->lock);
	rng->armed = true;
	rng->refs++;
	pthread_mutex_unlock(&rng->lock);
	vmmio_executor_arm(vmmio_device_executor(rng->device), &rng->deadline, when);
}

/* --- Off the ring -------------------------------------------------------------------------- */

static void hold(struct vmmio_rng *rng, const struct vmmio_chain *chain)
{
	rng->held[(rng->first + rng->n_held) % rng->capacity] = *chain;
	rng->n_held++;
}

/* Whoever takes the last one has seen the stop: once it is back the reset may be over, and what
 * comes then is the next life's. */
static void unhold(struct vmmio_rng *rng, struct vmmio_chain *chain)
{
	*chain = rng->held[rng->first];
	rng->first = (rng->first + 1) % rng->capacity;
	if (--rng->n_held == 0)
		rng->stopping = false;
}

/* The first, the second, the fourth ...: a guest must not flood the log. */
static void log_refused(struct vmmio_rng *rng, const struct vmmio_chain *chain, uint64_t n)
{
	if (n & (n - 1))
		return;
	vmmio_device_log(rng->device, VMMIO_LOG_WARN,
		"entropy: chain %u has %u bytes to read and room for %u: it comes back empty (%llu "
		"so "
		"far); the driver has to give device-writable buffers only",
		chain->head, chain->readable_len, chain->writable_len, (unsigned long long)n);
}

/* Puts the good ones of n chains aside, and the others into refused. */
static void sort(struct vmmio_rng *rng, const struct vmmio_chain *chains, unsigned n,
	struct rng_batch *refused)
{
	struct vmmio_executor *ex;

	pthread_mutex_lock(&rng->lock);
	for (unsigned i = 0; i < n; i++) {
		if (chains[i].n_readable || !chains[i].writable_len)
			refused->chains[refused->n++] = chains[i];
		else
			hold(rng, &chains[i]);
	}
	ex = vmmio_rng_wake(rng);
	pthread_mutex_unlock(&rng->lock);
	if (ex)
		vmmio_executor_submit(ex, &rng->task);
}

void vmmio_rng_notify(void *ctx, struct vmmio_queue *queue)
{
	struct vmmio_rng *rng = ctx;
	struct vmmio_chain chains[RNG_BATCH];
	unsigned n, room;

	for (;;) {
		struct rng_batch refused = {.n = 0};

		room = rng->capacity - rng->n_held; /* others only make it more */
		n = vmmio_queue_pop(queue, chains, room < RNG_BATCH ? room : RNG_BATCH);
		if (!n)
			return;
		sort(rng, chains, n, &refused);
		for (unsigned i = 0; i < refused.n; i++) {
			log_refused(
				rng, &refused.chains[i], vmmio_rng_count(&rng->count.refused, 1));
			refused.completions[i].token = refused.chains[i].token;
		}
		if (refused.n)
			vmmio_queue_complete(queue, refused.completions, refused.n);
	}
}

/* --- Back, empty ---------------------------------------------------------------------------- */

static unsigned take_back(struct vmmio_rng *rng, struct rng_batch *batch)
{
	struct vmmio_chain chain;

	batch->n = 0;
	pthread_mutex_lock(&rng->lock);
	while (rng->stopping && rng->n_held && batch->n < RNG_BATCH) {
		unhold(rng, &chain);
		batch->completions[batch->n++] = (struct vmmio_completion){.token = chain.token};
	}
	pthread_mutex_unlock(&rng->lock);
	return batch->n;
}

static void drop_held(struct vmmio_rng *rng)
{
	struct rng_batch batch;

	while (take_back(rng, &batch)) {
		vmmio_rng_count(&rng->count.cancelled, batch.n);
		vmmio_queue_complete(rng->queue, batch.completions, batch.n);
	}
}

void vmmio_rng_stop(struct vmmio_rng *rng)
{
	bool here;

	pthread_mutex_lock(&rng->lock);
	rng->stopping = rng->n_held;
	here = rng->stopping && !rng->task_queued;
	pthread_mutex_unlock(&rng->lock);
	if (here)
		drop_held(rng);
}

/* --- Back, with random bytes ------------------------------------------------------------------ */

static uint32_t least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* What the chains that wait want, as far as one buffer goes. 0: nothing to do now. */
static uint32_t demand(struct vmmio_rng *rng)
{
	uint32_t want = 0;

	pthread_mutex_lock(&rng->lock);
	for (unsigned i = 0; i < rng->n_held && i < RNG_BATCH && want < rng->max_bytes; i++) {
		uint32_t room = rng->held[(rng->first + i) % rng->capacity].writable_len;

		want += least(room, rng->max_bytes - want);
	}
	if (rng->paused || waits(rng))
		want = 0;
	pthread_mutex_unlock(&rng->lock);
	return want;
}

/* How many bytes the rate leaves. */
static uint64_t allowance(struct vmmio_rng *rng)
{
	uint64_t now;

	if (!rng->rate_bytes)
		return UINT64_MAX;
	now = vmmio_executor_now(vmmio_device_executor(rng->device));
	if (now >= rng->period_end) {
		rng->left = rng->rate_bytes;
		rng->period_end = now + rng->rate_period;
		if (rng->period_end < now)
			rng->period_end = UINT64_MAX;
	}
	return rng->left;
}

/* Chains for which there is at least a byte; budget is at most what the buffer has. */
static void take(struct vmmio_rng *rng, struct rng_batch *batch, uint32_t budget)
{
	struct vmmio_chain *chain;

	batch->n = 0;
	pthread_mutex_lock(&rng->lock);
	while (rng->n_held && batch->n < RNG_BATCH && budget) {
		uint32_t len;

		chain = &batch->chains[batch->n];
		unhold(rng, chain);
		len = least(chain->writable_len, budget);
		batch->completions[batch->n++] =
			(struct vmmio_completion){.token = chain->token, .len = len};
		budget -= len;
	}
	pthread_mutex_unlock(&rng->lock);
}

/* Random bytes are handed out once: no copy of them stays here. */
static void copy(struct vmmio_rng *rng, const struct vmmio_chain *chain, uint32_t len)
{
	for (uint32_t i = 0; len; i++) {
		uint32_t n = least(chain->writable[i].len, len);

		memcpy(chain->writable[i].base, rng->bytes + rng->at, n);
		explicit_bzero(rng->bytes + rng->at, n);
		rng->at += n;
		rng->have -= n;
		len -= n;
	}
}

/* What is dropped by a reset or fence keeps its bytes for others. */
static void fill(
	struct vmmio_rng *rng, const struct vmmio_chain *chain, struct vmmio_completion *completion)
{
	if (!vmmio_queue_access_begin(rng->queue)) {
		completion->len = 0;
		vmmio_rng_count(&rng->count.cancelled, 1);
		return;
	}
	copy(rng, chain, completion->len);
	vmmio_queue_access_end(rng->queue);
	vmmio_rng_count(&rng->count.chains, 1);
	vmmio_rng_count(&rng->count.bytes, completion->len);
	if (rng->rate_bytes)
		rng->left -= completion->len;
}

static void hand_out(struct vmmio_rng *rng, uint32_t budget)
{
	struct rng_batch batch;

	take(rng, &batch, budget);
	for (unsigned i = 0; i < batch.n; i++)
		fill(rng, &batch.chains[i], &batch.completions[i]);
	if (batch.n)
		vmmio_queue_complete(rng->queue, batch.completions, batch.n);
}

static void failed(struct vmmio_rng *rng, int err)
{
	uint64_t n = vmmio_rng_count(&rng->count.failures, 1);

	if (!(n & (n - 1)))
		vmmio_device_log(rng->device, VMMIO_LOG_WARN,
			"entropy source %s: %s (error %d, %llu so far): the guest waits, another "
			"try every "
			"second: give it a source that delivers",
			rng->name, err == -ENODATA ? "at its end" : "reading failed", -err,
			(unsigned long long)n);
	wait_until(rng, vmmio_executor_now(vmmio_device_executor(rng->device)) + RNG_RETRY);
}

/* One buffer full at most. */
static void serve(struct vmmio_rng *rng)
{
	uint32_t want = demand(rng);
	uint64_t left;
	int n;

	if (!want)
		return;
	left = allowance(rng);
	if (!left) {
		vmmio_rng_count(&rng->count.throttled, 1);
		wait_until(rng, rng->period_end);
		return;
	}
	if (!rng->have) {
		n = vmmio_rng_fetch(rng, least(want, left));
		if (n < 0)
			failed(rng, n);
		if (n <= 0)
			return;
	}
	hand_out(rng, least(rng->have, left));
}

/* The lock held. A pause that is pending has its answer when nothing is in the task's hands. */
static void answer_pause(struct vmmio_rng *rng)
{
	vmmio_token token;

	while ((token = rng->pause_token)) {
		rng->pause_token = 0;
		pthread_mutex_unlock(&rng->lock);
		vmmio_device_answer(rng->device, token, 0);
		pthread_mutex_lock(&rng->lock);
	}
}

/* The executor to run it again on, NULL: it is over. */
static struct vmmio_executor *end(struct vmmio_rng *rng)
{
	struct vmmio_executor *ex = NULL;

	pthread_mutex_lock(&rng->lock);
	answer_pause(rng);
	if (rng->n_held && (rng->stopping || (!rng->paused && !waits(rng))))
		ex = vmmio_device_executor(rng->device);
	rng->task_queued = ex;
	if (!ex)
		pthread_cond_signal(&rng->task_over);
	pthread_mutex_unlock(&rng->lock);
	return ex;
}

void vmmio_rng_run_task(struct vmmio_task *task)
{
	struct vmmio_rng *rng = rng_of_task(task);
	struct vmmio_executor *ex;

	drop_held(rng); /* if it is stopping */
	serve(rng);
	ex = end(rng);
	if (ex) /* with leases, which keep rng in being */
		vmmio_executor_submit(ex, task);
}
