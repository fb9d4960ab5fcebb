/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest memory table, and the object that publishes its versions. */
#include "memory/table.h"
#include "support/fixture.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#define BASE UINT64_C(0x1000)

static char bytes[64 * 64];

static struct vmmio_region region(uint64_t guest, uint64_t size, uint32_t flags)
{
	return (struct vmmio_region){guest, size, bytes, flags};
}

static struct vmmio_memory *create(void)
{
	const struct vmmio_log log = fixture_log();
	struct vmmio_memory *memory = NULL;

	ck_assert_int_eq(vmmio_memory_create(&log, &memory), 0);
	return memory;
}

START_TEST(empty_table_holds_nothing)
{
	struct vmmio_memory *memory = create();

	ck_assert_ptr_null(vmmio_memory_at(memory, 0, 1, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, UINT64_MAX, 1, false));
	ck_assert_uint_eq(vmmio_memory_table(memory)->n, 0);
	ck_assert(vmmio_memory_all_pinned(memory));
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
	ck_assert_int_eq(vmmio_memory_destroy(NULL), 0);
}
END_TEST

START_TEST(bounds_are_exact)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_region r = region(BASE, 64, 0);

	ck_assert_int_eq(vmmio_memory_add(memory, &r), 0);
	ck_assert_ptr_eq(vmmio_memory_at(memory, BASE, 64, true), bytes);
	ck_assert_ptr_eq(vmmio_memory_at(memory, BASE + 63, 1, true), bytes + 63);
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE - 1, 1, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE - 1, 2, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE + 64, 1, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE + 63, 2, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE, 65, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE, 0, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE + 1, UINT64_MAX, false));
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE, UINT64_MAX, false));
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(last_byte_of_the_address_space)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_region top = region(UINT64_MAX - 63, 64, 0);
	const struct vmmio_region beyond = region(UINT64_MAX - 127, 129, 0);

	ck_assert_int_eq(vmmio_memory_add(memory, &top), 0);
	ck_assert_ptr_eq(vmmio_memory_at(memory, UINT64_MAX, 1, true), bytes + 63);
	ck_assert_ptr_null(vmmio_memory_at(memory, UINT64_MAX, 2, true));
	fixture_expect_log("end of the guest's address space");
	ck_assert_int_eq(vmmio_memory_add(memory, &beyond), -EINVAL);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(read_only_region_refuses_writes)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_region r = region(BASE, 64, VMMIO_REGION_READ_ONLY);

	ck_assert_int_eq(vmmio_memory_add(memory, &r), 0);
	ck_assert_ptr_eq(vmmio_memory_at(memory, BASE, 64, false), bytes);
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE, 64, true));
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

static const struct {
	struct vmmio_region region;
	const char *says;
} refused[] = {
	{{BASE, 0, bytes, 0}, "size is 0"},
	{{BASE, 64, NULL, 0}, "host is NULL"},
	{{BASE, 64, bytes, 4}, "unknown flag"},
	{{UINT64_MAX, 2, bytes, 0}, "end of the guest's address space"},
	{{BASE, UINT64_MAX - BASE, bytes, 0}, "end of the host's address space"},
};

START_TEST(bad_region_is_refused_with_its_values)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_memory_table *before = vmmio_memory_table(memory);

	fixture_expect_log(refused[_i].says);
	ck_assert_int_eq(vmmio_memory_add(memory, &refused[_i].region), -EINVAL);
	ck_assert_uint_eq(fixture_logged(refused[_i].says), 1);
	ck_assert_ptr_eq(vmmio_memory_table(memory), before);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

static const struct {
	uint64_t guest, size;
	int ret;
} beside[] = { /* a region that holds 0x1000 to 0x103f */
	{0x1000, 64, -EEXIST}, {0x1010, 16, -EEXIST}, {0x0fff, 2, -EEXIST}, {0x103f, 1, -EEXIST},
	{0x0f00, 0x400, -EEXIST}, {0x0fff, 1, 0}, {0x1040, 1, 0}, {0, 0x1000, 0},
	{0, 0x1001, -EEXIST},
};

/* The one that is named is the one that is in the way, not the first there is. */
START_TEST(overlap_names_the_right_region)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_region low = region(0x1000, 64, 0), high = region(0x2000, 64, 0);

	ck_assert_int_eq(vmmio_memory_add(memory, &low), 0);
	ck_assert_int_eq(vmmio_memory_add(memory, &high), 0);
	fixture_expect_log("overlaps the one at 0x2000, 0x40 bytes");
	ck_assert_int_eq(vmmio_memory_add(memory, &high), -EEXIST);
	ck_assert_uint_eq(fixture_logged("overlaps the one at 0x2000, 0x40 bytes"), 1);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

/* Without a log callback a refusal is as quiet as it is firm. */
START_TEST(refusal_without_a_log)
{
	const struct vmmio_region bad = region(BASE, 0, 0);
	struct vmmio_memory *memory;

	ck_assert_int_eq(vmmio_memory_create(NULL, &memory), 0);
	ck_assert_int_eq(vmmio_memory_add(memory, &bad), -EINVAL);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(overlap_is_refused_and_adjacency_is_not)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_region r = region(0x1000, 64, 0);
	const struct vmmio_region other = region(beside[_i].guest, beside[_i].size, 0);

	ck_assert_int_eq(vmmio_memory_add(memory, &r), 0);
	if (beside[_i].ret)
		fixture_expect_log("overlaps the one at 0x1000, 0x40 bytes");
	ck_assert_int_eq(vmmio_memory_add(memory, &other), beside[_i].ret);
	ck_assert_uint_eq(vmmio_memory_table(memory)->n, beside[_i].ret ? 1 : 2);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(any_order_of_adding_finds_all)
{
	struct vmmio_memory *memory = create();
	unsigned i;

	/* 37 is prime to 64: a permutation that is neither rising nor falling. */
	for (i = 0; i < 64; i++) {
		const unsigned k = i * 37 % 64;
		const struct vmmio_region r = {k * 0x100, 64, bytes + k * 64, 0};

		ck_assert_int_eq(vmmio_memory_add(memory, &r), 0);
	}
	for (i = 0; i < 64; i++) {
		ck_assert_ptr_eq(vmmio_memory_at(memory, i * 0x100, 64, true), bytes + i * 64);
		ck_assert_ptr_null(vmmio_memory_at(memory, i * 0x100 + 64, 1, true));
	}
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(stale_hint_is_only_a_guess)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_region high = {0x2000, 64, bytes + 64, 0};
	const struct vmmio_region low = {0x1000, 64, bytes, 0};
	uint32_t hint = 1000;

	ck_assert_int_eq(vmmio_memory_add(memory, &high), 0);
	ck_assert_ptr_nonnull(vmmio_table_find(vmmio_memory_table(memory), 0x2000, &hint));
	ck_assert_uint_eq(hint, 0);
	ck_assert_int_eq(vmmio_memory_add(memory, &low), 0);
	ck_assert_ptr_eq(
		vmmio_table_at(vmmio_memory_table(memory), 0x2000, 1, true, &hint), bytes + 64);
	ck_assert_uint_eq(hint, 1);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(pinned_version_stays_readable)
{
	struct vmmio_memory *memory = create();
	const struct vmmio_region first = region(0x1000, 64, VMMIO_REGION_PINNED);
	const struct vmmio_region second = region(0x2000, 64, 0);
	const struct vmmio_memory_table *old;
	unsigned pin;

	ck_assert_int_eq(vmmio_memory_add(memory, &first), 0);
	ck_assert(vmmio_memory_all_pinned(memory));
	pin = vmmio_memory_pin(memory);
	old = vmmio_memory_table(memory);
	ck_assert_int_eq(vmmio_memory_add(memory, &second), 0);
	ck_assert(!vmmio_memory_all_pinned(memory));
	ck_assert_ptr_eq(vmmio_table_at(old, 0x1000, 64, true, NULL), bytes);
	ck_assert_ptr_null(vmmio_table_at(old, 0x2000, 64, true, NULL));
	vmmio_memory_unpin(memory, pin);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

static uint64_t reaches_nothing(struct vmmio_memory_user *user, struct vmmio_memory_look *look)
{
	(void)user;
	(void)look;
	return 0;
}

START_TEST(destroy_waits_for_users)
{
	struct vmmio_memory_user user = {.look = reaches_nothing};
	struct vmmio_memory *memory = create();

	vmmio_memory_use(memory, &user);
	fixture_expect_log("1 devices use it");
	ck_assert_int_eq(vmmio_memory_destroy(memory), -EBUSY);
	vmmio_memory_unuse(memory, &user);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(out_of_memory_changes_nothing)
{
	const struct vmmio_region r = region(BASE, 64, 0);
	struct vmmio_memory *memory = NULL;
	unsigned i;

	for (i = 1; i <= 2; i++) {
		fixture_fail_alloc(i, false);
		ck_assert_int_eq(vmmio_memory_create(NULL, &memory), -ENOMEM);
		ck_assert_ptr_null(memory);
	}
	memory = create();
	fixture_fail_alloc(1, false);
	fixture_expect_log("no host memory");
	ck_assert_int_eq(vmmio_memory_add(memory, &r), -ENOMEM);
	ck_assert_ptr_null(vmmio_memory_at(memory, BASE, 1, false));
	ck_assert_int_eq(vmmio_memory_add(memory, &r), 0);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

START_TEST(null_arguments)
{
	struct vmmio_memory *memory = create();
	uint64_t word = 0;
	const struct vmmio_region r = region(BASE, 64, 0);

	ck_assert_int_eq(vmmio_memory_create(NULL, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_add(memory, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_add(NULL, &r), -EINVAL);
	ck_assert_ptr_null(vmmio_memory_at(NULL, 0, 1, false));
	ck_assert(!vmmio_memory_all_pinned(NULL));
	ck_assert_int_eq(vmmio_memory_remove(NULL, BASE, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_try_remove(NULL, BASE), -EINVAL);
	ck_assert_int_eq(vmmio_memory_invalidate(NULL, 0, 1, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_dirty_start(NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_dirty_stop(NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_dirty_get(NULL, BASE, &word, 1), -EINVAL);
	ck_assert_int_eq(vmmio_memory_dirty_get(memory, BASE, NULL, 1), -EINVAL);
	ck_assert_int_eq(vmmio_memory_destroy(memory), 0);
}
END_TEST

struct race {
	struct vmmio_memory *memory;
	uint64_t first;
	atomic_bool done;
};

static void *add_many(void *arg)
{
	struct race *race = arg;
	unsigned i;

	for (i = 0; i < 100; i++) {
		const struct vmmio_region r = region(race->first + i * 0x200, 64, 0);

		if (vmmio_memory_add(race->memory, &r))
			return arg;
	}
	return NULL;
}

/* A version is seen whole or not at all; none is lost between two writers. */
START_TEST(readers_and_writers_at_once)
{
	struct race even = {create(), 0x1000, false}, odd = {even.memory, 0x1100, false};
	pthread_t a, b;
	void *failed[2];
	uint32_t n = 0;

	ck_assert_int_eq(pthread_create(&a, NULL, add_many, &even), 0);
	ck_assert_int_eq(pthread_create(&b, NULL, add_many, &odd), 0);
	while (n < 200) {
		const unsigned pin = vmmio_memory_pin(even.memory);
		const struct vmmio_memory_table *table = vmmio_memory_table(even.memory);
		uint32_t i;

		ck_assert_uint_ge(table->n, n);
		n = table->n;
		for (i = 0; i < n; i++)
			ck_assert_ptr_eq(table->region[i].host, bytes);
		vmmio_memory_unpin(even.memory, pin);
	}
	pthread_join(a, &failed[0]);
	pthread_join(b, &failed[1]);
	ck_assert_ptr_null(failed[0]);
	ck_assert_ptr_null(failed[1]);
	ck_assert_int_eq(vmmio_memory_destroy(even.memory), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory");
	TCase *tc = fixture_tcase(s, "table");

	tcase_add_test(tc, empty_table_holds_nothing);
	tcase_add_test(tc, bounds_are_exact);
	tcase_add_test(tc, last_byte_of_the_address_space);
	tcase_add_test(tc, read_only_region_refuses_writes);
	tcase_add_loop_test(tc, bad_region_is_refused_with_its_values, 0,
		(int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_loop_test(tc, overlap_is_refused_and_adjacency_is_not, 0,
		(int)(sizeof(beside) / sizeof(beside[0])));
	tcase_add_test(tc, any_order_of_adding_finds_all);
	tcase_add_test(tc, stale_hint_is_only_a_guess);
	tc = fixture_tcase(s, "object");
	tcase_add_test(tc, pinned_version_stays_readable);
	tcase_add_test(tc, destroy_waits_for_users);
	tcase_add_test(tc, out_of_memory_changes_nothing);
	tcase_add_test(tc, null_arguments);
	tcase_add_test(tc, overlap_names_the_right_region);
	tcase_add_test(tc, refusal_without_a_log);
	tcase_add_test(tc, readers_and_writers_at_once);
	return fixture_main(s);
}
