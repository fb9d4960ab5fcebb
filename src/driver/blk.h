/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the block helpers: requests (blk.c) and the synchronous calls (blk_sync.c). */
#ifndef VMMIO_DRIVER_BLK_H
#define VMMIO_DRIVER_BLK_H

#include "driver/internal.h"

enum request_state { REQUEST_FREE, REQUEST_IN_FLIGHT, REQUEST_DONE, REQUEST_RETURNED };

/* What the device sees of a request, in guest memory. */
struct request_memory {
	struct vmmio_blk_header header;
	struct vmmio_blk_segment segment;
	uint8_t status;
	uint8_t pad[31];
};

_Static_assert(sizeof(struct request_memory) == 64, "one cache line for each request");

struct vmmio_driver_request {
	struct blk_queue *queue;
	struct vmmio_driver_request *next; /* of the free or the done list */
	struct request_memory *memory;
	uint64_t guest; /* address of *memory */
	void *cookie;
	uint64_t wanted; /* bytes that success has to write, status byte included */
	uint32_t life;	 /* of the queue that took it */
	uint32_t len;
	int result;
	enum request_state state;
	bool orphan; /* released while in flight */
};

struct blk_queue {
	struct vmmio_driver_blk *blk;
	struct vmmio_driver_queue *queue; /* NULL: was not set up */
	struct vmmio_driver_request *requests;
	struct vmmio_driver_request *free;
	struct vmmio_driver_request *done; /* oldest first */
	struct vmmio_driver_request **done_tail;
	struct vmmio_driver_seg *segs; /* scratch for one chain */
	uint32_t n_segs;
	struct vmmio_driver_area memory;
	struct vmmio_driver_area bounce;
	struct vmmio_driver_request *bounce_owner; /* in flight with the bounce buffer */
};

struct vmmio_driver_blk {
	struct vmmio_driver *driver;
	struct vmmio_driver_blk_info info;
	uint32_t depth;
	uint32_t n_queues;
	struct blk_queue *queues;
};

/* The books of a queue index, NULL if the helpers have none. */
struct blk_queue *vmmio_driver_blk_queue(struct vmmio_driver_blk *blk, uint32_t index);

/* Moves one used chain to the done list: 1, 0 or -errno. */
int vmmio_driver_blk_harvest(struct blk_queue *bq);

/* 0 if the op keeps the rules for drivers, else -errno. */
int vmmio_driver_blk_check(
	const struct vmmio_driver_blk *blk, const struct vmmio_driver_blk_op *op);

#endif
