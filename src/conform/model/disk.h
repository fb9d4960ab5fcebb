/* SPDX-License-Identifier: BSD-3-Clause */
/* The store behind the block device: what reads see, and what has reached the media. */
#ifndef VMMIO_CONFORM_MODEL_DISK_H
#define VMMIO_CONFORM_MODEL_DISK_H

#include "conform/model/internal.h"

/* What a fresh disk shows, and the most that it can grow to. */
#define DISK_SECTORS 2048u
#define DISK_SECTORS_MAX 3072u

struct disk {
	uint64_t sectors;               /* that there are now */
	uint8_t *data;                  /* behind the cache */
	uint8_t *media;                 /* what survives the loss of power */
	bool dirty[DISK_SECTORS_MAX];   /* media is behind */
	bool touched[DISK_SECTORS_MAX]; /* differs from a fresh disk */
};

struct disk *model_disk_create(void);
void model_disk_destroy(struct disk *disk);
/* A fresh one: each sector has bytes of its own. */
void model_disk_restart(struct disk *disk);

/* n sectors of data, to read. */
const uint8_t *model_disk_at(const struct disk *disk, uint64_t sector);
/* ... to write into: they are dirty from now on. */
uint8_t *model_disk_change(struct disk *disk, uint64_t sector, uint64_t n);
/* Puts n sectors that are dirty on the media. */
void model_disk_commit(struct disk *disk, uint64_t sector, uint64_t n);

#endif
