/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver's side of a ring, written by hand: as little as it takes, so that what is
 * measured is the device's side. The chains are always the same; what comes back is checked.
 */
#ifndef VMMIO_BENCH_RING_DRIVER_H
#define VMMIO_BENCH_RING_DRIVER_H

#include "bench.h"

enum {
	RING_SIZE = 256,
	RING_LAP = 64, /* chains made available and taken back at once */
	RING_SEGS_MAX = 3,
};

struct ring_shape {
	bool packed, indirect;
	unsigned n_segs;
	struct {
		uint32_t len;
		bool write;
	} seg[RING_SEGS_MAX];
};

struct ring_driver {
	struct ring_shape shape;
	uint8_t *desc, *driver, *device; /* the three areas as we see them */
	uint8_t *tables;                 /* indirect ones, RING_LAP * RING_SEGS_MAX * 16 bytes */
	uint64_t tables_guest;
	uint64_t data_guest; /* every chain's buffers begin here */
	uint32_t writable;   /* bytes of a chain that the device may write */
	uint16_t avail, used; /* split: idx; packed: position */
	bool avail_wrap, used_wrap;
};

/* Areas, tables and data are set; the areas are zero. No interrupts are asked for. */
void ring_driver_init(struct ring_driver *d, const struct ring_shape *shape);

/* Makes RING_LAP chains available. */
void ring_driver_add(struct ring_driver *d);

/* Takes them back; false: something else came back, or with a length other than written. */
bool ring_driver_take(struct ring_driver *d, uint32_t written);

#endif
