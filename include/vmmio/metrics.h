/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Metrics: an observer that counts, for one device. Readable while the device runs.
 *
 * Consistency: every number is a relaxed atomic of its own and never goes back. A snapshot
 * is not one moment: chains may already count a pop that another number of the same
 * snapshot does not know yet. Once the device is quiet, all numbers agree.
 */
#ifndef VMMIO_METRICS_H
#define VMMIO_METRICS_H

#include <vmmio/observer.h>
#include <vmmio/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_metrics;

struct vmmio_metrics_options {
	size_t size; /* sizeof(struct vmmio_metrics_options) */
	struct vmmio_log log;
};

/* Control role. options NULL: all defaults. -EINVAL (logged), -ENOMEM. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_metrics_create(
	const struct vmmio_metrics_options *options, struct vmmio_metrics **out);

/* Control role; as vmmio_trace_destroy: -EBUSY while a device uses it (logged). NULL: 0. */
VMMIO_API int vmmio_metrics_destroy(struct vmmio_metrics *metrics);

/* For struct vmmio_device_options; valid as long as metrics. Serves one device, once: a
 * second vmmio_device_create with it fails with -EBUSY (logged). NULL: NULL. */
VMMIO_API const struct vmmio_observer *vmmio_metrics_observer(const struct vmmio_metrics *metrics);

/* --- Histograms ----------------------------------------------------------------- */

/* Bucket 0 counts the value 0, bucket i values from 2^(i-1) to 2^i - 1. */
#define VMMIO_HISTOGRAM_BUCKETS 65

struct vmmio_histogram {
	uint64_t count; /* of all buckets */
	uint64_t sum;
	uint64_t max;
	uint64_t bucket[VMMIO_HISTOGRAM_BUCKETS];
};

/*
 * The value that a share of q (0 to 1; 0.5: the median) of all values does not exceed,
 * as well as the buckets know: never too low, and too high by less than a factor of 2. Any thread.
 * -EINVAL: q is no number from 0 to 1; -ENODATA: the histogram is empty.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_histogram_quantile(
	const struct vmmio_histogram *histogram, double q, uint64_t *out);

/* --- Snapshots ------------------------------------------------------------------ */

struct vmmio_metrics_snapshot {
	/* Resets that began, by enum vmmio_reset_by; idle: those of them at Status 0. */
	uint64_t resets[VMMIO_RESET_BY_COUNT];
	uint64_t idle;
	uint64_t ended;
	uint64_t stuck; /* reported at their deadline */
	struct vmmio_histogram stall;   /* ns that zero written to Status kept the vCPU, when
					 * Status was not 0 */
	struct vmmio_histogram to_zero; /* ns from there until Status read 0; idle resets and
					 * destroys are not in it */
	bool pending;   /* a reset is running now: */
	struct vmmio_stuck_report reset; /* its age, oldest request, ...; device is NULL */
	uint64_t faults[VMMIO_FAULT_COUNT]; /* malformed rings, by number */
	uint32_t n_queues;
};

struct vmmio_metrics_queue {
	uint64_t kicks;       /* by the driver */
	uint64_t chains;      /* popped */
	uint64_t readable;    /* bytes of theirs that the device could read */
	uint64_t writable;    /* and could write */
	uint64_t completed;   /* chains that came back */
	uint64_t dropped;     /* of these, too late */
	uint64_t written;     /* bytes the device wrote, by its completions' lens */
	uint64_t notified;    /* used buffer notifications sent */
	uint64_t suppressed;  /* left out because the driver wanted none */
	uint64_t faults;
};

/*
 * Any thread, any time, also before a device is created with it (all zeroes) and after its
 * detach. Takes short locks, also the device's; waits for nothing else. -EINVAL: a NULL.
 */
VMMIO_API int vmmio_metrics_snapshot(
	struct vmmio_metrics *metrics, struct vmmio_metrics_snapshot *out);

/* One queue. The same, and -EINVAL: no such queue. */
VMMIO_API int vmmio_metrics_queue(
	struct vmmio_metrics *metrics, unsigned queue, struct vmmio_metrics_queue *out);

/*
 * A snapshot with its queues as text for people or as one line of JSON. As snprintf:
 * returns the length of the whole text, writes at most size bytes with the terminating zero.
 * The next snapshot may be longer. Threads as above. -EINVAL: no such format, metrics NULL.
 */
VMMIO_API int vmmio_metrics_format(
	struct vmmio_metrics *metrics, enum vmmio_format format, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif
