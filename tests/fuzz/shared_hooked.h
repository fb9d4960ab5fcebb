/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The queue's accessors of shared memory, with a hook behind each load. Included before its
 * sources, which so are compiled with them: what the driver may do between two accesses
 * happens there, and always in the same place.
 */
#ifndef VMMIO_TESTS_FUZZ_SHARED_HOOKED_H
#define VMMIO_TESTS_FUZZ_SHARED_HOOKED_H

#define shared_load16 plain_load16
#define shared_load16_acquire plain_load16_acquire
#define shared_load32 plain_load32
#define shared_load64 plain_load64
#define shared_copy plain_copy
#include "queue/shared.h"
#undef shared_load16
#undef shared_load16_acquire
#undef shared_load32
#undef shared_load64
#undef shared_copy

/* n bytes have just been loaded. */
void fuzz_loaded(const void *from, size_t n);

static inline uint16_t shared_load16(const void *from)
{
	const uint16_t value = plain_load16(from);

	fuzz_loaded(from, sizeof(value));
	return value;
}

static inline uint16_t shared_load16_acquire(const void *from)
{
	const uint16_t value = plain_load16_acquire(from);

	fuzz_loaded(from, sizeof(value));
	return value;
}

static inline uint32_t shared_load32(const void *from)
{
	const uint32_t value = plain_load32(from);

	fuzz_loaded(from, sizeof(value));
	return value;
}

static inline uint64_t shared_load64(const void *from)
{
	const uint64_t value = plain_load64(from);

	fuzz_loaded(from, sizeof(value));
	return value;
}

static inline void shared_copy(void *to, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		plain_copy((char *)to + i, (const char *)from + i, 1);
		fuzz_loaded((const char *)from + i, 1);
	}
}

#endif
