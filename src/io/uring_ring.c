/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The thread of the io_uring engine: inbox to submission ring, completion ring to done.
 *
 * It makes no call that guest memory or a store can block: requests that could are marked
 * IOSQE_ASYNC, so that a kernel worker takes the wait. There may be as many of those as
 * requests are out (vmmio_io_uring_more_slots), so that however many are stuck, one more
 * request finds a worker.
 *
 * A cancel is not a completion. Only the completion of the request itself ends it, and
 * what the cancel says means nothing.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "io/uring.h"

#define FIRST_SLOTS 1024u
#define REAP 64u
#define SPIN_NS 50000u

/* user_data: what it is in bits 62-63, generation in 32-61, slot in 0-31. */
#define TAG_REQUEST (UINT64_C(1) << 62)
#define TAG_CANCEL (UINT64_C(2) << 62)
#define TAG_WAKE (UINT64_C(3) << 62)
#define TAG_MASK (UINT64_C(3) << 62)
#define GENERATION_MASK 0x3fffffffu

static _Thread_local struct io_uring_engine *self;

bool vmmio_io_uring_is_self(struct io_uring_engine *e)
{
	return e && self == e;
}

/* Twice as many slots. Before the thread runs, or on it. */
int vmmio_io_uring_more_slots(struct io_uring_engine *e)
{
	uint32_t n = e->n_slots ? e->n_slots * 2 : FIRST_SLOTS;
	struct io_slot *slots = realloc(e->slots, n * sizeof(*slots));
	uint32_t i;

	if (!slots)
		return -ENOMEM;
	for (i = n; i-- > e->n_slots;)
		slots[i] = (struct io_slot){.next_free = i + 1 < n ? i + 1 : e->free_slot};
	e->free_slot = e->n_slots;
	e->slots = slots;
	e->n_slots = n;
	return 0;
}

/* On the thread: the kernel's workers belong to it. An old kernel refuses; it keeps its
 * own, lower limit. */
static void raise_worker_limit(struct io_uring_engine *e)
{
	unsigned limits[2] = {e->n_slots, e->n_slots};

	(void)io_uring_register_iowq_max_workers(&e->ring, limits);
}

static bool take_slot(struct io_uring_engine *e, struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);
	struct io_slot *slot;

	if (s->slot != NO_SLOT) /* it goes on after a short transfer */
		return true;
	if (e->free_slot == NO_SLOT) {
		if (vmmio_io_uring_more_slots(e))
			return false;
		raise_worker_limit(e);
	}
	s->slot = e->free_slot;
	slot = &e->slots[s->slot];
	e->free_slot = slot->next_free;
	slot->generation = (slot->generation + 1) & GENERATION_MASK;
	slot->request = request;
	e->out++;
	return true;
}

static void free_slot(struct io_uring_engine *e, struct io_state *s)
{
	struct io_slot *slot;

	if (s->slot == NO_SLOT)
		return;
	slot = &e->slots[s->slot];
	slot->request = NULL;
	slot->next_free = e->free_slot;
	e->free_slot = s->slot;
	e->out--;
}

static uint64_t request_data(const struct io_uring_engine *e, const struct io_state *s)
{
	return TAG_REQUEST | (uint64_t)e->slots[s->slot].generation << 32 | s->slot;
}

static void end(struct io_uring_engine *e, struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);

	free_slot(e, s);
	if (atomic_exchange(&s->phase, IO_PHASE_DONE) == IO_PHASE_CANCELLED) {
		pthread_mutex_lock(&e->lock);
		if (s->cancel_listed)
			io_list_del(&s->cancel);
		pthread_mutex_unlock(&e->lock);
	}
	vmmio_io_finished(e->io);
	request->done(request);
}

static void prepare(struct io_uring_sqe *sqe, struct vmmio_io_request *request)
{
	struct io_step step;

	vmmio_io_step(request, &step);
	switch (step.call) {
	case IO_CALL_READ:
		if (step.n_iov == 1)
			io_uring_prep_read(sqe, step.fd, step.iov->iov_base,
				(unsigned)step.iov->iov_len, step.offset);
		else
			io_uring_prep_readv(sqe, step.fd, step.iov, step.n_iov, step.offset);
		break;
	case IO_CALL_WRITE:
		if (step.n_iov == 1)
			io_uring_prep_write(sqe, step.fd, step.iov->iov_base,
				(unsigned)step.iov->iov_len, step.offset);
		else
			io_uring_prep_writev(sqe, step.fd, step.iov, step.n_iov, step.offset);
		break;
	case IO_CALL_DATASYNC:
		io_uring_prep_fsync(sqe, step.fd, IORING_FSYNC_DATASYNC);
		break;
	default:
		io_uring_prep_fallocate(
			sqe, step.fd, step.mode, (off_t)step.offset, (off_t)step.length);
	}
	if ((request->flags & (VMMIO_IO_MAY_FAULT | VMMIO_IO_PAGE_CACHE)) ||
		io_state(request)->again)
		sqe->flags |= IOSQE_ASYNC;
}

/* Cancels whose target is in the kernel become SQEs, others end here. They are executed in
 * the order of the ring, inside the call that submits them, so none can meet the next
 * user of its target's slot; the generation says so a second time. */
static void take_cancels(struct io_uring_engine *e, struct io_link *ended)
{
	while (!io_list_empty(&e->cancels)) {
		struct io_state *s = io_state(io_of_cancel(e->cancels.next));
		struct io_uring_sqe *sqe;

		if (!io_list_empty(&s->link)) { /* in the backlog */
			io_list_del(&s->link);
			io_list_add(ended, &s->link);
		} else {
			sqe = io_uring_get_sqe(&e->ring);
			if (!sqe) { /* full: the next round has room */
				atomic_store(&e->mail, true);
				return;
			}
			io_uring_prep_cancel64(sqe, request_data(e, s), 0);
			io_uring_sqe_set_data64(sqe, TAG_CANCEL);
		}
		io_list_del(&s->cancel);
		s->cancel_listed = false;
	}
}

static void collect(struct io_uring_engine *e)
{
	struct io_link ended;

	if (!atomic_load(&e->mail))
		return;
	io_list_init(&ended);
	pthread_mutex_lock(&e->lock);
	atomic_store(&e->mail, false);
	io_list_splice(&e->backlog, &e->inbox);
	take_cancels(e, &ended);
	e->stopping = e->stop;
	pthread_mutex_unlock(&e->lock);
	while (!io_list_empty(&ended)) {
		struct vmmio_io_request *request = io_of_link(ended.next);

		io_list_del(&io_state(request)->link);
		request->result = vmmio_io_cancelled_result(io_state(request));
		end(e, request);
	}
}

/* Backlog to submission ring. true: all that can be had is in, false: it was full. */
static bool fill(struct io_uring_engine *e)
{
	while (!io_list_empty(&e->backlog)) {
		struct vmmio_io_request *request = io_of_link(e->backlog.next);
		struct io_uring_sqe *sqe;

		if (!take_slot(e, request)) /* no memory: until another one ends */
			return e->out > 0;
		sqe = io_uring_get_sqe(&e->ring);
		if (!sqe)
			return false;
		io_list_del(&io_state(request)->link);
		prepare(sqe, request);
		io_uring_sqe_set_data64(sqe, request_data(e, io_state(request)));
	}
	return true;
}

static bool arm_wake(struct io_uring_engine *e)
{
	struct io_uring_sqe *sqe;

	if (e->wake_armed || e->stopping)
		return true;
	sqe = io_uring_get_sqe(&e->ring);
	if (!sqe)
		return false;
	io_uring_prep_read(sqe, e->wake_fd, &e->wake_value, sizeof(e->wake_value), 0);
	io_uring_sqe_set_data64(sqe, TAG_WAKE);
	e->wake_armed = true;
	return true;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool something(struct io_uring_engine *e)
{
	return atomic_load_explicit(&e->mail, memory_order_relaxed) || io_uring_cq_ready(&e->ring);
}

/* Looks for a while before it sleeps: a wake-up costs more than most requests take. */
static bool spin(struct io_uring_engine *e, uint64_t since)
{
	unsigned i;

	if (!e->spin)
		return false;
	do {
		for (i = 0; i < 32; i++) {
			if (something(e))
				return true;
#if defined(__x86_64__) || defined(__i386__)
			__builtin_ia32_pause();
#endif
		}
	} while (now_ns() - since < SPIN_NS);
	return false;
}

static void submit(struct io_uring_engine *e, unsigned wait)
{
	static const struct timespec pause = {.tv_nsec = 1000000};
	int ret = io_uring_submit_and_wait(&e->ring, wait);

	/* What was not taken stays in the ring and goes with the next call. */
	if (ret >= 0 || ret == -EINTR || ret == -EBUSY || ret == -ETIME)
		return;
	if (!e->complained && ret != -EAGAIN) {
		e->complained = true;
		vmmio_io_log(&e->log, VMMIO_LOG_ERROR,
			"io_uring_enter fails with error %d, I/O is retried until it works: allow "
			"the call to this process",
			-ret);
	}
	nanosleep(&pause, NULL); /* EAGAIN: no memory for requests */
}

static void submit_and_wait(struct io_uring_engine *e)
{
	uint64_t since;

	if (io_uring_sq_ready(&e->ring) && e->spin)
		submit(e, 0);
	if (something(e)) {
		if (io_uring_sq_ready(&e->ring))
			submit(e, 0);
		return;
	}
	since = now_ns();
	if (!spin(e, since)) {
		atomic_store(&e->sleeping, true);
		submit(e, atomic_load(&e->mail) ? 0 : 1);
		atomic_store(&e->sleeping, false);
	}
	/* Spinning pays if the wait that just ended was short. */
	e->spin = now_ns() - since < SPIN_NS;
}

static void reap_one(struct io_uring_engine *e, uint64_t data, int32_t res)
{
	uint32_t index = (uint32_t)data;
	uint32_t generation = (uint32_t)(data >> 32) & GENERATION_MASK;
	struct vmmio_io_request *request = NULL;

	if ((data & TAG_MASK) == TAG_WAKE) {
		e->wake_armed = false;
		return;
	}
	if ((data & TAG_MASK) == TAG_CANCEL)
		return;
	if ((data & TAG_MASK) == TAG_REQUEST && index < e->n_slots &&
		e->slots[index].generation == generation)
		request = e->slots[index].request;
	if (!request) {
		if (!e->strayed)
			vmmio_io_log(&e->log, VMMIO_LOG_WARN,
				"a completion nobody asked for (user_data 0x%llx) is ignored: does "
				"another process submit to this ring after a fork?",
				(unsigned long long)data);
		e->strayed = true;
		return;
	}
	if (vmmio_io_advance(request, res))
		end(e, request);
	else
		io_list_add(&e->backlog, &io_state(request)->link);
}

static void reap(struct io_uring_engine *e)
{
	struct io_uring_cqe *cqes[REAP];
	struct {
		uint64_t data;
		int32_t res;
	} batch[REAP];
	unsigned i, n;

	do {
		n = io_uring_peek_batch_cqe(&e->ring, cqes, REAP);
		for (i = 0; i < n; i++) {
			batch[i].data = cqes[i]->user_data;
			batch[i].res = cqes[i]->res;
		}
		io_uring_cq_advance(&e->ring, n);
		for (i = 0; i < n; i++)
			reap_one(e, batch[i].data, batch[i].res);
	} while (n == REAP);
}

void *vmmio_io_uring_main(void *engine)
{
	struct io_uring_engine *e = engine;

	self = e;
	raise_worker_limit(e);
	for (;;) {
		collect(e);
		if (e->stopping && !e->out && !e->wake_armed && io_list_empty(&e->backlog))
			break;
		if (fill(e) && arm_wake(e))
			submit_and_wait(e);
		else
			submit(e, 0);
		reap(e);
	}
	return NULL;
}
