/* SPDX-License-Identifier: BSD-3-Clause */
/* When queues are live: from DRIVER_OK on, and only while QueueReady is 1. */
#include "conform/checks/reset.h"

/* A queue with a request in it that the device must not look at yet. */
static void prepare(struct conform *c, struct ring *ring, struct request *request)
{
	negotiate_fresh(c, ring_feature(c));
	ring_init(c, ring, traffic_queue(c), 0);
	request_make(c, request, 0);
	request_add(c, ring, request);
	ring_publish(c, ring);
}

/* Chains that the device has taken, as far as it tells. */
static uint64_t taken(struct conform *c)
{
	return can(c, NEEDS_ACTIVITY) ? activity(c).taken : 0;
}

/* Nothing but looking at the device's inside shows what was taken and not given back. */
static void judge_none_taken(
	struct conform *c, const char *requirement, uint64_t before, const char *when)
{
	uint64_t n;

	if (!can(c, NEEDS_ACTIVITY))
		return;
	n = taken(c) - before;
	by_hook(c);
	judge(c, requirement, n == 0, "expected no buffer taken off the queue %s, saw %llu", when,
		(unsigned long long)n);
	by_look(c);
}

static void judge_early(
	struct conform *c, const struct ring *ring, const struct request *request, const char *when)
{
	uint32_t seen;

	settle(c);
	judge(c, "GEN-DEV-01", !ring_waiting(c, ring) && !request_touched(c, request),
		"expected no buffer consumed before DRIVER_OK, saw one used%s", when);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-02", !(seen & VMMIO_INT_USED_BUFFER),
		"expected no used buffer notification before DRIVER_OK, saw InterruptStatus 0x%x%s", seen,
		when);
}

static void before_driver_ok(struct conform *c)
{
	struct request request;
	struct ring ring;
	struct used used;
	uint64_t before = taken(c);

	prepare(c, &ring, &request);
	ring_enable(c, &ring);
	judge_early(c, &ring, &request, "");
	ring_notify(c, &ring);
	judge_early(c, &ring, &request, " after a write to QueueNotify");
	judge_none_taken(c, "GEN-DEV-01", before, "before DRIVER_OK");
	need(c, !ring_waiting(c, &ring), "the buffer was used before DRIVER_OK already");
	driver_ok(c);
	ring_notify(c, &ring);
	judge(c, "GEN-DEV-45", ring_wait(c, &ring, &used),
		"expected a buffer that was available before DRIVER_OK to be used after it, saw it was not");
}

/* All queues that were set up are live, not only the first. */
static void all_live(struct conform *c)
{
	struct request requests[2];
	struct ring rings[2];
	struct used used;

	need(c, n_queues(c) >= 2 && (multiqueue(c) || traffic_any(c)),
		"the device has no second queue that the suite has requests for");
	negotiate_fresh(c, ring_feature(c) | multiqueue(c));
	for (unsigned i = 0; i < 2; i++) {
		ring_init(c, &rings[i], i, 0);
		request_make(c, &requests[i], 0);
		request_add(c, &rings[i], &requests[i]);
		ring_publish(c, &rings[i]);
		need(c, rd(c, VMMIO_REG_QUEUE_READY) == 0, "QueueReady of queue %u begins with 1", i);
		ring_enable(c, &rings[i]);
	}
	driver_ok(c);
	for (unsigned i = 0; i < 2; i++) {
		ring_notify(c, &rings[i]);
		judge(c, "GEN-DEV-45", ring_wait(c, &rings[i], &used),
			"expected both queues live after DRIVER_OK, saw the buffer in queue %u not used", i);
	}
}

static void never_ready(struct conform *c)
{
	struct request request;
	struct ring ring;
	uint64_t before = taken(c);

	prepare(c, &ring, &request);
	driver_ok(c);
	ring_notify(c, &ring);
	settle(c);
	judge(c, "MMIO-DEV-07", !ring_waiting(c, &ring) && !request_touched(c, &request),
		"expected a queue with QueueReady 0 left alone, saw its buffer used");
	judge_none_taken(c, "MMIO-DEV-07", before, "while QueueReady is 0");
}

static bool set_unready(struct conform *c, const struct ring *ring)
{
	wr(c, VMMIO_REG_QUEUE_SEL, ring->index);
	wr(c, VMMIO_REG_QUEUE_READY, 0);
	return rd(c, VMMIO_REG_QUEUE_READY) == 0;
}

static void no_longer_ready(struct conform *c)
{
	struct ring ring;
	uint64_t before;
	bool unready;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	unready = set_unready(c, &ring);
	judge(c, "MMIO-DEV-21", unready, "expected QueueReady 0 as written with DRIVER_OK set, saw 1");
	need(c, unready, "QueueReady stays 1");
	before = taken(c);
	judge(c, "MMIO-DEV-07", !request_served(c, &ring),
		"expected a queue left alone after QueueReady was set to 0, saw its buffer used");
	judge_none_taken(c, "MMIO-DEV-07", before, "after QueueReady was set to 0");
}

/* A request is at work when QueueReady is set to 0: once that reads 0 nothing of it goes to the
 * queue. What becomes of its buffers the text leaves open. */
static void no_longer_ready_slow(struct conform *c)
{
	struct reset_load load;
	const char *touched;

	reset_load(c, &load);
	need(c, load.held, "the requests are done at once");
	by_hook(c);
	need(c, set_unready(c, &load.ring), "QueueReady stays 1");
	reset_poison(c, &load);
	for (unsigned i = 0; i < 3; i++)
		settle(c);
	touched = reset_touched_ring(c, &load.ring);
	judge(c, "MMIO-DEV-07", !touched,
		"expected a queue left alone once QueueReady reads 0, saw %s written later", touched);
}

/* --- Errors that only a reset cures ------------------------------------------------------------- */

static bool needs_reset(struct conform *c, void *arg)
{
	uint32_t *status = arg;

	*status = rd(c, VMMIO_REG_STATUS);
	return *status & VMMIO_STATUS_NEEDS_RESET;
}

static void broken_live(struct conform *c)
{
	struct ring ring;
	uint32_t status;
	bool shown, told;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	need(c, wait_event(c), "no used buffer shows in InterruptStatus");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	by_hook(c);
	break_down(c);
	/* The notification first: what comes with it has to be there when Status is read after. */
	told = rd(c, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_CONFIG_CHANGE;
	shown = needs_reset(c, &status);
	if (told)
		judge(c, "GEN-DEV-04", shown,
			"expected DEVICE_NEEDS_RESET in Status before the notification of it, saw Status 0x%x "
			"with InterruptStatus bit 1 set",
			status);
	shown = wait_until(c, needs_reset, &status, patience(c));
	judge(c, "GEN-DEV-03", shown,
		"expected DEVICE_NEEDS_RESET in Status once the device broke down, saw 0x%x for %llu ms",
		status, (unsigned long long)(patience(c) / 1000000));
	need(c, shown, "the device does not set DEVICE_NEEDS_RESET");
	judge(c, "GEN-DEV-04", told || wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE),
		"expected a configuration change notification once DEVICE_NEEDS_RESET was set, saw "
		"InterruptStatus 0x%x",
		rd(c, VMMIO_REG_INTERRUPT_STATUS));
}

#define NEEDS (NEEDS_MEMORY | NEEDS_TRAFFIC)

static const struct check checks[] = {
	{"live-driver-ok", "Nothing is consumed or notified before DRIVER_OK",
		"GEN-DEV-01 GEN-DEV-02 GEN-DEV-45", NEEDS, before_driver_ok},
	{"live-all-queues", "All queues that were set up are live", "GEN-DEV-45", NEEDS, all_live},
	{"live-never-ready", "A queue that is not ready is left alone", "MMIO-DEV-07", NEEDS, never_ready},
	{"live-no-longer-ready", "... also one that was ready", "MMIO-DEV-07 MMIO-DEV-21", NEEDS,
		no_longer_ready},
	{"live-no-longer-ready-slow", "... with requests at work, too", "MMIO-DEV-07",
		NEEDS | NEEDS_DELAY_IO, no_longer_ready_slow},
	{"live-broken", "A device that broke down says so, and then notifies", "GEN-DEV-03 GEN-DEV-04",
		NEEDS | NEEDS_BREAK_DOWN, broken_live},
};

const struct check_topic checks_live = CHECK_TOPIC("live", checks);
