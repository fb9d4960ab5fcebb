/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver and registers: probing, initialisation, resets, configuration, interrupts. */
#include <errno.h>
#include <string.h>
#include "support/fixture.h"
#include "unit/driver_fake.h"

#define LOOPS 4 /* {version 2, 3} x {split, packed} */

static struct fake f;

static uint32_t version_of(int i)
{
	return i & 1 ? 3 : 2;
}

static uint64_t ring_of(int i)
{
	return i & 2 ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0;
}

static struct vmmio_driver *bring_up(int i, uint64_t features, unsigned n_queues)
{
	struct vmmio_driver *driver;

	fake_init(&f, version_of(i), ring_of(i) | features);
	driver = fake_driver(&f);
	ck_assert_int_eq(vmmio_driver_start(driver, ring_of(i) | features, n_queues, 16), 0);
	return driver;
}

/* The log from `from` on: pairs of offset and value, writes marked. */
#define R(name) { false, 4, VMMIO_REG_##name, 0 }
#define W(name, v) { true, 4, VMMIO_REG_##name, v }

static void expect_log(unsigned from, const struct fake_access *want, unsigned n)
{
	ck_assert_uint_eq(f.n_log - from, n);
	for (unsigned i = 0; i < n; i++) {
		const struct fake_access *got = &f.log[from + i];

		ck_assert_msg(got->write == want[i].write && got->offset == want[i].offset &&
				      (!want[i].write || got->value == want[i].value),
			"access %u: %s 0x%x (0x%llx) instead of %s 0x%x (0x%llx)", i,
			got->write ? "write" : "read", (unsigned)got->offset,
			(unsigned long long)got->value, want[i].write ? "write" : "read",
			(unsigned)want[i].offset, (unsigned long long)want[i].value);
	}
}
#define EXPECT_LOG(from, want) expect_log(from, want, sizeof(want) / sizeof(want[0]))

START_TEST(create_checks_config)
{
	static _Alignas(4096) uint8_t mem[8192];
	struct vmmio_driver_config good = { .size = sizeof(good), .ops = &fake_ops, .ctx = &f,
		.memory = { mem, 0x10000, sizeof(mem) } };
	struct vmmio_driver_config config = good;
	struct vmmio_driver *driver = NULL;

	config.size = 4;
	ck_assert_int_eq(vmmio_driver_create(&config, &driver), -EINVAL);
	config = good;
	config.ops = NULL;
	ck_assert_int_eq(vmmio_driver_create(&config, &driver), -EINVAL);
	config = good;
	config.memory.guest = 0x10001;
	ck_assert_int_eq(vmmio_driver_create(&config, &driver), -EINVAL);
	config = good;
	config.memory.guest = UINT64_C(0xfffffffffffff000);
	ck_assert_int_eq(vmmio_driver_create(&config, &driver), -EINVAL);
	config = good;
	config.memory.size = 0;
	ck_assert_int_eq(vmmio_driver_create(&config, &driver), -EINVAL);
	fixture_fail_alloc(1, false);
	ck_assert_int_eq(vmmio_driver_create(&good, &driver), -ENOMEM);
	ck_assert_ptr_null(driver);
	ck_assert_int_eq(vmmio_driver_create(&good, &driver), 0);
	vmmio_driver_destroy(driver);
	vmmio_driver_destroy(NULL);
}
END_TEST

START_TEST(probe_refuses)
{
	static const uint32_t versions[] = { 0, 1, 4, UINT32_MAX };
	struct vmmio_driver *driver;

	fake_init(&f, 2, 0);
	driver = fake_driver(&f);
	f.magic = 0x12345678;
	ck_assert_int_eq(vmmio_driver_probe(driver), -EPROTO);
	ck_assert_uint_eq(f.n_log, 1);
	f.magic = VMMIO_MAGIC;
	for (unsigned i = 0; i < 4; i++) {
		f.n_log = 0;
		f.version = versions[i];
		ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), -ENOTSUP);
		ck_assert_uint_eq(f.n_log, 2);
	}
	f.version = 3;
	f.device_id = 0;
	f.n_log = 0;
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), -ENODEV);
	{
		static const struct fake_access want[] = { R(MAGIC), R(VERSION), R(DEVICE_ID) };

		EXPECT_LOG(0, want);
	}
	/* Nothing may be touched after a refusal. */
	ck_assert_int_eq(vmmio_driver_reset(driver, 0), -ENODEV);
	ck_assert_int_eq(vmmio_driver_negotiate(driver, 0, 0), -EBUSY);
	vmmio_driver_fail(driver);
	ck_assert_uint_eq(f.n_log, 3);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(init_order)
{
	uint64_t ring = ring_of(_i);
	struct vmmio_driver *driver = bring_up(_i, VMMIO_FEATURE(VMMIO_BLK_F_FLUSH), 1);
	struct vmmio_driver_areas a;

	ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(driver, 0), &a), 0);
	ck_assert_uint_eq(a.desc.guest % 16, 0);
	ck_assert_uint_eq(a.device.guest % 4, 0);
	const struct fake_access want[] = {
		R(MAGIC), R(VERSION), R(DEVICE_ID), W(STATUS, 0), R(STATUS),
		R(STATUS), W(STATUS, 1), R(STATUS), W(STATUS, 3),
		W(DEVICE_FEATURES_SEL, 0), R(DEVICE_FEATURES),
		W(DEVICE_FEATURES_SEL, 1), R(DEVICE_FEATURES),
		W(DEVICE_FEATURES_SEL, 2), R(DEVICE_FEATURES),
		W(DEVICE_FEATURES_SEL, 3), R(DEVICE_FEATURES),
		W(DRIVER_FEATURES_SEL, 0), W(DRIVER_FEATURES, 1u << VMMIO_BLK_F_FLUSH),
		W(DRIVER_FEATURES_SEL, 1), W(DRIVER_FEATURES, (uint32_t)(1 | ring >> 32)),
		R(STATUS), W(STATUS, 0xb), R(STATUS),
		/* start looks at the size, setup then goes its own way */
		W(QUEUE_SEL, 0), R(QUEUE_SIZE_MAX),
		W(QUEUE_SEL, 0), R(QUEUE_READY), R(QUEUE_SIZE_MAX), W(QUEUE_SIZE, 16),
		W(QUEUE_DESC_LOW, (uint32_t)a.desc.guest), W(QUEUE_DESC_HIGH, a.desc.guest >> 32),
		W(QUEUE_DRIVER_LOW, (uint32_t)a.driver.guest),
		W(QUEUE_DRIVER_HIGH, a.driver.guest >> 32),
		W(QUEUE_DEVICE_LOW, (uint32_t)a.device.guest),
		W(QUEUE_DEVICE_HIGH, a.device.guest >> 32), W(QUEUE_READY, 1),
		R(STATUS), W(STATUS, 0xf), R(STATUS),
	};

	EXPECT_LOG(0, want);
	ck_assert_uint_eq(vmmio_driver_version(driver), version_of(_i));
	ck_assert_uint_eq(vmmio_driver_device_id(driver), VMMIO_ID_BLOCK);
	ck_assert_uint_eq(vmmio_driver_status(driver), 0xf);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(v3_reset_polls)
{
	struct vmmio_driver *driver = bring_up(1 | _i << 1, 0, 1);
	struct vmmio_driver_queue *q = vmmio_driver_queue(driver, 0);
	struct vmmio_driver_areas areas;
	size_t left = vmmio_driver_memory_left(driver);

	f.reset_reads = 10;
	f.n_log = f.relaxed = 0;
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), -ETIMEDOUT);
	ck_assert_uint_eq(f.n_log, 1 + 6); /* the write, a look, 5 more */
	ck_assert_uint_eq(f.relaxed, 5);
	/* Not complete: the rings are the device's still, nothing else is allowed. */
	ck_assert_int_eq(vmmio_driver_queue_areas(q, &areas), 0);
	ck_assert_uint_eq(vmmio_driver_memory_left(driver), left);
	ck_assert_int_eq(vmmio_driver_negotiate(driver, 0, 0), -EBUSY);
	ck_assert_int_eq(vmmio_driver_ok(driver), -EBUSY);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 1, NULL, &q), -EBUSY);
	ck_assert_int_eq(vmmio_driver_queue_disable(q, 0), -EBUSY);
	ck_assert_int_eq(vmmio_driver_config_write(driver, 0, 1, 0), -EBUSY);
	vmmio_driver_fail(driver);
	ck_assert_uint_eq(f.n_log, 7);
	/* Taken up again without a second write. */
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), 0);
	ck_assert_uint_eq(f.n_log, 7 + 5);
	ck_assert_int_eq(vmmio_driver_queue_areas(q, &areas), -ESHUTDOWN);
	ck_assert_uint_gt(vmmio_driver_memory_left(driver), left);
	/* Again, from zero, and up. */
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), 0);
	f.reset_reads = FAKE_NEVER;
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), -ETIMEDOUT);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(v2_reset_reads_once)
{
	struct vmmio_driver *driver = bring_up(_i << 1, 0, 1);

	f.n_log = 0;
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), 0);
	{
		static const struct fake_access want[] = { W(STATUS, 0), R(STATUS) };

		EXPECT_LOG(0, want);
	}
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), 0);
	f.reset_reads = 1;
	f.n_log = 0;
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), -EPROTO);
	ck_assert_uint_eq(f.n_log, 2);
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), -EPROTO);
	ck_assert_uint_eq(f.n_log, 4); /* a new write each time */
	f.reset_reads = 0;
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), 0);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(reset_halves)
{
	struct vmmio_driver *driver = bring_up(_i, 0, 2);

	ck_assert_int_eq(vmmio_driver_reset_poll(driver), -EINVAL);
	f.reset_reads = version_of(_i) == 3 ? 2 : 0;
	f.relaxed = 0;
	ck_assert_int_eq(vmmio_driver_reset_begin(driver), 0);
	for (uint32_t i = 0; i < f.reset_reads; i++)
		ck_assert_int_eq(vmmio_driver_reset_poll(driver), -EAGAIN);
	ck_assert_int_eq(vmmio_driver_reset_poll(driver), 0);
	ck_assert_int_eq(vmmio_driver_reset_poll(driver), 0);
	ck_assert_uint_eq(f.relaxed, 0);
	ck_assert_uint_eq(vmmio_driver_features(driver), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(driver, 0, 0), 0);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(patience_by_clock)
{
	static _Alignas(4096) uint8_t mem[65536];
	struct vmmio_driver_config config = { .size = sizeof(config), .ops = &fake_clock_ops,
		.ctx = &f, .memory = { mem, 0x10000, sizeof(mem) } };
	struct vmmio_driver *driver;

	fake_init(&f, 3, 0);
	ck_assert_int_eq(vmmio_driver_create(&config, &driver), 0);
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), 0);
	f.reset_reads = FAKE_NEVER;
	f.n_log = 0;
	f.clock = 12345;
	/* 10 ns pass in each relax: looks at 0, 10, 20, 30. */
	ck_assert_int_eq(vmmio_driver_reset(driver, 30), -ETIMEDOUT);
	ck_assert_uint_eq(f.n_log, 1 + 4);
	f.status_left = 500;
	ck_assert_int_eq(vmmio_driver_reset(driver, VMMIO_DRIVER_FOREVER), 0);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(features)
{
	uint64_t bad = (UINT64_C(0x3f) << 44) | VMMIO_FEATURE(37) | VMMIO_FEATURE(39) |
		       VMMIO_FEATURE(41) | (UINT64_C(0xf) << 24) | (UINT64_C(3) << 30);
	struct vmmio_driver *driver;

	fake_init(&f, version_of(_i), bad | VMMIO_FEATURE(9));
	f.offer[1] = 0x1234567890;
	driver = fake_driver(&f);
	ck_assert_int_eq(vmmio_driver_start(driver, UINT64_MAX, 0, 0), 0);
	ck_assert_uint_eq(f.accepted, VMMIO_FEATURE(9) | VMMIO_FEATURE(VMMIO_F_VERSION_1));
	ck_assert_uint_eq(vmmio_driver_features(driver), f.accepted);
	ck_assert_uint_eq(vmmio_driver_offered(driver, 0), f.offer[0]);
	ck_assert_uint_eq(vmmio_driver_offered(driver, 1), 0x1234567890);
	ck_assert_uint_eq(vmmio_driver_offered(driver, 2), 0);
	ck_assert(vmmio_driver_has(driver, 9) && !vmmio_driver_has(driver, 10));
	ck_assert(!vmmio_driver_has(driver, 9 + 64));
	ck_assert_int_eq(vmmio_driver_negotiate(driver, 0, 0), -EBUSY);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(features_refused)
{
	struct vmmio_driver *driver;

	fake_init(&f, version_of(_i), 0);
	driver = fake_driver(&f);
	f.refuse_features = true;
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), -ENOTSUP);
	ck_assert_uint_eq(f.status, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER |
					    VMMIO_STATUS_FAILED);
	ck_assert_int_eq(vmmio_driver_ok(driver), -EINVAL);
	f.refuse_features = false;
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(driver, 0, VMMIO_FEATURE(9)), -ENOTSUP);
	ck_assert(f.status & VMMIO_STATUS_FAILED);
	ck_assert_uint_eq(f.accepted, 0);
	f.offer[0] = VMMIO_FEATURE(9);
	ck_assert_int_eq(vmmio_driver_reset(driver, 5), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(driver, UINT64_MAX, 0), -ENOTSUP);
	ck_assert(f.status & VMMIO_STATUS_FAILED);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(start_fails)
{
	struct vmmio_driver *driver;

	fake_init(&f, version_of(_i), 0);
	driver = fake_driver(&f);
	f.start_fails = true;
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), -EIO);
	ck_assert_uint_eq(f.status, 0xf | VMMIO_STATUS_NEEDS_RESET | VMMIO_STATUS_FAILED);
	f.start_fails = false;
	/* Queue 3 does not exist. */
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 4, 0), -ENOENT);
	ck_assert(f.status & VMMIO_STATUS_FAILED);
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 3, 0), 0);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(config_fields)
{
	struct vmmio_driver *driver;
	struct vmmio_driver_field two[2] = { { 0, 8, 0 }, { 8, 2, 0 } };
	uint64_t value = 77;

	fake_init(&f, version_of(_i), 0);
	driver = fake_driver(&f);
	for (unsigned i = 0; i < sizeof(f.config); i++)
		f.config[i] = (uint8_t)(i + 1);
	f.generation_steps = 3; /* two tries torn, the third torn in its first half */
	ck_assert_int_eq(vmmio_driver_config_read(driver, 0, 8, &value), 0);
	ck_assert_uint_eq(value, 0x0b0a090807060504);
	ck_assert_int_eq(vmmio_driver_config_snapshot(driver, two, 2), 0);
	ck_assert_uint_eq(two[1].value, 0x0a09);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 13, 1, &value), 0);
	ck_assert_uint_eq(value, 14);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 12, 4, &value), 0);
	ck_assert_uint_eq(value, 0x100f0e0d);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 0, 3, &value), -EINVAL);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 1, 2, &value), -EINVAL);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 2, 8, &value), -EINVAL);
	ck_assert_int_eq(vmmio_driver_config_read(driver, UINT32_MAX & ~7u, 8, &value), -EINVAL);
	f.generation_steps = FAKE_NEVER;
	ck_assert_int_eq(vmmio_driver_config_read(driver, 0, 8, &value), -EAGAIN);
	ck_assert_uint_eq(value, 0x100f0e0d);
	f.generation_steps = 0;
	ck_assert_int_eq(vmmio_driver_config_write(driver, 32, 1, 1), -EBUSY);
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 0, 0), 0);
	ck_assert_int_eq(vmmio_driver_config_write(driver, 32, 1, 0x55), 0);
	ck_assert_uint_eq(f.config[32], 0x55);
	ck_assert_int_eq(vmmio_driver_config_write(driver, 40, 8, 0x1122334455667788), 0);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 40, 8, &value), 0);
	ck_assert_uint_eq(value, 0x1122334455667788);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(interrupts)
{
	struct vmmio_driver *driver = bring_up(_i, 0, 1);

	f.interrupt = 0xfffffff3;
	ck_assert_uint_eq(vmmio_driver_interrupt_status(driver), 3);
	vmmio_driver_interrupt_ack(driver, UINT32_MAX);
	ck_assert_uint_eq(f.interrupt, 0xfffffff0);
	f.n_log = 0;
	vmmio_driver_interrupt_ack(driver, 0xf0);
	ck_assert_uint_eq(f.n_log, 0);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(memory)
{
	struct vmmio_driver_area a, b, c;
	struct vmmio_driver *driver;
	size_t all;

	fake_init(&f, 3, 0);
	driver = fake_driver(&f);
	all = vmmio_driver_memory_left(driver);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 100, 16, &a), 0);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 100, 4096, &b), 0);
	ck_assert_uint_eq(b.guest % 4096, 0);
	ck_assert_ptr_eq(b.host, fake_host(b.guest, 100));
	memset(b.host, 0xff, b.size);
	/* Fits into the hole between the two. */
	ck_assert_int_eq(vmmio_driver_alloc(driver, 200, 64, &c), 0);
	ck_assert(c.guest >= a.guest + 100 && c.guest + 200 <= b.guest);
	vmmio_driver_free(driver, &b);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 100, 4096, &b), 0);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(((uint8_t *)b.host)[i], 0);
	ck_assert_uint_eq(vmmio_driver_memory_left(driver), all - 400);
	ck_assert_int_eq(vmmio_driver_alloc(driver, all - 300, 1, &a), -ENOMEM);
	ck_assert_int_eq(vmmio_driver_alloc(driver, SIZE_MAX, 1, &a), -ENOMEM);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 1, 3, &a), -EINVAL);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 0, 1, &a), -EINVAL);
	vmmio_driver_free(driver, &a);
	vmmio_driver_free(driver, &a);
	vmmio_driver_free(driver, &c);
	vmmio_driver_free(driver, &b);
	ck_assert_uint_eq(vmmio_driver_memory_left(driver), all);
	ck_assert_int_eq(vmmio_driver_alloc(driver, all, 1, &a), 0);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(queue_setup_errors)
{
	struct vmmio_driver_queue_config config = { 65, 0 };
	struct vmmio_driver_queue *q = NULL;
	struct vmmio_driver *driver;
	bool packed = ring_of(_i) != 0;

	fake_init(&f, version_of(_i), ring_of(_i));
	driver = fake_driver(&f);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 0, NULL, &q), -EINVAL);
	ck_assert_int_eq(vmmio_driver_start(driver, ring_of(_i), 0, 0), 0);
	ck_assert_ptr_null(vmmio_driver_queue(driver, 0));
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 3, NULL, &q), -ENOENT);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 65536, NULL, &q), -EINVAL);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 0, &config, &q), -EINVAL);
	config = (struct vmmio_driver_queue_config){ 16, 4 };
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 0, &config, &q), -EINVAL);
	config = (struct vmmio_driver_queue_config){ 12, 0 };
	ck_assert_int_eq(
		vmmio_driver_queue_setup(driver, 0, &config, &q), packed ? 0 : -EINVAL);
	f.queues[1].size_max = 50;
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 1, NULL, &q), 0);
	ck_assert_uint_eq(vmmio_driver_queue_size(q), packed ? 50 : 32);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 1, NULL, &q), -EBUSY);
	f.queues[2].ready = 1;
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 2, NULL, &q), -EBUSY);
	f.queues[2].ready = 0;
	/* A device that claims more entries than there may be: cut, and no room for that. */
	f.queues[2].size_max = UINT32_MAX;
	for (unsigned n = 1; n < 5; n++) {
		fixture_fail_alloc(n, true);
		ck_assert_int_eq(vmmio_driver_queue_setup(driver, 2, NULL, &q), -ENOMEM);
		fixture_fail_alloc(0, false);
	}
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 2, NULL, &q), 0);
	ck_assert_uint_eq(vmmio_driver_queue_size(q), VMMIO_QUEUE_SIZE_LIMIT);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(queue_reset)
{
	struct vmmio_driver *driver = bring_up(_i, VMMIO_FEATURE(VMMIO_F_RING_RESET), 2);
	struct vmmio_driver_queue_config smaller = { 8, 0 };
	struct vmmio_driver_queue *q = vmmio_driver_queue(driver, 1);
	struct vmmio_driver_queue *again;
	struct vmmio_driver_areas areas;

	f.queue_reset_reads = 5;
	f.n_log = 0;
	ck_assert_int_eq(vmmio_driver_queue_reset(q, 2), -ETIMEDOUT);
	ck_assert_uint_eq(f.log[1].offset, VMMIO_REG_QUEUE_RESET);
	ck_assert_int_eq(vmmio_driver_queue_areas(q, &areas), 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 1, NULL, &again), -EBUSY);
	ck_assert_int_eq(vmmio_driver_queue_reset_begin(q), -EINVAL);
	ck_assert_int_eq(vmmio_driver_queue_disable(q, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), -EAGAIN);
	ck_assert_int_eq(vmmio_driver_queue_reset(q, 5), 0);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), 0);
	ck_assert_int_eq(vmmio_driver_queue_reset(q, 5), -EINVAL);
	ck_assert_int_eq(vmmio_driver_queue_areas(q, &areas), -ESHUTDOWN);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 1, &smaller, &again), 0);
	ck_assert_ptr_eq(q, again);
	ck_assert_uint_eq(vmmio_driver_queue_size(q), 8);
	ck_assert_uint_eq(f.queues[1].size, 8);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(queue_disable)
{
	struct vmmio_driver *driver = bring_up(_i, 0, 2);
	struct vmmio_driver_queue *q = vmmio_driver_queue(driver, 1);
	size_t left = vmmio_driver_memory_left(driver);

	ck_assert_int_eq(vmmio_driver_queue_reset(q, 2), -ENOTSUP);
	f.n_log = 0;
	ck_assert_int_eq(vmmio_driver_queue_disable(q, 2), 0);
	{
		static const struct fake_access want[] = { W(QUEUE_SEL, 1), W(QUEUE_READY, 0),
			W(QUEUE_SEL, 1), R(QUEUE_READY) };

		EXPECT_LOG(0, want);
	}
	ck_assert_uint_gt(vmmio_driver_memory_left(driver), left);
	ck_assert_int_eq(vmmio_driver_queue_disable(q, 2), -EINVAL);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 1, NULL, &q), 0);
	f.queue_ready_reads = 4;
	ck_assert_int_eq(vmmio_driver_queue_disable(q, 1), -ETIMEDOUT);
	ck_assert_int_eq(vmmio_driver_queue_disable(q, 3), 0);
	vmmio_driver_destroy(driver);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("driver");
	TCase *tc = fixture_tcase(s, "registers");

	tcase_add_test(tc, create_checks_config);
	tcase_add_test(tc, probe_refuses);
	tcase_add_loop_test(tc, init_order, 0, LOOPS);
	tcase_add_loop_test(tc, v3_reset_polls, 0, 2);
	tcase_add_loop_test(tc, v2_reset_reads_once, 0, 2);
	tcase_add_loop_test(tc, reset_halves, 0, LOOPS);
	tcase_add_test(tc, patience_by_clock);
	tcase_add_loop_test(tc, features, 0, LOOPS);
	tcase_add_loop_test(tc, features_refused, 0, LOOPS);
	tcase_add_loop_test(tc, start_fails, 0, LOOPS);
	tcase_add_loop_test(tc, config_fields, 0, 2);
	tcase_add_loop_test(tc, interrupts, 0, 2);
	tcase_add_test(tc, memory);
	tcase_add_loop_test(tc, queue_setup_errors, 0, LOOPS);
	tcase_add_loop_test(tc, queue_reset, 0, LOOPS);
	tcase_add_loop_test(tc, queue_disable, 0, LOOPS);
	return fixture_main(s);
}
