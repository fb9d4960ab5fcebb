/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scripted ring.
 */
#include <check.h>
#include <liburing.h>
#include <pthread.h>
#include <string.h>

#include "hostile/f_ring.h"
#include "io/uring.h"

#define ROOM 4096u

unsigned __real_io_uring_peek_batch_cqe(
	struct io_uring *ring, struct io_uring_cqe **cqes, unsigned count);
unsigned __wrap_io_uring_peek_batch_cqe(
	struct io_uring *ring, struct io_uring_cqe **cqes, unsigned count);

struct line {
	struct f_cqe at[ROOM];
	unsigned n;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct line held, ready;
static unsigned seen[F_OTHER + 1];
static bool frozen;
static enum f_verdict (*_Atomic script)(enum f_kind kind, struct f_cqe *cqe);

static void put(struct line *line, const struct f_cqe *cqe)
{
	ck_assert_uint_lt(line->n, ROOM);
	line->at[line->n++] = *cqe;
}

static struct f_cqe take(struct line *line, unsigned n)
{
	struct f_cqe cqe = line->at[n];

	ck_assert_uint_lt(n, line->n);
	line->n--;
	memmove(&line->at[n], &line->at[n + 1], (line->n - n) * sizeof(cqe));
	return cqe;
}

static enum f_kind kind_of(uint64_t data)
{
	switch (data & TAG_MASK) {
	case TAG_REQUEST:
		return F_REQUEST;
	case TAG_CANCEL:
		return F_CANCEL;
	default:
		return F_OTHER;
	}
}

static void judge(struct f_cqe cqe)
{
	enum f_kind kind = kind_of(cqe.data);
	enum f_verdict verdict = kind == F_OTHER || !script ? F_PASS : script(kind, &cqe);

	seen[kind]++;
	put(verdict == F_HOLD ? &held : &ready, &cqe);
	if (verdict == F_TWICE)
		put(&ready, &cqe);
}

static void take_from_kernel(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	while (__real_io_uring_peek_batch_cqe(ring, &cqe, 1)) {
		judge((struct f_cqe){cqe->user_data, cqe->res, cqe->flags});
		io_uring_cq_advance(ring, 1);
	}
}

/* The caller advances the ring's head past what it is given: so that goes back first. */
unsigned __wrap_io_uring_peek_batch_cqe(
	struct io_uring *ring, struct io_uring_cqe **cqes, unsigned count)
{
	static struct io_uring_cqe shown[64];
	unsigned n = 0;

	pthread_mutex_lock(&lock);
	if (!frozen)
		take_from_kernel(ring);
	for (; n < count && n < 64 && ready.n; n++) {
		struct f_cqe cqe = take(&ready, 0);

		shown[n] = (struct io_uring_cqe){
			.user_data = cqe.data, .res = cqe.res, .flags = cqe.flags};
		cqes[n] = &shown[n];
	}
	*ring->cq.khead -= n;
	pthread_mutex_unlock(&lock);
	return n;
}

void f_ring_script(enum f_verdict (*what)(enum f_kind kind, struct f_cqe *cqe))
{
	script = what;
}

unsigned f_ring_seen(enum f_kind kind)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = seen[kind];
	pthread_mutex_unlock(&lock);
	return n;
}

unsigned f_ring_held(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = held.n;
	pthread_mutex_unlock(&lock);
	return n;
}

struct f_cqe f_ring_look(unsigned n)
{
	struct f_cqe cqe;

	pthread_mutex_lock(&lock);
	ck_assert_uint_lt(n, held.n);
	cqe = held.at[n];
	pthread_mutex_unlock(&lock);
	return cqe;
}

void f_ring_release(unsigned n, int32_t res)
{
	struct f_cqe cqe;

	pthread_mutex_lock(&lock);
	cqe = take(&held, n);
	cqe.res = res;
	put(&ready, &cqe);
	pthread_mutex_unlock(&lock);
}

void f_ring_forge(struct f_cqe cqe)
{
	pthread_mutex_lock(&lock);
	put(&ready, &cqe);
	pthread_mutex_unlock(&lock);
}

void f_ring_freeze(bool freeze)
{
	pthread_mutex_lock(&lock);
	frozen = freeze;
	pthread_mutex_unlock(&lock);
}
