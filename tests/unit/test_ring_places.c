/* SPDX-License-Identifier: BSD-3-Clause */
/* Where areas and buffers may lie: regions, holes, ends; for both formats (_i: packed). */
#include "ring_rig.h"
#include "support/fixture.h"

#include <stdlib.h>
#include <string.h>

static struct vmmio_chain chains[RIG_MAX_SIZE];

static struct rig_options with(int packed)
{
	return (struct rig_options){.packed = packed};
}

/* --- Buffers and regions (HD-02, 07, 08, 09, 17, 31) ------------------------- */

static const struct {
	struct rig_buffer buffer[3];
	enum vmmio_fault fault;
	uint32_t pieces; /* if there is none */
	bool pinned;
} layouts[] = {
	{{{RIG_DATA, 0x10000, true}}, 0, 1, true},
	{{{RIG_DATA, 0x10001, true}}, 0, 2, false},
	{{{RIG_DATA + 0xffff, 1, true}}, 0, 1, true},
	{{{RIG_DATA + 0xffff, 2, true}}, 0, 2, false},
	{{{RIG_DATA - 1, 2, true}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_DATA, 0x20000, true}}, 0, 2, false},
	{{{RIG_DATA, 0x20001, true}}, VMMIO_FAULT_BUFFER_READ_ONLY, 0, 0},
	{{{RIG_DATA, 0x30000, false}}, 0, 3, false},
	{{{RIG_DATA, 0x30001, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_DATA2, 8, true}}, 0, 1, false},
	{{{RIG_DATA2, 8, false}, {RIG_DATA, 8, true}}, 0, 2, false},
	{{{RIG_ROM, 8, false}, {RIG_DATA, 8, true}}, 0, 2, false},
	{{{RIG_ROM, 8, true}}, VMMIO_FAULT_BUFFER_READ_ONLY, 0, 0},
	{{{RIG_HOLE, 1, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_HOLE - 1, 2, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{0, 1, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_TOP, 0x10000, true}}, 0, 1, false},
	{{{RIG_TOP, 0x10001, true}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{UINT64_MAX, 1, true}}, 0, 1, false},
	{{{UINT64_MAX, 2, true}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_DATA, UINT32_MAX, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_DATA, 8, false}, {RIG_DATA, UINT32_MAX, true}}, VMMIO_FAULT_BUFFER_READ_ONLY, 0,
		0},
	{{{RIG_TOP, UINT32_MAX, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_DATA, 0, false}}, VMMIO_FAULT_EMPTY_BUFFER, 0, 0},
	{{{RIG_DATA, 8, false}, {RIG_DATA, 0, true}}, VMMIO_FAULT_EMPTY_BUFFER, 0, 0},
	{{{RIG_HOLE, 0, true}}, VMMIO_FAULT_EMPTY_BUFFER, 0, 0},
	{{{RIG_DATA, 8, true}, {RIG_DATA, 8, false}}, VMMIO_FAULT_ORDER, 0, 0},
	/* the same ends where the region is the one last hit */
	{{{RIG_DATA, 8, false}, {RIG_DATA + 0xffff, 1, true}}, 0, 2, true},
	{{{RIG_DATA, 8, false}, {RIG_DATA + 0xffff, 2, true}}, 0, 3, false},
	{{{RIG_ROM, 8, false}, {RIG_HOLE - 1, 2, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_ROM, 8, false}, {RIG_HOLE, 1, false}}, VMMIO_FAULT_BUFFER_MEMORY, 0, 0},
	{{{RIG_ROM, 8, false}, {RIG_ROM - 1, 1, true}}, 0, 2, false},
	{{{RIG_ROM, 8, false}, {RIG_ROM, 8, true}}, VMMIO_FAULT_BUFFER_READ_ONLY, 0, 0},
	{{{RIG_DATA, 8, false}, {RIG_DATA + 8, 0, false}}, VMMIO_FAULT_EMPTY_BUFFER, 0, 0},
	{{{RIG_DATA, 8, false}, {RIG_DATA, 8, true}, {RIG_DATA2, 8, false}}, VMMIO_FAULT_ORDER, 0,
		0},
};
enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

START_TEST(buffers_in_all_places)
{
	struct rig_options options = with(_i / LAYOUTS);
	const unsigned row = (unsigned)_i % LAYOUTS;
	unsigned n = 1;
	struct rig rig;

	rig_up(&rig, &options);
	while (n < 3 && layouts[row].buffer[n].addr)
		n++;
	rig_add(&rig, layouts[row].buffer, n, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), layouts[row].fault ? 0 : 1);
	ck_assert_int_eq(rig.ring.fault, layouts[row].fault);
	if (!layouts[row].fault) {
		ck_assert_uint_eq(chains[0].n_readable + chains[0].n_writable, layouts[row].pieces);
		ck_assert_int_eq(chains[0].pinned, layouts[row].pinned);
	} else {
		ck_assert_uint_eq(rig.ring.leases, 0);
	}
	rig_down(&rig);
}
END_TEST

/* One buffer in pinned memory by way of a table that is not, after a chain that was not: only
 * where its pieces are counts. */
START_TEST(only_its_pieces_make_a_chain_pinned)
{
	const struct rig_buffer elsewhere = {RIG_DATA2, 8, true};
	struct rig_options options = with(_i);
	struct rig rig;

	rig_up(&rig, &options);
	rig_add(&rig, &elsewhere, 1, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	ck_assert(!chains[0].pinned);
	rig_add(&rig, &(struct rig_buffer){RIG_DATA, 8, true}, 1, 1);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	ck_assert(chains[0].pinned);
	rig_entry(&rig, RIG_DATA2 + 0x100, RIG_DATA, 8, rig.packed ? 0 : VMMIO_DESC_F_WRITE,
		rig.packed ? VMMIO_DESC_F_WRITE : 0);
	if (rig.packed) {
		rig_packed(&rig, RIG_DATA2 + 0x100, 16, 2, VMMIO_DESC_F_INDIRECT);
	} else {
		rig_raw(&rig, rig.cursor, RIG_DATA2 + 0x100, 16, VMMIO_DESC_F_INDIRECT, 0);
		rig_head(&rig, rig.cursor);
	}
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	ck_assert_ptr_eq(chains[0].writable[0].base, rig_at(&rig, RIG_DATA));
	ck_assert(chains[0].pinned);
	rig_down(&rig);
}
END_TEST

START_TEST(crossing_buffer_is_cut_at_the_region)
{
	const struct rig_buffer crossing[] = {
		{RIG_DATA2 - 3, 5, false}, {RIG_DATA2 - 7, 0x1007, true}};
	struct rig_options options = with(_i);
	struct rig rig;

	rig_up(&rig, &options);
	rig_add(&rig, crossing, 2, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	ck_assert_uint_eq(chains[0].n_readable, 2);
	ck_assert_uint_eq(chains[0].n_writable, 2);
	ck_assert_uint_eq(chains[0].readable_len, 5);
	ck_assert_uint_eq(chains[0].writable_len, 0x1007);
	ck_assert_uint_eq(chains[0].readable[0].len, 3);
	ck_assert_ptr_eq(chains[0].readable[1].base, rig_at(&rig, RIG_DATA2));
	ck_assert_ptr_eq(chains[0].writable[0].base, rig_at(&rig, RIG_DATA2 - 7));
	ck_assert_uint_eq(chains[0].writable[1].len, 0x1000);
	rig_down(&rig);
}
END_TEST

/* A limit of the backend, so what the driver did wrong goes before it. */
START_TEST(too_many_pieces)
{
	const struct rig_buffer four[] = {{RIG_DATA, 8, false}, {RIG_DATA, 8, false},
		{RIG_DATA2 - 4, 8, true}, {RIG_DATA, 8, true}};
	const struct rig_buffer wrong[] = {{RIG_DATA, 8, false}, {RIG_DATA2 - 4, 8, false},
		{RIG_DATA, 8, false}, {RIG_DATA, 8, true}, {RIG_DATA, 8, false}};
	struct rig_options options = with(_i);
	struct rig rig;

	options.max_segments = 4;
	rig_up(&rig, &options);
	rig_add(&rig, four, 3, 0); /* four pieces */
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 1);
	rig_add(&rig, four, 4, 0); /* five */
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_SEGMENTS);
	ck_assert_int_eq(rig_restart(&rig), 0);
	rig_add(&rig, wrong, 5, 0);
	ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_ORDER);
	rig_down(&rig);
}
END_TEST

static struct vmmio_memory_table *copy_table(const struct rig *rig)
{
	const size_t bytes = sizeof(*rig->table) + RIG_REGIONS * sizeof(struct vmmio_region);
	struct vmmio_memory_table *copy = malloc(bytes);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, rig->table, bytes);
	return copy;
}

/* HD-02: 4 GiB are reached by saying the same memory often. */
START_TEST(chain_of_2_to_the_32_bytes)
{
	struct rig_options options = with(_i);
	struct rig_buffer half[3] = {{RIG_DATA, 1u << 31, false}, {RIG_DATA, (1u << 31) - 1, true},
		{RIG_DATA, 1, true}};
	struct vmmio_memory_table *big;
	struct rig rig;

	rig_up(&rig, &options);
	/* Nothing follows the pointers: the table may say more than there is. */
	big = copy_table(&rig);
	big->n = 4;
	big->region[3].size = UINT64_C(1) << 32;
	rig_add(&rig, half, 2, 0);
	ck_assert_uint_eq(vmmio_ring_pop(&rig.ring, big, chains, 1), 1);
	ck_assert_uint_eq(chains[0].readable_len, 1u << 31);
	ck_assert_uint_eq(chains[0].writable_len, (1u << 31) - 1);
	rig_add(&rig, half, 3, 0);
	ck_assert_uint_eq(vmmio_ring_pop(&rig.ring, big, chains, 1), 0);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_CHAIN_BYTES);
	free(big);
	rig_down(&rig);
}
END_TEST

/* HD-09: after the last byte of the address space comes nothing, not byte 0. */
START_TEST(addresses_do_not_wrap)
{
	struct vmmio_memory_table *round;
	const struct rig_buffer buffer = {UINT64_MAX, 2, true};
	struct rig_options options = with(_i);
	struct rig rig;

	rig_up(&rig, &options);
	round = copy_table(&rig);
	round->region[0] = rig.table->region[3];
	round->region[0].guest = 0;
	rig_add(&rig, &buffer, 1, 0);
	ck_assert_uint_eq(vmmio_ring_pop(&rig.ring, round, chains, 1), 0);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_BUFFER_MEMORY);
	ck_assert_int_eq(rig_restart(&rig), 0);
	if (_i) {
		rig_packed(&rig, UINT64_MAX - 15, 32, 0, VMMIO_DESC_F_INDIRECT);
	} else {
		rig_raw(&rig, 0, UINT64_MAX - 15, 32, VMMIO_DESC_F_INDIRECT, 0);
		rig_head(&rig, 0);
	}
	ck_assert_uint_eq(vmmio_ring_pop(&rig.ring, round, chains, 1), 0);
	ck_assert_int_eq(rig.ring.fault, VMMIO_FAULT_INDIRECT_MEMORY);
	free(round);
	rig_down(&rig);
}
END_TEST

/* --- Areas (HD-24, HD-26; E28) ----------------------------------------------- */

#define S 0
#define P 1
static const struct {
	int packed;
	uint32_t size, size_max;
	uint64_t desc, driver, device;
	enum vmmio_fault fault;
} setups[] = {
	{S, 8, 8, 0x400000, 0x401000, 0x402000, 0},
	{S, 1, 8, 0x400000, 0x401000, 0x402000, 0},
	{S, 0, 8, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{S, 3, 8, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{S, 16, 8, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{S, 65536, 65536, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{S, UINT32_MAX, UINT32_MAX, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{P, 3, 8, 0x400000, 0x401000, 0x402000, 0},
	{P, 0, 8, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{P, 9, 8, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{P, 32769, 65536, 0x400000, 0x401000, 0x402000, VMMIO_FAULT_QUEUE_SIZE},
	{S, 8, 8, 0x400008, 0x401000, 0x402000, VMMIO_FAULT_AREA_ALIGNMENT},
	{S, 8, 8, 0x400000, 0x401001, 0x402000, VMMIO_FAULT_AREA_ALIGNMENT},
	{S, 8, 8, 0x400000, 0x401002, 0x402000, 0},
	{S, 8, 8, 0x400000, 0x401000, 0x402002, VMMIO_FAULT_AREA_ALIGNMENT},
	{S, 8, 8, 0x400000, 0x401000, 0x402004, 0},
	{P, 8, 8, 0x400008, 0x401000, 0x402000, VMMIO_FAULT_AREA_ALIGNMENT},
	{P, 8, 8, 0x400000, 0x401002, 0x402000, VMMIO_FAULT_AREA_ALIGNMENT},
	{P, 8, 8, 0x400000, 0x401000, 0x402002, VMMIO_FAULT_AREA_ALIGNMENT},
	/* the ends of the region at 0x410000, behind which the read-only one begins */
	{S, 8, 8, 0x400000, 0x401000, 0x41ffb8, 0},
	{S, 8, 8, 0x400000, 0x401000, 0x41ffbc, VMMIO_FAULT_AREA_MEMORY},
	{S, 8, 8, 0x400000, 0x41ffea, 0x402000, 0},
	{S, 8, 8, 0x400000, 0x41ffec, 0x402000, VMMIO_FAULT_AREA_MEMORY},
	{S, 8, 8, 0x41ff80, 0x401000, 0x402000, 0},
	{S, 8, 8, 0x41ff90, 0x401000, 0x402000, VMMIO_FAULT_AREA_MEMORY},
	{P, 8, 8, 0x41ff90, 0x401000, 0x402000, VMMIO_FAULT_AREA_MEMORY},
	{S, 8, 8, 0, 0x401000, 0x402000, VMMIO_FAULT_AREA_MEMORY},
	{S, 8, 8, 0x400000, 0x430000, 0x402000, VMMIO_FAULT_AREA_MEMORY},
	{S, 8, 8, UINT64_MAX - 15, 0x401000, 0x402000, VMMIO_FAULT_AREA_MEMORY},
	{S, 1, 8, UINT64_MAX - 15, 0x401000, 0x402000, 0},
	{S, 8, 8, 0x400000, 0x401000, UINT64_MAX - 3, VMMIO_FAULT_AREA_MEMORY},
	{P, 8, 8, 0x400000, 0x401000, UINT64_MAX - 3, 0},
	/* read-only: what the device writes may not be there */
	{S, 8, 8, 0x420000, 0x421000, 0x402000, 0},
	{S, 8, 8, 0x400000, 0x401000, 0x420000, VMMIO_FAULT_AREA_MEMORY},
	{P, 8, 8, 0x420000, 0x401000, 0x402000, VMMIO_FAULT_AREA_MEMORY},
	{P, 8, 8, 0x400000, 0x420000, 0x402000, 0},
	{P, 8, 8, 0x400000, 0x401000, 0x420000, VMMIO_FAULT_AREA_MEMORY},
	/* 128, 22 and 70 bytes: touching is no overlap */
	{S, 8, 8, 0x400000, 0x400080, 0x400098, 0},
	{S, 8, 8, 0x400000, 0x40007e, 0x402000, VMMIO_FAULT_AREA_OVERLAP},
	{S, 8, 8, 0x400020, 0x40000a, 0x402000, 0},
	{S, 8, 8, 0x400020, 0x40000c, 0x402000, VMMIO_FAULT_AREA_OVERLAP},
	{S, 8, 8, 0x400000, 0x401000, 0x40007c, VMMIO_FAULT_AREA_OVERLAP},
	{S, 8, 8, 0x400000, 0x401000, 0x401014, VMMIO_FAULT_AREA_OVERLAP},
	{S, 8, 8, 0x400000, 0x400000, 0x400000, VMMIO_FAULT_AREA_OVERLAP},
	{P, 8, 8, 0x400000, 0x400080, 0x400084, 0},
	{P, 8, 8, 0x400000, 0x401000, 0x401000, VMMIO_FAULT_AREA_OVERLAP},
	{P, 8, 8, 0x400000, 0x40007c, 0x401000, VMMIO_FAULT_AREA_OVERLAP},
};

START_TEST(areas_are_checked)
{
	struct rig_options options = {.packed = setups[_i].packed};
	struct vmmio_ring_answers answers = {0};
	struct vmmio_completion any = {.token = 1 << 16};
	struct rig rig;

	rig_up(&rig, &options);
	rig.config.size = setups[_i].size;
	rig.config.size_max = setups[_i].size_max;
	rig.config.desc = setups[_i].desc;
	rig.config.driver = setups[_i].driver;
	rig.config.device = setups[_i].device;
	ck_assert_int_eq(rig_restart(&rig), setups[_i].fault);
	ck_assert_int_eq(rig.ring.fault, setups[_i].fault);
	if (setups[_i].fault) {
		uint32_t head;
		uint64_t generation;

		ck_assert_uint_eq(rig_pop(&rig, chains, 1), 0);
		ck_assert_uint_eq(vmmio_ring_complete(
			&rig.ring, &any, 1, VMMIO_RING_PUBLISH, &answers), 0);
		ck_assert_uint_eq(answers.wrong, 1);
		ck_assert(!vmmio_ring_should_notify(&rig.ring));
		ck_assert(!vmmio_ring_notifications(&rig.ring, true));
		ck_assert(!vmmio_ring_oldest(&rig.ring, &head, &generation));
	}
	rig_down(&rig);
}
END_TEST

/* The embedder's host pointer may be odd where the guest's address is even. */
START_TEST(host_misalignment_is_no_crash)
{
	struct rig_options options = with(_i);
	struct rig rig;

	rig_up(&rig, &options);
	rig.table->region[3].host = (char *)rig.table->region[3].host + 1;
	rig.table->region[3].size--;
	rig.config.driver = RIG_DATA;
	ck_assert_int_eq(rig_restart(&rig), VMMIO_FAULT_AREA_ALIGNMENT);
	rig.config.driver = RIG_DRIVER;
	rig.config.desc = RIG_DATA;
	ck_assert_int_eq(rig_restart(&rig), VMMIO_FAULT_AREA_ALIGNMENT);
	rig.table->region[3].size++;
	rig.table->region[3].host = (char *)rig.table->region[3].host - 1;
	rig_down(&rig);
}
END_TEST

START_TEST(storage_sizes)
{
	ck_assert_uint_eq(vmmio_ring_storage(0, 4, false), 0);
	ck_assert_uint_eq(vmmio_ring_storage(32769, 4, false), 0);
	ck_assert_uint_eq(vmmio_ring_storage(UINT32_MAX, 4, false), 0);
	ck_assert_uint_ge(vmmio_ring_storage(1, 1, false),
		sizeof(struct vmmio_ring_slot) + sizeof(struct vmmio_iovec));
	ck_assert_uint_ge(vmmio_ring_storage(32768, UINT32_MAX, false),
		32768ull * UINT32_MAX * sizeof(struct vmmio_iovec));
}
END_TEST

START_TEST(every_fault_has_words)
{
	unsigned i, k;

	for (i = 0; i < VMMIO_FAULT_COUNT; i++) {
		ck_assert_uint_gt(strlen(vmmio_fault_text(i)), 5);
		ck_assert_uint_gt(strlen(vmmio_fault_section(i)), 3);
		for (k = 0; k < i; k++)
			ck_assert_str_ne(vmmio_fault_text(i), vmmio_fault_text(k));
	}
	ck_assert_str_eq(vmmio_fault_text(VMMIO_FAULT_COUNT), "unknown fault number");
	ck_assert_ptr_nonnull(vmmio_fault_section((enum vmmio_fault)-1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring places");
	TCase *tc = fixture_tcase(s, "buffers");

	tcase_add_loop_test(tc, buffers_in_all_places, 0, 2 * LAYOUTS);
	tcase_add_loop_test(tc, only_its_pieces_make_a_chain_pinned, 0, 2);
	tcase_add_loop_test(tc, crossing_buffer_is_cut_at_the_region, 0, 2);
	tcase_add_loop_test(tc, too_many_pieces, 0, 2);
	tcase_add_loop_test(tc, chain_of_2_to_the_32_bytes, 0, 2);
	tcase_add_loop_test(tc, addresses_do_not_wrap, 0, 2);
	tc = fixture_tcase(s, "areas");
	tcase_add_loop_test(tc, areas_are_checked, 0, (int)(sizeof(setups) / sizeof(setups[0])));
	tcase_add_loop_test(tc, host_misalignment_is_no_crash, 0, 2);
	tcase_add_test(tc, storage_sizes);
	tcase_add_test(tc, every_fault_has_words);
	return fixture_main(s);
}
