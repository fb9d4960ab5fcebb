/* SPDX-License-Identifier: BSD-3-Clause */
/* The puppet: what it presents, as the library's driver takes it, and its target. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/conform/puppet.h>
#include <vmmio/driver.h>
#include "support/fixture.h"

#define RAM_SIZE 0x40000u
#define RAM_BASE UINT64_C(0x80000000)
#define MS UINT64_C(1000000)
#define LOOPS 2 /* versions 2 and 3 */

static uint8_t ram[RAM_SIZE] __attribute__((aligned(4096)));
static struct vmmio_puppet *puppet;
static struct vmmio_driver *driver;

static uint64_t ops_read(void *ctx, uint64_t offset, unsigned size)
{
	return vmmio_puppet_read(ctx, offset, size);
}

static void ops_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	vmmio_puppet_write(ctx, offset, size, value);
}

static void ops_relax(void *ctx)
{
	vmmio_puppet_advance(ctx, MS);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops), .read = ops_read, .write = ops_write, .relax = ops_relax};

static struct vmmio_puppet_options options_of(int loop)
{
	return (struct vmmio_puppet_options){.size = sizeof(struct vmmio_puppet_options),
		.version = loop ? 3 : 2,
		.memory = ram,
		.memory_base = RAM_BASE,
		.memory_size = RAM_SIZE};
}

static void set_up(const struct vmmio_puppet_options *options)
{
	struct vmmio_driver_config config = {.size = sizeof(config),
		.ops = &driver_ops,
		.memory = {ram, RAM_BASE, RAM_SIZE},
		.patience = 1000};

	memset(ram, 0, sizeof(ram));
	ck_assert_int_eq(vmmio_puppet_create(options, &puppet), 0);
	config.ctx = puppet;
	ck_assert_int_eq(vmmio_driver_create(&config, &driver), 0);
}

static void tear_down(void)
{
	vmmio_driver_destroy(driver);
	vmmio_puppet_destroy(puppet);
}

static int start(uint64_t features)
{
	return vmmio_driver_start(driver, features, 1, 8);
}

static uint32_t reg(uint32_t offset)
{
	return (uint32_t)vmmio_puppet_read(puppet, offset, 4);
}

/* --- Options ------------------------------------------------------------------------------ */

START_TEST(options_are_checked)
{
	struct vmmio_puppet_options options = options_of(0);

	ck_assert_int_eq(vmmio_puppet_create(NULL, &puppet), -EINVAL);
	options.size--;
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -EINVAL);
	options = options_of(0);
	options.memory = NULL;
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -EINVAL);
	options = options_of(0);
	options.memory_base = UINT64_MAX - RAM_SIZE / 2;
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -EINVAL);
	options = options_of(0);
	options.version = 1;
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -EINVAL);
	options = options_of(0);
	options.n_queues = 65;
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -EINVAL);
	options = options_of(0);
	options.queue_size = 32769;
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -EINVAL);
	options = options_of(0);
	fixture_fail_alloc(1, false);
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -ENOMEM);
	fixture_fail_alloc(2, false);
	ck_assert_int_eq(vmmio_puppet_create(&options, &puppet), -ENOMEM);
	fixture_fail_alloc(0, false);
	vmmio_puppet_destroy(NULL);
}
END_TEST

/* --- Presentations ------------------------------------------------------------------------- */

START_TEST(correct_by_default)
{
	const struct vmmio_puppet_options options = options_of(_i);
	struct vmmio_driver_blk *blk;
	uint8_t data[512];

	set_up(&options);
	ck_assert_int_eq(start(VMMIO_FEATURE(VMMIO_F_RING_PACKED)), 0);
	ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &blk), 0);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, sizeof(data), 0), 0);
	ck_assert(vmmio_puppet_line(puppet));
	ck_assert_uint_eq(vmmio_puppet_activity(puppet).taken, 1);
	vmmio_driver_blk_destroy(blk);
	tear_down();
}
END_TEST

START_TEST(identities)
{
	static const struct {
		uint32_t flag, value;
		int expected;
	} shown[] = {
		{VMMIO_PUPPET_MAGIC, 0, -EPROTO},
		{VMMIO_PUPPET_MAGIC, 0x74726977, -EPROTO},
		{VMMIO_PUPPET_VERSION, 0, -ENOTSUP},
		{VMMIO_PUPPET_VERSION, 1, -ENOTSUP},
		{VMMIO_PUPPET_VERSION, 4, -ENOTSUP},
		{VMMIO_PUPPET_DEVICE_ID, 0, -ENODEV},
		{VMMIO_PUPPET_DEVICE_ID, 63, 0},
	};

	for (unsigned i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct vmmio_puppet_options options = options_of(_i);

		options.flags = shown[i].flag;
		options.shown_magic = options.shown_version = options.shown_device_id =
			shown[i].value;
		set_up(&options);
		ck_assert_int_eq(vmmio_driver_probe(driver), shown[i].expected);
		tear_down();
	}
}
END_TEST

/* A driver that comes after another one, and a device that takes its time. */
START_TEST(first_reset)
{
	struct vmmio_puppet_options options = options_of(_i);

	options.status = 0xf;
	options.reset_ns = 20 * MS;
	set_up(&options);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0xf);
	ck_assert_int_eq(vmmio_driver_probe(driver), 0);
	ck_assert_int_eq(vmmio_driver_reset_begin(driver), 0);
	ck_assert_uint_eq(vmmio_puppet_now(puppet), _i ? 0 : 20 * MS);
	if (_i) {
		vmmio_puppet_advance(puppet, 19 * MS);
		ck_assert_int_eq(vmmio_driver_reset_poll(driver), -EAGAIN);
		vmmio_puppet_advance(puppet, MS);
	}
	ck_assert_int_eq(vmmio_driver_reset_poll(driver), 0);
	ck_assert_int_eq(start(0), 0);
	vmmio_puppet_delay_reset(puppet, 0);
	ck_assert_int_eq(vmmio_driver_reset(driver, 0), 0);
	vmmio_puppet_restart(puppet);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0xf);
	vmmio_puppet_write(puppet, VMMIO_REG_STATUS, 4, 0);
	ck_assert_int_eq(reg(VMMIO_REG_STATUS) != 0, _i);
	tear_down();
}
END_TEST

START_TEST(reset_takes_reads)
{
	struct vmmio_puppet_options options = options_of(_i);

	options.reset_reads = 3;
	set_up(&options);
	ck_assert_int_eq(vmmio_driver_probe(driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(driver, 0), 0); /* it was 0 */
	ck_assert_int_eq(start(0), 0);
	if (!_i) {
		/* This is none that a version 2 driver has to put up with. */
		ck_assert_int_eq(vmmio_driver_reset(driver, 10), -EPROTO);
		tear_down();
		return;
	}
	ck_assert_int_eq(vmmio_driver_reset_begin(driver), 0);
	for (unsigned i = 0; i < 3; i++)
		ck_assert_int_eq(vmmio_driver_reset_poll(driver), -EAGAIN);
	ck_assert_int_eq(vmmio_driver_reset_poll(driver), 0);
	ck_assert_int_eq(start(0), 0);
	tear_down();
}
END_TEST

START_TEST(interrupts)
{
	struct vmmio_puppet_options options = options_of(_i);

	options.interrupt_extra = 0xfffffff0;
	set_up(&options);
	ck_assert_int_eq(start(0), 0);
	ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_int_eq(vmmio_puppet_change_config(puppet), 0);
	ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), 0xfffffff2);
	ck_assert_uint_eq(vmmio_driver_interrupt_status(driver), VMMIO_INT_CONFIG_CHANGE);
	vmmio_driver_interrupt_ack(driver, VMMIO_INT_CONFIG_CHANGE);
	ck_assert(!vmmio_puppet_line(puppet));

	vmmio_puppet_raise(puppet, 0x5);
	ck_assert(vmmio_puppet_line(puppet));
	vmmio_driver_interrupt_ack(driver, vmmio_driver_interrupt_status(driver));
	ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), 0xfffffff4);
	ck_assert_int_eq(vmmio_driver_reset(driver, 10), 0);
	ck_assert(!vmmio_puppet_line(puppet));

	vmmio_puppet_spurious(puppet);
	ck_assert(vmmio_puppet_line(puppet));
	ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(!vmmio_puppet_line(puppet));
	tear_down();
}
END_TEST

START_TEST(features)
{
	struct vmmio_puppet_options options = options_of(_i);

	options.features_extra[0] = VMMIO_FEATURE(44) | VMMIO_FEATURE(VMMIO_F_ADMIN_VQ);
	options.features_extra[1] = 1;
	options.features_off[0] = VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	set_up(&options);
	ck_assert_int_eq(start(UINT64_MAX & ~VMMIO_FEATURE(VMMIO_F_SUSPEND)), 0);
	ck_assert(vmmio_driver_offered(driver, 0) & VMMIO_FEATURE(44));
	ck_assert(vmmio_driver_offered(driver, 1) & 1);
	ck_assert(!vmmio_driver_has(driver, 44));
	ck_assert(!vmmio_driver_has(driver, VMMIO_F_RING_PACKED));

	/* Who accepts it all gets nothing. */
	ck_assert_int_eq(vmmio_driver_reset(driver, 10), 0);
	vmmio_puppet_write(puppet, VMMIO_REG_STATUS, 4, 3);
	vmmio_puppet_write(puppet, VMMIO_REG_DRIVER_FEATURES_SEL, 4, 1);
	vmmio_puppet_write(puppet, VMMIO_REG_DRIVER_FEATURES, 4, 1 | 1u << 12);
	vmmio_puppet_write(puppet, VMMIO_REG_STATUS, 4, 0xb);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 3);
	tear_down();
}
END_TEST

START_TEST(features_refused)
{
	struct vmmio_puppet_options options = options_of(_i);

	options.features_refused = 2;
	set_up(&options);
	ck_assert_int_eq(start(0), -ENOTSUP);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0x83);
	ck_assert_int_eq(start(0), -ENOTSUP);
	ck_assert_int_eq(start(0), 0);
	vmmio_puppet_restart(puppet);
	ck_assert_int_eq(start(0), -ENOTSUP);
	tear_down();
}
END_TEST

START_TEST(needs_reset)
{
	const struct vmmio_puppet_options options = options_of(_i);

	set_up(&options);
	ck_assert_int_eq(start(0), 0);
	vmmio_puppet_needs_reset(puppet);
	ck_assert_uint_eq(vmmio_driver_status(driver), 0x4f);
	ck_assert_uint_eq(vmmio_driver_interrupt_status(driver), VMMIO_INT_CONFIG_CHANGE);
	ck_assert_int_eq(vmmio_driver_reset(driver, 10), 0);
	vmmio_puppet_needs_reset(puppet);
	ck_assert_int_eq(vmmio_driver_status(driver), 0);
	ck_assert_int_eq(start(0), 0); /* its reset has cured it */
	tear_down();
}
END_TEST

/* A console that swallows all it is sent. */
START_TEST(any_device_type)
{
	struct vmmio_puppet_options options = options_of(_i);
	const struct vmmio_driver_seg seg = {RAM_BASE, 16};
	const struct vmmio_driver_chain chain = {.out = &seg, .n_out = 1};
	struct vmmio_driver_queue *q;
	struct vmmio_driver_used used;

	options.device_id = VMMIO_ID_CONSOLE;
	options.n_queues = 2;
	set_up(&options);
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 2, 8), 0);
	ck_assert_uint_eq(vmmio_driver_device_id(driver), VMMIO_ID_CONSOLE);
	q = vmmio_driver_queue(driver, 1);
	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	ck_assert_int_eq(vmmio_driver_queue_kick(q), 1);
	ck_assert_int_eq(vmmio_driver_queue_poll(q, &used), 1);
	ck_assert_uint_eq(used.len, 0);
	ck_assert_int_eq(vmmio_puppet_change_config(puppet), -ENOTSUP);
	ck_assert_int_eq(vmmio_puppet_storage_read(puppet, 0, ram, 1), -ENOTSUP);
	tear_down();
}
END_TEST

START_TEST(read_only_disk)
{
	struct vmmio_puppet_options options = options_of(_i);
	struct vmmio_driver_blk *blk;

	options.flags = VMMIO_PUPPET_READ_ONLY;
	set_up(&options);
	ck_assert_int_eq(start(VMMIO_DRIVER_BLK_FEATURES), 0);
	ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &blk), 0);
	ck_assert(vmmio_driver_blk_info(blk).read_only);
	vmmio_driver_blk_destroy(blk);
	tear_down();
}
END_TEST

/* --- More presentations ------------------------------------------------------------------------
 */

START_TEST(no_queues)
{
	struct vmmio_puppet_options options = options_of(_i);

	options.flags = VMMIO_PUPPET_NO_QUEUES;
	set_up(&options);
	ck_assert_int_eq(start(0), -ENOENT);
	tear_down();
}
END_TEST

START_TEST(queue_reset_takes_reads)
{
	struct vmmio_puppet_options options = options_of(_i);
	struct vmmio_driver_queue *q;

	options.queue_reset_reads = 2;
	set_up(&options);
	ck_assert_int_eq(start(VMMIO_FEATURE(VMMIO_F_RING_RESET)), 0);
	q = vmmio_driver_queue(driver, 0);
	ck_assert_int_eq(vmmio_driver_queue_reset_begin(q), 0);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), -EAGAIN);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), -EAGAIN);
	ck_assert_int_eq(vmmio_driver_queue_reset_poll(q), 0);
	ck_assert_uint_eq(reg(VMMIO_REG_QUEUE_RESET), 0);
	tear_down();
}
END_TEST

START_TEST(generation_moves)
{
	struct vmmio_puppet_options options = options_of(_i);
	uint64_t capacity = 0;

	options.generation_moves = 3;
	set_up(&options);
	ck_assert_int_eq(vmmio_driver_probe(driver), 0);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 0, 8, &capacity), 0);
	ck_assert_uint_eq(capacity, 2048);
	ck_assert_uint_eq(vmmio_puppet_now(puppet), MS); /* at the second try */
	tear_down();
	options.generation_moves = UINT32_MAX;
	set_up(&options);
	ck_assert_int_eq(vmmio_driver_probe(driver), 0);
	ck_assert_int_eq(vmmio_driver_config_read(driver, 0, 8, &capacity), -EAGAIN);
	tear_down();
}
END_TEST

START_TEST(config_that_is_set)
{
	const struct vmmio_puppet_options options = options_of(_i);
	const uint64_t huge = vmmio_le64(UINT64_C(0x100000000));
	struct vmmio_driver_blk *blk;
	uint8_t data[512];
	uint32_t before;

	set_up(&options);
	ck_assert_int_eq(start(VMMIO_DRIVER_BLK_FEATURES), 0);
	before = reg(VMMIO_REG_CONFIG_GENERATION);
	ck_assert_int_eq(vmmio_puppet_set_config(puppet, 0, &huge, 8), 0);
	ck_assert_uint_ne(reg(VMMIO_REG_CONFIG_GENERATION), before);
	ck_assert_uint_eq(reg(VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert_int_eq(vmmio_puppet_set_config(puppet, 56, &huge, 8), -EINVAL);
	ck_assert_int_eq(vmmio_puppet_set_config(puppet, UINT32_MAX, &huge, 8), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &blk), 0);
	ck_assert_uint_eq(vmmio_driver_blk_info(blk).capacity, UINT64_C(0x100000000));
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 2047, data, 512, 0), 0);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 2048, data, 512, 0), -EIO);
	vmmio_driver_blk_destroy(blk);
	tear_down();
}
END_TEST

/* Split and packed rings, each with and without EVENT_IDX: the device hears of nothing and
 * serves all the same. */
START_TEST(wants_no_notifications)
{
	struct vmmio_puppet_options options = options_of(_i & 1);
	uint64_t wanted = VMMIO_DRIVER_BLK_FEATURES;
	struct vmmio_driver_blk *blk;
	uint8_t data[512];

	wanted |= _i & 2 ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0;
	wanted |= _i & 4 ? VMMIO_FEATURE(VMMIO_F_EVENT_IDX) : 0;
	options.flags = VMMIO_PUPPET_QUIET;
	set_up(&options);
	ck_assert_int_eq(start(wanted), 0);
	ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &blk), 0);
	for (unsigned i = 0; i < 20; i++) {
		struct vmmio_driver_seg seg = {RAM_BASE + RAM_SIZE - 4096, 512};
		struct vmmio_driver_blk_op op = {
			.type = VMMIO_BLK_T_IN, .data = &seg, .n_data = 1, .defer_kick = true};
		struct vmmio_driver_request *request;

		ck_assert_int_eq(vmmio_driver_blk_submit(blk, 0, &op, &request), 0);
		ck_assert_int_eq(vmmio_driver_blk_kick(blk, 0), 0); /* it does not notify */
		vmmio_puppet_advance(puppet, 0);
		ck_assert_int_eq(vmmio_driver_blk_wait(request, 0), 0);
		ck_assert_int_eq(vmmio_driver_request_result(request), 0);
		vmmio_driver_request_release(request);
	}
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 10), 0);
	vmmio_driver_blk_destroy(blk);
	tear_down();
}
END_TEST

/* What a driver has to ignore changes nothing for one that does. */
START_TEST(stray_hints)
{
	struct vmmio_puppet_options options = options_of(_i & 1);
	uint64_t wanted = _i & 2 ? VMMIO_FEATURE(VMMIO_F_EVENT_IDX) : 0;
	struct vmmio_driver_areas areas;
	struct vmmio_driver_blk *blk;
	uint8_t data[512], *used;

	options.flags = VMMIO_PUPPET_STRAY;
	set_up(&options);
	ck_assert_int_eq(start(wanted), 0);
	ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(driver, 0), &areas), 0);
	used = areas.device.host;
	ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &blk), 0);
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), 0);
	ck_assert_uint_eq(used[0], _i & 2 ? 1 : 0);
	ck_assert_uint_eq(used[4 + 8 * 8], _i & 2 ? 20 : 19);
	vmmio_driver_blk_destroy(blk);
	tear_down();
}
END_TEST

START_TEST(lies_about_what_is_used)
{
	static const struct {
		uint32_t id, len;
		enum vmmio_driver_fault_kind fault;
	} lies[] = {
		{0xffff, 0, VMMIO_DRIVER_FAULT_USED_ID},
		{0, UINT32_MAX / 2, VMMIO_DRIVER_FAULT_USED_LEN},
	};

	for (unsigned i = 0; i < 4; i++) {
		struct vmmio_puppet_options options = options_of(_i);
		uint64_t wanted = i & 1 ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0;
		struct vmmio_driver_blk *blk;
		uint8_t data[512];

		options.used_id_off = lies[i / 2].id;
		options.used_len_off = lies[i / 2].len;
		set_up(&options);
		ck_assert_int_eq(start(wanted), 0);
		ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &blk), 0);
		ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), -EPROTO);
		ck_assert_int_eq(vmmio_driver_queue_fault(vmmio_driver_queue(driver, 0)).kind,
			lies[i / 2].fault);
		vmmio_driver_blk_destroy(blk);
		tear_down();
	}
}
END_TEST

START_TEST(little_entropy)
{
	struct vmmio_puppet_options options = options_of(_i);
	const struct vmmio_driver_seg seg = {RAM_BASE + RAM_SIZE - 4096, 64};
	const struct vmmio_driver_chain chain = {.in = &seg, .n_in = 1};
	struct vmmio_driver_queue *q;
	struct vmmio_driver_used used;

	options.device_id = VMMIO_ID_ENTROPY;
	options.entropy_most = 5;
	set_up(&options);
	memset(ram + RAM_SIZE - 4096, 0, 64);
	ck_assert_int_eq(start(0), 0);
	q = vmmio_driver_queue(driver, 0);
	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	ck_assert_int_eq(vmmio_driver_queue_kick(q), 1);
	ck_assert_int_eq(vmmio_driver_queue_poll(q, &used), 1);
	ck_assert_uint_eq(used.len, 5);
	ck_assert_uint_ne(ram[RAM_SIZE - 4096 + 4], 0);
	ck_assert_uint_eq(ram[RAM_SIZE - 4096 + 5], 0);
	tear_down();
}
END_TEST

START_TEST(platform_features)
{
	struct vmmio_puppet_options options = options_of(_i);
	const uint64_t platform =
		VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM) | VMMIO_FEATURE(VMMIO_F_ORDER_PLATFORM);

	set_up(&options);
	ck_assert_int_eq(start(platform), 0);
	ck_assert_uint_eq(vmmio_driver_features(driver) & platform, 0);
	tear_down();
	options.features_extra[0] = platform;
	set_up(&options);
	ck_assert_int_eq(start(platform), 0);
	ck_assert_uint_eq(vmmio_driver_features(driver) & platform, platform);
	tear_down();
}
END_TEST

/* Each function is behind its own name. */
START_TEST(api_is_complete)
{
	const struct vmmio_puppet_api *api = vmmio_puppet_api();
	struct vmmio_puppet_options options = options_of(_i);
	struct vmmio_target target = {.size = sizeof(target)};
	const uint64_t sectors = vmmio_le64(77);
	uint8_t byte;

	ck_assert_uint_eq(api->size, sizeof(*api));
	ck_assert_int_eq(api->create(&options, &puppet), 0);
	ck_assert_uint_eq(api->read(puppet, VMMIO_REG_VERSION, 4), options.version);
	api->write(puppet, VMMIO_REG_STATUS, 4, 3);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 3);
	api->needs_reset(puppet);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0x43);
	api->raise(puppet, 8);
	ck_assert(api->line(puppet));
	api->restart(puppet);
	ck_assert(!api->line(puppet));
	api->spurious(puppet);
	ck_assert(api->line(puppet));
	ck_assert_int_eq(api->set_config(puppet, 0, &sectors, 8), 0);
	ck_assert_uint_eq(api->read(puppet, VMMIO_REG_CONFIG, 4), 77);
	ck_assert_int_eq(api->change_config(puppet), 0);
	ck_assert_uint_ne(api->read(puppet, VMMIO_REG_CONFIG, 4), 77);
	api->delay_io(puppet, 1);
	api->reverse_order(puppet, true);
	api->delay_reset(puppet, MS);
	api->write(puppet, VMMIO_REG_STATUS, 4, 0);
	ck_assert_uint_eq(api->now(puppet), MS); /* Status was 0 */
	api->advance(puppet, MS);
	ck_assert_uint_eq(api->now(puppet), 2 * MS);
	ck_assert_uint_eq(api->activity(puppet).resets, 1);
	ck_assert_int_eq(api->storage_read(puppet, 512, &byte, 1), 0);
	ck_assert_uint_eq(byte, 8);
	ck_assert_int_eq(api->target(puppet, &target), 0);
	ck_assert_uint_eq(target.memory_base, RAM_BASE);
	api->destroy(puppet);
}
END_TEST

/* --- Target ------------------------------------------------------------------------------------
 */

START_TEST(as_a_target)
{
	const struct vmmio_puppet_options options = options_of(_i);
	struct vmmio_target target = {.size = sizeof(target) - 1};
	const struct vmmio_target_ops *ops;
	uint64_t value = 0;

	set_up(&options);
	ck_assert_int_eq(vmmio_puppet_target(puppet, &target), -EINVAL);
	target.size = sizeof(target);
	ck_assert_int_eq(vmmio_puppet_target(puppet, &target), 0);
	ops = target.ops;
	ck_assert_uint_eq(ops->size, sizeof(*ops));
	ck_assert_uint_eq(target.known_device_id, VMMIO_ID_BLOCK);
	ck_assert_uint_eq(target.known_queues, 2);
	ck_assert_uint_eq(target.known_queue_size, 256);
	ck_assert_uint_eq(target.memory_base, RAM_BASE);
	ck_assert_uint_eq(target.memory_size, RAM_SIZE);
	ck_assert_uint_eq(target.flags, VMMIO_TARGET_VIRTUAL_TIME | VMMIO_TARGET_DISPOSABLE |
						VMMIO_TARGET_KNOWN | VMMIO_TARGET_MEDIA);
	ck_assert_int_eq(ops->read(target.ctx, VMMIO_REG_VERSION, 4, &value), 0);
	ck_assert_uint_eq(value, options.version);
	ck_assert_int_eq(ops->mem_write(target.ctx, RAM_BASE + 8, "hello", 5), 0);
	ck_assert_int_eq(ops->mem_read(target.ctx, RAM_BASE + 8, &value, 5), 0);
	ck_assert_int_eq(memcmp(&value, "hello", 5), 0);
	ck_assert_int_eq(ops->mem_read(target.ctx, RAM_BASE + RAM_SIZE - 4, &value, 5), -EFAULT);
	ck_assert_int_eq(ops->mem_write(target.ctx, RAM_BASE - 1, &value, 1), -EFAULT);
	ck_assert_int_eq(ops->wait(target.ctx, 5 * MS), 0);
	ck_assert_uint_eq(ops->now(target.ctx), 5 * MS);
	tear_down();
}
END_TEST

/* Each hook does to the device what it is there for. */
START_TEST(hooks_of_the_target)
{
	const struct vmmio_puppet_options options = options_of(_i);
	struct vmmio_target target = {.size = sizeof(target)};
	struct vmmio_target_activity activity;
	const struct vmmio_target_ops *ops;
	uint8_t byte = 0;

	set_up(&options);
	ck_assert_int_eq(vmmio_puppet_target(puppet, &target), 0);
	ops = target.ops;
	ck_assert_int_eq(start(0), 0);
	ck_assert_int_eq(ops->line(target.ctx), 0);
	ck_assert_int_eq(ops->change_config(target.ctx), 0);
	ck_assert_int_eq(ops->line(target.ctx), 1);
	ck_assert_int_eq(ops->storage_read(target.ctx, 512, &byte, 1), 0);
	ck_assert_uint_eq(byte, 8);
	ck_assert_int_eq(ops->storage_read(target.ctx, UINT64_MAX, &byte, 1), -EINVAL);
	ck_assert_int_eq(ops->delay_io(target.ctx, MS), 0);
	ck_assert_int_eq(ops->reverse_order(target.ctx, true), 0);
	ck_assert_int_eq(ops->delay_reset(target.ctx, 5 * MS), 0);
	ck_assert_int_eq(vmmio_driver_reset(driver, 100), 0);
	ck_assert_uint_eq(ops->now(target.ctx), 5 * MS);
	ck_assert_int_eq(ops->activity(target.ctx, &activity), 0);
	ck_assert_uint_eq(activity.resets, 2);
	ck_assert_int_eq(start(0), 0);
	ck_assert_int_eq(ops->break_down(target.ctx), 0);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0x4f);
	ck_assert_int_eq(ops->restart(target.ctx), 0);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0);
	ck_assert_int_eq(ops->activity(target.ctx, &activity), 0);
	ck_assert_uint_eq(activity.resets, 0);
	tear_down();
}
END_TEST

static struct vmmio_target_ops inner;
static uint32_t stuck_at;

static int read_stuck(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	int error = inner.read(ctx, offset, width, value);

	if (offset == stuck_at)
		*value = 1;
	return error;
}

static bool suite_fails(struct vmmio_target *target, const char *requirement)
{
	const struct vmmio_conform_options few = {.size = sizeof(few), .only = requirement};
	struct vmmio_conform_report *report;
	size_t failed;

	ck_assert_int_eq(vmmio_conform_run(target, &few, &report), 0);
	failed = vmmio_conform_counts(report).failed;
	vmmio_conform_report_free(report);
	return failed;
}

/* A device whose reset does not end, or leaves a queue ready, and that cannot be made anew: no
 * check can begin. That is its failure, and no reason to judge nothing. */
START_TEST(stuck_from_the_beginning)
{
	struct vmmio_puppet_options options = options_of(_i);
	struct vmmio_target target = {.size = sizeof(target)};
	struct vmmio_target_ops ops;

	set_up(&options);
	ck_assert_int_eq(vmmio_puppet_target(puppet, &target), 0);
	inner = ops = *target.ops;
	ops.read = read_stuck;
	ops.restart = NULL;
	target.ops = &ops;
	stuck_at = UINT32_MAX;
	ck_assert(!suite_fails(&target, "GEN-DEV-10,MMIO-DEV-05,MMIO-DEV-08"));
	stuck_at = VMMIO_REG_STATUS;
	ck_assert(suite_fails(&target, "GEN-DEV-10"));
	stuck_at = VMMIO_REG_QUEUE_READY;
	ck_assert(suite_fails(&target, "MMIO-DEV-05"));
	stuck_at = VMMIO_REG_QUEUE_RESET;
	ck_assert(suite_fails(&target, "MMIO-DEV-08"));
	tear_down();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("puppet");
	TCase *tc = fixture_tcase(s, "presentations");

	tcase_add_test(tc, options_are_checked);
	tcase_add_loop_test(tc, correct_by_default, 0, LOOPS);
	tcase_add_loop_test(tc, identities, 0, LOOPS);
	tcase_add_loop_test(tc, first_reset, 0, LOOPS);
	tcase_add_loop_test(tc, reset_takes_reads, 0, LOOPS);
	tcase_add_loop_test(tc, interrupts, 0, LOOPS);
	tcase_add_loop_test(tc, features, 0, LOOPS);
	tcase_add_loop_test(tc, features_refused, 0, LOOPS);
	tcase_add_loop_test(tc, needs_reset, 0, LOOPS);
	tcase_add_loop_test(tc, any_device_type, 0, LOOPS);
	tcase_add_loop_test(tc, read_only_disk, 0, LOOPS);
	tcase_add_loop_test(tc, no_queues, 0, LOOPS);
	tcase_add_loop_test(tc, queue_reset_takes_reads, 0, LOOPS);
	tcase_add_loop_test(tc, generation_moves, 0, LOOPS);
	tcase_add_loop_test(tc, config_that_is_set, 0, LOOPS);
	tcase_add_loop_test(tc, wants_no_notifications, 0, 8);
	tcase_add_loop_test(tc, stray_hints, 0, 4);
	tcase_add_loop_test(tc, lies_about_what_is_used, 0, LOOPS);
	tcase_add_loop_test(tc, little_entropy, 0, LOOPS);
	tcase_add_loop_test(tc, platform_features, 0, LOOPS);
	tcase_add_loop_test(tc, api_is_complete, 0, LOOPS);
	tc = fixture_tcase(s, "target");
	tcase_add_loop_test(tc, as_a_target, 0, LOOPS);
	tcase_add_loop_test(tc, hooks_of_the_target, 0, LOOPS);
	tcase_add_loop_test(tc, stuck_from_the_beginning, 0, LOOPS);
	return fixture_main(s);
}
