/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest memory that changes under running devices: adding, removing, pins. Whatever is
 * reported to be out of reach is forbidden from then on: a touch would crash the test. */
#include "memory_rig.h"

#include <errno.h>
#include <semaphore.h>

#include "device/sync.h"
#include "support/alloc.h"

static void expect_broken(struct rig *rig)
{
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET,
		VMMIO_STATUS_NEEDS_RESET);
}

static void expect_whole(struct rig *rig)
{
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET, 0);
}

/* One chain of queue q goes through. */
static void expect_io(struct rig *rig, unsigned q)
{
	rig_add(rig, q, NULL);
	ck_assert(rig_complete(rig, rig_held(rig) - 1, 64));
	ck_assert_int_eq(rig_reap(rig, q), 1);
}

START_TEST(region_nobody_uses_goes_at_once)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct vmmio_region again = place_region(rig, BUF2);

	memory_up(rig, 0);
	remove_now(rig, BUF);
	ck_assert_ptr_null(vmmio_memory_at(rig->memory, place_guest(BUF), 1, false));
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(BUF2)), 0);
	rig_check_io(rig);
	ck_assert_int_eq(vmmio_memory_add(rig->memory, &again), 0);
	use_buffers(rig, BUF2, 0);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

START_TEST(chain_in_the_region_is_waited_for)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct report report;

	memory_up(rig, 0);
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	remove_later(rig, BUF, &report);
	use_buffers(rig, MAIN, 0x10000);
	expect_io(rig, 1);
	expect_io(rig, 0);
	expect_done(&report, 0);
	ck_assert(rig_complete(rig, 0, 64));
	expect_done(&report, 1);
	forbid(rig, BUF);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	expect_whole(rig);
	rig_check_io(rig);
	expect_done(&report, 1);
	rig_free(rig);
}
END_TEST

START_TEST(chain_elsewhere_is_not)
{
	struct rig *rig = memory_rig(_i, NULL);

	memory_up(rig, 0);
	rig_add(rig, 0, NULL);
	use_buffers(rig, BUF2, 0);
	rig_add(rig, 1, NULL);
	remove_now(rig, BUF);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0) + rig_reap(rig, 1), 2);
	rig_free(rig);
}
END_TEST

START_TEST(buffer_in_a_removed_region_is_a_fault)
{
	struct rig *rig = memory_rig(_i, NULL);

	memory_up(rig, 0);
	use_buffers(rig, BUF, 0);
	expect_io(rig, 0);
	remove_now(rig, BUF);
	fixture_expect_log("queue 0 is broken");
	rig_add(rig, 0, NULL);
	ck_assert_uint_eq(rig_held(rig), 0);
	expect_broken(rig);
	rig_free(rig);
}
END_TEST

START_TEST(ring_in_the_region_breaks_its_queue_alone)
{
	struct rig *rig = memory_rig(_i, NULL);

	memory_up(rig, 0);
	rig_write(rig, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	rig_add(rig, 1, NULL);
	fixture_expect_log("queue 1 is broken");
	remove_now(rig, RING);
	expect_broken(rig);
	ck_assert_uint_eq(rig_read(rig, VMMIO_REG_INTERRUPT_STATUS), VMMIO_INT_CONFIG_CHANGE);
	ck_assert_uint_eq(rig_counters(rig).faults, 1);
	/* Its chain lies elsewhere; the ring is not looked at again. */
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 1);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert(!vmmio_queue_notifications(vmmio_device_queue(rig->dev, 1), false));
	ck_assert(!vmmio_queue_notifications(vmmio_device_queue(rig->dev, 1), true));
	ck_assert_uint_eq(rig_counters(rig).faults, 1);
	expect_io(rig, 0);
	rig_reset(rig);
	rig_free(rig);
}
END_TEST

START_TEST(removal_ends_in_a_reset)
{
	struct puppet late = {.late = true};
	struct rig *rig = memory_rig(_i, &late);
	struct report before, during;

	memory_up(rig, 0);
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	use_buffers(rig, BUF2, 0);
	rig_add(rig, 1, NULL);
	remove_later(rig, BUF, &before);
	rig_write(rig, VMMIO_REG_STATUS, 0); /* version 2: runs the executor until it is over */
	if (rig->o.version == 3) {
		remove_later(rig, BUF2, &during);
		ck_assert_uint_ne(rig_read(rig, VMMIO_REG_STATUS), 0);
		rig_wait_zero(rig);
		expect_done(&during, 1);
	} else {
		remove_now(rig, BUF2);
	}
	expect_done(&before, 1);
	forbid(rig, BUF);
	rig_free(rig);
}
END_TEST

START_TEST(removal_ends_in_a_destroy)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct report in_main, in_buf;

	memory_up(rig, 0);
	rig_add(rig, 0, NULL);
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	remove_later(rig, BUF, &in_buf);
	ck_assert_int_eq(vmmio_device_destroy(rig->dev, NULL, NULL), 0);
	remove_later(rig, MAIN, &in_main);
	fixture_expect_log("devices use it");
	ck_assert_int_eq(vmmio_memory_destroy(rig->memory), -EBUSY);
	rig_complete_all(rig);
	expect_done(&in_main, 1);
	expect_done(&in_buf, 1);
	forbid(rig, MAIN);
	rig_settle(rig);
	rig->dev = NULL;
	rig_free(rig);
}
END_TEST

START_TEST(two_removals_end_each_at_its_time)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct report first, second;

	memory_up(rig, 0);
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	use_buffers(rig, BUF2, 0);
	rig_add(rig, 0, NULL);
	/* Device-readable in one, device-writable in the other. */
	use_buffers(rig, BUF, place_size(BUF) - 64);
	rig_add(rig, 1, NULL);
	remove_later(rig, BUF, &first);
	remove_later(rig, BUF2, &second);
	ck_assert(rig_complete(rig, 2, 64));
	expect_done(&second, 0);
	ck_assert(rig_complete(rig, 1, 64));
	expect_done(&second, 1);
	forbid(rig, BUF2);
	expect_done(&first, 0);
	ck_assert(rig_complete(rig, 0, 64));
	expect_done(&first, 1);
	expect_done(&second, 1);
	rig_free(rig);
}
END_TEST

START_TEST(second_completion_ends_nothing)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct report report;
	vmmio_token token;

	memory_up(rig, 0);
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	token = rig->puppet->held[0].chain.token;
	ck_assert(rig_complete(rig, 0, 0));
	rig_add(rig, 0, NULL);
	remove_later(rig, BUF, &report);
	fixture_expect_log("not out");
	vmmio_queue_complete_one(vmmio_device_queue(rig->dev, 0), token, 64);
	expect_done(&report, 0);
	ck_assert(rig_complete(rig, 0, 0));
	expect_done(&report, 1);
	rig_free(rig);
}
END_TEST

START_TEST(try_changes_nothing_if_it_fails)
{
	struct rig *rig = memory_rig(_i, NULL);
	unsigned pin;

	memory_up(rig, 0);
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(BUF)), -EBUSY);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(RING)), -EBUSY);
	expect_io(rig, 0);
	expect_io(rig, 1);
	ck_assert(rig_complete(rig, 0, 64));
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	pin = vmmio_memory_pin(rig->memory);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(BUF)), -EBUSY);
	vmmio_memory_unpin(rig->memory, pin);
	rig_check_io(rig);
	expect_whole(rig);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(BUF)), 0);
	forbid(rig, BUF);
	use_buffers(rig, MAIN, 0x10000);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

START_TEST(pin_is_waited_for)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct report report, other;
	unsigned before, between;

	memory_up(rig, 0);
	before = vmmio_memory_pin(rig->memory);
	ck_assert_ptr_nonnull(vmmio_memory_at(rig->memory, place_guest(BUF), 64, true));
	remove_later(rig, BUF, &report);
	between = vmmio_memory_pin(rig->memory);
	ck_assert_ptr_null(vmmio_memory_at(rig->memory, place_guest(BUF), 64, true));
	remove_later(rig, BUF2, &other);
	vmmio_memory_unpin(rig->memory, vmmio_memory_pin(rig->memory)); /* looks again */
	expect_done(&report, 0);
	vmmio_memory_unpin(rig->memory, before);
	expect_done(&report, 1);
	expect_done(&other, 0);
	vmmio_memory_unpin(rig->memory, between);
	expect_done(&other, 1);
	before = vmmio_memory_pin(rig->memory);
	fixture_expect_log("not destroyed");
	rig_destroy_device(rig);
	ck_assert_int_eq(vmmio_memory_destroy(rig->memory), -EBUSY);
	vmmio_memory_unpin(rig->memory, before);
	rig_free(rig);
}
END_TEST

START_TEST(misuse_is_refused_and_named)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct vmmio_waiter no_done = {NULL, {NULL, NULL, NULL, NULL}};
	struct report report, other;

	memory_up(rig, 0);
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	report_init(&other);
	fixture_expect_log("not removed");
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, place_guest(BUF) + 1, &other.waiter), -ENOENT);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, place_guest(BUF), NULL), -EINVAL);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, place_guest(BUF), &no_done), -EINVAL);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, 4096), -ENOENT);
	remove_later(rig, BUF, &report);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, place_guest(BUF2), &report.waiter), -EBUSY);
	ck_assert_ptr_nonnull(vmmio_memory_at(rig->memory, place_guest(BUF2), 1, false));
	ck_assert_uint_eq(fixture_logged("pass the guest address given to add"), 2);
	ck_assert_uint_eq(fixture_logged("give one with done set"), 2);
	ck_assert_uint_eq(fixture_logged("use another until its done was called"), 1);
	ck_assert(rig_complete(rig, 0, 0));
	expect_done(&report, 1);
	/* It may be used again. */
	remove_now(rig, BUF2);
	rig_free(rig);
}
END_TEST

START_TEST(no_memory_changes_nothing)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct report report;

	memory_up(rig, 0);
	report_init(&report);
	fixture_expect_log("no host memory");
	fixture_fail_alloc(1, false);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, place_guest(BUF), &report.waiter), -ENOMEM);
	fixture_fail_alloc(1, false);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(BUF)), -ENOMEM);
	use_buffers(rig, BUF, 0);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

/* More removals than a watch word has bits: the rest get theirs when others are over. */
START_TEST(a_hundred_removals_at_once)
{
	enum { N = 100, PAGE = 4096 };
	static struct report reports[N];
	struct rig_options o = {.queue_size = 128};
	struct rig *rig = memory_rig_with(_i, o);

	remove_now(rig, BUF);
	for (unsigned i = 0; i < N; i++) {
		struct vmmio_region page = {.guest = UINT64_C(0x90000000) + i * PAGE, .size = PAGE,
			.host = rig->ram + (256 + i) * 256};

		page.size = 256;
		ck_assert_int_eq(vmmio_memory_add(rig->memory, &page), 0);
	}
	memory_up(rig, 0);
	for (unsigned i = 0; i < N; i++) {
		rig->buffer[0].guest = UINT64_C(0x90000000) + i * PAGE;
		rig->buffer[1].guest = rig->buffer[0].guest + 64;
		rig_add(rig, i % 2, NULL);
	}
	ck_assert_uint_eq(rig_held(rig), N);
	for (unsigned i = 0; i < N; i++) {
		report_init(&reports[i]);
		ck_assert_int_eq(vmmio_memory_remove(rig->memory, UINT64_C(0x90000000) + i * PAGE,
					 &reports[i].waiter), VMMIO_PENDING);
	}
	/* From the last to the first: those without a bit become free first. */
	for (unsigned i = N; i-- > 0;)
		ck_assert(rig_complete(rig, i, 0));
	for (unsigned i = 0; i < N; i++)
		expect_done(&reports[i], 1);
	rig_free(rig);
}
END_TEST

/* Replaced versions do not pile up: not with adding and removing, not under a chain that
 * is held for ever. */
START_TEST(versions_are_freed)
{
	struct rig *rig = memory_rig(_i, NULL);
	struct vmmio_region extra = {.guest = UINT64_C(0x90000000), .size = 4096};
	struct report report;

	memory_up(rig, 0);
	extra.host = rig->ram;
	use_buffers(rig, BUF, 0);
	rig_add(rig, 0, NULL);
	remove_later(rig, BUF, &report);
	for (unsigned i = 0; i < 1000; i++) {
		ck_assert_int_eq(vmmio_memory_add(rig->memory, &extra), 0);
		ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, extra.guest), 0);
	}
	ck_assert_uint_lt(alloc_leaks(NULL, 0), 100);
	ck_assert(rig_complete(rig, 0, 0));
	expect_done(&report, 1);
	rig_free(rig);
}
END_TEST

/* --- Between the making of a ring and its opening -------------------------------------- */

static struct rig *sync_rig;
static enum place sync_place;
static unsigned sync_left;

static void change_at_activate(struct vmmio_device *dev, enum vmmio_sync_point point)
{
	(void)dev;
	if (point != VMMIO_SYNC_ACTIVATE || !sync_left)
		return;
	sync_left--;
	remove_now(sync_rig, sync_place);
}

START_TEST(ring_made_before_a_change_is_made_anew)
{
	struct rig *rig = memory_rig(_i, NULL);

	sync_rig = rig;
	sync_place = BUF;
	sync_left = 1;
	vmmio_sync_hook = change_at_activate;
	memory_up(rig, 0);
	vmmio_sync_hook = NULL;
	ck_assert_uint_eq(sync_left, 0);
	rig_check_io(rig);
	rig_free(rig);
}
END_TEST

START_TEST(ring_in_a_region_that_goes_meanwhile_is_broken)
{
	struct rig *rig = memory_rig(_i, NULL);

	sync_rig = rig;
	sync_place = RING;
	sync_left = 1;
	vmmio_sync_hook = change_at_activate;
	fixture_expect_log("queue 1 is broken");
	memory_up(rig, 0);
	vmmio_sync_hook = NULL;
	expect_broken(rig);
	expect_io(rig, 0);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 1);
	rig_free(rig);
}
END_TEST

/* --- Somebody is inside of a ring ------------------------------------------------------- */

struct inside {
	sem_t here, go;
	_Atomic bool stop_next;
};

static int stop_inside(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest,
	uint64_t *got)
{
	struct inside *inside = ctx;

	(void)write;
	if (atomic_exchange(&inside->stop_next, false)) {
		sem_post(&inside->here);
		sem_wait(&inside->go);
	}
	*guest = iova;
	*got = len;
	return 0;
}

static void *add_to_queue_0(void *arg)
{
	rig_add(arg, 0, NULL);
	return NULL;
}

/* The translate hook stands for a page fault: a thread sits in a pop and has the ring's lock.
 * Nobody waits for it, and what it takes from the old table counts. */
START_TEST(who_is_inside_of_a_ring_comes_back)
{
	static struct inside inside;
	struct rig *rig = memory_rig_with(_i,
		(struct rig_options){.translate = stop_inside, .translate_ctx = &inside});
	struct report of_buf, of_buf2;
	pthread_t thread;

	sem_init(&inside.here, 0, 0);
	sem_init(&inside.go, 0, 0);
	memory_up(rig, VMMIO_FEATURE(VMMIO_F_ACCESS_PLATFORM));
	use_buffers(rig, BUF, 0);
	atomic_store(&inside.stop_next, true);
	ck_assert_int_eq(pthread_create(&thread, NULL, add_to_queue_0, rig), 0);
	sem_wait(&inside.here);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, place_guest(BUF2)), -EBUSY);
	remove_later(rig, BUF2, &of_buf2);
	remove_later(rig, BUF, &of_buf);
	sem_post(&inside.go);
	pthread_join(thread, NULL);
	/* He took a chain of BUF, and left. */
	ck_assert_uint_eq(rig_held(rig), 1);
	expect_done(&of_buf2, 1);
	expect_done(&of_buf, 0);
	ck_assert(rig_complete(rig, 0, 0));
	expect_done(&of_buf, 1);
	rig_free(rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("memory_run");
	TCase *tc = fixture_tcase(s, "remove");

	tcase_add_loop_test(tc, region_nobody_uses_goes_at_once, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, chain_in_the_region_is_waited_for, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, chain_elsewhere_is_not, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, buffer_in_a_removed_region_is_a_fault, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, ring_in_the_region_breaks_its_queue_alone, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, removal_ends_in_a_reset, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, removal_ends_in_a_destroy, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, two_removals_end_each_at_its_time, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, second_completion_ends_nothing, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, try_changes_nothing_if_it_fails, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, pin_is_waited_for, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, misuse_is_refused_and_named, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, no_memory_changes_nothing, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, a_hundred_removals_at_once, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, versions_are_freed, 0, RIG_VARIANTS);
	tc = fixture_tcase(s, "races");
	tcase_add_loop_test(tc, ring_made_before_a_change_is_made_anew, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, ring_in_a_region_that_goes_meanwhile_is_broken, 0, RIG_VARIANTS);
	tcase_add_loop_test(tc, who_is_inside_of_a_ring_comes_back, 0, RIG_VARIANTS);
	return fixture_main(s);
}
