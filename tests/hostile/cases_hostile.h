/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tables of cases are written with. */
#ifndef VMMIO_TESTS_CASES_HOSTILE_H
#define VMMIO_TESTS_CASES_HOSTILE_H

#include "hostile/rig_hostile.h"

/* Descriptors of a read of 512 bytes; to: next. */
#define HEADER(to)                                                                                 \
	{                                                                                          \
		H_OUT, 16, F_NEXT, to, 0                                                           \
	}
#define DATA(to)                                                                                   \
	{                                                                                          \
		H_IN, 512, F_NEXT | F_WRITE, to, 0                                                 \
	}
#define STATUS                                                                                     \
	{                                                                                          \
		H_STATUS, 1, F_WRITE, 0, 0                                                         \
	}
#define TABLE(entries)                                                                             \
	{                                                                                          \
		H_TABLE, 16 * (entries), F_INDIRECT, 0, 0                                          \
	}
/* Others in the same places. */
#define READS(addr, len, to)                                                                       \
	{                                                                                          \
		addr, len, F_NEXT, to, 0                                                           \
	}
#define WRITES(addr, len, to)                                                                      \
	{                                                                                          \
		addr, len, F_NEXT | F_WRITE, to, 0                                                 \
	}
#define LAST(addr, len)                                                                            \
	{                                                                                          \
		addr, len, F_WRITE, 0, 0                                                           \
	}

#define BOTH(verdict) verdict, verdict
#define FAULT(name) BOTH(VMMIO_FAULT_##name)

#define HD(number) START_TEST(hd_##number)

#endif
