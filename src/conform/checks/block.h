/* SPDX-License-Identifier: BSD-3-Clause */
/* What the checks of block devices have in common. */
#ifndef VMMIO_CONFORM_CHECKS_BLOCK_H
#define VMMIO_CONFORM_CHECKS_BLOCK_H

#include "conform/checks/checks.h"
#include "conform/traffic.h"

/* A running disk with these features accepted, as far as they are offered. */
void block_start(struct conform *c, struct ring *ring, uint64_t features);
/* One sector to or from guest memory at data; the status byte, -1: no answer. */
int block_read(struct conform *c, struct ring *ring, uint64_t sector, uint64_t data);
int block_write(struct conform *c, struct ring *ring, uint64_t sector, uint64_t data);
int block_flush(struct conform *c, struct ring *ring);
/* DISCARD or WRITE_ZEROES of one segment. */
int block_range(struct conform *c, struct ring *ring, uint32_t type, struct vmmio_blk_segment segment);
/* Judges the status byte of a request; -1: it did not come back. */
bool block_judge(
	struct conform *c, const char *requirement, int status, int expected, const char *request);
/* Fills a sector in guest memory with a pattern that tells the sector and the seed. */
void block_pattern(struct conform *c, uint64_t data, uint64_t sector, uint8_t seed);
/* Whether it is there. */
bool block_has_pattern(struct conform *c, uint64_t data, uint64_t sector, uint8_t seed);
/* The same in what is stored. */
bool block_stored_pattern(struct conform *c, uint64_t sector, uint8_t seed);

#endif
