/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests by device type. */
#include <string.h>

#include "conform/traffic.h"

bool traffic_any(const struct conform *c)
{
	return device_id(c) == SUITE_ANY_DEVICE && target(c)->flags & VMMIO_TARGET_KNOWN &&
	       target(c)->known_device_id == SUITE_ANY_DEVICE;
}

bool traffic_reads(const struct conform *c)
{
	return device_id(c) != VMMIO_ID_ENTROPY;
}

unsigned traffic_queue(const struct conform *c)
{
	(void)c;
	return 0;
}

uint64_t multiqueue(const struct conform *c)
{
	return device_id(c) == VMMIO_ID_BLOCK ? if_offered(c, VMMIO_FEATURE(VMMIO_BLK_F_MQ)) : 0;
}

static void add_piece(struct request *request, uint64_t addr, uint32_t len, bool write)
{
	request->segs[request->n++] = (struct seg){addr, len, write};
}

static void make_block(struct request *request, uint64_t sector)
{
	struct vmmio_blk_header header = {
		.type = vmmio_le32(VMMIO_BLK_T_IN), .sector = vmmio_le64(sector)};

	memcpy(request->bytes, &header, sizeof(header));
	request->n_room = TRAFFIC_ROOM + 1;
	request->status = request->room + TRAFFIC_ROOM;
	request->writes = request->n_room;
}

void request_make(struct conform *c, struct request *request, uint64_t sector)
{
	memset(request, 0, sizeof(*request));
	request->room = take(c, TRAFFIC_ROOM + 1, 64);
	request->n_room = TRAFFIC_ROOM;
	if (device_id(c) == VMMIO_ID_BLOCK)
		make_block(request, sector);
	if (traffic_reads(c)) {
		request->n_header = sizeof(request->bytes);
		request->header = take(c, request->n_header, 16);
		add_piece(request, request->header, request->n_header, false);
	}
	add_piece(request, request->room, TRAFFIC_ROOM, true);
	if (request->status)
		add_piece(request, request->status, 1, true);
	request_poison(c, request);
}

void request_poison(struct conform *c, const struct request *request)
{
	if (request->n_header)
		put(c, request->header, request->bytes, request->n_header);
	fill(c, request->room, POISON, request->n_room);
}

bool request_touched(struct conform *c, const struct request *request)
{
	return differs(c, request->room, POISON, request->n_room) != request->n_room;
}

void request_add(struct conform *c, struct ring *ring, struct request *request)
{
	request->id = ring_add(c, ring, request->segs, request->n);
}

static uint8_t byte_at(struct conform *c, uint64_t guest)
{
	uint8_t byte;

	get(c, guest, &byte, 1);
	return byte;
}

bool request_good(struct conform *c, const struct request *request, const struct used *used)
{
	if (used->id != request->id)
		return false;
	if (device_id(c) == VMMIO_ID_BLOCK)
		return byte_at(c, request->status) == VMMIO_BLK_S_OK;
	return device_id(c) != VMMIO_ID_ENTROPY || (used->len > 0 && used->len <= TRAFFIC_ROOM);
}

static void send(struct conform *c, struct ring *ring, struct request *request)
{
	request_make(c, request, 0);
	request_add(c, ring, request);
	ring_kick(c, ring);
}

bool request_answered(struct conform *c, struct ring *ring)
{
	struct request request;
	struct used used;

	send(c, ring, &request);
	return ring_wait(c, ring, &used) && used.id == request.id;
}

bool request_works(struct conform *c, struct ring *ring)
{
	struct request request;
	struct used used;

	send(c, ring, &request);
	return ring_wait(c, ring, &used) && request_good(c, &request, &used);
}

bool request_served(struct conform *c, struct ring *ring)
{
	struct request request;

	send(c, ring, &request);
	settle(c);
	return ring_waiting(c, ring) || request_touched(c, &request);
}

void traffic_start(struct conform *c, struct ring *ring, uint64_t features, uint32_t size)
{
	negotiate_fresh(c, features | ring_feature(c));
	ring_go(c, ring, traffic_queue(c), size);
}

/* --- Block ------------------------------------------------------------------------------ */

uint64_t block_capacity(struct conform *c)
{
	return config_read(c, VMMIO_BLK_CFG_CAPACITY, 8);
}

int block_do(struct conform *c, struct ring *ring, struct block_request *request)
{
	struct vmmio_blk_header header = {
		.type = vmmio_le32(request->type), .sector = vmmio_le64(request->sector)};
	struct seg segs[3];
	unsigned n = 0;

	request->header = take(c, sizeof(header), 16);
	request->status = take(c, 1, 1);
	put(c, request->header, &header, sizeof(header));
	fill(c, request->status, POISON, 1);
	segs[n++] = (struct seg){request->header, sizeof(header), false};
	if (request->n_data)
		segs[n++] = (struct seg){request->data, request->n_data, request->data_written};
	segs[n++] = (struct seg){request->status, 1, true};
	ring_add(c, ring, segs, n);
	ring_kick(c, ring);
	if (!ring_wait(c, ring, &request->used))
		return -1;
	return byte_at(c, request->status);
}
