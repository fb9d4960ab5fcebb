/* SPDX-License-Identifier: BSD-3-Clause */
/* SUSPEND: GEN-DEV-18 to GEN-DEV-31 as far as registers show them. */
#include "test_regfile.h"

/* Status shows the suspended state: DRIVER_OK gone, SUSPEND set. */
static void suspend_device(unsigned version)
{
	make(version);
	walk(LIVE, PLAIN_FEATURES);
	wr(VMMIO_REG_STATUS, 0x1f);
	expect_actions(VMMIO_ACTION_SUSPEND);
	ck_assert_uint_eq(status(), 0x1f);
	event(VMMIO_EVENT_SUSPENDED, 0);
	expect_no_action();
	ck_assert_uint_eq(status(), 0x1b);
}

START_TEST(suspend_ignored)
{
	static const struct {
		enum mode mode;
		uint64_t features;
		uint32_t write, read;
	} rows[] = {
		{ FRESH, 0, 0x10, 0 },
		{ SETUP, 0, 0x13, 3 },
		{ NEGOTIATED, PLAIN_FEATURES, 0x1b, 0xb },
		{ LIVE, VERSION_1, 0x1f, 0xf }, /* not negotiated */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make(_i);
		walk(rows[i].mode, rows[i].features);
		wr(VMMIO_REG_STATUS, rows[i].write);
		expect_no_action();
		ck_assert_uint_eq(status(), rows[i].read);
		event(VMMIO_EVENT_SUSPENDED, 0);
		event(VMMIO_EVENT_RESUMED, 0);
		ck_assert_uint_eq(status(), rows[i].read);
	}
	/* Together with the DRIVER_OK that starts the device: not initialised yet. */
	make(_i);
	walk(NEGOTIATED, PLAIN_FEATURES);
	wr(VMMIO_REG_STATUS, 0x1f);
	expect_actions(VMMIO_ACTION_DRIVER_OK);
	ck_assert_uint_eq(status(), 0xf);
}
END_TEST

START_TEST(suspend_and_resume)
{
	suspend_device(_i);
	event(VMMIO_EVENT_RESUMED, 0); /* nobody asked */
	ck_assert_uint_eq(status(), 0x1b);
	wr(VMMIO_REG_STATUS, 0x1b);
	expect_no_action();
	wr(VMMIO_REG_STATUS, 0x1f);
	expect_actions(VMMIO_ACTION_RESUME);
	ck_assert_uint_eq(status(), 0x1b);
	wr(VMMIO_REG_STATUS, 0x0f);
	expect_no_action();
	event(VMMIO_EVENT_RESUMED, 0);
	expect_no_action();
	ck_assert_uint_eq(status(), 0xf);
	wr(VMMIO_REG_STATUS, 0x1f); /* and again */
	expect_actions(VMMIO_ACTION_SUSPEND);
}
END_TEST

/* GEN-DEV-19, -20, -23, -24. */
START_TEST(suspend_quiet)
{
	static const uint8_t changed[] = { 0x77 };

	suspend_device(_i);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_no_action();
	wr(VMMIO_REG_CONFIG, 1);
	expect_no_action();
	wr(VMMIO_REG_CONFIG + TEST_URGENT, 1);
	expect_actions(VMMIO_ACTION_CONFIG_WRITE);
	ck_assert(!vmmio_regfile_raise(rf, epoch(), VMMIO_INT_ALL));
	ck_assert(vmmio_regfile_config_set(rf, 0, changed, 1));
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 0);
	wr(VMMIO_REG_STATUS, 0xf);
	event(VMMIO_EVENT_RESUMED, 0);
	expect_actions(VMMIO_ACTION_LINE);
	ck_assert_uint_eq(status(), 0xf);
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
}
END_TEST

START_TEST(suspend_fails)
{
	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	wr(VMMIO_REG_STATUS, 0x1f);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	expect_actions(VMMIO_ACTION_LINE);
	event(VMMIO_EVENT_SUSPENDED, 0);
	ck_assert_uint_eq(status(), 0x5f);
	suspend_device(_i);
	wr(VMMIO_REG_STATUS, 0xf);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	expect_no_action(); /* suspended: no notification */
	event(VMMIO_EVENT_RESUMED, 0);
	ck_assert_uint_eq(status(), 0x5b);
	wr(VMMIO_REG_STATUS, 0xf); /* a second try that works tells what was withheld */
	expect_actions(VMMIO_ACTION_RESUME);
	event(VMMIO_EVENT_RESUMED, 0);
	expect_actions(VMMIO_ACTION_LINE);
	ck_assert_uint_eq(status(), 0x4f);
}
END_TEST

/* GEN-DRV-34: from the SUSPEND write on; what is in processing may still be reported. */
START_TEST(suspend_while_stopping)
{
	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	wr(VMMIO_REG_STATUS, 0x1f);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_no_action();
	ck_assert(vmmio_regfile_raise(rf, epoch(), VMMIO_INT_USED_BUFFER));
}
END_TEST

/* E39: reset wins. */
START_TEST(suspend_reset_wins)
{
	for (unsigned stage = 0; stage < 3; stage++) {
		make(_i);
		walk(LIVE, PLAIN_FEATURES);
		wr(VMMIO_REG_STATUS, 0x1f);
		if (stage > 0)
			event(VMMIO_EVENT_SUSPENDED, 0);
		if (stage > 1)
			wr(VMMIO_REG_STATUS, 0xf);
		wr(VMMIO_REG_STATUS, 0);
		expect_actions(VMMIO_ACTION_RESET);
		state_save();
		event(VMMIO_EVENT_SUSPENDED, 0);
		event(VMMIO_EVENT_RESUMED, 0);
		ck_assert(state_same());
		event(VMMIO_EVENT_RESET_FINISHED, 0);
		event(VMMIO_EVENT_SUSPENDED, 0);
		event(VMMIO_EVENT_RESUMED, 0);
		ck_assert_uint_eq(status(), 0);
	}
}
END_TEST

void add_suspend_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "suspend");

	add_both(tc, suspend_ignored);
	add_both(tc, suspend_and_resume);
	add_both(tc, suspend_quiet);
	add_both(tc, suspend_fails);
	add_both(tc, suspend_while_stopping);
	add_both(tc, suspend_reset_wins);
}
