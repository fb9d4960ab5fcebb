/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The io_uring engine as other threads see it: whether there is one, its beginning and
 * end, and the inbox by which requests and cancels reach its thread.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/uring.h"

/* What the ring itself needs: to be woken by a read, to poll, to cancel. */
static const int needed_ops[] = {
	IORING_OP_NOP, IORING_OP_READ, IORING_OP_ASYNC_CANCEL, IORING_OP_POLL_ADD};

#define KIND(op) (1u << VMMIO_IO_##op)

/* What requests become: those of a kind that the ring cannot do go to the workers. */
static const struct {
	int op;
	uint8_t kinds;
} request_ops[] = {
	{IORING_OP_READV, KIND(READ)},
	{IORING_OP_WRITE, KIND(WRITE) | KIND(ZERO) | KIND(ZERO_UNMAP)},
	{IORING_OP_WRITEV, KIND(WRITE) | KIND(ZERO) | KIND(ZERO_UNMAP)},
	{IORING_OP_FSYNC, KIND(DATASYNC)},
	{IORING_OP_FALLOCATE, KIND(DISCARD) | KIND(ZERO) | KIND(ZERO_UNMAP)},
};

/* For a ring that one thread submits to and looks at when it likes: what has to be done for
 * a completion waits until it does. Disabled until that thread is known. */
#define LOOP_FLAGS                                                                                 \
	(IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |       \
		IORING_SETUP_TASKRUN_FLAG)

int vmmio_io_uring_init_ring(struct io_uring *ring, unsigned entries, unsigned flags)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE | flags,
		.cq_entries = entries * 4,
	};
	int err = io_uring_queue_init_params(entries, ring, &params);

	if (err)
		return err;
	/* Without these a completion could be lost, or iov read after its submission. */
	if (!(params.features & IORING_FEAT_NODROP) ||
		!(params.features & IORING_FEAT_SUBMIT_STABLE)) {
		io_uring_queue_exit(ring);
		return -EOPNOTSUPP;
	}
	/* A child process that submitted here would take entries of ours with it. */
	(void)io_uring_ring_dontfork(ring);
	return 0;
}

static int check_ops(struct io_uring *ring, uint8_t *lacks)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	int err = 0;
	size_t i;

	if (!probe)
		return -EOPNOTSUPP;
	for (i = 0; i < sizeof(needed_ops) / sizeof(needed_ops[0]); i++)
		if (!io_uring_opcode_supported(probe, needed_ops[i]))
			err = -EOPNOTSUPP;
	for (i = 0; i < sizeof(request_ops) / sizeof(request_ops[0]); i++)
		if (!io_uring_opcode_supported(probe, request_ops[i].op))
			*lacks |= request_ops[i].kinds;
	io_uring_free_probe(probe);
	return err;
}

/* A filter may let io_uring_setup pass and refuse io_uring_enter. */
static int check_enter(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	int ret;

	if (!sqe)
		return -EAGAIN; /* never, of a ring that is new */
	io_uring_prep_nop(sqe);
	do {
		ret = io_uring_submit(ring);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	do {
		ret = io_uring_wait_cqe(ring, &cqe);
	} while (ret == -EINTR);
	if (ret < 0)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

int vmmio_io_uring_probe(unsigned entries, uint8_t *lacks)
{
	struct io_uring ring;
	int err = vmmio_io_uring_init_ring(&ring, entries, 0);

	if (err)
		return err;
	err = check_ops(&ring, lacks);
	if (!err)
		err = check_enter(&ring);
	io_uring_queue_exit(&ring);
	return err;
}

static void free_engine(struct io_uring_engine *e)
{
	free(e->slots);
	free(e);
}

static int init_loop_ring(struct io_uring_engine *e)
{
	int err = vmmio_io_uring_init_ring(&e->ring, e->io->entries, LOOP_FLAGS);

	e->disabled = e->deferred = !err;
	if (err == -EINVAL) /* a kernel before 6.1 */
		err = vmmio_io_uring_init_ring(&e->ring, e->io->entries, 0);
	return err;
}

static int init_thread_ring(struct io_uring_engine *e)
{
	int err = vmmio_io_uring_init_ring(&e->ring, e->io->entries, 0);

	if (err)
		return err;
	err = vmmio_io_thread_start(&e->thread, e->io->name, vmmio_io_uring_main, e);
	if (err)
		io_uring_queue_exit(&e->ring);
	return err;
}

int vmmio_io_uring_create(struct vmmio_io *io, struct io_uring_engine **out)
{
	struct io_uring_engine *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->io = io;
	e->hub = &io->hub;
	e->free_slot = NO_SLOT;
	io_list_init(&e->inbox);
	io_list_init(&e->cancels);
	io_list_init(&e->changes);
	io_list_init(&e->backlog);
	err = vmmio_io_uring_more_slots(e);
	if (!err)
		err = io->form == VMMIO_IO_LOOP ? init_loop_ring(e) : init_thread_ring(e);
	if (err) {
		free_engine(e);
		return err;
	}
	*out = e;
	return 0;
}

void vmmio_io_uring_destroy(struct io_uring_engine *e)
{
	if (!e)
		return;
	if (e->io->form == VMMIO_IO_THREADS) {
		pthread_mutex_lock(&e->hub->lock);
		e->stop = true;
		atomic_store(&e->hub->mail, true);
		pthread_mutex_unlock(&e->hub->lock);
		vmmio_io_hub_wake(e->hub); /* in any case: its armed read has to end too */
		pthread_join(e->thread, NULL);
	}
	io_uring_queue_exit(&e->ring);
	free_engine(e);
}

static bool is_owner(const struct io_uring_engine *e)
{
	return atomic_load_explicit(&e->io->owner, memory_order_relaxed) == vmmio_io_me();
}

void vmmio_io_uring_submit(
	struct io_uring_engine *e, struct vmmio_io_request *const *requests, unsigned n)
{
	struct io_link batch;
	unsigned i;

	if (is_owner(e)) {
		/* Straight in. None can end before this thread looks, so it may settle after. */
		for (i = 0; i < n; i++) {
			vmmio_io_uring_queue(e, requests[i]);
			vmmio_io_settle(requests[i], IO_HOME_RING);
		}
		return;
	}
	io_list_init(&batch);
	for (i = 0; i < n; i++)
		io_list_add(&batch, &io_state(requests[i])->link);
	pthread_mutex_lock(&e->hub->lock);
	for (i = 0; i < n; i++)
		vmmio_io_settle(requests[i], IO_HOME_RING);
	io_list_splice(&e->inbox, &batch);
	atomic_store(&e->hub->mail, true);
	pthread_mutex_unlock(&e->hub->lock);
	vmmio_io_hub_wake_if_sleeping(e->hub);
}

void vmmio_io_uring_cancel(struct io_uring_engine *e, struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);
	uint8_t phase = IO_PHASE_OUT;

	/* Under the lock: a thread that ends the request and finds it cancelled takes the
	 * lock too, and with it sees the request on the list. */
	if (!atomic_compare_exchange_strong(&s->phase, &phase, IO_PHASE_CANCELLED))
		return;
	io_list_add(&e->cancels, &s->cancel);
	s->cancel_listed = true;
	atomic_store(&e->hub->mail, true);
}

void vmmio_io_uring_change(struct io_uring_engine *e, struct io_watch *watch)
{
	if (io_list_empty(&watch->todo))
		io_list_add(&e->changes, &watch->todo);
	atomic_store(&e->hub->mail, true);
}
