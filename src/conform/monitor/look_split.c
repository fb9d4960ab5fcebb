/* SPDX-License-Identifier: BSD-3-Clause */
/* Split rings: the words, what is new, what came back. */
#include "conform/monitor/look.h"

#define RING_HEADER 4u

static bool read_view(struct vmmio_monitor *m, const struct queue *q, struct view *view)
{
	uint64_t avail = q->areas[1], used = q->areas[2];

	*view = (struct view){.tick = m->tick, .valid = true};
	/* Without the feature nothing has to be there. */
	memory_get16(m, used + RING_HEADER + 8 * (uint64_t)q->ring_size, &view->avail_event);
	return memory_get16(m, used, &view->used_flags) &&
	       memory_get16(m, used + 2, &view->used_idx) &&
	       memory_get16(m, avail, &view->avail_flags) &&
	       memory_get16(m, avail + 2, &view->avail_idx);
}

/* All that was lost came back: from here on it can be followed again. */
static void resume(struct queue *q, const struct view *view)
{
	if (view->avail_idx != view->used_idx)
		return;
	q->avail = q->used = view->avail_idx;
	q->notified[0] = q->notified[1] = q->avail;
	q->view = *view;
	q->lost = false;
}

static void ask_view(struct vmmio_monitor *m, struct queue *q)
{
	struct scene s = {.on = ON_VIEW, .queue = q, .reg = REG_NONE};

	monitor_ask(m, &s);
}

static bool add_chains(struct vmmio_monitor *m, struct queue *q, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint16_t head;
		uint64_t entry = q->areas[1] + RING_HEADER + 2 * (q->avail % q->ring_size);

		if (!memory_get16(m, entry, &head) || !exposed_add(m, q, head))
			return false;
		q->avail = (uint16_t)(q->avail + 1);
	}
	return true;
}

void look_split(struct vmmio_monitor *m, struct queue *q)
{
	struct view view;
	uint16_t n;

	if (!read_view(m, q, &view)) {
		look_lose(m, q);
		return;
	}
	if (q->lost) {
		resume(q, &view);
		return;
	}
	q->before = q->view;
	q->view = view;
	ask_view(m, q);
	n = (uint16_t)(view.avail_idx - q->avail);
	if (n > q->ring_size || !add_chains(m, q, n))
		look_lose(m, q);
}

void look_used_split(struct vmmio_monitor *m, struct queue *q)
{
	uint64_t ring = q->areas[2] + RING_HEADER;
	uint16_t idx;

	if (!memory_get16(m, q->areas[2] + 2, &idx) || (uint16_t)(idx - q->used) > q->ring_size) {
		look_lose(m, q);
		return;
	}
	while ((uint16_t)q->used != idx) {
		struct vmmio_split_used_elem elem;
		uint32_t n;

		if (!memory_get(m, ring + sizeof(elem) * (q->used % q->ring_size), &elem,
			    sizeof(elem)) ||
			!look_give_back(m, q, (uint16_t)vmmio_le32(elem.id), &n) ||
			n > (uint16_t)(idx - q->used)) {
			look_lose(m, q);
			return;
		}
		q->used = (uint16_t)(q->used + n);
	}
}
