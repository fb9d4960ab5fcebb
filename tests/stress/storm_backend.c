/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A backend that holds chains for the I/O threads, answers its hooks now or later, keeps
 * chains over a pause or lets them run out, and checks how it is called.
 */
#include "stress/storm.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

/* --- Hooks do not overlap ---------------------------------------------------------------- */

static void hook_begin(struct slot *s, const char *name)
{
	if (atomic_exchange(&s->in_hook, 1))
		storm_wrong(s, "%s was called while another hook was running", name);
	if (storm_random(4) == 0)
		sched_yield();
}

static int hook_end(struct slot *s, int result)
{
	atomic_store(&s->in_hook, 0);
	return result;
}

/* lock held. Whether the hook may be answered later. */
static bool promise(struct slot *s, enum promise kind, vmmio_token token)
{
	if (s->owed[kind])
		return false;
	s->owed[kind] = true;
	s->promised[kind] = token;
	return true;
}

/* Now, or with a chance of one in n later. */
static int now_or_later(struct slot *s, enum promise kind, vmmio_token token, unsigned n)
{
	bool later = false;

	pthread_mutex_lock(&s->lock);
	if (storm_random(n) == 0 || (kind == QUIESCE && atomic_load(&s->stuck)))
		later = promise(s, kind, token);
	pthread_mutex_unlock(&s->lock);
	return later ? VMMIO_PENDING : 0;
}

/* --- Chains ------------------------------------------------------------------------------ */

static void finish_chain(struct slot *s, const struct held *h)
{
	if (vmmio_queue_access_begin(h->queue)) {
		for (unsigned i = storm_random(8) ? 0 : 20; i; i--)
			sched_yield(); /* a fence or a pause has to wait for this */
		for (uint32_t i = 0; i < h->chain.n_writable; i++)
			memset(h->chain.writable[i].base, 0x11, h->chain.writable[i].len);
		vmmio_queue_access_end(h->queue);
	}
	atomic_fetch_sub(&s->leases, 1);
	vmmio_queue_complete_one(h->queue, h->chain.token, h->chain.writable_len);
}

/* Nobody works on chains of a queue that is kept, but who takes one counts as working. */
static bool take(struct slot *s, struct held *out)
{
	bool found;

	pthread_mutex_lock(&s->lock);
	found = s->n_held != 0;
	if (found) {
		uint32_t n = storm_random(s->n_held);

		*out = s->held[n];
		found = !s->kept[vmmio_queue_index(out->queue)];
		if (found) {
			s->held[n] = s->held[--s->n_held];
			s->working++;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void put_back(struct slot *s)
{
	pthread_mutex_lock(&s->lock);
	s->working--;
	pthread_mutex_unlock(&s->lock);
}

static void take_and_finish_all(struct slot *s)
{
	struct held h;

	while (!atomic_load(&s->stuck) && take(s, &h)) {
		finish_chain(s, &h);
		put_back(s);
	}
}

bool storm_works_in_pause(struct slot *s)
{
	bool works;

	pthread_mutex_lock(&s->lock);
	works = s->paused && s->working;
	pthread_mutex_unlock(&s->lock);
	return works;
}

bool storm_holds(struct slot *s)
{
	struct vmmio_blk_counters c;
	bool any;

	if (s->blk) {
		vmmio_blk_counters(s->blk, &c);
		return c.in_flight;
	}
	pthread_mutex_lock(&s->lock);
	any = s->n_held != 0;
	pthread_mutex_unlock(&s->lock);
	return any;
}

static void be_notify(void *ctx, struct vmmio_queue *queue)
{
	struct slot *s = ctx;
	struct held h = {.queue = queue};

	while (vmmio_queue_pop(queue, &h.chain, 1)) {
		bool room;

		atomic_fetch_add(&s->leases, 1);
		pthread_mutex_lock(&s->lock);
		room = s->n_held < HELD_MAX;
		if (room)
			s->held[s->n_held++] = h;
		pthread_mutex_unlock(&s->lock);
		if (!room)
			finish_chain(s, &h);
	}
}

/* --- Hooks ------------------------------------------------------------------------------- */

static int be_start(void *ctx, vmmio_token token)
{
	struct slot *s = ctx;
	int result;

	hook_begin(s, "start");
	result = storm_random(64) == 0 ? -EIO : now_or_later(s, START, token, 8);
	return hook_end(s, result);
}

/* lock held */
static void forget_pause(struct slot *s)
{
	s->paused = false;
	memset(s->kept, 0, sizeof(s->kept));
}

static int be_queue_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	struct slot *s = ctx;

	hook_begin(s, "queue_stop");
	pthread_mutex_lock(&s->lock);
	s->kept[vmmio_queue_index(queue)] = false;
	pthread_mutex_unlock(&s->lock);
	return hook_end(s, now_or_later(s, QUEUE_STOP, token, 4));
}

static int be_quiesce(void *ctx, vmmio_token token)
{
	struct slot *s = ctx;

	hook_begin(s, "quiesce");
	atomic_store(&s->slow, false);
	pthread_mutex_lock(&s->lock);
	forget_pause(s);
	pthread_mutex_unlock(&s->lock);
	if (storm_random(4) == 0)
		take_and_finish_all(s);
	return hook_end(s, now_or_later(s, QUIESCE, token, 4));
}

static void be_finish(void *ctx)
{
	static const uint8_t zero[16];
	struct slot *s = ctx;

	hook_begin(s, "reset_finish");
	if (vmmio_device_config_change(s->dev, 0, zero, sizeof(zero)))
		storm_wrong(s, "config_change failed");
	hook_end(s, 0);
}

static void be_config(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	vmmio_device_config_change(((struct slot *)ctx)->dev, offset, &value, size);
}

static void be_detach(void *ctx)
{
	struct slot *s = ctx;

	hook_begin(s, "detach");
	pthread_mutex_lock(&s->answering);
	s->attached = false;
	pthread_mutex_lock(&s->lock);
	forget_pause(s);
	memset(s->owed, 0, sizeof(s->owed));
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_unlock(&s->answering);
	hook_end(s, 0);
}

/* Keeps its chains if nobody works on one; else they run out, now or by a late answer. */
static int be_pause(void *ctx, vmmio_token token)
{
	struct slot *s = ctx;
	int result = 0;

	hook_begin(s, "pause");
	pthread_mutex_lock(&s->lock);
	if (s->paused)
		storm_wrong(s, "pause was called twice in a row");
	if (storm_random(16) == 0) {
		result = -EIO;
	} else {
		s->paused = true;
		s->kept[0] = s->kept[1] = true;
		if ((s->working || storm_random(4) == 0) && promise(s, PAUSE_HOOK, token))
			result = VMMIO_PENDING;
		else if (s->working)
			s->paused = s->kept[0] = s->kept[1] = false, result = -EIO;
	}
	pthread_mutex_unlock(&s->lock);
	return hook_end(s, result);
}

static void be_resume(void *ctx)
{
	struct slot *s = ctx;

	hook_begin(s, "resume");
	pthread_mutex_lock(&s->lock);
	if (!s->paused)
		storm_wrong(s, "resume was called without a pause");
	forget_pause(s);
	pthread_mutex_unlock(&s->lock);
	hook_end(s, 0);
}

const struct vmmio_backend_ops storm_ops = {
	.size = sizeof(storm_ops),
	.start = be_start,
	.notify = be_notify,
	.queue_stop = be_queue_stop,
	.quiesce = be_quiesce,
	.reset_finish = be_finish,
	.config_write = be_config,
	.detach = be_detach,
	.pause = be_pause,
	.resume = be_resume,
};

/* --- The I/O threads --------------------------------------------------------------------- */

/* Answers what is owed. A pause is answered when nobody works on a chain; what is voided
 * meanwhile is answered all the same. */
static void answer_one(struct slot *s)
{
	enum promise kind = storm_random(PROMISES);
	vmmio_token token = 0;

	pthread_mutex_lock(&s->answering);
	pthread_mutex_lock(&s->lock);
	if (s->attached && s->owed[kind] && !(kind == PAUSE_HOOK && s->working)) {
		token = s->promised[kind];
		s->promised[kind] = 0;
	}
	pthread_mutex_unlock(&s->lock);
	if (token) {
		vmmio_device_answer(s->dev, token, 0);
		pthread_mutex_lock(&s->lock);
		s->owed[kind] = false;
		pthread_mutex_unlock(&s->lock);
	}
	pthread_mutex_unlock(&s->answering);
}

static void work(struct slot *s)
{
	struct held h;

	if (atomic_load(&s->stuck) || (atomic_load(&s->slow) && storm_random(8)))
		return;
	if (storm_random(4) == 0)
		answer_one(s);
	if (!take(s, &h)) {
		sched_yield();
		return;
	}
	storm_begin(s, COMPLETE);
	finish_chain(s, &h);
	storm_end(s, COMPLETE);
	put_back(s);
}

void *storm_io_thread(void *number)
{
	storm_random_begin(100 + (uintptr_t)number);
	while (!atomic_load(&storm.stop_late))
		work(storm_plain_slot());
	return NULL;
}
