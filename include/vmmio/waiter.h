/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waiting for the end of something without blocking a thread.
 *
 * A call that takes a waiter answers 0 if the thing is over already (done is not called), or
 * VMMIO_PENDING: done is called exactly once when it is, from any thread, perhaps before the
 * call has returned.
 */
#ifndef VMMIO_WAITER_H
#define VMMIO_WAITER_H

#include <vmmio/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Embedded in an object of the caller's, who sets done and zeroes the rest. It belongs to
 * the library from the call that answers VMMIO_PENDING until done is called; from then on it
 * may be used again or freed, inside done too. A waiter that is still out is refused:
 * -EBUSY and a log line.
 *
 * done: result is 0 or -errno as the call says. Called with no lock held, maybe from inside a
 * call of a backend's: it must not block, and a register write that would have to wait
 * is refused from there (-EDEADLK); it may make one with a waiter.
 */
struct vmmio_waiter {
	void (*done)(struct vmmio_waiter *waiter, int result);
	void *priv[4];
};

#ifdef __cplusplus
}
#endif

#endif
