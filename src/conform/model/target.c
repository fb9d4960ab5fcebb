/* SPDX-License-Identifier: BSD-3-Clause */
/* The model as a target of the suite. */
#include <errno.h>
#include <string.h>
#include "conform/model/internal.h"

static int target_read(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	*value = model_read(ctx, offset, width);
	return 0;
}

static int target_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	model_write(ctx, offset, width, value);
	return 0;
}

static int target_mem_read(void *ctx, uint64_t guest, void *data, size_t size)
{
	const void *from = model_memory(ctx, guest, size);

	if (!from)
		return -EFAULT;
	memcpy(data, from, size);
	return 0;
}

static int target_mem_write(void *ctx, uint64_t guest, const void *data, size_t size)
{
	void *to = model_memory(ctx, guest, size);

	if (!to)
		return -EFAULT;
	memcpy(to, data, size);
	return 0;
}

static int target_line(void *ctx)
{
	return model_line(ctx);
}

static int target_wait(void *ctx, uint64_t ns)
{
	model_advance(ctx, ns);
	return 0;
}

static uint64_t target_now(void *ctx)
{
	return model_now(ctx);
}

static int target_restart(void *ctx)
{
	model_restart(ctx);
	return 0;
}

static int target_delay_io(void *ctx, uint64_t ns)
{
	model_delay_io(ctx, ns);
	return 0;
}

static int target_delay_reset(void *ctx, uint64_t ns)
{
	model_delay_reset(ctx, ns);
	return 0;
}

static int target_reverse_order(void *ctx, bool on)
{
	model_reverse_order(ctx, on);
	return 0;
}

static int target_change_config(void *ctx)
{
	return model_change_config(ctx);
}

static int target_break_down(void *ctx)
{
	model_break_down(ctx);
	return 0;
}

static int target_activity(void *ctx, struct vmmio_target_activity *out)
{
	model_activity(ctx, out);
	return 0;
}

static int target_storage_read(void *ctx, uint64_t offset, void *data, size_t size)
{
	return model_storage_read(ctx, offset, data, size);
}

static const struct vmmio_target_ops ops = {
	.size = sizeof(ops),
	.read = target_read,
	.write = target_write,
	.mem_read = target_mem_read,
	.mem_write = target_mem_write,
	.line = target_line,
	.wait = target_wait,
	.now = target_now,
	.restart = target_restart,
	.delay_io = target_delay_io,
	.delay_reset = target_delay_reset,
	.reverse_order = target_reverse_order,
	.change_config = target_change_config,
	.break_down = target_break_down,
	.activity = target_activity,
	.storage_read = target_storage_read,
};

int model_target(struct model *m, struct vmmio_target *out)
{
	const struct model_options *o = &m->options;

	if (out->size < sizeof(*out))
		return -EINVAL;
	*out = (struct vmmio_target){
		.size = sizeof(*out),
		.ops = &ops,
		.ctx = m,
		.name = "model",
		.flags = VMMIO_TARGET_VIRTUAL_TIME | VMMIO_TARGET_DISPOSABLE | VMMIO_TARGET_KNOWN |
			 VMMIO_TARGET_MEDIA,
		.known_device_id =
			o->show.flags & MODEL_SHOW_DEVICE_ID ? o->show.device_id : o->device_id,
		.known_features = {m->offer[0], m->offer[1]},
		.known_queues = o->n_queues,
		.known_queue_size = o->queue_size,
		.memory_base = o->ram_base,
		.memory_size = o->ram_size,
	};
	return 0;
}
