/* SPDX-License-Identifier: BSD-3-Clause */
/* The line that says how far a run has got. */
#include "tools/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const uint64_t second = 1000000000;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * second + (uint64_t)time.tv_nsec;
}

void progress_begin(struct progress *progress)
{
	*progress = (struct progress){.terminal = isatty(STDERR_FILENO), .began = now()};
	/* A run of a moment needs no line. */
	progress->next = progress->began + (progress->terminal ? second / 4 : 5 * second);
}

void progress_show(void *ctx, const char *check, size_t done, size_t n)
{
	struct progress *progress = ctx;
	uint64_t time = now();

	if (time < progress->next)
		return;
	progress->next = time + (progress->terminal ? second / 10 : 5 * second);
	fprintf(stderr, "%s%zu of %zu checks, %" PRIu64 " s: %.40s%s",
		progress->terminal ? "\r\x1b[K" : "vmmio-conform: ", done, n,
		(time - progress->began) / second, check ? check : "opening the target",
		progress->terminal ? "" : "\n");
	progress->line = progress->terminal;
}

void progress_end(struct progress *progress)
{
	if (progress->line)
		fputs("\r\x1b[K", stderr);
	progress->line = false;
}
