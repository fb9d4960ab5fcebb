/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the block backend.
 *
 * A request object is preallocated for every chain a queue can have out. It is on its
 * queue's list of active requests from pop until just before its chain is completed, and
 * in one of these places:
 *
 *     LOCAL     one thread is working on it and nobody else may touch it
 *     ENGINE    the I/O engine has it; a cancel may be sent under the queue's lock
 *     DELAYED   its I/O is over and its deadline is armed (the delay option)
 *     BLOCKED   it waits for an orphan; see blk_orphan.c for both
 *     ORPHAN    the I/O engine has it and its chain is completed: off the active list
 *
 * The queue's lock covers lists and places, and is held while submitting to the engine, so
 * that a cancel never meets a request that is not there yet.
 */
#ifndef VMMIO_BACKENDS_BLK_INSIDE_H
#define VMMIO_BACKENDS_BLK_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include <vmmio/backends/blk.h>
#include <vmmio/device.h>

#define BLK_BATCH 32u
#define BLK_MAX_SEGMENTS 8u
#define BLK_MAX_SECTORS 0x3fffffu /* of one discard or write zeroes segment: 2 GiB */
#define BLK_BOUNCE 262144u        /* bytes of a bounce buffer; more goes in pieces */
#define BLK_ORPHAN_MAX (UINT64_C(64) << 20)
#define BLK_ORPHANS 4096u
#define BLK_SPARE_SEGMENTS 18u    /* beyond seg_max: a header in up to 16 pieces, status */

enum blk_place { BLK_LOCAL, BLK_ENGINE, BLK_DELAYED, BLK_BLOCKED, BLK_ORPHAN };

struct blk_segment {
	uint64_t offset, length; /* bytes */
	bool unmap;
};

struct blk_request {
	struct vmmio_io_request io;
	struct vmmio_deadline deadline;
	struct blk_queue *queue;
	struct blk_pool *pool;
	struct blk_request *next, **link; /* active list, and what points here; next: free list */
	struct blk_request *deferred;    /* next in blk_queue.deferred */
	enum blk_place place;
	bool io_over;   /* deferred with an I/O result to look at; else just to be completed */
	uint64_t due;   /* not completed before (delay) */

	/* The chain. */
	vmmio_token token;
	uint8_t *status;       /* last writable byte; NULL: there is none */
	uint32_t writable_len;
	uint32_t written;      /* leading bytes of the writable part known to be written */
	bool pinned; /* its buffers */
	bool prompt; /* and everything else: completing it waits for no memory */

	/* The answer, and what is left to do for it. */
	uint8_t answer; /* VMMIO_BLK_S_* */
	bool sync;      /* write-through: datasync before the answer */
	uint32_t type;
	uint64_t offset, length; /* of IN and OUT, bytes */
	const struct vmmio_iovec *iov;
	unsigned n_iov;
	struct vmmio_iovec small[4]; /* room for iov if an element is cut ... */
	struct vmmio_iovec *large;   /* ... or here, allocated */
	struct vmmio_iovec bounce;   /* base NULL: none; len: of this piece */
	size_t bounce_size;          /* allocated */
	uint64_t bounced;            /* bytes done by way of bounce */
	unsigned waits;              /* BLOCKED: for so many orphans ... */
	uint64_t counted;            /* ... counted at that time; of orphan_serial, like the next */
	uint64_t began, ended;       /* as an orphan */
	uint8_t n_segments, segment;
	struct blk_segment segments[BLK_MAX_SEGMENTS];
};

/* Completions on their way into the used ring. */
struct blk_batch {
	struct vmmio_queue *queue;
	unsigned n;
	bool late; /* go into the queue's late ones instead */
	struct vmmio_completion completions[BLK_BATCH];
};

/* The requests of a queue. It belongs to the queue and to each orphan among them. */
struct blk_pool {
	atomic_uint refs;
	unsigned orphans; /* orphan_lock */
	unsigned n;
	struct blk_request requests[];
};

struct blk_queue {
	struct vmmio_blk *blk;
	struct vmmio_queue *queue; /* from start on */
	pthread_mutex_t lock;      /* all below */
	struct blk_pool *pool; /* NULL: not allocated */
	struct blk_request *free;
	struct blk_request *active;
	atomic_uint n_free; /* changed under the lock */
	/* Reset or queue reset: nothing is written for these chains any more. Changed under
	 * the lock, a look without it may be late. */
	atomic_bool stopping;
	struct blk_request *deferred, **deferred_tail;
	/* Completions that wait for the end of the engine's batch. flush is marked for as long
	 * as there are any, and their leases keep the queue in being. */
	struct blk_batch late;
	struct vmmio_io_flush flush;
	bool task_queued; /* or running */
	pthread_cond_t task_over;
	struct vmmio_task task; /* finishes what touches memory that may be missing */
};

struct blk_counters {
	atomic_uint_fast64_t reads, writes, flushes, discards, write_zeroes, get_ids;
	atomic_uint_fast64_t bytes_read, bytes_written;
	atomic_uint_fast64_t errors, unsupported, cancelled, host_errors;
	atomic_uint in_flight, orphans;
};

struct vmmio_blk {
	struct vmmio_backend backend;
	struct vmmio_io *io;
	struct vmmio_log log;
	char *name; /* of the image, for log lines */
	int fd;
	bool is_block, locked;
	bool read_only, direct, write_through;
	uint32_t io_flags;  /* enum vmmio_io_flags of every request */
	uint32_t align;     /* of memory for O_DIRECT, else 1 */
	uint32_t block_size;
	uint64_t delay;
	bool delay_cancellable;
	bool bounce;
	char serial[VMMIO_BLK_ID_BYTES];
	uint32_t n_queues;
	uint16_t queue_size;

	atomic_uint_fast64_t capacity; /* sectors */
	atomic_bool wce;  /* CONFIG_WCE was accepted */
	atomic_bool sync; /* write-through now */
	struct blk_counters count;

	pthread_mutex_t orphan_lock; /* the four below */
	struct blk_request *orphans;
	uint64_t orphan_bytes, orphan_max;
	uint64_t orphan_serial; /* puts in order when orphans begin, are counted, end */

	pthread_mutex_t device_lock; /* device against resize, config */
	struct vmmio_device *device;
	bool using_io;
	uint8_t config[VMMIO_BLK_CFG_SIZE];
	uint16_t queue_sizes[64];
	struct blk_queue *queues;
};

/* A line to the log the embedder gave to the backend. */
void vmmio_blk_log(const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* blk_image.c: path or fd to an open, checked, locked image. 0 or -errno, logged. */
int vmmio_blk_open(struct vmmio_blk *blk, const struct vmmio_blk_options *options);
void vmmio_blk_close(struct vmmio_blk *blk);
/* -EINVAL: not a multiple of the block size. Not logged: see the next. */
int vmmio_blk_image_size(const struct vmmio_blk *blk, uint64_t *bytes);
void vmmio_blk_log_size(const struct vmmio_blk *blk, int err, uint64_t bytes);

/* blk_config.c */
int vmmio_blk_check_options(const struct vmmio_blk_options *options);
void vmmio_blk_init_config(struct vmmio_blk *blk, const struct vmmio_blk_options *options);
bool vmmio_blk_offers(const struct vmmio_blk *blk, unsigned bit);
int vmmio_blk_features(void *ctx, const uint64_t accepted[VMMIO_FEATURE_WORDS]);
void vmmio_blk_config_write(void *ctx, uint32_t offset, uint32_t size, uint32_t value);
/* device_lock held; there is a device. */
void vmmio_blk_show_capacity(struct vmmio_blk *blk);
void vmmio_blk_reset_mode(struct vmmio_blk *blk);

/* blk_parse.c: fills in request from chain; what is wrong with it becomes its answer.
 * true: there is something to do. Reads guest memory, and writes it for GET_ID. */
bool vmmio_blk_parse(struct blk_request *request, const struct vmmio_chain *chain);

/* blk_request.c */
bool vmmio_blk_step(struct blk_request *request);
bool vmmio_blk_absorb(struct blk_request *request);
void vmmio_blk_release(struct blk_request *request);

/* blk_queue.c: lists and places */
void vmmio_blk_queue_init(struct vmmio_blk *blk, struct blk_queue *queue);
int vmmio_blk_queue_alloc(struct blk_queue *queue);
void vmmio_blk_queue_free(struct blk_queue *queue);
void vmmio_blk_notify(void *ctx, struct vmmio_queue *queue);
void vmmio_blk_queue_cancel(struct blk_queue *queue);
/* Hands requests to the engine, or false: the queue is stopping, they stay LOCAL. */
bool vmmio_blk_submit(struct blk_queue *queue, struct vmmio_io_request *const *ios, unsigned n);
/* Off the active list; the object may be used again at once. The queue's lock held. */
void vmmio_blk_put_locked(struct blk_request *request);

/* blk_orphan.c */
struct blk_pool *vmmio_blk_pool_create(struct blk_queue *queue, unsigned n);
void vmmio_blk_pool_unref(struct blk_pool *pool);
/* The queue's lock held, the request with the engine. true: it is an orphan and off the
 * active list; its chain is the caller's to complete. */
bool vmmio_blk_give_up(struct blk_request *request);
/* The queue's lock held. Whether its next I/O has to wait for an orphan. */
bool vmmio_blk_must_wait(struct blk_request *request);
/* The engine has handed an orphan back. */
void vmmio_blk_orphan_end(struct blk_request *request);

/* blk_complete.c: from a result to the used ring */
void vmmio_blk_flush_batch(struct blk_batch *batch);
/* The answer stands. may_touch: this thread may wait for guest memory. */
void vmmio_blk_finish(struct blk_request *request, struct blk_batch *batch, bool may_touch);
void vmmio_blk_complete(struct blk_request *request, struct blk_batch *batch);
void vmmio_blk_lose(const struct blk_request *request, struct blk_batch *batch);
void vmmio_blk_io_done(struct vmmio_io_request *io);
void vmmio_blk_flush_late(struct vmmio_io_flush *flush);
void vmmio_blk_expired(struct vmmio_deadline *deadline);
void vmmio_blk_run_task(struct vmmio_task *task);
/* No chain is out: until the task that returned the last one is out of the queue. Short. */
void vmmio_blk_wait_task(struct blk_queue *queue);

#endif
