/* SPDX-License-Identifier: BSD-3-Clause */
/* Packed rings: what is new, what came back. Positions only grow. */
#include "conform/monitor/look.h"

static bool read_at(
	struct vmmio_monitor *m, const struct queue *q, uint64_t position, struct desc *desc)
{
	return memory_get_desc(m, q,
		q->areas[0] + position % q->ring_size * sizeof(struct vmmio_packed_desc), desc);
}

void look_packed(struct vmmio_monitor *m, struct queue *q)
{
	struct desc desc;

	if (q->lost)
		return;
	while (q->avail - q->used < q->ring_size) {
		struct exposed *e;
		enum slot_state state;

		if (!read_at(m, q, q->avail, &desc)) {
			look_lose(m, q);
			return;
		}
		state = slot_state(desc.flags, wrap_at(q, q->avail));
		if (state == SLOT_OTHER)
			return;
		/* Used already: how long it was nobody can say. */
		e = state == SLOT_USED ? NULL : exposed_add(m, q, q->avail);
		if (!e) {
			look_lose(m, q);
			return;
		}
		q->avail += e->n_ring;
	}
}

void look_used_packed(struct vmmio_monitor *m, struct queue *q)
{
	while (q->used != q->avail) {
		bool wrap = wrap_at(q, q->used);
		struct desc desc;
		uint32_t n;

		if (!read_at(m, q, q->used, &desc)) {
			look_lose(m, q);
			return;
		}
		/* Available in the next lap: it came back and went out again unseen. */
		if (slot_state(desc.flags, !wrap) == SLOT_AVAILABLE) {
			look_lose(m, q);
			return;
		}
		if (slot_state(desc.flags, wrap) != SLOT_USED)
			return;
		if (!look_give_back(m, q, desc.link, &n)) {
			look_lose(m, q);
			return;
		}
		q->used += n;
	}
}
