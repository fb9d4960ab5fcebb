/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Completions that come late, twice, with another result, or from a former life, for a
 * disk under reset: F-06 to F-09, F-32, F-35 and F-38. The io_uring engine, on version 3.
 */
#include <string.h>
#include <unistd.h>

#include "hostile/f_ring.h"
#include "hostile/f_rig.h"
#include "integration/blk_rig.h"
#include "io/hub.h"

/* Where the held request has its buffers, and others in flight beside it. */
#define ASIDE 65536u
#define SECTOR 512u

static int32_t cancel_res; /* what every cancel says; 0: as the kernel does */

/* Requests are held, once asked for; cancels say what they are told. */
static _Atomic bool hold;

static enum f_verdict script(enum f_kind kind, struct f_cqe *cqe)
{
	if (kind == F_CANCEL && cancel_res)
		cqe->res = cancel_res;
	return kind == F_REQUEST && atomic_load(&hold) ? F_HOLD : F_PASS;
}

/* Variant _i of 2: split or packed ring. It has done I/O. */
static struct disk *scripted(int i)
{
	struct disk_options o = {.variant = 1 | (i & 1) << 1, .memfd = true};
	struct disk *d = disk_run(&o);

	ck_assert_int_eq(vmmio_io_kind(d->io), VMMIO_IO_URING);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, SECTOR), VMMIO_BLK_S_OK);
	f_ring_script(script);
	return d;
}

static void look_again(struct disk *d)
{
	vmmio_io_hub_wake(&d->io->hub);
}

/* One request at ASIDE whose completion is held. */
static void send_held(struct disk *d, uint32_t type, uint64_t sector)
{
	struct disk_cut cut = {.out = {16}, .in = {SECTOR, 1}, .in_at = ASIDE};
	unsigned before = f_ring_held();

	if (type == VMMIO_BLK_T_OUT)
		cut = (struct disk_cut){.out = {16, SECTOR}, .in = {1}, .in_at = ASIDE};
	if (type == VMMIO_BLK_T_FLUSH)
		cut = (struct disk_cut){.out = {16}, .in = {1}, .in_at = ASIDE};
	memset(d->in.host, 0xee, d->in.size);
	disk_header(d, type, sector);
	atomic_store(&hold, true);
	ck_assert_int_ge(disk_add(d, &cut), 0);
	WAIT_UNTIL(f_ring_held() == before + 1);
	atomic_store(&hold, false);
}

static uint32_t leases(struct disk *d)
{
	struct vmmio_device_counters c;

	vmmio_device_counters(d->dev, &c);
	return c.leases;
}

static uint32_t reg(struct disk *d, uint64_t offset)
{
	return (uint32_t)vmmio_device_read(d->dev, offset, 4);
}

/* Zero to Status; the cancel has been answered, and the reset waits all the same. */
static void reset_and_cancel(struct disk *d)
{
	unsigned cancels = f_ring_seen(F_CANCEL);

	ck_assert_int_eq(vmmio_device_write(d->dev, VMMIO_REG_STATUS, 4, 0), 0);
	WAIT_UNTIL(f_ring_seen(F_CANCEL) == cancels + 1);
	for (int i = 0; i < 10; i++) {
		look_again(d);
		disk_relax(d);
	}
	ck_assert_uint_eq(leases(d), 1);
	ck_assert_uint_ne(reg(d, VMMIO_REG_STATUS), 0);
}

static void wait_zero(struct disk *d)
{
	WAIT_UNTIL(!reg(d, VMMIO_REG_STATUS));
	ck_assert_uint_eq(leases(d), 0);
	ck_assert_uint_eq(reg(d, VMMIO_REG_INTERRUPT_STATUS), 0);
	ck_assert(!atomic_load(&d->line));
}

/* The next life does I/O. */
static void works_and_ends(struct disk *d)
{
	atomic_store(&hold, false);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	disk_start(d);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 9, SECTOR), VMMIO_BLK_S_OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 9, SECTOR), VMMIO_BLK_S_OK);
	disk_free(d);
}

/* --- F-06, F-09 ----------------------------------------------------------------------- */

static void result_after_cancel_is_dropped(int i, int32_t says)
{
	struct disk *d = scripted(i);
	struct vmmio_driver_areas areas;
	uint8_t used[64];

	cancel_res = says;
	send_held(d, VMMIO_BLK_T_IN, 3);
	ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(d->driver, 0), &areas), 0);
	vmmio_device_write(d->dev, VMMIO_REG_INTERRUPT_ACK, 4, VMMIO_INT_ALL);
	memcpy(used, i ? areas.desc.host : areas.device.host, sizeof(used));
	reset_and_cancel(d);
	f_ring_release(0, SECTOR); /* it worked after all */
	look_again(d);
	wait_zero(d);
	ck_assert_mem_eq(used, i ? areas.desc.host : areas.device.host, sizeof(used));
	ck_assert_uint_eq(((uint8_t *)d->in.host)[ASIDE + SECTOR], 0xee); /* no status */
	works_and_ends(d);
}

START_TEST(f6_success_after_a_cancel)
{
	result_after_cancel_is_dropped(_i, -EALREADY);
}
END_TEST

/* The kernel has found no such request: its completion is on the way. */
START_TEST(f9_cancel_finds_nothing)
{
	result_after_cancel_is_dropped(_i & 1, _i & 2 ? -ENOENT : 0);
}
END_TEST

/* --- F-07, F-08 ----------------------------------------------------------------------- */

static enum f_verdict twice(enum f_kind kind, struct f_cqe *cqe)
{
	(void)cqe;
	return kind == F_REQUEST ? F_TWICE : F_PASS;
}

START_TEST(f7_completions_come_twice)
{
	struct disk *d = scripted(_i);
	struct vmmio_driver_queue *queue = vmmio_driver_queue(d->driver, 0);
	struct vmmio_device_counters before, after;
	struct vmmio_driver_used used;

	fixture_expect_log("a completion nobody asked for");
	vmmio_device_counters(d->dev, &before);
	f_ring_script(twice);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, SECTOR), VMMIO_BLK_S_OK);
		ck_assert_int_eq(vmmio_driver_queue_poll(queue, &used), 0);
	}
	WAIT_UNTIL(!leases(d)); /* the last one is counted on its way back */
	vmmio_device_counters(d->dev, &after);
	ck_assert_uint_eq(after.completions, before.completions + 100);
	ck_assert_uint_eq(after.wrong_tokens, before.wrong_tokens);
	ck_assert_uint_eq(fixture_logged("a completion nobody asked for"), 1); /* no flood */
	f_ring_script(NULL);
	works_and_ends(d);
}
END_TEST

/* The slot has a new request when the old one's completion comes once more. */
START_TEST(f8_completion_of_a_former_life)
{
	struct disk *d = scripted(_i);
	struct vmmio_driver_used used;
	struct f_cqe old;

	send_held(d, VMMIO_BLK_T_IN, 3);
	old = f_ring_look(0);
	reset_and_cancel(d);
	f_ring_release(0, SECTOR);
	look_again(d);
	wait_zero(d);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	disk_start(d);
	/* Not disk_do: it would take the slot and give it back. The start itself needs none. */
	send_held(d, VMMIO_BLK_T_IN, 4);
	ck_assert_uint_eq((uint32_t)f_ring_look(0).data, (uint32_t)old.data);
	fixture_expect_log("a completion nobody asked for");
	f_ring_forge(old);
	look_again(d);
	WAIT_UNTIL(fixture_logged("a completion nobody asked for"));
	ck_assert_uint_eq(leases(d), 1);
	ck_assert_uint_eq(((uint8_t *)d->in.host)[ASIDE + SECTOR], 0xee);
	f_ring_release(0, SECTOR);
	look_again(d);
	ck_assert_int_eq(vmmio_driver_queue_wait(
				 vmmio_driver_queue(d->driver, 0), &used, VMMIO_DRIVER_FOREVER),
		0);
	ck_assert_uint_eq(((uint8_t *)d->in.host)[ASIDE + SECTOR], VMMIO_BLK_S_OK);
	works_and_ends(d);
}
END_TEST

/* --- Out of order, and never ---------------------------------------------------------- */

/* Many are held and come back from the last to the first, some cancelled, some not, as each
 * result there is. Until the very last the reset is not over. */
START_TEST(f6_any_order_and_result)
{
	static const int32_t results[] = {SECTOR, -ECANCELED, -EIO, -EINTR, 0, 100, -ECANCELED};
	struct disk *d = scripted(_i);
	const unsigned n = sizeof(results) / sizeof(results[0]);

	cancel_res = -EALREADY;
	for (unsigned i = 0; i < n; i++)
		send_held(d, VMMIO_BLK_T_IN, i);
	ck_assert_int_eq(vmmio_device_write(d->dev, VMMIO_REG_STATUS, 4, 0), 0);
	WAIT_UNTIL(f_ring_seen(F_CANCEL) >= n);
	for (unsigned i = n; i-- > 0;) {
		ck_assert_uint_ne(reg(d, VMMIO_REG_STATUS), 0);
		ck_assert_uint_eq(leases(d), i + 1);
		f_ring_release(i, results[i]);
		look_again(d);
		WAIT_UNTIL(leases(d) == i);
	}
	wait_zero(d);
	works_and_ends(d);
}
END_TEST

/* --- F-32: a short transfer inside the file --------------------------------------------- */

START_TEST(f32_short_read_goes_on)
{
	struct disk *d = scripted(_i);
	struct vmmio_driver_used used;
	uint8_t *in = d->in.host;
	unsigned seen;

	send_held(d, VMMIO_BLK_T_IN, 3);
	seen = f_ring_seen(F_REQUEST);
	/* It says a half, and the other half has not arrived yet. */
	memset(in + ASIDE + 256, 0xee, 256);
	f_ring_release(0, 256);
	look_again(d);
	ck_assert_int_eq(vmmio_driver_queue_wait(
				 vmmio_driver_queue(d->driver, 0), &used, VMMIO_DRIVER_FOREVER),
		0);
	ck_assert_uint_eq(used.len, SECTOR + 1);
	ck_assert_uint_eq(in[ASIDE + SECTOR], VMMIO_BLK_S_OK);
	for (unsigned i = 0; i < SECTOR; i++)
		ck_assert_uint_eq(in[ASIDE + i], 0xa5);
	ck_assert_uint_eq(f_ring_seen(F_REQUEST), seen + 1); /* the rest, once */
	works_and_ends(d);
}
END_TEST

/* --- F-35: what no store here says ---------------------------------------------------------- */

static const int32_t store_errors[] = {-EIO, -EDQUOT, -EROFS, -EFBIG, -ENOSPC};

START_TEST(f35_store_says)
{
	struct disk *d = scripted(_i & 1);
	struct vmmio_driver_used used;

	fixture_expect_log("the guest gets IOERR");
	send_held(d, VMMIO_BLK_T_OUT, 3);
	f_ring_release(0, store_errors[_i / 2]);
	look_again(d);
	ck_assert_int_eq(vmmio_driver_queue_wait(
				 vmmio_driver_queue(d->driver, 0), &used, VMMIO_DRIVER_FOREVER),
		0);
	ck_assert_uint_eq(used.len, 1);
	ck_assert_uint_eq(((uint8_t *)d->in.host)[ASIDE], VMMIO_BLK_S_IOERR);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 3, SECTOR), VMMIO_BLK_S_OK); /* the next */
	works_and_ends(d);
}
END_TEST

/* --- F-38: what is durable ---------------------------------------------------------------- */

static uint8_t sector_is(struct disk *d, unsigned sector)
{
	uint8_t bytes[SECTOR];

	ck_assert_int_eq(pread(d->image, bytes, SECTOR, sector * SECTOR), SECTOR);
	for (unsigned i = 1; i < SECTOR; i++)
		ck_assert_uint_eq(bytes[i], bytes[0]); /* not torn */
	return bytes[0];
}

static void fill(struct disk *d, int byte)
{
	memset((uint8_t *)d->out.host + sizeof(struct vmmio_blk_header), byte, SECTOR);
}

START_TEST(f38_flush_pending_at_the_reset)
{
	struct disk *d = scripted(_i);
	uint8_t last;

	fill(d, 1); /* acknowledged and flushed */
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 5, SECTOR), VMMIO_BLK_S_OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_FLUSH, 0, 0), VMMIO_BLK_S_OK);
	fill(d, 2); /* acknowledged, and its flush hangs */
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 6, SECTOR), VMMIO_BLK_S_OK);
	send_held(d, VMMIO_BLK_T_FLUSH, 0);
	fill(d, 3); /* not acknowledged */
	send_held(d, VMMIO_BLK_T_OUT, 7);
	ck_assert_int_eq(vmmio_device_write(d->dev, VMMIO_REG_STATUS, 4, 0), 0);
	WAIT_UNTIL(f_ring_seen(F_CANCEL) >= 2);
	f_ring_release(0, 0);
	look_again(d);
	WAIT_UNTIL(leases(d) == 1);
	ck_assert_uint_ne(reg(d, VMMIO_REG_STATUS), 0);
	f_ring_release(0, -ECANCELED);
	look_again(d);
	wait_zero(d);
	ck_assert_uint_eq(sector_is(d, 5), 1);
	ck_assert_uint_eq(sector_is(d, 6), 2);
	last = sector_is(d, 7);
	ck_assert(last == 3 || last == 0xa5);
	works_and_ends(d);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_06", f6_success_after_a_cancel, 2},
		{"f_06", f6_any_order_and_result, 2},
		{"f_07", f7_completions_come_twice, 2},
		{"f_08", f8_completion_of_a_former_life, 2},
		{"f_09", f9_cancel_finds_nothing, 4},
		{"f_32", f32_short_read_goes_on, 2},
		{"f_35_scripted", f35_store_says, 10},
		{"f_38", f38_flush_pending_at_the_reset, 2},
		{NULL, NULL, 0},
	};

	return f_main("f_scripted", rows);
}
