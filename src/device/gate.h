/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A gate counts who is inside on behalf of one life: passes (threads) and leases
 * (chains). Once it is closed nobody enters; whoever takes the count of a closed gate to
 * zero is told so, and told exactly once per closing.
 *
 * Enter is a compare-and-swap, not an add and undo: an undo could take the count to zero
 * a second time. Leaving is acq_rel, so that what every leaver did is visible to the one
 * who finds the gate drained.
 */
#ifndef VMMIO_DEVICE_GATE_H
#define VMMIO_DEVICE_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef _Atomic uint64_t vmmio_gate;

#define VMMIO_GATE_CLOSED (UINT64_C(1) << 63)

static inline bool vmmio_gate_enter(vmmio_gate *gate)
{
	uint64_t now = atomic_load_explicit(gate, memory_order_relaxed);

	do {
		if (now & VMMIO_GATE_CLOSED)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		gate, &now, now + 1, memory_order_acquire, memory_order_relaxed));
	return true;
}

/* More of what the caller is inside for already: allowed while it is being closed. */
static inline void vmmio_gate_add(vmmio_gate *gate, uint64_t n)
{
	atomic_fetch_add_explicit(gate, n, memory_order_relaxed);
}

/* true: the gate is closed and this was the last one. */
static inline bool vmmio_gate_leave(vmmio_gate *gate, uint64_t n)
{
	uint64_t before = atomic_fetch_sub_explicit(gate, n, memory_order_acq_rel);

	return before == (VMMIO_GATE_CLOSED | n);
}

/* true: nobody was inside. The gate must be open. */
static inline bool vmmio_gate_close(vmmio_gate *gate)
{
	return atomic_fetch_or_explicit(gate, VMMIO_GATE_CLOSED, memory_order_acq_rel) == 0;
}

/* The gate must be closed and drained. */
static inline void vmmio_gate_open(vmmio_gate *gate)
{
	atomic_store_explicit(gate, 0, memory_order_release);
}

static inline bool vmmio_gate_is_closed(vmmio_gate *gate)
{
	return atomic_load_explicit(gate, memory_order_acquire) & VMMIO_GATE_CLOSED;
}

#endif
