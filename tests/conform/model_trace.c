/* SPDX-License-Identifier: BSD-3-Clause */
/* What a driver can see of a model, while it does what it likes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "conform/model_trace.h"

#define WRITE VMMIO_DESC_F_WRITE

void trace_create(struct trace *t, const struct model_options *options)
{
	struct model_options o = *options;

	memset(t, 0, sizeof(*t));
	t->ram = calloc(1, TRACE_RAM);
	ck_assert_ptr_nonnull(t->ram);
	o.ram = t->ram;
	o.ram_base = MODEL_RAM_BASE;
	o.ram_size = TRACE_RAM;
	ck_assert_int_eq(model_create(&o, &t->m), 0);
}

void trace_destroy(struct trace *t)
{
	model_destroy(t->m);
	free(t->ram);
	free(t->seen);
}

void trace_see(struct trace *t, uint64_t value)
{
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 1024;
		t->seen = realloc(t->seen, t->room * sizeof(*t->seen));
		if (!t->seen)
			ck_abort_msg("no memory");
	}
	t->seen[t->n++] = value;
}

uint32_t trace_read(struct trace *t, uint32_t offset)
{
	const uint32_t value = (uint32_t)model_read(t->m, offset, 4);

	trace_see(t, value);
	return value;
}

void trace_write(struct trace *t, uint32_t offset, uint32_t value)
{
	model_write(t->m, offset, 4, value);
}

static uint64_t hash_of(const uint8_t *data, size_t size)
{
	uint64_t hash = size;

	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, data + i, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash;
}

void trace_look(struct trace *t)
{
	struct vmmio_target_activity activity;

	trace_see(t, (uint64_t)model_line(t->m));
	trace_read(t, VMMIO_REG_MAGIC);
	trace_read(t, VMMIO_REG_VERSION);
	trace_read(t, VMMIO_REG_STATUS);
	trace_read(t, VMMIO_REG_INTERRUPT_STATUS);
	trace_read(t, VMMIO_REG_QUEUE_READY);
	trace_read(t, VMMIO_REG_QUEUE_RESET);
	trace_read(t, VMMIO_REG_CONFIG_GENERATION);
	trace_see(t, model_read(t->m, VMMIO_REG_CONFIG, 8));
	trace_see(t, hash_of(t->ram, TRACE_RAM));
	model_activity(t->m, &activity);
	trace_see(t, activity.taken);
	trace_see(t, activity.in_flight);
	trace_see(t, activity.resets);
	trace_see(t, model_now(t->m) - t->begin);
}

void trace_pass(struct trace *t, uint64_t ns)
{
	model_advance(t->m, ns);
	trace_look(t);
}

void trace_act(struct trace *t, uint32_t offset, uint32_t value)
{
	trace_write(t, offset, value);
	trace_look(t);
}

void trace_put16(struct trace *t, uint32_t at, uint16_t value)
{
	value = vmmio_le16(value);
	memcpy(t->ram + at, &value, sizeof(value));
}

void trace_put32(struct trace *t, uint32_t at, uint32_t value)
{
	value = vmmio_le32(value);
	memcpy(t->ram + at, &value, sizeof(value));
}

void trace_put64(struct trace *t, uint32_t at, uint64_t value)
{
	value = vmmio_le64(value);
	memcpy(t->ram + at, &value, sizeof(value));
}

uint64_t trace_guest(uint32_t at)
{
	return MODEL_RAM_BASE + at;
}

/* --- Bringing it up ------------------------------------------------------------------------ */

void raw_negotiate(struct trace *t, uint64_t features)
{
	features |= VMMIO_FEATURE(VMMIO_F_VERSION_1);
	trace_write(t, VMMIO_REG_STATUS, 0);
	for (unsigned i = 0; i < 100 && trace_read(t, VMMIO_REG_STATUS); i++)
		trace_pass(t, TRACE_MS);
	trace_write(t, VMMIO_REG_STATUS, 1);
	trace_act(t, VMMIO_REG_STATUS, 3);
	for (uint32_t word = 0; word < 2; word++) {
		trace_write(t, VMMIO_REG_DRIVER_FEATURES_SEL, word);
		trace_write(t, VMMIO_REG_DRIVER_FEATURES, (uint32_t)(features >> 32 * word));
	}
	trace_act(t, VMMIO_REG_STATUS, 0xb);
}

static uint32_t area(const struct raw *q, unsigned which)
{
	return AT_QUEUE(q->index) + 0x1000 * which;
}

/* The high half first: either order has to do. */
void raw_program(struct trace *t, struct raw *q)
{
	static const uint32_t registers[] = {
		VMMIO_REG_QUEUE_DESC_LOW, VMMIO_REG_QUEUE_DRIVER_LOW, VMMIO_REG_QUEUE_DEVICE_LOW};

	memset(t->ram + area(q, 0), 0, 0x3000);
	q->avail = 0;
	q->wrap = true;
	q->descs = 0;
	trace_write(t, VMMIO_REG_QUEUE_SEL, q->index);
	trace_write(t, VMMIO_REG_QUEUE_SIZE, q->size);
	for (unsigned i = 0; i < 3; i++) {
		trace_write(t, registers[i] + 4, (uint32_t)(trace_guest(area(q, i)) >> 32));
		trace_write(t, registers[i], (uint32_t)trace_guest(area(q, i)));
	}
}

void raw_init(struct trace *t, struct raw *q, unsigned index, uint32_t size, uint64_t features)
{
	*q = (struct raw){.index = index,
		.size = size,
		.packed = features & VMMIO_FEATURE(VMMIO_F_RING_PACKED),
		.event_idx = features & VMMIO_FEATURE(VMMIO_F_EVENT_IDX)};
	raw_program(t, q);
	trace_act(t, VMMIO_REG_QUEUE_READY, 1);
}

void raw_start(struct trace *t, struct raw *q, uint32_t size, uint64_t features)
{
	raw_negotiate(t, features);
	raw_init(t, q, 0, size, features);
	trace_act(t, VMMIO_REG_STATUS, 0xf);
}

/* --- Chains -------------------------------------------------------------------------------- */

static void put_desc(
	struct trace *t, uint32_t to, const struct raw_desc *d, uint16_t low, uint16_t high)
{
	trace_put64(t, to, trace_guest(d->at));
	trace_put32(t, to + 8, d->len);
	trace_put16(t, to + 12, low);
	trace_put16(t, to + 14, high);
}

static uint32_t push_split(struct trace *t, struct raw *q, const struct raw_desc *descs, unsigned n)
{
	const uint32_t head = q->descs % q->size;

	for (unsigned i = 0; i < n; i++) {
		const uint32_t at = (q->descs + i) % q->size;
		const uint16_t flags = i + 1 < n ? VMMIO_DESC_F_NEXT : 0;

		put_desc(t, area(q, 0) + 16 * at, &descs[i], descs[i].flags | flags,
			flags ? (uint16_t)((at + 1) % q->size) : 0);
	}
	q->descs += n;
	trace_put16(t, area(q, 1) + 4 + 2 * (q->avail % q->size), (uint16_t)head);
	trace_put16(t, area(q, 1) + 2, ++q->avail);
	return area(q, 0) + 16 * head;
}

static uint32_t push_packed(
	struct trace *t, struct raw *q, const struct raw_desc *descs, unsigned n)
{
	const uint32_t first = area(q, 0) + 16u * q->avail;

	for (unsigned i = 0; i < n; i++) {
		uint16_t flags = q->wrap ? VMMIO_DESC_F_AVAIL : VMMIO_DESC_F_USED;

		flags |= descs[i].flags | (i + 1 < n ? VMMIO_DESC_F_NEXT : 0);
		put_desc(t, area(q, 0) + 16u * q->avail, &descs[i], q->avail, flags);
		if (++q->avail == q->size) {
			q->avail = 0;
			q->wrap = !q->wrap;
		}
	}
	return first;
}

uint32_t raw_push(struct trace *t, struct raw *q, const struct raw_desc *descs, unsigned n)
{
	return q->packed ? push_packed(t, q, descs, n) : push_split(t, q, descs, n);
}

void raw_kick(struct trace *t, struct raw *q)
{
	trace_act(t, VMMIO_REG_QUEUE_NOTIFY, q->index);
}

uint32_t raw_driver_area(const struct raw *q)
{
	return area(q, 1);
}

uint32_t raw_used_event(const struct raw *q)
{
	return q->packed ? area(q, 1) : area(q, 1) + 4 + 2 * q->size;
}

void raw_request(
	struct trace *t, struct raw *q, uint32_t type, uint64_t sector, uint32_t len, bool writable)
{
	const struct raw_desc descs[] = {
		{AT_HEADER, 16, 0}, {AT_DATA, len, writable ? WRITE : 0}, {AT_STATUS, 1, WRITE}};
	const struct raw_desc no_data[] = {descs[0], descs[2]};

	trace_put32(t, AT_HEADER, type);
	trace_put32(t, AT_HEADER + 4, 0);
	trace_put64(t, AT_HEADER + 8, sector);
	t->ram[AT_STATUS] = 0xa5;
	if (len)
		raw_push(t, q, descs, 3);
	else
		raw_push(t, q, no_data, 2);
	raw_kick(t, q);
	trace_act(t, VMMIO_REG_INTERRUPT_ACK, 3);
}
