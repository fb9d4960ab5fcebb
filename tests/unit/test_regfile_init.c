/* SPDX-License-Identifier: BSD-3-Clause */
/* What can be made into a register file, and what cannot. */
#include "test_regfile.h"

#include <string.h>

static const uint16_t one_queue[] = { 64 };

static struct vmmio_regfile_config small(void)
{
	return (struct vmmio_regfile_config){ .version = 3, .device_id = 4,
		.features = { VERSION_1 }, .n_queues = 1, .queue_size_max = one_queue };
}

static void refused(const struct vmmio_regfile_config *config, const char *names)
{
	static _Alignas(max_align_t) unsigned char memory[4096];
	struct vmmio_regfile *out = NULL;
	const char *why = NULL;

	ck_assert_uint_eq(vmmio_regfile_size(config), 0);
	ck_assert_int_eq(vmmio_regfile_init(memory, sizeof(memory), config, &out, &why),
		-VMMIO_EINVAL);
	ck_assert_ptr_null(out);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, names), "\"%s\" does not name %s", why, names);
	ck_assert_int_eq(vmmio_regfile_init(memory, sizeof(memory), config, &out, NULL),
		-VMMIO_EINVAL);
}

START_TEST(init_refuses_version)
{
	static const uint32_t wrong[] = { 0, 1, 4, 0x10002, UINT32_MAX };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vmmio_regfile_config config = small();

		config.version = wrong[i];
		refused(&config, "version");
	}
}
END_TEST

START_TEST(init_refuses_features)
{
	static const unsigned impossible[] = { VMMIO_F_SR_IOV, VMMIO_F_NOTIF_CONFIG_DATA,
		VMMIO_F_ADMIN_VQ };
	struct vmmio_regfile_config config = small();

	config.features[0] = 0;
	refused(&config, "VERSION_1");
	for (size_t i = 0; i < 3; i++) {
		config.features[0] = VERSION_1 | VMMIO_FEATURE(impossible[i]);
		refused(&config, "MMIO");
	}
}
END_TEST

/* GEN-DEV-05, on the one device type whose table the register file knows. */
START_TEST(init_refuses_broken_dependency)
{
	static const struct {
		uint32_t feature, needs;
	} rows[] = { { 7, 1 }, { 8, 1 }, { 10, 1 }, { 11, 0 }, { 12, 0 }, { 14, 0 }, { 18, 17 },
		{ 19, 17 }, { 21, 17 }, { 22, 17 }, { 23, 17 }, { 52, 17 }, { 53, 17 }, { 54, 1 },
		{ 55, 1 }, { 56, 0 }, { 57, 17 }, { 60, 17 }, { 9, 7 }, { 9, 8 }, { 13, 11 },
		{ 13, 12 }, { 61, 11 }, { 61, 12 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vmmio_regfile_config config = small();

		config.features[0] |= VMMIO_FEATURE(rows[i].feature);
		ck_assert_uint_ne(vmmio_regfile_size(&config), 0); /* entropy: no such table */
		config.device_id = VMMIO_ID_NET;
		refused(&config, "needs");
		/* CSUM and GUEST_CSUM satisfy what the needed bit needs itself. */
		config.features[0] |= VMMIO_FEATURE(rows[i].needs) | 0x3;
		ck_assert_uint_ne(vmmio_regfile_size(&config), 0);
	}
}
END_TEST

START_TEST(init_refuses_queues)
{
	static const uint16_t odd[] = { 64, 48 }, large[] = { 32769 }, largest[] = { 32768, 0 };
	struct vmmio_regfile_config config = small();

	config.queue_size_max = NULL;
	refused(&config, "queue_size_max");
	config.queue_size_max = large;
	refused(&config, "queue_size_max");
	config.features[0] |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	refused(&config, "queue_size_max");
	config = small();
	config.n_queues = 2;
	config.queue_size_max = largest;
	ck_assert_uint_ne(vmmio_regfile_size(&config), 0);
	config.queue_size_max = odd;
	refused(&config, "power of two");
	config.features[0] |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	ck_assert_uint_ne(vmmio_regfile_size(&config), 0);
	config.n_queues = 65537;
	refused(&config, "n_queues");
}
END_TEST

START_TEST(init_refuses_config_and_shm)
{
	static const struct vmmio_shm_region twice[] = { { .id = 7 }, { .id = 8 }, { .id = 7 } };
	struct vmmio_regfile_config config = small();

	config.config_size = 0xf00;
	ck_assert_uint_ne(vmmio_regfile_size(&config), 0);
	config.config_urgent_offset = 0xeff;
	config.config_urgent_size = 1;
	ck_assert_uint_ne(vmmio_regfile_size(&config), 0);
	config.config_urgent_size = 2;
	refused(&config, "config_urgent");
	config = small();
	config.config_size = 0xf01;
	refused(&config, "config_size");
	config = small();
	config.n_shm = 1;
	refused(&config, "shm");
	config.shm = twice;
	config.n_shm = 2;
	ck_assert_uint_ne(vmmio_regfile_size(&config), 0);
	config.n_shm = 3;
	refused(&config, "shm");
	config.n_shm = UINT32_MAX;
	refused(&config, "n_shm");
}
END_TEST

START_TEST(init_refuses_memory)
{
	static _Alignas(max_align_t) unsigned char memory[4096];
	struct vmmio_regfile_config config = small();
	size_t size = vmmio_regfile_size(&config);
	struct vmmio_regfile *out = NULL;

	ck_assert_int_eq(vmmio_regfile_init(memory, size - 1, &config, &out, NULL),
		-VMMIO_ENOSPC);
	ck_assert_int_eq(vmmio_regfile_init(NULL, size, &config, &out, NULL), -VMMIO_EINVAL);
	ck_assert_int_eq(vmmio_regfile_init(memory + 1, size, &config, &out, NULL),
		-VMMIO_EINVAL);
	ck_assert_ptr_null(out);
	ck_assert_int_eq(vmmio_regfile_init(memory, size, &config, &out, NULL), 0);
	ck_assert_ptr_nonnull(out);
}
END_TEST

/* An idle device is to stay small. */
START_TEST(init_size_is_small)
{
	struct vmmio_regfile_config config = small();
	size_t without = vmmio_regfile_size(&config);

	ck_assert_uint_le(without, 320);
	config.config_size = 96;
	ck_assert_uint_eq(vmmio_regfile_size(&config), without + 2 * 96);
}
END_TEST

/* Copied, the arrays too. */
START_TEST(init_copies)
{
	uint16_t sizes[] = { 64 };
	uint8_t bytes[] = { 1, 2, 3, 4 };
	struct vmmio_shm_region shm[] = { { .id = 0, .base = 0x1000, .length = 0x2000 } };
	struct vmmio_regfile_config config = small();

	config.queue_size_max = sizes;
	config.config = bytes;
	config.config_size = sizeof(bytes);
	config.shm = shm;
	config.n_shm = 1;
	make_from(&config);
	memset(sizes, 0, sizeof(sizes));
	memset(bytes, 0, sizeof(bytes));
	memset(shm, 0, sizeof(shm));
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_SIZE_MAX), 64);
	ck_assert_uint_eq(rd(VMMIO_REG_CONFIG), 0x04030201);
	ck_assert_uint_eq(rd(VMMIO_REG_SHM_LEN_LOW), 0x2000);
}
END_TEST

START_TEST(init_zero_config_and_no_queues)
{
	struct vmmio_regfile_config config = small();

	config.n_queues = 0;
	config.queue_size_max = NULL;
	config.device_id = 0;
	make_from(&config);
	ck_assert_uint_eq(rd(VMMIO_REG_DEVICE_ID), 0);
	ck_assert_uint_eq(rd(VMMIO_REG_QUEUE_SIZE_MAX), 0);
	ck_assert_uint_eq(vmmio_regfile_read(rf, VMMIO_REG_CONFIG, 1), 0);
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 1);
	config.config_size = 5;
	make_from(&config);
	ck_assert_uint_eq(rd(VMMIO_REG_CONFIG), 0);
	ck_assert_uint_eq(vmmio_regfile_violations(rf), 0);
}
END_TEST

void add_init_tests(Suite *suite)
{
	TCase *tc = fixture_tcase(suite, "init");

	tcase_add_test(tc, init_refuses_version);
	tcase_add_test(tc, init_refuses_features);
	tcase_add_test(tc, init_refuses_broken_dependency);
	tcase_add_test(tc, init_refuses_queues);
	tcase_add_test(tc, init_refuses_config_and_shm);
	tcase_add_test(tc, init_refuses_memory);
	tcase_add_test(tc, init_size_is_small);
	tcase_add_test(tc, init_copies);
	tcase_add_test(tc, init_zero_config_and_no_queues);
}
