/* SPDX-License-Identifier: BSD-3-Clause */
/* InterruptStatus, InterruptACK and the line. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

static uint32_t pending(struct conform *c)
{
	return rd(c, VMMIO_REG_INTERRUPT_STATUS);
}

/* The line is high exactly while InterruptStatus is not 0: what it was seen to be. */
static void judge_line(struct conform *c, uint32_t seen, const char *when)
{
	bool high = seen != 0;

	if (has_line(c))
		judge(c, "MMIO-DEV-33", line(c) == high, "expected the interrupt line %s %s, saw it %s",
			high ? "high" : "low", when, high ? "low" : "high");
}

static void quiet(struct conform *c)
{
	struct ring ring;
	uint32_t seen = pending(c);

	judge(c, "MMIO-DEV-03", seen == 0, "expected InterruptStatus 0 on a fresh device, saw 0x%x", seen);
	judge_line(c, seen, "on a fresh device");
	if (!can(c, NEEDS_MEMORY | NEEDS_TRAFFIC))
		return;
	traffic_start(c, &ring, 0, 0);
	settle(c);
	seen = pending(c);
	judge(c, "MMIO-DEV-03", seen == 0,
		"expected InterruptStatus 0 on a device that was given nothing to do, saw 0x%x", seen);
}

/* A request that was answered, its event pending. */
static void answer_one(struct conform *c, struct ring *ring)
{
	uint32_t seen;

	need(c, request_works(c, ring), "the device does not answer a request");
	judge(c, "MMIO-DEV-02", wait_until_any_interrupt(c),
		"expected an event in InterruptStatus once a buffer was used, saw 0 for %llu ms",
		(unsigned long long)(patience(c) / 1000000));
	seen = pending(c);
	judge(c, "MMIO-DEV-23", seen & VMMIO_INT_USED_BUFFER,
		"expected bit 0 of InterruptStatus for a used buffer, saw 0x%x", seen);
	judge(c, "MMIO-DEV-23", !(seen & VMMIO_INT_CONFIG_CHANGE),
		"expected bit 1 of InterruptStatus clear when only a buffer was used, saw 0x%x", seen);
	judge(c, "MMIO-DEV-03", !(seen & ~VMMIO_INT_ALL),
		"expected bits 2 to 31 of InterruptStatus clear, saw 0x%x", seen);
	need(c, seen & VMMIO_INT_USED_BUFFER, "InterruptStatus shows no used buffer");
	judge_line(c, seen, "with a used buffer pending");
}

static void used_buffer(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	answer_one(c, &ring);
	settle(c);
	seen = pending(c);
	judge(c, "MMIO-DEV-02", seen & VMMIO_INT_USED_BUFFER,
		"expected bit 0 of InterruptStatus until it is acknowledged, saw 0x%x without an "
		"acknowledgement", seen);
	judge_line(c, seen, "some time after a buffer was used");
}

static void acknowledge_used(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	answer_one(c, &ring);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", seen & VMMIO_INT_USED_BUFFER,
		"expected an acknowledgement of bit 1 to leave bit 0 of InterruptStatus, saw 0x%x", seen);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", seen == 0,
		"expected InterruptStatus 0 after its one event was acknowledged, saw 0x%x", seen);
	judge_line(c, seen, "after the only event was acknowledged");
	/* The next event is a new one. */
	answer_one(c, &ring);
}

static void config_change(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	by_hook(c);
	change_config(c);
	judge(c, "MMIO-DEV-02", wait_until_any_interrupt(c),
		"expected an event in InterruptStatus once the configuration changed, saw 0");
	seen = pending(c);
	judge(c, "GEN-DEV-44", seen != 0,
		"expected a configuration change notification once the configuration changed, saw "
		"InterruptStatus 0");
	need(c, seen, "no event shows");
	judge(c, "MMIO-DEV-23", seen & VMMIO_INT_CONFIG_CHANGE,
		"expected bit 1 of InterruptStatus for a configuration change, saw 0x%x", seen);
	judge(c, "MMIO-DEV-03", !(seen & ~VMMIO_INT_ALL), "expected bits 2 to 31 clear, saw 0x%x", seen);
	judge(c, "MMIO-DEV-03", !(seen & VMMIO_INT_USED_BUFFER),
		"expected bit 0 of InterruptStatus clear while no buffer was used, saw 0x%x", seen);
	judge_line(c, seen, "with a configuration change pending");
	settle(c);
	seen = pending(c);
	judge(c, "MMIO-DEV-02", seen != 0, "expected the event until it is acknowledged, saw it gone");
}

/* An event shows whether or not another one is pending. */
static void both_show(struct conform *c)
{
	bool shown = wait_interrupt(c, VMMIO_INT_ALL);
	uint32_t seen = pending(c);

	judge(c, "MMIO-DEV-02", shown || !seen,
		"expected InterruptStatus 3 after a buffer was used and the configuration changed, saw "
		"0x%x", seen);
	need(c, shown, "the two events do not show: InterruptStatus 0x%x", seen);
}

static void two_events(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	by_hook(c);
	change_config(c);
	both_show(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", seen == VMMIO_INT_CONFIG_CHANGE,
		"expected InterruptStatus 2 when bit 0 of 3 was acknowledged, saw 0x%x", seen);
	judge_line(c, seen, "with one of two events acknowledged");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", seen == 0,
		"expected InterruptStatus 0 when both events were acknowledged, saw 0x%x", seen);
	judge_line(c, seen, "with both events acknowledged");
}

static void two_events_at_once(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	by_hook(c);
	change_config(c);
	both_show(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", seen == 0,
		"expected InterruptStatus 0 when both events were acknowledged at once, saw 0x%x", seen);
	judge_line(c, seen, "with both events acknowledged at once");
}

static const struct check checks[] = {
	{"interrupt-quiet", "No event where nothing happened", "MMIO-DEV-03 MMIO-DEV-33", 0, quiet},
	{"interrupt-used", "A used buffer is bit 0, until it is acknowledged",
		"MMIO-DEV-02 MMIO-DEV-03 MMIO-DEV-23 MMIO-DEV-33", NEEDS_MEMORY | NEEDS_TRAFFIC,
		used_buffer},
	{"interrupt-ack", "InterruptACK clears what is written, nothing else",
		"MMIO-DEV-02 MMIO-DEV-03 MMIO-DEV-23 MMIO-DEV-24 MMIO-DEV-33",
		NEEDS_MEMORY | NEEDS_TRAFFIC, acknowledge_used},
	{"interrupt-config", "A configuration change is bit 1, until it is acknowledged",
		"MMIO-DEV-02 MMIO-DEV-03 MMIO-DEV-23 MMIO-DEV-33 GEN-DEV-44",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_CHANGE_CONFIG, config_change},
	{"interrupt-two", "Two events are acknowledged one by one",
		"MMIO-DEV-02 MMIO-DEV-24 MMIO-DEV-33",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_CHANGE_CONFIG, two_events},
	{"interrupt-both", "... or both at once", "MMIO-DEV-02 MMIO-DEV-24 MMIO-DEV-33",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_CHANGE_CONFIG, two_events_at_once},
};

const struct check_topic checks_interrupt = CHECK_TOPIC("interrupt", checks);
