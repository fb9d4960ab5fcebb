/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The entropy device's buffers, on every variant of the bench and from every kind of source.
 */
#include <string.h>
#include <unistd.h>

#include "integration/rng_rig.h"

/* --- The kernel's generator ----------------------------------------------------------------- */

START_TEST(rng_dev_01_random_bytes)
{
	static const uint32_t lens[] = {1, 2, 63, 64, 4095, 4096};
	struct rng_rig *r = rng_rig_run(&(struct rng_rig_options){.variant = _i});

	for (unsigned i = 0; i < 6; i++) {
		rng_add(r, AT(i), lens[i]);
		ck_assert_uint_eq(rng_wait(r, AT(i)), lens[i]);
		ck_assert_uint_eq(rng_changed(r, AT(i) + lens[i], 8192 - lens[i]), 0);
	}
	ck_assert_uint_ge(rng_changed(r, AT(5), 4096), 4000);
	ck_assert_mem_ne((char *)r->in.host + AT(4), (char *)r->in.host + AT(5), 64);
	ck_assert_uint_eq(rng_counters(r).chains, 6);
	ck_assert_uint_eq(rng_counters(r).bytes, 1 + 2 + 63 + 64 + 4095 + 4096);
	ck_assert(atomic_load(&r->line));
	rng_rig_free(r);
}
END_TEST

/* A full queue of huge buffers: none of it in the guest's write, a piece of it in each turn. */
START_TEST(work_is_bounded)
{
	struct rng_rig *r = rng_rig_run(&(struct rng_rig_options){.variant = _i, .manual = true});
	uint32_t at, len;
	unsigned n = 0;

	for (; n < 64; n++)
		rng_add(r, 0, RNG_ROOM);
	ck_assert_uint_eq(rng_counters(r).held, 64);
	ck_assert_uint_eq(atomic_load(&rng_host.calls), 0);
	ck_assert_uint_eq(rng_changed(r, 0, RNG_ROOM), 0);
	for (n = 1; n <= 64; n++) {
		ck_assert(vmmio_manual_step(r->ex, 0));
		ck_assert_uint_eq(atomic_load(&rng_host.calls), n);
		ck_assert_uint_eq(rng_counters(r).bytes, n * 4096);
		ck_assert(rng_poll(r, &at, &len) && len == 4096); /* RNG-DEV-02 */
	}
	ck_assert_uint_eq(atomic_load(&rng_host.largest), 4096);
	ck_assert_uint_eq(rng_changed(r, 4096, RNG_ROOM - 4096), 0);
	ck_assert_uint_eq(vmmio_manual_pending(r->ex), 0);
	rng_rig_free(r);
}
END_TEST

START_TEST(small_buffers_share_one_turn)
{
	struct rng_rig *r = rng_rig_run(&(struct rng_rig_options){.variant = _i, .manual = true});

	for (unsigned i = 0; i < 20; i++)
		rng_add(r, AT(i), 64);
	ck_assert(vmmio_manual_step(r->ex, 0));
	ck_assert_uint_eq(atomic_load(&rng_host.calls), 1);
	for (unsigned i = 0; i < 16; i++)
		ck_assert_uint_eq(rng_wait(r, AT(i)), 64);
	ck_assert_uint_eq(rng_counters(r).held, 4);
	rng_settle(r);
	for (unsigned i = 16; i < 20; i++)
		ck_assert_uint_eq(rng_wait(r, AT(i)), 64);
	ck_assert_uint_eq(atomic_load(&rng_host.calls), 2);
	rng_rig_free(r);
}
END_TEST

/* --- Sources ----------------------------------------------------------------------------------- */

/* Chains of many sizes, up to 40 at a time, against portions of many sizes. */
static void all_bytes_in_order(struct rng_rig *r, uint32_t total)
{
	uint64_t got = 0, want = 0, head = 0, tail = 0;
	uint32_t at, len, lens[64];
	bool file = r->o.source == RNG_SOURCE_FILE;

	while (got < total) {
		while (head - tail < 40) {
			lens[head % 64] = 1 + (uint32_t)(head * 37 % 900);
			memset((char *)r->in.host + AT(head % 64), RNG_POISON, 1000);
			rng_add(r, (uint32_t)AT(head % 64), lens[head % 64]);
			head++;
		}
		if (!file && r->fed < total && r->fed < got + 4096)
			rng_feed(r, 1 + (uint32_t)(want++ * 53 % (total - r->fed) % 700));
		rng_settle(r);
		while (rng_poll(r, &at, &len)) {
			ck_assert_uint_eq(at, AT(tail % 64));
			ck_assert(len >= 1 && len <= lens[tail % 64]);
			ck_assert(rng_known(r, at, got, len));
			got += len;
			tail++;
		}
	}
	ck_assert_uint_eq(got, total);
	ck_assert_uint_eq(rng_counters(r).bytes, total);
	ck_assert_uint_eq(rng_counters(r).chains, tail);
}

START_TEST(in_order_without_loss_or_repeat)
{
	for (int source = RNG_SOURCE_PIPE; source < RNG_SOURCES; source++) {
		struct rng_rig_options o = {.variant = _i, .source = source, .file_size = 50000,
			.rng = {.queue_size = 128}};
		struct rng_rig *r = rng_rig_run(&o);

		if (source == RNG_SOURCE_FILE) /* behind the last byte */
			fixture_expect_log("at its end");
		all_bytes_in_order(r, 50000);
		rng_rig_free(r);
	}
}
END_TEST

START_TEST(the_same_by_hand)
{
	for (int source = RNG_SOURCE_PIPE; source < RNG_SOURCES; source++) {
		struct rng_rig_options o = {.variant = _i, .manual = true, .source = source,
			.file_size = 50000, .no_in_order = true, .rng = {.queue_size = 128}};
		struct rng_rig *r = rng_rig_run(&o);

		if (source == RNG_SOURCE_FILE)
			fixture_expect_log("at its end");
		all_bytes_in_order(r, 50000);
		rng_rig_free(r);
	}
}
END_TEST

START_TEST(rng_dev_02_short_reads)
{
	for (int source = RNG_SOURCE_PIPE; source <= RNG_SOURCE_SOCKET; source++) {
		struct rng_rig_options o = {.variant = _i, .manual = true, .source = source};
		struct rng_rig *r = rng_rig_run(&o);

		rng_feed(r, 10);
		rng_add(r, AT(0), 64);
		rng_add(r, AT(1), 64);
		ck_assert(rng_comes(r, AT(0), 10));
		ck_assert(rng_nothing_comes(r));
		rng_feed(r, 1); /* wakes the one that waits */
		ck_assert(rng_comes(r, AT(1), 1));
		rng_add(r, AT(2), 3);
		rng_add(r, AT(3), 5);
		rng_add(r, AT(4), 7);
		ck_assert(rng_nothing_comes(r));
		rng_feed(r, 9);
		ck_assert(rng_comes(r, AT(2), 3));
		ck_assert(rng_comes(r, AT(3), 5));
		ck_assert(rng_comes(r, AT(4), 1));
		ck_assert(rng_known(r, AT(0), 0, 10));
		ck_assert(rng_known(r, AT(1), 10, 1));
		ck_assert(rng_known(r, AT(2), 11, 3));
		ck_assert(rng_known(r, AT(3), 14, 5));
		ck_assert(rng_known(r, AT(4), 19, 1));
		rng_rig_free(r);
	}
}
END_TEST

START_TEST(pieces_of_guest_memory)
{
	static const uint32_t pieces[] = {1, 2, 3, 500, 7, 1000, 0};
	struct rng_rig_options o = {.variant = _i, .source = RNG_SOURCE_PIPE};
	struct rng_rig *r = rng_rig_run(&o);

	rng_feed(r, 4000);
	rng_add_cut(r, AT(0), pieces);
	ck_assert_uint_eq(rng_wait(r, AT(0)), 1513);
	ck_assert(rng_known(r, AT(0), 0, 1513));
	rng_add(r, AT(1), 2480);
	ck_assert_uint_eq(rng_wait(r, AT(1)), 2480);
	rng_add_cut(r, AT(2), pieces); /* 7 bytes: the first pieces and a part of the next */
	ck_assert_uint_eq(rng_wait(r, AT(2)), 7);
	ck_assert(rng_known(r, AT(2), 3993, 7));
	rng_rig_free(r);
}
END_TEST

START_TEST(huge_buffers)
{
	struct rng_rig_options o = {.variant = _i, .source = RNG_SOURCE_FILE,
		.file_size = 1 << 20, .rng = {.max_bytes = 1 << 20}};
	struct rng_rig *r = rng_rig_run(&o);

	rng_add(r, 0, RNG_ROOM);
	ck_assert_uint_eq(rng_wait(r, 0), 1 << 20);
	ck_assert(rng_known(r, 0, 0, 1 << 20));
	ck_assert_uint_eq(rng_changed(r, 1 << 20, RNG_ROOM - (1 << 20)), 0);
	rng_rig_free(r);
}
END_TEST

/* --- What a driver can get wrong ------------------------------------------------------------------ */

static void add_raw(struct rng_rig *r, unsigned n_out, unsigned n_in)
{
	struct vmmio_driver_seg out = {r->in.guest + AT(8), 16}, in = {r->in.guest + AT(9), 64};
	struct vmmio_driver_chain chain = {.out = &out, .n_out = n_out, .in = &in, .n_in = n_in,
		.cookie = (char *)r->in.host + AT(9)};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(r->driver, 0);

	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_kick(queue);
}

START_TEST(rng_drv_01_readable_buffers)
{
	struct rng_rig_options o = {.variant = _i, .no_in_order = true, .source = RNG_SOURCE_PIPE};
	struct rng_rig *r = rng_rig_run(&o);

	fixture_expect_log("device-writable buffers only");
	rng_add(r, AT(0), 64); /* waits, the others do not */
	add_raw(r, 1, 0);
	ck_assert_uint_eq(rng_wait(r, AT(9)), 0);
	add_raw(r, 1, 1);
	ck_assert_uint_eq(rng_wait(r, AT(9)), 0);
	add_raw(r, 1, 1);
	ck_assert_uint_eq(rng_wait(r, AT(9)), 0);
	ck_assert_uint_eq(rng_changed(r, AT(8), AT(4)), 0);
	ck_assert_uint_eq(rng_counters(r).refused, 3);
	ck_assert_uint_eq(fixture_logged("device-writable buffers only"), 2);
	rng_feed(r, 64);
	ck_assert_uint_eq(rng_wait(r, AT(0)), 64);
	rng_rig_free(r);
}
END_TEST

/* Another vCPU that adds such buffers as fast as they come back; it gives up some time. */
static struct rng_rig *greedy;
static unsigned popped;

unsigned __real_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);
unsigned __wrap_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max);

static bool add_quietly(struct rng_rig *r)
{
	struct vmmio_driver_seg out = {r->in.guest + AT(8), 16};
	struct vmmio_driver_chain chain = {.out = &out, .n_out = 1};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(r->driver, 0);
	bool added = vmmio_driver_queue_add(queue, &chain) >= 0;

	vmmio_driver_queue_publish(queue);
	return added;
}

unsigned __wrap_vmmio_queue_pop(
	struct vmmio_queue *queue, struct vmmio_chain *chains, unsigned max)
{
	unsigned n = __real_vmmio_queue_pop(queue, chains, max);
	struct vmmio_driver_used used;

	if (!greedy || popped > 100000)
		return n;
	popped += n;
	while (vmmio_driver_queue_poll(vmmio_driver_queue(greedy->driver, 0), &used) > 0)
		;
	for (unsigned i = 0; i < n && add_quietly(greedy); i++)
		;
	return n;
}

/* A notification takes a bounded number; the rest is the executor's. */
START_TEST(refused_without_end)
{
	struct rng_rig_options o = {.variant = _i, .manual = true, .no_in_order = true};
	struct rng_rig *r = rng_rig_run(&o);
	unsigned bound;

	fixture_expect_log("device-writable buffers only");
	rng_settle(r);
	bound = 4 * vmmio_queue_size(vmmio_device_queue(r->dev, 0));
	for (unsigned i = 0; i < 16; i++)
		ck_assert(add_quietly(r));
	greedy = r;
	vmmio_driver_queue_kick(vmmio_driver_queue(r->driver, 0));
	ck_assert_uint_ge(popped, bound / 4);
	ck_assert_uint_le(popped, bound);
	ck_assert_uint_ge(vmmio_manual_pending(r->ex), 1);
	greedy = NULL;
	rng_settle(r);
	rng_rig_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rng");
	TCase *tc = fixture_tcase(s, "getrandom");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, rng_dev_01_random_bytes, 0, RNG_VARIANTS);
	tcase_add_loop_test(tc, work_is_bounded, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, small_buffers_share_one_turn, 0, RNG_MANUAL);
	tc = fixture_tcase(s, "sources");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, in_order_without_loss_or_repeat, 0, RNG_VARIANTS);
	tcase_add_loop_test(tc, the_same_by_hand, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, rng_dev_02_short_reads, 0, RNG_MANUAL);
	tcase_add_loop_test(tc, pieces_of_guest_memory, 0, RNG_VARIANTS);
	tcase_add_loop_test(tc, huge_buffers, 0, RNG_VARIANTS);
	tcase_add_loop_test(tc, rng_drv_01_readable_buffers, 0, RNG_VARIANTS);
	tcase_add_loop_test(tc, refused_without_end, 0, RNG_MANUAL);
	return fixture_main(s);
}
