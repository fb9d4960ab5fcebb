/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtqueues: their registers, and when they run. What a ring holds is split.c, packed.c. */
#include <stdlib.h>
#include "conform/model/internal.h"

struct queue *model_selected(struct model *m)
{
	return m->queue_sel < m->options.n_queues ? &m->queues[m->queue_sel] : NULL;
}

const struct ring_ops *model_ring(const struct queue *q)
{
	return q->packed ? &model_packed : &model_split;
}

void model_queue_default(struct queue *q)
{
	struct model *m = q->m;

	*q = (struct queue){.m = m, .index = q->index, .size_max = q->size_max};
	q->setup.size = q->size_max;
}

/* After a queue reset. */
static void reset_to_default(struct queue *q)
{
	const struct queue old = *q;

	model_queue_default(q);
	q->was_reset = true;
	q->old_reads = q->m->options.show.queue_reset_reads;
	q->old_place = old.place;
	q->old_setup = old.setup;
	q->still_shown = true;
	if (faulty(q->m, FAULT_QUEUE_RESET_NOTIFIES))
		model_late(q->m, MODEL_LATE_NS, LATE_USED_QUEUE_RESET, q->index);
}

void model_queue_break(struct queue *q)
{
	q->broken = true;
	model_needs_reset(q->m);
}

/* --- Start -------------------------------------------------------------------------------- */

static bool size_fits(const struct queue *q, uint32_t size)
{
	const bool any = q->packed && !faulty(q->m, FAULT_PACKED_ODD_SIZE);

	if (!size || size > q->size_max)
		return false;
	return any || (size & (size - 1)) == 0;
}

static bool find_areas(struct queue *q)
{
	const uint64_t at[3] = {q->setup.desc, q->setup.driver, q->setup.device};
	uint8_t **const areas[3] = {&q->desc, &q->driver, &q->device};
	uint64_t sizes[3], aligns[3];

	model_ring(q)->layout(q->size, sizes, aligns);
	for (unsigned i = 0; i < 3; i++) {
		*areas[i] = model_memory(q->m, at[i], sizes[i]);
		if (!*areas[i] || at[i] % aligns[i])
			return false;
	}
	return true;
}

static bool same_setup(const struct queue *q)
{
	const struct queue_setup *now = &q->setup, *old = &q->old_setup;

	return now->size == old->size && now->desc == old->desc && now->driver == old->driver &&
	       now->device == old->device;
}

/* What the driver has set up may be unusable; only now does it show. */
static void activate(struct queue *q)
{
	q->packed = model_has(q->m, VMMIO_F_RING_PACKED);
	if (q->was_reset && faulty(q->m, FAULT_QUEUE_RESET_KEEPS_SETUP))
		q->setup = q->old_setup;
	q->size = q->setup.size;
	if (faulty(q->m, FAULT_QUEUE_SIZE_IGNORED))
		q->size = q->size_max;
	q->place = (struct place){.avail_wrap = true, .used_wrap = true};
	if (q->was_reset && faulty(q->m, FAULT_QUEUE_RESET_KEEPS_PLACE) && same_setup(q))
		q->place = q->old_place;
	q->active = size_fits(q, q->size) && find_areas(q);
	if (!q->active)
		model_queue_break(q);
}

static bool may_run(const struct queue *q)
{
	if (faulty(q->m, FAULT_DISABLED_SERVED) && q->active)
		return model_live(q->m);
	if (faulty(q->m, FAULT_UNREADY_SERVED) && q->setup.desc && !q->resetting)
		return model_live(q->m);
	return q->ready && !q->resetting && model_may_take(q->m);
}

void model_queue_start(struct queue *q)
{
	if (q->broken || !may_run(q))
		return;
	if (!q->active)
		activate(q);
	model_take(q);
}

void model_queues_look(struct model *m)
{
	for (unsigned i = 0; shows(m, MODEL_SHOW_QUIET) && i < m->options.n_queues; i++)
		model_take(&m->queues[i]);
}

void model_queue_skip(struct queue *q)
{
	struct job *job;

	if (q->broken || q->active || !may_run(q))
		return;
	activate(q);
	while (q->active && model_ring(q)->take(q, &job) > 0)
		free(job);
}

/* --- Registers ----------------------------------------------------------------------------- */

static void set_half(struct queue *q, uint64_t *address, bool high, uint32_t value)
{
	const unsigned shift = high ? 32 : 0;

	if (!high && faulty(q->m, FAULT_ADDRESS_LOW_CLEARS))
		*address = 0;
	*address &= ~(UINT64_C(0xffffffff) << shift);
	*address |= (uint64_t)value << shift;
}

/* QueueSize and the addresses, which stand still while the queue is ready. */
void model_queue_setup(struct queue *q, uint32_t offset, uint32_t value)
{
	if (q->ready)
		return;
	q->still_shown = false;
	switch (offset) {
	case VMMIO_REG_QUEUE_SIZE:
		q->setup.size = value;
		break;
	case VMMIO_REG_QUEUE_DESC_LOW:
	case VMMIO_REG_QUEUE_DESC_HIGH:
		set_half(q, &q->setup.desc, offset == VMMIO_REG_QUEUE_DESC_HIGH, value);
		break;
	case VMMIO_REG_QUEUE_DRIVER_LOW:
	case VMMIO_REG_QUEUE_DRIVER_HIGH:
		set_half(q, &q->setup.driver, offset == VMMIO_REG_QUEUE_DRIVER_HIGH, value);
		break;
	case VMMIO_REG_QUEUE_DEVICE_LOW:
	case VMMIO_REG_QUEUE_DEVICE_HIGH:
		set_half(q, &q->setup.device, offset == VMMIO_REG_QUEUE_DEVICE_HIGH, value);
		break;
	default:
		break;
	}
}

/* The write returns when nothing of the queue is under way any more. */
static void disable(struct queue *q)
{
	if (faulty(q->m, FAULT_DISABLED_SERVED)) {
		q->ready = false;
		return;
	}
	q->active = false;
	model_orphan(q->m, q);
	while (model_busy(q->m, q))
		model_step_next(q->m);
	model_queue_default(q);
}

void model_queue_ready(struct queue *q, uint32_t value)
{
	if (q->resetting || value > 1 || q->ready == (value == 1))
		return;
	if (!value && faulty(q->m, FAULT_QUEUE_READY_STICKS) && model_is_early(q->m))
		return;
	if (!value) {
		disable(q);
		return;
	}
	q->ready = true;
	model_queue_start(q);
	model_step(q->m);
}

static void begin_reset(struct queue *q)
{
	if (q->resetting)
		return;
	if (!q->ready) {
		model_queue_default(q);
		return;
	}
	q->active = false;
	q->resetting = true;
	q->reset_due = model_after(q->m, q->m->reset_delay);
	model_orphan(q->m, q);
}

void model_queue_reset(struct queue *q, uint32_t value)
{
	struct model *m = q->m;

	if (value != 1 || !model_has(m, VMMIO_F_RING_RESET))
		return;
	if (faulty(m, FAULT_QUEUE_RESET_IGNORED))
		return;
	begin_reset(q);
	for (unsigned i = 0; i < m->options.n_queues; i++)
		if (faulty(m, FAULT_QUEUE_RESET_ALL))
			begin_reset(&m->queues[i]);
	model_step(m);
}

/* A device reset takes over, and is what ends it. */
uint64_t model_queue_reset_next(const struct queue *q)
{
	uint64_t quiet = model_quiet_at(q->m, q);

	if (faulty(q->m, FAULT_QUEUE_RESET_FORGETS_IO))
		quiet = 0;
	if (!q->resetting || q->m->resetting)
		return MODEL_NEVER;
	return quiet > q->reset_due ? quiet : q->reset_due;
}

void model_queue_reset_step(struct queue *q)
{
	if (q->m->now >= model_queue_reset_next(q))
		reset_to_default(q);
}

/* With NOTIFICATION_DATA the upper half says where the driver stands: a hint, not needed. */
void model_queue_notify(struct model *m, uint32_t value)
{
	const uint64_t taken = m->activity.taken;
	uint32_t index = model_has(m, VMMIO_F_NOTIFICATION_DATA) ? value & 0xffff : value;
	struct queue *q;

	if (faulty(m, FAULT_NOTIFY_QUEUE_0) && model_has(m, VMMIO_F_NOTIFICATION_DATA))
		index = 0;
	if (faulty(m, FAULT_NOTIFY_WHOLE_WORD))
		index = value;
	if (index >= m->options.n_queues)
		return;
	q = &m->queues[index];
	model_queue_start(q);
	model_step(m);
	if (faulty(m, FAULT_SPURIOUS_BREAKS) && m->activity.taken == taken && q->active &&
		!q->packed && model_live(m))
		model_queue_break(q);
	if (faulty(m, FAULT_EARLY_NOTIFIES) && q->ready && model_is_early(m))
		model_event(m, VMMIO_INT_USED_BUFFER);
}
