/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: setting queues up, and stopping them. */
#include <inttypes.h>

#include "conform/monitor/known.h"
#include "conform/monitor/state.h"

static bool is_address(uint32_t reg)
{
	return reg >= VMMIO_REG_QUEUE_DESC_LOW && reg <= VMMIO_REG_QUEUE_DEVICE_HIGH &&
	       reg % 16 <= 4;
}

static bool configures(const struct scene *s)
{
	return writes(s, VMMIO_REG_QUEUE_SIZE) || (s->on == ON_WRITE && is_address(s->reg));
}

static bool enables(const struct scene *s)
{
	return writes(s, VMMIO_REG_QUEUE_READY) && s->low != 0;
}

static void size_limit(struct vmmio_monitor *m, const struct scene *s)
{
	if (!s->queue || !writes(s, VMMIO_REG_QUEUE_SIZE) || !s->queue->size_max_known)
		return;
	expect(m, s->low <= s->queue->size_max,
		"expected a QueueSize of queue %u of at most its QueueSizeMax, %" PRIu32
		", saw %" PRIu32,
		s->queue->index, s->queue->size_max, s->low);
}

/* Whether 0 is there already while it has not been read back is the device's affair. */
static void not_while_ready(struct vmmio_monitor *m, const struct scene *s)
{
	if (!s->queue || m->resetting || !m->queues_known ||
		(s->reg != VMMIO_REG_QUEUE_SIZE && !is_address(s->reg)))
		return;
	if (s->queue->state == QUEUE_READY)
		expect(m, false, "expected no access to %s of queue %u while it is ready, saw one",
			known_of(s->offset), s->queue->index);
	else if (s->queue->state == QUEUE_OFF)
		kept(m);
}

static void stop_by_ready(struct vmmio_monitor *m, const struct scene *s)
{
	if (!s->queue || !writes(s, VMMIO_REG_QUEUE_READY) || s->queue->state != QUEUE_READY ||
		m->resetting)
		return;
	if (s->low == 0)
		kept(m);
	else if (s->queue->changed)
		expect(m, false,
			"expected 0 in QueueReady of queue %u before its rings are given up for "
			"others, saw it enabled with new ones",
			s->queue->index);
}

static bool reset_over_stopping(struct vmmio_monitor *m, const struct scene *s)
{
	if (!writes(s, VMMIO_REG_STATUS) || s->low != 0)
		return false;
	for (unsigned i = 0; i < m->n_queues; i++)
		if (m->queues[i]->state == QUEUE_STOPPING)
			expect(m, false,
				"expected QueueReady of queue %u to be read back after 0 was "
				"written to it, saw a reset of the device before",
				m->queues[i]->index);
	return true;
}

static void stop_read_back(struct vmmio_monitor *m, const struct scene *s)
{
	if (reset_over_stopping(m, s) || !s->queue || s->queue->state != QUEUE_STOPPING)
		return;
	if (reads(s, VMMIO_REG_QUEUE_READY))
		kept(m);
	else if (configures(s) || enables(s) || writes(s, VMMIO_REG_QUEUE_RESET))
		expect(m, false,
			"expected QueueReady of queue %u to be read back after 0 was written to "
			"it, saw a write to %s before",
			s->queue->index, known_of(s->offset));
	else if (s->on == ON_ALTERED && s->altered)
		expect(m, false,
			"expected QueueReady of queue %u to be read back after 0 was written to "
			"it, saw its descriptors change before",
			s->queue->index);
}

static void queue_reset_read_back(struct vmmio_monitor *m, const struct scene *s)
{
	if (!s->queue || s->queue->state != QUEUE_RESETTING || m->resetting)
		return;
	if (reads(s, VMMIO_REG_QUEUE_RESET) && s->low == 0)
		kept(m);
	else if (configures(s) || enables(s))
		expect(m, false,
			"expected QueueReset of queue %u to be read as 0 after 1 was written to "
			"it, saw a write to %s before",
			s->queue->index, known_of(s->offset));
	else if (s->on == ON_ALTERED && s->altered)
		expect(m, false,
			"expected QueueReset of queue %u to be read as 0 after 1 was written to "
			"it, saw its descriptors change before",
			s->queue->index);
}

static void set_up_again(struct vmmio_monitor *m, const struct scene *s)
{
	unsigned need;

	if (!s->queue || !enables(s) || !s->queue->was_reset)
		return;
	need = s->queue->first_written | WROTE_LEAST;
	expect(m, (s->queue->written & need) == need,
		"expected size and addresses of queue %u to be written again after its reset, saw "
		"it enabled without%s%s",
		s->queue->index, need & WROTE_SIZE & ~s->queue->written ? " its size" : "",
		need & ~WROTE_SIZE & ~s->queue->written ? " all of its addresses" : "");
}

/* Which step of the usual order is not where it belongs; NULL: all are. */
static const char *misplaced(const struct queue *q)
{
	if (!q->read_ready || q->ready_value)
		return "QueueReady was not read as 0";
	if (q->read_max < q->read_ready || q->size_max == 0)
		return "QueueSizeMax was not read as other than 0 after that";
	if (q->wrote_size < q->read_max)
		return "QueueSize was not written after that";
	if (q->wrote_first_address < q->wrote_size || q->written != 2 * 64 - 1)
		return "the six address registers were not written after that";
	return NULL;
}

static void usual_order(struct vmmio_monitor *m, const struct scene *s)
{
	const char *wrong;

	if (!s->queue || !enables(s) || s->queue->state != QUEUE_OFF || m->resetting ||
		!m->queues_known)
		return;
	wrong = misplaced(s->queue);
	expect(m, !wrong,
		"expected queue %u to be set up in the usual order, saw it enabled though %s",
		s->queue->index, wrong ? wrong : "");
}

static const struct rule rules[] = {
	{"MMIO-DRV-15", ON_WRITE, 0, size_limit, NULL},
	{"MMIO-DRV-16", ON_ACCESS, 0, not_while_ready, NULL},
	/* New addresses are written while the queue is ready. */
	{"MMIO-DRV-17", ON_WRITE, 0, stop_by_ready, "MMIO-DRV-16"},
	{"MMIO-DRV-18", ON_ACCESS | ON_ALTERED, 0, stop_read_back, "GEN-DRV-29 GEN-DRV-30"},
	/* The transport's form of the same. */
	{"MMIO-DRV-22", ON_ACCESS | ON_ALTERED, 0, queue_reset_read_back,
		"GEN-DRV-19 GEN-DRV-29 GEN-DRV-30"},
	{"GEN-DRV-19", ON_ACCESS | ON_ALTERED, 0, queue_reset_read_back, "MMIO-DRV-22"},
	/* What is not written is not written in the usual order. */
	{"GEN-DRV-21", ON_WRITE, 0, set_up_again, "MMIO-DRV-34"},
	{"MMIO-DRV-34", ON_WRITE, RULE_SHOULD, usual_order, NULL},
};

const struct rule_group monitor_queue_rules = RULE_GROUP(rules);
