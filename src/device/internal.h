/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device runtime, inside.
 *
 *   access.c     a register write comes in here; actions are carried out
 *   lifecycle.c  what begins a reset or a stop, which step is next, who takes it
 *   steps.c      the steps: the hooks called; where a reset, a queue stop, a destroy ends
 *   answer.c     a hook that was pending is answered
 *   queue.c      pop, complete, notify: the data path
 *   irq.c        InterruptStatus to the sink, one owner at a time
 *   frame.c      which callbacks the calling thread is inside of
 *   deadline.c   the stuck report
 *   config.c     config space
 *   create.c     options, creation, release
 *   report.c     log, counters
 *
 * Locks: device->lock covers the register file's writer side and the lifecycle fields;
 * queue->ring_lock covers one ring. Both are held for short stretches only, never while
 * calling out (I4). Order: device->lock, then ring_lock. A register read takes neither,
 * QueueNotify, InterruptACK, pop and complete never take device->lock, but when a gate
 * drains or a ring is malformed.
 */
#ifndef VMMIO_DEVICE_INTERNAL_H
#define VMMIO_DEVICE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <vmmio/device.h>
#include <vmmio/regfile.h>

#include "device/gate.h"
#include "device/sync.h"
#include "memory/table.h"
#include "queue/ring.h"

/* --- One queue --------------------------------------------------------------- */

enum queue_phase {
	QUEUE_OFF,      /* gate closed and drained, no ring */
	QUEUE_WANTED,   /* QueueReady is 1: run it as soon as the device is live */
	QUEUE_RUN,      /* gate open */
	QUEUE_STOPPING, /* gate closed; on the way to OFF */
};

/* How far a hook that answers now or later has come. */
enum hook_state { HOOK_DONE = 0, HOOK_WANTED, HOOK_PENDING, HOOK_FAILED };

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
	struct vmmio_task kick_task;
	struct vmmio_queue *deferred_next; /* in a frame */
	_Atomic int eventfd;               /* -1: none */
	uint16_t index;

	/* ring_lock */
	bool fault_reported;
	pthread_mutex_t ring_lock;
	struct ring_block *block; /* NULL: not running, or broken from the start */
	uint64_t generation;      /* of the last token of earlier lives */
	uint32_t epoch;           /* the life it runs for; written before the gate opens */

	/* device->lock */
	bool quiet, drained; /* what its closed gate has come to */
	uint8_t phase;     /* enum queue_phase */
	uint8_t stop_hook; /* enum hook_state */
	vmmio_token stop_token, stop_voided;
	uint64_t stops; /* times it left STOPPING */
};

/* --- The device ---------------------------------------------------------------- */

enum life { LIFE_IDLE, LIFE_START_WANTED, LIFE_STARTING, LIFE_LIVE, LIFE_FAILED };

struct counters {
	_Atomic uint64_t resets, queue_resets, chains, completions, dropped, wrong_tokens,
		interrupts, lost_pulses, faults, stuck;
};

struct vmmio_device {
	struct vmmio_regfile *rf;
	struct vmmio_backend backend;
	struct vmmio_backend_ops ops; /* as much as the backend's size gave, else NULL */
	struct vmmio_memory *memory;
	struct vmmio_executor *ex;
	struct vmmio_irq irq;
	struct vmmio_log log;
	const char *name;
	uint32_t version;
	uint32_t n_queues;
	_Atomic bool dead; /* destroy was called */

	_Atomic uint32_t irq_state; /* irq.c */
	bool line;                  /* last level delivered; the irq owner's */
	struct vmmio_task irq_task;
	vmmio_gate gate; /* passes that belong to no queue */

	struct counters counters;

	/* Everything below: lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a reset or a queue stop has ended */
	struct vmmio_task task; /* the lifecycle on the executor */
	bool task_queued;
	bool hook_running;  /* a lifecycle hook (or ring set-up) is being called */
	bool resetting;     /* as in the state word */
	bool started;       /* start was called in this life: quiesce is due */
	bool backend_dirty; /* the backend has state that reset_finish has to undo */
	bool finish_called;
	bool destroying, detached;
	uint8_t life;    /* enum life */
	uint8_t quiesce; /* enum hook_state */
	int quiesce_error;
	uint32_t unquiet;   /* queues whose closed gate has passes inside */
	uint32_t undrained; /* gates closed and not drained */
	uint32_t wanted;    /* queues in QUEUE_WANTED */
	uint32_t stopping;  /* queues in QUEUE_STOPPING */
	uint32_t users;     /* threads that will still look at this struct */
	uint64_t finished;  /* resets that have ended */
	uint64_t serial;    /* of lifecycle tokens */
	vmmio_token start_token, start_voided, quiesce_token;
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

/* Notes what the caller's leaving has done to a closed gate (events of gate.h; none: nothing
 * to do). queue NULL: the device's own gate. The device may be gone when it returns. */
void vmmio_lifecycle_left(
	struct vmmio_device *dev, struct vmmio_queue *queue, unsigned events, enum where where);

/* Leaves the device's own gate. The device may be gone when it returns. */
void vmmio_device_leave(struct vmmio_device *dev, enum where where);

/* --- steps.c: lock held on entry and return ----------------------------------------- */

enum step_kind {
	STEP_NONE,
	STEP_START,
	STEP_QUIESCE,
	STEP_QUEUE_STOP, /* the hook */
	STEP_QUEUE_OFF,  /* registers only */
	STEP_ACTIVATE,   /* rings of wanted queues */
	STEP_FINISH_HOOK,
	STEP_FINISH,     /* registers only; Status reads 0 */
	STEP_DETACH,
};

struct step {
	enum step_kind kind;
	struct vmmio_queue *queue;
};

void vmmio_step_take(struct vmmio_device *dev, struct step step);
/* The hooks have answered. start: returns whether the line has to be looked at. */
bool vmmio_step_start_answered(struct vmmio_device *dev, int result);
void vmmio_step_quiesce_answered(struct vmmio_device *dev, int result);

/* --- queue.c --------------------------------------------------------------------- */
void vmmio_queue_init(struct vmmio_device *dev, uint32_t index);
void vmmio_queue_finish(struct vmmio_queue *queue);
/* Builds the ring for setup; no lock held. NULL: *fault says why. */
struct ring_block *vmmio_queue_build(struct vmmio_queue *queue,
	const struct vmmio_queue_setup *setup, uint64_t features, enum vmmio_fault *fault);
void vmmio_queue_drain_event(struct vmmio_queue *queue);
/* Calls notify until the queue has been looked at; the caller took KICK_RUNNING and a pass. */
void vmmio_queue_run_kick(struct vmmio_queue *queue);
/* A ring is malformed: the caller holds a pass of the queue, no lock. */
void vmmio_queue_fault(struct vmmio_queue *queue, enum vmmio_fault fault);

/* --- irq.c ------------------------------------------------------------------------ */
/* InterruptStatus has changed; the caller holds a pass or lease. pulse: for an eventfd. */
void vmmio_irq_update(struct vmmio_device *dev, bool pulse);
void vmmio_irq_task(struct vmmio_task *task);

/* --- frame.c ---------------------------------------------------------------------- */

enum frame_kind {
	FRAME_HOOK,         /* a backend hook: kicks from inside run when it has returned */
	FRAME_CONFIG_WRITE, /* config_write, reset_finish: config changes send no interrupt */
	FRAME_SINK,         /* the sink, under a register write: likewise */
	FRAME_COMPLETE,     /* a call of the backend's, which may hold a lock of its own: kicks go
			     * to the executor */
};

struct frame {
	struct vmmio_device *dev;
	struct frame *outer;
	struct vmmio_queue *deferred;
	enum frame_kind kind;
};

void vmmio_frame_enter(struct frame *frame, struct vmmio_device *dev, enum frame_kind kind);
/* Runs or hands over the kicks that were deferred to this frame. */
void vmmio_frame_leave(struct frame *frame);
/* The outermost frame of this device that the calling thread is inside of, or NULL. */
struct frame *vmmio_frame_outermost(const struct vmmio_device *dev);
bool vmmio_frame_inside(const struct vmmio_device *dev, enum frame_kind kind);
/* IN_WRITE, or ELSEWHERE if the thread is inside a callback. */
enum where vmmio_frame_where(const struct vmmio_device *dev);

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
