/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed rings: which descriptors a device may use, in which order, and how large rings are. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_notify.h"

#define PHASES (VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED)

/* --- What is not available ---------------------------------------------------------------- */

struct untaken {
	struct ring ring;
	struct request request;
	struct snapshot descs;
};

/* Notifies, and nothing happens. */
static bool left_alone(struct conform *c, struct untaken *u, const char *what)
{
	uint32_t status;
	bool holds;

	/* Used descriptors that still change are judged elsewhere. */
	settle(c);
	snapshot_take(c, &u->descs, u->ring.desc, ring_desc_size(&u->ring));
	ring_notify(c, &u->ring);
	ring_notify(c, &u->ring);
	settle(c);
	holds = snapshot_holds(c, &u->descs);
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "PACKED-DEV-06", holds,
		"expected no descriptor to be used after a notification while there %s, saw byte "
		"%zu of descriptor %zu go from 0x%02x to 0x%02x",
		what, u->descs.where % 16, u->descs.where / 16, u->descs.was, u->descs.is);
	return judge(c, "PACKED-DEV-06",
		       !request_touched(c, &u->request) && !(status & VMMIO_STATUS_NEEDS_RESET),
		       "expected no buffer to be used after a notification while there %s, saw it "
		       "used, or refused with Status 0x%x", what, status) && holds;
}

/* A request that is there as a whole, but for the flags of its first descriptor: they are left in
 * these phases. Nothing of it stays in the books. */
static bool not_shown(struct conform *c, struct untaken *u, uint16_t phases, const char *what)
{
	struct ring prepared = u->ring;
	uint64_t at = ring_desc_at(&prepared, prepared.avail) + 14;

	request_poison(c, &u->request);
	request_add(c, &prepared, &u->request);
	put16(c, at, (uint16_t)((prepared.unpublished_flags & ~PHASES) | phases));
	return left_alone(c, u, what);
}

static void not_available(struct conform *c)
{
	struct untaken u;
	bool fine;

	work_start_well(c, &u.ring, 0);
	request_make(c, &u.request, 0);
	need(c, u.ring.size > 2 * u.request.n, "a queue of %u is too small for this", u.ring.size);
	fine = left_alone(c, &u, "are only used and zeroed descriptors") &&
	       not_shown(c, &u, 0, "is a descriptor whose AVAIL bit is as it was, 0") &&
	       not_shown(c, &u, VMMIO_DESC_F_USED, "is one whose USED bit alone was changed, to 1");
	if (!fine)
		return;
	while (u.ring.avail_wrap)
		work_many(c, &u.ring, &u.request, 1);
	work_many(c, &u.ring, &u.request, 1);
	request_poison(c, &u.request);
	fine = left_alone(c, &u, "are only used descriptors, from the lap before") &&
	       not_shown(c, &u, PHASES, "is a descriptor whose AVAIL bit is as it was, 1") &&
	       not_shown(c, &u, VMMIO_DESC_F_AVAIL,
		       "is one whose USED bit alone was changed, to 0");
	if (fine)
		judge(c, "PACKED-DEV-06", work_one(c, &u.ring, &u.request),
			"expected a request to be used once its AVAIL bit is changed, saw that it "
			"does not come back as it should");
}

/* --- Order --------------------------------------------------------------------------------- */

enum { MANY = 4 };
#define MS UINT64_C(1000000)

/*
 * Sends MANY requests, and says in which order their used descriptors come. One by one: the
 * device's side holds each of them back for so long that they complete one after the other, first
 * one or last one first. All at once: each is held back equally long.
 */
static void order_of_use(struct conform *c, bool at_once, bool last_first, uint32_t ids[MANY],
	uint32_t came[MANY])
{
	struct request request;
	struct used used;
	struct ring ring;

	work_start_well(c, &ring, 0);
	request_make(c, &request, 0);
	need(c, ring.size >= MANY * request.n, "a queue of %u is too small for this", ring.size);
	reverse_order(c, last_first);
	for (unsigned i = 0; i < MANY; i++) {
		request_add(c, &ring, &request);
		ids[i] = request.id;
		if (at_once && i + 1 < MANY)
			continue;
		delay_io(c, 20 * (last_first ? MANY - i : MANY) * MS);
		ring_kick(c, &ring);
		pass_time(c, MS);
	}
	for (unsigned i = 0; i < MANY; i++) {
		need(c, ring_wait(c, &ring, &used) && used.batch == 1,
			"a request does not come back");
		came[i] = used.id;
	}
	by_hook(c);
}

static bool as_expected(const uint32_t ids[MANY], const uint32_t came[MANY], bool last_first)
{
	for (unsigned i = 0; i < MANY; i++) {
		if (came[i] != ids[last_first ? MANY - 1 - i : i])
			return false;
	}
	return true;
}

/* Requests that were started one by one: what is seen is the order in which they complete. */
static void completion_order(struct conform *c)
{
	uint32_t ids[MANY], came[MANY];

	for (unsigned last_first = 0; last_first < 2; last_first++) {
		order_of_use(c, false, last_first, ids, came);
		judge(c, "PACKED-DEV-02", as_expected(ids, came, last_first),
			"expected used descriptors in the order in which the buffers %u, %u, %u, "
			"%u completed, the %s one first, saw %u, %u, %u, %u",
			ids[0], ids[1], ids[2], ids[3],
			last_first ? "last" : "first", came[0], came[1], came[2], came[3]);
	}
}

/* All are available at once; those that were started first complete first. */
static void started_in_ring_order(struct conform *c)
{
	uint32_t ids[MANY], came[MANY];

	order_of_use(c, false, false, ids, came);
	need(c, as_expected(ids, came, false),
		"buffers that were started one by one do not come back in that order");
	order_of_use(c, true, false, ids, came);
	judge(c, "PACKED-DEV-01", as_expected(ids, came, false),
		"expected buffers to be started in ring order, %u, %u, %u, %u, and so to complete, "
		"as the first one started is the first one completed, saw %u, %u, %u, %u",
		ids[0], ids[1], ids[2], ids[3], came[0], came[1], came[2], came[3]);
}

/* --- Size ---------------------------------------------------------------------------------- */

/* A ring of this size, gone round three times. */
static bool size_works(struct conform *c, uint32_t size)
{
	struct request request;
	struct ring ring;

	work_negotiate(c, 0);
	ring_init(c, &ring, traffic_queue(c), size);
	request_make(c, &request, 0);
	if (size >= 3)
		work_three(&request);
	return work_goes(c, &ring) && work_round(c, &ring, &request, 3);
}

static void any_size(struct conform *c)
{
	uint32_t max = queue_size_max(c, traffic_queue(c));
	/* The largest that is no power of two, and small ones. No list may be longer than the
	 * queue: one entry is enough for requests of one descriptor only. */
	uint32_t top = max < RING_MAX ? max : RING_MAX;
	const uint32_t sizes[] = {3, 11, top & (top - 1) ? top : top - 1, 1};
	unsigned n = device_id(c) == VMMIO_ID_ENTROPY ? 4 : 3;

	need(c, max >= 4, "a queue of %u is too small for this", max);
	need(c, size_works(c, 4), "a queue of 4 entries does not work");
	for (unsigned i = 0; i < n; i++) {
		if (sizes[i] > max)
			continue;
		judge(c, "PACKED-DEV-18", size_works(c, sizes[i]),
			"expected a packed queue of %u entries to be gone round three times, as "
			"one of 4 was, saw that it does not start, or that a request does not come "
			"back as it should", sizes[i]);
	}
}

static void areas(struct conform *c)
{
	work_areas(c, "PACKED-DEV-19", "16, 4 and 4", "16 * N, 4 and 4");
}

#define PACKED_TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_PACKED)

static const struct check checks[] = {
	{"packed-not-available", "Descriptors are used when AVAIL has changed, not before",
		"PACKED-DEV-06", PACKED_TRAFFIC, not_available},
	{"packed-started-in-order", "Buffers are started in ring order", "PACKED-DEV-01",
		PACKED_TRAFFIC | NEEDS_DELAY_IO | NEEDS_REVERSE, started_in_ring_order},
	{"packed-completion-order", "Used descriptors are written as buffers complete",
		"PACKED-DEV-02", PACKED_TRAFFIC | NEEDS_DELAY_IO | NEEDS_REVERSE, completion_order},
	{"packed-any-size", "Queue sizes need not be powers of two", "PACKED-DEV-18",
		PACKED_TRAFFIC, any_size},
	{"packed-areas", "Areas have the sizes and alignments of the specification",
		"PACKED-DEV-19", PACKED_TRAFFIC, areas},
};

const struct check_topic checks_packed_avail = CHECK_TOPIC("packed-avail", checks);
