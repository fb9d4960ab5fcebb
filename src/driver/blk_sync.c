/* SPDX-License-Identifier: BSD-3-Clause */
/* Block requests one at a time, with plain host memory, through the bounce buffer. */
#include <errno.h>
#include <string.h>
#include "driver/blk.h"

/* One request to its end. The bounce buffer is its own while the device may touch it. */
static int run(struct vmmio_driver_blk *blk, struct blk_queue *bq,
	const struct vmmio_driver_blk_op *op, uint64_t patience)
{
	uint32_t index = bq->queue->index;
	struct vmmio_driver_request *request;
	int ret = vmmio_driver_blk_submit(blk, index, op, &request);

	if (ret)
		return ret;
	bq->bounce_owner = request;
	ret = vmmio_driver_blk_wait(request, patience);
	if (ret == 0)
		ret = vmmio_driver_request_result(request);
	vmmio_driver_request_release(request);
	return ret;
}

/* 0 if the queue exists and its bounce buffer is free, or came back by now. */
static int claim(struct vmmio_driver_blk *blk, uint32_t queue, struct blk_queue **bq)
{
	*bq = vmmio_driver_blk_queue(blk, queue);
	if (!*bq)
		return -EINVAL;
	while ((*bq)->bounce_owner) {
		int ret = vmmio_driver_blk_harvest(*bq);

		if (ret <= 0)
			return ret < 0 ? ret : -EBUSY;
	}
	return 0;
}

static size_t chunk_of(const struct vmmio_driver_blk *blk, const struct blk_queue *bq, size_t len)
{
	size_t chunk = len < bq->bounce.size ? len : bq->bounce.size;

	if (vmmio_driver_has(blk->driver, VMMIO_BLK_F_SIZE_MAX) && chunk > blk->info.size_max)
		chunk = blk->info.size_max - blk->info.size_max % VMMIO_BLK_SECTOR;
	return chunk;
}

/* One of to and from is NULL. */
static int transfer(struct vmmio_driver_blk *blk, uint32_t queue, uint64_t sector, char *to,
	const char *from, size_t len, uint64_t patience)
{
	struct blk_queue *bq;
	int ret = claim(blk, queue, &bq);

	if (ret == 0 && (len == 0 || len % VMMIO_BLK_SECTOR != 0))
		ret = -EINVAL;
	for (size_t at = 0; at < len && ret == 0;) {
		size_t chunk = chunk_of(blk, bq, len - at);
		struct vmmio_driver_seg seg = { bq->bounce.guest, (uint32_t)chunk };
		struct vmmio_driver_blk_op op = {
			.type = from ? VMMIO_BLK_T_OUT : VMMIO_BLK_T_IN,
			.sector = sector + at / VMMIO_BLK_SECTOR,
			.data = &seg,
			.n_data = 1,
		};

		if (chunk == 0) /* size_max is smaller than a sector */
			return -EINVAL;
		if (from)
			memcpy(bq->bounce.host, from + at, chunk);
		ret = run(blk, bq, &op, patience);
		if (ret == 0 && to)
			memcpy(to + at, bq->bounce.host, chunk);
		at += chunk;
	}
	return ret;
}

int vmmio_driver_blk_read(struct vmmio_driver_blk *blk, uint32_t queue, uint64_t sector,
	void *data, size_t len, uint64_t patience)
{
	return transfer(blk, queue, sector, data, NULL, len, patience);
}

int vmmio_driver_blk_write(struct vmmio_driver_blk *blk, uint32_t queue, uint64_t sector,
	const void *data, size_t len, uint64_t patience)
{
	return transfer(blk, queue, sector, NULL, data, len, patience);
}

static int simple(struct vmmio_driver_blk *blk, uint32_t queue,
	const struct vmmio_driver_blk_op *op, uint64_t patience)
{
	struct blk_queue *bq;
	int ret = claim(blk, queue, &bq);

	return ret ? ret : run(blk, bq, op, patience);
}

int vmmio_driver_blk_flush(struct vmmio_driver_blk *blk, uint32_t queue, uint64_t patience)
{
	struct vmmio_driver_blk_op op = { .type = VMMIO_BLK_T_FLUSH };

	return simple(blk, queue, &op, patience);
}

int vmmio_driver_blk_discard(struct vmmio_driver_blk *blk, uint32_t queue, uint64_t sector,
	uint32_t sectors, uint64_t patience)
{
	struct vmmio_driver_blk_op op = {
		.type = VMMIO_BLK_T_DISCARD,
		.sector = sector,
		.sectors = sectors,
	};

	return simple(blk, queue, &op, patience);
}

int vmmio_driver_blk_write_zeroes(struct vmmio_driver_blk *blk, uint32_t queue, uint64_t sector,
	uint32_t sectors, bool unmap, uint64_t patience)
{
	struct vmmio_driver_blk_op op = {
		.type = VMMIO_BLK_T_WRITE_ZEROES,
		.sector = sector,
		.sectors = sectors,
		.unmap = unmap,
	};

	return simple(blk, queue, &op, patience);
}

int vmmio_driver_blk_get_id(
	struct vmmio_driver_blk *blk, uint32_t queue, char *id, uint64_t patience)
{
	struct blk_queue *bq;
	int ret = claim(blk, queue, &bq);

	if (ret == 0) {
		struct vmmio_driver_seg seg = { bq->bounce.guest, VMMIO_BLK_ID_BYTES };
		struct vmmio_driver_blk_op op = {
			.type = VMMIO_BLK_T_GET_ID,
			.data = &seg,
			.n_data = 1,
		};

		ret = run(blk, bq, &op, patience);
	}
	if (ret == 0)
		memcpy(id, bq->bounce.host, VMMIO_BLK_ID_BYTES);
	return ret;
}
