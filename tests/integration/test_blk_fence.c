/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Disks whose I/O is stuck in the kernel, in guest pages that nobody serves, and an embedder
 * who gives them up: fence, destroy, abandon. Later the pages are served after all, and the
 * only thing that may change is what they hold.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "device/internal.h"
#include "integration/stuck_rig.h"

#define PAGE 4096u
#define PATTERN 0x5a

/* All versions, rings, engines and directions, each with one of the stores, each of which comes
 * four times: what happens after the fence does not depend on it. */
#define FEW_CASES 16
static int few(int i)
{
	return i | ((i ^ i >> 2) & 3) << 4;
}

/* What the device was told about of ring memory. */
static struct vmmio_driver_areas areas;

static void get_stuck(struct stuck *s)
{
	struct disk *d = s->disk[0];

	ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(d->driver, 0), &areas), 0);
	stuck_hide_data(s, d);
	stuck_send(s, d);
	uffd_wait(s->uffd, stuck_at_once(s));
}

static void fence(struct stuck *s)
{
	fixture_expect_log("fenced with");
	ck_assert_int_eq(vmmio_device_fence(s->disk[0]->dev), 0);
}

static uint32_t reg(struct stuck *s, uint32_t offset)
{
	return vmmio_driver_reg_read(s->disk[0]->driver, offset);
}

/* The reset is over: a blocked vCPU returns, and the driver does not get any further. */
static void check_dead(struct stuck *s)
{
	struct disk *d = s->disk[0];

	while (reg(s, VMMIO_REG_STATUS))
		disk_relax(d);
	if (!(s->number & 1))
		vcpu_join(&s->resetter);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	fixture_expect_log("FEATURES_OK is refused");
	ck_assert_int_eq(vmmio_driver_negotiate(d->driver, ~UINT64_C(0), 0), -ENOTSUP);
	ck_assert_uint_ge(fixture_logged("FEATURES_OK is refused"), 1);
	ck_assert_uint_eq(reg(s, VMMIO_REG_STATUS) & VMMIO_STATUS_FEATURES_OK, 0);
}

/* Ring memory and status bytes are the driver's own again. */
static void scribble(struct stuck *s)
{
	memset(areas.desc.host, PATTERN, areas.desc.size);
	memset(areas.driver.host, PATTERN, areas.driver.size);
	memset(areas.device.host, PATTERN, areas.device.size);
	for (unsigned i = 0; i < STUCK_REQUESTS; i++)
		memset(stuck_status(s->disk[0], i), PATTERN, PAGE);
}

static void check_pattern(const void *at, size_t size)
{
	const uint8_t *byte = at;

	for (size_t i = 0; i < size; i++)
		ck_assert_uint_eq(byte[i], PATTERN);
}

static void check_scribble(struct stuck *s)
{
	check_pattern(areas.desc.host, areas.desc.size);
	check_pattern(areas.driver.host, areas.driver.size);
	check_pattern(areas.device.host, areas.device.size);
	for (unsigned i = 0; i < STUCK_REQUESTS; i++)
		check_pattern(stuck_status(s->disk[0], i), PAGE);
	ck_assert_uint_eq(atomic_load(&s->disk[0]->line), 0);
}

static void wait_destroyed(struct disk *d)
{
	while (!atomic_load(&d->destroyed))
		disk_relax(d);
}

/* All chains of the stuck disk came back, one way or the other. */
static void wait_late_answers(struct stuck *s)
{
	struct vmmio_device_counters count;

	do {
		disk_relax(s->disk[0]);
		vmmio_device_counters(s->disk[0]->dev, &count);
	} while (count.dropped < STUCK_REQUESTS);
	ck_assert_uint_eq(count.dropped, STUCK_REQUESTS);
	ck_assert_uint_eq(count.wrong_tokens, 0);
	ck_assert_uint_eq(count.leases, 0);
}

/* One line about the chains that are out, which begins so. */
static void check_log_line(struct stuck *s, const char *begin)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%u chain(s)", begin, stuck_at_once(s));
	ck_assert_uint_eq(fixture_logged(text), 1);
}

/* Whoever migrates the machine has to copy what may have been written until the fence. */
static void check_dirty(struct disk *d)
{
	static uint64_t words[1024];
	uint64_t page = (uint64_t)(stuck_data(d, 0) - d->ram) / PAGE;

	ck_assert_int_eq(vmmio_memory_dirty_get(d->memory, d->guest, words, 1024), 0);
	ck_assert(words[page / 64] >> page % 64 & 1);
	ck_assert_int_eq(vmmio_memory_dirty_stop(d->memory), 0);
}

/* --- I/O that never ends ----------------------------------------------------------------- */

START_TEST(reset)
{
	struct stuck s;
	const char *why = stuck_open(&s, _i, 2);
	struct disk *d = s.disk[0];
	uint32_t status;

	if (why) {
		fixture_skip(why);
		return;
	}
	get_stuck(&s);
	stuck_reset_begin(&s);
	stuck_wait_leases(d, stuck_at_once(&s));
	stuck_neighbour_works(&s);
	stuck_check_resetting(&s);
	ck_assert_int_eq(vmmio_memory_dirty_start(d->memory), 0);
	fence(&s);
	check_dead(&s);
	if (!(_i & 8))
		check_dirty(d);
	check_log_line(&s, "fenced with ");
	scribble(&s);
	status = reg(&s, VMMIO_REG_STATUS);
	stuck_neighbour_works(&s);
	uffd_serve_all(s.uffd);
	wait_late_answers(&s);
	ck_assert_uint_eq(reg(&s, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert_uint_eq(reg(&s, VMMIO_REG_STATUS), status);
	stuck_neighbour_works(&s);
	disk_destroy(d);
	wait_destroyed(d);
	check_scribble(&s);
	stuck_close(&s);
}
END_TEST

static void begin_destroy(struct stuck *s, bool fence_first)
{
	struct disk *d = s->disk[0];

	get_stuck(s);
	fixture_expect_log("destroy waits for fenced chains");
	if (fence_first) {
		stuck_reset_begin(s);
		stuck_wait_leases(d, stuck_at_once(s));
		fence(s);
		check_dead(s);
		disk_destroy(d);
	} else {
		disk_destroy(d);
		stuck_wait_leases(d, stuck_at_once(s));
		fence(s);
	}
	/* Given up, so that these two are what is waited for. */
	stuck_wait_leases(d, 0);
	scribble(s);
	stuck_neighbour_works(s);
	ck_assert_uint_eq(atomic_load(&d->destroyed), 0);
	ck_assert_int_eq(vmmio_blk_destroy(d->blk), -EBUSY);
}

/* It waits for the last of them. */
START_TEST(destroy)
{
	struct stuck s;
	const char *why = stuck_open(&s, few(_i / 2), 2);

	if (why) {
		fixture_skip(why);
		return;
	}
	begin_destroy(&s, _i & 1);
	for (unsigned i = STUCK_REQUESTS; i-- > 1;)
		uffd_serve(s.uffd, stuck_data(s.disk[0], i), 1);
	stuck_neighbour_works(&s);
	ck_assert_uint_eq(atomic_load(&s.disk[0]->destroyed), 0);
	uffd_serve(s.uffd, stuck_data(s.disk[0], 0), 1);
	wait_destroyed(s.disk[0]);
	check_scribble(&s);
	stuck_close(&s);
}
END_TEST

/* What an abandoned device keeps, which nobody but this test can free. */
static void free_leaked(struct disk *d)
{
	const struct vmmio_backend *backend = vmmio_blk_backend(d->blk);
	uint32_t given_up;

	do {
		disk_relax(d);
		pthread_mutex_lock(&d->dev->lock);
		given_up = d->dev->given_up;
		pthread_mutex_unlock(&d->dev->lock);
	} while (given_up);
	backend->ops->detach(backend->ctx); /* and no task of the disk's is left */
	vmmio_memory_unuse(d->dev->memory, &d->dev->memory_user);
	vmmio_executor_unref(d->dev->ex);
	vmmio_device_free(d->dev);
}

START_TEST(abandon)
{
	struct stuck s;
	const char *why = stuck_open(&s, few(_i / 2), 2);
	struct disk *d = s.disk[0];

	if (why) {
		fixture_skip(why);
		return;
	}
	begin_destroy(&s, _i & 1);
	fixture_expect_log("abandoned: ");
	ck_assert_int_eq(vmmio_device_abandon(d->dev), 0);
	wait_destroyed(d);
	check_log_line(&s, "abandoned: ");
	ck_assert_int_eq(vmmio_blk_destroy(d->blk), -EBUSY);
	stuck_neighbour_works(&s);
	uffd_serve_all(s.uffd);
	free_leaked(d);
	check_scribble(&s);
	stuck_neighbour_works(&s);
	stuck_close(&s);
}
END_TEST

/* --- What a fence waits for --------------------------------------------------------------- */

/* A thread of the disk's sleeps in guest memory; n pages have been asked for. */
static void check_held(struct stuck *s, unsigned n)
{
	uffd_wait(s->uffd, n);
	stuck_reset_begin(s);
	fence(s);
	stuck_neighbour_works(s);
	stuck_check_resetting(s);
	ck_assert_uint_eq(fixture_logged("fenced with"), 0);
	uffd_serve_all(s->uffd);
	stuck_reset_end(s);
	ck_assert_uint_eq(fixture_logged("fenced with"), 1);
	fixture_expect_log("FEATURES_OK is refused");
	ck_assert_int_eq(
		vmmio_driver_negotiate(s->disk[0]->driver, ~UINT64_C(0), 0), -ENOTSUP);
	fixture_expect_log("destroy waits for fenced chains");
	stuck_close(s);
}

/* It writes a status byte. */
START_TEST(status_byte)
{
	struct stuck s;
	const char *why = stuck_open(&s, few(_i), 2);

	if (why) {
		fixture_skip(why);
		return;
	}
	for (unsigned i = 0; i < STUCK_REQUESTS; i++)
		uffd_hide(s.uffd, stuck_status(s.disk[0], i), 1);
	stuck_send(&s, s.disk[0]);
	check_held(&s, 1);
}
END_TEST

/* It copies what was read out of a bounce buffer. */
START_TEST(copy)
{
	struct stuck s;
	const char *why = stuck_open(&s, (_i & 7) | (_i & 24) << 1 | STUCK_BOUNCE, 2);

	if (why) {
		fixture_skip(why);
		return;
	}
	stuck_hide_data(&s, s.disk[0]);
	stuck_send(&s, s.disk[0]);
	check_held(&s, 1);
}
END_TEST

int main(void)
{
	int result;
	Suite *s = suite_create("blk_fence");

	tcase_add_loop_test(fixture_tcase(s, "reset"), reset, 0, STUCK_CASES);
	tcase_add_loop_test(fixture_tcase(s, "destroy"), destroy, 0, 2 * FEW_CASES);
	tcase_add_loop_test(fixture_tcase(s, "abandon"), abandon, 0, 2 * FEW_CASES);
	tcase_add_loop_test(fixture_tcase(s, "status byte"), status_byte, 0, FEW_CASES);
	tcase_add_loop_test(fixture_tcase(s, "copy"), copy, 0, STUCK_CASES / 2);
	stuck_stores_begin();
	result = fixture_main(s);
	stuck_stores_end();
	return result;
}
