/* SPDX-License-Identifier: BSD-3-Clause */
/* What block reads stand beside: the same reads by io_uring alone, on one thread, with a
 * ring of the size that the library's engine has by default, and its flags. */
#ifndef VMMIO_BENCH_BLK_RAW_H
#define VMMIO_BENCH_BLK_RAW_H

#include "bench.h"

/* The order of blocks that both sides read: the same numbers from the same seed. */
struct dice {
	uint64_t state;
};
uint64_t dice_block(struct dice *dice);

/* Reads n blocks, depth at a time, with these flags (IORING_SETUP_) for the ring; ns.
 * 0: failed, told. */
uint64_t blk_raw_read(int image, unsigned flags, unsigned depth, unsigned n);

#endif
