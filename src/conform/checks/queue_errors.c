/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that only a reset can help: it says so. What a driver gets wrong is no reason to fail
 * a device, but if it stops working for that, it has to be said in the same way.
 */
#include "conform/checks/checks.h"
#include "conform/checks/queue_work.h"

/* Where no machine has memory. */
#define NOWHERE UINT64_C(0xfff0000000000000)

static bool needs_reset(struct conform *c)
{
	return rd(c, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET;
}

static void judge_notified(struct conform *c, const char *why)
{
	judge(c, "GEN-DEV-04", wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE),
		"expected a configuration change notification after DEVICE_NEEDS_RESET was set, "
		"which it was because %s, saw InterruptStatus bit 1 stay clear for %u ms",
		why, patience_ms(c));
}

/* --- By itself ------------------------------------------------------------------------------- */

static void breaks_down(struct conform *c)
{
	struct ring ring;
	bool notified;
	uint32_t status;

	work_start_well(c, &ring, 0);
	work_acknowledge(c);
	break_down(c);
	by_hook(c);
	notified = wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE);
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "GEN-DEV-03", status & VMMIO_STATUS_NEEDS_RESET,
		"expected DEVICE_NEEDS_RESET after the device's side broke down, saw Status 0x%x",
		status);
	if (status & VMMIO_STATUS_NEEDS_RESET)
		judge(c, "GEN-DEV-04", notified,
			"expected a configuration change notification after DEVICE_NEEDS_RESET was "
			"set, saw InterruptStatus bit 1 stay clear for %u ms", patience_ms(c));
	else if (notified)
		judge(c, "GEN-DEV-04", false,
			"expected the configuration change notification after DEVICE_NEEDS_RESET "
			"is set, saw it with Status 0x%x", status);
}

/* --- What a driver gets wrong ----------------------------------------------------------------- */

struct mistake {
	const char *why;
	/* Changes what was added and is not shown yet: the first descriptor is `slot`. */
	void (*make)(struct conform *c, struct ring *ring, const struct request *request,
		uint32_t slot);
	bool goes_on; /* the driver's side of the ring is good for another request */
};

/* Address, flags and next of the i-th descriptor of a chain, which goes downwards if split. */
static uint64_t desc_of(const struct ring *ring, uint32_t slot, unsigned i)
{
	return ring_desc_at(ring, ring->packed ? slot + i : slot + ring->size - i);
}

static void address_nowhere(struct conform *c, struct ring *ring, const struct request *request,
	uint32_t slot)
{
	for (unsigned i = 0; i < request->n; i++)
		put64(c, desc_of(ring, slot, i), NOWHERE);
}

static void head_too_large(struct conform *c, struct ring *ring, const struct request *request,
	uint32_t slot)
{
	(void)request;
	(void)slot;
	put16(c, ring_avail_entry(ring, (uint16_t)(ring->avail - 1)), (uint16_t)ring->size);
}

static void next_too_large(struct conform *c, struct ring *ring, const struct request *request,
	uint32_t slot)
{
	uint64_t last = desc_of(ring, slot, request->n - 1);

	put16(c, last + 12, VMMIO_DESC_F_WRITE | VMMIO_DESC_F_NEXT);
	put16(c, last + 14, (uint16_t)ring->size);
}

static void index_too_far(struct conform *c, struct ring *ring, const struct request *request,
	uint32_t slot)
{
	(void)c;
	(void)request;
	(void)slot;
	ring->avail = (uint16_t)(ring->avail + ring->size);
}

static void loop(struct conform *c, struct ring *ring, const struct request *request, uint32_t slot)
{
	uint64_t last = desc_of(ring, slot, request->n - 1);

	put16(c, last + 12, VMMIO_DESC_F_WRITE | VMMIO_DESC_F_NEXT);
	put16(c, last + 14, (uint16_t)slot);
}

/* All descriptors of the ring are one list without an end. */
static void endless(struct conform *c, struct ring *ring, const struct request *request,
	uint32_t slot)
{
	bool wrap = true;

	for (uint32_t i = 0; i < ring->size; i++, slot++) {
		uint64_t at = ring_desc_at(ring, slot);

		wrap = slot < ring->size;
		put64(c, at, request->room);
		put32(c, at + 8, 16);
		put16(c, at + 12, 0);
		if (i == 0)
			ring->unpublished_flags |= VMMIO_DESC_F_NEXT | VMMIO_DESC_F_WRITE;
		else
			put16(c, at + 14, (uint16_t)(VMMIO_DESC_F_NEXT | VMMIO_DESC_F_WRITE |
						      (wrap ? VMMIO_DESC_F_AVAIL
							    : VMMIO_DESC_F_USED)));
	}
}

/* Says what became of the device. */
static void judge_after(struct conform *c, struct ring *ring, const struct mistake *mistake)
{
	struct used used;

	bool says, works = false;

	settle(c);
	says = needs_reset(c);
	if (!says && mistake->goes_on) {
		/* It may have answered, or ignored it. */
		ring_used(c, ring, &used);
		works = request_works(c, ring);
		says = needs_reset(c);
	}
	/* As long as it works nothing needs a reset. */
	if (!says && (works || !mistake->goes_on))
		return;
	judge(c, "GEN-DEV-03", says,
		"expected DEVICE_NEEDS_RESET when nothing else helps: no request comes back any "
		"more, as %s, saw Status 0x%x", mistake->why, rd(c, VMMIO_REG_STATUS));
	if (says)
		judge_notified(c, mistake->why);
}

static void make_mistakes(struct conform *c, const struct mistake *mistakes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct request request;
		struct ring ring;
		uint32_t slot;

		work_start_well(c, &ring, 0);
		work_acknowledge(c);
		request_make(c, &request, 0);
		slot = ring.avail;
		request_add(c, &ring, &request);
		if (!ring.packed)
			slot = request.id;
		mistakes[i].make(c, &ring, &request, slot);
		ring_kick(c, &ring);
		judge_after(c, &ring, &mistakes[i]);
	}
}

static void split_mistakes(struct conform *c)
{
	static const struct mistake mistakes[] = {
		{"a descriptor has an address where no memory is", address_nowhere, true},
		{"the available ring named a descriptor beyond the table", head_too_large, true},
		{"a descriptor's next lies beyond the table", next_too_large, true},
		{"available idx moved by more than the queue's size", index_too_far, false},
		{"a chain was a loop", loop, true},
	};

	make_mistakes(c, mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

static void packed_mistakes(struct conform *c)
{
	static const struct mistake mistakes[] = {
		{"a descriptor has an address where no memory is", address_nowhere, true},
		{"a list had no end", endless, false},
	};

	make_mistakes(c, mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

#define TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC)

static const struct check checks[] = {
	{"device-breaks-down", "A device that needs a reset says so", "GEN-DEV-03 GEN-DEV-04",
		TRAFFIC | NEEDS_BREAK_DOWN, breaks_down},
	{"split-mistakes", "A device that stops for a malformed split ring says so",
		"GEN-DEV-03 GEN-DEV-04", TRAFFIC | NEEDS_SPLIT, split_mistakes},
	{"packed-mistakes", "A device that stops for a malformed packed ring says so",
		"GEN-DEV-03 GEN-DEV-04", TRAFFIC | NEEDS_PACKED, packed_mistakes},
};

const struct check_topic checks_queue_errors = CHECK_TOPIC("queue-errors", checks);
