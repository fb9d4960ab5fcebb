/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making the inproc target's device, and making it anew: device, backend and image. Memory,
 * executor and I/O engine stay, so the clock goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/inproc_internal.h"

#define GROWTH 65536u /* of the image, each time it is resized */

static void keep_error(void *ctx, enum vmmio_log_level level, const char *line)
{
	struct inproc *p = ctx;

	if (level == VMMIO_LOG_ERROR)
		snprintf(p->problem, sizeof(p->problem), "%s", line);
}

static struct vmmio_log error_log(struct inproc *p)
{
	return (struct vmmio_log){keep_error, p};
}

/* --- The image ------------------------------------------------------------------------- */

/* From a pattern that is there: a restart has to be quick. */
static int fill_image(struct inproc *p)
{
	ssize_t n = pwrite(p->image, p->pattern, INPROC_IMAGE_SIZE, 0);

	return n == INPROC_IMAGE_SIZE ? 0 : -EIO;
}

static int set_image_size(struct inproc *p, uint64_t size)
{
	if (size != p->image_size && ftruncate(p->image, (off_t)size) < 0)
		return -errno;
	p->image_size = size;
	return 0;
}

static int create_image(struct inproc *p)
{
	int err;

	p->pattern = malloc(INPROC_IMAGE_SIZE);
	if (!p->pattern)
		return -ENOMEM;
	for (uint64_t i = 0; i < INPROC_IMAGE_SIZE / sizeof(p->pattern[0]); i++)
		p->pattern[i] = vmmio_le64(i * UINT64_C(0x9e3779b97f4a7c15));
	p->image = memfd_create("vmmio-conform", MFD_CLOEXEC);
	if (p->image < 0)
		return -errno;
	err = set_image_size(p, INPROC_IMAGE_SIZE);
	return err ? err : fill_image(p);
}

static bool was_written(const struct inproc *p)
{
	struct vmmio_blk_counters count;

	vmmio_blk_counters(p->blk, &count);
	return count.writes || count.discards || count.write_zeroes;
}

int inproc_resize(struct inproc *p)
{
	int err = set_image_size(p, p->image_size + GROWTH);

	return err ? err : vmmio_blk_resize(p->blk);
}

/* --- Device and backend ----------------------------------------------------------------- */

static int create_backend(struct inproc *p)
{
	uint64_t off = p->packed ? 0 : VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	struct vmmio_blk_options blk = {.size = sizeof(blk), .fd = p->image, .no_lock = true,
		.n_queues = INPROC_BLK_QUEUES, .queue_size = INPROC_BLK_QUEUE_SIZE, .io = p->io,
		.features_off = {off}, .log = error_log(p)};
	struct vmmio_null_options null = {.size = sizeof(null), .n_queues = INPROC_NULL_QUEUES,
		.queue_size = INPROC_NULL_QUEUE_SIZE, .config_size = INPROC_NULL_CONFIG,
		.features = {VMMIO_TRANSPORT_FEATURES_0 & ~off}};
	struct vmmio_rng_options rng = {
		.size = sizeof(rng), .features_off = {off}, .log = error_log(p)};
	int err;

	if (p->kind == INPROC_NULL) {
		err = vmmio_null_create(&null, &p->null_backend);
		p->inner = err ? NULL : vmmio_null_backend(p->null_backend);
	} else if (p->kind == INPROC_RNG) {
		err = vmmio_rng_create(&rng, &p->rng);
		p->inner = err ? NULL : vmmio_rng_backend(p->rng);
	} else {
		err = vmmio_blk_create(&blk, &p->blk);
		p->inner = err ? NULL : vmmio_blk_backend(p->blk);
	}
	if (!err)
		inproc_wrap(p);
	return err;
}

static void destroy_backend(struct inproc *p)
{
	(void)vmmio_blk_destroy(p->blk);
	(void)vmmio_null_destroy(p->null_backend);
	(void)vmmio_rng_destroy(p->rng);
	p->blk = NULL;
	p->rng = NULL;
	p->null_backend = NULL;
}

static void set_line(void *ctx, bool high)
{
	((struct inproc *)ctx)->line = high;
}

static int create_device(struct inproc *p)
{
	struct vmmio_device_options options = {.size = sizeof(options), .name = "inproc",
		.version = p->version, .backend = &p->backend, .memory = p->memory,
		.executor = p->ex, .irq = {.level = set_line, .ctx = p}, .log = error_log(p),
		.reset_deadline = UINT64_MAX};
	int err = create_backend(p);

	if (err)
		return err;
	p->line = false;
	p->destroyed = false;
	err = vmmio_device_create(&options, &p->device);
	if (err)
		destroy_backend(p);
	return err;
}

static void set_destroyed(void *ctx)
{
	((struct inproc *)ctx)->destroyed = true;
}

/* -EIO: it does not end, and stays as it is. */
static int destroy_device(struct inproc *p)
{
	if (!p->device)
		return 0;
	inproc_let_go(p);
	(void)vmmio_device_destroy(p->device, set_destroyed, p);
	while (!p->destroyed && vmmio_executor_help(p->ex))
		;
	if (!p->destroyed)
		return -EIO;
	p->device = NULL;
	return 0;
}

int inproc_restart(struct inproc *p)
{
	int err = destroy_device(p);

	if (!err && p->blk && was_written(p))
		err = fill_image(p);
	if (!err && p->kind == INPROC_BLK)
		err = set_image_size(p, INPROC_IMAGE_SIZE);
	if (err)
		return err;
	destroy_backend(p);
	return create_device(p);
}

/* --- From open to close -------------------------------------------------------------------- */

static int create_memory(struct inproc *p)
{
	/* Pinned: to miss a page is no harm here, and the disk's I/O ends in one go. */
	struct vmmio_region region = {.guest = INPROC_RAM_BASE, .size = INPROC_RAM_SIZE,
		.flags = VMMIO_REGION_PINNED};
	void *ram = mmap(NULL, INPROC_RAM_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vmmio_log log = error_log(p);
	int err;

	if (ram == MAP_FAILED)
		return -errno;
	p->ram = region.host = ram;
	err = vmmio_memory_create(&log, &p->memory);
	return err ? err : vmmio_memory_add(p->memory, &region);
}

static int create_disk(struct inproc *p)
{
	struct vmmio_io_options options = {
		.size = sizeof(options), .form = VMMIO_IO_MANUAL, .log = error_log(p)};
	int err = vmmio_io_create(&options, &p->io);

	return err ? err : create_image(p);
}

int inproc_create(struct inproc *p, struct vmmio_target_error *error)
{
	int err;

	p->image = -1;
	err = vmmio_manual_create(&p->ex);
	if (!err)
		err = create_memory(p);
	if (!err && p->kind == INPROC_BLK)
		err = create_disk(p);
	if (!err)
		err = create_device(p);
	if (!err)
		return 0;
	target_error(error, err, "inproc: it cannot be made: %s",
		*p->problem ? p->problem : strerror(-err));
	inproc_destroy(p);
	return err;
}

void inproc_destroy(struct inproc *p)
{
	/* A device that does not end keeps all it may still use. */
	if (destroy_device(p))
		return;
	destroy_backend(p);
	(void)vmmio_io_destroy(p->io);
	(void)vmmio_memory_destroy(p->memory);
	(void)vmmio_executor_destroy(p->ex);
	if (p->ram)
		munmap(p->ram, INPROC_RAM_SIZE);
	if (p->image >= 0)
		close(p->image);
	free(p->pattern);
	free(p);
}
