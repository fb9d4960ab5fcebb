/* SPDX-License-Identifier: BSD-3-Clause */
/* See reset_rig.h. */
#include "reset_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- The backend ------------------------------------------------------------------------- */

static int hook(struct bench *b, enum bench_hook which, vmmio_token token)
{
	const int answer = b->answer[which];

	FUZZ_CHECK(!b->inside, "step %u: hook %u inside another", b->step, which);
	b->answer[which] = 0;
	/* A reset voids what start, queue_stop and pause have not answered. */
	if (answer == VMMIO_PENDING)
		b->pending[which] = token;
	return answer;
}

static int on_attach(void *ctx, struct vmmio_device *dev)
{
	struct bench *b = ctx;

	(void)dev;
	b->attached++;
	return 0;
}

static int on_start(void *ctx, vmmio_token token)
{
	((struct bench *)ctx)->started = true;
	return hook(ctx, HOOK_START, token);
}

static int on_stop(void *ctx, struct vmmio_queue *queue, vmmio_token token)
{
	(void)queue;
	return hook(ctx, HOOK_STOP, token);
}

static int on_quiesce(void *ctx, vmmio_token token)
{
	return hook(ctx, HOOK_QUIESCE, token);
}

static int on_pause(void *ctx, vmmio_token token)
{
	return hook(ctx, HOOK_PAUSE, token);
}

static void on_resume(void *ctx)
{
	struct bench *b = ctx;

	FUZZ_CHECK(!b->inside, "step %u: resume inside a hook", b->step);
}

static void on_notify(void *ctx, struct vmmio_queue *queue)
{
	struct bench *b = ctx;
	struct vmmio_chain chain;

	FUZZ_CHECK(!b->quiet, "step %u: notify after Status 0", b->step);
	FUZZ_CHECK(b->started, "step %u: notify before start", b->step);
	while (b->n_held < sizeof(b->held) / sizeof(b->held[0]) && vmmio_queue_pop(queue, &chain, 1))
		b->held[b->n_held++] =
			(struct bench_held){queue, chain.token, chain.writable, chain.n_writable};
}

static void on_finish(void *ctx)
{
	struct bench *b = ctx;

	FUZZ_CHECK(!b->inside, "step %u: reset_finish inside a hook", b->step);
	FUZZ_CHECK(b->fenced || !b->n_held, "step %u: reset_finish, and %u chains are out", b->step,
		b->n_held);
	b->started = false;
}

static void on_config(void *ctx, uint32_t offset, uint32_t size, uint32_t value)
{
	struct bench *b = ctx;

	if (b->dev)
		(void)vmmio_device_config_change(b->dev, offset, &value, size);
}

static void on_detach(void *ctx)
{
	struct bench *b = ctx;

	FUZZ_CHECK(b->attached == 1, "detach, and attached %u times", b->attached);
	b->attached--;
}

static struct vmmio_backend_ops ops = {
	.size = sizeof(ops),
	.attach = on_attach,
	.start = on_start,
	.notify = on_notify,
	.queue_stop = on_stop,
	.quiesce = on_quiesce,
	.reset_finish = on_finish,
	.config_write = on_config,
	.detach = on_detach,
	.pause = on_pause,
	.resume = on_resume,
};

void bench_complete(struct bench *b, unsigned which, bool late_write)
{
	struct bench_held held;

	if (!b->n_held)
		return;
	held = b->held[which %= b->n_held];
	b->held[which] = b->held[--b->n_held];
	/* The kernel's DMA: it may come as long as the chain is out, unless it is fenced. */
	if (late_write && !b->fenced)
		memset(held.writable[0].base, 0xd5, held.writable[0].len);
	vmmio_queue_complete_one(held.queue, held.token, 4);
}

void bench_answer(struct bench *b, enum bench_hook which, int result)
{
	const vmmio_token token = b->pending[which];

	if (!token || !b->dev)
		return;
	b->pending[which] = 0;
	vmmio_device_answer(b->dev, token, result);
}

/* --- The guest ------------------------------------------------------------------------------- */

static void on_level(void *ctx, bool high)
{
	struct bench *b = ctx;

	FUZZ_CHECK(high != b->line, "step %u: the line is %d already", b->step, high);
	FUZZ_CHECK(!b->quiet, "step %u: the line changes after Status 0", b->step);
	b->line = high;
}

static void on_done(struct vmmio_waiter *waiter, int result)
{
	struct bench_waiter *w = (struct bench_waiter *)waiter;
	const struct bench *b = w->bench;

	(void)result;
	FUZZ_CHECK(w->out, "step %u: a waiter is told twice", b->step);
	w->out = false;
	FUZZ_CHECK(!w->zero || !b->dev || !vmmio_device_read(b->dev, VMMIO_REG_STATUS, 4),
		"step %u: the zero write is complete, and Status is not 0", b->step);
}

static void arm(struct bench *b, struct bench_waiter *w, bool zero)
{
	memset(w, 0, sizeof(*w));
	w->waiter.done = on_done;
	w->bench = b;
	w->zero = zero;
	w->out = true;
}

void bench_write(struct bench *b, unsigned vcpu, uint32_t offset, uint32_t value)
{
	struct bench_waiter *w = &b->vcpu[vcpu % BENCH_VCPUS];
	const bool zero = offset == VMMIO_REG_STATUS && !value;
	int error;

	if (!b->dev || w->out)
		return;
	b->quiet = false;
	b->outstanding |= zero && b->n_held && !b->frozen;
	arm(b, w, zero);
	error = vmmio_device_write_pending(b->dev, offset, 4, value, &w->waiter);
	FUZZ_CHECK(error == 0 || error == VMMIO_PENDING, "step %u: write: %d", b->step, error);
	/* Version 3: a reset of a device in use never waits. */
	if (error == 0)
		w->out = false;
	if (zero && b->version == 2 && !error && !b->destroying)
		FUZZ_CHECK(!vmmio_device_read(b->dev, VMMIO_REG_STATUS, 4),
			"step %u: version 2, and Status is not 0 after the write", b->step);
}

static void on_host_done(struct vmmio_waiter *waiter, int result)
{
	struct bench_waiter *w = (struct bench_waiter *)waiter;
	const struct bench *b = w->bench;

	(void)result;
	FUZZ_CHECK(w->out, "step %u: the host is told twice", b->step);
	w->out = false;
}

void bench_host(struct bench *b, struct bench_waiter *w, bench_call *call)
{
	if (w->out)
		return;
	b->quiet = false; /* the host is no driver, but it may set going what waited for it */
	arm(b, w, false);
	w->waiter.done = on_host_done;
	if (call(b->dev, &w->waiter) != VMMIO_PENDING)
		w->out = false;
}

static void queue_setup(struct bench *b, unsigned vcpu, unsigned queue)
{
	const uint32_t base = (uint32_t)BENCH_RAM + queue * 0x4000;

	bench_write(b, vcpu, VMMIO_REG_QUEUE_SEL, queue);
	bench_write(b, vcpu, VMMIO_REG_QUEUE_SIZE, BENCH_SIZE);
	bench_write(b, vcpu, VMMIO_REG_QUEUE_DESC_LOW, base);
	bench_write(b, vcpu, VMMIO_REG_QUEUE_DRIVER_LOW, base + 0x1000);
	bench_write(b, vcpu, VMMIO_REG_QUEUE_DEVICE_LOW, base + 0x2000);
}

void bench_bring_up(struct bench *b, unsigned vcpu)
{
	if (!b->dev || b->vcpu[vcpu % BENCH_VCPUS].out)
		return;
	bench_write(b, vcpu, VMMIO_REG_STATUS, 3);
	bench_write(b, vcpu, VMMIO_REG_DRIVER_FEATURES_SEL, 1);
	bench_write(b, vcpu, VMMIO_REG_DRIVER_FEATURES,
		1 | 1u << (VMMIO_F_RING_RESET - 32) |
			(uint32_t)b->packed << (VMMIO_F_RING_PACKED - 32));
	bench_write(b, vcpu, VMMIO_REG_STATUS, 0xb);
	for (unsigned i = 0; i < BENCH_QUEUES; i++) {
		queue_setup(b, vcpu, i);
		/* A queue that is ready already goes on with its indices. */
		if (vmmio_device_read(b->dev, VMMIO_REG_QUEUE_READY, 4))
			continue;
		memset(b->ram + i * 0x4000, 0, 0x3000);
		b->avail[i] = b->position[i] = 0;
		b->wrap[i] = true;
		bench_write(b, vcpu, VMMIO_REG_QUEUE_READY, 1);
	}
	bench_write(b, vcpu, VMMIO_REG_STATUS, 0xf);
}

static void put_desc(struct bench *b, uint32_t at, uint64_t buffer, uint16_t low, uint16_t high)
{
	const uint32_t len = 16;

	memcpy(b->ram + at, &buffer, 8);
	memcpy(b->ram + at + 8, &len, 4);
	memcpy(b->ram + at + 12, &low, 2);
	memcpy(b->ram + at + 14, &high, 2);
}

void bench_add(struct bench *b, unsigned vcpu, unsigned queue)
{
	uint32_t base, i;

	if (!b->dev || b->vcpu[vcpu % BENCH_VCPUS].out)
		return;
	queue %= BENCH_QUEUES;
	base = queue * 0x4000;
	i = b->position[queue];
	b->quiet = false;
	if (b->packed) {
		put_desc(b, base + 16 * i, BENCH_RAM + base + 0x3000 + 16 * i, (uint16_t)i,
			(uint16_t)(2 | (b->wrap[queue] ? 0x80 : 0x8000)));
		b->wrap[queue] ^= i + 1 == BENCH_SIZE;
	} else {
		put_desc(b, base + 16 * i, BENCH_RAM + base + 0x3000 + 16 * i, 2, 0);
		memcpy(b->ram + base + 0x1004 + 2 * i, &(uint16_t){(uint16_t)i}, 2);
		b->avail[queue]++;
		memcpy(b->ram + base + 0x1002, &b->avail[queue], 2);
	}
	b->position[queue] = (uint16_t)((i + 1) % BENCH_SIZE);
	bench_write(b, vcpu, VMMIO_REG_QUEUE_NOTIFY, queue);
}

/* --- What has to hold --------------------------------------------------------------------- */

static void check_zero(struct bench *b)
{
	struct vmmio_device_counters counters;

	vmmio_device_counters(b->dev, &counters);
	FUZZ_CHECK(!vmmio_device_read(b->dev, VMMIO_REG_INTERRUPT_STATUS, 4) && !b->line,
		"step %u: Status 0, and an interrupt", b->step);
	FUZZ_CHECK(b->fenced || (!b->n_held && !counters.leases),
		"step %u: Status 0, and %u chains are out, %u leases", b->step, b->n_held,
		counters.leases);
	if (b->frozen && b->outstanding)
		fuzz_deep();
	b->frozen = 0;
	b->outstanding = false;
	if (b->quiet)
		FUZZ_CHECK(!memcmp(b->ram, b->copy, BENCH_RAM_SIZE),
			"step %u: guest memory changed after Status 0", b->step);
	memcpy(b->copy, b->ram, BENCH_RAM_SIZE);
	b->quiet = true;
}

void bench_check(struct bench *b)
{
	struct vmmio_device_counters counters;
	uint32_t status;

	if (!b->dev || b->destroying)
		return;
	status = (uint32_t)vmmio_device_read(b->dev, VMMIO_REG_STATUS, 4);
	vmmio_device_counters(b->dev, &counters);
	if (!status) {
		check_zero(b);
		return;
	}
	if (!counters.resetting) {
		b->frozen = 0;
		return;
	}
	FUZZ_CHECK(!b->frozen || status == b->frozen, "step %u: Status 0x%x in a reset, was 0x%x",
		b->step, status, b->frozen);
	FUZZ_CHECK(!vmmio_device_read(b->dev, VMMIO_REG_INTERRUPT_STATUS, 4),
		"step %u: InterruptStatus in a reset", b->step);
	b->frozen = status;
}

/* --- Up and down ----------------------------------------------------------------------------- */

static void make_device(struct bench *b)
{
	static const uint16_t sizes[BENCH_QUEUES] = {BENCH_SIZE, BENCH_SIZE};
	struct vmmio_device_options options = {.size = sizeof(options), .version = b->version,
		.backend = &b->backend, .memory = b->memory, .executor = b->ex,
		.irq = {.level = on_level, .ctx = b}, .reset_deadline = 1000000};

	b->backend.size = sizeof(b->backend);
	b->backend.ops = &ops;
	b->backend.ctx = b;
	b->backend.device_id = 42;
	b->backend.features[0] = VMMIO_FEATURE(VMMIO_F_VERSION_1) |
		VMMIO_FEATURE(VMMIO_F_RING_PACKED) | VMMIO_FEATURE(VMMIO_F_RING_RESET);
	b->backend.n_queues = BENCH_QUEUES;
	b->backend.queue_sizes = sizes;
	b->backend.config_size = 16;
	FUZZ_CHECK(!vmmio_device_create(&options, &b->dev), "no device");
}

void bench_up(struct bench *b, uint32_t version, bool packed, bool prompt, bool parks)
{
	struct vmmio_region region = {.guest = BENCH_RAM, .size = BENCH_RAM_SIZE};

	memset(b, 0, sizeof(*b));
	b->version = version;
	b->packed = packed;
	b->ram = aligned_alloc(4096, BENCH_RAM_SIZE);
	b->copy = malloc(BENCH_RAM_SIZE);
	FUZZ_CHECK(b->ram && b->copy, "no memory for the test");
	memset(b->ram, 0, BENCH_RAM_SIZE);
	region.host = b->ram;
	b->backend.flags = prompt ? VMMIO_BACKEND_PROMPT : 0;
	ops.pause = parks ? on_pause : NULL;
	ops.resume = parks ? on_resume : NULL;
	FUZZ_CHECK(!vmmio_memory_create(NULL, &b->memory) && !vmmio_memory_add(b->memory, &region) &&
			!vmmio_manual_create(&b->ex),
		"no bench");
	make_device(b);
}

void bench_destroyed(void *ctx)
{
	struct bench *b = ctx;

	FUZZ_CHECK(!b->attached, "destroyed before detach");
	b->destroyed++;
	b->dev = NULL;
}

/* Gives back what is out until nothing more happens. */
static void wind_up(struct bench *b)
{
	for (unsigned turn = 0; turn < 100; turn++) {
		while (b->n_held)
			bench_complete(b, 0, false);
		for (unsigned i = 0; i < HOOKS; i++) {
			b->answer[i] = 0;
			bench_answer(b, (enum bench_hook)i, 0);
		}
		vmmio_manual_run(b->ex, 10000);
		/* A backend that failed to quiesce is asked again, for the host, at a deadline. */
		vmmio_manual_advance(b->ex, UINT64_C(10000000000));
	}
	FUZZ_CHECK(!vmmio_manual_pending(b->ex), "tasks that never end");
}

static void end_reset(struct bench *b)
{
	struct vmmio_device_counters counters;

	if (!b->destroying) {
		wind_up(b);
		bench_host(b, &b->last, vmmio_device_resume);
		for (unsigned i = 0; i < BENCH_VCPUS; i++)
			bench_write(b, i, VMMIO_REG_STATUS, 0); /* asks a backend that failed again */
		bench_host(b, &b->again, vmmio_device_reset); /* where all vCPUs wait */
		wind_up(b);
		vmmio_device_counters(b->dev, &counters);
		FUZZ_CHECK(!counters.resetting && !vmmio_device_read(b->dev, VMMIO_REG_STATUS, 4),
			"the reset does not end: %d, Status 0x%x", counters.resetting,
			(unsigned)vmmio_device_read(b->dev, VMMIO_REG_STATUS, 4));
		bench_check(b);
		FUZZ_CHECK(!vmmio_device_destroy(b->dev, bench_destroyed, b), "destroy");
		b->destroying = true;
	}
	wind_up(b);
}

void bench_down(struct bench *b)
{
	if (b->dev)
		end_reset(b);
	FUZZ_CHECK(b->destroyed == 1 && !b->dev, "destroyed %u times", b->destroyed);
	for (unsigned i = 0; i < BENCH_VCPUS; i++)
		FUZZ_CHECK(!b->vcpu[i].out, "vCPU %u was never told", i);
	FUZZ_CHECK(!b->host.out && !b->last.out && !b->again.out, "the host was never told");
	FUZZ_CHECK(!vmmio_memory_destroy(b->memory) && !vmmio_executor_destroy(b->ex),
		"something is left");
	free(b->ram);
	free(b->copy);
}
