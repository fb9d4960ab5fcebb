/* SPDX-License-Identifier: BSD-3-Clause */
/* Recorded register accesses, device by device, out of what others have written. */
#ifndef VMMIO_TOOLS_TRACES_H
#define VMMIO_TOOLS_TRACES_H

#include <stdio.h>
#include <vmmio/conform/monitor.h>

struct recorded_access {
	struct vmmio_monitor_access access;
	uint64_t order; /* its place in the trace */
	bool gap;       /* accesses are missing before it */
};

struct recorded_device {
	char key[32];  /* what tells it apart in the file: the memory region's pointer, ... */
	uint64_t base; /* of its window; 0: the trace has none */
	bool placed;   /* base is known */
	bool late;     /* the beginning is missing */
	struct recorded_access *accesses;
	size_t n, room;
};

struct recording {
	struct recorded_device *devices; /* in the order of their first access */
	size_t n, room;
	/* Lines: all, those of devices that are no virtio-mmio ones, those that are of no use
	 * because they do not say the device or the value, those that are not understood. */
	size_t lines, others, useless, garbage;
	size_t first_garbage; /* its number, from 1; 0: none */
};

/* Reads all of file. 0, -errno of reading, -ENOMEM. recording_free in any case. */
int recording_read(FILE *file, struct recording *out);
void recording_free(struct recording *recording);

#endif
