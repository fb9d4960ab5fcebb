/* SPDX-License-Identifier: BSD-3-Clause */
/* The good driver between good.c (life, queues) and good_io.c (requests, interrupts). */
#ifndef VMMIO_TOOLS_GOOD_INTERNAL_H
#define VMMIO_TOOLS_GOOD_INTERNAL_H

#include <vmmio/driver.h>

#include "tools/good.h"

enum { GOOD_QUEUES = 2, GOOD_BUFFER = 512 };

#define GOOD_IO_PATIENCE UINT64_C(2000000000)

struct good {
	const struct vmmio_bus *bus;
	struct vmmio_driver *driver;
	struct vmmio_driver_blk *blk; /* of a disk */
	struct vmmio_driver_area buffer[GOOD_QUEUES];
	unsigned n_queues;
	unsigned waiting; /* requests or buffers that are out */
	int64_t got;      /* what came back: bytes, or -errno */
	bool changed;     /* the configuration */
	unsigned rounds;  /* of use */
};

/* Lets a moment pass. */
void good_relax(struct good *good);
uint64_t good_now(const struct good *good);

/* As in struct vmmio_subject_ops. */
int64_t good_use(void *ctx);
void good_interrupt(void *ctx);

#endif
