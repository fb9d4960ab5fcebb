/* SPDX-License-Identifier: BSD-3-Clause */
/* VIRTIO_F_IN_ORDER: buffers are used in the order in which they were made available. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_work.h"

enum { MANY = 4 };
#define HELD UINT64_C(3600000000000)

struct order {
	struct ring ring;
	struct request requests[MANY];
	struct snapshot places; /* where used entries go, before there are any */
	unsigned back;          /* buffers that have come back */
	const char *batch;      /* the requirement on batches */
};

static void start(struct conform *c, struct order *o, const char *batch)
{
	struct ring *ring = &o->ring;

	work_negotiate(c, VMMIO_FEATURE(VMMIO_F_IN_ORDER));
	ring_init(c, ring, traffic_queue(c), 0);
	/* Split: a used element that was not written tells itself. */
	if (!ring->packed)
		fill(c, ring_used_entry(ring, 0), 0xee, 8 * (size_t)ring->size);
	ring_enable(c, ring);
	driver_ok(c);
	o->back = 0;
	o->batch = batch;
}

/* All at once. The device's side completes them last one first, where it can be told to. */
static void send(struct conform *c, struct order *o)
{
	bool hook = can(c, NEEDS_DELAY_IO | NEEDS_REVERSE);
	struct ring *ring = &o->ring;

	for (unsigned i = 0; i < MANY; i++) {
		request_make(c, &o->requests[i], 0);
		request_add(c, ring, &o->requests[i]);
	}
	ring_publish(c, ring);
	snapshot_take(c, &o->places, ring->packed ? ring->desc : ring_used_entry(ring, 0),
		(ring->packed ? 16u : 8u) * (size_t)ring->size);
	if (hook) {
		delay_io(c, HELD);
		reverse_order(c, true);
	}
	ring_notify(c, ring);
	settle(c);
	if (hook) {
		delay_io(c, 0);
		by_hook(c);
	}
}

/* Whether the device has written a used entry where that of this request would go, if each had
 * one. */
static bool has_entry(struct conform *c, const struct order *o, unsigned i)
{
	size_t size = o->ring.packed ? 16u * o->requests[0].n : 8u, at = i * size;
	uint8_t bytes[64];

	get(c, o->places.at + at, bytes, size);
	for (size_t k = 0; k < size; k++) {
		if (bytes[k] != o->places.bytes[at + k])
			return true;
	}
	return false;
}

/* Completely used: what the device has to write is there. */
static bool used_up(struct conform *c, const struct request *request)
{
	uint8_t status = VMMIO_BLK_S_OK;

	if (request->status)
		get(c, request->status, &status, 1);
	return request_touched(c, request) && status == VMMIO_BLK_S_OK;
}

/* One used entry for several buffers: it is for the last of them, and the only one. */
static bool judge_batch(struct conform *c, const struct order *o, const struct used *used)
{
	unsigned last = o->back + used->batch - 1;
	bool alone = true;

	for (unsigned i = o->back + 1; i <= last; i++)
		alone = alone && !has_entry(c, o, i);
	if (!judge(c, "GEN-DEV-37", alone,
		    "expected buffers to be used in the order in which they were made available, "
		    "saw a used entry for buffer %u before that for buffer %u",
		    used->id, o->requests[o->back].id))
		return false;
	if (device_id(c) == SUITE_ANY_DEVICE)
		return true;
	for (unsigned i = o->back; i < last; i++)
		judge(c, o->batch, used_up(c, &o->requests[i]),
			"expected buffers that are skipped in a batch to be completely used, saw "
			"buffer %u skipped by a used entry for %u, and not used",
			o->requests[i].id, used->id);
	return true;
}

static bool judge_next(struct conform *c, struct order *o)
{
	uint32_t due = o->requests[o->back].id;
	struct used used;

	need(c, ring_wait(c, &o->ring, &used), "%u of %u buffers do not come back", MANY - o->back,
		(unsigned)MANY);
	settle(c);
	need(c, used.batch > 0, "a used entry names buffer %u, which is not out", used.id);
	if (used.batch > 1) {
		if (!judge_batch(c, o, &used))
			return false;
	} else if (!judge(c, "GEN-DEV-37", used.id == due,
			   "expected buffers to be used in the order in which they were made "
			   "available, saw buffer %u used when it is the turn of buffer %u",
			   used.id, due)) {
		return false;
	}
	o->back += used.batch;
	return true;
}

static void in_order(struct conform *c, const char *batch)
{
	struct order o;

	start(c, &o, batch);
	send(c, &o);
	while (o.back < MANY && judge_next(c, &o))
		continue;
	not_judged(c, batch, "the device gives buffers back one by one");
}

static void split_in_order(struct conform *c)
{
	in_order(c, "SPLIT-DEV-30");
}

static void packed_in_order(struct conform *c)
{
	in_order(c, "PACKED-DEV-20");
}

static const struct check checks[] = {
	{"split-in-order", "With IN_ORDER buffers are used in order", "GEN-DEV-37 SPLIT-DEV-30",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_SPLIT | NEEDS_IN_ORDER, split_in_order},
	{"packed-in-order", "With IN_ORDER buffers are used in order", "GEN-DEV-37 PACKED-DEV-20",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_PACKED | NEEDS_IN_ORDER, packed_in_order},
};

const struct check_topic checks_queue_order = CHECK_TOPIC("queue-order", checks);
