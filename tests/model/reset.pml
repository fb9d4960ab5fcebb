/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reset protocol of src/device as a Promela model: version 3 devices with two queues of
 * one buffer each, vCPUs, executor threads, a backend that completes, cancels, hangs or
 * blocks, QueueReset, destroy. Each statement is one atomic operation of the code, or
 * some that only the holder of device->lock can see.
 *
 *   model                     code
 *   ------------------------  ----------------------------------------------------------
 *   q_enter, d_enter          gate.h: vmmio_gate_enter
 *   q_leave                   gate.h: vmmio_gate_leave
 *   q_return                  gate.h: vmmio_gate_return
 *   close_queue               lifecycle.c: end_life, vmmio_lifecycle_close_gate
 *   begin_reset               regfile/reset.c: enter; access.c: apply_reset;
 *                             lifecycle.c: vmmio_lifecycle_begin_reset, close_behind
 *   hand_reset                access.c: hand_reset
 *   device_leave, left        lifecycle.c: vmmio_device_leave, vmmio_lifecycle_left
 *   next_step                 lifecycle.c: next_step, next_in_reset, next_of_stopping
 *   leave, leave_end          lifecycle.c: take_steps, tidy, vmmio_lifecycle_leave
 *   queue_off, finish         steps.c: queue_off, finish_reset; regfile/reset.c:
 *                             vmmio_regfile_reset_finish, a statement for each store
 *   run_task                  lifecycle.c: vmmio_lifecycle_task; steps.c: vmmio_step_take
 *   hook_*                    steps.c: step_hook, step_finish_hook, step_detach
 *   complete                  complete.c: vmmio_queue_complete, publish, tell_driver;
 *                             regfile/state.c: vmmio_regfile_raise
 *   irq_update                irq.c: vmmio_irq_update, deliver
 *   kick                      access.c: write_lockless; queue.c: vmmio_queue_kick,
 *                             vmmio_queue_run_kick, vmmio_queue_pop
 *   zero, queue_reset         access.c: write_locked
 *   acknowledge, ack_irq      access.c: write_locked, write_lockless
 *   destroy                   host.c: vmmio_device_destroy; lifecycle.c: release
 *   SYNC(thread, POINT)       device/sync.h: VMMIO_SYNC(dev, POINT); besides, SINK is the
 *                             interrupt sink, DESTROYED the destroyed callback, RETURN the
 *                             end of a call
 *
 * Not in it: the way to DRIVER_OK, pause, fence, memory that is removed, pending answers, a
 * zero written at Status 0, version 2's waits. tests/integration/test_interleave.c has these.
 *
 * Each property is a name in CHECK or of an ltl formula. No thread runs for ever, so that the
 * formulas hold without an assumption of fairness. With REPLAY (spin -T) a thread runs from
 * one sync point to the next and prints what the driver sees there. MUT is a mistake built
 * in, to see the property that finds it. ./run searches one device; DESTROY and DEVS=2 are
 * written down, but their states were not searched to the end, so that hooks_do_not_overlap and
 * no_use_after_release have nothing yet that could break them. InterruptStatus after zero is
 * judged where the driver polls zero (zero_is_last).
 */
#ifndef DEVS
#define DEVS 1
#endif
#ifndef MUT
#define MUT 0
#endif
#ifndef PICKS
#define PICKS 1
#endif
#define QS 2
#define Q(d, q) ((d) * QS + (q))

#define ACKNOWLEDGE 1
#define DRIVER_OK 2

/* Properties: all false, so that a violated assertion says its name. */
#define CHECK(name, what) assert(name || (what))
bit no_access_after_zero, no_sink_call_after_zero, zero_is_last;
bit one_reset_runs, reset_ends_once, lease_returned_once, hooks_do_not_overlap;
bit all_returned_at_zero, no_use_after_release, no_write_is_dropped;

/* Registers. The state word: status, w_resetting, epoch, istat. */
byte status[DEVS], epoch[DEVS], ended[DEVS];
bit w_resetting[DEVS], istat[DEVS], dead[DEVS];
bit qready[DEVS * QS], qreset[DEVS * QS];

/* Gates. */
bit gclosed[DEVS * QS], dclosed[DEVS];
byte gpass[DEVS * QS], glease[DEVS * QS], dpass[DEVS];

/* device->lock, and what it keeps. */
bit lck[DEVS], resetting[DEVS], started[DEVS], dirty[DEVS], finish_called[DEVS], hook_running[DEVS];
bit task_queued[DEVS], task[DEVS], destroying[DEVS], detached[DEVS], released[DEVS], freed[DEVS], garbage[DEVS];
byte quiesce[DEVS], unquiet[DEVS], undrained[DEVS], users[DEVS];
#define H_DONE 0
#define H_WANTED 1
#define H_PENDING 2
byte phase[DEVS * QS], stop[DEVS * QS], due[DEVS * QS];
bit quiet[DEVS * QS], stop_void[DEVS * QS], over[DEVS * QS], block[DEVS * QS];
#define OFF 0
#define RUN 1
#define STOPPING 2

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

/* Of the model itself. */
bit running[DEVS];
byte inside[DEVS]; /* vCPUs in an access: the embedder's lock around a device that may go */

mtype = { WRITE_ACCEPTED, WRITE_LINE_DROPPED, WRITE_LEFT, TASK_BEGIN, QUIESCE_CALL,
	QUIESCE_RETURNED, COMPLETE_ENTER, COMPLETE_PUBLISHED, COMPLETE_RAISED, COMPLETE_LEFT,
	FINISH_CALL, FINISH_RETURNED, POP_ENTERED, POP_TAKEN, NOTIFY_CALL, STOP_ACCEPTED, STOP_CALL,
	STOP_RETURNED, SINK, DESTROYED, RETURNED };
mtype = { O_KICK, O_ZERO, O_POLL, O_ACKNOWLEDGE, O_QRESET, O_ACK, O_DESTROY, O_TASK, O_COMPLETE };

#ifdef REPLAY
byte baton;
#define SAY(t, p)                                                                                  \
	printf("at %d %e %d %d %d %d %d %d %d %d %d\n", t, p, (dead[0] -> 0 : status[0]),          \
		(dead[0] -> 0 : qready[0]), (dead[0] -> 0 : qready[1]), (dead[0] -> 0 : qreset[0]), \
		(dead[0] -> 0 : qreset[1]), (dead[0] -> 0 : istat[0]), line[0],                    \
		glease[0] + glease[1], used[0])
/* Waits for cond; what claims it happens in the same step. */
#define TAKE(t, cond, claim) atomic { baton == 0 && (cond) -> baton = t + 1; claim }
/* An access of a vCPU, unless the device is gone or cond says that it makes none. */
#define ACCESS(t, d, cond, name, arg)                                                              \
	atomic { baton == 0 ->                                                                     \
		if                                                                                 \
		:: freed[d] || !(cond) -> ok = 0                                                   \
		:: else -> ok = 1; inside[d]++; baton = t + 1; OP(t, name, arg)                    \
		fi }
#define SYNC(t, p) atomic { SAY(t, p); baton = 0 }; atomic { baton == 0 -> baton = t + 1 }
#define RETURN(t) atomic { SAY(t, RETURNED); baton = 0 }
#define OP(t, name, arg) printf("op %d %e %d\n", t, name, arg)
#else
#define TAKE(t, cond, claim) atomic { (cond) -> claim }
#ifdef DESTROY
#define ACCESS(t, d, cond, name, arg)                                                              \
	atomic {                                                                                   \
		if                                                                                 \
		:: freed[d] || !(cond) -> ok = 0                                                   \
		:: else -> ok = 1; inside[d]++                                                     \
		fi }
#else
#define ACCESS(t, d, cond, name, arg) d_step { ok = (cond) }
#endif
#define SYNC(t, p) skip
#define RETURN(t) skip
#define OP(t, name, arg) skip
#endif

#if defined(DESTROY) || defined(REPLAY)
#define ACCESSED(t, d) d_step { ok = 0; inside[d]-- }; RETURN(t)
#else
#define ACCESSED(t, d) ok = 0
#endif

#define ST_NONE 0
#define ST_QUIESCE 1
#define ST_STOP 2
#define ST_OFF 3
#define ST_FHOOK 4
#define ST_FINISH 5
#define ST_DETACH 6

/* What the inlines below keep in the thread that uses them. */
#define LOCALS                                                                                     \
	byte st, sq, life;                                                                         \
	bit ok, evq, evd, own, hi, drop, again, more

inline lock(d)
{
	atomic { !lck[d] -> CHECK(no_use_after_release, !freed[d]); lck[d] = 1 }
}

inline unlock(d)
{
	lck[d] = 0
}

/* --- Gates ------------------------------------------------------------------------- */

inline q_enter(d, q)
{
	d_step {
		CHECK(no_use_after_release, !freed[d]);
		ok = !gclosed[Q(d, q)];
		if
		:: ok -> gpass[Q(d, q)]++
		:: else
		fi
	}
}

/* A pass becomes n leases. */
inline q_leave(d, q, n)
{
	d_step {
		CHECK(no_use_after_release, !freed[d]);
		gpass[Q(d, q)]--;
		glease[Q(d, q)] = glease[Q(d, q)] + n;
		evq = gclosed[Q(d, q)] && gpass[Q(d, q)] == 0;
		evd = evq && glease[Q(d, q)] == 0
	}
}

inline q_return(d, q)
{
	d_step {
		CHECK(no_use_after_release, !freed[d]);
		CHECK(lease_returned_once, glease[Q(d, q)] > 0);
		glease[Q(d, q)]--;
		evq = 0;
		evd = gclosed[Q(d, q)] && gpass[Q(d, q)] == 0 && glease[Q(d, q)] == 0
	}
}

inline d_enter(d)
{
	d_step {
		CHECK(no_use_after_release, !freed[d]);
		ok = !dclosed[d];
		if
		:: ok -> dpass[d]++; life = epoch[d]
		:: else
		fi
	}
}

inline close_queue(d, q)
{
	over[Q(d, q)] = 1;
	d_step {
#if MUT != 2
		gclosed[Q(d, q)] = 1;
#endif
		quiet[Q(d, q)] = gpass[Q(d, q)] == 0;
		if
		:: gpass[Q(d, q)] == 0
		:: else -> unquiet[d]++
		fi;
		if
		:: gpass[Q(d, q)] == 0 && glease[Q(d, q)] == 0
		:: else -> due[Q(d, q)]++; undrained[d]++
		fi
	}
}

/* --- Steps: lock held ---------------------------------------------------------------- */

inline next_of_queue(d, q)
{
	if
	:: st == ST_NONE && phase[Q(d, q)] == STOPPING ->
		if
		:: stop[Q(d, q)] == H_WANTED && quiet[Q(d, q)] -> st = ST_STOP; sq = q
		:: stop[Q(d, q)] == H_DONE && due[Q(d, q)] == 0 -> st = ST_OFF; sq = q
		:: else
		fi
	:: else
	fi
}

inline next_step(d)
{
	d_step {
		st = ST_NONE;
		sq = 0;
		if
		:: hook_running[d] || detached[d]
		:: !hook_running[d] && !detached[d] && resetting[d] ->
			if
			:: quiesce[d] == H_WANTED ->
				if
				:: unquiet[d] == 0 -> st = ST_QUIESCE
				:: else
				fi
#if MUT == 1
			:: quiesce[d] == H_DONE ->
#else
			:: quiesce[d] == H_DONE && undrained[d] == 0 ->
#endif
				if
				:: dirty[d] && !finish_called[d] -> st = ST_FHOOK
				:: else -> st = ST_FINISH
				fi
			:: else
			fi
		:: !hook_running[d] && !detached[d] && !resetting[d] && destroying[d] ->
			if
#if MUT == 10
			:: true -> st = ST_DETACH
#else
			:: users[d] == 0 -> st = ST_DETACH
#endif
			:: else
			fi
		:: else ->
			next_of_queue(d, 0);
			next_of_queue(d, 1)
		fi
	}
}

/* retire_ring takes ring_lock: publish and pop are before or after it. */
inline retire(d, q)
{
	d_step {
		garbage[d] = garbage[d] || block[Q(d, q)];
		block[Q(d, q)] = 0
	}
}

inline queue_off(d, q)
{
	retire(d, q);
	d_step {
		phase[Q(d, q)] = OFF;
		qready[Q(d, q)] = 0;
		qreset[Q(d, q)] = 0
	}
}

inline show_zero(d)
{
	d_step {
		CHECK(reset_ends_once, running[d]);
		CHECK(all_returned_at_zero, gpass[Q(d, 0)] + gpass[Q(d, 1)] == 0);
		CHECK(all_returned_at_zero, glease[Q(d, 0)] + glease[Q(d, 1)] == 0);
		running[d] = 0;
		ended[d] = epoch[d] - 1;
		w_resetting[d] = 0;
		istat[d] = 0;
		status[d] = 0
	}
}

inline finish(d)
{
	retire(d, 0);
	retire(d, 1);
	d_step {
		phase[Q(d, 0)] = OFF;
		phase[Q(d, 1)] = OFF;
		started[d] = 0;
		dirty[d] = 0
	};
	if
	:: !destroying[d] -> d_step {
		CHECK(all_returned_at_zero, dpass[d] == 0);
		dclosed[d] = 0 }
	:: else
	fi;
#if MUT != 3
	resetting[d] = 0;
#endif
#if MUT == 6
	show_zero(d);
#endif
	qready[Q(d, 0)] = 0;
	qready[Q(d, 1)] = 0;
	qreset[Q(d, 0)] = 0;
	qreset[Q(d, 1)] = 0;
#if MUT != 6
	show_zero(d)
#endif
}

/* Frees garbage without the lock. */
inline tidy(d)
{
	if
	:: garbage[d] ->
		d_step { garbage[d] = 0; users[d]++; lck[d] = 0 };
		lock(d);
		users[d]--
	:: else
	fi
}

/* Hands on what is due, unlocks. */
inline leave_end(d)
{
	next_step(d);
	d_step {
		if
#if MUT == 7
		:: false
#else
		:: !task_queued[d] && (more || st != ST_NONE ||
			(detached[d] && !released[d] && users[d] == 0)) ->
			task_queued[d] = 1;
			task[d] = 1
#endif
		:: else
		fi;
		st = 0; sq = 0; more = 0;
		lck[d] = 0
	}
}

/* vmmio_lifecycle_leave of a thread that may not call hooks. */
inline leave(d)
{
	more = 0;
	do
	:: next_step(d);
		if
		:: st == ST_OFF -> queue_off(d, sq)
		:: st == ST_FINISH -> finish(d)
		:: else -> more = st != ST_NONE; break
		fi
	od;
	tidy(d);
	leave_end(d)
}

inline left(d, q)
{
	if
	:: evq || evd ->
		lock(d);
		d_step {
			if
			:: evq -> quiet[Q(d, q)] = 1; unquiet[d]--
			:: else
			fi;
			if
			:: evd -> undrained[d]--; due[Q(d, q)]--
			:: else
			fi;
			evq = 0; evd = 0
		};
		leave(d)
	:: else
	fi
}

inline device_leave(d)
{
	d_step {
		CHECK(no_use_after_release, !freed[d]);
		dpass[d]--;
		evd = dclosed[d] && dpass[d] == 0;
		life = 0
	};
	if
	:: evd ->
		lock(d);
		undrained[d]--;
		evd = 0;
		leave(d)
	:: else
	fi
}

/* --- The line -------------------------------------------------------------------------- */

inline irq_update(t, d, whose)
{
	d_step { own = !irq_owned[d]; irq_owned[d] = 1; irq_dirty[d] = 1 };
	if
	:: own ->
		own = 0;
		do
		:: irq_dirty[d] = 0;
			hi = istat[d];
			if
			:: hi != line[d] ->
				d_step {
					CHECK(no_sink_call_after_zero, whose > ended[d]);
					line[d] = hi;
					hi = 0
				};
				SYNC(t, SINK)
			:: else -> hi = 0
			fi;
			d_step {
				again = irq_dirty[d];
				if
				:: !again -> irq_owned[d] = 0
				:: else
				fi
			};
			if
			:: again -> again = 0
			:: else -> break
			fi
		od
	:: else
	fi
}

/* --- Reset ------------------------------------------------------------------------------ */

/* lock held; more: a reset began, life: the one it ends. */
inline begin_reset(d)
{
	d_step {
		more = !w_resetting[d];
#if MUT == 12
		more = 1;
#endif
		if
		:: more ->
			CHECK(one_reset_runs, !running[d]);
			running[d] = 1;
			w_resetting[d] = 1;
			life = epoch[d];
			epoch[d]++;
			istat[d] = 0
		:: else
		fi
	};
	if
	:: more ->
		d_step {
			resetting[d] = 1;
			finish_called[d] = 0;
			quiesce[d] = (started[d] -> H_WANTED : H_DONE);
			stop_void[Q(d, 0)] = 1;
			stop_void[Q(d, 1)] = 1
		};
		if
		:: phase[Q(d, 0)] == RUN -> close_queue(d, 0)
		:: else
		fi;
		if
		:: phase[Q(d, 1)] == RUN -> close_queue(d, 1)
		:: else
		fi;
#if MUT == 9
		dclosed[d] = 1
#else
		if
		:: d_step { !dclosed[d] -> dpass[d]++ };
			d_step { dclosed[d] = 1; undrained[d]++ }
		:: d_step { dclosed[d] -> assert(false) } /* only a pause closes it before */
		fi
#endif
	:: else
	fi
}

inline hand_reset(t, d)
{
	SYNC(t, WRITE_ACCEPTED);
	irq_update(t, d, life);
	SYNC(t, WRITE_LINE_DROPPED);
#if MUT != 9
	device_leave(d);
#endif
	SYNC(t, WRITE_LEFT)
}

/* --- A backend's calls -------------------------------------------------------------------- */

/* The chain of queue q is BUSY: ours. The lease was taken in life 1, the only one with I/O. */
inline complete(t, d, q)
{
	SYNC(t, COMPLETE_ENTER);
	CHECK(no_access_after_zero, ended[d] < 1); /* the buffer */
	drop = over[Q(d, q)];
	if
	:: !drop -> d_step {
		CHECK(no_access_after_zero, ended[d] < 1 && block[Q(d, q)]);
		used[d]++ }
	:: else
	fi;
	SYNC(t, COMPLETE_PUBLISHED);
#if MUT == 4
	q_return(d, q);
#endif
	if
	:: !drop ->
		d_step {
#if MUT == 5
			ok = 1;
#else
			ok = epoch[d] == 1 && !w_resetting[d] && status[d] == DRIVER_OK;
#endif
			if
			:: ok -> istat[d] = 1
			:: else
			fi
		};
		if
		:: ok -> irq_update(t, d, 1)
		:: else
		fi
	:: else
	fi;
	drop = 0;
	SYNC(t, COMPLETE_RAISED);
	chain[Q(d, q)] = BACK;
#if MUT != 4
	q_return(d, q);
#endif
#if MUT == 8
	q_return(d, q);
#endif
	if
	:: evd -> SYNC(t, COMPLETE_LEFT); left(d, q)
	:: else
	fi
}

inline complete_held(t, d, q)
{
	if
	:: d_step { chain[Q(d, q)] == HELD && !(mode[d] == HANG && q == 0) -> chain[Q(d, q)] = BUSY };
		complete(t, d, q)
	:: else
	fi
}

/* --- The executor ------------------------------------------------------------------------- */

inline call_begin(d)
{
	d_step {
		CHECK(hooks_do_not_overlap, !hook_running[d]);
		hook_running[d] = 1;
		lck[d] = 0
	}
}

inline call_end(d)
{
	lock(d);
#if MUT != 13
	hook_running[d] = 0
#endif
}

inline hook_quiesce(t, d)
{
	quiesce[d] = H_PENDING;
	call_begin(d);
	SYNC(t, QUIESCE_CALL);
#if MUT == 11
	/* A worker that sits and waits for what the backend owes. */
	(glease[Q(d, 0)] + glease[Q(d, 1)] == 0);
#endif
	if
	:: mode[d] == BLOCK -> end_blocked: false
	:: mode[d] == CANCEL -> complete_held(t, d, 0); complete_held(t, d, 1)
	:: else
	fi;
	SYNC(t, QUIESCE_RETURNED);
	call_end(d);
	quiesce[d] = H_DONE
}

inline hook_stop(t, d, q)
{
	d_step { stop[Q(d, q)] = H_PENDING; stop_void[Q(d, q)] = 0 };
	call_begin(d);
	SYNC(t, STOP_CALL);
	if
	:: mode[d] == CANCEL -> complete_held(t, d, 1)
	:: else
	fi;
	SYNC(t, STOP_RETURNED);
	call_end(d);
	if
	:: !stop_void[Q(d, q)] -> stop[Q(d, q)] = H_DONE
	:: else
	fi
}

inline hook_finish(t, d)
{
	finish_called[d] = 1;
	call_begin(d);
	SYNC(t, FINISH_CALL);
	SYNC(t, FINISH_RETURNED);
	call_end(d)
}

inline run_task(t, d)
{
	SYNC(t, TASK_BEGIN);
	lock(d);
	task_queued[d] = 0;
	do
	:: next_step(d);
		if
		:: st == ST_OFF -> queue_off(d, sq)
		:: st == ST_FINISH -> finish(d)
		:: st == ST_QUIESCE -> hook_quiesce(t, d)
		:: st == ST_STOP -> hook_stop(t, d, 1)
		:: st == ST_FHOOK -> hook_finish(t, d)
		:: st == ST_DETACH -> call_begin(d); call_end(d); detached[d] = 1
		:: else -> break
		fi
	od;
	tidy(d);
	if
	:: detached[d] && !released[d] && users[d] == 0 && !task_queued[d] ->
		d_step { released[d] = 1; st = 0; lck[d] = 0 };
		SYNC(t, DESTROYED);
#ifdef REPLAY
		baton = 0;
		atomic { baton == 0 && inside[d] == 0 -> baton = t + 1; freed[d] = 1 }
#else
		atomic { inside[d] == 0 -> freed[d] = 1 }
#endif
	:: else -> leave_end(d)
	fi
}

proctype worker(byte t)
{
	LOCALS;
	byte d;
end:	do
	:: TAKE(t, task[0], task[0] = 0; OP(t, O_TASK, 0));
		run_task(t, d);
		RETURN(t)
#if DEVS > 1
	:: TAKE(t, task[1], task[1] = 0; d = 1);
		run_task(t, d);
		d = 0
#endif
	od
}

/* The backend's I/O thread of device d. */
proctype io(byte t, d)
{
	LOCALS;
	byte q;
end:	do
	:: TAKE(t, chain[Q(d, 0)] == HELD && mode[d] != HANG,
			chain[Q(d, 0)] = BUSY; OP(t, O_COMPLETE, 0));
		q = 0;
		complete(t, d, q);
		RETURN(t)
	:: TAKE(t, chain[Q(d, 1)] == HELD, chain[Q(d, 1)] = BUSY; OP(t, O_COMPLETE, 1));
		q = 1;
		complete(t, d, q);
		q = 0;
		RETURN(t)
	od
}

/* --- Register accesses ---------------------------------------------------------------------- */

inline kick(t, d, q)
{
	ACCESS(t, d, true, O_KICK, q);
	if
	:: ok && !dead[d] && !w_resetting[d] && status[d] == DRIVER_OK && qready[Q(d, q)] &&
		!qreset[Q(d, q)] ->
		q_enter(d, q);
		if
		:: ok ->
			SYNC(t, NOTIFY_CALL);
			if
			:: !gclosed[Q(d, q)] -> notify(t, d, q)
			:: else
			fi;
			q_leave(d, q, 0);
			left(d, q)
		:: else
		fi;
		ACCESSED(t, d)
	:: ok && (dead[d] || w_resetting[d] || status[d] != DRIVER_OK || !qready[Q(d, q)] ||
		qreset[Q(d, q)]) -> ACCESSED(t, d)
	:: !ok
	fi
}

/* The backend's: pops once, keeps what it gets. */
inline notify(t, d, q)
{
	q_enter(d, q);
	if
	:: ok ->
		SYNC(t, POP_ENTERED);
		d_step {
			CHECK(no_access_after_zero, ended[d] < 1);
			ok = block[Q(d, q)] && chain[Q(d, q)] == AVAIL;
			if
			:: ok -> chain[Q(d, q)] = OUT
			:: else
			fi
		};
		SYNC(t, POP_TAKEN);
		q_leave(d, q, ok);
		left(d, q);
		if
		:: ok -> chain[Q(d, q)] = HELD
		:: else
		fi
	:: else
	fi
}

/* Status := 0 */
inline zero(t, d)
{
	ACCESS(t, d, status[d] != 0, O_ZERO, 0);
	if
	:: ok ->
		lock(d);
		if
		:: dead[d] || (status[d] == 0 && !w_resetting[d]) -> unlock(d)
		:: else ->
			users[d]++;
			begin_reset(d);
			unlock(d);
			if
			:: more -> more = 0; hand_reset(t, d)
			:: else
			fi;
			lock(d);
			users[d]--;
			leave(d)
		fi;
		ACCESSED(t, d)
	:: else
	fi
}

/* Waits until Status reads 0, and looks at everything. */
inline poll(t, d)
{
	TAKE(t, status[d] == 0 || dead[d], OP(t, O_POLL, 0));
	d_step {
		CHECK(zero_is_last, dead[d] || !(qready[Q(d, 0)] || qready[Q(d, 1)]));
		CHECK(zero_is_last, dead[d] || !(qreset[Q(d, 0)] || qreset[Q(d, 1)]));
		CHECK(zero_is_last, dead[d] || !(istat[d] || line[d] || w_resetting[d]));
		CHECK(all_returned_at_zero, dead[d] || glease[Q(d, 0)] + glease[Q(d, 1)] == 0);
		CHECK(all_returned_at_zero, dead[d] || gpass[Q(d, 0)] + gpass[Q(d, 1)] == 0)
	};
	RETURN(t)
}

/* Status := ACKNOWLEDGE: the next life. */
inline acknowledge(t, d)
{
	ACCESS(t, d, true, O_ACKNOWLEDGE, 0);
	if
	:: ok ->
		lock(d);
		if
		:: !dead[d] && !w_resetting[d] && status[d] == 0 -> status[d] = ACKNOWLEDGE
		:: else
		fi;
		unlock(d);
		ACCESSED(t, d)
	:: else
	fi
}

/* QueueReset := 1 */
inline queue_reset(t, d, q)
{
	ACCESS(t, d, true, O_QRESET, q);
	if
	:: ok ->
		lock(d);
		if
		:: !dead[d] && !w_resetting[d] && status[d] == DRIVER_OK && qready[Q(d, q)] &&
			!qreset[Q(d, q)] ->
			qreset[Q(d, q)] = 1;
			users[d]++;
			stop[Q(d, q)] = H_DONE;
			if
			:: phase[Q(d, q)] == RUN -> close_queue(d, q); stop[Q(d, q)] = H_WANTED
			:: else
			fi;
			phase[Q(d, q)] = STOPPING;
			unlock(d);
			SYNC(t, STOP_ACCEPTED);
			lock(d);
			users[d]--;
			leave(d)
		:: else -> unlock(d)
		fi;
		ACCESSED(t, d)
	:: else
	fi
}

/* InterruptACK */
inline ack_irq(t, d)
{
	ACCESS(t, d, true, O_ACK, 0);
	if
	:: ok ->
		d_step { hi = !dead[d] && istat[d]; istat[d] = istat[d] && dead[d] };
		if
		:: hi ->
			hi = 0;
			d_enter(d);
			if
			:: ok -> irq_update(t, d, life); device_leave(d)
			:: else
			fi
		:: else
		fi;
		ACCESSED(t, d)
	:: else
	fi
}

inline destroy(t, d)
{
	TAKE(t, true, OP(t, O_DESTROY, 0));
	lock(d);
	users[d]++;
	destroying[d] = 1;
	dead[d] = 1;
	begin_reset(d);
	if
	:: more -> more = 0; unlock(d); hand_reset(t, d); lock(d)
	:: else
	fi;
	unlock(d);
	lock(d);
	users[d]--;
	leave(d);
	RETURN(t)
}

/* --- Who there is ---------------------------------------------------------------------------- */

proctype vcpu0(byte t, d)
{
	LOCALS;
	kick(t, d, 0);
	zero(t, d);
#ifndef LIVE
end_poll:
#endif
	poll(t, d);
#ifndef SHORT
	acknowledge(t, d);
	zero(t, d);
#ifndef LIVE
end_poll2:
#endif
	poll(t, d)
#endif
}

proctype vcpu1(byte t, d)
{
	LOCALS;
	byte n;
	kick(t, d, 1);
	do
	:: n < PICKS ->
		n++;
		if
		:: true -> zero(t, d)
		:: true -> queue_reset(t, d, 1)
		:: true -> ack_irq(t, d)
		:: true
		fi
	:: else -> break
	od
}

proctype control(byte t, d)
{
	LOCALS;
	destroy(t, d)
}

inline bring_up(d)
{
	status[d] = DRIVER_OK;
	epoch[d] = 1;
	started[d] = 1;
	dirty[d] = 1;
	qready[Q(d, 0)] = 1; qready[Q(d, 1)] = 1;
	quiet[Q(d, 0)] = 1; quiet[Q(d, 1)] = 1;
	block[Q(d, 0)] = 1; block[Q(d, 1)] = 1;
	phase[Q(d, 0)] = RUN; phase[Q(d, 1)] = RUN
}

init
{
	atomic {
		bring_up(0);
#if DEVS > 1
		bring_up(1);
		if
		:: mode[0] = HANG
		:: mode[0] = BLOCK
		fi;
		mode[1] = CANCEL;
		run vcpu0(0, 0);
		run vcpu0(1, 1);
		run io(2, 0);
		run io(3, 1);
#if MUT == 11
		run worker(4)
#else
		run worker(4);
		run worker(5)
#endif
#else
		if
		:: mode[0] = FREE
		:: mode[0] = CANCEL
#if !defined(LIVE)
		:: mode[0] = HANG
#endif
		fi;
#ifdef REPLAY
		printf("mode %d\n", mode[0]);
#endif
		run vcpu0(0, 0);
		run vcpu1(1, 0);
		run io(2, 0);
		run worker(3);
#ifdef DESTROY
		run control(4, 0)
#endif
#endif
	}
}

#define RESETTING0 (resetting[0])
#define RESETTING1 (resetting[DEVS - 1])
ltl zero_is_reached { [] (RESETTING0 -> <> !RESETTING0) }
ltl other_is_not_held { [] (RESETTING1 -> <> !RESETTING1) }
