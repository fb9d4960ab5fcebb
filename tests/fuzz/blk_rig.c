/* SPDX-License-Identifier: BSD-3-Clause */
/* See blk_rig.h. */
#include "blk_rig.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RAM_SIZE = 1 << 17, BASE = 0x100000 };

void blk_rig_settle(struct blk_rig *b)
{
	do
		vmmio_manual_run(b->ex, 10000);
	while (vmmio_io_pending(b->io) && !vmmio_io_step(b->io, 0, 0));
}

/* --- The driver's world ------------------------------------------------------------------ */

struct write {
	struct vmmio_waiter waiter;
	struct blk_rig *rig;
};

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	return vmmio_device_read(((struct blk_rig *)ctx)->dev, offset, size);
}

static void written(struct vmmio_waiter *waiter, int result)
{
	struct blk_rig *b = ((struct write *)waiter)->rig;

	FUZZ_CHECK(!result, "step %u: a write ends with %d", b->step, result);
	b->writes--;
}

/* Never blocks: who would step the I/O engine meanwhile? */
static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct blk_rig *b = ctx;
	struct write write = {.waiter = {.done = written}, .rig = b};
	int error;

	b->writes++;
	error = vmmio_device_write_pending(b->dev, offset, size, value, &write.waiter);
	if (error != VMMIO_PENDING)
		written(&write.waiter, error);
	if (b->writes)
		blk_rig_settle(b);
	FUZZ_CHECK(!b->writes, "step %u: a write of %u to 0x%x never ends", b->step,
		(unsigned)value, (unsigned)offset);
}

/* As little as helps: what a reset does not wait for stays in the kernel. */
static void relax(void *ctx)
{
	struct blk_rig *b = ctx;

	if (!vmmio_manual_run(b->ex, 10000) && vmmio_io_pending(b->io))
		FUZZ_CHECK(!vmmio_io_step(b->io, 0, 0), "step %u: an I/O step", b->step);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops), .read = reg_read, .write = reg_write, .relax = relax};

/* --- Up and down ------------------------------------------------------------------------- */

static void make_memory(struct blk_rig *b, unsigned options)
{
	struct vmmio_region region = {.guest = BASE, .size = RAM_SIZE,
		.flags = options & PINNED ? VMMIO_REGION_PINNED : 0};

	b->ram = region.host = aligned_alloc(4096, RAM_SIZE);
	FUZZ_CHECK(b->ram && !vmmio_memory_create(NULL, &b->memory) &&
			!vmmio_memory_add(b->memory, &region),
		"no memory");
	memset(b->ram, 0, RAM_SIZE);
}

static void make_disk(struct blk_rig *b, unsigned options)
{
	const struct vmmio_io_options io = {
		.size = sizeof(io), .engine = VMMIO_IO_PLAIN, .form = VMMIO_IO_MANUAL};
	struct vmmio_blk_options blk = {.size = sizeof(blk), .queue_size = BLK_ENTRIES,
		.seg_max = 14, .serial = "fuzz", .write_through = options & WRITE_THROUGH,
		.bounce = options & BOUNCE, .read_only = options & READ_ONLY};

	if (options & NO_DISCARD)
		blk.features_off[0] |= VMMIO_FEATURE(VMMIO_BLK_F_DISCARD);
	if (options & NO_ZEROES)
		blk.features_off[0] |= VMMIO_FEATURE(VMMIO_BLK_F_WRITE_ZEROES);
	b->model = (struct blk_model){.read_only = blk.read_only,
		.no_discard = options & NO_DISCARD, .no_write_zeroes = options & NO_ZEROES,
		.id = "fuzz", .capacity = BLK_MODEL_SECTORS};
	b->image = memfd_create("fuzz", MFD_CLOEXEC);
	FUZZ_CHECK(b->image >= 0 && !ftruncate(b->image, sizeof(b->model.disk)), "no image");
	FUZZ_CHECK(!vmmio_io_create(&io, &b->io), "no engine");
	blk.fd = b->image;
	blk.io = b->io;
	FUZZ_CHECK(!vmmio_blk_create(&blk, &b->blk), "no disk");
}

static void make_driver(struct blk_rig *b, unsigned options)
{
	struct vmmio_driver_config driver = {.size = sizeof(driver), .ops = &driver_ops, .ctx = b,
		.patience = 1000, .memory = {b->ram, BASE, RAM_SIZE}};

	FUZZ_CHECK(!vmmio_driver_create(&driver, &b->driver), "no driver");
	for (unsigned i = 0; i < BLK_SLOTS; i++)
		FUZZ_CHECK(!vmmio_driver_alloc(b->driver, BLK_DATA + 128, 16, &b->slot[i].out) &&
				!vmmio_driver_alloc(b->driver, BLK_DATA + 128, 16, &b->slot[i].in),
			"no buffer");
	/* In order an entry may stand for several: lengths are not told then. */
	b->wanted = ~(VMMIO_FEATURE(VMMIO_F_IN_ORDER) | VMMIO_FEATURE(VMMIO_F_RING_PACKED));
	if (options & PACKED)
		b->wanted |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	if (options & NO_EVENT_IDX)
		b->wanted &= ~VMMIO_FEATURE(VMMIO_F_EVENT_IDX);
	if (options & NO_FLUSH)
		b->wanted &= ~VMMIO_FEATURE(VMMIO_BLK_F_FLUSH);
}

void blk_rig_up(struct blk_rig *b, unsigned options)
{
	struct vmmio_device_options device = {.size = sizeof(device),
		.version = options & VERSION_2 ? 2 : 3, .reset_deadline = UINT64_MAX};

	memset(b, 0, sizeof(*b));
	make_memory(b, options);
	make_disk(b, options);
	FUZZ_CHECK(!vmmio_manual_create(&b->ex), "no executor");
	device.memory = b->memory;
	device.executor = b->ex;
	device.backend = vmmio_blk_backend(b->blk);
	FUZZ_CHECK(!vmmio_device_create(&device, &b->dev), "no device");
	make_driver(b, options);
}

static void destroyed(void *ctx)
{
	((struct blk_rig *)ctx)->gone = true;
}

void blk_rig_down(struct blk_rig *b)
{
	FUZZ_CHECK(!vmmio_device_destroy(b->dev, destroyed, b), "destroy");
	blk_rig_settle(b);
	FUZZ_CHECK(b->gone, "the device does not end");
	vmmio_driver_destroy(b->driver);
	FUZZ_CHECK(!vmmio_blk_destroy(b->blk) && !vmmio_io_destroy(b->io) &&
			!vmmio_executor_destroy(b->ex) && !vmmio_memory_destroy(b->memory),
		"something is left");
	close(b->image);
	free(b->ram);
}
