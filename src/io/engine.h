/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the I/O engine: what a request carries, and the two things that move it on: a
 * ring (io_uring, one thread) and workers (blocking calls on many threads). A MANUAL engine
 * has neither and performs requests where it is stepped.
 *
 * Workers are the whole of the plain engine. The io_uring engine has a set of them too,
 * for one kind of request: writes that may hang (guest memory that may be missing, the
 * page cache of a slow store). The kernel's own workers may serialise buffered writes of
 * different files, so a write that hangs there could hold up a neighbour's. It also saves
 * such a write, which never runs on the ring's thread, the way over it.
 */
#ifndef VMMIO_IO_ENGINE_H
#define VMMIO_IO_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include <vmmio/io.h>

enum io_home { IO_HOME_RING = 1, IO_HOME_WORKERS, IO_HOME_MANUAL };

/* Where a request is, as far as a cancel wants to know. */
enum io_phase {
	IO_PHASE_NEW = 0,   /* submit has not put it anywhere yet: no cancel finds it */
	IO_PHASE_OUT,   /* the engine's, waiting or running */
	IO_PHASE_CANCELLED, /* as before, and a cancel is known */
	IO_PHASE_DONE,      /* done is about to be called */
};

struct io_link {
	struct io_link *next, *prev;
};

/* What vmmio_io_request.priv holds. */
struct io_state {
	struct io_link link;   /* inbox, backlog, lane, finished or MANUAL's queue */
	struct io_link cancel; /* ring: list of cancels, under the hub's lock */
	struct io_link group;  /* list of its group, under the hub's lock */
	uint64_t moved;        /* bytes done: of the transfer, or of the zeroes written */
	size_t skip;           /* bytes of iov[index] that are done */
	struct iovec part;     /* the rest of a partly done element */
	uint32_t index;
	uint32_t slot; /* ring: where user_data points; NO_SLOT: not in the kernel */
	_Atomic uint8_t phase; /* NEW to OUT is a release: home is set by then */
	uint8_t home;
	uint8_t stage; /* which way of zeroing is tried */
	uint8_t again; /* EAGAIN in a row */
	bool cancel_listed;
} __attribute__((may_alias));

_Static_assert(sizeof(struct io_state) <= sizeof(((struct vmmio_io_request *)0)->priv),
	"priv of struct vmmio_io_request is too small");
_Static_assert(sizeof(struct vmmio_iovec) == sizeof(struct iovec) &&
		       offsetof(struct vmmio_iovec, len) == offsetof(struct iovec, iov_len),
	"struct vmmio_iovec has to look like struct iovec");

static inline struct io_state *io_state(struct vmmio_io_request *request)
{
	return (struct io_state *)request->priv;
}

static inline struct vmmio_io_request *io_request_of_state(void *state)
{
	return (struct vmmio_io_request *)(void *)((char *)state -
						   offsetof(struct vmmio_io_request, priv));
}

static inline struct vmmio_io_request *io_of_link(struct io_link *link)
{
	return io_request_of_state((char *)link - offsetof(struct io_state, link));
}

static inline struct vmmio_io_request *io_of_cancel(struct io_link *link)
{
	return io_request_of_state((char *)link - offsetof(struct io_state, cancel));
}

/* --- Rings of links with a head ------------------------------------------------- */

static inline void io_list_init(struct io_link *head)
{
	head->next = head->prev = head;
}

static inline bool io_list_empty(const struct io_link *head)
{
	return head->next == head;
}

static inline void io_list_add(struct io_link *head, struct io_link *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void io_list_del(struct io_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	link->next = link->prev = link;
}

/* Everything in from goes to the end of to; from is empty after that. */
static inline void io_list_splice(struct io_link *to, struct io_link *from)
{
	if (io_list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	io_list_init(from);
}

/* --- transfer.c: what a request has to do next ------------------------------------ */

enum io_call { IO_CALL_READ, IO_CALL_WRITE, IO_CALL_DATASYNC, IO_CALL_FALLOCATE };

struct io_step {
	enum io_call call;
	int fd;
	const struct iovec *iov; /* stays valid until the step's result is in */
	unsigned n_iov;
	uint64_t offset;
	uint64_t length; /* of a fallocate */
	int mode;
};

void vmmio_io_begin(struct vmmio_io_request *request);
/* It has found its home, from here on a cancel finds it. */
void vmmio_io_settle(struct vmmio_io_request *request, enum io_home home);
void vmmio_io_next_step(struct vmmio_io_request *request, struct io_step *step);
/* The step ended with result: true if that was the last one, request->result is set. */
bool vmmio_io_take_result(struct vmmio_io_request *request, int64_t result);
/* All of it, with blocking calls. */
void vmmio_io_perform(struct vmmio_io_request *request);
/* The result of a request that was cancelled when some of it may have been done. */
int64_t vmmio_io_cancelled_result(const struct io_state *state);

/* --- thread.c -------------------------------------------------------------------- */

/* A thread with all signals blocked. 0 or -errno. */
int vmmio_io_thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *arg);

void vmmio_io_log(const struct vmmio_log *log, enum vmmio_log_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- plain.c: workers ------------------------------------------------------------ */

struct io_workers;

struct io_workers_config {
	struct vmmio_io *io;
	const char *name;
	unsigned max_threads;
	unsigned keep; /* threads that stay when there is no work: 0 or 1; that many start */
	bool hand_over; /* LOOP: results go to the hub, not straight to done */
	struct vmmio_log log;
};

int vmmio_io_workers_create(const struct io_workers_config *config, struct io_workers **out);
/* Ends the threads; no request may be out. Not from one of them. */
void vmmio_io_workers_destroy(struct io_workers *workers);
/* false: there is no thread and none could be made, nothing was queued. */
bool vmmio_io_workers_submit(struct io_workers *workers, struct vmmio_io_request *request);
void vmmio_io_workers_cancel(struct io_workers *workers, struct vmmio_io_request *request);

#endif
