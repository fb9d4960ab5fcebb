/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptor chains of split rings: how they are cut, where they lie, indirect tables. */
#include <string.h>

#include "conform/checks/checks.h"
#include "conform/checks/queue_chains.h"

static void framing(struct conform *c)
{
	static const struct cut cuts[] = {
		{"one descriptor for each direction", {0}, {0}},
		{"a header in pieces of 1, 7 and 8 bytes, data in odd pieces",
			{1, 7}, {3, 250, 258}},
		{"a header in pieces of one byte, the last data byte with what follows it",
			{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 510}},
	};

	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		chains_cut(c, "SPLIT-DEV-01", &cuts[i]);
}

static void readable_kept(struct conform *c)
{
	chains_readable_kept(c, "SPLIT-DEV-03");
}

/* --- The descriptor table ----------------------------------------------------------------- */

static void kept(struct conform *c, struct snapshot *table, const char *name)
{
	bool holds;

	settle(c);
	holds = snapshot_holds(c, table);
	judge(c, "SPLIT-DEV-06", holds,
		"expected the %s as the driver wrote it, saw byte %zu of descriptor %zu changed "
		"from 0x%02x to 0x%02x",
		name, table->where % 16, table->where / 16, table->was, table->is);
}

static void descriptors_kept(struct conform *c)
{
	static const struct cut cut = {"", {8}, {100, 200}};
	struct request requests[3];
	struct snapshot table;
	struct pieces pieces;
	struct ring ring;

	work_start_well(c, &ring, 0);
	for (unsigned i = 0; i < 3; i++)
		request_make(c, &requests[i], 0);
	pieces_make(c, &pieces, &requests[1], &cut);
	request_add(c, &ring, &requests[0]);
	if (ring.n_free >= pieces.n)
		ring_add(c, &ring, pieces.segs, pieces.n);
	if (ring.n_free >= requests[2].n)
		request_add(c, &ring, &requests[2]);
	snapshot_take(c, &table, ring.desc, ring_desc_size(&ring));
	ring_kick(c, &ring);
	work_collect(c, &ring, ring.n_out);
	kept(c, &table, "descriptor table");
}

static void table_kept(struct conform *c)
{
	struct snapshot table;
	struct indirect in;

	indirect_start(c, &in);
	indirect_put(c, &in);
	snapshot_take(c, &table, in.table, 16u * in.n_entries);
	indirect_needed(c, &in);
	kept(c, &table, "indirect table");
}

/* --- Indirect ----------------------------------------------------------------------------- */

static void indirect_write_flag(struct conform *c)
{
	struct indirect in;
	bool works;

	indirect_start(c, &in);
	indirect_needed(c, &in);
	works = indirect_works(c, &in, VMMIO_DESC_F_WRITE);
	judge(c, "SPLIT-DEV-07", works,
		"expected an indirect request to work as before with VIRTQ_DESC_F_WRITE on the "
		"descriptor that refers to its table, saw %s", in.outcome.what);
}

static void indirect_tail(struct conform *c)
{
	struct indirect in;

	indirect_start(c, &in);
	for (unsigned direct = 0; direct < 3 && direct < in.pieces.n; direct++) {
		bool works = indirect_works_after(c, &in, direct, false);

		if (!judge(c, "SPLIT-DEV-08", works,
			    "expected %u normal descriptors followed by one that refers to a table "
			    "to be handled as one chain, saw %s", direct, in.outcome.what))
			return;
	}
}

/* A table that is gone through by next only: 0, 5, 2, 7 and so on, other entries in between
 * that are not the request's. */
static void scatter(struct indirect *in, uint64_t bait)
{
	static const uint8_t places[] = {0, 5, 2, 7, 3};
	struct vmmio_split_desc scattered[8];

	for (unsigned i = 0; i < 8; i++) {
		scattered[i] = (struct vmmio_split_desc){.addr = vmmio_le64(bait),
			.len = vmmio_le32(16), .flags = vmmio_le16(VMMIO_DESC_F_WRITE)};
	}
	for (unsigned i = 0; i < in->n_entries; i++) {
		struct vmmio_split_desc *entry = &scattered[places[i]];

		*entry = in->entries[i];
		/* In the last one it has no meaning. */
		entry->next = vmmio_le16(i + 1 < in->n_entries ? places[i + 1] : 4);
	}
	memcpy(in->entries, scattered, sizeof(scattered));
	in->n_entries = 8;
}

static void indirect_order(struct conform *c)
{
	uint64_t bait = take(c, 16, 16);
	struct indirect in;
	bool works;

	indirect_start(c, &in);
	indirect_needed(c, &in);
	fill(c, bait, POISON, 16);
	scatter(&in, bait);
	works = indirect_works(c, &in, 0);
	judge(c, "SPLIT-DEV-29", works,
		"expected an indirect chain that begins at entry 0 of its table, goes on by next, "
		"out of order, and ends without NEXT to be one request, saw %s", in.outcome.what);
	judge(c, "SPLIT-DEV-29", differs(c, bait, POISON, 16) == 16,
		"expected entries of an indirect table that are not in the chain to be left alone, "
		"saw a write to the buffer of one");
}

#define SPLIT_TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_SPLIT)
#define SPLIT_INDIRECT (SPLIT_TRAFFIC | NEEDS_INDIRECT)

static const struct check checks[] = {
	{"split-framing", "Requests may be cut into descriptors in any way", "SPLIT-DEV-01",
		SPLIT_TRAFFIC, framing},
	{"split-readable-kept", "What is for the device to read is not written", "SPLIT-DEV-03",
		SPLIT_TRAFFIC, readable_kept},
	{"split-descriptors-kept", "The descriptor table is not written", "SPLIT-DEV-06",
		SPLIT_TRAFFIC, descriptors_kept},
	{"split-table-kept", "Indirect tables are not written", "SPLIT-DEV-06",
		SPLIT_INDIRECT, table_kept},
	{"split-indirect-write", "WRITE beside INDIRECT is ignored", "SPLIT-DEV-07",
		SPLIT_INDIRECT, indirect_write_flag},
	{"split-indirect-tail", "Normal descriptors may come before an indirect one",
		"SPLIT-DEV-08", SPLIT_INDIRECT, indirect_tail},
	{"split-indirect-order", "Indirect chains begin at entry 0 and go on by next",
		"SPLIT-DEV-29", SPLIT_INDIRECT, indirect_order},
};

const struct check_topic checks_split_chains = CHECK_TOPIC("split-chains", checks);
