/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who runs when. Without REPLAY every statement is a turn of its own, and all of this is next to
 * nothing. With it (one device, spin -T) a thread runs from one sync point to the next, and what
 * it does is printed for replay.c, one line for each operation and each sync point:
 *
 *     op THREAD OPERATION ARGUMENT
 *     at THREAD POINT STATUS READY RESET ISTAT LINE LEASES PASSES TASKS USED
 */
#ifdef REPLAY
byte baton;
#define SAY(t, p)                                                                                  \
	printf("at %d %e %d %d%d %d%d %d %d %d %d %d %d\n", t, p, (dead[0] -> 0 : status[0]),      \
		(dead[0] -> 0 : qready[0]), (dead[0] -> 0 : qready[1]), (dead[0] -> 0 : qreset[0]), \
		(dead[0] -> 0 : qreset[1]), (dead[0] -> 0 : istat[0]), line[0],                    \
		glease[0] + glease[1], gpass[0] + gpass[1] + dpass[0], task[0], used[0])
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
#define GONE(t, d) baton = 0; atomic { baton == 0 && inside[d] == 0 -> baton = t + 1; freed[d] = 1 }
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
#define GONE(t, d) atomic { inside[d] == 0 -> freed[d] = 1 }
#endif

#if defined(DESTROY) || defined(REPLAY)
#define ACCESSED(t, d) d_step { ok = 0; inside[d]-- }; RETURN(t)
#else
#define ACCESSED(t, d) ok = 0
#endif

/* Waits for cond. If nothing in the model can move any more, checks says whether that may be, and
 * the thread goes to done. No thread runs in circles (run --cycles), so that every run gets to an
 * end, and what holds at all ends is what is reached at last. */
#if defined(LIVE) || defined(REPLAY)
#define AWAIT(t, cond, claim, checks) TAKE(t, cond, claim)
#else
#define AWAIT(t, cond, claim, checks)                                                              \
	if                                                                                         \
	:: TAKE(t, cond, claim)                                                                    \
	:: timeout -> d_step { checks }; goto done                                                 \
	fi
#endif
