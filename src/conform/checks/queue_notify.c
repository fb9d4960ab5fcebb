/* SPDX-License-Identifier: BSD-3-Clause */
/* Notifications in both directions, in either format. */
#include "conform/checks/queue_notify.h"

void notify_send(struct conform *c, struct ring *ring, struct request *request, unsigned n)
{
	work_fresh(c);
	request_poison(c, request);
	for (unsigned i = 0; i < n; i++)
		request_add(c, ring, request);
	ring_kick(c, ring);
	work_collect(c, ring, n);
}

bool notify_came(struct conform *c, struct ring *ring, struct request *request, unsigned n)
{
	notify_send(c, ring, request, n);
	return wait_interrupt(c, VMMIO_INT_USED_BUFFER);
}

bool notify_stayed_away(
	struct conform *c, struct ring *ring, struct request *request, unsigned n)
{
	/* One that is late belongs to the buffers before. */
	settle(c);
	notify_send(c, ring, request, n);
	settle(c);
	return !work_notified(c);
}

/* --- To the device -------------------------------------------------------------------------- */

/* What the device says of one buffer that was shown at this place. */
static bool split_needs(struct conform *c, const struct ring *ring)
{
	if (!ring->event_idx)
		return !(get16(c, ring_used_flags(ring)) & VMMIO_USED_F_NO_NOTIFY);
	return get16(c, ring_avail_event(ring)) == (uint16_t)(ring->avail - 1);
}

static bool packed_needs(struct conform *c, const struct ring *ring, uint16_t slot, bool wrap)
{
	uint16_t flags = get16(c, ring->device + 2) & 3;

	if (flags != VMMIO_EVENT_F_DESC)
		return flags != VMMIO_EVENT_F_DISABLE;
	/* A list of several descriptors: the event may be any of them. */
	for (unsigned i = 0; i < 4; i++) {
		if (get16(c, ring->device) == (slot | (wrap ? 0x8000 : 0)))
			return true;
		slot = (uint16_t)((slot + 1) % ring->size);
		wrap ^= slot == 0;
		if (slot == ring->avail)
			break;
	}
	return false;
}

/* Returns whether the device wanted to be told. */
static bool send_honestly(struct conform *c, struct ring *ring, struct request *request)
{
	uint16_t slot = ring->avail;
	bool wrap = ring->avail_wrap, needed;

	request_poison(c, request);
	request_add(c, ring, request);
	ring_publish(c, ring);
	needed = ring->packed ? packed_needs(c, ring, slot, wrap) : split_needs(c, ring);
	if (needed)
		ring_notify(c, ring);
	return needed;
}

void notify_honoured(struct conform *c, const char *requirement, uint64_t features)
{
	struct request request;
	struct used used;
	struct ring ring;

	work_start_well(c, &ring, features);
	request_make(c, &request, 0);
	for (unsigned i = 0; i < 40; i++) {
		bool needed = send_honestly(c, &ring, &request);
		bool back = ring_wait(c, &ring, &used);

		need(c, back || !needed, "a plain request does not come back");
		if (!needed && !judge(c, requirement, back,
				       "expected buffer number %u to be used, which the driver did "
				       "not notify the device of because the device said not to, "
				       "nothing within %u ms", i + 1, patience_ms(c)))
			return;
	}
	not_judged(c, requirement, "the device never asks not to be notified");
}
