/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's rings: order, notifications, laps, and rings that are wrong. */
#include <errno.h>
#include <string.h>
#include "conform/model_rig.h"
#include "conform/test_model.h"
#include "support/fixture.h"

static struct vmmio_driver_queue *queue;

/* A device that gives each chain back, with one queue of size entries. */
static void start_anything(int loop, uint64_t features, uint32_t size)
{
	const struct model_options options = rig_options(loop, MODEL_ID_ANYTHING);

	rig_create(&options);
	rig_start(loop, features, size);
	queue = vmmio_driver_queue(rig_driver, 0);
}

/* A chain of n pieces. */
static int add(unsigned n)
{
	struct vmmio_driver_seg segs[8];
	const struct vmmio_driver_chain chain = {.in = segs, .n_in = n};

	for (unsigned i = 0; i < n; i++)
		segs[i] = (struct vmmio_driver_seg){rig_buffer.guest + 16 * i, 16};
	return vmmio_driver_queue_add(queue, &chain);
}

static int poll_id(void)
{
	struct vmmio_driver_used used;
	const int got = vmmio_driver_queue_poll(queue, &used);

	return got == 1 ? (int)used.id : got - 1;
}

/* More chains than a 16 bit index counts, of lengths that do not divide the ring. */
START_TEST(many_laps)
{
	const uint32_t size = rig_is_packed(_i) ? 7 : 8;

	start_anything(_i, 0, size);
	for (unsigned i = 0; i < 70000; i++) {
		const int id = add(1 + i % 3);

		if (id < 0)
			ck_abort_msg("chain %u: no room", i);
		vmmio_driver_queue_kick(queue);
		if (poll_id() != id)
			ck_abort_msg("chain %u did not come back", i);
	}
	rig_destroy();
}
END_TEST

START_TEST(order)
{
	for (unsigned in_order = 0; in_order < 2; in_order++) {
		int ids[4];

		start_anything(_i, in_order ? VMMIO_FEATURE(VMMIO_F_IN_ORDER) : 0, 0);
		model_delay_io(rig_model, 10 * MS);
		model_reverse_order(rig_model, true);
		for (unsigned i = 0; i < 4; i++) {
			ids[i] = add(2);
			vmmio_driver_queue_kick(queue);
			model_advance(rig_model, MS);
		}
		model_advance(rig_model, 8 * MS);
		ck_assert_int_eq(poll_id(), -1);
		model_advance(rig_model, MS);
		for (unsigned i = 0; i < 4; i++)
			ck_assert_int_eq(poll_id(), ids[in_order ? i : 3 - i]);
		ck_assert_int_eq(poll_id(), -1);
		rig_destroy();
	}
}
END_TEST

/* Whether a batch of n chains makes itself heard. */
static bool heard(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_ge(add(1), 0);
	vmmio_driver_queue_publish(queue);
	vmmio_driver_queue_notify(queue);
	while (poll_id() >= 0)
		;
	return rig_take_interrupt() == VMMIO_INT_USED_BUFFER;
}

START_TEST(notifications)
{
	const uint64_t event_idx = VMMIO_FEATURE(VMMIO_F_EVENT_IDX);

	start_anything(_i, 0, 0);
	ck_assert(heard(1));
	vmmio_driver_queue_interrupts(queue, false);
	ck_assert(!heard(3));
	vmmio_driver_queue_interrupts(queue, true);
	ck_assert(heard(2));
	rig_destroy();

	start_anything(_i, event_idx, 0);
	for (unsigned i = 0; i < 100; i++) {
		vmmio_driver_queue_interrupts(queue, true);
		ck_assert(heard(1 + i % 5));
		vmmio_driver_queue_interrupts(queue, false);
		ck_assert(!heard(2));
	}
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_ge(add(1), 0);
	vmmio_driver_queue_interrupt_after(queue, 3);
	model_delay_io(rig_model, MS);
	vmmio_driver_queue_kick(queue);
	model_delay_io(rig_model, 0);
	ck_assert_uint_eq(rig_take_interrupt(), VMMIO_INT_USED_BUFFER);
	rig_destroy();
}
END_TEST

/* --- Rings that are wrong: the queue is broken, the device says so, a reset helps ---------- */

static uint8_t *area(unsigned which)
{
	struct vmmio_driver_areas areas;

	ck_assert_int_eq(vmmio_driver_queue_areas(queue, &areas), 0);
	return which == 0 ? areas.desc.host : which == 1 ? areas.driver.host : areas.device.host;
}

static void put16(uint8_t *to, uint16_t value)
{
	value = vmmio_le16(value);
	memcpy(to, &value, sizeof(value));
}

static void put_desc(unsigned at, uint64_t addr, uint32_t len, uint16_t low, uint16_t high)
{
	uint8_t *to = area(0) + 16 * (size_t)at;

	addr = vmmio_le64(addr);
	len = vmmio_le32(len);
	memcpy(to, &addr, 8);
	memcpy(to + 8, &len, 4);
	put16(to + 12, low);
	put16(to + 14, high);
}

/* Split: {flags, next}; packed: {id, flags}. */
struct bad_desc {
	uint64_t addr; /* offset in the buffer, unless far */
	uint32_t len;
	uint16_t flags, next;
	bool far;
};

static const struct bad_ring {
	const char *name;
	struct bad_desc desc[3];
	bool split_only, packed_only;
} bad_rings[] = {
	{"loop", {{0, 16, 1, 1, false}, {0, 16, 1, 0, false}}, .split_only = true},
	{"self loop", {{0, 16, 1, 0, false}}, .split_only = true},
	{"next beyond the table", {{0, 16, 1, 8, false}}, .split_only = true},
	{"no end", {{0, 16, 1, 0, false}, {0, 16, 1, 0, false}, {0, 16, 1, 0, false}},
		.packed_only = true},
	{"outside memory", {{0x1000, 16, 0, 0, true}}, false, false},
	{"address overflows", {{UINT64_MAX - 7, 16, 0, 0, true}}, false, false},
	{"over the end of memory", {{MODEL_RAM_BASE + MODEL_RAM_SIZE - 8, 16, 0, 0, true}}, false,
		false},
	{"readable after writable", {{0, 16, 3, 1, false}, {0, 16, 0, 0, false}}, false, false},
	{"indirect beside next", {{0, 16, 5, 1, false}, {0, 16, 0, 0, false}}, false, false},
	{"table of no size", {{0, 0, 4, 0, false}}, false, false},
	{"table of half an entry", {{0, 24, 4, 0, false}}, false, false},
	{"table outside memory", {{0x1000, 16, 4, 0, true}}, false, false},
	{"table too long", {{0, 0x7fffff0, 4, 0, false}}, false, false},
};

static void write_bad(const struct bad_ring *bad, bool packed)
{
	for (unsigned i = packed ? 8 : 3; i-- > 0;) {
		const struct bad_desc *d = &bad->desc[i < 3 ? i : 2];
		const uint64_t addr = d->far ? d->addr : rig_buffer.guest + d->addr;

		if (packed)
			put_desc(i, addr, d->len, 0, d->flags | VMMIO_DESC_F_AVAIL);
		else
			put_desc(i, addr, d->len, d->flags, d->next);
	}
	if (packed)
		return;
	put16(area(1) + 4, 0);
	put16(area(1) + 2, 1);
}

static void must_break(const char *name)
{
	rig_write(VMMIO_REG_QUEUE_NOTIFY, 0);
	if (rig_read(VMMIO_REG_STATUS) != 0x4f || rig_take_interrupt() != VMMIO_INT_CONFIG_CHANGE)
		ck_abort_msg("%s: not noticed", name);
	ck_assert_int_eq(poll_id(), -1);
	rig_write(VMMIO_REG_QUEUE_NOTIFY, 0);
	ck_assert_uint_eq(rig_interrupt(), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
}

START_TEST(malformed)
{
	const bool packed = rig_is_packed(_i);

	start_anything(_i, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC), 8);
	for (unsigned i = 0; i < sizeof(bad_rings) / sizeof(bad_rings[0]); i++) {
		if (packed ? bad_rings[i].split_only : bad_rings[i].packed_only)
			continue;
		write_bad(&bad_rings[i], packed);
		must_break(bad_rings[i].name);
		rig_start(_i, 0, 8);
		ck_assert(heard(2));
		ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
		rig_start(_i, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC), 8);
	}
	rig_destroy();
}
END_TEST

START_TEST(malformed_split)
{
	start_anything(2 * _i, 0, 8);
	put16(area(1) + 4, 8);
	put16(area(1) + 2, 1);
	must_break("head beyond the table");
	rig_start(2 * _i, 0, 8);
	put16(area(1) + 2, 9);
	must_break("idx ran ahead");
	rig_start(2 * _i, 0, 8);
	put16(area(1) + 2, 0xffff);
	must_break("idx went back");
	rig_start(2 * _i, 0, 8);
	put_desc(0, rig_buffer.guest, 16, VMMIO_DESC_F_INDIRECT, 0);
	put16(area(1) + 2, 1);
	must_break("indirect without the feature");
	rig_destroy();
}
END_TEST

/* Areas that are wrong show at DRIVER_OK. */
START_TEST(bad_setup)
{
	static const struct {
		uint32_t reg, value;
	} setups[] = {
		{VMMIO_REG_QUEUE_SIZE, 0},
		{VMMIO_REG_QUEUE_SIZE, 257},
		{VMMIO_REG_QUEUE_DESC_HIGH, 0},
		{VMMIO_REG_QUEUE_DESC_LOW, 8},
		{VMMIO_REG_QUEUE_DRIVER_LOW, 1},
		{VMMIO_REG_QUEUE_DEVICE_LOW, 2},
		{VMMIO_REG_QUEUE_DEVICE_LOW, 0xfffffff0},
	};

	for (unsigned i = 0; i < sizeof(setups) / sizeof(setups[0]); i++) {
		start_anything(_i, 0, 8);
		ck_assert_int_eq(vmmio_driver_queue_disable(queue, 0), 0);
		rig_write(VMMIO_REG_QUEUE_SIZE, 8);
		for (uint32_t reg = VMMIO_REG_QUEUE_DESC_LOW; reg <= VMMIO_REG_QUEUE_DEVICE_LOW;
			reg += 0x10) {
			rig_write(reg, 0x40000000 + reg * 0x100);
			rig_write(reg + 4, 1);
		}
		rig_write(setups[i].reg, setups[i].value);
		rig_write(VMMIO_REG_QUEUE_READY, 1);
		ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 1);
		ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0x4f);
		ck_assert_uint_eq(rig_take_interrupt(), VMMIO_INT_CONFIG_CHANGE);
		rig_write(VMMIO_REG_QUEUE_NOTIFY, 0);
		ck_assert_uint_eq(rig_activity().taken, 0);
		rig_destroy();
	}
}
END_TEST

START_TEST(spurious_notifications)
{
	const uint32_t values[] = {0, 1, 2, 0x10000, 0xffff, UINT32_MAX};

	start_anything(_i, 0, 8);
	for (unsigned i = 0; i < 100; i++)
		rig_write(VMMIO_REG_QUEUE_NOTIFY, values[i % 6]);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
	ck_assert_uint_eq(rig_interrupt(), 0);
	ck_assert(heard(1));
	rig_destroy();
}
END_TEST

void model_ring_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "rings");

	tcase_add_loop_test(tc, many_laps, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, order, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, notifications, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, malformed, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, malformed_split, 0, MODEL_LOOPS / 2);
	tcase_add_loop_test(tc, bad_setup, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, spurious_notifications, 0, MODEL_LOOPS);
}
