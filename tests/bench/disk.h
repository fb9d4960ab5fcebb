/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio disk on a memfd with the least driver that can read from it: 4 KiB reads as
 * indirect chains that are written once; a read then costs a sector number, an available
 * entry and an index.
 */
#ifndef VMMIO_BENCH_DISK_H
#define VMMIO_BENCH_DISK_H

#include <vmmio/backends/blk.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "bench.h"

enum { DISK_SLOTS = 128, DISK_READ = 4096, DISK_QUEUE = 256 };
#define DISK_BYTES (UINT64_C(64) << 20)
#define DISK_BLOCKS (DISK_BYTES / DISK_READ)

struct disk_options {
	uint32_t version;
	uint64_t delay; /* of every request, ns */
	bool cancellable;
	bool loop; /* the engine runs on the thread that calls disk_done, and has none */
};

struct disk {
	int image;
	bool loop;
	bool pinned; /* guest memory is locked: the I/O thread may touch it itself */
	uint8_t *ram;
	struct vmmio_memory *memory;
	struct vmmio_executor *pool;
	struct vmmio_io *io;
	struct vmmio_blk *blk;
	struct vmmio_device *device;
	struct vmmio_driver *driver;
	uint16_t *avail, *used; /* the two rings */
	uint16_t avail_idx, used_idx;
	uint64_t written, stall; /* the last write of 0 to Status: when, how long */
};

/* An image of DISK_BYTES, every page present; block n begins with the number n. Its
 * descriptor, or -errno, told. */
int disk_image(void);

/* All or nothing; an error is told. image stays the caller's. */
int disk_create(int image, const struct disk_options *options, struct disk *out);
void disk_destroy(struct disk *disk);

/* Features, queue, DRIVER_OK: after create and after each reset. */
int disk_start(struct disk *disk);

/* Prepares a read of a block into a slot that is free; shown with disk_kick. */
void disk_read(struct disk *disk, unsigned slot, uint64_t block);
void disk_kick(struct disk *disk);
/* The slot of a read that is done, -1: none, -2: it failed. Runs the engine of a loop if
 * there is none. */
int disk_done(struct disk *disk);
/* The number that a block read into a slot begins with. */
uint64_t disk_first(const struct disk *disk, unsigned slot);

#endif
