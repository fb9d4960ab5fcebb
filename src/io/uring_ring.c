/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes into the ring and what comes out, on the ring's thread.
 *
 * It makes no call that guest memory or a store can block: requests that could are marked
 * IOSQE_ASYNC, so that a kernel worker takes the wait. There may be as many of those as
 * requests are out (vmmio_io_uring_raise_workers), so that however many are stuck, one more
 * request finds a worker.
 *
 * A cancel is not a completion. Only the completion of the request itself ends it, and
 * what the cancel says means nothing.
 */
#include "io/uring.h"

#define REAP 64u

static void end(struct io_uring_engine *e, struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);

	if (s->slot != NO_SLOT)
		vmmio_io_uring_free_slot(e, s->slot);
	if (atomic_exchange(&s->phase, IO_PHASE_DONE) == IO_PHASE_CANCELLED) {
		pthread_mutex_lock(&e->hub->lock);
		if (s->cancel_listed)
			io_list_del(&s->cancel);
		pthread_mutex_unlock(&e->hub->lock);
	}
	vmmio_io_end(e->io, request);
}

static void prepare_transfer(struct io_uring_sqe *sqe, const struct io_step *step)
{
	bool one = step->n_iov == 1;
	const struct iovec *iov = step->iov;

	if (step->call == IO_CALL_READ && one)
		io_uring_prep_read(
			sqe, step->fd, iov->iov_base, (unsigned)iov->iov_len, step->offset);
	else if (step->call == IO_CALL_READ)
		io_uring_prep_readv(sqe, step->fd, iov, step->n_iov, step->offset);
	else if (one)
		io_uring_prep_write(
			sqe, step->fd, iov->iov_base, (unsigned)iov->iov_len, step->offset);
	else
		io_uring_prep_writev(sqe, step->fd, iov, step->n_iov, step->offset);
}

static void prepare(struct io_uring_sqe *sqe, struct vmmio_io_request *request)
{
	struct io_step step;

	vmmio_io_next_step(request, &step);
	if (step.call == IO_CALL_DATASYNC)
		io_uring_prep_fsync(sqe, step.fd, IORING_FSYNC_DATASYNC);
	else if (step.call == IO_CALL_FALLOCATE)
		io_uring_prep_fallocate(
			sqe, step.fd, step.mode, (off_t)step.offset, (off_t)step.length);
	else
		prepare_transfer(sqe, &step);
	if ((request->flags & (VMMIO_IO_MAY_FAULT | VMMIO_IO_PAGE_CACHE)) ||
		io_state(request)->again)
		sqe->flags |= IOSQE_ASYNC;
}

enum put { PUT_IN, PUT_FULL, PUT_NO_MEMORY };

static enum put put(struct io_uring_engine *e, struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);
	struct io_uring_sqe *sqe;

	if (s->slot == NO_SLOT) /* else it goes on after a short transfer */
		s->slot = vmmio_io_uring_take_slot(e, request, TAG_REQUEST);
	if (s->slot == NO_SLOT)
		return PUT_NO_MEMORY;
	sqe = io_uring_get_sqe(&e->ring);
	if (!sqe)
		return PUT_FULL;
	prepare(sqe, request);
	io_uring_sqe_set_data64(sqe, vmmio_io_uring_data(e, s->slot));
	return PUT_IN;
}

void vmmio_io_uring_queue(struct io_uring_engine *e, struct vmmio_io_request *request)
{
	if (!io_list_empty(&e->backlog) || put(e, request) != PUT_IN)
		io_list_add(&e->backlog, &io_state(request)->link);
}

bool vmmio_io_uring_fill(struct io_uring_engine *e)
{
	while (!io_list_empty(&e->backlog)) {
		struct io_link *first = e->backlog.next;

		switch (put(e, io_of_link(first))) {
		case PUT_FULL:
			return false;
		case PUT_NO_MEMORY: /* until another one ends */
			return e->requests > 0;
		default:
			io_list_del(first);
		}
	}
	return true;
}

/*
 * A kernel worker that waits for a missing page cannot be cancelled: told to end, it does not
 * sleep any more but tries that page again and again until it comes, and takes a processor.
 * Not worth the risk where a cancel gains next to nothing, in transfers of files.
 */
static bool worth_a_cancel(const struct vmmio_io_request *request)
{
	return !(request->flags & VMMIO_IO_MAY_FAULT) || request->offset == VMMIO_IO_STREAM ||
	       (request->op != VMMIO_IO_READ && request->op != VMMIO_IO_WRITE);
}

/* Cancels whose target is in the kernel become SQEs, others end here. They are executed in
 * the order of the ring, inside the call that submits them, so none can meet the next
 * user of its target's slot; the generation says so a second time. false: the ring is
 * full. */
static bool take_cancels(struct io_uring_engine *e, struct io_link *ended)
{
	while (!io_list_empty(&e->cancels)) {
		struct io_state *s = io_state(io_of_cancel(e->cancels.next));
		struct io_uring_sqe *sqe;

		if (!io_list_empty(&s->link)) { /* in the backlog */
			io_list_del(&s->link);
			io_list_add(ended, &s->link);
		} else if (worth_a_cancel(io_of_cancel(e->cancels.next))) {
			sqe = io_uring_get_sqe(&e->ring);
			if (!sqe)
				return false;
			io_uring_prep_cancel64(sqe, vmmio_io_uring_data(e, s->slot), 0);
			io_uring_sqe_set_data64(sqe, TAG_CANCEL);
		}
		io_list_del(&s->cancel);
		s->cancel_listed = false;
	}
	return true;
}

unsigned vmmio_io_uring_collect(struct io_uring_engine *e)
{
	struct io_hub *hub = e->hub;
	struct io_link ended;
	unsigned n = 0;
	bool all;

	if (!atomic_load(&hub->mail))
		return 0;
	io_list_init(&ended);
	pthread_mutex_lock(&hub->lock);
	io_list_splice(&e->backlog, &e->inbox);
	all = take_cancels(e, &ended) && vmmio_io_uring_take_changes(e);
	/* What had no room, or is to be delivered: the next round. */
	atomic_store(&hub->mail, !all || !io_list_empty(&hub->finished));
	e->stopping = e->stop;
	pthread_mutex_unlock(&hub->lock);
	for (; !io_list_empty(&ended); n++) {
		struct vmmio_io_request *request = io_of_link(ended.next);

		io_list_del(&io_state(request)->link);
		request->result = vmmio_io_cancelled_result(io_state(request));
		end(e, request);
	}
	return n;
}

static void log_stray(struct io_uring_engine *e, uint64_t data)
{
	if (!e->strayed)
		vmmio_io_log(&e->io->log, VMMIO_LOG_WARN,
			"a completion nobody asked for (user_data 0x%llx) is ignored: does "
			"another process submit to this ring after a fork?",
			(unsigned long long)data);
	e->strayed = true;
}

/* Returns how many callbacks ran. */
static unsigned reap_one(struct io_uring_engine *e, const struct io_completion *c)
{
	struct vmmio_io_request *request;
	void *who;

	if ((c->data & TAG_MASK) == TAG_WAKE) {
		e->wake_armed = false;
		return 0;
	}
	if ((c->data & TAG_MASK) == TAG_CANCEL)
		return 0;
	who = vmmio_io_uring_find(e, c->data);
	if (!who) {
		log_stray(e, c->data);
		return 0;
	}
	if ((c->data & TAG_MASK) == TAG_POLL)
		return vmmio_io_uring_poll_event(e, who, c);
	request = who;
	if (vmmio_io_take_result(request, c->res)) {
		end(e, request);
		return 1;
	}
	io_list_add(&e->backlog, &io_state(request)->link);
	return 0;
}

unsigned vmmio_io_uring_reap(struct io_uring_engine *e, unsigned max)
{
	struct io_completion batch[REAP];
	struct io_uring_cqe *cqes[REAP];
	unsigned i, n, wanted, seen = 0, called = 0;

	do {
		wanted = max - seen < REAP ? max - seen : REAP;
		n = io_uring_peek_batch_cqe(&e->ring, cqes, wanted);
		for (i = 0; i < n; i++)
			batch[i] = (struct io_completion){
				cqes[i]->user_data, cqes[i]->res, cqes[i]->flags};
		io_uring_cq_advance(&e->ring, n);
		for (i = 0; i < n; i++)
			called += reap_one(e, &batch[i]);
		vmmio_io_batch_end();
		seen += n;
	} while (n && n == wanted);
	return called;
}
