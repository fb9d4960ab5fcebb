/* SPDX-License-Identifier: BSD-3-Clause */
/* F-31: the makers are run, and what was refused is noted; and a device that runs. */
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile/f_alloc.h"
#include "support/alloc.h"

#define SITES 64u

static const char *_Atomic inside; /* of which function; NULL: none */
static unsigned number;            /* which allocation is refused, counted over all calls */
static bool for_ever;
static size_t tried; /* allocations in earlier calls of this run */
static size_t began; /* fixture_allocs when the present call began */
static const void *sites[SITES];
static const char *functions[SITES];
static _Atomic unsigned n_refused;

static void refused(const void *caller)
{
	unsigned n = atomic_fetch_add(&n_refused, 1);

	if (n < SITES) {
		sites[n] = caller;
		functions[n] = atomic_load(&inside);
	}
}

void f_alloc_enter(const char *function)
{
	began = fixture_allocs();
	atomic_store(&inside, function);
	if (for_ever && number <= tried)
		fixture_fail_alloc(1, true);
	else if (number > tried)
		fixture_fail_alloc((unsigned)(number - tried), for_ever);
}

void f_alloc_leave(void)
{
	fixture_fail_alloc(0, false);
	atomic_store(&inside, NULL);
	tried += fixture_allocs() - began;
}

static int first_object(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

/* To the file that alloc_sites.sh names: each function, and each place as objdump shows it. */
static void note(void)
{
	const char *path = getenv("F_ALLOC_NOTES");
	unsigned n = atomic_exchange(&n_refused, 0);
	uintptr_t base = 0;
	char line[128];
	int fd;

	if (!path)
		return;
	dl_iterate_phdr(first_object, &base);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < n && i < SITES; i++) {
		int length = snprintf(line, sizeof(line), "in %s\nat %lx\n", functions[i],
			(unsigned long)((uintptr_t)sites[i] - base));

		ck_assert_int_eq(write(fd, line, (size_t)length), length);
	}
	close(fd);
}

/* false: it got all it asked for. */
static bool refuse(f_maker *make, unsigned n, bool all_after)
{
	unsigned before;
	bool any;
	int err;

	number = n;
	for_ever = all_after;
	tried = 0;
	before = atomic_load(&n_refused);
	err = make();
	any = atomic_load(&n_refused) != before;
	note();
	ck_assert_msg(err == 0 || err == -ENOMEM || err == -EAGAIN, "allocation %u: %d", n, err);
	ck_assert_msg(any || err == 0, "nothing was refused: %d", err);
	return any;
}

/* From the twentieth on every stride-th. */
static void refuse_each(f_maker *const *makers, int i, unsigned stride)
{
	unsigned n = 1;

	alloc_on_refusal(refused);
	fixture_expect_log("");
	for (; refuse(makers[i / 2], n, i & 1); n += n < 20 ? 1 : stride)
		ck_assert_uint_lt(n, 1000);
	ck_assert_uint_gt(n, 1); /* the first one did fail */
}

START_TEST(f31_base)
{
	refuse_each(f_makers_base, _i, 1);
}
END_TEST

START_TEST(f31_driver)
{
	refuse_each(f_makers_driver, _i, 1);
}
END_TEST

START_TEST(f31_devices)
{
	refuse_each(f_makers_devices, _i, 1);
}
END_TEST

/* A play asks for hundreds, at the same places again and again. */
START_TEST(f31_conform)
{
	refuse_each(f_makers_conform, _i, 25);
}
END_TEST

/* What runs, runs without: I/O, a reset, a queue reset; and a start fails as it may (E19). */
START_TEST(f31_running_without_memory)
{
	struct rig *rig = live(_i, NULL);

	fixture_fail_alloc(1, true);
	rig_check_io(rig);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
	rig_add(rig, 1, NULL);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	fixture_fail_alloc(0, false);
	check_zero(rig);
	next_life(rig);
}
END_TEST

/* Each once, and each with all that follow: _i & 1. */
static int times(f_maker *const *makers)
{
	int n = 0;

	while (makers[n])
		n++;
	return 2 * n;
}

int main(void)
{
	const struct f_row rows[] = {
		{"f_31", f31_base, times(f_makers_base)},
		{"f_31", f31_driver, times(f_makers_driver)},
		{"f_31", f31_devices, times(f_makers_devices)},
		{"f_31", f31_conform, times(f_makers_conform)},
		{"f_31", f31_running_without_memory, RIG_VARIANTS},
		{NULL, NULL, 0},
	};

	return f_main("f_alloc", rows);
}
