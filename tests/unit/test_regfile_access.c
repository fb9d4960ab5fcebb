/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which access counts: every register in every mode, every offset with every width, and the
 * register table. What is expected is written out here, not taken from the table under test.
 */
#include "test_regfile.h"

#include <string.h>

#define R 1
#define W 2

static const struct {
	uint16_t offset;
	uint8_t dir;
	const char *name;
} registers[] = {
	{ 0x000, R, "MagicValue" },	   { 0x004, R, "Version" },
	{ 0x008, R, "DeviceID" },	   { 0x00c, R, "VendorID" },
	{ 0x010, R, "DeviceFeatures" },	   { 0x014, W, "DeviceFeaturesSel" },
	{ 0x020, W, "DriverFeatures" },	   { 0x024, W, "DriverFeaturesSel" },
	{ 0x030, W, "QueueSel" },	   { 0x034, R, "QueueSizeMax" },
	{ 0x038, W, "QueueSize" },	   { 0x044, R | W, "QueueReady" },
	{ 0x050, W, "QueueNotify" },	   { 0x060, R, "InterruptStatus" },
	{ 0x064, W, "InterruptACK" },	   { 0x070, R | W, "Status" },
	{ 0x080, W, "QueueDescLow" },	   { 0x084, W, "QueueDescHigh" },
	{ 0x090, W, "QueueDriverLow" },	   { 0x094, W, "QueueDriverHigh" },
	{ 0x0a0, W, "QueueDeviceLow" },	   { 0x0a4, W, "QueueDeviceHigh" },
	{ 0x0ac, W, "SHMSel" },		   { 0x0b0, R, "SHMLenLow" },
	{ 0x0b4, R, "SHMLenHigh" },	   { 0x0b8, R, "SHMBaseLow" },
	{ 0x0bc, R, "SHMBaseHigh" },	   { 0x0c0, R | W, "QueueReset" },
	{ 0x0fc, R, "ConfigGeneration" },
};

#define N_REGISTERS (sizeof(registers) / sizeof(registers[0]))

static unsigned direction(uint64_t offset)
{
	for (size_t i = 0; i < N_REGISTERS; i++)
		if (registers[i].offset == offset)
			return registers[i].dir;
	return 0;
}

static bool valid(uint64_t offset, unsigned size, unsigned dir, uint32_t config_size)
{
	if (offset < 0x100)
		return size == 4 && (direction(offset) & dir);
	return size != 3 && offset - 0x100 < config_size && size <= config_size - (offset - 0x100);
}

static void fail_access(const char *what, uint64_t offset, unsigned size)
{
	ck_abort_msg("%s of %u bytes at 0x%llx", what, size, (unsigned long long)offset);
}

/* Plain ifs: a check that passes costs libcheck a write to a pipe, and there are millions. */
static void check_read(uint64_t offset, unsigned size, uint32_t config_size)
{
	bool bad = !valid(offset, size, R, config_size);
	uint64_t value;

	state_save();
	value = vmmio_regfile_read(rf, offset, size);
	if (!state_same() || violations_since() != bad || (bad && value))
		fail_access("read", offset, size);
}

static void check_write(uint64_t offset, unsigned size, uint32_t config_size)
{
	if (valid(offset, size, W, config_size))
		return;
	state_save();
	memset(&actions, 0xa5, sizeof(actions));
	vmmio_regfile_write(rf, offset, size, UINT64_MAX, &actions);
	if (!state_same() || violations_since() != 1 || actions.n)
		fail_access("write", offset, size);
}

static void check_accesses(uint32_t config_size)
{
	static const unsigned sizes[] = { 1, 2, 3, 4, 8 };
	static const uint64_t far[] = { 0x1000, 0x100000070, UINT64_MAX, UINT64_MAX - 3,
		UINT64_MAX - 7, (uint64_t)INT64_MAX + 1 };

	for (size_t s = 0; s < 5; s++) {
		for (uint64_t offset = 0; offset < 0x1000; offset++) {
			check_read(offset, sizes[s], config_size);
			check_write(offset, sizes[s], config_size);
		}
		for (size_t f = 0; f < sizeof(far) / sizeof(far[0]); f++) {
			check_read(far[f], sizes[s], config_size);
			check_write(far[f], sizes[s], config_size);
		}
	}
}

/* HD-20, HD-21, HD-22, E34, E35: each offset of the window with each width, in each mode. */
START_TEST(access_every_offset_and_width)
{
	make(2 + _i / MODES);
	walk(_i % MODES, PLAIN_FEATURES);
	check_accesses(TEST_CONFIG_SIZE);
}
END_TEST

START_TEST(access_every_config_size)
{
	static const uint32_t config_sizes[] = { 0, 1, 7, 0xf00 };

	for (size_t c = 0; c < sizeof(config_sizes) / sizeof(config_sizes[0]); c++) {
		struct vmmio_regfile_config config = test_config(_i);

		config.config = NULL;
		config.config_urgent_offset = config.config_urgent_size = 0;
		config.config_size = config_sizes[c];
		make_from(&config);
		check_accesses(config_sizes[c]);
	}
}
END_TEST

START_TEST(access_odd_sizes)
{
	static const unsigned sizes[] = { 0, 5, 6, 7, 9, 16, UINT32_MAX };

	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		static const uint64_t at[] = { 0x70, 0x100, 0x104 };

		for (size_t i = 0; i < 3; i++) {
			state_save();
			ck_assert_uint_eq(vmmio_regfile_read(rf, at[i], sizes[s]), 0);
			vmmio_regfile_write(rf, at[i], sizes[s], 0, &actions);
			expect_no_action();
			ck_assert(state_same());
			ck_assert_uint_eq(violations_since(), 2);
		}
	}
}
END_TEST

/* What reads give in each mode; queue 0 selected, features of word 0, region 0 (unused). */
START_TEST(access_reads_in_each_mode)
{
	static const struct {
		uint16_t offset;
		uint32_t value[MODES];
	} rows[] = {
		{ 0x000, { 0x74726976, 0x74726976, 0x74726976, 0x74726976, 0x74726976 } },
		{ 0x008, { 42, 42, 42, 42, 42 } },
		{ 0x00c, { 0x1af4, 0x1af4, 0x1af4, 0x1af4, 0x1af4 } },
		{ 0x010, { 5, 5, 5, 5, 5 } },
		{ 0x034, { 8, 8, 8, 8, 8 } },
		{ 0x044, { 0, 0, 0, 1, 1 } }, /* E08 */
		{ 0x060, { 0, 0, 0, 0, 0 } },
		{ 0x070, { 0, 3, 0xb, 0xf, 0xf } }, /* E03 */
		{ 0x0b0, { ~0u, ~0u, ~0u, ~0u, ~0u } },
		{ 0x0b4, { ~0u, ~0u, ~0u, ~0u, ~0u } },
		{ 0x0b8, { ~0u, ~0u, ~0u, ~0u, ~0u } },
		{ 0x0bc, { ~0u, ~0u, ~0u, ~0u, ~0u } },
		{ 0x0c0, { 0, 0, 0, 0, 0 } },
		{ 0x0fc, { 0, 0, 0, 0, 0 } },
		{ 0x100, { 0x04030201, 0x04030201, 0x04030201, 0x04030201, 0x04030201 } },
	};

	for (enum mode mode = FRESH; mode < MODES; mode++) {
		make(_i);
		walk(mode, PLAIN_FEATURES);
		ck_assert_uint_eq(rd(0x004), _i);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			ck_assert_msg(rd(rows[i].offset) == rows[i].value[mode],
				"0x%x in mode %d reads 0x%x", rows[i].offset, (int)mode,
				rd(rows[i].offset));
		ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
	}
}
END_TEST

/*
 * Which write counts in which mode: 'a' accepted, 'D' dropped, without any effect but one
 * violation. Queue 0 is selected, and ready in the last two modes.
 */
START_TEST(access_writes_in_each_mode)
{
	static const struct {
		uint16_t offset;
		uint32_t value;
		char verdict[MODES + 1];
	} rows[] = {
		{ 0x014, 1, "aaaaa" },	  { 0x020, 0, "aaDDD" },
		{ 0x024, 3, "aaaaa" },	  { 0x030, 2, "aaaaa" },
		{ 0x038, 4, "aaaDD" },	  { 0x044, 1, "aaaaD" },
		{ 0x044, 0, "aaaaD" },	  { 0x044, 2, "DDDDD" },
		{ 0x044, ~0u, "DDDDD" },  { 0x050, 0, "DDDaD" },
		{ 0x050, 1, "DDDDD" },	  { 0x050, 2, "DDDDD" },
		{ 0x064, 3, "aaaaa" },	  { 0x070, 3, "aaaaD" },
		{ 0x070, 0xff, "aaaaD" }, { 0x070, 0, "aaaaa" },
		{ 0x080, 1, "aaaDD" },	  { 0x084, 1, "aaaDD" },
		{ 0x090, 1, "aaaDD" },	  { 0x094, 1, "aaaDD" },
		{ 0x0a0, 1, "aaaDD" },	  { 0x0a4, 1, "aaaDD" },
		{ 0x0ac, 1, "aaaaa" },	  { 0x0c0, 1, "DDaaD" },
		{ 0x0c0, 0, "DDDDD" },	  { 0x0c0, 2, "DDDDD" },
		{ 0x100, 1, "aaaaD" },	  { 0x108, 1, "aaaaa" }, /* the urgent window, E40 */
		{ 0x107, 1, "aaaaD" },	  { 0x109, 1, "aaaaD" }, /* half in, half out of it */
	};

	for (enum mode mode = FRESH; mode < MODES; mode++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			bool dropped = rows[i].verdict[mode] == 'D';

			make(_i);
			walk(mode, PLAIN_FEATURES);
			state_save();
			wr(rows[i].offset, rows[i].value);
			ck_assert_msg(violations_since() == dropped,
				"0x%x := 0x%x in mode %d: violations", rows[i].offset,
				rows[i].value, (int)mode);
			if (dropped)
				ck_assert_msg(!actions.n && state_same(),
					"0x%x := 0x%x in mode %d: had an effect",
					rows[i].offset, rows[i].value, (int)mode);
		}
	}
}
END_TEST

START_TEST(access_table_is_the_specification)
{
	size_t n;
	const struct vmmio_reg_row *rows = vmmio_reg_rows(&n);

	ck_assert_uint_eq(n, N_REGISTERS);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(rows[i].offset, registers[i].offset);
		ck_assert_str_eq(rows[i].name, registers[i].name);
		ck_assert_uint_eq(rows[i].dir, registers[i].dir);
		ck_assert_ptr_eq(vmmio_reg_row(rows[i].offset), &rows[i]);
		ck_assert_int_eq(rows[i].lockless, vmmio_regfile_lockless(rows[i].offset));
	}
	for (uint64_t offset = 0; offset < 0x1000; offset++) {
		ck_assert_int_eq(vmmio_reg_row(offset) != NULL, direction(offset) != 0);
		ck_assert_int_eq(vmmio_regfile_lockless(offset), offset == 0x50 || offset == 0x64);
	}
	ck_assert_ptr_null(vmmio_reg_row(UINT64_C(0x100000070)));
}
END_TEST

/* MMIO-DEV-15, -16, E30: no aliasing of selectors. */
START_TEST(access_feature_words)
{
	static const uint32_t beyond[] = { 4, 5, 7, 0x100, 0x10000, 0x80000000, UINT32_MAX };
	const uint32_t offered[4] = { 5, (uint32_t)(ALL_FEATURES >> 32), 1, 0x80000000 };
	uint64_t written[2];

	make(_i);
	for (unsigned round = 0; round < 2; round++) {
		for (uint32_t word = 0; word < 4; word++) {
			wr(VMMIO_REG_DEVICE_FEATURES_SEL, word);
			ck_assert_uint_eq(rd(VMMIO_REG_DEVICE_FEATURES), offered[word]);
			wr(VMMIO_REG_DRIVER_FEATURES_SEL, word);
			wr(VMMIO_REG_DRIVER_FEATURES, 0xdead0000 + round * 16 + word);
		}
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		wr(VMMIO_REG_DEVICE_FEATURES_SEL, beyond[i]);
		ck_assert_uint_eq(rd(VMMIO_REG_DEVICE_FEATURES), 0);
		ck_assert_uint_eq(vmmio_regfile_violations(rf), i);
		wr(VMMIO_REG_DRIVER_FEATURES_SEL, beyond[i]);
		wr(VMMIO_REG_DRIVER_FEATURES, 0x12345678);
		ck_assert_uint_eq(vmmio_regfile_violations(rf), i + 1);
	}
	vmmio_regfile_driver_features(rf, written);
	ck_assert_uint_eq(written[0], UINT64_C(0xdead0011dead0010));
	ck_assert_uint_eq(written[1], UINT64_C(0xdead0013dead0012));
}
END_TEST

/* E36, MMIO-DEV-28, -29: 32-bit ids, no masking. */
START_TEST(access_shared_memory)
{
	static const struct {
		uint32_t id, value[4];
	} rows[] = {
		{ 1, { 0x2000, 0x1, 0x55667788, 0x11223344 } },
		{ 0xffffffff, { 0x6000, 0, 0x5000, 0 } },
		{ 0, { ~0u, ~0u, ~0u, ~0u } },
		{ 0x101, { ~0u, ~0u, ~0u, ~0u } },
		{ 0x10001, { ~0u, ~0u, ~0u, ~0u } },
		{ 0xff, { ~0u, ~0u, ~0u, ~0u } },
	};

	make(_i);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wr(VMMIO_REG_SHM_SEL, rows[i].id);
		for (unsigned w = 0; w < 4; w++)
			ck_assert_uint_eq(rd(VMMIO_REG_SHM_LEN_LOW + 4 * w), rows[i].value[w]);
	}
}
END_TEST

void add_access_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "access");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, access_every_offset_and_width, 0, 2 * MODES);
	add_both(tc, access_every_config_size);
	add_both(tc, access_odd_sizes);
	add_both(tc, access_reads_in_each_mode);
	add_both(tc, access_writes_in_each_mode);
	tcase_add_test(tc, access_table_is_the_specification);
	add_both(tc, access_feature_words);
	add_both(tc, access_shared_memory);
}
