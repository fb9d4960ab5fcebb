/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Executors: where the library runs what must not run in a guest's register
 * write. Three kinds behind one type: a thread pool, a manual one that a test
 * harness steps on one thread with a virtual clock, and the embedder's own.
 *
 * An executor outlives the devices that use it.
 */
#ifndef VMMIO_EXECUTOR_H
#define VMMIO_EXECUTOR_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmmio_executor;

/*
 * One piece of work. It is embedded in an object of its owner's: submitting
 * allocates nothing and cannot fail.
 *
 * Owner sets run and flags; next and priv belong to the executor from submit
 * until run is called. From inside run the task may be submitted again, or its
 * memory freed: the executor does not touch it any more.
 */
struct vmmio_task {
	void (*run)(struct vmmio_task *task);
	uint32_t flags; /* enum vmmio_task_flags */
	uint32_t reserved;
	struct vmmio_task *next;
	void *priv;
};

enum vmmio_task_flags {
	/* run calls code that may block for long (a backend's hook, guest memory
	 * that may be missing). A pool keeps one thread free of such tasks. */
	VMMIO_TASK_MAY_BLOCK = 1u << 0,
};

/*
 * One point in time. Embedded in its owner like a task; expired is called on the
 * executor, at or after the time, once per arm. It must not block.
 */
struct vmmio_deadline {
	void (*expired)(struct vmmio_deadline *deadline);
	uint64_t when; /* set by arm */
	void *priv[4]; /* the executor's; NULL before the first arm */
};

/* --- Using an executor: any thread, also from inside a task. None waits. ---- */

/* Runs task once, later, never inside this call. It must not be queued already. */
VMMIO_API void vmmio_executor_submit(struct vmmio_executor *ex, struct vmmio_task *task);

/* Arms a deadline that is not armed. when: nanoseconds on vmmio_executor_now's clock. */
VMMIO_API void vmmio_executor_arm(
	struct vmmio_executor *ex, struct vmmio_deadline *deadline, uint64_t when);

/* true: it was armed, and expired will not be called. false: it has been, is being
 * or is about to be called (or was never armed); only expired itself tells when the
 * deadline's memory is free again. */
VMMIO_API bool vmmio_executor_disarm(struct vmmio_executor *ex, struct vmmio_deadline *deadline);

/* Nanoseconds, monotonic, from an arbitrary start; virtual on a manual executor. */
VMMIO_API uint64_t vmmio_executor_now(struct vmmio_executor *ex);

/*
 * For a caller that is about to wait for work on this executor: do one piece of
 * it here. true: a task or deadline was run, look again. false: nothing to run, or
 * this executor has threads of its own. A manual executor runs its oldest task, or
 * else jumps its clock to the next deadline and expires it.
 */
VMMIO_API bool vmmio_executor_help(struct vmmio_executor *ex);

/* Whether the executor has no threads of its own: who waits for its work has to help. */
VMMIO_API bool vmmio_executor_is_stepped(const struct vmmio_executor *ex);

/*
 * Frees an executor of any kind. Waits for running tasks of a pool (and for its
 * threads to end). Control role.
 * -EBUSY:   devices or I/O threads still use it, tasks are queued or deadlines
 *           armed; destroy the devices first (nothing changed).
 * -EDEADLK: called from one of its own tasks (nothing changed).
 */
VMMIO_API int vmmio_executor_destroy(struct vmmio_executor *ex);

/* Where the reasons of a refused destroy go. A pool begins with the log of its options, the
 * others with none. log is copied, NULL: none. Before the executor is shared. */
VMMIO_API void vmmio_executor_set_log(struct vmmio_executor *ex, const struct vmmio_log *log);

/* Users keep an executor alive: destroy answers -EBUSY while any is registered. */
VMMIO_API void vmmio_executor_ref(struct vmmio_executor *ex);
VMMIO_API void vmmio_executor_unref(struct vmmio_executor *ex);

/* --- Thread pool ------------------------------------------------------------ */

struct vmmio_pool_options {
	size_t size;           /* sizeof(struct vmmio_pool_options) */
	const char *name;      /* threads are called NAME-0, ...; NULL: "vmmio" */
	unsigned max_threads;  /* 0: 16; at least 2 */
	uint64_t grow_after;   /* ns a worker may stay in a MAY_BLOCK task before it is
				* replaced by a new thread; 0: 1 ms */
	uint64_t idle_timeout; /* ns after which a surplus idle thread ends; 0: 5 s */
	uint64_t poll_time;    /* ns a worker polls for work before it sleeps; 0: 50 us;
				* UINT64_MAX: sleeps at once */
	struct vmmio_log log;
};

/*
 * A pool of threads with all signals blocked. One thread is started here (so its
 * failure has an errno), more on demand up to max_threads; one is always kept for
 * tasks without VMMIO_TASK_MAY_BLOCK and for deadlines. A thread that cannot be
 * created later is logged and tried again.
 * options NULL: all defaults. -EINVAL, -ENOMEM, -EAGAIN (no thread).
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_pool_create(
	const struct vmmio_pool_options *options, struct vmmio_executor **out);

/* Threads the pool has now. Any thread. */
VMMIO_API unsigned vmmio_pool_threads(struct vmmio_executor *pool);

/* --- Manual executor -------------------------------------------------------- */

/*
 * Nothing runs until it is stepped. Tasks may be submitted from any thread; tasks
 * run on the thread that steps. The clock starts at 0 and moves only when told. -ENOMEM.
 *
 * It also serves a VMM whose only thread runs an event loop: in each turn advance the clock by
 * the time that has passed, run the tasks, then run a LOOP I/O engine (io.h), and wait no
 * longer than to the next deadline; not at all while tasks are pending. Other threads'
 * submits do not wake the loop: with such threads wrap an executor of your own.
 */
VMMIO_API VMMIO_MUST_CHECK int vmmio_manual_create(struct vmmio_executor **out);

/* Tasks that are queued. */
VMMIO_API size_t vmmio_manual_pending(struct vmmio_executor *manual);

/* Runs the task at position n of the queue (0: oldest). false: there is none. */
VMMIO_API bool vmmio_manual_step(struct vmmio_executor *manual, size_t n);

/* Runs tasks, oldest first, until none is queued, at most max. Returns how many ran. */
VMMIO_API size_t vmmio_manual_run(struct vmmio_executor *manual, size_t max);

/* Moves the clock on by ns; deadlines on the way expire in order of time. Tasks they
 * submit are queued, not run. */
VMMIO_API void vmmio_manual_advance(struct vmmio_executor *manual, uint64_t ns);

/* When the next deadline expires; UINT64_MAX: none is armed. */
VMMIO_API uint64_t vmmio_manual_next_deadline(struct vmmio_executor *manual);

/* --- The embedder's own ------------------------------------------------------ */

/*
 * size first; later versions append. All are called from any thread with no lock
 * held; submit, arm and disarm must not fail, block or allocate, and must not run
 * the task or deadline inside the call. Contracts as above.
 */
struct vmmio_executor_ops {
	size_t size; /* sizeof(struct vmmio_executor_ops) */
	void (*submit)(void *ctx, struct vmmio_task *task);
	void (*arm)(void *ctx, struct vmmio_deadline *deadline); /* deadline->when is set */
	bool (*disarm)(void *ctx, struct vmmio_deadline *deadline);
	uint64_t (*now)(void *ctx);
	/*
	 * NULL: the executor has threads of its own. One whose tasks run on a thread that also
	 * writes registers, such as an event loop's, needs it, or vmmio_device_write_pending for
	 * every write: a write that waits would wait for its own thread. It runs what it runs
	 * on the thread that waits, whichever that is.
	 */
	bool (*help)(void *ctx);
	/* NULL: nothing to free. 0, or -EBUSY or -EDEADLK, which vmmio_executor_destroy returns. */
	int (*destroy)(void *ctx);
};

/* Wraps ops, which are copied, into an executor; ctx must stay valid. -EINVAL (there is no log
 * yet that could say why): an op other than the optional ones is NULL, or size is none we
 * know. -ENOMEM. */
VMMIO_API VMMIO_MUST_CHECK int vmmio_executor_create(
	const struct vmmio_executor_ops *ops, void *ctx, struct vmmio_executor **out);

#ifdef __cplusplus
}
#endif

#endif
