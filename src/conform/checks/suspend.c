/* SPDX-License-Identifier: BSD-3-Clause */
/* VIRTIO_F_SUSPEND: the device is suspended, left alone, and resumed. */
#include "conform/checks/reset.h"

#define RUNNING 0xfu
#define SUSPENDING (RUNNING | VMMIO_STATUS_SUSPEND)

static bool suspended(struct conform *c, void *arg)
{
	uint32_t status = rd(c, VMMIO_REG_STATUS);

	(void)arg;
	return (status & VMMIO_STATUS_SUSPEND) && !(status & VMMIO_STATUS_DRIVER_OK);
}

static bool running(struct conform *c, void *arg)
{
	uint32_t status = rd(c, VMMIO_REG_STATUS);

	(void)arg;
	return !(status & VMMIO_STATUS_SUSPEND) && (status & VMMIO_STATUS_DRIVER_OK);
}

static bool needs_reset(struct conform *c)
{
	return rd(c, VMMIO_REG_STATUS) & VMMIO_STATUS_NEEDS_RESET;
}

static void start(struct conform *c, struct ring *ring)
{
	traffic_start(c, ring, VMMIO_FEATURE(VMMIO_F_SUSPEND), 0);
	need(c, request_works(c, ring), "the device does not answer a request");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
}

static void suspend(struct conform *c)
{
	wr(c, VMMIO_REG_STATUS, SUSPENDING);
	need(c, wait_until(c, suspended, NULL, patience(c)), "the device does not suspend: Status 0x%x",
		rd(c, VMMIO_REG_STATUS));
}

static void resume(struct conform *c)
{
	wr(c, VMMIO_REG_STATUS, (RUNNING | VMMIO_STATUS_SUSPEND));
	need(c, wait_until(c, running, NULL, patience(c)), "the device does not resume: Status 0x%x",
		rd(c, VMMIO_REG_STATUS));
}

/* --- Suspending, resuming -------------------------------------------------------------------- */

static void suspends(struct conform *c)
{
	struct ring ring;
	uint32_t status;
	bool done;

	start(c, &ring);
	wr(c, VMMIO_REG_STATUS, SUSPENDING);
	done = wait_until(c, suspended, NULL, patience(c));
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "GEN-DEV-25", (status & VMMIO_STATUS_SUSPEND) || (status & VMMIO_STATUS_NEEDS_RESET),
		"expected the device suspended, or DEVICE_NEEDS_RESET, after SUSPEND was set, saw Status 0x%x",
		status);
	need(c, status & VMMIO_STATUS_SUSPEND, "the device does not suspend");
	judge(c, "GEN-DEV-30", done,
		"expected DRIVER_OK cleared once the device is suspended, saw Status 0x%x", status);
}

static void resumes(struct conform *c)
{
	struct ring ring;
	uint32_t status;
	bool works;

	start(c, &ring);
	suspend(c);
	wr(c, VMMIO_REG_STATUS, SUSPENDING);
	wait_until(c, running, NULL, patience(c));
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "GEN-DEV-26", (status & VMMIO_STATUS_DRIVER_OK) || (status & VMMIO_STATUS_NEEDS_RESET),
		"expected the device resumed, or DEVICE_NEEDS_RESET, after DRIVER_OK was set, saw Status 0x%x",
		status);
	need(c, status & VMMIO_STATUS_DRIVER_OK, "the device does not resume");
	judge(c, "GEN-DEV-31", !(status & VMMIO_STATUS_SUSPEND),
		"expected SUSPEND cleared once the device runs again, saw Status 0x%x", status);
	works = request_works(c, &ring);
	judge(c, "GEN-DEV-26", works || needs_reset(c),
		"expected the device to go on after it was resumed, saw no request answered");
}

static void too_early(struct conform *c)
{
	uint32_t status;

	negotiate_fresh(c, VMMIO_FEATURE(VMMIO_F_SUSPEND) | ring_feature(c));
	wr(c, VMMIO_REG_STATUS, 0xb | VMMIO_STATUS_SUSPEND);
	settle(c);
	status = rd(c, VMMIO_REG_STATUS);
	judge(c, "GEN-DEV-18", !(status & VMMIO_STATUS_SUSPEND),
		"expected SUSPEND ignored before DRIVER_OK, saw Status 0x%x", status);
}

/* --- While suspended ----------------------------------------------------------------------------- */

static void left_alone(struct conform *c)
{
	struct request request;
	struct ring ring;
	bool touched;
	uint32_t seen;

	start(c, &ring);
	suspend(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	request_make(c, &request, 0);
	request_add(c, &ring, &request);
	ring_kick(c, &ring);
	settle(c);
	touched = ring_waiting(c, &ring) || request_touched(c, &request);
	judge(c, "GEN-DEV-21", !touched, "expected no queue accessed while suspended, saw a buffer used");
	judge(c, "GEN-DEV-27", !touched,
		"expected no buffer consumed once the device is suspended, saw one used");
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-20", !(seen & VMMIO_INT_USED_BUFFER),
		"expected no used buffer notification while suspended, saw InterruptStatus 0x%x", seen);
}

/* Requests that are at work when SUSPEND is set are over when the device says it is suspended. */
static void requests_first(struct conform *c)
{
	struct reset_load load;
	uint32_t at_once, later, seen;

	traffic_start(c, &load.ring, VMMIO_FEATURE(VMMIO_F_SUSPEND), 0);
	by_hook(c);
	delay_io(c, RESET_IO_TIME);
	request_make(c, &load.requests[0], 0);
	request_add(c, &load.ring, &load.requests[0]);
	ring_kick(c, &load.ring);
	suspend(c);
	at_once = ring_waiting(c, &load.ring);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	settle(c);
	later = ring_waiting(c, &load.ring);
	judge(c, "GEN-DEV-28", at_once == 1,
		"expected the request at work to be used before the device shows SUSPEND without DRIVER_OK, "
		"saw %u used entries",
		at_once);
	judge(c, "GEN-DEV-29", !at_once || (seen & VMMIO_INT_USED_BUFFER),
		"expected its notification before the device shows that it is suspended, saw "
		"InterruptStatus 0x%x",
		seen);
	judge(c, "GEN-DEV-21", later == at_once,
		"expected no queue accessed while suspended, saw a used entry written then");
	judge(c, "GEN-DEV-20",
		(seen & VMMIO_INT_USED_BUFFER) ||
			!(rd(c, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_USED_BUFFER),
		"expected no used buffer notification while suspended, saw one sent then");
}

static void config_kept(struct conform *c)
{
	uint32_t before, after, seen;
	struct ring ring;

	start(c, &ring);
	suspend(c);
	before = (uint32_t)rd_width(c, VMMIO_REG_CONFIG, 4);
	by_hook(c);
	change_config(c);
	settle(c);
	after = (uint32_t)rd_width(c, VMMIO_REG_CONFIG, 4);
	judge(c, "GEN-DEV-22", before == after,
		"expected the configuration unchanged while suspended, saw 0x%x become 0x%x", before, after);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-23", !(seen & VMMIO_INT_CONFIG_CHANGE),
		"expected no configuration change notification while suspended, saw InterruptStatus 0x%x",
		seen);
	need(c, !(seen & VMMIO_INT_CONFIG_CHANGE), "the notification came too early");
	resume(c);
	judge(c, "GEN-DEV-24", wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE),
		"expected the configuration change notification at the resume, saw InterruptStatus 0x%x",
		rd(c, VMMIO_REG_INTERRUPT_STATUS));
}

/* writeback is the one field of a disk that a driver may write. */
static void config_writes(struct conform *c)
{
	uint64_t at = VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK;
	uint64_t before, after;
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_CONFIG_WCE), "the device does not offer VIRTIO_BLK_F_CONFIG_WCE");
	traffic_start(c, &ring, VMMIO_FEATURE(VMMIO_F_SUSPEND) |
			if_offered(c, VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE) |
					      VMMIO_FEATURE(VMMIO_BLK_F_FLUSH)), 0);
	before = rd_width(c, at, 1);
	suspend(c);
	wr_width(c, at, 1, !before);
	resume(c);
	after = rd_width(c, at, 1);
	judge(c, "GEN-DEV-19", before == after,
		"expected a write to writeback ignored while suspended, saw it become %llu",
		(unsigned long long)after);
}

#define NEEDS (NEEDS_SUSPEND | NEEDS_MEMORY | NEEDS_TRAFFIC)

static const struct check checks[] = {
	{"suspend", "SUSPEND suspends the device, and DRIVER_OK goes", "GEN-DEV-25 GEN-DEV-30", NEEDS,
		suspends},
	{"suspend-resume", "DRIVER_OK resumes it, and SUSPEND goes", "GEN-DEV-26 GEN-DEV-31", NEEDS,
		resumes},
	{"suspend-early", "SUSPEND has no effect before DRIVER_OK", "GEN-DEV-18", NEEDS_SUSPEND, too_early},
	{"suspend-queues", "Queues are left alone meanwhile", "GEN-DEV-20 GEN-DEV-21 GEN-DEV-27", NEEDS,
		left_alone},
	{"suspend-requests", "Requests at work are over first",
		"GEN-DEV-20 GEN-DEV-21 GEN-DEV-28 GEN-DEV-29", NEEDS | NEEDS_DELAY_IO, requests_first},
	{"suspend-config", "The configuration stands still, its change is told at the resume",
		"GEN-DEV-22 GEN-DEV-23 GEN-DEV-24", NEEDS | NEEDS_CHANGE_CONFIG, config_kept},
	{"suspend-config-writes", "Writes to the configuration are ignored", "GEN-DEV-19",
		NEEDS | NEEDS_BLOCK, config_writes},
};

const struct check_topic checks_suspend = CHECK_TOPIC("suspend", checks);
