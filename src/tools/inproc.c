/* SPDX-License-Identifier: BSD-3-Clause */
/* The inproc target: its name, its options, and the functions of a target. */
#include "tools/inproc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conform/targets/args.h"
#include "tools/inproc_internal.h"

/* Tasks and deadlines within one wait: more can only be one that begins itself anew. */
#define ROUNDS_MAX (1u << 20)

/* --- Registers, memory, time ---------------------------------------------------------- */

static int read_register(void *ctx, uint64_t offset, unsigned width, uint64_t *value)
{
	struct inproc *p = ctx;

	if (!p->device)
		return -EIO;
	*value = vmmio_device_read(p->device, offset, width);
	return 0;
}

static int write_register(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct inproc *p = ctx;

	return p->device ? vmmio_device_write(p->device, offset, width, value) : -EIO;
}

static uint8_t *guest_at(struct inproc *p, uint64_t guest, size_t size)
{
	uint64_t offset = guest - INPROC_RAM_BASE;

	if (offset > INPROC_RAM_SIZE || size > INPROC_RAM_SIZE - offset)
		return NULL;
	return p->ram + offset;
}

static int read_memory(void *ctx, uint64_t guest, void *data, size_t size)
{
	const uint8_t *at = guest_at(ctx, guest, size);

	if (!at)
		return -EFAULT;
	target_copy(data, at, size);
	return 0;
}

static int write_memory(void *ctx, uint64_t guest, const void *data, size_t size)
{
	uint8_t *at = guest_at(ctx, guest, size);

	if (!at)
		return -EFAULT;
	target_copy(at, data, size);
	return 0;
}

static int get_line(void *ctx)
{
	return ((struct inproc *)ctx)->line;
}

static uint64_t get_now(void *ctx)
{
	return vmmio_executor_now(((struct inproc *)ctx)->ex);
}

/* Tasks first, then what is due next, up to the end. */
static int let_pass(void *ctx, uint64_t ns)
{
	struct inproc *p = ctx;
	uint64_t now = get_now(p), end = ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
	unsigned rounds;

	for (rounds = 0; rounds < ROUNDS_MAX; rounds++) {
		uint64_t next = vmmio_manual_next_deadline(p->ex);

		if (vmmio_manual_step(p->ex, 0))
			continue;
		now = get_now(p);
		if (next > end || next == UINT64_MAX)
			break;
		vmmio_manual_advance(p->ex, next > now ? next - now : 0);
	}
	if (now < end)
		vmmio_manual_advance(p->ex, end - now);
	return rounds < ROUNDS_MAX ? 0 : -ETIMEDOUT;
}

static int restart(void *ctx)
{
	return inproc_restart(ctx);
}

static void close_target(void *ctx)
{
	inproc_destroy(ctx);
}

/* --- Hooks --------------------------------------------------------------------------------- */

static int delay_io(void *ctx, uint64_t ns)
{
	struct inproc *p = ctx;

	hold_set_delay(&p->hold, ns);
	return 0;
}

static int delay_reset(void *ctx, uint64_t ns)
{
	struct inproc *p = ctx;

	p->stop_delay = ns;
	return 0;
}

static int reverse_order(void *ctx, bool on)
{
	struct inproc *p = ctx;

	hold_set_reverse(&p->hold, on);
	return 0;
}

/* The null device adds one to its first 32 bits. */
static int change_config(void *ctx)
{
	struct inproc *p = ctx;
	uint32_t value = 0;
	int err;

	if (!p->device)
		return -EIO;
	if (p->kind == INPROC_BLK)
		return inproc_resize(p);
	err = vmmio_device_config_get(p->device, 0, &value, sizeof(value));
	if (err)
		return err;
	value = vmmio_le32(vmmio_le32(value) + 1);
	return vmmio_device_config_change(p->device, 0, &value, sizeof(value));
}

static int break_down(void *ctx)
{
	struct inproc *p = ctx;

	if (!p->device)
		return -EIO;
	vmmio_device_needs_reset(p->device, "asked to by the conformance suite");
	return 0;
}

static int get_activity(void *ctx, struct vmmio_target_activity *out)
{
	struct inproc *p = ctx;
	struct vmmio_device_counters count;

	if (!p->device)
		return -EIO;
	vmmio_device_counters(p->device, &count);
	*out = (struct vmmio_target_activity){
		.taken = count.chains, .in_flight = count.leases, .resets = count.resets};
	return 0;
}

static int read_storage(void *ctx, uint64_t offset, void *data, size_t size)
{
	struct inproc *p = ctx;
	ssize_t n;

	if (p->kind != INPROC_BLK)
		return -ENOTSUP;
	if (offset > p->image_size || size > p->image_size - offset)
		return -ERANGE;
	n = pread(p->image, data, size, (off_t)offset);
	return n == (ssize_t)size ? 0 : -EIO;
}

/* --- Open ---------------------------------------------------------------------------------- */

static const struct vmmio_target_ops ops = {
	.size = sizeof(ops),
	.read = read_register,
	.write = write_register,
	.mem_read = read_memory,
	.mem_write = write_memory,
	.line = get_line,
	.wait = let_pass,
	.now = get_now,
	.restart = restart,
	.close = close_target,
	.delay_io = delay_io,
	.delay_reset = delay_reset,
	.reverse_order = reverse_order,
	.change_config = change_config,
	.break_down = break_down,
	.activity = get_activity,
	.storage_read = read_storage,
};

/* Without I/O, config space or storage. */
static const struct vmmio_target_ops rng_ops = {
	.size = sizeof(rng_ops),
	.read = read_register,
	.write = write_register,
	.mem_read = read_memory,
	.mem_write = write_memory,
	.line = get_line,
	.wait = let_pass,
	.now = get_now,
	.restart = restart,
	.close = close_target,
	.delay_reset = delay_reset,
	.break_down = break_down,
	.activity = get_activity,
};

static int parse(const char *args, struct inproc *p, struct vmmio_target_error *error)
{
	static const char *const names[] = {"blk", "null", "rng"};
	unsigned version = 1, ring = 0, backend = 0;
	const struct arg table[] = {{"version", ARG_CHOICE, &version, "2|3", 0, 0},
		{"ring", ARG_CHOICE, &ring, "split|packed", 0, 0},
		{"backend", ARG_CHOICE, &backend, "blk|null|rng", 0, 0}, {.key = NULL}};
	int err = args_parse("inproc", args, table, error);

	p->version = version + 2;
	p->packed = ring;
	p->kind = backend;
	snprintf(p->name, sizeof(p->name), "inproc:version=%u,ring=%s,backend=%s", p->version,
		p->packed ? "packed" : "split", names[p->kind]);
	return err;
}

static void fill_in(const struct inproc *p, struct vmmio_target *out)
{
	out->flags = VMMIO_TARGET_VIRTUAL_TIME | VMMIO_TARGET_DISPOSABLE | VMMIO_TARGET_KNOWN;
	out->known_device_id = p->inner->device_id;
	memcpy(out->known_features, p->inner->features, sizeof(out->known_features));
	out->known_queues = p->inner->n_queues;
	out->known_queue_size = p->inner->queue_sizes[0];
	out->memory_base = INPROC_RAM_BASE;
	out->memory_size = INPROC_RAM_SIZE;
}

int inproc_open(const char *args, struct vmmio_target *out, struct vmmio_target_error *error)
{
	struct inproc *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return target_error(error, -ENOMEM, "inproc: no memory");
	err = parse(args, p, error);
	if (err) {
		free(p);
		return err;
	}
	out->ops = p->kind == INPROC_RNG ? &rng_ops : &ops;
	out->ctx = p;
	out->name = p->name;
	err = inproc_create(p, error);
	if (!err)
		fill_in(p, out);
	return err;
}

void *inproc_memory(const struct vmmio_target *target)
{
	return ((struct inproc *)target->ctx)->ram;
}
