/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Missing pages elsewhere than under the data: the request header, the status byte, the ring.
 * Whoever touches one waits: a vCPU in its own notification, a task of the pool. Never a
 * thread that others depend on.
 */
#include <string.h>
#include <unistd.h>

#include "integration/stuck_rig.h"

static void hide_header(struct stuck *s)
{
	uffd_hide(s->uffd, s->disk[0]->out.host, 1);
}

static void hide_ring(struct stuck *s)
{
	struct vmmio_driver_areas areas;

	ck_assert_int_eq(
		vmmio_driver_queue_areas(vmmio_driver_queue(s->disk[0]->driver, 0), &areas), 0);
	uffd_hide(s->uffd, areas.desc.host, areas.desc.size);
	uffd_hide(s->uffd, areas.driver.host, areas.driver.size);
	uffd_hide(s->uffd, areas.device.host, areas.device.size);
}

static void hide_status(struct stuck *s)
{
	for (unsigned i = 0; i < STUCK_REQUESTS; i++)
		uffd_hide(s->uffd, stuck_status(s->disk[0], i), 1);
}

/* Requests that only the device does not see yet, and a vCPU that tells it. */
static void notify(struct stuck *s, struct vcpu *vcpu)
{
	vcpu_write(vcpu, s->disk[0], VMMIO_REG_QUEUE_NOTIFY, 0);
	uffd_wait(s->uffd, 1);
}

/* A vCPU waits inside its notification: for the ring (pop) or a header (the backend). */
static void blocked_notification(int number, void (*hide)(struct stuck *s))
{
	struct stuck s;
	struct vcpu vcpu;
	const char *why = stuck_open(&s, number, 2);

	if (why) {
		fixture_skip(why);
		return;
	}
	stuck_publish(&s, s.disk[0], 0, STUCK_REQUESTS);
	hide(&s);
	notify(&s, &vcpu);
	stuck_neighbour_works(&s);
	ck_assert(!atomic_load(&vcpu.returned));
	stuck_reset_begin(&s);
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	ck_assert(!atomic_load(&vcpu.returned));
	uffd_serve_all(s.uffd);
	stuck_reset_end(&s);
	vcpu_join(&vcpu);
	disk_start(s.disk[0]);
	stuck_disk_works(s.disk[0]);
	stuck_close(&s);
}

START_TEST(header)
{
	blocked_notification(_i, hide_header);
}
END_TEST

START_TEST(ring)
{
	blocked_notification(_i, hide_ring);
}
END_TEST

/* All I/O ends, and each end has a status byte to write: that is work for the pool, and no
 * disk may take the whole pool for it. */
START_TEST(status)
{
	struct stuck s;
	const char *why = stuck_open(&s, _i, 2);
	struct disk *d = s.disk[0];

	if (why) {
		fixture_skip(why);
		return;
	}
	hide_status(&s);
	/* One by one, so that they do not end together. */
	for (unsigned i = 0; i < 2 * STUCK_THREADS; i++) {
		stuck_publish(&s, d, i, 1);
		vmmio_driver_queue_kick(vmmio_driver_queue(d->driver, 0));
		uffd_wait(s.uffd, 1);
		stuck_neighbour_works(&s);
	}
	stuck_reset_begin(&s);
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	uffd_serve_all(s.uffd);
	stuck_reset_end(&s);
	disk_start(d);
	stuck_disk_works(d);
	stuck_close(&s);
}
END_TEST

/* Until page and image hold the same, which they do not before. */
static void wait_for_transfer(struct disk *d, unsigned n)
{
	uint8_t sector[512];

	do {
		disk_relax(d);
		ck_assert_int_eq(pread(d->image, sector, 512, n * 4096), 512);
	} while (memcmp(sector, stuck_data(d, n), 512) != 0);
}

/* A task waits for the used ring, and has the lock of that ring, while other I/O of the same
 * queue ends during a reset: the thread it ends on is everybody's. */
START_TEST(used_ring)
{
	struct stuck s;
	const char *why = stuck_open(&s, _i, 2);
	struct disk *d = s.disk[0];

	if (why) {
		fixture_skip(why);
		return;
	}
	uffd_hide(s.uffd, stuck_data(d, 0), 1);
	uffd_hide(s.uffd, stuck_data(d, 1), 1);
	stuck_publish(&s, d, 0, 2);
	vmmio_driver_queue_kick(vmmio_driver_queue(d->driver, 0));
	uffd_wait(s.uffd, 1);
	hide_ring(&s);
	uffd_serve(s.uffd, stuck_data(d, 0), 1);
	uffd_wait(s.uffd, 3);
	stuck_reset_begin(&s);
	stuck_neighbour_works(&s);
	uffd_serve(s.uffd, stuck_data(d, 1), 1);
	wait_for_transfer(d, 1);
	stuck_neighbour_works(&s);
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	uffd_serve_all(s.uffd);
	stuck_reset_end(&s);
	stuck_close(&s);
}
END_TEST

int main(void)
{
	int result;
	Suite *s = suite_create("stuck_places");

	tcase_add_loop_test(fixture_tcase(s, "header"), header, 0, STUCK_CASES);
	tcase_add_loop_test(fixture_tcase(s, "status"), status, 0, STUCK_CASES);
	tcase_add_loop_test(fixture_tcase(s, "ring"), ring, 0, STUCK_CASES);
	tcase_add_loop_test(fixture_tcase(s, "used_ring"), used_ring, 0, STUCK_CASES);
	stuck_stores_begin();
	result = fixture_main(s);
	stuck_stores_end();
	return result;
}
