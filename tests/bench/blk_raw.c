/* SPDX-License-Identifier: BSD-3-Clause */
/* See blk_raw.h. */
#include "blk_raw.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "disk.h"

enum { ENTRIES = 256, REAP = 64 };

struct blk_raw {
	struct io_uring ring;
	uint8_t *buffers;
	uint64_t block[DISK_SLOTS]; /* being read into the slot */
	struct dice dice;
	int image;
	bool deferred; /* the kernel leaves work for this thread to do */
};

uint64_t dice_block(struct dice *dice)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return dice->state % DISK_BLOCKS;
}

static void prepare(struct blk_raw *raw, unsigned slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&raw->ring);

	raw->block[slot] = dice_block(&raw->dice);
	io_uring_prep_read(sqe, raw->image, raw->buffers + slot * DISK_READ, DISK_READ,
		raw->block[slot] * DISK_READ);
	io_uring_sqe_set_data64(sqe, slot);
}

static int check(const struct blk_raw *raw, const struct io_uring_cqe *cqe)
{
	uint64_t first;

	if (cqe->res != DISK_READ)
		return cqe->res < 0 ? cqe->res : -EIO;
	memcpy(&first, raw->buffers + cqe->user_data * DISK_READ, sizeof(first));
	return first == raw->block[cqe->user_data] ? 0 : -EIO;
}

/* Hands over what is prepared and looks for completions, without sleeping: the driver of the
 * disk polls too. Where the kernel has work for this thread it is done here. */
static int submit(struct blk_raw *raw)
{
	if (raw->deferred)
		return io_uring_submit_and_get_events(&raw->ring);
	return io_uring_sq_ready(&raw->ring) ? io_uring_submit(&raw->ring) : 0;
}

static int read_all(struct blk_raw *raw, unsigned depth, unsigned n)
{
	unsigned begun, done = 0;

	for (begun = 0; begun < depth && begun < n; begun++)
		prepare(raw, begun);
	while (done < n) {
		struct io_uring_cqe *cqes[REAP];
		unsigned got;
		int error = submit(raw);

		if (error < 0)
			return error;
		got = io_uring_peek_batch_cqe(&raw->ring, cqes, REAP);
		for (unsigned i = 0; i < got; i++) {
			error = check(raw, cqes[i]);
			if (error)
				return error;
			if (begun < n)
				begun++, prepare(raw, (unsigned)cqes[i]->user_data);
		}
		io_uring_cq_advance(&raw->ring, got);
		done += got;
	}
	return 0;
}

int blk_raw_create(int image, unsigned flags, struct blk_raw **out)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE | flags, .cq_entries = 4 * ENTRIES};
	struct blk_raw *raw = calloc(1, sizeof(*raw));
	int error;

	if (!raw)
		return -ENOMEM;
	raw->image = image;
	raw->deferred = flags & IORING_SETUP_DEFER_TASKRUN;
	error = io_uring_queue_init_params(ENTRIES, &raw->ring, &params);
	if (error) {
		free(raw);
		return error;
	}
	raw->buffers = mmap(NULL, DISK_SLOTS * DISK_READ, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (raw->buffers == MAP_FAILED) {
		io_uring_queue_exit(&raw->ring);
		free(raw);
		return -ENOMEM;
	}
	*out = raw;
	return 0;
}

void blk_raw_destroy(struct blk_raw *raw)
{
	if (!raw)
		return;
	munmap(raw->buffers, DISK_SLOTS * DISK_READ);
	io_uring_queue_exit(&raw->ring);
	free(raw);
}

uint64_t blk_raw_read(struct blk_raw *raw, unsigned depth, unsigned n)
{
	const uint64_t begin = bench_now();
	int error;

	raw->dice.state = 1;
	error = read_all(raw, depth, n);
	if (!error)
		return bench_now() - begin;
	bench_fail(error, "the raw io_uring loop");
	return 0;
}
