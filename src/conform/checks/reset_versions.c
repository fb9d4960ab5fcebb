/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the version decides about a device reset: on version 2 it is over when the write is; on
 * version 3 the driver waits for zero, which is the last thing that happens.
 */
#include "conform/checks/reset.h"

/* --- Version 2 ------------------------------------------------------------------------------ */

static void judge_over(struct conform *c, const char *requirement, const struct reset_load *load)
{
	const char *touched;

	reset_poison(c, load);
	for (unsigned i = 0; i < 3; i++)
		settle(c);
	touched = reset_touched(c, load);
	judge(c, requirement, !touched,
		"expected the reset to be over, saw %s written after %s", touched,
		version(c) == 2 ? "the write of 0 to Status had returned" : "Status had read 0");
	judge(c, requirement, rd(c, VMMIO_REG_INTERRUPT_STATUS) == 0,
		"expected the reset to be over, saw InterruptStatus 0x%x later",
		rd(c, VMMIO_REG_INTERRUPT_STATUS));
}

static void v2_inside(struct conform *c)
{
	struct reset_load load;
	uint32_t status;

	reset_load(c, &load);
	wr(c, VMMIO_REG_STATUS, 0);
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "PATCH-DEV-04", status == 0,
		"expected Status 0 when the write of 0 returns (version 2), saw 0x%x", status);
	judge_over(c, "PATCH-DEV-04", &load);
}

static void v2_slow(struct conform *c)
{
	struct vmmio_target_activity after;
	struct reset_load load;
	uint32_t status, ready;

	reset_load(c, &load);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	by_hook(c);
	wr(c, VMMIO_REG_STATUS, 0);
	after = activity(c);
	status = rd(c, VMMIO_REG_STATUS);
	ready = rd(c, VMMIO_REG_QUEUE_READY);
	judge(c, "PATCH-DEV-04", after.in_flight == 0,
		"expected no request at work when the write of 0 to Status returns (version 2), saw %llu",
		(unsigned long long)after.in_flight);
	judge(c, "PATCH-DEV-04", status == 0,
		"expected Status 0 when the write of 0 returns (version 2), saw 0x%x", status);
	need(c, status == 0, "the reset goes on");
	settle(c);
	judge(c, "PATCH-DEV-04", rd(c, VMMIO_REG_QUEUE_READY) == ready,
		"expected the reset to be over when the write of 0 to Status returned, saw QueueReady go "
		"from %u to %u later",
		ready, rd(c, VMMIO_REG_QUEUE_READY));
	judge_over(c, "PATCH-DEV-04", &load);
}

/* --- Version 3, Status zero before -------------------------------------------------------------- */

static void dirty(struct conform *c, struct ring *ring)
{
	wr(c, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	wr(c, VMMIO_REG_DRIVER_FEATURES, 1);
	ring_init(c, ring, traffic_queue(c), 8);
	ring_enable(c, ring);
}

static void judge_clean(struct conform *c, const char *when)
{
	uint32_t status = rd(c, VMMIO_REG_STATUS);
	uint32_t ready = rd(c, VMMIO_REG_QUEUE_READY);
	uint32_t interrupt = rd(c, VMMIO_REG_INTERRUPT_STATUS);

	judge(c, "PATCH-DEV-06", status == 0,
		"expected Status 0 when a write of 0 at Status 0 returns (version 3, %s), saw 0x%x", when,
		status);
	judge(c, "PATCH-DEV-06", interrupt == 0,
		"expected InterruptStatus 0 when a write of 0 at Status 0 returns (%s), saw 0x%x", when,
		interrupt);
	if (!ready)
		return;
	/* A QueueReady that stays is another mistake than one that goes later. */
	settle(c);
	wr(c, VMMIO_REG_QUEUE_SEL, traffic_queue(c));
	judge(c, "PATCH-DEV-06", rd(c, VMMIO_REG_QUEUE_READY) == 1,
		"expected QueueReady 0 when a write of 0 at Status 0 returns (%s), saw it cleared only later",
		when);
}

static void v3_at_zero(struct conform *c)
{
	struct reset_load load;
	struct ring ring;

	need(c, rd(c, VMMIO_REG_STATUS) == 0, "Status is not 0 before the driver writes to it");
	if (can(c, NEEDS_DELAY_RESET)) {
		by_hook(c);
		delay_reset(c, RESET_STOP_TIME);
	}
	dirty(c, &ring);
	wr(c, VMMIO_REG_STATUS, 0);
	judge_clean(c, "fresh device");
	reset_load(c, &load);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, wait_reset(c), "the device does not come back from a reset");
	dirty(c, &ring);
	wr(c, VMMIO_REG_STATUS, 0);
	judge_clean(c, "right after a reset");
}

static void v3_at_zero_inside(struct conform *c)
{
	struct vmmio_target_activity before, after;

	need(c, rd(c, VMMIO_REG_STATUS) == 0, "Status is not 0 before the driver writes to it");
	before = activity(c);
	by_hook(c);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	wr(c, VMMIO_REG_STATUS, 0);
	after = activity(c);
	judge(c, "PATCH-DEV-06", after.resets > before.resets && after.in_flight == 0,
		"expected the reset over when a write of 0 at Status 0 returns (version 3), saw %llu resets "
		"ended and %llu requests at work",
		(unsigned long long)(after.resets - before.resets), (unsigned long long)after.in_flight);
}

/* --- Version 3, the last step ------------------------------------------------------------------- */

/* What the registers say at the first zero, and once more later. */
struct leftover {
	uint32_t interrupt, ready, queue_reset;
	bool line;
};

static struct leftover look(struct conform *c)
{
	struct leftover seen = {.interrupt = rd(c, VMMIO_REG_INTERRUPT_STATUS), .line = line(c)};

	wr(c, VMMIO_REG_QUEUE_SEL, traffic_queue(c));
	seen.ready = rd(c, VMMIO_REG_QUEUE_READY);
	if (offered(c, VMMIO_F_RING_RESET))
		seen.queue_reset = rd(c, VMMIO_REG_QUEUE_RESET);
	return seen;
}

/* Small steps, so that the first zero is seen soon. */
static bool poll_zero(struct conform *c)
{
	uint64_t begin = now(c);

	while (rd(c, VMMIO_REG_STATUS) != 0) {
		if (now(c) - begin >= patience(c))
			return false;
		pass_time(c, 100000);
	}
	return true;
}

static void judge_last(struct conform *c, const struct leftover *first)
{
	struct leftover later;

	for (unsigned i = 0; i < 3; i++)
		settle(c);
	later = look(c);
	judge(c, "PATCH-DEV-07", !first->ready || later.ready,
		"expected Status 0 as the last step of the reset, saw QueueReady cleared after it");
	judge(c, "PATCH-DEV-07", !first->queue_reset || later.queue_reset,
		"expected Status 0 as the last step of the reset, saw QueueReset cleared after it");
	judge(c, "PATCH-DEV-07", !first->interrupt || later.interrupt,
		"expected Status 0 as the last step of the reset, saw InterruptStatus cleared after it");
	judge(c, "PATCH-DEV-07", first->interrupt || !later.interrupt,
		"expected Status 0 as the last step of the reset, saw InterruptStatus 0x%x after it",
		later.interrupt);
	judge(c, "PATCH-DEV-07", first->line == later.line,
		"expected Status 0 as the last step of the reset, saw the interrupt line change after it");
}

static void v3_last(struct conform *c)
{
	struct reset_load load;
	struct leftover first;
	const char *touched;

	reset_load(c, &load);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	if (can(c, NEEDS_DELAY_RESET) || can(c, NEEDS_DELAY_IO))
		by_hook(c);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, poll_zero(c), "the device does not come back from a reset");
	if (can(c, NEEDS_ACTIVITY))
		judge(c, "PATCH-DEV-07", activity(c).in_flight == 0,
			"expected no request at work once Status reads 0, saw %llu",
			(unsigned long long)activity(c).in_flight);
	first = look(c);
	reset_poison(c, &load);
	judge_last(c, &first);
	touched = reset_touched(c, &load);
	judge(c, "PATCH-DEV-07", !touched,
		"expected Status 0 as the last step of the reset, saw %s written after it", touched);
}

/* Zero is shown when the device's side has stopped, not before; until then the old value. */
static void v3_not_early(struct conform *c)
{
	struct vmmio_target_activity before, at_zero;
	struct ring ring;

	traffic_start(c, &ring, 0, 0);
	delay_reset(c, RESET_STOP_TIME);
	by_hook(c);
	before = activity(c);
	wr(c, VMMIO_REG_STATUS, 0);
	need(c, poll_zero(c), "the device does not come back from a reset");
	at_zero = activity(c);
	judge(c, "PATCH-DEV-07", at_zero.resets > before.resets,
		"expected Status 0 as the last step of the reset, saw it while the device's side had not "
		"ended its reset yet");
}

/* More zeroes while the reset goes on: one reset, which ends. */
static void v3_zero_again(struct conform *c)
{
	struct reset_load load;

	reset_load(c, &load);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	for (unsigned i = 0; i < 4; i++) {
		wr(c, VMMIO_REG_STATUS, 0);
		pass_time(c, 1000000);
	}
	judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", wait_reset(c),
		"expected Status 0 after 0 was written to it four times, saw 0x%x",
		rd(c, VMMIO_REG_STATUS));
}

static const struct check checks[] = {
	{"reset-v2-inside", "Version 2: the reset is over when the write returns", "PATCH-DEV-04",
		NEEDS_V2 | NEEDS_MEMORY | NEEDS_TRAFFIC, v2_inside},
	{"reset-v2-slow", "... however long requests and device take", "PATCH-DEV-04",
		NEEDS_V2 | NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_DELAY_IO | NEEDS_ACTIVITY, v2_slow},
	{"reset-v3-at-zero", "Version 3, Status 0 before: the reset is over when the write returns",
		"PATCH-DEV-06", NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC, v3_at_zero},
	{"reset-v3-at-zero-inside", "... on the device's side, too", "PATCH-DEV-06",
		NEEDS_V3 | NEEDS_ACTIVITY, v3_at_zero_inside},
	{"reset-v3-last", "Version 3: Status 0 is the last step of the reset", "PATCH-DEV-07",
		NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC, v3_last},
	{"reset-v3-not-early", "... and comes when the device's side has stopped", "PATCH-DEV-07",
		NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_DELAY_RESET | NEEDS_ACTIVITY, v3_not_early},
	{"reset-v3-zero-again", "Version 3: zero written again joins the reset",
		"PATCH-DEV-03 GEN-DEV-10", NEEDS_V3 | NEEDS_MEMORY | NEEDS_TRAFFIC, v3_zero_again},
};

const struct check_topic checks_reset_versions = CHECK_TOPIC("reset", checks);
