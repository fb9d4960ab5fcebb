/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device reset: zero is written to Status, and what then has to be so, at the latest when
 * Status reads zero. Both versions; what only one of them has is in reset_versions.c.
 */
#include "conform/checks/reset.h"

void reset_load(struct conform *c, struct reset_load *load)
{
	traffic_start(c, &load->ring, 0, 0);
	need(c, request_works(c, &load->ring), "the device does not answer a request");
	load->n = load->ring.size / 4 < RESET_LOAD ? load->ring.size / 4 : RESET_LOAD;
	load->n = load->n ? load->n : 1;
	if (can(c, NEEDS_DELAY_IO))
		delay_io(c, RESET_IO_TIME);
	for (unsigned i = 0; i < load->n; i++) {
		request_make(c, &load->requests[i], 0);
		request_add(c, &load->ring, &load->requests[i]);
	}
	ring_kick(c, &load->ring);
}

static void poison_rings(struct conform *c, const struct ring *ring)
{
	fill(c, ring->desc, POISON, ring_desc_size(ring));
	fill(c, ring->driver, POISON, ring_driver_size(ring));
	fill(c, ring->device, POISON, ring_device_size(ring));
}

void reset_poison(struct conform *c, const struct reset_load *load)
{
	poison_rings(c, &load->ring);
	for (unsigned i = 0; i < load->n; i++)
		request_poison(c, &load->requests[i]);
}

static bool intact(struct conform *c, uint64_t area, uint64_t size)
{
	return differs(c, area, POISON, size) == size;
}

const char *reset_touched(struct conform *c, const struct reset_load *load)
{
	const struct ring *ring = &load->ring;

	if (!intact(c, ring->desc, ring_desc_size(ring)))
		return "the Descriptor Area";
	if (!intact(c, ring->driver, ring_driver_size(ring)))
		return "the Driver Area";
	if (!intact(c, ring->device, ring_device_size(ring)))
		return "the Device Area";
	for (unsigned i = 0; i < load->n; i++) {
		if (request_touched(c, &load->requests[i]))
			return "a buffer";
	}
	return NULL;
}

/* --- It happens, and it ends ------------------------------------------------------------- */

/* A driver that has not begun again notifies a queue of the old life: is it answered? */
static bool still_serves(struct conform *c, struct ring *ring)
{
	struct request request;
	struct used used;

	request_make(c, &request, 0);
	request_add(c, ring, &request);
	ring_kick(c, ring);
	settle(c);
	return ring_used(c, ring, &used) || request_touched(c, &request);
}

static void happens(struct conform *c)
{
	struct ring ring;
	uint32_t status;
	bool zero;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	wr(c, VMMIO_REG_STATUS, 0);
	zero = wait_reset(c);
	status = rd(c, VMMIO_REG_STATUS);
	judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", zero,
		"expected Status 0 after 0 was written to it, saw 0x%x for %llu ms", status,
		(unsigned long long)(patience(c) / 1000000));
	judge(c, "MMIO-DEV-26", zero, "expected writing 0 to Status to reset the device, saw Status 0x%x",
		status);
	judge(c, "PATCH-DEV-02", !still_serves(c, &ring),
		"expected a reset when 0 is written to Status, saw the queue of before served as if nothing "
		"had happened");
}

static void happens_inside(struct conform *c)
{
	struct vmmio_target_activity before, after;
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	before = activity(c);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	after = activity(c);
	by_hook(c);
	judge(c, "PATCH-DEV-02", after.resets > before.resets,
		"expected the device's side to have been reset when Status reads 0, saw that it was not");
}

static void stays_zero(struct conform *c)
{
	struct reset_load load;
	uint32_t status;

	reset_load(c, &load);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	for (unsigned i = 0; i < 5; i++) {
		settle(c);
		status = rd(c, VMMIO_REG_STATUS);
		judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", status == 0,
			"expected Status to stay 0 after the reset, saw 0x%x without a write", status);
	}
}

/* At each status value that a driver may be at; the device has to come up afterwards. */
static void at_each_status(struct conform *c)
{
	static const uint32_t statuses[] = {0, 1, 3, 0xb, 0xf, 0x80 | 0xf};
	struct ring ring;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		uint32_t status = statuses[i];

		if (status & VMMIO_STATUS_FEATURES_OK)
			negotiate_fresh(c, ring_feature(c));
		else if (status)
			wr(c, VMMIO_REG_STATUS, status);
		if (status & VMMIO_STATUS_DRIVER_OK)
			ring_go(c, &ring, traffic_queue(c), 8);
		if (status & VMMIO_STATUS_FAILED)
			wr(c, VMMIO_REG_STATUS, status);
		wr(c, VMMIO_REG_STATUS, 0);
		judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", wait_reset(c),
			"expected Status 0 after a reset at Status 0x%x, saw 0x%x", status,
			rd(c, VMMIO_REG_STATUS));
	}
}

/* --- What a reset clears ------------------------------------------------------------------- */

static void clears_interrupt(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	need(c, wait_interrupt(c, VMMIO_INT_USED_BUFFER), "InterruptStatus shows no used buffer");
	if (can(c, NEEDS_CHANGE_CONFIG)) {
		change_config(c);
		need(c, wait_interrupt(c, VMMIO_INT_ALL), "InterruptStatus shows no configuration change");
	}
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "MMIO-DEV-04", seen == 0, "expected InterruptStatus 0 after a reset, saw 0x%x", seen);
	if (has_line(c))
		judge(c, "MMIO-DEV-33", line(c) == (seen != 0),
			"expected the interrupt line low after a reset, saw it high");
}

static void clears_queues(struct conform *c)
{
	struct ring rings[4];
	unsigned n = n_queues(c) < 4 ? n_queues(c) : 4;

	negotiate_fresh(c, ring_feature(c) | multiqueue(c));
	for (unsigned i = 0; i < n; i++) {
		ring_init(c, &rings[i], i, 8 <= queue_size_max(c, i) ? 8 : 0);
		ring_enable(c, &rings[i]);
	}
	driver_ok(c);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	for (unsigned i = 0; i < n; i++) {
		uint32_t seen;

		wr(c, VMMIO_REG_QUEUE_SEL, i);
		seen = rd(c, VMMIO_REG_QUEUE_READY);
		judge(c, "MMIO-DEV-05", seen == 0, "expected QueueReady 0 of queue %u after a reset, saw %u", i,
			seen);
	}
}

/* --- After it -------------------------------------------------------------------------------- */

static void nothing_later(struct conform *c)
{
	struct reset_load load;
	const char *touched;
	uint32_t seen;

	reset_load(c, &load);
	if (can(c, NEEDS_DELAY_IO))
		by_hook(c);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	reset_poison(c, &load);
	for (unsigned i = 0; i < 3; i++)
		settle(c);
	touched = reset_touched(c, &load);
	judge(c, "GEN-DEV-12", !touched,
		"expected guest memory untouched once Status read 0, saw %s written later", touched);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-11", seen == 0,
		"expected no notification once Status read 0, saw InterruptStatus 0x%x later", seen);
	if (has_line(c))
		judge(c, "GEN-DEV-11", !line(c), "expected no interrupt once Status read 0, saw the line high");
}

/* The old queue, as it was, with a new request in it: nobody may look at it. */
static void not_served(struct conform *c)
{
	struct ring ring;
	bool served;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	served = still_serves(c, &ring);
	judge_both(c, "GEN-DEV-12", "GEN-DEV-45", !served,
		"expected no queue live after a reset, saw a request served");
}

static void config_later(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	by_hook(c);
	change_config(c);
	settle(c);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-11", seen == 0,
		"expected no configuration change notification between a reset and DRIVER_OK, saw "
		"InterruptStatus 0x%x",
		seen);
}

static const struct check checks[] = {
	{"reset-happens", "Zero in Status resets the device, and Status reads zero again",
		"PATCH-DEV-02 PATCH-DEV-03 GEN-DEV-10 MMIO-DEV-26", NEEDS_MEMORY | NEEDS_TRAFFIC, happens},
	{"reset-happens-inside", "... not only in the registers", "PATCH-DEV-02",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_ACTIVITY, happens_inside},
	{"reset-stays-zero", "Status stays zero after the reset", "PATCH-DEV-03 GEN-DEV-10",
		NEEDS_MEMORY | NEEDS_TRAFFIC, stays_zero},
	{"reset-each-status", "A reset ends at whatever Status it begins", "PATCH-DEV-03 GEN-DEV-10",
		NEEDS_MEMORY | NEEDS_TRAFFIC, at_each_status},
	{"reset-clears-interrupt", "A reset clears InterruptStatus", "MMIO-DEV-04 MMIO-DEV-33",
		NEEDS_MEMORY | NEEDS_TRAFFIC, clears_interrupt},
	{"reset-clears-queues", "A reset clears QueueReady of all queues", "MMIO-DEV-05",
		NEEDS_MEMORY | NEEDS_TRAFFIC, clears_queues},
	{"reset-nothing-later", "Once Status reads zero no request of before is heard of",
		"GEN-DEV-11 GEN-DEV-12", NEEDS_MEMORY | NEEDS_TRAFFIC, nothing_later},
	{"reset-not-served", "Once Status reads zero the old queue is not looked at",
		"GEN-DEV-12 GEN-DEV-45", NEEDS_MEMORY | NEEDS_TRAFFIC, not_served},
	{"reset-config-later", "Once Status reads zero no change is notified", "GEN-DEV-11",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_CHANGE_CONFIG, config_later},
};

const struct check_topic checks_reset = CHECK_TOPIC("reset", checks);
