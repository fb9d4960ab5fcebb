/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reset scripts: the program chooses the interleaving of vCPUs' writes, completions, the
 * backend's answers, the executor's tasks and what the host does to the device.
 *
 * Header: options. Record: what, a, b (2), value (4).
 */
#include "reset_rig.h"

#include <errno.h>
#include <string.h>

enum what { STATUS_ZERO, BRING_UP, ADD, COMPLETE, TASK, TASKS, ANSWER, NEXT, WRITE, QUEUE_RESET,
	QUEUE_STOP, HOST, CONFIG, NEEDS_RESET, CLOCK, KICK, ACK, FENCE, DESTROY, STRAY, WHATS };

static const uint16_t offsets[] = {0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064, 0x070,
	0x080, 0x090, 0x0a0, 0x0ac, 0x0c0, 0x100, 0x104};

static bench_call *const calls[] = {
	vmmio_device_reset, vmmio_device_pause, vmmio_device_resume, vmmio_device_resume};

static void queue_register(struct bench *b, unsigned vcpu, unsigned queue, bool reset)
{
	bench_write(b, vcpu, VMMIO_REG_QUEUE_SEL, queue % BENCH_QUEUES);
	bench_write(b, vcpu, reset ? VMMIO_REG_QUEUE_RESET : VMMIO_REG_QUEUE_READY, reset);
}

/* What is done to the device by itself: not to one that is being destroyed. */
static void step_device(struct bench *b, unsigned what, unsigned a, uint32_t value)
{
	switch (what) {
	case HOST: bench_host(b, &b->host, calls[a % 4]); break;
	case CONFIG: b->quiet = false; (void)vmmio_device_config_change(b->dev, a % 16, &value, 1); break;
	case NEEDS_RESET: vmmio_device_needs_reset(b->dev, "fuzz"); break;
	case KICK: vmmio_queue_kick(vmmio_device_queue(b->dev, a % BENCH_QUEUES)); break;
	case STRAY: vmmio_device_answer(b->dev, value | 1, 0); break;
	case FENCE:
		if (a % 16 == 0 && !vmmio_device_fence(b->dev))
			b->fenced = true;
		break;
	case DESTROY:
		if (a % 16 == 0 && !vmmio_device_destroy(b->dev, bench_destroyed, b))
			b->destroying = true;
		break;
	}
}

static void step_guest(struct bench *b, unsigned what, unsigned a, uint16_t at, uint32_t value)
{
	switch (what) {
	case STATUS_ZERO: bench_write(b, a, VMMIO_REG_STATUS, 0); break;
	case BRING_UP: bench_bring_up(b, a); break;
	case ADD: bench_add(b, a, at); break;
	case WRITE: bench_write(b, a, offsets[at % 16], value); break;
	case QUEUE_RESET:
	case QUEUE_STOP: queue_register(b, a, at, what == QUEUE_RESET); break;
	case ACK: bench_write(b, a, VMMIO_REG_INTERRUPT_ACK, value); break;
	}
}

static void step(struct bench *b, struct fuzz_input *input)
{
	static const int results[] = {0, VMMIO_PENDING, VMMIO_PENDING, -EIO};
	const unsigned what = fuzz_take8(input) % WHATS, a = fuzz_take8(input);
	const uint16_t at = fuzz_take16(input);
	const uint32_t value = fuzz_take32(input);

	switch (what) {
	case COMPLETE: bench_complete(b, a, at & 1); break;
	case TASK: (void)vmmio_manual_step(b->ex, a % 4); break;
	case TASKS: vmmio_manual_run(b->ex, a); break;
	case ANSWER: bench_answer(b, (enum bench_hook)(a % HOOKS), at % 8 ? 0 : -EIO); break;
	case NEXT: b->answer[a % HOOKS] = results[at % 4]; break;
	case CLOCK: vmmio_manual_advance(b->ex, value); break;
	default:
		step_guest(b, what, a, at, value);
		if (b->dev && !b->destroying)
			step_device(b, what, a, value);
	}
	bench_check(b);
}

static void run(struct fuzz_input *input)
{
	static struct bench b;
	const uint8_t bits = fuzz_take8(input);

	bench_up(&b, bits & 1 ? 2 : 3, bits & 2, bits & 4, bits & 8);
	for (b.step = 1; input->left && b.step < 1000; b.step++)
		step(&b, input);
	bench_down(&b);
}

static void make_header(struct fuzz_random *random, uint8_t *out)
{
	out[0] = (uint8_t)fuzz_next(random);
}

static void make_record(struct fuzz_random *random, uint8_t *out)
{
	static const uint8_t whats[] = {STATUS_ZERO, STATUS_ZERO, BRING_UP, BRING_UP, BRING_UP, ADD, ADD,
		ADD, ADD, COMPLETE, COMPLETE, TASK, TASK, TASKS, TASKS, ANSWER, ANSWER, NEXT};

	out[0] = whats[fuzz_below(random, sizeof(whats))];
	if (fuzz_below(random, 5) == 0)
		out[0] = (uint8_t)fuzz_below(random, WHATS);
	out[1] = (uint8_t)fuzz_next(random);
	fuzz_put16(out + 2, (uint16_t)fuzz_next(random));
	fuzz_put32(out + 4, fuzz_next(random) >> fuzz_below(random, 32));
}

const struct fuzz_target fuzz_target = {
	.name = "reset",
	.header = 1,
	.record = 8,
	.min_deep = 30,
	.deep = "ended an asynchronous reset with chains out",
	.run = run,
	.make_header = make_header,
	.make_record = make_record,
};
