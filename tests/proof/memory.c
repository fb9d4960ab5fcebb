/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Eva: looking up, changing and marking with tables of 0 to 3 regions, each table exactly as
 * large as its number of regions makes it.
 *
 * The regions are any bytes, not even sorted, save where the dirty log is marked: there the
 * bitmaps are as long as the regions make them.
 */
#include "memory/table.h"

#define ROOM(n) \
	((sizeof(struct vmmio_memory_table) + (n) * sizeof(struct vmmio_region)) / sizeof(uint64_t))

bool proof_lockless;

static uint64_t old[4][ROOM(3)];
static uint64_t room0[ROOM(0)], room1[ROOM(1)], room2[ROOM(2)], room3[ROOM(3)], room4[ROOM(4)];
static uint64_t *const rooms[] = {room0, room1, room2, room3, room4};

static int hook(void *ctx, uint64_t iova, uint64_t len, bool write, uint64_t *guest, uint64_t *got)
{
	(void)ctx, (void)iova, (void)len, (void)write;
	*guest = any64();
	*got = any64();
	return any_bool() ? -VMMIO_EFAULT : 0;
}

static struct vmmio_memory_table *any_table(uint32_t n)
{
	struct vmmio_memory_table *table = (void *)rooms[n];

	Frama_C_make_unknown((char *)table, sizeof(*table) + n * sizeof(struct vmmio_region));
	table->n = n;
	table->dirty = NULL;
	table->translate = hook;
	table->translate_ctx = NULL;
	/*@ loop unroll 4; */
	for (uint32_t i = 0; i < n; i++)
		table->region[i].host = NULL;
	return table;
}

static void look_up(uint32_t n)
{
	const struct vmmio_memory_table *table = any_table(n);
	uint32_t hint = any32();
	uint64_t guest, got;

	vmmio_table_find(table, any64(), &hint);
	hint = any32();
	vmmio_table_find(table, any64(), &hint);
	vmmio_table_find(table, any64(), NULL);
	hint = any32();
	vmmio_table_at(table, any64(), any64(), any_bool(), &hint);
	vmmio_table_translate(table, any64(), any64(), any_bool(), &guest, &got);
}

static void change(uint32_t n)
{
	const struct vmmio_memory_table *table = any_table(n);
	struct vmmio_region region;

	any_object(region);
	region.host = (void *)1;
	vmmio_table_insert((void *)rooms[n + 1], table, &region);
	vmmio_table_insert((void *)rooms[1], n ? NULL : table, &region);
}

/* Into a table of n regions, from one with the region at place too. */
static void take_away(uint32_t n)
{
	struct vmmio_memory_table *table = any_table(n + 1);

	/*@ loop unroll 4; */
	for (uint32_t place = 0; place <= n; place++)
		vmmio_table_without((void *)rooms[n], table, place);
}

static void same_again(uint32_t n)
{
	/* any_table makes the only one of its size: the new one takes its own place. */
	struct vmmio_memory_table *table = (void *)old[n];

	Frama_C_make_unknown((char *)table, sizeof(*table) + n * sizeof(struct vmmio_region));
	table->n = n;
	table->translate = NULL;
	table->translate_ctx = NULL;
	vmmio_table_without(
		(void *)rooms[n], table, Frama_C_unsigned_int_interval(n, UINT32_MAX));
}

/* --- The dirty log --------------------------------------------------------------------------- */

#define PAGES 200
/* The region begins inside a page, and ends inside one. */
#define SIZE ((uint64_t)PAGES * VMMIO_DIRTY_PAGE)
#define START UINT64_C(0x100800)
#define WORDS (PAGES / 64 + 1)

static uint64_t dirty[sizeof(struct vmmio_dirty) / sizeof(uint64_t) + WORDS];

/* Anything at all is marked. Host memory is not touched: its address is only a number. */
static void mark(void)
{
	static struct vmmio_dirty *list[1];
	struct vmmio_memory_table *table = any_table(1);

	Frama_C_make_unknown((char *)dirty, sizeof(dirty));
	list[0] = (void *)dirty;
	table->region[0].guest = START;
	table->region[0].size = SIZE;
	table->region[0].host = (void *)0x7f0000000000;
	table->dirty = list;
	vmmio_table_mark(table, (void *)any64(), any64());
}

int main(void)
{
	/*@ loop unroll 4; */
	for (uint32_t n = 0; n < 4; n++) {
		look_up(n);
		same_again(n);
	}
	/*@ loop unroll 3; */
	for (uint32_t n = 0; n < 3; n++) {
		change(n);
		take_away(n);
	}
	change(3);
	mark();
	/*@ assert 0 <= 1; */
	return 0;
}
