/* SPDX-License-Identifier: BSD-3-Clause */
/* The scripted device's registers, and the rules that the driver has to keep. */
#include <stdlib.h>
#include <string.h>
#include "support/fixture.h"
#include "unit/driver_fake.h"

static _Alignas(4096) uint8_t ram[FAKE_RAM_SIZE];

void *fake_host(uint64_t guest, size_t size)
{
	fake_check(guest >= FAKE_RAM_GUEST && guest - FAKE_RAM_GUEST <= FAKE_RAM_SIZE);
	fake_check(size <= FAKE_RAM_SIZE - (guest - FAKE_RAM_GUEST));
	return &ram[guest - FAKE_RAM_GUEST];
}

static struct fake_queue *selected(struct fake *f)
{
	fake_check(f->queue_sel < FAKE_QUEUES);
	return &f->queues[f->queue_sel];
}

static void reset_queue(struct fake_queue *q)
{
	uint32_t max = q->size_max;
	unsigned kicks = q->kicks;

	memset(q, 0, sizeof(*q));
	q->size_max = max;
	q->kicks = kicks;
	q->avail_wrap = q->used_wrap = true;
}

static void finish_reset(struct fake *f)
{
	f->resetting = false;
	f->status = 0;
	f->accepted = 0;
	f->device_sel_set = f->driver_sel_set = false;
	f->interrupt = 0;
	for (int i = 0; i < FAKE_QUEUES; i++)
		reset_queue(&f->queues[i]);
}

static uint32_t read_status(struct fake *f)
{
	if (!f->resetting)
		return f->status;
	if (f->status_left != 0) {
		if (f->status_left != FAKE_NEVER)
			f->status_left--;
		return f->status;
	}
	finish_reset(f);
	return 0;
}

static uint32_t read_countdown(struct fake_queue *q, uint32_t *left)
{
	if (*left == 0)
		return 0;
	if (*left != FAKE_NEVER)
		(*left)--;
	if (*left == 0)
		reset_queue(q);
	return 1;
}

static uint32_t read_ready(struct fake_queue *q)
{
	return q->ready_left ? read_countdown(q, &q->ready_left) : q->ready;
}

static uint32_t read_features(struct fake *f)
{
	fake_rule(f->device_sel_set, "MMIO-DRV-13: DeviceFeatures without its selector");
	if (f->device_sel >= 4)
		return 0;
	return (uint32_t)(f->offer[f->device_sel / 2] >> (f->device_sel % 2 * 32));
}

static uint32_t read_register(struct fake *f, uint64_t offset)
{
	switch (offset) {
	case VMMIO_REG_MAGIC:
		return f->magic;
	case VMMIO_REG_VERSION:
		return f->version;
	case VMMIO_REG_DEVICE_ID:
		return f->device_id;
	case VMMIO_REG_DEVICE_FEATURES:
		return read_features(f);
	case VMMIO_REG_QUEUE_SIZE_MAX:
		return selected(f)->size_max;
	case VMMIO_REG_QUEUE_READY:
		return read_ready(selected(f));
	case VMMIO_REG_QUEUE_RESET:
		return read_countdown(selected(f), &selected(f)->reset_left);
	case VMMIO_REG_INTERRUPT_STATUS:
		return f->interrupt;
	case VMMIO_REG_STATUS:
		return read_status(f);
	case VMMIO_REG_CONFIG_GENERATION:
		return f->generation;
	default:
		ck_abort_msg("MMIO-DRV-01/03: read of 0x%x", (unsigned)offset);
	}
}

/* A config change hits in the middle of a field, as long as the script says. */
static uint64_t read_config(struct fake *f, uint64_t at, unsigned size)
{
	uint64_t value = 0;

	fake_rule(size <= 4 && at % size == 0, "MMIO-DRV-05..07: config access");
	fake_check(at + size <= sizeof(f->config));
	memcpy(&value, &f->config[at], size);
	if (f->generation_steps != 0) {
		if (f->generation_steps != FAKE_NEVER)
			f->generation_steps--;
		f->generation++;
		for (unsigned i = 0; i < 8; i++)
			f->config[i]++;
	}
	return value;
}

static void record(struct fake *f, bool write, uint64_t offset, unsigned size, uint64_t value)
{
	if (f->n_log < sizeof(f->log) / sizeof(f->log[0]))
		f->log[f->n_log] = (struct fake_access){ write, size, offset, value };
	f->n_log++;
}

static uint64_t fake_read(void *ctx, uint64_t offset, unsigned size)
{
	struct fake *f = ctx;
	uint64_t value;

	if (offset >= VMMIO_REG_CONFIG) {
		value = read_config(f, offset - VMMIO_REG_CONFIG, size);
	} else {
		fake_rule(size == 4 && offset % 4 == 0, "MMIO-DRV-04: control access");
		value = read_register(f, offset);
	}
	record(f, false, offset, size, value);
	return value;
}

static void write_status(struct fake *f, uint32_t value)
{
	if (value == 0) {
		f->resetting = true;
		f->status_left = f->status == 0 ? 0 : f->reset_reads;
		if (f->version == 2 && f->status_left == 0)
			finish_reset(f);
		return;
	}
	fake_rule((f->status & ~value) == 0, "GEN-DRV-02: Status lost a bit");
	fake_rule(!(f->status & VMMIO_STATUS_FAILED), "GEN-DRV-03: on after FAILED");
	if (f->refuse_features)
		value &= ~VMMIO_STATUS_FEATURES_OK;
	if (value & ~f->status & VMMIO_STATUS_DRIVER_OK && f->start_fails)
		value |= VMMIO_STATUS_NEEDS_RESET;
	f->status = value;
}

static void write_features(struct fake *f, uint32_t value)
{
	fake_rule(f->driver_sel_set, "MMIO-DRV-14: DriverFeatures without its selector");
	fake_rule(!(f->status & VMMIO_STATUS_FEATURES_OK), "GEN-DRV-25: features are fixed");
	fake_check(f->driver_sel < 2);
	f->accepted |= (uint64_t)value << (32 * f->driver_sel);
	fake_rule((f->accepted & ~f->offer[0]) == 0, "GEN-DRV-05: not offered");
}

static void write_address(struct fake *f, uint64_t offset, uint32_t value)
{
	struct fake_queue *q = selected(f);
	uint64_t *addr = &q->addr[(offset - VMMIO_REG_QUEUE_DESC_LOW) / 0x10];

	fake_rule(!q->ready && !q->reset_left, "MMIO-DRV-16/22: address of a live queue");
	if (offset % 8)
		*addr = (*addr & UINT32_MAX) | (uint64_t)value << 32;
	else
		*addr = (*addr & ~(uint64_t)UINT32_MAX) | value;
}

static void write_ready(struct fake *f, uint32_t value)
{
	struct fake_queue *q = selected(f);

	fake_rule(f->status & VMMIO_STATUS_FEATURES_OK, "GEN-DRV-22: queue before FEATURES_OK");
	fake_rule(!q->reset_left, "MMIO-DRV-22: QueueReady during a queue reset");
	fake_check(value <= 1);
	if (value == 0) {
		q->ready_left = f->queue_ready_reads;
		if (q->ready_left == 0)
			reset_queue(q);
		return;
	}
	fake_check(q->size != 0);
	q->ready = 1;
}

static void write_notify(struct fake *f, uint32_t value)
{
	struct fake_queue *q;

	fake_rule(f->status & VMMIO_STATUS_DRIVER_OK, "GEN-DRV-28: notified before DRIVER_OK");
	fake_check((value & 0xffff) < (FAKE_QUEUES));
	if (!(f->accepted & VMMIO_FEATURE(VMMIO_F_NOTIFICATION_DATA)))
		fake_rule(value >> 16 == 0, "MMIO-DRV-35: data without the feature");
	q = &f->queues[value & 0xffff];
	q->kicks++;
	q->kick_value = value;
	if (f->serve_on_kick)
		fake_run(f, value & 0xffff);
}

static void write_queue_size(struct fake *f, uint32_t value)
{
	struct fake_queue *q = selected(f);

	fake_rule(!q->ready && !q->reset_left, "MMIO-DRV-16/22: QueueSize of a live queue");
	fake_rule(value <= q->size_max, "MMIO-DRV-15: QueueSize too large");
	q->size = value;
}

static void write_register(struct fake *f, uint64_t offset, uint32_t value)
{
	fake_rule(!f->resetting || offset == VMMIO_REG_STATUS,
		"PATCH-DRV-02: write of 0x%x before Status read as zero", (unsigned)offset);
	switch (offset) {
	case VMMIO_REG_DEVICE_FEATURES_SEL:
		f->device_sel = value;
		f->device_sel_set = true;
		break;
	case VMMIO_REG_DRIVER_FEATURES_SEL:
		f->driver_sel = value;
		f->driver_sel_set = true;
		break;
	case VMMIO_REG_DRIVER_FEATURES:
		write_features(f, value);
		break;
	case VMMIO_REG_QUEUE_SEL:
		f->queue_sel = value;
		break;
	case VMMIO_REG_QUEUE_SIZE:
		write_queue_size(f, value);
		break;
	case VMMIO_REG_QUEUE_READY:
		write_ready(f, value);
		break;
	case VMMIO_REG_QUEUE_NOTIFY:
		write_notify(f, value);
		break;
	case VMMIO_REG_INTERRUPT_ACK:
		fake_rule((value & ~VMMIO_INT_ALL) == 0, "MMIO-DRV-21: undefined bits");
		f->interrupt &= ~value;
		break;
	case VMMIO_REG_STATUS:
		fake_rule(!f->resetting || value == 0, "PATCH-DRV-02: Status too early");
		write_status(f, value);
		break;
	case VMMIO_REG_QUEUE_RESET:
		fake_check(value == 1 && selected(f)->ready);
		selected(f)->reset_left = f->queue_reset_reads;
		if (f->queue_reset_reads == 0)
			reset_queue(selected(f));
		break;
	default:
		if (offset < VMMIO_REG_QUEUE_DESC_LOW || offset > VMMIO_REG_QUEUE_DEVICE_HIGH ||
			offset % 0x10 > 4)
			ck_abort_msg("MMIO-DRV-01/02: write of 0x%x", (unsigned)offset);
		write_address(f, offset, value);
	}
}

static void fake_write(void *ctx, uint64_t offset, unsigned size, uint64_t value)
{
	struct fake *f = ctx;

	record(f, true, offset, size, value);
	if (offset >= VMMIO_REG_CONFIG) {
		uint64_t at = offset - VMMIO_REG_CONFIG;

		fake_rule(f->status & VMMIO_STATUS_FEATURES_OK, "GEN-DRV-24: config write");
		fake_check(size <= 4 && at % size == 0 && at + size <= sizeof(f->config));
		memcpy(&f->config[at], &value, size);
		return;
	}
	fake_rule(size == 4 && offset % 4 == 0, "MMIO-DRV-04: control access");
	write_register(f, offset, (uint32_t)value);
}

static void fake_relax(void *ctx)
{
	struct fake *f = ctx;

	f->relaxed++;
	f->clock += 10;
}

static uint64_t fake_now(void *ctx)
{
	return ((struct fake *)ctx)->clock;
}

const struct vmmio_driver_ops fake_ops = {
	.size = sizeof(struct vmmio_driver_ops),
	.read = fake_read,
	.write = fake_write,
	.relax = fake_relax,
};

const struct vmmio_driver_ops fake_clock_ops = {
	.size = sizeof(struct vmmio_driver_ops),
	.read = fake_read,
	.write = fake_write,
	.relax = fake_relax,
	.now = fake_now,
};

void fake_init(struct fake *f, uint32_t version, uint64_t features)
{
	memset(f, 0, sizeof(*f));
	memset(ram, 0xa5, sizeof(ram));
	f->magic = VMMIO_MAGIC;
	f->version = version;
	f->device_id = VMMIO_ID_BLOCK;
	f->offer[0] = features | VMMIO_FEATURE(VMMIO_F_VERSION_1);
	for (int i = 0; i < FAKE_QUEUES - 1; i++)
		f->queues[i].size_max = 64;
	finish_reset(f);
}

struct vmmio_driver *fake_driver(struct fake *f)
{
	struct vmmio_driver_config config = {
		.size = sizeof(config),
		.ops = &fake_ops,
		.ctx = f,
		.memory = { &ram[0x1000], FAKE_RAM_GUEST + 0x1000, FAKE_RAM_SIZE - 0x1000 },
		.patience = 100,
	};
	struct vmmio_driver *driver;

	fake_check((vmmio_driver_create(&config, &driver)) == (0));
	return driver;
}
