/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-33 and 34: what must not outlive a reset. Nothing is raised after Status has read 0,
 * however busy the backend is; and whatever a driver did before, the device it finds is the one
 * that was created.
 */
#include <stdio.h>
#include <unistd.h>

#include <vmmio/regfile.h>

#include "hostile/hd_life.h"
#include "hostile/hd_life_parts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- HD-33: no interrupt after Status 0 ------------------------------------------------------------ */

#define ROUNDS 40
#define LOOKS 20000

struct raiser {
	struct rig *rig;
	_Atomic bool stop;
	_Atomic unsigned laps;
};

/* A backend that never stops: it completes what there is and changes config space. */
static void *raise_all(void *arg)
{
	struct raiser *r = arg;

	for (uint8_t n = 0; !atomic_load(&r->stop); n++) {
		rig_complete_all(r->rig);
		vmmio_device_config_change(r->rig->dev, 8, &n, 1);
		atomic_fetch_add(&r->laps, 1);
	}
	return NULL;
}

static uint64_t pulses(const struct rig *rig)
{
	uint64_t n = 0;

	return rig->eventfd >= 0 && read(rig->eventfd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* Status has read 0: from here on there is silence, however often one looks. */
static void expect_silence(struct rig *rig, const struct raiser *r)
{
	const unsigned edges = atomic_load(&rig->edges), laps = atomic_load(&r->laps);

	pulses(rig); /* one written before the end of the reset may still be there */
	for (unsigned i = 0; i < LOOKS || atomic_load(&r->laps) - laps < 4; i++)
		hd_check(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS) == 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(atomic_load(&rig->edges), edges);
	ck_assert(!atomic_load(&rig->line));
	ck_assert_uint_eq(pulses(rig), 0);
}

/* Beside the variants: with an eventfd for the line. */
START_TEST(silence_after_a_reset)
{
	struct rig *rig = hd_rig_with(_i, (struct rig_options){.pool = true, .eventfd = _i & 4});
	struct raiser r = {.rig = rig};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, raise_all, &r), 0);
	for (unsigned round = 0; round < ROUNDS; round++) {
		rig_up(rig);
		for (unsigned i = 0; i < 4; i++)
			rig_add(rig, i % HD_QUEUES, NULL);
		rig_reset(rig);
		expect_silence(rig, &r);
	}
	atomic_store(&r.stop, true);
	pthread_join(thread, NULL);
	hd_end(rig);
}
END_TEST

/* --- HD-34: the state after a reset is the state after creation -------------------------------------- */

#define PROGRAMS 150
#define STEPS 60

static uint32_t pick(uint64_t *seed, const uint32_t *values, size_t n)
{
	return values[hd_random(seed) % n];
}

static void write_status(struct rig *rig, uint64_t *seed)
{
	static const uint32_t values[] = {0, 1, 2, 3, 7, 8, 0xb, 0xb, 0xf, 0xf, 0xf, 0x10, 0x1f,
		0x20, 0x40, 0x80, 0x8f, 0xff, 0x100, 0xffffff00};

	rig_write(rig, VMMIO_REG_STATUS, pick(seed, values, COUNT(values)));
}

static void write_any(struct rig *rig, uint64_t *seed)
{
	static const uint32_t values[] = {0, 0, 1, 1, 2, 3, 4, 8, 16, 17, 0xffff, 0x10000, 0x80001000,
		0x80002000, 0x80003000, 0x800ff000, 0x80100000, 0x30000000, 0xffffffff};
	size_t n;
	const struct vmmio_reg_row *rows = vmmio_reg_rows(&n);
	const struct vmmio_reg_row *row = &rows[hd_random(seed) % n];

	if (row->offset != VMMIO_REG_STATUS)
		rig_write(rig, row->offset, pick(seed, values, COUNT(values)));
}

static void write_config(struct rig *rig, uint64_t *seed)
{
	const uint64_t at = hd_random(seed) % (HD_CONFIG + 8);
	const unsigned size = 1u << hd_random(seed) % 4;

	vmmio_device_write(rig->dev, VMMIO_REG_CONFIG + at, size, hd_random(seed));
}

static void start_and_add(struct rig *rig, uint64_t *seed)
{
	const uint16_t size = (uint16_t)(4u << hd_random(seed) % 3);

	if (vmmio_driver_start(rig->driver, rig_features(rig), HD_QUEUES, size))
		return;
	rig_settle(rig);
	for (unsigned i = 0; i < 2; i++)
		rig_add(rig, (unsigned)hd_random(seed) % HD_QUEUES, NULL);
}

/* What the backend does on its own. */
static void act(struct rig *rig, uint64_t *seed)
{
	const uint32_t value = (uint32_t)hd_random(seed);

	switch (hd_random(seed) % 3) {
	case 0:
		rig_complete(rig, 0, value % 65);
		break;
	case 1:
		vmmio_device_config_change(rig->dev, value % 60, &value, 4);
		break;
	default:
		/* Of a device that nobody uses it would be told to the next driver (E11). */
		if (rig_read(rig, VMMIO_REG_STATUS))
			vmmio_device_needs_reset(rig->dev, "because");
	}
}

static void step(struct rig *rig, uint64_t *seed)
{
	switch (hd_random(seed) % 16) {
	case 0:
		start_and_add(rig, seed);
		break;
	case 1:
	case 2:
		write_status(rig, seed);
		break;
	case 3:
	case 4:
		write_config(rig, seed);
		break;
	case 5:
	case 6:
		act(rig, seed);
		break;
	case 7:
	case 8:
		vmmio_manual_run(rig->ex, hd_random(seed) % 4);
		break;
	default:
		write_any(rig, seed);
	}
}

START_TEST(state_after_a_reset)
{
	struct rig *rig = hd_rig(_i, &(struct puppet){.cancel = true});
	struct hd_state fresh, now;
	unsigned moved = 0;

	hd_look(rig, &fresh);
	for (uint64_t program = 1; program <= PROGRAMS; program++) {
		uint64_t seed = program * UINT64_C(0x9e3779b97f4a7c15);
		char when[40];

		for (unsigned i = 0; i < STEPS; i++)
			step(rig, &seed);
		moved += rig_read(rig, VMMIO_REG_STATUS) != 0;
		rig_reset(rig);
		rig_settle(rig);
		snprintf(when, sizeof(when), "after program %u", (unsigned)program);
		hd_look(rig, &now);
		hd_same(&fresh, &now, when);
		ck_assert(!atomic_load(&rig->line));
		ck_assert_uint_eq(rig_counters(rig).leases, 0);
		if (program % 10 == 0) { /* private indices cannot be seen, but felt */
			rig_up(rig);
			rig_check_io(rig);
		}
	}
	ck_assert_uint_gt(moved, PROGRAMS / 2);
	hd_end(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hd_life");

	tcase_add_loop_test(fixture_tcase(s, "hd_33"), silence_after_a_reset, 0, 2 * RIG_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_34"), state_after_a_reset, 0, RIG_VARIANTS);
	hd_life_kicks(s);
	hd_life_memory(s);
	hd_life_crowd(s);
	return fixture_main(s);
}
