/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that cannot be had: F-31. A maker calls public functions that allocate, each through
 * ALLOC, and is run with the first allocation refused, the second ... until all it asks for is
 * given (f_alloc.c). Which function was in its call when one was refused, and where in the
 * library that was, is noted; alloc_sites.sh compares it with what there is.
 */
#ifndef VMMIO_TESTS_F_ALLOC_H
#define VMMIO_TESTS_F_ALLOC_H

#include "hostile/f_rig.h"

/* 0, or an error that means no memory or no thread; else the test fails. */
typedef int f_maker(void);

/* Refusals happen in here only. */
void f_alloc_enter(const char *function);
void f_alloc_leave(void);

/* The value of fn(...), a public function that may allocate. */
#define ALLOC(fn, ...)                                                                             \
	({                                                                                         \
		f_alloc_enter(#fn);                                                                \
		__auto_type result_ = fn(__VA_ARGS__);                                             \
		f_alloc_leave();                                                                   \
		result_;                                                                           \
	})
/* The same of one that returns nothing. */
#define ALLOC_VOID(fn, ...) (f_alloc_enter(#fn), fn(__VA_ARGS__), f_alloc_leave())

/* The makers of a file; NULL ends. */
extern f_maker *const f_makers_base[], *const f_makers_driver[], *const f_makers_devices[],
	*const f_makers_conform[];

#endif
