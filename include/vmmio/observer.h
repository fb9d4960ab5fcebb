/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Observers: who wants to know what a driver and its device do, and changes nothing. An
 * array of them is given in struct vmmio_device_options; trace.h and metrics.h have two
 * ready-made ones. Without any, an access pays one predictable branch and no clock is read.
 *
 * Contract of every op but attach and detach
 * ------------------------------------------
 *  Called by   the thread where it happens (vCPU, backend, executor, control), without a
 *              lock of the library; several threads at once, observers in array order. A
 *              backend may hold a lock of its own around complete, so: no hook of anybody.
 *  May block   no: a vCPU or an I/O thread is waiting.
 *  May call    vmmio_device_read (not observed in turn), vmmio_device_counters,
 *              vmmio_device_pending. A register write from inside an op has no effect and
 *              gets -EPERM and a log line.
 *  Pointers    valid during the call only.
 *  Order       none between threads: with two vCPUs the end of one reset may be told
 *              after the begin of the next. The numbers in the structs put it right.
 *  Reset       ops may come after Status has read 0; they touch nothing the guest can see.
 *  NULL        not interested. Who leaves read NULL keeps reads free of clock calls.
 *
 * Times are nanoseconds of the device's executor (virtual on a manual one).
 */
#ifndef VMMIO_OBSERVER_H
#define VMMIO_OBSERVER_H

#include <vmmio/device.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One register access of the driver's that is over. */
struct vmmio_observed_access {
	uint64_t order;  /* the device's accesses from 0, in the order in which they began */
	uint64_t began;
	uint64_t took;   /* a write: how long it kept the vCPU */
	uint64_t offset; /* into the window */
	uint64_t value;  /* written, or what the read gave */
	uint32_t size;   /* bytes, as the guest asked */
	uint32_t status; /* Status when it began; another vCPU may have changed it since */
	int result;      /* of vmmio_device_write; 0 for a read */
};

enum vmmio_reset_by {
	VMMIO_RESET_BY_DRIVER = 0,  /* zero was written to Status */
	VMMIO_RESET_BY_HOST = 1,    /* the embedder asked for it */
	VMMIO_RESET_BY_DESTROY = 2, /* vmmio_device_destroy */
	VMMIO_RESET_BY_COUNT
};

struct vmmio_observed_reset {
	uint32_t number; /* counts up with each reset of the device, modulo 2^32 */
	enum vmmio_reset_by by;
	bool idle;       /* Status was 0 already: nothing to wait for (E22) */
	uint64_t began;  /* the reset was accepted */
	uint64_t ended;  /* Status reads 0; 0 in reset_begin */
};

struct vmmio_observed_pop {
	unsigned queue;
	unsigned chains;
	uint64_t readable; /* bytes of all of them that the device may read */
	uint64_t writable;
};

/* One vmmio_queue_complete that brought chains back. */
struct vmmio_observed_completion {
	unsigned queue;
	unsigned chains;  /* that came back */
	unsigned used;    /* used entries written; with IN_ORDER more or fewer than chains */
	bool dropped;     /* too late, or the queue is broken: nothing was written */
	bool notified;    /* the driver was sent a used buffer notification; false with used
			   * > 0: the driver has suppressed it */
	uint64_t written; /* bytes, by the lens of the call as given; 0 if dropped */
};

/* size first; later versions append. */
struct vmmio_observer_ops {
	size_t size; /* sizeof(struct vmmio_observer_ops) */

	/*
	 * attach: device is being created; it has a name and queues, nothing else happened
	 * yet. By the control role; may block. 0, or -errno: what vmmio_device_create
	 * returns (observers attached before are detached).
	 */
	int (*attach)(void *ctx, struct vmmio_device *device);
	/*
	 * detach: the device is going; do not touch it any more. By the executor, before the
	 * destroyed callback (or by the control role: creation failed). May block. No op is
	 * called later, but for accesses that are still under way: vmmio_device_destroy
	 * says who sees to their end.
	 */
	void (*detach)(void *ctx);

	void (*read)(void *ctx, const struct vmmio_observed_access *access);
	void (*write)(void *ctx, const struct vmmio_observed_access *access);
	/* Between the acceptance and the end of the write, in the write. */
	void (*reset_begin)(void *ctx, const struct vmmio_observed_reset *reset);
	/* Status reads 0. On any thread. */
	void (*reset_end)(void *ctx, const struct vmmio_observed_reset *reset);
	void (*popped)(void *ctx, const struct vmmio_observed_pop *pop);
	void (*completed)(void *ctx, const struct vmmio_observed_completion *completion);
	/* The driver has notified a queue that there is, by register or eventfd. */
	void (*kicked)(void *ctx, unsigned queue);
	/* A ring is malformed: the queue is broken. */
	void (*fault)(void *ctx, unsigned queue, enum vmmio_fault fault);
	/* A reset is not over at the embedder's deadline. By the executor. */
	void (*stuck)(void *ctx, const struct vmmio_stuck_report *report);
};

/* ops are copied when a device is created; ctx has to stay valid until detach. */
struct vmmio_observer {
	const struct vmmio_observer_ops *ops;
	void *ctx; /* first argument of every op */
};

#ifdef __cplusplus
}
#endif

#endif
