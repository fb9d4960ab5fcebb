/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How the author of another device lets vmmio-conform judge it: a shared object that tells
 * how to reach the device, here one of libvmmio's that stands for yours.
 *
 *     vmmio-conform run --target plugin:build/lib/vmmio-example-plugin.so
 *
 * Required are read and write; each further function lets more checks run, see
 * vmmio/conform/target.h.
 */
#include <stdlib.h>
#include <string.h>
#include <vmmio/conform/target.h>
#include <vmmio/vmmio.h>

#define RAM_BASE UINT64_C(0x80000000)
#define RAM_SIZE (2u << 20)

/* --- Your device: a source of what passes for entropy, with one queue -------------------- */

static struct vmmio_executor *executor;
static struct vmmio_device *device;
static uint8_t *ram;
static bool line_is_high;

static void notify(void *ctx, struct vmmio_queue *queue)
{
	struct vmmio_chain chain;

	(void)ctx;
	while (vmmio_queue_pop(queue, &chain, 1)) {
		uint32_t written = chain.n_writable ? (uint32_t)chain.writable[0].len : 0;

		for (uint32_t i = 0; i < written; i++)
			((uint8_t *)chain.writable[0].base)[i] = (uint8_t)rand();
		vmmio_queue_complete_one(queue, chain.token, written);
	}
}

static void level(void *ctx, bool high)
{
	(void)ctx;
	line_is_high = high;
}

static int create_device(void)
{
	static const struct vmmio_backend_ops ops = {.size = sizeof(ops), .notify = notify};
	static const uint16_t sizes[] = {64};
	static const struct vmmio_backend entropy = {.size = sizeof(entropy), .ops = &ops,
		.device_id = VMMIO_ID_ENTROPY, .features = {VMMIO_TRANSPORT_FEATURES_0}, .n_queues = 1,
		.queue_sizes = sizes};
	struct vmmio_device_options options = {.size = sizeof(options), .version = 3,
		.backend = &entropy, .irq = {.level = level}};
	int err = vmmio_manual_create(&executor);

	ram = aligned_alloc(4096, RAM_SIZE);
	if (!err && ram)
		err = vmmio_memory_create(NULL, &options.memory);
	if (!err && ram)
		err = vmmio_memory_add(options.memory,
			&(struct vmmio_region){.guest = RAM_BASE, .size = RAM_SIZE, .host = ram});
	options.executor = executor;
	return err || !ram ? err : vmmio_device_create(&options, &device);
}

/* --- The plugin: these are the 50 lines --------------------------------------------------- */

static int read_register(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	(void)ctx;
	*value = vmmio_device_read(device, offset, width);
	return 0;
}

static int write_register(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	(void)ctx;
	return vmmio_device_write(device, offset, width, value);
}

static int read_memory(void *ctx, uint64_t guest, void *data, size_t size)
{
	(void)ctx;
	memcpy(data, ram + (guest - RAM_BASE), size);
	return 0;
}

static int write_memory(void *ctx, uint64_t guest, const void *data, size_t size)
{
	(void)ctx;
	memcpy(ram + (guest - RAM_BASE), data, size);
	return 0;
}

static int line(void *ctx)
{
	(void)ctx;
	return line_is_high;
}

/* Time is ours to move: what the device has to do meanwhile is done here. */
static int let_pass(void *ctx, uint64_t ns)
{
	(void)ctx;
	vmmio_manual_run(executor, SIZE_MAX);
	vmmio_manual_advance(executor, ns);
	vmmio_manual_run(executor, SIZE_MAX);
	return 0;
}

static uint64_t now(void *ctx)
{
	(void)ctx;
	return vmmio_executor_now(executor);
}

static const struct vmmio_target_ops target_ops = {.size = sizeof(target_ops),
	.read = read_register, .write = write_register, .mem_read = read_memory,
	.mem_write = write_memory, .line = line, .wait = let_pass, .now = now};

VMMIO_API vmmio_target_open_fn vmmio_target_open;

int vmmio_target_open(const char *args, struct vmmio_target *target)
{
	(void)args; /* what stands behind the file's name and a comma */
	target->ops = &target_ops;
	target->name = "example plugin";
	target->flags = VMMIO_TARGET_VIRTUAL_TIME | VMMIO_TARGET_DISPOSABLE;
	target->memory_base = RAM_BASE;
	target->memory_size = RAM_SIZE;
	return device ? 0 : create_device();
}
