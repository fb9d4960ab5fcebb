/* SPDX-License-Identifier: BSD-3-Clause */
/* A target that does as tests of the engine like. */
#include "conform/fake_target.h"

#include <errno.h>
#include <string.h>

/* --- Registers ------------------------------------------------------------------------- */

/* Counts; whether the device still answers. */
static bool answers(struct fake *fake)
{
	fake->accesses++;
	return !fake->dies_at || fake->accesses < fake->dies_at;
}

static uint32_t read_queue(const struct fake *fake, uint64_t offset)
{
	if (fake->queue_sel >= FAKE_QUEUES)
		return 0;
	return offset == VMMIO_REG_QUEUE_READY ? fake->ready[fake->queue_sel] : fake->queue_size;
}

static uint32_t read_register(const struct fake *fake, uint64_t offset)
{
	switch (offset) {
	case VMMIO_REG_MAGIC:
		return fake->magic;
	case VMMIO_REG_VERSION:
		return fake->version;
	case VMMIO_REG_DEVICE_ID:
		return fake->device_id;
	case VMMIO_REG_DEVICE_FEATURES:
		return fake->features_sel < 2 ? (uint32_t)(fake->features >> 32 * fake->features_sel) : 0;
	case VMMIO_REG_QUEUE_SIZE_MAX:
	case VMMIO_REG_QUEUE_READY:
		return read_queue(fake, offset);
	case VMMIO_REG_INTERRUPT_STATUS:
		return fake->interrupt;
	case VMMIO_REG_STATUS:
		return fake->status;
	default:
		return offset < sizeof(fake->other) ? fake->other[offset / 4] : 0;
	}
}

static int fake_read(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	struct fake *fake = ctx;

	(void)width;
	if (!answers(fake))
		return -EIO;
	*value = read_register(fake, offset);
	return 0;
}

static void reset(struct fake *fake)
{
	fake->resets++;
	if (!fake->stuck)
		fake->status = 0;
}

static void write_register(struct fake *fake, uint64_t offset, uint32_t value)
{
	if (offset == VMMIO_REG_STATUS && !value)
		reset(fake);
	else if (offset == VMMIO_REG_STATUS)
		fake->status |= value;
	else if (offset == VMMIO_REG_INTERRUPT_ACK)
		fake->interrupt &= ~value;
	else if (offset == VMMIO_REG_QUEUE_SEL)
		fake->queue_sel = value;
	else if (offset == VMMIO_REG_DEVICE_FEATURES_SEL)
		fake->features_sel = value;
	else if (offset == VMMIO_REG_QUEUE_READY && fake->queue_sel < FAKE_QUEUES)
		fake->ready[fake->queue_sel] = value;
	else if (offset < sizeof(fake->other))
		fake->other[offset / 4] = value;
}

static int fake_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct fake *fake = ctx;

	(void)width;
	if (!answers(fake))
		return -EIO;
	if (fake->n_writes < FAKE_LOG)
		fake->writes[fake->n_writes++] = (struct fake_write){offset, value};
	write_register(fake, offset, (uint32_t)value);
	return 0;
}

unsigned fake_wrote(const struct fake *fake, uint64_t offset, uint64_t value)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake->n_writes; i++)
		n += fake->writes[i].offset == offset && fake->writes[i].value == value;
	return n;
}

/* --- Memory, line, time ------------------------------------------------------------------ */

static uint8_t *at(struct fake *fake, uint64_t guest, size_t size)
{
	if (guest < FAKE_BASE || guest - FAKE_BASE + size > FAKE_MEMORY)
		return NULL;
	return fake->memory + (guest - FAKE_BASE);
}

static int fake_mem_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	struct fake *fake = ctx;
	const uint8_t *from = at(fake, guest, size);

	if (fake->memory_error || !from)
		return from ? fake->memory_error : -EFAULT;
	memcpy(data, from, size);
	return 0;
}

static int fake_mem_write(void *ctx, uint64_t guest, const void *data, size_t size)
{
	struct fake *fake = ctx;
	uint8_t *to = at(fake, guest, size);

	if (fake->memory_error || !to)
		return to ? fake->memory_error : -EFAULT;
	memcpy(to, data, size);
	return 0;
}

static int fake_line(void *ctx)
{
	const struct fake *fake = ctx;

	return fake->line_error ? fake->line_error : fake->interrupt != 0;
}

static int fake_wait(void *ctx, uint64_t ns)
{
	struct fake *fake = ctx;

	fake->now += fake->clock_stands ? 0 : ns;
	return 0;
}

static uint64_t fake_now(void *ctx)
{
	return ((const struct fake *)ctx)->now;
}

/* --- Hooks --------------------------------------------------------------------------------- */

static int fake_restart(void *ctx)
{
	struct fake *fake = ctx;

	if (fake->restart_error)
		return fake->restart_error;
	fake->restarts++;
	fake->dies_at = 0;
	fake->status = fake->interrupt = 0;
	memset(fake->ready, 0, sizeof(fake->ready));
	return 0;
}

static int fake_delay_io(void *ctx, uint64_t ns)
{
	struct fake *fake = ctx;

	fake->n_delay_io++;
	fake->delay_io = ns;
	return fake->hook_error;
}

static int fake_delay_reset(void *ctx, uint64_t ns)
{
	struct fake *fake = ctx;

	fake->n_delay_reset++;
	fake->delay_reset = ns;
	return fake->hook_error;
}

static int fake_reverse(void *ctx, bool on)
{
	struct fake *fake = ctx;

	fake->n_reverse++;
	fake->reverse = on;
	return fake->hook_error;
}

static int fake_poke(void *ctx)
{
	return ((const struct fake *)ctx)->hook_error;
}

static int fake_activity(void *ctx, struct vmmio_target_activity *out)
{
	struct fake *fake = ctx;

	*out = (struct vmmio_target_activity){.resets = fake->resets};
	return fake->hook_error;
}

static int fake_storage(void *ctx, uint64_t offset, void *data, size_t size)
{
	(void)offset;
	memset(data, 0, size);
	return ((const struct fake *)ctx)->hook_error;
}

void fake_init(struct fake *fake)
{
	memset(fake, 0, sizeof(*fake));
	fake->magic = VMMIO_MAGIC;
	fake->version = 2;
	fake->device_id = VMMIO_ID_BLOCK;
	fake->features = VMMIO_FEATURE(VMMIO_F_VERSION_1);
	fake->queue_size = 16;
	fake->ops = (struct vmmio_target_ops){
		.size = sizeof(fake->ops),
		.read = fake_read,
		.write = fake_write,
		.mem_read = fake_mem_read,
		.mem_write = fake_mem_write,
		.line = fake_line,
		.wait = fake_wait,
		.now = fake_now,
		.restart = fake_restart,
		.delay_io = fake_delay_io,
		.delay_reset = fake_delay_reset,
		.reverse_order = fake_reverse,
		.change_config = fake_poke,
		.break_down = fake_poke,
		.activity = fake_activity,
		.storage_read = fake_storage,
	};
	fake->target = (struct vmmio_target){
		.size = sizeof(fake->target),
		.ops = &fake->ops,
		.ctx = fake,
		.name = "fake",
		.flags = VMMIO_TARGET_VIRTUAL_TIME | VMMIO_TARGET_DISPOSABLE,
		.memory_base = FAKE_BASE,
		.memory_size = FAKE_MEMORY,
	};
}
