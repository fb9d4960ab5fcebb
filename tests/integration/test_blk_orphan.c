/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A disk in bounce mode whose I/O is stuck in the kernel when its driver goes: the reset ends
 * at once, and what the kernel still does later meets neither the guest's memory nor what
 * the next driver writes.
 */
#include <errno.h>
#include <string.h>

#include "integration/bounce_rig.h"

#define ROUNDS 16u

static const struct bounce_request old_write = {.slot = 0, .type = VMMIO_BLK_T_OUT, .page = 3,
	.fill = 0x11};
static const struct bounce_request old_read = {.slot = 1, .type = VMMIO_BLK_T_IN, .page = 3};
static const struct bounce_request new_write = {.slot = 2, .type = VMMIO_BLK_T_OUT, .page = 3,
	.fill = 0x22};
static const struct bounce_request new_zeroes = {.slot = 3, .type = VMMIO_BLK_T_WRITE_ZEROES,
	.page = 3};
static const struct bounce_request new_read = {.slot = 4, .type = VMMIO_BLK_T_IN, .page = 3};
static const struct bounce_request flush = {.slot = 5, .type = VMMIO_BLK_T_FLUSH};

static struct vmmio_blk_counters counters(struct bounce *b)
{
	struct vmmio_blk_counters count;

	vmmio_blk_counters(b->disk->blk, &count);
	return count;
}

/* I/O next to what is stuck. A write that sleeps has the lock of its file, but for O_DIRECT,
 * so others have to wait for it in the kernel; reads need not. */
static void elsewhere_works(struct bounce *b)
{
	struct bounce_request out = {.slot = 6, .type = VMMIO_BLK_T_OUT, .page = 4};
	struct bounce_request in = {.slot = 7, .type = VMMIO_BLK_T_IN};
	bool writes = (b->number >> 4 & 3) == STORE_EXT4_DIRECT;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint8_t expected[4096];

		out.page = in.page = i & 1 ? 2 : 4;
		out.fill = writes ? (uint8_t)(0x40 + i) : 0xa5;
		if (writes)
			bounce_do(b, &out);
		bounce_do(b, &in);
		memset(expected, out.fill, sizeof(expected));
		ck_assert_mem_eq(bounce_data(b, in.slot), expected, sizeof(expected));
	}
	bounce_do(b, &flush);
}

static bool opened(struct bounce *b, int number)
{
	const char *why = bounce_open(b, number, NULL);

	if (why)
		fixture_skip(why);
	return !why;
}

START_TEST(reset_ends_at_once)
{
	struct bounce b;

	if (!opened(&b, _i))
		return;
	bounce_stick(&b, &old_write);
	bounce_stick(&b, &old_read);
	ck_assert_uint_eq(bounce_orphans(&b), 0);
	ck_assert_uint_eq(counters(&b).in_flight, 2);
	bounce_reset(&b);
	ck_assert_uint_eq(bounce_orphans(&b), 2);
	ck_assert_uint_eq(counters(&b).in_flight, 0);
	ck_assert_uint_eq(counters(&b).cancelled, 2);
	memset(b.disk->in.host, 0x5a, b.disk->in.size);
	memset(b.disk->out.host, 0x5a, b.disk->out.size);
	bounce_look(&b);
	bounce_serve(&b, 0);
	bounce_wait_orphans(&b, 1);
	bounce_serve(&b, 1);
	bounce_wait_orphans(&b, 0);
	bounce_check_memory(&b);
	bounce_check_image(&b, old_write.page, old_write.fill); /* too late to stop it */
	ck_assert_uint_eq(counters(&b).cancelled, 2);
	bounce_start(&b);
	elsewhere_works(&b);
	bounce_do(&b, &new_write);
	bounce_check_image(&b, new_write.page, new_write.fill);
	bounce_close(&b);
}
END_TEST

/* Held back: it is not back when much that was sent after it is. */
static void check_blocked(struct bounce *b, const struct bounce_request *r)
{
	bounce_send(b, r);
	elsewhere_works(b);
	ck_assert(!bounce_is_back(b, r));
}

static void stuck_life(struct bounce *b, const struct bounce_request *r)
{
	bounce_stick(b, r);
	bounce_reset(b);
	ck_assert_uint_eq(bounce_orphans(b), 1);
	bounce_start(b);
	elsewhere_works(b);
}

START_TEST(new_write_comes_after_the_old)
{
	static const struct bounce_request *const news[] = {&new_write, &new_zeroes};

	for (unsigned i = 0; i < 2; i++) {
		struct bounce b;

		if (!opened(&b, _i))
			return;
		stuck_life(&b, &old_write);
		check_blocked(&b, news[i]);
		bounce_serve(&b, 0);
		bounce_wait(&b, news[i]);
		bounce_wait_orphans(&b, 0);
		bounce_check_image(&b, 3, news[i]->fill);
		bounce_do(&b, &new_read);
		ck_assert_uint_eq(bounce_data(&b, new_read.slot)[0], news[i]->fill);
		bounce_close(&b);
	}
}
END_TEST

/* What it sees is what the image holds from then on. */
START_TEST(new_read_comes_after_the_old_write)
{
	struct bounce b;

	if (!opened(&b, _i))
		return;
	stuck_life(&b, &old_write);
	check_blocked(&b, &new_read);
	bounce_serve(&b, 0);
	bounce_wait(&b, &new_read);
	ck_assert_uint_eq(bounce_data(&b, new_read.slot)[0], old_write.fill);
	ck_assert_uint_eq(bounce_data(&b, new_read.slot)[4095], old_write.fill);
	bounce_close(&b);
}
END_TEST

/* Nobody will look at what it reads. */
START_TEST(nothing_waits_for_an_old_read)
{
	struct bounce b;

	if (!opened(&b, _i))
		return;
	stuck_life(&b, &old_read);
	bounce_do(&b, &new_write);
	bounce_do(&b, &new_read);
	if (_i >> 4 != STORE_EXT4_DIRECT) /* there the kernel waits */
		bounce_do(&b, &new_zeroes);
	bounce_do(&b, &new_write);
	ck_assert_uint_eq(bounce_orphans(&b), 1);
	bounce_check_image(&b, 3, new_write.fill);
	bounce_close(&b);
}
END_TEST

/* Two of them in its way: it comes after both. */
START_TEST(a_request_waits_for_all)
{
	struct bounce_request second = {.slot = 8, .type = VMMIO_BLK_T_OUT, .page = 3, .fill = 0x12};
	struct bounce b;

	/* Elsewhere the kernel holds the second write back before it touches its buffer. */
	if (!opened(&b, (_i & 15) | STORE_EXT4_DIRECT << 4))
		return;
	bounce_stick(&b, &second);
	bounce_stick(&b, &old_write);
	bounce_reset(&b);
	bounce_start(&b);
	check_blocked(&b, &new_write);
	bounce_serve(&b, _i >> 1 & 1);
	bounce_wait_orphans(&b, 1);
	elsewhere_works(&b);
	ck_assert(!bounce_is_back(&b, &new_write));
	bounce_serve(&b, !(_i >> 1 & 1));
	bounce_wait(&b, &new_write);
	bounce_check_image(&b, 3, new_write.fill);
	bounce_close(&b);
}
END_TEST

START_TEST(what_waits_is_cut_by_a_reset)
{
	struct bounce_request last = {.slot = 8, .type = VMMIO_BLK_T_OUT, .page = 3, .fill = 0x33};
	struct bounce b;
	uint64_t cancelled;

	if (!opened(&b, _i))
		return;
	stuck_life(&b, &old_write);
	check_blocked(&b, &new_write);
	check_blocked(&b, &new_read);
	cancelled = counters(&b).cancelled;
	bounce_reset(&b);
	ck_assert_uint_eq(bounce_orphans(&b), 1);
	ck_assert_uint_eq(counters(&b).in_flight, 0);
	ck_assert_uint_eq(counters(&b).cancelled, cancelled + 2);
	bounce_start(&b);
	check_blocked(&b, &last);
	bounce_look(&b);
	bounce_serve(&b, 0);
	bounce_wait(&b, &last);
	bounce_check_image(&b, 3, last.fill);
	bounce_reset(&b);
	bounce_check_image(&b, 3, last.fill);
	bounce_close(&b);
}
END_TEST

/* While something is stuck the disk has no device and waits; and no guest memory. */
START_TEST(destroyed_comes_at_once)
{
	struct bounce b;
	struct disk *d;

	if (!opened(&b, _i))
		return;
	d = b.disk;
	bounce_stick(&b, &old_write);
	bounce_stick(&b, &old_read);
	if (_i & 2)
		bounce_reset(&b);
	disk_destroy(d);
	while (!atomic_load(&d->destroyed))
		disk_relax(d);
	bounce_look(&b);
	ck_assert_uint_eq(bounce_orphans(&b), 2);
	ck_assert_int_eq(vmmio_blk_destroy(d->blk), -EBUSY);
	ck_assert_uint_eq(fixture_logged("2 request(s) that a reset gave up are still"), 1);
	bounce_serve(&b, 0);
	bounce_wait_orphans(&b, 1);
	ck_assert_int_eq(vmmio_blk_destroy(d->blk), -EBUSY);
	bounce_serve(&b, 1);
	bounce_wait_orphans(&b, 0);
	bounce_check_memory(&b);
	bounce_close(&b); /* where it answers 0 */
}
END_TEST

int main(void)
{
	int result;
	Suite *s = suite_create("blk_orphan");
	TCase *tc = fixture_tcase(s, "reset");

	tcase_add_loop_test(tc, reset_ends_at_once, 0, BOUNCE_CASES);
	tcase_add_loop_test(tc, destroyed_comes_at_once, 0, BOUNCE_CASES);
	tc = fixture_tcase(s, "order");
	tcase_add_loop_test(tc, new_write_comes_after_the_old, 0, BOUNCE_CASES);
	tcase_add_loop_test(tc, new_read_comes_after_the_old_write, 0, BOUNCE_CASES);
	tcase_add_loop_test(tc, nothing_waits_for_an_old_read, 0, BOUNCE_CASES);
	tcase_add_loop_test(tc, a_request_waits_for_all, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, what_waits_is_cut_by_a_reset, 0, BOUNCE_CASES);
	stuck_stores_begin();
	result = fixture_main(s);
	stuck_stores_end();
	return result;
}
