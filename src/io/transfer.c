/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request has to do next, and what a result means: short transfers go on where
 * they stopped, zeroing falls back from one way to the next. Both engines share it, so
 * that a request does the same on either.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "io/engine.h"

/* A file that answers EAGAIN this often in a row does not mean "again" (O_NONBLOCK). */
#define AGAIN_LIMIT 64

/* The kernel moves at most so much in one call. */
#define MOVE_MAX 0x7ffff000u

/* Zeroes are written from one page-aligned block (O_DIRECT), many times per call. */
#define ZERO_BLOCK 65536u
#define ZERO_BLOCKS 16u

static char zero_block[ZERO_BLOCK] __attribute__((aligned(4096)));

#define Z {zero_block, ZERO_BLOCK}
static const struct iovec zero_iov[ZERO_BLOCKS] = {Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z};
#undef Z

/* The ways of zeroing in the order they are tried; after the last, zeroes are written. */
static const int zero_modes[2][2] = {
	{FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE},
	{FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE},
};
#define ZERO_STAGE_WRITE 2

void vmmio_io_begin(struct vmmio_io_request *request)
{
	struct io_state *s = io_state(request);

	memset(s, 0, sizeof(*s));
	s->slot = UINT32_MAX;
	io_list_init(&s->link);
}

void vmmio_io_settle(struct vmmio_io_request *request, enum io_home home)
{
	struct io_state *s = io_state(request);

	s->home = home;
	atomic_store_explicit(&s->phase, IO_PHASE_OUT, memory_order_release);
}

static void step_transfer(struct vmmio_io_request *request, struct io_step *step)
{
	struct io_state *s = io_state(request);
	const struct iovec *iov = (const struct iovec *)request->iov + s->index;

	step->call = request->op == VMMIO_IO_READ ? IO_CALL_READ : IO_CALL_WRITE;
	step->offset = request->offset;
	if (request->offset != VMMIO_IO_STREAM)
		step->offset += s->moved;
	if (s->index < request->n_iov && (s->skip || iov->iov_len > MOVE_MAX)) {
		/* Part of an element: alone, so that the caller's array stays as it is. */
		s->part.iov_base = (char *)iov->iov_base + s->skip;
		s->part.iov_len = iov->iov_len - s->skip;
		if (s->part.iov_len > MOVE_MAX)
			s->part.iov_len = MOVE_MAX;
		step->iov = &s->part;
		step->n_iov = 1;
		return;
	}
	step->iov = iov;
	step->n_iov = request->n_iov - s->index;
	if (step->n_iov > IOV_MAX)
		step->n_iov = IOV_MAX;
}

static void step_zeroes(struct vmmio_io_request *request, struct io_step *step)
{
	struct io_state *s = io_state(request);
	uint64_t left = request->length - s->moved;

	step->call = IO_CALL_WRITE;
	step->offset = request->offset + s->moved;
	step->iov = zero_iov;
	step->n_iov = left / ZERO_BLOCK < ZERO_BLOCKS ? (unsigned)(left / ZERO_BLOCK) : ZERO_BLOCKS;
	if (step->n_iov == 0) {
		s->part.iov_base = zero_block;
		s->part.iov_len = left;
		step->iov = &s->part;
		step->n_iov = 1;
	}
}

static void step_fallocate(struct vmmio_io_request *request, struct io_step *step)
{
	step->call = IO_CALL_FALLOCATE;
	step->offset = request->offset;
	step->length = request->length;
	step->mode = zero_modes[request->op != VMMIO_IO_ZERO][io_state(request)->stage];
}

void vmmio_io_next_step(struct vmmio_io_request *request, struct io_step *step)
{
	memset(step, 0, sizeof(*step));
	step->fd = request->fd;
	switch (request->op) {
	case VMMIO_IO_READ:
	case VMMIO_IO_WRITE:
		step_transfer(request, step);
		break;
	case VMMIO_IO_DATASYNC:
		step->call = IO_CALL_DATASYNC;
		break;
	default:
		if (io_state(request)->stage == ZERO_STAGE_WRITE)
			step_zeroes(request, step);
		else
			step_fallocate(request, step);
	}
}

int64_t vmmio_io_cancelled_result(const struct io_state *s)
{
	return s->moved || s->stage ? -EINTR : -ECANCELED;
}

static bool finish(struct vmmio_io_request *request, int64_t result)
{
	const struct io_state *s = io_state(request);

	if (result == -ECANCELED || result == -EINTR)
		result = vmmio_io_cancelled_result(s);
	request->result = result;
	return true;
}

/* Is it worth another call? A cancelled request does not go on. */
static bool retry(struct io_state *s, int64_t result)
{
	if (atomic_load_explicit(&s->phase, memory_order_relaxed) == IO_PHASE_CANCELLED)
		return false;
	if (result == -EINTR)
		return true;
	return result == -EAGAIN && ++s->again < AGAIN_LIMIT;
}

static void skip_bytes(struct vmmio_io_request *request, uint64_t n)
{
	struct io_state *s = io_state(request);

	while (n && s->index < request->n_iov) {
		uint64_t rest = request->iov[s->index].len - s->skip;

		if (n < rest) {
			s->skip += n;
			return;
		}
		n -= rest;
		s->skip = 0;
		s->index++;
	}
}

static bool advance_transfer(struct vmmio_io_request *request, int64_t result)
{
	struct io_state *s = io_state(request);

	if (result < 0)
		return retry(s, result) ? false : finish(request, result);
	s->again = 0;
	s->moved += (uint64_t)result;
	if (s->moved >= request->length)
		return finish(request, (int64_t)s->moved);
	if (result == 0) /* the end of the file, or a file that takes no more */
		return finish(request, request->op == VMMIO_IO_READ ? (int64_t)s->moved : -EIO);
	skip_bytes(request, (uint64_t)result);
	if (s->index == request->n_iov)
		return finish(request, (int64_t)s->moved);
	return retry(s, -EINTR) ? false : finish(request, -EINTR);
}

static bool unsupported(int64_t result)
{
	return result == -EOPNOTSUPP || result == -EINVAL || result == -ENOSYS;
}

static bool advance_zeroes(struct vmmio_io_request *request, int64_t result)
{
	struct io_state *s = io_state(request);

	if (result < 0 && retry(s, result))
		return false;
	if (s->stage < ZERO_STAGE_WRITE) {
		if (!unsupported(result))
			return finish(request, result);
		if (request->op == VMMIO_IO_DISCARD) /* only advice: nothing was promised */
			return finish(request, result == -EINVAL ? result : 0);
		s->stage++;
		return false;
	}
	if (result < 0)
		return finish(request, result);
	s->again = 0;
	s->moved += (uint64_t)result;
	if (s->moved >= request->length)
		return finish(request, 0);
	if (result == 0)
		return finish(request, -EIO);
	return retry(s, -EINTR) ? false : finish(request, -EINTR);
}

bool vmmio_io_take_result(struct vmmio_io_request *request, int64_t result)
{
	switch (request->op) {
	case VMMIO_IO_READ:
	case VMMIO_IO_WRITE:
		return advance_transfer(request, result);
	case VMMIO_IO_DATASYNC:
		if (result < 0 && retry(io_state(request), result))
			return false;
		return finish(request, result);
	default:
		return advance_zeroes(request, result);
	}
}

/* Bytes or -errno. */
static int64_t call(const struct io_step *step)
{
	/* preadv2 takes VMMIO_IO_STREAM (-1) as "at its position", as io_uring does. */
	off_t offset = (off_t)step->offset;
	int64_t n;

	switch (step->call) {
	case IO_CALL_READ:
		n = preadv2(step->fd, step->iov, (int)step->n_iov, offset, 0);
		break;
	case IO_CALL_WRITE:
		n = pwritev2(step->fd, step->iov, (int)step->n_iov, offset, 0);
		break;
	case IO_CALL_DATASYNC:
		n = fdatasync(step->fd);
		break;
	default:
		n = fallocate(step->fd, step->mode, offset, (off_t)step->length);
	}
	return n < 0 ? -errno : n;
}

void vmmio_io_perform(struct vmmio_io_request *request)
{
	struct io_step step;

	do {
		vmmio_io_next_step(request, &step);
	} while (!vmmio_io_take_result(request, call(&step)));
}
