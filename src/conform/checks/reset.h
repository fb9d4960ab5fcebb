/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices with requests in flight, for the checks of resets. */
#ifndef VMMIO_CONFORM_CHECKS_RESET_H
#define VMMIO_CONFORM_CHECKS_RESET_H

#include "conform/checks/checks.h"
#include "conform/traffic.h"

#define RESET_LOAD 8u
#define RESET_IO_TIME UINT64_C(50000000)   /* a request takes, where it can be delayed */
#define RESET_STOP_TIME UINT64_C(20000000) /* the device's side takes to stop, likewise */

struct reset_load {
	struct ring ring;
	bool held; /* the target holds the requests back: they are at work */
	unsigned n;
	struct request requests[RESET_LOAD];
};

/* A running device that was just given requests; where the target can they take their time. */
void reset_load(struct conform *c, struct reset_load *load);
/* Fills rings and buffers with POISON, and says what of them was changed since; NULL: nothing. */
void reset_poison(struct conform *c, const struct reset_load *load);
const char *reset_touched(struct conform *c, const struct reset_load *load);
/* Of the ring's three areas only. */
const char *reset_touched_ring(struct conform *c, const struct ring *ring);

/* What the registers show of a device's life, of one queue. */
struct reset_view {
	uint32_t status, interrupt, ready;
};
struct reset_view reset_look(struct conform *c, unsigned queue);
/* Writes 0 to Status, and waits until it reads 0; ends the check if it never does. */
void reset_now(struct conform *c);

#endif
