/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's resets, suspension and failures, with requests in flight. */
#include <errno.h>
#include <string.h>
#include "conform/model_rig.h"
#include "conform/test_model.h"
#include "support/fixture.h"

#define ALL_RING_FEATURES                                                                          \
	(VMMIO_FEATURE(VMMIO_F_RING_RESET) | VMMIO_FEATURE(VMMIO_F_SUSPEND) |                      \
		VMMIO_FEATURE(VMMIO_F_EVENT_IDX))

static bool version_3(void)
{
	return rig_read(VMMIO_REG_VERSION) == 3;
}

/* Brings the driver up again after its reset. */
static void start_again(int loop)
{
	ck_assert_uint_eq(vmmio_driver_blk_cancel(rig_blk), 0);
	rig_start(loop, VMMIO_DRIVER_BLK_FEATURES | ALL_RING_FEATURES, 0);
	rig_read_works();
	rig_take_interrupt();
}

static void release_cancelled(struct vmmio_driver_request *request)
{
	ck_assert_uint_ge(vmmio_driver_blk_cancel(rig_blk), 1);
	ck_assert_int_eq(vmmio_driver_request_result(request), -ECANCELED);
	vmmio_driver_request_release(request);
}

/* Nothing of the old life comes after Status read 0. */
static void is_silent(void)
{
	uint8_t *data = rig_buffer.host;

	memset(data, 0xee, 4096);
	model_advance(rig_model, 1000 * MS);
	for (unsigned i = 0; i < 4096; i++)
		ck_assert_uint_eq(data[i], 0xee);
	ck_assert_uint_eq(rig_interrupt(), 0);
	ck_assert_uint_eq(rig_activity().in_flight, 0);
}

START_TEST(reset_with_io_in_flight)
{
	struct vmmio_driver_request *request;
	uint64_t begin;

	rig_disk(_i, ALL_RING_FEATURES, 0);
	model_delay_io(rig_model, 50 * MS);
	memset(rig_buffer.host, 0xee, 4096);
	request = rig_submit(VMMIO_BLK_T_IN, 300);
	ck_assert_uint_eq(rig_activity().in_flight, 1);
	begin = model_now(rig_model);
	ck_assert_int_eq(vmmio_driver_reset_begin(rig_driver), 0);
	if (version_3()) {
		ck_assert_uint_eq(model_now(rig_model), begin);
		ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
		ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 1);
		/* Joins, and is dropped. */
		rig_write(VMMIO_REG_STATUS, 0);
		rig_write(VMMIO_REG_STATUS, 0x1);
		model_advance(rig_model, 49 * MS);
		ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
		model_advance(rig_model, MS);
	}
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 0);
	ck_assert_uint_eq(model_now(rig_model) - begin, 50 * MS);
	ck_assert_int_eq(vmmio_driver_reset_poll(rig_driver), 0);
	/* What it asked for was done until then, but not given back. */
	ck_assert_uint_ne(((uint8_t *)rig_buffer.host)[0], 0xee);
	release_cancelled(request);
	is_silent();
	model_delay_io(rig_model, 0);
	start_again(_i);
	rig_destroy();
}
END_TEST

START_TEST(slow_reset)
{
	uint64_t begin;

	rig_disk(_i, ALL_RING_FEATURES, 0);
	rig_read_works();
	model_delay_reset(rig_model, 30 * MS);
	begin = model_now(rig_model);
	ck_assert_int_eq(vmmio_driver_reset(rig_driver, 1000 * MS), 0);
	ck_assert_uint_eq(model_now(rig_model) - begin, 30 * MS);
	ck_assert_uint_eq(rig_interrupt(), 0);
	is_silent();
	start_again(_i);
	rig_destroy();
}
END_TEST

START_TEST(queue_reset)
{
	struct vmmio_driver_queue *q;
	struct vmmio_driver_request *request;

	rig_disk(_i, ALL_RING_FEATURES, 0);
	rig_read_works();
	rig_take_interrupt();
	q = vmmio_driver_queue(rig_driver, 0);
	model_delay_io(rig_model, 20 * MS);
	model_delay_reset(rig_model, 50 * MS);
	request = rig_submit(VMMIO_BLK_T_IN, 300);
	ck_assert_int_eq(vmmio_driver_queue_reset_begin(q), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_RESET), 1);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 1);
	rig_write(VMMIO_REG_QUEUE_READY, 0); /* dropped */
	model_advance(rig_model, 49 * MS);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_RESET), 1);
	model_advance(rig_model, MS);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 0);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), 0);
	release_cancelled(request);
	is_silent();
	model_delay_io(rig_model, 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(
				 rig_driver, 0, &(struct vmmio_driver_queue_config){.size = 8}, &q),
		0);
	for (unsigned i = 0; i < 20; i++)
		rig_read_works();
	rig_destroy();
}
END_TEST

/* A device reset takes over a queue reset that is under way. */
START_TEST(reset_during_queue_reset)
{
	rig_disk(_i, ALL_RING_FEATURES, 0);
	model_delay_reset(rig_model, 50 * MS);
	rig_write(VMMIO_REG_QUEUE_RESET, 1);
	model_advance(rig_model, 10 * MS);
	rig_write(VMMIO_REG_STATUS, 0);
	if (version_3()) {
		ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_RESET), 1);
		model_advance(rig_model, 49 * MS);
		ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_RESET), 1);
		ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
		model_advance(rig_model, MS);
	}
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 0);
	rig_destroy();
}
END_TEST

/* Without the feature QueueReset does nothing. */
START_TEST(no_queue_reset)
{
	rig_disk(_i, 0, 0);
	rig_write(VMMIO_REG_QUEUE_RESET, 1);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_RESET), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 1);
	rig_read_works();
	rig_destroy();
}
END_TEST

START_TEST(disable_waits)
{
	struct vmmio_driver_request *request;
	struct vmmio_driver_queue *q;
	uint64_t begin;

	rig_disk(_i, 0, 0);
	model_delay_io(rig_model, 20 * MS);
	request = rig_submit(VMMIO_BLK_T_IN, 300);
	q = vmmio_driver_queue(rig_driver, 0);
	begin = model_now(rig_model);
	ck_assert_int_eq(vmmio_driver_queue_disable(q, 0), 0);
	ck_assert_uint_eq(model_now(rig_model) - begin, 20 * MS);
	release_cancelled(request);
	is_silent();
	model_delay_io(rig_model, 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(rig_driver, 0, NULL, &q), 0);
	rig_read_works();
	rig_destroy();
}
END_TEST

START_TEST(suspend_and_resume)
{
	struct vmmio_driver_request *request;
	uint64_t capacity;

	rig_disk(_i, ALL_RING_FEATURES, 0);
	model_delay_io(rig_model, 20 * MS);
	request = rig_submit(VMMIO_BLK_T_IN, 300);
	rig_write(VMMIO_REG_STATUS, 0x1f);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
	model_advance(rig_model, 20 * MS);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0x1b);
	ck_assert_uint_eq(rig_take_interrupt(), VMMIO_INT_USED_BUFFER);
	ck_assert_int_eq(rig_result(request), 0);

	/* Nothing is taken, nothing changes, nothing is said. */
	request = rig_submit(VMMIO_BLK_T_IN, 300);
	ck_assert_int_eq(model_change_config(rig_model), 0);
	model_write(rig_model, 0x100 + VMMIO_BLK_CFG_WRITEBACK, 1, 0);
	model_advance(rig_model, 100 * MS);
	ck_assert_uint_eq(rig_activity().taken, 1);
	ck_assert_uint_eq(rig_interrupt(), 0);
	ck_assert_int_eq(vmmio_driver_config_read(rig_driver, 0, 8, &capacity), 0);
	ck_assert_uint_eq(capacity, 2048);

	model_delay_io(rig_model, 0);
	rig_write(VMMIO_REG_STATUS, 0x1f);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
	ck_assert_uint_eq(rig_take_interrupt(), VMMIO_INT_ALL);
	ck_assert_int_eq(rig_result(request), 0);
	ck_assert_int_eq(vmmio_driver_config_read(rig_driver, 0, 8, &capacity), 0);
	ck_assert_uint_eq(capacity, 2056);
	rig_destroy();
}
END_TEST

START_TEST(suspend_is_ignored)
{
	const uint64_t features[] = {0, ALL_RING_FEATURES};

	for (unsigned i = 0; i < 2; i++) {
		const struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);

		rig_create(&options);
		rig_write(VMMIO_REG_STATUS, 0x11);
		ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 1);
		rig_start(_i, features[i], 0);
		rig_write(VMMIO_REG_STATUS, 0x1f);
		ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), features[i] ? 0x1b : 0xf);
		ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
		rig_destroy();
	}
}
END_TEST

START_TEST(break_down)
{
	struct vmmio_driver_request *request;

	rig_disk(_i, ALL_RING_FEATURES, 0);
	model_delay_io(rig_model, 20 * MS);
	request = rig_submit(VMMIO_BLK_T_IN, 300);
	model_break_down(rig_model);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0x4f);
	ck_assert_uint_eq(rig_take_interrupt(), VMMIO_INT_CONFIG_CHANGE);
	model_advance(rig_model, 100 * MS);
	ck_assert_uint_eq(rig_interrupt(), 0);
	ck_assert_int_eq(vmmio_driver_request_result(request), -EINPROGRESS);
	ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
	release_cancelled(request);
	model_delay_io(rig_model, 0);
	start_again(_i);

	/* With Status 0 it shows once the driver comes. */
	ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
	model_break_down(rig_model);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig_driver, 0, 0), -ENOTSUP);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xc3);
	ck_assert_uint_eq(rig_interrupt(), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
	start_again(_i);
	rig_destroy();
}
END_TEST

START_TEST(restart)
{
	struct vmmio_driver_request *request;

	rig_disk(_i, ALL_RING_FEATURES, 0);
	memset(rig_buffer.host, 0x12, 4096);
	ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_OUT, 300)), 0);
	model_delay_io(rig_model, 20 * MS);
	model_delay_reset(rig_model, 20 * MS);
	request = rig_submit(VMMIO_BLK_T_IN, 300);
	model_restart(rig_model);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0);
	ck_assert_uint_eq(rig_activity().taken, 0);
	is_silent();
	ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
	release_cancelled(request);
	start_again(_i);
	rig_destroy();
}
END_TEST

/* Buffers that were there before DRIVER_OK need no notification after it. */
START_TEST(early_buffers)
{
	const struct model_options options = rig_options(_i, MODEL_ID_ANYTHING);
	const uint64_t ring = rig_is_packed(_i) ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0;
	const struct vmmio_driver_seg seg = {MODEL_RAM_BASE, 64};
	const struct vmmio_driver_chain chain = {.in = &seg, .n_in = 1};
	struct vmmio_driver_used used;
	struct vmmio_driver_queue *q;

	rig_create(&options);
	ck_assert_int_eq(vmmio_driver_probe(rig_driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(rig_driver, 0), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(rig_driver, ring, ring), 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(rig_driver, 0, NULL, &q), 0);
	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	vmmio_driver_queue_publish(q);
	rig_write(VMMIO_REG_QUEUE_NOTIFY, 0);
	model_advance(rig_model, 10 * MS);
	ck_assert_int_eq(vmmio_driver_queue_poll(q, &used), 0);
	ck_assert_uint_eq(rig_interrupt(), 0);
	ck_assert_uint_eq(rig_activity().taken, 0);
	rig_write(VMMIO_REG_STATUS, 0xf);
	ck_assert_int_eq(vmmio_driver_queue_poll(q, &used), 1);
	ck_assert_uint_eq(rig_interrupt(), VMMIO_INT_USED_BUFFER);
	rig_destroy();
}
END_TEST

void model_life_tests(Suite *s)
{
	TCase *tc = fixture_tcase(s, "life");

	tcase_add_loop_test(tc, reset_with_io_in_flight, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, slow_reset, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, queue_reset, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, reset_during_queue_reset, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, no_queue_reset, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, disable_waits, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, suspend_and_resume, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, suspend_is_ignored, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, break_down, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, restart, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, early_buffers, 0, MODEL_LOOPS);
}
