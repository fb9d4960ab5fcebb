/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue registers: QueueSel, QueueSizeMax, QueueReady; and SHMSel, which works the same way. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

static uint32_t size_max(struct conform *c, uint32_t queue)
{
	wr(c, VMMIO_REG_QUEUE_SEL, queue);
	return rd(c, VMMIO_REG_QUEUE_SIZE_MAX);
}

static void existing_sizes(struct conform *c)
{
	for (uint32_t i = 0; i < n_queues(c); i++) {
		uint32_t max = size_max(c, i);

		judge(c, "MMIO-DEV-19", max == queue_size_max(c, i),
			"expected QueueSizeMax %u of queue %u again, saw %u", queue_size_max(c, i), i, max);
		judge(c, "SPLIT-DEV-26", max <= VMMIO_QUEUE_SIZE_LIMIT,
			"expected QueueSizeMax at most 32768, saw %u for queue %u", max, i);
	}
}

/* Each time queue 0 was selected before: a selection that is not taken over shows that one's. The
 * suite counts up to 64 queues; a device that has so many may have more. */
static void sizes(struct conform *c)
{
	static const uint32_t beyond[] = {0, 0xffff, 0x10000, 0x7fffffff, 0xffffffff};

	need(c, n_queues(c) > 0, "the device has no queue 0");
	existing_sizes(c);
	for (size_t i = n_queues(c) < 64 ? 0 : 2; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		uint32_t queue = i ? beyond[i] : n_queues(c), max;

		size_max(c, 0);
		max = size_max(c, queue);
		judge(c, "MMIO-DEV-19", max == 0,
			"expected QueueSizeMax 0 for queue 0x%x, which the device does not have, saw %u "
			"(selected after queue 0, whose size is %u)",
			queue, max, queue_size_max(c, 0));
	}
}

static void sizes_known(struct conform *c)
{
	uint32_t n = target(c)->known_queues, max;

	for (uint32_t i = 0; i < n; i++) {
		max = size_max(c, i);
		if (max > VMMIO_QUEUE_SIZE_LIMIT)
			continue; /* its own mistake: "queue-sizes" */
		judge(c, "MMIO-DEV-19", max == target(c)->known_queue_size,
			"expected QueueSizeMax %u for queue %u, as configured, saw %u",
			target(c)->known_queue_size, i, max);
	}
	max = size_max(c, n);
	judge(c, "MMIO-DEV-19", max == 0, "expected no queue %u, saw QueueSizeMax %u", n, max);
}

static uint32_t ready_of(struct conform *c, uint32_t queue)
{
	wr(c, VMMIO_REG_QUEUE_SEL, queue);
	return rd(c, VMMIO_REG_QUEUE_READY);
}

static void judge_ready(struct conform *c, uint32_t queue, uint32_t expected, const char *when)
{
	uint32_t seen = ready_of(c, queue);

	judge(c, "MMIO-DEV-18", seen == expected, "expected QueueReady %u of queue %u %s, saw %u", expected,
		queue, when, seen);
}

/* Goes round the ring, so that its size matters. */
static bool goes_round(struct conform *c, struct ring *ring)
{
	for (uint32_t i = 0; i < ring->size + 2; i++) {
		if (!request_answered(c, ring))
			return false;
	}
	return true;
}

static void need_two_queues(struct conform *c)
{
	need(c, n_queues(c) >= 2, "the device has one queue only");
	need(c, multiqueue(c) || traffic_any(c),
		"the suite has no requests for this device's second queue");
}

/* Both queues set up one after the other, as drivers do; whether the second is served, too. */
static bool both_work(struct conform *c)
{
	struct ring first, second;

	negotiate_fresh(c, ring_feature(c) | multiqueue(c));
	ring_init(c, &first, 0, ring_size_up_to(c, 0, 8));
	ring_enable(c, &first);
	ring_init(c, &second, 1, ring_size_up_to(c, 1, 8));
	ring_enable(c, &second);
	driver_ok(c);
	return request_answered(c, &first) && request_answered(c, &second);
}

/* Two queues are set up in turns, register by register: nothing may land on the other one. */
static void selection(struct conform *c)
{
	struct ring first, second;
	bool second_works;

	need_two_queues(c);
	traffic_start(c, &first, multiqueue(c), ring_size_up_to(c, 0, 8));
	need(c, goes_round(c, &first), "queue 0 does not work, with this size and alone");
	second_works = both_work(c);
	negotiate_fresh(c, ring_feature(c) | multiqueue(c));
	ring_init(c, &first, 0, ring_size_up_to(c, 0, 8));
	ring_init(c, &second, 1, ring_size_up_to(c, 1, 4));
	ring_program(c, &first);
	ring_program(c, &second);
	need(c, !ready_of(c, 0) && !ready_of(c, 1), "QueueReady does not begin with 0");
	ring_enable(c, &first);
	need(c, ready_of(c, 0) == 1, "QueueReady does not read 1");
	judge_ready(c, 1, 0, "when only queue 0 was enabled");
	ring_enable(c, &second);
	judge_ready(c, 0, 1, "after queue 1 was enabled, too");
	driver_ok(c);
	judge(c, "MMIO-DEV-18", goes_round(c, &first),
		"expected queue 0 to work, with the size and addresses that were written for it, after queue "
		"1 was set up in between, saw a request not answered");
	if (second_works)
		judge(c, "MMIO-DEV-18", goes_round(c, &second),
			"expected queue 1 to work, with half of queue 0's size and other addresses, saw a "
			"request not answered");
}

static void ready(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	negotiate_fresh(c, ring_feature(c));
	ring_init(c, &ring, traffic_queue(c), 0);
	ring_enable(c, &ring);
	seen = rd(c, VMMIO_REG_QUEUE_READY);
	judge(c, "MMIO-DEV-21", seen == 1, "expected QueueReady 1 as written, saw %u", seen);
	driver_ok(c);
	judge(c, "MMIO-DEV-21", request_answered(c, &ring),
		"expected a ready queue to be served after DRIVER_OK, saw no request answered");
	seen = rd(c, VMMIO_REG_QUEUE_READY);
	judge(c, "MMIO-DEV-21", seen == 1, "expected QueueReady 1 of a queue that runs, saw %u", seen);
}

static void not_ready(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	negotiate_fresh(c, ring_feature(c));
	ring_init(c, &ring, traffic_queue(c), 0);
	ring_enable(c, &ring);
	wr(c, VMMIO_REG_QUEUE_READY, 0);
	seen = rd(c, VMMIO_REG_QUEUE_READY);
	judge(c, "MMIO-DEV-21", seen == 0, "expected QueueReady 0 as written, saw %u", seen);
}

/* --- Shared memory ------------------------------------------------------------------------ */

static uint64_t read_halves(struct conform *c, uint32_t low, uint32_t high)
{
	uint64_t value = rd(c, low);

	return value | (uint64_t)rd(c, high) << 32;
}

/* Block and entropy devices have no shared memory region: every id is an unused one. */
static void shm_unused(struct conform *c)
{
	static const uint32_t ids[] = {0, 1, 0xff, 0x100, 0xffffffff};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint64_t seen;

		wr(c, VMMIO_REG_SHM_SEL, ids[i]);
		seen = read_halves(c, VMMIO_REG_SHM_LEN_LOW, VMMIO_REG_SHM_LEN_HIGH);
		judge(c, "MMIO-DEV-28", seen == UINT64_MAX,
			"expected SHMLen 0xffffffffffffffff (-1) for region %u, which the device does not "
			"have, saw 0x%llx",
			ids[i], (unsigned long long)seen);
		seen = read_halves(c, VMMIO_REG_SHM_BASE_LOW, VMMIO_REG_SHM_BASE_HIGH);
		judge(c, "MMIO-DEV-29", seen == UINT64_MAX,
			"expected SHMBase 0xffffffffffffffff for region %u, which the device does not have, "
			"saw 0x%llx",
			ids[i], (unsigned long long)seen);
	}
}

static void shm(struct conform *c)
{
	need(c, device_id(c) == VMMIO_ID_BLOCK || device_id(c) == VMMIO_ID_ENTROPY,
		"the suite does not know which regions this type of device has");
	shm_unused(c);
}

static const struct check checks[] = {
	{"queue-sizes", "QueueSizeMax is 0 where there is no queue, at most 32768 where there is one",
		"MMIO-DEV-19 SPLIT-DEV-26", 0, sizes},
	{"queue-sizes-known", "QueueSizeMax is what was configured", "MMIO-DEV-19", NEEDS_KNOWN,
		sizes_known},
	{"queue-selection", "QueueSel decides which queue a register belongs to", "MMIO-DEV-18",
		NEEDS_MEMORY | NEEDS_TRAFFIC, selection},
	{"queue-ready", "QueueReady reads 1 when written, and the queue is served", "MMIO-DEV-21",
		NEEDS_MEMORY | NEEDS_TRAFFIC, ready},
	{"queue-not-ready", "QueueReady reads 0 when written", "MMIO-DEV-21",
		NEEDS_MEMORY | NEEDS_TRAFFIC, not_ready},
	{"shared-memory", "A shared memory region that is not there has length and base -1",
		"MMIO-DEV-28 MMIO-DEV-29", 0, shm},
};

const struct check_topic checks_queues = CHECK_TOPIC("queues", checks);
