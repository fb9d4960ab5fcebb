/* SPDX-License-Identifier: BSD-3-Clause */
/* Metrics, inside: what metrics.c counts. */
#ifndef VMMIO_OBSERVE_METRICS_H
#define VMMIO_OBSERVE_METRICS_H

#include <pthread.h>
#include <stdatomic.h>
#include <vmmio/metrics.h>

struct histogram {
	_Atomic uint64_t sum, max;
	_Atomic uint64_t bucket[VMMIO_HISTOGRAM_BUCKETS];
};

struct queue_metrics {
	_Atomic uint64_t kicks, chains, readable, writable, completed, dropped, written, notified,
		suppressed, faults;
};

struct vmmio_metrics {
	struct vmmio_observer observer;
	struct vmmio_log log;
	_Atomic uint64_t resets[VMMIO_RESET_BY_COUNT], idle, ended, stuck;
	_Atomic uint64_t faults[VMMIO_FAULT_COUNT];
	struct histogram stall, to_zero;

	pthread_mutex_t lock;
	struct vmmio_device *device;  /* lock; NULL: not attached */
	unsigned n_queues;            /* lock; constant from attach on */
	struct queue_metrics *queues; /* likewise; NULL: never attached */
};

#endif
