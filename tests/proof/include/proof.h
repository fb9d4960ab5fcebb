/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Included before everything else when Frama-C reads the library: stand-ins for what it
 * does not know of C11 and of GCC. None changes what a bound or an index is.
 */
#ifndef PROOF_H
#define PROOF_H

#include <__fc_builtin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define _Atomic
#define _Alignof(type) 16 /* of max_align_t, the only one asked for */
#define _Alignas(type)
#define _Static_assert(condition, text) extern int proof_static_assert
#define __builtin_expect(value, likely) (value)

typedef long double max_align_t;

/* Any value. */
#define any8() Frama_C_unsigned_char_interval(0, UINT8_MAX)
#define any16() Frama_C_unsigned_short_interval(0, UINT16_MAX)
#define any32() Frama_C_unsigned_int_interval(0, UINT32_MAX)
#define any64() Frama_C_unsigned_long_interval(0, UINT64_MAX)
#define any_up_to(max) Frama_C_unsigned_int_interval(0, max)
#define any_bool() (Frama_C_nondet(0, 1) != 0)
/* Any bytes. */
#define any_object(object) Frama_C_make_unknown((char *)&(object), sizeof(object))

#include "proof_atomic.h"

#endif
