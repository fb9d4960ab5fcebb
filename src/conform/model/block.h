/* SPDX-License-Identifier: BSD-3-Clause */
/* The block device, between its files. */
#ifndef VMMIO_CONFORM_MODEL_BLOCK_H
#define VMMIO_CONFORM_MODEL_BLOCK_H

#include "conform/model/internal.h"

#define BLOCK_F_LIFETIME 15
#define BLOCK_T_GET_LIFETIME 10u

/* Limits of DISCARD and WRITE_ZEROES. */
#define BLOCK_SEGMENTS_MAX 8u
#define BLOCK_SECTORS_MAX 1024u

void model_block_run(struct model *m, struct job *job);

/* As the configuration space says. */
uint64_t model_block_capacity(const struct model *m);
/* Whether the cache is write-through just now. */
bool model_block_writes_through(const struct model *m);

#endif
