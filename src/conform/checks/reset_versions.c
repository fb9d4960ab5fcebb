/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the version decides about a device reset: on version 2 it is over when the write is; on
 * version 3 the driver waits for zero, which is the last thing that happens.
 */
#include "conform/checks/reset.h"

static void pass(struct conform *c, uint64_t ns)
{
	pass_time(c, ns);
	settle(c);
}

/* Whether the device's side has ended another reset than those before. If not, it has to end it
 * later: a device that does not count this reset at all says nothing by that. */
static bool has_ended(struct conform *c, uint64_t before)
{
	if (activity(c).resets > before)
		return true;
	pass(c, 2 * RESET_STOP_TIME);
	need(c, activity(c).resets > before, "the device's side does not count this reset");
	return false;
}

/* --- Version 2 ------------------------------------------------------------------------------ */

/* The write has returned: from here on nothing is to change any more. */
static void judge_over(struct conform *c, const struct reset_load *load)
{
	struct reset_view at_once = reset_look(c, load->ring.index), later;
	const char *touched;

	reset_poison(c, load);
	for (unsigned i = 0; i < 3; i++)
		settle(c);
	later = reset_look(c, load->ring.index);
	touched = reset_touched(c, load);
	judge(c, "PATCH-DEV-04", !touched,
		"expected the reset to be over when the write of 0 to Status returned (version 2), saw %s "
		"written later", touched);
	judge(c, "PATCH-DEV-04", later.interrupt == at_once.interrupt && later.ready == at_once.ready,
		"expected the reset to be over when the write of 0 to Status returned (version 2), saw "
		"InterruptStatus go from 0x%x to 0x%x, QueueReady from %u to %u later",
		at_once.interrupt, later.interrupt, at_once.ready, later.ready);
}

/* Late is one thing, never another. */
static void judge_zero(struct conform *c)
{
	uint32_t status = rd(c, VMMIO_REG_STATUS);

	if (status)
		need(c, wait_reset(c), "Status stays 0x%x after 0 was written to it", status);
	judge(c, "PATCH-DEV-04", status == 0,
		"expected Status 0 when the write of 0 returns (version 2), saw 0x%x, and 0 only later", status);
	need(c, status == 0, "the reset goes on when the write of 0 to Status returns");
}

static void v2_inside(struct conform *c)
{
	struct reset_load load;

	reset_load(c, &load);
	if (load.held)
		by_hook(c);
	wr(c, VMMIO_REG_STATUS, 0);
	judge_zero(c);
	judge_over(c, &load);
}

static void v2_slow(struct conform *c)
{
	struct vmmio_target_activity at_once;
	struct reset_load load;
	uint64_t before;

	reset_load(c, &load);
	need(c, load.held, "the requests are done at once");
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	before = activity(c).resets;
	by_hook(c);
	wr(c, VMMIO_REG_STATUS, 0);
	at_once = activity(c);
	judge(c, "PATCH-DEV-04", at_once.in_flight == 0,
		"expected no request at work when the write of 0 to Status returns (version 2), saw %llu",
		(unsigned long long)at_once.in_flight);
	judge_zero(c);
	judge_over(c, &load);
	/* If it ever counts. */
	if (activity(c).resets > before)
		judge(c, "PATCH-DEV-04", at_once.resets > before,
			"expected the device's side reset when the write of 0 to Status returns (version 2), "
			"saw its reset end later");
}

/* --- Version 3, Status zero before -------------------------------------------------------------- */

/* A queue is made ready at Status 0; whether the device lets that happen. */
static bool dirty(struct conform *c, struct ring *ring)
{
	wr(c, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	wr(c, VMMIO_REG_DRIVER_FEATURES, 1);
	ring_init(c, ring, traffic_queue(c), ring_size_up_to(c, traffic_queue(c), 8));
	ring_enable(c, ring);
	return rd(c, VMMIO_REG_QUEUE_READY) == 1;
}

/* Writes 0 at Status 0. What is not clean at once has to stay so: then it is another mistake. */
static void judge_at_zero(struct conform *c, bool was_ready, const char *when)
{
	struct reset_view at_once, later;

	need(c, rd(c, VMMIO_REG_STATUS) == 0, "Status is not 0 (%s)", when);
	wr(c, VMMIO_REG_STATUS, 0);
	at_once = reset_look(c, traffic_queue(c));
	judge(c, "PATCH-DEV-06", at_once.status == 0,
		"expected Status 0 when a write of 0 at Status 0 returns (version 3, %s), saw 0x%x", when,
		at_once.status);
	pass(c, 2 * RESET_STOP_TIME);
	later = reset_look(c, traffic_queue(c));
	judge(c, "PATCH-DEV-06", later.ready == at_once.ready && later.interrupt == at_once.interrupt,
		"expected the reset over when a write of 0 at Status 0 returns (version 3, %s), saw QueueReady "
		"go from %u to %u, InterruptStatus from 0x%x to 0x%x later",
		when, at_once.ready, later.ready, at_once.interrupt, later.interrupt);
	if (was_ready)
		judge(c, "MMIO-DEV-05", later.ready == 0,
			"expected QueueReady 0 after a reset at Status 0 (%s), saw %u", when, later.ready);
}

static void v3_at_zero(struct conform *c)
{
	struct reset_load load;
	struct ring ring;
	bool was_ready;

	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	was_ready = dirty(c, &ring);
	if (was_ready && can(c, NEEDS_DELAY_RESET))
		by_hook(c);
	judge_at_zero(c, was_ready, "fresh device");
	reset_load(c, &load);
	reset_now(c);
	/* Should that reset not quite be over, another check says so. */
	pass(c, RESET_IO_TIME + RESET_STOP_TIME);
	was_ready = dirty(c, &ring);
	judge_at_zero(c, was_ready, "right after a reset");
}

static void v3_at_zero_inside(struct conform *c)
{
	uint64_t before = activity(c).resets, in_flight;

	need(c, rd(c, VMMIO_REG_STATUS) == 0, "Status does not begin with 0");
	by_hook(c);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	wr(c, VMMIO_REG_STATUS, 0);
	in_flight = activity(c).in_flight;
	judge(c, "PATCH-DEV-06", in_flight == 0,
		"expected no request at work when a write of 0 at Status 0 returns (version 3), saw %llu",
		(unsigned long long)in_flight);
	judge(c, "PATCH-DEV-06", has_ended(c, before),
		"expected the device's side reset when a write of 0 at Status 0 returns (version 3), saw its "
		"reset end later");
}

/* --- Version 3, the last step ------------------------------------------------------------------- */

/* What the registers say at the first zero, and once more later. */
struct leftover {
	struct reset_view view;
	uint32_t queue_reset;
	bool line;
};

static struct leftover look(struct conform *c)
{
	struct leftover seen = {.view = reset_look(c, traffic_queue(c)), .line = line(c)};

	if (offered(c, VMMIO_F_RING_RESET))
		seen.queue_reset = rd(c, VMMIO_REG_QUEUE_RESET);
	return seen;
}

/* Small steps, so that the first zero is seen soon. */
static bool poll_zero(struct conform *c)
{
	uint64_t begin = now(c), waited = 0;

	while (rd(c, VMMIO_REG_STATUS) != 0) {
		if (now(c) - begin >= patience(c) || waited >= patience(c))
			return false;
		pass_time(c, 100000);
		waited += 100000;
	}
	return true;
}

#define LAST "expected Status 0 as the last step of the reset (version 3), saw "

static void judge_last(struct conform *c, const struct leftover *first)
{
	struct leftover later;

	for (unsigned i = 0; i < 3; i++)
		settle(c);
	later = look(c);
	judge(c, "PATCH-DEV-07", first->view.ready == later.view.ready,
		LAST "QueueReady go from %u to %u after it", first->view.ready, later.view.ready);
	judge(c, "PATCH-DEV-07", first->queue_reset == later.queue_reset,
		LAST "QueueReset go from %u to %u after it", first->queue_reset, later.queue_reset);
	judge(c, "PATCH-DEV-07", first->view.interrupt == later.view.interrupt,
		LAST "InterruptStatus go from 0x%x to 0x%x after it", first->view.interrupt,
		later.view.interrupt);
	judge(c, "PATCH-DEV-07", first->line == later.line, LAST "the interrupt line change after it");
}

static void v3_last(struct conform *c)
{
	struct reset_load load;
	struct leftover first;
	const char *touched;

	reset_load(c, &load);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	wr(c, VMMIO_REG_STATUS, 0);
	if (load.held || (can(c, NEEDS_DELAY_RESET) && rd(c, VMMIO_REG_STATUS) != 0))
		by_hook(c);
	need(c, poll_zero(c), "the device does not come back from a reset");
	if (can(c, NEEDS_ACTIVITY)) {
		uint64_t in_flight = activity(c).in_flight;

		judge(c, "PATCH-DEV-07", in_flight == 0, LAST "%llu requests at work after it",
			(unsigned long long)in_flight);
	}
	first = look(c);
	reset_poison(c, &load);
	judge_last(c, &first);
	touched = reset_touched(c, &load);
	judge(c, "PATCH-DEV-07", !touched, LAST "%s written after it", touched);
}

/* A queue reset is under way when the device's begins: that has to be over, too. */
static void v3_last_queue(struct conform *c)
{
	struct leftover first;
	struct ring ring;

	traffic_start(c, &ring, VMMIO_FEATURE(VMMIO_F_RING_RESET), 0);
	need(c, request_works(c, &ring), "the device does not answer a request");
	delay_reset(c, RESET_STOP_TIME);
	wr(c, VMMIO_REG_QUEUE_SEL, ring.index);
	wr(c, VMMIO_REG_QUEUE_RESET, 1);
	need(c, rd(c, VMMIO_REG_QUEUE_RESET) == 1, "the queue reset is over at once");
	by_hook(c);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, poll_zero(c), "the device does not come back from a reset");
	first = look(c);
	judge(c, "MMIO-DEV-08", first.queue_reset == 0,
		"expected QueueReset 0 once the device was reset in the middle of a queue reset, saw %u",
		first.queue_reset);
	judge_last(c, &first);
}

/* Zero is shown when the device's side has stopped, not before. */
static void v3_not_early(struct conform *c)
{
	struct ring ring;
	uint64_t before;

	traffic_start(c, &ring, 0, 0);
	delay_reset(c, RESET_STOP_TIME);
	by_hook(c);
	before = activity(c).resets;
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, poll_zero(c), "the device does not come back from a reset");
	judge(c, "PATCH-DEV-07", has_ended(c, before),
		LAST "the device's side end its reset after it");
}

/* More zeroes while the reset goes on: one reset, which ends. */
static void v3_zero_again(struct conform *c)
{
	struct reset_load load;
	bool zero;

	reset_load(c, &load);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	for (unsigned i = 0; i < 4; i++) {
		wr(c, VMMIO_REG_STATUS, 0);
		pass_time(c, 1000000);
	}
	zero = wait_reset(c);
	judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", zero,
		"expected Status 0 after 0 was written to it four times, saw 0x%x for %llu ms",
		rd(c, VMMIO_REG_STATUS), (unsigned long long)(patience(c) / 1000000));
}

static const struct check checks[] = {
	{"reset-v2-inside", "Version 2: the reset is over when the write returns", "PATCH-DEV-04",
		NEEDS_V2 | NEEDS_MEMORY | NEEDS_TRAFFIC, v2_inside},
	{"reset-v2-slow", "... however long requests and device take", "PATCH-DEV-04",
		NEEDS_V2 | NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_DELAY_IO | NEEDS_ACTIVITY, v2_slow},
	{"reset-v3-at-zero", "Version 3, Status 0 before: the reset is over when the write returns",
		"PATCH-DEV-06 MMIO-DEV-05", NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC, v3_at_zero},
	{"reset-v3-at-zero-inside", "... on the device's side, too", "PATCH-DEV-06",
		NEEDS_V3 | NEEDS_ACTIVITY, v3_at_zero_inside},
	{"reset-v3-last", "Version 3: Status 0 is the last step of the reset", "PATCH-DEV-07",
		NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC, v3_last},
	{"reset-v3-last-queue", "... and of a queue's reset that was under way",
		"PATCH-DEV-07 MMIO-DEV-08",
		NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_RING_RESET | NEEDS_DELAY_RESET,
		v3_last_queue},
	{"reset-v3-not-early", "... and comes when the device's side has stopped", "PATCH-DEV-07",
		NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_DELAY_RESET | NEEDS_ACTIVITY, v3_not_early},
	{"reset-v3-zero-again", "Version 3: zero written again joins the reset",
		"PATCH-DEV-03 GEN-DEV-10", NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC, v3_zero_again},
};

const struct check_topic checks_reset_versions = CHECK_TOPIC("reset", checks);
