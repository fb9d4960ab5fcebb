/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: packed rings and their lists. */
#include <inttypes.h>

#include "conform/monitor/state.h"

static bool is_packed(const struct vmmio_monitor *m, const struct scene *s)
{
	return s->queue && m->negotiated_known && negotiated(m, VMMIO_F_RING_PACKED);
}

static bool is_list(const struct vmmio_monitor *m, const struct scene *s)
{
	return is_packed(m, s) && s->on == ON_CHAIN;
}

static void alignment(struct vmmio_monitor *m, const struct scene *s)
{
	static const unsigned align[3] = {16, 4, 4};

	if (!is_packed(m, s) || !writes(s, VMMIO_REG_QUEUE_READY) || !s->low ||
		(s->queue->written & WROTE_LEAST) != WROTE_LEAST)
		return;
	for (unsigned area = 0; area < 3; area++)
		expect(m, queue_area(s->queue, area) % align[area] == 0,
			"expected area %u of queue %u at a multiple of %u, saw 0x%" PRIx64, area,
			s->queue->index, align[area], queue_area(s->queue, area));
}

/* The device's own limit, as the driver has read it; false: it has none, or was not asked. */
static bool device_limit(const struct vmmio_monitor *m, uint32_t *limit)
{
	const uint8_t *at = &m->config[VMMIO_BLK_CFG_SEG_MAX];

	if (!negotiated(m, VMMIO_BLK_F_SEG_MAX) || !m->config_known[VMMIO_BLK_CFG_SEG_MAX])
		return false;
	*limit = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
	return true;
}

static void judge_limit(struct vmmio_monitor *m, const struct scene *s)
{
	uint32_t limit;

	if (device_limit(m, &limit))
		expect(m, s->request->n_data <= limit,
			"expected at most seg_max, %" PRIu32
			", pieces of data in a request, saw %" PRIu32 " in queue %u",
			limit, s->request->n_data, s->queue->index);
}

static void list_limit(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_packed(m, s) && !s->request->indirect)
		judge_limit(m, s);
}

static void table_limit(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_packed(m, s) && s->request->indirect)
		judge_limit(m, s);
}

static void size_limit(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_list(m, s))
		expect(m, !(s->chain->faults & CHAIN_LOOP),
			"expected lists of at most %" PRIu32
			" descriptors, saw a longer one in queue %u",
			s->queue->ring_size, s->queue->index);
}

static void writable_last(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_list(m, s))
		expect(m, !(s->chain->faults & CHAIN_ORDER),
			"expected device-writable elements behind all device-readable ones, saw a "
			"readable one behind them in buffer %u of queue %u",
			s->chain->id, s->queue->index);
}

static void has_room(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_list(m, s))
		expect(m, !(s->chain->faults & CHAIN_NO_ROOM),
			"expected a list to be made available when there is room for all of it, "
			"saw one in queue %u that runs into descriptors that the device has",
			s->queue->index);
}

static void first_last(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_list(m, s) && s->chain->n_ring > 1)
		expect(m, !(s->chain->faults & CHAIN_NOT_AVAILABLE),
			"expected the first descriptor of a list to become available after all "
			"others, saw a later one in queue %u that is not",
			s->queue->index);
}

static void indirect_negotiated(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_list(m, s) && (s->chain->faults & CHAIN_INDIRECT))
		expect(m, negotiated(m, VMMIO_F_INDIRECT_DESC),
			"expected no indirect descriptor without VIRTIO_F_INDIRECT_DESC, saw one "
			"in buffer %u of queue %u",
			s->chain->id, s->queue->index);
}

static void table_flags(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_list(m, s) && s->chain->n_table)
		expect(m, !(s->chain->faults & CHAIN_TABLE_FLAGS),
			"expected no flag but WRITE in an indirect table, saw another in buffer %u "
			"of queue %u",
			s->chain->id, s->queue->index);
}

static void table_alone(struct vmmio_monitor *m, const struct scene *s)
{
	if (is_list(m, s) && (s->chain->faults & CHAIN_INDIRECT))
		expect(m, !(s->chain->faults & CHAIN_TABLE_NEXT),
			"expected no indirect descriptor in a list, saw one in buffer %u of queue "
			"%u",
			s->chain->id, s->queue->index);
}

static const struct rule rules[] = {
	{"PACKED-DRV-01", ON_WRITE, RULE_PACKED, alignment, NULL},
	{"PACKED-DRV-06", ON_REQUEST, RULE_MEMORY | RULE_PACKED | RULE_BLOCK, list_limit, NULL},
	{"PACKED-DRV-07", ON_CHAIN, RULE_MEMORY | RULE_PACKED, size_limit, NULL},
	{"PACKED-DRV-08", ON_CHAIN, RULE_MEMORY | RULE_PACKED, writable_last, NULL},
	/* Two sides of it: not to count on room that is not there, and to see that it is. */
	{"PACKED-DRV-09", ON_CHAIN, RULE_MEMORY | RULE_PACKED, has_room, "PACKED-DRV-10"},
	{"PACKED-DRV-10", ON_CHAIN, RULE_MEMORY | RULE_PACKED, has_room, "PACKED-DRV-09"},
	{"PACKED-DRV-11", ON_CHAIN, RULE_MEMORY | RULE_PACKED, first_last, NULL},
	{"PACKED-DRV-12", ON_CHAIN, RULE_MEMORY | RULE_PACKED, indirect_negotiated, NULL},
	{"PACKED-DRV-13", ON_CHAIN, RULE_MEMORY | RULE_PACKED, table_flags, NULL},
	{"PACKED-DRV-14", ON_REQUEST, RULE_MEMORY | RULE_PACKED | RULE_BLOCK, table_limit, NULL},
	{"PACKED-DRV-15", ON_CHAIN, RULE_MEMORY | RULE_PACKED, table_alone, NULL},
};

const struct rule_group monitor_packed_rules = RULE_GROUP(rules);
