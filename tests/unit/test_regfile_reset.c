/* SPDX-License-Identifier: BSD-3-Clause */
/* Reset: acceptance, the time in between, the end. */
#include "test_regfile.h"

#include <string.h>

static void expect_reset(enum vmmio_reset_how how)
{
	expect_actions(VMMIO_ACTION_RESET);
	ck_assert_uint_eq(actions.list[0].value, how);
}

/* PATCH-DEV-02, -03, -07: from each status that a driver can leave behind. */
START_TEST(reset_from_each_status)
{
	static const uint32_t writes[] = { 1, 3, 0xb, 0xf, 0x80, 0x8f };

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]) * 2; i++) {
		uint32_t before, life;

		make(_i);
		if (writes[i / 2] & 8)
			walk(writes[i / 2] & 4 ? LIVE : NEGOTIATED, VERSION_1);
		wr(VMMIO_REG_STATUS, writes[i / 2]);
		if (i % 2)
			event(VMMIO_EVENT_NEEDS_RESET, 0);
		wr(VMMIO_REG_INTERRUPT_ACK, 3);
		before = status();
		life = epoch();
		wr(VMMIO_REG_STATUS, 0);
		expect_reset(VMMIO_RESET_BEGIN);
		ck_assert_uint_eq(status(), before); /* E03: frozen, not zero */
		ck_assert_uint_eq(epoch(), life + 1);
		ck_assert(vmmio_regfile_state(rf) & VMMIO_STATE_RESETTING);
		event(VMMIO_EVENT_RESET_FINISHED, 0);
		expect_no_action();
		ck_assert_uint_eq(vmmio_regfile_state(rf), (uint64_t)(life + 1) << 32);
		event(VMMIO_EVENT_RESET_FINISHED, 0);
		ck_assert_uint_eq(vmmio_regfile_state(rf), (uint64_t)(life + 1) << 32);
		walk(LIVE, VERSION_1);
	}
}
END_TEST

/* E20: the test is on the full 32 bits. */
START_TEST(reset_needs_full_zero)
{
	make(_i);
	walk(LIVE, VERSION_1);
	for (unsigned bit = 5; bit < 32; bit++) {
		if (bit == 7)
			continue;
		wr(VMMIO_REG_STATUS, UINT32_C(1) << bit);
		expect_no_action();
		ck_assert_uint_eq(status(), 0xf);
	}
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

/* E04, E05: a second zero joins, anything else is dropped. */
START_TEST(reset_second_write)
{
	uint32_t life;

	make(_i);
	walk(LIVE, VERSION_1);
	vmmio_regfile_raise(rf, epoch(), VMMIO_INT_ALL);
	wr(VMMIO_REG_STATUS, 0);
	expect_actions(VMMIO_ACTION_LINE, VMMIO_ACTION_RESET);
	ck_assert_uint_eq(actions.list[1].value, VMMIO_RESET_BEGIN);
	life = epoch();
	for (unsigned i = 0; i < 3; i++) {
		state_save();
		wr(VMMIO_REG_STATUS, 0);
		expect_reset(VMMIO_RESET_JOIN);
		ck_assert_uint_eq(violations_since(), 0);
		ck_assert(state_same());
	}
	for (uint32_t value = 1; value < 0x200; value++) {
		state_save();
		wr(VMMIO_REG_STATUS, value);
		expect_no_action();
		ck_assert(state_same());
		ck_assert_uint_eq(violations_since(), 1);
	}
	ck_assert_uint_eq(epoch(), life);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	ck_assert_uint_eq(status(), 0);
}
END_TEST

/* PATCH-DEV-06, E22: Status is 0, registers are dirty. */
START_TEST(reset_at_zero_cleans)
{
	uint64_t features[VMMIO_FEATURE_WORDS];
	uint32_t life;

	make(_i);
	wr(VMMIO_REG_DRIVER_FEATURES, 5);
	select_queue(2);
	wr(VMMIO_REG_QUEUE_SIZE, 16);
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_actions(VMMIO_ACTION_QUEUE_READY);
	life = epoch();
	wr(VMMIO_REG_STATUS, 0);
	expect_reset(VMMIO_RESET_CLEAN);
	ck_assert_uint_eq(status(), 0);
	ck_assert_uint_eq(epoch(), life + 1);
	wr(VMMIO_REG_STATUS, 1); /* not finished yet */
	ck_assert_uint_eq(status(), 0);
	wr(VMMIO_REG_STATUS, 0);
	expect_reset(VMMIO_RESET_JOIN);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	select_queue(2);
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), 0);
	vmmio_regfile_driver_features(rf, features);
	ck_assert_uint_eq(features[0], 0);
	wr(VMMIO_REG_STATUS, 1);
	ck_assert_uint_eq(status(), 1);
}
END_TEST

/* E01, E10, F24: InterruptStatus is cleared at acceptance and stays so. */
START_TEST(reset_clears_interrupts)
{
	uint32_t old;

	make(_i);
	walk(LIVE, VERSION_1);
	old = epoch();
	ck_assert(vmmio_regfile_raise(rf, old, VMMIO_INT_ALL));
	wr(VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 0);
	for (unsigned after = 0; after < 2; after++) {
		ck_assert(!vmmio_regfile_raise(rf, old, VMMIO_INT_ALL));
		ck_assert(!vmmio_regfile_raise(rf, epoch(), VMMIO_INT_ALL));
		event(VMMIO_EVENT_NEEDS_RESET, 0);
		expect_no_action();
		wr(VMMIO_REG_INTERRUPT_ACK, 3);
		expect_no_action();
		ck_assert_uint_eq(rd(VMMIO_REG_INTERRUPT_STATUS), 0);
		if (!after) {
			ck_assert_uint_eq(status(), 0xf);
			event(VMMIO_EVENT_RESET_FINISHED, 0);
		}
		ck_assert_uint_eq(status(), 0);
		if (!after) { /* E10: what was raised meanwhile is gone for good */
			wr(VMMIO_REG_STATUS, 1);
			ck_assert_uint_eq(status(), 1);
			wr(VMMIO_REG_STATUS, 0);
			event(VMMIO_EVENT_RESET_FINISHED, 0);
		}
	}
	/* The next life takes no raise of the old one. */
	make(_i);
	walk(LIVE, VERSION_1);
	old = epoch();
	wr(VMMIO_REG_STATUS, 0);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	walk(LIVE, VERSION_1);
	ck_assert(!vmmio_regfile_raise(rf, old, 1));
	ck_assert(vmmio_regfile_raise(rf, epoch(), 1));
}
END_TEST

static void write_selectors(uint32_t value)
{
	wr(VMMIO_REG_DEVICE_FEATURES_SEL, value);
	wr(VMMIO_REG_DRIVER_FEATURES_SEL, value);
	wr(VMMIO_REG_QUEUE_SEL, value);
	wr(VMMIO_REG_SHM_SEL, value);
}

static bool selectors_are(uint32_t value)
{
	for (unsigned i = 0; i < SEL_COUNT; i++)
		if (atomic_load(&rf->selector[i]) != value)
			return false;
	return true;
}

/* F19: accepted during the reset, 0 when Status reads 0. */
START_TEST(reset_selectors)
{
	make(_i);
	walk(LIVE, VERSION_1);
	write_selectors(2);
	ck_assert(selectors_are(2));
	wr(VMMIO_REG_STATUS, 0);
	ck_assert(selectors_are(0));
	write_selectors(1);
	ck_assert(selectors_are(1));
	ck_assert_uint_eq(rd(VMMIO_REG_SHM_LEN_LOW), 0x2000);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	ck_assert(selectors_are(0));
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

/* E08, E09, E32: queue bits keep 1 until the end, late answers of queues do not count. */
START_TEST(reset_keeps_queue_bits)
{
	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	select_queue(2);
	wr(VMMIO_REG_QUEUE_READY, 1);
	wr(VMMIO_REG_QUEUE_RESET, 1);
	expect_actions(VMMIO_ACTION_QUEUE_RESET);
	select_queue(0);
	wr(VMMIO_REG_QUEUE_READY, 0);
	expect_actions(VMMIO_ACTION_QUEUE_STOP);
	wr(VMMIO_REG_STATUS, 0);
	for (unsigned i = 0; i < 2; i++) {
		select_queue(0);
		ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), 1);
		ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_RESET), 0);
		select_queue(2);
		ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), 1);
		ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_RESET), 1);
		event(VMMIO_EVENT_QUEUE_STOPPED, 0);
		event(VMMIO_EVENT_QUEUE_STOPPED, 2);
	}
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	for (uint32_t queue = 0; queue < TEST_QUEUES; queue++) {
		select_queue(queue);
		ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), 0);
		ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_RESET), 0);
	}
	event(VMMIO_EVENT_QUEUE_STOPPED, 0);
	select_queue(0);
	wr(VMMIO_REG_QUEUE_READY, 1);
	event(VMMIO_EVENT_QUEUE_STOPPED, 0); /* too late: that was another life */
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), 1);
}
END_TEST

/* I2: whatever the writer side holds, a reset leaves what creation made. */
START_TEST(reset_clears_every_byte)
{
	static const unsigned patterns[] = { 0x00, 0x5a, 0xff };
	struct regfile_queue queues[TEST_QUEUES];
	struct regfile_writer fresh;

	make(_i);
	memcpy(&fresh, &rf->writer, sizeof(fresh));
	memcpy(queues, rf->queue, sizeof(queues));
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		walk(LIVE, ALL_FEATURES);
		wr(VMMIO_REG_STATUS, 0);
		memset(&rf->writer, patterns[i], sizeof(rf->writer));
		memset(rf->queue, patterns[i], sizeof(queues));
		for (uint32_t q = 0; q < TEST_QUEUES; q++)
			atomic_store(&rf->queue_flags[q], (uint8_t)patterns[i]);
		event(VMMIO_EVENT_RESET_FINISHED, 0);
		ck_assert_mem_eq(&rf->writer, &fresh, sizeof(fresh));
		ck_assert_mem_eq(rf->queue, queues, sizeof(queues));
		for (uint32_t q = 0; q < TEST_QUEUES; q++)
			ck_assert_uint_eq(atomic_load(&rf->queue_flags[q]), 0);
		ck_assert(selectors_are(0));
		ck_assert_uint_eq((uint32_t)vmmio_regfile_state(rf), 0);
	}
}
END_TEST

/* E43, HD-34: after a reset every byte but epoch and generation is as after creation. */
START_TEST(reset_equals_fresh)
{
	static unsigned char fresh[4096];
	static const uint8_t byte[] = { 1 };
	uint64_t state;

	make(_i);
	memcpy(fresh, rf, rf_size);
	walk(LIVE, ALL_FEATURES);
	write_selectors(7);
	event(VMMIO_EVENT_NEEDS_RESET, 0);
	ck_assert(!vmmio_regfile_config_set(rf, 0, byte, 1)); /* no difference, no change */
	wr(VMMIO_REG_STATUS, 0);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	state = vmmio_regfile_state(rf);
	ck_assert_uint_eq(VMMIO_STATE_EPOCH(state), 1);
	atomic_store(&rf->state, 0);
	ck_assert_mem_eq(rf, fresh, rf_size);
}
END_TEST

START_TEST(reset_without_resetting_is_nothing)
{
	for (enum mode mode = FRESH; mode < RESETTING; mode++) {
		make(_i);
		walk(mode, VERSION_1);
		state_save();
		event(VMMIO_EVENT_RESET_FINISHED, 0);
		ck_assert(state_same());
	}
}
END_TEST

START_TEST(reset_epoch_wraps)
{
	make(_i);
	atomic_store(&rf->state, UINT64_C(0xffffffff00000001));
	wr(VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(vmmio_regfile_state(rf), VMMIO_STATE_RESETTING | 1);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	ck_assert_uint_eq(vmmio_regfile_state(rf), 0);
}
END_TEST

void add_reset_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "reset");

	add_both(tc, reset_from_each_status);
	add_both(tc, reset_needs_full_zero);
	add_both(tc, reset_second_write);
	add_both(tc, reset_at_zero_cleans);
	add_both(tc, reset_clears_interrupts);
	add_both(tc, reset_selectors);
	add_both(tc, reset_keeps_queue_bits);
	add_both(tc, reset_clears_every_byte);
	add_both(tc, reset_equals_fresh);
	add_both(tc, reset_without_resetting_is_nothing);
	add_both(tc, reset_epoch_wraps);
}
