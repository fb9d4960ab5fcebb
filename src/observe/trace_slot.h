/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One place of the trace's ring, step by step, so that tests can stop between two steps.
 *
 * A slot's state is 2n + 1 while entry n is being written and 2n + 2 when it is there; it only
 * ever counts up. A writer claims its slot by compare-and-swap from an older "there". If
 * it finds a slow writer of an earlier lap inside, or is itself so slow that a later lap
 * has been, it gives its entry up and says so in skipped, for readers that would wait for it.
 *
 * The words of an entry are stored with release and loaded with acquire: a reader that sees
 * a word of a later entry also sees, afterwards, that the state has changed.
 */
#ifndef VMMIO_OBSERVE_TRACE_SLOT_H
#define VMMIO_OBSERVE_TRACE_SLOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* An entry in words; its number is the slot state's. */
enum { WORD_ORDER, WORD_BEGAN, WORD_TOOK, WORD_OFFSET, WORD_VALUE, WORD_REST, WORDS };

struct slot {
	_Atomic uint64_t state;
	_Atomic uint64_t skipped; /* 1 + the highest number that was given up here; 0: none */
	_Atomic uint64_t words[WORDS];
};

/* --- Writing -------------------------------------------------------------------- */

static inline void slot_give_up(struct slot *slot, uint64_t number)
{
	uint64_t before = atomic_load_explicit(&slot->skipped, memory_order_relaxed);

	/* Fails only when another writer has raised it: at most once for each of them. */
	while (before < number + 1 &&
		!atomic_compare_exchange_weak_explicit(&slot->skipped, &before, number + 1,
			memory_order_release, memory_order_relaxed))
		;
}

static inline bool slot_claim(struct slot *slot, uint64_t number)
{
	uint64_t state = atomic_load_explicit(&slot->state, memory_order_relaxed);

	if (!(state & 1) && state <= 2 * number &&
		atomic_compare_exchange_strong_explicit(&slot->state, &state, 2 * number + 1,
			memory_order_relaxed, memory_order_relaxed))
		return true;
	slot_give_up(slot, number);
	return false;
}

static inline void slot_put(struct slot *slot, const uint64_t words[WORDS])
{
	for (unsigned i = 0; i < WORDS; i++)
		atomic_store_explicit(&slot->words[i], words[i], memory_order_release);
}

static inline void slot_publish(struct slot *slot, uint64_t number)
{
	atomic_store_explicit(&slot->state, 2 * number + 2, memory_order_release);
}

/* --- Reading -------------------------------------------------------------------- */

enum found { FOUND, FOUND_LOST, FOUND_NOTHING };

static inline enum found slot_look(const struct slot *slot, uint64_t number)
{
	uint64_t skipped = atomic_load_explicit(&slot->skipped, memory_order_acquire);
	uint64_t state = atomic_load_explicit(&slot->state, memory_order_acquire);

	if (state == 2 * number + 2)
		return FOUND;
	return state > 2 * number + 2 || skipped > number ? FOUND_LOST : FOUND_NOTHING;
}

static inline void slot_get(const struct slot *slot, uint64_t words[WORDS])
{
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(&slot->words[i], memory_order_acquire);
}

/* After slot_get: was it all one entry? Relaxed: it cannot move up before acquire loads. */
static inline bool slot_still(const struct slot *slot, uint64_t number)
{
	return atomic_load_explicit(&slot->state, memory_order_relaxed) == 2 * number + 2;
}

#endif
