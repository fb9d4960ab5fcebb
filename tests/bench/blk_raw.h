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

struct blk_raw;

/* A ring with these flags (IORING_SETUP_), used by this thread. -errno, not told: -ENOMEM, or
 * what the kernel has against it. Keep it until the disks beside it are gone: liburing unmaps
 * behind the back of the thread sanitizer, which takes a new ring at the same address for a
 * race. */
int blk_raw_create(int image, unsigned flags, struct blk_raw **out);
void blk_raw_destroy(struct blk_raw *raw);

/* Reads n blocks, depth at a time; ns. 0: failed, told. */
uint64_t blk_raw_read(struct blk_raw *raw, unsigned depth, unsigned n);

#endif
