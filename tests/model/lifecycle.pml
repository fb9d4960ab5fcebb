/* SPDX-License-Identifier: BSD-3-Clause */
/* Gates, steps, the beginning and the end of a reset: gate.h, lifecycle.c, steps.c, access.c. */

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
#ifndef M_GATE_OPEN
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
#ifdef M_QUIESCE_EARLY
				:: true -> st = ST_QUIESCE
#else
				:: unquiet[d] == 0 -> st = ST_QUIESCE
#endif
				:: else
				fi
#ifdef M_ZERO_EARLY
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
#ifdef M_RELEASE_EARLY
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
#ifndef M_TWO_STORES
		w_resetting[d] = 0;
#endif
		istat[d] = 0;
		status[d] = 0
	}
#ifdef M_TWO_STORES
	;
	w_resetting[d] = 0
#endif
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
#ifndef M_FINISH_TWICE
	resetting[d] = 0;
#endif
#ifdef M_ZERO_FIRST
	show_zero(d);
#endif
	qready[Q(d, 0)] = 0;
	qready[Q(d, 1)] = 0;
	qreset[Q(d, 0)] = 0;
	qreset[Q(d, 1)] = 0;
#ifndef M_ZERO_FIRST
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

#define IS_OVER(d) (detached[d] && !released[d] && users[d] == 0)

/* Hands on what is due, unlocks. */
inline leave_end(d)
{
	next_step(d);
	d_step {
		if
#ifdef M_LOST_STEP
		:: false
#else
		:: !task_queued[d] && (more || st != ST_NONE || IS_OVER(d)) ->
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
/* --- Reset ------------------------------------------------------------------------------ */

/* lock held; more: a reset began, life: the one it ends. */
inline begin_reset(d)
{
	d_step {
		more = !w_resetting[d];
#ifdef M_RESET_IN_RESET
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
#ifdef M_NO_PASS
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
#ifndef M_NO_PASS
	device_leave(d);
#endif
	SYNC(t, WRITE_LEFT)
}

