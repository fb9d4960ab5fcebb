/* SPDX-License-Identifier: BSD-3-Clause */
/* A thread asleep in the kernel, and what waking it costs: the floor under any design that
 * has to hand work to a sleeping thread. */
#ifndef VMMIO_BENCH_FUTEX_H
#define VMMIO_BENCH_FUTEX_H

#include "bench.h"

struct wakes {
	size_t n;
	uint64_t *call;  /* how long the waking system call took */
	uint64_t *until; /* from before the call until the other thread was seen to run */
};

/* Both arrays have room for n; they come back sorted. 0 or -errno, told. */
int futex_wakes(struct wakes *wakes);

/* Long enough for a thread that is about to sleep to get there. */
void bench_pause(void);

#endif
