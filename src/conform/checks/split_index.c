/* SPDX-License-Identifier: BSD-3-Clause */
/* Used idx, round the ring many times and once round its 65536 values. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_chains.h"

/*
 * Many requests at small cost: one request's descriptors three times N in the table, which stay
 * there. Batch after batch the next third is made available, so that an element left over from
 * an earlier lap is not one that is expected: laps have a power of two of batches. By indirect
 * tables, where there are any, batches are larger.
 */
enum { BATCH_MAX = 64, BATCHES_MAX = 8192, THIRDS = 3 };

struct flood {
	struct ring ring;
	struct request request;
	uint64_t table;  /* 0: none */
	struct snapshot descriptors;
	unsigned length; /* descriptors of a chain */
	unsigned batch;  /* chains */
	unsigned third;
	uint16_t idx; /* avail and used, in step */
};

static uint16_t head_of(const struct flood *flood, unsigned i)
{
	return (uint16_t)((flood->third * flood->batch + i) * flood->length);
}

/* The chain as it is in a table that begins with it. */
static void make_chain(struct conform *c, struct flood *flood, struct vmmio_split_desc chain[4])
{
	flood->length = flood->request.n;
	work_table(&flood->ring, flood->request.segs, flood->length, chain);
	if (!flood->table)
		return;
	put(c, flood->table, chain, flood->length * sizeof(chain[0]));
	chain[0] = (struct vmmio_split_desc){.addr = vmmio_le64(flood->table),
		.len = vmmio_le32(16u * flood->length),
		.flags = vmmio_le16(VMMIO_DESC_F_INDIRECT)};
	flood->length = 1;
}

static void write_descriptors(struct conform *c, const struct flood *flood,
	const struct vmmio_split_desc chain[4])
{
	for (unsigned slot = 0; slot < THIRDS * flood->batch * flood->length; slot++) {
		struct vmmio_split_desc desc = chain[slot % flood->length];

		if (vmmio_le16(desc.flags) & VMMIO_DESC_F_NEXT)
			desc.next = vmmio_le16((uint16_t)(slot + 1));
		put(c, ring_desc_at(&flood->ring, slot), &desc, sizeof(desc));
	}
}

static void flood_start(struct conform *c, struct flood *flood)
{
	uint64_t indirect = if_offered(c, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC));
	struct ring *ring = &flood->ring;
	struct vmmio_split_desc chain[4];

	work_negotiate(c, indirect | if_offered(c, VMMIO_FEATURE(VMMIO_F_EVENT_IDX)));
	ring_init(c, ring, traffic_queue(c), 0);
	fill(c, ring_used_entry(ring, 0), 0xee, 8 * (size_t)ring->size);
	ring_want_none(c, ring);
	ring_enable(c, ring);
	driver_ok(c);
	request_make(c, &flood->request, 0);
	flood->table = indirect && flood->request.n > 1 ? take(c, sizeof(chain), 16) : 0;
	make_chain(c, flood, chain);
	flood->third = 0;
	flood->idx = 0;
	flood->batch = BATCH_MAX;
	while (flood->batch * THIRDS * flood->length > ring->size)
		flood->batch /= 2;
	need(c, flood->batch > 0, "a queue of %u is too small for this", ring->size);
	write_descriptors(c, flood, chain);
	snapshot_take(c, &flood->descriptors, ring->desc, ring_desc_size(ring));
}

/* --- A batch ------------------------------------------------------------------------------ */

static bool idx_is_there(struct conform *c, void *arg)
{
	const struct flood *flood = arg;

	return get16(c, ring_used_idx(&flood->ring)) == flood->idx;
}

static void show(struct conform *c, struct flood *flood)
{
	uint16_t heads[BATCH_MAX];

	for (unsigned i = 0; i < flood->batch; i++)
		heads[i] = vmmio_le16(head_of(flood, i));
	/* A batch does not cross the ring's end. */
	put(c, ring_avail_entry(&flood->ring, flood->idx), heads, flood->batch * sizeof(heads[0]));
	flood->idx = (uint16_t)(flood->idx + flood->batch);
	put16(c, ring_avail_idx(&flood->ring), flood->idx);
	flood->ring.avail = flood->ring.shown = flood->idx;
	ring_notify(c, &flood->ring);
}

/* Each chain of the batch once, where the elements have to be. */
static bool elements_right(
	struct conform *c, const struct flood *flood, uint16_t from, uint32_t *odd)
{
	struct vmmio_split_used_elem elements[BATCH_MAX];
	bool seen[BATCH_MAX] = {false};

	get(c, ring_used_entry(&flood->ring, from), elements, flood->batch * sizeof(elements[0]));
	for (unsigned i = 0; i < flood->batch; i++) {
		uint32_t id = vmmio_le32(elements[i].id), off = id - head_of(flood, 0);
		uint32_t which = off / flood->length;

		*odd = id;
		if (off % flood->length || which >= flood->batch || seen[which])
			return false;
		seen[which] = true;
	}
	return true;
}

/* What is judged elsewhere and would look like a wrong idx here. */
static void rule_out(struct conform *c, struct flood *flood)
{
	need(c, snapshot_holds(c, &flood->descriptors), "the device writes to the descriptor table");
}

/* false: judged badly, no more to be had. */
static bool flood_batch(struct conform *c, struct flood *flood, bool first)
{
	uint16_t from = flood->idx;
	uint32_t odd = 0;
	bool right;

	show(c, flood);
	if (!wait_until(c, idx_is_there, flood, patience(c))) {
		rule_out(c, flood);
		return judge(c, "SPLIT-DEV-28", false,
			"expected used idx to go from %u to %u with %u buffers, saw %u",
			from, flood->idx,
			flood->batch, get16(c, ring_used_idx(&flood->ring)));
	}
	right = elements_right(c, flood, from, &odd);
	if (!right) {
		settle(c);
		need(c, !elements_right(c, flood, from, &odd), "used elements come after used idx");
		rule_out(c, flood);
	}
	/* What a device calls buffers in the first lap is judged elsewhere. */
	need(c, right || !first || odd == 0xeeeeeeee, "a used element has id %u", odd);
	judge(c, "SPLIT-DEV-28", right,
		"expected used elements for %u buffers at idx %u to %u modulo %u, each once, saw "
		"id 0x%x among them",
		flood->batch, from, (uint16_t)(flood->idx - 1), flood->ring.size, odd);
	flood->third = (flood->third + 1) % THIRDS;
	return right;
}

/* --- Notifications where idx wraps ------------------------------------------------------------ */

/* One buffer, whose used element is placed by used idx = used_event. */
static void crossing(struct conform *c, struct flood *flood)
{
	unsigned batch = flood->batch;
	uint16_t idx = flood->idx;
	bool notified;

	flood->batch = 1;
	work_fresh(c);
	put16(c, ring_used_event(&flood->ring), idx);
	need(c, flood_batch(c, flood, true), "a request does not come back");
	notified = wait_interrupt(c, VMMIO_INT_USED_BUFFER);
	judge(c, "SPLIT-DEV-13", notified,
		"expected a used buffer notification with used_event %u after used idx %u has "
		"placed an element, nothing within %u ms", idx, idx, patience_ms(c));
	flood->batch = batch;
}

static void index_wrap(struct conform *c)
{
	struct flood flood;
	struct indirect in;
	unsigned batches;
	bool whole;

	if (offered(c, VMMIO_F_INDIRECT_DESC)) {
		indirect_start(c, &in);
		indirect_needed(c, &in);
	}
	flood_start(c, &flood);
	whole = 65536 / flood.batch <= BATCHES_MAX;
	batches = whole ? 65536 / flood.batch : BATCHES_MAX;
	if (!flood.ring.event_idx)
		not_judged(c, "SPLIT-DEV-13", "the device does not offer VIRTIO_F_EVENT_IDX");
	else if (!whole)
		not_judged(c, "SPLIT-DEV-13",
			"the queue is too small to come to idx 65535 in time");
	for (unsigned i = 0; i < batches - 1; i++) {
		if (!flood_batch(c, &flood, i == 0))
			return;
	}
	for (unsigned i = 0; flood.ring.event_idx && whole && i <= flood.batch; i++)
		crossing(c, &flood);
	for (unsigned i = 0; i < 2; i++) {
		if (!flood_batch(c, &flood, false))
			return;
	}
}

static const struct check checks[] = {
	{"split-index-wrap", "Used idx counts buffers, modulo 65536", "SPLIT-DEV-28 SPLIT-DEV-13",
		NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_SPLIT, index_wrap},
};

const struct check_topic checks_split_index = CHECK_TOPIC("split-index", checks);
