/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A gate counts who is inside on behalf of one life: passes (threads) and leases (chains).
 * Once it is closed no pass begins, and leases only come from passes. Two things happen
 * to a closed gate, each told exactly once per closing to the one who brings it about:
 *
 *   QUIET    the last pass has left: no pop and no notify is running or will be
 *   DRAINED  the last of both has gone
 *
 * Enter is a compare-and-swap, not an add and undo: an undo could be "the last one" a
 * second time. Leaving is acq_rel, so that what every leaver did is visible to the one
 * who finds the gate drained.
 *
 * A gate that a pause has closed may be opened again with leases out, and a guest's own
 * register write may force its way in while it is closed.
 */
#ifndef VMMIO_DEVICE_GATE_H
#define VMMIO_DEVICE_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Bit 63: closed. Bits 32-62: passes. Bits 0-31: leases. */
typedef _Atomic uint64_t vmmio_gate;

#define VMMIO_GATE_CLOSED (UINT64_C(1) << 63)
#define VMMIO_GATE_PASS (UINT64_C(1) << 32)
#define VMMIO_GATE_LEASE UINT64_C(1)

enum { GATE_QUIET = 1, GATE_DRAINED = 2 };

static inline bool vmmio_gate_enter(vmmio_gate *gate)
{
	uint64_t now = atomic_load_explicit(gate, memory_order_relaxed);

	do {
		if (now & VMMIO_GATE_CLOSED)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
		gate, &now, now + VMMIO_GATE_PASS, memory_order_acquire, memory_order_relaxed));
	return true;
}

/* What a change of a closed gate from before to after has brought about. */
static inline unsigned vmmio_gate_events(uint64_t before, uint64_t after)
{
	unsigned events = 0;

	if (!(after & VMMIO_GATE_CLOSED))
		return 0;
	if ((after & ~VMMIO_GATE_CLOSED) < VMMIO_GATE_PASS &&
		(before & ~VMMIO_GATE_CLOSED) >= VMMIO_GATE_PASS)
		events |= GATE_QUIET;
	if (after == VMMIO_GATE_CLOSED)
		events |= GATE_DRAINED;
	return events;
}

/* A pass becomes n leases (n may be 0: it only leaves). */
static inline unsigned vmmio_gate_leave(vmmio_gate *gate, uint32_t n)
{
	uint64_t change = n - VMMIO_GATE_PASS; /* modulo 2^64 */
	uint64_t before = atomic_fetch_add_explicit(gate, change, memory_order_acq_rel);

	return vmmio_gate_events(before, before + change);
}

/* n > 0 leases come back. */
static inline unsigned vmmio_gate_return(vmmio_gate *gate, uint32_t n)
{
	uint64_t before = atomic_fetch_sub_explicit(gate, n, memory_order_acq_rel);

	return vmmio_gate_events(before, before - n);
}

/* The gate must be open. What is not told here is told by a leaver. */
static inline unsigned vmmio_gate_close(vmmio_gate *gate)
{
	uint64_t before = atomic_fetch_or_explicit(gate, VMMIO_GATE_CLOSED, memory_order_acq_rel);

	return (before < VMMIO_GATE_PASS ? GATE_QUIET : 0) | (before == 0 ? GATE_DRAINED : 0);
}

/* A pass of a gate that is closed. true: it was drained, and will be told so once more. */
static inline bool vmmio_gate_force(vmmio_gate *gate)
{
	return atomic_fetch_add_explicit(gate, VMMIO_GATE_PASS, memory_order_acq_rel) ==
	       VMMIO_GATE_CLOSED;
}

enum { GATE_NOT_NOW, GATE_WAS_DRAINED, GATE_WAS_NOT_DRAINED };

/* Opens a closed gate with what is inside. GATE_WAS_NOT_DRAINED: this closing will not be
 * told to have drained any more. all_noted false: if it is drained, whoever drained it has
 * yet to say so, and the gate stays closed (GATE_NOT_NOW). */
static inline int vmmio_gate_reopen(vmmio_gate *gate, bool all_noted)
{
	uint64_t now = atomic_load_explicit(gate, memory_order_relaxed);

	do {
		if (now == VMMIO_GATE_CLOSED && !all_noted)
			return GATE_NOT_NOW;
	} while (!atomic_compare_exchange_weak_explicit(gate, &now, now & ~VMMIO_GATE_CLOSED,
		memory_order_acq_rel, memory_order_relaxed));
	return now == VMMIO_GATE_CLOSED ? GATE_WAS_DRAINED : GATE_WAS_NOT_DRAINED;
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

static inline uint32_t vmmio_gate_leases(vmmio_gate *gate)
{
	return (uint32_t)atomic_load_explicit(gate, memory_order_relaxed);
}

#endif
