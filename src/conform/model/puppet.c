/* SPDX-License-Identifier: BSD-3-Clause */
/* The puppet: a model behind a public face. */
#include <errno.h>
#include <stdlib.h>
#include <vmmio/conform/puppet.h>
#include <vmmio/spec.h>
#include "conform/model/model.h"

struct vmmio_puppet {
	struct model *model;
};

static bool usable(const struct vmmio_puppet_options *o)
{
	if (!o || o->size < sizeof(*o) || (o->version && o->version != 2 && o->version != 3))
		return false;
	return o->memory && o->memory_size;
}

/* A type that the model has no notion of acts as the one that gives all back. */
static uint32_t type_of(uint32_t device_id)
{
	if (!device_id)
		return VMMIO_ID_BLOCK;
	if (device_id == VMMIO_ID_BLOCK || device_id == VMMIO_ID_ENTROPY)
		return device_id;
	return MODEL_ID_ANYTHING;
}

static struct model_show what_to_show(const struct vmmio_puppet_options *o)
{
	static const struct {
		uint32_t flag, show;
	} flags[] = {
		{VMMIO_PUPPET_MAGIC, MODEL_SHOW_MAGIC},
		{VMMIO_PUPPET_VERSION, MODEL_SHOW_VERSION},
		{VMMIO_PUPPET_DEVICE_ID, MODEL_SHOW_DEVICE_ID},
		{VMMIO_PUPPET_NO_QUEUES, MODEL_SHOW_NO_QUEUES},
		{VMMIO_PUPPET_QUIET, MODEL_SHOW_QUIET},
		{VMMIO_PUPPET_STRAY, MODEL_SHOW_STRAY},
	};
	struct model_show show = {.magic = o->shown_magic,
		.version = o->shown_version,
		.device_id = o->shown_device_id,
		.interrupt_extra = o->interrupt_extra,
		.status = o->status,
		.reset_ns = o->reset_ns,
		.reset_reads = o->reset_reads,
		.features_refused = o->features_refused,
		.queue_reset_reads = o->queue_reset_reads,
		.generation_moves = o->generation_moves,
		.used_id_off = o->used_id_off,
		.used_len_off = o->used_len_off,
		.entropy_most = o->entropy_most};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		show.flags |= o->flags & flags[i].flag ? flags[i].show : 0;
	if (!(o->flags & VMMIO_PUPPET_DEVICE_ID) && o->device_id) {
		show.flags |= MODEL_SHOW_DEVICE_ID;
		show.device_id = o->device_id;
	}
	return show;
}

int vmmio_puppet_create(const struct vmmio_puppet_options *o, struct vmmio_puppet **out)
{
	struct model_options options;
	struct vmmio_puppet *puppet;
	int err;

	if (!usable(o))
		return -EINVAL;
	options = (struct model_options){.version = o->version ? o->version : 2,
		.device_id = type_of(o->device_id),
		.packed = true,
		.read_only = o->flags & VMMIO_PUPPET_READ_ONLY,
		.features_off = {o->features_off[0], o->features_off[1]},
		.features_extra = {o->features_extra[0], o->features_extra[1]},
		.n_queues = o->n_queues,
		.queue_size = o->queue_size,
		.ram = o->memory,
		.ram_base = o->memory_base,
		.ram_size = o->memory_size,
		.shm = o->shm,
		.show = what_to_show(o)};
	puppet = calloc(1, sizeof(*puppet));
	if (!puppet)
		return -ENOMEM;
	err = model_create(&options, &puppet->model);
	if (err) {
		free(puppet);
		return err;
	}
	*out = puppet;
	return 0;
}

void vmmio_puppet_destroy(struct vmmio_puppet *puppet)
{
	if (!puppet)
		return;
	model_destroy(puppet->model);
	free(puppet);
}

void vmmio_puppet_restart(struct vmmio_puppet *puppet)
{
	model_restart(puppet->model);
}

uint64_t vmmio_puppet_read(struct vmmio_puppet *puppet, uint64_t offset, unsigned width)
{
	return model_read(puppet->model, offset, width);
}

void vmmio_puppet_write(
	struct vmmio_puppet *puppet, uint64_t offset, unsigned width, uint64_t value)
{
	model_write(puppet->model, offset, width, value);
}

bool vmmio_puppet_line(const struct vmmio_puppet *puppet)
{
	return model_line(puppet->model);
}

uint64_t vmmio_puppet_now(const struct vmmio_puppet *puppet)
{
	return model_now(puppet->model);
}

void vmmio_puppet_advance(struct vmmio_puppet *puppet, uint64_t ns)
{
	model_advance(puppet->model, ns);
}

void vmmio_puppet_delay_io(struct vmmio_puppet *puppet, uint64_t ns)
{
	model_delay_io(puppet->model, ns);
}

void vmmio_puppet_delay_reset(struct vmmio_puppet *puppet, uint64_t ns)
{
	model_delay_reset(puppet->model, ns);
}

void vmmio_puppet_reverse_order(struct vmmio_puppet *puppet, bool on)
{
	model_reverse_order(puppet->model, on);
}

int vmmio_puppet_change_config(struct vmmio_puppet *puppet)
{
	return model_change_config(puppet->model);
}

int vmmio_puppet_set_config(
	struct vmmio_puppet *puppet, uint32_t offset, const void *data, size_t size)
{
	return model_set_config(puppet->model, offset, data, size);
}

void vmmio_puppet_needs_reset(struct vmmio_puppet *puppet)
{
	model_break_down(puppet->model);
}

void vmmio_puppet_raise(struct vmmio_puppet *puppet, uint32_t bits)
{
	model_raise(puppet->model, bits);
}

void vmmio_puppet_spurious(struct vmmio_puppet *puppet)
{
	model_spurious_line(puppet->model);
}

struct vmmio_target_activity vmmio_puppet_activity(const struct vmmio_puppet *puppet)
{
	struct vmmio_target_activity activity;

	model_activity(puppet->model, &activity);
	return activity;
}

int vmmio_puppet_storage_read(
	const struct vmmio_puppet *puppet, uint64_t offset, void *data, size_t size)
{
	return model_storage_read(puppet->model, offset, data, size);
}

int vmmio_puppet_target(struct vmmio_puppet *puppet, struct vmmio_target *target)
{
	return model_target(puppet->model, target);
}

const struct vmmio_puppet_api *vmmio_puppet_api(void)
{
	static const struct vmmio_puppet_api api = {.size = sizeof(api),
		.create = vmmio_puppet_create,
		.destroy = vmmio_puppet_destroy,
		.restart = vmmio_puppet_restart,
		.read = vmmio_puppet_read,
		.write = vmmio_puppet_write,
		.line = vmmio_puppet_line,
		.now = vmmio_puppet_now,
		.advance = vmmio_puppet_advance,
		.delay_io = vmmio_puppet_delay_io,
		.delay_reset = vmmio_puppet_delay_reset,
		.reverse_order = vmmio_puppet_reverse_order,
		.change_config = vmmio_puppet_change_config,
		.set_config = vmmio_puppet_set_config,
		.needs_reset = vmmio_puppet_needs_reset,
		.raise = vmmio_puppet_raise,
		.spurious = vmmio_puppet_spurious,
		.activity = vmmio_puppet_activity,
		.storage_read = vmmio_puppet_storage_read,
		.target = vmmio_puppet_target};

	return &api;
}
