/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of descriptors in packed rings, and indirect tables. */
#include "conform/checks/checks.h"
#include "conform/checks/queue_chains.h"

static void readable_kept(struct conform *c)
{
	chains_readable_kept(c, "PACKED-DEV-04");
}

static const struct cut in_order = {"header in pieces of 1, 7 and 8 bytes, data in odd pieces",
	{1, 7}, {3, 250, 258}};

static void list_order(struct conform *c)
{
	chains_cut(c, "PACKED-DEV-08", &in_order);
}

static void list_across(struct conform *c)
{
	chains_cut_across(c, "PACKED-DEV-08", &in_order);
}

/* --- Indirect ----------------------------------------------------------------------------- */

/* Everything but WRITE, in each entry another part of it; and ids of nobody's. */
static void garbage(struct indirect *in)
{
	static const uint16_t flags[] = {
		VMMIO_DESC_F_NEXT | VMMIO_DESC_F_AVAIL,
		VMMIO_DESC_F_INDIRECT | VMMIO_DESC_F_USED,
		VMMIO_DESC_F_AVAIL | VMMIO_DESC_F_USED | 0x0878,
		0xfffd,
	};

	for (unsigned i = 0; i < in->n_entries; i++) {
		in->entries[i].flags = vmmio_le16((uint16_t)(0x5151 + i));
		in->entries[i].next |= vmmio_le16(flags[i % 4]);
	}
}

static void indirect_order(struct conform *c)
{
	struct indirect in;
	bool works;

	indirect_start(c, &in);
	works = indirect_works(c, &in, 0);
	judge(c, "PACKED-DEV-16", works,
		"expected the %u entries of an indirect table, used one after the other, to be one "
		"request, saw %s", in.n_entries, in.outcome.what);
}

static void indirect_reserved(struct conform *c)
{
	struct indirect in;
	bool works;

	indirect_start(c, &in);
	indirect_needed(c, &in);
	works = indirect_works(c, &in, VMMIO_DESC_F_WRITE);
	judge(c, "PACKED-DEV-16", works,
		"expected VIRTQ_DESC_F_WRITE to be ignored in the descriptor that refers to an "
		"indirect table, saw %s", in.outcome.what);
	garbage(&in);
	works = indirect_works(c, &in, 0);
	judge(c, "PACKED-DEV-16", works,
		"expected all flags but VIRTQ_DESC_F_WRITE, and the buffer ids, to be ignored in "
		"an indirect table, saw %s", in.outcome.what);
}

#define PACKED_TRAFFIC (NEEDS_MEMORY | NEEDS_TRAFFIC | NEEDS_PACKED)

static const struct check checks[] = {
	{"packed-readable-kept", "What is for the device to read is not written", "PACKED-DEV-04",
		PACKED_TRAFFIC, readable_kept},
	{"packed-list-order", "Descriptors of a list are used in order", "PACKED-DEV-08",
		PACKED_TRAFFIC, list_order},
	{"packed-list-across", "Descriptors of a list over the ring's end are used in order",
		"PACKED-DEV-08", PACKED_TRAFFIC, list_across},
	{"packed-indirect-order", "Indirect tables are gone through in order", "PACKED-DEV-16",
		PACKED_TRAFFIC | NEEDS_INDIRECT, indirect_order},
	{"packed-indirect-reserved", "What means nothing in indirect tables is ignored",
		"PACKED-DEV-16", PACKED_TRAFFIC | NEEDS_INDIRECT, indirect_reserved},
};

const struct check_topic checks_packed_chains = CHECK_TOPIC("packed-chains", checks);
