/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands around a driver under test: puppet, monitor, guest memory, time, and what was
 * arranged to happen to it. */
#ifndef VMMIO_CONFORM_PUPPET_STAGE_H
#define VMMIO_CONFORM_PUPPET_STAGE_H

#include <setjmp.h>

#include "conform/puppet/scenario.h"

enum { STAGE_CUES = 4, STAGE_KEPT = 12 };

/* A string that is pulled later. */
struct cue {
	const struct step *step;
	uint32_t seen;
	bool done;
};

struct stage {
	struct vmmio_subject_ops ops; /* all of this version's; what the driver lacks is NULL */
	void *driver;                 /* their ctx */
	struct vmmio_bus bus;
	struct vmmio_puppet *puppet;
	uint64_t epoch;                /* when the puppet's clock began */
	struct vmmio_monitor *monitor; /* NULL: a rehearsal */
	const struct vmmio_play *play;
	uint8_t *memory;

	struct cue cues[STAGE_CUES];
	unsigned n_cues;
	bool interrupting; /* the driver's interrupt runs */

	/* The driver is left by a jump when it has used up what it has of these. */
	jmp_buf out;
	uint64_t moves, moves_max;
	uint64_t began, time_max;

	uint32_t status; /* as the driver has written it last */

	/* The last accesses: number i is at i % STAGE_KEPT. */
	struct vmmio_monitor_access kept[STAGE_KEPT];
	uint64_t n_kept;

	/* What was seen since a step began. */
	uint64_t notified[16]; /* bit per queue */
	unsigned released;     /* queues notified when delayed buffers came back at once */
	uint64_t old_capacity, capacity; /* as last set; 0: as it is */
};

/* 0, or -ENOMEM. Free it in any case. */
int stage_make(struct stage *stage, const struct vmmio_play *play);
void stage_free(struct stage *stage);

/* Fills guest memory: who forgets to clear what has to be clear finds out. */
void stage_litter(struct stage *stage);

/* A puppet in place of the one that there is. 0, or -errno. */
int stage_present(struct stage *stage, const struct vmmio_puppet_options *show);
/* From here on accesses are judged. 0, or -ENOMEM. */
int stage_watch(struct stage *stage, const char *name);

/* Pulls a string, now or when its moment comes. */
void stage_pull(struct stage *stage, const struct step *step);
/* The last accesses, one on a line. */
void stage_accesses(const struct stage *stage, char *text, size_t size);
/* Before and after one of the driver's functions. */
void stage_enter(struct stage *stage);
void stage_leave(struct stage *stage);

#endif
