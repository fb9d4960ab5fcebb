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

static void before_driver_ok(struct conform *c)
{
	struct request request;
	struct ring ring;
	struct used used;
	uint32_t seen;

	prepare(c, &ring, &request);
	ring_enable(c, &ring);
	ring_notify(c, &ring);
	settle(c);
	judge(c, "GEN-DEV-01", !ring_waiting(c, &ring) && !request_touched(c, &request),
		"expected no buffer consumed before DRIVER_OK, saw one used");
	if (can(c, NEEDS_ACTIVITY)) {
		by_hook(c);
		judge(c, "GEN-DEV-01", activity(c).taken == 0,
			"expected no buffer consumed before DRIVER_OK, saw %llu taken off the queue",
			(unsigned long long)activity(c).taken);
		by_look(c);
	}
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-02", !(seen & VMMIO_INT_USED_BUFFER),
		"expected no used buffer notification before DRIVER_OK, saw InterruptStatus 0x%x", seen);
	if (has_line(c))
		judge(c, "GEN-DEV-02", !line(c),
			"expected no interrupt before DRIVER_OK, saw the line high");
	need(c, !ring_waiting(c, &ring), "the buffer is used already");
	driver_ok(c);
	ring_notify(c, &ring);
	judge(c, "GEN-DEV-45", ring_wait(c, &ring, &used),
		"expected a buffer that was available before DRIVER_OK to be used after it, saw it was not");
}

static void never_ready(struct conform *c)
{
	struct request request;
	struct ring ring;

	prepare(c, &ring, &request);
	driver_ok(c);
	ring_notify(c, &ring);
	settle(c);
	judge(c, "MMIO-DEV-07", !ring_waiting(c, &ring) && !request_touched(c, &request),
		"expected a queue with QueueReady 0 left alone, saw its buffer used");
	if (!can(c, NEEDS_ACTIVITY))
		return;
	by_hook(c);
	judge(c, "MMIO-DEV-07", activity(c).taken == 0,
		"expected nothing taken off a queue with QueueReady 0, saw %llu chains taken",
		(unsigned long long)activity(c).taken);
}

static void no_longer_ready(struct conform *c)
{
	struct request request;
	struct ring ring;
	bool used;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	wr(c, VMMIO_REG_QUEUE_SEL, ring.index);
	wr(c, VMMIO_REG_QUEUE_READY, 0);
	need(c, rd(c, VMMIO_REG_QUEUE_READY) == 0, "QueueReady stays 1");
	request_make(c, &request, 0);
	request_add(c, &ring, &request);
	ring_kick(c, &ring);
	settle(c);
	used = ring_waiting(c, &ring) || request_touched(c, &request);
	judge(c, "MMIO-DEV-07", !used,
		"expected a queue left alone after QueueReady was set to 0, saw its buffer used");
}

/* A request is at work when QueueReady is set to 0: once that reads 0 it is not. */
static void no_longer_ready_slow(struct conform *c)
{
	struct reset_load load;
	const char *touched;

	reset_load(c, &load);
	by_hook(c);
	wr(c, VMMIO_REG_QUEUE_SEL, load.ring.index);
	wr(c, VMMIO_REG_QUEUE_READY, 0);
	need(c, rd(c, VMMIO_REG_QUEUE_READY) == 0, "QueueReady stays 1");
	reset_poison(c, &load);
	for (unsigned i = 0; i < 3; i++)
		settle(c);
	touched = reset_touched(c, &load);
	judge(c, "MMIO-DEV-07", !touched,
		"expected a queue left alone once QueueReady reads 0, saw %s written later", touched);
}

/* --- Errors that only a reset cures ------------------------------------------------------------- */

static bool needs_reset(struct conform *c, void *arg)
{
	(void)arg;
	return rd(c, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET;
}

static void broken_live(struct conform *c)
{
	struct ring ring;
	bool shown, told;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	by_hook(c);
	break_down(c);
	told = rd(c, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_CONFIG_CHANGE;
	shown = needs_reset(c, NULL);
	judge(c, "GEN-DEV-04", shown || !told,
		"expected DEVICE_NEEDS_RESET in Status before the notification of it, saw Status 0x%x and "
		"InterruptStatus bit 1",
		rd(c, VMMIO_REG_STATUS));
	shown = wait_until(c, needs_reset, NULL, patience(c));
	judge(c, "GEN-DEV-03", shown,
		"expected DEVICE_NEEDS_RESET in Status once the device broke down, saw 0x%x",
		rd(c, VMMIO_REG_STATUS));
	need(c, shown, "the device does not set DEVICE_NEEDS_RESET");
	judge(c, "GEN-DEV-04", wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE),
		"expected a configuration change notification once DEVICE_NEEDS_RESET was set, saw "
		"InterruptStatus 0x%x",
		rd(c, VMMIO_REG_INTERRUPT_STATUS));
	if (has_line(c))
		judge(c, "GEN-DEV-04", line(c), "expected the interrupt line high, saw it low");
}

#define NEEDS (NEEDS_MEMORY | NEEDS_TRAFFIC)

static const struct check checks[] = {
	{"live-driver-ok", "Nothing is consumed or notified before DRIVER_OK",
		"GEN-DEV-01 GEN-DEV-02 GEN-DEV-45", NEEDS, before_driver_ok},
	{"live-never-ready", "A queue that is not ready is left alone", "MMIO-DEV-07", NEEDS, never_ready},
	{"live-no-longer-ready", "... also one that was ready", "MMIO-DEV-07", NEEDS, no_longer_ready},
	{"live-no-longer-ready-slow", "... with requests at work, too", "MMIO-DEV-07",
		NEEDS | NEEDS_DELAY_IO, no_longer_ready_slow},
	{"live-broken", "A device that broke down says so, and then notifies", "GEN-DEV-03 GEN-DEV-04",
		NEEDS | NEEDS_BREAK_DOWN, broken_live},
};

const struct check_topic checks_live = CHECK_TOPIC("live", checks);
