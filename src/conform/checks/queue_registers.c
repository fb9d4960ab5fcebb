/* SPDX-License-Identifier: BSD-3-Clause */
/* The registers that say where and how large a queue is, and which one has something to do. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_work.h"

/* How long a thing that must not happen is waited for. */
#define WHILE UINT64_C(50000000)

/* --- QueueSize ------------------------------------------------------------------------------ */

static bool goes_round(struct conform *c, uint32_t size)
{
	struct request request;
	struct ring ring;

	work_negotiate(c, 0);
	ring_init(c, &ring, traffic_queue(c), size);
	request_make(c, &request, 0);
	work_three(&request);
	return work_goes(c, &ring) && work_round(c, &ring, &request, size ? 3 : 2);
}

static void queue_size(struct conform *c)
{
	uint32_t max = queue_size_max(c, traffic_queue(c)), size = 4;

	need(c, max > 4, "QueueSizeMax is %u: there is no smaller size", max);
	need(c, goes_round(c, 0), "a queue of the largest size does not work");
	for (unsigned i = 0; i < 2; i++) {
		judge(c, "MMIO-DEV-20", goes_round(c, size),
			"expected a queue with QueueSize %u to be gone round three times, as one "
			"of the largest size (%u) was, saw that it does not start, or that a "
			"request does not come back as it should", size, max);
		while (size * 2 < max && size < RING_MAX / 2)
			size *= 2;
	}
}

/* --- Addresses ------------------------------------------------------------------------------ */

static const uint32_t lows[3] = {
	VMMIO_REG_QUEUE_DESC_LOW, VMMIO_REG_QUEUE_DRIVER_LOW, VMMIO_REG_QUEUE_DEVICE_LOW};

enum halves { LOW_FIRST, HIGH_FIRST, ALL_LOW_FIRST, ALL_HIGH_FIRST, HALVES };

static void write_halves(struct conform *c, const struct ring *ring, enum halves order)
{
	const uint64_t areas[3] = {ring->desc, ring->driver, ring->device};
	bool each = order == LOW_FIRST || order == HIGH_FIRST;
	unsigned first = order == HIGH_FIRST || order == ALL_HIGH_FIRST;

	wr(c, VMMIO_REG_QUEUE_SEL, ring->index);
	for (unsigned i = 0; i < 6; i++) {
		unsigned area = each ? i / 2 : i % 3;
		unsigned high = (each ? i % 2 : i / 3) ^ first;

		wr(c, lows[area] + 4 * high, (uint32_t)(areas[area] >> 32 * high));
	}
}

static bool has_changed(struct conform *c, void *arg)
{
	return !snapshot_holds(c, arg);
}

/* Whether the device says in the ring that it has used a buffer, whatever it says. */
static bool found(
	struct conform *c, struct ring *ring, struct request *request, uint64_t within)
{
	struct snapshot before;

	request_make(c, request, 0);
	request_add(c, ring, request);
	ring_publish(c, ring);
	snapshot_take(c, &before, ring->packed ? ring->desc : ring->device,
		ring->packed ? ring_desc_size(ring) : ring_device_size(ring));
	ring_notify(c, ring);
	return wait_until(c, has_changed, &before, within);
}

static void halves(struct conform *c)
{
	static const char *const names[HALVES] = {"the low half first", "the high half first",
		"all low halves first", "all high halves first"};

	for (enum halves order = LOW_FIRST; order < HALVES; order++) {
		struct request request;
		struct ring ring;

		work_negotiate(c, 0);
		ring_init(c, &ring, traffic_queue(c), 0);
		write_halves(c, &ring, order);
		judge(c, "MMIO-DEV-27",
			work_goes(c, &ring) && found(c, &ring, &request, patience(c)),
			"expected a queue with areas at 0x%llx, 0x%llx and 0x%llx, written %s, to "
			"be served, nothing within %u ms",
			(unsigned long long)ring.desc, (unsigned long long)ring.driver,
			(unsigned long long)ring.device, names[order], patience_ms(c));
	}
}

/*
 * Where memory lies below 4 GiB a device that ignores the high halves would not be noticed. So
 * one area is given a high half that leads to where no machine has memory: whatever the device
 * does, it does not serve what lies at the low half.
 */
static void high_half(struct conform *c)
{
	static const char *const names[3] = {
		"QueueDescHigh", "QueueDriverHigh", "QueueDeviceHigh"};

	need(c, target(c)->memory_base < UINT64_C(0x100000000),
		"the target's memory lies above 4 GiB, where the high halves count in all checks");
	for (unsigned i = 0; i < 3; i++) {
		struct request request;
		struct ring ring;
		bool served;

		work_negotiate(c, 0);
		ring_init(c, &ring, traffic_queue(c), 0);
		wr(c, lows[i] + 4, 0xfff00000);
		work_goes(c, &ring);
		served = found(c, &ring, &request, WHILE);
		/* With descriptors out of nowhere a buffer may be used, but not this one. */
		if (i == 0 && device_id(c) == SUITE_ANY_DEVICE)
			continue;
		served = served && (i > 0 || request_touched(c, &request));
		/* A packed ring can be served without event suppression. */
		if (i > 0 && ring.packed)
			return;
		judge(c, "MMIO-DEV-27", !served,
			"expected %s 0xfff00000 to lead to another address than 0, saw the area at "
			"the low half used", names[i]);
	}
}

/* --- QueueNotify ----------------------------------------------------------------------------- */

enum { QUEUES = 4 };

/* The queues that requests can be sent to. */
static unsigned request_queues(struct conform *c)
{
	unsigned n = n_queues(c) < QUEUES ? n_queues(c) : QUEUES;

	if (device_id(c) == VMMIO_ID_ENTROPY)
		return 1;
	return device_id(c) == VMMIO_ID_BLOCK && !multiqueue(c) ? 1 : n;
}

static void notify_each(struct conform *c, uint64_t features)
{
	unsigned n = request_queues(c);
	struct ring rings[QUEUES];

	work_negotiate(c, features | multiqueue(c));
	for (unsigned i = 0; i < n; i++) {
		ring_init(c, &rings[i], i, 0);
		need(c, rd(c, VMMIO_REG_QUEUE_READY) == 0,
			"QueueReady of queue %u is another one's", i);
		ring_enable(c, &rings[i]);
	}
	driver_ok(c);
	/* Twice, so that notification data does not stay as it was. */
	for (unsigned i = 2 * n; i-- > 0;) {
		struct ring *ring = &rings[i % n];
		struct request request;
		struct used used;

		if (!judge(c, "MMIO-DEV-22", found(c, ring, &request, patience(c)),
			    "expected queue %u to be served after a write to QueueNotify that "
			    "names it, nothing within %u ms", i % n, patience_ms(c)))
			return;
		settle(c);
		ring_used(c, ring, &used);
	}
}

static void notify_index(struct conform *c)
{
	notify_each(c, 0);
}

static void notify_data(struct conform *c)
{
	notify_each(c, VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA));
}

#define TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC)

static const struct check checks[] = {
	{"split-queue-size", "QueueSize is the size of the ring", "MMIO-DEV-20",
		TRAFFIC | NEEDS_SPLIT, queue_size},
	{"packed-queue-size", "QueueSize is the size of the ring", "MMIO-DEV-20",
		TRAFFIC | NEEDS_PACKED, queue_size},
	{"queue-address-halves", "Areas lie at 64 bit addresses, written in any order",
		"MMIO-DEV-27", TRAFFIC, halves},
	{"queue-address-high", "High halves of addresses count", "MMIO-DEV-27", TRAFFIC, high_half},
	{"queue-notify", "QueueNotify names the queue", "MMIO-DEV-22", TRAFFIC, notify_index},
	{"split-notify-data", "QueueNotify with notification data names the queue", "MMIO-DEV-22",
		TRAFFIC | NEEDS_SPLIT | NEEDS_NOTIFICATION_DATA, notify_data},
	{"packed-notify-data", "QueueNotify with notification data names the queue", "MMIO-DEV-22",
		TRAFFIC | NEEDS_PACKED | NEEDS_NOTIFICATION_DATA, notify_data},
};

const struct check_topic checks_queue_registers = CHECK_TOPIC("queue-registers", checks);
