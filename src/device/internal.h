/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device runtime, inside.
 *
 *   access.c     a register write comes in here; actions are carried out
 *   lifecycle.c  what begins a reset or a stop, which step is next, who takes it
 *   steps.c      the steps: the hooks called; where a reset, a queue stop, a destroy ends
 *   answer.c     a hook that was pending is answered
 *   waiter.c     what waits for the end of a reset, a queue stop, a pause
 *   host.c       the host's own reset, fence, abandon, destroy
 *   pause.c      pause and resume
 *   queue.c      notify, pop: chains on their way to the backend
 *   complete.c   chains on their way back
 *   memory.c     what it still reaches of guest memory
 *   irq.c        InterruptStatus to the sink, one owner at a time
 *   frame.c      which callbacks the calling thread is inside of
 *   deadline.c   the stuck report
 *   config.c     config space
 *   create.c     options, creation, release
 *   observe.c    observers are told
 *   report.c     log, counters
 *
 * Locks: device->lock covers the register file's writer side and the lifecycle fields;
 * queue->ring_lock covers one ring. Both are held for short stretches only, never while
 * calling out (I4; memory.h has the one exception). Order: the memory object's lock,
 * device->lock, then ring_lock. A register read takes neither,
 * QueueNotify, InterruptACK, pop and complete never take device->lock, but when a gate
 * drains or a ring is malformed.
 */
#ifndef VMMIO_DEVICE_INTERNAL_H
#define VMMIO_DEVICE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <vmmio/device.h>
#include <vmmio/observer.h>
#include <vmmio/regfile.h>
#include <vmmio/waiter.h>

#include "device/gate.h"
#include "device/sync.h"
#include "memory/table.h"
#include "queue/ring.h"

/* --- One queue --------------------------------------------------------------- */

enum queue_phase {
	QUEUE_OFF,      /* gate closed and drained, no ring */
	QUEUE_WANTED,   /* QueueReady is 1: run it as soon as the device is live */
	QUEUE_RUN,      /* gate open */
	QUEUE_PAUSED,   /* gate closed, to be opened again; its life goes on */
	QUEUE_STOPPING, /* gate closed; on the way to OFF */
};

/* How far a hook that answers now or later has come. */
enum hook_state { HOOK_DONE = 0, HOOK_WANTED, HOOK_PENDING, HOOK_FAILED };

struct hook {
	vmmio_token token;   /* of the call that is out, 0: none */
	vmmio_token running; /* of the call that has not returned, unless it is answered */
	vmmio_token voided;  /* nobody waits for it any more: its answer is late, not wrong */
	int error;          /* the last answer */
	uint8_t state;      /* enum hook_state */
};

enum kick_state { KICK_IDLE, KICK_RUNNING, KICK_AGAIN };

struct ring_block {
	struct ring_block *next; /* in the device's garbage */
	struct vmmio_ring ring;
	/* storage follows */
};

struct vmmio_queue {
	struct vmmio_device *dev;
	vmmio_gate gate;
	_Atomic uint32_t size;
	_Atomic uint32_t kick; /* enum kick_state; its runner holds a pass */
	_Atomic uint32_t taken; /* chains, since notify was called last: see pop_locked */
	struct vmmio_task kick_task;
	struct vmmio_queue *deferred_next; /* in a frame */
	_Atomic int eventfd;               /* -1: none */
	uint16_t index;
	_Atomic uint64_t watch; /* memory.c */
	struct vmmio_memory_event area_gone; /* whose area_gone set fault_reported */

	/* ring_lock */
	pthread_mutex_t ring_lock;
	struct ring_block *block; /* NULL: not running, or broken from the start */
	uint64_t generation;      /* of the last token of earlier lives */
	uint32_t epoch;           /* the life it runs for; written before the gate opens */
	uint32_t fenced;          /* chains that were given up and may still be answered */
	bool fault_reported;
	bool hold; /* paused: completions wait in the ring for the resume */
	/* A reset or stop has begun: nothing is written for its chains any more. Set under
	 * device->lock, cleared with ring_lock held too; see publish in complete.c. */
	_Atomic bool over;
	_Atomic uint32_t touching; /* backend's accesses to chains' memory; a fence waits */

	/* device->lock */
	bool quiet;     /* no pass is left inside its closed gate */
	uint8_t phase;  /* enum queue_phase */
	uint32_t due;   /* how often its gate has yet to be noted as drained */
	struct hook stop;
	uint64_t stops; /* times it left STOPPING */
};

/* --- The device ---------------------------------------------------------------- */

enum life { LIFE_IDLE, LIFE_START_WANTED, LIFE_STARTING, LIFE_LIVE, LIFE_FAILED };

/* Pausing and resuming end in a step of their own; see pause.c. */
enum run { RUN_ON, RUN_PAUSING, RUN_PAUSED, RUN_RESUMING };

struct counters {
	_Atomic uint64_t resets, queue_resets, chains, completions, dropped, wrong_tokens,
		interrupts, lost_pulses, faults, stuck, refused;
};

struct vmmio_device {
	struct vmmio_regfile *rf;
	struct observers *observers; /* observe.c; NULL: nobody watches */
	const struct vmmio_backend_ops *ops; /* the backend's; a copy if it knows fewer ops */
	void *backend_ctx;
	const uint16_t *queue_sizes;
	uint32_t max_segments, config_size;
	struct vmmio_memory *memory;
	struct vmmio_memory_user memory_user;
	struct vmmio_executor *ex;
	struct vmmio_irq irq;
	struct vmmio_log log;
	const char *name;
	uint32_t version;
	uint32_t n_queues;
	bool prompt;       /* VMMIO_BACKEND_PROMPT */
	_Atomic bool dead; /* destroy was called */

	_Atomic uint32_t irq_state; /* irq.c */
	bool line;                  /* last level delivered; the irq owner's */
	struct vmmio_task irq_task;
	vmmio_gate gate; /* passes that belong to no queue */

	struct counters counters;

	/* Everything below: lock. */
	pthread_mutex_t lock;
	struct vmmio_task task; /* the lifecycle on the executor */
	bool task_queued;
	bool hook_running;  /* a lifecycle hook (or ring set-up) is being called */
	bool resetting;     /* as in the state word */
	bool started;       /* start was called in this life: quiesce is due */
	bool backend_dirty; /* the backend has state that reset_finish has to undo */
	bool finish_called;
	bool destroying, detached, abandoned, released;
	bool fence_wanted;  /* as soon as the backend has been asked and no pass is left */
	bool fenced;        /* for ever: no new life begins */
	bool backend_paused;
	bool config_held;   /* a config change interrupt waits for the resume */
	uint8_t life;       /* enum life */
	uint8_t run;        /* enum run */
	struct hook start, quiesce, pause;
	uint32_t unquiet;   /* queues whose closed gate has passes inside */
	uint32_t due;       /* as of a queue, for the device's own gate */
	uint32_t undrained; /* the sum of due over all gates */
	uint32_t wanted;    /* queues in QUEUE_WANTED */
	uint32_t stopping;  /* queues in QUEUE_STOPPING */
	uint32_t given_up;  /* fenced chains that were not answered since */
	uint32_t users;     /* threads that will still look at this struct */
	uint64_t finished;  /* resets that have ended */
	uint64_t pauses;    /* pauses and resumes that have begun */
	uint64_t serial;    /* of lifecycle tokens */
	struct waiting *waiting, *told;
	struct ring_block *garbage;
	void (*destroyed)(void *ctx);
	void *destroyed_ctx;

	/* deadline.c */
	struct vmmio_deadline deadline;
	uint64_t reset_deadline, reset_began;
	bool deadline_armed, deadline_busy, deadline_over;
	void (*stuck)(void *ctx, const struct vmmio_stuck_report *report);
	void *stuck_ctx;

	struct vmmio_queue queues[];
};

/* --- lifecycle.c ----------------------------------------------------------------- */

/* Where the calling thread is, which decides what may be called from there. */
enum where {
	IN_WRITE,    /* a register write, not inside a callback: prompt hooks may run */
	ON_EXECUTOR, /* every hook may run */
	ELSEWHERE,   /* complete, answer, inside a callback: no hook may run */
};

void vmmio_lifecycle_enter(struct vmmio_device *dev);
/* Takes every step that is due and allowed here, hands the rest to the executor, unlocks.
 * The device may be gone when it returns. */
void vmmio_lifecycle_leave(struct vmmio_device *dev, enum where where);
void vmmio_lifecycle_task(struct vmmio_task *task);

/* lock held */
void vmmio_lifecycle_set_phase(struct vmmio_queue *queue, enum queue_phase phase);
void vmmio_lifecycle_begin_reset(struct vmmio_device *dev, uint64_t now);
void vmmio_lifecycle_begin_stop(struct vmmio_queue *queue);
void vmmio_lifecycle_want_queue(struct vmmio_queue *queue);
void vmmio_lifecycle_close_gate(struct vmmio_queue *queue);
/* Nobody waits for this hook's answer any more. */
void vmmio_lifecycle_void(struct hook *hook);

/* Notes what the caller's leaving has done to a closed gate (events of gate.h; none: nothing
 * to do). queue NULL: the device's own gate. The device may be gone when it returns. */
void vmmio_lifecycle_left(
	struct vmmio_device *dev, struct vmmio_queue *queue, unsigned events, enum where where);

/* Leaves the device's own gate. The device may be gone when it returns. */
void vmmio_device_leave(struct vmmio_device *dev, enum where where);

/* --- frame.c ---------------------------------------------------------------------- */

enum frame_kind {
	FRAME_HOOK,         /* a backend hook: kicks from inside run when it has returned */
	FRAME_CONFIG_WRITE, /* config_write, reset_finish: config changes send no interrupt */
	FRAME_SINK,         /* the sink, under a register write: likewise */
	FRAME_COMPLETE,     /* a call of the backend's, which may hold a lock of its own: kicks go
			     * to the executor */
	FRAME_OBSERVER,     /* an observer's op: no writes */
};

struct frame {
	struct vmmio_device *dev;
	struct frame *outer;
	struct vmmio_queue *deferred;
	enum frame_kind kind;
	int cancel; /* of the thread's outermost frame: whether it could be cancelled before */
};

/* Inside of frames the thread cannot be cancelled. */
void vmmio_frame_enter(struct frame *frame, struct vmmio_device *dev, enum frame_kind kind);
/* Runs or hands over the kicks that were deferred to this frame. */
void vmmio_frame_leave(struct frame *frame);
/* The outermost frame of this device that the calling thread is inside of, or NULL. */
struct frame *vmmio_frame_outermost(const struct vmmio_device *dev);
bool vmmio_frame_inside(const struct vmmio_device *dev, enum frame_kind kind);
/* IN_WRITE, or ELSEWHERE if the thread is inside a callback. */
enum where vmmio_frame_where(const struct vmmio_device *dev);

/* --- access.c ------------------------------------------------------------------------- */

/* A write, not observed. waiter NULL: it may wait here. */
int vmmio_access_write(struct vmmio_device *dev, uint64_t offset, unsigned size, uint64_t value,
	struct vmmio_waiter *waiter);

/* The host writes zero to Status. Lock held on entry and return, dropped meanwhile; the
 * caller is a user. Returns whether a new reset began. */
bool vmmio_access_reset(struct vmmio_device *dev, uint64_t now);

/* --- steps.c: lock held on entry and return ----------------------------------------- */

enum step_kind {
	STEP_NONE,
	/* Hooks that answer now or later. */
	STEP_START,
	STEP_QUIESCE,
	STEP_QUEUE_STOP,
	STEP_PAUSE,
	/* Other calls of the backend. */
	STEP_ACTIVATE, /* rings of wanted queues, and a first look at them */
	STEP_RESUME,
	STEP_FINISH_HOOK,
	STEP_DETACH,
	/* Registers only. */
	STEP_QUEUE_OFF,
	STEP_PAUSED,
	STEP_FENCE,
	STEP_FINISH, /* Status reads 0 */
};

struct step {
	enum step_kind kind;
	struct vmmio_queue *queue;
};

void vmmio_step_take(struct vmmio_device *dev, struct step step);
/* The hook of a step that answers now or later. */
struct hook *vmmio_step_hook(struct vmmio_device *dev, struct step step);
/* That hook has answered. Returns whether the line has to be looked at. */
bool vmmio_step_answered(struct vmmio_device *dev, struct step step, int result);
/* A call out of a step: hooks do not overlap, the lock is dropped meanwhile. */
void vmmio_step_call_begin(struct vmmio_device *dev, struct frame *frame, enum frame_kind kind);
void vmmio_step_call_end(struct vmmio_device *dev, struct frame *frame);

/* --- pause.c: lock held --------------------------------------------------------------- */

/* The step that brings a pause or a resume on, if one is due. */
struct step vmmio_pause_next(const struct vmmio_device *dev);
/* Nothing is left of the activity that a pause has to wait for. Drops the lock meanwhile. */
void vmmio_pause_reached(struct vmmio_device *dev);
/* The pause hook answered. */
void vmmio_pause_answered(struct vmmio_device *dev, int result);
void vmmio_pause_resume(struct vmmio_device *dev);
/* A reset has begun. */
void vmmio_pause_reset_begun(struct vmmio_device *dev);
/* A pass of the device's gate for a guest's own write, during a pause too. false: the
 * device is in reset. */
bool vmmio_pause_force(struct vmmio_device *dev);

/* --- host.c: lock held ------------------------------------------------------------------ */

/* Nothing can reach guest memory any more, says the embedder: chains that are out count as
 * returned. Drops the lock meanwhile. */
void vmmio_host_fence(struct vmmio_device *dev);
/* Whether something that a fence has given up may still come back. */
static inline bool vmmio_host_owed(const struct vmmio_device *dev)
{
	return dev->given_up || dev->quiesce.voided;
}
/* Chains that were given up have come back all the same; no lock held. */
void vmmio_host_fenced_answer(struct vmmio_device *dev, uint32_t n);

/* --- waiter.c ------------------------------------------------------------------------- */

enum wait_for { WAIT_RESET, WAIT_QUEUE_STOP, WAIT_PAUSE, WAIT_RESUME };

/* What a waiter's priv holds while it is out. */
struct waiting {
	const void *owner; /* not NULL: it is out */
	struct waiting *next;
	const struct vmmio_queue *queue; /* of a queue stop */
	uint16_t what;                   /* enum wait_for */
	int16_t result;
} __attribute__((may_alias));

/* Takes a waiter, or -EBUSY, -EINVAL and a log line. No lock held. */
int vmmio_waiter_claim(struct vmmio_device *dev, struct vmmio_waiter *waiter, const char *call);
/* It is not needed after all. */
void vmmio_waiter_unclaim(struct vmmio_waiter *waiter);
/* lock held */
void vmmio_waiter_add(struct vmmio_device *dev, struct vmmio_waiter *waiter, enum wait_for what,
	const struct vmmio_queue *queue);
/* What was waited for is over; the reports go out when the lock is dropped. lock held */
void vmmio_waiter_tell(
	struct vmmio_device *dev, enum wait_for what, const struct vmmio_queue *queue, int result);
/* Calls done of those that were told. No lock held, the caller is a user. */
void vmmio_waiter_report(struct vmmio_device *dev);
/* Waits for a reset or a queue stop; lock held on entry, not on return. */
void vmmio_waiter_sleep(
	struct vmmio_device *dev, enum wait_for what, const struct vmmio_queue *queue);

/* --- queue.c --------------------------------------------------------------------- */
void vmmio_queue_init(struct vmmio_device *dev, uint32_t index);
void vmmio_queue_finish(struct vmmio_queue *queue);
/* Builds the ring for setup; no lock held. NULL: *fault says why. */
struct ring_block *vmmio_queue_build(struct vmmio_queue *queue,
	const struct vmmio_queue_setup *setup, uint64_t features, enum vmmio_fault *fault);
void vmmio_queue_drain_event(struct vmmio_queue *queue);
/* Publishes the completions that a pause has held back; the caller holds a pass, no lock. */
void vmmio_queue_flush(struct vmmio_queue *queue);
/* Gives up the chains that are out; the gate is quiet, no lock held. Returns how many. */
uint32_t vmmio_queue_fence(struct vmmio_queue *queue);
/* Calls notify until the queue has been looked at; the caller took KICK_RUNNING and a pass. */
void vmmio_queue_run_kick(struct vmmio_queue *queue);
/* A ring is malformed: the caller holds a pass of the queue, no lock. */
void vmmio_queue_fault(struct vmmio_queue *queue, enum vmmio_fault fault);

/* --- memory.c ------------------------------------------------------------------------ */
void vmmio_device_use_memory(struct vmmio_device *dev);
/* Drops ring_lock, and tells who waits for memory to get out of reach. gave_back: chains may
 * have come back. Everybody drops it so, but for who holds device->lock as well. */
void vmmio_queue_unlock(struct vmmio_queue *queue, bool gave_back);
/* ring_lock held, for opening: memory has changed since the ring was built, build it anew. */
bool vmmio_queue_is_stale(const struct vmmio_queue *queue, const struct ring_block *block);

/* --- irq.c ------------------------------------------------------------------------ */
/* InterruptStatus has changed; the caller holds a pass or lease. pulse: for an eventfd. */
void vmmio_irq_update(struct vmmio_device *dev, bool pulse);
void vmmio_irq_task(struct vmmio_task *task);

/* --- deadline.c --------------------------------------------------------------------- */
/* Whether there is something to arm or disarm; lock held. */
bool vmmio_deadline_due(const struct vmmio_device *dev);
/* Arms or disarms as the lifecycle wants it; no lock held, the caller is a user. */
void vmmio_deadline_sync(struct vmmio_device *dev);
void vmmio_deadline_expired(struct vmmio_deadline *deadline);

/* --- create.c ----------------------------------------------------------------------- */
void vmmio_device_free(struct vmmio_device *dev);

/* --- report.c ----------------------------------------------------------------------- */
void vmmio_report(const struct vmmio_log *log, const char *name, enum vmmio_log_level level,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Counts, and says whether this one is worth a log line: the 1st, 2nd, 4th, 8th, ... */
bool vmmio_count_log(_Atomic uint64_t *counter, uint64_t n);

static inline void vmmio_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

#endif
