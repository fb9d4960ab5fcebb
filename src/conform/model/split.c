/* SPDX-License-Identifier: BSD-3-Clause */
/* Split virtqueues, the device's side. */
#include <string.h>
#include "conform/model/internal.h"

#define HEADER 4u /* flags, idx */
#define DESC_SIZE 16u
#define USED_SIZE 8u

static void split_layout(uint32_t size, uint64_t sizes[3], uint64_t aligns[3])
{
	sizes[0] = (uint64_t)DESC_SIZE * size;
	sizes[1] = HEADER + (uint64_t)2 * size + 2;
	sizes[2] = HEADER + (uint64_t)USED_SIZE * size + 2;
	aligns[0] = 16;
	aligns[1] = 2;
	aligns[2] = 4;
}

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

static struct desc read_desc(const uint8_t *table, uint32_t at)
{
	const uint8_t *from = table + (size_t)DESC_SIZE * at;

	return (struct desc){model_get64(from), model_get32(from + 8), model_get16(from + 12),
		model_get16(from + 14)};
}

/* Follows next through a table of n descriptors; it may hold a chain no longer than n. */
static bool walk_indirect(struct walk *w, const struct desc *ref)
{
	const uint32_t n = ref->len / DESC_SIZE;
	const uint8_t *table = model_memory(w->q->m, ref->addr, ref->len);
	uint32_t at = 0;

	if (!table || !n || ref->len % DESC_SIZE || !model_has(w->q->m, VMMIO_F_INDIRECT_DESC))
		return false;
	for (uint32_t steps = 0; steps < n; steps++) {
		const struct desc d = read_desc(table, at);

		if (d.flags & VMMIO_DESC_F_INDIRECT ||
			!model_walk_add(w, d.addr, d.len, d.flags & VMMIO_DESC_F_WRITE))
			return false;
		if (!(d.flags & VMMIO_DESC_F_NEXT))
			return true;
		if (d.next >= n)
			return false;
		at = d.next;
		if (faulty(w->q->m, FAULT_INDIRECT_SEQUENTIAL))
			at = steps + 1;
	}
	return false;
}

/* Returns the number of descriptors of the chain, 0: malformed. */
static uint32_t walk(struct walk *w, uint32_t head)
{
	struct queue *q = w->q;
	uint32_t at = head;

	for (uint32_t steps = 1; steps <= q->size; steps++) {
		const struct desc d = read_desc(q->desc, at);

		if (d.flags & VMMIO_DESC_F_INDIRECT) {
			if (d.flags & VMMIO_DESC_F_WRITE && faulty(q->m, FAULT_INDIRECT_WRITE))
				return 0;
			if (steps > 1 && faulty(q->m, FAULT_INDIRECT_AFTER_CHAIN))
				return 0;
			if (d.flags & VMMIO_DESC_F_NEXT || !walk_indirect(w, &d))
				return 0;
			return steps;
		}
		if (!model_walk_add(w, d.addr, d.len, d.flags & VMMIO_DESC_F_WRITE))
			return 0;
		if (!(d.flags & VMMIO_DESC_F_NEXT))
			return steps;
		if (d.next >= q->size)
			return 0;
		at = d.next;
	}
	return 0;
}

/* slots_out counts chains here: a driver cannot have more of them than descriptors. */
static int split_take(struct queue *q, struct job **job)
{
	struct walk w = {.q = q};
	const uint16_t ahead = (uint16_t)(model_get16(q->driver + 2) - q->place.avail);
	uint32_t head;

	if (!ahead)
		return 0;
	if (ahead > q->size - q->slots_out)
		return -1;
	head = model_get16(q->driver + HEADER + 2 * (size_t)(q->place.avail % q->size));
	if (head >= q->size || !walk(&w, head))
		return -1;
	*job = model_walk_end(&w, head, 1);
	if (!*job)
		return -1;
	q->place.avail++;
	return 1;
}

/* Writes the two bytes behind the used ring. */
static void overrun(struct queue *q)
{
	const uint64_t size = HEADER + (uint64_t)USED_SIZE * q->size + 2;
	uint8_t *behind = model_memory(q->m, q->setup.device + size, 2);

	if (behind)
		model_put16(behind, q->place.avail);
}

static void split_give(struct queue *q, const struct job *job)
{
	struct model *m = q->m;
	uint8_t *entry = q->device + HEADER + USED_SIZE * (size_t)(q->place.used % q->size);
	uint32_t len = job->written;

	if (faulty(m, FAULT_USED_LEN_SHORT))
		len -= len / 2;
	len += m->options.show.used_len_off;
	model_put32(entry, job->id + m->options.show.used_id_off);
	len = vmmio_le32(len);
	if (faulty(m, FAULT_USED_LEN_LATE))
		model_late_write(m, entry + 4, &len, sizeof(len));
	else
		memcpy(entry + 4, &len, sizeof(len));
	q->place.used++;
	if (faulty(m, FAULT_USED_IDX_15_BIT))
		q->place.used &= 0x7fff;
	model_put16(q->device + 2, q->place.used);
	if (faulty(m, FAULT_WRITES_DESCRIPTOR))
		model_put32(q->desc + (size_t)DESC_SIZE * job->id + 8, 0);
	if (faulty(m, FAULT_USED_AREA_OVERRUN))
		overrun(q);
}

static bool silenced(const struct queue *q)
{
	return model_get16(q->driver) & VMMIO_AVAIL_F_NO_INTERRUPT;
}

static uint16_t used_event(const struct queue *q)
{
	return model_get16(q->driver + HEADER + 2 * (size_t)q->size);
}

static bool passed(const struct queue *q, uint16_t event, uint16_t old, uint16_t new)
{
	if (faulty(q->m, FAULT_EVENT_LATE))
		event++;
	if (faulty(q->m, FAULT_EVENT_BATCH))
		return event == (uint16_t)(new - 1);
	if (faulty(q->m, FAULT_EVENT_WRAP))
		return event >= old && event < new;
	return (uint16_t)(new - event - 1) < (uint16_t)(new - old);
}

static bool split_wants(struct queue *q)
{
	const uint16_t old = q->place.signalled, new = q->place.used;

	q->place.signalled = new;
	if (new == old)
		return false;
	if (model_has(q->m, VMMIO_F_EVENT_IDX)) {
		if (faulty(q->m, FAULT_AVAIL_FLAG_HEEDED) && silenced(q))
			return false;
		return passed(q, used_event(q), old, new);
	}
	if (faulty(q->m, FAULT_NOTIFY_LOST))
		return false;
	if (faulty(q->m, FAULT_USED_EVENT_HEEDED) && used_event(q))
		return passed(q, used_event(q), old, new);
	return !silenced(q);
}

/* What counts is avail_event with EVENT_IDX, and flags without. */
static void split_ask(struct queue *q)
{
	struct model *m = q->m;
	const bool event_idx = model_has(m, VMMIO_F_EVENT_IDX);
	const bool quiet = shows(m, MODEL_SHOW_QUIET), stray = shows(m, MODEL_SHOW_STRAY);
	/* The entry that was available last comes again only after all others. */
	const uint16_t never = (uint16_t)(q->place.avail - 1);
	uint8_t *event = q->device + HEADER + USED_SIZE * (size_t)q->size;

	if (event_idx)
		model_put16(event, quiet ? never : q->place.avail);
	else if (stray)
		model_put16(event, quiet ? q->place.avail : never);
	if (event_idx ? stray && !quiet : quiet)
		model_put16(q->device, VMMIO_USED_F_NO_NOTIFY);
	if (!event_idx && faulty(m, FAULT_USED_FLAGS))
		model_put16(q->device, 2);
	if (event_idx && faulty(m, FAULT_USED_FLAGS_EVENT_IDX))
		model_put16(q->device, VMMIO_USED_F_NO_NOTIFY);
}

const struct ring_ops model_split = {
	.layout = split_layout,
	.take = split_take,
	.give = split_give,
	.wants = split_wants,
	.ask = split_ask,
};
