/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stores and guest memory that hang or fail under a disk or an entropy device: F-04, F-05,
 * F-33 to F-36, F-39 and F-40. Every row over split and packed, io_uring and the plain
 * engine.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hostile/f_job.h"
#include "integration/rng_rig.h"
#include "integration/stuck_rig.h"

#define PAGE 4096u
#define IOERR VMMIO_BLK_S_IOERR

static const char failed[] = "the guest gets IOERR";

static struct disk *disk_of(int i, const char *dir)
{
	struct disk_options o = {.variant = 1 | (i & 3) << 1, .dir = dir};

	return disk_run(&o);
}

/* The device goes on, is reset, and does I/O again. */
static void works_and_ends(struct disk *d)
{
	struct vmmio_device_counters c;

	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 8, 512), VMMIO_BLK_S_OK);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	disk_start(d);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 8, 512), VMMIO_BLK_S_OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 8, 512), VMMIO_BLK_S_OK);
	do { /* a lease goes back a little after its used entry is seen */
		disk_relax(d);
		vmmio_device_counters(d->dev, &c);
	} while (c.leases);
	disk_free(d);
}

/* --- F-04: a read on an empty pipe ------------------------------------------------------- */

START_TEST(f4_hangs_and_can_be_cancelled)
{
	struct rng_rig_options o = {.variant = 1 | (_i & 1) << 1, .source = RNG_SOURCE_PIPE};
	struct rng_rig *rig = rng_rig_run(&o);

	rng_add(rig, 0, 64);
	WAIT_UNTIL(rng_leases(rig) == 1);
	ck_assert_int_eq(vmmio_device_write(rig->dev, VMMIO_REG_STATUS, 4, 0), 0);
	/* Nobody writes into the pipe. */
	WAIT_UNTIL(!vmmio_device_read(rig->dev, VMMIO_REG_STATUS, 4));
	ck_assert_uint_eq(rng_leases(rig), 0);
	ck_assert(rng_untouched(rig));
	ck_assert_uint_eq(rng_counters(rig).cancelled, 1);
	ck_assert_int_eq(vmmio_driver_reset(rig->driver, VMMIO_DRIVER_FOREVER), 0);
	rng_rig_start(rig);
	rng_feed(rig, 64);
	rng_add(rig, 0, 64);
	ck_assert_uint_eq(rng_wait(rig, 0), 64);
	rng_rig_free(rig);
}
END_TEST

/* The same for a backend whose read goes into the guest's buffer: the kernel has to let go. */
struct reader {
	struct f_job job;
	struct rig *rig;
	struct vmmio_io *io;
};

static void reader_done(struct vmmio_io_request *request)
{
	ck_assert(rig_complete(((struct reader *)request)->rig, 0, 0));
	f_job_done(request);
}

static void reader_cancel(void *ctx)
{
	struct reader *r = ctx;

	vmmio_io_cancel(r->io, &r->job.io);
}

START_TEST(f4_hangs_in_the_guests_buffer)
{
	struct rig_options o = {.version = 3, .packed = _i, .pool = true};
	struct reader r = {.rig = rig_create(&o)};
	struct rig *rig = r.rig;
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	ck_assert_int_eq(f_io(VMMIO_IO_URING, 0, &r.io), 0);
	rig_up(rig);
	rig_add(rig, 0, NULL);
	WAIT_UNTIL(rig_held(rig));
	f_job_init(&r.job, VMMIO_IO_READ, fds[0], rig->buffer[1].host, 64);
	r.job.io.offset = VMMIO_IO_STREAM;
	r.job.io.done = reader_done;
	rig->puppet->ctx = &r;
	rig->puppet->in_quiesce = reader_cancel;
	f_job_submit(r.io, &r.job);
	rig_write(rig, VMMIO_REG_STATUS, 0);
	rig_wait_zero(rig);
	ck_assert_int_eq(f_job_wait(&r.job), -ECANCELED);
	rig->puppet->in_quiesce = NULL;
	rig_free(rig);
	f_io_end(r.io);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* --- F-05: a missing page of guest memory -------------------------------------------------- */

/* What the driver reads of the device's: used ring, or the one ring there is. */
static const void *used_of(struct disk *d, bool packed)
{
	struct vmmio_driver_areas areas;

	ck_assert_int_eq(vmmio_driver_queue_areas(vmmio_driver_queue(d->driver, 0), &areas), 0);
	return packed ? areas.desc.host : areas.device.host;
}

/* Version 3, split or packed, both engines; memfd. What the reads bring in the end is dropped. */
START_TEST(f5_hangs_for_good)
{
	struct stuck s;
	const char *why = stuck_open(&s, 1 | (_i & 3) << 1 | STORE_MEMFD << 4, 2);
	struct disk *d = s.disk[0];
	struct vmmio_device_counters before, after;
	uint8_t used[256];

	if (why) {
		fixture_skip(why);
		return;
	}
	stuck_hide_data(&s, d);
	stuck_send(&s, d);
	uffd_wait(s.uffd, stuck_at_once(&s));
	vmmio_device_counters(d->dev, &before);
	memcpy(used, used_of(d, _i & 1), sizeof(used));
	stuck_reset_begin(&s); /* until it is reported as stuck */
	stuck_wait_leases(d, stuck_at_once(&s));
	stuck_check_resetting(&s);
	stuck_neighbour_works(&s);
	uffd_serve_all(s.uffd);
	while (vmmio_device_read(d->dev, VMMIO_REG_STATUS, 4))
		disk_relax(d);
	vmmio_device_counters(d->dev, &after);
	ck_assert_mem_eq(used, used_of(d, _i & 1), sizeof(used));
	ck_assert_uint_eq(after.completions, before.completions);
	ck_assert_uint_eq(after.interrupts, before.interrupts);
	stuck_reset_end(&s); /* from the first zero on nothing changes any more */
	disk_start(d);
	stuck_disk_works(d);
	stuck_close(&s);
}
END_TEST

/* --- F-33: the file becomes shorter ---------------------------------------------------------- */

static bool all_are(const uint8_t *at, size_t size, uint8_t byte)
{
	for (size_t i = 0; i < size; i++)
		if (at[i] != byte)
			return false;
	return true;
}

START_TEST(f33_truncated_beneath)
{
	struct disk *d = disk_of(_i, NULL);
	struct vmmio_blk_counters c;

	fixture_expect_log(failed);
	ck_assert_int_eq(ftruncate(d->image, 512 * 10 + 100), 0);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 20, 512), IOERR);
	ck_assert(all_are(d->in.host, 512, 0xee));
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 9, 1024), IOERR); /* ends inside */
	ck_assert(all_are((uint8_t *)d->in.host + 612, 412, 0xee));
	vmmio_blk_counters(d->blk, &c);
	ck_assert_uint_eq(c.errors, 2);
	works_and_ends(d);
}
END_TEST

/* --- F-34, F-35: no room, and other errors ---------------------------------------------------- */

START_TEST(f34_short_write_and_no_room)
{
	char dir[] = "/tmp/vmmio-tmpfs-XXXXXX";
	struct disk_cut cut = {.out = {16, 8192}, .in = {1}};
	struct disk *d;
	uint32_t len = 0;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", dir, "tmpfs", 0, "size=132k")) {
		fixture_skip("mount is not permitted");
		rmdir(dir);
		return;
	}
	fixture_expect_log(failed);
	d = disk_of(_i, dir); /* takes 128k: there is room for one page */
	ck_assert_int_eq(ftruncate(d->image, 1 << 20), 0);
	ck_assert_int_eq(vmmio_blk_resize(d->blk), 0);
	disk_header(d, VMMIO_BLK_T_OUT, 1024);
	memset((uint8_t *)d->out.host + 16, 0x77, 8192);
	ck_assert_int_eq(disk_send(d, &cut, &len), IOERR);
	ck_assert_uint_eq(len, 1);
	works_and_ends(d);
	umount(dir);
	rmdir(dir);
}
END_TEST

/* Real: the limit on the size of a file. No signal, and the log does not overflow. */
START_TEST(f35_file_size_limit)
{
	struct disk *d = disk_of(_i, NULL);
	struct rlimit limit = {512 * 100, RLIM_INFINITY}, was;
	struct disk_cut cut = {.out = {16, 512}, .in = {1}};
	uint32_t len = 0;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(signal(SIGXFSZ, SIG_DFL) == SIG_DFL);
	fixture_expect_log(failed);
	disk_header(d, VMMIO_BLK_T_OUT, 200);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(disk_send(d, &cut, &len), IOERR);
		ck_assert_uint_eq(len, 1);
	}
	ck_assert_uint_le(fixture_logged(failed), 20);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 20, 512), VMMIO_BLK_S_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	works_and_ends(d);
}
END_TEST

/* --- F-36, F-39: the host took memory of the guest away ----------------------------------------
 */

/* A buffer whose second page is gone, or belongs to a file that has become shorter. */
static void lose_a_page(struct disk *d, bool truncated)
{
	uint8_t *page = (uint8_t *)d->in.host + PAGE;
	int fd;

	if (!truncated) {
		ck_assert_int_eq(mprotect(page, PAGE, PROT_NONE), 0);
		return;
	}
	fd = memfd_create("ram", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_eq(
		mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), page);
	close(fd); /* of size 0 */
}

static void find_it_again(struct disk *d)
{
	uint8_t *page = (uint8_t *)d->in.host + PAGE;

	ck_assert_ptr_eq(mmap(page, PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		page);
}

static void page_is_lost(int i, bool truncated)
{
	struct disk *d = disk_of(i, NULL);
	/* Data: half of it there, half not; then the status byte, on a page of its own. */
	struct vmmio_driver_seg segs[] = {
		{d->out.guest, 16}, {d->in.guest, 2 * PAGE}, {d->in.guest + 4 * PAGE, 1}};
	struct vmmio_driver_chain chain = {.out = segs, .n_out = 1, .in = segs + 1, .n_in = 2};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(d->driver, 0);
	struct vmmio_blk_counters c;
	struct vmmio_driver_used used;

	/* The start has been: DRIVER_OK only asks for it. */
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), VMMIO_BLK_S_OK);
	fixture_expect_log(failed);
	disk_header(d, VMMIO_BLK_T_IN, 0);
	lose_a_page(d, truncated);
	ck_assert_int_ge(vmmio_driver_queue_add(queue, &chain), 0);
	vmmio_driver_queue_kick(queue);
	ck_assert_int_eq(vmmio_driver_queue_wait(queue, &used, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_uint_eq(((uint8_t *)d->in.host)[4 * PAGE], IOERR);
	vmmio_blk_counters(d->blk, &c);
	ck_assert_uint_eq(c.errors, 1);
	find_it_again(d);
	works_and_ends(d);
}

START_TEST(f36_buffer_partly_unmapped)
{
	page_is_lost(_i, false);
}
END_TEST

/* A data buffer is touched by the kernel alone. That rings stay where they are is the
 * host's duty: there is no mode with guarded copies. */
START_TEST(f39_ram_file_truncated)
{
	page_is_lost(_i, true);
}
END_TEST

/* --- F-40: a region goes while I/O is in it -----------------------------------------------------
 */

#define ASIDE UINT64_C(0x90000000)

START_TEST(f40_region_removed_while_pinned)
{
	struct rig *rig = live(_i, NULL);
	static uint8_t aside[PAGE];
	struct vmmio_region region = {.guest = ASIDE, .size = PAGE, .host = aside};
	struct vmmio_driver_seg in = {ASIDE, 64};
	struct vmmio_driver_chain chain = {.in = &in, .n_in = 1};
	struct rig_waiter w = RIG_WAITER;

	ck_assert_int_eq(vmmio_memory_add(rig->memory, &region), 0);
	ck_assert_int_ge(vmmio_driver_queue_add(vmmio_driver_queue(rig->driver, 0), &chain), 0);
	vmmio_driver_queue_kick(vmmio_driver_queue(rig->driver, 0));
	ck_assert_uint_eq(rig_held(rig), 1);
	ck_assert_int_eq(vmmio_memory_try_remove(rig->memory, ASIDE), -EBUSY);
	ck_assert_int_eq(vmmio_memory_remove(rig->memory, ASIDE, &w.waiter), VMMIO_PENDING);
	rig_write(rig, VMMIO_REG_QUEUE_NOTIFY, 0);
	rig_settle(rig);
	ck_assert_uint_eq(w.told, 0);
	ck_assert(rig_complete(rig, 0, 64));
	rig_settle(rig);
	ck_assert_uint_eq(w.told, 1);
	ck_assert_int_eq(w.result, 0);
	ck_assert_int_eq(rig_reap(rig, 0), 1);
	goes_on(rig);
}
END_TEST

int main(void)
{
	const struct f_row rows[] = {
		{"f_04", f4_hangs_and_can_be_cancelled, 2},
		{"f_04", f4_hangs_in_the_guests_buffer, 2},
		{"f_05", f5_hangs_for_good, 4},
		{"f_33", f33_truncated_beneath, 4},
		{"f_34", f34_short_write_and_no_room, 4},
		{"f_35", f35_file_size_limit, 4},
		{"f_36", f36_buffer_partly_unmapped, 4},
		{"f_39", f39_ram_file_truncated, 4},
		{"f_40", f40_region_removed_while_pinned, RIG_VARIANTS},
		{NULL, NULL, 0},
	};

	return f_main("f_store", rows);
}
