/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device that only a reset can help: it says so. What a driver gets wrong is no reason to fail
 * a device, but if it stops working for that, it should be said in the same way. So the worst
 * mistakes, which may cost a device its life, are for the recommendation alone.
 */
#include "conform/checks/checks.h"
#include "conform/checks/queue_work.h"

/* Where no machine has memory. */
#define NOWHERE UINT64_C(0xfff0000000000000)

static bool needs_reset(struct conform *c)
{
	return rd(c, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET;
}

static bool shows_reset(struct conform *c, void *arg)
{
	(void)arg;
	return needs_reset(c);
}

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

/* Makes one of these mistakes and says what became of the device. */
static void make_mistake(struct conform *c, const struct mistake *mistake, struct ring *ring)
{
	struct request request;
	uint32_t slot;

	work_start_well(c, ring, 0);
	work_acknowledge(c);
	request_make(c, &request, 0);
	slot = ring->avail;
	request_add(c, ring, &request);
	if (!ring->packed)
		slot = request.id;
	mistake->make(c, ring, &request, slot);
	ring_kick(c, ring);
}

/* It may have answered, or ignored it; as long as it works nothing needs a reset. */
static bool still_works(struct conform *c, struct ring *ring)
{
	struct used used;

	ring_used(c, ring, &used);
	return request_works(c, ring);
}

static void says_so(struct conform *c, const struct mistake *mistakes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ring ring;
		bool works;

		make_mistake(c, &mistakes[i], &ring);
		settle(c);
		works = !needs_reset(c) && (!mistakes[i].goes_on || still_works(c, &ring));
		if (works)
			continue;
		judge(c, "GEN-DEV-03", needs_reset(c),
			"expected DEVICE_NEEDS_RESET when nothing else helps: no request comes "
			"back any more, as %s, saw Status 0x%x",
			mistakes[i].why, rd(c, VMMIO_REG_STATUS));
	}
}

static const struct mistake nowhere = {
	"a descriptor has an address where no memory is", address_nowhere, true};
static const struct mistake head = {
	"the available ring names a descriptor beyond the table", head_too_large, true};

static void split_mistakes(struct conform *c)
{
	const struct mistake mistakes[] = {
		nowhere,
		head,
		{"a descriptor's next lies beyond the table", next_too_large, true},
		{"available idx moves by more than the queue's size", index_too_far, false},
		{"a chain is a loop", loop, true},
	};

	says_so(c, mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

static void packed_mistakes(struct conform *c)
{
	const struct mistake mistakes[] = {nowhere, {"a list has no end", endless, false}};

	says_so(c, mistakes, sizeof(mistakes) / sizeof(mistakes[0]));
}

/* Whoever sets DEVICE_NEEDS_RESET notifies of it; here for a mistake that is easily seen. */
static void split_notifies(struct conform *c)
{
	struct ring ring;

	make_mistake(c, &head, &ring);
	need(c, wait_until(c, shows_reset, NULL, 100000000),
		"the device does not set DEVICE_NEEDS_RESET when %s", head.why);
	judge(c, "GEN-DEV-04", wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE),
		"expected a configuration change notification after DEVICE_NEEDS_RESET was set, as "
		"%s, saw InterruptStatus bit 1 stay clear for %u ms", head.why, patience_ms(c));
}

#define TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC)

static const struct check checks[] = {
	{"split-malformed", "A device that stops for a malformed split ring says so", "GEN-DEV-03",
		TRAFFIC | NEEDS_SPLIT, split_mistakes},
	{"split-malformed-notified", "DEVICE_NEEDS_RESET for a malformed ring is notified",
		"GEN-DEV-04", TRAFFIC | NEEDS_SPLIT, split_notifies},
	{"packed-malformed", "A device that stops for a malformed packed ring says so",
		"GEN-DEV-03", TRAFFIC | NEEDS_PACKED, packed_mistakes},
};

const struct check_topic checks_queue_errors = CHECK_TOPIC("queue-errors", checks);
