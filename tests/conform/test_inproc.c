/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inproc target: what it is, and that each hook does what target.h promises.
 */
#include "inproc_rig.h"

/* --- What it is ------------------------------------------------------------------------------ */

START_TEST(says_what_it_is)
{
	const uint64_t packed = VMMIO_FEATURE(VMMIO_F_RING_PACKED);

	open_rig(_i);
	ck_assert_uint_eq(reg(VMMIO_REG_MAGIC), VMMIO_MAGIC);
	ck_assert_uint_eq(reg(VMMIO_REG_VERSION), r.v3 ? 3 : 2);
	ck_assert_uint_eq(reg(VMMIO_REG_DEVICE_ID), r.t.known_device_id);
	for (uint32_t i = 0; i < 5; i++) {
		uint64_t word = i < 4 ? r.t.known_features[i / 2] : 0;

		reg_write(VMMIO_REG_DEVICE_FEATURES_SEL, i);
		ck_assert_uint_eq(reg(VMMIO_REG_DEVICE_FEATURES), (uint32_t)(word >> i % 2 * 32));
	}
	ck_assert_uint_eq(r.t.known_features[0] & packed, r.packed ? packed : 0);
	for (uint32_t i = 0; i <= r.t.known_queues; i++) {
		reg_write(VMMIO_REG_QUEUE_SEL, i);
		ck_assert_uint_eq(reg(VMMIO_REG_QUEUE_SIZE_MAX),
			i < r.t.known_queues ? r.t.known_queue_size : 0);
	}
	ck_assert_uint_eq(r.t.flags,
		VMMIO_TARGET_VIRTUAL_TIME | VMMIO_TARGET_DISPOSABLE | VMMIO_TARGET_KNOWN);
	close_rig();
}
END_TEST

START_TEST(has_its_defaults)
{
	const struct vmmio_target_kind kinds[] = {INPROC_KIND, {.name = NULL}};
	struct vmmio_target_error error;
	struct vmmio_target target;

	ck_assert_int_eq(vmmio_target_open_spec("inproc", kinds, &target, &error), 0);
	ck_assert_str_eq(target.name, "inproc:version=3,ring=split,backend=blk");
	vmmio_target_close(&target);
	ck_assert_int_eq(
		vmmio_target_open_spec("inproc:version=1", kinds, &target, &error), -EINVAL);
	ck_assert(strstr(error.text, "'version=1' is wrong: use version=2|3"));
	ck_assert_int_eq(vmmio_target_open_spec("inproc:v=2", kinds, &target, &error), -EINVAL);
	ck_assert(strstr(error.text, "use version=2|3, ring=split|packed, backend=blk|null|rng"));
}
END_TEST

START_TEST(has_memory)
{
	uint64_t value, end;

	open_rig(_i);
	ck_assert_uint_ge(r.t.memory_base, UINT64_C(1) << 32);
	end = r.t.memory_base + r.t.memory_size;
	ck_assert_int_eq(r.t.ops->mem_write(r.t.ctx, end - 8, "12345678", 8), 0);
	ck_assert_int_eq(r.t.ops->mem_read(r.t.ctx, end - 8, &value, 8), 0);
	ck_assert_mem_eq(&value, "12345678", 8);
	ck_assert_int_eq(r.t.ops->mem_read(r.t.ctx, end - 7, &value, 8), -EFAULT);
	ck_assert_int_eq(r.t.ops->mem_write(r.t.ctx, r.t.memory_base - 1, "", 1), -EFAULT);
	close_rig();
}
END_TEST

/* Traffic and the line, as a guest sees them. */
START_TEST(works)
{
	uint8_t sector[VMMIO_BLK_SECTOR];

	open_up(_i);
	ck_assert_int_eq(r.t.ops->line(r.t.ctx), 0);
	send(3);
	ck_assert_uint_eq(take(), 3);
	ck_assert_int_eq(r.t.ops->line(r.t.ctx), 1);
	ck_assert_uint_eq(vmmio_driver_interrupt_status(r.driver), VMMIO_INT_USED_BUFFER);
	vmmio_driver_interrupt_ack(r.driver, VMMIO_INT_USED_BUFFER);
	ck_assert_int_eq(r.t.ops->line(r.t.ctx), 0);
	ck_assert_uint_eq(activity().taken, 1);
	ck_assert_uint_eq(activity().in_flight, 0);
	if (!r.null) {
		expect_image(3);
		ck_assert_int_eq(r.t.ops->storage_read(
					 r.t.ctx, 3 * VMMIO_BLK_SECTOR, sector, sizeof(sector)),
			0);
		ck_assert_mem_eq((uint8_t *)r.area.host + 3 * AREA, sector, sizeof(sector));
	}
	close_rig();
}
END_TEST

/* --- The rest ------------------------------------------------------------------------------------
 */

static uint64_t first_field(void)
{
	uint64_t value;

	ck_assert_int_eq(vmmio_driver_config_read(r.driver, 0, r.null ? 4 : 8, &value), 0);
	return value;
}

START_TEST(changes_its_config)
{
	uint64_t before;
	uint32_t generation;

	open_up(_i);
	for (int i = 0; i < 3; i++) {
		before = first_field();
		generation = reg(VMMIO_REG_CONFIG_GENERATION);
		ck_assert_int_eq(r.t.ops->change_config(r.t.ctx), 0);
		ck_assert_uint_gt(first_field(), before);
		ck_assert_uint_ne(reg(VMMIO_REG_CONFIG_GENERATION), generation);
		ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
		ck_assert_int_eq(r.t.ops->line(r.t.ctx), 1);
		vmmio_driver_interrupt_ack(r.driver, VMMIO_INT_CONFIG_CHANGE);
	}
	close_rig();
}
END_TEST

START_TEST(breaks_down)
{
	open_up(_i);
	ck_assert_int_eq(r.t.ops->break_down(r.t.ctx), 0);
	ck_assert_uint_eq(
		reg(VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET, VMMIO_STATUS_NEEDS_RESET);
	ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert_int_eq(vmmio_driver_reset(r.driver, PATIENCE), 0);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	send(1);
	ck_assert_uint_eq(take(), 1);
	close_rig();
}
END_TEST

START_TEST(reads_its_storage)
{
	uint8_t bytes[16];

	open_rig(_i);
	if (r.null) {
		ck_assert_int_eq(r.t.ops->storage_read(r.t.ctx, 0, bytes, 16), -ENOTSUP);
	} else {
		expect_image(IMAGE_SECTORS - 1);
		ck_assert_int_eq(
			r.t.ops->storage_read(r.t.ctx, (1 << 20) - 15, bytes, 16), -ERANGE);
		ck_assert_int_eq(r.t.ops->storage_read(r.t.ctx, UINT64_MAX, bytes, 1), -ERANGE);
	}
	close_rig();
}
END_TEST

/* In the middle of everything at once. */
START_TEST(restarts_as_new)
{
	uint64_t capacity = 0, before;

	open_up(_i);
	delay_reset(MS);
	delay_io(MS);
	for (unsigned i = 1; i <= 5; i++)
		send(i);
	ck_assert_int_eq(r.t.ops->reverse_order(r.t.ctx, true), 0);
	ck_assert_int_eq(r.t.ops->change_config(r.t.ctx), 0);
	ck_assert_int_eq(r.t.ops->break_down(r.t.ctx), 0);
	ck_assert_int_eq(vmmio_driver_queue_reset_begin(vmmio_driver_queue(r.driver, 1)), 0);
	reg_write(VMMIO_REG_STATUS, r.v3 ? 0 : 0x80);
	before = now();
	restart();
	ck_assert_uint_eq(now(), before);
	ck_assert_int_eq(r.t.ops->line(r.t.ctx), 0);
	ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_uint_eq(activity().taken, 0);
	ck_assert_uint_eq(activity().in_flight, 0);
	ck_assert_uint_eq(activity().resets, 0);
	for (unsigned i = 0; i < 8; i += 4)
		capacity |= (uint64_t)reg(VMMIO_REG_CONFIG + i) << 8 * i;
	ck_assert_uint_eq(capacity, r.null ? 0 : IMAGE_SECTORS);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	send(1);
	send(2);
	ck_assert_uint_eq(take(), 1); /* at once, in order */
	ck_assert_uint_eq(take(), 2);
	ck_assert_int_eq(vmmio_driver_reset_begin(r.driver), 0);
	pass(0);
	ck_assert_int_eq(vmmio_driver_reset_poll(r.driver), 0);
	close_rig();
}
END_TEST

START_TEST(restarts_its_image)
{
	static const uint8_t data[VMMIO_BLK_SECTOR];

	open_up(_i);
	ck_assert_int_eq(vmmio_driver_blk_write(r.blk, 0, 5, data, sizeof(data), PATIENCE), 0);
	restart();
	expect_image(5);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	ck_assert_int_eq(vmmio_driver_blk_write_zeroes(r.blk, 0, 6, 1, false, PATIENCE), 0);
	restart();
	expect_image(6);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
	ck_assert_int_eq(vmmio_driver_blk_discard(r.blk, 0, 0, 64, PATIENCE), 0);
	restart();
	for (unsigned i = 0; i < 64; i++)
		expect_image(i);
	close_rig();
}
END_TEST

START_TEST(closes_while_busy)
{
	open_up(_i);
	delay_io(MS);
	delay_reset(MS);
	send(1);
	if (r.v3)
		reg_write(VMMIO_REG_STATUS, 0);
	close_rig();
}
END_TEST

/* Nothing of the machine's clock or of chance: the same again is the same to the nanosecond. */
START_TEST(is_deterministic)
{
	uint64_t times[2];

	for (int i = 0; i < 2; i++) {
		open_up(_i);
		delay_io(777);
		delay_reset(1234);
		for (unsigned n = 1; n < 8; n++)
			send(n);
		ck_assert_int_eq(vmmio_driver_reset(r.driver, PATIENCE), 0);
		times[i] = now();
		close_rig();
	}
	ck_assert_uint_eq(times[0], times[1]);
}
END_TEST

/* Each allocation fails once: an error that says so, and nothing is left. */
START_TEST(survives_without_memory)
{
	const struct vmmio_target_kind kinds[] = {INPROC_KIND, {.name = NULL}};
	const char *spec = _i ? "inproc:backend=null" : "inproc";
	struct vmmio_target_error error;
	struct vmmio_target target;
	unsigned n = 0;
	int err;

	do {
		fixture_fail_alloc(++n, false);
		err = vmmio_target_open_spec(spec, kinds, &target, &error);
		ck_assert(err == 0 || err == -ENOMEM);
		ck_assert(err == 0 || strstr(error.text, "inproc: "));
	} while (err);
	ck_assert_uint_gt(n, 3);
	for (n = 1; n < 100; n++) {
		uint64_t value;

		fixture_fail_alloc(n, false);
		err = target.ops->restart(target.ctx);
		ck_assert(err == 0 || err == -ENOMEM);
		ck_assert_int_eq(target.ops->read(target.ctx, 0, 4, &value), err ? -EIO : 0);
	}
	ck_assert_int_eq(err, 0);
	vmmio_target_close(&target);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conform_inproc");
	TCase *tc = fixture_tcase(suite, "what it is");

	tcase_add_loop_test(tc, says_what_it_is, 0, VARIANTS);
	tcase_add_test(tc, has_its_defaults);
	tcase_add_loop_test(tc, has_memory, 0, VARIANTS);
	tcase_add_loop_test(tc, works, 0, VARIANTS);
	tc = fixture_tcase(suite, "the rest");
	tcase_add_loop_test(tc, changes_its_config, 0, VARIANTS);
	tcase_add_loop_test(tc, breaks_down, 0, VARIANTS);
	tcase_add_loop_test(tc, reads_its_storage, 0, VARIANTS);
	tcase_add_loop_test(tc, restarts_as_new, 0, VARIANTS);
	tcase_add_loop_test(tc, restarts_its_image, 0, BLK_VARIANTS);
	tcase_add_loop_test(tc, closes_while_busy, 0, VARIANTS);
	tcase_add_loop_test(tc, is_deterministic, 0, VARIANTS);
	tcase_add_loop_test(tc, survives_without_memory, 0, 2);
	add_delay_tests(suite);
	add_reset_tests(suite);
	return fixture_main(suite);
}
