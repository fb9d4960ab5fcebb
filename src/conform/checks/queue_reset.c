/* SPDX-License-Identifier: BSD-3-Clause */
/* VIRTIO_F_RING_RESET: one queue is reset, and set up again. */
#include "conform/checks/reset.h"

static uint64_t ring_reset(const struct conform *c)
{
	return VMMIO_FEATURE(VMMIO_F_RING_RESET) | multiqueue(c);
}

static bool queue_reset_over(struct conform *c, void *arg)
{
	(void)arg;
	return rd(c, VMMIO_REG_QUEUE_RESET) == 0;
}

/* Starts with RING_RESET accepted, and uses the queue once. */
static void start(struct conform *c, struct ring *ring)
{
	traffic_start(c, ring, ring_reset(c), 0);
	need(c, request_works(c, ring), "the device does not answer a request");
}

static void write_queue_reset(struct conform *c, const struct ring *ring)
{
	wr(c, VMMIO_REG_QUEUE_SEL, ring->index);
	wr(c, VMMIO_REG_QUEUE_RESET, 1);
}

/* ... and is over, with a queue that is not ready any more: other checks judge both. */
static void queue_reset(struct conform *c, const struct ring *ring)
{
	write_queue_reset(c, ring);
	need(c, wait_until(c, queue_reset_over, NULL, patience(c)), "QueueReset stays 1");
	need(c, rd(c, VMMIO_REG_QUEUE_READY) == 0,
		"the queue was not reset: QueueReset reads 0, QueueReady 1");
}

/* --- It happens ------------------------------------------------------------------------------ */

/* A queue that was not reset is ready, and served from where it was. */
static void resets(struct conform *c)
{
	struct ring ring;
	bool over, was_reset;

	start(c, &ring);
	write_queue_reset(c, &ring);
	over = wait_until(c, queue_reset_over, NULL, patience(c));
	judge_both(c, "MMIO-DEV-10", "MMIO-DEV-30", over,
		"expected the queue reset to end, saw QueueReset 1 for %llu ms",
		(unsigned long long)(patience(c) / 1000000));
	need(c, over, "the queue reset does not end");
	was_reset = rd(c, VMMIO_REG_QUEUE_READY) == 0 || !request_served(c, &ring);
	judge_both(c, "MMIO-DEV-10", "MMIO-DEV-30", was_reset,
		"expected the queue reset when 1 is written to QueueReset, saw QueueReady 1 and the queue "
		"served as before");
}

static void ends_at_zero(struct conform *c)
{
	struct ring ring;
	uint32_t ready, again;

	start(c, &ring);
	write_queue_reset(c, &ring);
	need(c, wait_until(c, queue_reset_over, NULL, patience(c)), "QueueReset stays 1");
	ready = rd(c, VMMIO_REG_QUEUE_READY);
	if (ready)
		need(c, !request_served(c, &ring), "the queue was not reset: it is served as before");
	judge(c, "MMIO-DEV-12", ready == 0, "expected QueueReady 0 when QueueReset reads 0, saw %u", ready);
	settle(c);
	again = rd(c, VMMIO_REG_QUEUE_RESET);
	judge(c, "MMIO-DEV-12", again == 0, "expected QueueReset to stay 0 once it read 0, saw %u", again);
}

/* Only what was read before the time is over counts. */
static void reads_one(struct conform *c)
{
	struct ring ring;
	uint64_t begin;

	start(c, &ring);
	delay_reset(c, RESET_STOP_TIME);
	by_hook(c);
	begin = now(c);
	write_queue_reset(c, &ring);
	for (unsigned i = 0; i < 5; i++) {
		uint32_t seen = rd(c, VMMIO_REG_QUEUE_RESET);

		if (now(c) - begin >= RESET_STOP_TIME)
			break;
		judge(c, "MMIO-DEV-11", seen == 1,
			"expected QueueReset 1 while the queue reset goes on, saw %u", seen);
		pass_time(c, RESET_STOP_TIME / 10);
	}
}

static void others_go_on(struct conform *c)
{
	struct ring first, second;
	uint32_t ready;

	need(c, n_queues(c) >= 2, "the device has one queue only");
	need(c, multiqueue(c) || traffic_any(c),
		"the suite has no requests for this device's second queue");
	negotiate_fresh(c, ring_reset(c) | ring_feature(c));
	ring_init(c, &first, 0, 0);
	ring_enable(c, &first);
	ring_init(c, &second, 1, 0);
	ring_enable(c, &second);
	driver_ok(c);
	need(c, request_works(c, &first) && request_works(c, &second), "a queue does not work");
	wr(c, VMMIO_REG_QUEUE_SEL, 0);
	need(c, rd(c, VMMIO_REG_QUEUE_READY) == 1, "QueueReady of queue 0 does not read 1");
	write_queue_reset(c, &second);
	need(c, wait_until(c, queue_reset_over, NULL, patience(c)), "QueueReset stays 1");
	wr(c, VMMIO_REG_QUEUE_SEL, 0);
	ready = rd(c, VMMIO_REG_QUEUE_READY);
	judge_both(c, "MMIO-DEV-10", "MMIO-DEV-30", ready == 1,
		"expected only the selected queue to be reset, saw QueueReady %u of queue 0 when queue 1 was",
		ready);
	judge_both(c, "MMIO-DEV-10", "MMIO-DEV-30", request_works(c, &first),
		"expected queue 0 to go on when queue 1 was reset, saw no request answered");
}

/* --- After it ---------------------------------------------------------------------------------- */

static void load_queue(struct conform *c, struct reset_load *load)
{
	start(c, &load->ring);
	load->n = load->ring.size >= RESET_LOAD ? 2 : 1;
	if (can(c, NEEDS_DELAY_IO))
		delay_io(c, RESET_IO_TIME);
	for (unsigned i = 0; i < load->n; i++) {
		request_make(c, &load->requests[i], 0);
		request_add(c, &load->ring, &load->requests[i]);
	}
	ring_kick(c, &load->ring);
	if (can(c, NEEDS_DELAY_IO) && !ring_waiting(c, &load->ring))
		by_hook(c);
}

static void nothing_later(struct conform *c)
{
	struct reset_load load;
	const char *touched;
	uint32_t seen;

	load_queue(c, &load);
	queue_reset(c, &load.ring);
	wr(c, VMMIO_REG_INTERRUPT_ACK, VMMIO_INT_ALL);
	reset_poison(c, &load);
	for (unsigned i = 0; i < 3; i++)
		settle(c);
	touched = reset_touched(c, &load);
	judge(c, "GEN-DEV-14", !touched,
		"expected no request executed once QueueReset read 0, saw %s written later", touched);
	seen = rd(c, VMMIO_REG_INTERRUPT_STATUS);
	judge(c, "GEN-DEV-15", !(seen & VMMIO_INT_USED_BUFFER),
		"expected no used buffer notification of a queue that was reset, saw InterruptStatus 0x%x",
		seen);
}

static void not_served(struct conform *c)
{
	struct ring ring;

	start(c, &ring);
	queue_reset(c, &ring);
	judge(c, "GEN-DEV-14", !request_served(c, &ring),
		"expected no request executed from a queue that was reset, saw one served");
}

static void not_executed(struct conform *c)
{
	struct vmmio_target_activity before, after;
	struct ring ring;

	start(c, &ring);
	queue_reset(c, &ring);
	before = activity(c);
	by_hook(c);
	request_served(c, &ring);
	after = activity(c);
	judge(c, "GEN-DEV-14", after.taken == before.taken,
		"expected no request taken off a queue that was reset, saw %llu taken",
		(unsigned long long)(after.taken - before.taken));
	judge(c, "GEN-DEV-14", before.in_flight == 0,
		"expected no request at work once QueueReset read 0, saw %llu",
		(unsigned long long)before.in_flight);
}

/* --- Set up again -------------------------------------------------------------------------------- */

/* The same areas, zeroed. */
static void set_up_again(struct conform *c, struct ring *ring)
{
	ring_clear(c, ring);
	ring_program(c, ring);
	ring_enable(c, ring);
}

static void begins_anew(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	start(c, &ring);
	need(c, request_works(c, &ring) && request_works(c, &ring), "the device does not answer");
	queue_reset(c, &ring);
	set_up_again(c, &ring);
	seen = rd(c, VMMIO_REG_QUEUE_RESET);
	judge(c, "MMIO-DEV-09", seen == 0, "expected QueueReset 0 once the queue is enabled again, saw %u",
		seen);
	judge(c, "GEN-DEV-16", request_works(c, &ring),
		"expected a queue that was reset to begin with its first entry again, saw no request "
		"answered from a zeroed ring");
}

/* Requests that are answered, one after the other, until the ring was gone round. */
static uint32_t answered(struct conform *c, struct ring *ring)
{
	uint32_t n = 0;

	while (n < ring->size + 2 && request_answered(c, ring))
		n++;
	return n;
}

/* A size that is smaller than the largest, and quick to go round; it works without a queue reset. */
static uint32_t small_size(struct conform *c)
{
	uint32_t size = ring_size_up_to(c, traffic_queue(c), 16) / 2;
	struct ring ring;

	need(c, size >= 4, "the queue is too small to be made smaller");
	traffic_start(c, &ring, ring_reset(c), size);
	need(c, answered(c, &ring) == size + 2, "the queue does not work with size %u", size);
	return size;
}

/* Another size, another place. */
static void other_values(struct conform *c)
{
	uint32_t size = small_size(c), n;
	struct ring ring, other;

	start(c, &ring);
	queue_reset(c, &ring);
	set_up_again(c, &ring);
	need(c, request_works(c, &ring), "the queue does not work again, with the same values");
	queue_reset(c, &ring);
	reset_poison(c, &(struct reset_load){.ring = ring});
	ring_init(c, &other, ring.index, size);
	ring_enable(c, &other);
	n = answered(c, &other);
	judge(c, "GEN-DEV-17", n == size + 2,
		"expected the queue to work with size %u and other addresses after a queue reset (size %u "
		"before it), saw request %u of %u not answered",
		size, ring.size, n + 1, size + 2);
	judge(c, "GEN-DEV-17", !reset_touched_ring(c, &ring),
		"expected the queue's old memory untouched after it was set up elsewhere, saw it written");
}

/* --- Device reset in the middle of a queue reset -------------------------------------------------- */

static void device_reset(struct conform *c)
{
	struct ring ring;
	uint32_t seen;

	start(c, &ring);
	if (can(c, NEEDS_DELAY_RESET))
		delay_reset(c, RESET_STOP_TIME);
	write_queue_reset(c, &ring);
	if (rd(c, VMMIO_REG_QUEUE_RESET) == 1 && can(c, NEEDS_DELAY_RESET))
		by_hook(c);
	reset_now(c);
	wr(c, VMMIO_REG_QUEUE_SEL, ring.index);
	seen = rd(c, VMMIO_REG_QUEUE_RESET);
	judge(c, "MMIO-DEV-08", seen == 0,
		"expected QueueReset 0 after a device reset in the middle of a queue reset, saw %u", seen);
}

#define NEEDS (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_RING_RESET)

static const struct check checks[] = {
	{"queue-reset-device-reset", "A device reset ends a queue reset", "MMIO-DEV-08", NEEDS,
		device_reset},
	{"queue-reset", "QueueReset resets the queue", "MMIO-DEV-10 MMIO-DEV-30", NEEDS, resets},
	{"queue-reset-zero", "QueueReset and QueueReady read 0 when it is over", "MMIO-DEV-12", NEEDS,
		ends_at_zero},
	{"queue-reset-one", "QueueReset reads 1 until it is over", "MMIO-DEV-11",
		NEEDS | NEEDS_DELAY_RESET, reads_one},
	{"queue-reset-others", "Other queues go on", "MMIO-DEV-10 MMIO-DEV-30", NEEDS, others_go_on},
	{"queue-reset-nothing-later", "Nothing is heard of the queue's requests afterwards",
		"GEN-DEV-14 GEN-DEV-15", NEEDS, nothing_later},
	{"queue-reset-not-served", "The queue is not served afterwards", "GEN-DEV-14", NEEDS, not_served},
	{"queue-reset-not-executed", "... nor looked at", "GEN-DEV-14", NEEDS | NEEDS_ACTIVITY,
		not_executed},
	{"queue-reset-anew", "A queue that is enabled again begins anew", "MMIO-DEV-09 GEN-DEV-16", NEEDS,
		begins_anew},
	{"queue-reset-other-values", "... with the size and addresses that are written then", "GEN-DEV-17",
		NEEDS, other_values},
};

const struct check_topic checks_queue_reset = CHECK_TOPIC("queue reset", checks);
