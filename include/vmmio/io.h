/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The I/O engine: asynchronous file I/O for backends, many devices on one thread.
 *
 * io_uring where the kernel grants it; where it refuses (containers often do), a plain
 * engine of blocking calls on a set of threads that grows when all are stuck. The choice
 * is made at creation and said in the log. What a request does is the same on both.
 *
 * Threads: the engine owns its threads (signals blocked, named) and starts them with the
 * first user, so an idle one owns none.
 */
#ifndef VMMIO_IO_H
#define VMMIO_IO_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_io;

enum vmmio_io_engine { VMMIO_IO_AUTO = 0, VMMIO_IO_URING, VMMIO_IO_PLAIN };

struct vmmio_io_options {
	size_t size;                 /* sizeof(struct vmmio_io_options) */
	const char *name;            /* thread name, NULL: "vmmio-io" */
	enum vmmio_io_engine engine; /* AUTO: io_uring, else plain. URING: or its errno */
	unsigned entries;            /* of the submission ring, 0: 256; at most 32768 */
	unsigned max_threads;        /* for blocking calls, 2 to 4096, 0: 64 */
	struct vmmio_log log;
};

enum vmmio_io_op {
	VMMIO_IO_READ = 1,
	VMMIO_IO_WRITE,
	VMMIO_IO_DATASYNC,   /* fdatasync */
	VMMIO_IO_DISCARD,    /* punch a hole; advice: where that cannot be done, nothing is */
	VMMIO_IO_ZERO,       /* zero a range; keep it allocated where that can be had */
	VMMIO_IO_ZERO_UNMAP, /* zero a range by deallocating it */
};

enum vmmio_io_flags {
	/* The memory of iov may be missing: no shared thread may touch it. */
	VMMIO_IO_MAY_FAULT = 1u << 0,
	/* fd is read and written through the page cache of a store that may be slow (not
	 * O_DIRECT, not tmpfs): submitting may sleep there, so no shared thread does it. */
	VMMIO_IO_PAGE_CACHE = 1u << 1,
};

/* An offset: fd is a pipe or the like, which has none. */
#define VMMIO_IO_STREAM UINT64_MAX

/*
 * One request, embedded in an object of the caller's, who fills the first part. From
 * submit until done is called it belongs to the engine, iov and its memory too.
 *
 * done is called exactly once, whatever happens, by a thread of the engine; result holds
 * bytes moved (READ may be short, at the end of the file only; 0 for the other ops) or
 * -errno, -ECANCELED if it was cancelled before it had an effect, -EINTR if after a part of
 * it. Short transfers, EINTR and EAGAIN are continued by the engine. When done is called
 * the kernel no longer touches the memory. done must not block; it may submit.
 */
struct vmmio_io_request {
	enum vmmio_io_op op;
	uint32_t flags;
	int fd;
	uint64_t offset; /* bytes */
	uint64_t length; /* DISCARD and ZERO: bytes; READ and WRITE: the sum of iov */
	const struct vmmio_iovec *iov;
	unsigned n_iov;
	void (*done)(struct vmmio_io_request *request);
	int64_t result;

	void *priv[14]; /* the engine's */
};

/* -EINVAL, -ENOMEM; with VMMIO_IO_URING what the kernel said. options NULL: defaults. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_create(
	const struct vmmio_io_options *options, struct vmmio_io **out);

/* Control role; may wait for its threads to end. -EBUSY: users, references (disks) or
 * requests are left. -EDEADLK: from one of its own threads. NULL: 0. */
VMMIO_API int vmmio_io_destroy(struct vmmio_io *io);

/* The engine in use: VMMIO_IO_URING or VMMIO_IO_PLAIN. */
VMMIO_API enum vmmio_io_engine vmmio_io_kind(const struct vmmio_io *io);

/* Keeps the engine in being (destroy answers -EBUSY) without starting anything: for whoever
 * holds a pointer to it. Any thread; never waits. */
VMMIO_API void vmmio_io_ref(struct vmmio_io *io);
VMMIO_API void vmmio_io_unref(struct vmmio_io *io);

/* A user keeps the engine's threads and ring in being. use may fail (-ENOMEM, -EAGAIN,
 * ...), the io_uring engine then already fell back if it was AUTO. Control role. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_use(struct vmmio_io *io);
VMMIO_API void vmmio_io_unuse(struct vmmio_io *io);

/* Queues n requests, one wake-up at most. Any thread; never waits, cannot fail (errors
 * come by done). Never calls done from inside. */
VMMIO_API void vmmio_io_submit(
	struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n);

/* Asks for a request to end soon. It changes nothing about done being called exactly
 * once; a request that cannot be cancelled just completes. Any thread; never waits. The
 * request must not have been handed back by done yet or be reused before this returns:
 * serialise cancel against your own done with a lock. */
VMMIO_API void vmmio_io_cancel(struct vmmio_io *io, struct vmmio_io_request *request);

#ifdef __cplusplus
}
#endif

#endif
