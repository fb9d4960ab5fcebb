/* SPDX-License-Identifier: BSD-3-Clause */
/* Zero from two vCPUs, among other Status writes: F-16. */
#include <sched.h>

#include "hostile/f_rig.h"

#define WRITES 125000u /* of each vCPU and variant: a million in all */

struct writer {
	struct rig *rig;
	uint32_t seed;
	unsigned refused;
};

static void *write_status(void *arg)
{
	static const uint32_t values[] = {0, 1, 3, 0xb, 0xf, 0xb, 0xf, 0};
	struct writer *w = arg;

	for (unsigned i = 0; i < WRITES; i++) {
		w->seed = w->seed * 1664525u + 1013904223u;
		/* So that FEATURES_OK, and with it a start and a whole reset, can be had. */
		if (i % 32 == 0) {
			rig_write(w->rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
			rig_write(w->rig, VMMIO_REG_DRIVER_FEATURES, 1);
			rig_write(w->rig, VMMIO_REG_STATUS, 0xb);
			rig_write(w->rig, VMMIO_REG_STATUS, 0xf);
			sched_yield();
		}
		/* A check each time would take most of the time. */
		w->refused += rig_write(w->rig, VMMIO_REG_STATUS, values[w->seed >> 24 & 7]) != 0;
	}
	return NULL;
}

/* So that other threads get in between. It does not yield: a busy machine would take long to come
 * back. */
static void linger(void *ctx)
{
	static _Atomic unsigned turns;

	(void)ctx;
	for (int i = 0; i < 1000; i++)
		atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed);
}

START_TEST(zero_from_two_vcpus)
{
	const struct puppet puppet = {
		.cancel = true, .in_start = linger, .in_quiesce = linger, .in_finish = linger};
	struct rig_options o = {.version = rig_version(_i),
		.packed = rig_packed(_i),
		.puppet = &puppet,
		.pool = true};
	struct rig *rig = rig_create(&o);
	struct writer w[2] = {{rig, 1, 0}, {rig, 77, 0}};
	pthread_t vcpu[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&vcpu[i], NULL, write_status, &w[i]), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(vcpu[i], NULL);
	ck_assert_uint_eq(w[0].refused + w[1].refused, 0);
	rig_reset(rig);
	check_zero(rig);
	/* Real resets, one at a time, and one callback for each (R5): every life that began is
	 * ended once. */
	ck_assert_uint_gt(rig->puppet->quiesces, 0);
	ck_assert_uint_eq(rig->puppet->quiesces, rig->puppet->starts);
	ck_assert_uint_eq(rig->puppet->hooks_overlapped, 0);
	ck_assert_uint_le(rig->puppet->finishes, rig_counters(rig).resets);
	rig_up(rig);
	for (unsigned q = 0; q < 2; q++) {
		rig_add(rig, q, NULL);
		WAIT_UNTIL(rig_held(rig));
		ck_assert(rig_complete(rig, 0, 64));
		ck_assert_int_eq(rig_reap(rig, q), 1);
	}
	rig_free(rig);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_16", zero_from_two_vcpus, RIG_VARIANTS},
		{NULL, NULL, 0},
	};

	return f_main("f_two_vcpus", rows);
}
