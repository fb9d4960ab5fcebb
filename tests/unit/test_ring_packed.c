/* SPDX-License-Identifier: BSD-3-Clause */
/* The packed ring: malformed lists, laps of any size, notifications. */
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
	uint16_t id, flags;
};

struct bad_list {
	const char *name;
	unsigned n; /* of the descriptors made available */
	struct raw desc[4];
	uint64_t table_at;
	struct raw table[4];
	bool no_indirect;
	enum vmmio_fault fault;
	uint32_t pieces;
};

static const struct bad_list bad[] = {
	{.name = "all four", .n = 4,
		.desc = {{D, 8, 9, NEXT}, {D, 8, 9, NEXT}, {D, 8, 9, NEXT}, {D, 8, 3, WRITE}},
		.pieces = 4},
	/* HD-15 */
	{.name = "id is size", .n = 1, .desc = {{D, 8, 4, 0}}, .fault = VMMIO_FAULT_HEAD},
	{.name = "id is 0xffff", .n = 1, .desc = {{D, 8, 0xffff, 0}}, .fault = VMMIO_FAULT_HEAD},
	/* HD-16 */
	{.name = "ring full of NEXT", .n = 4,
		.desc = {{D, 8, 0, NEXT}, {D, 8, 0, NEXT}, {D, 8, 0, NEXT}, {D, 8, 0, NEXT}},
		.fault = VMMIO_FAULT_CHAIN_LENGTH},
	{.name = "unterminated", .n = 2, .desc = {{D, 8, 0, NEXT}, {D, 8, 0, NEXT}},
		.fault = VMMIO_FAULT_UNTERMINATED},
	{.name = "indirect with NEXT", .n = 2, .desc = {{TABLE, 16, 0, INDIRECT | NEXT}, {D, 8, 0, 0}},
		.table = {{D, 8, 0, 0}}, .fault = VMMIO_FAULT_INDIRECT_FLAGS},
	{.name = "direct, then indirect", .n = 2,
		.desc = {{D, 8, 0, NEXT}, {TABLE, 16, 0, INDIRECT}}, .table = {{D, 8, 0, 0}},
		.fault = VMMIO_FAULT_INDIRECT_FLAGS},
	{.name = "direct, then indirect, not negotiated", .n = 2,
		.desc = {{D, 8, 0, NEXT}, {TABLE, 16, 0, INDIRECT}}, .table = {{D, 8, 0, 0}},
		.no_indirect = true, .fault = VMMIO_FAULT_INDIRECT_DISABLED},
	/* HD-07, HD-14 */
	{.name = "empty", .n = 1, .desc = {{D, 0, 0, 0}}, .fault = VMMIO_FAULT_EMPTY_BUFFER},
	{.name = "indirect", .n = 1, .desc = {{TABLE, 48, 2, INDIRECT}},
		.table = {{D, 8, 0, 0}, {D, 8, 0, 0}, {D, 8, 0, WRITE}}, .pieces = 3},
	{.name = "indirect with WRITE", .n = 1, .desc = {{TABLE, 16, 0, INDIRECT | WRITE}},
		.table = {{D, 8, 0, 0}}, .pieces = 1},
	{.name = "only WRITE counts in a table", .n = 1, .desc = {{TABLE, 32, 0, INDIRECT}},
		.table = {{D, 8, 0xffff, 0xfffd}, {D, 8, 77, 0xffff}}, .pieces = 2},
	{.name = "table of 0", .n = 1, .desc = {{TABLE, 0, 0, INDIRECT}},
		.fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "table of 17 bytes", .n = 1, .desc = {{TABLE, 17, 0, INDIRECT}},
		.table = {{D, 8, 0, 0}}, .fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "table of size entries", .n = 1, .desc = {{TABLE, 64, 0, INDIRECT}},
		.table = {{D, 8, 0, 0}, {D, 8, 0, 0}, {D, 8, 0, 0}, {D, 8, 0, 0}}, .pieces = 4},
	{.name = "table above size entries", .n = 1, .desc = {{TABLE, 80, 0, INDIRECT}},
		.table = {{D, 8, 0, 0}}, .fault = VMMIO_FAULT_INDIRECT_LENGTH},
	{.name = "not negotiated", .n = 1, .desc = {{TABLE, 16, 0, INDIRECT}},
		.table = {{D, 8, 0, 0}}, .no_indirect = true,
		.fault = VMMIO_FAULT_INDIRECT_DISABLED},
	{.name = "unaligned", .n = 1, .desc = {{TABLE + 3, 32, 0, INDIRECT}}, .table_at = TABLE + 3,
		.table = {{D, 8, 0, 0}, {D, 8, 0, WRITE}}, .pieces = 2},
	{.name = "entry over two regions", .n = 1, .desc = {{RIG_DATA2 - 20, 32, 0, INDIRECT}},
		.table_at = RIG_DATA2 - 20, .table = {{D, 8, 0, 0}, {D, 8, 0, WRITE}}, .pieces = 2},
	{.name = "table into a hole", .n = 1, .desc = {{RIG_HOLE - 16, 32, 0, INDIRECT}},
		.fault = VMMIO_FAULT_INDIRECT_MEMORY},
	{.name = "empty in indirect", .n = 1, .desc = {{TABLE, 32, 0, INDIRECT}},
		.table = {{D, 8, 0, 0}, {D, 0, 0, 0}}, .fault = VMMIO_FAULT_EMPTY_BUFFER},
	{.name = "order in indirect", .n = 1, .desc = {{TABLE, 32, 0, INDIRECT}},
		.table = {{D, 8, 0, WRITE}, {D, 8, 0, 0}}, .fault = VMMIO_FAULT_ORDER},
};

START_TEST(malformed_lists)
{
	const struct bad_list *c = &bad[_i];
	struct rig_options options = {.packed = true, .size = 4, .no_indirect = c->no_indirect};
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	for (i = 0; i < 4; i++)
		if (c->table[i].addr)
			rig_entry(&rig, (c->table_at ? c->table_at : TABLE) + i * 16,
				c->table[i].addr, c->table[i].len, c->table[i].id,
				c->table[i].flags);
	for (i = 0; i < c->n; i++)
		rig_packed(&rig, c->desc[i].addr, c->desc[i].len, c->desc[i].id, c->desc[i].flags);
	ck_assert_msg(rig_pop(&rig, chains, 1) == !c->fault, "%s", c->name);
	ck_assert_msg(rig.ring.fault == c->fault, "%s: fault %d", c->name, rig.ring.fault);
	if (!c->fault) {
		ck_assert_uint_eq(chains[0].n_readable + chains[0].n_writable, c->pieces);
		ck_assert_uint_eq(chains[0].head, c->desc[c->n - 1].id);
	}
	rig_down(&rig);
}
END_TEST

/* PACKED-DEV-06: all flags that do not say "available in this lap". */
START_TEST(stale_descriptors_are_left_alone)
{
	static const uint16_t phases[] = {0x0000, 0x8080, 0x8000};
	struct rig_options options = {.packed = true, .size = 3};
	struct rig rig;
	unsigned i, lap;

	rig_up(&rig, &options);
	for (lap = 0; lap < 2; lap++) {
		for (i = 0; i < 3; i++) {
			rig_raw(&rig, 0, D, 8, 0, phases[i] ^ (lap ? 0x8080 : 0));
			ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
			ck_assert_int_eq(rig.ring.fault, 0);
		}
		for (i = 0; i < 3; i++)
			rig_add_one(&rig, (uint16_t)i);
		ck_assert_uint_eq(rig_pop(&rig, chains, 3), 3);
		for (i = 0; i < 3; i++)
			rig_complete(&rig, chains[i].token, 0);
	}
	rig_down(&rig);
}
END_TEST

/* The driver hands over again what we have not given back. */
START_TEST(more_available_than_the_ring_holds)
{
	struct rig_options options = {.packed = true, .size = 4};
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	for (i = 0; i < 5; i++)
		rig_add_one(&rig, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 0);
	/* The fifth hid the first: its flags are of the next lap. Now one by one. */
	ck_assert_int_eq(rig.ring.fault, 0);
	ck_assert_int_eq(rig_restart(&rig), 0);
	for (i = 0; i < 4; i++)
		rig_add_one(&rig, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 4);
	rig_add_one(&rig, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 0);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_AVAIL_INDEX);
	rig_down(&rig);
}
END_TEST

START_TEST(list_runs_into_what_is_in_flight)
{
	struct rig_options options = {.packed = true, .size = 4};
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	rig_add_one(&rig, 0);
	rig_add_one(&rig, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 2);
	for (i = 0; i < 3; i++)
		rig_packed(&rig, D, 8, 0, i < 2 ? NEXT : 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 8), 0);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_UNTERMINATED);
	rig_down(&rig);
}
END_TEST

/* PACKED-DEV-08, -12 to -15, -18: lists of all lengths over the end of rings of any size. */
START_TEST(laps_of_any_size)
{
	static const uint32_t sizes[] = {1, 2, 3, 7, 255, 256};
	struct rig_options options = {.packed = true, .event_idx = true, .size = sizes[_i]};
	const uint32_t size = sizes[_i];
	struct rig_buffer buffers[3];
	struct rig rig;
	unsigned round, i;

	rig_up(&rig, &options);
	for (round = 0; round < 10 * size + 50; round++) {
		const unsigned n = 1 + round % (size < 3 ? size : 3);
		const uint16_t id = (uint16_t)(round * 5 % size);
		uint16_t got;
		uint32_t len;
		bool written;

		for (i = 0; i < n; i++)
			buffers[i] = (struct rig_buffer){D + 100 * i, i + 1, i + 1 == n};
		rig_add(&rig, buffers, n, id);
		ck_assert_uint_eq(rig_pop(&rig, chains, 2), 1);
		ck_assert_uint_eq(chains[0].n_readable, n - 1);
		for (i = 0; i + 1 < n; i++)
			ck_assert_uint_eq(chains[0].readable[i].len, i + 1);
		ck_assert_uint_eq(rig_complete(&rig, chains[0].token, round % (n + 1)), 1);
		ck_assert(rig_used(&rig, &got, &len, &written));
		ck_assert_uint_eq(got, id);
		ck_assert_uint_eq(len, round % (n + 1));
		ck_assert_int_eq(written, len > 0);
		ck_assert_uint_eq(rig.used, rig.avail);
		ck_assert_uint_eq(rig_pop(&rig, chains, 2), 0);
	}
	rig_down(&rig);
}
END_TEST

/* A batch becomes visible from its first descriptor on, and skips by list lengths. */
START_TEST(batch_of_mixed_lists_out_of_order)
{
	const struct rig_buffer buffers[] = {{D, 8, false}, {D, 8, false}, {D, 64, true}};
	struct rig_options options = {.packed = true, .size = 7};
	struct vmmio_completion done[3];
	struct rig rig;
	unsigned round, i;

	rig_up(&rig, &options);
	for (round = 0; round < 50; round++) {
		struct vmmio_ring_answers answers = {0};

		for (i = 0; i < 3; i++)
			rig_add(&rig, buffers + (2 - i), i + 1, (uint16_t)(i + 2));
		ck_assert_uint_eq(rig_pop(&rig, chains, 8), 3);
		for (i = 0; i < 3; i++)
			done[i] = (struct vmmio_completion){chains[(i + round) % 3].token, i};
		ck_assert_uint_eq(vmmio_ring_complete(&rig.ring, done, 3, VMMIO_RING_PUBLISH, &answers), 3);
		for (i = 0; i < 3; i++) {
			uint16_t id;
			uint32_t len;

			ck_assert(rig_used(&rig, &id, &len, NULL));
			ck_assert_uint_eq(id, (i + round) % 3 + 2);
			ck_assert_uint_eq(len, i);
		}
		ck_assert_uint_eq(rig.used, rig.avail);
	}
	rig_down(&rig);
}
END_TEST

/* PACKED-DEV-15: WRITE says that anything was written, also behind a part that was not, which
 * len cannot tell. The next chain in the slot begins with nothing. */
START_TEST(write_flag_of_what_len_does_not_cover)
{
	static const struct {
		uint32_t len, offset, touched;
		bool write;
	} cases[] = {{0, 63, 0, false}, {0, 63, 1, true}, {0, 63, 0, false}, {5, 63, 0, true},
		{5, 63, 1, true}, {0, 64, 1, false}};
	struct rig_options options = {.packed = true};
	struct rig rig;

	rig_up(&rig, &options);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool write;
		uint16_t id;
		uint32_t len;

		rig_add_one(&rig, 0);
		ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
		ck_assert(vmmio_ring_dirty(&rig.ring, chains[0].token, cases[i].offset,
			cases[i].touched));
		ck_assert_uint_eq(rig_complete(&rig, chains[0].token, cases[i].len), 1);
		ck_assert(rig_used(&rig, &id, &len, &write));
		ck_assert_uint_eq(len, cases[i].len);
		ck_assert_int_eq(write, cases[i].write);
	}
	rig_down(&rig);
}
END_TEST

/* PACKED-DEV-17: every event of two laps against every position, counted on a line. */
START_TEST(event_is_met_exactly)
{
	static const uint32_t sizes[] = {1, 3, 7, 8};
	const int size = (int)sizes[_i];
	struct rig_options options = {.packed = true, .event_idx = true, .size = sizes[_i]};
	struct rig rig;
	int from, n, event, i;

	rig_up(&rig, &options);
	for (from = 0, n = 1; from < 6 * size; from += n, n = n % size + 1) {
		for (i = 0; i < n; i++)
			rig_add_one(&rig, (uint16_t)i);
		ck_assert_int_eq((int)rig_pop(&rig, chains, (unsigned)n), n);
		for (i = 0; i < n; i++)
			rig_complete(&rig, chains[i].token, 0);
		/* Positions from behind this batch to a lap after its beginning. */
		for (event = from + n - size; event < from + n + size; event++) {
			const struct vmmio_ring before = rig.ring;
			const int place = event + 2 * size; /* not below 0; same wrap */
			const bool wrap = place / size % 2 == 0;

			rig_driver_event(&rig, (uint16_t)(place % size | wrap << 15), 2);
			ck_assert_int_eq(vmmio_ring_should_notify(&rig.ring),
				event >= from && event < from + n);
			rig.ring = before;
		}
		vmmio_ring_should_notify(&rig.ring);
	}
	rig_down(&rig);
}
END_TEST

START_TEST(event_flags)
{
	static const struct {
		bool event_idx;
		uint16_t flags;
		bool want;
	} rows[] = {
		{false, 0, true}, {false, 1, false}, {false, 2, true}, {false, 3, true},
		{true, 0, true}, {true, 1, false}, {true, 2, false}, {true, 3, true},
		{true, 0xfffc, true}, {true, 0xfffd, false},
	};
	struct rig_options options = {.packed = true, .event_idx = rows[_i].event_idx};
	struct rig rig;

	rig_up(&rig, &options);
	rig_driver_event(&rig, 5 | 0x8000, rows[_i].flags);
	ck_assert(!vmmio_ring_should_notify(&rig.ring));
	rig_add_one(&rig, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	rig_complete(&rig, chains[0].token, 0);
	ck_assert_int_eq(vmmio_ring_should_notify(&rig.ring), rows[_i].want);
	rig_down(&rig);
}
END_TEST

START_TEST(event_after_more_than_a_lap)
{
	struct rig_options options = {.packed = true, .event_idx = true, .size = 3};
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	for (i = 0; i < 4; i++) {
		rig_add_one(&rig, 0);
		ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
		rig_complete(&rig, chains[0].token, 0);
	}
	rig_driver_event(&rig, 2, 2);
	ck_assert(vmmio_ring_should_notify(&rig.ring));
	rig_down(&rig);
}
END_TEST

START_TEST(available_notifications)
{
	struct rig_options options = {.packed = true, .event_idx = _i, .size = 3};
	uint16_t event, flags;
	struct rig rig;
	unsigned i;

	rig_up(&rig, &options);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, _i ? 2 : 0);
	ck_assert_uint_eq(event, _i ? 0x8000 : 0);
	for (i = 0; i < 4; i++) {
		rig_add_one(&rig, 0);
		ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
		rig_complete(&rig, chains[0].token, 0);
	}
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(event, _i ? 1 : 0); /* second lap: wrap 0 */
	ck_assert(!vmmio_ring_notifications(&rig.ring, false));
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, 1);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, 1);
	ck_assert(!vmmio_ring_notifications(&rig.ring, true));
	rig_device_event(&rig, &event, &flags);
	ck_assert_uint_eq(flags, _i ? 2 : 0);
	vmmio_ring_notifications(&rig.ring, false);
	rig_add_one(&rig, 0);
	ck_assert(vmmio_ring_notifications(&rig.ring, true));
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	rig_down(&rig);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring packed");
	TCase *tc = fixture_tcase(s, "faults");

	tcase_add_loop_test(tc, malformed_lists, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, stale_descriptors_are_left_alone);
	tcase_add_test(tc, more_available_than_the_ring_holds);
	tcase_add_test(tc, list_runs_into_what_is_in_flight);
	tc = fixture_tcase(s, "laps");
	tcase_add_loop_test(tc, laps_of_any_size, 0, 6);
	tcase_add_test(tc, batch_of_mixed_lists_out_of_order);
	tcase_add_test(tc, write_flag_of_what_len_does_not_cover);
	tc = fixture_tcase(s, "notifications");
	tcase_add_loop_test(tc, event_is_met_exactly, 0, 4);
	tcase_add_loop_test(tc, event_flags, 0, 10);
	tcase_add_test(tc, event_after_more_than_a_lap);
	tcase_add_loop_test(tc, available_notifications, 0, 2);
	return fixture_main(s);
}
