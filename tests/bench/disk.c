/* SPDX-License-Identifier: BSD-3-Clause */
/* See disk.h. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"

#define RAM_SIZE (1u << 20)
#define AT_TABLES 0u       /* DISK_SLOTS tables of TABLE_BYTES */
#define AT_HEADERS 0x2000u /* 16 bytes each */
#define AT_STATUS 0x3000u  /* a byte each */
#define AT_DRIVER 0x4000u
#define AT_DATA 0x40000u
enum { TABLE_BYTES = 64 };

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

/* Opened as the disk opens it, so that raw reads are given the same: from a descriptor without
 * O_NONBLOCK, io_uring hands reads of tmpfs to a worker of the kernel's, at ten times the cost. */
static int reopen(int fd)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	close(fd);
	return again < 0 ? bench_fail(-errno, "opening the image again") : again;
}

int disk_image(void)
{
	int fd = memfd_create("vmmio-bench", MFD_CLOEXEC);
	uint8_t *bytes;

	if (fd < 0 || ftruncate(fd, DISK_BYTES))
		return bench_fail(-errno, "making an image");
	bytes = mmap(NULL, DISK_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED) {
		close(fd);
		return bench_fail(-errno, "mapping the image");
	}
	for (uint64_t i = 0; i < DISK_BLOCKS; i++) {
		memset(bytes + i * DISK_READ, (int)(i % 251), DISK_READ);
		memcpy(bytes + i * DISK_READ, &i, sizeof(i));
	}
	munmap(bytes, DISK_BYTES);
	return reopen(fd);
}

/* --- The driver's way to the registers ------------------------------------------ */

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	return vmmio_device_read(((struct disk *)ctx)->device, offset, size);
}

static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct disk *disk = ctx;

	if (offset != VMMIO_REG_STATUS || value != 0) {
		vmmio_device_write(disk->device, offset, size, value);
		return;
	}
	disk->written = bench_now();
	vmmio_device_write(disk->device, offset, size, value);
	disk->stall = bench_now() - disk->written;
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = reg_read,
	.write = reg_write,
};

/* --- Life ------------------------------------------------------------------------ */

/* Locked if the limit allows it, as a VMM with huge pages has it. */
static int make_ram(struct disk *disk)
{
	struct vmmio_region region = {
		.guest = GUEST_RAM_BASE, .size = RAM_SIZE};
	void *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int error;

	if (ram == MAP_FAILED)
		return -errno;
	disk->ram = region.host = ram;
	disk->pinned = !mlock(ram, RAM_SIZE);
	if (disk->pinned)
		region.flags = VMMIO_REGION_PINNED;
	error = vmmio_memory_create(&bench_log, &disk->memory);
	return error ? error : vmmio_memory_add(disk->memory, &region);
}

static int make_device(struct disk *disk, const struct disk_options *o)
{
	const struct vmmio_blk_options blk = {
		.size = sizeof(blk),
		.fd = disk->image,
		.no_lock = true,
		.queue_size = DISK_QUEUE,
		.io = disk->io,
		.delay = o->delay,
		.delay_cancellable = o->cancellable,
		.log = bench_log,
	};
	struct vmmio_device_options device = {
		.size = sizeof(device),
		.version = o->version,
		.memory = disk->memory,
		.executor = disk->pool,
		.log = bench_log,
	};
	int error = vmmio_blk_create(&blk, &disk->blk);

	if (error)
		return error;
	device.backend = vmmio_blk_backend(disk->blk);
	return vmmio_device_create(&device, &disk->device);
}

static int make_driver(struct disk *disk)
{
	const struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = disk,
		.memory = {disk->ram + AT_DRIVER, GUEST_RAM_BASE + AT_DRIVER, AT_DATA - AT_DRIVER},
	};

	return vmmio_driver_create(&config, &disk->driver);
}

/* Header, data, status of each slot; only the sector changes later. */
static void write_tables(struct disk *disk)
{
	for (unsigned slot = 0; slot < DISK_SLOTS; slot++) {
		const struct header header = {.type = VMMIO_BLK_T_IN};
		const struct desc table[3] = {
			{GUEST_RAM_BASE + AT_HEADERS + slot * sizeof(header), sizeof(header),
				VMMIO_DESC_F_NEXT, 1},
			{GUEST_RAM_BASE + AT_DATA + slot * DISK_READ, DISK_READ,
				VMMIO_DESC_F_NEXT | VMMIO_DESC_F_WRITE, 2},
			{GUEST_RAM_BASE + AT_STATUS + slot, 1, VMMIO_DESC_F_WRITE, 0},
		};

		memcpy(disk->ram + AT_HEADERS + slot * sizeof(header), &header, sizeof(header));
		memcpy(disk->ram + AT_TABLES + slot * TABLE_BYTES, table, sizeof(table));
	}
}

int disk_create(int image, const struct disk_options *options, struct disk *out)
{
	const struct vmmio_io_options io = {
		.size = sizeof(io),
		.log = bench_log,
		.form = options->loop ? VMMIO_IO_LOOP : VMMIO_IO_THREADS,
	};
	int error;

	*out = (struct disk){.image = image, .loop = options->loop};
	error = make_ram(out);
	if (!error)
		error = vmmio_pool_create(NULL, &out->pool);
	if (!error)
		error = vmmio_io_create(&io, &out->io);
	if (!error)
		error = make_device(out, options);
	if (!error)
		error = make_driver(out);
	if (error) {
		disk_destroy(out);
		*out = (struct disk){.image = image};
		return bench_fail(error, "setting up a disk");
	}
	write_tables(out);
	return 0;
}

void disk_destroy(struct disk *disk)
{
	bench_destroy_device(disk->device);
	vmmio_driver_destroy(disk->driver);
	if (vmmio_blk_destroy(disk->blk) || vmmio_io_destroy(disk->io) ||
		(disk->pool && vmmio_executor_destroy(disk->pool)) ||
		(disk->memory && vmmio_memory_destroy(disk->memory)))
		bench_fail(-EBUSY, "taking a disk down");
	if (disk->ram)
		munmap(disk->ram, RAM_SIZE);
}

int disk_start(struct disk *disk)
{
	const uint16_t no_interrupt = VMMIO_AVAIL_F_NO_INTERRUPT;
	struct vmmio_driver_areas areas;
	int error = vmmio_driver_start(
		disk->driver, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC), 1, DISK_QUEUE);

	if (!error)
		error = vmmio_driver_queue_areas(vmmio_driver_queue(disk->driver, 0), &areas);
	if (error)
		return bench_fail(error, "starting the disk");
	for (unsigned slot = 0; slot < DISK_SLOTS; slot++) {
		const struct desc desc = {GUEST_RAM_BASE + AT_TABLES + slot * TABLE_BYTES,
			3 * sizeof(desc), VMMIO_DESC_F_INDIRECT, 0};

		memcpy((uint8_t *)areas.desc.host + slot * sizeof(desc), &desc, sizeof(desc));
	}
	disk->avail = areas.driver.host;
	disk->used = areas.device.host;
	disk->avail_idx = disk->used_idx = 0;
	memcpy(disk->avail, &no_interrupt, sizeof(no_interrupt));
	return 0;
}

/* --- Reads ------------------------------------------------------------------------- */

void disk_read(struct disk *disk, unsigned slot, uint64_t block)
{
	const uint64_t sector = block * (DISK_READ / 512);

	memcpy(disk->ram + AT_HEADERS + slot * sizeof(struct header) +
			offsetof(struct header, sector), &sector, sizeof(sector));
	disk->ram[AT_STATUS + slot] = 0xff;
	disk->avail[2 + disk->avail_idx++ % DISK_QUEUE] = (uint16_t)slot;
}

void disk_kick(struct disk *disk)
{
	/* idx after the entries; the device's wish after idx (SPLIT-DRV-20, 22). */
	__atomic_store_n(&disk->avail[1], disk->avail_idx, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&disk->used[0], __ATOMIC_RELAXED) & VMMIO_USED_F_NO_NOTIFY))
		vmmio_device_write(disk->device, VMMIO_REG_QUEUE_NOTIFY, 4, 0);
}

static bool is_used(const struct disk *disk)
{
	return __atomic_load_n(&disk->used[1], __ATOMIC_ACQUIRE) != disk->used_idx;
}

int disk_done(struct disk *disk)
{
	uint32_t entry[2];

	if (!is_used(disk) && (!disk->loop || vmmio_io_run(disk->io, 0) < 0 || !is_used(disk)))
		return -1;
	memcpy(entry, &disk->used[2 + 4 * (disk->used_idx++ % DISK_QUEUE)], sizeof(entry));
	if (entry[0] >= DISK_SLOTS || entry[1] != DISK_READ + 1 || disk->ram[AT_STATUS + entry[0]])
		return -2;
	return (int)entry[0];
}

uint64_t disk_first(const struct disk *disk, unsigned slot)
{
	uint64_t first;

	memcpy(&first, disk->ram + AT_DATA + slot * DISK_READ, sizeof(first));
	return first;
}
