/* SPDX-License-Identifier: BSD-3-Clause */
/* The split ring: malformed tables, indices that wrap, notifications. */
#include "ring_rig.h"
#include "support/fixture.h"

static struct vmmio_chain chains[RIG_MAX_SIZE];

#define NEXT VMMIO_DESC_F_NEXT
#define WRITE VMMIO_DESC_F_WRITE
#define INDIRECT VMMIO_DESC_F_INDIRECT
#define TABLE (RIG_DATA + 0x8000)
#define D RIG_DATA

struct raw {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/* Size 4. Fields not given are zero; a raw descriptor of length 0 is written too. */
struct bad_chain {
	const char *name;
	uint16_t head;
	struct raw desc[4];
	uint64_t table_at; /* 0: TABLE */
	struct raw table[4];
	bool no_indirect;
	enum vmmio_fault fault;
	uint32_t pieces; /* if there is none */
};

static const struct bad_chain bad[] = {
	/* HD-01, 02: loops, and chains that are too long */
	{.name = "self-loop", .desc = {{D, 8, NEXT, 0}}, .fault = VMMIO_FAULT_CHAIN_LENGTH},
	{.name = "loop of two", .desc = {{D, 8, NEXT, 1}, {D, 8, NEXT, 0}},
		.fault = VMMIO_FAULT_CHAIN_LENGTH},
	{.name = "all four", .desc = {{D, 8, NEXT, 1}, {D, 8, NEXT, 2}, {D, 8, NEXT, 3}, {D, 8, 0, 0}},
		.pieces = 4},
	{.name = "all four, backwards", .head = 3,
		.desc = {{D, 8, WRITE, 9}, {D, 8, NEXT, 0}, {D, 8, NEXT, 1}, {D, 8, NEXT, 2}},
		.pieces = 4},
	{.name = "loop in indirect", .desc = {{TABLE, 32, INDIRECT, 0}},
		.table = {{D, 8, NEXT, 1}, {D, 8, NEXT, 0}}, .fault = VMMIO_FAULT_CHAIN_LENGTH},
	{.name = "one too many through indirect",
		.desc = {{D, 8, NEXT, 1}, {TABLE, 64, INDIRECT, 0}},
		.table = {{D, 8, NEXT, 1}, {D, 8, NEXT, 2}, {D, 8, NEXT, 3}, {D, 8, 0, 0}},
		.fault = VMMIO_FAULT_CHAIN_LENGTH},
	/* HD-03, 04 */
	{.name = "next is size", .desc = {{D, 8, NEXT, 4}}, .fault = VMMIO_FAULT_NEXT},
	{.name = "next is 0xffff", .desc = {{D, 8, NEXT, 0xffff}}, .fault = VMMIO_FAULT_NEXT},
	{.name = "next without NEXT", .desc = {{D, 8, 0, 0xffff}}, .pieces = 1},
	{.name = "head is size", .head = 4, .fault = VMMIO_FAULT_HEAD},
	{.name = "head is 0xffff", .head = 0xffff, .fault = VMMIO_FAULT_HEAD},
	/* HD-07 */
	{.name = "empty", .desc = {{D, 0, 0, 0}}, .fault = VMMIO_FAULT_EMPTY_BUFFER},
	{.name = "empty in indirect", .desc = {{TABLE, 16, INDIRECT, 0}}, .table = {{D, 0, 0, 0}},
		.fault = VMMIO_FAULT_EMPTY_BUFFER},
	/* HD-14 */
	{.name = "indirect", .desc = {{TABLE, 48, INDIRECT, 0}},
		.table = {{D, 8, NEXT, 2}, {D, 0, 7, 9}, {D, 8, WRITE, 0}}, .pieces = 2},
	{.name = "indirect with WRITE", .desc = {{TABLE, 16, INDIRECT | WRITE, 0}},
		.table = {{D, 8, 0, 0}}, .pieces = 1},
	{.name = "direct, then indirect", .desc = {{D, 8, NEXT, 3}, {0}, {0}, {TABLE, 32, INDIRECT, 0}},
		.table = {{D, 8, NEXT, 1}, {D, 8, WRITE, 0}}, .pieces = 3},
	{.name = "nested", .desc = {{TABLE, 16, INDIRECT, 0}}, .table = {{TABLE, 16, INDIRECT, 0}},
		.fault = VMMIO_FAULT_INDIRECT_FLAGS},
	{.name = "indirect with NEXT", .desc = {{TABLE, 16, INDIRECT | NEXT, 1}, {D, 8, 0, 0}},
		.table = {{D, 8, 0, 0}}, .fault = VMMIO_FAULT_INDIRECT_FLAGS},
	{.name = "table of 0", .desc = {{TABLE, 0, INDIRECT, 0}},
		.fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "table of 17 bytes", .desc = {{TABLE, 17, INDIRECT, 0}}, .table = {{D, 8, 0, 0}},
		.fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "table of 15 bytes", .desc = {{TABLE, 15, INDIRECT, 0}}, .table = {{D, 8, 0, 0}},
		.fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "table of size entries", .desc = {{TABLE, 64, INDIRECT, 0}},
		.table = {{D, 8, NEXT, 1}, {D, 8, NEXT, 2}, {D, 8, NEXT, 3}, {D, 8, 0, 0}},
		.pieces = 4},
	{.name = "table above size entries", .desc = {{TABLE, 80, INDIRECT, 0}},
		.table = {{D, 8, 0, 0}}, .fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "table of 4 GiB", .desc = {{TABLE, 0xfffffff0, INDIRECT, 0}},
		.table = {{D, 8, 0, 0}}, .fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "not negotiated", .desc = {{TABLE, 16, INDIRECT, 0}}, .table = {{D, 8, 0, 0}},
		.no_indirect = true, .fault = VMMIO_FAULT_INDIRECT_DISABLED},
	{.name = "unaligned by 8", .desc = {{TABLE + 8, 32, INDIRECT, 0}}, .table_at = TABLE + 8,
		.table = {{D, 8, NEXT, 1}, {D, 8, WRITE, 0}}, .pieces = 2},
	{.name = "unaligned by 1", .desc = {{TABLE + 1, 32, INDIRECT, 0}}, .table_at = TABLE + 1,
		.table = {{D, 8, NEXT, 1}, {D, 8, WRITE, 0}}, .pieces = 2},
	{.name = "direct, then unaligned", .desc = {{D, 8, NEXT, 1}, {TABLE + 1, 32, INDIRECT, 0}},
		.table_at = TABLE + 1, .table = {{D, 8, NEXT, 1}, {D, 8, WRITE, 0}}, .pieces = 3},
	{.name = "next is the table's length", .desc = {{TABLE, 32, INDIRECT, 0}},
		.table = {{D, 8, NEXT, 2}, {D, 8, 0, 0}}, .fault = VMMIO_FAULT_NEXT},
	{.name = "table in a hole", .desc = {{RIG_HOLE, 16, INDIRECT, 0}},
		.fault = VMMIO_FAULT_INDIRECT_MEMORY},
	{.name = "table into a hole", .desc = {{RIG_HOLE - 8, 16, INDIRECT, 0}},
		.fault = VMMIO_FAULT_INDIRECT_MEMORY},
	{.name = "table over the end", .desc = {{UINT64_MAX - 15, 32, INDIRECT, 0}},
		.fault = VMMIO_FAULT_INDIRECT_MEMORY},
	{.name = "table up to the end", .desc = {{UINT64_MAX - 15, 16, INDIRECT, 0}},
		.table_at = UINT64_MAX - 15, .table = {{D, 8, 0, 0}}, .pieces = 1},
	{.name = "entry over two regions", .desc = {{RIG_DATA2 - 21, 32, INDIRECT, 0}},
		.table_at = RIG_DATA2 - 21, .table = {{D, 8, NEXT, 1}, {D, 8, WRITE, 0}},
		.pieces = 2},
	{.name = "table over two regions", .desc = {{RIG_DATA2 - 16, 32, INDIRECT, 0}},
		.table_at = RIG_DATA2 - 16, .table = {{D, 8, NEXT, 1}, {D, 8, WRITE, 0}},
		.pieces = 2},
	{.name = "table in another region", .desc = {{RIG_DATA2, 32, INDIRECT, 0}},
		.table_at = RIG_DATA2, .table = {{D, 8, NEXT, 1}, {D, 8, WRITE, 0}}, .pieces = 2},
	{.name = "order over indirect", .desc = {{D, 8, NEXT | WRITE, 1}, {TABLE, 16, INDIRECT, 0}},
		.table = {{D, 8, 0, 0}}, .fault = VMMIO_FAULT_ORDER},
};

START_TEST(malformed_chains)
{
	const struct bad_chain *c = &bad[_i];
	struct rig_options options = {.size = 4, .no_indirect = c->no_indirect};
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	for (i = 0; i < 4; i++) {
		rig_raw(&rig, i, c->desc[i].addr, c->desc[i].len, c->desc[i].flags, c->desc[i].next);
		if (c->table[i].addr)
			rig_entry(&rig, (c->table_at ? c->table_at : TABLE) + i * 16,
				c->table[i].addr, c->table[i].len, c->table[i].flags,
				c->table[i].next);
	}
	rig_head(&rig, c->head);
	ck_assert_msg(rig_pop(&rig, chains, 1) == !c->fault, "%s", c->name);
	ck_assert_msg(rig.ring.fault == c->fault, "%s: fault %d", c->name, rig.ring.fault);
	if (!c->fault)
		ck_assert_uint_eq(chains[0].n_readable + chains[0].n_writable, c->pieces);
	rig_down(&rig);
}
END_TEST

/* HD-05. Four are in flight, one more is there; then idx jumps. */
START_TEST(available_index_jumps)
{
	static const struct {
		int by;
		enum vmmio_fault fault;
	} jumps[] = {
		{0, 0}, {3, 0}, {4, VMMIO_FAULT_AVAIL_INDEX}, {9, VMMIO_FAULT_AVAIL_INDEX},
		{0x7fff, VMMIO_FAULT_AVAIL_INDEX}, {-2, VMMIO_FAULT_AVAIL_INDEX},
		{-5, VMMIO_FAULT_AVAIL_INDEX}, {-6, VMMIO_FAULT_AVAIL_INDEX},
	};
	struct rig_options options = {0};
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	/* Once from 0, once just below the 16-bit wrap. */
	rig_move_on(&rig, (unsigned)_i / 8 * 0xfffd);
	for (i = 0; i < 4; i++)
		rig_add_one(&rig, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 4);
	rig_add_one(&rig, 0);
	rig_set_avail_idx(&rig, (uint16_t)(rig.avail + jumps[_i % 8].by));
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), jumps[_i % 8].fault ? 0 : 1);
	ck_assert_int_eq(rig.ring.fault, jumps[_i % 8].fault);
	rig_down(&rig);
}
END_TEST

/* SPLIT-DEV-28: more than two laps of the index. */
START_TEST(indices_wrap_at_65536)
{
	struct rig_options options = {.event_idx = true, .size = 4};
	struct rig rig;
	uint32_t round, i, n;

	rig_up(&rig, &options);
	rig_move_on(&rig, 2 * 65536 - 20);
	for (round = 0; round < 40; round += n) {
		uint16_t id, head[3];
		uint32_t len;

		n = 1 + round % 3;
		for (i = 0; i < n; i++)
			head[i] = rig_add_one(&rig, 0);
		ck_assert_uint_eq(rig_pop(&rig, chains, 4), n);
		for (i = 0; i < n; i++)
			ck_assert_uint_eq(rig_complete(&rig, chains[i].token, i), 1);
		for (i = 0; i < n; i++) {
			ck_assert(rig_used(&rig, &id, &len, NULL));
			ck_assert_uint_eq(id, head[i]);
			ck_assert_uint_eq(len, i);
		}
	}
	rig_down(&rig);
}
END_TEST

static void move_on(struct rig *rig, uint32_t n)
{
	rig_move_on(rig, n);
	vmmio_ring_should_notify(&rig->ring);
}

/* HD-40, SPLIT-DEV-12 to -14: all events around the wrap, batches of 1 to 4. */
START_TEST(used_event_is_met_exactly)
{
	struct rig_options options = {.event_idx = true};
	struct rig rig;
	int batch, from, event, i;

	for (batch = 1; batch <= 4; batch++) {
		rig_up(&rig, &options);
		move_on(&rig, 65536 - 8);
		for (from = 65536 - 8; from < 65536 + 8; from += batch) {
			const struct vmmio_ring before = rig.ring;

			for (event = from - 6; event <= from + 10; event++) {
				bool want = event >= from && event < from + batch;

				rig.ring = before;
				rig.ring.used = (uint16_t)(before.used + batch);
				rig.ring.untold = (uint32_t)batch;
				rig_driver_event(&rig, (uint16_t)event, 1);
				ck_assert_int_eq(vmmio_ring_should_notify(&rig.ring), want);
			}
			rig.ring = before;
			for (i = 0; i < batch; i++)
				rig_add_one(&rig, 0);
			ck_assert_uint_eq(rig_pop(&rig, chains, 8), batch);
			rig_driver_event(&rig, (uint16_t)(from + batch - 1), 1);
			for (i = 0; i < batch; i++)
				rig_complete(&rig, chains[i].token, 0);
			ck_assert(vmmio_ring_should_notify(&rig.ring));
			ck_assert(!vmmio_ring_should_notify(&rig.ring));
		}
		rig_down(&rig);
	}
}
END_TEST

/* Nobody asked for 65536 entries and more: whatever the event was, it has been passed. */
START_TEST(used_event_after_a_whole_lap)
{
	struct rig_options options = {.event_idx = true};
	struct rig rig;

	rig_up(&rig, &options);
	rig_move_on(&rig, 65537);
	rig_driver_event(&rig, 100, 0);
	ck_assert(vmmio_ring_should_notify(&rig.ring));
	rig_down(&rig);
}
END_TEST

/* SPLIT-DEV-09 to -11 */
START_TEST(flags_decide_without_event_idx)
{
	struct rig_options options = {0};
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	ck_assert(!vmmio_ring_should_notify(&rig.ring));
	for (i = 0; i < 20; i++) {
		rig_driver_event(&rig, (uint16_t)(i * 7), i & 1);
		rig_add_one(&rig, 0);
		ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
		rig_complete(&rig, chains[0].token, 0);
		ck_assert_int_eq(vmmio_ring_should_notify(&rig.ring), !(i & 1));
	}
	rig_down(&rig);
}
END_TEST

/* SPLIT-DEV-18 to -20 */
START_TEST(available_notifications)
{
	struct rig_options options = {.event_idx = _i};
	uint16_t event, flags;
	struct rig rig;

	rig_up(&rig, &options);
	*(uint16_t *)rig_at(&rig, RIG_DEVICE) = (uint16_t)!_i; /* left by a careless driver */
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, 0);
	move_on(&rig, 5);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(event, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(event, _i ? 5 : 0);
	ck_assert(!vmmio_ring_notifications(&rig.ring, false));
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, !_i);
	move_on(&rig, 1);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, !_i);
	ck_assert_uint_eq(event, _i ? 5 : 0); /* not asked for while disabled */
	rig_add_one(&rig, 0);
	ck_assert(vmmio_ring_notifications(&rig.ring, true)); /* came meanwhile */
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, 0);
	ck_assert_uint_eq(event, _i ? 6 : 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	ck_assert(!vmmio_ring_notifications(&rig.ring, true));
	rig_down(&rig);
}
END_TEST

/* What is not news is not written: the line stays the driver's. */
START_TEST(avail_event_is_not_rewritten)
{
	struct rig_options options = {.event_idx = true};
	uint16_t event, flags;
	struct rig rig;

	rig_up(&rig, &options);
	move_on(&rig, 3);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	*(uint16_t *)((char *)rig_at(&rig, RIG_DEVICE) + 4 + 8 * 8) = 0x1234;
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	ck_assert(!vmmio_ring_notifications(&rig.ring, true));
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(event, 0x1234);
	move_on(&rig, 1);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(event, 4);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring split");
	TCase *tc = fixture_tcase(s, "faults");

	tcase_add_loop_test(tc, malformed_chains, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_loop_test(tc, available_index_jumps, 0, 16);
	tc = fixture_tcase(s, "indices");
	tcase_add_test(tc, indices_wrap_at_65536);
	tcase_add_test(tc, used_event_is_met_exactly);
	tcase_add_test(tc, used_event_after_a_whole_lap);
	tcase_add_test(tc, flags_decide_without_event_idx);
	tcase_add_loop_test(tc, available_notifications, 0, 2);
	tcase_add_test(tc, avail_event_is_not_rewritten);
	return fixture_main(s);
}
