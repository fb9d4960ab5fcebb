/* SPDX-License-Identifier: BSD-3-Clause */
/* Stores into rings. Each is atomic, for others write there too. */
#ifndef VMMIO_TESTS_PUT_HOSTILE_H
#define VMMIO_TESTS_PUT_HOSTILE_H

#include "hostile/rig_hostile.h"

static inline void put16(void *at, uint16_t value)
{
	__atomic_store_n((uint16_t *)at, vmmio_le16(value), __ATOMIC_RELEASE);
}

static inline void put32(void *at, uint32_t value)
{
	__atomic_store_n((uint32_t *)at, vmmio_le32(value), __ATOMIC_RELEASE);
}

static inline void put64(void *at, uint64_t value)
{
	__atomic_store_n((uint64_t *)at, vmmio_le64(value), __ATOMIC_RELEASE);
}

#endif
