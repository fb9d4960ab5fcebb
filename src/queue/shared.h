/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access to ring memory that driver and device share.
 *
 * Who writes what
 * ---------------
 *   split:  descriptor table, available ring (flags, idx, ring[], used_event): driver.
 *           used ring (flags, idx, ring[], avail_event): device.
 *   packed: descriptor ring: both. The driver fills a descriptor and hands it over with
 *           its flags; the device overwrites len, id and flags and hands it back with
 *           the flags. Driver Area: driver. Device Area: device.
 * A correct driver obeys this; nothing stops another from writing anything at any time,
 * so no byte is read twice: a field is copied out and only the copy is judged and used.
 *
 * Why indices wrap
 * ----------------
 * A split idx counts buffers for ever in 16 bits; its slot is idx modulo the size, which
 * divides 65536. Differences are taken in 16 bits, so they come out right across the
 * wrap, and one larger than the size is a driver's lie. A packed position runs to the
 * size and starts again, whatever the size; the wrap counter tells the laps apart.
 *
 * What each barrier pairs with
 * ----------------------------
 *   acquire of avail idx (split), of the first descriptor's flags (packed):
 *       the driver's write barrier between the descriptors and that store. It covers
 *       everything the buffer refers to, so what follows may be relaxed.
 *   release of used idx (split), of a batch's first used flags (packed):
 *       the driver's read barrier after loading them. It covers the used entries and
 *       what the device wrote into the buffers.
 *   full fence between our store and a load of what the driver stored (used idx, then its
 *   event; our event, then avail idx):
 *       the same fence on the driver's side with the two swapped. Each side stores first
 *       and looks second, so at least one of them sees the other: without it a
 *       notification is lost, and the queue hangs.
 *
 * The helpers are atomic so that no access is torn, repeated or invented by the compiler.
 * A pointer must be aligned to the width, except for shared_copy.
 */
#ifndef VMMIO_QUEUE_SHARED_H
#define VMMIO_QUEUE_SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t shared_load16(const void *from)
{
	return atomic_load_explicit((const _Atomic uint16_t *)from, memory_order_relaxed);
}

static inline uint16_t shared_load16_acquire(const void *from)
{
	return atomic_load_explicit((const _Atomic uint16_t *)from, memory_order_acquire);
}

static inline uint32_t shared_load32(const void *from)
{
	return atomic_load_explicit((const _Atomic uint32_t *)from, memory_order_relaxed);
}

static inline uint64_t shared_load64(const void *from)
{
	return atomic_load_explicit((const _Atomic uint64_t *)from, memory_order_relaxed);
}

static inline void shared_store16(void *to, uint16_t value)
{
	atomic_store_explicit((_Atomic uint16_t *)to, value, memory_order_relaxed);
}

static inline void shared_store16_release(void *to, uint16_t value)
{
	atomic_store_explicit((_Atomic uint16_t *)to, value, memory_order_release);
}

static inline void shared_store32(void *to, uint32_t value)
{
	atomic_store_explicit((_Atomic uint32_t *)to, value, memory_order_relaxed);
}

/* Any alignment; bytes may be of different moments, each is read once. */
static inline void shared_copy(void *to, const void *from, size_t n)
{
	const _Atomic unsigned char *source = from;
	unsigned char *target = to;

	while (n--)
		*target++ = atomic_load_explicit(source++, memory_order_relaxed);
}

static inline void shared_fence(void)
{
	/* GCC warns that its thread sanitizer does not model fences. It need not: this one
	 * orders a store before a load, which is no edge the sanitizer looks for. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan"
#endif
	atomic_thread_fence(memory_order_seq_cst);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
}

#endif
