/* SPDX-License-Identifier: BSD-3-Clause */
/* The dirty log, as ring code writes it. Only while ring->log is set. */
#ifndef VMMIO_QUEUE_MARK_H
#define VMMIO_QUEUE_MARK_H

#include "queue/ring.h"

/* len bytes at host were written. */
void vmmio_mark(const struct vmmio_ring *ring, const void *host, uint64_t len);

/* What the completions say was written into their chains. Before their slots are freed. */
void vmmio_mark_answers(
	const struct vmmio_ring *ring, const struct vmmio_completion *completions, unsigned n);

#endif
