/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifications of packed rings: what the driver's event suppression structure asks for. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_notify.h"

static void start(struct conform *c, struct ring *ring, struct request *request, uint64_t features)
{
	work_start_well(c, ring, features);
	request_make(c, request, 0);
}

static void enabled(struct conform *c)
{
	struct request request;
	struct ring ring;

	start(c, &ring, &request, 0);
	for (unsigned n = 1; n <= 3; n++) {
		ring_want_all(c, &ring);
		judge(c, "PACKED-DEV-17", notify_came(c, &ring, &request, n),
			"expected a used buffer notification after %u buffers with event flags 0 "
			"(enable), saw InterruptStatus bit 0 stay clear for %u ms",
			n, patience_ms(c));
	}
}

/* Off for a while, then on again: what was off does not stay so. */
static void enabled_again(struct conform *c)
{
	struct request request;
	struct ring ring;

	start(c, &ring, &request, 0);
	ring_want_none(c, &ring);
	notify_send(c, &ring, &request, 1);
	ring_want_all(c, &ring);
	judge(c, "PACKED-DEV-17", notify_came(c, &ring, &request, 1),
		"expected a used buffer notification after event flags went from 1 (disable) to 0 "
		"(enable), saw InterruptStatus bit 0 stay clear for %u ms", patience_ms(c));
}

static void disabled(struct conform *c)
{
	struct request request;
	struct ring ring;

	start(c, &ring, &request, 0);
	for (unsigned n = 1; n <= 3; n++) {
		ring_want_none(c, &ring);
		remark(c, "PACKED-DEV-17", notify_stayed_away(c, &ring, &request, n),
			"expected no used buffer notification after %u buffers with event flags 1 "
			"(disable), saw InterruptStatus bit 0", n);
	}
}

/* --- One descriptor ---------------------------------------------------------------------- */

/* n requests, and the notification wanted for the first descriptor of number `place`, from 0. */
static bool comes_for(struct conform *c, struct ring *ring, struct request *request, unsigned n,
	unsigned place)
{
	uint16_t slot = ring->used, event;

	ring_want_after(c, ring, place * request->n + 1);
	event = get16(c, ring->driver);
	return judge(c, "PACKED-DEV-17", notify_came(c, ring, request, n),
		"expected a used buffer notification when %u buffers of %u descriptors were used "
		"from ring position %u on, with event flags 2 (descriptor), offset %u and wrap "
		"counter %u, saw InterruptStatus bit 0 stay clear for %u ms",
		n, request->n, slot, event & 0x7fff, event >> 15, patience_ms(c));
}

/* Waits for one that is further on: nothing yet. A notification that nobody asked for is one more
 * that the driver has to put up with. */
static bool stays_away_for(struct conform *c, struct ring *ring, struct request *request,
	unsigned ahead)
{
	uint16_t slot = ring->used, event;

	ring_want_after(c, ring, ahead + 1);
	event = get16(c, ring->driver);
	return remark(c, "PACKED-DEV-17", notify_stayed_away(c, ring, request, 1),
		"expected no used buffer notification when a buffer of %u descriptors was used at "
		"ring position %u, with event flags 2 (descriptor), offset %u and wrap counter %u, "
		"saw InterruptStatus bit 0", request->n, slot, event & 0x7fff, event >> 15);
}

enum { MOST = 4 };

static void start_event(struct conform *c, struct ring *ring, struct request *request)
{
	start(c, ring, request, VMMIO_FEATURE(VMMIO_F_EVENT_IDX));
	need(c, ring->size >= 2 * MOST * request->n, "a queue of %u is too small for this",
		ring->size);
}

static void one_descriptor(struct conform *c)
{
	struct request request;
	struct ring ring;

	start_event(c, &ring, &request);
	for (unsigned n = 1; n <= MOST; n++) {
		for (unsigned place = 0; place < n; place++) {
			if (!comes_for(c, &ring, &request, n, place))
				return;
		}
	}
}

/* Where a batch goes over the ring's end: some of it has the old wrap counter, some the new one. */
static void event_at_end(struct conform *c)
{
	struct request request;
	struct ring ring;

	start_event(c, &ring, &request);
	for (unsigned place = 0; place < MOST; place++) {
		while (ring.used + (MOST - 1) * request.n < ring.size)
			work_many(c, &ring, &request, 1);
		if (!comes_for(c, &ring, &request, MOST, place))
			return;
	}
}

/* Descriptors that are not used yet: the next ones, and the same position a lap later. */
static void other_descriptor(struct conform *c)
{
	struct request request;
	struct ring ring;

	start_event(c, &ring, &request);
	for (unsigned i = 1; i <= 3; i++) {
		if (!stays_away_for(c, &ring, &request, request.n * i))
			return;
	}
	comes_for(c, &ring, &request, 1, 0);
	stays_away_for(c, &ring, &request, ring.size / 2);
	stays_away_for(c, &ring, &request, ring.size);
}

static void quiet(struct conform *c)
{
	notify_honoured(c, "PACKED-DEV-11", if_offered(c, VMMIO_FEATURE(VMMIO_F_EVENT_IDX)));
}

#define PACKED_TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_PACKED)

static const struct check checks[] = {
	{"packed-event-enable", "Event flags 0: used buffers are notified", "PACKED-DEV-17",
		PACKED_TRAFFIC, enabled},
	{"packed-event-again", "Event flags 0 after 1: used buffers are notified again",
		"PACKED-DEV-17", PACKED_TRAFFIC, enabled_again},
	{"packed-event-disable", "Event flags 1: used buffers are not notified", "PACKED-DEV-17",
		PACKED_TRAFFIC, disabled},
	{"packed-event-desc", "Event flags 2: it is notified when that descriptor is used",
		"PACKED-DEV-17", PACKED_TRAFFIC | NEEDS_EVENT_IDX, one_descriptor},
	{"packed-event-end", "Event flags 2: also around the ring's end", "PACKED-DEV-17",
		PACKED_TRAFFIC | NEEDS_EVENT_IDX, event_at_end},
	{"packed-event-other", "Event flags 2: not for other descriptors", "PACKED-DEV-17",
		PACKED_TRAFFIC | NEEDS_EVENT_IDX, other_descriptor},
	{"packed-quiet", "Buffers are used where the device asks for no notification",
		"PACKED-DEV-11", PACKED_TRAFFIC, quiet},
};

const struct check_topic checks_packed_notify = CHECK_TOPIC("packed-notify", checks);
