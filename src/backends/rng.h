/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the entropy backend.
 *
 * notify takes chains off the ring into held, a queue; one task on the executor gives them random
 * bytes, in order. Where there are none it stops, and one of these wakes it:
 *
 *     armed      the deadline: the next period of the rate, or another try of the source
 *     polling    the I/O engine tells when the source has something (fifos and the like)
 *     reading    the I/O engine reads from the source (what cannot be polled)
 *
 * While the task is queued there is a chain in held, whose lease keeps the device in being: so
 * who stops the queue leaves held to a task that is queued. What may come back after the device
 * has gone, a deadline and a read, has a reference to the backend.
 *
 * The bytes go by way of a buffer of the backend's, so no read of the source touches the guest's
 * memory, and none has to end for a reset.
 */
#ifndef VMMIO_BACKENDS_RNG_INSIDE_H
#define VMMIO_BACKENDS_RNG_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include <vmmio/backends/rng.h>
#include <vmmio/device.h>

#define RNG_BATCH 16u
#define RNG_MAX_BYTES (1u << 20)
#define RNG_RETRY UINT64_C(1000000000) /* ns until a source that failed is tried again */

enum rng_kind {
	RNG_GETRANDOM,
	RNG_POLLED, /* does not block; what it has not got, a poll waits for */
	RNG_READ,   /* is always ready, or cannot be polled: the engine reads */
};

struct rng_counters {
	atomic_uint_fast64_t chains, bytes, refused, cancelled, failures, throttled;
};

struct vmmio_rng {
	struct vmmio_backend backend;
	uint16_t queue_size;
	struct vmmio_io *io; /* NULL: getrandom */
	struct vmmio_log log;
	uint32_t max_bytes;
	uint64_t rate_bytes, rate_period;
	struct rng_counters count;

	/* The source. */
	enum rng_kind kind;
	char *name; /* for log lines */
	int fd;
	bool own_file; /* not shared with the caller's descriptor, nor are its flags */
	bool is_socket;

	/* The task's alone; bytes while reading the engine's. */
	struct vmmio_queue *queue;
	uint8_t *bytes; /* max_bytes */
	uint32_t at, have;
	uint64_t offset;           /* of the next read; VMMIO_IO_STREAM */
	uint64_t left, period_end; /* of the rate */
	bool using_io;

	pthread_mutex_t lock; /* all below, but for what calls out */
	pthread_cond_t task_over;
	unsigned refs;
	struct vmmio_device *device; /* NULL: not attached */
	struct vmmio_chain *held;    /* a ring of capacity */
	unsigned first, capacity;
	atomic_uint n_held; /* changed under the lock */
	bool task_queued;   /* or running */
	bool paused;
	bool stopping; /* held goes back as it is */
	bool armed, polling, reading;
	bool ended;              /* a read, and nobody has looked at its result */
	vmmio_token pause_token; /* to be answered by the task; 0: none */

	struct vmmio_task task;
	struct vmmio_deadline deadline;
	struct vmmio_io_poll poll;
	struct vmmio_io_request request;
	struct vmmio_iovec iov;
};

/* rng.c */
void vmmio_rng_unref(struct vmmio_rng *rng);
uint64_t vmmio_rng_count(atomic_uint_fast64_t *counter, uint64_t n);

/* rng_source.c: 0 or -errno, logged. */
int vmmio_rng_check_options(const struct vmmio_rng_options *options);
int vmmio_rng_open(struct vmmio_rng *rng, const struct vmmio_rng_options *options);
void vmmio_rng_close(struct vmmio_rng *rng);
void vmmio_rng_log(const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* rng_fetch.c: up to want random bytes into the empty buffer. > 0: so many, 0: later, the task
 * will be woken, -errno: the source failed (-ENODATA: at its end). The task only. */
int vmmio_rng_fetch(struct vmmio_rng *rng, uint32_t want);
/* What the source has to do with a device that goes. */
void vmmio_rng_fetch_stop(struct vmmio_rng *rng);

/* rng_serve.c */
void vmmio_rng_notify(void *ctx, struct vmmio_queue *queue);
void vmmio_rng_run_task(struct vmmio_task *task);
void vmmio_rng_expired(struct vmmio_deadline *deadline);
/* The queue stops: all chains of held go back, here or in the task. */
void vmmio_rng_stop(struct vmmio_rng *rng);
/* The lock held. If there is work for the task: the executor to submit it to, once the caller has
 * let go of the lock. Else NULL. */
struct vmmio_executor *vmmio_rng_wake(struct vmmio_rng *rng);

#endif
