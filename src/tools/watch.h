/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a process that runs checks is doing right now, in memory that it shares with the one
 * that waits for it: so that a device which hangs, or takes the process with it, can be told
 * from one that is slow, and what was asked of it last be shown.
 */
#ifndef VMMIO_TOOLS_WATCH_H
#define VMMIO_TOOLS_WATCH_H

#include <stdatomic.h>
#include <vmmio/conform/target.h>

enum { WATCH_KEPT = 24 };

struct watch_access {
	bool write;
	uint8_t width;
	uint64_t offset, value;
};

struct watch {
	atomic_ulong beats; /* goes on as long as the device answers */
	uint32_t version;   /* what Version read first; 0: it was not read */
	bool inside;        /* the last access has not come back */
	uint64_t n;
	struct watch_access ring[WATCH_KEPT];
};

/* NULL: no memory. */
struct watch *watch_create(void);
void watch_free(struct watch *watch);
/* Forgets the accesses. */
void watch_clear(struct watch *watch);

/* The target, watched. Of one target of the process at a time; to be closed as it was before. */
struct vmmio_target watch_target(struct watch *watch, const struct vmmio_target *target);

/* An access that was made by other means, and is over. */
void watch_access(struct watch *watch, const struct watch_access *access);

/* The last accesses, one on a line; once the process is gone. */
void watch_accesses(const struct watch *watch, char *text, size_t size);

#endif
