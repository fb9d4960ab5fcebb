/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a faulty device does later than it should, or after it should have stopped. A correct
 * one has nothing here.
 */
#include <stdlib.h>
#include <string.h>
#include "conform/model/internal.h"

/* No more writes than these wait: the oldest happens early. It keeps lists short, no more. */
#define LATE_MAX 64u

struct late {
	struct late *next;
	uint64_t due;
	enum model_late what;
	uint32_t value;
	uint8_t *to;
	size_t n;
	uint8_t bytes[];
};

static void happen(struct model *m, const struct late *late);

static void step_first(struct model *m)
{
	struct late *late = m->late;

	m->late = late->next;
	m->n_late--;
	happen(m, late);
	free(late);
}

static void add(struct model *m, uint64_t ns, const struct late *what, const void *bytes)
{
	struct late *late = malloc(sizeof(*late) + what->n);
	struct late **link = &m->late;

	if (!late)
		return;
	*late = *what;
	late->due = model_after(m, ns);
	if (what->n)
		memcpy(late->bytes, bytes, what->n);
	while (*link && (*link)->due <= late->due)
		link = &(*link)->next;
	late->next = *link;
	*link = late;
	if (++m->n_late > LATE_MAX && m->late->what == LATE_WRITE)
		step_first(m);
}

void model_late(struct model *m, uint64_t ns, enum model_late what, uint32_t value)
{
	add(m, ns, &(struct late){.what = what, .value = value}, NULL);
}

void model_late_write(struct model *m, uint8_t *to, const void *bytes, size_t n)
{
	add(m, MODEL_LATE_WRITE_NS, &(struct late){.what = LATE_WRITE, .to = to, .n = n}, bytes);
}

uint64_t model_late_next(const struct model *m)
{
	return m->late ? m->late->due : MODEL_NEVER;
}

/* Each happens only as long as the device is where it must not do it. */
static void happen(struct model *m, const struct late *late)
{
	switch (late->what) {
	case LATE_WRITE:
		memcpy(late->to, late->bytes, late->n);
		break;
	case LATE_FADE:
		m->interrupt &= ~late->value;
		break;
	case LATE_STATUS:
		if (!m->status && !m->resetting)
			m->status = late->value;
		break;
	case LATE_USED_AFTER_RESET:
		if (!m->status)
			m->interrupt |= VMMIO_INT_USED_BUFFER;
		break;
	case LATE_USED_SUSPENDED:
		if (m->suspended)
			m->interrupt |= VMMIO_INT_USED_BUFFER;
		break;
	case LATE_USED_QUEUE_RESET:
		if (!m->queues[late->value].ready && m->status & VMMIO_STATUS_DRIVER_OK)
			m->interrupt |= VMMIO_INT_USED_BUFFER;
		break;
	}
}

void model_late_step(struct model *m)
{
	while (m->late && m->late->due <= m->now)
		step_first(m);
}

void model_late_clear(struct model *m)
{
	while (m->late) {
		struct late *late = m->late;

		m->late = late->next;
		free(late);
	}
	m->n_late = 0;
}
