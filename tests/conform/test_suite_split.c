/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite's split rings, byte by byte. */
#include <string.h>

#include "conform/test_suite_ring.h"
#include "support/fixture.h"

#define EVENT_IDX VMMIO_FEATURE(VMMIO_F_EVENT_IDX)
#define IN_ORDER VMMIO_FEATURE(VMMIO_F_IN_ORDER)
#define NOTIFICATION_DATA VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA)

static const struct seg pair[2] = {{UINT64_C(0x1122334455667788), 0x10, false},
	{UINT64_C(0xaabbccdd), 0x01020304, true}};

/* --- Used entries, as a device writes them ---------------------------------------------------- */

static void store16(uint64_t guest, uint16_t value)
{
	const uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};

	memcpy(ring_at(guest), bytes, 2);
}

static uint16_t load16(uint64_t guest)
{
	const uint8_t *bytes = ring_at(guest);

	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static void split_gives(const struct ring *ring, uint32_t id, uint32_t len)
{
	uint16_t idx = load16(ring->device + 2);
	uint64_t entry = ring->device + 4 + 8 * (uint64_t)(idx % ring->size);

	store16(entry, (uint16_t)id);
	store16(entry + 2, (uint16_t)(id >> 16));
	store16(entry + 4, (uint16_t)len);
	store16(entry + 6, (uint16_t)(len >> 16));
	store16(ring->device + 2, (uint16_t)(idx + 1));
}

/* Flags: AVAIL and USED as the wrap counter that the driver looks for, WRITE. */
static void packed_gives(const struct ring *ring, uint32_t id, uint32_t len)
{
	uint64_t desc = ring->desc + 16 * (uint64_t)ring->used;

	store16(desc + 8, (uint16_t)len);
	store16(desc + 10, (uint16_t)(len >> 16));
	store16(desc + 12, (uint16_t)id);
	store16(desc + 14, ring->used_wrap ? 0x8082 : 0x0002);
}

void ring_gives(const struct ring *ring, uint32_t id, uint32_t len)
{
	if (ring->packed)
		packed_gives(ring, id, len);
	else
		split_gives(ring, id, len);
}

/* --- Chains ---------------------------------------------------------------------------------------- */

static void chain(struct conform *c)
{
	static const uint8_t first[16] = {
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x10, 0, 0, 0, 1, 0, 1, 0};
	static const uint8_t second[16] = {
		0xdd, 0xcc, 0xbb, 0xaa, 0, 0, 0, 0, 0x04, 0x03, 0x02, 0x01, 2, 0, 0, 0};
	static const uint8_t avail[6] = {0, 0, 0, 0, 0, 0}, shown[8] = {0, 0, 2, 0, 0, 0, 2, 0};
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ck_assert_uint_eq(ring_add(c, &ring, pair, 2), 0);
	ring_expect(ring.desc, first, 16);
	ring_expect(ring_desc_at(&ring, 1), second, 16);
	ring_expect(ring.driver, avail, 6);
	ck_assert_uint_eq(ring_add(c, &ring, pair, 1), 2);
	/* Only now does the device see both. */
	ring_kick(c, &ring);
	ring_expect(ring.driver, shown, 8);
	ck_assert_uint_eq(ring.n_free, 1);
	ck_assert_uint_eq(fake_wrote(&ring_fake, VMMIO_REG_QUEUE_NOTIFY, 0), 1);
}

START_TEST(split_chains)
{
	ring_test(0, chain);
}
END_TEST

static void indirect(struct conform *c)
{
	static const uint8_t plain[16] = {0, 0x10, 0, 0, 0, 0, 0, 0, 0x30, 0, 0, 0, 4, 0, 0, 0};
	static const uint8_t direct[4] = {1, 0, 2, 0}, table[4] = {6, 0, 0, 0};
	const struct seg more = {0x2000, 0x20, true};
	struct ring ring;

	ring_init(c, &ring, 0, 8);
	ck_assert_uint_eq(ring_add_indirect(c, &ring, 0x1000, 0x30, 0), 0);
	ring_expect(ring.desc, plain, 16);
	ck_assert_uint_eq(ring_add_mixed(c, &ring, pair, 1, &more), 1);
	ring_expect(ring_desc_at(&ring, 1) + 12, direct, 4);
	ring_expect(ring_desc_at(&ring, 2) + 12, table, 4);
	ck_assert_uint_eq(ring.n_free, 5);
}

START_TEST(split_indirect)
{
	ring_test(0, indirect);
}
END_TEST

/* --- Used ---------------------------------------------------------------------------------------------- */

static void used_out_of_order(struct conform *c)
{
	struct used used;
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ring_add(c, &ring, pair, 2);
	ring_add(c, &ring, pair, 1);
	ring_publish(c, &ring);
	ck_assert(!ring_used(c, &ring, &used));
	split_gives(&ring, 2, 7);
	split_gives(&ring, 0, 0x12345);
	ck_assert_uint_eq(ring_waiting(c, &ring), 2);
	ck_assert(ring_used(c, &ring, &used));
	ck_assert(used.id == 2 && used.len == 7 && used.batch == 1);
	ck_assert_uint_eq(ring.n_free, 2);
	ck_assert(ring_used(c, &ring, &used));
	ck_assert(used.id == 0 && used.len == 0x12345 && used.batch == 1);
	ck_assert_uint_eq(ring.n_free, 4);
	ck_assert(!ring_used(c, &ring, &used));
	/* What came back last goes out first: 0, then 1 behind it. */
	ck_assert_uint_eq(ring_add(c, &ring, pair, 2), 0);
	ck_assert_uint_eq(load16(ring_desc_at(&ring, 0) + 14), 1);
	ck_assert_uint_eq(ring_add(c, &ring, pair, 1), 2);
}

START_TEST(split_used_entries)
{
	ring_test(0, used_out_of_order);
}
END_TEST

/* An id that is not out, or is none at all: the books stay, the entry is taken. */
static void used_wrongly(struct conform *c)
{
	static const uint32_t ids[] = {1, 3, 4, 0xffffffff, 0x10000};
	struct used used;
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ring_add(c, &ring, pair, 2);
	ring_publish(c, &ring);
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		split_gives(&ring, ids[i], 1);
		ck_assert(ring_used(c, &ring, &used));
		ck_assert(used.id == ids[i] && used.batch == 0);
		ck_assert_uint_eq(ring.n_free, 2);
	}
	split_gives(&ring, 0, 1);
	ck_assert(ring_used(c, &ring, &used));
	ck_assert(used.id == 0 && used.batch == 1);
	ck_assert_uint_eq(ring.n_free, 4);
}

START_TEST(split_wrong_ids)
{
	ring_test(0, used_wrongly);
}
END_TEST

static void in_order(struct conform *c)
{
	struct used used;
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(ring_add(c, &ring, pair, 1), i);
	ring_publish(c, &ring);
	/* One entry, at the last one's place, for all three. */
	store16(ring.device + 4 + 8 * 0, 2);
	store16(ring.device + 2, 3);
	ck_assert(ring_used(c, &ring, &used));
	ck_assert(used.id == 2 && used.batch == 3);
	ck_assert_uint_eq(ring.n_free, 4);
	ck_assert_uint_eq(ring_waiting(c, &ring), 0);
	/* Descriptors go round the table. */
	ck_assert_uint_eq(ring_add(c, &ring, pair, 2), 3);
	ck_assert_uint_eq(load16(ring_desc_at(&ring, 3) + 14), 0);
}

/* Out of turn, with one entry: that one, and no batch. */
static void out_of_turn(struct conform *c)
{
	struct used used;
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	for (uint32_t i = 0; i < 3; i++)
		ring_add(c, &ring, pair, 1);
	ring_publish(c, &ring);
	split_gives(&ring, 2, 1);
	ck_assert(ring_used(c, &ring, &used) && used.id == 2 && used.batch == 1);
	ck_assert_uint_eq(ring.n_free, 2);
	split_gives(&ring, 0, 1);
	ck_assert(ring_used(c, &ring, &used) && used.id == 0 && used.batch == 1);
}

START_TEST(split_batches)
{
	ring_test(IN_ORDER, in_order);
	ring_test(IN_ORDER, out_of_turn);
}
END_TEST

/* --- Round the ring, and round the index ------------------------------------------------------------------ */

static void round_the_ring(struct conform *c)
{
	struct used used;
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	for (uint16_t i = 0; i < 11; i++) {
		uint32_t head = ring_add(c, &ring, pair, 2);

		ck_assert_uint_eq(load16(ring.driver + 4 + 2 * (uint64_t)(i % 4)), head);
		ring_publish(c, &ring);
		ck_assert_uint_eq(load16(ring.driver + 2), i + 1);
		split_gives(&ring, head, i);
		ck_assert(ring_used(c, &ring, &used) && used.len == i);
	}
	ck_assert_str_eq(ring_guards(c, &ring), "");
}

START_TEST(split_goes_round)
{
	ring_test(0, round_the_ring);
}
END_TEST

static void round_the_index(struct conform *c)
{
	struct used used;
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ring.avail = ring.shown = ring.used = 65535;
	store16(ring.driver + 2, 65535);
	store16(ring.device + 2, 65535);
	ring_add(c, &ring, pair, 1);
	ring_add(c, &ring, pair, 1);
	ring_publish(c, &ring);
	ck_assert_uint_eq(load16(ring.driver + 2), 1);
	ck_assert_uint_eq(load16(ring.driver + 4 + 2 * 3), 0);
	ck_assert_uint_eq(load16(ring.driver + 4), 1);
	split_gives(&ring, 0, 5);
	split_gives(&ring, 1, 6);
	ck_assert_uint_eq(ring_waiting(c, &ring), 2);
	ck_assert(ring_used(c, &ring, &used) && used.id == 0 && used.len == 5);
	ck_assert(ring_used(c, &ring, &used) && used.id == 1 && used.len == 6);
	ck_assert(!ring_used(c, &ring, &used));
}

START_TEST(split_index_wraps)
{
	ring_test(0, round_the_index);
}
END_TEST

/* --- Notifications ------------------------------------------------------------------------------------------- */

static void wants_by_flag(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ring_want_none(c, &ring);
	ck_assert_uint_eq(load16(ring.driver), 1);
	ring_want_all(c, &ring);
	ck_assert_uint_eq(load16(ring.driver), 0);
	ck_assert_uint_eq(load16(ring_used_event(&ring)), 0);
}

static void wants_by_event(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ck_assert_uint_eq(ring_used_event(&ring), ring.driver + 4 + 2 * 4);
	ck_assert_uint_eq(ring_avail_event(&ring), ring.device + 4 + 8 * 4);
	ring.used = 0xfffe;
	ring_want_none(c, &ring);
	ck_assert_uint_eq(load16(ring_used_event(&ring)), 0xfffd);
	ring_want_all(c, &ring);
	ck_assert_uint_eq(load16(ring_used_event(&ring)), 0xfffe);
	ring_want_after(c, &ring, 1);
	ck_assert_uint_eq(load16(ring_used_event(&ring)), 0xfffe);
	ring_want_after(c, &ring, 4);
	ck_assert_uint_eq(load16(ring_used_event(&ring)), 1);
	ck_assert_uint_eq(load16(ring.driver), 0);
	ck_assert_str_eq(ring_guards(c, &ring), "");
}

START_TEST(split_wants)
{
	ring_test(0, wants_by_flag);
	ring_test(EVENT_IDX, wants_by_event);
}
END_TEST

/* Where the driver stands is what it has shown, not what it has prepared. */
static void notification_data(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 2, 4);
	ring_add(c, &ring, pair, 1);
	ring_kick(c, &ring);
	ck_assert_uint_eq(fake_wrote(&ring_fake, VMMIO_REG_QUEUE_NOTIFY, 0x00010002), 1);
	ring_add(c, &ring, pair, 1);
	ring_notify(c, &ring);
	ck_assert_uint_eq(fake_wrote(&ring_fake, VMMIO_REG_QUEUE_NOTIFY, 0x00010002), 2);
	ring.avail = 0x8003;
	ring_kick(c, &ring);
	ck_assert_uint_eq(fake_wrote(&ring_fake, VMMIO_REG_QUEUE_NOTIFY, 0x80030002), 1);
}

START_TEST(split_notification_data)
{
	ring_test(NOTIFICATION_DATA, notification_data);
}
END_TEST

void test_suite_split(Suite *s)
{
	TCase *tc = fixture_tcase(s, "split");

	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_test(tc, split_chains);
	tcase_add_test(tc, split_indirect);
	tcase_add_test(tc, split_used_entries);
	tcase_add_test(tc, split_wrong_ids);
	tcase_add_test(tc, split_batches);
	tcase_add_test(tc, split_goes_round);
	tcase_add_test(tc, split_index_wraps);
	tcase_add_test(tc, split_wants);
	tcase_add_test(tc, split_notification_data);
}
