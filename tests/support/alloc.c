/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counts allocations, remembers the live ones, and lets one fail on demand.
 *
 * Everything is a relaxed atomic: a lock here would order the threads of the code under
 * test, and hide its data races from ThreadSanitizer.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/alloc.h"
#include "support/fixture.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);

void __real_send_failure_info(const char *text);
void __real_send_loc_info(const char *file, int line);
void __real_send_ctx_info(int context);
void __real_send_duration_info(int duration);
void __wrap_send_failure_info(const char *text);
void __wrap_send_loc_info(const char *file, int line);
void __wrap_send_ctx_info(int context);
void __wrap_send_duration_info(int duration);

/* A block may sit in any of WINDOW slots from its hash on; the table is far larger than any
 * test needs, so a window that is full (the block is then not watched) is a freak. */
#define SLOTS (1u << 18)
#define WINDOW 128u
#define LENT_PAGE ((size_t)4096)

struct slot {
	_Atomic uintptr_t block; /* inverted, so that LeakSanitizer sees no pointer here; 0: free */
	_Atomic size_t size;
	_Atomic uintptr_t caller;
};

static struct slot slots[SLOTS];
static atomic_size_t calls;
static atomic_size_t fail_at; /* the number of the call that fails, 0: none */
static atomic_bool fail_for_ever;
static _Thread_local bool in_libcheck;
static void (*_Atomic on_refusal)(const void *caller);
/* Changed while one thread allocates. */
static uintptr_t arena;
static size_t arena_size;
static atomic_size_t arena_used;

static struct slot *slot_at(const void *block, unsigned i)
{
	uint64_t hash = ((uintptr_t)block >> 4) * UINT64_C(0x9e3779b97f4a7c15);

	return &slots[((hash >> 40) + i) % SLOTS];
}

static void *remember(void *block, size_t size, const void *caller)
{
	if (in_libcheck)
		return block;
	for (unsigned i = 0; block && i < WINDOW; i++) {
		struct slot *slot = slot_at(block, i);
		uintptr_t empty = 0;

		if (atomic_compare_exchange_strong_explicit(&slot->block, &empty,
			    ~(uintptr_t)block, memory_order_relaxed, memory_order_relaxed)) {
			atomic_store_explicit(&slot->size, size, memory_order_relaxed);
			atomic_store_explicit(&slot->caller, (uintptr_t)caller,
				memory_order_relaxed);
			break;
		}
	}
	return block;
}

/* Blocks from unwrapped calls (getline, libcheck) are not there; that is fine. */
static void forget(const void *block)
{
	for (unsigned i = 0; block && i < WINDOW; i++) {
		struct slot *slot = slot_at(block, i);

		if (atomic_load_explicit(&slot->block, memory_order_relaxed) ==
			~(uintptr_t)block) {
			atomic_store_explicit(&slot->block, 0, memory_order_relaxed);
			return;
		}
	}
}

static bool must_fail(const void *caller)
{
	void (*tell)(const void *where) = atomic_load_explicit(&on_refusal, memory_order_relaxed);
	size_t call, at;

	if (in_libcheck)
		return false;
	call = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed) + 1;
	at = atomic_load_explicit(&fail_at, memory_order_relaxed);
	if (at == 0 || call < at)
		return false;
	if (call > at && !atomic_load_explicit(&fail_for_ever, memory_order_relaxed))
		return false;
	if (tell)
		tell(caller);
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	return remember(__real_malloc(size), size, __builtin_return_address(0));
}

void *__wrap_calloc(size_t n, size_t size)
{
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	return remember(__real_calloc(n, size), n * size, __builtin_return_address(0));
}

void *__wrap_realloc(void *block, size_t size)
{
	void *moved;

	if (must_fail(__builtin_return_address(0)))
		return NULL;
	/* Forgotten first: another thread may get the old address at once. */
	forget(block);
	moved = __real_realloc(block, size);
	if (!moved && size)
		remember(block, 0, __builtin_return_address(0));
	return remember(moved, size, __builtin_return_address(0));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	if (must_fail(__builtin_return_address(0)))
		return NULL;
	return remember(__real_aligned_alloc(alignment, size), size, __builtin_return_address(0));
}

void alloc_on_refusal(void (*fn)(const void *caller))
{
	atomic_store_explicit(&on_refusal, fn, memory_order_relaxed);
}

void alloc_lend(void *memory, size_t size)
{
	arena = (uintptr_t)memory;
	arena_size = size;
	atomic_store_explicit(&arena_used, 0, memory_order_relaxed);
}

bool alloc_is_lent(const void *block)
{
	return (uintptr_t)block - arena < arena_size;
}

static bool take_lent(void **out, size_t alignment, size_t size)
{
	size_t at;

	if (!arena_size || alignment % LENT_PAGE)
		return false;
	size = (size + LENT_PAGE - 1) & ~(LENT_PAGE - 1);
	at = atomic_fetch_add_explicit(&arena_used, size, memory_order_relaxed);
	if (at >= arena_size || arena_size - at < size || (arena + at) % alignment)
		return false;
	*out = (void *)(arena + at);
	return true;
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
	int error = 0;

	if (must_fail(__builtin_return_address(0)))
		return ENOMEM;
	if (!take_lent(out, alignment, size))
		error = __real_posix_memalign(out, alignment, size);
	if (!error)
		remember(*out, size, __builtin_return_address(0));
	return error;
}

void __wrap_free(void *block)
{
	forget(block);
	if (!alloc_is_lent(block))
		__real_free(block);
}

char *__wrap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy;

	if (must_fail(__builtin_return_address(0)))
		return NULL;
	copy = __real_malloc(size);
	if (copy)
		memcpy(copy, text, size);
	return remember(copy, size, __builtin_return_address(0));
}

void *alloc_quiet(size_t size)
{
	void *block = __real_malloc(size);

	if (!block)
		abort();
	return block;
}

void alloc_quiet_free(void *block)
{
	__real_free(block);
}

/*
 * libcheck tells the parent about every assertion in these, and allocates for it. The parent
 * moves all that is left of a test's messages for each one that it reads: of a test that
 * asserts in a loop only the first places are told, and the one that fails. Of a crash behind
 * them libcheck names the last of these places.
 */
#define TOLD 1000u

static _Thread_local const char *last_file;
static _Thread_local int last_line;

void __wrap_send_failure_info(const char *text)
{
	in_libcheck = true;
	if (last_file)
		__real_send_loc_info(last_file, last_line);
	__real_send_failure_info(text);
	in_libcheck = false;
}

void __wrap_send_loc_info(const char *file, int line)
{
	static atomic_uint told;

	if (file == last_file && line == last_line)
		return;
	last_file = file;
	last_line = line;
	if (atomic_load_explicit(&told, memory_order_relaxed) >= TOLD)
		return;
	atomic_fetch_add_explicit(&told, 1, memory_order_relaxed);
	in_libcheck = true;
	__real_send_loc_info(file, line);
	in_libcheck = false;
}

void __wrap_send_ctx_info(int context)
{
	in_libcheck = true;
	__real_send_ctx_info(context);
	in_libcheck = false;
}

void __wrap_send_duration_info(int duration)
{
	in_libcheck = true;
	__real_send_duration_info(duration);
	in_libcheck = false;
}

void alloc_begin(void)
{
	fixture_fail_alloc(0, false);
	for (unsigned i = 0; i < SLOTS; i++) {
		/* Reads first: an untouched page of the table stays untouched. */
		if (atomic_load_explicit(&slots[i].block, memory_order_relaxed))
			atomic_store_explicit(&slots[i].block, 0, memory_order_relaxed);
	}
}

size_t alloc_leaks(struct alloc_leak *leaks, size_t max)
{
	size_t n = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		if (!atomic_load_explicit(&slots[i].block, memory_order_relaxed))
			continue;
		if (n < max) {
			leaks[n].size = atomic_load_explicit(&slots[i].size, memory_order_relaxed);
			leaks[n].caller = (const void *)atomic_load_explicit(
				&slots[i].caller, memory_order_relaxed);
		}
		n++;
	}
	return n;
}

void fixture_fail_alloc(unsigned n, bool for_ever)
{
	size_t now = atomic_load_explicit(&calls, memory_order_relaxed);

	/* Off before the new setting, so that a running thread never mixes the two. */
	atomic_store_explicit(&fail_at, 0, memory_order_relaxed);
	atomic_store_explicit(&fail_for_ever, for_ever, memory_order_relaxed);
	atomic_store_explicit(&fail_at, n ? now + n : 0, memory_order_relaxed);
}

size_t fixture_allocs(void)
{
	return atomic_load_explicit(&calls, memory_order_relaxed);
}
