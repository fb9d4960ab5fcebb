/* SPDX-License-Identifier: BSD-3-Clause */
/* The filter: between the good driver and its bus, and between it and the harness. */
#include "conform/broken_subject.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <vmmio/spec.h>

struct broken {
	struct vmmio_subject inner;
	const struct vmmio_bus *bus;
	struct vmmio_bus filtered;
	uint32_t wrong;
	struct wrong_from from;
	unsigned begins, uses;

	uint32_t status;   /* as written last */
	unsigned suspends; /* writes of SUSPEND: every second one resumes */
	uint64_t capacity; /* as it was at first */
	bool resetting;    /* 0 was written, and not read since */
	bool queue_reset;  /* 1 was written to QueueReset */
	uint32_t offer[4], offer_sel, accepted_sel, queue_sel, queue_size;
	bool event_idx, notified;
	uint64_t used_ring;
};

static bool is(const struct broken *b, enum wrong wrong)
{
	return b->begins >= b->from.begin && b->uses >= b->from.use && b->wrong & wrong;
}

static uint32_t rd(struct broken *b, uint64_t offset)
{
	return (uint32_t)b->bus->read(b->bus->ctx, offset, 4);
}

/* Reads the register, and knows better. */
static uint32_t believe(struct broken *b, uint64_t offset, uint32_t value)
{
	rd(b, offset);
	return value;
}

/* --- Reads ---------------------------------------------------------------------------------- */

static uint32_t read_status(struct broken *b)
{
	if (b->resetting && is(b, NO_RESET_WAIT))
		return 0;
	if (b->suspends && is(b, NO_SUSPEND_WAIT))
		return b->suspends % 2 ? VMMIO_STATUS_SUSPEND : VMMIO_STATUS_DRIVER_OK;
	if (is(b, NO_REFUSAL))
		return rd(b, VMMIO_REG_STATUS) | (b->status & VMMIO_STATUS_FEATURES_OK);
	return rd(b, VMMIO_REG_STATUS);
}

static uint32_t read_interrupt(struct broken *b)
{
	const uint32_t bits = rd(b, VMMIO_REG_INTERRUPT_STATUS);

	if (is(b, ACKS_ALL) && bits & ~VMMIO_INT_ALL)
		b->bus->write(b->bus->ctx, VMMIO_REG_INTERRUPT_ACK, 4, bits);
	if (!is(b, NO_CHANGES) || !(bits & VMMIO_INT_CONFIG_CHANGE))
		return bits;
	b->bus->write(b->bus->ctx, VMMIO_REG_INTERRUPT_ACK, 4, VMMIO_INT_CONFIG_CHANGE);
	return bits & ~VMMIO_INT_CONFIG_CHANGE;
}

static uint32_t read_offer(struct broken *b)
{
	const uint32_t word = rd(b, VMMIO_REG_DEVICE_FEATURES);

	if (b->offer_sel < 4)
		b->offer[b->offer_sel] = word;
	return is(b, ALL_OFFERED) ? 0xffffffff : word;
}

/* What the driver sees; false: what is there. */
static bool read_filtered(struct broken *b, uint64_t offset, uint64_t *value)
{
	if (offset == VMMIO_REG_MAGIC && is(b, ANY_MAGIC))
		*value = believe(b, offset, VMMIO_MAGIC);
	else if (offset == VMMIO_REG_VERSION && is(b, ANY_VERSION))
		*value = believe(b, offset, 2);
	else if (offset == VMMIO_REG_DEVICE_ID && is(b, ANY_DEVICE_ID))
		*value = believe(b, offset, VMMIO_ID_BLOCK);
	else if (offset == VMMIO_REG_STATUS)
		*value = read_status(b);
	else if (offset == VMMIO_REG_INTERRUPT_STATUS)
		*value = read_interrupt(b);
	else if (offset == VMMIO_REG_DEVICE_FEATURES)
		*value = read_offer(b);
	else if (offset == VMMIO_REG_CONFIG_GENERATION && is(b, NO_GENERATION))
		*value = believe(b, offset, 0);
	else if (offset == VMMIO_REG_QUEUE_SIZE_MAX && is(b, ANY_QUEUE_SIZE))
		*value = believe(b, offset, 256);
	else if (offset == VMMIO_REG_QUEUE_RESET && is(b, NO_QUEUE_RESET_WAIT))
		*value = 0;
	else if (offset == VMMIO_REG_QUEUE_READY && is(b, NO_READY_READ | NO_READY_WRITE))
		*value = 0;
	else
		return false;
	return true;
}

static uint64_t filtered_read(void *ctx, uint64_t offset, unsigned width)
{
	struct broken *b = ctx;
	uint64_t value;

	if (width == 4 && offset < VMMIO_REG_CONFIG && read_filtered(b, offset, &value)) {
		b->resetting &= offset != VMMIO_REG_STATUS || value != 0;
		return value;
	}
	value = b->bus->read(b->bus->ctx, offset, width);
	if (offset == VMMIO_REG_CONFIG && !b->capacity)
		b->capacity = value;
	return offset == VMMIO_REG_CONFIG && is(b, OLD_CAPACITY) ? b->capacity : value;
}

/* --- Writes --------------------------------------------------------------------------------- */

static uint16_t used_word(const struct broken *b, uint64_t offset)
{
	const uint8_t *at =
		(const uint8_t *)b->bus->memory + (b->used_ring - b->bus->memory_guest) + offset;

	return (uint16_t)(at[0] | at[1] << 8);
}

static bool keeps_quiet(struct broken *b)
{
	if (is(b, HEEDS_FLAGS) && used_word(b, 0) & VMMIO_USED_F_NO_NOTIFY)
		return true;
	/* An avail_event that is ahead of all that was used. */
	return is(b, HEEDS_EVENT) && !b->event_idx &&
	       used_word(b, 4 + 8 * (uint64_t)b->queue_size) != used_word(b, 2);
}

static uint32_t accept(struct broken *b, uint32_t value)
{
	if (is(b, ACCEPTS_ALL) && b->accepted_sel < 4)
		value = b->offer[b->accepted_sel];
	if (is(b, ACCEPTS_LITTLE))
		value &= b->accepted_sel == 1;
	if (b->accepted_sel == 0)
		b->event_idx = value >> VMMIO_F_EVENT_IDX & 1;
	return value;
}

/* What the device gets; false: nothing. */
static bool write_filtered(struct broken *b, uint64_t offset, uint32_t *value)
{
	switch (offset) {
	case VMMIO_REG_STATUS:
		if (*value & VMMIO_STATUS_FAILED && is(b, NO_FAILED))
			return false;
		b->status = *value;
		b->resetting = *value == 0;
		b->suspends = *value & VMMIO_STATUS_SUSPEND ? b->suspends + 1 : 0;
		return true;
	case VMMIO_REG_DEVICE_FEATURES_SEL:
		b->offer_sel = *value;
		return true;
	case VMMIO_REG_DRIVER_FEATURES_SEL:
		b->accepted_sel = *value;
		return true;
	case VMMIO_REG_DRIVER_FEATURES:
		*value = accept(b, *value);
		return true;
	case VMMIO_REG_INTERRUPT_ACK:
		return !is(b, ACKS_NOTHING);
	case VMMIO_REG_QUEUE_NOTIFY:
		b->notified = true;
		return !keeps_quiet(b);
	case VMMIO_REG_QUEUE_SEL:
		b->queue_sel = *value;
		return true;
	case VMMIO_REG_QUEUE_RESET:
		b->queue_reset = true;
		return true;
	case VMMIO_REG_QUEUE_READY:
		return *value || !is(b, NO_READY_WRITE);
	case VMMIO_REG_QUEUE_DEVICE_LOW:
	case VMMIO_REG_QUEUE_DEVICE_HIGH:
	case VMMIO_REG_QUEUE_SIZE:
		return !(b->queue_reset && is(b, NO_QUEUE_SETUP));
	default:
		return true;
	}
}

static void remember_queue(struct broken *b, uint64_t offset, uint32_t value)
{
	if (b->queue_sel)
		return;
	if (offset == VMMIO_REG_QUEUE_SIZE)
		b->queue_size = value;
	else if (offset == VMMIO_REG_QUEUE_DEVICE_LOW)
		b->used_ring = (b->used_ring & ~UINT64_C(0xffffffff)) | value;
	else if (offset == VMMIO_REG_QUEUE_DEVICE_HIGH)
		b->used_ring = (b->used_ring & 0xffffffff) | (uint64_t)value << 32;
}

static void filtered_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct broken *b = ctx;
	uint32_t low = (uint32_t)value;

	remember_queue(b, offset, low);
	if (offset >= VMMIO_REG_CONFIG)
		b->bus->write(b->bus->ctx, offset, width, value);
	else if (write_filtered(b, offset, &low))
		b->bus->write(b->bus->ctx, offset, width, low);
}

static void filtered_pass(void *ctx, uint64_t ns)
{
	struct broken *b = ctx;

	if (is(b, ALWAYS_NOTIFIES) && !b->notified)
		b->bus->write(b->bus->ctx, VMMIO_REG_QUEUE_NOTIFY, 4, 0);
	b->notified = true;
	b->bus->pass(b->bus->ctx, ns);
}

static uint64_t filtered_now(void *ctx)
{
	const struct broken *b = ctx;

	return b->bus->now(b->bus->ctx);
}

static bool filtered_line(void *ctx)
{
	const struct broken *b = ctx;

	return b->bus->line(b->bus->ctx);
}

/* --- The driver's functions ----------------------------------------------------------------- */

static void wait_for_ever(struct broken *b)
{
	for (;;)
		b->bus->pass(b->bus->ctx, 1000000);
}

static int broken_begin(void *ctx, const struct vmmio_bus *bus)
{
	struct broken *b = ctx;
	int err;

	b->begins++;
	b->bus = bus;
	b->filtered = *bus;
	b->filtered.ctx = b;
	b->filtered.read = filtered_read;
	b->filtered.write = filtered_write;
	b->filtered.pass = filtered_pass;
	b->filtered.now = filtered_now;
	b->filtered.line = filtered_line;
	b->resetting = b->queue_reset = false;
	b->status = 0;
	err = b->inner.ops->begin(b->inner.ctx, &b->filtered);
	if (is(b, WAITS_IN_BEGIN))
		wait_for_ever(b);
	if (is(b, REFUSES_BEGIN))
		return -EIO;
	return is(b, CLAIMS) ? 0 : err;
}

static int64_t broken_use(void *ctx)
{
	struct broken *b = ctx;
	int64_t got;

	b->uses++;
	if (is(b, WAITS_IN_USE))
		wait_for_ever(b);
	if (is(b, CLAIMS))
		return 0;
	b->notified = false;
	got = b->inner.ops->use(b->inner.ctx);
	if (is(b, REFUSES_USE))
		return -EIO;
	return is(b, TAKES_64) && got >= 0 ? 64 : got;
}

static int broken_stop(void *ctx)
{
	struct broken *b = ctx;

	return is(b, CLAIMS) ? 0 : b->inner.ops->stop(b->inner.ctx);
}

static void broken_interrupt(void *ctx)
{
	struct broken *b = ctx;

	if (!is(b, CLAIMS))
		b->inner.ops->interrupt(b->inner.ctx);
}

static int broken_reset_queue(void *ctx)
{
	struct broken *b = ctx;

	return b->inner.ops->reset_queue(b->inner.ctx);
}

static int broken_disable_queue(void *ctx)
{
	struct broken *b = ctx;

	return b->inner.ops->disable_queue(b->inner.ctx);
}

static int broken_suspend(void *ctx)
{
	struct broken *b = ctx;

	return b->inner.ops->suspend(b->inner.ctx);
}

static int broken_capacity(void *ctx, uint64_t *sectors)
{
	struct broken *b = ctx;

	if (!is(b, SAYS_TORN))
		return b->inner.ops->capacity(b->inner.ctx, sectors);
	*sectors = UINT64_C(0x1ffffffff);
	return 0;
}

static void broken_end(void *ctx)
{
	struct broken *b = ctx;

	b->inner.ops->end(b->inner.ctx);
}

static void broken_close(void *ctx)
{
	struct broken *b = ctx;

	vmmio_subject_close(&b->inner);
	free(b);
}

static const struct vmmio_subject_ops broken_ops = {.size = sizeof(broken_ops),
	.begin = broken_begin,
	.use = broken_use,
	.stop = broken_stop,
	.interrupt = broken_interrupt,
	.reset_queue = broken_reset_queue,
	.disable_queue = broken_disable_queue,
	.suspend = broken_suspend,
	.capacity = broken_capacity,
	.end = broken_end,
	.close = broken_close};

struct vmmio_subject broken_subject(
	const struct vmmio_subject *inner, uint32_t wrong, struct wrong_from from)
{
	struct broken *b = calloc(1, sizeof(*b));
	struct vmmio_subject subject = *inner;

	if (!b)
		abort();
	*b = (struct broken){.inner = *inner, .wrong = wrong, .from = from};
	subject.ops = &broken_ops;
	subject.ctx = b;
	return subject;
}
