/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: what the device has been given stays as it was, and lies where it is said to lie. */
#include <inttypes.h>

#include "conform/monitor/exposed.h"

static void unaltered(struct vmmio_monitor *m, const struct scene *s)
{
	if (!live(m) && !m->resetting)
		return;
	expect(m, !s->altered,
		"expected the descriptors of buffers that the device has in queue %u to stay as "
		"they are, saw one change",
		s->queue->index);
}

static void unaltered_packed(struct vmmio_monitor *m, const struct scene *s)
{
	if (s->queue->packed)
		unaltered(m, s);
}

/* --- Addresses -------------------- */

/* An area's first and last byte. */
static bool area_there(struct vmmio_monitor *m, const struct queue *q, unsigned area)
{
	bool packed = negotiated(m, VMMIO_F_RING_PACKED);
	uint64_t size = area == 0 ? 16 * (uint64_t)q->size : packed ? 4 : 0;
	uint64_t guest = queue_area(q, area);
	uint8_t byte;

	if (area == 1 && !packed)
		size = 4 + 2 * (uint64_t)q->size;
	else if (area == 2 && !packed)
		size = 4 + 8 * (uint64_t)q->size;
	return memory_get(m, guest, &byte, 1) && memory_get(m, guest + size - 1, &byte, 1);
}

static void rings_physical(struct vmmio_monitor *m, const struct queue *q)
{
	if ((q->written & WROTE_LEAST) != WROTE_LEAST || q->size == 0)
		return;
	for (unsigned area = 0; area < 3; area++)
		expect(m, area_there(m, q, area),
			"expected the areas of queue %u in guest memory, saw 0x%" PRIx64
			", where there is none",
			q->index, queue_area(q, area));
}

static void physical(struct vmmio_monitor *m, const struct scene *s)
{
	if (!m->options.mem_read || !offer_known(m, VMMIO_F_ACCESS_PLATFORM) ||
		is_offered(m, VMMIO_F_ACCESS_PLATFORM) || !m->negotiated_known)
		return;
	if (s->on == ON_CHAIN)
		expect(m, !(s->chain->faults & CHAIN_UNREADABLE),
			"expected buffers of queue %u in guest memory, saw 0x%" PRIx64
			", where there is none",
			s->queue->index, s->chain->bad_addr);
	else if (s->queue && writes(s, VMMIO_REG_QUEUE_READY) && s->low)
		rings_physical(m, s->queue);
}

/* --- Notification data -------------------- */

/*
 * Is this a position that was reached since the notification before the last? Two vCPUs may
 * overtake each other.
 */
static bool position_split(const struct queue *q, uint16_t position)
{
	uint16_t back = (uint16_t)(q->avail - q->notified[1]);

	return (uint16_t)(q->avail - position) <= back;
}

static bool position_packed(const struct queue *q, uint32_t offset, bool wrap)
{
	uint64_t oldest = q->avail - q->notified[1] < 2 * (uint64_t)q->ring_size
				  ? q->notified[1]
				  : q->avail - 2 * (uint64_t)q->ring_size;

	for (uint64_t at = oldest; at <= q->avail; at++)
		if (at % q->ring_size == offset && wrap_at(q, at) == wrap)
			return true;
	return false;
}

static void notification_data(struct vmmio_monitor *m, const struct scene *s)
{
	const struct queue *q = s->queue;
	uint32_t offset = s->low >> 16 & 0x7fff;
	bool wrap = s->low >> 31, ok;

	if (!q || !writes(s, VMMIO_REG_QUEUE_NOTIFY) || !negotiated(m, VMMIO_F_NOTIFICATION_DATA) ||
		!q->followed || q->lost)
		return;
	ok = q->packed ? position_packed(q, offset, wrap)
		       : position_split(q, (uint16_t)(s->low >> 16));
	expect(m, ok,
		"expected next_off and next_wrap to say where queue %u goes on, position %u, saw "
		"%" PRIu32 " and %u",
		q->index, (unsigned)(q->packed ? q->avail % q->ring_size : q->avail & 0x7fff),
		offset, wrap);
}

static void notification_data_packed(struct vmmio_monitor *m, const struct scene *s)
{
	if (s->queue && s->queue->packed)
		notification_data(m, s);
}

static void notification_value(struct vmmio_monitor *m, const struct scene *s)
{
	if (!writes(s, VMMIO_REG_QUEUE_NOTIFY) || !m->negotiated_known || m->resetting)
		return;
	if (negotiated(m, VMMIO_F_NOTIFICATION_DATA))
		notification_data(m, s);
	else
		expect(m, s->low <= UINT16_MAX,
			"expected the index of a queue in QueueNotify, saw 0x%" PRIx32
			" without VIRTIO_F_NOTIFICATION_DATA",
			s->low);
}

static const struct rule rules[] = {
	/* One deed: the buffers' entries change while the device has them. */
	{"GEN-DRV-29", ON_ALTERED, RULE_MEMORY, unaltered,
		"GEN-DRV-30 PACKED-DRV-02 PACKED-DRV-03"},
	{"GEN-DRV-30", ON_ALTERED, RULE_MEMORY, unaltered,
		"GEN-DRV-29 PACKED-DRV-02 PACKED-DRV-03"},
	{"PACKED-DRV-02", ON_ALTERED, RULE_MEMORY | RULE_PACKED, unaltered_packed,
		"GEN-DRV-29 GEN-DRV-30 PACKED-DRV-03"},
	{"PACKED-DRV-03", ON_ALTERED, RULE_MEMORY | RULE_PACKED, unaltered_packed,
		"GEN-DRV-29 GEN-DRV-30 PACKED-DRV-02"},
	{"GEN-DRV-41", ON_WRITE | ON_CHAIN, RULE_MEMORY, physical, NULL},
	/* The word has one format, which three places describe. */
	{"GEN-DRV-47", ON_WRITE, RULE_MEMORY, notification_data, "MMIO-DRV-35 PACKED-DRV-04"},
	{"PACKED-DRV-04", ON_WRITE, RULE_MEMORY | RULE_PACKED, notification_data_packed,
		"GEN-DRV-47 MMIO-DRV-35"},
	{"MMIO-DRV-35", ON_WRITE, 0, notification_value, "GEN-DRV-47 PACKED-DRV-04"},
};

const struct rule_group monitor_memory_rules = RULE_GROUP(rules);
