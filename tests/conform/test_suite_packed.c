/* SPDX-License-Identifier: BSD-3-Clause */
/* The suite's packed rings, byte by byte. */
#include <string.h>

#include "conform/test_suite_ring.h"
#include "support/fixture.h"

#define PACKED VMMIO_FEATURE(VMMIO_F_RING_PACKED)
#define IN_ORDER VMMIO_FEATURE(VMMIO_F_IN_ORDER)
#define NOTIFICATION_DATA VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA)

enum { NEXT = 0x0001, WRITE = 0x0002, INDIRECT = 0x0004, AVAIL = 0x0080, USED = 0x8000 };

static const struct seg pair[2] = {{UINT64_C(0x1122334455667788), 0x10, false},
	{UINT64_C(0xaabbccdd), 0x01020304, true}};

static uint16_t load16(uint64_t guest)
{
	const uint8_t *bytes = ring_at(guest);

	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint16_t flags_of(const struct ring *ring, uint32_t slot)
{
	return load16(ring_desc_at(ring, slot) + 14);
}

/* --- Lists ---------------------------------------------------------------------------------------- */

static void list(struct conform *c)
{
	static const uint8_t first[14] = {
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x10, 0, 0, 0, 0, 0};
	static const uint8_t second[14] = {
		0xdd, 0xcc, 0xbb, 0xaa, 0, 0, 0, 0, 0x04, 0x03, 0x02, 0x01, 0, 0};
	struct ring ring;

	ring_init(c, &ring, 0, 5);
	ck_assert_uint_eq(ring_add(c, &ring, pair, 2), 0);
	ring_expect(ring.desc, first, 14);
	ring_expect(ring_desc_at(&ring, 1), second, 14);
	/* The first descriptor of all is the one that is held back. */
	ck_assert_uint_eq(flags_of(&ring, 0), 0);
	ck_assert_uint_eq(flags_of(&ring, 1), AVAIL | WRITE);
	ck_assert_uint_eq(ring_add(c, &ring, pair, 1), 1);
	ck_assert_uint_eq(flags_of(&ring, 2), AVAIL);
	ck_assert_uint_eq(load16(ring_desc_at(&ring, 2) + 12), 1);
	ring_publish(c, &ring);
	ck_assert_uint_eq(flags_of(&ring, 0), AVAIL | NEXT);
	ck_assert_uint_eq(ring.n_free, 2);
	/* Shown is shown. */
	memset(ring_at(ring.desc), 0, 16);
	ring_publish(c, &ring);
	ck_assert_uint_eq(flags_of(&ring, 0), 0);
}

START_TEST(packed_lists)
{
	ring_test(PACKED, list);
}
END_TEST

static void indirect(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ring_add_indirect(c, &ring, 0x1000, 0x30, WRITE);
	ring_publish(c, &ring);
	ck_assert_uint_eq(flags_of(&ring, 0), AVAIL | INDIRECT | WRITE);
	ck_assert_uint_eq(load16(ring.desc), 0x1000);
	ck_assert_uint_eq(load16(ring.desc + 8), 0x30);
}

START_TEST(packed_indirect)
{
	ring_test(PACKED, indirect);
}
END_TEST

/* --- Round the ring -------------------------------------------------------------------------------- */

/* Lists of two in a ring of three: each lap ends in the middle of one. */
static void laps(struct conform *c)
{
	struct used used;
	struct ring ring;
	unsigned slot = 0;
	bool wrap = true;

	ring_init(c, &ring, 0, 3);
	for (unsigned i = 0; i < 10; i++) {
		uint16_t now = wrap ? AVAIL : USED;
		uint16_t next = (slot + 1 == 3) == wrap ? USED : AVAIL;
		uint16_t before = flags_of(&ring, slot);
		uint32_t id = ring_add(c, &ring, pair, 2);

		/* Until it is shown the first one's flags are those of the lap before. */
		ck_assert_uint_eq(flags_of(&ring, slot), before);
		ring_publish(c, &ring);
		ck_assert_uint_eq(flags_of(&ring, slot), now | NEXT);
		ck_assert_uint_eq(flags_of(&ring, (slot + 1) % 3), next | WRITE);
		ck_assert(!ring_used(c, &ring, &used));
		ck_assert(ring.used == slot && ring.used_wrap == wrap);
		ring_gives(&ring, id, i);
		ck_assert(ring_used(c, &ring, &used) && used.id == id && used.len == i);
		ck_assert_uint_eq(used.flags, (wrap ? AVAIL | USED : 0) | WRITE);
		ck_assert_uint_eq(ring.n_free, 3);
		wrap = slot + 2 >= 3 ? !wrap : wrap;
		slot = (slot + 2) % 3;
	}
	ck_assert_str_eq(ring_guards(c, &ring), "");
}

START_TEST(packed_goes_round)
{
	ring_test(PACKED, laps);
}
END_TEST

/* --- Used ------------------------------------------------------------------------------------------ */

/* The device's next used place is behind as many descriptors as the list had. */
static void out_of_order(struct conform *c)
{
	struct used used;
	struct ring ring;
	uint32_t ids[3];

	ring_init(c, &ring, 0, 4);
	ids[0] = ring_add(c, &ring, pair, 2);
	ids[1] = ring_add(c, &ring, pair, 1);
	ids[2] = ring_add(c, &ring, pair, 1);
	ring_publish(c, &ring);
	ring_gives(&ring, ids[2], 1);
	ck_assert(ring_used(c, &ring, &used) && used.id == ids[2] && used.batch == 1);
	ck_assert_uint_eq(ring.used, 1);
	ring_gives(&ring, ids[0], 2);
	ck_assert(ring_used(c, &ring, &used) && used.id == ids[0]);
	ck_assert_uint_eq(ring.used, 3);
	ring_gives(&ring, ids[1], 3);
	ck_assert(ring_used(c, &ring, &used) && used.id == ids[1]);
	ck_assert(ring.used == 0 && !ring.used_wrap);
	ck_assert_uint_eq(ring.n_free, 4);
	/* Nothing is out: nothing can be used, whatever the flags are. */
	ring_gives(&ring, ids[0], 1);
	ck_assert(!ring_used(c, &ring, &used));
	/* The id that came back last goes out first. */
	ck_assert_uint_eq(ring_add(c, &ring, pair, 1), ids[1]);
}

START_TEST(packed_used_places)
{
	ring_test(PACKED, out_of_order);
}
END_TEST

static void wrong_ids(struct conform *c)
{
	static const uint32_t ids[] = {1, 4, 0xffff};
	struct used used;
	struct ring ring;
	uint32_t id;

	ring_init(c, &ring, 0, 4);
	id = ring_add(c, &ring, pair, 2);
	ring_publish(c, &ring);
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		ring_gives(&ring, ids[i], 1);
		ck_assert(ring_used(c, &ring, &used) && used.id == ids[i] && used.batch == 0);
		ck_assert(ring.n_free == 2 && ring.used == 0);
	}
	ring_gives(&ring, id, 1);
	ck_assert(ring_used(c, &ring, &used) && used.batch == 1);
	ck_assert(ring.n_free == 4 && ring.used == 2);
}

START_TEST(packed_wrong_ids)
{
	ring_test(PACKED, wrong_ids);
}
END_TEST

static void in_order(struct conform *c)
{
	struct used used;
	struct ring ring;
	uint32_t last = 0;

	ring_init(c, &ring, 0, 4);
	for (unsigned i = 0; i < 3; i++)
		last = ring_add(c, &ring, pair, 1);
	ring_publish(c, &ring);
	ring_gives(&ring, last, 1);
	ck_assert(ring_used(c, &ring, &used) && used.id == last && used.batch == 3);
	ck_assert(ring.n_free == 4 && ring.used == 3 && ring.used_wrap);
}

START_TEST(packed_batches)
{
	ring_test(PACKED | IN_ORDER, in_order);
}
END_TEST

/* --- Notifications ------------------------------------------------------------------------------------ */

static void wants(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ring_want_none(c, &ring);
	ck_assert_uint_eq(load16(ring.driver + 2), 1);
	ring_want_all(c, &ring);
	ck_assert_uint_eq(load16(ring.driver + 2), 0);
	ring_want_after(c, &ring, 1);
	ck_assert_uint_eq(load16(ring.driver), 0x8000);
	ck_assert_uint_eq(load16(ring.driver + 2), 2);
	ring.used = 2;
	ring_want_after(c, &ring, 2);
	ck_assert_uint_eq(load16(ring.driver), 0x8003);
	/* Over the end the wrap counter is the other one. */
	ring_want_after(c, &ring, 3);
	ck_assert_uint_eq(load16(ring.driver), 0x0000);
	ring.used_wrap = false;
	ring_want_after(c, &ring, 4);
	ck_assert_uint_eq(load16(ring.driver), 0x8001);
	ck_assert_str_eq(ring_guards(c, &ring), "");
}

START_TEST(packed_wants)
{
	ring_test(PACKED, wants);
}
END_TEST

static void notification_data(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 1, 4);
	ring_add(c, &ring, pair, 2);
	ring_kick(c, &ring);
	ck_assert_uint_eq(fake_wrote(&ring_fake, VMMIO_REG_QUEUE_NOTIFY, 0x80020001), 1);
	ring_add(c, &ring, pair, 2);
	ring_kick(c, &ring);
	ck_assert_uint_eq(fake_wrote(&ring_fake, VMMIO_REG_QUEUE_NOTIFY, 0x00000001), 1);
}

START_TEST(packed_notification_data)
{
	ring_test(PACKED | NOTIFICATION_DATA, notification_data);
}
END_TEST

void test_suite_packed(Suite *s)
{
	TCase *tc = fixture_tcase(s, "packed");

	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_test(tc, packed_lists);
	tcase_add_test(tc, packed_indirect);
	tcase_add_test(tc, packed_goes_round);
	tcase_add_test(tc, packed_used_places);
	tcase_add_test(tc, packed_wrong_ids);
	tcase_add_test(tc, packed_batches);
	tcase_add_test(tc, packed_wants);
	tcase_add_test(tc, packed_notification_data);
}
