/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The I/O engine: asynchronous file I/O, polled descriptors and timers for backends, many
 * devices on one engine.
 *
 * io_uring where the kernel grants it; where it refuses (containers often do), a plain
 * engine of blocking calls on a set of threads that grows when all are stuck. The choice
 * is made at creation and said in the log. What a request does is the same on both.
 *
 * Three forms
 * -----------
 *  THREADS  The engine owns its threads (signals blocked, named) and starts them with the
 *           first user, so an idle one owns none. They call back.
 *  LOOP     The embedder's event loop runs it: it watches vmmio_io_fd for input and calls
 *           vmmio_io_run, which calls back. The thread of the first run is the loop's
 *           thread until the last user has gone. Only requests that may hang for long
 *           still have threads; their results, too, are delivered by vmmio_io_run.
 *  MANUAL   For harnesses: nothing happens until vmmio_io_step, vmmio_io_run or
 *           vmmio_io_advance is called, and then on the calling thread, blocking calls
 *           too. Both kinds of engine are the same here, and called PLAIN.
 *
 * Callbacks (done, ready, expired, flush, idle) must not block. They may call everything
 * here, but for what would wait for the callback itself (-EDEADLK). No lock of the engine is
 * held meanwhile.
 *
 * A child process (fork) has none of an engine that has users: its threads and ring stay the
 * parent's. There use, destroy, run, step and advance answer -EPERM and unuse does nothing;
 * nothing else may be called on it. A MANUAL engine may be used on.
 */
#ifndef VMMIO_IO_H
#define VMMIO_IO_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_io;

enum vmmio_io_engine { VMMIO_IO_AUTO = 0, VMMIO_IO_URING, VMMIO_IO_PLAIN };

enum vmmio_io_form { VMMIO_IO_THREADS = 0, VMMIO_IO_LOOP, VMMIO_IO_MANUAL };

struct vmmio_io_options {
	size_t size;                 /* sizeof(struct vmmio_io_options) */
	const char *name;            /* thread name, NULL: "vmmio-io" */
	enum vmmio_io_engine engine; /* AUTO: io_uring, else plain. URING: or its errno */
	unsigned entries;            /* of the submission ring, 0: 256; at most 32768 */
	unsigned max_threads;        /* for blocking calls, 2 to 4096, 0: 64 */
	struct vmmio_log log;
	enum vmmio_io_form form;
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

struct vmmio_io_group;

/*
 * One request, embedded in an object of the caller's, who fills the first part. From
 * submit until done is called it belongs to the engine, iov and its memory too.
 *
 * done is called exactly once, whatever happens, where the engine's form calls back; result
 * holds bytes moved (READ may be short, at the end of the file only; 0 for the other ops)
 * or -errno, -ECANCELED if it was cancelled before it had an effect, -EINTR if after a part
 * of it. Short transfers, EINTR and EAGAIN are continued by the engine. When done is called
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
	struct vmmio_io_group *group; /* NULL: none */

	void *priv[14]; /* the engine's */
};

/* -EINVAL, -ENOMEM, -EMFILE; with VMMIO_IO_URING what the kernel said. options NULL:
 * defaults. Control role. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_create(
	const struct vmmio_io_options *options, struct vmmio_io **out);

/* Control role; may wait for its threads to end. -EBUSY: users, references (disks),
 * requests, polls or timers are left, or it is being run. -EDEADLK: from one of its own
 * callbacks. NULL: 0. */
VMMIO_API int vmmio_io_destroy(struct vmmio_io *io);

/* The engine in use: VMMIO_IO_URING or VMMIO_IO_PLAIN. Kinds of requests that the kernel's
 * io_uring is too old for are done by blocking calls all the same. */
VMMIO_API enum vmmio_io_engine vmmio_io_kind(const struct vmmio_io *io);

/* Keeps the engine in being (destroy answers -EBUSY) without starting anything: for whoever
 * holds a pointer to it. Any thread; never waits. */
VMMIO_API void vmmio_io_ref(struct vmmio_io *io);
VMMIO_API void vmmio_io_unref(struct vmmio_io *io);

/* A user keeps the engine's threads and ring in being; everything below needs one, if it
 * does not say otherwise. use may fail (-ENOMEM, -EAGAIN, -EMFILE, ...), the io_uring engine
 * then already fell back if it was AUTO. Control role. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_use(struct vmmio_io *io);
VMMIO_API void vmmio_io_unuse(struct vmmio_io *io);

/* --- Requests --------------------------------------------------------------------- */

/* Queues n requests, one wake-up at most. Any thread; never waits, cannot fail (errors
 * come by done). Never calls done from inside. On a LOOP engine's own thread they go to the
 * kernel together with the next vmmio_io_run. */
VMMIO_API void vmmio_io_submit(
	struct vmmio_io *io, struct vmmio_io_request *const *requests, unsigned n);

/* Asks for a request to end soon. It changes nothing about done being called exactly
 * once; a request that cannot be cancelled just completes. Any thread; never waits. The
 * request must not have been handed back by done yet or be reused before this returns:
 * serialise cancel against your own done with a lock. */
VMMIO_API void vmmio_io_cancel(struct vmmio_io *io, struct vmmio_io_request *request);

/*
 * Requests that end together: a device, a queue, a connection. Zero it, and let group of
 * the requests point to it. All requests of a group go to one engine. Its memory is the
 * engine's until cancel_all has called back or cancel_wait has returned.
 */
struct vmmio_io_group {
	void *priv[6]; /* the engine's */
};

/*
 * Cancels every request of the group that is out, and calls idle once, when the last done
 * has returned: on the thread of that done, or inside this call if nothing is out. What
 * cannot be cancelled keeps idle waiting, and so does what is submitted meanwhile; it is
 * not cancelled. No lock that a done takes need be avoided: a request that ends meanwhile
 * is left alone. Any thread; never waits.
 * -EALREADY: a cancel_all of this group has not called back yet. -EINVAL: no idle.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_cancel_all(struct vmmio_io *io,
	struct vmmio_io_group *group, void (*idle)(struct vmmio_io_group *group));

/*
 * The same, but waits. Control role. The thread of a LOOP engine runs it meanwhile, so does
 * any thread with a MANUAL one or a LOOP that was not run yet, which makes it the loop's
 * thread if there is something to wait for; others wait for that thread.
 * -EDEADLK: from inside a callback of this engine (nothing was cancelled). -EALREADY.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_cancel_wait(
	struct vmmio_io *io, struct vmmio_io_group *group);

/*
 * Several requests often end at once. What their dones have in common, like putting used
 * buffers into a ring with one notification, is better done once after them: a done (or
 * ready, or expired) marks a flush object, and flush is called once, by the same thread,
 * after the last callback of the batch, which has a bounded number of them. Set flush and
 * zero the rest; the memory is the engine's until flush is called, which may free it.
 * The caller serialises marking with a lock of his own if several threads may.
 * An object that is marked must not be marked again before flush is called.
 * false: not inside a callback of an engine, nothing was marked: do it at once.
 */
struct vmmio_io_flush {
	void (*flush)(struct vmmio_io_flush *flush);
	struct vmmio_io_flush *next; /* the engine's */
};
VMMIO_API VMMIO_MUST_CHECK bool vmmio_io_flush_later(struct vmmio_io_flush *flush);

/* --- Polled descriptors ------------------------------------------------------------ */

/*
 * Calls ready when fd has become readable (or has an error): an eventfd, a pipe, a socket.
 * Edges count: ready is called again for what arrives after it was called, so it reads all
 * there is; it may also be called without need. Never two at a time on one engine.
 *
 * A device queue's eventfd, in five lines:
 *
 *     static void kicked(struct vmmio_io_poll *poll)
 *     {
 *             vmmio_device_queue_event(((struct my_kick *)poll)->device, 0);
 *     }
 *     kick.poll.fd = vmmio_device_queue_eventfd(kick.device, 0);
 *     kick.poll.ready = kicked;
 *     err = vmmio_io_poll_add(io, &kick.poll);
 *
 * Remove it at the latest inside the device's destroyed callback.
 */
struct vmmio_io_poll {
	int fd;
	void (*ready)(struct vmmio_io_poll *poll);
	void *priv[1]; /* the engine's; NULL: not added */
};

/* Control role, also from inside callbacks; never waits. poll and fd stay valid until it is
 * removed. -EBADF. -EPERM: a kind of file that is always ready. -EEXIST: poll is added
 * already, or fd is (where the engine can tell). -EINVAL: no ready. -ENOMEM, -ENOSPC. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_poll_add(struct vmmio_io *io, struct vmmio_io_poll *poll);

/*
 * When it returns ready is not running and will not be called; poll may be freed and fd
 * closed. May wait for a ready that is running, so hold no lock that ready takes. From
 * inside ready itself it does not wait, and ready is not called again. Not added: nothing.
 */
VMMIO_API void vmmio_io_poll_remove(struct vmmio_io *io, struct vmmio_io_poll *poll);

/* --- Timers ------------------------------------------------------------------------- */

/* One point in time. expired is called once per arm, at or after it, never two at a time
 * on one engine. */
struct vmmio_io_timer {
	void (*expired)(struct vmmio_io_timer *timer);
	uint64_t when; /* set by arm */
	void *priv[3]; /* the engine's; NULL before the first arm */
};

/* Arms a timer that is not armed. when: ns on vmmio_io_now's clock. Any thread; never
 * waits. Cheapest if timers are armed in the order in which they expire. */
VMMIO_API void vmmio_io_timer_arm(
	struct vmmio_io *io, struct vmmio_io_timer *timer, uint64_t when);

/* true: it was armed, and expired will not be called. false: it has been, is being or is
 * about to be called (or was never armed). Any thread; never waits. */
VMMIO_API bool vmmio_io_timer_disarm(struct vmmio_io *io, struct vmmio_io_timer *timer);

/* CLOCK_MONOTONIC in ns; MANUAL: as far as vmmio_io_advance has moved it, from 0. */
VMMIO_API uint64_t vmmio_io_now(struct vmmio_io *io);

/* --- LOOP: on the embedder's loop ---------------------------------------------------- */

/*
 * The one descriptor: readable (level) when vmmio_io_run has something to do. The same one
 * from create to destroy; it is the engine's. Watch it with epoll, poll or select, and do
 * not read it. What the loop's own thread submits does not make it readable: run before
 * you wait, then wait. No user is needed. Any thread; never waits.
 * -EINVAL: not a LOOP engine.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_fd(struct vmmio_io *io);

/*
 * Submits what waits to be submitted, calls back for what has ended, become readable or
 * expired, at most about max times (0: 256), and submits what the callbacks left, in one
 * system call where one is enough. Never blocks on a LOOP engine. On a MANUAL one it
 * performs queued requests, oldest first, and looks at polled descriptors; its timers wait
 * for vmmio_io_advance. Returns how many callbacks ran; 0 also without a user.
 * Nobody else runs it: a register write that waits for requests (see vmmio_device_write),
 * made on the only thread that would run the engine, waits for ever.
 * -EBUSY: another thread is in it, or another one is the loop's thread. -EDEADLK: from inside
 * a callback of this engine. -EINVAL: a THREADS engine.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_run(struct vmmio_io *io, unsigned max);

/* --- MANUAL: step by step ------------------------------------------------------------- */

/* Requests that are queued. 0 if the engine is not MANUAL. */
VMMIO_API size_t vmmio_io_pending(struct vmmio_io *io);

/*
 * Performs the request at position n of the queue (0: oldest) and calls its done: who
 * steps decides the order, and what is never stepped never ends. error: 0, or a negative
 * errno with which it ends instead. A cancelled request ends with -ECANCELED.
 * -ENOENT: nothing at n. -EINVAL: error is positive, or the engine not MANUAL. -EBUSY,
 * -EDEADLK: as vmmio_io_run.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_step(struct vmmio_io *io, size_t n, int error);

/* Moves the clock to when (never back) and calls the timers that are due by then, in order
 * of time. With the manual executor: vmmio_io_advance(io, vmmio_executor_now(executor)).
 * Returns how many expired. Errors: as vmmio_io_step. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_io_advance(struct vmmio_io *io, uint64_t when);

#ifdef __cplusplus
}
#endif

#endif
