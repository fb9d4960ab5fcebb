/* SPDX-License-Identifier: BSD-3-Clause */
/* How far a run has got, on standard error: at once on a terminal, else only once it takes
 * long. */
#ifndef VMMIO_TOOLS_PROGRESS_H
#define VMMIO_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	bool terminal;
	bool line;      /* there is one to be wiped away */
	uint64_t began; /* ns */
	uint64_t next;  /* when to say something again */
};

void progress_begin(struct progress *progress);
/* As often as wanted. check NULL: none has begun. ctx: the progress. */
void progress_show(void *ctx, const char *check, size_t done, size_t n);
void progress_end(struct progress *progress);

#endif
