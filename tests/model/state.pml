/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is: registers, gates, what device->lock keeps, the backend; and what is judged. */
#ifndef DEVS
#define DEVS 1
#endif
#ifndef PICKS
#define PICKS 1
#endif
#ifndef WORKERS
#define WORKERS 1
#endif
#define QS 2
#define Q(d, q) ((d) * QS + (q))

/* Values of Status. */
#define ACKNOWLEDGE 1
#define DRIVER_OK 2

/* Properties, all false, so that a violated assertion says its name. ONLY=name judges that one
 * alone: what a mistake breaks besides does not get in before it. */
#define CHECK(name, what) assert(name || (what))
#ifdef ONLY
#define NOT_JUDGED 1
#else
#define NOT_JUDGED 0
#endif
#define PROPERTY(name) bit name = NOT_JUDGED
PROPERTY(zero_is_last);
PROPERTY(no_access_after_zero);
PROPERTY(no_sink_call_after_zero);
PROPERTY(all_returned_at_zero);
PROPERTY(one_reset_runs);
PROPERTY(reset_ends_once);
PROPERTY(lease_returned_once);
PROPERTY(quiet_at_quiesce);
PROPERTY(hooks_do_not_overlap);
PROPERTY(no_write_is_dropped);
PROPERTY(no_use_after_release);
PROPERTY(zero_at_the_end);
PROPERTY(released_at_the_end);
PROPERTY(other_is_not_held);

/* Registers. The state word: status, w_resetting, epoch, istat. */
byte status[DEVS], epoch[DEVS], ended[DEVS];
bit w_resetting[DEVS], istat[DEVS], dead[DEVS];
bit qready[DEVS * QS], qreset[DEVS * QS];

/* Gates. */
bit gclosed[DEVS * QS], dclosed[DEVS];
byte gpass[DEVS * QS], glease[DEVS * QS], dpass[DEVS];

/* device->lock, and what it keeps. */
bit lck[DEVS], resetting[DEVS], started[DEVS], dirty[DEVS], finish_called[DEVS], hook_running[DEVS];
bit task_queued[DEVS], destroying[DEVS], detached[DEVS], released[DEVS], freed[DEVS], garbage[DEVS];
byte quiesce[DEVS], unquiet[DEVS], undrained[DEVS], users[DEVS];
/* enum hook_state */
#define H_DONE 0
#define H_WANTED 1
#define H_PENDING 2
byte phase[DEVS * QS], stop[DEVS * QS], due[DEVS * QS];
bit quiet[DEVS * QS], stop_void[DEVS * QS], over[DEVS * QS], block[DEVS * QS];
/* enum queue_phase */
#define OFF 0
#define RUN 1
#define STOPPING 2

/* The device's task on the executor. */
bit task[DEVS];

/* irq.c; the sink's level. */
bit irq_owned[DEVS], irq_dirty[DEVS], line[DEVS];

/* The buffer of a queue, and the backend. */
byte chain[DEVS * QS], used[DEVS];
#define AVAIL 0
#define OUT 1
#define HELD 2
#define BUSY 3
#define BACK 4
byte mode[DEVS];
#define FREE 0   /* quiesce waits for the I/O thread */
#define CANCEL 1 /* quiesce and queue_stop complete what is held */
#define HANG 2   /* the chain of queue 0 never comes back */
#define BLOCK 3  /* quiesce never returns */
/* Nobody owes it that a reset ends. */
#define STUCK(d)                                                                                   \
	((mode[d] == HANG && chain[Q(d, 0)] == HELD) ||                                            \
		(mode[d] == BLOCK && quiesce[d] == H_PENDING))

/* Of the model itself. */
bit running[DEVS]; /* a reset, from its acceptance to the store of zero */
bit in_hook[DEVS];
byte inside[DEVS]; /* vCPUs in an access: the embedder's lock around a device that may go */

/* enum step_kind */
#define ST_NONE 0
#define ST_QUIESCE 1
#define ST_STOP 2
#define ST_OFF 3
#define ST_FHOOK 4
#define ST_FINISH 5
#define ST_DETACH 6

/* What the inlines keep in the thread that uses them. */
#define LOCALS                                                                                     \
	byte st, sq, life;                                                                         \
	bit ok, evq, evd, own, hi, drop, again, more

/* Sync points and operations: what turns.pml prints. */
mtype = { WRITE_ACCEPTED, WRITE_LINE_DROPPED, WRITE_LEFT, TASK_BEGIN, QUIESCE_CALL,
	QUIESCE_RETURNED, COMPLETE_ENTER, COMPLETE_PUBLISHED, COMPLETE_RAISED, COMPLETE_LEFT,
	FINISH_CALL, FINISH_RETURNED, POP_ENTERED, POP_TAKEN, NOTIFY_CALL, STOP_ACCEPTED, STOP_CALL,
	STOP_RETURNED, SINK, DESTROYED, RETURNED };
mtype = { O_KICK, O_ZERO, O_POLL, O_ACKNOWLEDGE, O_QRESET, O_ACK, O_DESTROY, O_TASK, O_COMPLETE };
