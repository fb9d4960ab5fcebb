/* SPDX-License-Identifier: BSD-3-Clause */
/* See ring_rig.h. Guest memory is written as the bytes the specification draws. */
#include "ring_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 64, GUARD_BYTE = 0xa5 };

static void put16(void *at, uint16_t value)
{
	__atomic_store_n((uint16_t *)at, value, __ATOMIC_RELEASE);
}

static uint16_t get16(const void *at)
{
	return __atomic_load_n((const uint16_t *)at, __ATOMIC_ACQUIRE);
}

static uint32_t get32(const void *at)
{
	return __atomic_load_n((const uint32_t *)at, __ATOMIC_RELAXED);
}

static void add_region(struct rig *rig, uint64_t guest, uint64_t size, uint32_t flags)
{
	const uint32_t n = rig->table->n;
	struct vmmio_memory_table *table =
		malloc(sizeof(*table) + (n + 1) * sizeof(struct vmmio_region));
	struct vmmio_region region = {.guest = guest, .size = size, .flags = flags};

	ck_assert_int_eq(posix_memalign((void **)&rig->blocks[n], 64, size + 2 * GUARD), 0);
	memset(rig->blocks[n], GUARD_BYTE, size + 2 * GUARD);
	memset(rig->blocks[n] + GUARD, 0, size);
	region.host = rig->blocks[n] + GUARD;
	ck_assert_int_eq(vmmio_table_insert(table, rig->table, &region), 0);
	free(rig->table);
	rig->table = table;
}

static void size_of_areas(const struct rig *rig, uint64_t sizes[3])
{
	sizes[0] = 16u * rig->size;
	sizes[1] = rig->packed ? 4 : 6 + 2u * rig->size;
	sizes[2] = rig->packed ? 4 : 6 + 8u * rig->size;
}

void rig_up(struct rig *rig, const struct rig_options *options)
{
	const uint32_t rom = options->rom_rings ? VMMIO_REGION_READ_ONLY : 0;
	uint64_t sizes[3];

	*rig = (struct rig){.packed = options->packed, .size = options->size ? options->size : 8};
	rig->config = (struct vmmio_ring_config){
		.packed = options->packed,
		.event_idx = options->event_idx,
		.indirect = !options->no_indirect,
		.in_order = options->in_order,
		.size = rig->size,
		.size_max = rig->size,
		.max_segments = options->max_segments ? options->max_segments : 16,
		.desc = RIG_DESC,
		.driver = RIG_DRIVER,
		.device = RIG_DEVICE,
	};
	rig->table = calloc(1, sizeof(*rig->table));
	size_of_areas(rig, sizes);
	/* In the order of addresses, so that blocks and regions agree. */
	add_region(rig, RIG_DESC, sizes[0], rig->packed ? 0 : rom);
	add_region(rig, RIG_DRIVER, sizes[1], rom);
	add_region(rig, RIG_DEVICE, sizes[2], 0);
	add_region(rig, RIG_DATA, RIG_BYTES, VMMIO_REGION_PINNED);
	add_region(rig, RIG_DATA2, RIG_BYTES, 0);
	add_region(rig, RIG_ROM, RIG_BYTES, VMMIO_REGION_READ_ONLY);
	add_region(rig, RIG_TOP, RIG_BYTES, 0);
	rig->storage = malloc(vmmio_ring_storage(rig->size, rig->config.max_segments, false));
	memset(rig->storage, 0x5a, vmmio_ring_storage(rig->size, rig->config.max_segments, false));
	rig->ring.generation = options->generation;
	ck_assert_int_eq(rig_restart(rig), VMMIO_FAULT_NONE);
}

enum vmmio_fault rig_restart(struct rig *rig)
{
	unsigned i;

	for (i = 0; i < 3; i++)
		memset(rig->table->region[i].host, 0, rig->table->region[i].size);
	rig->avail = rig->used = rig->cursor = 0;
	rig->avail_wrap = rig->used_wrap = true;
	return vmmio_ring_init(
		&rig->ring, &rig->config, rig->table, rig->storage, rig->ring.generation);
}

void rig_down(struct rig *rig)
{
	unsigned i, k;

	for (i = 0; i < RIG_REGIONS; i++) {
		const unsigned char *end = rig->blocks[i] + GUARD + rig->table->region[i].size;

		for (k = 0; k < GUARD; k++)
			if (rig->blocks[i][k] != GUARD_BYTE || end[k] != GUARD_BYTE)
				ck_abort_msg("region %u written outside", i);
		free(rig->blocks[i]);
	}
	free(rig->table);
	free(rig->storage);
}

void *rig_at(struct rig *rig, uint64_t guest)
{
	void *host = vmmio_table_at(rig->table, guest, 1, false, NULL);

	/* Not ck_assert, which writes to a file when it holds too: this is called a lot. */
	if (!host)
		ck_abort_msg("0x%llx is no memory", (unsigned long long)guest);
	return host;
}

static void fill(void *to, uint64_t addr, uint32_t len, uint16_t low, uint16_t high)
{
	memcpy(to, &addr, 8);
	memcpy((char *)to + 8, &len, 4);
	memcpy((char *)to + 12, &low, 2);
	put16((char *)to + 14, high); /* packed: hands it over */
}

void rig_raw(struct rig *rig, uint32_t i, uint64_t addr, uint32_t len, uint16_t low, uint16_t high)
{
	fill((char *)rig_at(rig, RIG_DESC) + 16u * i, addr, len, low, high);
}

void rig_entry(struct rig *rig, uint64_t at, uint64_t addr, uint32_t len, uint16_t low,
	uint16_t high)
{
	_Alignas(16) unsigned char bytes[16];
	unsigned i;

	fill(bytes, addr, len, low, high);
	for (i = 0; i < 16; i++)
		*(unsigned char *)rig_at(rig, at + i) = bytes[i];
}

void rig_set_avail_idx(struct rig *rig, uint16_t idx)
{
	put16((char *)rig_at(rig, RIG_DRIVER) + 2, idx);
}

void rig_head(struct rig *rig, uint16_t head)
{
	put16((char *)rig_at(rig, RIG_DRIVER) + 4 + 2u * (rig->avail % rig->size), head);
	rig_set_avail_idx(rig, ++rig->avail);
}

void rig_packed(struct rig *rig, uint64_t addr, uint32_t len, uint16_t id, uint16_t flags)
{
	flags |= rig->avail_wrap ? 0x80 : 0x8000;
	rig_raw(rig, rig->avail, addr, len, id, flags);
	if (++rig->avail == rig->size) {
		rig->avail = 0;
		rig->avail_wrap = !rig->avail_wrap;
	}
}

uint16_t rig_add(struct rig *rig, const struct rig_buffer *buffers, unsigned n, uint16_t id)
{
	const uint16_t head = rig->cursor;
	unsigned i;

	for (i = 0; i < n; i++) {
		const uint16_t flags = (uint16_t)((i + 1 < n ? 1 : 0) | (buffers[i].write ? 2 : 0));

		if (rig->packed) {
			rig_packed(rig, buffers[i].addr, buffers[i].len, id, flags);
		} else {
			const uint16_t next = (uint16_t)((rig->cursor + 1) % rig->size);

			rig_raw(rig, rig->cursor, buffers[i].addr, buffers[i].len, flags, next);
			rig->cursor = next;
		}
	}
	if (!rig->packed) {
		rig_head(rig, head);
		return head;
	}
	rig->descs[id] = (uint16_t)n;
	return id;
}

uint16_t rig_add_one(struct rig *rig, uint16_t id)
{
	const struct rig_buffer one = {RIG_DATA, 64, true};

	return rig_add(rig, &one, 1, id);
}

static bool used_split(struct rig *rig, uint16_t *id, uint32_t *len)
{
	const char *area = rig_at(rig, RIG_DEVICE);
	const char *entry = area + 4 + 8u * (rig->used % rig->size);

	if (get16(area + 2) == rig->used)
		return false;
	*id = (uint16_t)get32(entry);
	*len = get32(entry + 4);
	rig->used++;
	return true;
}

static bool used_packed(struct rig *rig, uint16_t *id, uint32_t *len, bool *written)
{
	const char *desc = (const char *)rig_at(rig, RIG_DESC) + 16u * rig->used;
	const uint16_t flags = get16(desc + 14);

	if ((flags & 0x8080) != (rig->used_wrap ? 0x8080 : 0))
		return false;
	if (flags & 0x7f7d)
		ck_abort_msg("used flags 0x%x", flags);
	*id = get16(desc + 12);
	*len = get32(desc + 8);
	if (written)
		*written = flags & 2;
	rig->used = (uint16_t)(rig->used + rig->descs[*id]);
	if (rig->used >= rig->size) {
		rig->used = (uint16_t)(rig->used - rig->size);
		rig->used_wrap = !rig->used_wrap;
	}
	return true;
}

bool rig_used(struct rig *rig, uint16_t *id, uint32_t *len, bool *written)
{
	return rig->packed ? used_packed(rig, id, len, written) : used_split(rig, id, len);
}

void rig_driver_event(struct rig *rig, uint16_t value, uint16_t flags)
{
	char *area = rig_at(rig, RIG_DRIVER);

	put16(rig->packed ? area : area + 4 + 2u * rig->size, value);
	put16(rig->packed ? area + 2 : area, flags);
}

void rig_device_event(struct rig *rig, uint16_t *value, uint16_t *flags)
{
	const char *area = rig_at(rig, RIG_DEVICE);

	*value = get16(rig->packed ? area : area + 4 + 8u * rig->size);
	*flags = get16(rig->packed ? area + 2 : area);
}

unsigned rig_pop(struct rig *rig, struct vmmio_chain *chains, unsigned max)
{
	return vmmio_ring_pop(&rig->ring, rig->table, chains, max);
}

unsigned rig_complete(struct rig *rig, vmmio_token token, uint32_t len)
{
	const struct vmmio_completion completion = {token, len};
	struct vmmio_ring_answers answers = {0};
	unsigned written;

	written = vmmio_ring_complete(&rig->ring, &completion, 1, VMMIO_RING_PUBLISH, &answers);
	if (answers.accepted != 1 || answers.wrong)
		ck_abort_msg("accepted %u, wrong %u", answers.accepted, answers.wrong);
	return written;
}

void rig_move_on(struct rig *rig, uint32_t n)
{
	struct vmmio_chain chain;
	uint16_t id;
	uint32_t len;

	while (n--) {
		rig_add_one(rig, 0);
		if (rig_pop(rig, &chain, 1) != 1 || rig_complete(rig, chain.token, n & 63) != 1 ||
			!rig_used(rig, &id, &len, NULL) || id != chain.head || len != (n & 63))
			ck_abort_msg("%u chains before the end: fault %d", n, rig->ring.fault);
	}
}
