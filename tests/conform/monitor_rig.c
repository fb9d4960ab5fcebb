/* SPDX-License-Identifier: BSD-3-Clause */
#include "conform/monitor_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <vmmio/observer.h>

#include "support/fixture.h"

#define RAM UINT64_C(0x80000000)
#define RAM_SIZE (1u << 20)
#define BUFFERS 65536u
#define PIECE 64u

/* --- What the parts see of each other ------------------------------------------------------ */

/* In pieces that nobody tears, where the address allows it. The driver may write meanwhile, to
 * descriptors that have just come back: the monitor finds that out by itself. */
__attribute__((no_sanitize("thread"))) static int mem_read(
	void *ctx, uint64_t guest, void *data, size_t size)
{
	struct watched *w = ctx;
	uint8_t *to = data;

	if (guest < RAM || guest - RAM > RAM_SIZE - size)
		return -EFAULT;
	for (size_t i = 0; i < size;) {
		const uint8_t *from = w->ram + (guest - RAM) + i;
		size_t n = ((uintptr_t)from & 1) || size - i < 2 ? 1 : 2;
		uint16_t word;

		if (n == 2)
			word = __atomic_load_n(
				(const uint16_t *)(const void *)from, __ATOMIC_RELAXED);
		else
			word = __atomic_load_n(from, __ATOMIC_RELAXED);
		memcpy(to + i, &word, n);
		i += n;
	}
	return 0;
}

static uint64_t reg_read(void *ctx, uint64_t offset, unsigned size)
{
	struct watched *w = ctx;

	return vmmio_device_read(w->device, offset, size);
}

static void reg_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct watched *w = ctx;

	ck_assert_int_eq(vmmio_device_write(w->device, offset, size, value), 0);
}

static void relax(void *ctx)
{
	struct watched *w = ctx;

	if (!vmmio_executor_help(w->executor))
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
	struct watched *w = ctx;

	w->line = high;
}

/* --- Making ---------------------------------------------------------------------------------- */

static void make_monitor(struct watched *w)
{
	struct vmmio_monitor_options options = {
		.size = sizeof(options),
		.name = "the good driver",
		.mem_read = mem_read,
		.ctx = w,
	};

	ck_assert_int_eq(vmmio_monitor_create(&options, &w->monitor), 0);
}

static void make_memory(struct watched *w)
{
	struct vmmio_region region = {.guest = RAM, .size = RAM_SIZE};

	w->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(w->ram, MAP_FAILED);
	region.host = w->ram;
	ck_assert_int_eq(vmmio_memory_create(NULL, &w->memory), 0);
	ck_assert_int_eq(vmmio_memory_add(w->memory, &region), 0);
}

static void make_executor(struct watched *w)
{
	struct vmmio_pool_options pool = {.size = sizeof(pool), .log = fixture_log()};

	if (w->o.threads)
		ck_assert_int_eq(vmmio_pool_create(&pool, &w->executor), 0);
	else
		ck_assert_int_eq(vmmio_manual_create(&w->executor), 0);
}

static const struct vmmio_backend *make_null(struct watched *w)
{
	struct vmmio_null_options options = {
		.size = sizeof(options),
		.n_queues = RIG_QUEUES,
		.queue_size = 16,
		.features = {w->o.features, 0},
		.config_size = 64,
	};

	ck_assert_int_eq(vmmio_null_create(&options, &w->null), 0);
	return vmmio_null_backend(w->null);
}

static const struct vmmio_backend *make_block(struct watched *w)
{
	struct vmmio_io_options io = {
		.size = sizeof(io),
		.engine = VMMIO_IO_PLAIN,
		.log = fixture_log(),
	};
	struct vmmio_blk_options blk = {
		.size = sizeof(blk),
		.n_queues = RIG_QUEUES,
		.queue_size = 16,
		.seg_max = 4,
		.read_only = w->o.read_only,
		.features_off = {VMMIO_TRANSPORT_FEATURES_0 & ~w->o.features, 0},
		.log = fixture_log(),
	};

	w->image = memfd_create("monitor", MFD_CLOEXEC);
	ck_assert_int_ge(w->image, 0);
	ck_assert_int_eq(ftruncate(w->image, RIG_SECTORS * VMMIO_BLK_SECTOR), 0);
	ck_assert_int_eq(vmmio_io_create(&io, &w->io), 0);
	blk.io = w->io;
	blk.fd = w->image;
	ck_assert_int_eq(vmmio_blk_create(&blk, &w->blk), 0);
	return vmmio_blk_backend(w->blk);
}

static void make_device(struct watched *w)
{
	struct vmmio_observer observers[2] = {*vmmio_monitor_observer(w->monitor)};
	struct vmmio_device_options options = {
		.size = sizeof(options),
		.name = "watched",
		.version = w->o.version,
		.backend = w->o.block ? make_block(w) : make_null(w),
		.memory = w->memory,
		.executor = w->executor,
		.irq = {.level = level, .ctx = w},
		.log = fixture_log(),
		.reset_deadline = UINT64_MAX,
		.observers = observers,
		.n_observers = w->o.also ? 2 : 1,
	};

	if (w->o.also)
		observers[1] = *w->o.also;
	ck_assert_int_eq(vmmio_device_create(&options, &w->device), 0);
}

static void make_driver(struct watched *w)
{
	struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &driver_ops,
		.ctx = w,
		.memory = {w->ram, RAM, RAM_SIZE},
	};

	ck_assert_int_eq(vmmio_driver_create(&config, &w->driver), 0);
	ck_assert_int_eq(vmmio_driver_alloc(w->driver, BUFFERS, 4096, &w->buffers), 0);
}

struct watched *watched_new(const struct watched_options *options)
{
	struct watched *w = calloc(1, sizeof(*w));

	ck_assert_ptr_nonnull(w);
	w->o = *options;
	w->image = -1;
	make_monitor(w);
	make_memory(w);
	make_executor(w);
	make_device(w);
	make_driver(w);
	return w;
}

/* --- Using ------------------------------------------------------------------------------------ */

void watched_start(struct watched *w)
{
	ck_assert_int_eq(vmmio_driver_start(w->driver, ~UINT64_C(0), RIG_QUEUES, 16), 0);
	watched_settle(w);
	if (w->o.block && !w->disk)
		ck_assert_int_eq(vmmio_driver_blk_create(w->driver, NULL, &w->disk), 0);
}

void watched_settle(struct watched *w)
{
	if (!w->o.threads)
		vmmio_manual_run(w->executor, 10000);
}

void watched_send(struct watched *w, unsigned queue, unsigned n_out, unsigned n_in, bool indirect)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(w->driver, queue);
	struct vmmio_driver_seg segs[8];
	struct vmmio_driver_chain chain = {
		.out = segs,
		.in = segs + n_out,
		.n_out = n_out,
		.n_in = n_in,
		.indirect = indirect,
	};

	for (unsigned i = 0; i < n_out + n_in; i++)
		segs[i] = (struct vmmio_driver_seg){
			w->buffers.guest + (queue * 8 + i) * PIECE, PIECE};
	ck_assert_int_ge(vmmio_driver_queue_add(q, &chain), 0);
	vmmio_driver_queue_kick(q);
}

unsigned watched_reap(struct watched *w, unsigned queue)
{
	struct vmmio_driver_queue *q = vmmio_driver_queue(w->driver, queue);
	uint32_t events = vmmio_driver_interrupt_status(w->driver);
	struct vmmio_driver_used used;
	unsigned n = 0;
	int found;

	while ((found = vmmio_driver_queue_poll(q, &used)) > 0)
		n++;
	ck_assert_int_eq(found, 0);
	if (events)
		vmmio_driver_interrupt_ack(w->driver, events);
	return n;
}

/* --- The end ---------------------------------------------------------------------------------- */

static void destroyed(void *ctx)
{
	struct watched *w = ctx;

	w->destroyed = true;
}

struct vmmio_conform_report *watched_finish(struct watched *w)
{
	struct vmmio_conform_report *report;

	ck_assert_int_eq(vmmio_device_destroy(w->device, destroyed, w), 0);
	while (!w->destroyed)
		relax(w);
	w->device = NULL;
	ck_assert_int_eq(vmmio_monitor_finish(w->monitor, &report), 0);
	return report;
}

void watched_free(struct watched *w)
{
	vmmio_driver_blk_destroy(w->disk);
	vmmio_driver_destroy(w->driver);
	ck_assert_int_eq(vmmio_null_destroy(w->null), 0);
	ck_assert_int_eq(vmmio_blk_destroy(w->blk), 0);
	while (vmmio_executor_destroy(w->executor) == -EBUSY)
		relax(w);
	if (w->io)
		ck_assert_int_eq(vmmio_io_destroy(w->io), 0);
	ck_assert_int_eq(vmmio_memory_destroy(w->memory), 0);
	munmap(w->ram, RAM_SIZE);
	if (w->image >= 0)
		close(w->image);
	vmmio_monitor_free(w->monitor);
	free(w);
}
