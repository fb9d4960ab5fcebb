/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers and tables that are none: HD-07, 08, 09, 14, 16. */
#include <string.h>

#include "hostile/cases_hostile.h"

/* --- HD-07: nothing in a buffer ----------------------------------------------------------- */

static const struct hostile_case empty[] = {
	{"header", FAULT(EMPTY_BUFFER), 3, .ring = {READS(H_OUT, 0, 1), DATA(2), STATUS}},
	{"data", FAULT(EMPTY_BUFFER), 3, .ring = {HEADER(1), WRITES(H_IN, 0, 2), STATUS}},
	{"status", FAULT(EMPTY_BUFFER), 3, .ring = {HEADER(1), DATA(2), LAST(H_STATUS, 0)}},
	{"table", FAULT(INDIRECT_LENGTH), 1, .ring = {TABLE(0)}},
	{"entry", FAULT(EMPTY_BUFFER), 1, .ring = {TABLE(3)},
		.table = {HEADER(1), WRITES(H_IN, 0, 2), STATUS}},
	{"outside of memory", FAULT(EMPTY_BUFFER), 3,
		.ring = {HEADER(1), WRITES(H_HOLE, 0, 2), STATUS}},
	{"all of them", FAULT(EMPTY_BUFFER), 3,
		.ring = {READS(0, 0, 1), WRITES(0, 0, 2), LAST(0, 0)}},
};

HD(07)
{
	HOSTILE_CASES(_i, empty);
}
END_TEST

/* --- HD-08: as much as a length can say ---------------------------------------------------- */

static const struct hostile_case huge[] = {
	{"header", FAULT(BUFFER_MEMORY), 3, .ring = {READS(H_OUT, UINT32_MAX, 1), DATA(2), STATUS}},
	{"data", FAULT(BUFFER_MEMORY), 3, .ring = {HEADER(1), WRITES(H_IN, UINT32_MAX, 2), STATUS}},
	{"status", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), DATA(2), LAST(H_STATUS, UINT32_MAX)}},
	{"table", FAULT(INDIRECT_LENGTH), 1, .ring = {{H_TABLE, UINT32_MAX, F_INDIRECT, 0, 0}}},
	{"table of whole entries", FAULT(INDIRECT_LENGTH), 1,
		.ring = {{H_TABLE, 0xfffffff0, F_INDIRECT, 0, 0}}},
	{"entry", FAULT(BUFFER_MEMORY), 1, .ring = {TABLE(3)},
		.table = {HEADER(1), WRITES(H_IN, UINT32_MAX, 2), STATUS}},
	/* Where the one before was found. */
	{"data beside the header", FAULT(BUFFER_MEMORY), 3, .type = VMMIO_BLK_T_OUT,
		.ring = {HEADER(1), READS(H_OUT + 512, UINT32_MAX, 2), STATUS}},
	{"status beside the data", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), WRITES(H_NEXT, 512, 2), LAST(H_NEXT + 512, UINT32_MAX)}},
	{"data that is memory, but not on the disk", BOTH(V_IOERR), 3,
		.ring = {HEADER(1), WRITES(H_HUGE, 0xfffffe00 - 512, 2), STATUS}},
	{"payload that is memory", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_DISCARD,
		.ring = {HEADER(1), READS(H_HUGE, 0xfffffe00, 2), STATUS}},
};

HD(08)
{
	HOSTILE_CASES(_i, huge);
}
END_TEST

/* --- HD-09: where no memory is --------------------------------------------------------------- */

static const struct hostile_case outside[] = {
	{"up to the last byte", BOTH(V_OK), 3, .written = 513,
		.ring = {HEADER(1), WRITES(H_HOLE - 512, 512, 2), LAST(H_IN, 1)}},
	{"one byte too far", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), WRITES(H_HOLE - 511, 512, 2), LAST(H_IN, 1)}},
	{"one byte too far, beside the header", FAULT(BUFFER_MEMORY), 3, .type = VMMIO_BLK_T_OUT,
		.ring = {HEADER(1), READS(H_OUT + H_BYTES - 511, 512, 2), STATUS}},
	{"the first byte behind", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), WRITES(H_HOLE, 512, 2), LAST(H_IN, 1)}},
	{"one byte before", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), WRITES(H_IN - 1, 512, 2), STATUS}},
	{"across two regions that meet", BOTH(V_OK), 3, .written = 513,
		.ring = {HEADER(1), WRITES(H_NEXT - 500, 512, 2), LAST(H_NEXT + 100, 1)}},
	{"across both and into the hole", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), WRITES(H_NEXT - 512, 512 + H_BYTES + 512, 2), LAST(H_IN, 1)}},
	{"from nowhere", FAULT(BUFFER_MEMORY), 3,
		.ring = {READS(H_ROM - 0x1000, 16, 1), DATA(2), STATUS}},
	{"the last bytes there are", BOTH(V_OK), 3, .written = 513,
		.ring = {HEADER(1), WRITES(H_TOP + H_BYTES - 512, 512, 2), STATUS}},
	{"around 2^64", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), WRITES(H_TOP + H_BYTES - 511, 512, 2), STATUS}},
	{"2^64 - 1 and on", FAULT(BUFFER_MEMORY), 3,
		.ring = {HEADER(1), WRITES(UINT64_MAX, UINT32_MAX, 2), STATUS}},
	{"a table in a hole", FAULT(INDIRECT_MEMORY), 1, .ring = {{H_HOLE, 48, F_INDIRECT, 0, 0}}},
	{"a table that ends in one", FAULT(INDIRECT_MEMORY), 1,
		.ring = {{H_HOLE - 32, 48, F_INDIRECT, 0, 0}}},
	{"a table around 2^64", FAULT(INDIRECT_MEMORY), 1,
		.ring = {{UINT64_MAX - 15, 48, F_INDIRECT, 0, 0}}},
	{"into what is read-only", FAULT(BUFFER_READ_ONLY), 3,
		.ring = {HEADER(1), WRITES(H_ROM, 512, 2), STATUS}},
	{"a status there", FAULT(BUFFER_READ_ONLY), 3,
		.ring = {HEADER(1), DATA(2), LAST(H_ROM, 1)}},
	{"out of what is read-only", BOTH(V_OK), 3, .type = VMMIO_BLK_T_OUT, .written = 1,
		.ring = {HEADER(1), READS(H_ROM, 512, 2), STATUS}},
};

/* There is memory at 0 as well: who goes around 2^64 gets somewhere. */
static void add_bottom(struct hostile *h, uint8_t *bottom)
{
	struct vmmio_region region = {0, H_BYTES, bottom, VMMIO_REGION_PINNED};

	memset(bottom, 0, H_BYTES);
	ck_assert_int_eq(vmmio_memory_add(h->memory, &region), 0);
}

HD(09)
{
	static _Alignas(16) uint8_t bottom[H_BYTES];
	struct hostile *h;

	if (hostile_skips(_i))
		return;
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)_i});
	add_bottom(h, bottom);
	for (unsigned i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		hostile_case(h, &outside[i]);
	hostile_free(h);
	for (unsigned i = 0; i < H_BYTES && !(_i & HOSTILE_FLIP); i++)
		ck_assert_uint_eq(bottom[i], 0);
}
END_TEST

/* --- HD-14: tables ------------------------------------------------------------------------------
 */

#define GOOD_TABLE .table = {HEADER(1), DATA(2), STATUS}

static void lay_unaligned(struct hostile *h)
{
	uint8_t *table = hostile_at(h, H_TABLE);

	memmove(table + 5, table, 48);
	hostile_offer(h, 0, 1);
}

static const struct hostile_case tables[] = {
	{"a table", BOTH(V_OK), 1, .ring = {TABLE(3)}, GOOD_TABLE, .written = 513},
	{"one in a table, which ends", VMMIO_FAULT_INDIRECT_FLAGS, V_NONE, 1, .ring = {TABLE(3)},
		.table = {{H_TABLE + 48, 48, F_INDIRECT, 0, 0}, DATA(2), STATUS, HEADER(1), DATA(2),
			STATUS}},
	{"itself in a table", VMMIO_FAULT_INDIRECT_FLAGS, V_NONE, 1, .ring = {TABLE(3)},
		.table = {{H_TABLE, 48, F_INDIRECT, 0, 0}, DATA(2), STATUS}},
	/* Of a packed entry's flags only WRITE counts: a buffer that holds the header. */
	{"one in a packed table", V_NONE, V_OK, 1, .ring = {TABLE(3)}, .written = 513,
		.table = {{H_OUT, 16, F_INDIRECT, 0, 0}, DATA(2), STATUS}},
	{"with NEXT", FAULT(INDIRECT_FLAGS), 2,
		.ring = {{H_TABLE, 48, F_INDIRECT | F_NEXT, 1, 0}, STATUS}, GOOD_TABLE},
	{"with WRITE, which means nothing", BOTH(V_OK), 1,
		.ring = {{H_TABLE, 48, F_INDIRECT | F_WRITE, 0, 0}}, GOOD_TABLE, .written = 513},
	{"length 0", FAULT(INDIRECT_LENGTH), 1, .ring = {{H_TABLE, 0, F_INDIRECT, 0, 0}},
		GOOD_TABLE},
	{"length 47", FAULT(INDIRECT_LENGTH), 1, .ring = {{H_TABLE, 47, F_INDIRECT, 0, 0}},
		GOOD_TABLE},
	{"length 49", FAULT(INDIRECT_LENGTH), 1, .ring = {{H_TABLE, 49, F_INDIRECT, 0, 0}},
		GOOD_TABLE},
	{"length 8", FAULT(INDIRECT_LENGTH), 1, .ring = {{H_TABLE, 8, F_INDIRECT, 0, 0}},
		GOOD_TABLE},
	{"more entries than the queue", FAULT(INDIRECT_LENGTH), 1,
		.ring = {TABLE(HOSTILE_SIZE + 1)}, GOOD_TABLE},
	{"not negotiated", FAULT(INDIRECT_DISABLED), 1, .ring = {TABLE(3)}, GOOD_TABLE,
		.off = VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC)},
	{"unaligned", BOTH(V_OK), 1, .ring = {{H_TABLE + 5, 48, F_INDIRECT, 0, 0}}, GOOD_TABLE,
		.lay = lay_unaligned, .written = 513},
	{"behind a direct buffer", V_OK, VMMIO_FAULT_INDIRECT_FLAGS, 2,
		.ring = {HEADER(1), TABLE(2)}, .table = {DATA(1), STATUS}, .written = 513},
};

HD(14)
{
	HOSTILE_CASES(_i, tables);
}
END_TEST

/* --- HD-16: packed lists -------------------------------------------------------------------------
 */

#define AVAIL VMMIO_DESC_F_AVAIL
#define USED VMMIO_DESC_F_USED

static const struct hostile_case lists[] = {
	{"its second one is not available", V_NONE, VMMIO_FAULT_UNTERMINATED, 1,
		.ring = {HEADER(1)}},
	{"its second one is of another lap", V_NONE, VMMIO_FAULT_UNTERMINATED, 2,
		.ring = {HEADER(1), {H_IN, 512, F_NEXT | F_WRITE | AVAIL | USED, 0, 0}}},
	{"INDIRECT and NEXT", V_NONE, VMMIO_FAULT_INDIRECT_FLAGS, 1,
		.ring = {{H_TABLE, 48, F_INDIRECT | F_NEXT, 0, 0}}, GOOD_TABLE},
	{"INDIRECT behind another one", V_NONE, VMMIO_FAULT_INDIRECT_FLAGS, 2,
		.ring = {HEADER(1), TABLE(2)}, GOOD_TABLE},
	{"both phase bits", V_NONE, V_IGNORED, 3,
		.ring = {{H_OUT, 16, F_NEXT | USED, 1, 0}, DATA(2), STATUS}},
	{"neither", V_NONE, V_IGNORED, 3,
		.ring = {{H_OUT, 16, F_NEXT | AVAIL, 1, 0}, DATA(2), STATUS}},
	{"the other lap's", V_NONE, V_IGNORED, 3,
		.ring = {{H_OUT, 16, F_NEXT | AVAIL | USED, 1, 0}, DATA(2), STATUS}},
};

HD(16)
{
	HOSTILE_CASES((int)hostile_half(_i, HOSTILE_PACKED), lists);
}
END_TEST

void hostile_chains(Suite *s)
{
	hostile_row(s, "hd_07", hd_07);
	hostile_row(s, "hd_08", hd_08);
	hostile_row(s, "hd_09", hd_09);
	hostile_row(s, "hd_14", hd_14);
	hostile_row_half(s, "hd_16", hd_16);
}
