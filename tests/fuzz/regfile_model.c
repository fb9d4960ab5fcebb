/* SPDX-License-Identifier: BSD-3-Clause */
/* See regfile_model.h. Numbers stand as the specification prints them. */
#include "regfile_model.h"

#include <string.h>

enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, SUSPEND = 16, NEEDS_RESET = 64,
	FAILED = 128 };

static void act(struct vmmio_actions *out, enum vmmio_action_kind kind)
{
	out->list[out->n++] = (struct vmmio_action){.kind = kind};
}

static void act_on(struct vmmio_actions *out, enum vmmio_action_kind kind, uint32_t queue)
{
	act(out, kind);
	out->list[out->n - 1].queue = queue;
}

/* Bit 32 and up of what the driver chose. */
static bool has(const struct model *m, unsigned bit)
{
	return (m->status & FEATURES_OK) && (m->chosen[bit / 32] >> bit % 32 & 1);
}

static void queue_defaults(struct model_queue *q)
{
	const uint32_t max = q->max;

	memset(q, 0, sizeof(*q));
	q->max = q->size = max;
}

void model_init(struct model *m, const struct vmmio_regfile_config *config)
{
	memset(m, 0, sizeof(*m));
	m->version = config->version;
	m->device_id = config->device_id;
	m->vendor_id = config->vendor_id;
	for (unsigned i = 0; i < 4; i++)
		m->offered[i] = (uint32_t)(config->features[i / 2] >> (i % 2 ? 32 : 0));
	m->n_queues = config->n_queues;
	for (unsigned i = 0; i < m->n_queues; i++) {
		m->queue[i].max = config->queue_size_max[i];
		queue_defaults(&m->queue[i]);
	}
	m->n_shm = config->n_shm;
	for (unsigned i = 0; i < m->n_shm; i++)
		m->shm[i] = config->shm[i];
	m->config_size = config->config_size;
	if (config->config)
		memcpy(m->config, config->config, config->config_size);
	m->urgent_offset = config->config_urgent_offset;
	m->urgent_size = config->config_urgent_size;
}

/* --- Reads ------------------------------------------------------------------------------ */

static uint64_t config_read(const struct model *m, uint64_t at, unsigned size)
{
	uint64_t value = 0;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return 0;
	if (at >= m->config_size || m->config_size - at < size)
		return 0;
	for (unsigned i = 0; i < size; i++)
		value += (uint64_t)m->config[at + i] << 8 * i;
	return value;
}

static uint64_t shm_read(const struct model *m, bool base)
{
	for (unsigned i = 0; i < m->n_shm; i++)
		if (m->shm[i].id == m->shm_sel)
			return base ? m->shm[i].base : m->shm[i].length;
	return UINT64_MAX;
}

uint64_t model_read(const struct model *m, uint64_t offset, unsigned size)
{
	static const struct model_queue none;
	const struct model_queue *q = m->queue_sel < m->n_queues ? &m->queue[m->queue_sel] : &none;

	if (offset >= 0x100)
		return config_read(m, offset - 0x100, size);
	if (size != 4)
		return 0;
	switch (offset) {
	case 0x000: return 0x74726976;
	case 0x004: return m->version;
	case 0x008: return m->device_id;
	case 0x00c: return m->vendor_id;
	case 0x010: return m->device_features_sel < 4 ? m->offered[m->device_features_sel] : 0;
	case 0x034: return q->max;
	case 0x044: return q->ready;
	case 0x060: return m->interrupts;
	case 0x070: return m->status;
	case 0x0b0: return (uint32_t)shm_read(m, false);
	case 0x0b4: return shm_read(m, false) >> 32;
	case 0x0b8: return (uint32_t)shm_read(m, true);
	case 0x0bc: return shm_read(m, true) >> 32;
	case 0x0c0: return q->reset;
	case 0x0fc: return m->generation;
	default: return 0;
	}
}

/* --- Status ----------------------------------------------------------------------------- */

static bool choice_is_fine(const struct model *m)
{
	for (unsigned i = 0; i < 4; i++)
		if ((m->chosen[i] | m->offered[i]) != m->offered[i])
			return false;
	return m->chosen[1] & 1; /* VERSION_1. The targets' device types have no dependencies. */
}

static void reset_begin(struct model *m, struct vmmio_actions *out)
{
	enum vmmio_reset_how how = m->status ? VMMIO_RESET_BEGIN : VMMIO_RESET_CLEAN;

	if (m->resetting) {
		act(out, VMMIO_ACTION_RESET);
		out->list[out->n - 1].value = VMMIO_RESET_JOIN;
		return;
	}
	if (m->interrupts)
		act(out, VMMIO_ACTION_LINE);
	act(out, VMMIO_ACTION_RESET);
	out->list[out->n - 1].value = how;
	m->resetting = true;
	m->epoch++;
	m->interrupts = 0;
	m->device_features_sel = m->driver_features_sel = m->queue_sel = m->shm_sel = 0;
}

static void reset_end(struct model *m)
{
	if (!m->resetting)
		return;
	m->device_features_sel = m->driver_features_sel = m->queue_sel = m->shm_sel = 0;
	memset(m->chosen, 0, sizeof(m->chosen));
	for (unsigned i = 0; i < m->n_queues; i++)
		queue_defaults(&m->queue[i]);
	m->asked = m->asked_driver_ok = m->sick = false;
	m->suspending = m->suspended = m->resuming = false;
	m->resetting = false;
	m->status = 0;
}

static void features_ok_write(struct model *m, bool driver_ok, struct vmmio_actions *out)
{
	if (m->asked) {
		m->asked_driver_ok = m->asked_driver_ok || driver_ok;
	} else if (!(m->status & NEEDS_RESET) && choice_is_fine(m)) {
		m->asked = true;
		m->asked_driver_ok = driver_ok;
		act(out, VMMIO_ACTION_CHECK_FEATURES);
	}
}

static void driver_ok_write(struct model *m, struct vmmio_actions *out)
{
	if (!(m->status & SUSPEND)) {
		m->status |= DRIVER_OK;
		act(out, VMMIO_ACTION_DRIVER_OK);
	} else if (m->suspended && !m->resuming) {
		m->resuming = true;
		act(out, VMMIO_ACTION_RESUME);
	}
}

/* Bits are only ever added (E20); 8 is judged before 4 (E18). */
static void status_write(struct model *m, uint32_t value, struct vmmio_actions *out)
{
	const uint32_t before = m->status;

	if (m->resetting)
		return; /* E05 */
	if (m->sick && (value & (1 | 2 | 4 | 8 | 16 | 128)))
		m->status |= NEEDS_RESET;
	if ((value & FAILED) && !(before & FAILED))
		act(out, VMMIO_ACTION_FAILED);
	m->status |= value & (ACKNOWLEDGE | DRIVER | FAILED);
	if ((value & FEATURES_OK) && !(before & FEATURES_OK))
		features_ok_write(m, (value & DRIVER_OK) && !(before & DRIVER_OK), out);
	else if ((value & DRIVER_OK) && !(before & DRIVER_OK) && (before & FEATURES_OK))
		driver_ok_write(m, out);
	if ((value & SUSPEND) && !(before & SUSPEND) && (before & DRIVER_OK) &&
		has(m, VMMIO_F_SUSPEND)) {
		m->status |= SUSPEND;
		m->suspending = true;
		act(out, VMMIO_ACTION_SUSPEND);
	}
}

/* --- Other writes ------------------------------------------------------------------------ */

static void queue_ready_write(struct model *m, struct model_queue *q, uint32_t value,
	struct vmmio_actions *out)
{
	if (q->reset || (value && q->stopping))
		return;
	if (value == 1 && !q->ready) {
		q->ready = true;
		act_on(out, VMMIO_ACTION_QUEUE_READY, m->queue_sel);
	} else if (value == 0 && q->ready) {
		q->stopping = true;
		act_on(out, VMMIO_ACTION_QUEUE_STOP, m->queue_sel);
	}
}

static void queue_reset_write(struct model *m, struct model_queue *q, uint32_t value,
	struct vmmio_actions *out)
{
	if (!has(m, VMMIO_F_RING_RESET) || value != 1 || q->reset)
		return;
	if (!q->ready) {
		queue_defaults(q);
		return;
	}
	q->reset = q->stopping = true;
	act_on(out, VMMIO_ACTION_QUEUE_RESET, m->queue_sel);
}

/* Of the selected queue, which exists. Not during a reset. */
static void queue_write(struct model *m, uint64_t offset, uint32_t value, struct vmmio_actions *out)
{
	struct model_queue *q = &m->queue[m->queue_sel];

	if (offset == 0x044)
		queue_ready_write(m, q, value, out);
	else if (offset == 0x0c0)
		queue_reset_write(m, q, value, out);
	if (offset == 0x044 || offset == 0x0c0 || q->ready)
		return;
	switch (offset) {
	case 0x038: q->size = value; break;
	case 0x080: q->desc_low = value; break;
	case 0x084: q->desc_high = value; break;
	case 0x090: q->driver_low = value; break;
	case 0x094: q->driver_high = value; break;
	case 0x0a0: q->device_low = value; break;
	case 0x0a4: q->device_high = value; break;
	}
}

static void notify_write(struct model *m, uint32_t value, struct vmmio_actions *out)
{
	const uint32_t i = has(m, VMMIO_F_NOTIFICATION_DATA) ? value % 65536 : value;

	if (!(m->status & DRIVER_OK) || (m->status & (FAILED | SUSPEND)) || i >= m->n_queues)
		return;
	if (!m->queue[i].ready || m->queue[i].stopping)
		return;
	act_on(out, VMMIO_ACTION_NOTIFY, i);
	out->list[out->n - 1].value = value;
}

static void ack_write(struct model *m, uint32_t value, struct vmmio_actions *out)
{
	if (m->interrupts & value)
		act(out, VMMIO_ACTION_LINE);
	m->interrupts &= ~value;
}

static void config_write(
	struct model *m, uint64_t at, unsigned size, uint64_t value, struct vmmio_actions *out)
{
	const unsigned part = size == 8 ? 4 : size;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return;
	if (at >= m->config_size || m->config_size - at < size)
		return;
	for (unsigned done = 0; done < size; done += part) {
		const uint32_t from = (uint32_t)at + done;
		const bool urgent = from >= m->urgent_offset &&
			from + part <= m->urgent_offset + m->urgent_size;

		if (!urgent && (m->resetting || (m->status & SUSPEND)))
			continue;
		act(out, VMMIO_ACTION_CONFIG_WRITE);
		out->list[out->n - 1].offset = from;
		out->list[out->n - 1].size = part;
		out->list[out->n - 1].value = value >> 8 * done &
			(part == 4 ? UINT32_MAX : (UINT64_C(1) << 8 * part) - 1);
	}
}

void model_write(struct model *m, uint64_t offset, unsigned size, uint64_t wide,
	struct vmmio_actions *out)
{
	const uint32_t value = (uint32_t)wide;

	out->n = 0;
	if (offset >= 0x100) {
		config_write(m, offset - 0x100, size, wide, out);
		return;
	}
	if (size != 4)
		return;
	switch (offset) { /* what works in a reset too */
	case 0x014: m->device_features_sel = value; return;
	case 0x024: m->driver_features_sel = value; return;
	case 0x030: m->queue_sel = value; return;
	case 0x0ac: m->shm_sel = value; return;
	case 0x064: ack_write(m, value, out); return;
	case 0x070: value ? status_write(m, value, out) : reset_begin(m, out); return;
	}
	if (m->resetting)
		return;
	if (offset == 0x050)
		notify_write(m, value, out);
	else if (offset == 0x020 && m->driver_features_sel < 4 && !m->asked &&
		!(m->status & FEATURES_OK))
		m->chosen[m->driver_features_sel] = value;
	else if (m->queue_sel < m->n_queues && m->queue[m->queue_sel].max)
		queue_write(m, offset, value, out);
}

/* --- Events ------------------------------------------------------------------------------ */

static void config_interrupt(struct model *m, struct vmmio_actions *out)
{
	if (!(m->interrupts & 2))
		act(out, VMMIO_ACTION_LINE);
	m->interrupts |= 2;
}

static void features_answer(struct model *m, bool accepted, struct vmmio_actions *out)
{
	if (!m->asked)
		return;
	m->asked = false;
	if (!accepted || m->sick || (m->status & NEEDS_RESET))
		return;
	m->status |= FEATURES_OK;
	if (m->asked_driver_ok) {
		m->status |= DRIVER_OK;
		act(out, VMMIO_ACTION_DRIVER_OK);
	}
}

static void needs_reset(struct model *m, struct vmmio_actions *out)
{
	if (!m->status) {
		m->sick = true;
		return;
	}
	m->suspending = m->resuming = false;
	m->status |= NEEDS_RESET;
	if (m->status & DRIVER_OK)
		config_interrupt(m, out);
}

static void resumed(struct model *m, struct vmmio_actions *out)
{
	if (!m->resuming)
		return;
	m->suspended = m->resuming = false;
	m->status = (m->status & ~(uint32_t)SUSPEND) | DRIVER_OK;
	if (m->generation != m->suspended_generation || (m->status & NEEDS_RESET))
		config_interrupt(m, out);
}

void model_event(struct model *m, enum vmmio_event event, uint32_t arg, struct vmmio_actions *out)
{
	out->n = 0;
	if (event == VMMIO_EVENT_RESET_FINISHED)
		reset_end(m);
	if (m->resetting)
		return;
	if (event == VMMIO_EVENT_FEATURES) {
		features_answer(m, arg, out);
	} else if (event == VMMIO_EVENT_NEEDS_RESET) {
		needs_reset(m, out);
	} else if (event == VMMIO_EVENT_RESUMED) {
		resumed(m, out);
	} else if (event == VMMIO_EVENT_QUEUE_STOPPED) {
		if (arg < m->n_queues && m->queue[arg].stopping)
			queue_defaults(&m->queue[arg]);
	} else if (event == VMMIO_EVENT_SUSPENDED && m->suspending) {
		m->suspending = false;
		m->suspended = true;
		m->suspended_generation = m->generation;
		m->status &= ~(uint32_t)DRIVER_OK;
	}
}

bool model_raise(struct model *m, uint32_t epoch, uint32_t bits)
{
	if (epoch != m->epoch || m->resetting || !(m->status & DRIVER_OK))
		return false;
	m->interrupts |= bits & 3;
	return true;
}

bool model_config_set(struct model *m, uint32_t offset, const void *data, uint32_t size)
{
	if ((uint64_t)offset + size > m->config_size || !memcmp(m->config + offset, data, size))
		return false;
	memcpy(m->config + offset, data, size);
	m->generation++;
	return true;
}
