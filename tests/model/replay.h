/* SPDX-License-Identifier: BSD-3-Clause */
/* Traces of the model (turns.pml), and what is to be seen at each of their lines. */
#ifndef VMMIO_TESTS_MODEL_REPLAY_H
#define VMMIO_TESTS_MODEL_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "device/sync.h"

struct vmmio_regfile;

/* Threads of the model: reset.pml, one_device. */
enum { VCPU0, VCPU1, IO, WORKER, WORKER2, CONTROL, ACTORS };

/* state.pml: what the backend does. */
enum mode { MODE_FREE, MODE_CANCEL, MODE_HANG };

enum operation {
	O_KICK,
	O_ZERO,
	O_POLL,
	O_ACKNOWLEDGE,
	O_QRESET,
	O_ACK,
	O_DESTROY,
	O_TASK,
	O_COMPLETE,
	OPERATIONS
};

/* Where a thread can stop besides the sync points: in the interrupt sink, in the destroyed
 * callback, behind the end of an operation. */
enum { POINT_SINK = VMMIO_SYNC_COUNT, POINT_DESTROYED, POINT_RETURNED, POINTS };

/* Registers as the driver sees them, and what the device still owes. */
struct seen {
	unsigned status, ready[2], reset[2], interrupt, line, leases, passes, tasks, used;
};

/* A thread begins an operation, or has come to a point. */
struct line {
	unsigned number; /* in the file */
	unsigned actor;
	bool begins;
	enum operation operation;
	unsigned argument;
	unsigned point;
	struct seen seen;
};

struct trace {
	enum mode mode;
	unsigned n;
	struct line lines[512];
};

#define TRACES_MAX 4096

/* A file of traces: "run ..." begins one. Returns how many; 0, said why, if it is no such file. */
unsigned traces_read(const char *path, struct trace *traces[TRACES_MAX]);
void traces_free(struct trace *traces[TRACES_MAX]);
const char *point_name(unsigned point);

/* QueueReady and QueueReset without QueueSel. */
void see_queue(const struct vmmio_regfile *rf, unsigned queue, struct seen *seen);

#endif
