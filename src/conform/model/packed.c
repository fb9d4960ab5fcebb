/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed virtqueues, the device's side. */
#include "conform/model/internal.h"

#define DESC_SIZE 16u
#define OFFSET_MASK 0x7fffu
#define WRAP_BIT 0x8000u
#define EVENT_FLAGS 2u /* offset in an event suppression structure */

static void packed_layout(uint32_t size, uint64_t sizes[3], uint64_t aligns[3])
{
	sizes[0] = (uint64_t)DESC_SIZE * size;
	sizes[1] = sizes[2] = 4;
	aligns[0] = 16;
	aligns[1] = aligns[2] = 4;
}

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id, flags;
};

static uint8_t *desc_at(const struct queue *q, uint32_t slot)
{
	return q->desc + (size_t)DESC_SIZE * slot;
}

static struct desc read_desc(const uint8_t *from)
{
	return (struct desc){model_get64(from), model_get32(from + 8), model_get16(from + 12),
		model_get16(from + 14)};
}

/* n slots further on, n at most a lap. */
static void step(const struct queue *q, uint16_t *slot, bool *wrap, uint32_t n)
{
	uint32_t to = *slot + n;

	if (to >= q->size) {
		to -= q->size;
		*wrap = !*wrap;
	}
	*slot = (uint16_t)to;
}

static bool is_available(const struct model *m, uint16_t flags, bool wrap)
{
	const bool avail = flags & VMMIO_DESC_F_AVAIL, used = flags & VMMIO_DESC_F_USED;

	if (faulty(m, FAULT_PACKED_STALE))
		return avail != used;
	return avail == wrap && used != wrap;
}

/* Entries one after the other; of their flags only WRITE means something. */
static bool walk_indirect(struct walk *w, const struct desc *ref)
{
	const uint32_t n = ref->len / DESC_SIZE;
	const uint8_t *table = model_memory(w->q->m, ref->addr, ref->len);

	if (!table || !n || ref->len % DESC_SIZE || !model_has(w->q->m, VMMIO_F_INDIRECT_DESC))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct desc d = read_desc(table + (size_t)DESC_SIZE * i);

		if (faulty(w->q->m, FAULT_PACKED_INDIRECT_FLAGS) && d.flags & ~VMMIO_DESC_F_WRITE)
			return false;
		if (!model_walk_add(w, d.addr, d.len, d.flags & VMMIO_DESC_F_WRITE))
			return false;
	}
	return true;
}

/* Returns the slots of the list, 0: malformed. The id is in its last descriptor. */
static uint32_t walk(struct walk *w, uint16_t *id)
{
	const struct queue *q = w->q;
	const uint32_t room = q->size - q->slots_out;
	uint16_t slot = q->place.avail;
	bool wrap = q->place.avail_wrap;

	for (uint32_t n = 1; n <= room; n++) {
		const struct desc d = read_desc(desc_at(q, slot));

		*id = d.id;
		if (d.flags & VMMIO_DESC_F_INDIRECT) {
			if (n > 1 || d.flags & VMMIO_DESC_F_NEXT || !walk_indirect(w, &d))
				return 0;
			return 1;
		}
		if (!model_walk_add(w, d.addr, d.len, d.flags & VMMIO_DESC_F_WRITE))
			return 0;
		if (!(d.flags & VMMIO_DESC_F_NEXT))
			return n;
		step(q, &slot, &wrap, 1);
	}
	return 0;
}

/* Swaps the data of two elements in a row, of those that the device reads and writes. */
static void swap_elements(struct job *job)
{
	for (unsigned i = 0; i < 2; i++) {
		struct piece *pieces = job->pieces + (i ? job->n_out : 1);
		struct piece first;

		if ((i ? job->n_in : job->n_out) < 3)
			continue;
		first = pieces[0];
		pieces[0] = pieces[1];
		pieces[1] = first;
	}
}

static int packed_take(struct queue *q, struct job **job)
{
	struct walk w = {.q = q};
	uint16_t id = 0;
	uint32_t slots;

	/* A full ring has no free slot that could be available. */
	if (q->slots_out == q->size ||
		!is_available(
			q->m, model_get16(desc_at(q, q->place.avail) + 14), q->place.avail_wrap))
		return 0;
	slots = walk(&w, &id);
	if (!slots)
		return -1;
	*job = model_walk_end(&w, id, slots);
	if (!*job)
		return -1;
	if (faulty(q->m, FAULT_PACKED_LIST_ORDER))
		swap_elements(*job);
	step(q, &q->place.avail, &q->place.avail_wrap, slots);
	return 1;
}

/* The flags come last: they hand the descriptor over. */
static void mark_used(struct queue *q, uint16_t slot, bool wrap, const struct job *job)
{
	struct model *m = q->m;
	uint8_t *to = desc_at(q, slot);
	uint32_t len = job->written;
	uint16_t flags = wrap ? VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED : 0;

	if (len > 1 && faulty(m, FAULT_PACKED_LEN_SHORT))
		len--;
	if (job->touched && (len > 1 || !faulty(m, FAULT_PACKED_WRITE_FLAG)))
		flags |= VMMIO_DESC_F_WRITE;
	if (faulty(m, FAULT_PACKED_AVAIL_BIT))
		flags |= VMMIO_DESC_F_AVAIL;
	model_put32(to + 8, len + m->options.show.used_len_off);
	model_put16(to + 12, (uint16_t)(job->id + m->options.show.used_id_off));
	model_put16(to + 14, flags);
	if (faulty(m, FAULT_PACKED_CHANGES_USED))
		model_late_write(m, to, &(uint64_t){0}, sizeof(uint64_t));
}

static void packed_give(struct queue *q, const struct job *job)
{
	const bool wrap = q->place.used_wrap;
	const uint16_t slot = q->place.used;
	const bool crosses = slot + job->slots > q->size;

	mark_used(q, slot, wrap, job);
	for (uint32_t i = 1; faulty(q->m, FAULT_PACKED_MARKS_ALL) && i < job->slots; i++) {
		uint16_t other = slot;
		bool other_wrap = wrap;

		step(q, &other, &other_wrap, i);
		mark_used(q, other, other_wrap, job);
	}
	step(q, &q->place.used, &q->place.used_wrap, job->slots);
	if (crosses && faulty(q->m, FAULT_PACKED_WRAP_CROSSING))
		q->place.used_wrap = wrap;
	q->place.moved += job->slots;
}

/* Was the descriptor that the driver waits for among the last `moved` ones? */
static bool passed(const struct queue *q, uint32_t moved)
{
	const uint16_t event = model_get16(q->driver);
	const bool same_lap =
		!!(event & WRAP_BIT) == q->place.used_wrap || faulty(q->m, FAULT_PACKED_EVENT_WRAP);
	const int32_t back = (int32_t)q->place.used - (int32_t)(event & OFFSET_MASK) +
			     (same_lap ? 0 : (int32_t)q->size);

	return back > 0 && (uint32_t)back <= moved;
}

static bool packed_wants(struct queue *q)
{
	const uint16_t flags = model_get16(q->driver + EVENT_FLAGS) & 3;
	const uint32_t moved = q->place.moved;

	q->place.moved = 0;
	if (!moved || flags == VMMIO_EVENT_F_DISABLE)
		return false;
	if (flags == VMMIO_EVENT_F_DESC && model_has(q->m, VMMIO_F_EVENT_IDX))
		return !faulty(q->m, FAULT_PACKED_EVENT_LOST) && passed(q, moved);
	return true;
}

/* Writes the four bytes behind the device event suppression structure. */
static void overrun(struct queue *q)
{
	uint8_t *behind = model_memory(q->m, q->setup.device + 4, 4);

	if (behind)
		model_put32(behind, q->place.avail);
}

static void packed_ask(struct queue *q)
{
	if (faulty(q->m, FAULT_PACKED_AREA_OVERRUN))
		overrun(q);
	if (shows(q->m, MODEL_SHOW_QUIET)) {
		model_put16(q->device + EVENT_FLAGS, VMMIO_EVENT_F_DISABLE);
		return;
	}
	if (!model_has(q->m, VMMIO_F_EVENT_IDX))
		return;
	model_put16(q->device, q->place.avail | (q->place.avail_wrap ? WRAP_BIT : 0));
	model_put16(q->device + EVENT_FLAGS, VMMIO_EVENT_F_DESC);
}

const struct ring_ops model_packed = {
	.layout = packed_layout,
	.take = packed_take,
	.give = packed_give,
	.wants = packed_wants,
	.ask = packed_ask,
};
