/* SPDX-License-Identifier: BSD-3-Clause */
/* Devices behind an IOMMU: every address goes through the embedder's hook. */
#include "memory_rig.h"

#include <errno.h>

#define PLATFORM VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM)
#define PAGE UINT64_C(4096)
#define IOVA UINT64_C(0x4000000000) /* what drivers add to addresses, where they do */

/* An IOMMU of one window, in pages, with what a test changes of it. */
struct iommu {
	uint64_t denied; /* page that may not be accessed */
	uint64_t read_only;
	uint64_t swapped; /* and the page behind it: each lies where the other should */
	uint64_t gone_back; /* the answer is 0 bytes */
	uint64_t step; /* bytes at most in an answer; 0: to the end of the page */
	unsigned calls;
	unsigned writes;
};

static int translate(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest,
	uint64_t *got)
{
	struct iommu *iommu = ctx;
	const uint64_t page = iova - iova % PAGE;
	const uint64_t rest = iommu->step ? iommu->step : PAGE - iova % PAGE;

	iommu->calls++;
	iommu->writes += write;
	if (page == iommu->denied || (write && page == iommu->read_only))
		return -EACCES;
	*guest = iova;
	if (iova >= IOVA)
		*guest -= IOVA;
	if (iommu->swapped && page == iommu->swapped)
		*guest += PAGE;
	else if (iommu->swapped && page == iommu->swapped + PAGE)
		*guest -= PAGE;
	*got = page == iommu->gone_back ? 0 : len < rest ? len : rest;
	return 0;
}

static struct rig *rig_with(int i, struct iommu *iommu)
{
	*iommu = (struct iommu){0};
	return memory_rig_with(
		i, (struct rig_options){.translate = translate, .translate_ctx = iommu});
}

static void add_one(struct rig *rig, unsigned q, uint64_t iova, uint32_t len, bool indirect)
{
	struct vmmio_driver_seg out = {IOVA + place_guest(BUF2), 64}, in = {iova, len};
	struct vmmio_driver_chain chain = {
		.out = &out, .in = &in, .n_out = 1, .n_in = 1, .indirect = indirect};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(rig->driver, q);

	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_kick(queue);
}

static void complete_one(struct rig *rig, unsigned q)
{
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, q), 1);
}

START_TEST(not_asked_without_the_feature)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);

	memory_up(rig, 0);
	rig_check_io(rig);
	ck_assert_uint_eq(iommu.calls, 0);
	rig_free(rig);
}
END_TEST

START_TEST(pieces_that_meet_are_one)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);
	const struct vmmio_chain *chain = &rig->puppet->held[0].chain;

	memory_up(rig, PLATFORM);
	ck_assert_uint_gt(iommu.writes, 0);
	for (int indirect = 0; indirect < 2; indirect++) {
		add_one(rig, 0, IOVA + place_guest(BUF) + 100, 3 * PAGE, indirect);
		ck_assert_uint_eq(rig_held(rig), 1);
		ck_assert_uint_eq(chain->n_readable, 1);
		ck_assert_ptr_eq(chain->readable[0].base, place_region(rig, BUF2).host);
		ck_assert_uint_eq(chain->n_writable, 1);
		ck_assert_ptr_eq(chain->writable[0].base, (char *)place_region(rig, BUF).host + 100);
		ck_assert_uint_eq(chain->writable_len, 3 * PAGE);
		complete_one(rig, 0);
	}
	rig_free(rig);
}
END_TEST

START_TEST(scattered_pages_are_pieces)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);
	const struct vmmio_chain *chain = &rig->puppet->held[0].chain;
	char *buf = place_region(rig, BUF).host;

	memory_up(rig, PLATFORM);
	iommu.swapped = IOVA + place_guest(BUF) + PAGE;
	add_one(rig, 0, IOVA + place_guest(BUF) + 8, 4 * PAGE - 8, false);
	ck_assert_uint_eq(chain->n_writable, 4);
	ck_assert_ptr_eq(chain->writable[0].base, buf + 8);
	ck_assert_ptr_eq(chain->writable[1].base, buf + 2 * PAGE);
	ck_assert_ptr_eq(chain->writable[2].base, buf + PAGE);
	ck_assert_ptr_eq(chain->writable[3].base, buf + 3 * PAGE);
	ck_assert_uint_eq(chain->writable[0].len + chain->writable[1].len +
		chain->writable[2].len + chain->writable[3].len, 4 * PAGE - 8);
	complete_one(rig, 0);
	rig_free(rig);
}
END_TEST

START_TEST(denied_is_a_fault)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);

	memory_up(rig, PLATFORM);
	iommu.denied = IOVA + place_guest(BUF);
	iommu.read_only = IOVA + place_guest(BUF) + PAGE;
	iommu.gone_back = IOVA + place_guest(BUF) + 2 * PAGE;
	fixture_expect_log("is broken");
	for (unsigned page = 0; page < 3; page++) {
		add_one(rig, 0, IOVA + place_guest(BUF) + page * PAGE, 64, page == 1);
		ck_assert_uint_eq(rig_held(rig), 0);
		ck_assert_uint_eq(rig_counters(rig).faults, page + 1);
		ck_assert_int_eq(vmmio_driver_reset(rig->driver, RIG_PATIENCE), 0);
		ck_assert_int_eq(vmmio_driver_start(rig->driver, rig_features(rig) | PLATFORM, 1, 16), 0);
		rig_settle(rig);
	}
	rig_free(rig);
}
END_TEST

/* However small the pieces, a chain does not hold up its queue for long. */
START_TEST(work_per_chain_is_bounded)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);

	memory_up(rig, PLATFORM);
	iommu.step = 1;
	for (unsigned round = 0; round < 2; round++) {
		add_one(rig, 0, IOVA + place_guest(BUF), 65000, false);
		ck_assert_uint_eq(rig_held(rig), 1);
		complete_one(rig, 0);
	}
	iommu.calls = 0;
	fixture_expect_log("is broken");
	add_one(rig, 0, IOVA + place_guest(BUF), 100000, true);
	ck_assert_uint_eq(rig_held(rig), 0);
	ck_assert_uint_eq(rig_counters(rig).faults, 1);
	ck_assert_uint_lt(iommu.calls, 66000);
	rig_free(rig);
}
END_TEST

START_TEST(invalidation_waits_for_what_was_translated)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);
	const uint64_t buf = IOVA + place_guest(BUF);
	struct report near, far;

	memory_up(rig, PLATFORM);
	add_one(rig, 0, buf, 3 * PAGE, true);
	add_one(rig, 1, buf + 8 * PAGE, 64, false);
	report_init(&near);
	report_init(&far);
	/* The same guest memory by another address is no matter of this one. */
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, place_guest(BUF), 16 * PAGE, &near.waiter), 0);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, buf + 3 * PAGE, PAGE, &near.waiter), 0);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, buf + 2 * PAGE, PAGE, &near.waiter),
		VMMIO_PENDING);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, buf, 16 * PAGE, &far.waiter),
		VMMIO_PENDING);
	/* Translated afterwards: does not count. */
	add_one(rig, 0, buf + 2 * PAGE, 64, false);
	ck_assert(rig_complete(rig, 0, 64));
	expect_done(&near, 1);
	expect_done(&far, 0);
	ck_assert(rig_complete(rig, 0, 64));
	expect_done(&far, 1);
	ck_assert_uint_eq(rig_held(rig), 1);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0) + rig_reap(rig, 1), 3);
	rig_free(rig);
}
END_TEST

START_TEST(invalidated_ring_breaks_its_queue_alone)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);
	struct report report;

	memory_up(rig, PLATFORM);
	report_init(&report);
	fixture_expect_log("queue 1 is broken");
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, place_guest(RING), place_size(RING),
				 &report.waiter), 0);
	ck_assert_uint_eq(rig_counters(rig).faults, 1);
	add_one(rig, 0, place_guest(BUF), 64, false);
	complete_one(rig, 0);
	rig_free(rig);
}
END_TEST

/* Its guest address is what counts when a region goes. */
START_TEST(removal_of_a_translated_region)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu);
	struct report report;

	memory_up(rig, PLATFORM);
	add_one(rig, 0, IOVA + place_guest(BUF), 64, false);
	remove_later(rig, BUF, &report);
	complete_one(rig, 0);
	expect_done(&report, 1);
	fixture_expect_log("queue 1 is broken");
	remove_now(rig, RING);
	rig_free(rig);
}
END_TEST

START_TEST(ring_in_scattered_pages_is_a_fault)
{
	struct iommu iommu;
	struct rig *rig = memory_rig_with(_i, (struct rig_options){
		.translate = translate, .translate_ctx = &iommu, .queue_size = 512});

	iommu = (struct iommu){.swapped = place_guest(RING)};
	fixture_expect_log("queue 1 is broken");
	memory_up(rig, PLATFORM);
	ck_assert_uint_eq(rig_counters(rig).faults, 1);
	rig_free(rig);
}
END_TEST

START_TEST(misuse_is_refused_and_named)
{
	struct iommu iommu;
	struct rig *rig = rig_with(_i, &iommu), *bare = memory_rig(_i, NULL);
	struct report report;

	memory_up(rig, PLATFORM);
	report_init(&report);
	fixture_expect_log("not invalidated");
	fixture_expect_log("hook not set");
	ck_assert_int_eq(vmmio_memory_set_translate(rig->memory, translate, NULL), -EBUSY);
	ck_assert_int_eq(vmmio_memory_set_translate(rig->memory, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_invalidate(bare->memory, 0, 4096, &report.waiter), -EINVAL);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, 0, 0, &report.waiter), -EINVAL);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, UINT64_MAX, 2, &report.waiter), -EINVAL);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, 0, 4096, NULL), -EINVAL);
	add_one(rig, 0, place_guest(BUF), 64, false);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, place_guest(BUF), 64, &report.waiter),
		VMMIO_PENDING);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, 0, 64, &report.waiter), -EBUSY);
	complete_one(rig, 0);
	expect_done(&report, 1);
	fixture_fail_alloc(1, false);
	ck_assert_int_eq(vmmio_memory_invalidate(rig->memory, 0, 64, &report.waiter), -ENOMEM);
	rig_free(bare);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory_translate");
	TCase *tc = fixture_tcase(s, "translate");

	tcase_add_loop_test(tc, not_asked_without_the_feature, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, pieces_that_meet_are_one, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, scattered_pages_are_pieces, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, denied_is_a_fault, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, work_per_chain_is_bounded, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, invalidation_waits_for_what_was_translated, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, invalidated_ring_breaks_its_queue_alone, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, removal_of_a_translated_region, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, ring_in_scattered_pages_is_a_fault, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, misuse_is_refused_and_named, 0, RIG_VARIANTS);
	return fixture_main(s);
}
