/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Callbacks of an embedder's or a backend's are no points where a thread can be cancelled: it
 * would leave a pass, a chain or a lock behind. Around every call out that may be made on a
 * thread which is not ours, and around system calls that are such points.
 */
#ifndef VMMIO_EXECUTOR_CANCEL_H
#define VMMIO_EXECUTOR_CANCEL_H

#include <pthread.h>

/* Returns what vmmio_cancel_restore takes. */
static inline int vmmio_cancel_off(void)
{
	int before;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

static inline void vmmio_cancel_restore(int before)
{
	pthread_setcancelstate(before, NULL);
}

#endif
