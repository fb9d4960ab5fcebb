/* SPDX-License-Identifier: BSD-3-Clause */
/* Work for a queue: requests, pieces of requests, outcomes. */
#include <stdio.h>
#include <string.h>

#include "conform/checks/queue_work.h"

#define GUARD 8u
#define GUARD_BYTE 0xc3

void work_negotiate(struct conform *c, uint64_t features)
{
	negotiate_fresh(c, features | ring_feature(c));
	/* Else what is written next would have no effect. */
	for (unsigned i = 0; i < n_queues(c) && i < 4; i++) {
		wr(c, VMMIO_REG_QUEUE_SEL, i);
		need(c, rd(c, VMMIO_REG_QUEUE_READY) == 0,
			"QueueReady of queue %u outlives a reset", i);
	}
}

bool work_goes(struct conform *c, const struct ring *ring)
{
	uint32_t status;

	ring_enable(c, ring);
	wr(c, VMMIO_REG_STATUS,
		VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK |
			VMMIO_STATUS_DRIVER_OK);
	status = rd(c, VMMIO_REG_STATUS);
	return (status & VMMIO_STATUS_DRIVER_OK) && !(status & VMMIO_STATUS_NEEDS_RESET);
}

void work_start(struct conform *c, struct ring *ring, uint64_t features)
{
	work_negotiate(c, features);
	ring_init(c, ring, traffic_queue(c), 0);
	if (!ring->in_order)
		ring_backwards(ring);
	ring_enable(c, ring);
	driver_ok(c);
}

void work_start_well(struct conform *c, struct ring *ring, uint64_t features)
{
	work_start(c, ring, features);
	need(c, request_works(c, ring), "a plain request does not come back as it should");
}

void work_three(struct request *request)
{
	uint32_t rest = TRAFFIC_ROOM;

	if (request->n == 3)
		return;
	request->n = request->n_header ? 1 : 0;
	for (uint32_t len = 100; request->n < 3; len += 100) {
		struct seg *seg = &request->segs[request->n++];

		*seg = (struct seg){request->room + TRAFFIC_ROOM - rest,
			request->n == 3 ? rest : len, true};
		rest -= seg->len;
	}
}

bool work_one(struct conform *c, struct ring *ring, struct request *request)
{
	struct used used;

	need(c, ring->n_out || !ring_waiting(c, ring), "a buffer is used that was not available");
	request_poison(c, request);
	request_add(c, ring, request);
	ring_kick(c, ring);
	return ring_wait(c, ring, &used) && request_good(c, request, &used);
}

void work_many(struct conform *c, struct ring *ring, struct request *request, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		need(c, work_one(c, ring, request),
			"plain request %u of %u does not come back as it should", i + 1, n);
}

void work_table(const struct ring *ring, const struct seg *segs, unsigned n,
	struct vmmio_split_desc *entries)
{
	for (unsigned i = 0; i < n; i++) {
		uint16_t write = segs[i].write ? VMMIO_DESC_F_WRITE : 0;
		uint16_t next = i + 1 < n ? VMMIO_DESC_F_NEXT : 0;

		entries[i].addr = vmmio_le64(segs[i].addr);
		entries[i].len = vmmio_le32(segs[i].len);
		/* Packed: id and flags, of which only WRITE counts. */
		entries[i].flags = ring->packed ? 0 : vmmio_le16(write | next);
		entries[i].next = vmmio_le16(ring->packed ? write : next ? (uint16_t)(i + 1) : 0);
	}
}

bool work_round(struct conform *c, struct ring *ring, struct request *request, unsigned laps)
{
	unsigned per_request = ring->packed ? request->n : 1;

	for (unsigned done = 0; done <= laps * ring->size; done += per_request) {
		if (!work_one(c, ring, request))
			return false;
	}
	return true;
}

static bool used_there(struct conform *c, void *arg)
{
	return ring_waiting(c, arg) > 0;
}

bool work_used_there(struct conform *c, struct ring *ring)
{
	return wait_until(c, used_there, ring, patience(c));
}

void work_collect(struct conform *c, struct ring *ring, unsigned n)
{
	struct used used;

	for (unsigned back = 0; back < n; back += used.batch) {
		need(c, ring_wait(c, ring, &used),
			"%u of %u requests do not come back", n - back, n);
		need(c, used.batch > 0, "a used entry names buffer %u, which is not out", used.id);
	}
}

unsigned patience_ms(const struct conform *c)
{
	return (unsigned)(patience(c) / 1000000);
}

void work_acknowledge(struct conform *c)
{
	wr(c, VMMIO_REG_INTERRUPT_ACK, rd(c, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_ALL);
}

void work_fresh(struct conform *c)
{
	pass_time(c, 2000000);
	work_acknowledge(c);
}

bool work_notified(struct conform *c)
{
	return rd(c, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_USED_BUFFER;
}

/* --- A sector with a pattern -------------------------------------------------------------- */

uint64_t work_sector(struct conform *c, struct ring *ring)
{
	struct block_request request = {.type = VMMIO_BLK_T_OUT, .n_data = TRAFFIC_ROOM};
	uint8_t pattern[TRAFFIC_ROOM];

	if (device_id(c) != VMMIO_ID_BLOCK || !can(c, NEEDS_WRITES) ||
		offered(c, VMMIO_BLK_F_RO))
		return 0;
	request.sector = block_capacity(c) > 1 ? 1 : 0;
	request.data = take(c, TRAFFIC_ROOM, 16);
	for (unsigned i = 0; i < TRAFFIC_ROOM; i++)
		pattern[i] = (uint8_t)(i * 151 + i / 256 + 1);
	put(c, request.data, pattern, sizeof(pattern));
	need(c, block_do(c, ring, &request) == VMMIO_BLK_S_OK, "a plain write to the disk fails");
	return request.sector;
}

/* --- Memory that is not to change ------------------------------------------------------------ */

void snapshot_take(struct conform *c, struct snapshot *snapshot, uint64_t at, size_t size)
{
	need(c, size <= sizeof(snapshot->bytes),
		"mistake of the suite: a snapshot of %zu bytes", size);
	snapshot->at = at;
	snapshot->size = size;
	get(c, at, snapshot->bytes, size);
}

bool snapshot_holds(struct conform *c, struct snapshot *snapshot)
{
	uint8_t now_there[SNAPSHOT_MAX];
	size_t i = 0;

	get(c, snapshot->at, now_there, snapshot->size);
	while (i < snapshot->size && snapshot->bytes[i] == now_there[i])
		i++;
	if (i == snapshot->size)
		return true;
	snapshot->where = i;
	snapshot->was = snapshot->bytes[i];
	snapshot->is = now_there[i];
	return false;
}

/* --- Pieces ----------------------------------------------------------------------------- */

static uint64_t guarded_piece(struct conform *c, uint32_t len)
{
	uint64_t at = take(c, len + 2 * GUARD, 1);

	fill(c, at, GUARD_BYTE, len + 2 * GUARD);
	return at + GUARD;
}

static void cut_up(struct conform *c, struct pieces *pieces, uint32_t bytes, const uint16_t *cut,
	bool write)
{
	while (bytes) {
		uint32_t len = *cut && *cut < bytes ? *cut : bytes;

		need(c, pieces->n < PIECES_MAX, "mistake of the suite: too many pieces");
		pieces->segs[pieces->n++] = (struct seg){guarded_piece(c, len), len, write};
		bytes -= len;
		cut += *cut != 0;
	}
}

void pieces_make(struct conform *c, struct pieces *pieces, const struct request *request,
	const struct cut *cut)
{
	pieces->n = 0;
	cut_up(c, pieces, request->n_header, cut->header, false);
	cut_up(c, pieces, request->n_room, cut->room, true);
	pieces_poison(c, pieces, request);
}

void pieces_poison(struct conform *c, const struct pieces *pieces, const struct request *request)
{
	uint32_t done = 0;

	for (unsigned i = 0; i < pieces->n; i++) {
		const struct seg *seg = &pieces->segs[i];

		if (seg->write)
			fill(c, seg->addr, POISON, seg->len);
		else
			put(c, seg->addr, request->bytes + done, seg->len);
		done += seg->len;
	}
}

bool pieces_overrun(struct conform *c, const struct pieces *pieces)
{
	for (unsigned i = 0; i < pieces->n; i++) {
		const struct seg *seg = &pieces->segs[i];

		if (differs(c, seg->addr - GUARD, GUARD_BYTE, GUARD) != GUARD ||
			differs(c, seg->addr + seg->len, GUARD_BYTE, GUARD) != GUARD)
			return true;
	}
	return false;
}

/* Puts the writable pieces one behind the other into the request's room: as if it had been in one
 * piece all the time. */
static void gather(struct conform *c, const struct pieces *pieces, const struct request *request)
{
	uint8_t bytes[TRAFFIC_ROOM + 1];
	uint32_t done = 0;

	for (unsigned i = 0; i < pieces->n; i++) {
		const struct seg *seg = &pieces->segs[i];

		if (!seg->write)
			continue;
		get(c, seg->addr, bytes, seg->len);
		put(c, request->room + done, bytes, seg->len);
		done += seg->len;
	}
}

/* --- Outcomes --------------------------------------------------------------------------- */

static bool trouble(struct outcome *outcome, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool trouble(struct outcome *outcome, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(outcome->what, sizeof(outcome->what), format, args);
	va_end(args);
	return false;
}

/* Where random bytes are said to be, no eight of them are as they were before. */
static bool all_random(struct outcome *outcome)
{
	unsigned run = 0;

	for (uint32_t i = 0; i < outcome->used.len && i < outcome->n; i++) {
		run = outcome->room[i] == POISON ? run + 1 : 0;
		if (run == 8)
			return trouble(outcome, "no random bytes at byte %u of %u", i - 7,
				outcome->used.len);
	}
	return true;
}

bool outcome_wait(struct conform *c, struct ring *ring, const struct request *request,
	const struct pieces *pieces, struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	if (!ring_wait(c, ring, &outcome->used))
		return trouble(outcome, "no used entry within %u ms", patience_ms(c));
	if (outcome->used.id != request->id)
		return trouble(outcome, "a used entry for buffer %u instead of %u",
			outcome->used.id, request->id);
	if (pieces)
		gather(c, pieces, request);
	outcome->n = request->n_room;
	get(c, request->room, outcome->room, outcome->n);
	if (!request_good(c, request, &outcome->used))
		return trouble(outcome, "a request that failed: used length %u, last byte 0x%02x",
			outcome->used.len, outcome->room[outcome->n - 1]);
	return device_id(c) != VMMIO_ID_ENTROPY || all_random(outcome);
}

bool outcome_same(struct conform *c, const struct outcome *first, struct outcome *outcome)
{
	uint32_t at = 0;

	/* Random bytes are as many as the device likes, and never the same. */
	if (device_id(c) == VMMIO_ID_ENTROPY)
		return true;
	if (first->used.len != outcome->used.len)
		return trouble(outcome, "used length %u instead of %u", outcome->used.len,
			first->used.len);
	while (at < first->n && first->room[at] == outcome->room[at])
		at++;
	if (at == first->n)
		return true;
	return trouble(outcome, "byte %u of what the device writes as 0x%02x instead of 0x%02x", at,
		outcome->room[at], first->room[at]);
}

/* --- Areas ---------------------------------------------------------------------------------- */

void work_areas(
	struct conform *c, const char *requirement, const char *aligned, const char *sizes)
{
	uint64_t event_idx = if_offered(c, VMMIO_FEATURE(VMMIO_F_EVENT_IDX));
	struct request request;
	const char *area;
	struct ring ring;

	work_start_well(c, &ring, event_idx);
	work_negotiate(c, event_idx);
	ring_init_tight(c, &ring, traffic_queue(c), 0);
	request_make(c, &request, 0);
	if (!judge(c, requirement, work_goes(c, &ring) && work_one(c, &ring, &request),
		    "expected a request to work with areas aligned to %s and no more (0x%llx, "
		    "0x%llx, 0x%llx), as it does when they are aligned to 64",
		    aligned, (unsigned long long)ring.desc, (unsigned long long)ring.driver,
		    (unsigned long long)ring.device))
		return;
	/* Round the whole ring, to its last elements. */
	need(c, work_round(c, &ring, &request, 1), "a plain request does not come back");
	area = ring_guards(c, &ring);
	judge(c, requirement, !*area,
		"expected nothing beside the areas of a queue of N = %u to be written (%s bytes), "
		"saw bytes beside the %s changed",
		ring.size, sizes, area);
}
