/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device's side of a ring costs per chain: pop, and complete with its used entry and
 * its look at whether the driver wants an interrupt (it does not). Once as the ring code
 * alone, once by the public calls on a device, which adds gate, lock and counters.
 * Only the device's side is timed; the driver's side prepares and checks between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/device.h>
#include <vmmio/driver.h>

#include "guest.h"
#include "queue/ring.h"
#include "ring_driver.h"

#define RAM_SIZE (1u << 20)
#define AREA_DESC 0x1000u
#define AREA_DRIVER 0x2000u
#define AREA_DEVICE 0x3000u
#define AT_TABLES 0x10000u
#define AT_DATA 0x40000u
#define AT_DRIVER_MEMORY 0x80000u /* for the public driver, which sets the device up */
#define DRIVER_MEMORY 0x20000u
enum { MAX_BATCH = 32, MAX_SEGMENTS = 128 };

#define BLK_CHAIN .n_segs = 3, .seg = {{16, false}, {4096, true}, {1, true}}
#define ECHO_CHAIN .n_segs = 2, .seg = {{64, false}, {64, true}}

static const struct figure {
	const char *name;
	struct ring_shape shape;
	bool echo; /* copies what it reads to what it writes */
	unsigned batch;
	double aim;
} figures[] = {
	{"split, chain of 3, batch 32", {BLK_CHAIN}, false, 32, 11},
	{"split, chain of 3, batch 1", {BLK_CHAIN}, false, 1, 0},
	{"split, indirect table of 3, batch 32", {.indirect = true, BLK_CHAIN}, false, 32, 12},
	{"split, indirect table of 3, batch 1", {.indirect = true, BLK_CHAIN}, false, 1, 0},
	{"packed, chain of 3, batch 32", {.packed = true, BLK_CHAIN}, false, 32, 0},
	{"packed, chain of 3, batch 1", {.packed = true, BLK_CHAIN}, false, 1, 0},
	{"packed, indirect table of 3, batch 32", {.packed = true, .indirect = true, BLK_CHAIN}, false,
		32, 0},
	{"packed, indirect table of 3, batch 1", {.packed = true, .indirect = true, BLK_CHAIN}, false,
		1, 0},
	/* DPDK's vhost took 14.7 ns for the same work. */
	{"packed, 64 bytes echoed with a copy, batch 32", {.packed = true, ECHO_CHAIN}, true, 32,
		1.1 * 14.7},
};

enum { N_FIGURES = sizeof(figures) / sizeof(figures[0]) };

/* Either a ring, or a queue of a device. */
struct side {
	struct vmmio_ring *ring;
	struct vmmio_memory_table *table;
	struct vmmio_queue *queue;
};

struct stage {
	uint8_t *ram;
	struct ring_driver driver;
	struct side side;
	/* ring */
	struct vmmio_ring ring;
	void *storage;
	/* device */
	struct vmmio_memory *memory;
	struct vmmio_executor *executor;
	struct vmmio_device *device;
	struct vmmio_driver *public_driver;
};

/* --- The device's side: what is timed ------------------------------------------------ */

static void answer(const struct vmmio_chain *chain, struct vmmio_completion *done, bool echo)
{
	*done = (struct vmmio_completion){chain->token, chain->writable_len};
	if (echo)
		memcpy(chain->writable[0].base, chain->readable[0].base, 64);
}

static unsigned serve_ring(const struct side *side, unsigned batch, bool echo)
{
	struct vmmio_completion done[MAX_BATCH];
	struct vmmio_chain chains[MAX_BATCH];
	unsigned n = vmmio_ring_pop(side->ring, side->table, chains, batch);
	struct vmmio_ring_answers answers = {0};

	for (unsigned i = 0; i < n; i++)
		answer(&chains[i], &done[i], echo);
	vmmio_ring_complete(side->ring, done, n, VMMIO_RING_PUBLISH, &answers);
	(void)vmmio_ring_should_notify(side->ring);
	return n;
}

static unsigned serve_queue(const struct side *side, unsigned batch, bool echo)
{
	struct vmmio_completion done[MAX_BATCH];
	struct vmmio_chain chains[MAX_BATCH];
	unsigned n = vmmio_queue_pop(side->queue, chains, batch);

	for (unsigned i = 0; i < n; i++)
		answer(&chains[i], &done[i], echo);
	vmmio_queue_complete(side->queue, done, n);
	return n;
}

/* ns for one lap; 0 and an error message if it did not go as it must. */
static uint64_t serve_lap(struct stage *stage, const struct figure *f)
{
	const bool device = stage->side.queue;
	unsigned n, left = RING_LAP;
	uint64_t begin, end;

	ring_driver_add(&stage->driver);
	if (device)
		vmmio_queue_kick(stage->side.queue); /* allows a ring's size of pops */
	begin = bench_now();
	while (left) {
		n = device ? serve_queue(&stage->side, f->batch, f->echo)
			   : serve_ring(&stage->side, f->batch, f->echo);
		if (!n)
			return 0;
		left -= n;
	}
	end = bench_now();
	return ring_driver_take(&stage->driver, stage->driver.writable) ? end - begin : 0;
}

/* A run's value is that of its median lap: one in which the thread lost its core says
 * nothing about rings. */
static int measure(const struct bench *b, struct stage *stage, const struct figure *f,
	struct series *series)
{
	const size_t n = b->quick ? 200 : 20000;
	uint64_t *laps = calloc(n, sizeof(laps[0]));
	int error = laps ? 0 : bench_fail(-ENOMEM, "room for laps");

	for (size_t i = 0; i < n && !error; i++) {
		laps[i] = serve_lap(stage, f);
		if (!laps[i])
			error = bench_fail(-EPROTO, f->name);
	}
	if (!error) {
		samples_sort(laps, n);
		series_add(series, ((double)samples_at(laps, n, 0.5) - bench_clock_cost()) / RING_LAP);
	}
	free(laps);
	return error;
}

/* --- Setting up the ring alone -------------------------------------------------------- */

static int stage_ring(struct stage *stage, const struct figure *f)
{
	const struct vmmio_region region = {GUEST_RAM_BASE, RAM_SIZE, stage->ram, 0};
	const struct vmmio_ring_config config = {
		.packed = f->shape.packed,
		.indirect = true,
		.size = RING_SIZE,
		.size_max = RING_SIZE,
		.max_segments = MAX_SEGMENTS,
		.desc = GUEST_RAM_BASE + AREA_DESC,
		.driver = GUEST_RAM_BASE + AREA_DRIVER,
		.device = GUEST_RAM_BASE + AREA_DEVICE,
	};

	stage->side.table = calloc(1, sizeof(*stage->side.table) + sizeof(region));
	stage->storage = calloc(RING_SIZE, sizeof(struct vmmio_ring_slot) +
		MAX_SEGMENTS * sizeof(struct vmmio_iovec));
	if (!stage->side.table || !stage->storage)
		return -ENOMEM;
	if (vmmio_table_insert(stage->side.table, NULL, &region) ||
		vmmio_ring_init(&stage->ring, &config, stage->side.table, stage->storage, 0))
		return -EINVAL;
	stage->side.ring = &stage->ring;
	stage->driver.desc = stage->ram + AREA_DESC;
	stage->driver.driver = stage->ram + AREA_DRIVER;
	stage->driver.device = stage->ram + AREA_DEVICE;
	return 0;
}

/* --- Setting up a device ----------------------------------------------------------------- */

/* Nobody notifies: the measuring thread is the queue's owner and looks for itself. */
static void no_notify(void *ctx, struct vmmio_queue *queue)
{
	(void)ctx, (void)queue;
}

static const struct vmmio_backend_ops ops = {.size = sizeof(ops), .notify = no_notify};
static const uint16_t queue_size[] = {RING_SIZE};
static const struct vmmio_backend backend = {
	.size = sizeof(backend),
	.ops = &ops,
	.flags = VMMIO_BACKEND_PROMPT,
	.device_id = 42,
	.features = {VMMIO_TRANSPORT_FEATURES_0},
	.n_queues = 1,
	.queue_sizes = queue_size,
	.max_segments = MAX_SEGMENTS,
};

static uint64_t reg_read(void *device, uint64_t offset, unsigned size)
{
	return vmmio_device_read(device, offset, size);
}

static void reg_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
	vmmio_device_write(device, offset, size, value);
}

static const struct vmmio_driver_ops driver_ops = {
	.size = sizeof(driver_ops),
	.read = reg_read,
	.write = reg_write,
};

static int create_device(struct stage *stage)
{
	const struct vmmio_region region = {GUEST_RAM_BASE, RAM_SIZE, stage->ram, 0};
	struct vmmio_device_options options = {
		.size = sizeof(options), .version = 3, .backend = &backend, .log = bench_log};
	int error = vmmio_memory_create(&bench_log, &stage->memory);

	if (!error)
		error = vmmio_memory_add(stage->memory, &region);
	if (!error)
		error = vmmio_manual_create(&stage->executor);
	if (error)
		return error;
	options.memory = stage->memory;
	options.executor = stage->executor;
	return vmmio_device_create(&options, &stage->device);
}

static int start_driver(struct stage *stage, const struct figure *f)
{
	const struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = stage->device,
		.memory = {stage->ram + AT_DRIVER_MEMORY, GUEST_RAM_BASE + AT_DRIVER_MEMORY,
			DRIVER_MEMORY},
	};
	const uint64_t features = VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC) |
		(f->shape.packed ? VMMIO_FEATURE(VMMIO_F_RING_PACKED) : 0);
	struct vmmio_driver_areas areas;
	int error = vmmio_driver_create(&config, &stage->public_driver);

	if (!error)
		error = vmmio_driver_start(stage->public_driver, features, 1, RING_SIZE);
	if (!error)
		error = vmmio_driver_queue_areas(
			vmmio_driver_queue(stage->public_driver, 0), &areas);
	if (error)
		return error;
	stage->driver.desc = areas.desc.host;
	stage->driver.driver = areas.driver.host;
	stage->driver.device = areas.device.host;
	stage->side.queue = vmmio_device_queue(stage->device, 0);
	return 0;
}

/* --- Both -------------------------------------------------------------------------------- */

static void unstage(struct stage *stage)
{
	vmmio_device_destroy(stage->device, NULL, NULL);
	if (stage->executor)
		vmmio_manual_run(stage->executor, SIZE_MAX);
	vmmio_driver_destroy(stage->public_driver);
	vmmio_executor_destroy(stage->executor);
	vmmio_memory_destroy(stage->memory);
	free(stage->side.table);
	free(stage->storage);
	free(stage->ram);
}

static int measure_on(const struct bench *b, const struct figure *f, bool device,
	struct series *series)
{
	struct stage stage = {.ram = aligned_alloc(4096, RAM_SIZE)};
	int error = stage.ram ? 0 : -ENOMEM;

	if (!error) {
		memset(stage.ram, 0, RAM_SIZE);
		error = device ? create_device(&stage) : stage_ring(&stage, f);
	}
	if (!error && device)
		error = start_driver(&stage, f);
	if (error) {
		bench_fail(error, "setting up a ring");
	} else {
		stage.driver.tables = stage.ram + AT_TABLES;
		stage.driver.tables_guest = GUEST_RAM_BASE + AT_TABLES;
		stage.driver.data_guest = GUEST_RAM_BASE + AT_DATA;
		ring_driver_init(&stage.driver, &f->shape);
		error = measure(b, &stage, f, series);
	}
	unstage(&stage);
	return error;
}

int bench_rings(struct bench *b)
{
	struct series series[2][N_FIGURES] = {0};
	int error = 0;

	for (unsigned run = 0; run < b->runs && !error; run++) {
		bench_progress(b, "run %u of %u", run + 1, b->runs);
		for (unsigned i = 0; i < 2 * N_FIGURES && !error; i++)
			error = measure_on(b, &figures[i / 2], i % 2, &series[i % 2][i / 2]);
	}
	for (unsigned i = 0; i < 2 * N_FIGURES && !error; i++) {
		const struct figure *f = &figures[i / 2];
		struct row *row = bench_row(b, &series[i % 2][i / 2], "ns/chain", "%s, %s", f->name,
			i % 2 ? "public calls" : "ring alone");

		if (f->aim > 0)
			row_aim(row, AIM_AT_MOST, f->aim);
	}
	return error;
}
