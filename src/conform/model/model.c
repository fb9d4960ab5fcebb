/* SPDX-License-Identifier: BSD-3-Clause */
/* The model's life, and its guest memory. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "conform/model/internal.h"

static const struct type_ops *type_of(uint32_t device_id)
{
	static const struct type_ops *const types[] = {
		&model_block, &model_entropy, &model_anything};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i]->id == device_id)
			return types[i];
	return NULL;
}

static bool usable(const struct model_options *o)
{
	if (o->version != 2 && o->version != 3)
		return false;
	if (!type_of(o->device_id) || o->n_queues > MODEL_QUEUES_MAX)
		return false;
	if (o->queue_size > VMMIO_QUEUE_SIZE_LIMIT)
		return false;
	return !o->ram || (o->ram_size && o->ram_base + (o->ram_size - 1) >= o->ram_base);
}

static void complete_options(struct model *m)
{
	struct model_options *o = &m->options;

	if (!o->n_queues)
		o->n_queues = m->type->n_queues;
	if (!o->queue_size)
		o->queue_size = 256;
	if (o->show.flags & MODEL_SHOW_NO_QUEUES)
		o->queue_size = 0;
	if (faulty(m, FAULT_QUEUE_MAX_HUGE))
		o->queue_size = VMMIO_QUEUE_SIZE_LIMIT + VMMIO_QUEUE_SIZE_LIMIT / 2;
	if (o->ram)
		return;
	if (!o->ram_base)
		o->ram_base = MODEL_RAM_BASE;
	if (!o->ram_size)
		o->ram_size = MODEL_RAM_SIZE;
}

/* Guest and host addresses are alike within a page. */
static void *allocate_ram(uint64_t size)
{
	const size_t pages = (size_t)(size + 4095) / 4096 * 4096;
	void *ram = aligned_alloc(4096, pages);

	if (ram)
		memset(ram, 0, pages);
	return ram;
}

static int allocate(struct model *m)
{
	struct model_options *o = &m->options;

	m->scratch_max = o->queue_size + MODEL_TABLE_MAX;
	m->scratch = calloc(m->scratch_max, sizeof(*m->scratch));
	m->queues = calloc(o->n_queues, sizeof(*m->queues));
	if (!o->ram)
		o->ram = m->own_ram = allocate_ram(o->ram_size);
	if (!m->scratch || !m->queues || !o->ram)
		return -ENOMEM;
	for (unsigned i = 0; i < o->n_queues; i++) {
		m->queues[i].m = m;
		m->queues[i].index = i;
		m->queues[i].size_max = o->queue_size;
	}
	return m->type->create ? m->type->create(m) : 0;
}

int model_create(const struct model_options *options, struct model **out)
{
	struct model *m;
	int err;

	if (!usable(options))
		return -EINVAL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->options = *options;
	m->type = type_of(options->device_id);
	complete_options(m);
	err = allocate(m);
	if (err) {
		model_destroy(m);
		return err;
	}
	model_features_init(m);
	model_restart(m);
	*out = m;
	return 0;
}

void model_destroy(struct model *m)
{
	if (!m)
		return;
	model_drop_all(m);
	model_late_clear(m);
	if (m->type->destroy)
		m->type->destroy(m);
	free(m->own_ram);
	free(m->queues);
	free(m->scratch);
	free(m);
}

void model_restart(struct model *m)
{
	const size_t kept = offsetof(struct model, jobs);

	model_drop_all(m);
	model_late_clear(m);
	memset((char *)m + kept, 0, sizeof(*m) - kept);
	m->jobs_end = &m->jobs;
	for (unsigned i = 0; i < m->options.n_queues; i++)
		model_queue_default(&m->queues[i]);
	if (m->type->restart)
		m->type->restart(m);
	m->status = m->options.show.status;
	m->reset_delay = m->options.show.reset_ns;
	if (faulty(m, FAULT_STATUS_AT_START))
		m->status = VMMIO_STATUS_ACKNOWLEDGE;
}

void *model_memory(const struct model *m, uint64_t guest, uint64_t size)
{
	uint64_t offset = guest - m->options.ram_base;

	if (guest < m->options.ram_base || offset > m->options.ram_size ||
		size > m->options.ram_size - offset)
		return NULL;
	return (uint8_t *)m->options.ram + offset;
}

uint16_t model_get16(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return vmmio_le16(value);
}

uint32_t model_get32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return vmmio_le32(value);
}

uint64_t model_get64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return vmmio_le64(value);
}

void model_put16(uint8_t *to, uint16_t value)
{
	value = vmmio_le16(value);
	memcpy(to, &value, sizeof(value));
}

void model_put32(uint8_t *to, uint32_t value)
{
	value = vmmio_le32(value);
	memcpy(to, &value, sizeof(value));
}

void model_put64(uint8_t *to, uint64_t value)
{
	value = vmmio_le64(value);
	memcpy(to, &value, sizeof(value));
}
