/* SPDX-License-Identifier: BSD-3-Clause */
/* Chains of descriptors, in either format. */
#include "conform/checks/queue_chains.h"

/* A device may have a limit; a disk says so. */
static bool allowed(struct conform *c, const struct ring *ring, unsigned n)
{
	if (n > ring->size)
		return false;
	if (device_id(c) != VMMIO_ID_BLOCK || !offered(c, VMMIO_BLK_F_SEG_MAX))
		return true;
	return n <= config_read(c, VMMIO_BLK_CFG_SEG_MAX, 4) + 2;
}

struct cutting {
	struct ring ring;
	struct request request;
	struct pieces pieces;
	struct outcome first, outcome;
};

static void begin(struct conform *c, struct cutting *cutting, const struct cut *cut)
{
	struct ring *ring = &cutting->ring;

	work_start_well(c, ring, 0);
	request_make(c, &cutting->request, work_sector(c, ring));
	request_add(c, ring, &cutting->request);
	ring_kick(c, ring);
	need(c, outcome_wait(c, ring, &cutting->request, NULL, &cutting->first),
		"a plain request: saw %s", cutting->first.what);
	pieces_make(c, &cutting->pieces, &cutting->request, cut);
	need(c, allowed(c, ring, cutting->pieces.n), "the device does not take %u descriptors",
		cutting->pieces.n);
}

static void judge_cut(struct conform *c, const char *requirement, struct cutting *cutting,
	const char *how)
{
	const struct pieces *pieces = &cutting->pieces;
	struct ring *ring = &cutting->ring;
	bool works;

	cutting->request.id = ring_add(c, ring, pieces->segs, pieces->n);
	ring_kick(c, ring);
	works = outcome_wait(c, ring, &cutting->request, pieces, &cutting->outcome) &&
		outcome_same(c, &cutting->first, &cutting->outcome);
	judge(c, requirement, works,
		"expected a request in %u descriptors (%s) to come to the same as in %u, saw %s",
		pieces->n, how, cutting->request.n, cutting->outcome.what);
	judge(c, requirement, !pieces_overrun(c, pieces),
		"expected a request in %u descriptors (%s) to stay inside them, saw a byte beside "
		"one written", pieces->n, how);
}

void chains_cut(struct conform *c, const char *requirement, const struct cut *cut)
{
	struct cutting cutting;

	begin(c, &cutting, cut);
	judge_cut(c, requirement, &cutting, cut->name);
}

void chains_cut_across(struct conform *c, const char *requirement, const struct cut *cut)
{
	struct cutting cutting;
	struct ring *ring = &cutting.ring;

	begin(c, &cutting, cut);
	/* That plain requests go over the end, too, is judged elsewhere. */
	need(c, work_round(c, ring, &cutting.request, 1), "a plain request does not come back");
	while (ring->avail + cutting.pieces.n <= ring->size)
		work_many(c, ring, &cutting.request, 1);
	judge_cut(c, requirement, &cutting, "over the ring's end");
}

/* --- What is for the device to read ---------------------------------------------------------- */

static void stays(struct conform *c, const char *requirement, struct ring *ring,
	struct snapshot *snapshot, const char *what)
{
	bool holds;

	ring_kick(c, ring);
	work_collect(c, ring, 1);
	settle(c);
	holds = snapshot_holds(c, snapshot);
	judge(c, requirement, holds,
		"expected what is for the device to read as the driver wrote it after %s, saw byte "
		"%zu changed from 0x%02x to 0x%02x",
		what, snapshot->where, snapshot->was, snapshot->is);
}

/* No device knows this one; it is refused with its data unread, or read. */
static void unknown_kept(struct conform *c, const char *requirement, struct ring *ring)
{
	const struct vmmio_blk_header header = {.type = vmmio_le32(0x7fff0001)};
	uint64_t at = take(c, sizeof(header) + 512, 16), status = take(c, 1, 1);
	struct seg segs[2] = {{at, sizeof(header) + 512, false}, {status, 1, true}};
	struct snapshot snapshot;

	put(c, at, &header, sizeof(header));
	fill(c, at + sizeof(header), 0x3c, 512);
	snapshot_take(c, &snapshot, at, sizeof(header) + 512);
	ring_add(c, ring, segs, 2);
	stays(c, requirement, ring, &snapshot, "a request of an unknown type");
}

void chains_readable_kept(struct conform *c, const char *requirement)
{
	struct snapshot snapshot;
	struct request request;
	struct ring ring;

	need(c, traffic_reads(c), "requests of this type of device have nothing for it to read");
	work_start(c, &ring, 0);
	request_make(c, &request, 0);
	snapshot_take(c, &snapshot, request.header, request.n_header);
	request_add(c, &ring, &request);
	stays(c, requirement, &ring, &snapshot, "a request");
	if (device_id(c) == VMMIO_ID_BLOCK)
		unknown_kept(c, requirement, &ring);
}

/* --- Indirect ----------------------------------------------------------------------------- */

static void write_entries(struct indirect *in, unsigned first)
{
	in->n_entries = in->pieces.n - first;
	work_table(&in->ring, in->pieces.segs + first, in->n_entries, in->entries);
}

void indirect_start(struct conform *c, struct indirect *in)
{
	static const struct cut cut = {"", {8}, {100, 200}};

	work_start_well(c, &in->ring, VMMIO_FEATURE(VMMIO_F_INDIRECT_DESC));
	request_make(c, &in->request, work_sector(c, &in->ring));
	request_add(c, &in->ring, &in->request);
	ring_kick(c, &in->ring);
	need(c, outcome_wait(c, &in->ring, &in->request, NULL, &in->first),
		"a plain request: saw %s", in->first.what);
	pieces_make(c, &in->pieces, &in->request, &cut);
	in->request.id = ring_add(c, &in->ring, in->pieces.segs, in->pieces.n);
	ring_kick(c, &in->ring);
	need(c, outcome_wait(c, &in->ring, &in->request, &in->pieces, &in->outcome) &&
			outcome_same(c, &in->first, &in->outcome),
		"a request in %u descriptors: saw %s", in->pieces.n, in->outcome.what);
	in->table = take(c, sizeof(in->entries), 16);
	write_entries(in, 0);
}

void indirect_put(struct conform *c, const struct indirect *in)
{
	put(c, in->table, in->entries, 16u * in->n_entries);
}

static bool comes_to_the_same(struct conform *c, struct indirect *in)
{
	ring_kick(c, &in->ring);
	return outcome_wait(c, &in->ring, &in->request, &in->pieces, &in->outcome) &&
	       outcome_same(c, &in->first, &in->outcome);
}

bool indirect_works(struct conform *c, struct indirect *in, uint16_t more_flags)
{
	indirect_put(c, in);
	pieces_poison(c, &in->pieces, &in->request);
	in->request.id =
		ring_add_indirect(c, &in->ring, in->table, 16 * in->n_entries, more_flags);
	return comes_to_the_same(c, in);
}

bool indirect_works_after(struct conform *c, struct indirect *in, unsigned direct, bool write)
{
	const struct seg table = {in->table, 16 * (in->pieces.n - direct), write};

	write_entries(in, direct);
	indirect_put(c, in);
	pieces_poison(c, &in->pieces, &in->request);
	in->request.id = ring_add_mixed(c, &in->ring, in->pieces.segs, direct, &table);
	return comes_to_the_same(c, in);
}

void indirect_needed(struct conform *c, struct indirect *in)
{
	bool works = indirect_works(c, in, 0);

	need(c, works, "a request by an indirect table: saw %s", in->outcome.what);
}
