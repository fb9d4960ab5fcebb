/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifications of split rings: when the device sends them, and when the driver need not. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_notify.h"

static void want(struct conform *c, const struct ring *ring, uint16_t flags, uint16_t used_event)
{
	put16(c, ring_avail_flags(ring), flags);
	put16(c, ring_used_event(ring), used_event);
}

static void start(struct conform *c, struct ring *ring, struct request *request, uint64_t features)
{
	work_start_well(c, ring, features);
	request_make(c, request, 0);
}

/* --- Without EVENT_IDX ------------------------------------------------------------------------ */

/* used_event is the next used idx all the time: a device that looks at it is judged below. */
static void always(struct conform *c)
{
	struct request request;
	struct ring ring;

	start(c, &ring, &request, 0);
	for (unsigned n = 1; n <= 3; n++) {
		want(c, &ring, 0, ring.used);
		judge(c, "SPLIT-DEV-11", notify_came(c, &ring, &request, n),
			"expected a used buffer notification after %u buffers with avail flags 0, "
			"saw InterruptStatus bit 0 stay clear for %u ms", n, patience_ms(c));
	}
}

static void never(struct conform *c)
{
	struct request request;
	struct ring ring;

	start(c, &ring, &request, 0);
	for (unsigned n = 1; n <= 3; n++) {
		want(c, &ring, VMMIO_AVAIL_F_NO_INTERRUPT, (uint16_t)(ring.used - 1));
		judge(c, "SPLIT-DEV-10", notify_stayed_away(c, &ring, &request, n),
			"expected no used buffer notification after %u buffers with avail flags 1, "
			"saw InterruptStatus bit 0", n);
	}
}

static void ignores_event(struct conform *c)
{
	static const uint16_t off[] = {0xffff, 1, 100, 0x8000};
	struct request request;
	struct ring ring;
	bool far_away, here;

	start(c, &ring, &request, 0);
	want(c, &ring, 0, ring.used);
	need(c, notify_came(c, &ring, &request, 1), "no notification with avail flags 0");
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		uint16_t idx = ring.used, far_event = (uint16_t)(idx + off[i]);

		want(c, &ring, 0, far_event);
		judge(c, "SPLIT-DEV-09", notify_came(c, &ring, &request, 1),
			"expected used_event to be ignored without VIRTIO_F_EVENT_IDX: a "
			"notification with avail flags 0, used_event %u and used idx %u, saw none "
			"within %u ms",
			far_event, idx, patience_ms(c));
	}
	want(c, &ring, VMMIO_AVAIL_F_NO_INTERRUPT, (uint16_t)(ring.used - 1));
	far_away = notify_stayed_away(c, &ring, &request, 1);
	want(c, &ring, VMMIO_AVAIL_F_NO_INTERRUPT, ring.used);
	here = notify_stayed_away(c, &ring, &request, 1);
	judge(c, "SPLIT-DEV-09", here || !far_away,
		"expected used_event to be ignored without VIRTIO_F_EVENT_IDX, saw a notification "
		"with avail flags 1 when used_event is the used idx, and none when it is not");
}

/* --- With EVENT_IDX --------------------------------------------------------------------------- */

static void ignores_flags(struct conform *c)
{
	struct request request;
	struct ring ring;

	start(c, &ring, &request, VMMIO_FEATURE(VMMIO_F_EVENT_IDX));
	want(c, &ring, 0, ring.used);
	need(c, notify_came(c, &ring, &request, 1), "no notification with used_event = used idx");
	want(c, &ring, VMMIO_AVAIL_F_NO_INTERRUPT, ring.used);
	judge(c, "SPLIT-DEV-12", notify_came(c, &ring, &request, 1),
		"expected avail flags 1 to be ignored with VIRTIO_F_EVENT_IDX: a notification when "
		"used_event is the used idx, as with flags 0, saw none within %u ms",
		patience_ms(c));
}

/* A batch of n, with used_event at each of the places that it fills. */
static void event_in_batch(
	struct conform *c, struct ring *ring, struct request *request, unsigned n)
{
	for (unsigned place = 0; place < n; place++) {
		uint16_t there = (uint16_t)(ring->used + place);

		want(c, ring, 0, there);
		judge(c, "SPLIT-DEV-13", notify_came(c, ring, request, n),
			"expected a notification after used idx has gone from %u to %u over "
			"used_event %u, saw none within %u ms", (uint16_t)(there - place),
			(uint16_t)(there - place + n), there, patience_ms(c));
	}
}

/* A batch of n, with used_event that far from its first place. */
static void event_elsewhere(struct conform *c, struct ring *ring, struct request *request,
	unsigned n, int off)
{
	uint16_t there = (uint16_t)(ring->used + off);

	want(c, ring, 0, there);
	judge(c, "SPLIT-DEV-14", notify_stayed_away(c, ring, request, n),
		"expected no notification while used idx goes from %u to %u and used_event is %u, "
		"saw InterruptStatus bit 0",
		(uint16_t)(there - off), (uint16_t)(there - off + (int)n), there);
}

static void event(struct conform *c)
{
	struct request request;
	struct ring ring;

	start(c, &ring, &request, VMMIO_FEATURE(VMMIO_F_EVENT_IDX));
	event_in_batch(c, &ring, &request, 1);
	/* Behind, ahead, and reached at last. */
	event_elsewhere(c, &ring, &request, 1, -1);
	event_elsewhere(c, &ring, &request, 1, 2);
	event_elsewhere(c, &ring, &request, 1, 1);
	judge(c, "SPLIT-DEV-13", notify_came(c, &ring, &request, 1),
		"expected a notification when used idx comes to used_event %u, saw none within %u "
		"ms",
		get16(c, ring_used_event(&ring)), patience_ms(c));
	event_elsewhere(c, &ring, &request, 1, 0x4000);
	for (unsigned n = 2; n <= 4 && n * request.n <= ring.size; n++) {
		event_in_batch(c, &ring, &request, n);
		event_elsewhere(c, &ring, &request, n, -2);
		event_elsewhere(c, &ring, &request, n, (int)n);
	}
}

/* --- What the device says of notifications ---------------------------------------------------- */

static bool flags_fine(struct conform *c, const struct ring *ring, const char *when)
{
	uint16_t flags = get16(c, ring_used_flags(ring));

	if (ring->event_idx)
		return judge(c, "SPLIT-DEV-20", flags == 0,
			"expected used flags 0 with VIRTIO_F_EVENT_IDX, saw 0x%x %s", flags, when);
	return judge(c, "SPLIT-DEV-18", flags <= 1,
		"expected used flags 0 or 1 without VIRTIO_F_EVENT_IDX, saw 0x%x %s", flags, when);
}

static void used_flags(struct conform *c, uint64_t features)
{
	struct request request;
	struct ring ring;

	work_start(c, &ring, features);
	flags_fine(c, &ring, "after DRIVER_OK");
	request_make(c, &request, 0);
	for (unsigned n = 1; n <= 8; n++) {
		for (unsigned i = 0; i < n && ring.n_free >= request.n; i++)
			request_add(c, &ring, &request);
		ring_publish(c, &ring);
		flags_fine(c, &ring, "before a notification");
		ring_notify(c, &ring);
		flags_fine(c, &ring, "after a notification");
		work_collect(c, &ring, ring.n_out);
		flags_fine(c, &ring, "when all buffers were used");
		ring_notify(c, &ring);
		settle(c);
		flags_fine(c, &ring, "after a notification without new buffers");
	}
}

static void flags_without_event(struct conform *c)
{
	used_flags(c, 0);
}

static void flags_with_event(struct conform *c)
{
	used_flags(c, VMMIO_FEATURE(VMMIO_F_EVENT_IDX));
}

static void honoured_flags(struct conform *c)
{
	notify_honoured(c, "SPLIT-DEV-19", 0);
}

static void honoured_event(struct conform *c)
{
	notify_honoured(c, "SPLIT-DEV-21", VMMIO_FEATURE(VMMIO_F_EVENT_IDX));
}

/* Also for queues that are not enabled: a notification that comes late. */
static void spurious(struct conform *c)
{
	unsigned n = n_queues(c) < 4 ? n_queues(c) : 4;
	uint32_t status;
	struct ring ring;

	work_start_well(c, &ring, 0);
	for (unsigned i = 0; i < 32; i++)
		wr(c, VMMIO_REG_QUEUE_NOTIFY, i < 16 ? ring.index : i % n);
	settle(c);
	judge(c, "SPLIT-DEV-22", ring_waiting(c, &ring) == 0,
		"expected nothing to be used after 32 notifications without new buffers, saw used "
		"idx go from %u to %u", ring.used, get16(c, ring_used_idx(&ring)));
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "SPLIT-DEV-22", !(status & VMMIO_STATUS_NEEDS_RESET),
		"expected the device to go on after 32 notifications without new buffers, saw "
		"Status 0x%x",
		status);
	judge(c, "SPLIT-DEV-22", request_works(c, &ring),
		"expected a request to work after 32 notifications without new buffers, saw that "
		"it does not come back as it should");
}

#define SPLIT_TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_SPLIT)

static const struct check checks[] = {
	{"split-notify-always", "Avail flags 0: used buffers are notified", "SPLIT-DEV-11",
		SPLIT_TRAFFIC, always},
	{"split-notify-never", "Avail flags 1: used buffers are not notified", "SPLIT-DEV-10",
		SPLIT_TRAFFIC, never},
	{"split-notify-event", "Without EVENT_IDX used_event is ignored", "SPLIT-DEV-09",
		SPLIT_TRAFFIC, ignores_event},
	{"split-event-flags", "With EVENT_IDX avail flags are ignored", "SPLIT-DEV-12",
		SPLIT_TRAFFIC | NEEDS_EVENT_IDX, ignores_flags},
	{"split-event", "Notifications come when used idx passes used_event",
		"SPLIT-DEV-13 SPLIT-DEV-14", SPLIT_TRAFFIC | NEEDS_EVENT_IDX, event},
	{"split-used-flags", "Without EVENT_IDX used flags are 0 or 1", "SPLIT-DEV-18",
		SPLIT_TRAFFIC, flags_without_event},
	{"split-used-flags-event", "With EVENT_IDX used flags are 0", "SPLIT-DEV-20",
		SPLIT_TRAFFIC | NEEDS_EVENT_IDX, flags_with_event},
	{"split-quiet-flags", "Buffers are used where used flags ask for no notification",
		"SPLIT-DEV-19", SPLIT_TRAFFIC, honoured_flags},
	{"split-quiet-event", "Buffers are used where avail_event asks for no notification",
		"SPLIT-DEV-21", SPLIT_TRAFFIC | NEEDS_EVENT_IDX, honoured_event},
	{"split-spurious", "Notifications without new buffers do no harm", "SPLIT-DEV-22",
		SPLIT_TRAFFIC, spurious},
};

const struct check_topic checks_split_notify = CHECK_TOPIC("split-notify", checks);
