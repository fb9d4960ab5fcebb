/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: split rings and their chains. */
#include <inttypes.h>

#include "conform/monitor/exposed.h"

#define CHAIN_BYTES_MAX (UINT64_C(1) << 32)

static bool is_split(const struct vmmio_monitor *m, const struct scene *s)
{
	return s->queue && m->negotiated_known && !negotiated(m, VMMIO_F_RING_PACKED);
}

static bool is_chain(const struct vmmio_monitor *m, const struct scene *s)
{
	return is_split(m, s) && s->on == ON_CHAIN;
}

static void alignment(struct vmmio_monitor *m, const struct scene *s)
{
	static const unsigned align[3] = {16, 2, 4};

	if (!is_split(m, s) || !writes(s, VMMIO_REG_QUEUE_READY) || !s->low ||
		(s->queue->written & WROTE_LEAST) != WROTE_LEAST)
		return;
	for (unsigned area = 0; area < 3; area++)
		expect(m, queue_area(s->queue, area) % align[area] == 0,
			"expected area %u of queue %u at a multiple of %u, saw 0x%" PRIx64, area,
			s->queue->index, align[area], queue_area(s->queue, area));
}

/* --- Chains
 * ------------------------------------------------------------------------------------------ */

static void writable_last(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_chain(m, s))
		expect(m, !(s->chain->faults & CHAIN_ORDER),
			"expected device-writable elements behind all device-readable ones, saw a "
			"readable one behind them in chain %u of queue %u",
			s->chain->id, s->queue->index);
}

static void bytes_limit(struct vmmio_monitor *m, const struct scene *s)
{
	if (!is_chain(m, s))
		return;
	if (s->chain->faults & CHAIN_LOOP)
		expect(m, false, "expected chains that end, saw a loop in chain %u of queue %u",
			s->chain->id, s->queue->index);
	else
		expect(m, s->chain->readable + s->chain->writable <= CHAIN_BYTES_MAX,
			"expected chains of at most 2^32 bytes, saw %" PRIu64
			" in chain %u of queue %u",
			s->chain->readable + s->chain->writable, s->chain->id, s->queue->index);
}

static void next_in_order(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_chain(m, s) && negotiated(m, VMMIO_F_IN_ORDER) &&
		(s->chain->faults & CHAIN_HAS_NEXT))
		expect(m, !(s->chain->faults & CHAIN_NEXT_ORDER),
			"expected each descriptor to be followed by the one behind it, or by 0 "
			"behind the last, saw another in chain %u of queue %u",
			s->chain->id, s->queue->index);
}

static void indirect_negotiated(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_chain(m, s) && (s->chain->faults & CHAIN_INDIRECT))
		expect(m, negotiated(m, VMMIO_F_INDIRECT_DESC),
			"expected no indirect descriptor without VIRTIO_F_INDIRECT_DESC, saw one "
			"in chain %u of queue %u",
			s->chain->id, s->queue->index);
}

static void no_nested_table(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_chain(m, s) && s->chain->n_table)
		expect(m, !(s->chain->faults & CHAIN_NESTED),
			"expected no indirect descriptor in an indirect table, saw one in chain %u "
			"of queue %u",
			s->chain->id, s->queue->index);
}

static void length_limit(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_chain(m, s) && !(s->chain->faults & CHAIN_LOOP))
		expect(m, s->chain->n_elements <= s->queue->ring_size,
			"expected chains of at most %" PRIu32 " descriptors, saw %" PRIu32
			" in chain %u of queue %u",
			s->queue->ring_size, s->chain->n_elements, s->chain->id, s->queue->index);
}

static void no_next_with_table(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_chain(m, s) && (s->chain->faults & CHAIN_INDIRECT))
		expect(m, !(s->chain->faults & CHAIN_TABLE_NEXT),
			"expected no descriptor with both INDIRECT and NEXT, saw one in chain %u "
			"of queue %u",
			s->chain->id, s->queue->index);
}

static void table_in_order(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_chain(m, s) && negotiated(m, VMMIO_F_IN_ORDER) &&
		(s->chain->faults & CHAIN_TABLE_HAS_NEXT))
		expect(m, !(s->chain->faults & CHAIN_TABLE_ORDER),
			"expected the entries of an indirect table one after the other, saw "
			"another order in chain %u of queue %u",
			s->chain->id, s->queue->index);
}

/* --- The available ring
 * --------------------------------------------------------------------------------- */

/*
 * The driver cannot be further ahead than the device has given back, and all buffers were out at
 * the most. (A driver that has moved by more than 65000 buffers between two looks would be taken
 * for one that goes backwards.)
 */
static void index_grows(struct vmmio_monitor *m, const struct scene *s)
{
	const struct view *v = &s->queue->view, *b = &s->queue->before;
	uint32_t avail = (uint16_t)(v->avail_idx - b->avail_idx);
	uint32_t used = (uint16_t)(v->used_idx - b->used_idx);

	if (!b->valid || avail == 0)
		return;
	expect(m, avail <= used + s->queue->ring_size,
		"expected the available idx of queue %u to grow only, by no more than there is "
		"room for, saw %u after %u",
		s->queue->index, v->avail_idx, b->avail_idx);
}

static void flags_without_event(struct vmmio_monitor *m, const struct scene *s)
{
	if (!negotiated(m, VMMIO_F_EVENT_IDX))
		expect(m, s->queue->view.avail_flags <= 1,
			"expected 0 or 1 as flags of the available ring of queue %u, saw 0x%x",
			s->queue->index, s->queue->view.avail_flags);
}

static void flags_with_event(struct vmmio_monitor *m, const struct scene *s)
{
	if (negotiated(m, VMMIO_F_EVENT_IDX))
		expect(m, s->queue->view.avail_flags == 0,
			"expected 0 as flags of the available ring of queue %u with "
			"VIRTIO_F_EVENT_IDX, saw 0x%x",
			s->queue->index, s->queue->view.avail_flags);
}

/* Before DRIVER_OK nobody but the driver has written there. */
static void used_flags_zero(struct vmmio_monitor *m, const struct scene *s)
{
	uint16_t flags;

	if (!is_split(m, s) || !writes(s, VMMIO_REG_QUEUE_READY) || !s->low || live(m) ||
		!m->steps_known || !m->options.mem_read ||
		(s->queue->written & WROTE_LEAST) != WROTE_LEAST ||
		!memory_get16(m, queue_area(s->queue, 2), &flags))
		return;
	expect(m, flags == 0,
		"expected 0 as flags of the used ring of queue %u when it is set up, saw 0x%x",
		s->queue->index, flags);
}

static const struct rule rules[] = {
	{"SPLIT-DRV-01", ON_WRITE, RULE_SPLIT, alignment, NULL},
	{"SPLIT-DRV-02", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, writable_last, NULL},
	{"SPLIT-DRV-04", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, bytes_limit, NULL},
	{"SPLIT-DRV-05", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, next_in_order, NULL},
	{"SPLIT-DRV-06", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, indirect_negotiated, NULL},
	{"SPLIT-DRV-07", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, no_nested_table, NULL},
	{"SPLIT-DRV-08", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, length_limit, NULL},
	{"SPLIT-DRV-09", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, no_next_with_table, NULL},
	{"SPLIT-DRV-10", ON_CHAIN, RULE_MEMORY | RULE_SPLIT, table_in_order, NULL},
	{"SPLIT-DRV-11", ON_VIEW, RULE_MEMORY | RULE_SPLIT, index_grows, NULL},
	{"SPLIT-DRV-12", ON_VIEW, RULE_MEMORY | RULE_SPLIT, flags_without_event, NULL},
	{"SPLIT-DRV-14", ON_VIEW, RULE_MEMORY | RULE_SPLIT, flags_with_event, NULL},
	{"SPLIT-DRV-19", ON_WRITE, RULE_MEMORY | RULE_SPLIT, used_flags_zero, NULL},
};

const struct rule_group monitor_split_rules = RULE_GROUP(rules);
