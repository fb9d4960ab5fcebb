/* SPDX-License-Identifier: BSD-3-Clause */
/* Used descriptors of packed rings: where, when, and what they say. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_moment.h"

#define PHASES (VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED)

static uint16_t flags_at(struct conform *c, const struct ring *ring, uint32_t slot)
{
	return get16(c, ring_desc_at(ring, slot) + 14);
}

/* --- Flags ------------------------------------------------------------------------------- */

static bool has_changed(struct conform *c, void *arg)
{
	return !snapshot_holds(c, arg);
}

/*
 * Waits until the device has written the next used descriptor, whatever it has written. Its flags
 * come last, and on a busy machine later: without them there is nothing to judge for as long as
 * patience lasts.
 */
static bool written(struct conform *c, struct ring *ring, struct request *request)
{
	struct snapshot before, flags;
	uint64_t at = ring_desc_at(ring, ring->used);

	request_add(c, ring, request);
	ring_publish(c, ring);
	snapshot_take(c, &before, at, 16);
	snapshot_take(c, &flags, at + 14, 2);
	ring_notify(c, ring);
	return wait_until(c, has_changed, &flags, patience(c)) || has_changed(c, &before);
}

/* false: there is no way to go on. */
static bool judge_flags(struct conform *c, struct ring *ring)
{
	uint16_t slot = ring->used, flags = flags_at(c, ring, slot);
	bool a = flags & VMMIO_DESC_F_AVAIL, u = flags & VMMIO_DESC_F_USED;

	judge(c, "PACKED-DEV-13", a == u,
		"expected VIRTQ_DESC_F_AVAIL and VIRTQ_DESC_F_USED to be equal in the used "
		"descriptor at ring position %u, saw flags 0x%x", slot, flags);
	if (a != u)
		return false;
	return judge(c, "PACKED-DEV-12", u == ring->used_wrap,
		"expected a used descriptor with the device's wrap counter %u at ring position %u, "
		"saw flags 0x%x", ring->used_wrap, slot, flags);
}

static void used_flags(struct conform *c)
{
	struct request request;
	struct used used;
	struct ring ring;

	work_start(c, &ring, 0);
	request_make(c, &request, 0);
	for (unsigned i = 0; i < 3 && ring.used_wrap; i++) {
		if (!judge(c, "PACKED-DEV-13", written(c, &ring, &request),
			    "expected a used descriptor at ring position %u after a request, "
			    "nothing within %u ms", ring.used, patience_ms(c)))
			return;
		if (!judge_flags(c, &ring))
			return;
		need(c, ring_used(c, &ring, &used),
			"the used descriptor is none that a driver knows");
	}
}

/* One more request, in a later lap. false: there is no way to go on. */
static bool judge_later(struct conform *c, struct ring *ring, struct request *request)
{
	struct snapshot before;
	struct used used;

	request_poison(c, request);
	request_add(c, ring, request);
	ring_publish(c, ring);
	snapshot_take(c, &before, ring_desc_at(ring, ring->used), 16);
	ring_notify(c, ring);
	if (!work_used_there(c, ring) && !has_changed(c, &before))
		return judge(c, "PACKED-DEV-12", false,
			"expected a used descriptor at ring position %u, in the lap with wrap "
			"counter %u, as in the first lap, nothing within %u ms",
			ring->used, ring->used_wrap, patience_ms(c));
	if (!judge_flags(c, ring))
		return false;
	need(c, ring_used(c, ring, &used) && request_good(c, request, &used),
		"a plain request does not come back as it should");
	return true;
}

/* Requests one after the other, until the ring was gone round twice. Some of them lie across its
 * end. */
static void wrap(struct conform *c)
{
	struct request request;
	struct ring ring;
	unsigned laps = 0;

	work_start_well(c, &ring, 0);
	request_make(c, &request, 0);
	work_three(&request);
	while (laps < 2 || ring.used < request.n) {
		bool counter = ring.used_wrap;

		need(c, !ring_waiting(c, &ring), "a buffer is used that was not available");
		if (!laps)
			work_many(c, &ring, &request, 1);
		else if (!judge_later(c, &ring, &request))
			return;
		laps += counter != ring.used_wrap;
	}
}

/* --- One for each list ------------------------------------------------------------------------ */

/* In all descriptors of a list but the last, ids that are not its own. */
static void foreign_ids(struct conform *c, const struct ring *ring, uint16_t slot, unsigned n,
	uint32_t id)
{
	for (unsigned i = 0; i + 1 < n; i++)
		put16(c, ring_desc_at(ring, slot + i) + 12, (uint16_t)((id + 1 + i) % ring->size));
}

/* true: as it has to be. */
static bool one_for_list(
	struct conform *c, struct ring *ring, const struct pieces *list, bool first)
{
	uint16_t slot = ring->avail;
	struct snapshot rest;
	struct used used;
	uint32_t id;
	bool holds;

	id = ring_add(c, ring, list->segs, list->n);
	foreign_ids(c, ring, slot, list->n, id);
	ring_publish(c, ring);
	snapshot_take(c, &rest, ring_desc_at(ring, slot + 1), 16u * (list->n - 1));
	ring_notify(c, ring);
	if (!work_used_there(c, ring)) {
		need(c, !first, "a list of %u descriptors does not come back", list->n);
		return judge(c, "PACKED-DEV-14", false,
			"expected the used descriptor of the next list at ring position %u, as "
			"many further on as the last one had descriptors, saw flags 0x%x there",
			slot, flags_at(c, ring, slot));
	}
	settle(c);
	used = moment_used(c, ring);
	holds = snapshot_holds(c, &rest);
	judge(c, "PACKED-DEV-14", holds,
		"expected one used descriptor for a list of %u, saw a write to descriptor %zu of "
		"it (byte %zu: 0x%02x, was 0x%02x)",
		list->n, rest.where / 16 + 1, rest.where % 16, rest.is, rest.was);
	judge(c, "PACKED-DEV-14", used.id == id,
		"expected a used descriptor with the id of the list's last descriptor, %u, saw %u",
		id, used.id);
	return holds && used.id == id && ring_used(c, ring, &used);
}

static void one_used(struct conform *c)
{
	static const struct cut cuts[] = {
		{"", {8}, {100}}, {"", {0}, {0}}, {"", {1, 2, 3}, {10, 20, 30}}, {"", {0}, {7}}};
	struct request request;
	struct pieces list;
	struct ring ring;

	work_start(c, &ring, 0);
	request_make(c, &request, 0);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		pieces_make(c, &list, &request, &cuts[i]);
		if (ring.avail + list.n >= ring.size)
			return;
		if (!one_for_list(c, &ring, &list, i == 0))
			return;
	}
}

/* --- What they say ---------------------------------------------------------------------------- */

static void judge_length(struct conform *c, struct ring *ring, const struct request *request)
{
	struct moment moments[MOMENTS];
	const struct moment *last = &moments[MOMENTS - 1];
	const struct used *used = &last->later;
	bool says, touched;
	uint32_t n;

	moments_take(c, ring, request, moments);
	says = used->flags & VMMIO_DESC_F_WRITE;
	touched = differs(c, request->room, last->fill, request->n_room) != request->n_room;
	judge(c, "PACKED-DEV-15", says == touched,
		"expected VIRTQ_DESC_F_WRITE to be %s in the used descriptor of a buffer that the "
		"device has%s written to, saw flags 0x%x",
		touched ? "set" : "clear", touched ? "" : " not", used->flags);
	n = moments_written(moments, request->n_room);
	/* Without WRITE the length has no meaning. */
	if (says)
		judge(c, "PACKED-DEV-15", used->len == n,
			"expected a used descriptor with the length of what was written, %u bytes, "
			"saw %u", n, used->len);
}

static void used_length(struct conform *c)
{
	struct request request;
	struct ring ring;

	work_start_well(c, &ring, 0);
	request_make(c, &request, 0);
	judge_length(c, &ring, &request);
	if (device_id(c) != VMMIO_ID_BLOCK)
		return;
	moment_unknown_short(&request);
	judge_length(c, &ring, &request);
}

/* Of a request of an unknown type the device writes the status byte, behind a hole. */
static void used_length_failed(struct conform *c)
{
	struct request request;
	struct ring ring;

	work_start_well(c, &ring, 0);
	request_make(c, &request, 0);
	moment_unknown(&request);
	judge_length(c, &ring, &request);
}

static bool stays(struct conform *c, struct snapshot *used, const char *when)
{
	bool holds;

	settle(c);
	holds = snapshot_holds(c, used);
	return judge(c, "PACKED-DEV-07", holds,
		"expected a used descriptor not to change any more, saw byte %zu go from 0x%02x to "
		"0x%02x %s", used->where, used->was, used->is, when);
}

static void used_final(struct conform *c)
{
	struct request requests[2];
	struct snapshot first;
	struct ring ring;

	work_start_well(c, &ring, 0);
	for (unsigned i = 0; i < 2; i++) {
		request_make(c, &requests[i], 0);
		request_add(c, &ring, &requests[i]);
	}
	ring_publish(c, &ring);
	ring_notify(c, &ring);
	need(c, work_used_there(c, &ring), "a request does not come back");
	snapshot_take(c, &first, ring_desc_at(&ring, ring.used), 16);
	if (!stays(c, &first, "while nothing else was to do"))
		return;
	work_collect(c, &ring, 2);
	/* As long as it is not the driver's turn to write there. */
	if (ring.size < 4 * requests[0].n)
		return;
	need(c, work_one(c, &ring, &requests[0]), "a plain request does not come back");
	stays(c, &first, "when another buffer was used");
}

#define PACKED_TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_PACKED)

static const struct check checks[] = {
	{"packed-used-flags", "Used descriptors have AVAIL and USED as the wrap counter",
		"PACKED-DEV-13 PACKED-DEV-12", PACKED_TRAFFIC, used_flags},
	{"packed-wrap", "The device's wrap counter flips at the ring's end",
		"PACKED-DEV-12 PACKED-DEV-13", PACKED_TRAFFIC, wrap},
	{"packed-one-used", "A list has one used descriptor, with the id of its last",
		"PACKED-DEV-14", PACKED_TRAFFIC, one_used},
	{"packed-used-length", "Used descriptors tell what was written", "PACKED-DEV-15",
		PACKED_TRAFFIC, used_length},
	{"packed-used-length-failed", "Used descriptors of failed requests tell what was written",
		"PACKED-DEV-15", PACKED_TRAFFIC | NEEDS_BLOCK, used_length_failed},
	{"packed-used-final", "Used descriptors do not change any more", "PACKED-DEV-07",
		PACKED_TRAFFIC, used_final},
};

const struct check_topic checks_packed_used = CHECK_TOPIC("packed-used", checks);
