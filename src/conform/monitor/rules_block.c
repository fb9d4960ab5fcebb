/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules: block and entropy devices. */
#include <inttypes.h>
#include <string.h>

#include "conform/monitor/look.h"

#define T_SECURE_ERASE 14
#define CFG_MAX_SECURE_ERASE_SEG 64
/* Accesses after which a driver that has acknowledged a change has not looked at it. */
#define LOOKED_BY_THEN 64u

/* --- Requests -------------------------------------------------------------------------------- */

/* Elements in which there is data, and not only header or status. */
static uint32_t data_elements(const struct chain *chain)
{
	uint32_t kept = chain->n_elements < MAX_ELEMENTS ? chain->n_elements : MAX_ELEMENTS;
	uint64_t readable = 0, writable = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < kept; i++) {
		const struct element *element = &chain->elements[i];

		if (element->write) {
			n += element->len && writable + 1 < chain->writable;
			writable += element->len;
		} else {
			readable += element->len;
			n += element->len && readable > sizeof(struct vmmio_blk_header);
		}
	}
	return n + (chain->n_elements - kept);
}

void look_request(struct vmmio_monitor *m, struct queue *q, const struct exposed *e)
{
	struct scene s = {.on = ON_REQUEST, .queue = q, .chain = &m->chain, .reg = REG_NONE};
	struct vmmio_blk_header header;
	struct request request;

	if (e->n_payload < sizeof(header) || m->chain.writable == 0 ||
		(m->chain.faults & (CHAIN_LOOP | CHAIN_INDEX | CHAIN_ORDER)))
		return;
	memcpy(&header, e->payload, sizeof(header));
	request = (struct request){
		.type = vmmio_le32(header.type),
		.sector = vmmio_le64(header.sector),
		.out = m->chain.readable - sizeof(header),
		.in = m->chain.writable - 1,
		.n_data = data_elements(&m->chain),
		.indirect = m->chain.faults & CHAIN_INDIRECT,
		.data = e->payload + sizeof(header),
		.n_known = e->n_payload - (uint32_t)sizeof(header),
	};
	s.request = &request;
	monitor_ask(m, &s);
}

/* A configuration field that the driver has read. */
static bool config_value(
	const struct vmmio_monitor *m, unsigned offset, unsigned size, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < size; i++) {
		if (!m->config_known[offset + i])
			return false;
		*value |= (uint64_t)m->config[offset + i] << (8 * i);
	}
	return true;
}

static const char *type_name(uint32_t type)
{
	switch (type) {
	case VMMIO_BLK_T_IN:
		return "read";
	case VMMIO_BLK_T_OUT:
		return "write";
	case VMMIO_BLK_T_DISCARD:
		return "discard";
	case VMMIO_BLK_T_WRITE_ZEROES:
		return "write zeroes";
	default:
		return "secure erase";
	}
}

static uint64_t data_of(const struct request *request)
{
	return request->type == VMMIO_BLK_T_IN || request->type == VMMIO_BLK_T_GET_ID
		       ? request->in
		       : request->out;
}

static bool has_segments(uint32_t type)
{
	return type == VMMIO_BLK_T_DISCARD || type == VMMIO_BLK_T_WRITE_ZEROES ||
	       type == T_SECURE_ERASE;
}

static bool transfers(uint32_t type)
{
	return type == VMMIO_BLK_T_IN || type == VMMIO_BLK_T_OUT;
}

/* --- Rules: requests -------------------- */

static bool segment(const struct request *request, uint32_t i, struct vmmio_blk_segment *segment)
{
	if ((i + 1) * sizeof(*segment) > request->n_known)
		return false;
	memcpy(segment, request->data + i * sizeof(*segment), sizeof(*segment));
	return true;
}

static void judge_range(
	struct vmmio_monitor *m, const struct request *r, uint64_t sector, uint64_t sectors)
{
	uint64_t capacity;

	if (!config_value(m, VMMIO_BLK_CFG_CAPACITY, 8, &capacity))
		return;
	expect(m, sector <= capacity && sectors <= capacity - sector,
		"expected requests within the capacity of %" PRIu64 " sectors, saw a %s of %" PRIu64
		" from sector %" PRIu64,
		capacity, type_name(r->type), sectors, sector);
}

static void capacity(struct vmmio_monitor *m, const struct scene *s)
{
	const struct request *r = s->request;
	struct vmmio_blk_segment zeroes;

	if (transfers(r->type))
		judge_range(
			m, r, r->sector, (data_of(r) + VMMIO_BLK_SECTOR - 1) / VMMIO_BLK_SECTOR);
	for (uint32_t i = 0; r->type == VMMIO_BLK_T_WRITE_ZEROES && segment(r, i, &zeroes); i++)
		judge_range(m, r, vmmio_le64(zeroes.sector), vmmio_le32(zeroes.num_sectors));
}

static void flush_sector(struct vmmio_monitor *m, const struct scene *s)
{
	if (s->request->type == VMMIO_BLK_T_FLUSH)
		expect(m, s->request->sector == 0, "expected sector 0 in a flush, saw %" PRIu64,
			s->request->sector);
}

static void flush_data(struct vmmio_monitor *m, const struct scene *s)
{
	if (s->request->type == VMMIO_BLK_T_FLUSH)
		expect(m, s->request->out + s->request->in == 0,
			"expected no data in a flush, saw %" PRIu64 " bytes",
			s->request->out + s->request->in);
}

static void whole_sectors(struct vmmio_monitor *m, const struct scene *s)
{
	if (transfers(s->request->type))
		expect(m, data_of(s->request) % VMMIO_BLK_SECTOR == 0,
			"expected a multiple of 512 bytes of data in a %s, saw %" PRIu64,
			type_name(s->request->type), data_of(s->request));
}

static void whole_segments(struct vmmio_monitor *m, const struct scene *s)
{
	if (has_segments(s->request->type))
		expect(m, s->request->out % sizeof(struct vmmio_blk_segment) == 0,
			"expected a multiple of 16 bytes of data in a %s, saw %" PRIu64,
			type_name(s->request->type), s->request->out);
}

static void id_length(struct vmmio_monitor *m, const struct scene *s)
{
	if (s->request->type == VMMIO_BLK_T_GET_ID)
		expect(m, s->request->in == VMMIO_BLK_ID_BYTES,
			"expected 20 bytes of data to get the device's ID, saw %" PRIu64,
			s->request->in);
}

static void judge_segments(
	struct vmmio_monitor *m, const struct scene *s, uint32_t type, unsigned field)
{
	uint64_t n = s->request->out / sizeof(struct vmmio_blk_segment), max;

	if (s->request->type != type || !config_value(m, field, 4, &max))
		return;
	expect(m, n <= max, "expected at most %" PRIu64 " segments in a %s, saw %" PRIu64, max,
		type_name(type), n);
}

static void discard_segments(struct vmmio_monitor *m, const struct scene *s)
{
	judge_segments(m, s, VMMIO_BLK_T_DISCARD, VMMIO_BLK_CFG_MAX_DISCARD_SEG);
}

static void erase_segments(struct vmmio_monitor *m, const struct scene *s)
{
	judge_segments(m, s, T_SECURE_ERASE, CFG_MAX_SECURE_ERASE_SEG);
}

static void zeroes_segments(struct vmmio_monitor *m, const struct scene *s)
{
	judge_segments(m, s, VMMIO_BLK_T_WRITE_ZEROES, VMMIO_BLK_CFG_MAX_WRITE_ZEROES_SEG);
}

static void discard_unmap(struct vmmio_monitor *m, const struct scene *s)
{
	struct vmmio_blk_segment discard;

	if (s->request->type != VMMIO_BLK_T_DISCARD)
		return;
	for (uint32_t i = 0; segment(s->request, i, &discard); i++)
		expect(m, !(vmmio_le32(discard.flags) & VMMIO_BLK_WZ_UNMAP),
			"expected unmap to be 0 in a discard, saw it set in segment %" PRIu32, i);
}

/* --- Rules: registers -------------------- */

static void writeback_late(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->device_id != VMMIO_ID_BLOCK || !m->steps_known ||
		s->offset != VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK)
		return;
	expect(m, m->steps & STEP_FEATURES_OK,
		"expected writeback to be read after FEATURES_OK, saw it read before");
}

static void looks_at_capacity(struct vmmio_monitor *m, const struct scene *s)
{
	uint64_t at = s->offset - VMMIO_REG_CONFIG;

	if (m->device_id != VMMIO_ID_BLOCK || !m->capacity_due || m->needs_reset)
		return;
	if (s->on == ON_READ && s->reg == REG_CONFIG && at < 8)
		kept(m);
	else if (m->tick - m->capacity_tick == LOOKED_BY_THEN)
		expect(m, false,
			"expected capacity to be read after a configuration change, saw %u "
			"accesses without",
			LOOKED_BY_THEN);
}

static void no_readable_buffers(struct vmmio_monitor *m, const struct scene *s)
{
	if (m->device_id == VMMIO_ID_ENTROPY)
		expect(m, s->chain->readable == 0,
			"expected only device-writable buffers in the queue of an entropy device, "
			"saw %" PRIu64 " bytes that it may read",
			s->chain->readable);
}

#define REQUEST ON_REQUEST, RULE_MEMORY | RULE_BLOCK

static const struct rule rules[] = {
	{"BLK-DRV-05", ON_READ, RULE_BLOCK, writeback_late, NULL},
	{"BLK-DRV-12", ON_ACCESS, RULE_BLOCK | RULE_SHOULD, looks_at_capacity, NULL},
	{"BLK-DRV-13", REQUEST, capacity, NULL},
	{"BLK-DRV-15", REQUEST, flush_sector, NULL},
	{"BLK-DRV-16", REQUEST | RULE_SHOULD, flush_data, NULL},
	{"BLK-DRV-17", REQUEST, whole_sectors, NULL},
	{"BLK-DRV-18", REQUEST, whole_segments, NULL},
	{"BLK-DRV-19", REQUEST, id_length, NULL},
	{"BLK-DRV-20", REQUEST, discard_segments, NULL},
	{"BLK-DRV-21", REQUEST, erase_segments, NULL},
	{"BLK-DRV-22", REQUEST, zeroes_segments, NULL},
	{"BLK-DRV-25", REQUEST, discard_unmap, NULL},
	{"RNG-DRV-01", ON_CHAIN, RULE_MEMORY | RULE_ENTROPY, no_readable_buffers, NULL},
};

const struct rule_group monitor_block_rules = RULE_GROUP(rules);
