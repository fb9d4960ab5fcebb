/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands in for <stdatomic.h>: Frama-C knows neither _Atomic nor threads.
 *
 * What another thread may store at any time is loaded as any value: the 64-bit atomics (the
 * register file's state word, dirty bits) always, the narrower ones while proof_lockless is
 * set. A compare-and-swap may fail, any number of times. The place itself is always accessed,
 * so a bad pointer shows.
 */
#ifndef PROOF_ATOMIC_H
#define PROOF_ATOMIC_H

#define __FC_STDATOMIC /* its own is left out */

enum memory_order {
	memory_order_relaxed,
	memory_order_acquire,
	memory_order_release,
	memory_order_acq_rel,
	memory_order_seq_cst,
};

extern bool proof_lockless; /* defined by each proof */

/*@ terminates \true; */
static inline uint64_t proof_seen(uint64_t value, size_t size)
{
	return size == 8 || proof_lockless ? any64() : value;
}

/*@ terminates \true; */
static inline bool proof_exchange(uint64_t *at, uint64_t *expected, uint64_t desired)
{
	if (any_bool()) {
		*at = desired;
		return true;
	}
	*expected = any64();
	return false;
}

#define atomic_load_explicit(at, order) \
	((__typeof__(*(at)))proof_seen(*(at), sizeof(*(at))))
#define atomic_store_explicit(at, value, order) ((void)(*(at) = (value)))
#define atomic_fetch_add_explicit(at, value, order) ((void)(*(at) += (value)))
#define atomic_fetch_or_explicit(at, value, order) ((void)(*(at) |= (value)))
#define atomic_compare_exchange_weak_explicit(at, expected, desired, success, failure) \
	proof_exchange(at, expected, desired)
#define atomic_thread_fence(order) ((void)0)

#endif
