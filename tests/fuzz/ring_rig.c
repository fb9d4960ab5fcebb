/* SPDX-License-Identifier: BSD-3-Clause */
/* See ring_rig.h. Guest memory is written as the bytes that the specification draws. */
#include "ring_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { NEXT = 1, WRITE = 2, INDIRECT = 4, AVAIL = 0x80, USED = 0x8000 };

static void *must(void *memory)
{
	FUZZ_CHECK(memory, "no memory for the test");
	return memory;
}

/* Behind each region, so that two never meet: pieces that do become one where addresses are
 * translated. The address sanitizer has gaps of its own, which it guards. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GAP 0
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define GAP 0
#endif
#ifndef GAP
#define GAP 64
#endif

static void add_region(struct rig *rig, uint64_t guest, uint64_t size, uint32_t flags)
{
	const uint32_t n = rig->table->n;
	struct vmmio_memory_table *table =
		must(malloc(sizeof(*table) + (n + 1) * sizeof(struct vmmio_region)));
	struct vmmio_region region = {
		.guest = guest, .size = size, .flags = flags, .host = must(calloc(1, size + GAP))};

	FUZZ_CHECK(vmmio_table_insert(table, rig->table, &region) == 0, "region %u", n);
	free(rig->table);
	rig->table = table;
}

static void add_dirty_log(struct rig *rig)
{
	rig->table->dirty = must(calloc(rig->table->n, sizeof(struct vmmio_dirty *)));
	for (unsigned i = 0; i < rig->table->n; i++) {
		struct vmmio_dirty *log = must(calloc(1, sizeof(*log) + sizeof(log->bits[0])));

		log->words = 1;
		rig->table->dirty[i] = log;
	}
}

static int translate(
	void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest, uint64_t *got)
{
	const struct rig *rig = ctx;
	const uint64_t to = iova - RIG_SHIFT, page = 0x1000 - to % 0x1000;

	(void)write;
	if (rig->gone >> (to >> 12) % 32 & 1)
		return -EFAULT;
	*guest = to;
	*got = len < page ? len : page;
	if (rig->crumbs && *got > 1)
		*got = 1 + to % (*got - 1);
	return 0;
}

void rig_up(struct rig *rig, const struct rig_options *o)
{
	size_t bytes = vmmio_ring_storage(o->size, o->max_segments, o->translate);

	memset(rig, 0, sizeof(*rig));
	rig->shift = o->translate ? RIG_SHIFT : 0;
	rig->crumbs = o->crumbs;
	rig->config = (struct vmmio_ring_config){.packed = o->packed, .event_idx = o->event_idx,
		.indirect = o->indirect, .in_order = o->in_order, .size = o->size,
		.size_max = o->size, .max_segments = o->max_segments, .translate = o->translate,
		.desc = RIG_DESC + rig->shift, .driver = RIG_DRIVER + rig->shift,
		.device = RIG_DEVICE + rig->shift};
	rig->table = must(calloc(1, sizeof(*rig->table)));
	add_region(rig, RIG_DESC, 16 * o->size, 0);
	add_region(rig, RIG_DRIVER, o->packed ? 4 : 6 + 2 * o->size, 0);
	add_region(rig, RIG_DEVICE, o->packed ? 4 : 6 + 8 * o->size, 0);
	add_region(rig, RIG_TABLES, RIG_DATA_SIZE, 0);
	add_region(rig, RIG_DATA, RIG_DATA_SIZE, VMMIO_REGION_PINNED);
	add_region(rig, RIG_DATA + RIG_DATA_SIZE, RIG_DATA_SIZE, 0);
	add_region(rig, RIG_DATA + 2 * RIG_DATA_SIZE, RIG_DATA_SIZE, VMMIO_REGION_READ_ONLY);
	add_region(rig, RIG_TOP, RIG_DATA_SIZE, 0);
	if (o->dirty)
		add_dirty_log(rig);
	if (o->translate) {
		rig->table->translate = translate;
		rig->table->translate_ctx = rig;
	}
	rig->storage = must(malloc(bytes));
	memset(rig->storage, 0x5a, bytes);
	rig_restart(rig);
}

void rig_restart(struct rig *rig)
{
	enum vmmio_fault fault;

	for (unsigned i = 0; i < 3; i++)
		memset(rig->table->region[i].host, 0, rig->table->region[i].size);
	memset(rig->taken, 0, sizeof(rig->taken));
	memset(rig->count, 0, sizeof(rig->count));
	rig->avail = rig->used = 0;
	rig->avail_wrap = rig->used_wrap = true;
	rig->free = rig->config.size;
	rig->gone = 0;
	fault = vmmio_ring_init(
		&rig->ring, &rig->config, rig->table, rig->storage, rig->ring.generation);
	FUZZ_CHECK(!fault, "a good ring has fault %d", fault);
}

void rig_down(struct rig *rig)
{
	for (unsigned i = 0; i < RIG_REGIONS; i++) {
		free(rig->table->region[i].host);
		if (rig->table->dirty)
			free(rig->table->dirty[i]);
	}
	free(rig->table->dirty);
	free(rig->table);
	free(rig->storage);
}

void *rig_at(const struct rig *rig, uint64_t guest, uint64_t size)
{
	for (unsigned i = 0; i < RIG_REGIONS; i++) {
		const struct vmmio_region *r = &rig->table->region[i];

		if (guest >= r->guest && guest - r->guest < r->size &&
			size <= r->size - (guest - r->guest))
			return (char *)r->host + (guest - r->guest);
	}
	return NULL;
}

static void put16(struct rig *rig, uint64_t guest, uint16_t value)
{
	memcpy(must(rig_at(rig, guest, 2)), &value, 2);
}

static uint16_t get16(const struct rig *rig, uint64_t guest)
{
	uint16_t value;

	memcpy(&value, must(rig_at(rig, guest, 2)), 2);
	return value;
}

static uint32_t get32(const struct rig *rig, uint64_t guest)
{
	uint32_t value;

	memcpy(&value, must(rig_at(rig, guest, 4)), 4);
	return value;
}

void rig_put(struct rig *rig, uint64_t at, const struct rig_buffer *buffer, uint16_t low,
	uint16_t high)
{
	const uint64_t addr = buffer->addr + rig->shift;
	char *to = rig_at(rig, at, 16);

	if (!to)
		return;
	memcpy(to, &addr, 8);
	memcpy(to + 8, &buffer->len, 4);
	memcpy(to + 12, &low, 2);
	memcpy(to + 14, &high, 2);
}

/* Writes an indirect table, which has room for four entries; *out refers to it. There is
 * room for as many as the ring has entries. */
static void put_table(struct rig *rig, const struct rig_buffer *buffers, unsigned n,
	struct rig_buffer *out)
{
	if (rig->table_at + 64 > RIG_DATA_SIZE)
		rig->table_at = 0;
	*out = (struct rig_buffer){RIG_TABLES + rig->table_at, 16 * n, false};
	for (unsigned i = 0; i < n; i++) {
		const uint16_t flags = buffers[i].write ? WRITE : 0;
		const uint16_t more = i + 1 < n ? NEXT : 0;

		if (rig->config.packed)
			rig_put(rig, out->addr + 16 * i, &buffers[i], 0, flags);
		else
			rig_put(rig, out->addr + 16 * i, &buffers[i], flags | more,
				(uint16_t)(i + 1));
	}
	rig->table_at += 64;
	rig->table_last = out->addr + 16 * (n - 1);
}

static uint16_t take_desc(struct rig *rig)
{
	uint16_t i = 0;

	while (rig->taken[i])
		i++;
	rig->taken[i] = true;
	return i;
}

static int add_split(struct rig *rig, const struct rig_buffer *buffers, unsigned n, uint16_t extra)
{
	const uint16_t head = take_desc(rig);
	uint16_t at = head;

	for (unsigned i = 0; i < n; i++) {
		const bool last = i + 1 == n;
		const uint16_t next = last ? 0 : take_desc(rig);

		rig_put(rig, RIG_DESC + 16u * at, &buffers[i],
			(uint16_t)((last ? 0 : NEXT) | (buffers[i].write ? WRITE : 0) | extra), next);
		rig->link[at] = next;
		at = next;
	}
	put16(rig, RIG_DRIVER + 4 + 2u * (rig->avail % rig->config.size), head);
	put16(rig, RIG_DRIVER + 2, ++rig->avail);
	return head;
}

static int add_packed(struct rig *rig, const struct rig_buffer *buffers, unsigned n, uint16_t extra)
{
	uint16_t id = 0;

	while (rig->count[id])
		id++;
	for (unsigned i = 0; i < n; i++) {
		const uint16_t flags = (uint16_t)((i + 1 < n ? NEXT : 0) |
			(buffers[i].write ? WRITE : 0) | extra | (rig->avail_wrap ? AVAIL : USED));

		rig_put(rig, RIG_DESC + 16u * rig->avail, &buffers[i], id, flags);
		if (++rig->avail == rig->config.size) {
			rig->avail = 0;
			rig->avail_wrap = !rig->avail_wrap;
		}
	}
	return id;
}

int rig_add(struct rig *rig, const struct rig_buffer *buffers, unsigned n, bool indirect)
{
	struct rig_buffer table;
	int id;

	if (n == 0 || rig->free < (indirect ? 1 : n))
		return -1;
	if (indirect) {
		put_table(rig, buffers, n, &table);
		buffers = &table;
		n = 1;
	}
	id = (rig->config.packed ? add_packed : add_split)(rig, buffers, n, indirect ? INDIRECT : 0);
	rig->count[id] = (uint16_t)n;
	rig->free -= n;
	return id;
}

bool rig_release(struct rig *rig, uint16_t head)
{
	if (head >= rig->config.size || !rig->count[head])
		return false;
	rig->free += rig->count[head];
	if (rig->config.packed) {
		rig->used = (uint16_t)(rig->used + rig->count[head]);
		if (rig->used >= rig->config.size) {
			rig->used = (uint16_t)(rig->used - rig->config.size);
			rig->used_wrap = !rig->used_wrap;
		}
	}
	for (uint16_t n = rig->count[head], at = head; n && !rig->config.packed; n--) {
		rig->taken[at] = false;
		at = rig->link[at];
	}
	rig->count[head] = 0;
	return true;
}

static int used_split(struct rig *rig, uint32_t *len)
{
	const uint64_t entry = RIG_DEVICE + 4 + 8u * (rig->used % rig->config.size);
	uint32_t id;

	if (get16(rig, RIG_DEVICE + 2) == rig->used)
		return -1;
	id = get32(rig, entry);
	*len = get32(rig, entry + 4);
	rig->used++;
	FUZZ_CHECK(id <= UINT16_MAX && rig_release(rig, (uint16_t)id),
		"used entry for %u, which is not out", id);
	return (int)id;
}

static int used_packed(struct rig *rig, uint32_t *len)
{
	const uint64_t desc = RIG_DESC + 16u * rig->used;
	const uint16_t flags = get16(rig, desc + 14);
	uint16_t id;

	if ((flags & (AVAIL | USED)) != (rig->used_wrap ? AVAIL | USED : 0))
		return -1;
	if (rig->free == rig->config.size)
		return -1; /* zeroes of a new ring in the lap that ends with zeroes */
	id = get16(rig, desc + 12);
	*len = flags & WRITE ? get32(rig, desc + 8) : 0;
	FUZZ_CHECK(rig_release(rig, id), "used descriptor with id %u, which is not out", id);
	return id;
}

int rig_used(struct rig *rig, uint32_t *len)
{
	return rig->config.packed ? used_packed(rig, len) : used_split(rig, len);
}

void rig_want(struct rig *rig, bool wanted)
{
	const bool event = rig->config.event_idx;

	if (!rig->config.packed) {
		put16(rig, RIG_DRIVER, !event && !wanted);
		if (event)
			put16(rig, RIG_DRIVER + 4 + 2u * rig->config.size,
				(uint16_t)(wanted ? rig->used : rig->used - 1));
		return;
	}
	put16(rig, RIG_DRIVER, (uint16_t)(rig->used | rig->used_wrap << 15));
	put16(rig, RIG_DRIVER + 2, !wanted ? 1 : event ? 2 : 0);
}
