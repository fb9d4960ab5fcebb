/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Putting a virtual machine together: guest memory, an executor, an I/O engine, a disk,
 * and a driver that reaches the disk's registers.
 */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "quickstart.h"

int explain(int error, const char *what, const char *remedy)
{
	fprintf(stderr, "error: %s: %s. %s\n", what, strerror(-error), remedy);
	return error;
}

uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void print_log(void *ctx, enum vmmio_log_level level, const char *line)
{
	(void)ctx;
	if (level <= VMMIO_LOG_WARN)
		fprintf(stderr, "libvmmio: %s\n", line);
}

static const struct vmmio_log to_stderr = {.fn = print_log};

static int add_ram(struct machine *machine)
{
	struct vmmio_region region = {.guest = RAM_BASE, .size = RAM_SIZE};
	void *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (ram == MAP_FAILED)
		return -errno;
	machine->ram = ram;
	/* Present and locked pages let the I/O thread take the direct way. If the limit on
	 * locked memory forbids it, it all works nevertheless. */
	if (mlock(ram, RAM_SIZE) == 0)
		region.flags = VMMIO_REGION_PINNED;
	region.host = ram;
	return vmmio_memory_add(machine->memory, &region);
}

int machine_create(struct machine *machine)
{
	struct vmmio_pool_options pool = {.size = sizeof(pool), .log = to_stderr};
	struct vmmio_io_options io = {.size = sizeof(io), .log = to_stderr};
	int error;

	*machine = (struct machine){0};
	error = vmmio_memory_create(&to_stderr, &machine->memory);
	if (!error)
		error = add_ram(machine);
	if (!error)
		error = vmmio_pool_create(&pool, &machine->executor);
	if (!error)
		error = vmmio_io_create(&io, &machine->io);
	if (error) {
		machine_destroy(machine);
		return explain(error, "setting up the virtual machine",
			"It needs 16 MiB of memory and a few threads: see ulimit -a.");
	}
	return 0;
}

void machine_destroy(struct machine *machine)
{
	int error = vmmio_io_destroy(machine->io);

	if (!error && machine->executor)
		error = vmmio_executor_destroy(machine->executor);
	if (!error)
		error = vmmio_memory_destroy(machine->memory);
	if (error)
		fprintf(stderr, "taking the machine apart: %s\n", strerror(-error));
	else if (machine->ram)
		munmap(machine->ram, RAM_SIZE);
}

/* --- What a VMM does on the exits of its vCPU: route register accesses ------------ */

static uint64_t read_register(void *ctx, uint64_t offset, unsigned size)
{
	const struct disk *disk = ctx;

	return vmmio_device_read(disk->device, offset, size);
}

static void write_register(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct disk *disk = ctx;
	int error = vmmio_device_write(disk->device, offset, size, value);

	if (error)
		fprintf(stderr, "register write at 0x%x: %s\n", (unsigned)offset, strerror(-error));
}

static void relax(void *ctx)
{
	(void)ctx;
	sched_yield();
}

static uint64_t now(void *ctx)
{
	(void)ctx;
	return nanoseconds();
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = read_register,
	.write = write_register,
	.relax = relax,
	.now = now,
};

/* --- The disk ------------------------------------------------------------------------ */

static int open_image(struct machine *machine, const struct disk_options *options,
	struct disk *disk)
{
	struct vmmio_blk_options blk = {
		.size = sizeof(blk),
		.path = options->path,
		.read_only = options->read_only,
		.io = machine->io,
		.delay = options->delay,
		.delay_cancellable = options->cancellable,
		.serial = "quickstart",
		.log = to_stderr,
	};

	return vmmio_blk_create(&blk, &disk->blk);
}

static int create_device(struct machine *machine, const struct disk_options *options,
	struct disk *disk)
{
	struct vmmio_device_options device = {
		.size = sizeof(device),
		.name = "quickstart",
		.version = options->version,
		.backend = vmmio_blk_backend(disk->blk),
		.memory = machine->memory,
		.executor = machine->executor,
		.log = to_stderr,
	};

	return vmmio_device_create(&device, &disk->device);
}

static int create_driver(struct machine *machine, struct disk *disk)
{
	struct vmmio_driver_config driver = {
		.size = sizeof(driver),
		.ops = &driver_ops,
		.ctx = disk,
		.memory = {.host = machine->ram, .guest = RAM_BASE, .size = RAM_SIZE},
		.patience = PATIENCE,
	};

	return vmmio_driver_create(&driver, &disk->driver);
}

int disk_plug(struct machine *machine, const struct disk_options *options, struct disk *disk)
{
	const char *step = "opening the image";
	int error;

	*disk = (struct disk){0};
	error = open_image(machine, options, disk);
	if (!error) {
		step = "creating the device";
		error = create_device(machine, options, disk);
	}
	if (!error) {
		step = "creating the driver";
		error = create_driver(machine, disk);
	}
	if (!error)
		return 0;
	disk_unplug(disk);
	fprintf(stderr, "%s: ", options->path);
	return explain(error, step, "A line above says more.");
}

int disk_start(struct disk *disk, bool packed)
{
	const struct vmmio_driver_blk_config config = {.depth = 2 * N_REQUESTS, .bounce = BOUNCE};
	uint64_t wanted = VMMIO_DRIVER_BLK_FEATURES | VMMIO_FEATURE(VMMIO_F_EVENT_IDX) |
			  (packed ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0);
	int error = vmmio_driver_start(disk->driver, wanted, 1, 0);

	if (!error && !disk->requests)
		error = vmmio_driver_blk_create(disk->driver, &config, &disk->requests);
	if (error)
		explain(error, "starting the device", "The device and its driver disagree: a bug.");
	return error;
}

static void post(void *ctx)
{
	sem_post(ctx);
}

/* The device first: once it reports that it is gone, nothing touches the rings any more. */
void disk_unplug(struct disk *disk)
{
	sem_t gone;

	if (disk->device) {
		sem_init(&gone, 0, 0);
		if (vmmio_device_destroy(disk->device, post, &gone) == 0) {
			while (sem_wait(&gone) != 0)
				continue;
		}
		sem_destroy(&gone);
	}
	vmmio_driver_blk_destroy(disk->requests);
	vmmio_driver_destroy(disk->driver);
	vmmio_blk_destroy(disk->blk);
	*disk = (struct disk){0};
}
