/* SPDX-License-Identifier: BSD-3-Clause */
/* Status as the driver sets it, bit by bit. What zero does is the topic of reset.c. */
#include "conform/checks/checks.h"
#include "conform/traffic.h"

#define OWN_BITS                                                                                   \
	(VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_DRIVER_OK |                 \
		VMMIO_STATUS_FEATURES_OK | VMMIO_STATUS_FAILED)

static void initially_zero(struct conform *c)
{
	uint32_t status = rd(c, VMMIO_REG_STATUS);

	judge(c, "GEN-DEV-41", status == 0, "expected Status 0 before the driver wrote to it, saw 0x%x",
		status);
}

/* Writes Status and looks: before has to be there still, value now, and nothing else. */
static void judge_write(struct conform *c, uint32_t before, uint32_t value)
{
	uint32_t seen;

	wr(c, VMMIO_REG_STATUS, value);
	seen = rd(c, VMMIO_REG_STATUS);
	judge(c, "MMIO-DEV-26", (seen & before) == before,
		"expected Status to keep the flags 0x%x when 0x%x is written, saw 0x%x", before, value,
		seen);
	judge(c, "MMIO-DEV-25", (seen & value & OWN_BITS) == (value & OWN_BITS),
		"expected Status 0x%x as written, saw 0x%x", value, seen);
	judge(c, "MMIO-DEV-25", !(seen & ~(before | value) & ~VMMIO_STATUS_NEEDS_RESET),
		"expected no flag in Status that nobody set (written 0x%x), saw 0x%x", value, seen);
}

static void walk(struct conform *c)
{
	uint32_t seen;

	reset(c);
	judge_write(c, 0, VMMIO_STATUS_ACKNOWLEDGE);
	judge_write(c, 1, VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER);
	need(c, negotiate(c, VMMIO_FEATURE(VMMIO_F_VERSION_1) | ring_feature(c), 0),
		"the device refused VIRTIO_F_VERSION_1 alone");
	seen = rd(c, VMMIO_REG_STATUS);
	judge(c, "MMIO-DEV-25", seen == 0xb, "expected Status 0xb as written, saw 0x%x", seen);
}

static void walk_live(struct conform *c)
{
	struct ring ring;

	negotiate_fresh(c, ring_feature(c));
	ring_init(c, &ring, traffic_queue(c), 0);
	ring_enable(c, &ring);
	judge_write(c, 0xb, 0xf);
	need(c, request_works(c, &ring), "the device does not answer a request");
	/* The same flags again: nothing new, and no reset. */
	judge_write(c, 0xf, 0xf);
	judge(c, "MMIO-DEV-26", rd(c, VMMIO_REG_QUEUE_READY) == 1 && request_works(c, &ring),
		"expected the device to go on after Status 0xf was written once more, saw QueueReady %u and "
		"no request answered",
		rd(c, VMMIO_REG_QUEUE_READY));
	judge_write(c, 0xf, 0xf | VMMIO_STATUS_FAILED);
}

static const struct check checks[] = {
	{"status-initial", "Status is 0 at first", "GEN-DEV-41", 0, initially_zero},
	{"status-walk", "Status shows the flags that were written, and keeps them",
		"MMIO-DEV-25 MMIO-DEV-26", 0, walk},
	{"status-walk-live", "... with DRIVER_OK and FAILED, too, and the device goes on",
		"MMIO-DEV-25 MMIO-DEV-26", NEEDS_MEMORY | NEEDS_TRAFFIC, walk_live},
};

const struct check_topic checks_status = CHECK_TOPIC("status", checks);
