/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that a device can answer, whatever its type: a read of a disk, room for random
 * bytes, anything for a device that completes all it gets.
 */
#ifndef VMMIO_CONFORM_TRAFFIC_H
#define VMMIO_CONFORM_TRAFFIC_H

#include "conform/ring.h"

enum {
	TRAFFIC_ROOM = 512, /* bytes of a request that the device fills, about: a sector */
	POISON = 0xa5,      /* what they are filled with before */
};

/* The device takes any chain for a request (SUITE_ANY_DEVICE). */
bool traffic_any(const struct conform *c);
/* Requests have a part that the device reads. */
bool traffic_reads(const struct conform *c);
/* The queue that takes requests. */
unsigned traffic_queue(const struct conform *c);
/* The feature that makes further queues take them, too, if there is one. */
uint64_t multiqueue(const struct conform *c);

/* A request in guest memory. */
struct request {
	struct seg segs[4];
	unsigned n;
	uint64_t header;   /* what the device reads; 0: nothing */
	uint32_t n_header; /* bytes */
	uint8_t bytes[16]; /* which are these */
	uint64_t room;     /* where it writes, in one piece of memory; the first writable piece */
	uint32_t n_room;   /* bytes: TRAFFIC_ROOM, block: and the status byte */
	uint64_t status;   /* block: the status byte, the last of the room; else 0 */
	uint32_t id;       /* once it was added */
	uint32_t writes; /* bytes that the device has to report when all goes well; 0: it may
			  * report any number up to the room */
};

/* Makes one in new memory, its writable part poisoned; sector: of a block device. */
void request_make(struct conform *c, struct request *request, uint64_t sector);
/* As new: what the device reads is written again, the writable part poisoned. */
void request_poison(struct conform *c, const struct request *request);
/* Whether a byte of the writable part was changed since. */
bool request_touched(struct conform *c, const struct request *request);
/* Adds it; ring_kick shows it. */
void request_add(struct conform *c, struct ring *ring, struct request *request);
/* A request of its own, sent and waited for: whether it came back, or also was done well. */
bool request_answered(struct conform *c, struct ring *ring);
bool request_works(struct conform *c, struct ring *ring);
/* A request of its own in a queue that the device has to leave alone; whether it did anything about
 * it in the time that settle passes. */
bool request_served(struct conform *c, struct ring *ring);
/* What a request that came back says of itself: done well. */
bool request_good(struct conform *c, const struct request *request, const struct used *used);

/* A driver that is up: features (with the ring's format), one queue, DRIVER_OK. */
void traffic_start(struct conform *c, struct ring *ring, uint64_t features, uint32_t size);

/* --- Block --------------------------------------------------------------------------- */

/* A request in parts: header, data (n_data of it), status. */
struct block_request {
	uint32_t type;
	uint64_t sector;
	uint64_t data;
	uint32_t n_data;
	bool data_written; /* by the device */
	/* Filled in. */
	uint64_t header, status;
	struct used used;
};

/* Sends it and waits; returns the status byte, or -1: it did not come back. */
int block_do(struct conform *c, struct ring *ring, struct block_request *request);
uint64_t block_capacity(struct conform *c); /* sectors */

#endif
