/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The block backend's image and what it offers: good and bad options, the lock, config
 * space, a new size.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmmio/observer.h>

#include "integration/blk_rig.h"

static char dir[] = "/tmp/vmmio-img-XXXXXX";
static char path[64];
static struct vmmio_io *io;

/* An image of so many bytes, and options for it. */
static struct vmmio_blk_options setup(off_t size)
{
	struct vmmio_io_options o = {.size = sizeof(o), .engine = VMMIO_IO_PLAIN};
	struct vmmio_blk_options options = {.size = sizeof(options), .path = path,
		.log = fixture_log()};
	int fd;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/image", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	close(fd);
	ck_assert_int_eq(vmmio_io_create(&o, &io), 0);
	options.io = io;
	return options;
}

static void teardown(void)
{
	ck_assert_int_eq(vmmio_io_destroy(io), 0);
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0); /* nothing was created */
}

/* Refused with err and one line that holds both texts. */
static void refused(const struct vmmio_blk_options *o, int err, const char *value, const char *remedy)
{
	struct vmmio_blk *blk = (struct vmmio_blk *)path;
	unsigned before = fixture_logged("");

	fixture_expect_log(remedy);
	ck_assert_int_eq(vmmio_blk_create(o, &blk), err);
	ck_assert_ptr_eq(blk, (void *)path);
	ck_assert_uint_eq(fixture_logged(""), before + 1);
	ck_assert_uint_ge(fixture_logged(value), 1);
	ck_assert_uint_ge(fixture_logged(remedy), 1);
}

START_TEST(bad_images)
{
	struct vmmio_blk_options o = setup(1 << 20);
	char fifo[80];
	int fd;

	snprintf(fifo, sizeof(fifo), "%s/fifo", dir);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	o.path = "/tmp/vmmio-no-such-image";
	refused(&o, -ENOENT, "vmmio-no-such-image", "create the image first");
	ck_assert_int_ne(access(o.path, F_OK), 0);
	o.path = dir;
	refused(&o, -EISDIR, dir, "name the image file in it");
	o.read_only = true;
	refused(&o, -EISDIR, dir, "name the image file in it");
	o.path = fifo;
	refused(&o, -ENOTBLK, fifo, "give a raw image or a block device");
	o.read_only = false;
	o.path = "/dev/null";
	refused(&o, -ENOTBLK, "/dev/null", "give a raw image or a block device");
	o.path = path;
	ck_assert_int_eq(truncate(path, 1000), 0);
	refused(&o, -EINVAL, "1000 bytes", "truncate -s");
	ck_assert_int_eq(truncate(path, 512 * 9), 0);
	o.block_size = 4096;
	refused(&o, -EINVAL, "4608 bytes", "truncate -s");
	o.block_size = 0;
	o.path = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	o.fd = fd;
	refused(&o, -EACCES, "descriptor", "or set read_only");
	o.read_only = o.direct = true;
	refused(&o, -EINVAL, "no O_DIRECT", "open it with O_DIRECT");
	o.fd = 999;
	refused(&o, -EBADF, "descriptor 999", "give a path or an open fd");
	close(fd);
	unlink(fifo);
	teardown();
}
END_TEST

START_TEST(unreadable_image)
{
	struct vmmio_blk_options o = setup(1 << 20);

	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert_int_eq(chmod(dir, 0755), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	refused(&o, -EACCES, path, "grant access");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	teardown();
}
END_TEST

START_TEST(direct_refused)
{
	struct vmmio_blk_options o = setup(1 << 20);

	/* A file system that knows no O_DIRECT. */
	o.path = "/proc/version";
	o.read_only = o.direct = true;
	refused(&o, -ENOTSUP, "/proc/version", "switch direct off");
	teardown();
}
END_TEST

START_TEST(bad_options)
{
	struct vmmio_blk_options good = setup(1 << 20), o;

#define BAD(field, value, text) \
	(o = good, o.field = value, refused(&o, -EINVAL, #field " is ", text))
	BAD(size, 0, "sizeof(struct vmmio_blk_options)");
	BAD(io, NULL, "vmmio_io_create");
	BAD(n_queues, 65, "at most 64");
	BAD(queue_size, 32769, "at most 32768");
	BAD(seg_max, 1025, "at most 1024");
	BAD(block_size, 256, "a power of two");
	BAD(block_size, 131072, "a power of two");
	BAD(block_size, 1536, "a power of two");
	BAD(physical_block_size, 256, "at least block_size");
	BAD(min_io_size, 100, "a multiple of block_size");
	BAD(opt_io_size, 100, "a multiple of block_size");
	o = good, o.serial = "a serial of 21 letter";
	refused(&o, -EINVAL, "length of serial is 21", "at most 20 bytes");
	o = good, o.path = NULL, o.fd = -1;
	refused(&o, -EINVAL, "path is", "an open descriptor");
	teardown();
}
END_TEST

START_TEST(f31_failing_allocations)
{
	struct vmmio_blk_options o = setup(1 << 20);
	int err = -ENOMEM;

	for (unsigned n = 1; err; n++) {
		struct vmmio_blk *blk = NULL;

		ck_assert_uint_lt(n, 20);
		fixture_fail_alloc(n, false);
		err = vmmio_blk_create(&o, &blk);
		fixture_fail_alloc(0, false);
		ck_assert(err == 0 || err == -ENOMEM);
		ck_assert_int_eq(vmmio_blk_destroy(blk), 0);
	}
	teardown();
}
END_TEST

/* --- The lock ------------------------------------------------------------------------- */

/* What a second process gets. */
static int second_opener(const struct vmmio_blk_options *options, bool read_only)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		struct vmmio_blk_options o = *options;
		struct vmmio_blk *blk;

		o.read_only = read_only;
		o.log = (struct vmmio_log){0};
		_exit(-vmmio_blk_create(&o, &blk));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

START_TEST(second_writer_is_kept_out)
{
	struct vmmio_blk_options o = setup(1 << 20);
	struct vmmio_blk *blk, *other;

	ck_assert_int_eq(vmmio_blk_create(&o, &blk), 0);
	ck_assert_int_eq(second_opener(&o, false), -EAGAIN);
	ck_assert_int_eq(second_opener(&o, true), -EAGAIN);
	refused(&o, -EAGAIN, path, "stop whoever uses it"); /* in this process too */
	o.no_lock = true;
	ck_assert_int_eq(second_opener(&o, false), 0);
	o.no_lock = false;
	ck_assert_int_eq(vmmio_blk_destroy(blk), 0);
	o.read_only = true;
	ck_assert_int_eq(vmmio_blk_create(&o, &blk), 0);
	ck_assert_int_eq(vmmio_blk_create(&o, &other), 0);
	ck_assert_int_eq(second_opener(&o, true), 0);
	ck_assert_int_eq(second_opener(&o, false), -EAGAIN);
	ck_assert_int_eq(vmmio_blk_destroy(other), 0);
	ck_assert_int_eq(vmmio_blk_destroy(blk), 0);
	teardown();
}
END_TEST

START_TEST(descriptor_stays_the_callers)
{
	struct vmmio_blk_options o = setup(1 << 20);
	struct vmmio_blk *blk;
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char byte;

	o.path = NULL;
	refused(&o, -EINVAL, "descriptor 0", "another descriptor"); /* fd was forgotten */
	o.fd = fd;
	ck_assert_int_eq(vmmio_blk_create(&o, &blk), 0);
	ck_assert_int_eq(vmmio_io_destroy(io), -EBUSY); /* the disk has not even started */
	refused(&o, -EAGAIN, "descriptor", "stop whoever uses it"); /* one image, one writer */
	ck_assert_int_eq(vmmio_blk_destroy(blk), 0);
	ck_assert_int_eq(read(fd, &byte, 1), 1);
	o.path = path; /* and the lock is gone, though fd is open */
	ck_assert_int_eq(second_opener(&o, false), 0);
	close(fd);
	ck_assert_int_eq(vmmio_blk_destroy(NULL), 0);
	teardown();
}
END_TEST

/* --- What is offered --------------------------------------------------------------------- */

static uint64_t config(struct disk *d, uint32_t offset, uint32_t size)
{
	uint64_t value;

	ck_assert_int_eq(vmmio_driver_config_read(d->driver, offset, size, &value), 0);
	return value;
}

START_TEST(config_space)
{
	struct disk_options o = {.variant = _i,
		.blk = {.n_queues = 2,
			.block_size = 4096,
			.physical_block_size = 16384,
			.min_io_size = 8192,
			.opt_io_size = 65536,
			.seg_max = 30}};
	struct disk *d = disk_run(&o);

	ck_assert_uint_eq(config(d, 0, 8), DISK_SECTORS);
	ck_assert_uint_eq(config(d, 12, 4), 30);
	ck_assert_uint_eq(config(d, 20, 4), 4096);
	ck_assert_uint_eq(config(d, 24, 1), 2);
	ck_assert_uint_eq(config(d, 25, 1), 0);
	ck_assert_uint_eq(config(d, 26, 2), 2);
	ck_assert_uint_eq(config(d, 28, 4), 16);
	ck_assert_uint_eq(config(d, 32, 1), 1);
	ck_assert_uint_eq(config(d, 33, 1), 0); /* BLK-DEV-04 */
	ck_assert_uint_eq(config(d, 34, 2), 2);
	ck_assert_uint_gt(config(d, 36, 4), 0);
	ck_assert_uint_gt(config(d, 40, 4), 0);
	ck_assert_uint_eq(config(d, 44, 4), 8);
	ck_assert_uint_gt(config(d, 48, 4), 0);
	ck_assert_uint_gt(config(d, 52, 4), 0);
	ck_assert_uint_eq(config(d, 56, 1), 1); /* BLK-DEV-27 */
	for (uint32_t i = 57; i < 60; i++)
		ck_assert_uint_eq(config(d, i, 1), 0);
	ck_assert(vmmio_driver_has(d->driver, VMMIO_BLK_F_MQ));
	ck_assert(vmmio_driver_has(d->driver, VMMIO_BLK_F_FLUSH)); /* BLK-DEV-01 */
	disk_free(d);
}
END_TEST

START_TEST(features_off)
{
	struct disk_options o = {.variant = _i};
	struct disk *d;

	o.blk.features_off[0] = VMMIO_FEATURE(VMMIO_BLK_F_FLUSH) | VMMIO_FEATURE(VMMIO_BLK_F_DISCARD);
	d = disk_run(&o);
	ck_assert(!vmmio_driver_has(d->driver, VMMIO_BLK_F_FLUSH));
	ck_assert(!vmmio_driver_has(d->driver, VMMIO_BLK_F_CONFIG_WCE)); /* BLK-DEV-02 */
	memcpy((uint8_t *)d->out.host + 16, &(struct vmmio_blk_segment){0, vmmio_le32(8), 0}, 16);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_DISCARD, 0, 16), VMMIO_BLK_S_UNSUPP);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_WRITE_ZEROES, 0, 16), VMMIO_BLK_S_OK);
	disk_free(d);
}
END_TEST

/* --- A new size ------------------------------------------------------------------------------ */

START_TEST(blk_dev_19_resize)
{
	struct disk_options o = {.variant = _i};
	struct disk *d = disk_run(&o);

	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, DISK_SECTORS, 512), VMMIO_BLK_S_IOERR);
	vmmio_driver_interrupt_ack(d->driver, VMMIO_INT_ALL);
	ck_assert_int_eq(ftruncate(d->image, 2 * DISK_SECTORS * 512), 0);
	ck_assert_int_eq(vmmio_blk_resize(d->blk), 0);
	ck_assert(vmmio_driver_interrupt_status(d->driver) & VMMIO_INT_CONFIG_CHANGE);
	while (!atomic_load(&d->line)) /* another thread may be the one to raise it */
		usleep(20);
	ck_assert_uint_eq(config(d, 0, 8), 2 * DISK_SECTORS);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, DISK_SECTORS, 512), VMMIO_BLK_S_OK);
	ck_assert_int_eq(ftruncate(d->image, 512), 0);
	ck_assert_int_eq(vmmio_blk_resize(d->blk), 0);
	ck_assert_int_eq(disk_do(d, VMMIO_BLK_T_IN, 1, 512), VMMIO_BLK_S_IOERR);
	fixture_expect_log("not a multiple");
	ck_assert_int_eq(ftruncate(d->image, 1025), 0);
	ck_assert_int_eq(vmmio_blk_resize(d->blk), -EINVAL);
	ck_assert_uint_eq(config(d, 0, 8), 1);
	/* It is not the driver's to undo. */
	ck_assert_int_eq(vmmio_driver_reset(d->driver, VMMIO_DRIVER_FOREVER), 0);
	ck_assert_uint_eq(config(d, 0, 8), 1);
	disk_free(d);
}
END_TEST

static int resize_in_attach(void *ctx, struct vmmio_device *device)
{
	(void)device;
	ck_assert_int_eq(truncate(path, 7 * 512), 0);
	ck_assert_int_eq(vmmio_blk_resize(ctx), 0);
	return 0;
}

/* Also while its device is being created, which has copied the config bytes by then. */
START_TEST(resize_without_device)
{
	const struct vmmio_observer_ops ops = {.size = sizeof(ops), .attach = resize_in_attach};
	struct vmmio_blk_options o = setup(1 << 20);
	struct vmmio_device_options options = {.size = sizeof(options), .log = fixture_log()};
	struct vmmio_observer observer = {.ops = &ops};
	struct vmmio_device *device;
	struct vmmio_blk *blk;

	ck_assert_int_eq(vmmio_memory_create(NULL, &options.memory), 0);
	ck_assert_int_eq(vmmio_manual_create(&options.executor), 0);
	ck_assert_int_eq(vmmio_blk_create(&o, &blk), 0);
	ck_assert_int_eq(truncate(path, 5 * 512), 0);
	ck_assert_int_eq(vmmio_blk_resize(blk), 0);
	options.backend = vmmio_blk_backend(blk);
	observer.ctx = blk;
	for (unsigned i = 0; i < 2; i++) {
		options.observers = i ? &observer : NULL;
		options.n_observers = i;
		ck_assert_int_eq(vmmio_device_create(&options, &device), 0);
		ck_assert_uint_eq(vmmio_device_read(device, VMMIO_REG_CONFIG, 4), i ? 7 : 5);
		ck_assert_int_eq(vmmio_device_destroy(device, NULL, NULL), 0);
		vmmio_manual_run(options.executor, 1000);
	}
	ck_assert_int_eq(vmmio_blk_destroy(blk), 0);
	ck_assert_int_eq(vmmio_executor_destroy(options.executor), 0);
	ck_assert_int_eq(vmmio_memory_destroy(options.memory), 0);
	teardown();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blk_image");
	TCase *tc = fixture_tcase(s, "image");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, bad_images);
	tcase_add_test(tc, unreadable_image);
	tcase_add_test(tc, direct_refused);
	tcase_add_test(tc, bad_options);
	tcase_add_test(tc, f31_failing_allocations);
	tcase_add_test(tc, second_writer_is_kept_out);
	tcase_add_test(tc, descriptor_stays_the_callers);
	tc = fixture_tcase(s, "config");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, config_space, 0, 4);
	tcase_add_loop_test(tc, features_off, 0, 4);
	tcase_add_loop_test(tc, blk_dev_19_resize, 0, DISK_VARIANTS);
	tcase_add_test(tc, resize_without_device);
	return fixture_main(s);
}
