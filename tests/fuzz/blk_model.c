/* SPDX-License-Identifier: BSD-3-Clause */
/* See blk_model.h. */
#include "blk_model.h"

#include <string.h>

enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { OK = 0, IOERR = 1, UNSUPP = 2 };
enum { HEADER = 16, SEGMENT = 16, UNMAP = 1 };

static uint64_t little(const uint8_t *bytes, unsigned n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | bytes[n];
	return value;
}

/* Sector by sector. False: not all of them are on the disk. */
static bool collect(const struct blk_model *m, uint64_t first, uint64_t n, blk_model_set *set)
{
	if (first > m->capacity)
		return false;
	for (; n; n--, first++) {
		if (first >= m->capacity)
			return false;
		*set |= UINT64_C(1) << first;
	}
	return true;
}

static uint8_t transfer(const struct blk_model *m, struct blk_model_answer *a, uint32_t n,
	uint32_t other_side)
{
	a->bytes = n;
	if (other_side || n % BLK_MODEL_SECTOR)
		return IOERR;
	return collect(m, a->first, n / BLK_MODEL_SECTOR, &a->sectors) ? OK : IOERR;
}

static uint8_t segments(
	const struct blk_model *m, struct blk_model_answer *a, const uint8_t *at, uint32_t n)
{
	if (n == 0 || n % SEGMENT || n / SEGMENT > BLK_MODEL_SEGMENTS)
		return IOERR;
	for (; n; at += SEGMENT, n -= SEGMENT) {
		const uint32_t sectors = (uint32_t)little(at + 8, 4);
		const uint32_t flags = (uint32_t)little(at + 12, 4);

		if (flags > (a->type == DISCARD ? 0 : UNMAP))
			return UNSUPP;
		if (!sectors || !collect(m, little(at, 8), sectors, &a->sectors))
			return IOERR;
	}
	return OK;
}

static uint8_t change(const struct blk_model *m, struct blk_model_answer *a, const uint8_t *out,
	uint32_t n_out, uint32_t other_side)
{
	a->changes = true;
	if (m->read_only)
		return IOERR;
	if (a->type == OUT)
		return transfer(m, a, n_out, other_side);
	if (a->type == DISCARD ? m->no_discard : m->no_write_zeroes)
		return UNSUPP;
	return segments(m, a, out, n_out);
}

static uint8_t judge(const struct blk_model *m, struct blk_model_answer *a, const uint8_t *out,
	uint32_t n_out, uint32_t n_in)
{
	switch (a->type) {
	case IN:
		return transfer(m, a, n_in, n_out);
	case OUT:
	case DISCARD:
	case WRITE_ZEROES:
		return change(m, a, out, n_out, n_in);
	case FLUSH:
	case GET_ID:
		return OK;
	default:
		return UNSUPP;
	}
}

/* len promises so many bytes from the first on; the status is the last. */
static uint32_t used(uint32_t written, uint32_t n_in)
{
	return written == n_in - 1 ? n_in : written;
}

struct blk_model_answer blk_model_ask(
	const struct blk_model *m, const uint8_t *out, uint32_t n_out, uint32_t n_in)
{
	struct blk_model_answer a = {.broken = n_in == 0, .status = IOERR};
	uint32_t written = 0;

	if (a.broken)
		return a;
	if (n_out >= HEADER) {
		a.type = (uint32_t)little(out, 4);
		a.first = little(out + 8, 8);
		a.status = judge(m, &a, out + HEADER, n_out - HEADER, n_in - 1);
	}
	if (a.status == OK && a.type == IN)
		written = n_in - 1;
	else if (a.status == OK && a.type == GET_ID)
		written = n_in - 1 < BLK_MODEL_ID ? n_in - 1 : BLK_MODEL_ID;
	a.len = used(written, n_in);
	a.len_failed = used(0, n_in);
	if (a.status != OK)
		a.sectors = 0;
	return a;
}

void blk_model_do(struct blk_model *m, const struct blk_model_answer *a, const uint8_t *data)
{
	for (unsigned i = 0; i < BLK_MODEL_SECTORS; i++) {
		uint8_t *sector = m->disk + (size_t)i * BLK_MODEL_SECTOR;

		if (!(a->sectors >> i & 1))
			continue;
		m->vague &= ~(UINT64_C(1) << i);
		if (a->type == OUT)
			memcpy(sector, data + (i - a->first) * BLK_MODEL_SECTOR, BLK_MODEL_SECTOR);
		else if (a->type == WRITE_ZEROES)
			memset(sector, 0, BLK_MODEL_SECTOR);
		else /* what has been discarded may read as anything */
			m->vague |= UINT64_C(1) << i;
	}
}

int blk_model_differs(
	const struct blk_model *m, uint64_t first, uint32_t bytes, const uint8_t *data)
{
	for (uint64_t i = first; bytes; i++, data += BLK_MODEL_SECTOR, bytes -= BLK_MODEL_SECTOR)
		if (!(m->vague >> i & 1) &&
			memcmp(m->disk + i * BLK_MODEL_SECTOR, data, BLK_MODEL_SECTOR))
			return (int)i;
	return -1;
}
