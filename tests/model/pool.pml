/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The executor's threads (src/executor/pool.c, pool_threads.c): a keeper and at most WORKERS
 * workers. STUCK devices have a hook that never returns; one more device needs two tasks that may
 * block, one after the other, as a reset does (quiesce, reset_finish), and one that may not. What
 * is written as one atomic step is done under pool->lock. The mapping is in the file mapping.
 *
 * Time: a check that is due comes some time after it was set; how long after, nobody knows. So the
 * formulas ask for weak fairness (pan -f): a thread that can always go on does so at last. Not in
 * it: polling before sleep, deadlines, the pool's own end. -DFORMULA: for a formula alone.
 */
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef STUCK
#define STUCK 1
#endif
#define QUIESCE STUCK /* tasks of the other device; the smaller numbers are the stuck ones' */
#define FINISH (STUCK + 1)
/* How often a thread cannot be created, and how often a worker ends because it was idle. */
#define FAILURES 1
#define ENDS 2

bit slow_is_looked_at; /* false: an assertion that fails says its name */

/* pool->lock guards these. */
chan slow = [STUCK + 2] of { byte };
bit fast, grow, due, taken, keeper_called;
byte alive, busy, ended, failures, ends;
bit idle[WORKERS], called[WORKERS];
byte state[WORKERS];
#define WORKER_FREE 0
#define WORKER_ALIVE 1
#define WORKER_ENDED 2

bit started[WORKERS]; /* pthread_create has made it */
bit asked, finished, fast_done;

inline call_keeper()
{
	keeper_called = 1
}

/* Of a task that is in slow: to a worker that sleeps, or a check is set. */
inline call_worker()
{
	if
	:: idle[0] -> idle[0] = 0; called[0] = 1
	:: WORKERS > 1 && idle[WORKERS - 1] -> idle[WORKERS - 1] = 0; called[WORKERS - 1] = 1
	:: else ->
		if
		:: grow || alive == WORKERS
#ifdef P_NO_GROWTH
		:: alive > 0
#endif
		:: else ->
			grow = 1;
			taken = 0;
#ifndef P_LOST_CALL
			call_keeper()
#endif
		fi
	fi
}

inline submit_slow(task)
{
	atomic { slow!task; call_worker() }
}

inline submit_fast()
{
	atomic { fast = 1; call_keeper() }
}

/* --- Workers ------------------------------------------------------------------------- */

/* A task of device n, in its hooks. */
inline run_slow(n)
{
	if
	:: n < STUCK -> end_hook: false
	:: n == QUIESCE -> submit_slow(FINISH)
	:: n == FINISH -> finished = 1
	fi
}

proctype pool_worker(byte w)
{
	byte n;
	bit works;
end_free:
	started[w] -> started[w] = 0;
look:
	atomic {
		busy = busy - works;
		works = 0;
		if
		:: slow?n -> taken = 1; busy++; works = 1
		:: empty(slow) -> called[w] = 0; idle[w] = 1
		fi
	};
	if
	:: works -> run_slow(n); goto look
	:: !works
	fi;
end_idle:
	if
	:: called[w] -> goto look
	:: atomic { !called[w] && ends < ENDS -> /* idle for too long */
			ends++;
			idle[w] = 0;
			state[w] = WORKER_ENDED;
			alive--;
			ended++;
			call_keeper() };
		goto end_free
	fi
}

/* --- The keeper ---------------------------------------------------------------------- */

inline start_worker()
{
	w = 0;
	if
	:: state[w] != WORKER_FREE -> w = WORKERS - 1
	:: else
	fi;
	assert(state[w] == WORKER_FREE);
	state[w] = WORKER_ALIVE;
	alive++;
	taken = 0
}

/* Without the lock: the thread is made, or cannot be. */
inline make_thread()
{
	if
	:: started[w] = 1
	:: atomic { failures < FAILURES ->
			failures++;
			state[w] = WORKER_FREE;
			alive--;
			grow = 1;
			taken = 0 }
	fi
}

inline grow_check()
{
	starts = 0;
	due = 0;
	if
	:: empty(slow) || alive == WORKERS -> grow = 0
	:: nempty(slow) && alive < WORKERS && (alive == 0 || (busy == alive && !taken)) ->
		start_worker();
		starts = 1
	:: else -> /* one is on its way */
#ifdef P_CHECK_ONCE
		grow = 0;
#endif
		taken = 0
	fi
}

inline join_ended()
{
	w = 0;
	if
	:: state[w] != WORKER_ENDED -> w = WORKERS - 1
	:: else
	fi;
	state[w] = WORKER_FREE;
	ended--
}

proctype keeper()
{
	byte w, n;
	bit timed, starts;
end_keeper:
	do
	:: atomic { fast -> fast = 0 }; fast_done = 1
	:: atomic { ended > 0 -> join_ended() }
	:: atomic { due && ended == 0 -> grow_check() };
		if
		:: starts -> make_thread()
		:: else
		fi
#ifdef P_KEEPER_WORKS
	:: atomic { slow?n }; run_slow(n)
#endif
	:: atomic { !fast && ended == 0 && !due -> keeper_called = 0; timed = grow };
end_doze:
		if
		:: keeper_called
		:: timed -> due = grow
		fi
	od
}

/* --- Who asks --------------------------------------------------------------------------- */

proctype stuck_device(byte n)
{
	submit_slow(n)
}

proctype other_device()
{
	atomic { slow!QUIESCE; call_worker(); asked = 1 };
	submit_fast()
}

/* pool.h's invariant: a task that waits will be looked at. */
proctype monitor()
{
end_monitor:
	atomic {
		nempty(slow) && alive - busy - idle[0] - (WORKERS > 1 -> idle[WORKERS - 1] : 0) == 0 &&
			(alive != busy || !(grow || alive == WORKERS)) ->
			assert(slow_is_looked_at)
	}
}

init
{
	byte n;

	atomic {
		run keeper();
		do
		:: n < WORKERS -> run pool_worker(n); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < STUCK -> run stuck_device(n); n++
		:: else -> break
		od;
		run other_device();
#ifndef FORMULA
		run monitor();
#endif
	}
}

ltl other_is_not_held { [] (asked -> <> finished) }
ltl fast_is_run { [] (fast -> <> fast_done) }
