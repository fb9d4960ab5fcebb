/* SPDX-License-Identifier: BSD-3-Clause */
/* InterruptStatus, InterruptACK and the line. */
#include "conform/checks/config.h"
#include "conform/traffic.h"

static uint32_t pending(struct conform *c)
{
	return rd(c, VMMIO_REG_INTERRUPT_STATUS);
}

/* The line is high exactly while InterruptStatus is not 0; it may take its time to follow. */
static void judge_line(struct conform *c, const char *when)
{
	uint32_t status = pending(c);
	bool follows;

	if (!has_line(c))
		return;
	follows = wait_line(c, status != 0);
	if (!follows && pending(c) != status)
		return;
	judge(c, "MMIO-DEV-33", follows,
		"expected the interrupt line %s %s (InterruptStatus 0x%x), saw it %s",
		status ? "high" : "low", when, status, status ? "low" : "high");
}

static void quiet(struct conform *c)
{
	struct ring ring;
	uint32_t seen = pending(c);

	judge(c, "MMIO-DEV-03", seen == 0, "expected InterruptStatus 0 on a fresh device, saw 0x%x", seen);
	judge_line(c, "on a fresh device");
	if (!can(c, NEEDS_MEMORY | NEEDS_TRAFFIC))
		return;
	traffic_start(c, &ring, 0, 0);
	settle(c);
	seen = pending(c);
	judge(c, "MMIO-DEV-03", seen == 0,
		"expected InterruptStatus 0 on a device that was given nothing to do, saw 0x%x", seen);
	judge_line(c, "on a device that was given nothing to do");
}

/* InterruptStatus for one event, of which this is the bit. */
static void judge_bits(struct conform *c, uint32_t seen, uint32_t bit, const char *event)
{
	uint32_t other = VMMIO_INT_ALL & ~bit;

	judge(c, "MMIO-DEV-23", (seen & VMMIO_INT_ALL) == bit,
		"expected 0x%x in InterruptStatus for %s and nothing else, saw 0x%x", bit, event, seen);
	judge(c, "MMIO-DEV-03", !(seen & ~VMMIO_INT_ALL),
		"expected bits 2 to 31 of InterruptStatus clear, saw 0x%x", seen);
	if (seen & bit)
		judge(c, "MMIO-DEV-03", !(seen & other),
			"expected 0x%x in InterruptStatus clear when %s is all that happened, saw 0x%x",
			other, event, seen);
}

/* The event stays: nothing but an acknowledgement takes it away. */
static void judge_stays(struct conform *c, uint32_t first, const char *event)
{
	uint32_t again = pending(c);

	judge(c, "MMIO-DEV-02", (again & first) == first,
		"expected InterruptStatus 0x%x for %s until it is acknowledged, saw 0x%x at the next read",
		first, event, again);
	settle(c);
	again = pending(c);
	judge(c, "MMIO-DEV-02", (again & first) == first,
		"expected InterruptStatus 0x%x for %s until it is acknowledged, saw 0x%x later", first,
		event, again);
	judge_line(c, "until the event is acknowledged");
}

/* A request that was answered; what InterruptStatus first reads for it. */
static uint32_t answer_one(struct conform *c, struct ring *ring)
{
	uint32_t seen;

	need(c, request_works(c, ring), "the device does not answer a request");
	seen = wait_event(c);
	judge(c, "MMIO-DEV-02", seen,
		"expected an event in InterruptStatus once a buffer was used, saw 0 for %llu ms",
		(unsigned long long)(patience(c) / 1000000));
	need(c, seen, "no event shows in InterruptStatus once a buffer was used");
	return seen;
}

static void used_buffer(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	seen = answer_one(c, &ring);
	judge_bits(c, seen, VMMIO_INT_USED_BUFFER, "a used buffer");
	judge_line(c, "with a used buffer pending");
	judge_stays(c, seen, "a used buffer");
}

static void need_used(struct conform *c)
{
	need(c, pending(c) & VMMIO_INT_USED_BUFFER, "InterruptStatus shows no used buffer");
}

static void acknowledge_used(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	answer_one(c, &ring);
	need_used(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", seen & VMMIO_INT_USED_BUFFER,
		"expected an acknowledgement of bit 1 to leave bit 0 of InterruptStatus, saw 0x%x", seen);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", !(seen & VMMIO_INT_USED_BUFFER),
		"expected bit 0 of InterruptStatus clear after it was acknowledged, saw 0x%x", seen);
	judge_line(c, "after the only event was acknowledged");
	need(c, !(seen & VMMIO_INT_USED_BUFFER), "the event cannot be acknowledged");
	/* The next event is a new one. */
	answer_one(c, &ring);
	judge_line(c, "with a new event");
}

static void config_change(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	by_hook(c);
	config_changes(c);
	seen = wait_event(c);
	judge(c, "GEN-DEV-44", seen != 0,
		"expected a configuration change notification once the configuration changed, saw "
		"InterruptStatus 0 for %llu ms",
		(unsigned long long)(patience(c) / 1000000));
	if (!seen && has_line(c))
		judge(c, "MMIO-DEV-02", !line(c),
			"expected an event in InterruptStatus when the line was raised once the configuration "
			"changed, saw 0");
	need(c, seen, "no event shows in InterruptStatus once the configuration changed");
	judge_bits(c, seen, VMMIO_INT_CONFIG_CHANGE, "a configuration change");
	judge_line(c, "with a configuration change pending");
	judge_stays(c, seen, "a configuration change");
}

/* One event of each kind, after each was seen by itself. The second must not get lost. */
static void both_pending(struct conform *c, struct ring *ring)
{
	bool both;

	config_changes(c);
	need(c, wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE), "no configuration change shows");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	need(c, request_works(c, ring), "the device does not answer a request");
	need(c, wait_interrupt(c, VMMIO_INT_USED_BUFFER), "no used buffer shows");
	by_hook(c);
	config_changes(c);
	both = wait_interrupt(c, VMMIO_INT_ALL);
	judge(c, "MMIO-DEV-02", both,
		"expected InterruptStatus 3 for a used buffer and a configuration change, neither "
		"acknowledged, saw 0x%x",
		pending(c));
	need(c, both, "the two events do not show together");
}

static void two_events(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	both_pending(c, &ring);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_USED_BUFFER);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", (seen & VMMIO_INT_ALL) == VMMIO_INT_CONFIG_CHANGE,
		"expected InterruptStatus 2 when bit 0 of 3 was acknowledged, saw 0x%x", seen);
	judge_line(c, "with one of two events acknowledged");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_CONFIG_CHANGE);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", !(seen & VMMIO_INT_ALL),
		"expected both bits of InterruptStatus clear when both were acknowledged, saw 0x%x", seen);
	judge_line(c, "with both events acknowledged");
}

static void both_at_once(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	both_pending(c, &ring);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	seen = pending(c);
	judge(c, "MMIO-DEV-24", !(seen & VMMIO_INT_ALL),
		"expected both bits of InterruptStatus clear when 3 was acknowledged, saw 0x%x", seen);
}

static const struct check checks[] = {
	{"interrupt-quiet", "No event where nothing happened", "MMIO-DEV-03 MMIO-DEV-33", 0, quiet},
	{"interrupt-used", "A used buffer is bit 0, until it is acknowledged",
		"MMIO-DEV-02 MMIO-DEV-03 MMIO-DEV-23 MMIO-DEV-33", NEEDS_MEMORY | NEEDS_TRAFFIC,
		used_buffer},
	{"interrupt-ack", "InterruptACK clears what is written, nothing else",
		"MMIO-DEV-02 MMIO-DEV-24 MMIO-DEV-33", NEEDS_MEMORY | NEEDS_TRAFFIC, acknowledge_used},
	{"interrupt-config", "A configuration change is bit 1, until it is acknowledged",
		"MMIO-DEV-02 MMIO-DEV-03 MMIO-DEV-23 MMIO-DEV-33 GEN-DEV-44",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_CHANGE_CONFIG, config_change},
	{"interrupt-two", "Two events are acknowledged one by one",
		"MMIO-DEV-02 MMIO-DEV-24 MMIO-DEV-33",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_CHANGE_CONFIG, two_events},
	{"interrupt-both", "... or both at once", "MMIO-DEV-02 MMIO-DEV-24",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_CHANGE_CONFIG, both_at_once},
};

const struct check_topic checks_interrupt = CHECK_TOPIC("interrupt", checks);
