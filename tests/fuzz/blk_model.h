/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk as naive as can be, written from the specification's block device chapter: 64
 * sectors in an array, and what a request to it has to be answered.
 */
#ifndef VMMIO_TESTS_FUZZ_BLK_MODEL_H
#define VMMIO_TESTS_FUZZ_BLK_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { BLK_MODEL_SECTORS = 64, BLK_MODEL_SECTOR = 512, BLK_MODEL_SEGMENTS = 8, BLK_MODEL_ID = 20 };

/* A set of sectors, one bit each. */
typedef uint64_t blk_model_set;

struct blk_model {
	bool read_only, no_discard, no_write_zeroes;
	char id[BLK_MODEL_ID];
	uint64_t capacity; /* sectors */
	uint8_t disk[BLK_MODEL_SECTORS * BLK_MODEL_SECTOR];
	blk_model_set vague; /* what these hold is not known */
};

struct blk_model_answer {
	bool broken; /* there is no byte for a status: the device needs a reset */
	uint8_t status;
	uint32_t len, len_failed; /* of the used entry; if the host fails meanwhile */
	uint32_t type;
	uint64_t first;        /* sector of IN and OUT ... */
	uint32_t bytes;        /* ... and how much */
	blk_model_set sectors; /* read or changed */
	bool changes;
};

/* What a request has to be answered: out is what the device may read. */
struct blk_model_answer blk_model_ask(
	const struct blk_model *m, const uint8_t *out, uint32_t n_out, uint32_t n_in);

/* The answer was OK: does it. data: of OUT. */
void blk_model_do(struct blk_model *m, const struct blk_model_answer *a, const uint8_t *data);

/* The first sector from `first` on whose bytes are known and not these; -1: none. */
int blk_model_differs(
	const struct blk_model *m, uint64_t first, uint32_t bytes, const uint8_t *data);

#endif
