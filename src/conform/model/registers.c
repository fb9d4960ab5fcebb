/* SPDX-License-Identifier: BSD-3-Clause */
/* The register table: which access means what. */
#include "conform/model/internal.h"

static uint32_t shown(const struct model *m, uint32_t flag, uint32_t pretended, uint32_t truth)
{
	return m->options.show.flags & flag ? pretended : truth;
}

static uint32_t read_interrupt(struct model *m)
{
	m->spurious_line = false;
	if (!m->interrupt)
		return 0;
	return m->interrupt | m->options.show.interrupt_extra;
}

/* 64 bits of the selected region; without one all are set. */
static uint64_t shm(const struct model *m, bool base)
{
	const struct vmmio_shm_region *region = &m->options.shm;

	if (!region->length || region->id != m->shm_sel)
		return UINT64_MAX;
	return base ? region->base : region->length;
}

static uint32_t read_queue(struct model *m, uint32_t offset)
{
	const struct queue *q = model_selected(m);

	if (!q)
		return 0;
	switch (offset) {
	case VMMIO_REG_QUEUE_SIZE_MAX:
		return q->size_max;
	case VMMIO_REG_QUEUE_READY:
		return q->ready;
	default:
		return q->resetting;
	}
}

static uint32_t read_identity(const struct model *m, uint32_t offset)
{
	const struct model_show *show = &m->options.show;

	switch (offset) {
	case VMMIO_REG_MAGIC:
		return shown(m, MODEL_SHOW_MAGIC, show->magic, VMMIO_MAGIC);
	case VMMIO_REG_VERSION:
		return shown(m, MODEL_SHOW_VERSION, show->version, m->options.version);
	case VMMIO_REG_DEVICE_ID:
		return shown(m, MODEL_SHOW_DEVICE_ID, show->device_id, m->options.device_id);
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
		return m->generation;
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
		m->interrupt &= ~value;
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
	return m->interrupt != 0 || m->spurious_line;
}
