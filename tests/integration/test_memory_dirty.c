/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dirty log against an oracle: guest memory is compared with a snapshot from before each
 * thing the device does. A page that changed and is not logged is lost in a migration; a page
 * that is logged has to be one the device may have written.
 */
#include "memory_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAGE = VMMIO_DIRTY_PAGE,
	PAGES = RIG_RAM_SIZE / PAGE,
	CASES = RIG_VARIANTS * 8, /* with and without EVENT_IDX, INDIRECT_DESC and IN_ORDER */
	CHAINS = 8,
};

struct oracle {
	struct rig *rig;
	uint8_t *before;
	bool logged[PAGES];  /* what the log said last */
	bool allowed[PAGES]; /* pages of the device's, besides those that changed */
};

static struct rig *rig_for(int i, uint16_t queue_size)
{
	struct rig_options o = {.queue_size = queue_size};

	o.features_off |= i & 4 ? VMMIO_FEATURE(VMMIO_F_EVENT_IDX) : 0;
	o.features_off |= i & 8 ? VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) : 0;
	return memory_rig_with(i % RIG_VARIANTS, o);
}

static void allow(struct oracle *o, uint64_t guest, uint64_t len)
{
	for (uint64_t at = guest; len && at / PAGE <= (guest + len - 1) / PAGE; at += PAGE)
		o->allowed[(at - RIG_RAM_BASE) / PAGE] = true;
}

static void allow_rings(struct oracle *o)
{
	memset(o->allowed, 0, sizeof(o->allowed));
	for (unsigned q = 0; q < 2; q++) {
		struct vmmio_driver_areas areas;

		ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(o->rig->driver, q), &areas), 0);
		allow(o, areas.device.guest, areas.device.size);
		if (o->rig->o.packed)
			allow(o, areas.desc.guest, areas.desc.size);
	}
}

static void fetch(struct oracle *o)
{
	memset(o->logged, 0, sizeof(o->logged));
	for (enum place p = MAIN; p < PLACES; p++) {
		uint64_t words[PAGES / 64];
		const size_t first = (place_guest(p) - RIG_RAM_BASE) / PAGE;

		ck_assert_int_eq(vmmio_memory_dirty_get(o->rig->memory, place_guest(p), words,
					 PAGES / 64), 0);
		for (size_t i = 0; i < place_size(p) / PAGE; i++)
			o->logged[first + i] = words[i / 64] >> i % 64 & 1;
	}
}

static struct oracle *oracle(struct rig *rig)
{
	struct oracle *o = calloc(1, sizeof(*o));

	ck_assert_ptr_nonnull(o);
	o->rig = rig;
	o->before = malloc(RIG_RAM_SIZE);
	ck_assert_ptr_nonnull(o->before);
	return o;
}

static void oracle_free(struct oracle *o)
{
	free(o->before);
	free(o);
}

/* What the driver did does not count. */
static void look_before(struct oracle *o)
{
	memcpy(o->before, o->rig->ram, RIG_RAM_SIZE);
	allow_rings(o);
}

static void look_after(struct oracle *o, const char *what)
{
	fetch(o);
	for (unsigned i = 0; i < PAGES; i++) {
		const bool changed = memcmp(o->before + i * PAGE, o->rig->ram + i * PAGE, PAGE) != 0;

		ck_assert_msg(o->logged[i] || !changed, "%s: page %u was written and not logged", what, i);
		ck_assert_msg(!o->logged[i] || changed || o->allowed[i],
			"%s: page %u was logged and not written", what, i);
	}
}

/* A chain whose writable part goes over pages and over the seam of two regions. */
static void add_chain(struct rig *rig, unsigned q, unsigned n, bool indirect)
{
	const uint64_t at = place_guest(BUF) + n * 3 * PAGE;
	struct vmmio_driver_seg out = {place_guest(MAIN) + 0x40000, 16};
	struct vmmio_driver_seg in[2] = {{at + PAGE - 50, 100}, {at + 2 * PAGE + 10, 2000}};
	struct vmmio_driver_chain chain = {
		.out = &out, .in = in, .n_out = 1, .n_in = 2, .indirect = indirect};

	if (n == 0)
		in[1] = (struct vmmio_driver_seg){place_guest(BUF2) - 1000, 2000};
	ck_assert_int_ge(vmmio_driver_queue_add(vmmio_driver_queue(rig->driver, q), &chain), 0);
}

/* Changes len bytes of the writable part from offset on, as DMA would. */
static void dma(const struct vmmio_chain *chain, uint32_t offset, uint32_t len)
{
	for (uint32_t i = 0; i < chain->n_writable; i++)
		for (size_t k = 0; k < chain->writable[i].len; k++, offset -= offset > 0)
			if (offset == 0 && len) {
				((uint8_t *)chain->writable[i].base)[k] ^= 0xff;
				len--;
			}
}

static void complete(struct oracle *o, unsigned n, uint32_t len)
{
	dma(&o->rig->puppet->held[n].chain, 0, len);
	ck_assert(rig_complete(o->rig, n, len));
}

static void one_round(struct oracle *o, unsigned round, bool indirect)
{
	const unsigned q = round % 2, n = 1 + round % CHAINS;
	struct vmmio_driver_queue *queue = vmmio_driver_queue(o->rig->driver, q);

	for (unsigned i = 0; i < n; i++)
		add_chain(o->rig, q, i, indirect && i % 2);
	vmmio_driver_queue_publish(queue);
	look_before(o);
	rig_write(o->rig, VMMIO_REG_QUEUE_NOTIFY, q);
	look_after(o, "pop");
	ck_assert_uint_eq(rig_held(o->rig), n);
	for (unsigned i = 0; i < n; i++) {
		look_before(o);
		complete(o, round % 3 ? 0 : n - i - 1, (i * 701 + round) % 2100);
		look_after(o, "complete");
	}
	look_before(o);
	vmmio_queue_notifications(vmmio_device_queue(o->rig->dev, q), false);
	look_after(o, "no notifications");
	look_before(o);
	vmmio_queue_notifications(vmmio_device_queue(o->rig->dev, q), true);
	look_after(o, "notifications");
	ck_assert_int_eq(rig_reap(o->rig, q), (int)n);
}

START_TEST(every_page_written_is_logged)
{
	struct rig *rig = rig_for(_i, 64);
	struct oracle *o = oracle(rig);

	memory_up(rig, _i & 16 ? VMMIO_FEATURE(VMMIO_F_IN_ORDER) : 0);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	for (unsigned round = 0; round < 30; round++)
		one_round(o, round, !(_i & 8));
	oracle_free(o);
	rig_free(rig);
}
END_TEST

static void complete_in_one_call(struct rig *rig, unsigned q)
{
	struct vmmio_completion all[64];
	const unsigned n = rig_held(rig);

	for (unsigned i = 0; i < n; i++)
		all[i].token = rig->puppet->held[i].chain.token, all[i].len = 0;
	rig->puppet->n_held = 0;
	vmmio_queue_complete(vmmio_device_queue(rig->dev, q), all, n);
}

/* Used entries in pages of their own, and batches that go over the end of the ring. */
START_TEST(rings_of_several_pages)
{
	struct rig *rig = rig_for(_i, 512);
	struct vmmio_driver_queue *queue;
	struct oracle *o = oracle(rig);

	memory_up(rig, 0);
	queue = vmmio_driver_queue(rig->driver, 0);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	for (unsigned round = 0; round < 24; round++) {
		for (unsigned i = 0; i < 50; i++)
			add_chain(rig, 0, 1, false);
		vmmio_driver_queue_kick(queue);
		look_before(o);
		fetch(o);
		complete_in_one_call(rig, 0);
		look_after(o, "batch");
		ck_assert_int_eq(rig_reap(rig, 0), 50);
	}
	oracle_free(o);
	rig_free(rig);
}
END_TEST

/* The driver sees nothing of it, but what was written before Status 0 has to be moved. */
START_TEST(discarded_completion_is_logged)
{
	struct rig *rig = rig_for(_i, 64);
	struct oracle *o = oracle(rig);

	memory_up(rig, 0);
	add_chain(rig, 0, 0, false);
	add_chain(rig, 0, 1, false);
	vmmio_driver_queue_publish(vmmio_driver_queue(rig->driver, 0));
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	rig_write(rig, VMMIO_REG_QUEUE_SEL, 0);
	rig_write(rig, VMMIO_REG_QUEUE_RESET, 1);
	look_before(o);
	memset(o->allowed, 0, sizeof(o->allowed));
	complete(o, 0, 1000);
	look_after(o, "dropped by a queue reset");
	if (rig->o.version == 3)
		rig_write(rig, VMMIO_REG_STATUS, 0);
	look_before(o);
	memset(o->allowed, 0, sizeof(o->allowed));
	complete(o, 0, 2100);
	look_after(o, "dropped by a reset");
	ck_assert_uint_eq(rig_counters(rig).dropped, 2);
	rig_settle(rig);
	oracle_free(o);
	rig_free(rig);
}
END_TEST

/* A fenced chain counts as returned: what DMA may have brought until then is logged by then. A
 * late answer has nothing to add, and is no mistake. */
START_TEST(fenced_chain_is_logged)
{
	struct rig *rig = rig_for(_i, 64);
	struct oracle *o = oracle(rig);
	struct vmmio_chain chain;
	struct report report;

	report_init(&report);
	fixture_expect_log("fenced with");
	memory_up(rig, 0);
	add_chain(rig, 0, 0, false);
	vmmio_driver_queue_kick(vmmio_driver_queue(rig->driver, 0));
	chain = rig->puppet->held[0].chain;
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	look_before(o);
	memset(o->allowed, 0, sizeof(o->allowed));
	dma(&chain, 0, chain.writable_len);
	ck_assert_int_eq(vmmio_device_reset(rig->dev, &report.waiter), VMMIO_PENDING);
	rig_settle(rig);
	ck_assert_int_eq(vmmio_device_fence(rig->dev), 0);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS), 0);
	look_after(o, "fence");
	vmmio_queue_dirty(vmmio_device_queue(rig->dev, 0), chain.token, 0, chain.writable_len);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	rig_complete_all(rig);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 0);
	oracle_free(o);
	rig_free(rig);
}
END_TEST

START_TEST(backend_tells_what_len_does_not_cover)
{
	struct rig *rig = rig_for(_i, 64);
	struct oracle *o = oracle(rig);
	struct vmmio_queue *queue;
	struct vmmio_chain chain;

	memory_up(rig, 0);
	queue = vmmio_device_queue(rig->dev, 0);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	add_chain(rig, 0, 1, false);
	vmmio_driver_queue_kick(vmmio_driver_queue(rig->driver, 0));
	chain = rig->puppet->held[0].chain;
	fetch(o);
	look_before(o);
	memset(o->allowed, 0, sizeof(o->allowed));
	dma(&chain, 60, 1);
	vmmio_queue_dirty(queue, chain.token, 60, 1);
	look_after(o, "one byte");
	look_before(o);
	dma(&chain, 40, 2060);
	vmmio_queue_dirty(queue, chain.token, 40, UINT32_MAX);
	look_after(o, "to the end");
	look_before(o);
	vmmio_queue_dirty(queue, chain.token, 2100, 1);
	vmmio_queue_dirty(queue, chain.token, 0, 0);
	memset(o->allowed, 0, sizeof(o->allowed));
	look_after(o, "nothing");
	complete(o, 0, 0);
	fixture_expect_log("not out");
	vmmio_queue_dirty(queue, chain.token, 0, 1);
	ck_assert_uint_eq(rig_counters(rig).wrong_tokens, 1);
	oracle_free(o);
	rig_free(rig);
}
END_TEST

START_TEST(log_follows_the_regions)
{
	struct rig *rig = rig_for(_i, 64);
	struct vmmio_region odd = {.guest = UINT64_C(0x90000800), .size = 3 * PAGE};
	uint64_t bits[2] = {1, 1};

	memory_up(rig, 0);
	remove_now(rig, BUF2);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	odd.host = rig->ram + 0x20000;
	ck_assert_int_eq(vmmio_memory_add(rig->memory, &odd), 0);
	rig->buffer[0].guest = odd.guest;
	rig->buffer[1].guest = odd.guest + 2 * PAGE + 0x7ff; /* its last byte, then a new page */
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 1));
	ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, odd.guest, bits, 2), 0);
	ck_assert_uint_eq(bits[0], 1u << 2);
	ck_assert_uint_eq(bits[1], 0);
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 2));
	/* Other regions come and go; the log stays. */
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(BUF)), 0);
	ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, odd.guest, bits, 1), 0);
	ck_assert_uint_eq(bits[0], 3u << 2);
	ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, odd.guest, bits, 1), 0);
	ck_assert_uint_eq(bits[0], 0);
	ck_assert_int_eq(vmmio_memory_dirty_stop(rig->memory), 0);
	rig_add(rig, 0, NULL);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, odd.guest, bits, 1), 0);
	ck_assert_uint_eq(bits[0], 0);
	rig_free(rig);
}
END_TEST

START_TEST(misuse_is_refused_and_named)
{
	struct rig *rig = memory_rig(_i, NULL);
	uint64_t words[2] = {7, 7};

	fixture_expect_log("dirty");
	ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, place_guest(RING), words, 2), -EINVAL);
	ck_assert_int_eq(vmmio_memory_dirty_stop(rig->memory), -EINVAL);
	fixture_fail_alloc(1, false);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), -ENOMEM);
	fixture_fail_alloc(3, false);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), -ENOMEM);
	ck_assert_int_eq(vmmio_memory_dirty_stop(rig->memory), -EINVAL);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), 0);
	ck_assert_int_eq(vmmio_memory_dirty_start(rig->memory), -EBUSY);
	ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, 4096, words, 2), -ENOENT);
	ck_assert_int_eq(vmmio_memory_dirty_get(rig->memory, place_guest(MAIN), words, 1), -ENOSPC);
	ck_assert_uint_eq(words[0], 7);
	ck_assert_uint_eq(fixture_logged("call vmmio_memory_dirty_start"), 3);
	ck_assert_uint_eq(fixture_logged("call vmmio_memory_dirty_stop first"), 1);
	ck_assert_uint_eq(fixture_logged("give one bit to each page"), 1);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory_dirty");
	TCase *tc = fixture_tcase(s, "dirty");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_page_written_is_logged, 0, CASES);
	tcase_add_loop_test(tc, rings_of_several_pages, 0, CASES / 2);
	tcase_add_loop_test(tc, discarded_completion_is_logged, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, fenced_chain_is_logged, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, backend_tells_what_len_does_not_cover, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, log_follows_the_regions, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, misuse_is_refused_and_named, 0, RIG_VARIANTS);
	return fixture_main(s);
}
