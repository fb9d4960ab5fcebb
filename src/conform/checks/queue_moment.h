/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The moment in which a buffer is shown as used, looked at without delay, and once more when all
 * is over; so often that a byte that is never written tells itself.
 */
#ifndef VMMIO_CONFORM_QUEUE_MOMENT_H
#define VMMIO_CONFORM_QUEUE_MOMENT_H

#include "conform/checks/queue_work.h"

enum { MOMENTS = 5 };

struct moment {
	uint8_t fill; /* of the request's whole room before */
	struct used used, later;
	uint8_t room[TRAFFIC_ROOM + 1], room_later[TRAFFIC_ROOM + 1];
};

/* Sends the request MOMENTS times. */
void moments_take(struct conform *c, struct ring *ring, const struct request *request,
	struct moment *moments);
/* How many bytes of a room of n were written, from its first one on. */
uint32_t moments_written(const struct moment *moments, uint32_t n);

/* Makes a request of an unknown type out of one for a disk. */
void moment_unknown(struct request *request);
/* ... with nothing for the device to write but the status. */
void moment_unknown_short(struct request *request);

/* What the ring says of the next used buffer, whether there is one or not. */
struct used moment_used(struct conform *c, const struct ring *ring);

#endif
