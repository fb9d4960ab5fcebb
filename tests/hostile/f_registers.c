/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults of an asynchronous reset that a driver causes by its register writes, step by step
 * on the manual executor: F-17 to F-25 and F-49.
 */
#include "hostile/f_rig.h"

/* --- F-17 to F-19: writes while a reset runs -------------------------------------------- */

START_TEST(status_one_is_ignored)
{
	struct rig *rig = f_resetting(_i);

	for (uint32_t value = 1; value < 256; value++) {
		ck_assert_int_eq(rig_write(rig, VMMIO_REG_STATUS, value), 0);
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	}
	rig_settle(rig);
	ck_assert(rig_complete(rig, 0, 0));
	rig_write(rig, VMMIO_REG_STATUS, ACK);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	f_over(rig);
}
END_TEST

static void kick_eventfd(struct rig *rig, int fd)
{
	const uint64_t one = 1;

	ck_assert_int_eq(write(fd, &one, sizeof(one)), sizeof(one));
	ck_assert_int_eq(vmmio_device_queue_event(rig->dev, 0), 0);
}

START_TEST(kicks_while_resetting)
{
	struct rig *rig = f_resetting(_i);
	unsigned notifies = rig->puppet->notifies;
	int fd = vmmio_device_queue_eventfd(rig->dev, 0);
	uint64_t count;

	ck_assert_int_ge(fd, 0);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	kick_eventfd(rig, fd);
	ck_assert_int_lt(read(fd, &count, sizeof(count)), 0); /* read already */
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->notifies, notifies);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig->puppet->notifies, notifies); /* and forgotten */
	/* Between DRIVER_OK and the start: the scan finds what was kicked for. */
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	ck_assert_uint_eq(rig->puppet->starts, 1); /* not yet */
	rig_add(rig, 0, NULL);
	kick_eventfd(rig, fd);
	ck_assert_uint_eq(rig_held(rig), 0);
	rig_settle(rig);
	ck_assert_uint_eq(rig_held(rig), 1);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	rig_reset(rig);
	next_life(rig);
}
END_TEST

START_TEST(other_writes_while_resetting)
{
	struct rig *rig = f_resetting(_i);

	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 1);
	rig_write(rig, VMMIO_REG_DEVICE_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	rig_write(rig, VMMIO_REG_DRIVER_FEATURES, 0xffffffff);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 0);
	rig_write(rig, VMMIO_REG_QUEUE_SIZE, 3);
	vmmio_device_write(rig->dev, VMMIO_REG_CONFIG, 4, 7);
	ck_assert_uint_eq(rig_queue_read(rig, 1, VMMIO_REG_QUEUE_READY), 1);
	ck_assert_uint_eq(rig->puppet->config_writes, 0);
	ck_assert_uint_eq(vmmio_device_read(rig->dev, VMMIO_REG_CONFIG, 4), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	/* Selectors cannot be read: seen by what they select. */
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_DEVICE_FEATURES),
		(uint32_t)rig->puppet->backend.features[0]);
	rig_write(rig, VMMIO_REG_QUEUE_READY, 1);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	f_over(rig);
}
END_TEST

/* --- F-20 to F-22: queue resets -------------------------------------------------------- */

static void queue_reset(struct rig *rig, unsigned queue)
{
	rig_write(rig, VMMIO_REG_QUEUE_SEL, queue);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	rig_settle(rig);
}

START_TEST(reset_while_a_queue_reset_runs)
{
	struct rig *rig = live(_i | 1, NULL);

	rig_add(rig, 0, NULL);
	queue_reset(rig, 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS), 0);
	rig_complete_all(rig);
	while (rig_read(rig, VMMIO_REG_STATUS))
		ck_assert(vmmio_manual_step(rig->ex, 0));
	/* In the very moment when Status reads zero. */
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 0);
	f_over(rig);
}
END_TEST

START_TEST(queue_reset_that_means_nothing)
{
	struct rig *rig = f_resetting(rig_packed(_i));

	queue_reset(rig, 0); /* the device resets */
	ck_assert_uint_eq(rig->puppet->stops, 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	rig_complete_all(rig);
	rig_settle(rig);
	check_zero(rig);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	queue_reset(rig, 0);
	queue_reset(rig, 0); /* twice */
	ck_assert_uint_eq(rig->puppet->stops, 1);
	rig_complete_all(rig);
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	queue_reset(rig, 0); /* not ready any more */
	ck_assert_uint_eq(rig->puppet->stops, 1);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_counters(rig).queue_resets, 1);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_settle(rig);
	f_over(rig);
}
END_TEST

START_TEST(queue_reset_beside_a_busy_queue)
{
	struct rig *rig = live(_i, NULL);

	rig_add(rig, 0, NULL);
	queue_reset(rig, 0);
	for (int i = 0; i < 100; i++) {
		rig_add(rig, 1, NULL);
		ck_assert(rig_complete(rig, 1, 64));
		ck_assert_int_eq(rig_reap(rig, 1), 1);
		ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 1);
	}
	ck_assert(rig_complete(rig, 0, 64));
	rig_settle(rig);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_queue_read(rig, 0, VMMIO_REG_QUEUE_READY), 0);
	ck_assert_uint_eq(rig_queue_read(rig, 1, VMMIO_REG_QUEUE_READY), 1);
	rig_add(rig, 1, NULL);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 1), 1);
	rig_reset(rig);
	f_over(rig);
}
END_TEST

/* --- F-23, F-24: resets at odd times ----------------------------------------------------- */

/* Zero is written and reached, and nothing follows; the backend has been asked for an end as
 * often as for a start. */
static void reset_now(struct rig *rig, unsigned starts)
{
	struct stillness still;

	rig_reset(rig);
	check_zero(rig);
	still = look(rig);
	check_still(rig, &still);
	ck_assert_uint_eq(rig->puppet->starts, starts);
	ck_assert_uint_eq(rig->puppet->quiesces, starts);
}

START_TEST(reset_at_odd_times)
{
	struct rig *rig = bench(_i, NULL);

	/* Before the start has run. */
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	reset_now(rig, 0);
	/* After one that failed. */
	rig->puppet->start_answer = -EIO;
	fixture_expect_log("start failed");
	ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig), 2, 16), 0);
	rig_settle(rig);
	ck_assert(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET);
	rig->puppet->start_answer = 0;
	reset_now(rig, 1);
	/* In NEEDS_RESET. */
	rig_up(rig);
	rig_check_io(rig);
	fixture_expect_log("asks for a reset");
	vmmio_device_needs_reset(rig->dev, "test");
	ck_assert(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET);
	reset_now(rig, 2);
	/* After FAILED. */
	rig_up(rig);
	rig_check_io(rig);
	rig_write(rig, VMMIO_REG_STATUS, LIVE | VMMIO_STATUS_FAILED);
	rig_settle(rig);
	reset_now(rig, 3);
	next_life(rig);
}
END_TEST

START_TEST(needs_reset_while_resetting)
{
	struct rig *rig = f_resetting(_i);
	unsigned edges = rig->edges;

	vmmio_device_needs_reset(rig->dev, "test");
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
	rig_complete_all(rig);
	rig_settle(rig);
	check_zero(rig);
	ck_assert_uint_eq(rig->edges, edges);
	next_life(rig);
}
END_TEST

/* --- F-25: from inside callbacks ----------------------------------------------------------- */

struct inside {
	struct rig *rig;
	int result;
	unsigned calls;
};

static void zero_inside(void *ctx)
{
	struct inside *in = ctx;

	if (!in->calls++)
		in->result = rig_write(in->rig, VMMIO_REG_STATUS, 0);
}

static void zero_on_line(void *ctx, bool high)
{
	if (high)
		zero_inside(ctx);
}

/* _i & 4: in the backend's notify hook, else in the sink, under complete. */
START_TEST(reset_from_a_callback)
{
	const struct puppet puppet = {.cancel = true};
	struct rig *rig = live(_i & 3, &puppet);
	struct inside in = {.rig = rig, .result = 1};

	if (rig->o.version == 2)
		fixture_expect_log("would wait for the callback itself");
	if (_i & 4) {
		rig->puppet->ctx = &in;
		rig->puppet->in_notify = zero_inside;
		rig_add(rig, 0, NULL);
	} else {
		rig->on_line_ctx = &in;
		rig->on_line = zero_on_line;
		rig_add(rig, 0, NULL);
		ck_assert(rig_complete(rig, 0, 64));
	}
	ck_assert_uint_eq(in.calls, 1);
	rig->on_line = NULL;
	rig->puppet->in_notify = NULL;
	ck_assert_int_eq(in.result, rig->o.version == 2 ? -EDEADLK : 0);
	if (rig->o.version == 2) {
		ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), LIVE);
		rig_reset(rig);
	}
	rig_settle(rig);
	check_zero(rig);
	next_life(rig);
}
END_TEST

/* --- F-49: version 3 is asked for ----------------------------------------------------------- */

/* What a driver that only knows version 2 does: it looks, and leaves. */
static int probe_version_2(struct rig *rig)
{
	if (rig_read(rig, VMMIO_REG_MAGIC) != VMMIO_MAGIC)
		return -ENODEV;
	return rig_read(rig, VMMIO_REG_VERSION) == 2 ? 0 : -ENXIO;
}

START_TEST(version_3_is_opt_in)
{
	/* What the embedder says, and what the driver sees. */
	static const uint32_t asked[] = {0, 2, 3}, shown[] = {2, 2, 3};
	struct rig_options o = {.version = asked[_i]};
	struct rig *rig = rig_create(&o);

	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_VERSION), shown[_i]);
	ck_assert_int_eq(probe_version_2(rig), _i == 2 ? -ENXIO : 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig->puppet->features + rig->puppet->starts + rig->puppet->quiesces, 0);
	next_life(rig);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_17", status_one_is_ignored, 2},
		{"f_18", kicks_while_resetting, 2},
		{"f_19", other_writes_while_resetting, 2},
		{"f_20", reset_while_a_queue_reset_runs, RIG_VARIANTS},
		{"f_21", queue_reset_that_means_nothing, RIG_VARIANTS},
		{"f_22", queue_reset_beside_a_busy_queue, RIG_VARIANTS},
		{"f_23", reset_at_odd_times, RIG_VARIANTS},
		{"f_24", needs_reset_while_resetting, 2},
		{"f_25", reset_from_a_callback, 2 * RIG_VARIANTS},
		{"f_49", version_3_is_opt_in, 3},
		{NULL, NULL, 0},
	};

	return f_main("f_registers", rows);
}
