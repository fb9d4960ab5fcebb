/* SPDX-License-Identifier: BSD-3-Clause */
/* The scripted device's rings: naive consumers straight from the tables of the text. */
#include <stdlib.h>
#include <string.h>
#include "support/fixture.h"
#include "unit/driver_fake.h"

static bool has(const struct fake *f, unsigned bit)
{
	return (f->accepted & VMMIO_FEATURE(bit)) != 0;
}

static uint16_t get16(uint64_t guest)
{
	uint16_t v;

	memcpy(&v, fake_host(guest, 2), 2);
	return vmmio_le16(v);
}

static void put16(uint64_t guest, uint16_t v)
{
	v = vmmio_le16(v);
	memcpy(fake_host(guest, 2), &v, 2);
}

static void collect(struct fake_chain *c, uint64_t addr, uint32_t len, uint16_t flags)
{
	struct vmmio_driver_seg seg = { vmmio_le64(addr), vmmio_le32(len) };

	fake_check(c->n_out + c->n_in < FAKE_MAX_SEGS);
	if (flags & VMMIO_DESC_F_WRITE) {
		c->in[c->n_in++] = seg;
		return;
	}
	fake_rule(c->n_in == 0, "SPLIT-DRV-02/PACKED-DRV-08: readable after writable");
	c->out[c->n_out++] = seg;
}

/* A table of split descriptors from entry `at` on. Returns how many were used. */
static uint16_t walk_split(struct fake *f, struct fake_chain *c, uint64_t table, uint32_t size,
	uint16_t at, bool inner)
{
	uint16_t n = 0;

	for (;;) {
		struct vmmio_split_desc d;
		uint16_t flags;

		fake_check(at < size);
		memcpy(&d, fake_host(table + 16 * (uint64_t)at, 16), 16);
		flags = vmmio_le16(d.flags);
		n++;
		if (flags & VMMIO_DESC_F_INDIRECT) {
			fake_rule(has(f, VMMIO_F_INDIRECT_DESC), "SPLIT-DRV-06");
			fake_rule(!inner, "SPLIT-DRV-07");
			fake_rule(!(flags & VMMIO_DESC_F_NEXT), "SPLIT-DRV-09");
			c->indirect = true;
			fake_check(walk_split(f, c, vmmio_le64(d.addr),
						  vmmio_le32(d.len) / 16, 0, true) == vmmio_le32(d.len) / 16);
		} else {
			collect(c, d.addr, d.len, flags);
		}
		if (!(flags & VMMIO_DESC_F_NEXT)) {
			if (has(f, VMMIO_F_IN_ORDER) && at == size - 1)
				fake_rule(d.next == 0, "SPLIT-DRV-05");
			return n;
		}
		if (has(f, VMMIO_F_IN_ORDER))
			fake_rule(vmmio_le16(d.next) == (at + 1) % size, "SPLIT-DRV-05/10");
		at = vmmio_le16(d.next);
	}
}

static bool pop_split(struct fake *f, struct fake_queue *q, struct fake_chain *c)
{
	if (get16(q->addr[1] + 2) == q->avail_pos)
		return false;
	c->id = get16(q->addr[1] + 4 + 2 * (uint64_t)(q->avail_pos % q->size));
	c->n_desc = walk_split(f, c, q->addr[0], q->size, c->id, false);
	q->avail_pos++;
	/* Ask for the next notification, as a device does that has emptied the ring. */
	if (has(f, VMMIO_F_EVENT_IDX))
		put16(q->addr[2] + 4 + 8 * (uint64_t)q->size, q->avail_pos);
	return true;
}

static void step(const struct fake_queue *q, uint16_t *pos, bool *wrap, uint16_t n)
{
	*pos = (uint16_t)(*pos + n);
	if (*pos >= q->size) {
		*pos = (uint16_t)(*pos - q->size);
		*wrap = !*wrap;
	}
}

static void read_packed(const struct fake_queue *q, uint16_t pos, struct vmmio_packed_desc *d)
{
	memcpy(d, fake_host(q->addr[0] + 16 * (uint64_t)pos, 16), 16);
	d->flags = vmmio_le16(d->flags);
}

static void walk_packed_table(struct fake *f, struct fake_chain *c, const struct vmmio_packed_desc *d)
{
	uint32_t n = vmmio_le32(d->len) / 16;

	fake_rule(has(f, VMMIO_F_INDIRECT_DESC), "PACKED-DRV-12");
	fake_rule(!(d->flags & VMMIO_DESC_F_NEXT), "PACKED-DRV-15");
	c->indirect = true;
	for (uint32_t i = 0; i < n; i++) {
		struct vmmio_packed_desc inner;

		memcpy(&inner, fake_host(vmmio_le64(d->addr) + 16 * (uint64_t)i, 16), 16);
		fake_rule((vmmio_le16(inner.flags) & ~VMMIO_DESC_F_WRITE) == 0, "PACKED-DRV-13");
		collect(c, inner.addr, inner.len, vmmio_le16(inner.flags));
	}
}

static bool pop_packed(struct fake *f, struct fake_queue *q, struct fake_chain *c)
{
	struct vmmio_packed_desc d;
	bool more = true;

	for (uint16_t n = 0; more; n++) {
		bool a, u;

		read_packed(q, q->avail_pos, &d);
		a = d.flags & VMMIO_DESC_F_AVAIL;
		u = d.flags & VMMIO_DESC_F_USED;
		if (a != q->avail_wrap || u == q->avail_wrap) {
			fake_rule(n == 0, "PACKED-DRV-11: a list with a hole");
			return false;
		}
		fake_rule(n < q->size, "PACKED-DRV-07");
		if (d.flags & VMMIO_DESC_F_INDIRECT)
			walk_packed_table(f, c, &d);
		else
			collect(c, d.addr, d.len, d.flags);
		c->id = vmmio_le16(d.id);
		c->n_desc++;
		more = d.flags & VMMIO_DESC_F_NEXT;
		step(q, &q->avail_pos, &q->avail_wrap, 1);
	}
	if (has(f, VMMIO_F_EVENT_IDX)) {
		put16(q->addr[2], (uint16_t)(q->avail_pos | q->avail_wrap << 15));
		put16(q->addr[2] + 2, VMMIO_EVENT_F_DESC);
	}
	return true;
}

bool fake_pop(struct fake *f, unsigned queue, struct fake_chain *chain)
{
	struct fake_queue *q = &f->queues[queue];

	chain->n_out = chain->n_in = 0;
	chain->n_desc = 0;
	chain->indirect = false;
	fake_check(q->ready);
	return has(f, VMMIO_F_RING_PACKED) ? pop_packed(f, q, chain) : pop_split(f, q, chain);
}

static bool wants_interrupt_split(struct fake *f, struct fake_queue *q, uint16_t old)
{
	uint16_t flags = get16(q->addr[1]);

	if (has(f, VMMIO_F_EVENT_IDX)) {
		uint16_t event = get16(q->addr[1] + 4 + 2 * (uint64_t)q->size);

		fake_rule(flags == 0, "SPLIT-DRV-14");
		return (uint16_t)(q->used_pos - event - 1) < (uint16_t)(q->used_pos - old);
	}
	fake_rule(flags <= 1, "SPLIT-DRV-12");
	return flags == 0;
}

/* Was the position in off_wrap among the n descriptors just passed? */
static bool wants_interrupt_packed(
	struct fake *f, struct fake_queue *q, uint16_t pos, bool wrap, uint16_t n)
{
	uint16_t where = get16(q->addr[1]);
	uint16_t flags = get16(q->addr[1] + 2);

	fake_check(flags <= VMMIO_EVENT_F_DESC);
	if (flags != VMMIO_EVENT_F_DESC)
		return flags == VMMIO_EVENT_F_ENABLE;
	fake_check(has(f, VMMIO_F_EVENT_IDX));
	for (uint16_t i = 0; i < n; i++) {
		if ((uint16_t)(pos | wrap << 15) == where)
			return true;
		step(q, &pos, &wrap, 1);
	}
	return false;
}

static void notify_driver(struct fake *f, struct fake_queue *q, bool wanted)
{
	if (!wanted)
		return;
	f->interrupt |= VMMIO_INT_USED_BUFFER;
	q->interrupts++;
}

/* One used element that takes the place of n chains with n_desc descriptors in all. */
static void push(struct fake *f, struct fake_queue *q, uint32_t id, uint32_t len, uint16_t n,
	uint16_t n_desc)
{
	uint16_t old = q->used_pos;
	bool old_wrap = q->used_wrap;

	if (!has(f, VMMIO_F_RING_PACKED)) {
		struct vmmio_split_used_elem e = { vmmio_le32(id), vmmio_le32(len) };

		memcpy(fake_host(q->addr[2] + 4 + 8 * (uint64_t)(old % q->size), 8), &e, 8);
		q->used_pos = (uint16_t)(old + n);
		put16(q->addr[2] + 2, q->used_pos);
		notify_driver(f, q, wants_interrupt_split(f, q, old));
	} else {
		uint16_t bits = q->used_wrap ? VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED : 0;
		struct vmmio_packed_desc d = { 0, vmmio_le32(len), vmmio_le16((uint16_t)id),
			vmmio_le16((uint16_t)(bits | (len ? VMMIO_DESC_F_WRITE : 0))) };

		memcpy(fake_host(q->addr[0] + 16 * (uint64_t)old, 16), &d, 16);
		step(q, &q->used_pos, &q->used_wrap, n_desc);
		notify_driver(f, q, wants_interrupt_packed(f, q, old, old_wrap, n_desc));
	}
}

void fake_push_batch(struct fake *f, unsigned queue, const struct fake_chain *chains, unsigned n,
	uint32_t len)
{
	uint16_t descs = 0;

	for (unsigned i = 0; i < n; i++)
		descs = (uint16_t)(descs + chains[i].n_desc);
	push(f, &f->queues[queue], chains[n - 1].id, len, (uint16_t)n, descs);
}

void fake_push(struct fake *f, unsigned queue, const struct fake_chain *chain, uint32_t len)
{
	fake_push_batch(f, queue, chain, 1, len);
}

void fake_push_raw(struct fake *f, unsigned queue, uint32_t id, uint32_t len, uint16_t n_desc)
{
	push(f, &f->queues[queue], id, len, 1, n_desc);
}

unsigned fake_run(struct fake *f, unsigned queue)
{
	struct fake_chain chain;
	unsigned n = 0;

	for (; fake_pop(f, queue, &chain); n++)
		fake_push(f, queue, &chain, f->serve(f, &chain));
	return n;
}
