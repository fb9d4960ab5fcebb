/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Work for a queue, for the checks of split and packed rings: requests one by one or many at
 * once, cut into pieces as one likes, and a look at what came back.
 *
 * What goes wrong on the way to what a check is about ends it without a verdict (need): it is
 * judged by the checks that look at exactly that, so that one fault fails one requirement.
 */
#ifndef VMMIO_CONFORM_QUEUE_WORK_H
#define VMMIO_CONFORM_QUEUE_WORK_H

#include "conform/traffic.h"

/* Features are negotiated (the ring's format comes by itself), and no queue is ready any more. */
void work_negotiate(struct conform *c, uint64_t features);
/* QueueReady := 1 and DRIVER_OK; whether the device starts. Where the queue may be why not:
 * ring_go would end the check. */
bool work_goes(struct conform *c, const struct ring *ring);
/* A driver that is up, with the biggest ring there is. */
void work_start(struct conform *c, struct ring *ring, uint64_t features);
/* ... and has seen that a request works. */
void work_start_well(struct conform *c, struct ring *ring, uint64_t features);

/* Cuts the request into three descriptors, whatever the device's type: a number that goes into no
 * power of two. */
void work_three(struct request *request);
/* One request, sent and waited for: came back, done well. Ends the check if a buffer is used
 * before there is one. */
bool work_one(struct conform *c, struct ring *ring, struct request *request);
/* The same n times, one after the other, or the check ends. */
void work_many(struct conform *c, struct ring *ring, struct request *request, unsigned n);
/* Goes round the ring so many times, and a little more, one request after the other; false: one
 * did not come back, done well. */
bool work_round(struct conform *c, struct ring *ring, struct request *request, unsigned laps);
/* Waits until the ring shows a used buffer, which is not taken. */
bool work_used_there(struct conform *c, struct ring *ring);
/* n requests that were added and shown: waits until all are back, in whatever order.
 * Ends the check if one is not. */
void work_collect(struct conform *c, struct ring *ring, unsigned n);

/* For "nothing within %u ms". */
unsigned patience_ms(const struct conform *c);

/* Acknowledges whatever interrupt there is. */
void work_acknowledge(struct conform *c);
/* ... once what the buffers before may have brought about has had a little time to come, or go. */
void work_fresh(struct conform *c);
/* Whether there is a used buffer notification, now. */
bool work_notified(struct conform *c);

/* The entries of an indirect table of the ring's format; where split descriptors have flags and
 * next, packed ones have id and flags. */
void work_table(const struct ring *ring, const struct seg *segs, unsigned n,
	struct vmmio_split_desc *entries);

/* A sector whose contents tell one order of its bytes from another, where the suite may
 * write to the device; else the first. Sends requests of its own. */
uint64_t work_sector(struct conform *c, struct ring *ring);

/* --- Memory that is not to change ------------------------------------------------------------ */

enum { SNAPSHOT_MAX = 16 * RING_MAX };

struct snapshot {
	uint64_t at;
	size_t size;
	/* Of the first byte that has changed. */
	size_t where;
	uint8_t was, is;
	uint8_t bytes[SNAPSHOT_MAX];
};

void snapshot_take(struct conform *c, struct snapshot *snapshot, uint64_t at, size_t size);
bool snapshot_holds(struct conform *c, struct snapshot *snapshot);

/* --- Pieces ----------------------------------------------------------------------------- */

enum { PIECES_MAX = 24 };

/* How a request is cut: the bytes of each piece, ended by 0; what is left is the last piece. */
struct cut {
	const char *name;
	uint16_t header[PIECES_MAX];
	uint16_t room[PIECES_MAX];
};

/* A request whose every piece lies somewhere else, between guard bytes. */
struct pieces {
	struct seg segs[PIECES_MAX];
	unsigned n;
};

void pieces_make(struct conform *c, struct pieces *pieces, const struct request *request,
	const struct cut *cut);
/* As new: readable pieces written again, writable ones poisoned. */
void pieces_poison(struct conform *c, const struct pieces *pieces, const struct request *request);
/* Whether a byte beside a piece was changed. */
bool pieces_overrun(struct conform *c, const struct pieces *pieces);

/* --- Outcomes --------------------------------------------------------------------------- */

/* What a request came to. */
struct outcome {
	struct used used;
	uint32_t n;
	uint8_t room[TRAFFIC_ROOM + 1];
	char what[160]; /* what is wrong with it, for a verdict: "saw %s" */
};

/* Waits for a request that was shown, in pieces or (NULL) as it is: came back, done well. */
bool outcome_wait(struct conform *c, struct ring *ring, const struct request *request,
	const struct pieces *pieces, struct outcome *outcome);
/* Whether a request came to the same as another one for the same thing, as far as the device's
 * type says that it has to. */
bool outcome_same(struct conform *c, const struct outcome *first, struct outcome *outcome);

/* Whether a queue's areas may lie as tightly as they have to (aligned: "16, 2 and 4"), and are all
 * that is written there once the ring was gone round (sizes, in bytes). */
void work_areas(
	struct conform *c, const char *requirement, const char *aligned, const char *sizes);

#endif
