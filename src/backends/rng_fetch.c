/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Getting random bytes, without waiting for them: from the kernel's generator, from what can be
 * polled, or by a read of the I/O engine's.
 */
#include <errno.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/rng.h"

static int got(struct vmmio_rng *rng, int64_t n)
{
	rng->at = 0;
	rng->have = (uint32_t)n;
	return (int)n;
}

/* --- What can be polled ---------------------------------------------------------------------- */

/* One event at a time: a source that nobody wants to read makes no work. */
static void ready(struct vmmio_io_poll *poll)
{
	struct vmmio_rng *rng =
		(struct vmmio_rng *)(void *)((char *)poll - offsetof(struct vmmio_rng, poll));
	struct vmmio_executor *ex;

	vmmio_io_poll_remove(rng->io, poll);
	pthread_mutex_lock(&rng->lock);
	rng->polling = false;
	ex = vmmio_rng_wake(rng);
	pthread_mutex_unlock(&rng->lock);
	if (ex)
		vmmio_executor_submit(ex, &rng->task);
}

static int wait_for_source(struct vmmio_rng *rng)
{
	int err;

	rng->poll = (struct vmmio_io_poll){.fd = rng->fd, .ready = ready};
	pthread_mutex_lock(&rng->lock);
	rng->polling = true;
	pthread_mutex_unlock(&rng->lock);
	/* From here on ready may run. */
	err = vmmio_io_poll_add(rng->io, &rng->poll);
	if (!err)
		return 0;
	pthread_mutex_lock(&rng->lock);
	rng->polling = false;
	pthread_mutex_unlock(&rng->lock);
	return err;
}

static int fetch_polled(struct vmmio_rng *rng, uint32_t want)
{
	ssize_t n = rng->is_socket ? recv(rng->fd, rng->bytes, want, MSG_DONTWAIT)
				   : read(rng->fd, rng->bytes, want);

	if (n > 0)
		return got(rng, n);
	if (n == 0)
		return -ENODATA;
	if (errno == EAGAIN || errno == EINTR)
		return wait_for_source(rng);
	return -errno;
}

/* --- What the engine reads -------------------------------------------------------------------- */

static void read_done(struct vmmio_io_request *request)
{
	struct vmmio_rng *rng =
		(struct vmmio_rng *)(void *)((char *)request - offsetof(struct vmmio_rng, request));
	struct vmmio_executor *ex;

	pthread_mutex_lock(&rng->lock);
	rng->reading = false;
	rng->ended = true;
	ex = vmmio_rng_wake(rng);
	pthread_mutex_unlock(&rng->lock);
	if (ex)
		vmmio_executor_submit(ex, &rng->task);
	vmmio_rng_unref(rng);
}

static void submit_read(struct vmmio_rng *rng, uint32_t want)
{
	struct vmmio_io_request *request = &rng->request;

	rng->iov = (struct vmmio_iovec){rng->bytes, want};
	*request = (struct vmmio_io_request){
		.op = VMMIO_IO_READ,
		.flags = rng->offset == VMMIO_IO_STREAM ? 0 : VMMIO_IO_PAGE_CACHE,
		.fd = rng->fd,
		.offset = rng->offset,
		.length = want,
		.iov = &rng->iov,
		.n_iov = 1,
		.done = read_done,
	};
	pthread_mutex_lock(&rng->lock);
	rng->reading = true;
	rng->refs++;
	pthread_mutex_unlock(&rng->lock);
	vmmio_io_submit(rng->io, &request, 1);
}

static int fetch_read(struct vmmio_rng *rng, uint32_t want)
{
	int64_t result;
	bool ended;

	pthread_mutex_lock(&rng->lock);
	result = rng->request.result;
	ended = rng->ended;
	rng->ended = false;
	pthread_mutex_unlock(&rng->lock);
	/* Cancelled by the end of an earlier device: try again. */
	if (!ended || result == -ECANCELED || result == -EINTR) {
		submit_read(rng, want);
		return 0;
	}
	if (result == 0)
		return -ENODATA;
	if (result < 0)
		return (int)result;
	if (rng->offset != VMMIO_IO_STREAM)
		rng->offset += (uint64_t)result;
	return got(rng, result);
}

/* --- All of them ------------------------------------------------------------------------------ */

static int fetch_random(struct vmmio_rng *rng, uint32_t want)
{
	/* Not even early in the host's boot does it wait: there are better places to. */
	ssize_t n = getrandom(rng->bytes, want, GRND_NONBLOCK);

	if (n > 0)
		return got(rng, n);
	return n < 0 ? -errno : -EIO;
}

int vmmio_rng_fetch(struct vmmio_rng *rng, uint32_t want)
{
	switch (rng->kind) {
	case RNG_POLLED:
		return fetch_polled(rng, want);
	case RNG_READ:
		return fetch_read(rng, want);
	default:
		return fetch_random(rng, want);
	}
}

/* A read is left to itself. */
void vmmio_rng_fetch_stop(struct vmmio_rng *rng)
{
	if (!rng->using_io)
		return;
	vmmio_io_poll_remove(rng->io, &rng->poll);
	pthread_mutex_lock(&rng->lock);
	rng->polling = false;
	if (rng->reading)
		vmmio_io_cancel(rng->io, &rng->request);
	pthread_mutex_unlock(&rng->lock);
}
