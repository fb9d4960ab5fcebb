/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The io_uring engine as other threads see it: whether there is one, its beginning and
 * end, and the inbox by which requests and cancels reach its thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "io/uring.h"

static const int needed_ops[] = {IORING_OP_NOP, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READV,
	IORING_OP_WRITEV, IORING_OP_FSYNC, IORING_OP_FALLOCATE, IORING_OP_ASYNC_CANCEL};

int vmmio_io_uring_init_ring(struct io_uring *ring, unsigned entries)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE,
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
	return 0;
}

static int check_ops(struct io_uring *ring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	int err = 0;
	size_t i;

	if (!probe)
		return -EOPNOTSUPP;
	for (i = 0; i < sizeof(needed_ops) / sizeof(needed_ops[0]); i++)
		if (!io_uring_opcode_supported(probe, needed_ops[i]))
			err = -EOPNOTSUPP;
	io_uring_free_probe(probe);
	return err;
}

/* A filter may let io_uring_setup pass and refuse io_uring_enter. */
static int check_enter(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int ret;

	io_uring_prep_nop(io_uring_get_sqe(ring));
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

int vmmio_io_uring_probe(unsigned entries)
{
	struct io_uring ring;
	int err = vmmio_io_uring_init_ring(&ring, entries);

	if (err)
		return err;
	err = check_ops(&ring);
	if (!err)
		err = check_enter(&ring);
	io_uring_queue_exit(&ring);
	return err;
}

static void free_engine(struct io_uring_engine *e)
{
	pthread_mutex_destroy(&e->lock);
	if (e->wake_fd >= 0)
		close(e->wake_fd);
	free(e->slots);
	free(e);
}

int vmmio_io_uring_create(struct vmmio_io *io, const char *name, unsigned entries,
	const struct vmmio_log *log, struct io_uring_engine **out)
{
	struct io_uring_engine *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return -ENOMEM;
	e->io = io;
	e->log = *log;
	e->free_slot = NO_SLOT;
	pthread_mutex_init(&e->lock, NULL);
	io_list_init(&e->inbox);
	io_list_init(&e->cancels);
	io_list_init(&e->backlog);
	e->wake_fd = eventfd(0, EFD_CLOEXEC);
	err = e->wake_fd < 0 ? -errno : vmmio_io_uring_more_slots(e);
	if (!err)
		err = vmmio_io_uring_init_ring(&e->ring, entries);
	if (err) {
		free_engine(e);
		return err;
	}
	err = vmmio_io_thread_start(&e->thread, name, vmmio_io_uring_main, e);
	if (err) {
		io_uring_queue_exit(&e->ring);
		free_engine(e);
		return err;
	}
	*out = e;
	return 0;
}

static void wake(struct io_uring_engine *e)
{
	uint64_t one = 1;

	while (write(e->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void wake_if_sleeping(struct io_uring_engine *e)
{
	if (atomic_load(&e->sleeping) && atomic_exchange(&e->sleeping, false))
		wake(e);
}

void vmmio_io_uring_destroy(struct io_uring_engine *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	atomic_store(&e->mail, true);
	pthread_mutex_unlock(&e->lock);
	wake(e); /* in any case: its armed read has to end too */
	pthread_join(e->thread, NULL);
	io_uring_queue_exit(&e->ring);
	free_engine(e);
}

void vmmio_io_uring_submit(
	struct io_uring_engine *e, struct vmmio_io_request *const *requests, unsigned n)
{
	struct io_link batch;
	unsigned i;

	io_list_init(&batch);
	for (i = 0; i < n; i++) {
		vmmio_io_begin(requests[i], IO_HOME_RING);
		io_list_add(&batch, &io_state(requests[i])->link);
	}
	pthread_mutex_lock(&e->lock);
	io_list_splice(&e->inbox, &batch);
	atomic_store(&e->mail, true);
	pthread_mutex_unlock(&e->lock);
	wake_if_sleeping(e);
}

void vmmio_io_uring_cancel(struct io_uring_engine *e, struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);
	uint8_t phase = IO_PHASE_OUT;

	pthread_mutex_lock(&e->lock);
	/* Under the lock: a thread that ends the request and finds it cancelled takes the
	 * lock too, and with it sees the request on the list. */
	if (!atomic_compare_exchange_strong(&s->phase, &phase, IO_PHASE_CANCELLED)) {
		pthread_mutex_unlock(&e->lock);
		return;
	}
	io_list_add(&e->cancels, &s->cancel);
	s->cancel_listed = true;
	atomic_store(&e->mail, true);
	pthread_mutex_unlock(&e->lock);
	wake_if_sleeping(e);
}
