/* SPDX-License-Identifier: BSD-3-Clause */
/* Rings that lead nowhere: HD-01 to HD-05. */
#include <string.h>

#include "hostile/cases_hostile.h"

/* --- HD-01 ------------------------------------------------------------------------------ */

/* As many as the ring has, and each has a next one. */
static void lay_circle(struct hostile *h)
{
	for (unsigned i = 0; i < HOSTILE_SIZE; i++) {
		struct hostile_desc d = HEADER((uint16_t)((i + 1) % HOSTILE_SIZE));

		hostile_put(h, i, &d);
	}
	hostile_offer(h, 0, HOSTILE_SIZE);
}

static const struct hostile_case loops[] = {
	{"0 -> 1 -> 0", VMMIO_FAULT_CHAIN_LENGTH, V_NONE, 2, .ring = {HEADER(1), HEADER(0)}},
	{"0 -> 0", VMMIO_FAULT_CHAIN_LENGTH, V_NONE, 1, .ring = {HEADER(0)}},
	{"0 -> 1 -> 2 -> 1", VMMIO_FAULT_CHAIN_LENGTH, V_NONE, 3,
		.ring = {HEADER(1), DATA(2), DATA(1)}},
	{"the whole ring", VMMIO_FAULT_CHAIN_LENGTH, VMMIO_FAULT_CHAIN_LENGTH, .lay = lay_circle},
	{"0 -> 1 -> 0 in a table", VMMIO_FAULT_CHAIN_LENGTH, V_NONE, 1, .ring = {TABLE(2)},
		.table = {HEADER(1), HEADER(0)}},
	{"an entry that is its own next", VMMIO_FAULT_CHAIN_LENGTH, V_NONE, 1, .ring = {TABLE(1)},
		{HEADER(0)}},
	/* There next means nothing: entries count by position. */
	{"0 -> 1 -> 0 in a packed ring's table", V_NONE, V_OK, 1, .ring = {TABLE(3)},
		.table = {HEADER(1), DATA(0), STATUS}},
};

HD(01)
{
	struct hostile *h;

	HOSTILE_CASES(_i, loops);
	if (_i >= HOSTILE_QUIET || !(_i & HOSTILE_TRANSLATE))
		return;
	/* Translation is asked once for each step. */
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)_i});
	hostile_up(h);
	hostile_begin(h);
	lay_circle(h);
	hostile_kick(h);
	ck_assert_uint_eq(atomic_load(&h->steps), HOSTILE_SIZE);
	hostile_expect(h, VMMIO_FAULT_CHAIN_LENGTH, "steps of a circle");
	hostile_free(h);
}
END_TEST

/* --- HD-02 ------------------------------------------------------------------------------ */

#define BYTE(to)                                                                                   \
	{                                                                                          \
		H_OUT, 1, F_NEXT, to, 0                                                            \
	}

static void lay_table(struct hostile *h)
{
	for (unsigned i = 0; i < HOSTILE_SIZE + 1; i++) {
		struct hostile_desc d = BYTE((uint16_t)(i + 1));

		hostile_entry(h, i, &d);
	}
	hostile_offer(h, 0, 1);
}

/* Ten in the ring, ten in the table. */
static void lay_both(struct hostile *h)
{
	struct hostile_desc table = TABLE(10);

	for (unsigned i = 0; i < 10; i++) {
		struct hostile_desc d = BYTE((uint16_t)(i + 1));

		hostile_put(h, i, &d);
		hostile_entry(h, i, &d);
	}
	hostile_put(h, 10, &table);
	hostile_offer(h, 0, 11);
}

static const struct hostile_case long_chains[] = {
	{"a table of one more than the ring", VMMIO_FAULT_INDIRECT_LENGTH,
		VMMIO_FAULT_INDIRECT_LENGTH, 1, .ring = {TABLE(HOSTILE_SIZE + 1)},
		.lay = lay_table},
	{"more in ring and table together", VMMIO_FAULT_CHAIN_LENGTH, VMMIO_FAULT_INDIRECT_FLAGS,
		.lay = lay_both},
	{"2^32 bytes in two", VMMIO_FAULT_CHAIN_BYTES, VMMIO_FAULT_CHAIN_BYTES, 2,
		.ring = {{H_HUGE, 1u << 31, F_NEXT, 1, 0}, {H_HUGE, 1u << 31, 0, 0, 0}}},
	{"2^32 bytes in two entries", VMMIO_FAULT_CHAIN_BYTES, VMMIO_FAULT_CHAIN_BYTES, 1,
		.ring = {TABLE(2)},
		.table = {{H_HUGE, 1u << 31, F_NEXT, 1, 0}, {H_HUGE, 1u << 31, 0, 0, 0}}},
	{"more than 2^32 bytes on both sides", VMMIO_FAULT_CHAIN_BYTES, VMMIO_FAULT_CHAIN_BYTES, 3,
		.ring = {HEADER(1), {H_HUGE, UINT32_MAX, F_WRITE | F_NEXT, 2, 0}, STATUS}},
	{"2^32 - 1 bytes: as many as there may be, but no such data", V_IOERR, V_IOERR, 3,
		.ring = {HEADER(1), {H_HUGE, UINT32_MAX - 17, F_WRITE | F_NEXT, 2, 0}, STATUS}},
};

HD(02)
{
	HOSTILE_CASES(_i, long_chains);
}
END_TEST

/* --- HD-03 ------------------------------------------------------------------------------ */

static void lay_wrapped(struct hostile *h)
{
	static const struct hostile_desc d[3] = {HEADER(1), DATA(2), STATUS};

	memset(h->areas[A_DESC].host, 0, h->areas[A_DESC].size);
	for (unsigned i = 0; i < 7; i++) {
		uint32_t id, len;

		hostile_request(h, 0, VMMIO_BLK_T_FLUSH, 0);
		hostile_kick(h);
		hostile_settle(h);
		ck_assert(hostile_used(h, &id, &len) || h->flip);
	}
	hostile_header(h, 0, VMMIO_BLK_T_IN, 0);
	for (unsigned i = 0; i < 3; i++)
		hostile_put(h, i, &d[i]);
	hostile_offer(h, 0, 3);
}

static const struct hostile_case nexts[] = {
	{"next = size", VMMIO_FAULT_NEXT, V_NONE, 1, .ring = {HEADER(HOSTILE_SIZE)}},
	{"next = 0xffff", VMMIO_FAULT_NEXT, V_NONE, 1, .ring = {HEADER(0xffff)}},
	{"the second's next", VMMIO_FAULT_NEXT, V_NONE, 2, .ring = {HEADER(1), DATA(0x8000)}},
	{"next = entries of the table", VMMIO_FAULT_NEXT, V_NONE, 1, .ring = {TABLE(3)},
		.table = {HEADER(1), DATA(3), STATUS}},
	{"next = 0xffff in a table", VMMIO_FAULT_NEXT, V_NONE, 1, .ring = {TABLE(3)},
		.table = {HEADER(0xffff), DATA(2), STATUS}},
	{"nothing is next, whatever it says", V_OK, V_OK, 3,
		.ring = {HEADER(1), DATA(2), {H_STATUS, 1, F_WRITE, 0xffff, 0}}, .written = 513},
	{"a list around the ring's end", V_OK, V_OK, 3, .ring = {HEADER(1), DATA(2), STATUS},
		.lay = lay_wrapped, .written = 513},
};

HD(03)
{
	HOSTILE_CASES(_i, nexts);
}
END_TEST

/* --- HD-04 ------------------------------------------------------------------------------ */

#define WITH_ID(number)                                                                            \
	{                                                                                          \
		HEADER(1), DATA(2),                                                                \
		{                                                                                  \
			H_STATUS, 1, F_WRITE, 0, number                                            \
		}                                                                                  \
	}

static const struct hostile_case heads[] = {
	{"size", VMMIO_FAULT_HEAD, VMMIO_FAULT_HEAD, 3, .ring = WITH_ID(HOSTILE_SIZE),
		.head = HOSTILE_SIZE},
	{"0x8000", VMMIO_FAULT_HEAD, VMMIO_FAULT_HEAD, 3, .ring = WITH_ID(0x8000), .head = 0x8000},
	{"0xffff", VMMIO_FAULT_HEAD, VMMIO_FAULT_HEAD, 3, .ring = WITH_ID(0xffff), .head = 0xffff},
	{"the highest there is", V_NONE, V_OK, 3, .ring = WITH_ID(HOSTILE_SIZE - 1),
		.written = 513},
	{"of the list the last one's counts", V_NONE, V_OK, 3,
		.ring = {{H_OUT, 16, F_NEXT, 1, 0xffff}, {H_IN, 512, F_NEXT | F_WRITE, 2, 77},
			STATUS},
		.written = 513},
};

HD(04)
{
	HOSTILE_CASES(_i, heads);
}
END_TEST

/* --- HD-05 ------------------------------------------------------------------------------ */

static void jump(struct hostile *h, int by)
{
	if (h->packed) /* there is none: a list of nothing but what is there */
		lay_circle(h);
	else
		hostile_avail_idx(h, (uint16_t)(h->avail + by));
}

static void jump_over(struct hostile *h)
{
	jump(h, HOSTILE_SIZE + 1);
}

static void jump_back(struct hostile *h)
{
	jump(h, -1);
}

static void jump_half(struct hostile *h)
{
	jump(h, 0x8000);
}

static const struct hostile_case jumps[] = {
	{"size + 1 more", VMMIO_FAULT_AVAIL_INDEX, VMMIO_FAULT_CHAIN_LENGTH, .lay = jump_over},
	{"one less", VMMIO_FAULT_AVAIL_INDEX, VMMIO_FAULT_CHAIN_LENGTH, .lay = jump_back},
	{"half the way around", VMMIO_FAULT_AVAIL_INDEX, VMMIO_FAULT_CHAIN_LENGTH,
		.lay = jump_half},
};

/* All numbers there are, around the end of 16 bits, and then one that is too many. */
static void around(struct hostile *h)
{
	uint32_t id, len;

	hostile_up(h);
	hostile_begin(h);
	for (unsigned i = 0; i < 65600; i++) {
		hostile_request(h, 0, VMMIO_BLK_T_GET_ID, 0);
		hostile_kick(h);
		ck_assert(hostile_used(h, &id, &len));
	}
	hostile_expect(h, V_OK, "around 65535");
	hostile_begin(h);
	jump_over(h);
	hostile_kick(h);
	hostile_expect(h, h->packed ? VMMIO_FAULT_CHAIN_LENGTH : VMMIO_FAULT_AVAIL_INDEX,
		"too many behind 65535");
}

HD(05)
{
	struct hostile *h;

	HOSTILE_CASES(_i, jumps);
	if (_i >= HOSTILE_QUIET)
		return;
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)_i});
	around(h);
	hostile_free(h);
}
END_TEST

void hostile_rings(Suite *s)
{
	hostile_row(s, "hd_01", hd_01);
	hostile_row(s, "hd_02", hd_02);
	hostile_row(s, "hd_03", hd_03);
	hostile_row(s, "hd_04", hd_04);
	hostile_row(s, "hd_05", hd_05);
}
