/* SPDX-License-Identifier: BSD-3-Clause */
/* The register table: which access means what. */
#include "conform/model/internal.h"

static uint32_t shown(
	const struct model *m, enum model_show_flags flag, uint32_t pretended, uint32_t truth)
{
	return shows(m, flag) ? pretended : truth;
}

static uint32_t read_interrupt(struct model *m)
{
	uint32_t bits = m->interrupt;

	m->spurious_line = false;
	if (bits)
		bits |= m->options.show.interrupt_extra;
	if (bits & VMMIO_INT_USED_BUFFER && faulty(m, FAULT_INT_EXTRA_BIT))
		bits |= 4;
	if (faulty(m, FAULT_INT_READ_CLEARS))
		m->interrupt = 0;
	return bits;
}

static void acknowledge(struct model *m, uint32_t bits)
{
	bits &= m->interrupt;
	if (faulty(m, FAULT_INT_ACK_LOWEST))
		bits &= ~bits + 1;
	if (bits && faulty(m, FAULT_INT_ACK_CLEARS_ALL))
		bits = m->interrupt;
	if (bits && faulty(m, FAULT_INT_LINE_STAYS))
		m->stuck_line = true;
	m->interrupt &= ~bits;
}

void model_event(struct model *m, uint32_t bit)
{
	if (faulty(m, FAULT_INT_ONE_AT_A_TIME) && m->interrupt)
		return;
	m->interrupt |= bit;
	if (faulty(m, FAULT_INT_FADES))
		model_late(m, MODEL_LATE_NS, LATE_FADE, bit);
}

/* 64 bits of the selected region; without one all are set. */
static uint64_t shm(const struct model *m, bool base)
{
	const struct vmmio_shm_region *region = &m->options.shm;

	if (!region->length || region->id != m->shm_sel) {
		if (faulty(m, base ? FAULT_SHM_BASE_UNUSED : FAULT_SHM_LEN_UNUSED))
			return 0;
		return UINT64_MAX;
	}
	return base ? region->base : region->length;
}

static uint32_t read_ready(struct model *m, const struct queue *q)
{
	if (faulty(m, FAULT_QUEUE_RESET_KEEPS_READY) && q->still_shown)
		return 1;
	if (faulty(m, FAULT_QUEUE_SEL_READY))
		q = &m->queues[0];
	if (faulty(m, FAULT_QUEUE_READY_READS_0) && m->status & VMMIO_STATUS_DRIVER_OK)
		return 0;
	return q->ready;
}

static uint32_t read_reset(struct model *m, struct queue *q)
{
	if (faulty(m, FAULT_QUEUE_RESET_EARLY))
		return 0;
	if (!q->resetting && q->old_reads) {
		q->old_reads--;
		return 1;
	}
	if (faulty(m, FAULT_QUEUE_RESET_AGAIN) && q->was_reset && q->ready)
		return 1;
	return q->resetting;
}

static uint32_t read_queue(struct model *m, uint32_t offset)
{
	struct queue *q = model_selected(m);

	if (faulty(m, FAULT_QUEUE_MAX_BEYOND) && m->queue_sel >= 256)
		return offset == VMMIO_REG_QUEUE_SIZE_MAX ? m->options.queue_size : 0;
	if (!q)
		return 0;
	switch (offset) {
	case VMMIO_REG_QUEUE_SIZE_MAX:
		return q->size_max;
	case VMMIO_REG_QUEUE_READY:
		return read_ready(m, q);
	default:
		return read_reset(m, q);
	}
}

static uint32_t read_generation(struct model *m)
{
	const uint32_t moves = m->options.show.generation_moves;

	if (m->moved < moves || moves == UINT32_MAX) {
		m->moved++;
		m->generation++;
	}
	if (faulty(m, FAULT_GENERATION_RUNS))
		m->generation++;
	return m->generation;
}

static uint32_t read_magic(const struct model *m)
{
	if (faulty(m, FAULT_MAGIC))
		return VMMIO_MAGIC + 1;
	if (faulty(m, FAULT_MAGIC_IN_RESET) && m->resetting)
		return 0;
	return shown(m, MODEL_SHOW_MAGIC, m->options.show.magic, VMMIO_MAGIC);
}

static uint32_t read_version(const struct model *m)
{
	if (faulty(m, FAULT_VERSION))
		return 4;
	if (faulty(m, FAULT_VERSION_WHEN_LIVE) && m->status & VMMIO_STATUS_DRIVER_OK)
		return 1;
	return shown(m, MODEL_SHOW_VERSION, m->options.show.version, m->options.version);
}

static uint32_t read_identity(const struct model *m, uint32_t offset)
{
	const struct model_options *o = &m->options;

	switch (offset) {
	case VMMIO_REG_MAGIC:
		return read_magic(m);
	case VMMIO_REG_VERSION:
		return read_version(m);
	case VMMIO_REG_DEVICE_ID:
		if (faulty(m, FAULT_DEVICE_ID))
			return 63;
		return shown(m, MODEL_SHOW_DEVICE_ID, o->show.device_id, o->device_id);
	default:
		return 0x4c444f4d; /* "MODL" */
	}
}

static uint32_t read_register(struct model *m, uint32_t offset)
{
	switch (offset) {
	case VMMIO_REG_MAGIC:
	case VMMIO_REG_VERSION:
	case VMMIO_REG_DEVICE_ID:
	case VMMIO_REG_VENDOR_ID:
		return read_identity(m, offset);
	case VMMIO_REG_DEVICE_FEATURES:
		return model_offer_read(m);
	case VMMIO_REG_QUEUE_SIZE_MAX:
	case VMMIO_REG_QUEUE_READY:
	case VMMIO_REG_QUEUE_RESET:
		return read_queue(m, offset);
	case VMMIO_REG_INTERRUPT_STATUS:
		return read_interrupt(m);
	case VMMIO_REG_STATUS:
		return model_status_read(m);
	case VMMIO_REG_SHM_LEN_LOW:
		return (uint32_t)shm(m, false);
	case VMMIO_REG_SHM_LEN_HIGH:
		return (uint32_t)(shm(m, false) >> 32);
	case VMMIO_REG_SHM_BASE_LOW:
		return (uint32_t)shm(m, true);
	case VMMIO_REG_SHM_BASE_HIGH:
		return (uint32_t)(shm(m, true) >> 32);
	case VMMIO_REG_CONFIG_GENERATION:
		return read_generation(m);
	default:
		return 0;
	}
}

/* What works during a reset too. false: another register. */
static bool write_always(struct model *m, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VMMIO_REG_STATUS:
		model_status_write(m, value);
		return true;
	case VMMIO_REG_INTERRUPT_ACK:
		acknowledge(m, value);
		return true;
	case VMMIO_REG_DEVICE_FEATURES_SEL:
		m->offer_sel = value;
		return true;
	case VMMIO_REG_DRIVER_FEATURES_SEL:
		m->accepted_sel = value;
		return true;
	case VMMIO_REG_QUEUE_SEL:
		m->queue_sel = value;
		return true;
	case VMMIO_REG_SHM_SEL:
		m->shm_sel = value;
		return true;
	default:
		return false;
	}
}

static void write_queue(struct model *m, uint32_t offset, uint32_t value)
{
	struct queue *q = model_selected(m);

	if (!q)
		return;
	if (faulty(m, FAULT_QUEUE_SEL_READY) && offset == VMMIO_REG_QUEUE_READY)
		q = &m->queues[0];
	if (offset == VMMIO_REG_QUEUE_READY)
		model_queue_ready(q, value);
	else if (offset == VMMIO_REG_QUEUE_RESET)
		model_queue_reset(q, value);
	else
		model_queue_setup(q, offset, value);
}

static void write_register(struct model *m, uint32_t offset, uint32_t value)
{
	if (write_always(m, offset, value) || m->resetting)
		return;
	switch (offset) {
	case VMMIO_REG_DRIVER_FEATURES:
		model_accepted_write(m, value);
		break;
	case VMMIO_REG_QUEUE_NOTIFY:
		model_queue_notify(m, value);
		break;
	default:
		write_queue(m, offset, value);
	}
}

/* Control registers are 4 bytes wide; other accesses read 0 and do nothing. */
static bool is_register(uint64_t offset, unsigned width)
{
	return offset < VMMIO_REG_CONFIG && width == 4 && offset % 4 == 0;
}

uint64_t model_read(struct model *m, uint64_t offset, unsigned width)
{
	if (is_register(offset, width) && faulty(m, FAULT_BIG_ENDIAN))
		return __builtin_bswap32(read_register(m, (uint32_t)offset));
	if (is_register(offset, width))
		return read_register(m, (uint32_t)offset);
	if (offset >= VMMIO_REG_CONFIG)
		return model_config_read(m, offset - VMMIO_REG_CONFIG, width);
	return 0;
}

void model_write(struct model *m, uint64_t offset, unsigned width, uint64_t value)
{
	if (is_register(offset, width))
		write_register(m, (uint32_t)offset, (uint32_t)value);
	else if (offset >= VMMIO_REG_CONFIG)
		model_config_write(m, offset - VMMIO_REG_CONFIG, width, value);
}

bool model_line(const struct model *m)
{
	return m->interrupt != 0 || m->spurious_line || m->stuck_line;
}
