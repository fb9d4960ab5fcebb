/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A block device on a bench: image, I/O engine, executor, device, driver, and requests cut
 * into descriptors as a test likes.
 */
#ifndef VMMIO_TESTS_BLK_RIG_H
#define VMMIO_TESTS_BLK_RIG_H

#include <stdatomic.h>
#include <sys/types.h>
#include <vmmio/backends/blk.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "support/fixture.h"

/* A test body runs over these: version 2 or 3, split or packed, io_uring or plain engine,
 * guest memory pinned or not. */
#define DISK_VARIANTS 16
#define DISK_SECTORS 256u
#define DISK_BUFFER 131072u

struct disk_options {
	int variant;
	bool manual;       /* executor */
	const char *dir;   /* of the image; NULL: /tmp */
	bool memfd;        /* the image is one, and dir is not used */
	/* What the image has at an offset, beside its fill, before it is opened. */
	const void *head;
	size_t head_size;
	off_t head_at;
	/* Disks of one VM. The first has room for n_disks; the others name it, use its memory,
	 * executor and I/O engine, and are freed before it. */
	unsigned n_disks;  /* 0: 1 */
	struct disk *first;
	unsigned max_threads;    /* of the pool and of the engine each; 0: their defaults */
	uint64_t reset_deadline; /* 0: never */
	enum vmmio_io_form form; /* of the I/O engine */
	uint64_t features; /* to accept, beside those of the variant; 0: all */
	struct vmmio_blk_options blk; /* path and io are filled in if they are not set */
};

struct disk {
	struct disk_options o;
	char path[128];
	int image; /* the test's own descriptor */
	uint8_t *ram;
	uint64_t guest; /* where the guest sees ram */
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_io *io;
	struct vmmio_blk *blk;
	struct vmmio_device *dev;
	struct vmmio_driver *driver;
	struct vmmio_driver_area out, in; /* what the device reads; what it may write */
	_Atomic bool line;
	bool dying; /* disk_destroy was called */
	_Atomic unsigned destroyed;
	struct vmmio_stuck_report report; /* the last one; to be read once stuck is not 0 */
	_Atomic unsigned stuck;
	unsigned n_others; /* disks that named this one */
};

/* Image of DISK_SECTORS filled with 0xa5; the device exists and is not started. */
struct disk *disk_new(const struct disk_options *options);
/* Driver up, queue(s) running. */
void disk_start(struct disk *disk);
struct disk *disk_run(const struct disk_options *options); /* both */
/* Destroys the device without waiting: destroyed tells. */
void disk_destroy(struct disk *disk);
void disk_free(struct disk *disk);
/* Between two looks at something that is to happen. */
void disk_relax(struct disk *disk);

/* The header of the next request, at the start of out. */
void disk_header(struct disk *disk, uint32_t type, uint64_t sector);

/* One request: bytes of out and in, in pieces of the given lengths. */
struct disk_cut {
	uint32_t out[32], in[32]; /* 0 ends */
	unsigned queue;
	uint32_t in_at; /* where in the in buffer: requests in flight together share no byte */
	void *cookie;
};
int disk_add(struct disk *disk, const struct disk_cut *cut);
/* Sends it, waits, returns the status byte (or -1: no status, -2: NEEDS_RESET); *len may be
 * NULL. The in buffer is filled with 0xee first. */
int disk_send(struct disk *disk, const struct disk_cut *cut, uint32_t *len);
/* The usual cut: header | data | status. */
int disk_do(struct disk *disk, uint32_t type, uint64_t sector, uint32_t data);

struct vmmio_blk_segment disk_segment(uint64_t sector, uint32_t sectors, uint32_t flags);

#endif
