/* SPDX-License-Identifier: BSD-3-Clause */
/* What one access changes in what the monitor believes: identification, features, Status.
 * Interrupts and configuration are work.c's, queues queue.c's. */
#include <string.h>

#include "conform/monitor/state.h"

#define STEPS_BITS                                                                                 \
	(VMMIO_STATUS_ACKNOWLEDGE | VMMIO_STATUS_DRIVER | VMMIO_STATUS_FEATURES_OK |               \
		VMMIO_STATUS_DRIVER_OK)

bool has_bit(const uint32_t *words, unsigned bit)
{
	return bit / 32 < WORDS && (words[bit / 32] >> (bit % 32) & 1);
}

bool negotiated(const struct vmmio_monitor *m, unsigned bit)
{
	return has_bit(m->negotiated, bit);
}

bool offer_known(const struct vmmio_monitor *m, unsigned bit)
{
	return m->offer_known >> (bit / 32) & 1;
}

bool is_offered(const struct vmmio_monitor *m, unsigned bit)
{
	return offer_known(m, bit) && has_bit(m->offered, bit);
}

uint32_t new_status(const struct vmmio_monitor *m, const struct scene *s)
{
	if (!writes(s, VMMIO_REG_STATUS) || !m->status_known)
		return 0;
	return s->low & ~(m->resetting ? 0 : m->status);
}

bool sets_features_ok(const struct vmmio_monitor *m, const struct scene *s)
{
	return sets(m, s, VMMIO_STATUS_FEATURES_OK);
}

/* Later than that it may have any other reason. */
#define SOON 8u

bool gives_up_soon(const struct vmmio_monitor *m, const struct scene *s)
{
	return sets(m, s, VMMIO_STATUS_FAILED) && m->tick - m->odd_tick <= SOON;
}

bool monitor_usable(const struct vmmio_monitor *m)
{
	return !m->legacy && m->ident <= IDENT_GOOD;
}

static bool identity_register(uint32_t reg)
{
	return reg == VMMIO_REG_MAGIC || reg == VMMIO_REG_VERSION || reg == VMMIO_REG_DEVICE_ID;
}

/* Registers that are the selected queue's. */
static bool queue_register(uint32_t reg)
{
	switch (reg) {
	case VMMIO_REG_QUEUE_SIZE_MAX:
	case VMMIO_REG_QUEUE_SIZE:
	case VMMIO_REG_QUEUE_READY:
	case VMMIO_REG_QUEUE_RESET:
		return true;
	default:
		return reg >= VMMIO_REG_QUEUE_DESC_LOW && reg <= VMMIO_REG_QUEUE_DEVICE_HIGH;
	}
}

struct scene monitor_scene(struct vmmio_monitor *m, const struct vmmio_monitor_access *access)
{
	struct scene s = {
		.on = access->write ? ON_WRITE : ON_READ,
		.offset = access->offset,
		.value = access->value,
		.size = access->size,
		.reg = REG_NONE,
		.low = (uint32_t)access->value,
	};

	if (access->offset >= VMMIO_REG_CONFIG)
		s.reg = REG_CONFIG;
	else if (access->size == 4 && access->offset % 4 == 0)
		s.reg = (uint32_t)access->offset;
	if (s.reg == VMMIO_REG_QUEUE_NOTIFY)
		s.queue = monitor_queue(m, s.low & 0xffff);
	else if (queue_register(s.reg))
		s.queue = monitor_queue(m, m->queue_sel);
	return s;
}

/* --- Identification -------------------------------------------------------------------------- */

/* MagicValue is read anew: another driver looks at the device, or the same one again. */
static void begin_round(struct vmmio_monitor *m)
{
	m->seen = 0;
	m->first_round = false;
	if (m->ident > IDENT_GOOD)
		m->ident = IDENT_UNKNOWN;
}

static void take_version(struct vmmio_monitor *m, uint32_t version)
{
	m->seen |= SEEN_VERSION;
	m->version = version;
	if (m->ident != IDENT_BAD_MAGIC && version != 2 && version != 3)
		m->ident = IDENT_BAD_VERSION;
}

static void take_device_id(struct vmmio_monitor *m, uint32_t id)
{
	m->seen |= SEEN_ID;
	m->device_id = id;
	if (m->ident <= IDENT_GOOD)
		m->ident = id ? IDENT_GOOD : IDENT_NO_DEVICE;
}

static void take_identity(struct vmmio_monitor *m, const struct scene *s)
{
	if (reads(s, VMMIO_REG_MAGIC)) {
		if (m->seen == SEEN_ALL || m->ident > IDENT_GOOD)
			begin_round(m);
		m->seen |= SEEN_MAGIC;
		if (s->low != VMMIO_MAGIC)
			m->ident = IDENT_BAD_MAGIC;
	} else if (reads(s, VMMIO_REG_VERSION)) {
		take_version(m, s->low);
	} else if (reads(s, VMMIO_REG_DEVICE_ID)) {
		take_device_id(m, s->low);
	} else if (m->seen != SEEN_ALL) {
		/* It goes on without the rest, which was judged. */
		m->seen = SEEN_ALL;
		if (m->ident == IDENT_UNKNOWN)
			m->ident = IDENT_GOOD;
	}
	/* GuestPageSize, QueueAlign, QueuePFN. */
	if (m->version == 1 && (s->reg == 0x028 || s->reg == 0x03c || s->reg == 0x040))
		m->legacy = true;
}

/* --- Features -------------------------------------------------------------------------------- */

static void take_features(struct vmmio_monitor *m, const struct scene *s)
{
	if (writes(s, VMMIO_REG_DEVICE_FEATURES_SEL)) {
		m->device_sel = s->low;
		m->device_sel_written = true;
	} else if (writes(s, VMMIO_REG_DRIVER_FEATURES_SEL)) {
		m->driver_sel = s->low;
		m->driver_sel_written = true;
	} else if (reads(s, VMMIO_REG_DEVICE_FEATURES)) {
		m->steps |= m->steps & STEP_DRIVER ? STEP_FEATURES_READ : 0;
		if (m->device_sel >= WORDS || !m->device_sel_written)
			return;
		m->offered[m->device_sel] = s->low;
		m->offer_known |= 1u << m->device_sel;
	} else if (writes(s, VMMIO_REG_DRIVER_FEATURES)) {
		m->steps |= STEP_FEATURES_WRITTEN;
		if (m->driver_sel >= WORDS)
			return;
		m->accepted[m->driver_sel] = s->low;
		m->words_written |= 1u << m->driver_sel;
	}
}

/* --- Status ---------------------------------------------------------------------------------- */

static void reset_done(struct vmmio_monitor *m)
{
	m->resetting = false;
	m->status = 0;
	m->status_known = true;
	m->needs_reset = m->refused = false;
	m->suspend = RUNNING;
	m->shown = m->reads_of[0] = m->reads_of[1] = 0;
	m->undefined_shown = m->spurious = m->capacity_due = false;
	m->queue_sel = 0;
	memset(m->accepted, 0, sizeof(m->accepted));
	memset(m->negotiated, 0, sizeof(m->negotiated));
	m->negotiated_known = true;
	m->words_written = 0;
	m->queues_known = true;
	monitor_queues_stopped(m);
}

void monitor_host_reset(struct vmmio_monitor *m)
{
	reset_done(m);
	m->steps = 0;
	m->steps_known = m->steps_good = true;
}

/* Zero is written: the device's registers are as after a reset, its queues are not yet. */
static void begin_reset(struct vmmio_monitor *m)
{
	m->device_sel_written = m->driver_sel_written = false;
	m->zero_written = true;
	m->zero_read = false;
	m->steps = STEP_RESET;
	m->steps_known = m->steps_good = true;
	m->group = (struct config_group){0};
	m->resetting = true;
	if (m->version != 3)
		reset_done(m);
}

static void take_features_ok(struct vmmio_monitor *m)
{
	memcpy(m->negotiated, m->accepted, sizeof(m->negotiated));
	m->negotiated_known = true;
}

static unsigned steps_of(uint32_t bits)
{
	unsigned steps = 0;

	if (bits & VMMIO_STATUS_ACKNOWLEDGE)
		steps |= STEP_ACKNOWLEDGE;
	if (bits & VMMIO_STATUS_DRIVER)
		steps |= STEP_DRIVER;
	if (bits & VMMIO_STATUS_FEATURES_OK)
		steps |= STEP_FEATURES_OK;
	if (bits & VMMIO_STATUS_DRIVER_OK)
		steps |= STEP_DRIVER_OK;
	if (bits & VMMIO_STATUS_FAILED)
		steps |= STEP_FAILED;
	return steps;
}

static void keep_good_offer(struct vmmio_monitor *m)
{
	memcpy(m->good_offer, m->offered, sizeof(m->good_offer));
	m->good_offer_known = m->offer_known != 0;
}

static void take_suspend(struct vmmio_monitor *m, uint32_t value)
{
	if (m->suspend == RUNNING && (value & VMMIO_STATUS_SUSPEND) && live(m) &&
		negotiated(m, VMMIO_F_SUSPEND)) {
		m->suspend = SUSPENDING;
		m->suspend_read = false;
	} else if (m->suspend == SUSPENDING && (value & VMMIO_STATUS_DRIVER_OK)) {
		m->suspend = RESUMING;
	}
}

static void take_status_write(struct vmmio_monitor *m, const struct scene *s)
{
	uint32_t new = new_status(m, s);

	if (s->low == 0) {
		begin_reset(m);
		return;
	}
	/* The driver takes the reset for complete: so do we, or everything that it does
	 * from here on would be held against it. */
	if (m->resetting)
		reset_done(m);
	if (new &VMMIO_STATUS_FEATURES_OK)
		take_features_ok(m);
	if (new &VMMIO_STATUS_DRIVER_OK && !(m->steps & STEP_DRIVER_OK))
		keep_good_offer(m);
	if (new &STEPS_BITS)
		m->zero_written = false;
	take_suspend(m, s->low);
	m->steps |= steps_of(s->low);
	m->status = s->low;
	m->status_known = true;
}

static void take_status_read(struct vmmio_monitor *m, uint32_t value)
{
	bool was_suspended =
		(value & (VMMIO_STATUS_SUSPEND | VMMIO_STATUS_DRIVER_OK)) == VMMIO_STATUS_SUSPEND;

	if (value == 0) {
		m->zero_read = true;
		if (m->resetting)
			reset_done(m);
		else if (m->status_known && m->status)
			monitor_host_reset(m); /* nobody has asked for it */
		return;
	}
	if (m->resetting)
		return;
	if (m->steps & STEP_FEATURES_OK) {
		m->steps |= STEP_REREAD;
		m->refused = !(value & VMMIO_STATUS_FEATURES_OK);
	}
	if (m->suspend == SUSPENDING && was_suspended)
		m->suspend_read = true;
	if (m->suspend == RESUMING && (value & VMMIO_STATUS_DRIVER_OK) &&
		!(value & VMMIO_STATUS_SUSPEND))
		m->suspend = RUNNING;
	/* From before the beginning. */
	if (!m->steps_known)
		m->steps |= steps_of(value);
	m->needs_reset = value & VMMIO_STATUS_NEEDS_RESET;
	m->status = value;
	m->status_known = true;
}

/* --- All of it
 * ------------------------------------------------------------------------------------- */

void monitor_take(struct vmmio_monitor *m, const struct scene *s)
{
	take_identity(m, s);
	if (!monitor_usable(m) || identity_register(s->reg))
		return;
	take_features(m, s);
	monitor_take_interrupts(m, s);
	monitor_take_config(m, s);
	monitor_queue_take(m, s);
	if (writes(s, VMMIO_REG_STATUS))
		take_status_write(m, s);
	else if (reads(s, VMMIO_REG_STATUS))
		take_status_read(m, s->low);
}

void monitor_forget(struct vmmio_monitor *m, bool late)
{
	reset_done(m);
	m->zero_written = m->zero_read = false;
	m->steps = 0;
	m->steps_good = true;
	m->backed = 0;
	m->line_known = false;
	m->group = (struct config_group){0};
	m->status_known = m->steps_known = m->negotiated_known = !late;
	m->queues_known = !late;
	m->device_sel_written = m->driver_sel_written = late;
	m->offer_known = 0;
	m->good_offer_known = false;
	m->device_sel = m->driver_sel = WORDS; /* none that is known */
	m->first_round = !late;
	m->late = late;
	m->seen = late ? SEEN_ALL : 0;
	m->ident = late ? IDENT_GOOD : IDENT_UNKNOWN;
	m->version = m->options.version ? m->options.version : m->version;
	m->device_id = m->options.device_id ? m->options.device_id : m->device_id;
	if (late)
		m->backed = VMMIO_INT_ALL;
	memset(m->config_known, 0, sizeof(m->config_known));
}
