/* SPDX-License-Identifier: BSD-3-Clause */
/* VIRTIO_F_SUSPEND: the device is suspended, left alone, and resumed. */
#include "conform/checks/config.h"
#include "conform/checks/reset.h"

#define RUNNING 0xfu
#define SUSPENDING (RUNNING | VMMIO_STATUS_SUSPEND)
/* The two bits that tell; a driver clears none of them, so both are in what it writes. */
#define SUSPENDED (VMMIO_STATUS_SUSPEND | VMMIO_STATUS_DRIVER_OK)

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

static void need_no_error(struct conform *c, uint32_t status, const char *doing)
{
	need(c, !(status & VMMIO_STATUS_NEEDS_RESET),
		"the device says with DEVICE_NEEDS_RESET that it could not %s", doing);
}

static void start(struct conform *c, struct ring *ring)
{
	traffic_start(c, ring, VMMIO_FEATURE(VMMIO_F_SUSPEND), 0);
	need(c, request_works(c, ring), "the device does not answer a request");
	wait_event(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
}

/* Writes Status, and waits for what it is to show; returns what it shows. */
static uint32_t write_and_wait(struct conform *c, bool (*holds)(struct conform *c, void *arg))
{
	wr(c, VMMIO_REG_STATUS, SUSPENDING);
	wait_until(c, holds, NULL, patience(c));
	return rd(c, VMMIO_REG_STATUS);
}

static void suspend(struct conform *c)
{
	uint32_t status = write_and_wait(c, suspended);

	need_no_error(c, status, "suspend");
	need(c, (status & SUSPENDED) == VMMIO_STATUS_SUSPEND, "the device does not suspend: Status 0x%x",
		status);
}

static void resume(struct conform *c)
{
	uint32_t status = write_and_wait(c, running);

	need_no_error(c, status, "resume");
	need(c, (status & SUSPENDED) == VMMIO_STATUS_DRIVER_OK, "the device does not resume: Status 0x%x",
		status);
}

/* --- Suspending, resuming -------------------------------------------------------------------- */

/* What is served is not suspended, whatever Status says. */
static void suspends(struct conform *c)
{
	struct ring ring;
	uint32_t status;
	bool shown, cleared;

	start(c, &ring);
	status = write_and_wait(c, suspended);
	if (status & VMMIO_STATUS_NEEDS_RESET)
		judge(c, "GEN-DEV-25", true, "it says that it failed");
	need_no_error(c, status, "suspend");
	shown = status & VMMIO_STATUS_SUSPEND;
	cleared = !(status & VMMIO_STATUS_DRIVER_OK);
	judge(c, "GEN-DEV-25", shown && (cleared || !request_served(c, &ring)),
		"expected the device suspended, or DEVICE_NEEDS_RESET, after SUSPEND was set, saw Status "
		"0x%x%s",
		status, shown ? ", and a request served" : "");
	need(c, shown, "the device does not suspend");
	judge(c, "GEN-DEV-30", cleared,
		"expected DRIVER_OK cleared once the device is suspended, saw Status 0x%x", status);
}

static void resumes(struct conform *c)
{
	struct ring ring;
	uint32_t status, later;
	bool works;

	start(c, &ring);
	suspend(c);
	status = write_and_wait(c, running);
	if (status & VMMIO_STATUS_NEEDS_RESET)
		judge(c, "GEN-DEV-26", true, "it says that it failed");
	need_no_error(c, status, "resume");
	works = (status & VMMIO_STATUS_DRIVER_OK) && request_works(c, &ring);
	later = rd(c, VMMIO_REG_STATUS);
	judge(c, "GEN-DEV-26", works || (later & VMMIO_STATUS_NEEDS_RESET),
		"expected the device to go on, or DEVICE_NEEDS_RESET, after DRIVER_OK was set, saw Status "
		"0x%x%s",
		later, status & VMMIO_STATUS_DRIVER_OK ? ", and no request answered" : "");
	need(c, works, "the device does not resume");
	judge(c, "GEN-DEV-31", !(status & VMMIO_STATUS_SUSPEND),
		"expected SUSPEND cleared once the device runs again, saw Status 0x%x", status);
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

/* ... and DRIVER_OK afterwards starts a device that is not suspended. */
static void too_early_live(struct conform *c)
{
	struct ring ring;

	negotiate_fresh(c, VMMIO_FEATURE(VMMIO_F_SUSPEND) | ring_feature(c));
	ring_init(c, &ring, traffic_queue(c), 0);
	ring_enable(c, &ring);
	wr(c, VMMIO_REG_STATUS, 0xb | VMMIO_STATUS_SUSPEND);
	driver_ok(c);
	judge(c, "GEN-DEV-18", request_answered(c, &ring),
		"expected SUSPEND ignored before DRIVER_OK, saw a device that answers no request after it");
}

static void resets(struct conform *c)
{
	struct ring ring;
	bool zero;

	start(c, &ring);
	suspend(c);
	wr(c, VMMIO_REG_STATUS, 0);
	zero = wait_reset(c);
	judge_both(c, "PATCH-DEV-03", "GEN-DEV-10", zero,
		"expected Status 0 after a suspended device was reset, saw 0x%x for %llu ms",
		rd(c, VMMIO_REG_STATUS), (unsigned long long)(patience(c) / 1000000));
}

/* --- While suspended ----------------------------------------------------------------------------- */

static void left_alone(struct conform *c)
{
	struct ring ring;
	uint32_t seen;
	bool served;

	start(c, &ring);
	suspend(c);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	served = request_served(c, &ring);
	judge(c, "GEN-DEV-21", !served, "expected no queue accessed while suspended, saw a buffer used");
	judge(c, "GEN-DEV-27", !served,
		"expected no buffer consumed once the device is suspended, saw one used");
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-20", !(seen & VMMIO_INT_USED_BUFFER),
		"expected no used buffer notification while suspended, saw InterruptStatus 0x%x", seen);
}

static void not_taken(struct conform *c)
{
	struct ring ring;
	uint64_t before, n;

	start(c, &ring);
	suspend(c);
	before = activity(c).taken;
	by_hook(c);
	request_served(c, &ring);
	n = activity(c).taken - before;
	judge(c, "GEN-DEV-21", n == 0, "expected no queue accessed while suspended, saw %llu buffers taken",
		(unsigned long long)n);
	judge(c, "GEN-DEV-27", n == 0,
		"expected no buffer consumed once the device is suspended, saw %llu taken",
		(unsigned long long)n);
}

/* Requests that are at work when SUSPEND is set are over when the device says it is suspended. */
static void requests_first(struct conform *c)
{
	struct reset_load load;
	uint32_t at_once, later, seen;

	start(c, &load.ring);
	need(c, request_works(c, &load.ring) && wait_event(c), "no used buffer is notified");
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	delay_io(c, RESET_IO_TIME);
	request_make(c, &load.requests[0], 0);
	request_add(c, &load.ring, &load.requests[0]);
	ring_kick(c, &load.ring);
	need(c, !ring_waiting(c, &load.ring), "the request is done at once");
	by_hook(c);
	suspend(c);
	at_once = ring_waiting(c, &load.ring);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	settle(c);
	later = ring_waiting(c, &load.ring);
	judge(c, "GEN-DEV-28", at_once == 1,
		"expected the request at work to be used before the device shows SUSPEND without DRIVER_OK, "
		"saw %u used entries",
		at_once);
	judge(c, "GEN-DEV-21", later == at_once,
		"expected no queue accessed while suspended, saw a used entry written then");
	need(c, at_once == 1, "no request was done before the device was suspended");
	judge(c, "GEN-DEV-29", seen & VMMIO_INT_USED_BUFFER,
		"expected its notification before the device shows that it is suspended, saw "
		"InterruptStatus 0x%x",
		seen);
	if (!(seen & VMMIO_INT_USED_BUFFER))
		judge(c, "GEN-DEV-20", !(rd(c, VMMIO_REG_INTERRUPT_STATUS) & VMMIO_INT_USED_BUFFER),
			"expected no used buffer notification while suspended, saw one sent then");
}

/* The text leaves open whether a change that came at the wrong time is made up for. If it is, the
 * driver has to be told. */
static void config_kept(struct conform *c)
{
	uint64_t before, after;
	struct ring ring;
	uint32_t seen;
	bool told;

	need(c, config_known(c), "the suite knows no configuration fields of this type of device");
	start(c, &ring);
	suspend(c);
	before = config_digest(c);
	by_hook(c);
	change_config(c);
	settle(c);
	after = config_digest(c);
	judge(c, "GEN-DEV-22", before == after,
		"expected the configuration unchanged while suspended, saw a field change");
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-23", !(seen & VMMIO_INT_CONFIG_CHANGE),
		"expected no configuration change notification while suspended, saw InterruptStatus 0x%x",
		seen);
	need(c, !(seen & VMMIO_INT_CONFIG_CHANGE), "the notification came too early");
	resume(c);
	told = wait_interrupt(c, VMMIO_INT_CONFIG_CHANGE);
	need(c, told || config_digest(c) != before, "the device has dropped the change");
	judge(c, "GEN-DEV-24", told,
		"expected the configuration change notification at the resume, saw InterruptStatus 0x%x",
		rd(c, VMMIO_REG_INTERRUPT_STATUS));
}

static uint32_t writeback(struct conform *c)
{
	return (uint32_t)rd_width(c, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1);
}

static void write_writeback(struct conform *c, uint32_t value)
{
	wr_width(c, VMMIO_REG_CONFIG + VMMIO_BLK_CFG_WRITEBACK, 1, value);
}

/* writeback is the one field of a disk that a driver may write. */
static void config_writes(struct conform *c)
{
	uint64_t features = VMMIO_FEATURE(VMMIO_BLK_F_CONFIG_WCE) | VMMIO_FEATURE(VMMIO_BLK_F_FLUSH);
	uint32_t before, after;
	struct ring ring;

	need(c, offered(c, VMMIO_BLK_F_CONFIG_WCE), "the device does not offer VIRTIO_BLK_F_CONFIG_WCE");
	traffic_start(c, &ring, VMMIO_FEATURE(VMMIO_F_SUSPEND) | if_offered(c, features), 0);
	before = !writeback(c);
	write_writeback(c, before);
	need(c, writeback(c) == before, "writeback cannot be written");
	suspend(c);
	write_writeback(c, !before);
	resume(c);
	after = writeback(c);
	judge(c, "GEN-DEV-19", before == after,
		"expected a write to writeback ignored while suspended, saw it become %u", after);
}

#define NEEDS (NEEDS_SUSPEND | NEEDS_MEMORY | NEEDS_TRAFFIC)

static const struct check checks[] = {
	{"suspend", "SUSPEND suspends the device, and DRIVER_OK goes", "GEN-DEV-25 GEN-DEV-30", NEEDS,
		suspends},
	{"suspend-resume", "DRIVER_OK resumes it, and SUSPEND goes", "GEN-DEV-26 GEN-DEV-31", NEEDS,
		resumes},
	{"suspend-early", "SUSPEND has no effect before DRIVER_OK", "GEN-DEV-18", NEEDS_SUSPEND, too_early},
	{"suspend-early-live", "... nor once it is set", "GEN-DEV-18", NEEDS, too_early_live},
	{"suspend-reset", "A suspended device can be reset", "PATCH-DEV-03 GEN-DEV-10", NEEDS, resets},
	{"suspend-queues", "Queues are left alone meanwhile", "GEN-DEV-20 GEN-DEV-21 GEN-DEV-27", NEEDS,
		left_alone},
	{"suspend-not-taken", "... and nothing is taken off them", "GEN-DEV-21 GEN-DEV-27",
		NEEDS | NEEDS_ACTIVITY, not_taken},
	{"suspend-requests", "Requests at work are over first",
		"GEN-DEV-20 GEN-DEV-21 GEN-DEV-28 GEN-DEV-29", NEEDS | NEEDS_DELAY_IO, requests_first},
	{"suspend-config", "The configuration stands still, its change is told at the resume",
		"GEN-DEV-22 GEN-DEV-23 GEN-DEV-24", NEEDS | NEEDS_CHANGE_CONFIG, config_kept},
	{"suspend-config-writes", "Writes to the configuration are ignored", "GEN-DEV-19",
		NEEDS | NEEDS_BLOCK, config_writes},
};

const struct check_topic checks_suspend = CHECK_TOPIC("suspend", checks);
