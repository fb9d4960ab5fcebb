/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rig with its memory cut into four regions, and queue 1's ring in one of its own.
 */
#ifndef VMMIO_TESTS_MEMORY_RIG_H
#define VMMIO_TESTS_MEMORY_RIG_H

#include "support/rig.h"

enum place {
	MAIN, /* queue 0's ring, and the driver's buffers to begin with */
	RING, /* queue 1's ring */
	BUF,  /* nothing */
	BUF2, /* nothing, follows without a gap */
	PLACES
};

uint64_t place_guest(enum place place);
size_t place_size(enum place place);
struct vmmio_region place_region(const struct rig *rig, enum place place);

/* A device of that variant (rig_version, rig_packed), not yet brought up. */
struct rig *memory_rig(int variant, const struct puppet *puppet);
/* With everything else of o, too. */
struct rig *memory_rig_with(int variant, struct rig_options o);
/* Brings it up with these features on top of the rig's. */
void memory_up(struct rig *rig, uint64_t features);
/* -EIO: it wants to be reset at once, as a ring's memory is away. */
int memory_try_up(struct rig *rig, uint64_t features);

/* rig_add uses buffers there. offset: from its begin. */
void use_buffers(struct rig *rig, enum place place, size_t offset);

/* Whoever touches it from here on crashes. */
void forbid(const struct rig *rig, enum place place);

/* A waiter that counts. */
struct report {
	struct vmmio_waiter waiter;
	_Atomic unsigned done;
	_Atomic int result;
};
void report_init(struct report *report);

/* Removes the place; the report has to come later (or at once). */
void remove_later(struct rig *rig, enum place place, struct report *report);
void remove_now(struct rig *rig, enum place place);
void expect_done(const struct report *report, unsigned n);

#endif
