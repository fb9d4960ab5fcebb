/* SPDX-License-Identifier: BSD-3-Clause */
/* What split and packed rings have in common about chains; the requirement is the format's. */
#ifndef VMMIO_CONFORM_QUEUE_CHAINS_H
#define VMMIO_CONFORM_QUEUE_CHAINS_H

#include "conform/checks/queue_work.h"

/* One request as the suite makes it and in other pieces: the outcome is the same. */
void chains_cut(struct conform *c, const char *requirement, const struct cut *cut);
/* Packed: the same, with a list that goes over the ring's end. */
void chains_cut_across(struct conform *c, const char *requirement, const struct cut *cut);
/* Good and (block) unknown requests leave alone what is for the device to read. */
void chains_readable_kept(struct conform *c, const char *requirement);

/* A request of several pieces whose descriptors are in a table of the ring's format. */
struct indirect {
	struct ring ring;
	struct request request;
	struct pieces pieces;
	uint64_t table;
	struct vmmio_split_desc entries[8]; /* or packed ones */
	unsigned n_entries;
	struct outcome first; /* of the request in one piece */
	struct outcome outcome;
};

/* A driver that is up and has seen the request work, also in pieces, and its table. */
void indirect_start(struct conform *c, struct indirect *in);
/* Writes the table, which is done again for each request. */
void indirect_put(struct conform *c, const struct indirect *in);
/* Sends it by the table; whether it came to the same. */
bool indirect_works(struct conform *c, struct indirect *in, uint16_t more_flags);
/* Split: so many pieces as normal descriptors, the others in a table of their own. */
bool indirect_works_after(struct conform *c, struct indirect *in, unsigned direct, bool write);
/* The same, or the check ends. */
void indirect_needed(struct conform *c, struct indirect *in);

#endif
