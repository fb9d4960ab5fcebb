/* SPDX-License-Identifier: BSD-3-Clause */
/* Config space: reads, writes, changes, the generation. */
#include "test_regfile.h"

#include <string.h>

static uint64_t expected_value(const uint8_t *bytes, uint32_t offset, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)bytes[offset + i] << (8 * i);
	return value;
}

static void contents_are(const uint8_t *bytes)
{
	for (unsigned size = 1; size <= 8; size *= 2)
		for (uint32_t at = 0; at + size <= TEST_CONFIG_SIZE; at++)
			ck_assert_uint_eq(vmmio_regfile_read(rf, VMMIO_REG_CONFIG + at, size),
				expected_value(bytes, at, size));
}

/* MMIO-DEV-32, E35: every width at every alignment sees the same bytes. */
START_TEST(config_reads)
{
	uint8_t bytes[TEST_CONFIG_SIZE];

	for (unsigned i = 0; i < TEST_CONFIG_SIZE; i++)
		bytes[i] = i + 1;
	for (enum mode mode = FRESH; mode < MODES; mode++) { /* GEN-DEV-13, E01 */
		make(_i);
		walk(mode, PLAIN_FEATURES);
		contents_are(bytes);
	}
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

/* Each change of each range: exact bytes, one generation each; none without a difference. */
START_TEST(config_set_ranges)
{
	uint8_t bytes[TEST_CONFIG_SIZE], piece[TEST_CONFIG_SIZE];
	uint32_t generation = 0;

	make(_i);
	for (unsigned i = 0; i < TEST_CONFIG_SIZE; i++)
		bytes[i] = i + 1;
	for (uint32_t at = 0; at <= TEST_CONFIG_SIZE; at++) {
		for (uint32_t size = 0; at + size <= TEST_CONFIG_SIZE; size++) {
			memset(piece, (int)(generation + 100), size);
			ck_assert_int_eq(vmmio_regfile_config_set(rf, at, piece, size), size != 0);
			memcpy(bytes + at, piece, size);
			generation += size != 0;
			contents_are(bytes);
			ck_assert_uint_eq(rd(VMMIO_REG_CONFIG_GENERATION), generation);
			ck_assert(!vmmio_regfile_config_set(rf, at, piece, size));
			ck_assert_uint_eq(rd(VMMIO_REG_CONFIG_GENERATION), generation);
		}
	}
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

START_TEST(config_set_outside)
{
	static const uint8_t data[16] = { 0xff };

	make(_i);
	state_save();
	ck_assert(!vmmio_regfile_config_set(rf, TEST_CONFIG_SIZE, data, 1));
	ck_assert(!vmmio_regfile_config_set(rf, TEST_CONFIG_SIZE - 1, data, 2));
	ck_assert(!vmmio_regfile_config_set(rf, 0, data, TEST_CONFIG_SIZE + 1));
	ck_assert(!vmmio_regfile_config_set(rf, UINT32_MAX, data, 2));
	ck_assert(!vmmio_regfile_config_set(rf, 1, data, UINT32_MAX));
	ck_assert(state_same());
}
END_TEST

/* E16: not reset, goes on; and a wrap is only a number. */
START_TEST(config_generation_goes_on)
{
	static const uint8_t values[] = { 1, 2, 3 };

	make(_i);
	walk(LIVE, VERSION_1);
	ck_assert(vmmio_regfile_config_set(rf, 0, &values[1], 1));
	wr(VMMIO_REG_STATUS, 0);
	ck_assert(vmmio_regfile_config_set(rf, 0, &values[0], 1)); /* reset_finish does this */
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	ck_assert_uint_eq(rd(VMMIO_REG_CONFIG_GENERATION), 2);
	ck_assert_uint_eq(rd(VMMIO_REG_CONFIG), 0x04030201);
	atomic_store(&rf->generation, UINT32_MAX - 1);
	for (unsigned i = 0; i < 5; i++) {
		ck_assert(vmmio_regfile_config_set(rf, 0, &values[(i + 1) % 3], 1));
		ck_assert_uint_eq(rd(VMMIO_REG_CONFIG_GENERATION), UINT32_MAX + i);
		ck_assert_uint_eq(rd(VMMIO_REG_CONFIG), 0x04030200u | values[(i + 1) % 3]);
	}
}
END_TEST

/* A driver's write is only handed on; nothing has changed yet. */
START_TEST(config_write_actions)
{
	const uint64_t value = UINT64_C(0x8877665544332211);

	make(_i);
	for (unsigned size = 1; size <= 8; size *= 2) {
		for (uint32_t at = 0; at + size <= TEST_CONFIG_SIZE; at++) {
			unsigned n = size == 8 ? 2 : 1;
			uint32_t part = size / n;

			state_save();
			vmmio_regfile_write(rf, VMMIO_REG_CONFIG + at, size, value, &actions);
			ck_assert(state_same());
			ck_assert_uint_eq(violations_since(), 0);
			ck_assert_uint_eq(actions.n, n);
			for (unsigned i = 0; i < n; i++) {
				const struct vmmio_action *a = &actions.list[i];

				ck_assert_int_eq(a->kind, VMMIO_ACTION_CONFIG_WRITE);
				ck_assert_uint_eq(a->offset, at + 4 * i);
				ck_assert_uint_eq(a->size, part);
				ck_assert_uint_eq(a->value,
					value >> (32 * i) & (UINT64_MAX >> (64 - 8 * part)));
			}
		}
	}
}
END_TEST

/* E40: only what lies wholly in the urgent window passes during a reset. */
START_TEST(config_write_urgent)
{
	make(_i);
	walk(RESETTING, VERSION_1);
	for (unsigned size = 1; size <= 4; size *= 2) {
		for (uint32_t at = 0; at + size <= TEST_CONFIG_SIZE; at++) {
			bool inside = at >= TEST_URGENT && at + size <= TEST_URGENT + 4;

			state_save();
			vmmio_regfile_write(rf, VMMIO_REG_CONFIG + at, size, 1, &actions);
			ck_assert_uint_eq(actions.n, inside);
			ck_assert_uint_eq(violations_since(), !inside);
		}
	}
	state_save();
	vmmio_regfile_write(rf, VMMIO_REG_CONFIG + 4, 8, UINT64_C(0x200000001), &actions);
	expect_actions(VMMIO_ACTION_CONFIG_WRITE);
	ck_assert_uint_eq(actions.list[0].offset, TEST_URGENT);
	ck_assert_uint_eq(actions.list[0].value, 2);
	ck_assert_uint_eq(violations_since(), 1);
}
END_TEST

START_TEST(config_write_urgent_narrow)
{
	struct vmmio_regfile_config config = test_config(_i);

	config.config_urgent_size = 2;
	make_from(&config);
	walk(RESETTING, VERSION_1);
	wr(VMMIO_REG_CONFIG + TEST_URGENT, 1);
	expect_no_action();
	vmmio_regfile_write(rf, VMMIO_REG_CONFIG + TEST_URGENT, 2, 1, &actions);
	expect_actions(VMMIO_ACTION_CONFIG_WRITE);
}
END_TEST

void add_config_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "config");

	add_both(tc, config_reads);
	add_both(tc, config_set_ranges);
	add_both(tc, config_set_outside);
	add_both(tc, config_generation_goes_on);
	add_both(tc, config_write_actions);
	add_both(tc, config_write_urgent);
	add_both(tc, config_write_urgent_narrow);
}
