/* SPDX-License-Identifier: BSD-3-Clause */
/* The moment in which a buffer is shown as used, in either format. */
#include <string.h>

#include "conform/checks/queue_moment.h"

struct used moment_used(struct conform *c, const struct ring *ring)
{
	uint64_t at = ring->packed ? ring_desc_at(ring, ring->used)
				   : ring_used_entry(ring, ring->used);

	if (!ring->packed)
		return (struct used){.id = get32(c, at), .len = get32(c, at + 4)};
	return (struct used){
		.len = get32(c, at + 8), .id = get16(c, at + 12), .flags = get16(c, at + 14)};
}

void moment_unknown(struct request *request)
{
	const uint32_t unknown = vmmio_le32(0x7fff0001);

	memcpy(request->bytes, &unknown, sizeof(unknown));
}

void moment_unknown_short(struct request *request)
{
	moment_unknown(request);
	request->room = request->status;
	request->n_room = 1;
	request->segs[1] = request->segs[2];
	request->n = 2;
}

static void take_one(struct conform *c, struct ring *ring, const struct request *request,
	struct moment *moment)
{
	struct request again = *request;
	struct used used;

	request_poison(c, request);
	fill(c, request->room, moment->fill, request->n_room);
	request_add(c, ring, &again);
	ring_kick(c, ring);
	need(c, work_used_there(c, ring), "a request does not come back");
	moment->used = moment_used(c, ring);
	get(c, request->room, moment->room, request->n_room);
	settle(c);
	moment->later = moment_used(c, ring);
	get(c, request->room, moment->room_later, request->n_room);
	need(c, ring_used(c, ring, &used) && used.batch == 1,
		"a used entry names buffer %u, not %u",
		used.id, again.id);
}

void moments_take(struct conform *c, struct ring *ring, const struct request *request,
	struct moment *moments)
{
	static const uint8_t fills[MOMENTS] = {0xa5, 0x5a, 0x00, 0xff, 0x3c};

	for (unsigned i = 0; i < MOMENTS; i++) {
		moments[i].fill = fills[i];
		take_one(c, ring, request, &moments[i]);
	}
}

uint32_t moments_written(const struct moment *moments, uint32_t n)
{
	for (uint32_t at = 0; at < n; at++) {
		unsigned same = 0;

		/* What is as it was before, whatever that was, has not been written. */
		for (unsigned i = 0; i < MOMENTS; i++)
			same += moments[i].room_later[at] == moments[i].fill;
		if (same == MOMENTS)
			return at;
	}
	return n;
}
