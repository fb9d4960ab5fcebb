/* SPDX-License-Identifier: BSD-3-Clause */
/* Register accesses, destroy, and the threads that make them. */

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
	AWAIT(t, status[d] == 0 || dead[d], OP(t, O_POLL, 0),
		CHECK(zero_at_the_end, STUCK(d));
		CHECK(other_is_not_held, d == 0));
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
		CHECK(no_write_is_dropped, dead[d] || (!w_resetting[d] && status[d] == 0));
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
#ifdef STUCK_EARLY
	/* The stuck device gets into its reset without a step of the other's between its own. */
	if
	:: d == 0 -> atomic { kick(t, d, 0); zero(t, d) }
	:: else -> kick(t, d, 0); zero(t, d)
	fi;
#else
	kick(t, d, 0);
	zero(t, d);
#endif
	poll(t, d);
#ifndef SHORT
	acknowledge(t, d);
	zero(t, d);
	poll(t, d);
#endif
done:
	skip
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
	destroy(t, d);
#ifndef REPLAY
	AWAIT(t, released[d], skip, CHECK(released_at_the_end, STUCK(d)));
#endif
done:
	skip
}
