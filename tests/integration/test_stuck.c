/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * I/O into guest pages that are missing. Until the pages come the kernel is on its way to
 * them, whatever was cancelled: the request is never taken for finished, and nobody else
 * waits for it. Nothing here is judged by the clock: that somebody is stuck is known by
 * his page fault, that others are not by their getting work done.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "integration/stuck_rig.h"

/* More stuck requests than threads; nothing is served until the neighbour has been through
 * I/O and resets of its own several times. */
START_TEST(data_pages)
{
	struct stuck s;
	const char *why = stuck_open(&s, _i, 2);
	struct disk *d = s.disk[0];

	if (why) {
		fixture_skip(why);
		return;
	}
	stuck_hide_data(&s, d);
	stuck_send(&s, d);
	uffd_wait(s.uffd, stuck_at_once(&s));
	stuck_neighbour_works(&s);
	stuck_reset_begin(&s);
	stuck_wait_leases(d, stuck_at_once(&s));
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	ck_assert_uint_ge(d->report.leases, stuck_at_once(&s));
	/* Asleep, that is: they take no processor from anybody. */
	ck_assert_uint_eq(uffd_faults(s.uffd), stuck_at_once(&s));
	for (unsigned i = STUCK_REQUESTS; i-- > 1;) {
		uffd_serve(s.uffd, stuck_data(d, i), 1);
		stuck_check_resetting(&s);
	}
	stuck_wait_leases(d, 1);
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	uffd_serve(s.uffd, stuck_data(d, 0), 1);
	stuck_reset_end(&s);
	disk_start(d);
	stuck_disk_works(d);
	stuck_close(&s);
}
END_TEST

/* Two are stuck, with more requests each than there are threads. */
START_TEST(two_stuck_disks)
{
	struct stuck s;
	const char *why = stuck_open(&s, _i, 3);

	if (why) {
		fixture_skip(why);
		return;
	}
	for (unsigned i = 0; i < 2; i++) {
		stuck_hide_data(&s, s.disk[i]);
		stuck_send(&s, s.disk[i]);
	}
	uffd_wait(s.uffd, 2 * stuck_at_once(&s));
	stuck_neighbour_works(&s);
	stuck_reset_begin(&s);
	disk_destroy(s.disk[1]);
	stuck_wait_leases(s.disk[0], stuck_at_once(&s));
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	ck_assert_uint_eq(atomic_load(&s.disk[1]->destroyed), 0);
	uffd_serve_all(s.uffd);
	stuck_reset_end(&s);
	stuck_close(&s);
}
END_TEST

/* The one release point of a device comes after its I/O. */
START_TEST(destroy)
{
	struct stuck s;
	const char *why = stuck_open(&s, _i, 2);
	struct disk *d = s.disk[0];

	if (why) {
		fixture_skip(why);
		return;
	}
	stuck_hide_data(&s, d);
	stuck_send(&s, d);
	uffd_wait(s.uffd, stuck_at_once(&s));
	disk_destroy(d);
	stuck_wait_leases(d, stuck_at_once(&s));
	stuck_neighbour_works(&s);
	for (unsigned i = STUCK_REQUESTS; i-- > 1;)
		uffd_serve(s.uffd, stuck_data(d, i), 1);
	stuck_wait_leases(d, 1);
	stuck_neighbour_works(&s);
	ck_assert_uint_eq(atomic_load(&d->destroyed), 0);
	ck_assert_int_eq(vmmio_blk_destroy(d->blk), -EBUSY);
	uffd_serve(s.uffd, stuck_data(d, 0), 1);
	stuck_close(&s); /* waits for destroyed */
}
END_TEST

/* A stepped executor until all that can be cancelled is, so that it is known what is left. */
static void run_until_stuck(struct disk *d, uint32_t leases)
{
	struct vmmio_device_counters count;

	do {
		usleep(20);
		vmmio_manual_run(d->ex, 1000);
		vmmio_device_counters(d->dev, &count);
		ck_assert_uint_ge(count.leases, leases);
	} while (count.leases != leases);
}

/* Version 3 only: a version 2 write steps such an executor itself. */
START_TEST(report)
{
	struct stuck s;
	const char *why = stuck_open(&s, (2 * _i + 1) | STUCK_MANUAL, 2);
	struct disk *d = s.disk[0];
	int first;

	if (why) {
		fixture_skip(why);
		return;
	}
	stuck_hide_data(&s, d);
	first = stuck_send(&s, d);
	uffd_wait(s.uffd, stuck_at_once(&s));
	ck_assert_int_eq(vmmio_driver_reset_begin(d->driver), 0);
	run_until_stuck(d, stuck_at_once(&s));
	vmmio_manual_advance(d->ex, STUCK_DEADLINE - 1);
	ck_assert_uint_eq(d->stuck, 0);
	vmmio_manual_advance(d->ex, 1);
	ck_assert_uint_eq(d->stuck, 1);
	ck_assert_uint_eq(d->report.age, STUCK_DEADLINE);
	ck_assert_uint_eq(d->report.leases, stuck_at_once(&s));
	ck_assert(d->report.has_oldest);
	ck_assert_uint_eq(d->report.oldest_queue, 0);
	ck_assert_uint_eq(d->report.oldest_head, (uint32_t)first);
	/* The backend has done what it could. */
	ck_assert(!d->report.hook_running && !d->report.answer_pending);
	vmmio_manual_advance(d->ex, UINT64_C(1) << 40);
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	ck_assert_uint_eq(d->stuck, 1); /* once */
	uffd_serve_all(s.uffd);
	stuck_reset_end(&s);
	stuck_close(&s);
}
END_TEST

int main(void)
{
	int result;
	Suite *s = suite_create("stuck");

	tcase_add_loop_test(fixture_tcase(s, "data"), data_pages, 0, STUCK_CASES);
	tcase_add_loop_test(fixture_tcase(s, "two"), two_stuck_disks, 0, STUCK_CASES);
	tcase_add_loop_test(fixture_tcase(s, "destroy"), destroy, 0, STUCK_CASES);
	tcase_add_loop_test(fixture_tcase(s, "report"), report, 0, STUCK_CASES / 2);
	stuck_stores_begin();
	result = fixture_main(s);
	stuck_stores_end();
	return result;
}
