/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of chains: made, found, compared with memory. */
#include <stdlib.h>
#include <string.h>

#include "conform/monitor/exposed.h"

bool memory_get(struct vmmio_monitor *m, uint64_t guest, void *data, size_t size)
{
	if (size && guest + (size - 1) < guest)
		return false;
	return m->options.mem_read(m->options.ctx, guest, data, size) == 0;
}

bool memory_get16(struct vmmio_monitor *m, uint64_t guest, uint16_t *value)
{
	uint16_t raw;

	if (!memory_get(m, guest, &raw, sizeof(raw)))
		return false;
	*value = vmmio_le16(raw);
	return true;
}

/* flags and next of a split descriptor are id and flags of a packed one, in this order. */
static struct desc decode(bool packed, const struct vmmio_split_desc *raw)
{
	uint16_t first = vmmio_le16(raw->flags), second = vmmio_le16(raw->next);

	return (struct desc){
		.addr = vmmio_le64(raw->addr),
		.len = vmmio_le32(raw->len),
		.flags = packed ? second : first,
		.link = packed ? first : second,
	};
}

bool memory_get_desc(
	struct vmmio_monitor *m, const struct queue *q, uint64_t guest, struct desc *desc)
{
	struct vmmio_split_desc raw;

	if (!memory_get(m, guest, &raw, sizeof(raw)))
		return false;
	*desc = decode(q->packed, &raw);
	return true;
}

enum slot_state slot_state(uint16_t flags, bool wrap)
{
	bool avail = flags & VMMIO_DESC_F_AVAIL, used = flags & VMMIO_DESC_F_USED;

	if (avail == wrap && used == wrap)
		return SLOT_USED;
	return avail == wrap ? SLOT_AVAILABLE : SLOT_OTHER;
}

/* --- Copying --------------------------------------------------------------------------------- */

static bool read_slot(
	struct vmmio_monitor *m, const struct queue *q, uint32_t slot, struct desc *desc)
{
	return memory_get_desc(
		m, q, q->areas[0] + (uint64_t)slot * sizeof(struct vmmio_split_desc), desc);
}

/* One more descriptor of the ring; grows by powers of two. */
static bool append(struct exposed *e, const struct desc *desc, uint16_t slot)
{
	uint32_t n = e->n_ring;

	if ((n & (n - 1)) == 0) {
		size_t room = n ? 2 * (size_t)n : 1;
		struct desc *ring = realloc(e->ring, room * sizeof(*ring));
		uint16_t *slots;

		if (!ring)
			return false;
		e->ring = ring;
		slots = realloc(e->slots, room * sizeof(*slots));
		if (!slots)
			return false;
		e->slots = slots;
	}
	e->ring[n] = *desc;
	e->slots[n] = slot;
	e->n_ring++;
	return true;
}

static bool copy_split(struct vmmio_monitor *m, const struct queue *q, struct exposed *e)
{
	uint32_t at = e->id;
	struct desc desc;

	for (;;) {
		if (at >= q->ring_size) {
			e->faults |= CHAIN_INDEX;
			return true;
		}
		if (e->n_ring == q->ring_size) {
			e->faults |= CHAIN_LOOP;
			return true;
		}
		if (!read_slot(m, q, at, &desc) || !append(e, &desc, (uint16_t)at))
			return false;
		if (!(desc.flags & VMMIO_DESC_F_NEXT))
			return true;
		at = desc.link;
	}
}

static bool copy_packed(struct vmmio_monitor *m, const struct queue *q, struct exposed *e)
{
	uint64_t free = q->ring_size - (q->avail - q->used), at = e->position;
	struct desc desc = {.flags = VMMIO_DESC_F_NEXT};

	for (; desc.flags & VMMIO_DESC_F_NEXT; at++) {
		if (e->n_ring == q->ring_size) {
			e->faults |= CHAIN_LOOP;
			break;
		}
		/* What comes is not the driver's to write. */
		if (e->n_ring == free) {
			e->faults |= CHAIN_NO_ROOM;
			break;
		}
		if (!read_slot(m, q, (uint32_t)(at % q->ring_size), &desc) ||
			!append(e, &desc, (uint16_t)(at % q->ring_size)))
			return false;
		if (slot_state(desc.flags, wrap_at(q, at)) != SLOT_AVAILABLE)
			e->faults |= CHAIN_NOT_AVAILABLE;
	}
	if (e->n_ring)
		e->id = e->ring[e->n_ring - 1].link;
	return true;
}

static void unreadable(struct exposed *e, uint64_t guest)
{
	if (!(e->faults & CHAIN_UNREADABLE))
		e->bad_addr = guest;
	e->faults |= CHAIN_UNREADABLE;
}

/* The table that the chain's last descriptor points to, as much as is kept of it. */
static bool copy_table(struct vmmio_monitor *m, const struct queue *q, struct exposed *e)
{
	const struct desc *last = e->n_ring ? &e->ring[e->n_ring - 1] : NULL;
	uint32_t n;

	if (!last || !(last->flags & VMMIO_DESC_F_INDIRECT))
		return true;
	n = last->len / (uint32_t)sizeof(struct vmmio_split_desc);
	n = n < TABLE_KEPT ? n : TABLE_KEPT;
	e->table = last->addr;
	e->inner = calloc(n ? n : 1, sizeof(*e->inner));
	if (!e->inner)
		return false;
	for (; e->n_table < n; e->n_table++) {
		uint64_t guest = e->table + e->n_table * sizeof(struct vmmio_split_desc);

		if (!memory_get_desc(m, q, guest, &e->inner[e->n_table])) {
			unreadable(e, guest);
			break;
		}
	}
	return true;
}

/* --- The buffers behind it ------------------------------------------------------------------- */

static void probe(struct vmmio_monitor *m, struct exposed *e, const struct element *element)
{
	uint64_t last = element->addr + element->len - 1;
	uint8_t byte;

	if (!element->len)
		return;
	if (!memory_get(m, element->addr, &byte, 1))
		unreadable(e, element->addr);
	else if (last < element->addr || !memory_get(m, last, &byte, 1))
		unreadable(e, last);
}

static void copy_payload(struct vmmio_monitor *m, struct exposed *e)
{
	uint32_t kept = m->chain.n_elements < MAX_ELEMENTS ? m->chain.n_elements : MAX_ELEMENTS;

	for (uint32_t i = 0; i < kept; i++) {
		const struct element *element = &m->chain.elements[i];
		uint32_t n = PAYLOAD - e->n_payload;

		probe(m, e, element);
		n = element->len < n ? element->len : n;
		if (element->write || !n ||
			!memory_get(m, element->addr, e->payload + e->n_payload, n))
			continue;
		e->n_payload += n;
	}
}

static bool copy(struct vmmio_monitor *m, const struct queue *q, struct exposed *e)
{
	bool ok = q->packed ? copy_packed(m, q, e) : copy_split(m, q, e);

	if (!ok || !copy_table(m, q, e))
		return false;
	chain_analyse(m, q, e);
	copy_payload(m, e);
	return true;
}

static void forget_copy(struct exposed *e)
{
	free(e->ring);
	free(e->slots);
	free(e->inner);
	e->ring = e->inner = NULL;
	e->slots = NULL;
	e->n_ring = e->n_table = e->n_payload = 0;
	e->faults = 0;
}

static void release(struct exposed *e)
{
	forget_copy(e);
	free(e);
}

/* --- The list -------------------------------------------------------------------------------- */

struct exposed *exposed_add(struct vmmio_monitor *m, struct queue *q, uint64_t at)
{
	struct exposed *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->id = (uint16_t)at;
	e->position = at;
	e->fresh = true;
	if (!copy(m, q, e)) {
		release(e);
		return NULL;
	}
	*q->tail = e;
	q->tail = &e->next;
	return e;
}

void exposed_remove(struct queue *q, struct exposed **link)
{
	struct exposed *e = *link;

	*link = e->next;
	if (q->tail == &e->next)
		q->tail = link;
	release(e);
}

void exposed_drop(struct queue *q)
{
	while (q->exposed)
		exposed_remove(q, &q->exposed);
}

struct exposed **exposed_find(struct queue *q, uint16_t id)
{
	for (struct exposed **link = &q->exposed; *link; link = &(*link)->next)
		if ((*link)->id == id)
			return link;
	return NULL;
}

/* --- Comparing ------------------------------------------------------------------------------- */

static bool same(const struct desc *one, const struct desc *other)
{
	return one->addr == other->addr && one->len == other->len && one->flags == other->flags &&
	       one->link == other->link;
}

bool exposed_unchanged(struct vmmio_monitor *m, const struct queue *q, const struct exposed *e)
{
	struct desc now;

	for (uint32_t i = 0; i < e->n_ring; i++) {
		if (q->packed && e->position + i < q->used)
			continue;
		if (!read_slot(m, q, e->slots[i], &now) || !same(&now, &e->ring[i]))
			return false;
	}
	for (uint32_t i = 0; i < e->n_table; i++)
		if (!memory_get_desc(m, q, e->table + i * sizeof(struct vmmio_split_desc), &now) ||
			!same(&now, &e->inner[i]))
			return false;
	return true;
}

/* The slots stay the same: which descriptors are the chain's was settled when it was exposed. */
void exposed_refresh(struct vmmio_monitor *m, const struct queue *q, struct exposed *e)
{
	for (uint32_t i = 0; i < e->n_ring; i++)
		if (!read_slot(m, q, e->slots[i], &e->ring[i]))
			return;
	for (uint32_t i = 0; i < e->n_table; i++)
		if (!memory_get_desc(
			    m, q, e->table + i * sizeof(struct vmmio_split_desc), &e->inner[i]))
			return;
}
