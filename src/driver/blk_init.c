/* SPDX-License-Identifier: BSD-3-Clause */
/* The block helpers' life, the block configuration, and the rules a request has to keep. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "driver/blk.h"

#define DEFAULT_DEPTH 32u
#define DEFAULT_BOUNCE 4096u
#define DEPTH_MAX 32768u
#define CHAIN_SEGS 3u /* header, discard segment, status */

/* Fields of the configuration, each with the feature that brings it. -1: none needed. */
enum {
	FIELD_CAPACITY,
	FIELD_SIZE_MAX,
	FIELD_SEG_MAX,
	FIELD_BLK_SIZE,
	FIELD_NUM_QUEUES,
	FIELD_DISCARD_SECTORS,
	FIELD_DISCARD_SEG,
	FIELD_ZEROES_SECTORS,
	FIELD_ZEROES_SEG,
	N_FIELDS,
};

static const struct {
	uint32_t offset;
	uint32_t size;
	int feature;
} fields[N_FIELDS] = {
	[FIELD_CAPACITY] = { VMMIO_BLK_CFG_CAPACITY, 8, -1 },
	[FIELD_SIZE_MAX] = { VMMIO_BLK_CFG_SIZE_MAX, 4, VMMIO_BLK_F_SIZE_MAX },
	[FIELD_SEG_MAX] = { VMMIO_BLK_CFG_SEG_MAX, 4, VMMIO_BLK_F_SEG_MAX },
	[FIELD_BLK_SIZE] = { VMMIO_BLK_CFG_BLK_SIZE, 4, VMMIO_BLK_F_BLK_SIZE },
	[FIELD_NUM_QUEUES] = { VMMIO_BLK_CFG_NUM_QUEUES, 2, VMMIO_BLK_F_MQ },
	[FIELD_DISCARD_SECTORS] = { VMMIO_BLK_CFG_MAX_DISCARD_SECTORS, 4, VMMIO_BLK_F_DISCARD },
	[FIELD_DISCARD_SEG] = { VMMIO_BLK_CFG_MAX_DISCARD_SEG, 4, VMMIO_BLK_F_DISCARD },
	[FIELD_ZEROES_SECTORS] = { VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS, 4,
		VMMIO_BLK_F_WRITE_ZEROES },
	[FIELD_ZEROES_SEG] = { VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG, 4, VMMIO_BLK_F_WRITE_ZEROES },
};

int vmmio_driver_blk_refresh(struct vmmio_driver_blk *blk)
{
	struct vmmio_driver_field read[N_FIELDS];
	uint64_t value[N_FIELDS] = { 0 };
	unsigned which[N_FIELDS];
	unsigned n = 0;
	int ret;

	for (unsigned i = 0; i < N_FIELDS; i++) {
		if (fields[i].feature >= 0 &&
			!vmmio_driver_has(blk->driver, (unsigned)fields[i].feature))
			continue;
		read[n] = (struct vmmio_driver_field){ fields[i].offset, fields[i].size, 0 };
		which[n++] = i;
	}
	ret = vmmio_driver_config_snapshot(blk->driver, read, n);
	if (ret)
		return ret;
	for (unsigned i = 0; i < n; i++)
		value[which[i]] = read[i].value;
	blk->info = (struct vmmio_driver_blk_info){
		.capacity = value[FIELD_CAPACITY],
		.blk_size = (uint32_t)value[FIELD_BLK_SIZE],
		.size_max = (uint32_t)value[FIELD_SIZE_MAX],
		.seg_max = (uint32_t)value[FIELD_SEG_MAX],
		.num_queues = vmmio_driver_has(blk->driver, VMMIO_BLK_F_MQ)
				      ? (uint32_t)value[FIELD_NUM_QUEUES]
				      : 1,
		.max_discard_sectors = (uint32_t)value[FIELD_DISCARD_SECTORS],
		.max_discard_seg = (uint32_t)value[FIELD_DISCARD_SEG],
		.max_write_zeroes_sectors = (uint32_t)value[FIELD_ZEROES_SECTORS],
		.max_write_zeroes_seg = (uint32_t)value[FIELD_ZEROES_SEG],
		.read_only = vmmio_driver_has(blk->driver, VMMIO_BLK_F_RO),
	};
	return 0;
}

struct vmmio_driver_blk_info vmmio_driver_blk_info(const struct vmmio_driver_blk *blk)
{
	return blk->info;
}

static void link_requests(struct blk_queue *bq, uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++) {
		struct vmmio_driver_request *request = &bq->requests[i];

		request->queue = bq;
		request->memory = (struct request_memory *)bq->memory.host + i;
		request->guest = bq->memory.guest + i * sizeof(struct request_memory);
		request->next = bq->free;
		bq->free = request;
	}
}

static int init_queue(struct vmmio_driver_blk *blk, struct blk_queue *bq,
	struct vmmio_driver_queue *queue, uint32_t bounce)
{
	struct vmmio_driver *driver = blk->driver;
	int ret;

	bq->blk = blk;
	bq->done_tail = &bq->done;
	bq->n_segs = queue->size + CHAIN_SEGS;
	/* -fanalyzer: no leak: both hang on bq, and the caller frees all of blk on failure. */
	bq->requests = calloc(blk->depth, sizeof(*bq->requests));
	bq->segs = calloc(bq->n_segs, sizeof(*bq->segs));
	if (!bq->requests || !bq->segs)
		return -ENOMEM;
	ret = vmmio_driver_alloc(
		driver, blk->depth * sizeof(struct request_memory), 64, &bq->memory);
	if (ret == 0)
		ret = vmmio_driver_alloc(driver, bounce, VMMIO_BLK_SECTOR, &bq->bounce);
	if (ret)
		return ret;
	link_requests(bq, blk->depth);
	bq->queue = queue;
	return 0;
}

static int init_queues(struct vmmio_driver_blk *blk, uint32_t bounce)
{
	bool any = false;
	int ret = 0;

	blk->queues = calloc(blk->driver->n_queues, sizeof(*blk->queues));
	if (!blk->queues)
		return -ENOMEM;
	blk->n_queues = blk->driver->n_queues;
	for (uint32_t i = 0; i < blk->n_queues && ret == 0; i++) {
		struct vmmio_driver_queue *queue = vmmio_driver_queue(blk->driver, i);

		if (!queue || queue->state != QUEUE_RUNNING)
			continue;
		ret = init_queue(blk, &blk->queues[i], queue, bounce);
		any = true;
	}
	return ret == 0 && !any ? -EINVAL : ret;
}

int vmmio_driver_blk_create(struct vmmio_driver *driver,
	const struct vmmio_driver_blk_config *config, struct vmmio_driver_blk **out)
{
	uint32_t depth = config && config->depth ? config->depth : DEFAULT_DEPTH;
	uint32_t bounce = config && config->bounce ? config->bounce : DEFAULT_BOUNCE;
	struct vmmio_driver_blk *blk;
	int ret;

	if (driver->device_id != VMMIO_ID_BLOCK)
		return -ENODEV;
	if (bounce % VMMIO_BLK_SECTOR != 0 || depth > DEPTH_MAX || driver->n_queues == 0)
		return -EINVAL;
	blk = calloc(1, sizeof(*blk));
	if (!blk)
		return -ENOMEM;
	blk->driver = driver;
	blk->depth = depth;
	ret = vmmio_driver_blk_refresh(blk);
	if (ret == 0)
		ret = init_queues(blk, bounce);
	if (ret) {
		vmmio_driver_blk_destroy(blk);
		return ret;
	}
	*out = blk;
	return 0;
}

void vmmio_driver_blk_destroy(struct vmmio_driver_blk *blk)
{
	if (!blk)
		return;
	for (uint32_t i = 0; i < blk->n_queues; i++) {
		struct blk_queue *bq = &blk->queues[i];

		if (bq->memory.host)
			vmmio_driver_free(blk->driver, &bq->memory);
		if (bq->bounce.host)
			vmmio_driver_free(blk->driver, &bq->bounce);
		free(bq->requests);
		free(bq->segs);
	}
	free(blk->queues);
	free(blk);
}

static bool in_capacity(const struct vmmio_driver_blk *blk, uint64_t sector, uint64_t sectors)
{
	return sector <= blk->info.capacity && sectors <= blk->info.capacity - sector;
}

/* IN and OUT: whole sectors, inside the disk, within the limits negotiated. */
static int check_transfer(
	const struct vmmio_driver_blk *blk, const struct vmmio_driver_blk_op *op, uint64_t bytes)
{
	if (op->type == VMMIO_BLK_T_OUT && blk->info.read_only)
		return -EROFS;
	if (bytes == 0 || bytes % VMMIO_BLK_SECTOR != 0)
		return -EINVAL;
	if (vmmio_driver_has(blk->driver, VMMIO_BLK_F_SEG_MAX) && op->n_data > blk->info.seg_max)
		return -EINVAL;
	for (unsigned i = 0; i < op->n_data; i++)
		if (vmmio_driver_has(blk->driver, VMMIO_BLK_F_SIZE_MAX) &&
			op->data[i].len > blk->info.size_max)
			return -EINVAL;
	return in_capacity(blk, op->sector, bytes / VMMIO_BLK_SECTOR) ? 0 : -EINVAL;
}

/* DISCARD and WRITE_ZEROES: one segment. */
static int check_range(const struct vmmio_driver_blk *blk, const struct vmmio_driver_blk_op *op)
{
	bool discard = op->type == VMMIO_BLK_T_DISCARD;
	uint32_t sectors = discard ? blk->info.max_discard_sectors
				   : blk->info.max_write_zeroes_sectors;
	uint32_t segs = discard ? blk->info.max_discard_seg : blk->info.max_write_zeroes_seg;

	if (!vmmio_driver_has(
		    blk->driver, discard ? VMMIO_BLK_F_DISCARD : VMMIO_BLK_F_WRITE_ZEROES))
		return -ENOTSUP;
	if (blk->info.read_only)
		return -EROFS;
	if (op->n_data != 0 || (discard && op->unmap) || segs == 0)
		return -EINVAL;
	if (op->sectors == 0 || op->sectors > sectors)
		return -EINVAL;
	return in_capacity(blk, op->sector, op->sectors) ? 0 : -EINVAL;
}

int vmmio_driver_blk_check(const struct vmmio_driver_blk *blk, const struct vmmio_driver_blk_op *op)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < op->n_data; i++)
		bytes += op->data[i].len;
	switch (op->type) {
	case VMMIO_BLK_T_IN:
	case VMMIO_BLK_T_OUT:
		return check_transfer(blk, op, bytes);
	case VMMIO_BLK_T_FLUSH:
		if (!vmmio_driver_has(blk->driver, VMMIO_BLK_F_FLUSH))
			return -ENOTSUP;
		return bytes == 0 && op->sector == 0 ? 0 : -EINVAL;
	case VMMIO_BLK_T_GET_ID:
		return bytes == VMMIO_BLK_ID_BYTES ? 0 : -EINVAL;
	case VMMIO_BLK_T_DISCARD:
	case VMMIO_BLK_T_WRITE_ZEROES:
		return check_range(blk, op);
	default:
		return -EINVAL;
	}
}
