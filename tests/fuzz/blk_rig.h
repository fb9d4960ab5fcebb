/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk on a manual executor and a manual I/O engine, and a driver for it: nothing moves
 * unless a program says so.
 */
#ifndef VMMIO_TESTS_FUZZ_BLK_RIG_H
#define VMMIO_TESTS_FUZZ_BLK_RIG_H

#include <vmmio/backends/blk.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "blk_model.h"
#include "fuzz.h"

enum { BLK_SLOTS = 8, BLK_DATA = 4096, BLK_ENTRIES = 16 };
enum blk_option { VERSION_2 = 1, PACKED = 2, WRITE_THROUGH = 4, BOUNCE = 8, PINNED = 16,
	READ_ONLY = 32, NO_DISCARD = 64, NO_ZEROES = 128, NO_EVENT_IDX = 256, NO_FLUSH = 512 };

struct blk_slot {
	struct vmmio_driver_area out, in;
	uint32_t n_in;
	struct blk_model_answer answer;
	bool busy;
	bool hurt;  /* the host failed while it was out */
	bool mixed; /* it met another one on the same sectors */
};

struct blk_rig {
	int image;
	uint8_t *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_io *io;
	struct vmmio_blk *blk;
	struct vmmio_device *dev;
	struct vmmio_driver *driver;
	struct blk_model model;
	struct blk_slot slot[BLK_SLOTS];
	uint64_t wanted;
	unsigned writes; /* of registers, that have to wait */
	bool gone;
	unsigned step;
};

/* options: of enum blk_option. The driver is not started. */
void blk_rig_up(struct blk_rig *b, unsigned options);
void blk_rig_down(struct blk_rig *b);
/* Until nothing is left to do. */
void blk_rig_settle(struct blk_rig *b);

#endif
