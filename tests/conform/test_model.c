/* SPDX-License-Identifier: BSD-3-Clause */
/* The model by itself: what it answers, and its disk, with the library's driver. */
#include <errno.h>
#include <string.h>
#include "conform/model_rig.h"
#include "conform/test_model.h"
#include "support/fixture.h"

START_TEST(options_are_checked)
{
	struct model_options options = {.version = 1, .device_id = VMMIO_ID_BLOCK};
	struct model *m;

	ck_assert_int_eq(model_create(&options, &m), -EINVAL);
	options.version = 2;
	options.device_id = VMMIO_ID_NET;
	ck_assert_int_eq(model_create(&options, &m), -EINVAL);
	options.device_id = VMMIO_ID_BLOCK;
	options.n_queues = MODEL_QUEUES_MAX + 1;
	ck_assert_int_eq(model_create(&options, &m), -EINVAL);
	options.n_queues = 0;
	options.queue_size = 65536;
	ck_assert_int_eq(model_create(&options, &m), -EINVAL);
	options.queue_size = 0;
	for (unsigned n = 1; n < 20; n++) {
		const size_t before = fixture_allocs();
		int err;

		fixture_fail_alloc(n, false);
		err = model_create(&options, &m);
		fixture_fail_alloc(0, false);
		if (!err) {
			model_destroy(m);
			ck_assert_uint_lt(fixture_allocs() - before, n);
			return;
		}
		ck_assert_int_eq(err, -ENOMEM);
	}
	ck_abort_msg("it allocates without end");
}
END_TEST

START_TEST(identity)
{
	struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);

	rig_create(&options);
	ck_assert_uint_eq(rig_read(VMMIO_REG_MAGIC), VMMIO_MAGIC);
	ck_assert_uint_eq(rig_read(VMMIO_REG_VERSION), options.version);
	ck_assert_uint_eq(rig_read(VMMIO_REG_DEVICE_ID), VMMIO_ID_BLOCK);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0);
	for (uint32_t offset = 0; offset < 0x100; offset++)
		for (unsigned width = 1; width <= 8; width *= 2)
			if (width != 4 || offset % 4)
				ck_assert_uint_eq(model_read(rig_model, offset, width), 0);
	rig_destroy();
}
END_TEST

START_TEST(feature_selector)
{
	struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);
	const uint32_t none[] = {2, 3, 4, 33, UINT32_MAX};
	uint32_t word;

	rig_create(&options);
	rig_write(VMMIO_REG_DEVICE_FEATURES_SEL, 1);
	word = rig_read(VMMIO_REG_DEVICE_FEATURES);
	ck_assert_uint_eq(word & 1, 1);
	ck_assert_uint_eq(word >> 2 & 1, rig_is_packed(_i));
	ck_assert_uint_eq(rig_read(VMMIO_REG_DEVICE_FEATURES), word);
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		rig_write(VMMIO_REG_DEVICE_FEATURES_SEL, none[i]);
		ck_assert_uint_eq(rig_read(VMMIO_REG_DEVICE_FEATURES), 0);
	}
	rig_destroy();
}
END_TEST

/* Without VERSION_1, or with what was not offered, there is no FEATURES_OK. */
START_TEST(features_refused)
{
	struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);

	rig_create(&options);
	rig_write(VMMIO_REG_STATUS, 3);
	rig_write(VMMIO_REG_STATUS, 0xb);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 3);
	rig_write(VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	rig_write(VMMIO_REG_DRIVER_FEATURES, 1 | 1u << 12);
	rig_write(VMMIO_REG_STATUS, 0xb);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 3);
	/* DRIVER_OK does not come without it. */
	rig_write(VMMIO_REG_STATUS, 0x7);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 3);
	rig_write(VMMIO_REG_DRIVER_FEATURES, 1);
	rig_write(VMMIO_REG_STATUS, 0xb);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xb);
	/* Now they stand still. */
	rig_write(VMMIO_REG_DRIVER_FEATURES, 0);
	rig_write(VMMIO_REG_STATUS, 0xf);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
	/* Bits that are nobody's, and the device's own. */
	rig_write(VMMIO_REG_STATUS, 0xffffff60);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0xf);
	rig_write(VMMIO_REG_STATUS, 0x80);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0x8f);
	rig_write(VMMIO_REG_STATUS, 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_STATUS), 0);
	rig_destroy();
}
END_TEST

START_TEST(shared_memory)
{
	struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);
	const uint32_t unused[] = {0, 2, 0x101, UINT32_MAX};

	rig_create(&options);
	rig_write(VMMIO_REG_SHM_SEL, 1);
	ck_assert_uint_eq(rig_read(VMMIO_REG_SHM_LEN_LOW), 0x1000);
	ck_assert_uint_eq(rig_read(VMMIO_REG_SHM_LEN_HIGH), 1);
	ck_assert_uint_eq(rig_read(VMMIO_REG_SHM_BASE_LOW), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_SHM_BASE_HIGH), 0x40);
	for (unsigned i = 0; i < sizeof(unused) / sizeof(unused[0]); i++) {
		rig_write(VMMIO_REG_SHM_SEL, unused[i]);
		for (uint32_t offset = VMMIO_REG_SHM_LEN_LOW; offset <= VMMIO_REG_SHM_BASE_HIGH;
			offset += 4)
			ck_assert_uint_eq(rig_read(offset), UINT32_MAX);
	}
	rig_destroy();
}
END_TEST

START_TEST(queue_selector)
{
	struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);
	const uint32_t beyond[] = {2, 0x100, 0xffff, 0x10000, UINT32_MAX};

	rig_create(&options);
	rig_write(VMMIO_REG_QUEUE_SEL, 1);
	rig_write(VMMIO_REG_QUEUE_READY, 1);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 1);
	rig_write(VMMIO_REG_QUEUE_SEL, 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_SIZE_MAX), 256);
	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		rig_write(VMMIO_REG_QUEUE_SEL, beyond[i]);
		rig_write(VMMIO_REG_QUEUE_READY, 1);
		ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 0);
		ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_SIZE_MAX), 0);
	}
	/* Zero to Status that is zero cleans up, within the write. */
	model_delay_reset(rig_model, 100 * MS);
	rig_write(VMMIO_REG_STATUS, 0);
	rig_write(VMMIO_REG_QUEUE_SEL, 1);
	ck_assert_uint_eq(rig_read(VMMIO_REG_QUEUE_READY), 0);
	ck_assert_uint_eq(rig_activity().resets, 1);
	rig_destroy();
}
END_TEST

START_TEST(config_space)
{
	uint32_t generation;
	uint64_t capacity;

	rig_disk(_i, 0, 0);
	generation = rig_read(VMMIO_REG_CONFIG_GENERATION);
	ck_assert_int_eq(vmmio_driver_config_read(rig_driver, 0, 8, &capacity), 0);
	ck_assert_uint_eq(capacity, 2048);
	ck_assert_uint_eq(model_read(rig_model, 0x101, 1), 8);
	ck_assert_uint_eq(model_read(rig_model, 0x101, 4), 8);
	ck_assert_uint_eq(model_read(rig_model, 0x100, 8), 2048);
	ck_assert_uint_eq(model_read(rig_model, 0x100 + VMMIO_BLK_CFG_SIZE - 1, 4), 0);
	ck_assert_uint_eq(model_read(rig_model, 0x100, 3), 0);
	ck_assert_uint_eq(model_read(rig_model, UINT64_MAX, 8), 0);
	ck_assert_uint_eq(rig_read(VMMIO_REG_CONFIG_GENERATION), generation);

	ck_assert_int_eq(model_change_config(rig_model), 0);
	ck_assert_uint_ne(rig_read(VMMIO_REG_CONFIG_GENERATION), generation);
	ck_assert_uint_eq(rig_take_interrupt(), VMMIO_INT_CONFIG_CHANGE);
	ck_assert_int_eq(vmmio_driver_blk_refresh(rig_blk), 0);
	ck_assert_uint_eq(vmmio_driver_blk_info(rig_blk).capacity, 2056);
	rig_destroy();
}
END_TEST

static void fill(uint8_t with)
{
	memset(rig_buffer.host, with, 4096);
}

static bool holds(const uint8_t *data, uint8_t byte)
{
	for (unsigned i = 0; i < 4096; i++)
		if (data[i] != byte)
			return false;
	return true;
}

static bool media_holds(uint64_t sector, uint8_t byte)
{
	uint8_t data[4096];

	ck_assert_int_eq(model_storage_read(rig_model, sector * 512, data, sizeof(data)), 0);
	return holds(data, byte);
}

START_TEST(block_requests)
{
	const uint64_t features[] = {0, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC),
		VMMIO_FEATURE(VMMIO_F_EVENT_IDX) | VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC),
		VMMIO_FEATURE(VMMIO_F_IN_ORDER) | VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA)};
	char id[VMMIO_BLK_ID_BYTES];

	for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
		rig_disk(_i, features[i], 0);
		rig_read_works();
		ck_assert_uint_eq(rig_take_interrupt(), VMMIO_INT_USED_BUFFER);
		fill(0x33);
		ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_OUT, 7)), 0);
		ck_assert(!media_holds(7, 0x33));
		ck_assert_int_eq(vmmio_driver_blk_flush(rig_blk, 0, 0), 0);
		ck_assert(media_holds(7, 0x33));
		fill(0);
		ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_IN, 7)), 0);
		ck_assert(holds(rig_buffer.host, 0x33));
		ck_assert_int_eq(vmmio_driver_blk_write_zeroes(rig_blk, 0, 7, 8, true, 0), 0);
		ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_IN, 7)), 0);
		ck_assert(holds(rig_buffer.host, 0));
		ck_assert_int_eq(vmmio_driver_blk_discard(rig_blk, 0, 7, 8, 0), 0);
		ck_assert_int_eq(vmmio_driver_blk_get_id(rig_blk, 0, id, 0), 0);
		ck_assert_str_eq(id, "vmmio-model");
		rig_destroy();
	}
}
END_TEST

static int raw(uint32_t type, uint64_t sector, uint32_t len, bool writable)
{
	const struct vmmio_driver_seg seg = {rig_buffer.guest, len};
	const struct vmmio_driver_blk_op op = {.type = type,
		.sector = sector,
		.data = &seg,
		.n_data = len ? 1 : 0,
		.raw = true,
		.writable = writable};
	struct vmmio_driver_request *request;

	ck_assert_int_eq(vmmio_driver_blk_submit(rig_blk, 0, &op, &request), 0);
	return rig_result(request);
}

static int segment(uint32_t type, uint64_t sector, uint32_t n, uint32_t flags)
{
	const struct vmmio_blk_segment s = {vmmio_le64(sector), vmmio_le32(n), vmmio_le32(flags)};

	memcpy(rig_buffer.host, &s, sizeof(s));
	return raw(type, 0, sizeof(s), false);
}

START_TEST(block_refusals)
{
	const uint32_t zone_types[] = {15, 16, 18, 20, 22, 24, 26};

	rig_disk(_i, VMMIO_FEATURE(15), 0);
	ck_assert_int_eq(raw(VMMIO_BLK_T_IN, 2041, 4096, true), -EIO);
	ck_assert_int_eq(raw(VMMIO_BLK_T_IN, UINT64_MAX, 512, true), -EIO);
	ck_assert_int_eq(raw(VMMIO_BLK_T_IN, 0, 100, true), -EIO);
	ck_assert_int_eq(raw(VMMIO_BLK_T_OUT, 2048, 512, false), -EIO);
	ck_assert_int_eq(raw(99, 0, 512, true), -ENOTSUP);
	for (unsigned i = 0; i < sizeof(zone_types) / sizeof(zone_types[0]); i++)
		ck_assert_int_eq(raw(zone_types[i], 0, 0, false), -ENOTSUP);
	ck_assert_int_eq(segment(VMMIO_BLK_T_DISCARD, 0, 8, 1), -ENOTSUP);
	ck_assert_int_eq(segment(VMMIO_BLK_T_DISCARD, 0, 8, 2), -ENOTSUP);
	ck_assert_int_eq(segment(VMMIO_BLK_T_WRITE_ZEROES, 0, 8, 0x80000000), -ENOTSUP);
	ck_assert_int_eq(segment(VMMIO_BLK_T_WRITE_ZEROES, 2041, 8, 0), -EIO);
	ck_assert_int_eq(segment(VMMIO_BLK_T_WRITE_ZEROES, 0, 0, 0), -EIO);
	ck_assert_int_eq(segment(VMMIO_BLK_T_WRITE_ZEROES, 2040, 8, 0), 0);
	ck_assert_int_eq(raw(10, 0, 6, true), 0);
	ck_assert_uint_eq(((uint8_t *)rig_buffer.host)[0], 1);
	rig_read_works();
	rig_destroy();
}
END_TEST

/* In write-through mode what is reported as written is on the media. */
START_TEST(cache_modes)
{
	const uint64_t wce = VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE);

	for (unsigned flush = 0; flush < 2; flush++) {
		const struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);
		uint32_t generation;

		rig_create(&options);
		generation = rig_read(VMMIO_REG_CONFIG_GENERATION);
		rig_start(_i, wce | (flush ? VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) : 0), 0);
		ck_assert_int_eq(vmmio_driver_blk_create(rig_driver, NULL, &rig_blk), 0);
		ck_assert_uint_eq(model_read(rig_model, 0x100 + 32, 1), flush);
		ck_assert_int_eq(rig_read(VMMIO_REG_CONFIG_GENERATION) == generation, flush == 1);
		fill(0x44);
		ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_OUT, 80)), 0);
		ck_assert_int_eq(media_holds(80, 0x44), !flush);
		model_write(rig_model, 0x100 + 32, 1, !flush);
		ck_assert_uint_eq(model_read(rig_model, 0x100 + 32, 1), !flush);
		fill(0x55);
		ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_OUT, 80)), 0);
		ck_assert_int_eq(media_holds(80, 0x55), flush);
		rig_destroy();
	}
	/* Neither: the driver knows of no cache. */
	rig_create(&(struct model_options){.version = 2, .device_id = VMMIO_ID_BLOCK});
	rig_start(0, 0, 0);
	ck_assert_int_eq(vmmio_driver_blk_create(rig_driver, NULL, &rig_blk), 0);
	fill(0x66);
	ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_OUT, 80)), 0);
	ck_assert(media_holds(80, 0x66));
	rig_destroy();
}
END_TEST

START_TEST(read_only)
{
	struct model_options options = rig_options(_i, VMMIO_ID_BLOCK);

	options.read_only = true;
	for (unsigned accepted = 0; accepted < 2; accepted++) {
		const uint64_t ro = VMMIO_FEATURE(VMMIO_BLK_F_RO);

		rig_create(&options);
		rig_start(_i, VMMIO_DRIVER_BLK_FEATURES & ~(accepted ? 0 : ro), 0);
		ck_assert_int_eq(vmmio_driver_blk_create(rig_driver, NULL, &rig_blk), 0);
		fill(0x77);
		ck_assert_int_eq(raw(VMMIO_BLK_T_OUT, 300, 4096, false), -EIO);
		ck_assert_int_eq(segment(VMMIO_BLK_T_DISCARD, 300, 8, 0), -EIO);
		ck_assert_int_eq(segment(VMMIO_BLK_T_DISCARD, 300, 8, 2), -ENOTSUP);
		rig_read_works();
		rig_destroy();
	}
}
END_TEST

static struct vmmio_driver_used exchange(uint32_t len)
{
	const struct vmmio_driver_seg seg = {rig_buffer.guest, len};
	const struct vmmio_driver_chain chain = {.in = &seg, .n_in = 1};
	struct vmmio_driver_queue *q = vmmio_driver_queue(rig_driver, 0);
	struct vmmio_driver_used used;

	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	vmmio_driver_queue_kick(q);
	ck_assert_int_eq(vmmio_driver_queue_poll(q, &used), 1);
	return used;
}

START_TEST(other_types)
{
	struct model_options options = rig_options(_i, VMMIO_ID_ENTROPY);

	rig_create(&options);
	rig_start(_i, 0, 0);
	fill(0xa5);
	ck_assert_uint_eq(exchange(64).len, 64);
	ck_assert(!holds(rig_buffer.host, 0xa5));
	ck_assert_uint_eq(((uint8_t *)rig_buffer.host)[64], 0xa5);
	ck_assert_int_eq(model_change_config(rig_model), -ENOTSUP);
	ck_assert_uint_eq(model_read(rig_model, 0x100, 4), 0);
	rig_destroy();

	options.device_id = MODEL_ID_ANYTHING;
	rig_create(&options);
	rig_start(_i, 0, 0);
	fill(0xa5);
	ck_assert_uint_eq(exchange(64).len, 0);
	ck_assert(holds(rig_buffer.host, 0xa5));
	rig_destroy();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("model");
	TCase *tc = fixture_tcase(s, "registers");

	tcase_add_test(tc, options_are_checked);
	tcase_add_loop_test(tc, identity, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, feature_selector, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, features_refused, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, shared_memory, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, queue_selector, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, config_space, 0, MODEL_LOOPS);
	tc = fixture_tcase(s, "types");
	tcase_add_loop_test(tc, block_requests, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, block_refusals, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, cache_modes, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, read_only, 0, MODEL_LOOPS);
	tcase_add_loop_test(tc, other_types, 0, MODEL_LOOPS);
	model_life_tests(s);
	model_ring_tests(s);
	model_fault_tests(s);
	return fixture_main(s);
}
