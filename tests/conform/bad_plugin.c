/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin that does what its argument says, wrong. */
#include <errno.h>
#include <string.h>
#include <vmmio/conform/target.h>

static unsigned closed;

static int read_register(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	(void)ctx, (void)offset, (void)width;
	*value = closed;
	return 0;
}

static int write_register(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	(void)ctx, (void)offset, (void)width, (void)value;
	return 0;
}

static int read_memory(void *ctx, uint64_t guest, void *data, size_t size)
{
	(void)ctx, (void)guest;
	memset(data, 0, size);
	return 0;
}

static int write_memory(void *ctx, uint64_t guest, const void *data, size_t size)
{
	(void)ctx, (void)guest, (void)data, (void)size;
	return 0;
}

static void count_close(void *ctx)
{
	(void)ctx;
	closed++;
}

static struct vmmio_target_ops ops = {
	.size = sizeof(ops), .read = read_register, .write = write_register, .close = count_close};

static void add_memory(struct vmmio_target *target, uint64_t base, uint64_t size)
{
	ops.mem_read = read_memory;
	ops.mem_write = write_memory;
	target->memory_base = base;
	target->memory_size = size;
}

VMMIO_API vmmio_target_open_fn vmmio_target_open;

int vmmio_target_open(const char *args, struct vmmio_target *target)
{
	target->ops = &ops;
	if (!strcmp(args, "fails"))
		return -ENODEV;
	if (!strcmp(args, "positive"))
		return 3;
	if (!strcmp(args, "no ops"))
		target->ops = NULL;
	if (!strcmp(args, "no read"))
		ops.read = NULL;
	if (!strcmp(args, "small ops"))
		ops.size = offsetof(struct vmmio_target_ops, write);
	if (!strcmp(args, "size 0"))
		target->size = 0;
	if (!strcmp(args, "later"))
		target->size = sizeof(*target) + 64;
	if (!strcmp(args, "later")) /* has more fields, and fills them in */
		memset(target + 1, 0xff, 64);
	if (!strcmp(args, "no mem_write"))
		add_memory(target, 0, 1 << 20);
	if (!strcmp(args, "no mem_write"))
		ops.mem_write = NULL;
	if (!strcmp(args, "no wait"))
		target->flags = VMMIO_TARGET_VIRTUAL_TIME;
	if (!strcmp(args, "little memory"))
		add_memory(target, 0, (1 << 20) - 4096);
	if (!strcmp(args, "crooked memory"))
		add_memory(target, 512, 1 << 20);
	if (!strcmp(args, "endless memory"))
		add_memory(target, UINT64_MAX - 4095, 1 << 20);
	return 0;
}
