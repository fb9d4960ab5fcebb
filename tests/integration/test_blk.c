/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The block device's requests, on every variant of the bench.
 */
#include <errno.h>
#include <stdlib.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "integration/blk_rig.h"

#define OK VMMIO_BLK_S_OK
#define IOERR VMMIO_BLK_S_IOERR
#define UNSUPP VMMIO_BLK_S_UNSUPP

static struct disk *plain_disk(int variant)
{
	return disk_run(&(struct disk_options){.variant = variant});
}

static uint8_t *out_data(struct disk *d)
{
	return (uint8_t *)d->out.host + 16;
}

static bool image_is(struct disk *d, uint64_t sector, uint32_t sectors, int value)
{
	uint8_t bytes[512];

	for (uint64_t s = sector; s < sector + sectors; s++) {
		ck_assert_int_eq(pread(d->image, bytes, 512, (off_t)(s * 512)), 512);
		for (unsigned i = 0; i < 512; i++)
			if (bytes[i] != value)
				return false;
	}
	return true;
}

static bool buffer_is(const void *buffer, size_t n, int value)
{
	const uint8_t *bytes = buffer;

	for (size_t i = 0; i < n; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* --- What works ------------------------------------------------------------------------- */

START_TEST(blk_dev_59_moves_sectors)
{
	struct disk *d = plain_disk(_i);
	struct disk_cut cut = {.out = {16}, .in = {1024, 1}};
	struct vmmio_blk_counters count;
	uint32_t len;

	memset(out_data(d), 0x31, 1024);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 3, 1024), OK);
	ck_assert(image_is(d, 0, 3, 0xa5) && image_is(d, 3, 2, 0x31) && image_is(d, 5, 9, 0xa5));
	disk_header(d, VMMIO_BLK_T_IN, 4);
	ck_assert_int_eq(disk_send(d, &cut, &len), OK);
	ck_assert_uint_eq(len, 1025); /* HD-28 */
	ck_assert(buffer_is(d->in.host, 512, 0x31));
	ck_assert(buffer_is((uint8_t *)d->in.host + 512, 512, 0xa5));
	ck_assert(buffer_is((uint8_t *)d->in.host + 1025, 512, 0xee));
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_FLUSH, 0, 0), OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, DISK_SECTORS - 1, 512), OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 0), OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, 0), OK);
	vmmio_blk_counters(d->blk, &count);
	ck_assert_uint_eq(count.reads, 3);
	ck_assert_uint_eq(count.writes, 2);
	ck_assert_uint_eq(count.flushes, 1);
	ck_assert_uint_eq(count.bytes_read, 1536);
	ck_assert_uint_eq(count.bytes_written, 1024);
	ck_assert_uint_eq(count.errors + count.unsupported + count.cancelled, 0);
	ck_assert_uint_eq(count.in_flight, 0);
	disk_free(d);
}
END_TEST

START_TEST(blk_dev_60_get_id)
{
	struct disk_options o = {.variant = _i, .blk = {.serial = "serial-of-20-letters"}};
	struct disk *d = disk_run(&o);
	struct disk_cut cut = {.out = {16}, .in = {20, 1}};
	uint32_t len;

	disk_header(d, VMMIO_BLK_T_GET_ID, 0);
	ck_assert_int_eq(disk_send(d, &cut, &len), OK);
	ck_assert_uint_eq(len, 21);
	ck_assert_mem_eq(d->in.host, "serial-of-20-letters", 20);
	cut.in[0] = 6; /* what fits */
	ck_assert_int_eq(disk_send(d, &cut, &len), OK);
	ck_assert_uint_eq(len, 7);
	ck_assert_mem_eq(d->in.host, "serial", 6);
	cut.in[0] = 512;
	ck_assert_int_eq(disk_send(d, &cut, &len), OK);
	ck_assert_uint_eq(len, 20);
	ck_assert(buffer_is((uint8_t *)d->in.host + 20, 492, 0xee));
	disk_free(d);
}
END_TEST

START_TEST(hd17_boundaries_do_not_matter)
{
	struct disk *d = plain_disk(_i);
	struct disk_cut cut;

	for (unsigned pieces = 1; pieces <= 16; pieces++) {
		cut = (struct disk_cut){.in = {1}};
		for (unsigned i = 0; i < pieces; i++)
			cut.out[i] = i + 1 < pieces ? 1 : 17 - pieces;
		cut.out[pieces] = 512;
		memset(out_data(d), (int)pieces, 512);
		disk_header(d, VMMIO_BLK_T_OUT, pieces);
		ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
		ck_assert(image_is(d, pieces, 1, (int)pieces));
	}
	/* Header and data in one piece, or cut inside both. */
	memset(out_data(d), 0x41, 1024);
	disk_header(d, VMMIO_BLK_T_OUT, 20);
	cut = (struct disk_cut){.out = {16 + 1024}, .in = {1}};
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	disk_header(d, VMMIO_BLK_T_OUT, 22);
	cut = (struct disk_cut){.out = {7, 100, 1, 900, 16 + 1024 - 1008}, .in = {1}};
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	ck_assert(image_is(d, 20, 4, 0x41) && image_is(d, 24, 1, 0xa5));
	/* Data and status in one piece, or data in many. */
	disk_header(d, VMMIO_BLK_T_IN, 20);
	cut = (struct disk_cut){.out = {16}, .in = {1025}};
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	ck_assert(buffer_is(d->in.host, 1024, 0x41));
	cut = (struct disk_cut){.out = {16}, .in = {3, 5, 7, 9, 11, 13, 976, 1}};
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	ck_assert(buffer_is(d->in.host, 1024, 0x41));
	cut = (struct disk_cut){.out = {16}, .in = {3, 5, 7, 9, 11, 13, 977}};
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	ck_assert(buffer_is(d->in.host, 1024, 0x41));
	disk_free(d);
}
END_TEST

static int send_segments(struct disk *d, uint32_t type, const struct vmmio_blk_segment *s, unsigned n)
{
	memcpy(out_data(d), s, n * sizeof(*s));
	return disk_do(d, type, 0, n * (uint32_t)sizeof(*s));
}

START_TEST(blk_dev_26_write_zeroes_and_discard)
{
	struct disk *d = plain_disk(_i);
	struct vmmio_blk_segment s[2];

	for (uint32_t unmap = 0; unmap < 2; unmap++) {
		uint64_t at = 10 + unmap * 40;

		s[0] = disk_segment(at, 16, unmap);
		s[1] = disk_segment(at + 20, 3, unmap);
		ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_WRITE_ZEROES, s, 2), OK);
		ck_assert(image_is(d, at - 1, 1, 0xa5) && image_is(d, at, 16, 0));
		ck_assert(image_is(d, at + 16, 4, 0xa5) && image_is(d, at + 20, 3, 0));
		ck_assert(image_is(d, at + 23, 1, 0xa5));
	}
	s[0] = disk_segment(100, 8, 0);
	ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_DISCARD, s, 1), OK);
	ck_assert(image_is(d, 99, 1, 0xa5) && image_is(d, 108, 1, 0xa5));
	disk_free(d);
}
END_TEST

/* --- What a driver can get wrong ------------------------------------------------------------- */

START_TEST(hd18_lengths)
{
	static const uint32_t lengths[] = {1, 511, 513, 1023};
	struct disk *d = plain_disk(_i);

	memset(out_data(d), 0x66, 4096);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, lengths[i]), IOERR);
		ck_assert(buffer_is(d->in.host, lengths[i], 0xee));
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, lengths[i]), IOERR);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_DISCARD, 0, lengths[i]), IOERR);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_WRITE_ZEROES, 0, lengths[i]), IOERR);
	}
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_DISCARD, 0, 0), IOERR);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_DISCARD, 0, 9 * 16), IOERR);
	ck_assert(image_is(d, 0, DISK_SECTORS, 0xa5));
	disk_free(d);
}
END_TEST

START_TEST(hd19_sectors)
{
	static const uint64_t bad[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 55,
		(UINT64_C(1) << 55) - 1, UINT64_C(1) << 63, DISK_SECTORS, DISK_SECTORS - 1};
	static const uint32_t counts[] = {0, UINT32_MAX, 0x400000, DISK_SECTORS + 1};
	struct disk *d = plain_disk(_i);
	struct vmmio_blk_segment s;

	for (unsigned i = 0; i < 7; i++) {
		memset(out_data(d), 0x66, 1024);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, bad[i], 1024), IOERR);
		ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, bad[i], 1024), IOERR);
		s = disk_segment(bad[i], 2, 0);
		ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_WRITE_ZEROES, &s, 1), IOERR);
		ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_DISCARD, &s, 1), IOERR);
	}
	for (unsigned i = 0; i < 4; i++) {
		s = disk_segment(0, counts[i], 0);
		ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_WRITE_ZEROES, &s, 1), IOERR);
	}
	ck_assert(image_is(d, 0, DISK_SECTORS, 0xa5));
	disk_free(d);
}
END_TEST

START_TEST(blk_dev_22_23_flags)
{
	struct disk *d = plain_disk(_i);
	struct vmmio_blk_segment s[2] = {disk_segment(0, 8, 0)};

	for (unsigned bit = 0; bit < 32; bit++) {
		s[1] = disk_segment(8, 8, 1u << bit);
		ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_DISCARD, s, 2), UNSUPP);
		if (bit)
			ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_WRITE_ZEROES, s, 2), UNSUPP);
	}
	/* The first segment was good and was not acted on. */
	ck_assert(image_is(d, 0, 8, 0xa5));
	disk_free(d);
}
END_TEST

START_TEST(odd_requests)
{
	static const uint32_t types[] = {2, 3, 5, 9, 10, 14, 15, 16, 18, 20, 22, 24, 26, 0x80000000};
	struct disk *d = plain_disk(_i);
	struct disk_cut cut = {.out = {16, 512}, .in = {512, 1}};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++) /* BLK-DEV-35, 58 */
		ck_assert_int_eq(disk_do(d, types[i], 0, 512), UNSUPP);
	disk_header(d, VMMIO_BLK_T_IN, 0);
	ck_assert_int_eq(disk_send(d, &cut, NULL), IOERR); /* data in both directions */
	disk_header(d, VMMIO_BLK_T_OUT, 0);
	ck_assert_int_eq(disk_send(d, &cut, NULL), IOERR);
	disk_header(d, VMMIO_BLK_T_FLUSH, 7);
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	for (uint32_t n = 1; n < 16; n++) { /* HD-17: a short header */
		cut = (struct disk_cut){.out = {n}, .in = {1}};
		ck_assert_int_eq(disk_send(d, &cut, NULL), IOERR);
	}
	cut = (struct disk_cut){.in = {513}};
	ck_assert_int_eq(disk_send(d, &cut, NULL), IOERR);
	ck_assert(buffer_is(d->in.host, 512, 0xee));
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), OK); /* and it works on */
	disk_free(d);
}
END_TEST

START_TEST(hd17_no_status_byte)
{
	struct disk *d = plain_disk(_i);
	struct disk_cut cut = {.out = {16}};

	fixture_expect_log("no writable byte");
	disk_header(d, VMMIO_BLK_T_FLUSH, 0);
	ck_assert_int_ge(disk_add(d, &cut), 0);
	while (!(vmmio_driver_status(d->driver) & VMMIO_STATUS_NEEDS_RESET))
		usleep(20);
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	disk_start(d);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), OK);
	disk_free(d);
}
END_TEST

START_TEST(blk_dev_20_21_read_only)
{
	struct disk_options o = {.variant = _i, .blk = {.read_only = true}};
	struct disk *d = disk_run(&o);
	struct vmmio_blk_segment s = disk_segment(0, 8, 0);

	ck_assert(vmmio_driver_has(d->driver, VMMIO_BLK_F_RO));
	ck_assert(!(vmmio_driver_offered(d->driver, 0) & VMMIO_FEATURE(VMMIO_BLK_F_DISCARD)));
	memset(out_data(d), 0x66, 512);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, 512), IOERR);
	ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_WRITE_ZEROES, &s, 1), IOERR);
	ck_assert_int_eq(send_segments(d, VMMIO_BLK_T_DISCARD, &s, 1), IOERR);
	ck_assert(image_is(d, 0, 8, 0xa5));
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 0, 512), OK);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_FLUSH, 0, 0), OK);
	disk_free(d);
}
END_TEST

/* --- Load, queues, alignment -------------------------------------------------------------------- */

/* Sends a read of one sector into a slot of the buffer that is not in use. */
static bool send_somewhere(struct disk *d, unsigned queue, bool busy[64])
{
	struct disk_cut cut = {.out = {16}, .in = {512, 1}, .queue = queue};

	for (unsigned slot = 0; slot < 64; slot++) {
		if (busy[slot])
			continue;
		cut.in_at = slot * 1024;
		cut.cookie = &busy[slot];
		busy[slot] = disk_add(d, &cut) >= 0;
		return busy[slot];
	}
	return false;
}

static unsigned take_used(struct disk *d, unsigned queue)
{
	struct vmmio_driver_used used;
	unsigned n = 0;

	while (vmmio_driver_queue_poll(vmmio_driver_queue(d->driver, queue), &used) == 1) {
		*(bool *)used.cookie = false;
		n += used.len == 513;
	}
	return n;
}

START_TEST(many_requests_on_several_queues)
{
	struct disk_options o = {.variant = _i, .blk = {.n_queues = 3}};
	struct disk *d = disk_run(&o);
	unsigned sent = 0, got = 0;
	bool busy[64] = {false};

	disk_header(d, VMMIO_BLK_T_IN, 7);
	while (got < 3000) {
		bool full = sent == 3000 || !send_somewhere(d, sent % 3, busy);

		sent += !full;
		for (unsigned q = 0; q < 3; q++)
			got += take_used(d, q);
		if (full)
			usleep(10);
	}
	disk_free(d);
}
END_TEST

/* A request of the test's own, which ends last in the engine's batch. */
struct probe {
	struct vmmio_io_request io;
	struct disk *disk;
	uint64_t completions; /* of the device, as its done sees them */
};

static void look(struct vmmio_io_request *io)
{
	struct probe *probe = (struct probe *)io;
	struct vmmio_device_counters counters;

	vmmio_device_counters(probe->disk->dev, &counters);
	probe->completions = counters.completions;
}

START_TEST(one_batch_of_the_engine_is_one_batch_of_the_ring)
{
	struct disk_options o = {.variant = _i, .form = VMMIO_IO_MANUAL};
	struct disk *d = disk_run(&o);
	struct probe probe = {.io = {.op = VMMIO_IO_DATASYNC, .fd = d->image, .done = look},
		.disk = d};
	struct vmmio_io_request *last = &probe.io;
	bool busy[64] = {false};
	unsigned sent = 0, got;

	disk_header(d, VMMIO_BLK_T_IN, 7);
	while (sent < 40 && send_somewhere(d, 0, busy))
		sent++;
	ck_assert_uint_ge(sent, 16);
	while (vmmio_io_pending(d->io) < sent)
		sched_yield();
	vmmio_io_submit(d->io, &last, 1);
	ck_assert_int_eq(vmmio_io_run(d->io, 0), (int)sent + 1);
	/* All but a full batch have waited; with the run they are all in the ring. */
	ck_assert_uint_eq(probe.completions, sent < 32 ? 0 : 31);
	got = take_used(d, 0);
	ck_assert_uint_eq(got, sent);
	disk_free(d);
}
END_TEST

START_TEST(direct_bounces_unaligned_buffers)
{
	struct disk_options o = {.variant = _i, .blk = {.direct = true, .block_size = 4096}};
	struct disk *d = disk_run(&o);
	struct disk_cut cut = {.out = {16, 65536}, .in = {1}};

	for (unsigned i = 0; i < 65536; i++)
		out_data(d)[i] = (uint8_t)(i * 7 + i / 4096);
	disk_header(d, VMMIO_BLK_T_OUT, 8);
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	disk_header(d, VMMIO_BLK_T_IN, 8);
	cut = (struct disk_cut){.out = {16}, .in = {65536, 1}}; /* aligned */
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	ck_assert_mem_eq(d->in.host, out_data(d), 65536);
	cut = (struct disk_cut){.out = {16}, .in = {1, 4095, 61440 + 1}};
	ck_assert_int_eq(disk_send(d, &cut, NULL), OK);
	ck_assert_mem_eq(d->in.host, out_data(d), 65536);
	disk_free(d);
}
END_TEST

/* --- The store fails ------------------------------------------------------------------------------ */

START_TEST(f33_truncated_image)
{
	struct disk *d = plain_disk(_i);

	fixture_expect_log("the guest gets IOERR");
	ck_assert_int_eq(ftruncate(d->image, 512 * 10 + 100), 0);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 20, 512), IOERR);
	ck_assert(buffer_is(d->in.host, 512, 0xee));
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 9, 1024), IOERR);
	ck_assert(buffer_is((uint8_t *)d->in.host + 612, 412, 0xee));
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 9, 512), OK);
	disk_free(d);
}
END_TEST

START_TEST(f34_no_space)
{
	char dir[] = "/tmp/vmmio-tmpfs-XXXXXX";
	struct disk_options o = {.variant = _i, .dir = dir};
	struct disk *d;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		mount("tmpfs", dir, "tmpfs", 0, "size=160k")) {
		fixture_skip("mount is not permitted");
		rmdir(dir);
		return;
	}
	fixture_expect_log("the guest gets IOERR");
	d = disk_run(&o);
	ck_assert_int_eq(ftruncate(d->image, 1 << 20), 0);
	ck_assert_int_eq(vmmio_blk_resize(d->blk), 0);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 1024, 65536), IOERR);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, 4096), OK);
	disk_free(d);
	umount(dir);
	rmdir(dir);
}
END_TEST

/* --- Durability ------------------------------------------------------------------------------------- */

/* The plain engine's calls, in order: w, s. */
static char trace[64];
static atomic_uint traced;

static void note(char c)
{
	unsigned at = atomic_fetch_add(&traced, 1);

	if (at < sizeof(trace))
		trace[at] = c;
}

ssize_t pwritev2(int fd, const struct iovec *iov, int n, off_t offset, int flags)
{
	note('w');
	return syscall(SYS_pwritev2, fd, iov, n, offset, 0, flags);
}

int fdatasync(int fd)
{
	note('s');
	return (int)syscall(SYS_fdatasync, fd);
}

static const char *traced_so_far(void)
{
	static char copy[sizeof(trace) + 1];

	memcpy(copy, trace, sizeof(trace));
	memset(trace, 0, sizeof(trace));
	atomic_store(&traced, 0);
	return copy;
}

#define BASE (VMMIO_FEATURE(VMMIO_F_VERSION_1))
#define FLUSH VMMIO_FEATURE(VMMIO_BLK_F_FLUSH)
#define WCE VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE)

static const struct {
	uint64_t features;
	bool write_through;
	const char *after_write;
	unsigned writeback; /* what config space says, if WCE */
} modes[] = {
	{BASE, false, "ws", 0},
	{BASE | FLUSH, false, "w", 0},
	{BASE | FLUSH, true, "ws", 0},
	{BASE | FLUSH | WCE, false, "w", 1},
	{BASE | FLUSH | WCE, true, "ws", 0},
	{BASE | WCE, false, "ws", 0}, /* BLK-DEV-03 */
};

START_TEST(blk_dev_30_durability)
{
	struct disk_options o = {.variant = 5, .features = modes[_i].features,
		.blk = {.write_through = modes[_i].write_through}};
	struct disk *d = disk_run(&o);
	uint64_t value;

	traced_so_far();
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, 512), OK);
	ck_assert_str_eq(traced_so_far(), modes[_i].after_write);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_FLUSH, 0, 0), OK);
	ck_assert_str_eq(traced_so_far(), "s");
	if (modes[_i].features & WCE) {
		ck_assert_int_eq(vmmio_driver_config_read(d->driver, 32, 1, &value), 0);
		ck_assert_uint_eq(value, modes[_i].writeback);
		for (unsigned mode = 0; mode < 2; mode++) {
			ck_assert_int_eq(vmmio_driver_config_write(d->driver, 32, 1, mode), 0);
			ck_assert_int_eq(vmmio_driver_config_read(d->driver, 32, 1, &value), 0);
			ck_assert_uint_eq(value, mode);
			ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_OUT, 0, 512), OK);
			ck_assert_str_eq(traced_so_far(), mode ? "w" : "ws");
		}
		ck_assert_int_eq(vmmio_driver_config_write(d->driver, 32, 1, 2), 0);
		ck_assert_int_eq(vmmio_driver_config_read(d->driver, 32, 1, &value), 0);
		ck_assert_uint_eq(value, 1);
		/* A reset undoes the switch. */
		ck_assert_int_eq(vmmio_driver_config_write(
					 d->driver, 32, 1, modes[_i].write_through), 0);
		ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
		disk_start(d);
		ck_assert_int_eq(vmmio_driver_config_read(d->driver, 32, 1, &value), 0);
		ck_assert_uint_eq(value, modes[_i].writeback);
	}
	disk_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blk");
	TCase *tc = fixture_tcase(s, "requests");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, blk_dev_59_moves_sectors, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, blk_dev_60_get_id, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, hd17_boundaries_do_not_matter, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, blk_dev_26_write_zeroes_and_discard, 0, DISK_VARIANTS);
	tc = fixture_tcase(s, "errors");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, hd18_lengths, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, hd19_sectors, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, blk_dev_22_23_flags, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, odd_requests, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, hd17_no_status_byte, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, blk_dev_20_21_read_only, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, f33_truncated_image, 0, DISK_VARIANTS);
	tcase_add_loop_test(tc, f34_no_space, 0, DISK_VARIANTS);
	tc = fixture_tcase(s, "load");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, many_requests_on_several_queues, 0, DISK_VARIANTS);
	/* Not pinned memory goes another way, by a task. */
	tcase_add_loop_test(
		tc, one_batch_of_the_engine_is_one_batch_of_the_ring, 0, DISK_VARIANTS / 2);
	tcase_add_loop_test(tc, direct_bounces_unaligned_buffers, 0, DISK_VARIANTS);
	tc = fixture_tcase(s, "cache");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, blk_dev_30_durability, 0, sizeof(modes) / sizeof(modes[0]));
	return fixture_main(s);
}
