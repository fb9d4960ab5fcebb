/* SPDX-License-Identifier: BSD-3-Clause */
/* Block requests that are none: HD-17, 18, 19. */
#include <string.h>

#include "hostile/cases_hostile.h"

/* --- HD-17: who writes where ------------------------------------------------------------------ */

static void lay_pieces(struct hostile *h, unsigned pieces)
{
	unsigned i, each = 16 / pieces;

	for (i = 0; i < pieces; i++) {
		uint32_t len = i + 1 < pieces ? each : 16 - each * (pieces - 1);
		struct hostile_desc d = READS(H_OUT + each * i, len, (uint16_t)(i + 1));

		hostile_entry(h, i, &d);
	}
	hostile_entry(h, i, &(struct hostile_desc)STATUS);
	hostile_put(h, 0, &(struct hostile_desc)TABLE(pieces + 1));
	hostile_header(h, 0, VMMIO_BLK_T_GET_ID, 0);
	hostile_offer(h, 0, 1);
}

static const struct hostile_case places[] = {
	{"a buffer to read behind one to write", FAULT(ORDER), 3,
		.ring = {HEADER(1), DATA(2), READS(H_OUT, 16, 0)}},
	{"the header behind the data", FAULT(ORDER), 3, .ring = {DATA(1), HEADER(2), STATUS}},
	{"in a table", FAULT(ORDER), 1, .ring = {TABLE(3)}, .table = {DATA(1), HEADER(2), STATUS}},
	{"nothing to write at all", BOTH(V_REFUSED), 2, .ring = {HEADER(1), {H_OUT, 1, 0, 0, 0}}},
	{"nothing to read at all", BOTH(V_IOERR), 2, .ring = {WRITES(H_IN, 16, 1), STATUS}},
	{"header of 15", BOTH(V_IOERR), 3, .ring = {READS(H_OUT, 15, 1), DATA(2), STATUS}},
	{"header of 1", BOTH(V_IOERR), 2, .ring = {READS(H_OUT, 1, 1), STATUS}},
	{"header of 17, which is data to read", BOTH(V_IOERR), 3,
		.ring = {READS(H_OUT, 17, 1), DATA(2), STATUS}},
	{"header in two", BOTH(V_OK), 4, .written = 513,
		.ring = {READS(H_OUT, 7, 1), READS(H_OUT + 7, 9, 2), DATA(3), STATUS}},
	{"status of 2: a byte of data", BOTH(V_IOERR), 3,
		.ring = {HEADER(1), DATA(2), LAST(H_STATUS, 2)}},
	{"status and data in one", BOTH(V_OK), 2, .written = 513,
		.ring = {HEADER(1), LAST(H_IN, 513)}},
	{"status of 512", BOTH(V_IOERR), 2, .ring = {HEADER(1), LAST(H_IN, 512)}},
	{"data to write with data to read", BOTH(V_IOERR), 4, .type = VMMIO_BLK_T_OUT,
		.ring = {HEADER(1), READS(H_OUT + 512, 512, 2), DATA(3), STATUS}},
	{"no such request", BOTH(V_UNSUPP), 3, .type = 77, .ring = {HEADER(1), DATA(2), STATUS}},
	{"a request of 32 bits", BOTH(V_UNSUPP), 3, .type = UINT32_MAX,
		.ring = {HEADER(1), DATA(2), STATUS}},
};

HD(17)
{
	struct hostile *h;

	HOSTILE_CASES(_i, places);
	if (_i >= HOSTILE_QUIET)
		return;
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)_i});
	for (unsigned pieces = 1; pieces < HOSTILE_SIZE; pieces++) {
		uint32_t id = 77, len;

		hostile_up(h);
		hostile_begin(h);
		lay_pieces(h, pieces);
		hostile_kick(h);
		hostile_settle(h);
		hostile_expect(h, V_OK, "header in pieces");
		ck_assert(hostile_used(h, &id, &len));
		ck_assert_uint_eq(id, 0);
		ck_assert_uint_eq(*(uint8_t *)hostile_at(h, H_STATUS), VMMIO_BLK_S_OK);
		hostile_reset(h);
	}
	hostile_free(h);
}
END_TEST

/* --- HD-18: how long ---------------------------------------------------------------------------
 */

#define OUT_DATA(len) .ring = {HEADER(1), READS(H_OUT + 512, len, 2), STATUS}
#define IN_DATA(len) .ring = {HEADER(1), WRITES(H_IN, len, 2), STATUS}

static const struct hostile_case lengths[] = {
	{"read 1", BOTH(V_IOERR), 3, IN_DATA(1)},
	{"read 511", BOTH(V_IOERR), 3, IN_DATA(511)},
	{"read 513", BOTH(V_IOERR), 3, IN_DATA(513)},
	{"read 0", BOTH(V_OK), 2, .ring = {HEADER(1), STATUS}, .written = 1},
	{"write 1", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_OUT, OUT_DATA(1)},
	{"write 511", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_OUT, OUT_DATA(511)},
	{"write 513", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_OUT, OUT_DATA(513)},
	{"discard nothing", BOTH(V_IOERR), 2, .type = VMMIO_BLK_T_DISCARD,
		.ring = {HEADER(1), STATUS}},
	{"discard 15", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_DISCARD, OUT_DATA(15)},
	{"discard 17", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_DISCARD, OUT_DATA(17)},
	{"discard more segments than there may be", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_DISCARD,
		OUT_DATA(H_BYTES - 512)},
	{"write zeroes 15", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_WRITE_ZEROES, OUT_DATA(15)},
	{"write zeroes 17", BOTH(V_IOERR), 3, .type = VMMIO_BLK_T_WRITE_ZEROES, OUT_DATA(17)},
	{"an id of 1", BOTH(V_OK), 3, .type = VMMIO_BLK_T_GET_ID, IN_DATA(1), .written = 2},
	{"an id of 512", BOTH(V_OK), 3, .type = VMMIO_BLK_T_GET_ID, IN_DATA(512), .written = 20},
};

HD(18)
{
	HOSTILE_CASES(_i, lengths);
}
END_TEST

/* --- HD-19: which sectors ------------------------------------------------------------------------
 */

#define READ_AT(where, verdict)                                                                    \
	{                                                                                          \
		"read at " #where, BOTH(verdict), 3, IN_DATA(1024), .sector = where                \
	}
#define WRITE_AT(where, verdict)                                                                   \
	{                                                                                          \
		"write at " #where, BOTH(verdict), 3, OUT_DATA(1024), .sector = where,             \
								      .type = VMMIO_BLK_T_OUT      \
	}

static const struct hostile_case sectors[] = {
	READ_AT(HOSTILE_SECTORS - 2, V_OK),
	READ_AT(HOSTILE_SECTORS - 1, V_IOERR),
	READ_AT(HOSTILE_SECTORS, V_IOERR),
	READ_AT(UINT64_MAX, V_IOERR),
	READ_AT(UINT64_MAX - 1, V_IOERR),
	READ_AT(UINT64_C(1) << 55, V_IOERR),
	READ_AT(UINT64_C(1) << 63, V_IOERR),
	WRITE_AT(HOSTILE_SECTORS - 2, V_OK),
	WRITE_AT(HOSTILE_SECTORS - 1, V_IOERR),
	WRITE_AT(HOSTILE_SECTORS, V_IOERR),
	WRITE_AT(UINT64_MAX, V_IOERR),
	WRITE_AT(UINT64_C(1) << 55, V_IOERR),
};

static const struct {
	uint64_t sector;
	uint32_t sectors, flags;
	uint8_t status;
} segments[] = {
	{0, 0, 0, VMMIO_BLK_S_IOERR},
	{0, UINT32_MAX, 0, VMMIO_BLK_S_IOERR},
	{0, HOSTILE_SECTORS + 1, 0, VMMIO_BLK_S_IOERR},
	{0, HOSTILE_SECTORS, 0, VMMIO_BLK_S_OK},
	{HOSTILE_SECTORS - 1, 1, 0, VMMIO_BLK_S_OK},
	{HOSTILE_SECTORS - 1, 2, 0, VMMIO_BLK_S_IOERR},
	{HOSTILE_SECTORS, 1, 0, VMMIO_BLK_S_IOERR},
	{HOSTILE_SECTORS, 0, 0, VMMIO_BLK_S_IOERR},
	{UINT64_MAX, 1, 0, VMMIO_BLK_S_IOERR},
	{UINT64_MAX, 2, 0, VMMIO_BLK_S_IOERR},
	{UINT64_C(1) << 55, 1, 0, VMMIO_BLK_S_IOERR},
	{UINT64_MAX - UINT32_MAX + 1, UINT32_MAX, 0, VMMIO_BLK_S_IOERR},
	{0, 1, 2, VMMIO_BLK_S_UNSUPP},
	{0, 1, UINT32_MAX, VMMIO_BLK_S_UNSUPP},
};

static void segment_is_judged(struct hostile *h, unsigned i, uint32_t type)
{
	static const struct hostile_desc d[3] = {HEADER(1), READS(H_OUT + 512, 16, 2), STATUS};
	struct vmmio_blk_segment s = {vmmio_le64(segments[i].sector),
		vmmio_le32(segments[i].sectors), vmmio_le32(segments[i].flags)};
	uint32_t id, len;

	hostile_up(h);
	hostile_begin(h);
	memcpy(hostile_at(h, H_OUT + 512), &s, sizeof(s));
	for (unsigned n = 0; n < 3; n++)
		hostile_put(h, n, &d[n]);
	hostile_header(h, 0, type, 0);
	hostile_offer(h, 0, 3);
	hostile_kick(h);
	hostile_settle(h);
	hostile_expect(h, V_OK, "segment");
	ck_assert(hostile_used(h, &id, &len));
	ck_assert_msg(*(uint8_t *)hostile_at(h, H_STATUS) == segments[i].status,
		"segment %u of type %u: status %u", i, type, *(uint8_t *)hostile_at(h, H_STATUS));
	hostile_reset(h);
}

HD(19)
{
	struct hostile *h;

	HOSTILE_CASES(_i, sectors);
	if (_i >= HOSTILE_QUIET)
		return;
	h = hostile_new(&(struct hostile_options){.variant = (unsigned)_i});
	for (unsigned i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		segment_is_judged(h, i, VMMIO_BLK_T_DISCARD);
		segment_is_judged(h, i, VMMIO_BLK_T_WRITE_ZEROES);
	}
	hostile_free(h);
}
END_TEST

void hostile_requests(Suite *s)
{
	hostile_row(s, "hd_17", hd_17);
	hostile_row(s, "hd_18", hd_18);
	hostile_row(s, "hd_19", hd_19);
}
