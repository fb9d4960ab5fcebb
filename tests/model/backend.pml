/* SPDX-License-Identifier: BSD-3-Clause */
/* The interrupt line, completions, hooks, the executor, the backend's I/O thread. */

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
#ifdef M_LEASE_FIRST
	q_return(d, q);
#endif
	if
	:: !drop ->
		d_step {
#ifdef M_BLIND_RAISE
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
#ifndef M_LEASE_FIRST
	q_return(d, q);
#endif
#ifdef M_LEASE_TWICE
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
		CHECK(hooks_do_not_overlap, !in_hook[d]);
		in_hook[d] = 1;
#ifndef M_HOOKS_OVERLAP
		hook_running[d] = 1;
#endif
		lck[d] = 0
	}
}

inline call_end(d)
{
	in_hook[d] = 0;
	lock(d);
	hook_running[d] = 0
}

inline hook_quiesce(t, d)
{
	quiesce[d] = H_PENDING;
	call_begin(d);
	SYNC(t, QUIESCE_CALL);
	CHECK(quiet_at_quiesce, gpass[Q(d, 0)] + gpass[Q(d, 1)] == 0);
#ifdef M_WORKER_WAITS
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
#ifdef M_RELEASE_EARLY
	:: detached[d] && !released[d] ->
#else
	:: detached[d] && !released[d] && users[d] == 0 && !task_queued[d] ->
#endif
		d_step { released[d] = 1; st = 0; lck[d] = 0 };
		SYNC(t, DESTROYED);
		GONE(t, d)
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
