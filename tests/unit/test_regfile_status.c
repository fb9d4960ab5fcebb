/* SPDX-License-Identifier: BSD-3-Clause */
/* Status: bits, feature negotiation, start, NEEDS_RESET, InterruptStatus. */
#include "test_regfile.h"

static void write_features(uint64_t word0, uint64_t word1)
{
	for (uint32_t word = 0; word < 4; word++) {
		uint64_t pair = word < 2 ? word0 : word1;

		wr(VMMIO_REG_DRIVER_FEATURES_SEL, word);
		wr(VMMIO_REG_DRIVER_FEATURES, (uint32_t)(pair >> (word % 2 * 32)));
	}
}

/* E20: only driver bits count, and they only ever get set. */
START_TEST(status_is_or)
{
	static const struct {
		uint32_t write, read;
	} rows[] = { { 0x20, 0 }, { 0x40, 0 }, { 0x100, 0 }, { 0xffffff00, 0 }, { 0x60, 0 },
		{ 0x10, 0 }, { 0x4, 0 }, { 1, 1 }, { 0x100, 1 }, { 0x20, 1 }, { 2, 3 }, { 1, 3 },
		{ 0x43, 3 }, { 0x80000001, 3 }, { 0x13, 3 }, { 0x7, 3 }, { 0x80, 0x83 },
		{ 1, 0x83 } };

	make(_i);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wr(VMMIO_REG_STATUS, rows[i].write);
		ck_assert_msg(status() == rows[i].read, "row %zu: 0x%x reads 0x%x", i,
			rows[i].write, status());
		if (rows[i].write == 0x80)
			expect_actions(VMMIO_ACTION_FAILED);
		else
			expect_no_action();
	}
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

/* SeaBIOS writes 0 -> 3, U-Boot never ACKNOWLEDGE: 2, 0xa, 0xe. Both have to come up. */
START_TEST(status_loose_orders)
{
	static const uint32_t orders[][4] = { { 3, 0xb, 0xf }, { 2, 0xa, 0xe }, { 1, 3, 0xb, 0xf },
		{ 0x8, 0xc }, { 0xb, 0x4 } };

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		uint32_t all = 0;

		make(_i);
		write_features(VERSION_1, 0);
		for (size_t k = 0; k < 4 && orders[i][k]; k++) {
			wr(VMMIO_REG_STATUS, orders[i][k]);
			all |= orders[i][k];
			if (actions.n && actions.list[0].kind == VMMIO_ACTION_CHECK_FEATURES)
				event(VMMIO_EVENT_FEATURES, 1);
			ck_assert_uint_eq(status(), all);
		}
		expect_actions(VMMIO_ACTION_DRIVER_OK);
	}
}
END_TEST

/* E17, HD-42: what the register file refuses by itself, without asking the backend. */
START_TEST(status_features_refused)
{
	static const uint64_t sets[][2] = {
		{ 0, 0 },
		{ 0x5, 1 },                                        /* VERSION_1 missing */
		{ VERSION_1 | 0x2, 0 },                            /* never offered */
		{ VERSION_1 | VMMIO_FEATURE(VMMIO_F_EVENT_IDX), 0 },
		{ VERSION_1, 2 },
		{ VERSION_1, UINT64_C(0x4000000000000000) },
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		make(_i);
		walk(SETUP, 0);
		write_features(sets[i][0], sets[i][1]);
		wr(VMMIO_REG_STATUS, 0xb);
		expect_no_action();
		ck_assert_uint_eq(status(), 3);
		wr(VMMIO_REG_STATUS, 0xf);
		expect_no_action();
		ck_assert_uint_eq(status(), 3);
		write_features(VERSION_1, 1); /* evaluated again */
		wr(VMMIO_REG_STATUS, 0xb);
		expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	}
}
END_TEST

START_TEST(status_features_dependency)
{
	static const uint16_t sizes[] = { 8 };
	struct vmmio_regfile_config config = { .version = _i, .device_id = VMMIO_ID_NET,
		.features = { VERSION_1 | 1 << 0 | 1 << 11 }, .n_queues = 1,
		.queue_size_max = sizes };

	make_from(&config);
	write_features(VERSION_1 | 1 << 11, 0);
	wr(VMMIO_REG_STATUS, 0xb);
	expect_no_action();
	ck_assert_uint_eq(status(), 3);
	write_features(VERSION_1 | 1 << 11 | 1, 0);
	wr(VMMIO_REG_STATUS, 0xb);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
}
END_TEST

START_TEST(status_features_backend_refuses)
{
	make(_i);
	write_features(VERSION_1, 0);
	wr(VMMIO_REG_STATUS, 0xf);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	ck_assert_uint_eq(status(), 3);
	event(VMMIO_EVENT_FEATURES, 0);
	expect_no_action();
	ck_assert_uint_eq(status(), 3);
	event(VMMIO_EVENT_FEATURES, 1); /* a second answer */
	expect_no_action();
	ck_assert_uint_eq(status(), 3);
	wr(VMMIO_REG_STATUS, 0xb);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	event(VMMIO_EVENT_FEATURES, 1);
	expect_no_action(); /* the DRIVER_OK of the refused write is forgotten */
	ck_assert_uint_eq(status(), 0xb);
}
END_TEST

/* E18: 8 is looked at first; 4 alone never gets set. */
START_TEST(status_driver_ok_with_features_ok)
{
	make(_i);
	write_features(VERSION_1, 0);
	wr(VMMIO_REG_STATUS, 0x7);
	expect_no_action();
	ck_assert_uint_eq(status(), 3);
	wr(VMMIO_REG_STATUS, 0xf);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	ck_assert_uint_eq(status(), 3);
	event(VMMIO_EVENT_FEATURES, 1);
	expect_actions(VMMIO_ACTION_DRIVER_OK);
	ck_assert_uint_eq(status(), 0xf);
	wr(VMMIO_REG_STATUS, 0xf);
	expect_no_action();
}
END_TEST

/* Two vCPUs ask at once: one question, and the features stay as they are meanwhile. */
START_TEST(status_one_check_at_a_time)
{
	uint64_t set[VMMIO_FEATURE_WORDS];

	make(_i);
	write_features(VERSION_1, 0);
	wr(VMMIO_REG_STATUS, 0xb);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	wr(VMMIO_REG_STATUS, 0x4);
	expect_no_action();
	wr(VMMIO_REG_STATUS, 0xb);
	expect_no_action();
	state_save();
	wr(VMMIO_REG_DRIVER_FEATURES, 0);
	ck_assert(state_same());
	ck_assert_uint_eq(violations_since(), 1);
	wr(VMMIO_REG_STATUS, 0xf);
	expect_no_action();
	event(VMMIO_EVENT_FEATURES, 1);
	expect_actions(VMMIO_ACTION_DRIVER_OK);
	vmmio_regfile_driver_features(rf, set);
	ck_assert_uint_eq(set[0], VERSION_1);
}
END_TEST

/* The answer to a question of the life before counts neither during nor after the reset. */
START_TEST(status_reset_voids_check)
{
	make(_i);
	write_features(VERSION_1, 0);
	wr(VMMIO_REG_STATUS, 0xf);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	wr(VMMIO_REG_STATUS, 0);
	event(VMMIO_EVENT_FEATURES, 1);
	expect_no_action();
	ck_assert_uint_eq(status(), 3);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	event(VMMIO_EVENT_FEATURES, 1);
	expect_no_action();
	ck_assert_uint_eq(status(), 0);
	wr(VMMIO_REG_STATUS, 3);
	event(VMMIO_EVENT_FEATURES, 1);
	ck_assert_uint_eq(status(), 3);
}
END_TEST

/* E11: bit 6 must not spoil the zero that a poller waits for. */
START_TEST(status_needs_reset_at_zero)
{
	make(_i);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	expect_no_action();
	ck_assert_uint_eq(status(), 0);
	wr(VMMIO_REG_STATUS, 0x120); /* no bit of the driver's: still not shown */
	ck_assert_uint_eq(status(), 0);
	write_features(VERSION_1, 0);
	wr(VMMIO_REG_STATUS, 0x1);
	ck_assert_uint_eq(status(), 0x41);
	wr(VMMIO_REG_STATUS, 0xb);
	expect_no_action();
	ck_assert_uint_eq(status(), 0x43);
	wr(VMMIO_REG_STATUS, 0);
	expect_actions(VMMIO_ACTION_RESET);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	ck_assert_uint_eq(status(), 0);
	walk(LIVE, VERSION_1);
	ck_assert_uint_eq(status(), 0xf);
}
END_TEST

START_TEST(status_needs_reset_while_checking)
{
	make(_i);
	write_features(VERSION_1, 0);
	wr(VMMIO_REG_STATUS, 0xf);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	event(VMMIO_EVENT_FEATURES, 1);
	expect_no_action();
	ck_assert_uint_eq(status(), 0x43);
}
END_TEST

START_TEST(status_needs_reset_at_zero_refuses_at_once)
{
	make(_i);
	write_features(VERSION_1, 0);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	wr(VMMIO_REG_STATUS, 0xf);
	expect_no_action();
	ck_assert_uint_eq(status(), 0x43);
	/* The same, but raised while the backend is being asked. */
	make(_i);
	write_features(VERSION_1, 0);
	wr(VMMIO_REG_STATUS, 0x8);
	expect_actions(VMMIO_ACTION_CHECK_FEATURES);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	event(VMMIO_EVENT_FEATURES, 1);
	ck_assert_uint_eq(status(), 0);
	wr(VMMIO_REG_STATUS, 0x1);
	ck_assert_uint_eq(status(), 0x41);
	event(VMMIO_EVENT_FEATURES, 1);
	ck_assert_uint_eq(status(), 0x41);
}
END_TEST

/* E19, GEN-DEV-04; a config interrupt only with DRIVER_OK. */
START_TEST(status_needs_reset_interrupts)
{
	make(_i);
	walk(NEGOTIATED, VERSION_1);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	expect_no_action();
	ck_assert_uint_eq(status(), 0x4b);
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 0);
	make(_i);
	walk(LIVE, VERSION_1);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	expect_actions(VMMIO_ACTION_LINE);
	ck_assert_uint_eq(status(), 0x4f);
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	expect_no_action();
	wr(VMMIO_REG_QUEUE_NOTIFY, 0); /* others go on */
	expect_actions(VMMIO_ACTION_NOTIFY);
}
END_TEST

/* E21: FAILED is told once, stops notifications, and only a reset takes it away. */
START_TEST(status_failed)
{
	make(_i);
	walk(LIVE, VERSION_1);
	wr(VMMIO_REG_STATUS, 0x8f);
	expect_actions(VMMIO_ACTION_FAILED);
	wr(VMMIO_REG_STATUS, 0x80);
	expect_no_action();
	ck_assert_uint_eq(status(), 0x8f);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_no_action();
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), 1);
	wr(VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(actions.list[0].value, VMMIO_RESET_BEGIN);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	ck_assert_uint_eq(status(), 0);
}
END_TEST

/* Everything in one write: the checks first, FAILED at once, DRIVER_OK with the answer. */
START_TEST(status_all_bits_at_once)
{
	make(_i);
	write_features(VERSION_1 | SUSPEND, 0);
	wr(VMMIO_REG_STATUS, 0xffffffff);
	expect_actions(VMMIO_ACTION_FAILED, VMMIO_ACTION_CHECK_FEATURES);
	ck_assert_uint_eq(status(), 0x83);
	event(VMMIO_EVENT_FEATURES, 1);
	expect_actions(VMMIO_ACTION_DRIVER_OK);
	ck_assert_uint_eq(status(), 0x8f);
}
END_TEST

START_TEST(interrupt_raise_and_ack)
{
	uint32_t life;

	make(_i);
	for (enum mode mode = FRESH; mode < LIVE; mode++) {
		make(_i);
		walk(mode, VERSION_1);
		ck_assert(!vmmio_regfile_raise(rf, epoch(), VMMIO_INT_ALL));
		ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 0);
	}
	make(_i);
	walk(LIVE, VERSION_1);
	life = epoch();
	ck_assert(!vmmio_regfile_raise(rf, life + 1, VMMIO_INT_ALL));
	ck_assert(!vmmio_regfile_raise(rf, life - 1, VMMIO_INT_ALL));
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(vmmio_regfile_raise(rf, life, VMMIO_INT_USED_BUFFER));
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 1);
	ck_assert(vmmio_regfile_raise(rf, life, VMMIO_INT_USED_BUFFER));
	ck_assert(vmmio_regfile_raise(rf, life, UINT32_MAX));
	ck_assert_uint_eq(vmmio_regfile_state(rf) & 0xffffffff, 0x30f);
	wr(VMMIO_REG_INTERRUPT_ACK, 0xfffffffc);
	expect_no_action();
	wr(VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	expect_actions(VMMIO_ACTION_LINE);
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 1);
	wr(VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	expect_no_action();
	wr(VMMIO_REG_INTERRUPT_ACK, UINT32_MAX);
	expect_actions(VMMIO_ACTION_LINE);
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_uint_eq(status(), 0xf);
	/* Undefined bits of an ACK reach nothing else in the word. */
	wr(VMMIO_REG_STATUS, 0);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	walk(LIVE, VERSION_1 | NOTIFICATION_DATA);
	state_save();
	wr(VMMIO_REG_INTERRUPT_ACK, UINT32_MAX);
	expect_no_action();
	ck_assert(state_same());
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

void add_status_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "status");

	add_both(tc, status_is_or);
	add_both(tc, status_loose_orders);
	add_both(tc, status_features_refused);
	add_both(tc, status_features_dependency);
	add_both(tc, status_features_backend_refuses);
	add_both(tc, status_driver_ok_with_features_ok);
	add_both(tc, status_one_check_at_a_time);
	add_both(tc, status_reset_voids_check);
	add_both(tc, status_needs_reset_at_zero);
	add_both(tc, status_needs_reset_at_zero_refuses_at_once);
	add_both(tc, status_needs_reset_while_checking);
	add_both(tc, status_needs_reset_interrupts);
	add_both(tc, status_failed);
	add_both(tc, status_all_bits_at_once);
	add_both(tc, interrupt_raise_and_ack);
}
