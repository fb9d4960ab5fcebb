/* SPDX-License-Identifier: BSD-3-Clause */
/* The two formats behind ring.h. */
#ifndef VMMIO_CONFORM_RING_FORMAT_H
#define VMMIO_CONFORM_RING_FORMAT_H

#include "conform/ring.h"

/* Which ids are out. What a used entry of this id gives back, of at most max buffers; 0: it
 * is not out. */
unsigned book_batch(const struct ring *ring, uint32_t id, unsigned max);
void book_add(struct ring *ring, uint16_t id);
/* The next id of a batch of which `left` are to come: the oldest, or last this one. */
uint16_t book_take(struct ring *ring, uint32_t id, unsigned left);

/* more_flags go to the last descriptor of the chain. */
uint32_t split_add(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n,
	uint16_t more_flags);
void split_publish(struct conform *c, struct ring *ring);
bool split_used(struct conform *c, struct ring *ring, struct used *used);
unsigned split_waiting(struct conform *c, const struct ring *ring);
/* avail.flags; with EVENT_IDX used_event instead. */
void split_want(struct conform *c, struct ring *ring, uint16_t flags, uint16_t used_event);

uint32_t packed_add(struct conform *c, struct ring *ring, const struct seg *segs, unsigned n,
	uint16_t more_flags);
void packed_publish(struct conform *c, struct ring *ring);
bool packed_used(struct conform *c, struct ring *ring, struct used *used);
unsigned packed_waiting(struct conform *c, const struct ring *ring);
/* ahead: descriptors from the next used slot on. */
void packed_want(struct conform *c, struct ring *ring, uint16_t flags, unsigned ahead);

#endif
