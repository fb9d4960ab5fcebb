/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device reset: zero is written to Status, and what then has to be so, at the latest when
 * Status reads zero. Both versions; what only one of them has is in reset_versions.c.
 */
#include "conform/checks/config.h"
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
	load->held = can(c, NEEDS_DELAY_IO) && !ring_waiting(c, &load->ring);
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

const char *reset_touched_ring(struct conform *c, const struct ring *ring)
{
	if (!intact(c, ring->desc, ring_desc_size(ring)))
		return "the Descriptor Area";
	if (!intact(c, ring->driver, ring_driver_size(ring)))
		return "the Driver Area";
	return intact(c, ring->device, ring_device_size(ring)) ? NULL : "the Device Area";
}

const char *reset_touched(struct conform *c, const struct reset_load *load)
{
	const char *touched = reset_touched_ring(c, &load->ring);

	for (unsigned i = 0; !touched && i < load->n; i++)
		touched = request_touched(c, &load->requests[i]) ? "a buffer" : NULL;
	return touched;
}

struct reset_view reset_look(struct conform *c, unsigned queue)
{
	struct reset_view view = {.status = rd(c, VMMIO_REG_STATUS)};

	view.interrupt = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	wr(c, VMMIO_REG_QUEUE_SEL, queue);
	view.ready = rd(c, VMMIO_REG_QUEUE_READY);
	return view;
}

void reset_now(struct conform *c)
{
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
}

/* --- It happens, and it ends ------------------------------------------------------------- */

/* A life with a pending event in it and a queue that is ready, and how that looks. */
static struct reset_view live_fully(struct conform *c, struct ring *ring)
{
	struct reset_view view;

	traffic_start(c, ring, 0, 0);
	need(c, request_works(c, ring), "the device does not answer a request");
	wait_event(c);
	view = reset_look(c, ring->index);
	need(c, view.ready == 1, "QueueReady of a queue that runs does not read 1");
	return view;
}

/* Nothing of that life is gone: the queue is ready, the event pending (or, where there was none,
 * the queue served). */
static bool lives_on(struct conform *c, struct ring *ring, const struct reset_view *before)
{
	struct reset_view now = reset_look(c, ring->index);

	if (now.ready != 1)
		return false;
	return before->interrupt ? now.interrupt != 0 : request_served(c, ring);
}

static void happens(struct conform *c)
{
	struct reset_view before, after;
	struct ring ring;
	bool zero, was_reset;

	before = live_fully(c, &ring);
	wr(c, VMMIO_REG_STATUS, 0);
	zero = wait_reset(c);
	after = reset_look(c, ring.index);
	was_reset = !lives_on(c, &ring, &before);
	judge_both(c, "PATCH-DEV-02", "MMIO-DEV-26", was_reset,
		"expected a reset when 0 is written to Status, saw QueueReady 1 and InterruptStatus 0x%x "
		"as before it, Status 0x%x",
		after.interrupt, after.status);
	judge(c, "GEN-DEV-10", zero, "expected Status 0 after 0 was written to it, saw 0x%x for %llu ms",
		after.status, (unsigned long long)(patience(c) / 1000000));
	need(c, was_reset, "there was no reset that could have finished");
	judge(c, "PATCH-DEV-03", zero,
		"expected Status 0 once the device has been reset (QueueReady %u, InterruptStatus 0x%x), saw "
		"0x%x for %llu ms",
		after.ready, after.interrupt, after.status,
		(unsigned long long)(patience(c) / 1000000));
	judge(c, "MMIO-DEV-04", after.interrupt == 0, "expected InterruptStatus 0 after a reset, saw 0x%x",
		after.interrupt);
	judge(c, "MMIO-DEV-05", after.ready == 0, "expected QueueReady 0 after a reset, saw %u",
		after.ready);
}

static void happens_inside(struct conform *c)
{
	struct vmmio_target_activity before, after;
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	before = activity(c);
	reset_now(c);
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
	reset_now(c);
	for (unsigned i = 0; i < 5; i++) {
		settle(c);
		status = rd(c, VMMIO_REG_STATUS);
		judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", status == 0,
			"expected Status to stay 0 after the reset, saw 0x%x without a write", status);
	}
}

/* Brings a device that was reset to this Status. */
static void bring_to(struct conform *c, uint32_t status)
{
	struct ring ring;

	if (status & VMMIO_STATUS_FEATURES_OK)
		negotiate_fresh(c, ring_feature(c));
	else if (status)
		wr(c, VMMIO_REG_STATUS, status);
	if (status & VMMIO_STATUS_DRIVER_OK)
		ring_go(c, &ring, traffic_queue(c), ring_size_up_to(c, traffic_queue(c), 8));
	if (status & VMMIO_STATUS_FAILED)
		wr(c, VMMIO_REG_STATUS, status);
}

static bool comes_up(struct conform *c)
{
	struct ring ring;

	traffic_start(c, &ring, 0, ring_size_up_to(c, traffic_queue(c), 8));
	return request_works(c, &ring);
}

/* Status 0 after a reset, and a device that can begin anew. */
static void judge_ended(struct conform *c, const char *when)
{
	bool zero = wait_reset(c);
	struct reset_view after = reset_look(c, traffic_queue(c));

	judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", zero,
		"expected Status 0 after a reset %s, saw 0x%x for %llu ms", when, after.status,
		(unsigned long long)(patience(c) / 1000000));
	need(c, zero && !after.ready, "the reset %s leaves Status 0x%x, QueueReady %u", when, after.status,
		after.ready);
	judge(c, "PATCH-DEV-02", comes_up(c),
		"expected a device that can be set up anew after a reset %s, saw no request answered", when);
}

/* At each status value that a driver may be at. */
static void at_each_status(struct conform *c)
{
	static const struct {
		uint32_t status;
		const char *when;
	} at[] = {
		{0, "at Status 0"},
		{1, "at Status 0x1"},
		{3, "at Status 0x3"},
		{0xb, "at Status 0xb"},
		{0xf, "at Status 0xf"},
		{0x80 | 0x3, "at Status 0x83"},
		{0x80 | 0xf, "at Status 0x8f"},
	};

	need(c, comes_up(c), "the device does not answer a request");
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		reset(c);
		bring_to(c, at[i].status);
		wr(c, VMMIO_REG_STATUS, 0);
		judge_ended(c, at[i].when);
	}
}

/* Nothing but a reset can help a device that broke down, so that has to. */
static void broken(struct conform *c)
{
	need(c, comes_up(c), "the device does not answer a request");
	break_down(c);
	settle(c);
	if (rd(c, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET)
		by_hook(c);
	wr(c, VMMIO_REG_STATUS, 0);
	judge_ended(c, "of a device that broke down");
}

/* --- What a reset clears ------------------------------------------------------------------- */

static void clears_interrupt(struct conform *c)
{
	struct ring ring;
	uint32_t seen;
	bool follows;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	need(c, wait_interrupt(c, VMMIO_INT_USED_BUFFER), "InterruptStatus shows no used buffer");
	if (can(c, NEEDS_CHANGE_CONFIG)) {
		config_changes(c);
		need(c, wait_interrupt(c, VMMIO_INT_ALL), "InterruptStatus shows no configuration change");
	}
	reset_now(c);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "MMIO-DEV-04", seen == 0, "expected InterruptStatus 0 after a reset, saw 0x%x", seen);
	if (!has_line(c))
		return;
	follows = wait_line(c, seen != 0);
	judge(c, "MMIO-DEV-33", follows,
		"expected the interrupt line to follow InterruptStatus, 0x%x after a reset, saw it %s", seen,
		seen ? "low" : "high");
}

/* Makes queue i ready, in a small size; whether that shows. */
static bool make_ready(struct conform *c, unsigned i)
{
	struct ring ring;

	ring_init(c, &ring, i, ring_size_up_to(c, i, 8));
	ring_enable(c, &ring);
	return rd(c, VMMIO_REG_QUEUE_READY) == 1;
}

static void clears_queues(struct conform *c)
{
	bool was_ready[64] = {false};
	bool any = false;

	negotiate_fresh(c, ring_feature(c) | multiqueue(c));
	for (unsigned i = 0; i < n_queues(c); i++) {
		was_ready[i] = make_ready(c, i);
		any |= was_ready[i];
	}
	need(c, any, "QueueReady reads 1 for no queue");
	driver_ok(c);
	reset_now(c);
	for (unsigned i = 0; i < n_queues(c); i++) {
		uint32_t seen;

		if (!was_ready[i])
			continue;
		wr(c, VMMIO_REG_QUEUE_SEL, i);
		seen = rd(c, VMMIO_REG_QUEUE_READY);
		judge(c, "MMIO-DEV-05", seen == 0, "expected QueueReady 0 of queue %u after a reset, saw %u", i,
			seen);
	}
}

/* --- After it -------------------------------------------------------------------------------- */

/* What is left of the life before is acknowledged first: only what comes later is late. */
static void nothing_later(struct conform *c)
{
	struct reset_load load;
	const char *touched;
	uint32_t seen;
	bool was_high;

	reset_load(c, &load);
	if (load.held)
		by_hook(c);
	reset_now(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	was_high = line(c);
	reset_poison(c, &load);
	for (unsigned i = 0; i < 3; i++)
		settle(c);
	touched = reset_touched(c, &load);
	judge(c, "GEN-DEV-12", !touched,
		"expected guest memory untouched once Status read 0, saw %s written later", touched);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-11", !(seen & VMMIO_INT_ALL),
		"expected no notification once Status read 0, saw InterruptStatus 0x%x later", seen);
	if (has_line(c) && !was_high)
		judge(c, "GEN-DEV-11", !line(c),
			"expected no interrupt once Status read 0, saw the line go high");
}

/* The old queue, as it was, with a new request in it: nobody may look at it. */
static void not_served(struct conform *c)
{
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	reset_now(c);
	judge_both(c, "GEN-DEV-12", "GEN-DEV-45", !request_served(c, &ring),
		"expected no queue live after a reset, saw a request served");
}

static void config_later(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	traffic_start(c, &ring, 0, 0);
	reset_now(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	by_hook(c);
	config_changes(c);
	settle(c);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-11", !(seen & VMMIO_INT_ALL),
		"expected no configuration change notification between a reset and DRIVER_OK, saw "
		"InterruptStatus 0x%x",
		seen);
}

static const struct check checks[] = {
	{"reset-happens", "Zero in Status resets the device, and Status reads zero again",
		"PATCH-DEV-02 PATCH-DEV-03 GEN-DEV-10 MMIO-DEV-04 MMIO-DEV-05 MMIO-DEV-26",
		NEEDS_MEMORY | NEEDS_TRAFFIC, happens},
	{"reset-happens-inside", "... not only in the registers", "PATCH-DEV-02",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_ACTIVITY, happens_inside},
	{"reset-stays-zero", "Status stays zero after the reset", "PATCH-DEV-03 GEN-DEV-10",
		NEEDS_MEMORY | NEEDS_TRAFFIC, stays_zero},
	{"reset-each-status", "A reset ends at whatever Status it begins, and the device begins anew",
		"PATCH-DEV-02 PATCH-DEV-03 GEN-DEV-10", NEEDS_MEMORY | NEEDS_TRAFFIC, at_each_status},
	{"reset-broken", "... also when the device broke down", "PATCH-DEV-02 PATCH-DEV-03 GEN-DEV-10",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_BREAK_DOWN, broken},
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
