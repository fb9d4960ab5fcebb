/* SPDX-License-Identifier: BSD-3-Clause */
/* Block requests in flight: submit, poll, wait, release. */
#include <errno.h>
#include <string.h>
#include "driver/blk.h"

#define STATUS_UNWRITTEN 0xff

struct blk_queue *vmmio_driver_blk_queue(struct vmmio_driver_blk *blk, uint32_t index)
{
	if (index >= blk->n_queues || !blk->queues[index].queue)
		return NULL;
	return &blk->queues[index];
}

static bool carries_segment(const struct vmmio_driver_blk_op *op)
{
	return !op->raw &&
	       (op->type == VMMIO_BLK_T_DISCARD || op->type == VMMIO_BLK_T_WRITE_ZEROES);
}

static bool device_writes(const struct vmmio_driver_blk_op *op)
{
	if (op->raw)
		return op->writable;
	return op->type == VMMIO_BLK_T_IN || op->type == VMMIO_BLK_T_GET_ID;
}

static void fill_memory(struct request_memory *m, const struct vmmio_driver_blk_op *op)
{
	uint64_t sector = carries_segment(op) ? 0 : op->sector;

	memset(m, 0, sizeof(*m));
	m->header.type = vmmio_le32(op->type);
	m->header.sector = vmmio_le64(sector);
	m->segment.sector = vmmio_le64(op->sector);
	m->segment.num_sectors = vmmio_le32(op->sectors);
	m->segment.flags = vmmio_le32(op->unmap ? VMMIO_BLK_WZ_UNMAP : 0);
	m->status = STATUS_UNWRITTEN;
}

/* Header, then data or segment, then the status byte. */
static void fill_chain(const struct vmmio_driver_request *request,
	const struct vmmio_driver_blk_op *op, struct vmmio_driver_chain *chain)
{
	struct vmmio_driver_seg *segs = request->queue->segs;
	unsigned n = 0;

	segs[n++] = (struct vmmio_driver_seg){
		request->guest + offsetof(struct request_memory, header),
		sizeof(struct vmmio_blk_header)
	};
	if (carries_segment(op))
		segs[n++] = (struct vmmio_driver_seg){
			request->guest + offsetof(struct request_memory, segment),
			sizeof(struct vmmio_blk_segment)
		};
	if (op->n_data != 0)
		memcpy(&segs[n], op->data, op->n_data * sizeof(*segs));
	n += op->n_data;
	chain->n_out = device_writes(op) ? n - op->n_data : n;
	segs[n++] = (struct vmmio_driver_seg){
		request->guest + offsetof(struct request_memory, status), 1
	};
	chain->n_in = n - chain->n_out;
	chain->out = segs;
	chain->in = segs + chain->n_out;
	chain->indirect = op->indirect;
}

static struct vmmio_driver_request *take_free(struct blk_queue *bq)
{
	struct vmmio_driver_request *request = bq->free;

	if (request)
		bq->free = request->next;
	return request;
}

static void put_free(struct vmmio_driver_request *request)
{
	struct blk_queue *bq = request->queue;

	request->state = REQUEST_FREE;
	request->next = bq->free;
	bq->free = request;
}

static void start_request(
	struct vmmio_driver_request *request, const struct vmmio_driver_blk_op *op)
{
	request->cookie = op->cookie;
	request->life = request->queue->queue->life;
	request->len = 0;
	request->result = -EINPROGRESS;
	request->orphan = false;
	request->wanted = 0;
	if (!op->raw) {
		request->wanted = 1;
		for (unsigned i = 0; i < op->n_data && device_writes(op); i++)
			request->wanted += op->data[i].len;
	}
	fill_memory(request->memory, op);
}

int vmmio_driver_blk_submit(struct vmmio_driver_blk *blk, uint32_t queue,
	const struct vmmio_driver_blk_op *op, struct vmmio_driver_request **out)
{
	struct blk_queue *bq = vmmio_driver_blk_queue(blk, queue);
	struct vmmio_driver_request *request;
	struct vmmio_driver_chain chain;
	int ret;

	if (!bq || (op->n_data != 0 && !op->data) || op->n_data > bq->n_segs - 3)
		return -EINVAL;
	ret = op->raw ? 0 : vmmio_driver_blk_check(blk, op);
	if (ret)
		return ret;
	request = take_free(bq);
	if (!request)
		return -EAGAIN;
	start_request(request, op);
	fill_chain(request, op, &chain);
	chain.cookie = request;
	ret = vmmio_driver_queue_add(bq->queue, &chain);
	if (ret < 0) {
		put_free(request);
		return ret == -ENOSPC ? -EAGAIN : ret;
	}
	request->state = REQUEST_IN_FLIGHT;
	if (!op->defer_kick)
		vmmio_driver_queue_kick(bq->queue);
	*out = request;
	return 0;
}

int vmmio_driver_blk_kick(struct vmmio_driver_blk *blk, uint32_t queue)
{
	struct blk_queue *bq = vmmio_driver_blk_queue(blk, queue);

	return bq ? vmmio_driver_queue_kick(bq->queue) : 0;
}

static int judge(const struct vmmio_driver_request *request)
{
	switch (*(const volatile uint8_t *)&request->memory->status) {
	case VMMIO_BLK_S_OK:
		return request->len < request->wanted ? -EPROTO : 0;
	case VMMIO_BLK_S_IOERR:
		return -EIO;
	case VMMIO_BLK_S_UNSUPP:
		return -ENOTSUP;
	default:
		return -EPROTO;
	}
}

static void finish(struct vmmio_driver_request *request, int result)
{
	struct blk_queue *bq = request->queue;

	request->result = result;
	if (bq->bounce_owner == request)
		bq->bounce_owner = NULL;
	if (request->orphan) {
		put_free(request);
		return;
	}
	request->state = REQUEST_DONE;
	request->next = NULL;
	*bq->done_tail = request;
	bq->done_tail = &request->next;
}

static void unlink_done(struct blk_queue *bq, struct vmmio_driver_request **link)
{
	struct vmmio_driver_request *request = *link;

	*link = request->next;
	if (bq->done_tail == &request->next)
		bq->done_tail = link;
	request->state = REQUEST_RETURNED;
}

int vmmio_driver_blk_harvest(struct blk_queue *bq)
{
	struct vmmio_driver_used used;
	struct vmmio_driver_request *request;
	int ret = vmmio_driver_queue_poll(bq->queue, &used);

	if (ret <= 0)
		return ret;
	request = used.cookie;
	request->len = used.len;
	finish(request, judge(request));
	return 1;
}

int vmmio_driver_blk_poll(
	struct vmmio_driver_blk *blk, uint32_t queue, struct vmmio_driver_request **request)
{
	struct blk_queue *bq = vmmio_driver_blk_queue(blk, queue);
	int ret = 1;

	if (!bq)
		return -EINVAL;
	/* An orphan leaves nothing on the list, so it may take several; bounded by depth. */
	while (!bq->done && ret > 0)
		ret = vmmio_driver_blk_harvest(bq);
	if (!bq->done)
		return ret;
	*request = bq->done;
	unlink_done(bq, &bq->done);
	return 1;
}

static void return_done(struct vmmio_driver_request *request)
{
	struct vmmio_driver_request **link = &request->queue->done;

	while (*link != request)
		link = &(*link)->next;
	unlink_done(request->queue, link);
}

int vmmio_driver_blk_wait(struct vmmio_driver_request *request, uint64_t patience)
{
	struct blk_queue *bq = request->queue;
	struct vmmio_driver *driver = bq->blk->driver;
	struct wait wait = vmmio_driver_wait_begin(driver, patience);
	int ret = 0;

	vmmio_driver_queue_kick(bq->queue);
	while (request->state == REQUEST_IN_FLIGHT) {
		ret = vmmio_driver_blk_harvest(bq);
		if (ret < 0)
			return ret;
		if (ret > 0)
			continue;
		if (vmmio_driver_status(driver) & VMMIO_STATUS_NEEDS_RESET)
			return -EIO;
		if (!vmmio_driver_wait_more(driver, &wait))
			return -ETIMEDOUT;
	}
	if (request->state == REQUEST_DONE)
		return_done(request);
	return 0;
}

/* Can the device still answer it? */
static bool lost(const struct vmmio_driver_request *request)
{
	const struct vmmio_driver_queue *queue = request->queue->queue;

	return queue->state == QUEUE_STOPPED || queue->life != request->life;
}

unsigned vmmio_driver_blk_cancel(struct vmmio_driver_blk *blk)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < blk->n_queues; i++) {
		for (uint32_t j = 0; blk->queues[i].queue && j < blk->depth; j++) {
			struct vmmio_driver_request *request = &blk->queues[i].requests[j];

			if (request->state != REQUEST_IN_FLIGHT || !lost(request))
				continue;
			finish(request, -ECANCELED);
			n++;
		}
	}
	return n;
}

int vmmio_driver_request_result(const struct vmmio_driver_request *request)
{
	return request->result;
}

void *vmmio_driver_request_cookie(const struct vmmio_driver_request *request)
{
	return request->cookie;
}

uint32_t vmmio_driver_request_len(const struct vmmio_driver_request *request)
{
	return request->len;
}

void vmmio_driver_request_release(struct vmmio_driver_request *request)
{
	if (request->state == REQUEST_IN_FLIGHT) {
		request->orphan = true;
		return;
	}
	if (request->state == REQUEST_DONE)
		return_done(request);
	if (request->state == REQUEST_RETURNED)
		put_free(request);
}
