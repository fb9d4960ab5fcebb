/* SPDX-License-Identifier: BSD-3-Clause */
#include "inproc_rig.h"

#include <stdio.h>

struct rig r;

/* --- The driver's way to the target ----------------------------------------------------- */

static uint64_t rig_read(void *ctx, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	(void)ctx;
	ck_assert_int_eq(r.t.ops->read(r.t.ctx, offset, size, &value), 0);
	return value;
}

static void rig_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	(void)ctx;
	ck_assert_int_eq(r.t.ops->write(r.t.ctx, offset, size, value), 0);
}

void pass(uint64_t ns)
{
	uint64_t now = r.t.ops->now(r.t.ctx);

	ck_assert_int_eq(r.t.ops->wait(r.t.ctx, ns), 0);
	ck_assert_uint_eq(r.t.ops->now(r.t.ctx), now + ns);
}

static void rig_relax(void *ctx)
{
	(void)ctx;
	pass(1000);
}

static uint64_t rig_now(void *ctx)
{
	(void)ctx;
	return r.t.ops->now(r.t.ctx);
}

uint64_t now(void)
{
	return rig_now(NULL);
}

uint32_t reg(uint32_t offset)
{
	return (uint32_t)rig_read(NULL, offset, 4);
}

void reg_write(uint32_t offset, uint32_t value)
{
	rig_write(NULL, offset, 4, value);
}

/* --- Open, up, down ------------------------------------------------------------------------ */

void open_rig(int variant)
{
	struct vmmio_target_error error;
	const struct vmmio_target_kind kinds[] = {INPROC_KIND, {.name = NULL}};
	char spec[80];

	r = (struct rig){.v3 = variant & 1, .packed = variant & 2, .null = variant & 4};
	snprintf(spec, sizeof(spec), "inproc:version=%d,ring=%s,backend=%s", r.v3 ? 3 : 2,
		r.packed ? "packed" : "split", r.null ? "null" : "blk");
	ck_assert_msg(vmmio_target_open_spec(spec, kinds, &r.t, &error) == 0, "%s", error.text);
	ck_assert_str_eq(r.t.name, spec);
}

static void driver_down(void)
{
	vmmio_driver_blk_destroy(r.blk);
	vmmio_driver_destroy(r.driver);
	r.blk = NULL;
	r.driver = NULL;
}

void close_rig(void)
{
	driver_down();
	vmmio_target_close(&r.t);
}

static const struct vmmio_driver_ops driver_ops = {.size = sizeof(driver_ops),
	.read = rig_read,
	.write = rig_write,
	.relax = rig_relax,
	.now = rig_now};

void driver_up(uint64_t features)
{
	struct vmmio_driver_config config = {.size = sizeof(config),
		.ops = &driver_ops,
		.memory = {inproc_memory(&r.t), r.t.memory_base, r.t.memory_size},
		.patience = PATIENCE};

	driver_down();
	features |= VMMIO_FEATURE(VMMIO_F_RING_RESET);
	if (r.packed)
		features |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	ck_assert_int_eq(vmmio_driver_create(&config, &r.driver), 0);
	ck_assert_int_eq(vmmio_driver_start(r.driver, features, r.t.known_queues, 0), 0);
	ck_assert(vmmio_driver_has(r.driver, VMMIO_F_RING_PACKED) == r.packed);
	ck_assert_int_eq(vmmio_driver_alloc(r.driver, 16 * AREA, AREA, &r.area), 0);
	if (!r.null)
		ck_assert_int_eq(vmmio_driver_blk_create(r.driver, NULL, &r.blk), 0);
	pass(0); /* the device starts */
}

void open_up(int variant)
{
	open_rig(variant);
	driver_up(VMMIO_DRIVER_BLK_FEATURES);
}

/* --- Traffic -------------------------------------------------------------------------------- */

struct vmmio_driver_queue *queue(void)
{
	return vmmio_driver_queue(r.driver, 0);
}

void send(unsigned number)
{
	struct vmmio_driver_seg seg = {r.area.guest + number * AREA, VMMIO_BLK_SECTOR};
	struct vmmio_driver_chain chain = {
		.in = &seg, .n_in = 1, .cookie = (void *)(uintptr_t)number};
	struct vmmio_driver_blk_op op = {.type = VMMIO_BLK_T_IN,
		.sector = number,
		.sectors = 1,
		.data = &seg,
		.n_data = 1,
		.cookie = chain.cookie};
	struct vmmio_driver_request *request;

	memset((uint8_t *)r.area.host + number * AREA, 0xa5, AREA);
	if (r.null) {
		ck_assert_int_ge(vmmio_driver_queue_add(queue(), &chain), 0);
		vmmio_driver_queue_kick(queue());
		return;
	}
	ck_assert_int_eq(vmmio_driver_blk_submit(r.blk, 0, &op, &request), 0);
}

unsigned take(void)
{
	struct vmmio_driver_request *request;
	struct vmmio_driver_used used;
	void *cookie;

	if (r.null)
		return vmmio_driver_queue_poll(queue(), &used) == 1
			       ? (unsigned)(uintptr_t)used.cookie
			       : 0;
	if (vmmio_driver_blk_poll(r.blk, 0, &request) != 1)
		return 0;
	ck_assert_int_eq(vmmio_driver_request_result(request), 0);
	cookie = vmmio_driver_request_cookie(request);
	vmmio_driver_request_release(request);
	return (unsigned)(uintptr_t)cookie;
}

void expect_at(uint64_t when, unsigned number)
{
	pass(when - now() - 1);
	ck_assert_uint_eq(take(), 0);
	pass(1);
	ck_assert_uint_eq(take(), number);
}

struct vmmio_target_activity activity(void)
{
	struct vmmio_target_activity activity;

	ck_assert_int_eq(r.t.ops->activity(r.t.ctx, &activity), 0);
	return activity;
}

void delay_io(uint64_t ns)
{
	ck_assert_int_eq(r.t.ops->delay_io(r.t.ctx, ns), 0);
}

void delay_reset(uint64_t ns)
{
	ck_assert_int_eq(r.t.ops->delay_reset(r.t.ctx, ns), 0);
}

void restart(void)
{
	driver_down();
	ck_assert_int_eq(r.t.ops->restart(r.t.ctx), 0);
	ck_assert_uint_eq(reg(VMMIO_REG_STATUS), 0);
}

void expect_image(uint64_t sector)
{
	uint64_t words[VMMIO_BLK_SECTOR / 8];

	ck_assert_int_eq(
		r.t.ops->storage_read(r.t.ctx, sector * VMMIO_BLK_SECTOR, words, sizeof(words)), 0);
	for (uint64_t i = 0; i < VMMIO_BLK_SECTOR / 8; i++)
		ck_assert_uint_eq(vmmio_le64(words[i]),
			(sector * VMMIO_BLK_SECTOR / 8 + i) * UINT64_C(0x9e3779b97f4a7c15));
}
