/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The block device bench.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "integration/blk_rig.h"

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_SIZE (1u << 20)

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	struct disk *d = ctx;

	return vmmio_device_read(d->dev, offset, size);
}

static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct disk *d = ctx;

	ck_assert_int_eq(vmmio_device_write(d->dev, offset, size, value), 0);
}

static void relax(void *ctx)
{
	disk_relax(ctx);
}

void disk_relax(struct disk *d)
{
	if (!vmmio_executor_help(d->ex))
		usleep(20);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = reg_read,
	.write = reg_write,
	.relax = relax,
};

static void level(void *ctx, bool high)
{
	struct disk *d = ctx;

	atomic_store(&d->line, high);
}

static void make_image(struct disk *d)
{
	static uint8_t fill[DISK_SECTORS * 512];

	snprintf(d->path, sizeof(d->path), "%s/vmmio-blk-XXXXXX", d->o.dir ? d->o.dir : "/tmp");
	d->image = d->o.memfd ? memfd_create("vmmio-blk", MFD_CLOEXEC) : mkstemp(d->path);
	ck_assert_int_ge(d->image, 0);
	memset(fill, 0xa5, sizeof(fill));
	ck_assert_int_eq(pwrite(d->image, fill, sizeof(fill), 0), sizeof(fill));
	if (d->o.head)
		ck_assert_int_eq(pwrite(d->image, d->o.head, d->o.head_size, d->o.head_at),
			(ssize_t)d->o.head_size);
}

static void make_backend(struct disk *d)
{
	struct vmmio_blk_options blk = d->o.blk;

	blk.size = sizeof(blk);
	blk.path = d->o.memfd ? NULL : d->path;
	blk.fd = d->image;
	blk.io = d->io;
	blk.log = fixture_log();
	ck_assert_int_eq(vmmio_blk_create(&blk, &d->blk), 0);
}

static size_t machine_size(const struct disk *first)
{
	return (first->o.n_disks ? first->o.n_disks : 1) * RAM_SIZE;
}

static void make_memory(struct disk *d)
{
	struct vmmio_region region = {
		.guest = RAM_BASE,
		.size = machine_size(d),
		.flags = d->o.variant & 8 ? 0 : VMMIO_REGION_PINNED,
	};

	d->ram = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(d->ram, MAP_FAILED);
	region.host = d->ram;
	ck_assert_int_eq(vmmio_memory_create(NULL, &d->memory), 0);
	ck_assert_int_eq(vmmio_memory_add(d->memory, &region), 0);
}

static void make_executor(struct disk *d)
{
	struct vmmio_pool_options pool = {
		.size = sizeof(pool),
		.max_threads = d->o.max_threads,
		.log = fixture_log(),
	};

	if (d->o.manual)
		ck_assert_int_eq(vmmio_manual_create(&d->ex), 0);
	else
		ck_assert_int_eq(vmmio_pool_create(&pool, &d->ex), 0);
}

/* What the disks of one VM have in common. */
static void make_machine(struct disk *d)
{
	struct vmmio_io_options io = {
		.size = sizeof(io),
		.engine = d->o.variant & 4 ? VMMIO_IO_PLAIN : VMMIO_IO_URING,
		.max_threads = d->o.max_threads,
		.form = d->o.form,
		.log = fixture_log(),
	};

	ck_assert_int_eq(vmmio_io_create(&io, &d->io), 0);
	make_memory(d);
	make_executor(d);
	d->guest = RAM_BASE;
}

static void join_machine(struct disk *d, struct disk *first)
{
	uint32_t offset = ++first->n_others * RAM_SIZE;

	ck_assert_uint_lt(first->n_others, first->o.n_disks);
	d->io = first->io;
	d->memory = first->memory;
	d->ex = first->ex;
	d->ram = first->ram + offset;
	d->guest = RAM_BASE + offset;
}

static void stuck(void *ctx, const struct vmmio_stuck_report *report)
{
	struct disk *d = ctx;

	d->report = *report;
	atomic_fetch_add(&d->stuck, 1);
}

static void make_device(struct disk *d)
{
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.name = "disk",
		.version = d->o.variant & 1 ? 3 : 2,
		.backend = vmmio_blk_backend(d->blk),
		.memory = d->memory,
		.irq = {.level = level, .ctx = d},
		.log = fixture_log(),
		.executor = d->ex,
		.reset_deadline = d->o.reset_deadline ? d->o.reset_deadline : UINT64_MAX,
		.stuck = stuck,
		.stuck_ctx = d,
	};

	ck_assert_int_eq(vmmio_device_create(&options, &d->dev), 0);
}

static void make_driver(struct disk *d)
{
	struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = d,
		.memory = {d->ram, d->guest, RAM_SIZE},
		.patience = VMMIO_DRIVER_FOREVER,
	};

	ck_assert_int_eq(vmmio_driver_create(&config, &d->driver), 0);
	ck_assert_int_eq(vmmio_driver_alloc(d->driver, DISK_BUFFER, 4096, &d->out), 0);
	ck_assert_int_eq(vmmio_driver_alloc(d->driver, DISK_BUFFER, 4096, &d->in), 0);
}

struct disk *disk_new(const struct disk_options *options)
{
	struct disk *d = calloc(1, sizeof(*d));

	ck_assert_ptr_nonnull(d);
	d->o = *options;
	if (d->o.first)
		join_machine(d, d->o.first);
	else
		make_machine(d);
	make_image(d);
	make_backend(d);
	make_device(d);
	make_driver(d);
	return d;
}

void disk_start(struct disk *d)
{
	uint64_t wanted = d->o.features ? d->o.features : ~UINT64_C(0);
	unsigned n = d->o.blk.n_queues ? d->o.blk.n_queues : 1;

	wanted &= ~(VMMIO_FEATURE(VMMIO_F_RING_PACKED) | VMMIO_FEATURE(VMMIO_F_IN_ORDER));
	if (d->o.variant & 2)
		wanted |= VMMIO_FEATURE(VMMIO_F_RING_PACKED);
	ck_assert_int_eq(vmmio_driver_start(d->driver, wanted, n, 64), 0);
}

struct disk *disk_run(const struct disk_options *options)
{
	struct disk *d = disk_new(options);

	disk_start(d);
	return d;
}

static void destroyed(void *ctx)
{
	struct disk *d = ctx;

	atomic_store(&d->destroyed, 1);
}

void disk_destroy(struct disk *d)
{
	d->dying = true;
	ck_assert_int_eq(vmmio_device_destroy(d->dev, destroyed, d), 0);
}

static void free_machine(struct disk *d)
{
	int err;

	while (vmmio_executor_destroy(d->ex) == -EBUSY)
		disk_relax(d);
	/* The thread that ended the last request of a bouncing disk is on its way out. */
	while ((err = vmmio_io_destroy(d->io)) == -EBUSY && d->o.blk.bounce)
		usleep(20);
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(vmmio_memory_destroy(d->memory), 0);
	munmap(d->ram, machine_size(d));
}

void disk_free(struct disk *d)
{
	if (!d->dying) {
		ck_assert_int_eq(vmmio_blk_destroy(d->blk), -EBUSY);
		disk_destroy(d);
	}
	while (!atomic_load(&d->destroyed))
		disk_relax(d);
	vmmio_driver_destroy(d->driver);
	ck_assert_int_eq(vmmio_blk_destroy(d->blk), 0);
	if (!d->o.first)
		free_machine(d);
	close(d->image);
	if (!d->o.memfd)
		unlink(d->path);
	free(d);
}

void disk_header(struct disk *d, uint32_t type, uint64_t sector)
{
	struct vmmio_blk_header header = {vmmio_le32(type), 0, vmmio_le64(sector)};

	memcpy(d->out.host, &header, sizeof(header));
}

static unsigned cut_area(uint64_t at, const uint32_t *lens, struct vmmio_driver_seg *segs)
{
	unsigned n;

	for (n = 0; n < 32 && lens[n]; n++) {
		segs[n] = (struct vmmio_driver_seg){at, lens[n]};
		at += lens[n];
	}
	return n;
}

int disk_add(struct disk *d, const struct disk_cut *cut)
{
	struct vmmio_driver_seg out[32], in[32];
	struct vmmio_driver_chain chain = {.out = out, .in = in, .cookie = cut->cookie};
	struct vmmio_driver_queue *queue = vmmio_driver_queue(d->driver, cut->queue);
	int id;

	chain.n_out = cut_area(d->out.guest, cut->out, out);
	chain.n_in = cut_area(d->in.guest + cut->in_at, cut->in, in);
	id = vmmio_driver_queue_add(queue, &chain);
	if (id >= 0)
		vmmio_driver_queue_kick(queue);
	return id;
}

int disk_send(struct disk *d, const struct disk_cut *cut, uint32_t *len)
{
	struct vmmio_driver_queue *queue = vmmio_driver_queue(d->driver, cut->queue);
	struct vmmio_driver_used used;
	size_t in = 0;

	for (unsigned i = 0; i < 32 && cut->in[i]; i++)
		in += cut->in[i];
	memset(d->in.host, 0xee, d->in.size);
	ck_assert_int_ge(disk_add(d, cut), 0);
	if (vmmio_driver_queue_wait(queue, &used, VMMIO_DRIVER_FOREVER) == -EIO)
		return -2;
	if (len)
		*len = used.len;
	return in ? ((uint8_t *)d->in.host)[in - 1] : -1;
}

int disk_do(struct disk *d, uint32_t type, uint64_t sector, uint32_t data)
{
	struct disk_cut cut = {.out = {16}, .in = {1}};
	uint32_t len = 0;
	int status;

	if (type == VMMIO_BLK_T_IN || type == VMMIO_BLK_T_GET_ID) {
		cut.in[0] = data ? data : 1;
		cut.in[1] = data ? 1 : 0;
	} else {
		cut.out[1] = data;
	}
	disk_header(d, type, sector);
	status = disk_send(d, &cut, &len);
	/* What was promised was written: nothing is as it was before. */
	if (status == VMMIO_BLK_S_OK)
		ck_assert_ptr_null(memchr(d->in.host, 0xee, len));
	return status;
}

struct vmmio_blk_segment disk_segment(uint64_t sector, uint32_t sectors, uint32_t flags)
{
	return (struct vmmio_blk_segment){
		vmmio_le64(sector), vmmio_le32(sectors), vmmio_le32(flags)};
}
