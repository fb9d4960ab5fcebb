/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue registers. */
#include "test_regfile.h"

static void setup_is(uint32_t queue, struct vmmio_queue_setup expected)
{
	struct vmmio_queue_setup setup;

	vmmio_regfile_queue(rf, queue, &setup);
	ck_assert_int_eq(setup.ready, expected.ready);
	ck_assert_uint_eq(setup.size, expected.size);
	ck_assert_uint_eq(setup.desc, expected.desc);
	ck_assert_uint_eq(setup.driver, expected.driver);
	ck_assert_uint_eq(setup.device, expected.device);
}

static void write_setup(uint32_t salt)
{
	static const uint16_t halves[] = { 0x84, 0x80, 0x90, 0x94, 0xa4, 0xa0 };

	wr(VMMIO_REG_QUEUE_SIZE, salt);
	for (unsigned i = 0; i < 6; i++)
		wr(halves[i], halves[i] << 8 | salt);
}

static struct vmmio_queue_setup salted(bool ready, uint32_t salt)
{
	const uint64_t both = (uint64_t)salt << 32 | salt;

	return (struct vmmio_queue_setup){ ready, salt, UINT64_C(0x840000008000) | both,
		UINT64_C(0x940000009000) | both, UINT64_C(0xa4000000a000) | both };
}

static void expect_queue(enum vmmio_action_kind kind, uint32_t queue)
{
	expect_actions((int)kind);
	ck_assert_uint_eq(actions.list[0].queue, queue);
}

static void bits_are(uint32_t ready, uint32_t reset)
{
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_READY), ready);
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_RESET), reset);
}

/* MMIO-DEV-18, -19, -27; QueueSize starts as QueueSizeMax. */
START_TEST(queue_selection)
{
	make(_i);
	setup_is(0, (struct vmmio_queue_setup){ .size = 8 });
	setup_is(1, (struct vmmio_queue_setup){ .size = 0 });
	setup_is(2, (struct vmmio_queue_setup){ .size = 256 });
	select_queue(0);
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_SIZE_MAX), 8);
	write_setup(0x11);
	select_queue(2);
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_SIZE_MAX), 256);
	write_setup(0x22);
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_queue(VMMIO_ACTION_QUEUE_READY, 2);
	bits_are(1, 0);
	select_queue(0);
	bits_are(0, 0);
	setup_is(0, salted(false, 0x11));
	setup_is(2, salted(true, 0x22));
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

/* E30, HD-13, HD-23: each queue register under a selection that is not there. */
START_TEST(queue_selection_absent)
{
	static const uint32_t absent[] = { 1, TEST_QUEUES, 0x7fff, 0xffff, 0x10000, 0x10002,
		0xffff0000, 0x80000000, 0xffffffff };
	static const uint16_t writable[] = { 0x38, 0x44, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0xc0 };

	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		select_queue(absent[i]);
		ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_SIZE_MAX), 0);
		bits_are(0, 0);
		for (size_t w = 0; w < sizeof(writable) / sizeof(writable[0]); w++) {
			for (uint32_t value = 0; value < 3; value++) {
				state_save();
				wr(writable[w], value);
				expect_no_action();
				ck_assert(state_same());
				ck_assert_uint_eq(violations_since(), 1);
			}
		}
	}
	select_queue(0);
	bits_are(1, 0);
}
END_TEST

/* E29, HD-25: latched at 0 -> 1, whatever the addresses (E28). */
START_TEST(queue_latched_while_ready)
{
	make(_i);
	walk(SETUP, 0);
	write_setup(0xff);
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_queue(VMMIO_ACTION_QUEUE_READY, 0);
	state_save();
	write_setup(0x33);
	ck_assert(state_same());
	ck_assert_uint_eq(violations_since(), 7);
	setup_is(0, salted(true, 0xff));
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_no_action();
	ck_assert_uint_eq(violations_since(), 7);
}
END_TEST

/* E27: 1 until it is quiet, then everything to defaults; both versions. */
START_TEST(queue_stop)
{
	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	wr(VMMIO_REG_QUEUE_READY, 0);
	expect_queue(VMMIO_ACTION_QUEUE_STOP, 0);
	bits_are(1, 0);
	wr(VMMIO_REG_QUEUE_READY, 0); /* a second writer waits too */
	expect_queue(VMMIO_ACTION_QUEUE_STOP, 0);
	state_save();
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_no_action();
	write_setup(0x44);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_no_action();
	ck_assert(state_same());
	ck_assert_uint_eq(violations_since(), 9);
	event(VMMIO_EVENT_QUEUE_STOPPED, 2); /* not this one */
	event(VMMIO_EVENT_QUEUE_STOPPED, TEST_QUEUES);
	event(VMMIO_EVENT_QUEUE_STOPPED, UINT32_MAX);
	bits_are(1, 0);
	event(VMMIO_EVENT_QUEUE_STOPPED, 0);
	bits_are(0, 0);
	setup_is(0, (struct vmmio_queue_setup){ .size = 8 });
	wr(VMMIO_REG_QUEUE_READY, 0);
	expect_no_action();
	write_setup(0x55);
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_queue(VMMIO_ACTION_QUEUE_READY, 0);
	setup_is(0, salted(true, 0x55));
	event(VMMIO_EVENT_QUEUE_STOPPED, 0); /* nobody asked */
	bits_are(1, 0);
	wr(VMMIO_REG_QUEUE_READY, 0);
	setup_is(0, salted(true, 0x55));
	event(VMMIO_EVENT_QUEUE_STOPPED, 0);
	setup_is(0, (struct vmmio_queue_setup){ .size = 8 });
}
END_TEST

/* MMIO-DEV-09 to -12, GEN-DEV-16, -17, E32. */
START_TEST(queue_reset)
{
	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	wr(VMMIO_REG_QUEUE_RESET, 1);
	expect_queue(VMMIO_ACTION_QUEUE_RESET, 0);
	bits_are(1, 1);
	wr(VMMIO_REG_QUEUE_RESET, 1);
	expect_no_action();
	state_save();
	wr(VMMIO_REG_QUEUE_READY, 0);
	expect_no_action();
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_no_action();
	wr(VMMIO_REG_QUEUE_RESET, 0);
	expect_no_action();
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_no_action();
	write_setup(0x66);
	ck_assert(state_same());
	ck_assert_uint_eq(violations_since(), 11);
	event(VMMIO_EVENT_QUEUE_STOPPED, 0);
	bits_are(0, 0);
	setup_is(0, (struct vmmio_queue_setup){ .size = 8 });
	write_setup(0x77);
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_queue(VMMIO_ACTION_QUEUE_READY, 0);
	bits_are(1, 0);
	setup_is(0, salted(true, 0x77));
}
END_TEST

/* Not ready: done inside the write, and the registers are back to their defaults. */
START_TEST(queue_reset_not_ready)
{
	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	select_queue(2);
	write_setup(0x22);
	wr(VMMIO_REG_QUEUE_RESET, 1);
	expect_no_action();
	bits_are(0, 0);
	setup_is(2, (struct vmmio_queue_setup){ .size = 256 });
	setup_is(0, (struct vmmio_queue_setup){ .ready = true, .size = 8 });
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

START_TEST(queue_reset_while_stopping)
{
	make(_i);
	walk(LIVE, PLAIN_FEATURES);
	wr(VMMIO_REG_QUEUE_READY, 0);
	wr(VMMIO_REG_QUEUE_RESET, 1);
	expect_queue(VMMIO_ACTION_QUEUE_RESET, 0);
	bits_are(1, 1);
	event(VMMIO_EVENT_QUEUE_STOPPED, 0);
	bits_are(0, 0);
}
END_TEST

/* E31: without RING_RESET it is inert, whether not negotiated or not offered. */
START_TEST(queue_reset_without_feature)
{
	struct vmmio_regfile_config config = test_config(_i);

	for (unsigned offered = 0; offered < 2; offered++) {
		if (!offered)
			config.features[0] &= ~RING_RESET;
		else
			config.features[0] |= RING_RESET;
		make_from(&config);
		walk(LIVE, VERSION_1);
		state_save();
		wr(VMMIO_REG_QUEUE_RESET, 1);
		expect_no_action();
		ck_assert(state_same());
		ck_assert_uint_eq(violations_since(), 1);
		bits_are(1, 0);
		wr(VMMIO_REG_QUEUE_NOTIFY, 0);
		expect_actions(VMMIO_ACTION_NOTIFY);
	}
}
END_TEST

/* Accepted features count once FEATURES_OK is set, not before. */
START_TEST(queue_reset_before_features_ok)
{
	make(_i);
	walk(SETUP, 0);
	wr(VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	wr(VMMIO_REG_DRIVER_FEATURES, (uint32_t)(PLAIN_FEATURES >> 32));
	wr(VMMIO_REG_QUEUE_READY, 1);
	state_save();
	wr(VMMIO_REG_QUEUE_RESET, 1);
	expect_no_action();
	ck_assert(state_same());
	ck_assert_uint_eq(violations_since(), 1);
}
END_TEST

/* E33: an index is a full 32-bit number; 0x10000 is not queue 0. */
START_TEST(queue_notify_index)
{
	static const uint32_t wrong[] = { 1, 2, 3, 0xffff, 0x10000, 0xffff0000, 0x80000000,
		0xffffffff };

	make(_i);
	walk(LIVE, VERSION_1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		state_save();
		wr(VMMIO_REG_QUEUE_NOTIFY, wrong[i]);
		expect_no_action();
		ck_assert_uint_eq(violations_since(), 1);
		ck_assert(state_same());
	}
	select_queue(2); /* another selection does not matter */
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_queue(VMMIO_ACTION_NOTIFY, 0);
	ck_assert_uint_eq(actions.list[0].value, 0);
}
END_TEST

/* The queue is ready, the device is not. */
START_TEST(queue_notify_before_driver_ok)
{
	make(_i);
	walk(NEGOTIATED, VERSION_1);
	wr(VMMIO_REG_QUEUE_READY, 1);
	state_save();
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_no_action();
	ck_assert_uint_eq(violations_since(), 1);
}
END_TEST

/* MMIO-DEV-22. */
START_TEST(queue_notify_with_data)
{
	make(_i);
	walk(LIVE, VERSION_1 | NOTIFICATION_DATA);
	select_queue(2);
	wr(VMMIO_REG_QUEUE_READY, 1);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0xabcd0002);
	expect_queue(VMMIO_ACTION_NOTIFY, 2);
	ck_assert_uint_eq(actions.list[0].value, 0xabcd0002);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0x10000);
	expect_queue(VMMIO_ACTION_NOTIFY, 0);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0xabcd0003);
	expect_no_action();
	/* The format does not outlive the life that negotiated it. */
	wr(VMMIO_REG_STATUS, 0);
	event(VMMIO_EVENT_RESET_FINISHED, 0);
	walk(LIVE, VERSION_1);
	wr(VMMIO_REG_QUEUE_NOTIFY, 0x10000);
	expect_no_action();
	wr(VMMIO_REG_QUEUE_NOTIFY, 0);
	expect_actions(VMMIO_ACTION_NOTIFY);
}
END_TEST

/* E22: the queue registers do not ask for a Status. */
START_TEST(queue_ready_at_status_zero)
{
	make(_i);
	select_queue(0);
	wr(VMMIO_REG_QUEUE_READY, 1);
	expect_queue(VMMIO_ACTION_QUEUE_READY, 0);
	wr(VMMIO_REG_QUEUE_READY, 0);
	expect_queue(VMMIO_ACTION_QUEUE_STOP, 0);
	event(VMMIO_EVENT_QUEUE_STOPPED, 0);
	bits_are(0, 0);
}
END_TEST

void add_queue_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "queue");

	add_both(tc, queue_selection);
	add_both(tc, queue_selection_absent);
	add_both(tc, queue_latched_while_ready);
	add_both(tc, queue_stop);
	add_both(tc, queue_reset);
	add_both(tc, queue_reset_not_ready);
	add_both(tc, queue_reset_while_stopping);
	add_both(tc, queue_reset_without_feature);
	add_both(tc, queue_reset_before_features_ok);
	add_both(tc, queue_notify_index);
	add_both(tc, queue_notify_before_driver_ok);
	add_both(tc, queue_notify_with_data);
	add_both(tc, queue_ready_at_status_zero);
}
