/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request's own steps: which I/O comes next, and what a result means. Bounce buffers for
 * O_DIRECT are filled and emptied here, so both functions may touch guest memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backends/blk.h"

static bool fail(struct blk_request *r)
{
	r->answer = VMMIO_BLK_S_IOERR;
	return false;
}

static bool aligned(const struct blk_request *r)
{
	uintptr_t mask = r->queue->blk->align - 1;
	unsigned i;

	for (i = 0; i < r->n_iov; i++)
		if (((uintptr_t)r->iov[i].base | r->iov[i].len) & mask)
			return false;
	return true;
}

/* Moves this piece between guest memory and the bounce buffer. */
static void bounce_copy(struct blk_request *r, bool to_guest)
{
	const struct vmmio_iovec *iov = r->iov;
	uint64_t skip = r->bounced;
	char *at = r->bounce.base;
	size_t left = r->bounce.len;

	for (; left; iov++) {
		size_t n;

		if (skip >= iov->len) {
			skip -= iov->len;
			continue;
		}
		n = iov->len - skip < left ? iov->len - skip : left;
		if (to_guest)
			memcpy((char *)iov->base + skip, at, n);
		else
			memcpy(at, (char *)iov->base + skip, n);
		at += n;
		left -= n;
		skip = 0;
	}
}

static void step_direct(struct blk_request *r)
{
	r->io.iov = r->iov;
	r->io.n_iov = r->n_iov;
	r->io.offset = r->offset;
	r->io.length = r->length;
}

static bool step_bounce(struct blk_request *r)
{
	uint64_t left = r->length - r->bounced;

	if (!r->bounce.base) {
		size_t size = r->length < BLK_BOUNCE ? (size_t)r->length : BLK_BOUNCE;
		uint32_t align = r->queue->blk->align > 4096 ? r->queue->blk->align : 4096;

		r->bounce_size = size;
		if (posix_memalign(&r->bounce.base, align, size)) {
			r->bounce.base = NULL;
			return fail(r);
		}
	}
	r->bounce.len = left < BLK_BOUNCE ? (size_t)left : BLK_BOUNCE;
	if (r->type == VMMIO_BLK_T_OUT)
		bounce_copy(r, false);
	r->io.iov = &r->bounce;
	r->io.n_iov = 1;
	r->io.offset = r->offset + r->bounced;
	r->io.length = r->bounce.len;
	r->io.flags &= ~(uint32_t)VMMIO_IO_MAY_FAULT; /* our own memory */
	return true;
}

static bool step_data(struct blk_request *r)
{
	r->io.op = r->type == VMMIO_BLK_T_IN ? VMMIO_IO_READ : VMMIO_IO_WRITE;
	if (r->queue->blk->bounce || !aligned(r))
		return step_bounce(r);
	step_direct(r);
	return true;
}

static void step_segment(struct blk_request *r)
{
	const struct blk_segment *s = &r->segments[r->segment];

	if (r->type == VMMIO_BLK_T_DISCARD)
		r->io.op = VMMIO_IO_DISCARD;
	else
		r->io.op = s->unmap ? VMMIO_IO_ZERO_UNMAP : VMMIO_IO_ZERO;
	r->io.offset = s->offset;
	r->io.length = s->length;
	r->io.iov = NULL;
	r->io.n_iov = 0;
}

/* Sets up the next I/O. false: there is none, answer stands. */
bool vmmio_blk_step(struct blk_request *r)
{
	const struct vmmio_blk *blk = r->queue->blk;

	if (r->answer != VMMIO_BLK_S_OK)
		return false;
	r->io.fd = blk->fd;
	r->io.done = vmmio_blk_io_done;
	r->io.flags = blk->io_flags | (r->pinned ? 0 : VMMIO_IO_MAY_FAULT);
	if (r->bounced < r->length)
		return step_data(r);
	if (r->segment < r->n_segments) {
		step_segment(r);
		return true;
	}
	if (!r->sync)
		return false;
	r->io.op = VMMIO_IO_DATASYNC;
	r->io.length = 0;
	return true;
}

static void log_error(struct blk_request *r, int64_t result)
{
	struct vmmio_blk *blk = r->queue->blk;
	uint64_t n = atomic_fetch_add(&blk->count.host_errors, 1) + 1;

	/* The first, the second, the fourth ...: a dying disk does not flood the log. */
	if (n & (n - 1))
		return;
	vmmio_device_log(blk->device, VMMIO_LOG_WARN,
		"disk image %s: I/O operation %d of %llu bytes at %llu ended with %lld, the guest "
		"gets IOERR (%llu so far): check the store",
		blk->name, (int)r->io.op, (unsigned long long)r->io.length,
		(unsigned long long)r->io.offset, (long long)result, (unsigned long long)n);
}

/* Takes in the result of the I/O that ended. false: the request failed. */
bool vmmio_blk_absorb(struct blk_request *r)
{
	bool transfer = r->io.op == VMMIO_IO_READ || r->io.op == VMMIO_IO_WRITE;

	if (r->io.result != (transfer ? (int64_t)r->io.length : 0)) {
		log_error(r, r->io.result);
		return fail(r);
	}
	if (r->io.op == VMMIO_IO_DATASYNC) {
		r->sync = false;
	} else if (!transfer) {
		r->segment++;
	} else {
		if (r->bounce.base && r->io.op == VMMIO_IO_READ)
			bounce_copy(r, true);
		r->bounced += r->io.length;
	}
	return true;
}

/* What was allocated for it. */
void vmmio_blk_release(struct blk_request *r)
{
	free(r->large);
	free(r->bounce.base);
	r->large = NULL;
	r->bounce.base = NULL;
}
