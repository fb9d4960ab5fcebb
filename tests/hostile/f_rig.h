/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the fault scenarios share. Each is a test case called f_NN, which CTest runs by its
 * name as a test of its own.
 */
#ifndef VMMIO_TESTS_F_RIG_H
#define VMMIO_TESTS_F_RIG_H

#include "integration/host_rig.h"

/* A test, the number it bears, and how often it runs: _i counts from 0. */
struct f_row {
	const char *number;
	const TTest *test;
	int times;
};

/* What main does with its table, which ends with a row of no number. Without a short time-out:
 * what hangs is ended by CTest. */
static inline int f_main(const char *name, const struct f_row *rows)
{
	Suite *suite = suite_create(name);

	for (; rows->number; rows++) {
		TCase *tc = fixture_tcase(suite, rows->number);

		tcase_set_timeout(tc, 300);
		tcase_add_loop_test(tc, rows->test, 0, rows->times);
	}
	return fixture_main(suite);
}

/* A version 3 device with a chain out on each queue, in its reset: the backend has answered
 * and only the chains are waited for. */
static inline struct rig *f_resetting(bool packed)
{
	struct rig_options o = {.version = 3, .packed = packed};
	struct rig *rig = rig_create(&o);

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_add(rig, 1, NULL);
	ck_assert_uint_eq(rig_held(rig), 2);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->quiesces, 1);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	return rig;
}

/* The chains come back, Status reads zero, the next life works; frees it. */
static inline void f_over(struct rig *rig)
{
	rig_complete_all(rig);
	rig_settle(rig);
	check_zero(rig);
	next_life(rig);
}

static inline struct vmmio_executor *f_pool(unsigned max_threads)
{
	struct vmmio_pool_options o = {.size = sizeof(o), .max_threads = max_threads};
	struct vmmio_executor *pool;

	o.log = fixture_log();
	ck_assert_int_eq(vmmio_pool_create(&o, &pool), 0);
	return pool;
}

#endif
