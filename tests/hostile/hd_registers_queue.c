/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HD-23 to 25 and 42: numbers a driver chooses. Selectors and notifications that name no queue,
 * sizes no ring can have, a queue set up anew while it runs, feature sets no device offered.
 */
#include <errno.h>
#include <string.h>

#include "device/internal.h"
#include "hostile/hd_life.h"
#include "hostile/hd_registers.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Every value a queue register may be poisoned with. */
static const uint32_t poison[] = {0, 1, 2, 5, 0x7fff, 0x8000, 0x10000, 0x10010, 0xffffffff};

static const uint32_t setup_regs[] = {VMMIO_REG_QUEUE_SIZE, VMMIO_REG_QUEUE_DESC_LOW,
	VMMIO_REG_QUEUE_DESC_HIGH, VMMIO_REG_QUEUE_DRIVER_LOW, VMMIO_REG_QUEUE_DRIVER_HIGH,
	VMMIO_REG_QUEUE_DEVICE_LOW, VMMIO_REG_QUEUE_DEVICE_HIGH};

/* --- HD-23 and HD-13: no such queue ------------------------------------------------------------- */

static const uint32_t no_queue[] = {HD_QUEUES, HD_QUEUES + 1, 1023, 1024, 0x7fff, 0x8000, 0xffff,
	0x10000, 0x10001, 0x80000000, 0x80000001, 0xffff0000, 0xffff0001, 0xffffffff};

static void touch_everything(struct rig *rig, uint32_t queue)
{
	rig_write(rig, VMMIO_REG_QUEUE_SEL, queue);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_SIZE_MAX), 0);
	for (unsigned i = 0; i < COUNT(poison); i++) {
		for (unsigned j = 0; j < COUNT(setup_regs); j++)
			rig_write(rig, setup_regs[j], poison[i]);
		rig_write(rig, VMMIO_REG_QUEUE_RESET, poison[i]);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_RESET), 0);
		rig_write(rig, VMMIO_REG_QUEUE_READY, poison[i]);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 0);
	}
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, queue);
	ck_assert_int_eq(vmmio_device_queue_event(rig->dev, queue), -EINVAL);
}

START_TEST(no_such_queue)
{
	struct rig *rig = hd_rig(_i, NULL);
	struct hd_state before, after;

	for (unsigned lap = 0; lap < 2; lap++) {
		const unsigned notifies = atomic_load(&rig->puppet->notifies);

		hd_zero_selectors(rig);
		hd_look(rig, &before);
		for (unsigned i = 0; i < COUNT(no_queue); i++)
			touch_everything(rig, no_queue[i]);
		rig_settle(rig);
		ck_assert_uint_eq(atomic_load(&rig->puppet->notifies), notifies);
		hd_zero_selectors(rig);
		hd_look(rig, &after);
		hd_same(&before, &after, lap ? "running" : "fresh");
		if (lap == 0)
			rig_up(rig);
	}
	rig_check_io(rig);
	hd_end(rig);
}
END_TEST

/* --- HD-24: sizes ------------------------------------------------------------------------------- */

static const uint32_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 0x7fff, 0x8000,
	0x8001, 0xffff, 0x10000, 0x10001, 0x10010, 0x80000010, 0xffffffff};

/* Split rings want a power of two, packed ones do not. */
static bool fits(const struct rig *rig, uint32_t size)
{
	return size >= 1 && size <= HD_SIZE && (rig->o.packed || !(size & (size - 1)));
}

static void expect_broken(struct rig *rig, bool broken)
{
	ck_assert_uint_eq((rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET) != 0, broken);
	ck_assert_uint_eq((rig_read(rig, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_CONFIG_CHANGE) != 0,
		broken);
}

/* Queue 0 of that size, queue 1 a good one; DRIVER_OK and a kick. */
static void start_with(struct rig *rig, uint32_t size)
{
	const struct hd_ring bad = hd_good_ring(0, size), good = hd_good_ring(1, HD_SIZE);

	hd_negotiate(rig, rig_features(rig));
	hd_queue(rig, 0, &bad);
	hd_queue(rig, 1, &good);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 1); /* as written */
	expect_broken(rig, false); /* not before DRIVER_OK */
	rig_write(rig, VMMIO_REG_STATUS, 0xf);
	rig_settle(rig);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_settle(rig);
}

START_TEST(size_of_a_queue)
{
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		struct rig *rig = hd_rig(_i, NULL);
		const uint32_t size = sizes[i];

		memset(rig->ram, 0xff, RIG_RAM_SIZE); /* descriptors, if anybody looks */
		memset(rig->ram + 0x80000, 0, 0x6000);
		start_with(rig, size);
		expect_broken(rig, !fits(rig, size));
		ck_assert_uint_eq(rig_held(rig), 0);
		if (fits(rig, size))
			ck_assert_uint_eq(vmmio_queue_size(vmmio_device_queue(rig->dev, 0)), size);
		rig_reset(rig);
		/* The smallest and the oddest ring that may be used, and one that is. */
		if (fits(rig, size) && size >= 2) {
			ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig),
						 HD_QUEUES, (uint16_t)size), 0);
			rig_settle(rig);
			for (uint32_t n = 0; n < 3 * size; n++)
				rig_check_io(rig);
		}
		hd_end(rig);
	}
}
END_TEST

/* --- HD-25: a queue set up anew while it runs ------------------------------------------------------ */

static void poison_setups(struct rig *rig)
{
	for (unsigned q = 0; q < HD_QUEUES; q++) {
		rig_write(rig, VMMIO_REG_QUEUE_SEL, q);
		for (unsigned i = 0; i < COUNT(poison); i++) {
			for (unsigned j = 0; j < COUNT(setup_regs); j++)
				rig_write(rig, setup_regs[j], poison[i]);
			if (poison[i] != 0)
				rig_write(rig, VMMIO_REG_QUEUE_READY, poison[i]);
			if (poison[i] != 1)
				rig_write(rig, VMMIO_REG_QUEUE_RESET, poison[i]);
			ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 1);
			ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_RESET), 0);
		}
	}
}

/* Ring sizes as they are used, not as registers say. */
static void expect_sizes(struct rig *rig)
{
	for (unsigned q = 0; q < HD_QUEUES; q++)
		ck_assert_uint_eq(vmmio_queue_size(vmmio_device_queue(rig->dev, q)), HD_SIZE);
}

START_TEST(set_up_anew_while_live)
{
	struct rig *rig = hd_rig(_i, NULL);
	struct hd_state before, after;

	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), HD_QUEUES, HD_SIZE), 0);
	/* DRIVER_OK is set; the start is a task that has not run. */
	ck_assert_uint_eq(atomic_load(&rig->puppet->starts), 0);
	hd_zero_selectors(rig);
	hd_look(rig, &before);
	poison_setups(rig);
	rig_settle(rig);
	hd_zero_selectors(rig);
	hd_look(rig, &after);
	hd_same(&before, &after, "between DRIVER_OK and start");
	expect_sizes(rig);
	rig_check_io(rig);
	rig_add(rig, 0, NULL); /* and with a chain out */
	hd_zero_selectors(rig);
	hd_look(rig, &before);
	poison_setups(rig);
	rig_settle(rig);
	hd_zero_selectors(rig);
	hd_look(rig, &after);
	hd_same(&before, &after, "with a chain out");
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	expect_sizes(rig);
	rig_check_io(rig);
	hd_end(rig);
}
END_TEST

/* A stop is legal: what follows it begins a new ring, whatever came before. */
START_TEST(set_up_anew_after_a_stop)
{
	struct rig *rig = hd_rig(_i, &(struct puppet){.cancel = true});
	const struct hd_ring bad = {0xffffffff, 0xfffffffffffff000, 0xfff, 1};

	rig_up(rig);
	rig_add(rig, 0, NULL);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_QUEUE_READY), 0);
	hd_queue(rig, 0, &bad);
	rig_settle(rig);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_settle(rig);
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET, 0);
	ck_assert_uint_eq(rig_held(rig), 0);
	rig_add(rig, 1, NULL); /* the other queue lives on */
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	hd_end(rig);
}
END_TEST

/* --- HD-42: features --------------------------------------------------------------------------------- */

struct features_case {
	uint64_t features; /* written, less packed where that is not offered */
	uint32_t sel, value; /* then this; sel 0, value 0: nothing */
	bool accepted;
};

#define V1 VMMIO_FEATURE(VMMIO_F_VERSION_1)
#define RINGS (VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) | VMMIO_FEATURE(VMMIO_F_EVENT_IDX))

static const struct features_case features_cases[] = {
	{V1, 0, 0, true},
	{V1 | RINGS, 0, 0, true},
	{0, 0, 0, false},			     /* VERSION_1 is missing */
	{RINGS, 0, 0, false},
	{UINT64_MAX, 0, 0, false},
	{V1 | 1, 0, 0, false},			     /* not offered */
	{V1 | VMMIO_FEATURE(23), 0, 0, false},
	{V1 | VMMIO_FEATURE(VMMIO_F_SR_IOV), 0, 0, false},
	{V1 | VMMIO_FEATURE(VMMIO_F_ADMIN_VQ), 0, 0, false},
	{V1 | VMMIO_FEATURE(VMMIO_F_SUSPEND), 0, 0, false},
	{V1 | VMMIO_FEATURE(63), 0, 0, false},
	{V1, 2, 1, false},			     /* bit 64: a word there is, and not offered */
	{V1, 3, 0x80000000, false},
	{V1, 2, 0, true},
	{V1, 4, UINT32_MAX, true},		     /* no such word: not word 0, 1 or 3 */
	{V1, 5, 0, true},			     /* nor is VERSION_1 taken away */
	{V1, 0x10001, 0, true},
	{V1, 0x80000001, 0, true},
	{V1, UINT32_MAX, 0, true},
	{0, 5, 1, false},			     /* nor brought */
	{0, 0x10001, 1, false},
};

START_TEST(feature_sets)
{
	struct rig *rig = hd_rig(_i, NULL);

	for (unsigned i = 0; i < COUNT(features_cases); i++) {
		const struct features_case *c = &features_cases[i];
		uint64_t kept[VMMIO_FEATURE_WORDS], now[VMMIO_FEATURE_WORDS];

		hd_negotiate(rig, 0); /* refused, so it can be asked again */
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 3);
		for (uint32_t word = 0; word < 2; word++) {
			rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, word);
			rig_write(rig, VMMIO_REG_DRIVER_FEATURES,
				(uint32_t)(c->features >> (32 * word)));
		}
		if (c->sel) {
			rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, c->sel);
			rig_write(rig, VMMIO_REG_DRIVER_FEATURES, c->value);
		}
		rig_write(rig, VMMIO_REG_STATUS, 0xb);
		ck_assert_msg((rig_read(rig, VMMIO_REG_STATUS) == 0xb) == c->accepted,
			"case %u: Status 0x%x", i, rig_read(rig, VMMIO_REG_STATUS));
		vmmio_regfile_driver_features(rig->dev->rf, kept);
		for (uint32_t sel = 0; c->accepted && sel < 6; sel++) { /* too late */
			rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, sel);
			rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 0x5a5a5a5a);
			vmmio_regfile_driver_features(rig->dev->rf, now);
			ck_assert_mem_eq(kept, now, sizeof(kept));
			ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0xb);
		}
		/* Without FEATURES_OK no DRIVER_OK. */
		rig_write(rig, VMMIO_REG_STATUS, 7);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), c->accepted ? 0xf : 3);
		rig_reset(rig);
	}
	hd_end(rig);
}
END_TEST

/* Offered words beyond the last read 0, whatever the selector says. */
START_TEST(feature_selectors)
{
	static const uint32_t selectors[] = {2, 3, 4, 5, 0xffff, 0x10000, 0x10001, 0x80000000,
		0x80000001, UINT32_MAX};
	struct rig *rig = hd_rig(_i, NULL);

	for (unsigned i = 0; i < COUNT(selectors); i++) {
		rig_write(rig, VMMIO_REG_DEVICE_FEATURES_SEL, selectors[i]);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_DEVICE_FEATURES), 0);
	}
	hd_end(rig);
}
END_TEST

void hd_registers_queue(Suite *s)
{
	TCase *tc = fixture_tcase(s, "hd_25");

	tcase_add_loop_test(tc, set_up_anew_while_live, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, set_up_anew_after_a_stop, 0, RIG_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_23"), no_such_queue, 0, RIG_VARIANTS);
	tcase_add_loop_test(fixture_tcase(s, "hd_24"), size_of_a_queue, 0, RIG_VARIANTS);
	tc = fixture_tcase(s, "hd_42");
	tcase_add_loop_test(tc, feature_sets, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, feature_selectors, 0, RIG_VARIANTS);
}
