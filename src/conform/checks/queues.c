/* SPDX-License-Identifier: BSD-3-Clause */
/* The queue registers: QueueSel, QueueSizeMax, QueueReady; and SHMSel, which works the same way. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

static uint32_t size_max(struct conform *c, uint32_t queue)
{
	wr(c, VMMIO_REG_QUEUE_SEL, queue);
	return rd(c, VMMIO_REG_QUEUE_SIZE_MAX);
}

static void sizes(struct conform *c)
{
	uint32_t beyond[] = {n_queues(c), 0xffff, 0x10000, 0x7fffffff, 0xffffffff};

	need(c, n_queues(c) > 0, "the device has no queue 0");
	for (uint32_t i = 0; i < n_queues(c); i++) {
		uint32_t max = size_max(c, i);

		judge(c, "MMIO-DEV-19", max == queue_size_max(c, i),
			"expected QueueSizeMax %u of queue %u again, saw %u", queue_size_max(c, i), i, max);
		judge(c, "SPLIT-DEV-26", max <= VMMIO_QUEUE_SIZE_LIMIT,
			"expected QueueSizeMax at most 32768, saw %u for queue %u", max, i);
	}
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		uint32_t max = size_max(c, beyond[i]);

		judge(c, "MMIO-DEV-19", max == 0,
			"expected QueueSizeMax 0 for queue 0x%x, which the device does not have, saw %u",
			beyond[i], max);
	}
}

static void sizes_known(struct conform *c)
{
	for (uint32_t i = 0; i < target(c)->known_queues; i++) {
		uint32_t max = size_max(c, i);

		judge(c, "MMIO-DEV-19", max == target(c)->known_queue_size,
			"expected QueueSizeMax %u for queue %u, as configured, saw %u",
			target(c)->known_queue_size, i, max);
	}
	judge(c, "MMIO-DEV-19", size_max(c, target(c)->known_queues) == 0,
		"expected no queue %u, saw QueueSizeMax %u", target(c)->known_queues,
		size_max(c, target(c)->known_queues));
}

static void judge_ready(struct conform *c, uint32_t queue, uint32_t expected, const char *when)
{
	uint32_t seen;

	wr(c, VMMIO_REG_QUEUE_SEL, queue);
	seen = rd(c, VMMIO_REG_QUEUE_READY);
	judge(c, "MMIO-DEV-18", seen == expected, "expected QueueReady %u of queue %u %s, saw %u", expected,
		queue, when, seen);
}

/* Two queues are set up in turns, register by register: nothing may land on the other one. */
static void selection(struct conform *c)
{
	struct ring first, second;

	need(c, n_queues(c) >= 2, "the device has one queue only");
	negotiate_fresh(c, ring_feature(c) | multiqueue(c));
	ring_init(c, &first, 0, 0);
	ring_init(c, &second, 1, first.size / 2);
	ring_program(c, &first);
	ring_program(c, &second);
	ring_enable(c, &first);
	judge_ready(c, 0, 1, "after it was enabled");
	judge_ready(c, 1, 0, "when only queue 0 was enabled");
	ring_enable(c, &second);
	judge_ready(c, 0, 1, "after queue 1 was enabled, too");
	driver_ok(c);
	judge(c, "MMIO-DEV-18", request_works(c, &first),
		"expected queue 0 to work after queue 1 was set up in between, saw no request answered");
	if (device_id(c) == VMMIO_ID_BLOCK || device_id(c) == SUITE_ANY_DEVICE)
		judge(c, "MMIO-DEV-18", request_works(c, &second),
			"expected queue 1, with half the size and other addresses, to work, saw no request "
			"answered");
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
	judge(c, "MMIO-DEV-21", request_works(c, &ring),
		"expected a ready queue to be served after DRIVER_OK, saw no request answered");
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

/* Block and entropy devices have no shared memory region: every id is an unused one. */
static void shm_unused(struct conform *c)
{
	static const uint32_t ids[] = {0, 1, 0xff, 0x100, 0xffffffff};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint32_t low, high;

		wr(c, VMMIO_REG_SHM_SEL, ids[i]);
		low = rd(c, VMMIO_REG_SHM_LEN_LOW);
		high = rd(c, VMMIO_REG_SHM_LEN_HIGH);
		judge(c, "MMIO-DEV-28", low == UINT32_MAX && high == UINT32_MAX,
			"expected SHMLen -1 for region %u, which the device does not have, saw 0x%x%08x",
			ids[i], high, low);
		low = rd(c, VMMIO_REG_SHM_BASE_LOW);
		high = rd(c, VMMIO_REG_SHM_BASE_HIGH);
		judge(c, "MMIO-DEV-29", low == UINT32_MAX && high == UINT32_MAX,
			"expected SHMBase 0xffffffffffffffff for region %u, which the device does not have, "
			"saw 0x%x%08x",
			ids[i], high, low);
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
