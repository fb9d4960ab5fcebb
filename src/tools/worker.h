/* SPDX-License-Identifier: BSD-3-Clause */
/* A process of its own that opens the target and runs checks, or does something else of which it
 * sends records, and the handle to it. */
#ifndef VMMIO_TOOLS_WORKER_H
#define VMMIO_TOOLS_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "tools/record.h"
#include "tools/watch.h"

/* What it has to do. */
struct work {
	const char *target;
	const char *only;
	bool destructive;
	uint64_t patience;
	struct watch *watch;
};

struct worker {
	pid_t pid;
	int fd;
	bool ended;  /* but not reaped yet */
	bool silent; /* its end of the pipe is closed */
	struct record_reader reader;
};

/* A process that runs main, with what it was given and the pipe's end for its records, and then
 * ends. 0, or -errno. Stop it in any case. */
int worker_fork(struct worker *worker, void (*main)(const void *job, int fd), const void *job);
/* One that opens the target and runs checks. */
int worker_start(struct worker *worker, const struct work *work);
/* Returns when something came, when it has ended, or after a while of at most ms. */
void worker_wait(struct worker *worker, int ms);
/* Ends it and all its children. Returns what waitpid said. */
int worker_stop(struct worker *worker);

#endif
