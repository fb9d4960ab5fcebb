/* SPDX-License-Identifier: BSD-3-Clause */
/* What a copy of a chain says: its elements, and which rules of the ring formats it breaks. */
#include <string.h>

#include "conform/monitor/exposed.h"

static void add_element(struct chain *chain, const struct desc *desc)
{
	bool write = desc->flags & VMMIO_DESC_F_WRITE;

	if (!write && chain->n_writable)
		chain->faults |= CHAIN_ORDER;
	if (chain->n_elements < MAX_ELEMENTS)
		chain->elements[chain->n_elements] = (struct element){desc->addr, desc->len, write};
	chain->n_elements++;
	chain->n_writable += write;
	if (write)
		chain->writable += desc->len;
	else
		chain->readable += desc->len;
}

/* --- Split ------------------------------------------------------------------------------------ */

static void table_split(struct chain *chain, const struct exposed *e)
{
	uint32_t at = 0, steps = 0;

	while (at < e->n_table && steps++ <= e->n_table) {
		const struct desc *desc = &e->inner[at];

		if (desc->flags & VMMIO_DESC_F_INDIRECT)
			chain->faults |= CHAIN_NESTED;
		add_element(chain, desc);
		chain->n_table++;
		if (!(desc->flags & VMMIO_DESC_F_NEXT))
			return;
		chain->faults |= CHAIN_TABLE_HAS_NEXT;
		if (desc->link != at + 1)
			chain->faults |= CHAIN_TABLE_ORDER;
		at = desc->link;
	}
	if (steps > e->n_table && e->n_table)
		chain->faults |= CHAIN_LOOP;
}

static void analyse_split(struct chain *chain, const struct queue *q, const struct exposed *e)
{
	for (uint32_t i = 0; i < e->n_ring; i++) {
		const struct desc *desc = &e->ring[i];
		bool table = desc->flags & VMMIO_DESC_F_INDIRECT;

		if (desc->flags & VMMIO_DESC_F_NEXT) {
			chain->faults |= CHAIN_HAS_NEXT;
			if (desc->link != (e->slots[i] + 1u == q->ring_size ? 0 : e->slots[i] + 1u))
				chain->faults |= CHAIN_NEXT_ORDER;
			if (table)
				chain->faults |= CHAIN_TABLE_NEXT;
		}
		if (table)
			chain->faults |= CHAIN_INDIRECT;
		else
			add_element(chain, desc);
	}
	table_split(chain, e);
}

/* --- Packed ----------------------------------------------------------------------------------- */

static void table_packed(struct chain *chain, const struct exposed *e)
{
	for (uint32_t i = 0; i < e->n_table; i++) {
		if (e->inner[i].flags & ~VMMIO_DESC_F_WRITE)
			chain->faults |= CHAIN_TABLE_FLAGS;
		add_element(chain, &e->inner[i]);
		chain->n_table++;
	}
}

static void analyse_packed(struct chain *chain, const struct exposed *e)
{
	for (uint32_t i = 0; i < e->n_ring; i++) {
		const struct desc *desc = &e->ring[i];
		bool next = desc->flags & VMMIO_DESC_F_NEXT;

		if (desc->flags & VMMIO_DESC_F_INDIRECT) {
			chain->faults |= CHAIN_INDIRECT;
			if (next || e->n_ring > 1)
				chain->faults |= CHAIN_TABLE_NEXT;
		} else {
			add_element(chain, desc);
		}
		if (next)
			chain->faults |= CHAIN_HAS_NEXT;
	}
	table_packed(chain, e);
}

void chain_analyse(struct vmmio_monitor *m, const struct queue *q, const struct exposed *e)
{
	struct chain *chain = &m->chain;

	memset(chain, 0, offsetof(struct chain, elements));
	chain->faults = e->faults;
	chain->bad_addr = e->bad_addr;
	chain->id = e->id;
	chain->n_ring = e->n_ring;
	if (q->packed)
		analyse_packed(chain, e);
	else
		analyse_split(chain, q, e);
}
