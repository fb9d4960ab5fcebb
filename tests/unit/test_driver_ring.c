/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver's rings, split and packed, against naive consumers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "support/fixture.h"
#include "unit/driver_fake.h"

#define LOOPS 4 /* {version 2, 3} x {split, packed} */
#define EVENTS VMMIO_FEATURE(VMMIO_F_EVENT_IDX)
#define INDIRECT VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC)
#define IN_ORDER VMMIO_FEATURE(VMMIO_F_IN_ORDER)

static struct fake f;
static struct vmmio_driver *driver;
static struct vmmio_driver_queue *queue;
static struct vmmio_driver_area buffers;

static bool packed(int i)
{
	return (i & 2) != 0;
}

static void bring_up(int i, uint64_t more, uint32_t size)
{
	uint64_t wanted = more | (packed(i) ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0);

	fake_init(&f, i & 1 ? 3 : 2, wanted);
	driver = fake_driver(&f);
	ck_assert_int_eq(vmmio_driver_start(driver, wanted, 1, size), 0);
	queue = vmmio_driver_queue(driver, 0);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 65536, 64, &buffers), 0);
}

static void tear_down(void)
{
	vmmio_driver_destroy(driver);
}

/* A chain of n_out and n_in elements of `len` bytes each; cookie as number. */
static int add(unsigned n_out, unsigned n_in, uint32_t len, bool indirect, uintptr_t cookie)
{
	struct vmmio_driver_seg segs[64];
	struct vmmio_driver_chain chain = { segs, segs + n_out, n_out, n_in,
		(void *)cookie, indirect };

	for (unsigned i = 0; i < n_out + n_in; i++)
		segs[i] = (struct vmmio_driver_seg){ buffers.guest + i * 64, len };
	return vmmio_driver_queue_add(queue, &chain);
}

static void expect_used(uintptr_t cookie, uint32_t len)
{
	struct vmmio_driver_used used;

	fake_check((vmmio_driver_queue_poll(queue, &used)) == (1));
	fake_check((uintptr_t)used.cookie == cookie);
	fake_check(used.len == len);
}

static void expect_none(int ret)
{
	struct vmmio_driver_used used = { NULL, 0, 12345 };

	fake_check((vmmio_driver_queue_poll(queue, &used)) == (ret));
	fake_check(used.len == 12345);
}

static uint32_t all_written(struct fake *fake, struct fake_chain *chain)
{
	uint32_t len = 0;

	(void)fake;
	for (unsigned i = 0; i < chain->n_in; i++)
		len += chain->in[i].len;
	return len;
}

START_TEST(chains_arrive_as_given)
{
	bool indirect = _i & 4;
	struct vmmio_driver_seg out[2] = { { 0x1234567890, 7 }, { 0xfedcba9876543210, 0 } };
	struct vmmio_driver_seg in[1] = { { 0x42, 99 } };
	struct vmmio_driver_chain chain = { out, in, 2, 1, &f, indirect };
	struct fake_chain got;

	bring_up(_i & 3, indirect ? INDIRECT : 0, 8);
	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	ck_assert(!fake_pop(&f, 0, &got)); /* not published */
	vmmio_driver_queue_publish(queue);
	ck_assert_uint_eq(f.queues[0].kicks, 0);
	ck_assert(fake_pop(&f, 0, &got));
	ck_assert(got.indirect == indirect && got.n_out == 2 && got.n_in == 1);
	ck_assert_uint_eq(got.n_desc, indirect ? 1 : 3);
	ck_assert(got.out[0].addr == out[0].addr && got.out[0].len == 7);
	ck_assert(got.out[1].addr == out[1].addr && got.out[1].len == 0);
	ck_assert(got.in[0].addr == 0x42 && got.in[0].len == 99);
	ck_assert(!fake_pop(&f, 0, &got));
	expect_none(0);
	fake_push(&f, 0, &got, 98);
	ck_assert_uint_eq(vmmio_driver_queue_in_flight(queue), 1);
	expect_used((uintptr_t)&f, 98);
	expect_none(0);
	ck_assert_uint_eq(vmmio_driver_queue_in_flight(queue), 0);
	ck_assert_uint_eq(vmmio_driver_queue_free_descs(queue), 8);
	tear_down();
}
END_TEST

/* Long enough for every 16-bit counter to pass its end, with chains of all lengths and
 * answers out of order. */
START_TEST(wraps_around)
{
	uint64_t more = (_i & 4 ? EVENTS : 0) | (_i & 8 ? INDIRECT : 0);
	uint32_t size = packed(_i) ? 13 : 16;
	struct fake_chain got[16];
	uintptr_t sent = 0, back = 0;
	unsigned kicked;
	bool seen[16] = { false };

	bring_up(_i & 3, more, size);
	kicked = f.queues[0].kicks;
	while (back < 70000) {
		unsigned burst = 0, popped = 0;

		for (; burst < 16; burst++, sent++) {
			unsigned n = 1 + (unsigned)(sent % 5);

			if (add(n / 2, n - n / 2, 10, (more & INDIRECT) && sent % 3 == 0, sent) ==
				-ENOSPC)
				break;
		}
		fake_check(burst > 0);
		vmmio_driver_queue_kick(queue);
		while (fake_pop(&f, 0, &got[popped]))
			popped++;
		fake_check(popped == burst);
		for (unsigned i = burst; i > 0; i--)
			fake_push(&f, 0, &got[i - 1], got[i - 1].n_in * 10);
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < burst; i++, back++) {
			struct vmmio_driver_used used;
			uintptr_t cookie, n;

			fake_check((vmmio_driver_queue_poll(queue, &used)) == (1));
			cookie = (uintptr_t)used.cookie;
			n = 1 + cookie % 5;
			fake_check(cookie >= sent - burst && cookie < sent);
			fake_check(!seen[cookie - (sent - burst)]);
			seen[cookie - (sent - burst)] = true;
			fake_check(used.len == (n - n / 2) * 10);
		}
		expect_none(0);
		fake_check(vmmio_driver_queue_free_descs(queue) == size);
		/* One notification for each batch: the ring was empty, the device asked for it. */
		fake_check(f.queues[0].kicks == ++kicked);
	}
	tear_down();
}
END_TEST

START_TEST(shape_of_chains)
{
	struct vmmio_driver_seg huge[2] = { { 0, UINT32_MAX }, { 0, 2 } };
	struct vmmio_driver_chain chain = { huge, NULL, 2, 0, NULL, false };

	bring_up(_i, INDIRECT, 16);
	ck_assert_int_eq(add(0, 0, 1, false, 1), -EINVAL);
	ck_assert_int_eq(add(9, 8, 1, false, 1), -EINVAL);
	ck_assert_int_eq(add(5, 4, 1, true, 1), -EINVAL); /* the table has 8 */
	ck_assert_int_eq(vmmio_driver_queue_add(queue, &chain), -EINVAL);
	huge[1].len = 1; /* 2^32 exactly */
	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	ck_assert_int_ge(add(4, 4, 1, true, 1), 0);
	ck_assert_int_eq(add(7, 7, 1, false, 1), -ENOSPC);
	ck_assert_int_ge(add(7, 6, 1, false, 1), 0);
	ck_assert_int_eq(add(1, 0, 1, true, 1), -ENOSPC);
	ck_assert_uint_eq(vmmio_driver_queue_free_descs(queue), 0);
	ck_assert_uint_eq(vmmio_driver_queue_in_flight(queue), 3);
	tear_down();
}
END_TEST

START_TEST(no_tables_no_indirect)
{
	bring_up(_i, 0, 16);
	ck_assert_int_eq(add(1, 1, 1, true, 1), -EINVAL);
	tear_down();
}
END_TEST

/* Without EVENT_IDX: the device's flag decides; avail_event says the contrary and is ignored. */
START_TEST(kick_by_flag)
{
	struct vmmio_driver_areas a;
	uint16_t *flags;

	bring_up(_i, 0, 16);
	ck_assert_int_eq(vmmio_driver_queue_areas(queue, &a), 0);
	flags = (uint16_t *)((char *)a.device.host + (packed(_i) ? 2 : 0));
	*flags = vmmio_le16(1);
	ck_assert_int_ge(add(1, 0, 1, false, 1), 0);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 0);
	*flags = 0;
	/* What was published while suppressed needs no notification by now. */
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 0);
	ck_assert_int_ge(add(1, 0, 1, false, 1), 0);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 1);
	ck_assert_uint_eq(f.queues[0].kicks, 1);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 0);
	vmmio_driver_queue_notify(queue);
	ck_assert_uint_eq(f.queues[0].kicks, 2);
	tear_down();
}
END_TEST

static void set_event(const struct vmmio_driver_areas *a, bool is_packed, uint16_t pos)
{
	uint16_t *p = a->device.host;

	if (is_packed) {
		p[0] = vmmio_le16(pos);
		p[1] = vmmio_le16(VMMIO_EVENT_F_DESC);
	} else {
		p[(4 + 8 * 16) / 2] = vmmio_le16(pos);
		p[0] = vmmio_le16(1); /* to be ignored: SPLIT-DRV-23 */
	}
}

START_TEST(kick_by_event)
{
	struct vmmio_driver_areas a;

	bring_up(_i, EVENTS, 16);
	ck_assert_int_eq(vmmio_driver_queue_areas(queue, &a), 0);
	set_event(&a, packed(_i), packed(_i) ? 0x8000 | 2 : 2);
	for (unsigned n = 0; n < 5; n++) {
		ck_assert_int_ge(add(1, 0, 1, false, n), 0);
		ck_assert_int_eq(vmmio_driver_queue_kick(queue), n == 2);
	}
	/* A batch that passes the event in its middle. */
	set_event(&a, packed(_i), packed(_i) ? 0x8000 | 6 : 6);
	for (unsigned n = 5; n < 8; n++)
		ck_assert_int_ge(add(1, 0, 1, false, n), 0);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 1);
	/* Behind us: no more. */
	ck_assert_int_ge(add(1, 0, 1, false, 8), 0);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 0);
	tear_down();
}
END_TEST

/* The event lies in the next lap (packed), in the same slot. */
START_TEST(kick_by_event_lap)
{
	struct vmmio_driver_areas a;
	struct fake_chain got;

	bring_up(_i | 2, EVENTS, 16);
	ck_assert_int_eq(vmmio_driver_queue_areas(queue, &a), 0);
	for (unsigned n = 0; n < 40; n++) {
		set_event(&a, true, 2); /* slot 2 while the wrap counter is 0 */
		ck_assert_int_ge(add(1, 0, 1, false, n), 0);
		ck_assert_int_eq(vmmio_driver_queue_kick(queue), n == 18);
		ck_assert(fake_pop(&f, 0, &got));
		fake_push(&f, 0, &got, 0);
		expect_used(n, 0);
	}
	tear_down();
}
END_TEST

START_TEST(notification_data)
{
	struct fake_chain got;

	bring_up(_i, VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA), 16);
	for (unsigned n = 1; n <= 40000; n++) {
		uint32_t next = packed(_i) ? (n % 16) | (n / 16 % 2 ? 0 : 0x8000) : n & 0xffff;

		fake_check(add(1, 0, 1, false, n) >= 0);
		fake_check(vmmio_driver_queue_kick(queue) == 1);
		fake_check(f.queues[0].kick_value == next << 16);
		fake_check(fake_pop(&f, 0, &got));
		fake_push(&f, 0, &got, 0);
		expect_used(n, 0);
		if (n == 20) /* added and not published does not count */
			fake_check(add(1, 0, 1, false, ++n) >= 0);
		if (n == 21) {
			vmmio_driver_queue_notify(queue);
			fake_check(f.queues[0].kick_value == next << 16);
			vmmio_driver_queue_kick(queue);
			fake_check(fake_pop(&f, 0, &got));
			fake_push(&f, 0, &got, 0);
			expect_used(n, 0);
		}
	}
	tear_down();
}
END_TEST

START_TEST(kick_waits_for_driver_ok)
{
	uint64_t ring = packed(_i) ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0;

	fake_init(&f, _i & 1 ? 3 : 2, ring);
	driver = fake_driver(&f);
	ck_assert_int_eq(vmmio_driver_probe(driver), 0);
	ck_assert_int_eq(vmmio_driver_reset(driver, 0), 0);
	ck_assert_int_eq(vmmio_driver_negotiate(driver, ring, ring), 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 0, NULL, &queue), 0);
	ck_assert_int_eq(vmmio_driver_alloc(driver, 64, 64, &buffers), 0);
	ck_assert_int_ge(add(1, 0, 1, false, 1), 0);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 0);
	ck_assert_uint_eq(f.queues[0].kicks, 0);
	ck_assert_int_eq(vmmio_driver_ok(driver), 0);
	ck_assert_uint_eq(f.queues[0].kicks, 1);
	tear_down();
}
END_TEST

static void expect_fault(enum vmmio_driver_fault_kind kind, uint32_t id, uint32_t len)
{
	struct vmmio_driver_fault fault;

	expect_none(-EPROTO);
	fault = vmmio_driver_queue_fault(queue);
	ck_assert_int_eq(fault.kind, kind);
	ck_assert_uint_eq(fault.id, id);
	ck_assert_uint_eq(fault.len, len);
	/* Broken until it is stopped. */
	expect_none(-EPROTO);
	ck_assert_int_eq(add(1, 0, 1, false, 1), -EPROTO);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 0);
	ck_assert_int_eq(vmmio_driver_reset(driver, 1), 0);
	ck_assert_int_eq(vmmio_driver_start(driver, UINT64_MAX & ~IN_ORDER, 1, 16), 0);
	ck_assert_int_eq(vmmio_driver_queue_fault(queue).kind, VMMIO_DRIVER_FAULT_NONE);
	ck_assert_int_ge(add(1, 0, 1, false, 1), 0);
}

START_TEST(bogus_id)
{
	/* A packed id has 16 bits. */
	static const uint32_t ids[2][5] = { { 16, 0xffff, 0x10000, UINT32_MAX, 9 },
		{ 16, 0xffff, 0x7fff, 0x8000, 9 } };
	uint32_t id = ids[packed(_i)][_i >> 2];
	struct fake_chain got;

	bring_up(_i & 3, 0, 16);
	ck_assert_int_ge(add(1, 1, 8, false, 1), 0);
	vmmio_driver_queue_kick(queue);
	ck_assert(fake_pop(&f, 0, &got));
	fake_push_raw(&f, 0, id, 8, 2);
	expect_fault(VMMIO_DRIVER_FAULT_USED_ID, id, 8);
	tear_down();
}
END_TEST

START_TEST(bogus_len)
{
	struct fake_chain got;

	bring_up(_i, 0, 16);
	ck_assert_int_ge(add(1, 1, 8, false, 1), 0);
	vmmio_driver_queue_kick(queue);
	ck_assert(fake_pop(&f, 0, &got));
	fake_push(&f, 0, &got, 9);
	expect_fault(VMMIO_DRIVER_FAULT_USED_LEN, got.id, 9);
	tear_down();
}
END_TEST

START_TEST(used_twice)
{
	struct fake_chain a, b;

	bring_up(_i, 0, 16);
	ck_assert_int_ge(add(0, 1, 8, false, 1), 0);
	ck_assert_int_ge(add(0, 1, 8, false, 2), 0);
	vmmio_driver_queue_kick(queue);
	ck_assert(fake_pop(&f, 0, &a) && fake_pop(&f, 0, &b));
	fake_push(&f, 0, &a, 3);
	fake_push(&f, 0, &a, 3);
	expect_used(1, 3);
	expect_fault(VMMIO_DRIVER_FAULT_USED_ID, a.id, 3);
	tear_down();
}
END_TEST

START_TEST(used_before_published)
{
	int id;

	bring_up(_i, 0, 16);
	ck_assert_int_ge(add(0, 1, 8, false, 1), 0);
	vmmio_driver_queue_kick(queue);
	id = add(0, 1, 8, false, 2);
	ck_assert_int_ge(id, 0);
	fake_push_raw(&f, 0, (uint32_t)id, 1, 1);
	expect_fault(VMMIO_DRIVER_FAULT_USED_ID, (uint32_t)id, 1);
	tear_down();
}
END_TEST

START_TEST(split_idx_jumps)
{
	struct vmmio_driver_areas a;

	bring_up(_i & 1, 0, 16);
	ck_assert_int_eq(vmmio_driver_queue_areas(queue, &a), 0);
	ck_assert_int_ge(add(0, 1, 8, false, 1), 0);
	vmmio_driver_queue_kick(queue);
	((uint16_t *)a.device.host)[1] = vmmio_le16(2);
	expect_fault(VMMIO_DRIVER_FAULT_USED_IDX, 2, 0);
	ck_assert_int_eq(vmmio_driver_queue_areas(queue, &a), 0);
	vmmio_driver_queue_kick(queue);
	((uint16_t *)a.device.host)[1] = vmmio_le16(0xffff);
	expect_fault(VMMIO_DRIVER_FAULT_USED_IDX, 0xffff, 0);
	tear_down();
}
END_TEST

START_TEST(in_order_batches)
{
	struct fake_chain got[8];

	bring_up(_i, IN_ORDER, 16);
	for (unsigned round = 0; round < 5000; round++) {
		for (unsigned n = 0; n < 5; n++)
			fake_check(add(1, n % 2, 10, false, round + n) >= 0);
		vmmio_driver_queue_kick(queue);
		for (unsigned n = 0; n < 5; n++)
			fake_check(fake_pop(&f, 0, &got[n]));
		fake_push(&f, 0, &got[0], 0);
		expect_used(round, 0);
		fake_push_batch(&f, 0, &got[1], 3, 7); /* 3 is written 7 of 10 */
		expect_used(round + 1, 10);
		/* More comes while a batch is half taken. */
		fake_push(&f, 0, &got[4], 0);
		fake_check(vmmio_driver_queue_interrupts(queue, true));
		expect_used(round + 2, 0);
		expect_used(round + 3, 7);
		expect_used(round + 4, 0);
		expect_none(0);
	}
	tear_down();
}
END_TEST

/* One used element for a chain that is not the oldest, but idx for one only. */
START_TEST(split_order_broken)
{
	struct fake_chain got[2];

	bring_up(_i & 1, IN_ORDER, 16);
	ck_assert_int_ge(add(0, 1, 10, false, 1), 0);
	ck_assert_int_ge(add(0, 1, 10, false, 2), 0);
	vmmio_driver_queue_kick(queue);
	ck_assert(fake_pop(&f, 0, &got[0]) && fake_pop(&f, 0, &got[1]));
	fake_push(&f, 0, &got[1], 5);
	expect_used(1, 10);
	expect_fault(VMMIO_DRIVER_FAULT_ORDER, got[1].id, 5);
	tear_down();
}
END_TEST

static void one_round(uintptr_t cookie)
{
	struct fake_chain got;

	ck_assert_int_ge(add(0, 1, 8, false, cookie), 0);
	vmmio_driver_queue_kick(queue);
	ck_assert(fake_pop(&f, 0, &got));
	fake_push(&f, 0, &got, 8);
}

START_TEST(interrupt_suppression)
{
	bring_up(_i & 3, _i & 4 ? EVENTS : 0, 16);
	one_round(1);
	ck_assert_uint_eq(f.queues[0].interrupts, 1);
	expect_used(1, 8);
	one_round(2);
	ck_assert_uint_eq(f.queues[0].interrupts, 2);
	expect_used(2, 8);
	ck_assert(!vmmio_driver_queue_interrupts(queue, false));
	for (uintptr_t n = 3; n < 30; n++) {
		one_round(n);
		expect_used(n, 8);
	}
	ck_assert_uint_eq(f.queues[0].interrupts, 2);
	one_round(30);
	/* The race: it came before notifications were on again. */
	ck_assert(vmmio_driver_queue_interrupts(queue, true));
	expect_used(30, 8);
	ck_assert(!vmmio_driver_queue_interrupts(queue, true));
	one_round(31);
	ck_assert_uint_eq(f.queues[0].interrupts, 3);
	tear_down();
}
END_TEST

START_TEST(interrupt_after_some)
{
	struct fake_chain got[8];

	bring_up(_i & 3, EVENTS, 16);
	for (unsigned round = 0; round < 20; round++) {
		f.queues[0].interrupts = 0;
		for (unsigned n = 0; n < 6; n++)
			ck_assert_int_ge(add(1, 1, 8, false, n), 0);
		vmmio_driver_queue_kick(queue);
		for (unsigned n = 0; n < 6; n++)
			ck_assert(fake_pop(&f, 0, &got[n]));
		ck_assert(!vmmio_driver_queue_interrupt_after(queue, 4));
		for (unsigned n = 0; n < 6; n++) {
			fake_push(&f, 0, &got[n], 8);
			ck_assert_uint_eq(f.queues[0].interrupts, n >= 3);
			if (n == 1)
				expect_used(0, 8);
		}
		ck_assert(vmmio_driver_queue_interrupt_after(queue, 5));
		for (unsigned n = 1; n < 6; n++)
			expect_used(n, 8);
		/* With nothing in flight it is cut to the next one. */
		ck_assert(!vmmio_driver_queue_interrupt_after(queue, 9));
	}
	tear_down();
}
END_TEST

START_TEST(stopped_queue)
{
	struct vmmio_driver_seg seg = { 0, 1 };
	struct vmmio_driver_chain chain = { &seg, NULL, 1, 0, NULL, false };
	unsigned seen = 0;
	void *cookie;

	bring_up(_i, 0, 16);
	for (uintptr_t n = 0; n < 3; n++)
		ck_assert_int_ge(add(1, 1, 8, false, n), 0);
	ck_assert(!vmmio_driver_queue_detach(queue, &cookie));
	ck_assert_int_eq(vmmio_driver_queue_disable(queue, 1), 0);
	expect_none(-ESHUTDOWN);
	ck_assert_int_eq(vmmio_driver_queue_add(queue, &chain), -ESHUTDOWN);
	ck_assert_int_eq(vmmio_driver_queue_kick(queue), 0);
	vmmio_driver_queue_notify(queue);
	ck_assert(!vmmio_driver_queue_interrupts(queue, true));
	ck_assert_uint_eq(f.queues[0].kicks, 0);
	while (vmmio_driver_queue_detach(queue, &cookie))
		seen |= 1u << (uintptr_t)cookie;
	ck_assert_uint_eq(seen, 7);
	ck_assert_uint_eq(vmmio_driver_queue_in_flight(queue), 0);
	ck_assert_int_eq(vmmio_driver_queue_setup(driver, 0, NULL, &queue), 0);
	one_round(5);
	expect_used(5, 8);
	tear_down();
}
END_TEST

START_TEST(waiting)
{
	struct vmmio_driver_used used;

	bring_up(_i, 0, 16);
	f.serve = all_written;
	f.relaxed = 0;
	ck_assert_int_eq(vmmio_driver_queue_wait(queue, &used, 7), -ETIMEDOUT);
	ck_assert_uint_eq(f.relaxed, 7);
	f.serve_on_kick = true;
	ck_assert_int_ge(add(1, 1, 8, false, 3), 0);
	vmmio_driver_queue_kick(queue);
	ck_assert_int_eq(vmmio_driver_queue_wait(queue, &used, 0), 0);
	ck_assert(used.cookie == (void *)3 && used.len == 8);
	f.status |= VMMIO_STATUS_NEEDS_RESET;
	ck_assert_int_eq(vmmio_driver_queue_wait(queue, &used, VMMIO_DRIVER_FOREVER), -EIO);
	tear_down();
}
END_TEST

/* Whatever stands in the rings: errors, never a crash, never more chains than there are. */
START_TEST(garbage)
{
	uint64_t more = EVENTS | INDIRECT | (_i & 4 ? IN_ORDER : 0);
	struct vmmio_driver_used used;
	struct vmmio_driver_areas a;
	unsigned broken = 0;

	srand(1234);
	bring_up(_i & 3, more, 16);
	for (unsigned round = 0; round < 3000; round++) {
		unsigned added = 0, back = 0;
		int ret = 1;

		fake_check((vmmio_driver_queue_areas(queue, &a)) == (0));
		for (unsigned n = 0; n < 6; n++)
			added += add(1, n % 3, 8, n % 2, n) >= 0;
		if (rand() % 2)
			vmmio_driver_queue_kick(queue);
		for (unsigned n = rand() % 40u; n > 0; n--) {
			struct vmmio_driver_area *area = rand() % 2 ? &a.device : &a.desc;

			((uint8_t *)area->host)[(size_t)rand() % area->size] = (uint8_t)rand();
		}
		/* Chance alone rarely makes a packed descriptor used. */
		for (unsigned n = 0; packed(_i) && n < 4; n++)
			((struct vmmio_packed_desc *)a.desc.host)[n].flags ^=
				rand() % 2 ? vmmio_le16(VMMIO_DESC_F_USED) : 0;
		while (ret > 0) {
			ret = vmmio_driver_queue_poll(queue, &used);
			back += ret > 0;
			fake_check(back <= added);
		}
		vmmio_driver_queue_interrupts(queue, rand() % 2);
		vmmio_driver_queue_interrupt_after(queue, (unsigned)rand() % 20);
		broken += ret == -EPROTO;
		fake_check(vmmio_driver_start(driver, UINT64_MAX, 1, 16) == 0);
	}
	fake_check(broken > 100);
	tear_down();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("driver-ring");
	TCase *tc = fixture_tcase(s, "rings");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, chains_arrive_as_given, 0, 2 * LOOPS);
	tcase_add_loop_test(tc, wraps_around, 0, 4 * LOOPS);
	tcase_add_loop_test(tc, shape_of_chains, 0, LOOPS);
	tcase_add_loop_test(tc, no_tables_no_indirect, 0, LOOPS);
	tcase_add_loop_test(tc, kick_by_flag, 0, LOOPS);
	tcase_add_loop_test(tc, kick_by_event, 0, LOOPS);
	tcase_add_loop_test(tc, kick_by_event_lap, 0, 2);
	tcase_add_loop_test(tc, notification_data, 0, LOOPS);
	tcase_add_loop_test(tc, kick_waits_for_driver_ok, 0, LOOPS);
	tcase_add_loop_test(tc, bogus_id, 0, 5 * LOOPS);
	tcase_add_loop_test(tc, bogus_len, 0, LOOPS);
	tcase_add_loop_test(tc, used_twice, 0, LOOPS);
	tcase_add_loop_test(tc, used_before_published, 0, LOOPS);
	tcase_add_loop_test(tc, split_idx_jumps, 0, 2);
	tcase_add_loop_test(tc, in_order_batches, 0, LOOPS);
	tcase_add_loop_test(tc, split_order_broken, 0, 2);
	tcase_add_loop_test(tc, interrupt_suppression, 0, 2 * LOOPS);
	tcase_add_loop_test(tc, interrupt_after_some, 0, LOOPS);
	tcase_add_loop_test(tc, stopped_queue, 0, LOOPS);
	tcase_add_loop_test(tc, waiting, 0, LOOPS);
	tcase_add_loop_test(tc, garbage, 0, 2 * LOOPS);
	return fixture_main(s);
}
