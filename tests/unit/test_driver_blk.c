/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver's block requests, against a disk of a few sectors. */
#include <errno.h>
#include <string.h>
#include "support/fixture.h"
#include "unit/driver_fake.h"

#define LOOPS 4 /* {version 2, 3} x {split, packed} */
#define SECTORS 64u

static struct fake f;
static struct vmmio_driver *driver;
static struct vmmio_driver_blk *blk;
static struct vmmio_driver_area buffer;
static uint8_t disk[SECTORS * VMMIO_BLK_SECTOR];
static unsigned requests;
static uint8_t forced_status; /* instead of OK */
static int short_by;	      /* bytes the used length lacks */
static struct vmmio_blk_segment last_segment;

static void config_set(unsigned offset, unsigned size, uint64_t value)
{
	memcpy(&f.config[offset], &value, size);
}

/* Copies between the disk and the segments. Returns the bytes. */
static uint32_t move(struct vmmio_driver_seg *segs, unsigned n, uint8_t *at, bool to_guest)
{
	uint32_t done = 0;

	for (unsigned i = 0; i < n; i++) {
		void *host = fake_host(segs[i].addr, segs[i].len);

		if (to_guest)
			memcpy(host, at + done, segs[i].len);
		else
			memcpy(at + done, host, segs[i].len);
		done += segs[i].len;
	}
	return done;
}

static uint32_t serve_range(const struct vmmio_blk_header *header, struct fake_chain *c, bool zero)
{
	struct vmmio_blk_segment s;

	ck_assert_uint_eq(header->sector, 0);
	ck_assert_uint_eq(c->n_out, 2);
	ck_assert_msg(c->out[1].len == sizeof(s), "BLK-DRV-18");
	memcpy(&s, fake_host(c->out[1].addr, sizeof(s)), sizeof(s));
	ck_assert(s.sector + s.num_sectors <= SECTORS);
	last_segment = s;
	if (zero)
		memset(disk + s.sector * 512, 0, s.num_sectors * 512);
	return 0;
}

static uint32_t serve_disk(struct fake *fake, struct fake_chain *c)
{
	struct vmmio_blk_header header;
	uint8_t *status;
	uint32_t len = 0;

	(void)fake;
	requests++;
	ck_assert(c->n_out >= 1 && c->n_in >= 1);
	ck_assert_uint_eq(c->out[0].len, sizeof(header));
	memcpy(&header, fake_host(c->out[0].addr, sizeof(header)), sizeof(header));
	ck_assert_uint_eq(c->in[c->n_in - 1].len, 1);
	status = fake_host(c->in[c->n_in - 1].addr, 1);
	ck_assert_uint_eq(*status, 0xff);
	*status = forced_status;
	switch (header.type) {
	case VMMIO_BLK_T_IN:
		len = move(c->in, c->n_in - 1, disk + header.sector * 512, true);
		break;
	case VMMIO_BLK_T_OUT:
		move(c->out + 1, c->n_out - 1, disk + header.sector * 512, false);
		break;
	case VMMIO_BLK_T_FLUSH:
		ck_assert_msg(header.sector == 0 && c->n_out == 1 && c->n_in == 1, "BLK-DRV-15/16");
		break;
	case VMMIO_BLK_T_GET_ID:
		ck_assert_msg(c->in[0].len == 20, "BLK-DRV-19");
		memcpy(fake_host(c->in[0].addr, 20), "serial-number-twenty", 20);
		len = 20;
		break;
	case VMMIO_BLK_T_DISCARD:
	case VMMIO_BLK_T_WRITE_ZEROES:
		len = serve_range(&header, c, header.type == VMMIO_BLK_T_WRITE_ZEROES);
		break;
	default:
		*status = VMMIO_BLK_S_UNSUPP;
	}
	return len + 1 - (uint32_t)short_by;
}

static void bring_up(int i, uint64_t more)
{
	uint64_t wanted = more | (i & 2 ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0);
	struct vmmio_driver_blk_config config = { .depth = 4, .bounce = 1024 };

	fake_init(&f, i & 1 ? 3 : 2, wanted);
	config_set(VMMIO_BLK_CFG_CAPACITY, 8, SECTORS);
	config_set(VMMIO_BLK_CFG_SIZE_MAX, 4, 2048);
	config_set(VMMIO_BLK_CFG_SEG_MAX, 4, 3);
	config_set(VMMIO_BLK_CFG_NUM_QUEUES, 2, 2);
	config_set(VMMIO_BLK_CFG_MAX_DISCARD_SECTORS, 4, 32);
	config_set(VMMIO_BLK_CFG_MAX_DISCARD_SEG, 4, 1);
	config_set(VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SECTORS, 4, 16);
	config_set(VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG, 4, 1);
	f.serve = serve_disk;
	f.serve_on_kick = true;
	driver = fake_driver(&f);
	ck_assert_int_eq(vmmio_driver_start(driver, wanted, 2, 16), 0);
	ck_assert_int_eq(vmmio_driver_blk_create(driver, &config, &blk), 0);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 8192, 512, &buffer), 0);
	for (unsigned n = 0; n < sizeof(disk); n++)
		disk[n] = (uint8_t)(n / 512 * 3 + n);
}

static void tear_down(void)
{
	struct vmmio_driver_blk *none = NULL;

	vmmio_driver_free(driver, &buffer);
	vmmio_driver_blk_destroy(blk);
	vmmio_driver_blk_destroy(none);
	vmmio_driver_destroy(driver);
}

START_TEST(create_errors)
{
	struct vmmio_driver_blk_config bad = { 0, 1000 };
	struct vmmio_driver_blk *other = NULL;
	size_t left;

	bring_up(_i, 0);
	left = vmmio_driver_memory_left(driver);
	ck_assert_int_eq(vmmio_driver_blk_create(driver, &bad, &other), -EINVAL);
	for (unsigned n = 1; n < 8; n++) {
		fixture_fail_alloc(n, true);
		ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &other), -ENOMEM);
		fixture_fail_alloc(0, false);
		ck_assert_uint_eq(vmmio_driver_memory_left(driver), left);
	}
	f.generation_steps = FAKE_NEVER;
	ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &other), -EAGAIN);
	f.generation_steps = 0;
	tear_down();
	fake_init(&f, 3, 0);
	f.device_id = VMMIO_ID_NET;
	driver = fake_driver(&f);
	ck_assert_int_eq(vmmio_driver_start(driver, 0, 1, 0), 0);
	ck_assert_int_eq(vmmio_driver_blk_create(driver, NULL, &other), -ENODEV);
	ck_assert_ptr_null(other);
	vmmio_driver_destroy(driver);
}
END_TEST

START_TEST(info)
{
	struct vmmio_driver_blk_info i;

	bring_up(_i, VMMIO_DRIVER_BLK_FEATURES);
	i = vmmio_driver_blk_info(blk);
	ck_assert(i.capacity == SECTORS && i.size_max == 2048 && i.seg_max == 3);
	ck_assert(i.num_queues == 2 && i.max_discard_sectors == 32 && i.read_only);
	config_set(VMMIO_BLK_CFG_CAPACITY, 8, UINT64_C(0x123456789a));
	ck_assert_int_eq(vmmio_driver_blk_refresh(blk), 0);
	ck_assert_uint_eq(vmmio_driver_blk_info(blk).capacity, UINT64_C(0x123456789a));
	tear_down();
	/* Fields without their feature are not even read (GEN-DRV-16). */
	bring_up(_i, 0);
	i = vmmio_driver_blk_info(blk);
	ck_assert(i.capacity == SECTORS && i.size_max == 0 && i.num_queues == 1 && !i.read_only);
	tear_down();
}
END_TEST

START_TEST(read_and_write)
{
	uint8_t data[3072], back[3072];

	bring_up(_i, 0);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 512);
	for (unsigned round = 0; round < 200; round++) {
		uint64_t sector = round % (SECTORS - 6);

		data[round] ^= 0x5a;
		requests = 0;
		ck_assert_int_eq(vmmio_driver_blk_write(
					 blk, round % 2, sector, data, sizeof(data), 0), 0);
		ck_assert_uint_eq(requests, 3); /* the bounce buffer holds 1024 */
		ck_assert_mem_eq(disk + sector * 512, data, sizeof(data));
		memset(back, 0, sizeof(back));
		ck_assert_int_eq(vmmio_driver_blk_read(
					 blk, round % 2, sector, back, sizeof(back), 0), 0);
		ck_assert_mem_eq(back, data, sizeof(data));
	}
	requests = 0;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, SECTORS - 1, back, 512, 0), 0);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, SECTORS - 1, back, 1024, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, UINT64_MAX, back, 512, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, back, 511, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, back, 0, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 2, 0, back, 512, 0), -EINVAL);
	ck_assert_uint_eq(requests, 1);
	tear_down();
}
END_TEST

START_TEST(other_types)
{
	char id[VMMIO_BLK_ID_BYTES];

	bring_up(_i, VMMIO_DRIVER_BLK_FEATURES & ~VMMIO_FEATURE(VMMIO_BLK_F_RO));
	ck_assert_int_eq(vmmio_driver_blk_flush(blk, 0, 0), 0);
	ck_assert_int_eq(vmmio_driver_blk_get_id(blk, 1, id, 0), 0);
	ck_assert_mem_eq(id, "serial-number-twenty", 20);
	ck_assert_int_eq(vmmio_driver_blk_discard(blk, 0, 3, 32, 0), 0);
	ck_assert(last_segment.sector == 3 && last_segment.num_sectors == 32);
	ck_assert_uint_eq(last_segment.flags, 0);
	ck_assert_int_eq(vmmio_driver_blk_discard(blk, 0, 3, 33, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_discard(blk, 0, SECTORS - 1, 2, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_write_zeroes(blk, 0, 5, 2, true, 0), 0);
	ck_assert(last_segment.sector == 5 && last_segment.flags == VMMIO_BLK_WZ_UNMAP);
	ck_assert(disk[5 * 512 + 9] == 0 && disk[7 * 512 + 9] != 0);
	ck_assert_int_eq(vmmio_driver_blk_write_zeroes(blk, 0, 5, 17, false, 0), -EINVAL);
	ck_assert_int_eq(vmmio_driver_blk_write_zeroes(blk, 0, 5, 0, false, 0), -EINVAL);
	tear_down();
	bring_up(_i, VMMIO_FEATURE(VMMIO_BLK_F_RO));
	ck_assert_int_eq(vmmio_driver_blk_flush(blk, 0, 0), -ENOTSUP);
	ck_assert_int_eq(vmmio_driver_blk_discard(blk, 0, 3, 1, 0), -ENOTSUP);
	ck_assert_int_eq(vmmio_driver_blk_write(blk, 0, 3, disk, 512, 0), -EROFS);
	tear_down();
}
END_TEST

START_TEST(statuses)
{
	uint8_t data[512] = { 1 };

	bring_up(_i, 0);
	forced_status = VMMIO_BLK_S_IOERR;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), -EIO);
	ck_assert_uint_eq(data[0], 1);
	forced_status = VMMIO_BLK_S_UNSUPP;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), -ENOTSUP);
	forced_status = 3;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), -EPROTO);
	forced_status = 0xff; /* never written */
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), -EPROTO);
	forced_status = VMMIO_BLK_S_OK;
	short_by = 1;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), -EPROTO);
	ck_assert_int_eq(vmmio_driver_blk_write(blk, 0, 0, data, 512, 0), -EPROTO);
	short_by = -1;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 0, data, 512, 0), -EPROTO);
	/* More than there is room for broke the queue, not only the request. */
	ck_assert_int_eq(vmmio_driver_queue_fault(vmmio_driver_queue(driver, 0)).kind,
		VMMIO_DRIVER_FAULT_USED_LEN);
	tear_down();
}
END_TEST

static struct vmmio_driver_request *submit(uint64_t sector, bool defer, uintptr_t cookie)
{
	struct vmmio_driver_seg segs[2] = { { buffer.guest + cookie * 512, 200 },
		{ buffer.guest + cookie * 512 + 200, 312 } };
	struct vmmio_driver_blk_op op = { .type = VMMIO_BLK_T_IN, .sector = sector, .data = segs,
		.n_data = 2, .cookie = (void *)cookie, .defer_kick = defer };
	struct vmmio_driver_request *request = NULL;
	int ret = vmmio_driver_blk_submit(blk, 0, &op, &request);

	if (ret == -EAGAIN)
		return NULL;
	ck_assert_int_eq(ret, 0);
	ck_assert_int_eq(vmmio_driver_request_result(request), -EINPROGRESS);
	return request;
}

START_TEST(many_in_flight)
{
	struct vmmio_driver_request *r[4], *done;
	struct fake_chain c[4];

	bring_up(_i, 0);
	f.serve_on_kick = false;
	for (unsigned round = 0; round < 50; round++) {
		unsigned kicks = f.queues[0].kicks;

		for (uintptr_t i = 0; i < 4; i++)
			r[i] = submit(i + round % 8, true, i);
		ck_assert_ptr_null(submit(0, true, 0)); /* depth */
		ck_assert(!fake_pop(&f, 0, &c[0]));
		ck_assert_int_eq(vmmio_driver_blk_poll(blk, 0, &done), 0);
		ck_assert_int_eq(vmmio_driver_blk_kick(blk, 0), 1);
		ck_assert_uint_eq(f.queues[0].kicks, kicks + 1);
		for (unsigned i = 0; i < 4; i++)
			ck_assert(fake_pop(&f, 0, &c[i]));
		/* Backwards; the one waited for comes second. */
		for (unsigned i = 4; i > 0; i--)
			fake_push(&f, 0, &c[i - 1], serve_disk(&f, &c[i - 1]));
		ck_assert_int_eq(vmmio_driver_blk_wait(r[2], 0), 0);
		ck_assert_int_eq(vmmio_driver_request_result(r[2]), 0);
		ck_assert_uint_eq(vmmio_driver_request_len(r[2]), 513);
		ck_assert_int_eq(vmmio_driver_blk_wait(r[2], 0), 0);
		ck_assert_int_eq(vmmio_driver_blk_poll(blk, 0, &done), 1);
		ck_assert_ptr_eq(done, r[3]);
		ck_assert_uint_eq((uintptr_t)vmmio_driver_request_cookie(done), 3);
		ck_assert_int_eq(vmmio_driver_blk_wait(r[0], 0), 0);
		vmmio_driver_request_release(r[1]); /* done, and never looked at */
		ck_assert_int_eq(vmmio_driver_blk_poll(blk, 0, &done), 0);
		for (unsigned i = 0; i < 4; i++)
			ck_assert_mem_eq((char *)buffer.host + i * 512,
				disk + (i + round % 8) * 512, 512);
		vmmio_driver_request_release(r[0]);
		vmmio_driver_request_release(r[2]);
		vmmio_driver_request_release(r[3]);
	}
	tear_down();
}
END_TEST

START_TEST(late_answers)
{
	struct fake_chain c;
	uint8_t data[512];

	bring_up(_i, 0);
	f.serve_on_kick = false;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 1, data, 512, 3), -ETIMEDOUT);
	/* The bounce buffer is the device's still. */
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 2, data, 512, 3), -EBUSY);
	ck_assert_int_eq(vmmio_driver_blk_flush(blk, 0, 3), -EBUSY);
	ck_assert(fake_pop(&f, 0, &c));
	fake_push(&f, 0, &c, serve_disk(&f, &c));
	f.serve_on_kick = true;
	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 2, data, 512, 3), 0);
	ck_assert_mem_eq(data, disk + 1024, 512);
	f.serve_on_kick = false;
	f.status |= VMMIO_STATUS_NEEDS_RESET;
	ck_assert_int_eq(
		vmmio_driver_blk_read(blk, 1, 2, data, 512, VMMIO_DRIVER_FOREVER), -EIO);
	tear_down();
}
END_TEST

START_TEST(cancel)
{
	struct vmmio_driver_request *r[3], *done;
	uint8_t data[512];

	bring_up(_i, 0);
	f.serve_on_kick = false;
	r[0] = submit(0, false, 0);
	r[1] = submit(1, false, 1);
	vmmio_driver_request_release(r[1]);
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 1, data, 512, 0), -ETIMEDOUT);
	ck_assert_uint_eq(vmmio_driver_blk_cancel(blk), 0);
	/* Also when the queue is up again already. */
	ck_assert_int_eq(vmmio_driver_start(driver, UINT64_MAX, 2, 16), 0);
	r[2] = submit(2, false, 2);
	ck_assert_uint_eq(vmmio_driver_blk_cancel(blk), 3);
	ck_assert_int_eq(vmmio_driver_blk_poll(blk, 0, &done), 1);
	ck_assert_ptr_eq(done, r[0]);
	ck_assert_int_eq(vmmio_driver_request_result(done), -ECANCELED);
	vmmio_driver_request_release(done);
	f.serve_on_kick = true;
	ck_assert_int_eq(vmmio_driver_blk_read(blk, 0, 1, data, 512, 0), 0);
	ck_assert_int_eq(vmmio_driver_blk_poll(blk, 0, &done), 1);
	ck_assert_ptr_eq(done, r[2]);
	ck_assert_int_eq(vmmio_driver_request_result(done), 0);
	vmmio_driver_request_release(done);
	/* All four slots are free again. */
	f.serve_on_kick = false;
	for (uintptr_t i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(submit(i, false, i));
	tear_down();
}
END_TEST

static int try_op(struct vmmio_driver_blk_op op)
{
	struct vmmio_driver_request *request;
	int ret = vmmio_driver_blk_submit(blk, 0, &op, &request);

	if (ret)
		return ret;
	ck_assert_int_eq(vmmio_driver_blk_wait(request, 0), 0);
	ret = vmmio_driver_request_result(request);
	vmmio_driver_request_release(request);
	return ret;
}

START_TEST(rules_and_raw)
{
	struct vmmio_driver_seg s[4];
	struct vmmio_driver_blk_op op = { .data = s, .n_data = 1 };

	bring_up(_i, (VMMIO_DRIVER_BLK_FEATURES & ~VMMIO_FEATURE(VMMIO_BLK_F_RO)) |
			     VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC));
	for (unsigned i = 0; i < 4; i++)
		s[i] = (struct vmmio_driver_seg){ buffer.guest + i * 2048, 512 };
	ck_assert_int_eq(try_op(op), 0);
	op.indirect = true;
	ck_assert_int_eq(try_op(op), 0);
	op.n_data = 4; /* seg_max is 3 */
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.n_data = 1;
	s[0].len = 2560; /* size_max is 2048 */
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.type = VMMIO_BLK_T_FLUSH;
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.n_data = 0;
	op.sector = 1;
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.type = VMMIO_BLK_T_GET_ID;
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.type = VMMIO_BLK_T_DISCARD;
	op.sectors = 1;
	ck_assert_int_eq(try_op(op), 0);
	op.unmap = true;
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.type = 99;
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.raw = true;
	ck_assert_int_eq(try_op(op), -ENOTSUP);
	op.n_data = 1000;
	ck_assert_int_eq(try_op(op), -EINVAL);
	op.n_data = 1;
	op.type = VMMIO_BLK_T_IN;
	op.writable = true;
	s[0].len = 100; /* no multiple of 512 */
	ck_assert_int_eq(try_op(op), 0);
	op.data = NULL;
	ck_assert_int_eq(try_op(op), -EINVAL);
	tear_down();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("driver-blk");
	TCase *tc = fixture_tcase(s, "blk");

	tcase_add_loop_test(tc, create_errors, 0, LOOPS);
	tcase_add_loop_test(tc, info, 0, LOOPS);
	tcase_add_loop_test(tc, read_and_write, 0, LOOPS);
	tcase_add_loop_test(tc, other_types, 0, LOOPS);
	tcase_add_loop_test(tc, statuses, 0, LOOPS);
	tcase_add_loop_test(tc, many_in_flight, 0, LOOPS);
	tcase_add_loop_test(tc, late_answers, 0, LOOPS);
	tcase_add_loop_test(tc, cancel, 0, LOOPS);
	tcase_add_loop_test(tc, rules_and_raw, 0, LOOPS);
	return fixture_main(s);
}
