/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The allocations of the library and of the tests, seen through the linker's --wrap.
 * Used by the fixture; tests use fixture.h.
 */
#ifndef VMMIO_TESTS_ALLOC_H
#define VMMIO_TESTS_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Forgets all blocks there are, and lets no allocation fail. */
void alloc_begin(void);

/* A block allocated since alloc_begin and not freed. */
struct alloc_leak {
	size_t size;
	const void *caller; /* the address the allocating call returns to */
};

/* How many there are; the first max are copied to leaks. */
size_t alloc_leaks(struct alloc_leak *leaks, size_t max);

/* Called for each allocation that is made to fail, on its thread, with the address that it returns
 * to. NULL: nobody. */
void alloc_on_refusal(void (*fn)(const void *caller));

/*
 * From now on posix_memalign takes blocks of whole pages from [arena, arena + size), as long
 * as there is room. Each address is given out once; free only takes it off the list of live
 * blocks. The arena is the caller's, page-aligned. size 0: no more, and no block of it is live.
 * While no other thread allocates.
 */
void alloc_lend(void *arena, size_t size);
/* Whether block is from there. */
bool alloc_is_lent(const void *block);

/* Memory that is neither counted nor made to fail. Never NULL. */
void *alloc_quiet(size_t size);
void alloc_quiet_free(void *block);

#endif
