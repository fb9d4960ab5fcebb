/* SPDX-License-Identifier: BSD-3-Clause */
/* Status as the driver sets it, bit by bit. What zero does is the topic of reset.c. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

#define OWN_BITS                                                                                   \
	(VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_DRIVER_OK |                 \
		VMMIO_STATUS_FEATURES_OK | VMMIO_STATUS_FAILED)

static void initially_zero(struct conform *c)
{
	uint32_t status;

	need(c, is_anew(c),
		"the target cannot make the device anew (restart), and so not show how it starts out");
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "GEN-DEV-41", status == 0, "expected Status 0 before the driver wrote to it, saw 0x%x",
		status);
}

/* What was to be seen before has to be there still, what is new now, and nothing else. */
static void judge_seen(struct conform *c, uint32_t before, uint32_t value, uint32_t seen)
{
	uint32_t new = value & ~before & OWN_BITS;

	judge(c, "MMIO-DEV-26", (seen & before) == before,
		"expected Status to keep the flags 0x%x when 0x%x is written, saw 0x%x", before, value,
		seen);
	judge(c, "MMIO-DEV-25", (seen & new) == new,
		"expected the flags 0x%x in Status after 0x%x was written, saw 0x%x", new, value, seen);
	judge(c, "MMIO-DEV-25", !(seen & ~(before | value) & ~VMMIO_STATUS_NEEDS_RESET),
		"expected no flag in Status that nobody set (written 0x%x), saw 0x%x", value, seen);
}

/* Writes Status and looks. Returns which of the driver's flags it shows. */
static uint32_t judge_write(struct conform *c, uint32_t before, uint32_t value)
{
	uint32_t seen;

	wr(c, VMMIO_REG_STATUS, value);
	seen = rd(c, VMMIO_REG_STATUS);
	judge_seen(c, before, value, seen);
	return seen & value & OWN_BITS;
}

static void walk(struct conform *c)
{
	uint32_t before;

	reset(c);
	before = judge_write(c, 0, VMMIO_STATUS_ACKNOWLEDGE);
	before = judge_write(c, before, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER);
	need(c, negotiate(c, base_features(c) | ring_feature(c), 0),
		"the device refused the least that a driver has to accept");
	judge_seen(c, before, 0xb, rd(c, VMMIO_REG_STATUS));
	judge_write(c, before, 0xb | VMMIO_STATUS_FAILED);
}

static void walk_live(struct conform *c)
{
	struct ring ring;
	uint32_t before, ready;
	bool works;

	negotiate_fresh(c, ring_feature(c));
	ring_init(c, &ring, traffic_queue(c), 0);
	ring_enable(c, &ring);
	before = judge_write(c, rd(c, VMMIO_REG_STATUS) & OWN_BITS, 0xf);
	need(c, request_works(c, &ring), "the device does not answer a request");
	ready = rd(c, VMMIO_REG_QUEUE_READY);
	/* The same flags again: nothing new, and no reset. */
	before = judge_write(c, before, 0xf);
	works = request_works(c, &ring);
	judge(c, "MMIO-DEV-26", rd(c, VMMIO_REG_QUEUE_READY) == ready && works,
		"expected the device to go on after Status 0xf was written once more, saw QueueReady go "
		"from %u to %u, and %s request answered",
		ready, rd(c, VMMIO_REG_QUEUE_READY), works ? "a" : "no");
	judge_write(c, before, 0xf | VMMIO_STATUS_FAILED);
}

static const struct check checks[] = {
	{"status-initial", "Status is 0 at first", "GEN-DEV-41", 0, initially_zero},
	{"status-walk", "Status shows the flags that were written, and keeps them",
		"MMIO-DEV-25 MMIO-DEV-26", 0, walk},
	{"status-walk-live", "... with DRIVER_OK and FAILED, too, and the device goes on",
		"MMIO-DEV-25 MMIO-DEV-26", NEEDS_MEMORY | NEEDS_TRAFFIC, walk_live},
};

const struct check_topic checks_status = CHECK_TOPIC("status", checks);
