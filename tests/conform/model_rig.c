/* SPDX-License-Identifier: BSD-3-Clause */
/* A model with the library's driver in front of it. */
#include <string.h>
#include "conform/model_rig.h"
#include "support/fixture.h"

struct model *rig_model;
struct vmmio_driver *rig_driver;
struct vmmio_driver_blk *rig_blk;
struct vmmio_driver_area rig_buffer;

static uint64_t ops_read(void *ctx, uint64_t offset, unsigned size)
{
	return model_read(ctx, offset, size);
}

static void ops_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	model_write(ctx, offset, size, value);
}

static void ops_relax(void *ctx)
{
	model_advance(ctx, MS);
}

static uint64_t ops_now(void *ctx)
{
	return model_now(ctx);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = ops_read,
	.write = ops_write,
	.relax = ops_relax,
	.now = ops_now,
};

bool rig_is_packed(int loop)
{
	return loop & 1;
}

struct model_options rig_options(int loop, uint32_t device_id)
{
	return (struct model_options){.version = loop & 2 ? 3 : 2,
		.device_id = device_id,
		.packed = rig_is_packed(loop),
		.shm = {.id = 1, .base = UINT64_C(0x4000000000), .length = UINT64_C(0x100001000)}};
}

void rig_create(const struct model_options *options)
{
	struct vmmio_driver_config config = {
		.size = sizeof(config), .ops = &driver_ops, .patience = 10000 * MS};

	ck_assert_int_eq(model_create(options, &rig_model), 0);
	config.ctx = rig_model;
	config.memory.guest = MODEL_RAM_BASE;
	config.memory.size = MODEL_RAM_SIZE;
	config.memory.host = model_memory(rig_model, MODEL_RAM_BASE, MODEL_RAM_SIZE);
	ck_assert_ptr_nonnull(config.memory.host);
	ck_assert_int_eq(vmmio_driver_create(&config, &rig_driver), 0);
}

void rig_start(int loop, uint64_t features, uint32_t size)
{
	if (rig_is_packed(loop))
		features |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	ck_assert_int_eq(vmmio_driver_start(rig_driver, features, 1, size), 0);
	ck_assert_int_eq(vmmio_driver_has(rig_driver, VMMIO_F_RING_PACKED), rig_is_packed(loop));
	if (!rig_buffer.host)
		ck_assert_int_eq(vmmio_driver_alloc(rig_driver, 4096, 4096, &rig_buffer), 0);
}

void rig_disk(int loop, uint64_t features, uint32_t size)
{
	const struct model_options options = rig_options(loop, VMMIO_ID_BLOCK);

	rig_create(&options);
	rig_start(loop, features | VMMIO_DRIVER_BLK_FEATURES, size);
	ck_assert_int_eq(vmmio_driver_blk_create(rig_driver, NULL, &rig_blk), 0);
}

void rig_destroy(void)
{
	vmmio_driver_blk_destroy(rig_blk);
	vmmio_driver_destroy(rig_driver);
	model_destroy(rig_model);
	rig_blk = NULL;
	rig_driver = NULL;
	rig_model = NULL;
	memset(&rig_buffer, 0, sizeof(rig_buffer));
}

uint32_t rig_read(uint32_t offset)
{
	return (uint32_t)model_read(rig_model, offset, 4);
}

void rig_write(uint32_t offset, uint32_t value)
{
	model_write(rig_model, offset, 4, value);
}

uint32_t rig_interrupt(void)
{
	ck_assert_int_eq(model_line(rig_model), rig_read(VMMIO_REG_INTERRUPT_STATUS) != 0);
	return rig_read(VMMIO_REG_INTERRUPT_STATUS);
}

uint32_t rig_take_interrupt(void)
{
	const uint32_t bits = rig_interrupt();

	rig_write(VMMIO_REG_INTERRUPT_ACK, bits);
	ck_assert_uint_eq(rig_interrupt(), 0);
	return bits;
}

struct vmmio_target_activity rig_activity(void)
{
	struct vmmio_target_activity activity;

	model_activity(rig_model, &activity);
	return activity;
}

struct vmmio_driver_request *rig_submit(uint32_t type, uint64_t sector)
{
	const struct vmmio_driver_seg seg = {rig_buffer.guest, 4096};
	const struct vmmio_driver_blk_op op = {
		.type = type, .sector = sector, .data = &seg, .n_data = 1};
	struct vmmio_driver_request *request;

	ck_assert_int_eq(vmmio_driver_blk_submit(rig_blk, 0, &op, &request), 0);
	return request;
}

int rig_result(struct vmmio_driver_request *request)
{
	int result;

	ck_assert_int_eq(vmmio_driver_blk_wait(request, 0), 0);
	result = vmmio_driver_request_result(request);
	vmmio_driver_request_release(request);
	return result;
}

void rig_read_works(void)
{
	const uint8_t *data = rig_buffer.host;

	memset(rig_buffer.host, 0, 4096);
	ck_assert_int_eq(rig_result(rig_submit(VMMIO_BLK_T_IN, 300)), 0);
	for (unsigned i = 0; i < 4096; i++)
		ck_assert_uint_eq(data[i], (uint8_t)((300 + i / 512) * 7 + 1 + (i % 512) * 3 + 1));
}
