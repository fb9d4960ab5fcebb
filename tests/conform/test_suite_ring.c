/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rings that checks are written with: each step against the bytes that it has to leave in
 * memory. The test is the device. What both formats have in common; split and packed have files
 * of their own.
 */
#include "conform/test_suite_ring.h"

#include <string.h>

#include "support/fixture.h"

struct fake ring_fake;

static uint64_t features;
static void (*body)(struct conform *c);

static void in_a_check(struct conform *c)
{
	assume_accepted(c, features);
	body(c);
	judge(c, "T-MUST", true, "it came to its end");
}

void ring_check(uint64_t accepted, void (*run)(struct conform *c))
{
	features = accepted | VMMIO_FEATURE(VMMIO_F_VERSION_1);
	body = run;
	own_check("T-MUST", NEEDS_MEMORY, in_a_check);
	fake_init(&ring_fake);
	own_run(&ring_fake, NULL);
}

void ring_test(uint64_t accepted, void (*run)(struct conform *c))
{
	ring_check(accepted, run);
	own_expect("T-MUST", VMMIO_CONFORM_PASS, "");
}

uint8_t *ring_at(uint64_t guest)
{
	ck_assert(guest >= FAKE_BASE && guest - FAKE_BASE < FAKE_MEMORY);
	return ring_fake.memory + (guest - FAKE_BASE);
}

void ring_expect(uint64_t guest, const void *bytes, size_t n)
{
	const uint8_t *seen = ring_at(guest), *expected = bytes;

	for (size_t i = 0; i < n; i++)
		ck_assert_msg(seen[i] == expected[i], "byte %zu is 0x%02x, not 0x%02x", i, seen[i],
			expected[i]);
}

/* --- Setting up ------------------------------------------------------------------------------- */

static void expect_address(uint32_t low, uint64_t address)
{
	ck_assert_uint_eq(ring_fake.other[low / 4], (uint32_t)address);
	ck_assert_uint_eq(ring_fake.other[low / 4 + 1], (uint32_t)(address >> 32));
}

static void programmed(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 1, 4);
	ck_assert_uint_eq(ring.size, 4);
	ck_assert_uint_eq(ring_fake.queue_sel, 1);
	ck_assert_uint_eq(ring_fake.other[VMMIO_REG_QUEUE_SIZE / 4], 4);
	expect_address(VMMIO_REG_QUEUE_DESC_LOW, ring.desc);
	expect_address(VMMIO_REG_QUEUE_DRIVER_LOW, ring.driver);
	expect_address(VMMIO_REG_QUEUE_DEVICE_LOW, ring.device);
	ck_assert_uint_eq(ring_fake.ready[1], 0);
	wr(c, VMMIO_REG_QUEUE_SEL, 0);
	ring_enable(c, &ring);
	ck_assert_uint_eq(ring_fake.ready[1], 1);
	ck_assert_uint_eq(ring_fake.ready[0], 0);
}

START_TEST(registers_are_programmed)
{
	ring_test(ring_formats[_i], programmed);
}
END_TEST

static void expect_areas(struct conform *c, const struct ring *ring)
{
	uint32_t n = ring->size;

	ck_assert_uint_eq(ring_desc_size(ring), 16 * n);
	ck_assert_uint_eq(ring_driver_size(ring), ring->packed ? 4 : 6 + 2 * n);
	ck_assert_uint_eq(ring_device_size(ring), ring->packed ? 4 : 6 + 8 * n);
	ck_assert_uint_eq(differs(c, ring->desc, 0, ring_desc_size(ring)), ring_desc_size(ring));
	ck_assert_uint_eq(differs(c, ring->driver, 0, ring_driver_size(ring)), ring_driver_size(ring));
	ck_assert_uint_eq(differs(c, ring->device, 0, ring_device_size(ring)), ring_device_size(ring));
	ck_assert_str_eq(ring_guards(c, ring), "");
}

static void areas(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 0, 8);
	expect_areas(c, &ring);
	ck_assert(ring.desc % 64 == 0 && ring.driver % 64 == 0 && ring.device % 64 == 0);
	ring_init_tight(c, &ring, 0, 8);
	expect_areas(c, &ring);
	ck_assert_uint_eq(ring.desc % 32, 16);
	ck_assert_uint_eq(ring.driver % 8, ring.packed ? 4 : 2);
	ck_assert_uint_eq(ring.device % 8, 4);
}

START_TEST(areas_have_their_sizes)
{
	ring_test(ring_formats[_i], areas);
}
END_TEST

/* A byte right before or behind an area, and what is said of it. */
static void expect_caught(struct conform *c, const struct ring *ring, uint64_t guest, const char *area)
{
	uint8_t was = *ring_at(guest);

	*ring_at(guest) = (uint8_t)~was;
	ck_assert_str_eq(ring_guards(c, ring), area);
	*ring_at(guest) = was;
	ck_assert_str_eq(ring_guards(c, ring), "");
}

static void guarded(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	expect_caught(c, &ring, ring.desc - 1, "Descriptor Area");
	expect_caught(c, &ring, ring.desc + ring_desc_size(&ring), "Descriptor Area");
	expect_caught(c, &ring, ring.driver - 1, "Driver Area");
	expect_caught(c, &ring, ring.driver + ring_driver_size(&ring), "Driver Area");
	expect_caught(c, &ring, ring.device - 1, "Device Area");
	expect_caught(c, &ring, ring.device + ring_device_size(&ring), "Device Area");
	/* What is inside is the device's to write. */
	memset(ring_at(ring.device), 0xff, ring_device_size(&ring));
	memset(ring_at(ring.desc), 0xff, ring_desc_size(&ring));
	ck_assert_str_eq(ring_guards(c, &ring), "");
}

START_TEST(guards_catch_a_byte)
{
	ring_test(ring_formats[_i], guarded);
}
END_TEST

/* --- Sizes ----------------------------------------------------------------------------------------- */

static uint32_t default_size(struct conform *c, uint32_t max)
{
	struct ring ring;

	c->queue_size_max[0] = max;
	ring_init(c, &ring, 0, 0);
	return ring.size;
}

static void sizes(struct conform *c)
{
	bool packed = accepted(c) & VMMIO_FEATURE(VMMIO_F_RING_PACKED);

	ck_assert_uint_eq(default_size(c, 16), 16);
	ck_assert_uint_eq(default_size(c, 1), 1);
	ck_assert_uint_eq(default_size(c, 100), packed ? 100 : 64);
	ck_assert_uint_eq(default_size(c, 1000), packed ? 1000 : 512);
	ck_assert_uint_eq(default_size(c, 32768), RING_MAX);
	c->queue_size_max[0] = 100;
	ck_assert_uint_eq(ring_size_up_to(c, 0, 8), 8);
	ck_assert_uint_eq(ring_size_up_to(c, 0, 7), 4);
	ck_assert_uint_eq(ring_size_up_to(c, 0, 1000), 64);
	c->queue_size_max[0] = 2;
	ck_assert_uint_eq(ring_size_up_to(c, 0, 8), 2);
}

START_TEST(sizes_fit_the_queue)
{
	ring_test(ring_formats[_i], sizes);
}
END_TEST

static void no_such_queue(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, FAKE_QUEUES, 0);
}

static void too_large(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 0, RING_MAX + 1);
}

static void no_room(struct conform *c)
{
	const struct seg segs[] = {{FAKE_BASE, 1, false}, {FAKE_BASE, 2, true}, {FAKE_BASE, 3, true}};
	struct ring ring;

	ring_init(c, &ring, 0, 4);
	ring_add(c, &ring, segs, 3);
	ck_assert_uint_eq(ring.n_free, 1);
	ring_add(c, &ring, segs, 2);
}

START_TEST(what_cannot_be_ends_the_check)
{
	ring_check(ring_formats[_i], no_such_queue);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, "the device has no queue 3");
	ring_check(ring_formats[_i], too_large);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, "the suite has no rings of 1025 entries");
	ring_check(ring_formats[_i], no_room);
	own_expect("T-MUST", VMMIO_CONFORM_SKIP, "no room for 2 descriptors in a queue of 4");
}
END_TEST

/* --- Notification ----------------------------------------------------------------------------------- */

static void notified(struct conform *c)
{
	struct ring ring;

	ring_init(c, &ring, 2, 4);
	ring_notify(c, &ring);
	ck_assert_uint_eq(fake_wrote(&ring_fake, VMMIO_REG_QUEUE_NOTIFY, 2), 1);
}

START_TEST(notifications_name_the_queue)
{
	ring_test(ring_formats[_i], notified);
}
END_TEST

/* Nothing comes for as long as the suite waits; and what comes while it does is taken. */
static void waited(struct conform *c)
{
	const struct seg seg = {FAKE_BASE, 1, true};
	uint64_t begin = ring_fake.now;
	struct ring ring;
	struct used used;

	ring_init(c, &ring, 0, 4);
	ring_add(c, &ring, &seg, 1);
	ring_kick(c, &ring);
	ck_assert(!ring_wait(c, &ring, &used));
	ck_assert_uint_ge(ring_fake.now - begin, patience(c));
	ck_assert_uint_eq(ring_waiting(c, &ring), 0);
	ring_gives(&ring, 0, 1);
	ck_assert_uint_eq(ring_waiting(c, &ring), 1);
	ck_assert(ring_wait(c, &ring, &used));
	ck_assert_uint_eq(ring_waiting(c, &ring), 0);
}

START_TEST(used_entries_are_waited_for)
{
	ring_test(ring_formats[_i], waited);
}
END_TEST

/* --- A queue that was reset --------------------------------------------------------------------------- */

static void expect_new(struct conform *c, struct ring *ring)
{
	const struct seg seg = {FAKE_BASE, 1, true};
	struct used used;

	expect_areas(c, ring);
	ck_assert(ring->avail == 0 && ring->used == 0 && ring->avail_wrap && ring->used_wrap);
	ck_assert(ring->n_free == 4 && ring->n_out == 0);
	ck_assert(!ring_used(c, ring, &used));
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(ring_add(c, ring, &seg, 1), i);
	ring_publish(c, ring);
	ring_gives(ring, 0, 1);
	ck_assert(ring_used(c, ring, &used) && used.batch == 1);
}

static void cleared(struct conform *c)
{
	const struct seg seg = {FAKE_BASE, 1, true};
	struct ring ring;
	struct used used;

	ring_init(c, &ring, 0, 4);
	expect_new(c, &ring);
	ring_clear(c, &ring);
	for (unsigned i = 0; i < 6; i++) {
		uint32_t id = ring_add(c, &ring, &seg, 1);

		ring_publish(c, &ring);
		ring_gives(&ring, id, 1);
		ck_assert(ring_used(c, &ring, &used));
	}
	ring_add(c, &ring, &seg, 1);
	ring_clear(c, &ring);
	expect_new(c, &ring);
}

START_TEST(a_cleared_ring_is_a_new_one)
{
	ring_test(ring_formats[_i], cleared);
}
END_TEST

const uint64_t ring_formats[2] = {0, VMMIO_FEATURE(VMMIO_F_RING_PACKED)};

int main(void)
{
	Suite *s = suite_create("suite rings");
	TCase *tc = fixture_tcase(s, "both");

	tcase_add_checked_fixture(tc, NULL, own_end);
	tcase_add_loop_test(tc, registers_are_programmed, 0, 2);
	tcase_add_loop_test(tc, areas_have_their_sizes, 0, 2);
	tcase_add_loop_test(tc, guards_catch_a_byte, 0, 2);
	tcase_add_loop_test(tc, sizes_fit_the_queue, 0, 2);
	tcase_add_loop_test(tc, what_cannot_be_ends_the_check, 0, 2);
	tcase_add_loop_test(tc, notifications_name_the_queue, 0, 2);
	tcase_add_loop_test(tc, used_entries_are_waited_for, 0, 2);
	tcase_add_loop_test(tc, a_cleared_ring_is_a_new_one, 0, 2);
	test_suite_split(s);
	test_suite_packed(s);
	return fixture_main(s);
}
